//! Words and tables, for whoever looks at the screen.

use crate::zone;
use comfy_table::{Table, presets};
use std::io::{self, Write};

/// Says something on stderr.
pub fn say(words: impl AsRef<str>) {
    // In one write, so that lines of several threads stay whole. Where nobody can hear, there is nobody to tell.
    let _ = io::stderr().write_all(format!("{}\n", zone::spoken(words.as_ref())).as_bytes());
}

/// A line on stdout, before there is a run.
pub fn put_early(text: &str) {
    // Nobody is there to be told that nobody can hear.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Names and values under each other.
pub fn facts(facts: &[(&str, String)]) -> String {
    let zoned: Vec<(&str, String)> = facts.iter().map(|(name, value)| (*name, zone::spoken(value))).collect();
    lens::facts::facts(&zoned)
}

/// A table with a heading line. A column of times has their zone in its heading.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let are_times =
        |place: usize| rows.iter().any(|row| row.get(place).is_some_and(|cell| zone::is_time(cell)));
    let heading = heading.iter().enumerate().map(|(place, text)| match are_times(place) {
        true => format!("{} ({})", text.to_uppercase(), zone::ZONE),
        false => text.to_uppercase(),
    });
    table.set_header(heading.collect::<Vec<_>>());
    for row in rows {
        let cells = row.into_iter().map(|cell| if zone::is_time(&cell) { cell } else { zone::spoken(&cell) });
        table.add_row(cells.collect::<Vec<_>>());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
