//! Host functions: typed and untyped, with and without a caller, and what crosses them.

use fulmar::{
    Caller, Engine, Error, ExternRef, Func, FuncType, Linker, Module, Rooted, Store, Trap, V128,
    Val, ValType,
};
use std::fmt;

fn module(engine: &Engine, text: &str) -> Module {
    Module::new(engine, &wat::parse_str(text).unwrap()).unwrap()
}

#[test]
fn closures_of_all_value_types() {
    let mut store = Store::new(&Engine::default(), ());
    let swap = Func::wrap(&mut store, |a: i32, b: u32, c: i64, d: u64, e: f32, f: f64, g: V128| {
        (g, f, e, d, c, b, a)
    });
    type Params = (i32, u32, i64, u64, f32, f64, V128);
    type Results = (V128, f64, f32, u64, i64, u32, i32);
    let swap = swap.typed::<Params, Results>(&store).unwrap();
    let vector = V128::from(0x0123_4567_89ab_cdef_0011_2233_4455_6677);
    let params = (-1, u32::MAX, i64::MIN, u64::MAX, 1.5, -0.0, vector);
    let results = swap.call(&mut store, params).unwrap();
    assert_eq!(results, (vector, -0.0, 1.5, u64::MAX, i64::MIN, u32::MAX, -1));
    assert!(results.1.is_sign_negative());
}

#[test]
fn sixteen_parameters_and_results() {
    let mut store = Store::new(&Engine::default(), ());
    #[rustfmt::skip]
    let rotate = Func::wrap(
        &mut store,
        |a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32,
         i: i32, j: i32, k: i32, l: i32, m: i32, n: i32, o: i32, p: i32| {
            (b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, a)
        },
    );
    let params: Vec<Val> = (0..16).map(Val::I32).collect();
    let mut results = [Val::I32(0); 16];
    rotate.call(&mut store, &params, &mut results).unwrap();
    let results: Vec<i32> = results.iter().filter_map(Val::i32).collect();
    assert_eq!(results, (1..16).chain([0]).collect::<Vec<_>>());
}

#[test]
fn sixteen_vectors_fill_all_slots_of_a_typed_call() {
    let mut store = Store::new(&Engine::default(), ());
    type V = V128;
    type Sixteen = (V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V);
    let ty = FuncType::new([ValType::V128; 16], [ValType::V128; 16]);
    let reverse = Func::new(&mut store, ty, |_, params, results| {
        params.iter().rev().zip(results).for_each(|(param, result)| *result = *param);
        Ok(())
    });
    let reverse = reverse.typed::<Sixteen, Sixteen>(&store).unwrap();
    let v = |lane: u128| V128::from(lane << 64 | !lane);
    let up = (
        (v(0), v(1), v(2), v(3), v(4), v(5), v(6), v(7)),
        (v(8), v(9), v(10), v(11), v(12), v(13), v(14), v(15)),
    );
    let ((a, b, c, d, e, f, g, h), (i, j, k, l, m, n, o, p)) = up;
    let results =
        reverse.call(&mut store, (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)).unwrap();
    assert_eq!((results.0, results.7, results.15), (v(15), v(8), v(0)));
}

#[test]
fn a_thousand_parameters() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = FuncType::new([ValType::I64; 1000], [ValType::I64; 1000]);
    let identity = Func::new(&mut store, ty.clone(), |_, params, results| {
        results.copy_from_slice(params);
        Ok(())
    });
    let params: Vec<Val> = (0..1000).map(Val::I64).collect();
    let mut results = vec![Val::I32(0); 1000];
    identity.call(&mut store, &params, &mut results).unwrap();
    assert!(results.iter().zip(0..).all(|(result, place)| result.i64() == Some(place)));

    // The same through a guest, which forwards all of them.
    let types = "i64 ".repeat(1000);
    let gets: String = (0..1000).map(|local| format!("local.get {local} ")).collect();
    let text = format!(
        r#"(module (import "h" "f" (func (param {types}) (result {types})))
            (func (export "run") (param {types}) (result {types}) {gets} call 0))"#
    );
    let mut linker = Linker::new(&engine);
    linker.define(&store, "h", "f", identity).unwrap();
    let instance = linker.instantiate(&mut store, &module(&engine, &text)).unwrap();
    let run = instance.get_func(&mut store, "run").unwrap();
    results.fill(Val::I32(0));
    run.call(&mut store, &params, &mut results).unwrap();
    assert!(results.iter().zip(0..).all(|(result, place)| result.i64() == Some(place)));
}

#[test]
fn references_cross_in_both_directions() {
    let engine = Engine::default();
    let text = r#"(module
        (import "h" "extern" (func $extern (param externref) (result externref)))
        (import "h" "func" (func $func (param funcref) (result funcref)))
        (func (export "extern") (param externref) (result externref) (call $extern (local.get 0)))
        (func $self (export "func") (result funcref) (call $func (ref.func $self))))"#;
    let mut linker = Linker::<Vec<bool>>::new(&engine);
    linker
        .func_wrap(
            "h",
            "extern",
            |mut caller: Caller<'_, Vec<bool>>, value: Option<Rooted<ExternRef>>| {
                let is_some = value.is_some();
                caller.data_mut().push(is_some);
                value
            },
        )
        .unwrap();
    linker.func_wrap("h", "func", |func: Option<Func>| func).unwrap();
    let mut store = Store::new(&engine, Vec::new());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();

    let same = instance.get_typed_func::<Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>>(
        &mut store, "extern",
    );
    let same = same.unwrap();
    let value = ExternRef::new(&mut store, String::from("value")).unwrap();
    let back = same.call(&mut store, Some(value)).unwrap().unwrap();
    assert_eq!(back.data(&store).unwrap().unwrap().downcast_ref::<String>().unwrap(), "value");
    assert!(Rooted::ref_eq(&store, &value, &back).unwrap());
    assert!(same.call(&mut store, None).unwrap().is_none());
    assert_eq!(store.data(), &[true, false]);

    let func = instance.get_typed_func::<(), Option<Func>>(&mut store, "func").unwrap();
    let func = func.call(&mut store, ()).unwrap().unwrap();
    assert_eq!(Some(func), instance.get_func(&mut store, "func"), "a function has one identity");
}

