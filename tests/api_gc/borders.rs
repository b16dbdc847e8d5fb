//! What passes between embedder and guest, and from instance to instance: types are checked there.

use super::{bytes, field, instance, message, module, non_null, nullable, number, store};
use fulmar::{
    AnyRef, ArrayRef, ArrayType, CompositeKind, Config, Engine, EqRef, Error, Exception, ExnRef,
    ExternRef, ExternType, Func, FuncType, Global, HeapType, I31, Instance, Linker, Module,
    Mutability, Ref, Rooted, StorageType, Store, StructRef, StructType, Table, Tag, TagType, Trap,
    Val, ValType,
};

#[test]
fn typed_calls_with_each_reference_type() {
    let mut store = store();
    let text = r#"(module
        (type $f (func (param i32) (result i32)))
        (func (export "extern") (param externref) (result externref) (local.get 0))
        (func (export "any") (param anyref) (result anyref) (local.get 0))
        (func (export "eq") (param eqref) (result eqref) (local.get 0))
        (func (export "struct") (param structref) (result structref) (local.get 0))
        (func (export "array") (param arrayref) (result arrayref) (local.get 0))
        (func (export "exn") (param exnref) (result exnref) (local.get 0))
        (func (export "func") (param funcref) (result funcref) (local.get 0))
        (func (export "extern!") (param (ref extern)) (result (ref extern)) (local.get 0))
        (func (export "any!") (param (ref any)) (result (ref any)) (local.get 0))
        (func (export "eq!") (param (ref eq)) (result (ref eq)) (local.get 0))
        (func (export "struct!") (param (ref struct)) (result (ref struct)) (local.get 0))
        (func (export "array!") (param (ref array)) (result (ref array)) (local.get 0))
        (func (export "exn!") (param (ref exn)) (result (ref exn)) (local.get 0))
        (func (export "func!") (param (ref func)) (result (ref func)) (local.get 0))
        (func (export "wide") (param anyref) (result (ref i31)) (ref.i31 (i32.const 3)))
        (func (export "narrow") (param (ref null $f)) (result anyref) (ref.null any)))"#;
    let instance = instance(&mut store, text);
    let tag = Tag::new(&mut store, TagType::new(FuncType::new([], []))).unwrap();
    let host = ExternRef::new(&mut store, 1).unwrap();
    let object = number(&mut store, 1);
    let array = bytes(&mut store, &[1]);
    let exception = ExnRef::new(&mut store, tag, &[]).unwrap();
    macro_rules! check {
        ($($name:literal $non_null:literal: $ty:ty = $value:expr;)*) => {$({
            let value: $ty = $value;
            type Nullable = Option<$ty>;
            let func = instance.get_typed_func::<Nullable, Nullable>(&mut store, $name).unwrap();
            assert!(func.call(&mut store, None).unwrap().is_none());
            let found = func.call(&mut store, Some(value)).unwrap().unwrap();
            assert!(Rooted::ref_eq(&store, &found, &value).unwrap(), $name);
            let func = instance.get_typed_func::<$ty, $ty>(&mut store, $non_null).unwrap();
            let found = func.call(&mut store, value).unwrap();
            assert!(Rooted::ref_eq(&store, &found, &value).unwrap(), $name);
            // A reference is non-null or may be null, whichever is more special: never the other way.
            assert!(instance.get_typed_func::<$ty, Nullable>(&mut store, $name).is_ok());
            assert!(instance.get_typed_func::<$ty, Nullable>(&mut store, $non_null).is_ok());
            assert!(instance.get_typed_func::<$ty, $ty>(&mut store, $name).is_err());
            assert!(instance.get_typed_func::<Nullable, Nullable>(&mut store, $non_null).is_err());
        })*};
    }
    check! {
        "extern" "extern!": Rooted<ExternRef> = host;
        "any" "any!": Rooted<AnyRef> = array.to_anyref();
        "eq" "eq!": Rooted<EqRef> = object.to_eqref();
        "struct" "struct!": Rooted<StructRef> = object;
        "array" "array!": Rooted<ArrayRef> = array;
        "exn" "exn!": Rooted<ExnRef> = exception;
    }
    let func = instance.get_func(&mut store, "narrow").unwrap();
    let typed = instance.get_typed_func::<Func, Func>(&mut store, "func!").unwrap();
    assert_eq!(typed.call(&mut store, func).unwrap(), func);
    let typed = instance.get_typed_func::<Option<Func>, Option<Func>>(&mut store, "func").unwrap();
    assert_eq!(typed.call(&mut store, None).unwrap(), None);
    assert_eq!(typed.call(&mut store, Some(func)).unwrap(), Some(func));
    assert!(instance.get_typed_func::<Func, Func>(&mut store, "func").is_err());

    // Parameters may be more special than the function wants, results more general.
    let wide =
        instance.get_typed_func::<Rooted<StructRef>, Option<Rooted<EqRef>>>(&mut store, "wide");
    let found = wide.unwrap().call(&mut store, object).unwrap().unwrap();
    assert_eq!(found.as_i31(&store).unwrap().map(|it| it.get_i32()), Some(3));
    let wide =
        instance.get_typed_func::<Option<Rooted<ArrayRef>>, Rooted<AnyRef>>(&mut store, "wide");
    assert!(wide.unwrap().call(&mut store, None).is_ok());
    assert!(instance.get_typed_func::<Option<Func>, Rooted<AnyRef>>(&mut store, "wide").is_err());
    let narrow =
        instance.get_typed_func::<Option<Func>, Option<Rooted<AnyRef>>>(&mut store, "narrow");
    assert!(message(narrow).contains("type mismatch: expected function"));
}

