//! What an office knows of its ESAMs that a bank has to know: chip, keys, ceiling.

use super::Store;
use crate::ids::Serial;
use crate::messages::StoreError;
use crate::store::items::{self, ItemKind, Stage};
use rusqlite::{Connection, params};
use wire::money::Fen;
use wire::profile::{CardKind, State};

/// An ESAM that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Its number: the meter's.
    pub number: String,
    /// Serial of its chip.
    pub serial: Serial,
    /// Version of its keys; `None` when it was issued before the store kept it.
    pub key_version: Option<u8>,
    /// State of its keys.
    pub state: State,
    /// What its purse holds at most; `None` when it was issued before the store kept it.
    pub ceiling: Option<Fen>,
}

/// Notes under which key version and ceiling a chip becomes a card.
pub(crate) fn note_plan(
    conn: &Connection,
    serial: Serial,
    version: u8,
    ceiling: Option<Fen>,
) -> rusqlite::Result<()> {
    conn.prepare_cached("UPDATE item SET key_version = ?2, ceiling = ?3 WHERE serial = ?1")?
        .execute(params![serial.to_string(), version, ceiling.map(|fen| fen.0)])
        .map(drop)
}

impl Store {
    /// Every ESAM that was issued here, by number; the retired ones too.
    pub fn delivered(&self) -> Result<Vec<Delivered>, StoreError> {
        let sql = "SELECT number, serial, key_version, key_state, ceiling, stage FROM item \
                   WHERE kind = ?1 AND stage IN (?2, ?3, ?4, ?5) AND number IS NOT NULL AND serial IS NOT NULL \
                   ORDER BY number, id";
        let mut find = self.conn().prepare_cached(sql).map_err(self.named())?;
        let stages = params![
            ItemKind::Card(CardKind::Esam),
            Stage::Issued,
            Stage::Dispatched,
            Stage::Fitted,
            Stage::Retired
        ];
        type Columns = (String, String, Option<u8>, Option<u8>, Option<u32>, Stage);
        let rows = find
            .query_map(stages, |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            })
            .and_then(|rows| rows.collect::<rusqlite::Result<Vec<Columns>>>())
            .map_err(self.named())?;
        rows.into_iter()
            .map(|(number, serial, key_version, state, ceiling, stage)| {
                let state = match stage {
                    Stage::Retired => State::Retired,
                    _ => state.and_then(State::from_code).unwrap_or(State::Test),
                };
                let serial = serial.parse().map_err(|_| items::impossible("item.serial", serial.clone()))?;
                Ok(Delivered { number, serial, key_version, state, ceiling: ceiling.map(Fen) })
            })
            .collect()
    }
}
