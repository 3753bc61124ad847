//! Reading a log with suspicion.

use super::entry::{self, Entry, Hash, LogEvent};
use super::error::{AuditError, AuditFinding};
use super::file;
use super::head::Head;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Findings that are told one by one; a file that is something else altogether has one a line.
const MOST: usize = 20;

/// What reading a log came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Where it ends.
    pub head: Head,
    /// What is wrong, in the order of the lines; the first twenty.
    pub findings: Vec<AuditFinding>,
    /// Stretches torn by a crash and explained by a later line.
    pub torn: u64,
    /// Bytes at the end that a crash tore; nothing explains them yet.
    pub torn_end: u64,
    /// Lines behind the one the head file names: written by a run that broke off, or added.
    pub behind_head_file: Option<u64>,
    /// Lines behind the one with the head hash that was asked for.
    pub behind_head: Option<u64>,
}

impl Report {
    /// Nothing found.
    pub const fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A line of the log that somebody keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Who keeps it, in words: the store, a file of the city.
    pub by: String,
    /// The line and its hash.
    pub head: Head,
}

/// Reads the log at `path` and hands each readable entry to `each`. `expected` is a head hash that was written down
/// elsewhere: a line of the log must have it.
pub fn verify(path: &Path, expected: Option<Hash>, each: impl FnMut(&Entry)) -> Result<Report, AuditError> {
    verify_against(path, expected, &[], each)
}

/// As [`verify`], against lines that others keep as well. A log that is not there has no line.
pub fn verify_against(
    path: &Path,
    expected: Option<Hash>,
    anchors: &[Anchor],
    mut each: impl FnMut(&Entry),
) -> Result<Report, AuditError> {
    let fail = |source| AuditError::Io { path: path.to_owned(), doing: "read", source };
    let kept = file::read_head(path)?;
    let mut walk = Walk { expected, kept, anchors: anchors.to_vec(), ..Walk::default() };
    let mut reader = match File::open(path) {
        Ok(file) => BufReader::new(file),
        Err(error)
            if error.kind() == std::io::ErrorKind::NotFound && !(anchors.is_empty() && kept.is_none()) =>
        {
            return Ok(walk.end());
        }
        Err(error) => return Err(fail(error)),
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(fail)? == 0 {
            break;
        }
        if let Some(entry) = walk.line(&line) {
            each(&entry);
        }
    }
    Ok(walk.end())
}

#[derive(Default)]
struct Walk {
    expected: Option<Hash>,
    kept: Option<Head>,
    /// Lines of the file, torn ones counted.
    place: u64,
    head: Head,
    last: Option<String>,
    findings: Vec<AuditFinding>,
    /// Bytes since the last readable line.
    unread: Vec<u8>,
    unread_from: u64,
    torn: u64,
    expected_at: Option<u64>,
    kept_at: Option<u64>,
    /// Those no line was found for yet.
    anchors: Vec<Anchor>,
}

impl Walk {
    fn find(&mut self, finding: AuditFinding) {
        if self.findings.len() < MOST {
            self.findings.push(finding);
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Option<Entry> {
        self.place += 1;
        // Of a whole line at the end a crash may have torn off the line end alone.
        let Some(read) = entry::read(bytes.strip_suffix(b"\n").unwrap_or(bytes)) else {
            if self.unread.is_empty() {
                self.unread_from = self.place;
            }
            self.unread.extend_from_slice(bytes);
            return None;
        };
        self.explain(&read.entry);
        let (place, no) = (self.place, self.head.lines + 1);
        if read.stated != read.computed {
            self.find(AuditFinding::Changed { place });
        }
        if read.entry.no != no {
            self.find(AuditFinding::Number { place, expected: no, found: read.entry.no });
        }
        if read.entry.prev != self.head.hash {
            self.find(AuditFinding::Chain { place });
        }
        self.time(&read.entry);
        self.head = Head { lines: read.entry.no, hash: read.stated };
        if self.expected == Some(read.stated) {
            self.expected_at = Some(read.entry.no);
        }
        let here = self.head;
        self.anchors.retain(|anchor| anchor.head != here);
        if let Some(kept) = self.kept
            && kept.lines == read.entry.no
            && kept.hash == read.stated
        {
            self.kept_at = Some(read.entry.no);
        }
        Some(read.entry)
    }

    /// Unreadable bytes before a line are torn when that line says so, byte for byte; else somebody changed them.
    fn explain(&mut self, entry: &Entry) {
        if self.unread.is_empty() {
            if entry.act == LogEvent::Torn {
                self.find(AuditFinding::TornGone { place: self.place });
            }
            return;
        }
        // The line end that the mending put behind them is not among them.
        let unread = std::mem::take(&mut self.unread);
        let mut candidates = [Some(unread.as_slice()), unread.strip_suffix(b"\n")].into_iter().flatten();
        let stated = entry.facts.get("sha256");
        let explained = entry.act == LogEvent::Torn
            && candidates.any(|bytes| stated == Some(&Hash::of(bytes).to_string()));
        if explained {
            self.torn += 1;
        } else {
            self.find(AuditFinding::Unreadable { from: self.unread_from, to: self.place - 1 });
        }
    }

    /// A clock that went back says so in its line.
    fn time(&mut self, entry: &Entry) {
        if let Some(last) = &self.last
            && entry.at < *last
            && entry.behind.is_none()
        {
            let (last, found) = (last.clone(), entry.at.clone());
            self.find(AuditFinding::Time { place: self.place, last, found });
        }
        if entry.act != LogEvent::Clock {
            self.last = Some(entry.at.clone());
        }
    }

    fn end(mut self) -> Report {
        let lines = self.head.lines;
        if let Some(kept) = self.kept
            && self.kept_at.is_none()
            && kept.lines > 0
        {
            self.find(AuditFinding::HeadFile { kept: kept.lines, found: lines });
        }
        for anchor in std::mem::take(&mut self.anchors) {
            self.find(AuditFinding::Vouched { by: anchor.by, kept: anchor.head.lines, found: lines });
        }
        if self.expected.is_some() && self.expected_at.is_none() {
            self.find(AuditFinding::Head { found: lines });
        }
        Report {
            head: self.head,
            torn: self.torn,
            torn_end: self.unread.len() as u64,
            behind_head_file: self.kept_at.map(|at| lines.saturating_sub(at)),
            behind_head: self.expected_at.map(|at| lines.saturating_sub(at)),
            findings: self.findings,
        }
    }
}
