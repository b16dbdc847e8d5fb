//! The code of a module: an entry a function, translated when it is first called.
//!
//! Code is position-independent but for labels, never moves once published, and lives as long as
//! its module. Several threads may ask for the same function: each translates, one publishes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use spin::Mutex;

use crate::code::Opcode;
use crate::code::encode::LABEL_BYTES;
use crate::code::handlers::{Clause, Handlers};
use crate::error::Error;
use crate::module::ModuleInner;
use crate::translate::{SourceMap, Translator};
use crate::types::index::{FuncIdx, TagIdx};
use crate::workers::{Bodies, for_each_body};

use super::dispatch;

/// A defined function as calls see it.
#[repr(C)]
pub(crate) struct FuncEntry {
    /// Its code; [`FuncEntry::stub`] until it is translated.
    pub(crate) code: AtomicPtr<u8>,
    /// A cell that translates the function: its label and its index.
    stub: [u32; 2],
}

/// The code of all functions of a module.
pub(crate) struct CodeMap {
    /// Pinned: stubs are pointed to, and calls hold the address.
    entries: NonNull<[FuncEntry]>,
    arena: Mutex<Arena>,
    /// A translator whose buffers are used again.
    translator: Mutex<Option<Box<Translator>>>,
}

// SAFETY: the entries are owned, and all that changes behind a shared reference is atomic or locked.
unsafe impl Send for CodeMap {}
// SAFETY: as above.
unsafe impl Sync for CodeMap {}

impl CodeMap {
    /// The map of `defined` functions, none of them translated.
    pub(crate) fn new(defined: usize) -> CodeMap {
        let label = dispatch::label(Opcode::TRANSLATE);
        let entries: Box<[FuncEntry]> = (0..defined)
            .map(|index| FuncEntry {
                code: AtomicPtr::default(),
                stub: [label, u32::try_from(index).expect("validated count")],
            })
            .collect();
        let entries = NonNull::from(Box::leak(entries));
        let first = entries.cast::<FuncEntry>();
        for index in 0..defined {
            // SAFETY: the entry is one of the slice; raw pointers keep the stub's address valid.
            unsafe {
                let entry = first.add(index).as_ptr();
                let stub = (&raw mut (*entry).stub).cast::<u8>();
                (*entry).code = AtomicPtr::new(stub);
            }
        }
        CodeMap { entries, arena: Mutex::default(), translator: Mutex::default() }
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

    /// Translates a defined function, unless it is already; validates it first if that was put off.
    ///
    /// # Errors
    ///
    /// If the function is not valid, or larger than branches can reach.
    pub(crate) fn translate(&self, module: &ModuleInner, defined: usize) -> Result<(), Error> {
        if self.entry(defined).is_translated() {
            return Ok(());
        }
        module.validate_body(defined)?;
        let mut translator = self.translator.lock().take().unwrap_or_default();
        self.translate_with(&mut translator, module, defined)?;
        if translator.buffer_bytes() <= TRANSLATOR_BYTES_MAX {
            *self.translator.lock() = Some(translator);
        }
        Ok(())
    }

    /// Translates all functions of a module whose bodies are valid.
    ///
    /// # Errors
    ///
    /// If a function is larger than branches can reach.
    pub(crate) fn translate_all(&self, module: &ModuleInner) -> Result<(), Error> {
        let parallel = module.engine.config().compiles_in_parallel();
        let bodies = Bodies { count: module.bodies.len(), bytes: module.code_bytes(), parallel };
        for_each_body(bodies, |translator, defined| {
            self.translate_with(translator, module, defined)
        })?;
        self.gather();
        Ok(())
    }

    /// Moves all code into one chunk without room for more, if there is memory for that. None of it may
    /// have run.
    fn gather(&self) {
        let arena = &mut *self.arena.lock();
        let chunks = arena.chunks.values();
        let (words, count) = chunks.fold((0, 0), |(words, count), chunk| {
            (words + chunk.words.len(), count + chunk.funcs.len())
        });
        let mut all = Chunk { words: Vec::new(), funcs: Vec::new() };
        let fits = all.words.try_reserve_exact(words).is_ok()
            && all.funcs.try_reserve_exact(count).is_ok()
            && u32::try_from(words).is_ok();
        if words == 0 || !fits {
            return;
        }
        for chunk in arena.chunks.values() {
            let first = all.words.len() as u32;
            all.words.extend_from_slice(&chunk.words);
            all.funcs.extend(chunk.funcs.iter().map(|(start, func)| (first + start, *func)));
        }
        let address = all.words.as_ptr().addr();
        arena.chunks = BTreeMap::from([(address, all)]);
        (arena.open, arena.words) = (address, words);
        for chunk in arena.chunks.values_mut() {
            for &(start, func) in &chunk.funcs {
                // SAFETY: the start of each function is within the chunk.
                let code = unsafe { chunk.words.as_mut_ptr().add(start as usize) };
                self.entry(func as usize).code.store(code.cast(), Ordering::Release);
            }
        }
    }

    /// Translates and publishes a function, which is valid.
    fn translate_with(
        &self,
        translator: &mut Translator,
        module: &ModuleInner,
        defined: usize,
    ) -> Result<(), Error> {
        translator.translate(module, defined, dispatch::label, None)?;
        let entry = self.entry(defined);
        let mut arena = self.arena.lock();
        if !entry.is_translated() {
            let index = u32::try_from(defined).expect("validated count");
            let code = arena.add(index, translator.code());
            let code = code.ok_or_else(|| Error::msg("no memory for the code of a function"))?;
            // Before the code can run: it may throw at once.
            if let Some(handlers) = translator.handlers() {
                arena.handlers.insert(index, handlers);
            }
            entry.code.store(code, Ordering::Release);
        }
        Ok(())
    }

    /// The defined function whose code `pc` is in, and how many bytes into it. None is found for a
    /// function that could not be translated.
    pub(super) fn find(&self, pc: *const u8) -> Option<(u32, u32)> {
        self.arena.lock().find(pc)
    }

    /// The clause that catches what the instruction throws whose operands end before `end`: where
    /// execution goes on, and the clause itself.
    pub(super) fn find_clause(
        &self,
        end: *const u8,
        is_thrown: impl Fn(TagIdx) -> bool,
    ) -> Option<(*const u8, Clause)> {
        let arena = self.arena.lock();
        if arena.handlers.is_empty() {
            return None;
        }
        let last = end.wrapping_sub(4);
        let (func, bytes) = arena.find(last)?;
        let clause = arena.handlers.get(&func)?.find(bytes / 4, is_thrown)?;
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
        let mut sources = SourceMap::default();
        let mut translator = Box::<Translator>::default();
        translator.translate(module, defined, dispatch::label, Some(&mut sources)).ok()?;
        sources.at(code_offset / 4)
    }

    /// The bytes that the code of all functions translated so far takes.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.lock().chunks.values().map(|chunk| chunk.words.len() * 4).sum()
    }
}

