//! Cells of a record.

/// What stands between cells: commas; semicolons where a comma is the decimal sign; tabs of what is copied from a spreadsheet.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// How a text cell may begin that a spreadsheet takes for a formula or a command, in half and full width.
const FORMULAS: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// Where the quotation marks of a record stand: one opens at the beginning of a cell alone.
pub(super) struct Quotes {
    separator: Option<char>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Beginning,
    Plain,
    Quoted,
    /// Behind a mark that closes, unless a second one follows, which is a mark of the text.
    Closing,
}

impl Quotes {
    /// At the beginning of a record; without a separator each of the usual ones ends a cell.
    pub(super) fn new(separator: Option<char>) -> Self {
        Quotes { separator, place: Place::Beginning }
    }

    fn separates(&self, c: char) -> bool {
        self.separator.map_or(SEPARATORS.contains(&c), |separator| separator == c)
    }

    /// Passes over text; gives the separators outside quotation marks.
    pub(super) fn pass<'a>(&'a mut self, bytes: &'a [u8]) -> impl Iterator<Item = char> + 'a {
        bytes.iter().filter_map(move |byte| {
            let c = char::from(*byte);
            self.place = match (self.place, c) {
                (Place::Beginning | Place::Closing, '"') => Place::Quoted,
                (Place::Quoted, '"') => Place::Closing,
                (Place::Quoted, _) => Place::Quoted,
                _ if self.separates(c) => Place::Beginning,
                _ => Place::Plain,
            };
            (self.place == Place::Beginning).then_some(c)
        })
    }

    pub(super) fn open(&self) -> bool {
        self.place == Place::Quoted
    }
}

/// The separator that a line `sep=;` names. Such a line is no data.
pub(super) fn named_separator(line: &str) -> Option<char> {
    let line = line.trim_end_matches(['\r', '\n']).trim_matches('"');
    let (word, rest) = line.split_at_checked(4)?;
    let mut rest = rest.chars();
    let named = rest.next().filter(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && *c != '"')?;
    // A spreadsheet fills the line up with separators.
    (word.eq_ignore_ascii_case("sep=") && rest.all(|c| c == named)).then_some(named)
}

/// The separator that the line with the names uses most, outside quotation marks.
pub(super) fn likely_separator(header: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    for found in Quotes::new(None).pass(header.as_bytes()) {
        counts.iter_mut().zip(SEPARATORS).filter(|(_, c)| *c == found).for_each(|(count, _)| *count += 1);
    }
    let most = counts.iter().copied().max().unwrap_or_default();
    SEPARATORS.into_iter().zip(counts).find(|(_, count)| *count == most).map_or(',', |(c, _)| c)
}

/// Cells up to the last that is not empty.
pub(super) fn used(cells: &[String]) -> usize {
    cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1)
}

/// The cells of a record, each as its writer meant it.
pub(super) fn split(record: &str, separator: char) -> Vec<String> {
    if !record.contains('"') {
        return record.split(separator).map(meant).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .buffer_capacity(record.len())
        .from_reader(record.as_bytes());
    // What lies in memory and is text is read without fail.
    let first = reader.records().next().and_then(Result::ok);
    first.map(|record| record.iter().map(meant).collect()).unwrap_or_default()
}

/// A cell without blanks around it, without the wrapping `="0012"`, and without the apostrophe that marks a text.
fn meant(cell: &str) -> String {
    let blank = |c: char| c.is_whitespace() || matches!(c, '\u{200B}' | '\u{FEFF}');
    let cell = cell.trim_matches(blank);
    let wrapped = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    if let Some(text) = wrapped.filter(|text| !text.contains('"')) {
        return text.trim_matches(blank).to_owned();
    }
    match cell.strip_prefix('\'') {
        Some(rest) if is_marked(rest) => rest.to_owned(),
        _ => cell.to_owned(),
    }
}

/// Whether an apostrophe before this text is a mark, and no part of it.
fn is_marked(rest: &str) -> bool {
    let text = rest.trim_start_matches('\'');
    text.starts_with(FORMULAS) || text.starts_with(|c: char| c.is_ascii_digit())
}

/// A cell as it is written: a text that a spreadsheet would run, or that [`meant`] would take an apostrophe from, gets one.
pub(super) fn guarded(cell: &str) -> std::borrow::Cow<'_, str> {
    let quoted = cell.strip_prefix('\'').is_some_and(is_marked);
    if cell.starts_with(FORMULAS) || quoted { format!("'{cell}").into() } else { cell.into() }
}
