//! Where the code of a module is kept: chunks that are filled but never grown, since code must not move.
//!
//! This knows where each function's code and handlers are, and not what calls it.

use core::mem;
use core::sync::atomic::Ordering;

use crate::buffer::{Buffer, NoMemory};
use crate::code::handlers::Handlers;

use super::code_map::FuncEntry;

/// The code of all functions translated so far.
#[derive(Default)]
pub(super) struct Arena {
    /// By address. There are few, since they are large.
    chunks: Buffer<Chunk>,
    /// The address of the chunk that is being filled.
    open: usize,
}

/// A part of the code that does not move.
#[derive(Default)]
struct Chunk {
    words: Buffer<u32>,
    /// Where each function starts, as a position in `words`, and its index among the defined ones;
    /// in order. None if these are all functions, in their order: entries lead there.
    funcs: Buffer<(u32, u32)>,
    /// The exception handlers of the functions that have any, by where they start; in order.
    handlers: Buffer<(u32, Handlers)>,
}

/// Where an instruction is.
pub(super) struct Place<'a> {
    /// The function, by its index among the defined ones.
    pub(super) func: u32,
    /// How many bytes into the function's code.
    pub(super) bytes: u32,
    /// The function's handlers, if it has any.
    pub(super) handlers: Option<&'a Handlers>,
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

    /// The place in `handlers` of the function that starts at a position, if it has any.
    fn handlers_at(&self, start: u32) -> Option<usize> {
        self.handlers.binary_search_by_key(&start, |(start, _)| *start).ok()
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
    pub(super) fn add(
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
        Ok(chunk.words.as_mut_ptr().wrapping_add(start).cast())
    }

    /// Adds a chunk with room for a function: for its code of `code_words`, and for its handlers if it has them.
    /// Returns the chunk's place in the list.
    fn add_chunk(&mut self, code_words: usize, handlers: usize) -> Result<usize, NoMemory> {
        self.chunks.make_room(1)?;
        let all = self.chunks.iter().map(|chunk| chunk.words.len() + chunk.words.room());
        let words = (all.sum::<usize>() / 4).clamp(CHUNK_WORDS_MIN, CHUNK_WORDS_MAX);
        let chunk = Chunk::with_room((words.max(code_words), 1, handlers))?;
        let address = chunk.address();
        let at = self.chunks.partition_point(|chunk| chunk.address() < address);
        self.chunks.insert(at, chunk);
        // A function that fills a chunk leaves the rest of the open one to those that come.
        if code_words < words {
            self.open = address;
        }
        Ok(at)
    }

    /// Moves all code into one chunk without room for more, in the order of the functions, whose `entries` are
    /// to lead there. No function is without code, and none of it may have run.
    ///
    /// # Errors
    ///
    /// If there is no memory for that, or more code than positions reach; then all of it is where it was.
    pub(super) fn gather(&mut self, entries: &[FuncEntry]) -> Result<(), NoMemory> {
        let words = self.words();
        if words == 0 || u32::try_from(words).is_err() {
            return Err(NoMemory);
        }
        let handlers = self.chunks.iter().map(|chunk| chunk.handlers.len()).sum();
        let mut all = Chunk::with_room((words, 0, handlers))?;
        let mut chunks = Buffer::default();
        chunks.make_exact_room(1)?;
        // The chunk of each function, and the function's place there.
        let mut places = Buffer::default();
        places.resize(entries.len(), (0, 0))?;
        for (number, chunk) in self.chunks.iter().enumerate() {
            for (at, (_, func)) in chunk.funcs.iter().enumerate() {
                places[*func as usize] = (number, at);
            }
        }
        for (&(number, at), entry) in places.iter().zip(entries) {
            let chunk = &mut self.chunks[number];
            let (start, _) = chunk.funcs[at];
            let end = chunk.funcs.get(at + 1).map_or(chunk.words.len(), |(end, _)| *end as usize);
            let position = all.words.len();
            all.words.extend_from_slice(&chunk.words[start as usize..end]);
            if let Some(at) = chunk.handlers_at(start) {
                all.handlers.push((position as u32, mem::take(&mut chunk.handlers[at].1)));
            }
            let code = all.words.as_mut_ptr().wrapping_add(position).cast();
            entry.code.store(code, Ordering::Release);
        }
        assert_eq!(all.words.len(), words, "no function is left out");
        self.open = all.address();
        chunks.push(all);
        self.chunks = chunks;
        Ok(())
    }

    /// Where the instruction is that `pc` points into. The `entries` of gathered code lead there.
    pub(super) fn find(&self, pc: *const u8, entries: &[FuncEntry]) -> Option<Place<'_>> {
        let after = self.chunks.partition_point(|chunk| chunk.address() <= pc.addr());
        let chunk = &self.chunks[after.checked_sub(1)?];
        let bytes = pc.addr() - chunk.address();
        if bytes >= chunk.words.len() * 4 {
            return None;
        }
        let (start, func) = if chunk.funcs.is_empty() {
            let start = |entry: &FuncEntry| entry.code.load(Ordering::Acquire).addr();
            let at = entries.partition_point(|entry| start(entry) <= pc.addr()).checked_sub(1)?;
            ((start(&entries[at]) - chunk.address()) / 4, u32::try_from(at).ok()?)
        } else {
            let after = chunk.funcs.partition_point(|(start, _)| *start as usize * 4 <= bytes);
            let (start, func) = chunk.funcs[after.checked_sub(1)?];
            (start as usize, func)
        };
        let bytes = u32::try_from(bytes - start * 4).ok()?;
        let handlers = chunk.handlers_at(u32::try_from(start).ok()?);
        Some(Place { func, bytes, handlers: handlers.map(|at| &chunk.handlers[at].1) })
    }

    /// The words of all code.
    pub(super) fn words(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.words.len()).sum()
    }
}
