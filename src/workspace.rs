//! What it takes to validate and translate function bodies: memory that an engine keeps from one to the next.
//!
//! Most functions are small, and to get memory for one and to give it back would take longer than to translate
//! it. A module keeps none, since there may be many. Modules that are translated at once don't use what there is: they
//! use what they get for all of their functions, and gain nothing from it.

use crate::parse::BodyMemory;
use crate::pool::Pool;
use crate::translate::Translator;

/// What one thread needs.
#[derive(Default)]
pub(crate) struct Workspace {
    pub(crate) memory: BodyMemory,
    pub(crate) translator: Translator,
}

/// The workspaces that an engine keeps.
#[derive(Default)]
pub(crate) struct WorkspacePool {
    spares: Pool<Workspace>,
}

/// The most memory that the translator of a workspace in a pool takes.
const BYTES_MAX: usize = 64 << 10;

impl WorkspacePool {
    /// A workspace that was used before, or a new one.
    pub(crate) fn take(&self) -> Workspace {
        self.spares.take()
    }

    /// Keeps a workspace in which all went well, if it is small and there are few.
    pub(crate) fn put(&self, mut workspace: Workspace) {
        if workspace.translator.buffer_bytes() > BYTES_MAX {
            return;
        }
        // Whose size can't be found out.
        workspace.memory.forget_full();
        self.spares.put(workspace);
    }
}

#[cfg(test)]
mod tests {
    use crate::pool::SPARES_MAX;
    use crate::{CompilationMode, Config, Engine, Instance, Module, Store};
    use alloc::borrow::ToOwned;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn spares(engine: &Engine) -> usize {
        engine.workspaces().spares.len()
    }

    /// Makes a module of functions that each do so many stores, and calls the first one.
    fn run(engine: &Engine, stores: &[usize]) -> Module {
        let func = |stores| {
            "(func ".to_owned() + &"(i32.store (i32.const 0) (i32.const 1))".repeat(stores) + ")"
        };
        let funcs: String = stores.iter().map(|stores| func(*stores)).collect();
        let text = "(module (memory 1) (export \"f\" (func 0))".to_owned() + &funcs + ")";
        let module = Module::new(engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        instance.get_typed_func::<(), ()>(&mut store, "f").unwrap().call(&mut store, ()).unwrap();
        module
    }

    #[test]
    fn an_engine_keeps_what_its_modules_used() {
        for mode in [CompilationMode::LazyTranslation, CompilationMode::Lazy] {
            let engine = Engine::new(Config::new().compilation_mode(mode)).unwrap();
            assert_eq!(spares(&engine), 0);
            let modules: Vec<_> = (0..3).map(|_| run(&engine, &[1, 2])).collect();
            assert_eq!(spares(&engine), 1, "{mode:?}: {modules:?}");
        }
    }

    #[test]
    fn few_and_small_ones_are_kept() {
        let engine = Engine::default();
        let workspaces = [(); SPARES_MAX + 1].map(|()| engine.workspaces().take());
        workspaces.into_iter().for_each(|workspace| engine.workspaces().put(workspace));
        assert_eq!(spares(&engine), SPARES_MAX);

        let engine = Engine::default();
        run(&engine, &[1]);
        assert_eq!(spares(&engine), 1);
        run(&engine, &[10_000]);
        assert_eq!(spares(&engine), 0);
    }

    #[test]
    fn what_failed_is_not_kept() {
        let engine = Engine::new(Config::new().compilation_mode(CompilationMode::Lazy)).unwrap();
        let text = r#"(module (func (export "f") (result i32) (i64.const 1)))"#;
        let module = Module::new(&engine, &wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let func = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
        assert!(func.call(&mut store, ()).is_err());
        assert_eq!(spares(&engine), 0);
    }
}
