//! The code of a module: an entry a function, translated when it is first called.
//!
//! Code is position-independent but for labels, never moves once published, and lives as long as
//! its module. Several threads may ask for the same function: each translates, one publishes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use spin::Mutex;

use crate::code::Opcode;
use crate::code::encode::LABEL_BYTES;
use crate::error::Error;
use crate::module::ModuleInner;
use crate::translate::{SourceMap, Translator};
use crate::types::index::FuncIdx;

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
    pub(super) fn all(&self) -> &[FuncEntry] {
        // SAFETY: the entries are owned and alive.
        unsafe { self.entries.as_ref() }
    }

    /// Translates a defined function, unless it is already; validates it first if that was put off.
    ///
    /// # Errors
    ///
    /// If the function is not valid, or larger than branches can reach.
    pub(crate) fn translate(&self, module: &ModuleInner, defined: usize) -> Result<(), Error> {
        let entry = self.entry(defined);
        if entry.is_translated() {
            return Ok(());
        }
        module.validate_body(defined)?;
        let mut translator = self.translator.lock().take().unwrap_or_default();
        let code = translator.translate(module, defined, dispatch::label, None)?;
        {
            let mut arena = self.arena.lock();
            if !entry.is_translated() {
                entry.code.store(arena.add(code), Ordering::Release);
            }
        }
        if translator.buffer_bytes() <= TRANSLATOR_BYTES_MAX {
            *self.translator.lock() = Some(translator);
        }
        Ok(())
    }

    /// Lets go of what only translation needs, when all functions are translated.
    pub(crate) fn finish(&self) {
        *self.translator.lock() = None;
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
        self.arena.lock().chunks.iter().map(|chunk| chunk.len() * 4).sum()
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
    chunks: Vec<Vec<u32>>,
}

/// The size of the first chunk in words; later ones double up to [`CHUNK_WORDS_MAX`].
const CHUNK_WORDS_MIN: usize = 256;
const CHUNK_WORDS_MAX: usize = 1 << 16;

impl Arena {
    /// Keeps a copy of `code` and returns where.
    fn add(&mut self, code: &[u32]) -> *mut u8 {
        let fits = |chunk: &Vec<u32>| chunk.capacity() - chunk.len() >= code.len();
        if !self.chunks.last().is_some_and(fits) {
            let doubled = self.chunks.last().map_or(CHUNK_WORDS_MIN, |chunk| chunk.capacity() * 2);
            let words = doubled.clamp(CHUNK_WORDS_MIN, CHUNK_WORDS_MAX).max(code.len());
            self.chunks.push(Vec::with_capacity(words));
        }
        let chunk = self.chunks.last_mut().expect("pushed where there was none");
        let start = chunk.len();
        chunk.extend_from_slice(code);
        // SAFETY: `start` is within the chunk.
        unsafe { chunk.as_mut_ptr().add(start).cast() }
    }
}

const _: () = assert!(LABEL_BYTES == 4, "a stub is a label and one word");