/// Values are checked against concrete types wherever they pass into the store.
#[test]
fn values_are_checked_by_concrete_types() {
    let mut store = store();
    let engine = store.engine().clone();
    let text = r#"(module
        (type $s (sub (struct (field (mut i32)))))
        (type $sub (sub $s (struct (field (mut i32)) (field i64))))
        (type $f (sub (func (result i32))))
        (type $g (sub final $f (func (result i32))))
        (type $other (func (result i64)))
        (global (export "global") (mut (ref null $s)) (ref.null $s))
        (global (export "func-global") (mut (ref null $f)) (ref.null $f))
        (table (export "table") 2 (ref null $s))
        (table (export "func-table") 2 (ref null $f))
        (table (export "subtable") 2 (ref null $sub))
        (table (export "any-table") 2 anyref)
        (tag (export "tag") (param (ref null $s)))
        (func (export "f") (type $f) (i32.const 1))
        (func (export "g") (type $g) (i32.const 2))
        (func (export "other") (type $other) (i64.const 2))
        (func (export "s") (result anyref) (struct.new $s (i32.const 5)))
        (func (export "sub") (result anyref) (struct.new $sub (i32.const 6) (i64.const 1)))
        (func (export "get") (param (ref null $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "get!") (param (ref $s)) (result i32) (struct.get $s 0 (local.get 0)))
        (func (export "call") (param (ref null $f)) (result i32) (call_ref $f (local.get 0))))"#;
    let instance = instance(&mut store, text);
    let mut make = |name| {
        let make = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, name).unwrap();
        make.call(&mut store, ()).unwrap().unwrap()
    };
    let (s, sub) = (make("s"), make("sub"));
    // A structure of the same shape, but final; and nothing of the kind.
    let same_shape = number(&mut store, 7).to_anyref();
    let array = bytes(&mut store, &[1]).to_anyref();
    let i31 = AnyRef::from_i31(&mut store, I31::default());
    let refused = [same_shape, array, i31];

    for (name, null) in [("get", true), ("get!", false)] {
        let get = instance.get_func(&mut store, name).unwrap();
        let mut call = |param: Val| {
            let mut results = [Val::I32(0)];
            get.call(&mut store, &[param], &mut results).map(|()| results[0].i32().unwrap())
        };
        assert_eq!(call(s.into()).unwrap(), 5);
        assert_eq!(call(sub.into()).unwrap(), 6);
        for refused in refused {
            let message = message(call(refused.into()));
            assert!(message.starts_with("parameter 0 is to be of type"), "{message}");
        }
        assert!(call(Val::FuncRef(None)).is_err() && call(Val::ExternRef(None)).is_err());
        let error = call(Val::AnyRef(None)).unwrap_err();
        assert_eq!(error.as_trap(), null.then_some(Trap::NullReference));
    }

    let global = instance.get_global(&mut store, "global").unwrap();
    global.set(&mut store, sub.into()).unwrap();
    for refused in refused {
        assert!(global.set(&mut store, refused.into()).is_err());
    }
    let found = global.get(&mut store).any_ref().unwrap().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &sub).unwrap(), "as before what was refused");
    let ty = global.ty(&store);
    assert!(Global::new(&mut store, ty, same_shape.into()).is_err());
    assert!(Global::new(&mut store, ty, s.into()).is_ok());

    let table = instance.get_table(&mut store, "table").unwrap();
    table.set(&mut store, 0, sub.into()).unwrap();
    table.fill(&mut store, 0, Ref::Any(None), 2).unwrap();
    assert_eq!(table.grow(&mut store, 1, s.into()).unwrap(), 2);
    for refused in refused {
        assert!(table.set(&mut store, 0, refused.into()).is_err());
        assert!(table.grow(&mut store, 1, refused.into()).is_err());
    }
    assert_eq!(table.size(&store), 3);
    let subtable = instance.get_table(&mut store, "subtable").unwrap();
    assert!(subtable.set(&mut store, 0, s.into()).is_err());
    subtable.set(&mut store, 0, sub.into()).unwrap();
    Table::copy(&mut store, &table, 1, &subtable, 0, 1).unwrap();
    assert!(Table::copy(&mut store, &subtable, 1, &table, 0, 1).is_err());
    let found = table.get(&mut store, 1).unwrap().as_any().unwrap();
    assert!(Rooted::ref_eq(&store, &found, &sub).unwrap());

    let tag = instance.get_tag(&mut store, "tag").unwrap();
    assert!(Exception::new(&mut store, tag, &[sub.into()]).is_ok());
    assert!(Exception::new(&mut store, tag, &[same_shape.into()]).is_err());

    // Functions have concrete types, too.
    let [f, g, other] =
        ["f", "g", "other"].map(|name| instance.get_func(&mut store, name).unwrap());
    let host = Func::wrap(&mut store, || 3);
    let call = instance.get_func(&mut store, "call").unwrap();
    let mut results = [Val::I32(0)];
    call.call(&mut store, &[f.into()], &mut results).unwrap();
    call.call(&mut store, &[g.into()], &mut results).unwrap();
    assert_eq!(results[0].i32(), Some(2));
    let func_global = instance.get_global(&mut store, "func-global").unwrap();
    let func_table = instance.get_table(&mut store, "func-table").unwrap();
    func_global.set(&mut store, g.into()).unwrap();
    func_table.set(&mut store, 1, g.into()).unwrap();
    // That of a host function is final, and so no other one's subtype.
    for refused in [other, host] {
        assert!(call.call(&mut store, &[refused.into()], &mut results).is_err());
        assert!(func_global.set(&mut store, refused.into()).is_err());
        assert!(func_table.set(&mut store, 0, refused.into()).is_err());
    }
    assert_eq!(engine.func_type(f.ty(&store).concrete(&engine)), Some(f.ty(&store)));
}

