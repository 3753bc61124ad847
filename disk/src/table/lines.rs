//! Records of a table with the lines they begin in.

use super::cells::Quotes;
use super::error::{LONGEST, RowFault};
use std::io::{self, BufRead};

/// A record's text without its end, and its first line; or why there is none.
pub(super) type Record = (u64, Result<String, RowFault>);

/// Lines ended by LF, CR LF or CR, joined where a quotation mark is open at the end of one.
pub(super) struct Lines<R> {
    input: R,
    /// Number of the line read last, from 1.
    number: u64,
    after_cr: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Lines { input, number: 0, after_cr: false }
    }

    /// The next record; blank lines are passed over. Before the separator is known every one counts.
    pub(super) fn record(&mut self, separator: Option<char>) -> io::Result<Option<Record>> {
        let mut bytes = Vec::new();
        loop {
            if !self.line(&mut bytes)? {
                return Ok(None);
            }
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                break;
            }
            bytes.clear();
        }
        let first = self.number;
        let mut quotes = Quotes::new(separator);
        let mut seen = 0;
        loop {
            quotes.pass(&bytes[seen..]).for_each(drop);
            seen = bytes.len();
            if !quotes.open() || bytes.len() >= LONGEST {
                break;
            }
            bytes.push(b'\n');
            if !self.line(&mut bytes)? {
                break;
            }
        }
        let fault = match () {
            () if bytes.len() >= LONGEST => Some(RowFault::TooLong),
            () if quotes.open() => Some(RowFault::Unclosed),
            () if bytes.contains(&0) => Some(RowFault::Nul),
            () => None,
        };
        let text = match fault {
            Some(fault) => Err(fault),
            None => String::from_utf8(bytes)
                .map_err(|error| RowFault::NotText { byte: error.utf8_error().valid_up_to() + 1 }),
        };
        Ok(Some((first, text)))
    }

    /// Reads a line behind what is there, without its end; of a line longer than any, only the beginning. False at the end.
    fn line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        let mut any = false;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                self.number += u64::from(any);
                return Ok(any);
            }
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                self.input.consume(1);
                continue;
            }
            any = true;
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LONGEST.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.after_cr = end.is_some_and(|end| bytes[end] == b'\r');
            self.input.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(true);
            }
        }
    }
}
