//! What the store of the meters' makers says of ESAMs that stand in meters, for the city that issued them.

use crate::database;
use crate::store::items::{self, ItemKind, Stage};
use crate::store::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use std::path::{Path, PathBuf};

/// An ESAM that stands in a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMeter {
    /// Serial of the chip.
    pub serial: Serial,
    /// Number of the meter.
    pub meter: String,
}

/// The makers' store, which is only read.
#[derive(Debug)]
pub struct Makers {
    conn: Connection,
    path: PathBuf,
}

impl Makers {
    /// Opens the store to read it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Makers { conn: database::read(path)?, path: path.to_owned() })
    }

    fn at(&self) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        |error| StoreError::of(&self.path, error)
    }

    /// The meter in which a chip stands now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn meter_of(&self, serial: Serial) -> Result<Option<String>, StoreError> {
        let sql = "SELECT number FROM item WHERE serial = ?1 AND kind = ?2 AND stage = ?3";
        let found: Option<Option<String>> = self
            .conn
            .query_row(sql, params![serial.to_string(), ESAM, Stage::Fitted], |row| row.get(0))
            .optional()
            .map_err(self.at())?;
        Ok(found.flatten())
    }

    /// The ESAMs that were fitted after what was heard last, and are in their meters still; and the number of the last thing
    /// that happened there.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn fitted_since(&self, heard: i64) -> Result<(Vec<InMeter>, i64), StoreError> {
        let last: i64 = self
            .conn
            .query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0))
            .map_err(self.at())?;
        let run = || {
            let mut statement = self.conn.prepare(
                "SELECT DISTINCT item.serial, item.number FROM event JOIN item ON item.id = event.item \
                 WHERE event.id > ?1 AND event.id <= ?2 AND event.what = 'fitted' AND item.kind = ?3 AND item.stage = ?4",
            )?;
            let rows = statement.query_map(params![heard, last, ESAM, Stage::Fitted], |row| {
                Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let fitted = run()
            .map_err(self.at())?
            .into_iter()
            .filter_map(|(serial, meter)| Some(InMeter { serial: serial?.parse().ok()?, meter: meter? }));
        Ok((fitted.collect(), last))
    }
}

/// What stands in meters.
const ESAM: ItemKind = ItemKind::Card(CardKind::Esam);

/// The setting that says up to which happening of the makers' store this one has heard.
const HEARD: &str = "heard of meters";

impl Store {
    /// Hears from the makers' store which of its ESAMs were fitted into meters since it last heard; gives how many that were.
    ///
    /// # Errors
    /// One of the stores cannot be read, or this one not written.
    pub fn hear(&mut self, at: &str, makers: &Makers) -> Result<usize, StoreError> {
        let heard: Option<String> = self
            .conn()
            .query_row("SELECT value FROM setting WHERE name = ?1", [HEARD], |row| row.get(0))
            .optional()
            .map_err(self.named())?;
        let heard = heard.and_then(|text| text.parse().ok()).unwrap_or(0);
        let (fitted, last) = makers.fitted_since(heard)?;
        if fitted.is_empty() {
            return Ok(0);
        }
        let path = self.path().to_owned();
        self.act(|tx| {
            let run = || {
                let mut count = 0;
                for esam in &fitted {
                    let Some(item) = items::by_serial(tx, esam.serial)? else { continue };
                    if !matches!(item.stage, Stage::Issued | Stage::Dispatched) {
                        continue;
                    }
                    let place = format!("meter {}", esam.meter);
                    tx.prepare_cached("UPDATE item SET stage = ?2, place = ?3, since = ?4 WHERE id = ?1")?
                        .execute(params![item.id, Stage::Fitted, place, at])?;
                    let detail = format!("to {place}, as its makers say");
                    items::note(tx, item.id, at, "fitted", item.number.as_deref(), &detail)?;
                    count += 1;
                }
                tx.execute(
                    "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    params![HEARD, last.to_string()],
                )?;
                Ok(count)
            };
            run().map_err(|error| StoreError::of(&path, error))
        })
    }
}