#[test]
fn types_of_all_modules_of_an_engine_are_the_same() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = |before: &str| {
        format!(
            r#"(module {before}
            (type $s (struct (field i32) (field (mut i8))))
            (type $a (array (mut (ref null $s))))
            (type $f (func (param (ref $s)) (result (ref null $a))))
            (rec (type $r (sub (struct (field (ref null $r))))))
            (func (export "s") (result (ref $s)) (struct.new $s (i32.const 1) (i32.const 2)))
            (func (export "a") (result (ref $a)) (array.new_default $a (i32.const 4)))
            (func (export "f") (type $f) (ref.null $a))
            (func (export "r") (result (ref $r)) (struct.new $r (ref.null $r)))
            (global (export "g") (ref null $f) (ref.null $f)))"#
        )
    };
    let modules = [
        module(&engine, &text("")),
        module(&engine, &text("(type (func (param i64))) (type (struct (field f32)))")),
    ];
    let instances = [&modules[0], &modules[1]].map(|module| Instance::new(&mut store, module, &[]));
    let [first, second] = instances.map(Result::unwrap);
    assert_ne!(modules[0].exports().count(), 0);
    for (a, b) in modules[0].exports().zip(modules[1].exports()) {
        assert_eq!(a.ty(), b.ty(), "{}", a.name());
    }

    // And those that the embedder makes.
    let fields = [field(Mutability::Const, ValType::I32), field(Mutability::Var, StorageType::I8)];
    let s = StructType::new(&engine, fields).unwrap();
    let a = ArrayType::new(&engine, field(Mutability::Var, nullable(s.clone())));
    let f = FuncType::new([non_null(s.clone())], [nullable(a.clone())]);
    let mut call = |name: &str, instance: &Instance| {
        let func = instance.get_func(&mut store, name).unwrap();
        let mut results = [Val::I32(0)];
        func.call(&mut store, &[], &mut results).unwrap();
        results[0].any_ref().unwrap().unwrap()
    };
    let all = [&first, &second].map(|instance| ["s", "a", "r"].map(|name| call(name, instance)));
    for [found_s, found_a, _] in all {
        assert_eq!(found_s.as_struct(&store).unwrap().unwrap().ty(&store).unwrap(), s);
        assert_eq!(found_a.as_array(&store).unwrap().unwrap().ty(&store).unwrap(), a);
    }
    assert_eq!(all[0][2].ty(&store).unwrap(), all[1][2].ty(&store).unwrap(), "recursive ones");
    let func = first.get_func(&mut store, "f").unwrap();
    assert_eq!(func.ty(&store), f);
    let ExternType::Global(global) = modules[1].get_export("g").unwrap() else { panic!() };
    let expected = f.concrete(&engine);
    assert_eq!(global.content(), nullable(HeapType::Concrete(expected)));

    // Both ways between a type and its place in the engine.
    assert_eq!(engine.struct_type(s.concrete()), Some(s.clone()));
    assert_eq!(engine.array_type(a.concrete()), Some(a.clone()));
    assert_eq!(engine.func_type(expected), Some(f.clone()));
    assert_eq!(engine.struct_type(a.concrete()), None);
    assert_eq!(engine.array_type(expected), None);
    assert_eq!(engine.func_type(s.concrete()), None);
    assert_eq!(s.concrete().kind(), CompositeKind::Struct);
    assert_eq!(expected.kind(), CompositeKind::Func);
    let recursive = all[0][2].ty(&store).unwrap().as_concrete().unwrap();
    let recursive = engine.struct_type(recursive).unwrap();
    let inner = recursive.field(0).unwrap().element_type().as_val_type().unwrap();
    assert_eq!(inner, nullable(recursive.clone()), "it refers to itself");
    assert!(recursive.field(1).is_none());
    assert_eq!(f.to_string(), format!("((ref {})) -> ((ref null {}))", s.concrete(), a.concrete()));
}

