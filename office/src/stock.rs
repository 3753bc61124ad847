//! The stock: chips and meters from blank to retired, where each one is, and what happened to it.
//!
//! What may happen to an item stands in one table, [`HANDLINGS`]. Issuing, producing a meter and retiring are acts like
//! moving and scrapping: they are done by the commands of those names and noted here in the same store.

mod error;
mod fitted;
pub use crate::store::items::{Happening, Item, ItemKind, Stage};
pub use error::StockError;
pub use fitted::{InMeter, Makers};

use crate::store::items::{self, COLUMNS, NewItem, item};
use crate::store::query;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use scheme::numbers::Serial;
use scheme::profile::CardKind;
use scheme::subscription::Iccid;
use std::collections::BTreeMap;

/// Something that is done to an item of the stock by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// It is put somewhere else in the house.
    Move,
    /// It leaves the house.
    Dispatch,
    /// It comes back.
    TakeBack,
    /// It goes to work: a card into its meter or office, a meter to its customer.
    Fit,
    /// Its life ends.
    Retire,
    /// It is spoiled or lost.
    Scrap,
}

/// A row of the table of acts: what leads where.
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    /// The act.
    pub act: Handling,
    /// Stages in which it may be done.
    pub from: &'static [Stage],
    /// The stage afterwards; `None`: it stays.
    pub to: Option<Stage>,
    /// The word in the history.
    pub what: &'static str,
}

use Stage::{Begun, Blank, Dispatched, Fitted, Issued, Refused, Retired, Scrapped};

/// What may be done to an item, by its stage. A retired or scrapped item stays where it ended, but for its place.
#[rustfmt::skip]
pub static HANDLINGS: [Transition; 6] = [
    Transition { act: Handling::Move,     from: &[Blank, Refused, Issued, Retired, Scrapped],              to: None,             what: "moved" },
    Transition { act: Handling::Dispatch, from: &[Blank, Refused, Issued],                                 to: Some(Dispatched), what: "dispatched" },
    Transition { act: Handling::TakeBack, from: &[Dispatched, Fitted],                                     to: Some(Issued),     what: "taken-back" },
    Transition { act: Handling::Fit,      from: &[Issued, Dispatched],                                     to: Some(Fitted),     what: "fitted" },
    Transition { act: Handling::Retire,   from: &[Issued, Dispatched, Fitted],                             to: Some(Retired),    what: "retired" },
    Transition { act: Handling::Scrap,    from: &[Blank, Begun, Refused, Issued, Dispatched, Fitted, Retired], to: Some(Scrapped), what: "scrapped" },
];

impl Handling {
    /// Its row of the table.
    pub fn row(self) -> &'static Transition {
        // The table has a row for every act; a test looks.
        HANDLINGS.iter().find(|row| row.act == self).unwrap_or(&HANDLINGS[0])
    }

    /// What is done, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Handling::Move => "moved",
            Handling::Dispatch => "dispatched",
            Handling::TakeBack => "taken back",
            Handling::Fit => "fitted",
            Handling::Retire => "retired",
            Handling::Scrap => "scrapped",
        }
    }
}

/// An item that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// What it is.
    pub kind: ItemKind,
    /// Serial of a chip.
    pub serial: Option<Serial>,
    /// Number of a meter.
    pub number: Option<String>,
    /// The box it came in.
    pub box_: String,
    /// Where it is put.
    pub place: String,
}

impl Arrival {
    /// The row it becomes.
    fn item<'a>(&'a self, stage: Stage, at: &'a str) -> NewItem<'a> {
        NewItem {
            kind: self.kind,
            serial: self.serial,
            number: self.number.as_deref(),
            stage,
            place: &self.place,
            box_: &self.box_,
            at,
        }
    }
}

/// Which items are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: Option<ItemKind>,
    /// In this stage.
    pub stage: Option<Stage>,
    /// At this place.
    pub place: Option<String>,
    /// In this box.
    pub box_: Option<String>,
}

/// How many items of a kind are in a stage at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heap {
    /// Kind.
    pub kind: ItemKind,
    /// Stage.
    pub stage: Stage,
    /// Place.
    pub place: String,
    /// How many.
    pub count: i64,
}

impl Store {
    /// Takes items in: all of them, or, when one is known already, none.
    pub fn arrive(&mut self, at: &str, arrivals: &[Arrival]) -> Result<(), StockError> {
        self.check_clock(at)?;
        let path = self.path().to_owned();
        self.act(|tx| {
            for (i, new) in arrivals.iter().enumerate() {
                arrive(tx, at, new).map_err(|error| match error {
                    ArriveError::Sql(error) => StockError::from(StoreError::of(&path, error)),
                    ArriveError::Known(known) => StockError::Known { place: i, known },
                })?;
            }
            Ok(())
        })
    }

