//! `gridcard stock`: what an office has, where it is, and what happened to it.

use super::Deed;
use crate::args::Global;
use crate::clock::now;
use crate::fail::refused;
use crate::home::{self, Home, Party};
use crate::nouns::issue::visit;
use crate::output::{answer, say, table};
use ::office::stock::{Act, Arrival, Filter, Item, ItemKind, Stage, StockError};
use ::office::store::Store;
use clap::{Args, Subcommand};
use parties::trouble::{Context, Result, Trouble};
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Verbs of the stock.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take blanks and meters in, from a list (columns kind, serial or number, box, place).
    In(In),
    /// Put items somewhere else in the house.
    Move(To),
    /// Send items out of the house.
    Dispatch(To),
    /// Take back what was sent out or fitted.
    Back(To),
    /// Retire items: the end of a card's or meter's life.
    Retire(Why),
    /// Scrap items: spoiled, lost or destroyed. A number that was only promised is free again.
    Scrap(Why),
    /// Show an item and all that happened to it.
    Show(Show),
    /// List items; --csv writes them to a file.
    List(List),
    /// Count items by kind, stage and place.
    Report(Office),
}

/// Whose stock: a city's, unless another office is named.
#[derive(Debug, Clone, Args)]
pub struct Office {
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// The office: city, province, meters or sims.
    #[arg(long, value_name = "OFFICE", default_value = "city", value_parser = ["city", "province", "meters", "sims"])]
    pub of: String,
}

impl Office {
    fn folder(&self, global: &Global) -> Result<PathBuf> {
        let home = Home::new(global)?;
        let act = "keeping its stock";
        match self.of.as_str() {
            "province" => home.party(Party::Province, act),
            "meters" => home.make(Party::Meters, act),
            "sims" => home.make(Party::Sims, act),
            _ => Ok(home.city(self.city, act)?.1),
        }
    }

    fn store(&self, global: &Global) -> Result<Store> {
        visit(&self.folder(global)?)
    }
}

/// Options of `stock in`.
#[derive(Debug, Args)]
pub struct In {
    /// The list: CSV, the first line names the columns.
    pub file: PathBuf,
    /// Where the items are put that name no place.
    #[arg(long, value_name = "PLACE", default_value = "house")]
    pub to: String,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

/// Which items.
#[derive(Debug, Args)]
pub struct Which {
    /// Serials or numbers.
    #[arg(required_unless_present_any = ["from_csv", "boxed"])]
    pub names: Vec<String>,
    /// Serials or numbers from a list, column serial or number.
    #[arg(long, value_name = "FILE")]
    pub from_csv: Option<PathBuf>,
    /// All items of a box.
    #[arg(long = "box", value_name = "BOX")]
    pub boxed: Option<String>,
    /// Kind, where a number stands on several.
    #[arg(long, value_parser = kind)]
    pub kind: Option<ItemKind>,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

/// Items and where they go.
#[derive(Debug, Args)]
pub struct To {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Where.
    #[arg(long, value_name = "PLACE")]
    pub to: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    pub why: String,
}

/// Items and a reason.
#[derive(Debug, Args)]
pub struct Why {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Why.
    #[arg(long)]
    pub why: String,
}

/// Options of `stock show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Serial or number.
    pub name: String,
    /// Kind, where the number stands on several.
    #[arg(long, value_parser = kind)]
    pub kind: Option<ItemKind>,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

/// Options of `stock list`.
#[derive(Debug, Args)]
pub struct List {
    /// Of this kind.
    #[arg(long, value_parser = kind)]
    pub kind: Option<ItemKind>,
    /// In this stage: blank, begun, refused, issued, dispatched, fitted, retired, scrapped.
    #[arg(long, value_parser = stage)]
    pub state: Option<Stage>,
    /// At this place.
    #[arg(long = "where", value_name = "PLACE")]
    pub place: Option<String>,
    /// In this box.
    #[arg(long = "box", value_name = "BOX")]
    pub boxed: Option<String>,
    /// Write all of them to a CSV file.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

fn kind(text: &str) -> Result<ItemKind, String> {
    ItemKind::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = ItemKind::all().map(ItemKind::name).collect();
        format!("a kind is {}", names.join(", "))
    })
}

fn stage(text: &str) -> Result<Stage, String> {
    Stage::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Stage::ALL.into_iter().map(Stage::name).collect();
        format!("a state is {}", names.join(", "))
    })
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::In(_) => Deed::One("stock in"),
            Verb::Move(_) => Deed::One("stock move"),
            Verb::Dispatch(_) => Deed::One("stock dispatch"),
            Verb::Back(_) => Deed::One("stock back"),
            Verb::Retire(_) => Deed::One("stock retire"),
            Verb::Scrap(_) => Deed::One("stock scrap"),
            Verb::Show(_) | Verb::List(_) | Verb::Report(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::In(options) => take_in(global, &options),
        Verb::Move(to) => act(global, Act::Move, &to.which, Some(&to.to), &to.why),
        Verb::Dispatch(to) => act(global, Act::Dispatch, &to.which, Some(&to.to), &to.why),
        Verb::Back(to) => act(global, Act::TakeBack, &to.which, Some(&to.to), &to.why),
        Verb::Retire(why) => act(global, Act::Retire, &why.which, None, &why.why),
        Verb::Scrap(why) => act(global, Act::Scrap, &why.which, None, &why.why),
        Verb::Show(options) => show(global, &options),
        Verb::List(options) => list(global, &options),
        Verb::Report(office) => report(global, &office),
    }
}

