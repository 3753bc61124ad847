//! The stock of an office: what it has, where it is, and what happened to it.

mod look;
mod whose;

pub use look::{
    COLUMNS, HappeningReport, HeapReport, ItemHistory, ItemReport, ListReport, SHOWN, StockReport, list,
    report, show,
};

pub use whose::{Office, kind};

pub(crate) use whose::visit;

use crate::meters::MeterPlace;
use crate::places;
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble, refused};
use disk::table::{RowFault, Table};
use office::stock::{Arrival, Filter, Handling, Item, ItemKind, Makers, Stage, StockError};
use office::store::Store;
use scheme::fault::told;
use scheme::numbers::{MeterNumber, Serial};
use scheme::profile::CardKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A list of items that arrive.
#[derive(Debug, Clone)]
pub struct TakeInRequest {
    /// The list: CSV, the first line names the columns.
    pub file: PathBuf,
    /// Where the items are put that name no place.
    pub to: String,
    /// Whose.
    pub office: Office,
}

/// What was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TakeInReport {
    /// Items.
    pub taken_in: usize,
}

/// Takes the items of a list in: all of them, or none.
///
/// # Errors
/// Lines with faults, each of which is told; an item that is known already.
pub fn take_in(session: &Session, request: &TakeInRequest) -> Result<TakeInReport> {
    let (mut faults, mut arrivals, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (line, row) in read(&request.file)? {
        match row.map_err(|fault| fault.to_string()).and_then(|row| arrival(&row, &request.to)) {
            Ok(new) => {
                arrivals.push(new);
                lines.push(line);
            }
            Err(fault) => faults.push(format!("line {line}: {fault}")),
        }
    }
    if faults.is_empty() && arrivals.is_empty() {
        return Err(refused(format!("{} has no item: nothing was taken in", request.file.display()))
            .hint("the columns are kind, serial (of a chip) or number (of a meter), box, place")
            .into());
    }
    if !faults.is_empty() {
        faults.iter().for_each(|fault| session.say(fault));
        let words = format!("{} line(s) have faults; nothing was taken in: {}", faults.len(), faults[0]);
        return Err(refused(words)
            .hint("the columns are kind, serial (of a chip) or number (of a meter), box, place")
            .into());
    }
    let mut store = request.office.begin(session)?;
    let at = session.now()?.to_string();
    store.arrive(&at, &arrivals).map_err(|error| match &error {
        StockError::Known { place, .. } => {
            let line = lines.get(*place).copied().unwrap_or_default();
            Trouble::from(error).context(format!("{}, line {line}", request.file.display()))
        }
        _ => Trouble::from(error),
    })?;
    Ok(TakeInReport { taken_in: arrivals.len() })
}

/// A row of a list: its line, and its cells by the names of their columns, or why it cannot be read.
type Row = (u64, Result<BTreeMap<String, String>, RowFault>);

/// The rows of a list.
fn read(path: &Path) -> Result<Vec<Row>> {
    let named = || format!("cannot read {}", path.display());
    let mut table = Table::new(File::open(path).with_context(named)?).with_context(named)?;
    let header: Vec<String> = table.header().iter().map(|name| name.to_ascii_lowercase()).collect();
    let mut rows = Vec::new();
    while let Some((line, row)) = table.row().with_context(named)? {
        rows.push((line, row.map(|cells| header.iter().cloned().zip(cells).collect())));
    }
    Ok(rows)
}

fn arrival(row: &BTreeMap<String, String>, to: &str) -> Result<Arrival, String> {
    let known = ["kind", "serial", "number", "box", "place"];
    if let Some(other) = row.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("column {other:?} is none of {}", known.join(", ")));
    }
    let field = |name: &str| row.get(name).filter(|text| !text.is_empty());
    let kind = kind(field("kind").ok_or("no kind")?)?;
    let serial = field("serial")
        .map(|text| text.parse::<Serial>().map_err(|error| format!("serial: {}", told(&error))))
        .transpose()?;
    let number = field("number").cloned();
    match (kind, &serial, &number) {
        (ItemKind::Card(_), None, _) => return Err("a chip needs its serial".into()),
        (ItemKind::Card(_), _, Some(_)) => return Err("a blank has no number yet".into()),
        (ItemKind::Meter, _, None) => return Err("a meter needs its number".into()),
        (ItemKind::Meter, _, Some(number)) => {
            number.parse::<MeterNumber>().map_err(|error| format!("number: {}", told(&error)))?;
        }
        _ => {}
    }
    Ok(Arrival {
        kind,
        serial,
        number,
        box_: field("box").cloned().unwrap_or_default(),
        place: field("place").cloned().unwrap_or_else(|| to.to_owned()),
    })
}

/// Which items are meant: all that one of these names.
#[derive(Debug, Clone)]
pub struct Which {
    /// Serials or numbers.
    pub names: Vec<String>,
    /// A list of serials or numbers.
    pub from_csv: Option<PathBuf>,
    /// All items of a box.
    pub boxed: Option<String>,
    /// Kind, where a number stands on several.
    pub kind: Option<ItemKind>,
    /// Whose.
    pub office: Office,
}

