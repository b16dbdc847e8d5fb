//! The code of a module: an entry a function, translated when it is first called.
//!
//! Code is position-independent but for labels, never moves once published, and lives as long as
//! its module, in the [`arena`](super::arena). Several threads may ask for the same function: each translates,
//! one publishes.

use alloc::boxed::Box;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use spin::Mutex;

use crate::code::Opcode;
use crate::code::encode::LABEL_BYTES;
use crate::code::handlers::Clause;
use crate::error::Error;
use crate::module::ModuleInner;
use crate::parse;
use crate::translate::{SourceMap, Translator};
use crate::types::index::{FuncIdx, TagIdx};
use crate::workers::{Bodies, for_each_body};
use crate::workspace::Workspace;

use super::arena::{Arena, Place};
use super::dispatch;

/// A defined function as calls see it.
pub(crate) struct FuncEntry {
    /// Its code; until it is translated its stub, or null if it is not called before.
    pub(crate) code: AtomicPtr<u8>,
}

/// A cell that translates a function: its label and the function's index.
type Stub = [u32; 2];

/// The code of all functions of a module.
pub(crate) struct CodeMap {
    /// Pinned: calls hold the address.
    entries: NonNull<[FuncEntry]>,
    arena: Mutex<Arena>,
    /// The first of as many stubs as there are entries, which lead there until their function is translated; none
    /// if no function is called before. Pinned.
    stubs: Option<NonNull<Stub>>,
}

// SAFETY: the entries are owned, and all that changes behind a shared reference is atomic or locked.
unsafe impl Send for CodeMap {}
// SAFETY: as above.
unsafe impl Sync for CodeMap {}

impl CodeMap {
    /// The map of `defined` functions, which are translated when they are called.
    pub(crate) fn lazy(defined: usize) -> CodeMap {
        let label = dispatch::label(Opcode::TRANSLATE);
        let stub = |index| [label, u32::try_from(index).expect("validated count")];
        let first = leak((0..defined).map(stub)).cast::<Stub>();
        // SAFETY: there are so many stubs.
        let address = |index| unsafe { first.add(index) }.cast::<u8>().as_ptr();
        let entry = |index| FuncEntry { code: AtomicPtr::new(address(index)) };
        let entries = leak((0..defined).map(entry));
        CodeMap { entries, arena: Mutex::default(), stubs: Some(first) }
    }

    /// The map of `defined` functions, none of which is called before [`CodeMap::translate_all`].
    pub(crate) fn eager(defined: usize) -> CodeMap {
        let entry = |_| FuncEntry { code: AtomicPtr::default() };
        CodeMap { entries: leak((0..defined).map(entry)), arena: Mutex::default(), stubs: None }
    }

    /// The first entry.
    pub(crate) fn entries(&self) -> *const FuncEntry {
        self.entries.as_ptr().cast()
    }

    /// The entry of a defined function.
    pub(crate) fn entry(&self, defined: usize) -> &FuncEntry {
        &self.all()[defined]
    }

    /// The entries by index.
    fn all(&self) -> &[FuncEntry] {
        // SAFETY: the entries are owned and alive.
        unsafe { self.entries.as_ref() }
    }

    /// Whether the entry of a defined function leads to its code.
    fn is_translated(&self, defined: usize) -> bool {
        let code = self.entry(defined).code.load(Ordering::Acquire);
        // `entry` found that there are so many.
        let stub = |first: NonNull<Stub>| first.as_ptr().wrapping_add(defined).cast();
        code != self.stubs.map_or(ptr::null_mut(), stub)
    }

    /// Translates a defined function, unless it is already; validates it first if that was put off.
    ///
    /// # Errors
    ///
    /// If the function is not valid, or larger than branches can reach, or there is no memory for it. Then
    /// nothing has changed, and it may be tried again.
    pub(crate) fn translate(&self, module: &ModuleInner, defined: usize) -> Result<(), Error> {
        if self.is_translated(defined) {
            return Ok(());
        }
        let workspaces = module.engine.workspaces();
        let mut workspace = workspaces.take();
        self.translate_in(&mut workspace, module, defined)?;
        workspaces.put(workspace);
        Ok(())
    }

