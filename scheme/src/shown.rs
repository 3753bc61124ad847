//! Text of others as it may stand before a person: nothing in it moves the cursor, changes the order of signs or hides.
//!
//! What comes from a card, a message, a file, a reader or a user goes through here once, after it was decoded, before it goes to
//! a terminal. Lists for spreadsheets have their own care (`disk::table`).

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Whether a terminal or a reader would take it for something else than a sign: controls of ASCII and of ISO 6429, marks that
/// turn the direction of writing, signs without width, ends of line other than LF, and what is no character.
pub const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1F' | '\x7F'..='\u{9F}'
        // soft hyphen, direction of Arabic, Mongolian vowel mark
        | '\u{AD}' | '\u{61C}' | '\u{180E}'
        // no width, joiners, directions; ends of line and paragraph; embeddings, overrides, isolates
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        // byte order mark, annotations, tags
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}'
        // no characters
        | '\u{FDD0}'..='\u{FDEF}')
        || (c as u32) & 0xFFFE == 0xFFFE
}

/// A text of several lines: LF is left alone, everything else that [`is_unsafe`] is shown as `\x1B` or `<U+202E>`.
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |c| c != '\n' && is_unsafe(c))
}

/// A text that stands in a line, as a cell of a table: LF is shown as `\n` too.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, is_unsafe)
}

fn shown(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !hidden(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push_str(&format!("<U+{:04X}>", c as u32)),
        }
    }
    Cow::Owned(out)
}

/// A sentence in lines of at most `width` signs, broken between words. A word that is longer than that has a line of its own and
/// is left whole: whoever copies an order's number gets all of it.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for word in text.split(' ') {
        let signs = word.chars().count();
        match lines.last_mut() {
            Some((line, long)) if *long + 1 + signs <= width => {
                line.push(' ');
                line.push_str(word);
                *long += 1 + signs;
            }
            _ => lines.push((word.into(), signs)),
        }
    }
    lines.into_iter().map(|(line, _)| line).collect()
}

/// A JSON text with the same characters written as `\u202E`: the value is the true one, and a terminal shows it unharmed.
/// In JSON they stand in strings alone; LF between its lines stays.
pub fn json(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c != '\n' && is_unsafe(c);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
