//! Text in cells: a Chinese character takes two.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text in lines of so many cells: broken at blanks, or between wide characters.
pub fn wrapped(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(2);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for piece in pieces(text) {
        if width(&line) + width(piece.trim_end()) > cells && !line.is_empty() {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        for c in piece.chars() {
            // A word that is longer than a line is broken anywhere.
            if width(line.trim_end()) + c.width().unwrap_or(0) > cells && c != ' ' {
                lines.push(line.trim_end().to_owned());
                line.clear();
            }
            line.push(c);
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Words with the blanks behind them; each wide character is one.
fn pieces(text: &str) -> Vec<&str> {
    let (mut out, mut from) = (Vec::new(), 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        // A mark stays with what stands before it.
        let mark = |c: char| matches!(c, '，' | '。' | '：' | '；' | '、' | '）');
        let next = chars.peek().map(|(_, next)| *next);
        let breaks = c == ' ' || c.width() == Some(2) || next.is_some_and(|next| next.width() == Some(2));
        if breaks && !next.is_some_and(mark) {
            out.extend(text.get(from..end));
            from = end;
        }
    }
    out.extend(text.get(from..).filter(|rest| !rest.is_empty()));
    out
}

/// A text filled up with blanks to so many cells.
pub fn padded(text: &str, cells: usize) -> String {
    format!("{text}{}", " ".repeat(cells.saturating_sub(width(text))))
}

/// The end of a text that fits into so many cells: what is being typed stays in sight.
pub fn tail(text: &str, cells: usize) -> String {
    let mut from = text.len();
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > cells {
            break;
        }
        from = at;
    }
    text.get(from..).unwrap_or_default().to_owned()
}
