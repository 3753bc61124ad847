//! `gridcard stock`: what an office has, where it is, and what happened to it.

use crate::global::Global;
use crate::output::answer;
use crate::screen::{say, table};
use clap::{Args, Subcommand};
use office::stock::{Filter, Handling, ItemKind, Stage};
use parties::stock::{self, ChangeRequest, TakeInRequest};
use parties::{Deed, Result};
use scheme::numbers::RegionCode;
use scheme::shown;
use std::path::PathBuf;

/// Verbs of the stock.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take blanks and meters in, from a list (columns kind, serial or number, box, place).
    In(In),
    /// Put items somewhere else in the house.
    Move(To),
    /// Send items out of the house.
    Dispatch(To),
    /// Note that cards went to work, ESAMs in their meters: as the list of the meters' makers says, which
    /// `gridcard stock list --of meters --kind esam --state fitted --csv FILE` writes. In a home where both have their folders
    /// no list is needed.
    Fit(Fit),
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
    /// As acts take it.
    fn get(&self) -> stock::Office {
        match self.of.as_str() {
            "province" => stock::Office::Province,
            "meters" => stock::Office::Meters,
            "sims" => stock::Office::Sims,
            _ => stock::Office::City(self.city),
        }
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
    #[arg(long, value_parser = stock::kind)]
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

/// Items that went to work.
#[derive(Debug, Args)]
pub struct Fit {
    /// Which.
    #[command(flatten)]
    pub which: Which,
    /// Where. Default: an ESAM's place is the meter of its number.
    #[arg(long, value_name = "PLACE")]
    pub to: Option<String>,
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
    #[arg(long, value_parser = stock::kind)]
    pub kind: Option<ItemKind>,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

/// Options of `stock list`.
#[derive(Debug, Args)]
pub struct List {
    /// Of this kind.
    #[arg(long, value_parser = stock::kind)]
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
            Verb::Fit(_) => Deed::One("stock fit"),
            Verb::Back(_) => Deed::One("stock back"),
            Verb::Retire(_) => Deed::One("stock retire"),
            Verb::Scrap(_) => Deed::One("stock scrap"),
            Verb::Show(_) | Verb::List(_) | Verb::Report(_) => Deed::Look,
        }
    }
}

impl Which {
    /// As acts take it.
    fn get(&self) -> stock::Which {
        stock::Which {
            names: self.names.clone(),
            from_csv: self.from_csv.clone(),
            boxed: self.boxed.clone(),
            kind: self.kind,
            office: self.office.get(),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::In(options) => take_in(global, &options),
        Verb::Move(to) => change(global, Handling::Move, &to.which, Some(to.to), to.why),
        Verb::Dispatch(to) => change(global, Handling::Dispatch, &to.which, Some(to.to), to.why),
        Verb::Fit(fit) => change(global, Handling::Fit, &fit.which, fit.to, fit.why),
        Verb::Back(to) => change(global, Handling::TakeBack, &to.which, Some(to.to), to.why),
        Verb::Retire(why) => change(global, Handling::Retire, &why.which, None, why.why),
        Verb::Scrap(why) => change(global, Handling::Scrap, &why.which, None, why.why),
        Verb::Show(options) => show(global, &options),
        Verb::List(options) => list(global, &options),
        Verb::Report(office) => report(global, &office),
    }
}

fn take_in(global: &Global, options: &In) -> Result<()> {
    let In { file, to, office } = options;
    let request = TakeInRequest { file: file.clone(), to: to.clone(), office: office.get() };
    let report = stock::take_in(global, &request)?;
    answer(global, &format!("{} item(s) taken in", report.taken_in), report);
    Ok(())
}

fn change(global: &Global, act: Handling, which: &Which, to: Option<String>, why: String) -> Result<()> {
    let report = stock::change(global, &ChangeRequest { act, which: which.get(), to, why })?;
    let place = report.to.as_ref().map(|place| format!(" to {place}")).unwrap_or_default();
    answer(global, &format!("{} item(s) {}{place}", report.items, report.act), &report);
    Ok(())
}

fn show(global: &Global, options: &Show) -> Result<()> {
    let report = stock::show(global, options.office.get(), &options.name, options.kind)?;
    let item = &report.item;
    let rows: Vec<Vec<String>> = report
        .history
        .iter()
        .map(|event| {
            let number = event.number.clone().unwrap_or_default();
            vec![event.at.clone(), event.what.clone(), number, event.detail.clone()]
        })
        .collect();
    let boxed = if item.boxed.is_empty() { String::new() } else { format!(", box {}", item.boxed) };
    let heading = format!("{}: {} at {}{boxed}", item.name, item.state, item.place);
    let text = format!("{}\n\n{}", shown::line(&heading), table(&["at", "what", "number", "more"], rows),);
    answer(global, &text, &report);
    Ok(())
}

fn list(global: &Global, options: &List) -> Result<()> {
    let filter = Filter {
        kind: options.kind,
        stage: options.state,
        place: options.place.clone(),
        box_: options.boxed.clone(),
    };
    let report = stock::list(global, options.office.get(), &filter, options.csv.as_deref())?;
    let count = report.count;
    if let Some(file) = &report.file {
        answer(global, &format!("{count} item(s) in {}", file.display()), &report);
        return Ok(());
    }
    let shown = report.items.iter().flatten();
    answer(global, &table(&stock::COLUMNS, shown.map(|item| item.row().to_vec()).collect()), &report);
    let hidden = count > stock::SHOWN as u64;
    say(format!("{count} item(s){}", if hidden { "; --csv FILE writes all of them" } else { "" }));
    Ok(())
}

fn report(global: &Global, office: &Office) -> Result<()> {
    let report = stock::report(global, office.get())?;
    let rows = report.heaps.iter().map(|heap| {
        vec![heap.kind.to_owned(), heap.state.to_owned(), heap.place.clone(), heap.count.to_string()]
    });
    let mut text = table(&["kind", "state", "place", "items"], rows.collect());
    for (kind, sum) in &report.accounted {
        let came = report.came_in.get(*kind).copied().unwrap_or_default();
        let verdict = if came == *sum { "adds up" } else { "DOES NOT ADD UP" };
        text.push_str(&format!("\n{kind}: {came} came in, {sum} are accounted for: {verdict}"));
    }
    answer(global, &text, &report);
    report.must_add_up()
}
