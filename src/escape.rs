//! Text that a guest chose, as messages show it: it can't write lines, control a terminal, or turn the
//! direction of the text around it.

use core::fmt::{self, Write};

/// Such a text; shown as by `{:?}`, but without quotes around it and with those in it as they are.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_cannot_control_the_terminal() {
        assert_eq!(Escaped("a\u{1b}[2J\nb\u{9b}").to_string(), "a\\u{1b}[2J\\nb\\u{9b}");
        assert_eq!(Escaped("\u{202e}evil\u{2028}").to_string(), "\\u{202e}evil\\u{2028}");
        assert_eq!(Escaped("größe<T>::f \"x\\'").to_string(), "größe<T>::f \"x\\'");
    }
}
