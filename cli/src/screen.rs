//! Words and tables, for whoever looks at the screen. Nothing of others in them moves his cursor or turns his lines around
//! ([`scheme::shown`]).

use comfy_table::{Table, presets};
use scheme::shown;
use std::io::{self, Write};

/// Says something on stderr.
pub fn say(words: impl AsRef<str>) {
    // In one write, so that lines of several threads stay whole. Where nobody can hear, there is nobody to tell.
    let _ = io::stderr().write_all(format!("{}\n", shown::lines(words.as_ref())).as_bytes());
}

/// A line on stdout, before there is a run.
pub fn put_early(text: &str) {
    // Nobody is there to be told that nobody can hear.
    let _ = writeln!(io::stdout().lock(), "{}", shown::lines(text));
}

/// A table with a heading line.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(heading.iter().map(|text| text.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| shown::line(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