#[test]
fn objects_go_from_instance_to_instance() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let types = "(type $s (sub (struct (field $x i32))))
        (type $t (sub $s (struct (field i32) (field v128))))";
    let maker = format!(
        r#"(module {types}
            (func (export "make") (param i32) (result (ref $s))
                (if (i32.eqz (local.get 0)) (then (return (struct.new $s (i32.const 1)))))
                (struct.new $t (i32.const 2) (v128.const i64x2 3 4))))"#
    );
    let maker = instance(&mut store, &maker);
    // This one has other types before, so that indices differ; and the first type differs in name.
    let user = format!(
        r#"(module (type (struct)) (type (func (param f32))) {types}
            (type $like (sub (struct (field i32))))
            (rec (type $rec (sub (struct (field i32)))) (type (struct)))
            (import "maker" "make" (func $make (param i32) (result (ref $s))))
            (func (export "x") (param i32) (result i32) (struct.get $s $x (call $make (local.get 0))))
            (func (export "is") (param i32) (result i32 i32 i32)
                (ref.test (ref $t) (call $make (local.get 0)))
                (ref.test (ref $like) (call $make (local.get 0)))
                (ref.test (ref $rec) (call $make (local.get 0)))))"#
    );
    let mut linker = Linker::new(&engine);
    linker.instance(&mut store, "maker", maker).unwrap();
    let user = linker.instantiate(&mut store, &module(&engine, &user)).unwrap();
    let x = user.get_typed_func::<i32, i32>(&mut store, "x").unwrap();
    assert_eq!(x.call(&mut store, 0).unwrap(), 1);
    assert_eq!(x.call(&mut store, 1).unwrap(), 2);
    let is = user.get_typed_func::<i32, (i32, i32, i32)>(&mut store, "is").unwrap();
    assert_eq!(is.call(&mut store, 0).unwrap(), (0, 1, 0));
    assert_eq!(is.call(&mut store, 1).unwrap(), (1, 1, 0));
}

