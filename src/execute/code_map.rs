//! The code of a module: an entry a function, translated when it is first called.
//!
//! Code is position-independent but for labels, never moves once published, and lives as long as
//! its module. Several threads may ask for the same function: each translates, one publishes.

use alloc::boxed::Box;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use spin::Mutex;

use crate::buffer::{Buffer, NoMemory};
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
    /// A translator whose buffers are used again, or none.
    spare: Mutex<Buffer<Translator>>,
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
        CodeMap { entries, arena: Mutex::default(), spare: Mutex::default() }
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
    /// If the function is not valid, or larger than branches can reach, or there is no memory for it. Then
    /// nothing has changed, and it may be tried again.
    pub(crate) fn translate(&self, module: &ModuleInner, defined: usize) -> Result<(), Error> {
        if self.entry(defined).is_translated() {
            return Ok(());
        }
        module.validate_body(defined)?;
        let mut translator = self.spare.lock().pop().unwrap_or_default();
        self.translate_with(&mut translator, module, defined)?;
        let spare = &mut *self.spare.lock();
        let keeps = translator.buffer_bytes() <= TRANSLATOR_BYTES_MAX && spare.is_empty();
        if keeps && spare.make_exact_room(1).is_ok() {
            spare.push(translator);
        }
        Ok(())
    }

    /// Translates all functions of a module whose bodies are valid.
    ///
    /// # Errors
    ///
    /// If a function is larger than branches can reach, or there is no memory for it.
    pub(crate) fn translate_all(&self, module: &ModuleInner) -> Result<(), Error> {
        let parallel = module.engine.config().compiles_in_parallel();
        let nanoseconds = module.code_bytes() * BYTE_NANOSECONDS;
        let bodies = Bodies { count: module.bodies.len(), nanoseconds, parallel };
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
        let mut sizes = (0, 0, 0);
        for Chunk { words, funcs, handlers } in &*arena.chunks {
            sizes = (sizes.0 + words.len(), sizes.1 + funcs.len(), sizes.2 + handlers.len());
        }
        let (words, ..) = sizes;
        let mut chunks = Buffer::default();
        let room = chunks.make_exact_room(1).and_then(|()| Chunk::with_room(sizes));
        let (Ok(mut all), Ok(_), true) = (room, u32::try_from(words), words > 0) else {
            return;
        };
        for chunk in &mut *arena.chunks {
            let first = all.words.len() as u32;
            all.words.extend_from_slice(&chunk.words);
            for (start, func) in &*chunk.funcs {
                all.funcs.push((first + start, *func));
            }
            for (start, handlers) in chunk.handlers.drain() {
                all.handlers.push((first + start, handlers));
            }
        }
        for &(start, func) in &*all.funcs {
            // SAFETY: the start of each function is within the chunk.
            let code = unsafe { all.words.as_mut_ptr().add(start as usize) };
            self.entry(func as usize).code.store(code.cast(), Ordering::Release);
        }
        (arena.open, arena.words) = (all.address(), words);
        chunks.push(all);
        arena.chunks = chunks;
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
            // With its handlers, before the code can run: it may throw at once.
            let code = arena.add(index, translator.code(), translator.handlers()?)?;
            entry.code.store(code, Ordering::Release);
        }
        Ok(())
    }

    /// The defined function whose code `pc` is in, and how many bytes into it. None is found for a
    /// function that could not be translated.
    pub(super) fn find(&self, pc: *const u8) -> Option<(u32, u32)> {
        let arena = self.arena.lock();
        let (chunk, at, bytes) = arena.find(pc)?;
        Some((chunk.funcs[at].1, bytes))
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
        let (chunk, at, bytes) = arena.find(last)?;
        let clause = chunk.handlers(chunk.funcs[at].0)?.find(bytes / 4, is_thrown)?;
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
        let mut translator = Translator::default();
        translator.translate(module, defined, dispatch::label, Some(&mut sources)).ok()?;
        sources.at(code_offset / 4)
    }

    /// The bytes that the code of all functions translated so far takes.
    pub(crate) fn bytes(&self) -> usize {
        self.arena.lock().chunks.iter().map(|chunk| chunk.words.len() * 4).sum()
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

/// About how long it takes to translate a byte of code.
const BYTE_NANOSECONDS: usize = 20;

/// The most memory that a module keeps for the translation of its next function.
const TRANSLATOR_BYTES_MAX: usize = 64 << 10;

/// Where code is kept: chunks that are filled but never grown, since code must not move.
#[derive(Default)]
struct Arena {
    /// By address. There are few, since they are large.
    chunks: Buffer<Chunk>,
    /// The address of the chunk that is being filled.
    open: usize,
    /// The words of all chunks.
    words: usize,
}

/// A part of the code that does not move.
#[derive(Default)]
struct Chunk {
    words: Buffer<u32>,
    /// Where each function starts, as a position in `words`, and its index among the defined ones;
    /// in order.
    funcs: Buffer<(u32, u32)>,
    /// The exception handlers of the functions that have any, by where they start; in order.
    handlers: Buffer<(u32, Handlers)>,
}

impl Chunk {
    /// An empty chunk with room for so many words, functions and functions with handlers.
    fn with_room((words, funcs, handlers): (usize, usize, usize)) -> Result<Chunk, NoMemory> {
        let mut chunk = Chunk::default();
        chunk.words.make_exact_room(words)?;
        chunk.funcs.make_exact_room(funcs)?;
        chunk.handlers.make_exact_room(handlers)?;
        Ok(chunk)
    }

    /// Where its code is.
    fn address(&self) -> usize {
        self.words.as_ptr().addr()
    }

    /// The handlers of the function that starts at a position, if it has any.
    fn handlers(&self, start: u32) -> Option<&Handlers> {
        let at = self.handlers.binary_search_by_key(&start, |(start, _)| *start).ok()?;
        Some(&self.handlers[at].1)
    }
}

/// The size of the first chunk in words; later ones are a quarter of all before, up to [`CHUNK_WORDS_MAX`], so that
/// little is left empty.
const CHUNK_WORDS_MIN: usize = 256;
const CHUNK_WORDS_MAX: usize = 1 << 16;

impl Arena {
    /// Keeps a copy of the code of a function, and its handlers; returns where the code is.
    ///
    /// # Errors
    ///
    /// If there is no memory for it; then nothing of it is kept.
    fn add(
        &mut self,
        func: u32,
        code: &[u32],
        handlers: Option<Handlers>,
    ) -> Result<*mut u8, NoMemory> {
        let open = self.chunks.binary_search_by_key(&self.open, Chunk::address).ok();
        let fits = |at: &usize| self.chunks[*at].words.room() >= code.len();
        let at = match open.filter(fits) {
            Some(at) => at,
            None => self.add_chunk(code.len(), usize::from(handlers.is_some()))?,
        };
        let chunk = &mut self.chunks[at];
        chunk.funcs.make_room(1)?;
        chunk.handlers.make_room(usize::from(handlers.is_some()))?;
        let start = chunk.words.len();
        chunk.words.extend_from_slice(code);
        let position = u32::try_from(start).expect("a chunk has fewer words");
        chunk.funcs.push((position, func));
        if let Some(handlers) = handlers {
            chunk.handlers.push((position, handlers));
        }
        // SAFETY: `start` is within the chunk.
        Ok(unsafe { chunk.words.as_mut_ptr().add(start).cast() })
    }

    /// Adds a chunk with room for a function: for its code of `code_words`, and for its handlers if it has them.
    /// Returns the chunk's place in the list.
    fn add_chunk(&mut self, code_words: usize, handlers: usize) -> Result<usize, NoMemory> {
        self.chunks.make_room(1)?;
        let words = (self.words / 4).clamp(CHUNK_WORDS_MIN, CHUNK_WORDS_MAX);
        let chunk = Chunk::with_room((words.max(code_words), 1, handlers))?;
        self.words += chunk.words.room();
        let address = chunk.address();
        let at = self.chunks.partition_point(|chunk| chunk.address() < address);
        self.chunks.insert(at, chunk);
        // A function that fills a chunk leaves the rest of the open one to those that come.
        if code_words < words {
            self.open = address;
        }
        Ok(at)
    }

    /// The chunk that `pc` is in, which of its functions, and how many bytes into that one's code.
    fn find(&self, pc: *const u8) -> Option<(&Chunk, usize, u32)> {
        let after = self.chunks.partition_point(|chunk| chunk.address() <= pc.addr());
        let chunk = &self.chunks[after.checked_sub(1)?];
        let bytes = pc.addr() - chunk.address();
        if bytes >= chunk.words.len() * 4 {
            return None;
        }
        let after = chunk.funcs.partition_point(|(start, _)| *start as usize * 4 <= bytes);
        let at = after.checked_sub(1)?;
        let (start, _) = chunk.funcs[at];
        Some((chunk, at, u32::try_from(bytes - start as usize * 4).ok()?))
    }
}

const _: () = assert!(LABEL_BYTES == 4, "a stub is a label and one word");
