//! The bank's journal: a file that only grows, a line of events for each request that changed something, on the medium before the
//! request is answered.

use super::books::{Books, Event};
use parties::trouble::{Context, refused};
use parties::{Failure, Result};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// The books, and where they are kept.
pub struct Kept {
    file: File,
    /// As the file has them.
    pub books: Books,
}

fn unusable(words: String) -> Failure {
    refused(words).code("bank-state")
}

impl Kept {
    /// Opens the journal of a bank, or begins one.
    ///
    /// # Errors
    /// It cannot be read, is of something else, or another bank has it open.
    pub fn open(path: &Path) -> Result<Self> {
        let what = || path.display().to_string();
        let mut file = disk::open_to_append(path).with_context(what)?;
        if file.try_lock().is_err() {
            return Err(unusable(format!("{} is open in another bank", path.display())).into());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(what)?;
        // A line without an end was being written when the bank was killed: nobody was told of it.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).with_context(what)?;
        }
        let mut books = Books::default();
        let lines = String::from_utf8_lossy(&bytes[..whole]).into_owned();
        for (n, line) in lines.lines().enumerate() {
            let events: Vec<Event> = serde_json::from_str(line).map_err(|error| {
                unusable(format!("{}, line {}: no journal of a bank: {error}", path.display(), n + 1))
            })?;
            events.iter().for_each(|event| books.book(event));
        }
        Ok(Kept { file, books })
    }

    /// Books events that belong together, once they are on the medium.
    ///
    /// # Errors
    /// They cannot be written; nothing is booked then.
    pub fn keep(&mut self, events: &[Event]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let line = serde_json::to_string(events)? + "\n";
        self.file.write_all(line.as_bytes())?;
        if disk::waits() {
            self.file.sync_data()?;
        }
        events.iter().for_each(|event| self.books.book(event));
        Ok(())
    }
}