#[test]
fn a_host_function_can_call_the_guest_that_called_it() {
    let engine = Engine::default();
    let text = r#"(module
        (import "h" "down" (func $down (param i32) (result i32)))
        (func (export "step") (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
                (then (i32.const 100))
                (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))))"#;
    let mut linker = Linker::<u32>::new(&engine);
    linker
        .func_wrap("h", "down", |mut caller: Caller<'_, u32>, value: i32| -> Result<i32, Error> {
            *caller.data_mut() += 1;
            let step = caller.get_export("step").and_then(|export| export.into_func());
            let step = step.ok_or_else(|| Error::msg("no step"))?.typed::<i32, i32>(&caller)?;
            step.call(&mut caller, value)
        })
        .unwrap();
    let mut store = Store::new(&engine, 0);
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let step = instance.get_typed_func::<i32, i32>(&mut store, "step").unwrap();
    assert_eq!(step.call(&mut store, 20).unwrap(), 120);
    assert_eq!(*store.data(), 20);

    let error = step.call(&mut store, 10_000).unwrap_err();
    assert_eq!(error.as_trap(), Some(Trap::StackOverflow));
    assert_eq!(step.call(&mut store, 3).unwrap(), 103, "the store stays usable");
}

#[test]
fn a_caller_without_guest_has_no_exports() {
    let mut store = Store::new(&Engine::default(), 5);
    let func = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| {
        assert!(caller.get_export("anything").is_none());
        *caller.data()
    });
    assert_eq!(func.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 5);
}

#[derive(Debug, PartialEq)]
struct Refused(u32);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused {}", self.0)
    }
}

impl std::error::Error for Refused {}

#[test]
fn errors_of_the_host_pass_through_the_guest() {
    let engine = Engine::default();
    let text = r#"(module
        (import "h" "fail" (func $fail (param i32)))
        (func $middle (param i32) (call $fail (local.get 0)))
        (func (export "run") (param i32) (call $middle (local.get 0))))"#;
    let mut linker = Linker::<()>::new(&engine);
    linker
        .func_wrap("h", "fail", |how: u32| -> Result<(), Error> {
            match how {
                0 => Ok(()),
                1 => Err(Error::i32_exit(3)),
                2 => Err(Trap::UnreachableCodeReached.into()),
                _ => Err(Error::new(Refused(how))),
            }
        })
        .unwrap();
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module(&engine, text)).unwrap();
    let run = instance.get_typed_func::<u32, ()>(&mut store, "run").unwrap();
    run.call(&mut store, 0).unwrap();
    assert_eq!(run.call(&mut store, 1).unwrap_err().i32_exit_status(), Some(3));
    let trap = run.call(&mut store, 2).unwrap_err();
    assert_eq!(trap.as_trap(), Some(Trap::UnreachableCodeReached));
    let error = run.call(&mut store, 9).unwrap_err();
    assert_eq!(error.downcast_ref::<Refused>(), Some(&Refused(9)));
    assert_eq!(error.to_string(), "refused 9");
    let frames = error.backtrace().expect("the guest was running").frames();
    let names: Vec<_> = frames.iter().map(|frame| frame.func_name()).collect();
    assert_eq!(names, [Some("middle"), None]);
    let indices: Vec<_> = frames.iter().map(|frame| frame.func_index()).collect();
    assert_eq!(indices, [1, 2]);
    assert_eq!(error.downcast::<Refused>().unwrap(), Refused(9));
}

#[test]
fn untyped_results_are_checked() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = FuncType::new([], [ValType::I32]);
    let wrong = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = wrong.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    assert_eq!(error.to_string(), "result 0 is to be of type i32, found i64");
}

#[test]
fn untyped_parameters_are_checked() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, |a: i32, _: f32| a);
    let (zero, one) = (Val::I32(0), Val::from(1.0_f32));
    let call = |store: &mut Store<()>, params: &[Val], results: &mut [Val]| {
        func.call(store, params, results).unwrap_err().to_string()
    };
    assert_eq!(call(&mut store, &[zero], &mut [zero]), "expected 2 parameters, found 1");
    assert_eq!(call(&mut store, &[zero, one], &mut []), "expected 1 results, found 0");
    let message = "parameter 1 is to be of type f32, found i32";
    assert_eq!(call(&mut store, &[zero, zero], &mut [zero]), message);
}

#[test]
fn typed_functions_are_checked_once() {
    let mut store = Store::new(&Engine::default(), ());
    let func = Func::wrap(&mut store, |a: i32| i64::from(a));
    assert!(func.typed::<u32, u64>(&store).is_ok(), "signs are in the eye of the beholder");
    assert!(func.typed::<(i32,), (i64,)>(&store).is_ok());
    let error = func.typed::<i64, i64>(&store).unwrap_err();
    assert_eq!(
        error.to_string(),
        "type mismatch: expected function (i64) -> (i64), found (i32) -> (i64)"
    );
    assert!(func.typed::<(), i64>(&store).is_err());
    assert!(func.typed::<i32, ()>(&store).is_err());
}
