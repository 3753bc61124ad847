//! Words and tables, for whoever looks at the screen. Nothing of others in them moves his cursor or turns his lines around
//! ([`scheme::shown`]).

use comfy_table::{ColumnConstraint, Table, Width, presets};
use scheme::{shown, zone};
use std::io::{self, Write};

/// Says something on stderr.
pub fn say(words: impl AsRef<str>) {
    // In one write, so that lines of several threads stay whole. Where nobody can hear, there is nobody to tell.
    let _ = io::stderr().write_all(format!("{}\n", shown::lines(&zone::spoken(words.as_ref()))).as_bytes());
}

/// A line on stdout, before there is a run.
pub fn put_early(text: &str) {
    // Nobody is there to be told that nobody can hear.
    let _ = writeln!(io::stdout().lock(), "{}", shown::lines(text));
}

/// Names and values under each other.
pub fn facts(facts: &[(&str, String)]) -> String {
    let zoned: Vec<(&str, String)> = facts.iter().map(|(name, value)| (*name, zone::spoken(value))).collect();
    lens::facts::facts(&zoned)
}

/// A row of a table: each of its cells in words.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($cell.to_string()),*] };
}
pub(crate) use row;

/// Blanks between two columns.
const GAP: u16 = 2;

/// A table with a heading line. A column of times has their zone in its heading.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    part(heading, rows, &mut Vec::new())
}

/// A part of a table that is too long to be held at once: without a heading it goes on where the part before ended. `widths` are
/// those of the columns so far; a cell that is wider widens its column from here on.
pub fn part(heading: &[&str], rows: Vec<Vec<String>>, widths: &mut Vec<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !heading.is_empty() {
        let are_times =
            |place: usize| rows.iter().any(|row| row.get(place).is_some_and(|cell| zone::is_time(cell)));
        let heading = heading.iter().enumerate().map(|(place, text)| match are_times(place) {
            true => format!("{} ({})", text.to_uppercase(), zone::ZONE),
            false => text.to_uppercase(),
        });
        table.set_header(heading.collect::<Vec<_>>());
    }
    for row in rows {
        let cells = row.into_iter().map(|cell| if zone::is_time(&cell) { cell } else { zone::spoken(&cell) });
        table.add_row(cells.map(|cell| shown::line(&cell).into_owned()).collect::<Vec<_>>());
    }
    for (column, width) in table.column_iter_mut().zip(widths.iter().map(Some).chain(std::iter::repeat(None)))
    {
        column.set_padding((0, GAP));
        if let Some(width) = width {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width + GAP)));
        }
    }
    let wide = table.column_max_content_widths();
    *widths = (0..wide.len().max(widths.len()))
        .map(|place| wide.get(place).copied().max(widths.get(place).copied()).unwrap_or_default())
        .collect();
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