impl Which {
    fn items(&self, store: &Store) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for name in &self.names {
            items.push(store.find(name, self.kind)?);
        }
        if let Some(path) = &self.from_csv {
            for (line, row) in read(path)? {
                let place = || format!("{}, line {line}", path.display());
                let row = row.map_err(|fault| refused(format!("{}: {fault}", place())))?;
                let name = ["serial", "number"]
                    .iter()
                    .find_map(|column| row.get(*column).filter(|text| !text.is_empty()));
                let name = name.ok_or_else(|| refused(format!("{}: no serial and no number", place())))?;
                items.push(store.find(name, self.kind).with_context(place)?);
            }
        }
        if let Some(name) = &self.boxed {
            let filter = Filter { box_: Some(name.clone()), kind: self.kind, ..Filter::default() };
            let before = items.len();
            store.items(&filter, |item| {
                items.push(item.clone());
                Ok::<(), Trouble>(())
            })?;
            if items.len() == before {
                return Err(refused(format!("there is no box {name}")).into());
            }
        }
        Ok(items)
    }
}

/// What is done to items.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// What.
    pub act: Handling,
    /// To which.
    pub which: Which,
    /// Where they go.
    pub to: Option<String>,
    /// Why, for the history.
    pub why: String,
}

/// What was done to items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeReport {
    /// How many.
    pub items: usize,
    /// What was done, in words.
    pub act: &'static str,
    /// Where they went.
    pub to: Option<String>,
}

/// Does something to items: to all of them, or to none.
///
/// # Errors
/// An item that is not there, or to which this may not be done.
pub fn change(session: &Session, request: &ChangeRequest) -> Result<ChangeReport> {
    let mut store = request.which.office.store(session)?;
    let mut items = request.which.items(&store)?;
    let at = session.now()?.to_string();
    if request.act == Handling::Fit {
        // A list of the makers may be taken twice.
        items.retain(|item| item.stage != Stage::Fitted);
    } else if let Some(makers) = request.which.office.makers(session)? {
        items.iter().try_for_each(|item| must_not_be_fitted(&makers, item, request.act))?;
    } else if let Some(meters) = request.which.office.meters(session)? {
        items.iter().try_for_each(|item| must_be_out_of_its_meter(session, &meters, item, request.act))?;
    }
    store.act_on(&at, request.act, &items, request.to.as_deref(), &request.why)?;
    Ok(ChangeReport { items: items.len(), act: request.act.words(), to: request.to.clone() })
}

/// What stands in a meter, as its makers say, is not here to be moved, taken back or ended.
fn must_not_be_fitted(makers: &Makers, item: &Item, act: Handling) -> Result<()> {
    let Some(serial) = item.serial else { return Ok(()) };
    let Some(meter) = makers.meter_of(serial)? else { return Ok(()) };
    let words = format!("{} stands in meter {meter}; it is not {} there", item.name(), act.words());
    Err(refused(words)
        .hint(format!(
            "take it out of the meter first, and say so with `gridcard stock back {serial} --of meters --to PLACE`"
        ))
        .into())
}

/// What is in its meter's slot is at work, whatever anybody writes down.
fn must_be_out_of_its_meter(session: &Session, meters: &Path, item: &Item, act: Handling) -> Result<()> {
    let number = item.number.as_deref().and_then(|number| number.parse::<MeterNumber>().ok());
    let (Some(number), ItemKind::Card(CardKind::Esam), Stage::Fitted) = (number, item.kind, item.stage)
    else {
        return Ok(());
    };
    let slot = MeterPlace::new(meters, number).esam();
    if !places::taken(session, &slot) {
        return Ok(());
    }
    let words = format!(
        "{} is in its meter, {}; it is not {} there",
        item.name(),
        places::shown(session, &slot),
        act.words()
    );
    Err(refused(words).hint("take the card out of the meter's folder first").into())
}

/// Notes in the stock of the meters' factory that a meter was made and its ESAM fitted.
pub(crate) fn meter_made(
    session: &Session,
    meters: &Path,
    number: MeterNumber,
    esam: Option<Serial>,
) -> Result<()> {
    let mut store = visit(meters)?;
    let (at, number) = (session.now()?.to_string(), number.to_string());
    let meter = Arrival {
        kind: ItemKind::Meter,
        serial: None,
        number: Some(number.clone()),
        box_: String::new(),
        place: "house".into(),
    };
    store.appear(&at, &meter, Stage::Issued, "made")?;
    let Some(serial) = esam else { return Ok(()) };
    let place = format!("meter {number}");
    let card = Arrival {
        kind: ItemKind::Card(CardKind::Esam),
        serial: Some(serial),
        number: Some(number),
        box_: String::new(),
        place: place.clone(),
    };
    store.appear(&at, &card, Stage::Issued, "with its meter's pairing file")?;
    let esam = store.find(&serial.to_string(), None)?;
    if esam.stage != Stage::Fitted {
        store.act_on(&at, Handling::Fit, &[esam], None, "")?;
    }
    Ok(())
}
