//! An open log.

use super::entry::{Card, Ending, Entry, Hash, LogEvent};
use super::error::AuditError;
use super::file::{LogFile, Torn};
use super::head::Head;
use scheme::numbers::CheckValue;
use std::path::Path;

/// An open log. While it is open no other process can open it.
#[derive(Debug)]
pub struct Audit {
    file: LogFile,
    who: String,
    /// Time of the last act, which no later one may precede.
    last: Option<String>,
    /// The time the clock fell behind, when that was allowed.
    behind: Option<String>,
}

impl Audit {
    /// Opens the log at `path`, or begins one, for acts of `who`. With `every_line` each line is on the disk before
    /// the next act; otherwise at [`Audit::sync`].
    ///
    /// # Errors
    /// Another process has it open; its end is not what the head file says.
    pub fn open(path: &Path, who: &str, every_line: bool) -> Result<Self, AuditError> {
        let (file, last) = LogFile::open(path, every_line)?;
        let last = last.map(|entry| match entry.act {
            // An act that a clock refused did not set a time.
            LogEvent::Clock => entry.behind.unwrap_or(entry.at),
            _ => entry.at,
        });
        Ok(Audit { file, who: who.to_owned(), last, behind: None })
    }

    /// From now on acts are those of `who`.
    pub fn acts(&mut self, who: &str) {
        who.clone_into(&mut self.who);
    }

    /// Time of the last act, which no later one may precede; `None` before the first.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The torn end of the file, if a crash left one; the next line explains it.
    pub const fn torn(&self) -> Option<&Torn> {
        self.file.torn()
    }

    /// Where the log ends.
    pub const fn head(&self) -> Head {
        self.file.head()
    }

    /// Compares the end with what somebody else keeps of this log. A log that grew since is read by `audit verify` alone.
    ///
    /// # Errors
    /// The log is shorter, or its line of that number another one.
    pub fn must_have(&self, by: &str, kept: Head) -> Result<(), AuditError> {
        let head = self.head();
        if kept.lines < head.lines || kept == head {
            return Ok(());
        }
        let path = self.file.path().to_owned();
        Err(AuditError::Vouched { path, by: by.to_owned(), kept: kept.lines, found: head.lines })
    }

    /// Looks at the clock before an act. One that went back is logged with both times, and refused unless `allowed`.
    pub fn clock(&mut self, at: &str, allowed: bool) -> Result<(), AuditError> {
        let Some(last) = self.last.clone().filter(|last| at < last.as_str()) else { return Ok(()) };
        self.behind = Some(last.clone());
        if allowed {
            return Ok(());
        }
        let refused = Ending::Refused { why: "the clock went back".to_owned() };
        self.add(at, LogEvent::Clock, None, &[], refused, &[])?;
        Err(AuditError::ClockBack { last, now: at.to_owned() })
    }

    /// Adds a line: an act and how it ended. `facts` are words without secrets.
    pub fn add(
        &mut self,
        at: &str,
        act: LogEvent,
        card: Option<Card>,
        keys: &[(String, CheckValue)],
        outcome: Ending,
        facts: &[(&str, String)],
    ) -> Result<(), AuditError> {
        let clock = act == LogEvent::Clock;
        let behind = self.behind.clone().filter(|last| at < last.as_str());
        let entry = Entry {
            no: 0,
            at: at.to_owned(),
            behind,
            who: self.who.clone(),
            act,
            card,
            check_values: keys.iter().cloned().collect(),
            outcome,
            facts: facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            prev: Hash::default(),
        };
        self.file.append(entry)?;
        if !clock {
            self.last = Some(at.to_owned());
        }
        Ok(())
    }

    /// Waits until every line is on the disk, and sets the head file.
    pub fn sync(&mut self) -> Result<(), AuditError> {
        self.file.sync()
    }
}
