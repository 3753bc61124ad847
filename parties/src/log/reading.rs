//! What a party's log says, and whether it was touched.

use super::Noted;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use crate::vouch::{self, Origin};
use crate::{home, log};
use office::audit::{AuditFinding, Entry, Hash, LOG, LogEvent, Report, head_of, verify, verify_against};
use scheme::Kind;
use scheme::fault::Told;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// A log to be read.
#[derive(Debug, Clone)]
pub enum Which {
    /// A party's own, by its folder.
    Own(PathBuf),
    /// A copy, of which nothing but the file is known.
    Copy(PathBuf),
}

impl Which {
    fn file(&self) -> PathBuf {
        match self {
            Which::Own(folder) => folder.join(LOG),
            Which::Copy(file) => file.clone(),
        }
    }
}

/// A log to be read with suspicion.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// The log.
    pub which: Which,
    /// A head hash that was written down: the log must still have the line with it.
    pub head: Option<Hash>,
    /// Files that came from this party, or logs of parties that took something from it: the lines they keep must be there.
    pub against: Vec<PathBuf>,
}

/// What was found in a log.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    /// Lines.
    pub lines: u64,
    /// Hash of the last.
    pub head: String,
    /// Stretches torn by a crash and explained by a later line.
    pub torn: u64,
    /// Bytes at the end that a crash tore.
    pub torn_end_bytes: u64,
    /// Lines behind the one the head file names.
    pub behind_head_file: Option<u64>,
    /// Lines behind the one with the head hash that was asked for.
    pub behind_head: Option<u64>,
    /// What is wrong.
    pub findings: Vec<Told>,
    /// The file.
    #[serde(skip)]
    pub file: PathBuf,
    /// Lines that somebody else keeps.
    #[serde(skip)]
    pub anchors: usize,
    /// Cards that were not looked at.
    #[serde(skip)]
    pub absent: Vec<String>,
}

impl VerifyReport {
    /// An error when the log was touched.
    ///
    /// # Errors
    /// That one.
    pub fn must_be_sound(&self) -> Result<()> {
        if self.findings.is_empty() {
            return Ok(());
        }
        Err(refused(format!("{} was touched: {}", self.file.display(), Told::line(&self.findings)))
            .code("log-touched")
            .hint("the last countersigned export says what stood there")
            .into())
    }
}

/// Reads a log with suspicion; of a party's own also what its store, its cards and its operators say.
///
/// # Errors
/// Something cannot be read; what is wrong with the log is no error yet.
pub fn check(session: &Session, request: &VerifyRequest) -> Result<VerifyReport> {
    let path = request.which.file();
    let folder = match &request.which {
        Which::Own(folder) => Some(folder.as_path()),
        Which::Copy(_) => None,
    };
    let mut anchors = folder.map_or_else(|| Ok(Vec::new()), vouch::kept)?;
    if let Some(party) = folder.map(home::owner).transpose()?.flatten() {
        anchors.extend(vouch::files(party, &request.against)?);
    } else if !request.against.is_empty() {
        return Err(Failure::new(Kind::Usage, "--against is for a party's own log, not for a copy").into());
    }
    let mut operators = None;
    let each = |entry: &Entry| operators = vouch::operators_line(entry).or(operators.take());
    // An office whose log is gone altogether has its cards left to speak.
    let gone = folder.is_some() && !path.exists() && anchors.is_empty();
    let mut found =
        if gone { Report::default() } else { verify_against(&path, request.head, &anchors, each)? };
    let mut absent = Vec::new();
    if let Some(folder) = folder {
        // A copy has no head file; a party's own log has.
        if found.head.lines > 0 && head_of(&path)?.is_none() {
            found.findings.insert(0, AuditFinding::HeadGone { found: found.head.lines });
        }
        found.findings.extend(vouch::operators(folder, operators)?);
        let (findings, not_there) = vouch::cards(session, folder)?;
        found.findings.extend(findings);
        absent = not_there;
    }
    Ok(VerifyReport {
        lines: found.head.lines,
        head: found.head.hash.to_string(),
        torn: found.torn,
        torn_end_bytes: found.torn_end,
        behind_head_file: found.behind_head_file,
        behind_head: found.behind_head,
        findings: found.findings.iter().map(Told::of).collect(),
        file: path,
        anchors: anchors.len(),
        absent,
    })
}

/// The last acts of a log.
#[derive(Debug, Clone, Serialize)]
pub struct ShowReport {
    /// Each of them.
    pub entries: VecDeque<Entry>,
    /// Lines in all.
    pub lines: u64,
    /// The file.
    #[serde(skip)]
    pub file: PathBuf,
    /// Nothing is wrong with the log itself.
    #[serde(skip)]
    pub sound: bool,
}

impl ShowReport {
    /// An error when the log was touched.
    ///
    /// # Errors
    /// That one.
    pub fn must_be_sound(&self) -> Result<()> {
        if self.sound {
            return Ok(());
        }
        let words = format!("{} was touched", self.file.display());
        Err(refused(words).hint("see `audit verify`").into())
    }
}

/// Reads the last acts.
///
/// # Errors
/// The log cannot be read.
pub fn show(which: &Which, last: usize) -> Result<ShowReport> {
    let file = which.file();
    let mut entries = VecDeque::new();
    let found = verify(&file, None, |entry| {
        entries.push_back(entry.clone());
        if entries.len() > last {
            entries.pop_front();
        }
    })?;
    Ok(ShowReport { entries, lines: found.head.lines, file, sound: found.is_sound() })
}

/// Where a log ends.
#[derive(Debug, Clone, Serialize)]
pub struct HeadReport {
    /// Whose it is.
    pub party: String,
    /// When it was looked at.
    pub at: String,
    /// Lines.
    pub lines: u64,
    /// Hash of the last.
    pub head: Hash,
}

/// Looks where a party's log ends; nothing is noted.
///
/// # Errors
/// It cannot be read.
pub fn head(session: &Session, folder: &Path) -> Result<HeadReport> {
    let origin = Origin::of(folder)?;
    Ok(HeadReport {
        party: origin.party,
        at: session.now()?.to_string(),
        lines: origin.lines,
        head: origin.hash,
    })
}

/// A log that was exported.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// Lines.
    pub lines: u64,
    /// Hash of the last.
    pub head: String,
    /// The copy.
    pub copy: Option<String>,
    /// The log.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Copies a log. The export stands in the log itself, so that the copies can be counted.
///
/// # Errors
/// The log was touched; the copy cannot be written.
pub fn export(session: &Session, folder: &Path, out: Option<&Path>) -> Result<ExportReport> {
    let file = folder.join(LOG);
    let found = verify(&file, None, |_| {})?;
    if !found.is_sound() {
        return Err(refused(format!("{} was touched; it is not exported", file.display()))
            .hint("see `audit verify`")
            .into());
    }
    let facts = [("lines", found.head.lines.to_string()), ("head", found.head.hash.to_string())];
    log::note(session, folder, Noted { facts: &facts, ..Noted::of(LogEvent::Export) })?;
    let found = verify(&file, None, |_| {})?;
    if let Some(out) = out {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        home::write(out, &bytes)?;
    }
    Ok(ExportReport {
        lines: found.head.lines,
        head: found.head.hash.to_string(),
        copy: out.map(|out| out.display().to_string()),
        file,
    })
}
