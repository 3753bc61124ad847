//! The bank's file of a day against the books, and what two people make of a difference.

use super::desk::Desk;
use super::findings::{ClearReport, ClearRequest};
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result};
use scheme::moment::Day;
use scheme::names;
use serde::{Deserialize, Serialize};
use server::{BankFile, ClearError, Cleared, Difference};
use std::borrow::Cow;
use std::path::Path;

/// What came of a file of the bank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReconcileReport {
    /// The day it is of.
    #[serde(with = "names::text")]
    pub day: Day,
    /// SHA-256 of the file, which the books keep.
    pub hash: String,
    /// The same file was taken before: nothing was done.
    pub again: bool,
    /// Its lines.
    pub entries: usize,
    /// Lines that the books have as well.
    pub equal: u32,
    /// Lines that were the bank's word on a payment that waited for it.
    pub decided: u32,
    /// Lines of an earlier file.
    pub known: u32,
    /// In the books, and not in the file.
    pub ours_only: usize,
    /// In the file, and not in the books.
    pub theirs_only: usize,
    /// In both, with another amount.
    pub other_amount: usize,
    /// Each difference, a finding.
    pub differences: Vec<DifferenceLine>,
}

/// A difference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DifferenceLine {
    /// The finding.
    pub finding: i64,
    /// Where it lies.
    pub heap: Cow<'static, str>,
    /// A debit or a reversal.
    pub kind: Cow<'static, str>,
    /// The reference.
    pub reference: String,
    /// What the bank has more than the books.
    pub fen: i64,
}

impl DifferenceLine {
    fn of(difference: Difference) -> Self {
        let Difference { finding, heap, kind, reference, fen } = difference;
        DifferenceLine { finding, heap: heap.into(), kind: kind.into(), reference, fen }
    }
}

/// A difference that was cleared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClearDifferenceReport {
    /// Who cleared what.
    #[serde(flatten)]
    pub cleared: ClearReport,
    /// What was booked: what the bank has more; nothing where no entry was wanted.
    pub booked_fen: i64,
}

/// As [`reconcile`], of a file on the disk.
///
/// # Errors
/// It cannot be read, and those of [`reconcile`].
pub fn reconcile_file(session: &Session, desk: &mut Desk, day: Day, file: &Path) -> Result<ReconcileReport> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    reconcile(session, desk, day, &bytes).with_context(|| file.display().to_string())
}

/// Compares the bank's file of a day with the books. Nothing is adjusted: each difference is a finding.
///
/// # Errors
/// It is no file of a bank, or of another day; nothing of it is kept then.
pub fn reconcile(session: &Session, desk: &mut Desk, day: Day, bytes: &[u8]) -> Result<ReconcileReport> {
    desk.folder(session)?;
    let file = BankFile::read(day, bytes)?;
    let at = session.now()?;
    let compared = desk.books_mut().take_bank_file(&file, at)?;
    let hash = hex::encode(file.hash);
    log::fact(session, "file_sha256", &hash);
    let heap = |name: &str| compared.differences.iter().filter(|difference| difference.heap == name).count();
    let (ours_only, theirs_only, other_amount) =
        (heap("ours-only"), heap("theirs-only"), heap("other-amount"));
    Ok(ReconcileReport {
        day,
        hash,
        again: compared.again,
        entries: file.entries.len(),
        equal: compared.equal,
        decided: compared.decided,
        known: compared.known,
        ours_only,
        theirs_only,
        other_amount,
        differences: compared.differences.into_iter().map(DifferenceLine::of).collect(),
    })
}

/// Two people clear a difference with the bank; `book`: by an entry that names it. `None`: a request for the second person was
/// written in its place.
///
/// # Errors
/// No such difference, one that was cleared, one person alone.
pub fn clear_difference(
    session: &Session,
    desk: &mut Desk,
    request: &ClearRequest,
    book: bool,
) -> Result<Option<ClearDifferenceReport>> {
    let folder = desk.folder(session)?;
    let id = request.finding;
    let finding = desk.books().finding(id)?.ok_or(ClearError::Unknown(id))?;
    let act = "clearing a difference with the bank";
    let Some(two) = two_people(session, &folder, desk.books(), act)? else { return Ok(None) };
    let (by, second) = (two.first.to_string(), two.second());
    log::fact(session, "finding", id);
    log::second(session, &second);
    let cleared = Cleared { at: session.now()?, by, second: Some(second), note: request.note.clone() };
    let booked_fen = desk.books_mut().clear_difference(id, &cleared, book)?;
    log::fact(session, "booked_fen", booked_fen);
    let Cleared { by, second, .. } = cleared;
    let cleared = ClearReport { finding: id, kind: finding.kind.name().into(), by, second };
    Ok(Some(ClearDifferenceReport { cleared, booked_fen }))
}
