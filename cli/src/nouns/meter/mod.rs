//! `gridcard meter`: meters with their ESAMs.

mod pair;
mod port;
mod test;

use crate::audit;
use crate::global::Global;
use crate::output::answer;
use crate::screen::{facts, say, table};
use crate::shared::Transport;
use crate::wire_time;
use clap::{Args, Subcommand};
use meter::events::Event;
use meter::{Consumption, InsertionReport, OrderOutcome};
use parties::meters::{self, InsertReport, MakeMeterRequest};
use parties::words::energy;
use parties::{Deed, Result};
use scheme::CardRef;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// Verbs of meters.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Produce a meter: put its ESAM in and load its pairing keys.
    New(New),
    /// Give a meter the pairing of an ESAM whose keys change, before or after they do.
    Pair(pair::Pair),
    /// Test a meter in test state with a production test card, and print a report.
    Test(test::Test),
    /// Put a SIM into a meter.
    Insert(Insert),
    /// Let the customer consume.
    Consume(Consume),
    /// Show a meter: display, register, relay, events.
    Show(Show),
    /// List the meters.
    List,
    /// Let meters answer readers at a line (DL/T 645), until a signal ends it.
    Port(port::Port),
    /// Read a meter at the other end of a line (DL/T 645).
    Read(port::Read),
    /// The audit log of the meters' makers.
    #[command(subcommand)]
    Audit(audit::Verb),
}

/// Options of `meter new`.
#[derive(Debug, Args)]
pub struct New {
    /// Number of the meter, 12 digits.
    pub number: MeterNumber,
    /// ESAM: its card file, which moves into the meter, or a card in a reader (pcsc:READER, pcsc:SERIAL), which the
    /// meter will look for by its serial number.
    #[arg(long, value_name = "CARD")]
    pub esam: CardRef,
    /// Pairing file the city made with the ESAM.
    #[arg(long, value_name = "FILE")]
    pub pairing: PathBuf,
    /// Make the meter in formal state; its emulated flash then holds formal pairing keys in clear.
    #[arg(long)]
    pub formal: bool,
    /// Price of a kWh, in yuan.
    #[arg(long, default_value = "0.55")]
    pub price: Fen,
    /// Load of the customer's appliances, in watts.
    #[arg(long, default_value_t = 500)]
    pub load: u32,
    /// Of the meter's MCU.
    #[command(flatten)]
    pub transport: Transport,
}

/// Options of `meter insert`.
#[derive(Debug, Args)]
pub struct Insert {
    /// Number of the meter.
    pub number: MeterNumber,
    /// SIM: its card file, or a SIM in a reader (pcsc:READER).
    pub sim: CardRef,
}

/// Options of `meter consume`.
#[derive(Debug, Args)]
pub struct Consume {
    /// Number of the meter.
    pub number: MeterNumber,
    /// So many kWh, at most two digits after the point.
    #[arg(long, value_name = "KWH", conflicts_with = "hours", required_unless_present = "hours", value_parser = hundredths)]
    pub kwh: Option<u64>,
    /// So many hours of the meter's load.
    #[arg(long)]
    pub hours: Option<u32>,
}

/// Options of `meter show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Number of the meter.
    pub number: MeterNumber,
}

fn hundredths(text: &str) -> Result<u64, String> {
    // Energy is written like money: at most two digits after the point.
    text.parse::<Fen>().map(|value| u64::from(value.0)).map_err(|_| "write kWh, as in 12 or 12.50".into())
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::New(_) => Deed::One("meter new"),
            Verb::Pair(_) => Deed::One("meter pair"),
            // What a customer does at his meter stands in the meter's own events; a test leaves nothing.
            Verb::Insert(_) | Verb::Consume(_) | Verb::Test(_) => Deed::Look,
            Verb::Show(_) | Verb::List | Verb::Audit(_) | Verb::Port(_) | Verb::Read(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new(global, options),
        Verb::Pair(options) => pair::run(global, &options),
        Verb::Test(options) => test::run(global, &options),
        Verb::Insert(options) => insert(global, &options),
        Verb::Consume(options) => consume(global, &options),
        Verb::Show(options) => show(global, &options),
        Verb::List => list(global),
        Verb::Port(options) => port::port(global, &options),
        Verb::Read(options) => port::read(global, &options),
        Verb::Audit(verb) => audit::run(global, &verb, || meters::folder(global)),
    }
}

fn new(global: &Global, options: New) -> Result<()> {
    let request = MakeMeterRequest {
        number: options.number,
        esam: options.esam,
        pairing: options.pairing,
        state: if options.formal { State::Formal } else { State::Test },
        price: options.price,
        load_w: options.load,
        transport: options.transport.get(),
    };
    let report = meters::make(global, &request)?;
    let text = format!("meter {} ({}) stands in {}", report.meter, report.state, report.folder.display());
    answer(global, &text, &report);
    Ok(())
}

