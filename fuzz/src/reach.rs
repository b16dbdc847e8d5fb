//! Which opcodes of fulmar's table the modules of targets are translated to.

use fulmar::Module;
use std::sync::Mutex;

/// Whether each opcode was seen; empty unless a run asked for it.
static SEEN: Mutex<Vec<bool>> = Mutex::new(Vec::new());

/// The names of all opcodes.
pub fn names() -> Vec<String> {
    (0..).map_while(Module::opcode_text).collect()
}

/// Counts from now on, from nothing.
pub fn begin() {
    *seen() = vec![false; names().len()];
}

/// Which opcodes were seen since [`begin`], and ends the count.
pub fn end() -> Vec<bool> {
    std::mem::take(&mut *seen())
}

/// Counts those of `module`, if that was asked for.
///
/// # Panics
///
/// If the module can't be translated.
pub fn note(module: &Module) {
    let mut seen = seen();
    if !seen.is_empty() {
        let count = &mut |opcode| seen[usize::from(opcode)] = true;
        module.opcodes(count).expect("a valid module, and memory");
    }
}

fn seen() -> std::sync::MutexGuard<'static, Vec<bool>> {
    SEEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
