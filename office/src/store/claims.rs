//! Claims on chips and numbers: who may be issued, and what an issue comes to.

use super::base::Store;
use super::delivery::{self, Particulars};
use super::error::StoreError;
use super::items::{self, Item, ItemKind, NewItem, Stage};
use super::query;
use crate::journal::entry::{Event, KeyRecord, Subject};
use crate::journal::error::{Claim, JournalError};
use issue::life::{self, Passing};
use rusqlite::{Connection, params};
use scheme::numbers::{DeviceNumber, Serial};
use scheme::profile::{CardKind, State};

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
    let holder = holder.filter(|holder| holder.serial != Some(subject.serial));
    // The chip in a meter can be exchanged for another of its number; the key version has to rise then.
    let at_its_end = |holder: &Item| {
        subject.kind == CardKind::Esam && matches!(holder.stage, Stage::Retired | Stage::Scrapped)
    };
    if let Some(holder) = holder.filter(|holder| !at_its_end(holder)) {
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
    query::change(conn, "UPDATE item SET number = ?2, stage = ?3, region = ?4, suite = ?5, key_state = ?6, since = ?7, \
         checks = ?8, own_master = own_master OR ?9, tries = CASE ?9 WHEN 1 THEN NULL ELSE tries END WHERE id = ?1", params![
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
    query::change(
        conn,
        "UPDATE item SET number = NULL, stage = ?2, tries = coalesce(?3, tries), since = ?4 WHERE id = ?1",
        params![id, stage, tries, at],
    )
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
            query::change(
                conn,
                "UPDATE item SET own_master = 1, tries = NULL, since = ?2 WHERE id = ?1",
                params![chip.id, at],
            )?;
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
        Event::Passage { .. } | Event::Passed { .. } | Event::NotPassed { .. } => passage(conn, at, event),
        Event::Revoked { kind, number, why } => of_number(conn, at, *kind, *number, "revoked", why),
        Event::Pairing { number } => {
            of_number(conn, at, CardKind::Psam, *number, "pairing", "with a server, begun")
        }
        Event::Paired { number } => of_number(conn, at, CardKind::Psam, *number, "paired", "with a server"),
        Event::Limit { kind, number, limit } => {
            let words = limit.map_or("no limit".to_owned(), |limit| limit.to_string());
            of_number(conn, at, *kind, *number, "limit", &words)
        }
        Event::Retired { kind, number, serial } => {
            of_number(conn, at, *kind, *number, "retired", &format!("keys destroyed, chip {serial}"))?;
            let Some(item) = items::by_number(conn, ItemKind::Card(*kind), &number.to_string())? else {
                return Ok(());
            };
            query::change(
                conn,
                "UPDATE item SET stage = ?2, tries = NULL, since = ?3 WHERE id = ?1",
                params![item.id, Stage::Retired, at],
            )
            .map(drop)
        }
    }
}

/// Notes what happened to an issued card that is known by its number alone.
fn of_number(
    conn: &Connection,
    at: &str,
    kind: CardKind,
    number: DeviceNumber,
    what: &str,
    words: &str,
) -> rusqlite::Result<()> {
    let (kind, number) = (ItemKind::Card(kind), number.to_string());
    let id = match items::by_number(conn, kind, &number)? {
        Some(item) => item.id,
        // Issued before this store began, or elsewhere.
        None => items::insert(
            conn,
            &NewItem {
                kind,
                serial: None,
                number: Some(&number),
                stage: Stage::Issued,
                place: "unknown",
                box_: "",
                at,
            },
        )?,
    };
    items::note(conn, id, at, what, Some(&number), words)
}

/// Notes a passage in an ESAM's life. The intent carries all of it, so that a run that broke off is found again.
fn passage(conn: &Connection, at: &str, event: &Event) -> rusqlite::Result<()> {
    let (passing, what) = match event {
        Event::Passage { passing } => (passing, PASSAGE),
        Event::Passed { passing, .. } => (passing, "passed"),
        Event::NotPassed { passing, .. } => (passing, "not-passed"),
        _ => return Ok(()),
    };
    let number = passing.number.to_string();
    let id = match items::by_serial(conn, passing.serial)? {
        Some(chip) => {
            // A number card gave its meter another number than it was heard of under.
            let free = items::by_number(conn, ItemKind::Card(CardKind::Esam), &number)?.is_none();
            if chip.number.as_deref() != Some(&number) && free {
                query::change(conn, "UPDATE item SET number = ?2 WHERE id = ?1", params![chip.id, number])?;
            }
            chip.id
        }
        // Issued before this store began. Its number may stand on another chip by now; the history names it.
        None => {
            let kind = ItemKind::Card(CardKind::Esam);
            let free = items::by_number(conn, kind, &number)?.is_none();
            let number = free.then_some(number.as_str());
            let (stage, place) = (Stage::Fitted, "unknown");
            let serial = Some(passing.serial);
            items::insert(conn, &NewItem { kind, serial, number, stage, place, box_: "", at })?
        }
    };
    let detail = match event {
        Event::Passage { .. } => serde_json::to_string(passing).unwrap_or_default(), // plain numbers and names
        Event::Passed { keys, .. } => {
            let end = passing.act == life::LifeChange::Retire;
            query::change(
                conn,
                "UPDATE item SET tries = NULL, checks = ?2, since = ?3, stage = CASE ?4 WHEN 1 THEN ?5 ELSE stage END, \
                 key_version = CASE ?4 WHEN 1 THEN key_version ELSE ?6 END, key_state = coalesce(?7, key_state), \
                 state_since = CASE WHEN ?7 IS NULL THEN state_since ELSE ?6 END WHERE id = ?1",
                params![
                    id,
                    checks(keys),
                    at,
                    end,
                    Stage::Retired,
                    passing.to_version,
                    passing.act.state().map(State::code)
                ],
            )?;
            format!(
                "{}, version {:02X} to {:02X}",
                passing.act.words(),
                passing.from_version,
                passing.to_version
            )
        }
        Event::NotPassed { why, tries_left, .. } => {
            query::change(
                conn,
                "UPDATE item SET tries = coalesce(?2, tries), since = ?3 WHERE id = ?1",
                params![id, tries_left, at],
            )?;
            why.clone()
        }
        _ => String::new(),
    };
    items::note(conn, id, at, what, Some(&number), &detail)
}

/// The word of a passage's intent in the history.
const PASSAGE: &str = "passage";

impl Store {
    /// The chip of a serial.
    pub fn chip(&self, serial: Serial) -> Result<Option<Item>, StoreError> {
        items::by_serial(self.conn(), serial).map_err(self.named())
    }

    /// Whether nothing was ever in it: no item, no batch.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn knows_nothing(&self) -> Result<bool, StoreError> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM item) AND NOT EXISTS (SELECT 1 FROM batch)";
        self.value(sql, [])
    }

    /// The item of a kind with a number.
    pub fn numbered(&self, kind: ItemKind, number: &str) -> Result<Option<Item>, StoreError> {
        items::by_number(self.conn(), kind, number).map_err(self.named())
    }

    /// Cards of a kind that were issued, whatever became of them since.
    pub fn issued_of(&self, kind: ItemKind) -> Result<Vec<Item>, StoreError> {
        let sql = format!(
            "SELECT {} FROM item WHERE kind = ?1 AND serial IS NOT NULL AND stage BETWEEN 4 AND 7 ORDER BY number",
            items::COLUMNS
        );
        self.rows(&sql, [kind], items::item)
    }

    pub(crate) fn check(&self, subject: &Subject) -> Result<(), JournalError> {
        check(self.conn(), subject).map_err(|error| error.named(self.path()))
    }

    /// Whether an intent for this very card is open.
    pub(crate) fn awaits(&self, subject: &Subject) -> Result<bool, StoreError> {
        let chip = self.chip(subject.serial)?;
        Ok(chip.is_some_and(|chip| chip.stage == Stage::Begun && same(&chip, subject)))
    }

    /// The passage of a chip whose outcome was never written.
    pub(crate) fn open_passage(&self, serial: Serial) -> Result<Option<Passing>, StoreError> {
        let last: Option<(String, String)> = self.first(
            "SELECT what, detail FROM event WHERE item = (SELECT id FROM item WHERE serial = ?1) \
             AND what IN ('passage', 'passed', 'not-passed') ORDER BY id DESC LIMIT 1",
            [serial.to_string()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        match last {
            Some((what, detail)) if what == PASSAGE => serde_json::from_str(&detail)
                .map(Some)
                .map_err(|error| items::impossible("event.detail", error.to_string())),
            _ => Ok(None),
        }
    }

    /// A number whose chip is at its end goes to another one under a higher key version alone.
    pub(crate) fn must_rise(&self, subject: &Subject, version: u8) -> Result<(), JournalError> {
        // What was issued before the store kept versions may have had any.
        let sql = "SELECT coalesce(max(coalesce(key_version, 255)), 0) FROM item \
                   WHERE kind = ?1 AND number = ?2 AND serial IS NOT ?3 AND stage >= ?4";
        let number = subject.number.to_string();
        let serial = subject.serial.to_string();
        let kind = ItemKind::Card(subject.kind);
        let had: u8 = self.value(sql, params![kind, number, serial, Stage::Retired])?;
        if version > had { Ok(()) } else { Err(JournalError::NumberOfVersion { number, had, version }) }
    }

    /// Notes what the bank is to be told of a chip that becomes a card.
    pub(crate) fn note_plan(&mut self, serial: Serial, particulars: Particulars) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            delivery::note_plan(tx, serial, particulars).map_err(|error| StoreError::of(&path, error))
        })
    }

    /// Notes what happened, and what the stock is by it.
    pub(crate) fn happened(&mut self, at: &str, event: &Event) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| apply(tx, at, event).map_err(|error| StoreError::of(&path, error)))
    }
}