    /// Notes an item that comes into this office's hands already issued: an ESAM at the meters' factory, a meter that
    /// was made. One that is known is left as it is.
    pub fn appear(&mut self, at: &str, new: &Arrival, stage: Stage, why: &str) -> Result<(), StockError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            let run = || {
                let known = match (new.serial, &new.number) {
                    (Some(serial), _) => items::by_serial(tx, serial)?,
                    (None, Some(number)) => items::by_number(tx, new.kind, number)?,
                    (None, None) => None,
                };
                if known.is_some() {
                    return Ok(());
                }
                let id = items::insert(tx, &new.item(stage, at))?;
                items::note(tx, id, at, "appeared", new.number.as_deref(), why)
            };
            run().map_err(|error| StoreError::of(&path, error).into())
        })
    }

    /// A meter that was made under a works number, and its ESAM, have the meter's number from now on. A meter that is not known here
    /// stays unknown.
    ///
    /// # Errors
    /// The number is another item's; the store cannot be written.
    pub fn renumbered(&mut self, at: &str, esam: Serial, from: &str, to: &str) -> Result<(), StockError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            let run = || {
                let meter = items::by_number(tx, ItemKind::Meter, from)?;
                for item in [meter, items::by_serial(tx, esam)?].into_iter().flatten() {
                    query::change(
                        tx,
                        "UPDATE item SET number = ?2, since = ?3 WHERE id = ?1",
                        params![item.id, to, at],
                    )?;
                    items::note(tx, item.id, at, "numbered", Some(to), &format!("was {from}"))?;
                }
                Ok(())
            };
            run().map_err(|error| StoreError::of(&path, error).into())
        })
    }

    /// Finds an item by its serial, or by its number; of several with the number, the kind decides.
    pub fn find(&self, name: &str, kind: Option<ItemKind>) -> Result<Item, StockError> {
        if let Ok(serial) = name.parse::<Serial>()
            && let Some(found) = self.chip(serial)?
        {
            return Ok(found);
        }
        let iccid = name.parse::<Iccid>().ok();
        let name = iccid.as_ref().map_or(name, Iccid::as_str);
        let run = || {
            let kinds = ItemKind::all().filter(|each| kind.is_none_or(|kind| kind == *each));
            let found = kinds.map(|each| items::by_number(self.conn(), each, name));
            Ok(found.collect::<rusqlite::Result<Vec<Option<Item>>>>()?.into_iter().flatten().collect())
        };
        let mut found: Vec<Item> = run().map_err(|error| StoreError::of(self.path(), error))?;
        match found.len() {
            0 => Err(StockError::Unknown { name: name.to_owned() }),
            1 => Ok(found.remove(0)),
            _ => Err(StockError::Several {
                name: name.to_owned(),
                kinds: found.iter().map(|item| item.kind.name()).collect(),
            }),
        }
    }

    /// Does something to items: to all of them, or, when one may not, to none. `place` is where they go.
    pub fn act_on(
        &mut self,
        at: &str,
        act: Handling,
        found: &[Item],
        place: Option<&str>,
        why: &str,
    ) -> Result<(), StockError> {
        self.check_clock(at)?;
        let path = self.path().to_owned();
        self.act(|tx| {
            for item in found {
                // As it is now, not as it was when it was looked for.
                let now = current(tx, item.id).map_err(|error| StoreError::of(&path, error))?;
                one(tx, at, act, &now, place, why).map_err(|error| match error {
                    Refusal::Sql(error) => StockError::from(StoreError::of(&path, error)),
                    Refusal::NotFrom => {
                        StockError::NotFrom { item: now.name(), stage: now.stage, act, from: act.row().from }
                    }
                    Refusal::NeverIssued => StockError::NeverIssued { item: now.name(), act },
                    Refusal::AtWork => StockError::AtWork { item: now.name(), place: now.place.clone(), act },
                })?;
            }
            Ok(())
        })
    }

    /// What happened to an item, in order.
    pub fn history(&self, of: &Item) -> Result<Vec<Happening>, StoreError> {
        items::happenings(self.conn(), Some(of.id)).map_err(self.named())
    }

    /// Hands out the items of a filter, in the order of their arrival.
    pub fn items<E: From<StoreError>>(
        &self,
        filter: &Filter,
        mut each: impl FnMut(&Item) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = |error: rusqlite::Error| E::from(StoreError::of(self.path(), error));
        let mut statement = self
            .conn()
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM item WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR stage = ?2) \
                 AND (?3 IS NULL OR place = ?3) AND (?4 IS NULL OR box = ?4) ORDER BY id"
            ))
            .map_err(sql)?;
        let mut rows =
            statement.query(params![filter.kind, filter.stage, filter.place, filter.box_]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            each(&item(row).map_err(sql)?)?;
        }
        Ok(())
    }

    /// How many items of each kind are in each stage at each place.
    pub fn heaps(&self) -> Result<Vec<Heap>, StoreError> {
        self.rows(
            "SELECT kind, stage, place, count(*) FROM item GROUP BY kind, stage, place ORDER BY kind, stage, place",
            [],
            |row| Ok(Heap { kind: row.get(0)?, stage: row.get(1)?, place: row.get(2)?, count: row.get(3)? }),
        )
    }

    /// Items that ever came in, by the history: what the heaps must add up to.
    pub fn came_in(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let counts = self.rows(
            "SELECT item.kind, count(DISTINCT event.item) FROM event JOIN item ON item.id = event.item GROUP BY item.kind",
            [],
            |row| Ok((row.get::<_, ItemKind>(0)?.name().to_owned(), row.get(1)?)),
        )?;
        Ok(counts.into_iter().collect())
    }
}

