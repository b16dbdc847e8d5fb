//! WAMR's fast interpreter, by the crate `wamr-sys`, which has it as it was in January 2021.
//!
//! That has no vector instructions, and its validation is the loading of a module. Each sample's engine is
//! the same one, since a process has one.

use super::{Engine, Failure, Guest, INSTANCES, Mode, StartUp, Value, clock_ms, missing, next};
use crate::clock::Stopwatch;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::Once;
use std::time::Instant;
use wamr_sys as sys;
use wasmparser::{Parser, Payload, TypeRef, ValType};

/// The bytes of a guest's stack.
const STACK: u32 = 1 << 20;

pub(super) struct Wamr;

impl Engine for Wamr {
    fn name(&self) -> &'static str {
        "wamr"
    }

    fn version(&self) -> &'static str {
        "of 2021 (wamr-sys 0.1.1), fast interpreter"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Default]
    }

    fn load(&self, wasm: &[u8]) -> Result<Box<dyn Guest>, Failure> {
        let signatures = signatures(wasm)?;
        let module = Module::new(wasm)?;
        Ok(Box::new(WamrGuest { instance: Instance::new(&module)?, signatures, _module: module }))
    }

    /// The imports stay unlinked, which would be an error only in a call.
    fn start_up(&self, wasm: &[u8], _: Mode) -> Result<StartUp, Failure> {
        let wasm = wasm.to_vec();
        Ok(Box::new(move || {
            initialize();
            let start = Instant::now();
            let module = Module::new(&wasm)?;
            let instance = Instance::new(&module)?;
            let elapsed = start.elapsed();
            drop(instance);
            Ok(elapsed)
        }))
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<StartUp, Failure> {
        let module = Module::new(wasm)?;
        Ok(Box::new(move || {
            let start = Stopwatch::start();
            for _ in 0..INSTANCES {
                let instance = Instance::new(&module)?;
                let next = instance.func(c"next").ok_or_else(|| missing("next"))?;
                instance.call(next, &mut [0, 0], 2)?;
            }
            Ok(start.elapsed())
        }))
    }
}

/// Starts the runtime and tells it of the host's functions; once.
fn initialize() {
    unsafe extern "C" fn host_clock_ms(_: sys::wasm_exec_env_t) -> i32 {
        clock_ms()
    }
    unsafe extern "C" fn host_next(_: sys::wasm_exec_env_t, value: i64) -> i64 {
        next(value)
    }
    let native = |symbol: &'static CStr, func_ptr, signature: &'static CStr| sys::NativeSymbol {
        symbol: symbol.as_ptr(),
        func_ptr,
        signature: signature.as_ptr(),
        attachment: ptr::null_mut(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let natives = Box::leak(Box::new([
            native(c"clock_ms", host_clock_ms as *mut c_void, c"()i"),
            native(c"next", host_next as *mut c_void, c"(I)I"),
        ]));
        // SAFETY: called once. The functions are of the signatures beside them; the list is never freed.
        let done = unsafe {
            sys::wasm_runtime_init()
                && sys::wasm_runtime_register_natives(
                    c"env".as_ptr(),
                    natives.as_mut_ptr(),
                    natives.len() as u32,
                )
        };
        assert!(done, "WAMR does not start");
    });
}

/// A module, with its bytes, into which it points.
struct Module {
    handle: sys::wasm_module_t,
    _bytes: Vec<u8>,
}

impl Module {
    fn new(wasm: &[u8]) -> Result<Self, Failure> {
        initialize();
        let bytes = wasm.to_vec();
        let mut why = [0; 128];
        // SAFETY: the bytes and the buffer are as long as said, and the bytes live as long as the module.
        let handle = unsafe {
            let len = u32::try_from(bytes.len())?;
            sys::wasm_runtime_load(bytes.as_ptr(), len, why.as_mut_ptr(), why.len() as u32)
        };
        if handle.is_null() { Err(message(&why)) } else { Ok(Self { handle, _bytes: bytes }) }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: instances don't outlive their module: guests drop them first.
        unsafe { sys::wasm_runtime_unload(self.handle) }
    }
}

/// An instance, with what its calls need.
struct Instance {
    handle: sys::wasm_module_inst_t,
    calls: sys::wasm_exec_env_t,
}

impl Instance {
    fn new(module: &Module) -> Result<Self, Failure> {
        let mut why = [0; 128];
        // SAFETY: the module is loaded; the buffer is as long as said.
        let handle = unsafe {
            let len = why.len() as u32;
            sys::wasm_runtime_instantiate(module.handle, STACK, 0, why.as_mut_ptr(), len)
        };
        if handle.is_null() {
            return Err(message(&why));
        }
        // SAFETY: the instance was just made.
        let calls = unsafe { sys::wasm_runtime_create_exec_env(handle, STACK) };
        assert!(!calls.is_null(), "WAMR has no memory for a stack");
        Ok(Self { handle, calls })
    }

