//! The bank's files that were taken: of which day each is, and what its comparison with the books gave (docs/specs/bank.md 4).

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, parsed, time};
use crate::store::View;
use scheme::moment::{Day, Moment};

/// A file of the bank that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile {
    /// Its number.
    pub id: i64,
    /// The day it is of.
    pub day: Day,
    /// When it was taken.
    pub at: Moment,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
    /// Entries that the books have as well.
    pub equal: u32,
    /// Entries that were the bank's word on a payment that waited for it.
    pub decided: u32,
    /// Differences of each heap: in the books alone, in the file alone, in both with another amount.
    pub ours_only: u32,
    /// The same, in the file alone.
    pub theirs_only: u32,
    /// The same, with another amount.
    pub other_amount: u32,
    /// Differences that nobody has cleared.
    pub open: u32,
}

const SELECT: &str = "SELECT f.id AS id, f.day AS day, f.at AS at, f.hash AS hash, \
     (SELECT count(*) FROM bank_entry e WHERE e.file = f.id AND e.heap = 'equal') AS equal, \
     (SELECT count(*) FROM bank_entry e WHERE e.file = f.id AND e.heap = 'decided') AS decided, \
     (SELECT count(*) FROM bank_difference d WHERE d.file = f.id AND d.heap = 'ours-only') AS ours, \
     (SELECT count(*) FROM bank_difference d WHERE d.file = f.id AND d.heap = 'theirs-only') AS theirs, \
     (SELECT count(*) FROM bank_difference d WHERE d.file = f.id AND d.heap = 'other-amount') AS other, \
     (SELECT count(*) FROM bank_difference d JOIN finding n ON n.id = d.finding WHERE d.file = f.id AND n.cleared IS NULL) AS open \
     FROM bank_file f";

fn taken(row: &Row<'_>) -> Result<TakenFile, StoreError> {
    Ok(TakenFile {
        id: column(row, "id")?,
        day: parsed(row, "day")?,
        at: time(row, "at")?,
        hash: bytes(row, "hash")?,
        equal: column(row, "equal")?,
        decided: column(row, "decided")?,
        ours_only: column(row, "ours")?,
        theirs_only: column(row, "theirs")?,
        other_amount: column(row, "other")?,
        open: column(row, "open")?,
    })
}

impl View<'_> {
    /// The files that were taken, the newest day first.
    pub(crate) fn bank_files(&self, most: u32) -> Result<Vec<TakenFile>, StoreError> {
        self.conn.all(&format!("{SELECT} ORDER BY f.day DESC, f.id DESC LIMIT ?1"), params![most], taken)
    }

    /// A file that was taken.
    pub(crate) fn bank_file(&self, id: i64) -> Result<Option<TakenFile>, StoreError> {
        self.conn.first(&format!("{SELECT} WHERE f.id = ?1"), params![id], taken)
    }
}
