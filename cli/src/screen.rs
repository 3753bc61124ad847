//! Words and tables, for whoever looks at the screen. Nothing of others in them moves his cursor or turns his lines around
//! ([`scheme::shown`]).

use comfy_table::{ColumnConstraint, Table, Width, presets};
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

/// Blanks between two columns.
const GAP: u16 = 2;

/// A table with a heading line.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    part(heading, rows, &mut Vec::new())
}

/// A part of a table that is too long to be held at once: without a heading it goes on where the part before ended. `widths` are
/// those of the columns so far; a cell that is wider widens its column from here on.
pub fn part(heading: &[&str], rows: Vec<Vec<String>>, widths: &mut Vec<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !heading.is_empty() {
        table.set_header(heading.iter().map(|text| text.to_uppercase()));
    }
    for row in rows {
        table.add_row(row.iter().map(|cell| shown::line(cell)));
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
