//! Claims on chips and numbers: who may be issued, and what an issue comes to.

use super::items::{self, Item, ItemKind, NewItem, Stage};
use super::{Store, StoreError};
use crate::ids::Serial;
use crate::journal::{Event, JournalError, KeyRecord, Subject};
use crate::messages::Claim;
use rusqlite::{Connection, params};

/// Where a chip is that nobody put anywhere.
pub(crate) const HOUSE: &str = "house";

/// Whether the card may be issued: neither its chip nor its number (of its kind) was issued before, and no other
/// card is under way with either.
fn check(conn: &Connection, subject: &Subject) -> Result<(), ClaimError> {
    let kind = ItemKind::Card(subject.kind);
    let number = subject.number.to_string();
    let chip = items::by_serial(conn, subject.serial)?;
    if let Some(chip) = &chip {
        let claim = || Box::new(Claim::of(chip));
        match chip.stage {
            stage if stage.was_issued() => return Err(JournalError::ChipIssued { other: claim() }.into()),
            Stage::Scrapped => return Err(JournalError::ChipScrapped { other: claim() }.into()),
            Stage::Begun if !same(chip, subject) => {
                return Err(JournalError::ChipUnderWay { other: claim() }.into());
            }
            _ if chip.kind != kind => {
                return Err(JournalError::ChipOfKind { other: claim(), wanted: subject.kind }.into());
            }
            _ => {}
        }
    }
    let holder = items::by_number(conn, kind, &number)?;
    if let Some(holder) = holder.filter(|holder| holder.serial != Some(subject.serial)) {
        let other = Box::new(Claim::of(&holder));
        return Err(match holder.stage {
            Stage::Begun => JournalError::NumberUnderWay { other },
            _ => JournalError::NumberIssued { other },
        }
        .into());
    }
    Ok(())
}

/// Whether the claim of a chip is for this very card.
fn same(chip: &Item, subject: &Subject) -> bool {
    chip.kind == ItemKind::Card(subject.kind)
        && chip.number == Some(subject.number.to_string())
        && chip.region == Some(subject.region.to_string())
        && chip.suite == Some(subject.suite.code())
        && chip.key_state == Some(subject.state.code())
}

/// What stands between a wish and a claim.
#[derive(Debug)]
enum ClaimError {
    Sql(rusqlite::Error),
    Journal(JournalError),
}

impl From<rusqlite::Error> for ClaimError {
    fn from(error: rusqlite::Error) -> Self {
        ClaimError::Sql(error)
    }
}

impl From<JournalError> for ClaimError {
    fn from(error: JournalError) -> Self {
        ClaimError::Journal(error)
    }
}

impl ClaimError {
    /// As the journal says it, with the store's file named.
    fn named(self, path: &std::path::Path) -> JournalError {
        match self {
            ClaimError::Sql(error) => StoreError::of(path, error).into(),
            ClaimError::Journal(error) => error,
        }
    }
}

/// The row of a chip, made when there is none.
pub(crate) fn row(conn: &Connection, subject: &Subject, at: &str) -> rusqlite::Result<i64> {
    if let Some(chip) = items::by_serial(conn, subject.serial)? {
        return Ok(chip.id);
    }
    items::insert(
        conn,
        &NewItem {
            kind: ItemKind::Card(subject.kind),
            serial: Some(subject.serial),
            number: None,
            stage: Stage::Blank,
            place: HOUSE,
            box_: "",
            at,
        },
    )
}

/// Puts the identity of a card and a stage on a chip.
fn set(
    conn: &Connection,
    id: i64,
    subject: &Subject,
    stage: Stage,
    checks: Option<&str>,
    at: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE item SET number = ?2, stage = ?3, region = ?4, suite = ?5, key_state = ?6, since = ?7, \
         checks = ?8, own_master = own_master OR ?9, tries = CASE ?9 WHEN 1 THEN NULL ELSE tries END WHERE id = ?1",
    )?
    .execute(params![
        id,
        subject.number.to_string(),
        stage,
        subject.region.to_string(),
        subject.suite.code(),
        subject.state.code(),
        at,
        checks,
        stage == Stage::Issued,
    ])
    .map(drop)
}

