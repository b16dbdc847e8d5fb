//! Text that guests and files can choose, made safe to print: it can neither control a terminal nor turn it around.
//!
//! Names are printed with `{:?}`, which does the same and quotes them; this is for text of several lines.

use std::borrow::Cow;

/// `text` with control characters, except for the ends of lines and tabs, and marks of direction as escapes.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    escape_with(text, |character, escaped| escaped.extend(character.escape_default()))
}

/// The same for JSON, in which such characters are only within strings.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    escape_with(json, |character, escaped| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            escaped.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

fn escape_with(text: &str, mut write: impl FnMut(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            write(character, &mut escaped);
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

fn is_unsafe(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    is_control || is_direction(character)
}

/// Whether a character changes the direction of the text around it.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_control_the_terminal() {
        assert_eq!(
            escape("a\u{1b}[2J\u{7f}\u{9b}1m\r\n\tb"),
            "a\\u{1b}[2J\\u{7f}\\u{9b}1m\\r\n\tb"
        );
        assert_eq!(escape("\u{202e}evil\u{2066}"), "\\u{202e}evil\\u{2066}");
        assert!(matches!(escape("größe<T>::f\n"), Cow::Borrowed(_)));
    }
    #[test]
    fn json_stays_the_same_value() {
        let name = "\u{1b}\u{7f}\u{9b}\u{202e} \"\\\n ß 🐦";
        let json = serde_json::to_string_pretty(&[name]).unwrap();
        let escaped = escape_json(&json);
        assert!(!escaped.contains(is_unsafe) && escaped.contains("\\u202e"));
        assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [name]);
    }
}