fn take_in(global: &Global, options: &In) -> Result<()> {
    let named = || options.file.display().to_string();
    let rows = read(&options.file)?;
    let mut faults = Vec::new();
    let mut arrivals = Vec::new();
    let mut lines = Vec::new();
    for (line, row) in rows {
        match arrival(&row, &options.to) {
            Ok(new) => {
                arrivals.push(new);
                lines.push(line);
            }
            Err(fault) => faults.push(format!("line {line}: {fault}")),
        }
    }
    if !faults.is_empty() {
        faults.iter().for_each(say);
        let words = format!("{} line(s) have faults; nothing was taken in: {}", faults.len(), faults[0]);
        return Err(refused(words)
            .hint("the columns are kind, serial (of a chip) or number (of a meter), box, place")
            .into());
    }
    let mut store = options.office.store(global)?;
    let at = now(global)?.to_string();
    store.arrive(&at, &arrivals).map_err(|error| match &error {
        StockError::Known { place, .. } => {
            let line = lines.get(*place).copied().unwrap_or_default();
            Trouble::from(error).context(format!("{}, line {line}", named()))
        }
        _ => Trouble::from(error),
    })?;
    let n = arrivals.len();
    answer(global, &format!("{n} item(s) taken in"), json!({ "taken_in": n }));
    Ok(())
}

