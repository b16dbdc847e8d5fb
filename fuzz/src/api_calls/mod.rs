//! Random sequences of calls of fulmar's API, with a model of what each must give: on several stores
//! of two engines, whose handles are mixed up on purpose, with host functions that fail, trap, panic
//! and call the guest again.

mod guest;
mod quiet;

use self::guest::{Counted, Data, End, Plan, Signature, linker, marker, module};
use self::quiet::{Outcome, quietly};
use crate::targets::Verdict;
use arbitrary::{Result, Unstructured};
use fulmar::{
    AsContext, CompilationMode, Config, Engine, ExternRef, Func, Global, GlobalType, Instance,
    Linker, Memory, MemoryType, Module, Mutability, OwnedRooted, Ref, RefType, RootScope, Rooted,
    Store, StructRef, StructRefPre, StructType, Table, TableType, Trap, Val, ValType,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pages and elements beyond which nothing grows.
const PAGES_MAX: u64 = 4;
const ELEMENTS_MAX: u64 = 20;
const STEPS_MAX: usize = 200;

/// A store, and what tells it from all others.
struct Shop {
    id: usize,
    engine: usize,
    store: Store<Data>,
}

/// Something of a store, which may be gone by now, and what it is known to hold.
struct Held<T, M = ()> {
    shop: usize,
    item: T,
    model: M,
}

/// The type of a structure of an engine, as every other engine knows another one by that number.
struct EngineParts {
    engine: Engine,
    linker: Linker<Data>,
    structure: StructType,
}

struct World {
    engines: [EngineParts; 2],
    shops: Vec<Shop>,
    shops_made: usize,
    modules: Vec<(usize, Module, Signature)>,
    instances: Vec<Held<Instance>>,
    funcs: Vec<Held<Func, Signature>>,
    globals: Vec<Held<Global, i64>>,
    memories: Vec<Held<Memory, (u64, u8)>>,
    tables: Vec<Held<Table, Vec<Option<u32>>>>,
    roots: Vec<Held<Rooted<ExternRef>, u32>>,
    owned: Vec<Held<OwnedRooted<ExternRef>, u32>>,
    pres: Vec<(usize, StructRefPre)>,
    /// The values of the host that are alive.
    alive: Arc<AtomicUsize>,
    values_made: u32,
}

/// No sequence of API calls does anything but what is documented.
pub fn api_calls(bytes: &[u8]) -> Verdict {
    let mut u = Unstructured::new(bytes);
    let mut world = World::new();
    let mut steps = 0;
    while steps < STEPS_MAX && !u.is_empty() && world.step(&mut u).is_ok() {
        steps += 1;
    }
    world.check_all();
    let alive = world.alive.clone();
    drop(world);
    assert_eq!(alive.load(Ordering::Relaxed), 0, "values of the host that were never dropped");
    Verdict::Compared(steps)
}

fn engine(number: usize) -> EngineParts {
    let mut config = Config::new();
    config.max_wasm_stack(1 << 20).max_host_reentry(8);
    if number == 0 {
        config.gc_stress(true);
    } else {
        config.compilation_mode(CompilationMode::Eager).consume_fuel(true);
    }
    let engine = Engine::new(&config).expect("the configuration is valid");
    let fields = marker(number).map(|ty| fulmar::FieldType::new(Mutability::Var, ty));
    let structure = StructType::new(&engine, fields).expect("few fields");
    EngineParts { linker: linker(&engine), engine, structure }
}

/// A place in a list, if it has any.
fn choose<T>(list: &[T], u: &mut Unstructured<'_>) -> Result<Option<usize>> {
    if list.is_empty() { Ok(None) } else { Ok(Some(u.choose_index(list.len())?)) }
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            engines: [engine(0), engine(1)],
            shops: Vec::new(),
            shops_made: 0,
            modules: Vec::new(),
            instances: Vec::new(),
            funcs: Vec::new(),
            globals: Vec::new(),
            memories: Vec::new(),
            tables: Vec::new(),
            roots: Vec::new(),
            owned: Vec::new(),
            pres: Vec::new(),
            alive: Arc::default(),
            values_made: 0,
        };
        (0..2).for_each(|engine| world.open(engine));
        world
    }

    fn open(&mut self, engine: usize) {
        let parts = &self.engines[engine].engine;
        let mut store = Store::new(parts, Data::default());
        if engine == 1 {
            store.set_fuel(u64::MAX).expect("fuel is configured");
        }
        self.shops.push(Shop { id: self.shops_made, engine, store });
        self.shops_made += 1;
    }

    /// Does one thing. Ends with the input.
    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(at) = choose(&self.shops, u)? else {
            self.open(u.choose_index(2)?);
            return Ok(());
        };
        match u.int_in_range(0..=19)? {
            0 if self.shops.len() < 5 => self.open(u.choose_index(2)?),
            1 if u.ratio(1, 4)? => drop(self.shops.swap_remove(at)),
            2 | 3 => self.take_in(u)?,
            4 | 5 => self.instantiate(at, u)?,
            6..=8 => self.call(at, u)?,
            9 => self.call_typed(at, u)?,
            10 => self.bump(at, u)?,
            11 => self.make(at, u)?,
            12 => self.global(at, u)?,
            13 => self.memory(at, u)?,
            14 => self.table(at, u)?,
            15 => self.root(at, u)?,
            16 => self.own(at, u)?,
            17 => self.structure(at, u)?,
            18 => self.linker(at, u)?,
            _ => {
                self.shops[at].store.gc();
                self.check_all();
            }
        }
        Ok(())
    }

    fn take_in(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = u.choose_index(2)?;
        let signature = Signature::arbitrary(u)?;
        let made = Module::new(&self.engines[engine].engine, &module(&signature));
        self.modules.push((engine, made.expect("the module is valid"), signature));
        if self.modules.len() > 8 {
            // Instances keep what they need of it.
            self.modules.remove(0);
        }
        Ok(())
    }

    /// Instantiates a module with a host function, either of which may be of elsewhere.
    fn instantiate(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(module) = choose(&self.modules, u)? else { return Ok(()) };
        let (engine, module, signature) = self.modules[module].clone();
        let from = if u.ratio(1, 8)? { u.choose_index(self.shops.len())? } else { at };
        let imported = guest::host_func(&mut self.shops[from].store, &signature);
        let Shop { id, engine: own_engine, store } = &mut self.shops[at];
        let outcome = quietly(|| Instance::new(&mut *store, &module, &[imported.into()]));
        if engine != *own_engine {
            return outcome.must_fail("module and store belong to different engines");
        }
        if from != at {
            return outcome.must_be_foreign();
        }
        let instance = outcome.value().expect("the import fits");
        let held = |item| Held { shop: *id, item, model: signature.clone() };
        let mut func = |name| instance.get_func(&mut *store, name).expect("an export");
        for name in guest::CALLS {
            self.funcs.push(held(func(name)));
        }
        self.funcs.push(held(imported));
        let global = instance.get_global(&mut *store, "g").expect("an export");
        self.globals.push(Held { shop: *id, item: global, model: guest::GLOBAL });
        let memory = instance.get_memory(&mut *store, "m").expect("an export");
        self.memories.push(Held { shop: *id, item: memory, model: (1, 0) });
        let table = instance.get_table(&mut *store, "t").expect("an export");
        self.tables.push(Held { shop: *id, item: table, model: vec![None; 2] });
        self.instances.push(Held { shop: *id, item: instance, model: () });
        Ok(())
    }

    /// A value of the host in a store.
    fn value(&mut self, at: usize) -> (Rooted<ExternRef>, u32) {
        self.values_made += 1;
        let value = Counted::new(self.values_made, &self.alive);
        let root = ExternRef::new(&mut self.shops[at].store, value);
        (root.expect("there is memory"), self.values_made)
    }

    /// Parameters of a signature for a store.
    fn params(&mut self, at: usize, signature: &Signature, seed: u64) -> Vec<Val> {
        let func = self.funcs.iter().find(|held| held.shop == self.shops[at].id);
        let func = func.map(|held| held.item);
        let root = self.value(at).0;
        let number = |place: usize| seed.wrapping_mul(place as u64 + 1);
        let val = |(place, ty): (usize, &ValType)| match ty {
            ValType::Ref(_) if number(place) % 3 == 0 => {
                Val::default_for_ty(*ty).expect("nullable")
            }
            ValType::Ref(ty) if *ty == RefType::FUNCREF => Val::FuncRef(func),
            ValType::Ref(_) => Val::ExternRef(Some(root)),
            ty => guest::number(*ty, number(place)),
        };
        signature.params.iter().enumerate().map(val).collect()
    }

    /// Calls a function with parameters as they should be or not, and a host function that does
    /// anything.
    fn call(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(func) = choose(&self.funcs, u)? else { return Ok(()) };
        let Held { shop, item: func, model: signature } = &self.funcs[func];
        let (shop, func, signature) = (*shop, *func, signature.clone());
        let plan = Plan::arbitrary(u, func)?;
        let mut params = self.params(at, &signature, u.arbitrary()?);
        let wrong = u.int_in_range(0..=9)?;
        let mut must_fail = false;
        let mut must_be_foreign = shop != self.shops[at].id;
        match wrong {
            0 => must_fail = params.pop().is_some(),
            1 if !params.is_empty() => {
                let place = u.choose_index(params.len())?;
                params[place] = match params[place] {
                    Val::I32(_) => Val::I64(0),
                    _ => Val::I32(0),
                };
                must_fail = true;
            }
            2 => {
                let is_other = |held: &&Held<Func, _>| held.shop != self.shops[at].id;
                let other = self.funcs.iter().find(is_other).map(|held| held.item);
                let place = params.iter().position(|it| matches!(it, Val::FuncRef(_)));
                if let (Some(other), Some(place)) = (other, place) {
                    params[place] = Val::FuncRef(Some(other));
                    must_be_foreign = true;
                }
            }
            _ => {}
        }
        let store = &mut self.shops[at].store;
        *store.data_mut() = Data::new(plan);
        let mut results = vec![Val::I32(-1); signature.results.len()];
        let ours = params.clone();
        let outcome = if u.arbitrary()? {
            quietly(|| func.call(&mut *store, &params, &mut results))
        } else {
            let mut scope = RootScope::new(&mut *store);
            let outcome = quietly(|| func.call(&mut scope, &params, &mut results));
            if matches!(outcome, Outcome::Value(())) {
                guest::check_results(&mut scope, &signature, &ours, &results);
                results.clear();
            }
            outcome
        };
        for stale in std::mem::take(&mut store.data_mut().rooted) {
            assert!(stale.data(store.as_context()).is_err(), "its scope has ended");
        }
        if must_be_foreign {
            return outcome.must_be_foreign();
        }
        if must_fail {
            return outcome.must_fail("");
        }
        if !plan.end.check(plan, outcome) {
            return Ok(());
        }
        if results.len() == signature.results.len() {
            guest::check_results(store, &signature, &ours, &results);
        }
        Ok(())
    }

    fn call_typed(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(func) = choose(&self.funcs, u)? else { return Ok(()) };
        let Held { shop, item: func, model: signature } = &self.funcs[func];
        let plan = Plan::arbitrary(u, *func)?;
        let Shop { id, store, .. } = &mut self.shops[at];
        *store.data_mut() = Data::new(plan);
        let number: i64 = u.arbitrary()?;
        let typed = quietly(|| func.typed::<(i64, i64), i64>(&*store));
        if shop != id {
            return typed.must_be_foreign();
        }
        if signature.params != [ValType::I64; 2] || signature.results != [ValType::I64] {
            return typed.must_fail("type mismatch");
        }
        let typed = typed.value().expect("of this type");
        match quietly(|| typed.call(&mut *store, (0, number))) {
            Outcome::Value(result) => {
                assert_eq!(result, number);
                assert!(plan.end.check(plan, Outcome::Value(())));
            }
            other => assert!(!plan.end.check(plan, other.map(|_| ()))),
        }
        Ok(())
    }

    /// Lets a guest change what is its own.
    fn bump(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(place) = choose(&self.instances, u)? else { return Ok(()) };
        let Held { shop, item: instance, .. } = self.instances[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let outcome = quietly(|| instance.get_typed_func::<(), ()>(&mut *store, "bump"));
        if shop != *id {
            return outcome.must_be_foreign();
        }
        outcome.value().expect("an export").call(&mut *store, ()).expect("it can't fail");
        let global = instance.get_global(&mut *store, "g").expect("an export");
        let memory = instance.get_memory(&mut *store, "m").expect("an export");
        let table = instance.get_table(&mut *store, "t").expect("an export");
        self.globals.iter_mut().filter(|it| it.item == global).for_each(|it| it.model += 1);
        for held in self.memories.iter_mut().filter(|it| it.item == memory) {
            held.model.0 = (held.model.0 + 1).min(PAGES_MAX);
        }
        for held in self.tables.iter_mut().filter(|it| it.item == table) {
            held.model.resize((held.model.len() + 1).min(ELEMENTS_MAX as usize), None);
        }
        Ok(())
    }

    /// Entities of the host's own.
    fn make(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Shop { id, store, .. } = &mut self.shops[at];
        match u.int_in_range(0..=2)? {
            0 => {
                let value = u.arbitrary()?;
                let ty = GlobalType::new(ValType::I64, Mutability::Var);
                let item = Global::new(store, ty, Val::I64(value)).expect("an i64");
                self.globals.push(Held { shop: *id, item, model: value });
            }
            1 => {
                let ty = MemoryType::new(0, Some(PAGES_MAX as u32));
                let item = Memory::new(store, ty).expect("a small memory");
                self.memories.push(Held { shop: *id, item, model: (0, 0) });
            }
            _ => {
                let ty = TableType::new(RefType::EXTERNREF, 1, Some(ELEMENTS_MAX as u32));
                let item = Table::new(store, ty, Ref::Extern(None)).expect("a small table");
                self.tables.push(Held { shop: *id, item, model: vec![None] });
            }
        }
        Ok(())
    }

    fn global(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(place) = choose(&self.globals, u)? else { return Ok(()) };
        let Held { shop, item, model } = &mut self.globals[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let value: i64 = u.arbitrary()?;
        if u.ratio(1, 4)? {
            let outcome = quietly(|| item.set(&mut *store, Val::F64(0)));
            return if shop == id { outcome.must_fail("") } else { outcome.must_be_foreign() };
        }
        let outcome = quietly(|| item.set(&mut *store, Val::I64(value)));
        if shop != id {
            return outcome.must_be_foreign();
        }
        outcome.value().expect("an i64");
        *model = value;
        Ok(())
    }

    fn memory(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(place) = choose(&self.memories, u)? else { return Ok(()) };
        let Held { shop, item, model: (pages, byte) } = &mut self.memories[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let delta = *u.choose(&[0, 1, 2, PAGES_MAX + 1, u64::MAX])?;
        let outcome = quietly(|| item.grow(&mut *store, delta));
        if shop != id {
            return outcome.must_be_foreign();
        }
        if pages.saturating_add(delta) > PAGES_MAX {
            outcome.must_fail("")?;
        } else {
            assert_eq!(outcome.value().expect("there is room"), *pages);
            *pages += delta;
        }
        let end = (*pages << 16) as usize;
        let mut one = [0];
        assert!(item.read(&*store, end, &mut one).is_err());
        assert!(item.write(&mut *store, usize::MAX, &one).is_err());
        if let Some(first) = item.data_mut(&mut *store).first_mut() {
            *byte = u.arbitrary()?;
            *first = *byte;
        }
        Ok(())
    }

    fn table(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(place) = choose(&self.tables, u)? else { return Ok(()) };
        let (root, number) = self.value(at);
        let Held { shop, item, model } = &mut self.tables[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let value = Ref::Extern(Some(root));
        if u.arbitrary()? {
            let delta = *u.choose(&[0, 1, 3, ELEMENTS_MAX + 1, u64::MAX])?;
            let outcome = quietly(|| item.grow(&mut *store, delta, value));
            if shop != id {
                return outcome.must_be_foreign();
            }
            if (model.len() as u64).saturating_add(delta) > ELEMENTS_MAX {
                return outcome.must_fail("");
            }
            assert_eq!(outcome.value().expect("there is room"), model.len() as u64);
            model.resize(model.len() + delta as usize, Some(number));
        } else {
            let index = u.int_in_range(0..=ELEMENTS_MAX)?;
            let outcome = quietly(|| item.set(&mut *store, index, value));
            if shop != id {
                return outcome.must_be_foreign();
            }
            match model.get_mut(index as usize) {
                Some(element) => *element = Some(number),
                None => return outcome.must_fail(""),
            }
            outcome.value().expect("an element");
        }
        Ok(())
    }

    fn root(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        if u.arbitrary()? {
            let (item, model) = self.value(at);
            self.roots.push(Held { shop: self.shops[at].id, item, model });
            return Ok(());
        }
        let Some(place) = choose(&self.roots, u)? else { return Ok(()) };
        let Held { shop, item, model } = self.roots[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let outcome = quietly(|| item.to_owned_rooted(&mut *store));
        if shop != *id {
            return outcome.must_be_foreign();
        }
        let item = outcome.value().expect("its scope is the store's");
        self.owned.push(Held { shop, item, model });
        Ok(())
    }

    fn own(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(place) = choose(&self.owned, u)? else { return Ok(()) };
        if u.ratio(1, 3)? {
            drop(self.owned.swap_remove(place));
            return Ok(());
        }
        let Held { shop, item, model } = &self.owned[place];
        let Shop { id, store, .. } = &mut self.shops[at];
        let mut scope = RootScope::new(store);
        let outcome = quietly(|| Ok(item.to_rooted(&mut scope)));
        if shop != id {
            return outcome.must_be_foreign();
        }
        let root = outcome.value().expect("it can't fail");
        assert_eq!(guest::number_of(&scope, root), *model);
        Ok(())
    }

    /// A structure of a type that may be of the other engine, which has another one by that number.
    fn structure(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = u.choose_index(2)?;
        let ty = self.engines[engine].structure.clone();
        let fields = marker(engine).map(|ty| Val::default_for_ty(ty).expect("nullable"));
        let Shop { engine: own, store, .. } = &mut self.shops[at];
        let mut scope = RootScope::new(store);
        let known = self.pres.iter().find(|(of, _)| *of == engine);
        match known.filter(|_| u.arbitrary().unwrap_or(false)) {
            Some((_, pre)) => {
                let outcome = quietly(|| StructRef::new(&mut scope, pre, &fields));
                if engine != *own {
                    return outcome.must_panic("type used with an engine");
                }
                let object = outcome.value().expect("there is memory");
                assert_eq!(object.fields(&mut scope).expect("rooted").len(), fields.len());
            }
            None => {
                let outcome = quietly(|| Ok(StructRefPre::new(&mut scope, ty)));
                if engine != *own {
                    return outcome.must_panic("type used with an engine");
                }
                self.pres.push((engine, outcome.value().expect("it can't fail")));
            }
        }
        Ok(())
    }

    /// A host function that stores share, from a linker that may be of the other engine.
    fn linker(&mut self, at: usize, u: &mut Unstructured<'_>) -> Result<()> {
        let engine = u.choose_index(2)?;
        let linker = &self.engines[engine].linker;
        let Shop { id, engine: own, store } = &mut self.shops[at];
        let outcome = quietly(|| Ok(linker.get(&mut *store, "host", "two")));
        if engine != *own {
            return outcome.must_panic("linker and store belong to different engines");
        }
        let item = outcome.value().expect("it can't fail").and_then(fulmar::Extern::into_func);
        let item = item.expect("it is defined");
        self.funcs.push(Held { shop: *id, item, model: Signature::two() });
        Ok(())
    }

    /// Compares all that is known with what is there.
    fn check_all(&mut self) {
        for Shop { id, store, .. } in &mut self.shops {
            for Held { item, model, .. } in self.globals.iter().filter(|it| it.shop == *id) {
                assert_eq!(item.get(&mut *store).i64(), Some(*model));
            }
            for Held { item, model, .. } in self.memories.iter().filter(|it| it.shop == *id) {
                assert_eq!(item.size(&*store), model.0);
                let first = item.data(&*store).first().copied();
                assert_eq!(first.unwrap_or(0), model.1);
                assert!(item.data(&*store).iter().skip(1).step_by(997).all(|byte| *byte == 0));
            }
            for Held { item, model, .. } in self.tables.iter().filter(|it| it.shop == *id) {
                let mut scope = RootScope::new(&mut *store);
                assert_eq!(item.size(&scope), model.len() as u64);
                for (index, expected) in (0..).zip(model) {
                    let element = item.get(&mut scope, index).and_then(|it| it.as_extern());
                    let found = element.map(|root| guest::number_of(&scope, root));
                    assert_eq!(found, *expected, "element {index}");
                }
            }
            for Held { item, model, .. } in self.roots.iter().filter(|it| it.shop == *id) {
                assert_eq!(guest::number_of(&*store, *item), *model);
            }
        }
    }
}

impl End {
    /// Checks how a call ended whose host function was to end like this; says whether it returned.
    fn check(self, plan: Plan, outcome: Outcome<()>) -> bool {
        match (self, outcome) {
            (Self::Answer, Outcome::Value(())) => return true,
            (Self::Panic, Outcome::Value(())) if plan.catches() => return true,
            (Self::Fail, Outcome::Error(error)) => assert_eq!(error.to_string(), "on purpose"),
            (Self::Trap, Outcome::Error(error)) => {
                assert_eq!(error.as_trap(), Some(Trap::IntegerOverflow));
            }
            (Self::Panic, Outcome::Panic(message)) if !plan.catches() => {
                assert_eq!(message, "on purpose");
            }
            (_, outcome) => panic!("{plan:?} ended in {outcome:?}"),
        }
        false
    }
}
