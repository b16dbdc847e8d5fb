//! Names that a guest chose are in messages only in a form that can't write lines of its own, control
//! a terminal, or turn the direction of the text around them.

use fulmar::{Engine, Func, Instance, Linker, Module, Store};

/// Colors, erased lines, a bell, C1 controls, line breaks, text from right to left.
const EVIL: &str = "a\u{1b}[31m\u{1b}]0;t\u{7}\r\n\t\u{0}\u{7f}\u{9b}2J\u{85}\u{2028}\u{2029}\
    \u{202e}\u{2066}\u{2069}\u{200f}\u{61c}b";

fn module(engine: &Engine, text: &str) -> Result<Module, fulmar::Error> {
    Module::new(engine, &wat::parse_str(text).unwrap())
}

/// The name as the text format writes it.
fn quoted() -> String {
    let bytes = EVIL.bytes().map(|byte| format!("\\{byte:02x}"));
    format!("\"{}\"", bytes.collect::<String>())
}

/// Checks that a message shows the name, and nothing of it as it is.
#[track_caller]
fn check(message: &str) {
    let bad = |character: &char| {
        let is_format = matches!(*character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{61c}');
        character.is_control() && *character != '\n' || is_format
    };
    assert_eq!(message.chars().find(bad), None, "{message:?}");
    assert!(message.contains("\\u{1b}[31m"), "the name is there: {message:?}");
    assert!(
        !message.lines().any(|line| line.starts_with('\t')),
        "a line of the guest's: {message}"
    );
    assert!(!message.contains("\u{7}\n"), "{message:?}");
}

#[test]
fn names_of_imports() {
    let engine = Engine::default();
    let name = quoted();
    let missing = module(&engine, &format!("(module (import {name} {name} (func)))")).unwrap();
    let mut linker = Linker::new(&engine);
    let mut store = Store::new(&engine, ());
    let error = linker.instantiate(&mut store, &missing).unwrap_err();
    check(&error.to_string());
    check(&format!("{error:?}"));
    assert_eq!(error.to_string().lines().count(), 1);

    let number = Func::wrap(&mut store, || 7);
    linker.define(&store, EVIL, EVIL, number).unwrap();
    let error = linker.instantiate(&mut store, &missing).unwrap_err();
    check(&error.to_string());
    let error = linker.define(&store, EVIL, EVIL, number).map(drop).unwrap_err();
    check(&error.to_string());
    check(&format!("{linker:?}"));
}

#[test]
fn names_of_exports() {
    let engine = Engine::default();
    let name = quoted();
    let text = format!("(module (func (export {name})) (func (export {name})))");
    let error = module(&engine, &text).unwrap_err();
    check(&error.to_string());
    assert_eq!(error.to_string().lines().count(), 1, "{error}");

    let once = module(&engine, &format!("(module (memory (export {name}) 1))")).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &once, &[]).unwrap();
    let error = instance.get_typed_func::<(), ()>(&mut store, EVIL).unwrap_err();
    check(&error.to_string());
    check(&format!("{:?}", once.exports().collect::<Vec<_>>()));
}

#[test]
fn names_of_functions() {
    let engine = Engine::default();
    let text = format!(r#"(module (func $f (@name {}) (export "f") (unreachable)))"#, quoted());
    let trapping = module(&engine, &text).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &trapping, &[]).unwrap();
    let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
    let error = f.call(&mut store, ()).unwrap_err();
    let backtrace = error.backtrace().unwrap();
    assert_eq!(backtrace.frames()[0].func_name(), Some(EVIL));
    check(&backtrace.to_string());
    assert_eq!(backtrace.to_string().lines().count(), 1);
    check(&format!("{backtrace:?}"));
    check(&format!("{error:?}"));
    let mut printed = String::new();
    trapping.print_bytecode(None, &mut printed).unwrap();
    check(&printed);
}