/// The rows of a list by the names of its columns, with their lines.
fn read(path: &Path) -> Result<Vec<(u64, BTreeMap<String, String>)>> {
    let named = || format!("cannot read {}", path.display());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).with_context(named)?;
    let header = reader.headers().with_context(named)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.with_context(named)?;
        let line = record.position().map_or(0, csv::Position::line);
        let name = |name: &str| name.trim_start_matches('\u{FEFF}').to_ascii_lowercase();
        let row = header.iter().map(name).zip(record.iter().map(str::to_owned)).collect();
        rows.push((line, row));
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
    let serial =
        field("serial").map(|text| text.parse().map_err(|error| format!("serial: {error}"))).transpose()?;
    let number = field("number").cloned();
    match (kind, &serial, &number) {
        (ItemKind::Card(_), None, _) => return Err("a chip needs its serial".into()),
        (ItemKind::Card(_), _, Some(_)) => return Err("a blank has no number yet".into()),
        (ItemKind::Meter, _, None) => return Err("a meter needs its number".into()),
        (ItemKind::Meter, _, Some(number)) => {
            number.parse::<scheme::numbers::MeterNumber>().map_err(|error| format!("number: {error}"))?;
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

fn found(store: &Store, which: &Which) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for name in &which.names {
        items.push(store.find(name, which.kind)?);
    }
    if let Some(path) = &which.from_csv {
        for (line, row) in read(path)? {
            let name = ["serial", "number"]
                .iter()
                .find_map(|column| row.get(*column).filter(|text| !text.is_empty()));
            let name = name.ok_or_else(|| {
                refused(format!("{}, line {line}: no serial and no number", path.display()))
            })?;
            let item = store.find(name, which.kind);
            items.push(item.with_context(|| format!("{}, line {line}", path.display()))?);
        }
    }
    if let Some(name) = &which.boxed {
        let filter = Filter { box_: Some(name.clone()), kind: which.kind, ..Filter::default() };
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

fn act(global: &Global, act: Act, which: &Which, to: Option<&str>, why: &str) -> Result<()> {
    let mut store = which.office.store(global)?;
    let items = found(&store, which)?;
    store.act_on(&now(global)?.to_string(), act, &items, to, why)?;
    let place = to.map(|place| format!(" to {place}")).unwrap_or_default();
    let text = format!("{} item(s) {}{place}", items.len(), act.words());
    answer(global, &text, json!({ "items": items.len(), "act": act.words(), "to": to }));
    Ok(())
}

/// Notes in the stock of the meters' factory that a meter was made and its ESAM fitted.
pub fn meter_made(
    global: &Global,
    meters: &Path,
    number: scheme::numbers::MeterNumber,
    esam: Option<::scheme::numbers::Serial>,
) -> Result<()> {
    let mut store = visit(meters)?;
    let (at, number) = (now(global)?.to_string(), number.to_string());
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
        number: Some(number.clone()),
        box_: String::new(),
        place: place.clone(),
    };
    store.appear(&at, &card, Stage::Issued, "with its meter's pairing file")?;
    let esam = store.find(&serial.to_string(), None)?;
    if esam.stage != Stage::Fitted {
        store.act_on(&at, Act::Fit, &[esam], Some(&place), "")?;
    }
    Ok(())
}

fn show(global: &Global, options: &Show) -> Result<()> {
    let store = options.office.store(global)?;
    let item = store.find(&options.name, options.kind)?;
    let history = store.history(&item)?;
    let rows: Vec<Vec<String>> = history
        .iter()
        .map(|event| {
            let number = event.number.clone().unwrap_or_default();
            vec![event.at.clone(), event.what.clone(), number, event.detail.clone()]
        })
        .collect();
    let text = format!(
        "{}: {} at {}{}\n\n{}",
        item.name(),
        item.stage.name(),
        item.place,
        if item.box_.is_empty() { String::new() } else { format!(", box {}", item.box_) },
        table(&["at", "what", "number", "more"], rows),
    );
    let mut object = item_json(&item);
    object["history"] = history
        .iter()
        .map(|event| json!({ "at": event.at, "what": event.what, "number": event.number, "detail": event.detail }))
        .collect();
    answer(global, &text, object);
    Ok(())
}

fn item_json(item: &Item) -> Value {
    json!({
        "kind": item.kind.name(), "serial": item.serial.map(|serial| serial.to_string()), "number": item.number,
        "state": item.stage.name(), "place": item.place, "box": item.box_, "city": item.region, "since": item.since,
    })
}

fn fields(item: &Item) -> [String; 7] {
    [
        item.kind.name().to_owned(),
        item.serial.map(|serial| serial.to_string()).unwrap_or_default(),
        item.number.clone().unwrap_or_default(),
        item.stage.name().to_owned(),
        item.place.clone(),
        item.box_.clone(),
        item.since.clone(),
    ]
}

const COLUMNS: [&str; 7] = ["kind", "serial", "number", "state", "place", "box", "since"];
/// Items that a list shows; a CSV file has all.
const SHOWN: usize = 1000;

fn list(global: &Global, options: &List) -> Result<()> {
    let store = options.office.store(global)?;
    let filter = Filter {
        kind: options.kind,
        stage: options.state,
        place: options.place.clone(),
        box_: options.boxed.clone(),
    };
    let (mut count, mut shown) = (0_u64, Vec::new());
    if let Some(path) = &options.csv {
        home::write_with(path, |file| {
            let mut csv = csv::Writer::from_writer(std::io::BufWriter::new(file));
            csv.write_record(COLUMNS)?;
            store.items(&filter, |item| {
                count += 1;
                Ok::<(), Trouble>(csv.write_record(fields(item))?)
            })?;
            csv.into_inner().map_err(|error| refused(error.error().to_string()))?.flush()?;
            Ok(())
        })?;
        let text = format!("{count} item(s) in {}", path.display());
        answer(global, &text, json!({ "count": count, "file": path.display().to_string() }));
        return Ok(());
    }
    store.items(&filter, |item| {
        count += 1;
        if shown.len() < SHOWN {
            shown.push(item.clone());
        }
        Ok::<(), Trouble>(())
    })?;
    let text = table(&COLUMNS, shown.iter().map(|item| fields(item).to_vec()).collect());
    answer(
        global,
        &text,
        json!({ "count": count, "items": shown.iter().map(item_json).collect::<Vec<_>>() }),
    );
    say(format!(
        "{count} item(s){}",
        if count > SHOWN as u64 { "; --csv FILE writes all of them" } else { "" }
    ));
    Ok(())
}

fn report(global: &Global, office: &Office) -> Result<()> {
    let store = office.store(global)?;
    let heaps = store.heaps()?;
    let came_in = store.came_in()?;
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    heaps.iter().for_each(|heap| *sums.entry(heap.kind.name()).or_default() += heap.count);
    let row = |heap: &::office::stock::Heap| {
        vec![heap.kind.name().into(), heap.stage.name().into(), heap.place.clone(), heap.count.to_string()]
    };
    let mut text = table(&["kind", "state", "place", "items"], heaps.iter().map(row).collect());
    for (kind, sum) in &sums {
        let came = came_in.get(*kind).copied().unwrap_or_default();
        let verdict = if came == *sum { "adds up" } else { "DOES NOT ADD UP" };
        text.push_str(&format!("\n{kind}: {came} came in, {sum} are accounted for: {verdict}"));
    }
    let adds_up = sums.iter().all(|(kind, sum)| came_in.get(*kind) == Some(sum));
    let list: Vec<Value> = heaps
        .iter()
        .map(|heap| {
            json!({ "kind": heap.kind.name(), "state": heap.stage.name(), "place": heap.place, "count": heap.count })
        })
        .collect();
    answer(global, &text, json!({ "heaps": list, "came_in": came_in, "adds_up": adds_up }));
    if adds_up { Ok(()) } else { Err(refused("the stock does not add up").into()) }
}