    /// Translates all functions of a module, each after it was validated if that was put off: threads start once
    /// for both, and a body is read again while it is near.
    ///
    /// # Errors
    ///
    /// If a function is not valid, or larger than branches can reach, or there is no memory for it.
    pub(crate) fn translate_all(&self, module: &ModuleInner) -> Result<(), Error> {
        let parallel = module.engine.config().compiles_in_parallel();
        let nanoseconds = module.code_bytes() * (parse::BYTE_NANOSECONDS + BYTE_NANOSECONDS);
        let bodies = Bodies { count: module.bodies.len(), nanoseconds, parallel };
        let job = |workspace: &mut Workspace, body| self.translate_in(workspace, module, body);
        for_each_body(bodies, job)?;
        // Without memory for that the code stays where it is.
        let _ = self.arena.lock().gather(self.all());
        Ok(())
    }

    /// Validates a function if that was put off, translates and publishes it.
    fn translate_in(
        &self,
        Workspace { memory, translator }: &mut Workspace,
        module: &ModuleInner,
        defined: usize,
    ) -> Result<(), Error> {
        module.validate_body(memory, defined)?;
        translator.translate(module, defined, dispatch::label, None)?;
        let mut arena = self.arena.lock();
        if !self.is_translated(defined) {
            let index = u32::try_from(defined).expect("validated count");
            // With its handlers, before the code can run: it may throw at once.
            let code = arena.add(index, translator.code(), translator.handlers()?)?;
            self.entry(defined).code.store(code, Ordering::Release);
        }
        Ok(())
    }

    /// The defined function whose code `pc` is in, and how many bytes into it. None is found for a
    /// function that could not be translated.
    pub(super) fn find(&self, pc: *const u8) -> Option<(u32, u32)> {
        let arena = self.arena.lock();
        let Place { func, bytes, .. } = arena.find(pc, self.all())?;
        Some((func, bytes))
    }

    /// The clause that catches what the instruction throws whose operands end before `end`: where
    /// execution goes on, and the clause itself.
    pub(super) fn find_clause(
        &self,
        end: *const u8,
        is_thrown: impl Fn(TagIdx) -> bool,
    ) -> Option<(*const u8, Clause)> {
        let arena = self.arena.lock();
        let last = end.wrapping_sub(4);
        let Place { handlers, bytes, .. } = arena.find(last, self.all())?;
        let clause = handlers?.find(bytes / 4, is_thrown)?;
        let code = last.wrapping_sub(bytes as usize);
        Some((code.wrapping_add(clause.target as usize * 4), clause))
    }

    /// The byte offset in the module of the instruction whose operands are `code_offset` bytes into
    /// the code of `func`. Found by translating once more, so that it costs nothing
    /// until somebody asks.
    pub(crate) fn source_offset(
        &self,
        module: &ModuleInner,
        func: FuncIdx,
        code_offset: u32,
    ) -> Option<usize> {
        let defined = func.0.checked_sub(module.imported_funcs)? as usize;
        // An eager module has forgotten where bodies are.
        module.body_spans();
        let mut sources = SourceMap::default();
        let mut translator = Translator::default();
        translator.translate(module, defined, dispatch::label, Some(&mut sources)).ok()?;
        sources.at(code_offset / 4)
    }

    /// The bytes that the code of all functions translated so far takes.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.lock().words() * 4
    }
}

impl Drop for CodeMap {
    fn drop(&mut self) {
        let all = |first| ptr::slice_from_raw_parts_mut(first, self.entries.len());
        let stubs = self.stubs.map(|first: NonNull<Stub>| all(first.as_ptr()));
        // SAFETY: both are leaked boxes of one length, and whoever calls holds the module.
        unsafe {
            drop(Box::from_raw(self.entries.as_ptr()));
            stubs.into_iter().for_each(|stubs| drop(Box::from_raw(stubs)));
        }
    }
}

/// A list that does not move, which is to be freed by hand.
fn leak<T>(elements: impl Iterator<Item = T>) -> NonNull<[T]> {
    NonNull::from(Box::leak(elements.collect()))
}

/// About how long it takes to translate a byte of code.
const BYTE_NANOSECONDS: usize = 20;

const _: () = assert!(LABEL_BYTES == 4, "a stub is a label and one word");