#[test]
fn imports_match_by_subtyping() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let types = "(type $f (sub (func (result anyref))))
        (type $g (sub $f (func (result eqref))))
        (type $s (sub (struct (field i32))))
        (type $t (sub $s (struct (field i32 i32))))
        (rec (type $r (sub (func))) (type $q (struct)))";
    let exporter = format!(
        r#"(module {types}
            (func (export "f") (type $f) (ref.null any))
            (func (export "g") (type $g) (ref.null eq))
            (func (export "r") (type $r))
            (global (export "const") (ref $t) (struct.new_default $t))
            (global (export "var") (mut (ref null $t)) (ref.null $t))
            (table (export "table") 1 (ref null $t))
            (tag (export "tag") (param (ref null $t))))"#
    );
    let exporter = instance(&mut store, &exporter);
    let mut linker = Linker::new(&engine);
    linker.instance(&mut store, "e", exporter).unwrap();
    let mut import = |import: &str| {
        let text = format!(
            "(module {types} (type $alone (sub (func)))
                (type $final (func (result anyref))) (import \"e\" {import}))"
        );
        message(linker.instantiate(&mut store, &module(&engine, &text)))
    };
    for accepted in [
        r#""f" (func (type $f))"#,
        r#""g" (func (type $f))"#,
        r#""g" (func (type $g))"#,
        r#""r" (func (type $r))"#,
        r#""const" (global (ref $t))"#,
        r#""const" (global (ref null $s))"#,
        r#""const" (global anyref)"#,
        r#""var" (global (mut (ref null $t)))"#,
        r#""table" (table 1 (ref null $t))"#,
        r#""tag" (tag (param (ref null $t)))"#,
    ] {
        assert_eq!(import(accepted), "no error", "{accepted}");
    }
    for refused in [
        r#""f" (func (type $g))"#,
        r#""f" (func (type $final))"#,
        r#""r" (func (type $alone))"#,
        r#""r" (func)"#,
        r#""const" (global (ref i31))"#,
        r#""const" (global (mut (ref $t)))"#,
        r#""var" (global (ref null $t))"#,
        r#""var" (global (mut (ref null $s)))"#,
        r#""table" (table 1 (ref null $s))"#,
        r#""table" (table 1 anyref)"#,
        r#""tag" (tag (param (ref null $s)))"#,
    ] {
        let message = import(refused);
        assert!(message.starts_with("incompatible import type for \"e\""), "{refused}: {message}");
    }
    // Functions of the host are checked in the same way.
    let text = r#"(module (import "host" "f" (func (param structref) (result (ref eq)))))"#;
    let imports = module(&engine, text);
    let exact = Func::wrap(&mut store, |it: Option<Rooted<StructRef>>| {
        it.map(|it| it.to_eqref()).ok_or_else(|| Error::msg("null"))
    });
    assert!(Instance::new(&mut store, &imports, &[exact.into()]).is_ok());
    let other = Func::wrap(&mut store, |it: Option<Rooted<StructRef>>| it);
    assert!(Instance::new(&mut store, &imports, &[other.into()]).is_err());
}

/// A module's proposals decide what it may use, not what the store has.
#[test]
fn without_the_proposal_there_are_no_objects() {
    let mut config = Config::new();
    config.wasm_gc(false);
    let engine = Engine::new(&config).unwrap();
    for text in [
        "(module (type (struct)))",
        "(module (type (array i8)))",
        "(module (func (param anyref)))",
        "(module (func (drop (ref.i31 (i32.const 1)))))",
        "(module (type (sub (func))))",
    ] {
        assert!(Module::new(&engine, &wat::parse_str(text).unwrap()).is_err(), "{text}");
    }
    let functions = "(module (type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0))))";
    assert!(Module::new(&engine, &wat::parse_str(functions).unwrap()).is_ok());
    config.wasm_function_references(false);
    let engine = Engine::new(&config).unwrap();
    assert!(Module::new(&engine, &wat::parse_str(functions).unwrap()).is_err());
}