enum ArriveError {
    Sql(rusqlite::Error),
    Known(Box<Item>),
}

impl From<rusqlite::Error> for ArriveError {
    fn from(error: rusqlite::Error) -> Self {
        ArriveError::Sql(error)
    }
}

fn arrive(conn: &Connection, at: &str, new: &Arrival) -> Result<(), ArriveError> {
    let known = match new.serial {
        Some(serial) => items::by_serial(conn, serial)?,
        None => None,
    };
    let known = match (known, &new.number) {
        (None, Some(number)) => items::by_number(conn, new.kind, number)?,
        (known, _) => known,
    };
    if let Some(known) = known {
        return Err(ArriveError::Known(Box::new(known)));
    }
    let stage = if new.kind == ItemKind::Meter { Stage::Issued } else { Stage::Blank };
    let id = items::insert(conn, &new.item(stage, at))?;
    let detail = if new.box_.is_empty() { String::new() } else { format!("box {}", new.box_) };
    items::note(conn, id, at, "arrived", new.number.as_deref(), &detail)?;
    Ok(())
}

enum Refusal {
    Sql(rusqlite::Error),
    NotFrom,
    NeverIssued,
    AtWork,
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Refusal::Sql(error)
    }
}

fn current(conn: &Connection, id: i64) -> rusqlite::Result<Item> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM item WHERE id = ?1"))?.query_row([id], item)
}

fn one(
    conn: &Connection,
    at: &str,
    act: Handling,
    now: &Item,
    place: Option<&str>,
    why: &str,
) -> Result<(), Refusal> {
    let row = act.row();
    if !row.from.contains(&now.stage) {
        return Err(Refusal::NotFrom);
    }
    // A card at work is credited and answers; whoever ends it on paper alone gives its number to a second one.
    if now.stage == Fitted && now.kind != ItemKind::Meter && matches!(act, Handling::Retire | Handling::Scrap)
    {
        return Err(Refusal::AtWork);
    }
    // A blank that was dispatched comes back as the blank it is.
    let never_issued = now.number.is_none();
    let stage = match (act, never_issued) {
        (Handling::TakeBack, true) => Stage::Blank,
        (Handling::Fit | Handling::Retire, true) => return Err(Refusal::NeverIssued),
        _ => row.to.unwrap_or(now.stage),
    };
    let number = now.number.clone();
    // An ESAM has its meter's number.
    let is_esam = now.kind == ItemKind::Card(CardKind::Esam);
    let meter = number
        .iter()
        .filter(|_| act == Handling::Fit && is_esam)
        .map(|number| format!("meter {number}"))
        .next();
    let place = place.or(meter.as_deref());
    // A number that was only promised is free again; one that was issued is never issued again.
    let frees = act == Handling::Scrap && !now.stage.was_issued();
    query::change(
        conn,
        "UPDATE item SET stage = ?2, place = coalesce(?3, place), since = ?4, \
         number = CASE ?5 WHEN 1 THEN NULL ELSE number END WHERE id = ?1",
        params![now.id, stage, place, at, frees],
    )?;
    let detail = match (place, why) {
        (Some(place), "") => format!("to {place}"),
        (Some(place), why) => format!("to {place}: {why}"),
        (None, why) => why.to_owned(),
    };
    items::note(conn, now.id, at, row.what, number.as_deref(), &detail)?;
    Ok(())
}
