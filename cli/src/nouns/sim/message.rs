//! How messages on a SIM stand in lines and tables.

use scheme::shown;

/// Record numbers as they are shown: `5+2+9`.
pub fn numbers(records: &[u8]) -> String {
    records.iter().map(u8::to_string).collect::<Vec<_>>().join("+")
}

/// Text of a message in one line, for a table.
pub fn in_a_line(text: &str) -> String {
    shown::line(&text.replace("\r\n", " ").replace(['\n', '\t'], " ")).into_owned()
}

/// Text of a message in the lines that its writer made.
pub fn in_lines(text: &str) -> String {
    shown::lines(&text.replace("\r\n", "\n")).into_owned()
}
