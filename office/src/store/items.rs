//! Rows of the stock: chips and meters, and what happened to them.

use super::base::{Store, tick};
use super::error::StoreError;
use super::query;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params};
use scheme::numbers::Serial;
use scheme::profile::CardKind;

/// Kind code of a meter in the store; card kinds have their kind byte.
const METER: u8 = 64;

/// What a row of the stock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A chip, blank or issued, of a kind of card.
    Card(CardKind),
    /// A meter.
    Meter,
}

impl ItemKind {
    /// All kinds of the stock.
    pub fn all() -> impl Iterator<Item = ItemKind> {
        CardKind::ALL.into_iter().map(ItemKind::Card).chain([ItemKind::Meter])
    }

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            ItemKind::Card(kind) => kind.name(),
            ItemKind::Meter => "meter",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        ItemKind::all().find(|kind| kind.name() == name)
    }

    const fn code(self) -> u8 {
        match self {
            ItemKind::Card(kind) => kind.code(),
            ItemKind::Meter => METER,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        ItemKind::all().find(|kind| kind.code() == code)
    }
}

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stage {
    /// A chip as the factory sent it.
    Blank = 1,
    /// An issue of the chip is under way.
    Begun = 2,
    /// A run refused the chip; another may try again.
    Refused = 3,
    /// Issued, or a meter that was made; in the house.
    Issued = 4,
    /// Out of the house.
    Dispatched = 5,
    /// A card at work in its meter or office; a meter at its customer's.
    Fitted = 6,
    /// At the end of its life.
    Retired = 7,
    /// Spoiled or lost.
    Scrapped = 8,
}

impl Stage {
    /// All stages in the order of a life.
    pub const ALL: [Stage; 8] = [
        Stage::Blank,
        Stage::Begun,
        Stage::Refused,
        Stage::Issued,
        Stage::Dispatched,
        Stage::Fitted,
        Stage::Retired,
        Stage::Scrapped,
    ];

    /// The name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Blank => "blank",
            Stage::Begun => "begun",
            Stage::Refused => "refused",
            Stage::Issued => "issued",
            Stage::Dispatched => "dispatched",
            Stage::Fitted => "fitted",
            Stage::Retired => "retired",
            Stage::Scrapped => "scrapped",
        }
    }

    /// The stage of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }

    /// Whether the chip carries, or carried, a number that was issued on it.
    pub const fn was_issued(self) -> bool {
        matches!(self, Stage::Issued | Stage::Dispatched | Stage::Fitted | Stage::Retired)
    }
}

macro_rules! in_a_column {
    ($type:ty, $code:expr, $find:expr) => {
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let code: fn(&$type) -> u8 = $code;
                Ok(i64::from(code(self)).into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let code = value.as_i64()?;
                let find: fn(u8) -> Option<$type> = $find;
                u8::try_from(code).ok().and_then(find).ok_or(FromSqlError::OutOfRange(code))
            }
        }
    };
}

in_a_column!(ItemKind, |kind| kind.code(), ItemKind::from_code);
in_a_column!(Stage, |stage| *stage as u8, |code| Stage::ALL.into_iter().find(|stage| *stage as u8 == code));

/// A row of the stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub(crate) id: i64,
    /// What it is.
    pub kind: ItemKind,
    /// Serial of a chip; `None` for a meter.
    pub serial: Option<Serial>,
    /// Number it is to get or has.
    pub number: Option<String>,
    /// How far it came.
    pub stage: Stage,
    /// Where it is.
    pub place: String,
    /// The box it came in.
    pub box_: String,
    /// Its city, once it has one.
    pub region: Option<String>,
    pub(crate) suite: Option<u8>,
    pub(crate) key_state: Option<u8>,
    /// Whether the chip holds its own master key.
    pub own_master: bool,
    /// Tries of the chip's master key left, when a run was last refused.
    pub tries: Option<u8>,
    /// Time of the last change.
    pub since: String,
    /// Check values of an issued card, as JSON.
    pub checks: Option<String>,
}

impl Item {
    /// What people call it: number and serial.
    pub fn name(&self) -> String {
        let number = self.number.as_deref().map(|number| format!(" {number}")).unwrap_or_default();
        let chip = self.serial.map(|serial| format!(" on chip {serial}")).unwrap_or_default();
        format!("{}{number}{chip}", self.kind.name())
    }
}

/// The columns of an [`Item`], in the order in which [`item`] reads them.
pub(crate) const COLUMNS: &str = "id, kind, serial, number, stage, place, box, region, suite, key_state, \
    own_master, tries, since, checks";

