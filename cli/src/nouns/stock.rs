//! `gridcard stock`: what an office has, where it is, and what happened to it.

use crate::prelude::*;
use office::stock::{Filter, Handling, ItemKind, Stage};
use parties::stock::{self, ChangeRequest, TakeInRequest};
use scheme::shown;

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
    #[command(flatten)]
    pub office: Office,
}

/// Items and where they go.
#[derive(Debug, Args)]
pub struct To {
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
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        use Handling::{Dispatch, Fit, Move, Retire, Scrap, TakeBack};
        match self {
            Verb::In(options) => one("stock in", options, take_in),
            Verb::Move(to) => one("stock move", (Move, to.which, Some(to.to), to.why), change),
            Verb::Dispatch(to) => one("stock dispatch", (Dispatch, to.which, Some(to.to), to.why), change),
            Verb::Fit(fit) => one("stock fit", (Fit, fit.which, fit.to, fit.why), change),
            Verb::Back(to) => one("stock back", (TakeBack, to.which, Some(to.to), to.why), change),
            Verb::Retire(why) => one("stock retire", (Retire, why.which, None, why.why), change),
            Verb::Scrap(why) => one("stock scrap", (Scrap, why.which, None, why.why), change),
            Verb::Show(options) => look(options, show),
            Verb::List(options) => look(options, list),
            Verb::Report(office) => look(office, report),
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

fn take_in(call: &Call, In { file, to, office }: &In) -> Result<()> {
    let request = TakeInRequest { file: file.clone(), to: to.clone(), office: office.get() };
    reply(call, stock::take_in(call, &request), |report| format!("{} item(s) taken in", report.taken_in))
}

/// How items are handled, which, where they go, and why.
type Change = (Handling, Which, Option<String>, String);

fn change(call: &Call, (act, which, to, why): &Change) -> Result<()> {
    let request = ChangeRequest { act: *act, which: which.get(), to: to.clone(), why: why.clone() };
    reply(call, stock::change(call, &request), |report| {
        let place = report.to.as_ref().map(|place| format!(" to {place}")).unwrap_or_default();
        format!("{} item(s) {}{place}", report.items, report.act)
    })
}

fn show(call: &Call, options: &Show) -> Result<()> {
    reply(call, stock::show(call, options.office.get(), &options.name, options.kind), |report| {
        let item = &report.item;
        let rows = report.history.iter().map(|event| {
            row![event.at, event.what, event.number.as_deref().unwrap_or_default(), event.detail]
        });
        let boxed = if item.boxed.is_empty() { String::new() } else { format!(", box {}", item.boxed) };
        let heading = format!("{}: {} at {}{boxed}", item.name, item.state, item.place);
        format!("{}\n\n{}", shown::line(&heading), table(&["at", "what", "number", "more"], rows.collect()))
    })
}

fn list(call: &Call, options: &List) -> Result<()> {
    let filter = Filter {
        kind: options.kind,
        stage: options.state,
        place: options.place.clone(),
        box_: options.boxed.clone(),
    };
    let report = stock::list(call, options.office.get(), &filter, options.csv.as_deref())?;
    let count = report.count;
    if let Some(file) = &report.file {
        answer(call, &format!("{count} item(s) in {}", file.display()), &report);
        return Ok(());
    }
    let shown = report.items.iter().flatten();
    answer(call, &table(&stock::COLUMNS, shown.map(|item| item.row().to_vec()).collect()), &report);
    let hidden = count > stock::SHOWN as u64;
    say(format!("{count} item(s){}", if hidden { "; --csv FILE writes all of them" } else { "" }));
    Ok(())
}

fn report(call: &Call, office: &Office) -> Result<()> {
    let report = stock::report(call, office.get())?;
    let rows = report.heaps.iter().map(|heap| row![heap.kind, heap.state, heap.place, heap.count]);
    let mut text = table(&["kind", "state", "place", "items"], rows.collect());
    for (kind, sum) in &report.accounted {
        let came = report.came_in.get(*kind).copied().unwrap_or_default();
        let verdict = if came == *sum { "adds up" } else { "DOES NOT ADD UP" };
        text.push_str(&format!("\n{kind}: {came} came in, {sum} are accounted for: {verdict}"));
    }
    answer(call, &text, &report);
    report.must_add_up()
}
