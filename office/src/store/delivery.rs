//! What an office knows of its ESAMs that a bank has to know: chip, keys, ceiling, last day.

use super::base::Store;
use super::error::StoreError;
use super::items::{self, ItemKind, Stage};
use super::query;
use issue::plan::Plan;
use rusqlite::{Connection, params};
use scheme::moment::Day;
use scheme::money::Fen;
use scheme::numbers::Serial;
use scheme::profile::{CardKind, State};

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
    /// Its last day; `None` when it was issued before the store kept it.
    pub valid_to: Option<Day>,
    /// Key version at which it came into its state; `None` when that was before the store kept it.
    pub state_since: Option<u8>,
}

/// What a plan makes of a chip, for the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Particulars {
    /// Version of its keys.
    pub version: u8,
    /// What an ESAM's purse holds at most.
    pub ceiling: Option<Fen>,
    /// Last day of its validity, BCD YYYYMMDD.
    pub valid_to: [u8; 4],
}

impl Particulars {
    /// What a plan makes.
    pub fn of(plan: &Plan) -> Self {
        Particulars { version: plan.version(), ceiling: plan.ceiling(), valid_to: plan.info().valid_to }
    }
}

/// Notes what the bank is to be told of a chip that becomes a card.
pub(crate) fn note_plan(conn: &Connection, serial: Serial, particulars: Particulars) -> rusqlite::Result<()> {
    query::change(
        conn,
        "UPDATE item SET key_version = ?2, state_since = ?2, ceiling = ?3, valid_to = ?4 WHERE serial = ?1",
        params![
            serial.to_string(),
            particulars.version,
            particulars.ceiling.map(|fen| fen.0),
            hex::encode(particulars.valid_to)
        ],
    )
    .map(drop)
}

impl Store {
    /// Every ESAM that was issued here, by number; the retired ones too.
    pub fn delivered(&self) -> Result<Vec<Delivered>, StoreError> {
        let sql = "SELECT number, serial, key_version, key_state, ceiling, stage, valid_to, state_since FROM item \
                   WHERE kind = ?1 AND stage IN (?2, ?3, ?4, ?5) AND number IS NOT NULL AND serial IS NOT NULL \
                   ORDER BY number, id";
        let stages = params![
            ItemKind::Card(CardKind::Esam),
            Stage::Issued,
            Stage::Dispatched,
            Stage::Fitted,
            Stage::Retired
        ];
        type Columns =
            (String, String, Option<u8>, Option<u8>, Option<u32>, Stage, Option<String>, Option<u8>);
        let rows: Vec<Columns> = self.rows(sql, stages, |row| {
            let (key_version, key_state, ceiling) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let (stage, valid_to, since) = (row.get(5)?, row.get(6)?, row.get(7)?);
            Ok((row.get(0)?, row.get(1)?, key_version, key_state, ceiling, stage, valid_to, since))
        })?;
        rows.into_iter()
            .map(|(number, serial, key_version, state, ceiling, stage, valid_to, state_since)| {
                let state = match stage {
                    Stage::Retired => State::Retired,
                    _ => state.and_then(State::from_code).unwrap_or(State::Test),
                };
                let serial = serial.parse().map_err(|_| items::impossible("item.serial", serial.clone()))?;
                let day = |text: String| text.parse().map_err(|_| items::impossible("item.valid_to", text));
                let valid_to = valid_to.map(day).transpose()?;
                let ceiling = ceiling.map(Fen);
                Ok(Delivered { number, serial, key_version, state, ceiling, valid_to, state_since })
            })
            .collect()
    }
}