impl Drop for CodeMap {
    fn drop(&mut self) {
        // SAFETY: the entries were leaked by `new`, and whoever calls holds the module.
        drop(unsafe { Box::from_raw(self.entries.as_ptr()) });
    }
}

impl FuncEntry {
    /// Whether the entry leads to the function's code.
    pub(super) fn is_translated(&self) -> bool {
        self.code.load(Ordering::Acquire).cast_const() != self.stub.as_ptr().cast()
    }
}

/// The most memory that a module keeps for the translation of its next function.
const TRANSLATOR_BYTES_MAX: usize = 64 << 10;

/// Where code is kept: chunks that are filled but never grown, since code must not move.
#[derive(Default)]
struct Arena {
    /// By address.
    chunks: BTreeMap<usize, Chunk>,
    /// The address of the chunk that is being filled.
    open: usize,
    /// The words of all chunks.
    words: usize,
    /// The exception handlers of the functions that have any, by index among the defined ones.
    handlers: BTreeMap<u32, Handlers>,
}

/// A part of the code that does not move.
struct Chunk {
    words: Vec<u32>,
    /// Where each function starts, as a position in `words`, and its index among the defined ones;
    /// in order.
    funcs: Vec<(u32, u32)>,
}

/// The size of the first chunk in words; later ones are a quarter of all before, up to [`CHUNK_WORDS_MAX`], so that
/// little is left empty.
const CHUNK_WORDS_MIN: usize = 256;
const CHUNK_WORDS_MAX: usize = 1 << 16;

impl Arena {
    /// Keeps a copy of the code of a function and returns where; `None` if there is no memory for it.
    fn add(&mut self, func: u32, code: &[u32]) -> Option<*mut u8> {
        let fits = |chunk: &Chunk| chunk.words.capacity() - chunk.words.len() >= code.len();
        let mut address = self.open;
        if !self.chunks.get(&address).is_some_and(fits) {
            let words = (self.words / 4).clamp(CHUNK_WORDS_MIN, CHUNK_WORDS_MAX);
            let mut chunk = Chunk { words: Vec::new(), funcs: Vec::new() };
            chunk.words.try_reserve_exact(words.max(code.len())).ok()?;
            self.words += chunk.words.capacity();
            address = chunk.words.as_ptr().addr();
            self.chunks.insert(address, chunk);
            // A function that fills a chunk leaves the rest of the open one to those that come.
            if code.len() < words {
                self.open = address;
            }
        }
        let chunk = self.chunks.get_mut(&address).expect("added where there was none");
        let start = chunk.words.len();
        chunk.words.extend_from_slice(code);
        chunk.funcs.push((u32::try_from(start).expect("a chunk has fewer words"), func));
        // SAFETY: `start` is within the chunk.
        Some(unsafe { chunk.words.as_mut_ptr().add(start).cast() })
    }

    /// The function that `pc` is in, and how many bytes into its code.
    fn find(&self, pc: *const u8) -> Option<(u32, u32)> {
        let (address, chunk) = self.chunks.range(..=pc.addr()).next_back()?;
        let bytes = pc.addr() - address;
        if bytes >= chunk.words.len() * 4 {
            return None;
        }
        let after = chunk.funcs.partition_point(|(start, _)| *start as usize * 4 <= bytes);
        let (start, func) = chunk.funcs[after.checked_sub(1)?];
        Some((func, u32::try_from(bytes - start as usize * 4).ok()?))
    }
}

const _: () = assert!(LABEL_BYTES == 4, "a stub is a label and one word");