/// Takes the number off a chip that did not become it.
pub(crate) fn release(
    conn: &Connection,
    id: i64,
    stage: Stage,
    tries: Option<u8>,
    at: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE item SET number = NULL, stage = ?2, tries = coalesce(?3, tries), since = ?4 WHERE id = ?1",
    )?
    .execute(params![id, stage, tries, at])
    .map(drop)
}

/// Check values as the store keeps them.
pub(crate) fn checks(keys: &[KeyRecord]) -> String {
    serde_json::to_string(keys).unwrap_or_default() // a list of plain texts always has a JSON form
}

/// Does to the stock what happened to a card.
pub(crate) fn apply(conn: &Connection, at: &str, event: &Event) -> rusqlite::Result<()> {
    let note = |id: i64, subject: &Subject, what: &str, detail: &str| {
        items::note(conn, id, at, what, Some(&subject.number.to_string()), detail)
    };
    match event {
        Event::Torn { .. } => Ok(()),
        Event::Intent { subject } => {
            let id = row(conn, subject, at)?;
            set(conn, id, subject, Stage::Begun, None, at)?;
            note(id, subject, "intent", "")
        }
        Event::OwnMaster { serial } => {
            let Some(chip) = items::by_serial(conn, *serial)? else { return Ok(()) };
            conn.prepare_cached("UPDATE item SET own_master = 1, tries = NULL, since = ?2 WHERE id = ?1")?
                .execute(params![chip.id, at])?;
            items::note(conn, chip.id, at, "own-master", chip.number.as_deref(), "")
        }
        Event::Issued { subject, keys, apdus } => {
            let id = row(conn, subject, at)?;
            set(conn, id, subject, Stage::Issued, Some(&checks(keys)), at)?;
            note(id, subject, "issued", &format!("{apdus} commands"))
        }
        Event::Found { subject } => {
            let id = row(conn, subject, at)?;
            set(conn, id, subject, Stage::Issued, None, at)?;
            note(id, subject, "found", "finished by an earlier run")
        }
        Event::Failed { subject, why, tries_left } => {
            let id = row(conn, subject, at)?;
            release(conn, id, Stage::Refused, *tries_left, at)?;
            note(id, subject, "failed", why)
        }
    }
}

impl Store {
    /// The chip of a serial.
    pub fn chip(&self, serial: Serial) -> Result<Option<Item>, StoreError> {
        items::by_serial(self.conn(), serial).map_err(self.named())
    }

    /// The item of a kind with a number.
    pub fn numbered(&self, kind: ItemKind, number: &str) -> Result<Option<Item>, StoreError> {
        items::by_number(self.conn(), kind, number).map_err(self.named())
    }

    pub(crate) fn check(&self, subject: &Subject) -> Result<(), JournalError> {
        check(self.conn(), subject).map_err(|error| error.named(self.path()))
    }

    /// Whether an intent for this very card is open.
    pub(crate) fn awaits(&self, subject: &Subject) -> Result<bool, StoreError> {
        let chip = self.chip(subject.serial)?;
        Ok(chip.is_some_and(|chip| chip.stage == Stage::Begun && same(&chip, subject)))
    }

    /// Notes what happened, and what the stock is by it.
    pub(crate) fn happened(&mut self, at: &str, event: &Event) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| apply(tx, at, event).map_err(|error| StoreError::of(&path, error)))
    }

    /// Blanks of a kind in stock.
    pub fn in_stock(&self, kind: ItemKind) -> Result<i64, StoreError> {
        self.conn()
            .query_row("SELECT count(*) FROM item WHERE kind = ?1 AND stage = ?2", params![kind, Stage::Blank], |row| {
                row.get(0)
            })
            .map_err(self.named())
    }

    /// Cards issued so far.
    pub fn issued(&self) -> Result<i64, StoreError> {
        self.conn()
            .query_row("SELECT count(*) FROM item WHERE stage BETWEEN 4 AND 7 AND serial IS NOT NULL", [], |row| {
                row.get(0)
            })
            .map_err(self.named())
    }

    /// All that happened, in order.
    pub fn happenings(&self) -> Result<Vec<items::Happening>, StoreError> {
        items::happenings(self.conn(), None).map_err(self.named())
    }
}