    fn func(&self, name: &CStr) -> Option<sys::wasm_function_inst_t> {
        // SAFETY: the instance lives; a signature need not be given.
        let func =
            unsafe { sys::wasm_runtime_lookup_function(self.handle, name.as_ptr(), ptr::null()) };
        (!func.is_null()).then_some(func)
    }

    /// Calls a function whose arguments are the first `args` cells; its results come to their place.
    fn call(
        &self,
        func: sys::wasm_function_inst_t,
        cells: &mut [u32],
        args: u32,
    ) -> Result<(), Failure> {
        // SAFETY: the function is one of this instance; the callers give as many cells as its arguments and
        // its results need.
        unsafe {
            if sys::wasm_runtime_call_wasm(self.calls, func, args, cells.as_mut_ptr()) {
                return Ok(());
            }
            let why = sys::wasm_runtime_get_exception(self.handle);
            Err(CStr::from_ptr(why).to_string_lossy().into())
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: nothing else has these handles.
        unsafe {
            sys::wasm_runtime_destroy_exec_env(self.calls);
            sys::wasm_runtime_deinstantiate(self.handle);
        }
    }
}

fn message(why: &[c_char]) -> Failure {
    let bytes: Vec<u8> = why.iter().map(|char| *char as u8).take_while(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).into()
}

/// The exported functions by name, with the type of their result.
fn signatures(wasm: &[u8]) -> Result<Vec<(String, Option<ValType>)>, Failure> {
    let (mut types, mut funcs, mut exports) = (Vec::new(), Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty?.results().first().copied());
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        funcs.push(ty);
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    funcs.push(ty?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == wasmparser::ExternalKind::Func {
                        exports.push((export.name.to_owned(), export.index));
                    }
                }
            }
            _ => {}
        }
    }
    let result = |index: u32| types[funcs[index as usize] as usize];
    Ok(exports.into_iter().map(|(name, index)| (name, result(index))).collect())
}

struct WamrGuest {
    instance: Instance,
    signatures: Vec<(String, Option<ValType>)>,
    // Dropped behind the instance.
    _module: Module,
}

impl Guest for WamrGuest {
    fn call(&mut self, name: &str, args: &[Value]) -> Result<Option<Value>, Failure> {
        let export = self.signatures.iter().find(|(export, _)| export == name);
        let (_, result) = export.ok_or_else(|| missing(name))?;
        let func = self.instance.func(&CString::new(name)?).ok_or_else(|| missing(name))?;
        let mut cells = Vec::new();
        for arg in args {
            cells.push(arg.bits() as u32);
            if let Value::I64(_) | Value::F64(_) = arg {
                cells.push((arg.bits() >> 32) as u32);
            }
        }
        let count = cells.len() as u32;
        cells.resize(cells.len().max(2), 0);
        self.instance.call(func, &mut cells, count)?;
        let bits = u64::from(cells[0]) | u64::from(cells[1]) << 32;
        Ok(match result {
            None => None,
            Some(ValType::I32) => Some(Value::I32(cells[0] as i32)),
            Some(ValType::I64) => Some(Value::I64(bits as i64)),
            Some(ValType::F32) => Some(Value::F32(f32::from_bits(cells[0]))),
            Some(ValType::F64) => Some(Value::F64(f64::from_bits(bits))),
            Some(_) => return Err("a result is no number".into()),
        })
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let (offset, len) = (u32::try_from(offset)?, u32::try_from(bytes.len())?);
        // SAFETY: the range was found to be in the memory of the instance, which does not run.
        unsafe {
            if !sys::wasm_runtime_validate_app_addr(self.instance.handle, offset, len) {
                return Err("out of bounds".into());
            }
            let target = sys::wasm_runtime_addr_app_to_native(self.instance.handle, offset);
            ptr::copy_nonoverlapping(bytes.as_ptr(), target.cast(), bytes.len());
        }
        Ok(())
    }

    fn call_next(&mut self, count: u32) -> Result<i64, Failure> {
        let func = self.instance.func(c"next").ok_or_else(|| missing("next"))?;
        let mut cells = [0; 2];
        for _ in 0..count {
            self.instance.call(func, &mut cells, 2)?;
        }
        Ok((u64::from(cells[0]) | u64::from(cells[1]) << 32) as i64)
    }
}