/// An insertion for programs that want to know where its time went.
#[derive(Serialize)]
struct Timed<'r> {
    #[serde(flatten)]
    report: &'r InsertReport,
    wire_time: Value,
}

fn insert(global: &Global, options: &Insert) -> Result<()> {
    let report = meters::insert(global, options.number, &options.sim)?;
    let mut text = insertion_text(&report.insertion);
    if global.wire_time {
        text = format!("{text}\n\n{}", wire_time::insertion(&report.insertion));
        let wire_time = wire_time::insertion_json(&report.insertion);
        answer(global, &text, Timed { report: &report, wire_time });
    } else {
        answer(global, &text, &report);
    }
    if let (Some(cause), Some(_)) = (&report.insertion.cause, &report.refusal) {
        say(format!("the card said: {cause}"));
    }
    report.must_be_served()
}

fn insertion_text(report: &InsertionReport) -> String {
    let mut lines = vec![("display", format!("{} | {}", report.display.line1, report.display.line2))];
    for order in &report.orders {
        lines.push(("order", format!("record {}: {}", order.record, outcome_words(order.outcome))));
    }
    if report.debt_paid > 0 {
        let paid = yuan(report.debt_paid);
        lines.push(("owed before", format!("{paid} of it paid for what was consumed before")));
    }
    lines.push(("APDUs", format!("{} to the ESAM, {} to the SIM", report.esam.apdus, report.sim.apdus)));
    facts(&lines)
}

fn outcome_words(outcome: OrderOutcome) -> String {
    match outcome {
        OrderOutcome::Credited(amount) => format!("credited {amount}"),
        OrderOutcome::ReceiptRepeated => "credited before; the receipt was written again".into(),
        OrderOutcome::Refused(refusal) => format!("refused: {}", refusal.words()),
    }
}

fn consume(global: &Global, options: &Consume) -> Result<()> {
    let wanted = match (options.kwh, options.hours) {
        (Some(hundredths), _) => Consumption::Energy(hundredths),
        (None, hours) => Consumption::Seconds(u64::from(hours.unwrap_or(0)) * 3600),
    };
    let report = meters::consume(global, options.number, wanted)?;
    let text = facts(&[
        ("register", energy(report.register_hundredths_kwh)),
        ("balance", report.balance_fen.to_string()),
        ("owed", yuan(report.due_fen)),
        ("relay", relay(report.relay_open).to_owned()),
    ]);
    answer(global, &text, &report);
    if report.cut {
        say("the purse ran out: the relay is open, buy electricity");
    }
    report.must_be_debited()
}

/// Money that may be more than a purse holds.
fn yuan(fen: u64) -> String {
    parties::words::yuan(i64::try_from(fen).unwrap_or(i64::MAX))
}

const fn relay(open: bool) -> &'static str {
    if open { "open (no current)" } else { "closed" }
}

fn show(global: &Global, options: &Show) -> Result<()> {
    let report = meters::show(global, options.number)?;
    let [line1, line2, _] = &report.display;
    let text = facts(&[
        ("meter", format!("{} ({})", report.meter, report.state)),
        ("display", format!("{line1} {line2}").trim().to_owned()),
        ("register", energy(report.register_hundredths_kwh)),
        ("relay", relay(report.relay_open).to_owned()),
        ("purse", report.balance_fen.to_string()),
        ("owed", yuan(report.owed_fen)),
        ("credited in all", report.total_credited_fen.to_string()),
        ("purchase count", report.count.to_string()),
    ]);
    let rows = report.events.iter().map(event_row).collect();
    answer(global, &format!("{text}\n\n{}", table(&["time", "event", "detail"], rows)), &report);
    Ok(())
}

/// Time, name, and whatever else an event has.
fn event_row(event: &Event) -> Vec<String> {
    let event = serde_json::to_value(event).unwrap_or(Value::Null);
    let rest = event.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !matches!(name.as_str(), "time" | "event"));
    let detail: Vec<String> = rest
        .map(|(name, value)| match (name.as_str(), value.as_u64()) {
            ("amount" | "balance" | "due", Some(fen)) => format!("{name} {}", yuan(fen)),
            _ => format!("{name} {}", value.to_string().trim_matches('"')),
        })
        .collect();
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    vec![field("time"), field("event"), detail.join(", ")]
}

fn list(global: &Global) -> Result<()> {
    let report = meters::list(global)?;
    let rows = report.meters.iter().map(|meter| {
        vec![
            meter.number.to_string(),
            meter.display.clone(),
            energy(meter.register_hundredths_kwh),
            relay(meter.relay_open).to_owned(),
        ]
    });
    answer(global, &table(&["meter", "display", "register", "relay"], rows.collect()), &report);
    Ok(())
}
