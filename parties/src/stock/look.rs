//! A look at the stock: an item and its history, lists, figures.

use super::whose::Office;
use crate::home;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use disk::table::TableWriter;
use office::stock::{Filter, Happening, Item, ItemKind};
use scheme::moment::iso;
use scheme::numbers::Serial;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An item, as reports have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemReport {
    /// What it is.
    pub kind: &'static str,
    /// Serial of a chip.
    pub serial: Option<Serial>,
    /// Number of the card or meter.
    pub number: Option<String>,
    /// How far it is.
    pub state: &'static str,
    /// Where it is.
    pub place: String,
    /// The box it came in.
    #[serde(rename = "box")]
    pub boxed: String,
    /// Its city.
    pub city: Option<String>,
    /// Since when it is as it is.
    pub since: String,
    /// How it is called.
    #[serde(skip)]
    pub name: String,
}

impl From<&Item> for ItemReport {
    fn from(item: &Item) -> Self {
        ItemReport {
            kind: item.kind.name(),
            serial: item.serial,
            number: item.number.clone(),
            state: item.stage.name(),
            place: item.place.clone(),
            boxed: item.box_.clone(),
            city: item.region.clone(),
            since: item.since.clone(),
            name: item.name(),
        }
    }
}

/// Columns of a list.
pub const COLUMNS: [&str; 7] = ["kind", "serial", "number", "state", "place", "box", "since"];

impl ItemReport {
    /// Its row of a list, under [`COLUMNS`].
    pub fn row(&self) -> [String; 7] {
        [
            self.kind.to_owned(),
            self.serial.map(|serial| serial.to_string()).unwrap_or_default(),
            self.number.clone().unwrap_or_default(),
            self.state.to_owned(),
            self.place.clone(),
            self.boxed.clone(),
            self.since.clone(),
        ]
    }
}

/// Something that happened to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HappeningReport {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
    /// The number it had.
    pub number: Option<String>,
    /// Whatever else is known.
    pub detail: String,
}

impl From<Happening> for HappeningReport {
    fn from(event: Happening) -> Self {
        HappeningReport { at: event.at, what: event.what, number: event.number, detail: event.detail }
    }
}

/// An item and all that happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemHistory {
    /// The item.
    #[serde(flatten)]
    pub item: ItemReport,
    /// What happened, the oldest first.
    pub history: Vec<HappeningReport>,
}

/// An item by its serial or number, and all that happened to it.
///
/// # Errors
/// It is not there, or the name is that of several kinds.
pub fn show(session: &Session, office: Office, name: &str, kind: Option<ItemKind>) -> Result<ItemHistory> {
    let store = office.store(session)?;
    let item = store.find(name, kind)?;
    let history = store.history(&item)?.into_iter().map(HappeningReport::from).collect();
    Ok(ItemHistory { item: (&item).into(), history })
}

/// Items that a list shows; a CSV file has all.
pub const SHOWN: usize = 1000;

/// A list of items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListReport {
    /// How many there are.
    pub count: u64,
    /// The first [`SHOWN`] of them, unless they went into a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<ItemReport>>,
    /// The file that has them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// Lists items; with `csv` all of them into a file.
///
/// # Errors
/// The file cannot be written.
pub fn list(session: &Session, office: Office, filter: &Filter, csv: Option<&Path>) -> Result<ListReport> {
    let store = office.store(session)?;
    let mut count = 0_u64;
    if let Some(path) = csv {
        home::write_with(path, |file| {
            let mut table = TableWriter::new(std::io::BufWriter::new(file));
            table.row(COLUMNS)?;
            store.items(filter, |item| {
                count += 1;
                let item = ItemReport::from(item);
                let item = ItemReport { since: iso(&item.since), ..item };
                Ok::<(), Trouble>(table.row(item.row())?)
            })?;
            table.finish()?;
            Ok(())
        })?;
        return Ok(ListReport { count, items: None, file: Some(path.to_owned()) });
    }
    let mut shown = Vec::new();
    store.items(filter, |item| {
        count += 1;
        if shown.len() < SHOWN {
            shown.push(item.into());
        }
        Ok::<(), Trouble>(())
    })?;
    Ok(ListReport { count, items: Some(shown), file: None })
}

/// Items of a kind in a stage at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeapReport {
    /// Kind.
    pub kind: &'static str,
    /// Stage.
    pub state: &'static str,
    /// Place.
    pub place: String,
    /// How many.
    pub count: i64,
}

/// The stock in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockReport {
    /// What lies where.
    pub heaps: Vec<HeapReport>,
    /// What came in, by kind.
    pub came_in: BTreeMap<String, i64>,
    /// Whether all that came in is accounted for.
    pub adds_up: bool,
    /// What is accounted for, by kind.
    #[serde(skip)]
    pub accounted: BTreeMap<&'static str, i64>,
}

impl StockReport {
    /// What a stock that does not add up is: a failure.
    ///
    /// # Errors
    /// That one.
    pub fn must_add_up(&self) -> Result<()> {
        if self.adds_up { Ok(()) } else { Err(refused("the stock does not add up").into()) }
    }
}

/// Counts items by kind, stage and place.
///
/// # Errors
/// The store cannot be read.
pub fn report(session: &Session, office: Office) -> Result<StockReport> {
    let store = office.store(session)?;
    let (heaps, came_in) = (store.heaps()?, store.came_in()?);
    let mut accounted: BTreeMap<&'static str, i64> = BTreeMap::new();
    heaps.iter().for_each(|heap| *accounted.entry(heap.kind.name()).or_default() += heap.count);
    let adds_up = accounted.iter().all(|(kind, sum)| came_in.get(*kind) == Some(sum));
    let heaps = heaps.into_iter().map(|heap| HeapReport {
        kind: heap.kind.name(),
        state: heap.stage.name(),
        place: heap.place,
        count: heap.count,
    });
    Ok(StockReport { heaps: heaps.collect(), came_in, adds_up, accounted })
}