/// Reads a row of [`COLUMNS`].
pub(crate) fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let serial: Option<String> = row.get(2)?;
    Ok(Item {
        id: row.get(0)?,
        kind: row.get(1)?,
        // The column is written from a `Serial`; what is none was written by another hand and is shown as none.
        serial: serial.and_then(|text| text.parse().ok()),
        number: row.get(3)?,
        stage: row.get(4)?,
        place: row.get(5)?,
        box_: row.get(6)?,
        region: row.get(7)?,
        suite: row.get(8)?,
        key_state: row.get(9)?,
        own_master: row.get(10)?,
        tries: row.get(11)?,
        since: row.get(12)?,
        checks: row.get(13)?,
    })
}

/// The chip of a serial.
pub(crate) fn by_serial(conn: &Connection, serial: Serial) -> rusqlite::Result<Option<Item>> {
    query::first(conn, &format!("SELECT {COLUMNS} FROM item WHERE serial = ?1"), [serial.to_string()], item)
}

/// The item of a kind that has a number.
pub(crate) fn by_number(conn: &Connection, kind: ItemKind, number: &str) -> rusqlite::Result<Option<Item>> {
    // Of several the one that is not at its end, or else the newest.
    let sql = format!(
        "SELECT {COLUMNS} FROM item WHERE kind = ?1 AND number = ?2 ORDER BY stage >= {end}, id DESC LIMIT 1",
        end = Stage::Retired as u8
    );
    query::first(conn, &sql, params![kind, number], item)
}

/// A new row, without an event.
pub(crate) struct NewItem<'a> {
    pub kind: ItemKind,
    pub serial: Option<Serial>,
    pub number: Option<&'a str>,
    pub stage: Stage,
    pub place: &'a str,
    pub box_: &'a str,
    pub at: &'a str,
}

pub(crate) fn insert(conn: &Connection, new: &NewItem<'_>) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO item (kind, serial, number, stage, place, box, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .insert(params![
        new.kind,
        new.serial.map(|serial| serial.to_string()),
        new.number,
        new.stage,
        new.place,
        new.box_,
        new.at
    ])
}

/// Writes what happened to an item.
pub(crate) fn note(
    conn: &Connection,
    id: i64,
    at: &str,
    what: &str,
    number: Option<&str>,
    detail: &str,
) -> rusqlite::Result<()> {
    query::change(
        conn,
        "INSERT INTO event (item, at, what, number, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, at, what, number, detail],
    )?;
    tick(conn, at)
}

/// One thing that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Its place in the order of all that happened, from 1.
    pub n: i64,
    /// When.
    pub at: String,
    /// What: `arrived`, `intent`, `own-master`, `issued`, `found`, `failed`, `scrapped`, ...
    pub what: String,
    /// Serial of the chip.
    pub serial: Option<Serial>,
    /// Number it was about.
    pub number: Option<String>,
    /// More, in words without secrets.
    pub detail: String,
}

/// What happened to one item, or to all, in order.
pub(crate) fn happenings(conn: &Connection, id: Option<i64>) -> rusqlite::Result<Vec<Happening>> {
    let sql = "SELECT event.id, event.at, event.what, item.serial, event.number, event.detail \
         FROM event JOIN item ON item.id = event.item WHERE ?1 IS NULL OR event.item = ?1 ORDER BY event.id";
    query::rows(conn, sql, [id], |row| {
        let serial: Option<String> = row.get(3)?;
        Ok(Happening {
            n: row.get(0)?,
            at: row.get(1)?,
            what: row.get(2)?,
            serial: serial.and_then(|text| text.parse().ok()),
            number: row.get(4)?,
            detail: row.get(5)?,
        })
    })
}

/// A value of the store that this program did not write.
pub(crate) fn impossible(place: &'static str, detail: impl Into<String>) -> StoreError {
    StoreError::Value { place, detail: detail.into() }
}

impl Store {
    /// Blanks of a kind in stock.
    pub fn in_stock(&self, kind: ItemKind) -> Result<i64, StoreError> {
        self.value("SELECT count(*) FROM item WHERE kind = ?1 AND stage = ?2", params![kind, Stage::Blank])
    }

    /// Cards issued so far.
    pub fn issued(&self) -> Result<i64, StoreError> {
        self.value("SELECT count(*) FROM item WHERE stage BETWEEN 4 AND 7 AND serial IS NOT NULL", [])
    }

    /// All that happened, in order.
    pub fn happenings(&self) -> Result<Vec<Happening>, StoreError> {
        happenings(self.conn(), None).map_err(self.named())
    }
}
