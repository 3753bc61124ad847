//! Words and tables, for whoever looks at the screen. Nothing of others in them moves his cursor or turns his lines around
//! ([`scheme::shown`]).

use comfy_table::{ColumnConstraint, Table, Width, presets};
use scheme::{shown, zone};
use std::io::{self, Write};
use std::ops::Range;

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

/// Columns of the terminal that stdout is, if it is one. Into a file or a pipe a row is a line, however long.
fn columns() -> Option<usize> {
    #[cfg(unix)]
    {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        (size.ws_col > 0).then_some(size.ws_col.into())
    }
    #[cfg(not(unix))]
    None
}

/// Names and values under each other. On a terminal a long value goes on under its first word.
pub fn facts(facts: &[(&str, String)]) -> String {
    let names = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + usize::from(GAP);
    let room = columns().map(|columns| columns.saturating_sub(names)).filter(|room| *room >= NARROW);
    let said = |value: &String| {
        let value = zone::spoken(value);
        match room {
            Some(room) => {
                value.lines().flat_map(|line| shown::wrapped(line, room)).collect::<Vec<_>>().join("\n")
            }
            None => value,
        }
    };
    let zoned: Vec<(&str, String)> = facts.iter().map(|(name, value)| (*name, said(value))).collect();
    lens::facts::facts(&zoned)
}

/// A row of a table: each of its cells in words.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($cell.to_string()),*] };
}
pub(crate) use row;

/// Blanks between two columns.
const GAP: u16 = 2;
/// What is narrower than this is no place for a sentence.
const NARROW: usize = 20;

/// A table with a heading line. A column of times has their zone in its heading.
pub fn table(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    part(heading, rows, &mut Vec::new())
}

/// A part of a table that is too long to be held at once: without a heading it goes on where the part before ended. `widths` are
/// those of the columns so far; a cell that is wider widens its column from here on. On a terminal that is narrower than its rows
/// a row has as many lines as it needs, with the further ones set in.
pub fn part(heading: &[&str], rows: Vec<Vec<String>>, widths: &mut Vec<u16>) -> String {
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| {
            let cells =
                row.into_iter().map(|cell| if zone::is_time(&cell) { cell } else { zone::spoken(&cell) });
            cells.map(|cell| shown::line(&cell).into_owned()).collect()
        })
        .collect();
    let are_times =
        |place: usize| rows.iter().any(|row| row.get(place).is_some_and(|cell| zone::is_time(cell)));
    let heading = heading.iter().enumerate().map(|(place, text)| match are_times(place) {
        true => format!("{} ({})", text.to_uppercase(), zone::ZONE),
        false => text.to_uppercase(),
    });
    let heading: Vec<String> = heading.collect();
    let whole = laid(&heading, &rows, widths);
    let broken = broken(widths, columns());
    if broken.len() < 2 {
        return whole.join("\n");
    }
    let cut = |row: &[String], columns: &Range<usize>| row.get(columns.clone()).unwrap_or_default().to_vec();
    let parts: Vec<Vec<String>> = broken
        .iter()
        .map(|columns| {
            let rows: Vec<Vec<String>> = rows.iter().map(|row| cut(row, columns)).collect();
            let mut widths = widths.get(columns.clone()).unwrap_or_default().to_vec();
            laid(&cut(&heading, columns), &rows, &mut widths)
        })
        .collect();
    let lines = (0..whole.len()).flat_map(|line| {
        parts.iter().enumerate().filter_map(move |(place, part)| {
            let indent = if place == 0 { 0 } else { usize::from(GAP) };
            part.get(line).map(|text| format!("{:indent$}{text}", ""))
        })
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Which columns stand in each line of a row, where a line has so many.
fn broken(widths: &[u16], columns: Option<usize>) -> Vec<Range<usize>> {
    let gap = usize::from(GAP);
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut used = 0;
    for (place, width) in widths.iter().map(|width| usize::from(*width)).enumerate() {
        match lines.last_mut() {
            Some(line) if columns.is_none_or(|columns| used + gap + width <= columns) => {
                line.end = place + 1;
                used += gap + width;
            }
            _ => {
                used = if lines.is_empty() { width } else { gap + width };
                lines.push(place..place + 1);
            }
        }
    }
    lines
}

/// Rows with their columns under each other, a line each.
fn laid(heading: &[String], rows: &[Vec<String>], widths: &mut Vec<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !heading.is_empty() {
        table.set_header(heading);
    }
    for row in rows {
        table.add_row(row);
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
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}
