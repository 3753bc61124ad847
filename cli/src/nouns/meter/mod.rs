//! `gridcard meter`: meters with their ESAMs.

mod air;
mod board;
#[cfg(feature = "service")]
mod buy;
mod calling;
mod line;
mod pair;
mod pipe;
mod port;
mod station;
mod tariff;
mod test;

use crate::prelude::*;
use crate::{audit, wire_time};
use meter::events::Event;
use meter::{Consumption, OrderOutcome, Profile};
use parties::meters::{self, InsertConditions, InsertReport, MakeMeterRequest};
use parties::words::{self, paid_before, yuan_of};
use scheme::money::Fen;
use serde_json::Value;

/// Verbs of meters.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Produce a meter: put its ESAM in and load its pairing keys.
    New(New),
    /// Give a meter the pairing of an ESAM whose keys change, before or after they do.
    Pair(pair::Pair),
    /// Test a meter in test state with a production test card, and print a report.
    Test(test::Test),
    /// Put a SIM, a user card or a production card into a meter, or a medium with the bank's files in its place.
    Insert {
        /// Number of the meter.
        number: MeterNumber,
        /// SIM, user card or production card: its card file, a card in a reader (pcsc:READER), or a SIM in a modem (at:DEVICE).
        #[arg(required_unless_present = "file")]
        sim: Option<CardRef>,
        /// An order's file as the bank wrote it, on a flash disk or an SD card, or a folder of such files; each receipt is written beside its order.
        #[arg(long, value_name = "PATH", conflicts_with = "sim")]
        file: Option<PathBuf>,
        /// How the supply stands while a user card or a production card is in, in percent of what it should be; at 75 and below the meter touches no card.
        #[arg(long, value_name = "PERCENT", default_value_t = 100, requires = "sim", value_parser = clap::value_parser!(u8).range(0..=120))]
        supply: u8,
        /// Allow formal pairing keys of a key card, which the emulated flash then holds in clear.
        #[arg(long, requires = "sim")]
        formal: bool,
        #[command(flatten)]
        transport: Transport,
    },
    /// Let the customer consume.
    Consume {
        /// Number of the meter.
        number: MeterNumber,
        /// So many kWh, at most two digits after the point.
        #[arg(long, value_name = "KWH", value_parser = hundredths, group = "much")]
        kwh: Option<u64>,
        /// So many cubic metres of gas or water, at most two digits after the point.
        #[arg(long, value_name = "M3", value_parser = hundredths, group = "much")]
        m3: Option<u64>,
        /// So many hours of the meter's load, which end now.
        #[arg(long, group = "much", required_unless_present_any = ["kwh", "m3"])]
        hours: Option<u32>,
    },
    /// Change what a meter feels, and what breaks in it: battery, magnet, a valve or relay that sticks, a leak.
    Sensors(pipe::Sensors),
    /// Show a meter: display, register, relay or valve, events.
    Show {
        /// Number of the meter.
        number: MeterNumber,
    },
    /// List the meters.
    List,
    /// Let meters answer readers at a line (DL/T 645, those of gas and water CJ/T 188), until a signal ends it.
    Port(port::Port),
    /// Let meters call a server that is far away (DL/T 645 behind a login), until a signal ends it.
    Call(calling::Calling),
    /// Let a sub-board bring a meter orders and frames over a serial line, until a signal ends it.
    Board(board::Board),
    /// Buy for a meter at the other end of a line, at a running server: carries what the two say, and has no key to any of it.
    #[cfg(feature = "service")]
    Buy(Box<buy::Buy>),
    /// Read a meter at the other end of a line (DL/T 645, CJ/T 188).
    Read(port::Read),
    /// Be a station at the other end of a meter's line (DL/T 645), with the published keys: for meters in test state.
    #[command(subcommand)]
    Station(Box<station::Act>),
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
    /// What the meter is for: electricity with a relay, gas or water with a valve and a battery.
    #[arg(long, default_value = "electricity", value_parser = pipe::profiles())]
    pub profile: Profile,
    /// Price of a kWh or a cubic metre, in yuan.
    #[arg(long, default_value = "0.55")]
    pub price: Fen,
    /// Load of the customer's appliances, in watts or litres an hour.
    #[arg(long, default_value_t = 500)]
    pub load: u32,
    #[command(flatten)]
    pub transport: Transport,
}

fn hundredths(text: &str) -> Result<u64, String> {
    // Energy is written like money: at most two digits after the point.
    text.parse::<Fen>()
        .map(|value| u64::from(value.0))
        .map_err(|_| "write kWh or m3, as in 12 or 12.50".into())
}

impl Verb {
    /// What each verb is, and what does it. What a customer does at his meter stands in the meter's own events; a test leaves
    /// nothing.
    pub fn task(self) -> Task {
        match self {
            Verb::New(options) => one("meter new", options, new),
            Verb::Pair(options) => one("meter pair", options, pair::run),
            Verb::Test(options) => look(options, test::run),
            Verb::Insert { number, sim, file, supply, formal, transport } => {
                let conditions = InsertConditions { supply, formal, transport: transport.get() };
                look(Put { number, sim, file, conditions }, insert)
            }
            Verb::Consume { number, kwh: Some(hundredths), .. } => {
                look((number, Consumption::Energy(hundredths)), consume)
            }
            Verb::Consume { number, m3: Some(hundredths), .. } => {
                look((number, Consumption::Volume(hundredths)), consume)
            }
            Verb::Consume { number, hours, .. } => {
                let seconds = u64::from(hours.unwrap_or(0)) * 3600;
                look((number, Consumption::Seconds(seconds)), consume)
            }
            Verb::Sensors(options) => look(options, pipe::sensors),
            Verb::Show { number } => look(number, show),
            Verb::List => look((), list),
            #[cfg(feature = "service")]
            Verb::Buy(options) => look(options, |call, options| buy::run(call, options)),
            Verb::Port(options) => look(options, port::port),
            Verb::Call(options) => look(options, calling::run),
            Verb::Board(options) => look(options, board::run),
            Verb::Read(options) => look(options, port::read),
            Verb::Station(options) => look(options, |call, options| station::run(call, options)),
            Verb::Audit(verb) => look(verb, |call, verb| audit::run(call, verb, || meters::folder(call))),
        }
    }
}

fn new(call: &Call, options: &New) -> Result<()> {
    let request = MakeMeterRequest {
        number: options.number,
        esam: options.esam.clone(),
        pairing: options.pairing.clone(),
        state: if options.formal { State::Formal } else { State::Test },
        profile: options.profile,
        price: options.price,
        load_w: options.load,
        transport: options.transport.get(),
    };
    reply(call, meters::make(call, &request), |report| {
        let kind = if report.profile == Profile::Electricity.name() { "" } else { report.profile };
        let whose = format!("{kind} meter {} ({})", report.meter, report.state);
        format!("{} stands in {}", whose.trim_start(), report.folder.display())
    })
}

/// What is put into a meter.
struct Put {
    number: MeterNumber,
    sim: Option<CardRef>,
    /// Named where no SIM is.
    file: Option<PathBuf>,
    conditions: InsertConditions,
}

fn insert(call: &Call, put: &Put) -> Result<()> {
    let report = match (&put.sim, &put.file) {
        (Some(sim), _) => meters::insert(call, put.number, sim, &put.conditions)?,
        (None, file) => meters::insert_file(call, put.number, &file.clone().unwrap_or_default())?,
    };
    let (mut text, mut object) = (insertion_text(&report, put.sim.is_some()), serde_json::to_value(&report)?);
    if call.options.wire_time {
        let wire_time = report.insertion.wire_time();
        text = format!("{text}\n\n{}", wire_time::insertion(&wire_time));
        object["wire_time"] = serde_json::to_value(&wire_time)?;
    }
    answer(call, &text, object);
    if let (Some(cause), Some(_)) = (&report.insertion.cause, &report.refusal) {
        let who = if put.sim.is_some() { "the card" } else { "the meter" };
        say(format!("{who} said: {cause}"));
    }
    report.must_be_served()
}

fn insertion_text(report: &InsertReport, of_sim: bool) -> String {
    let (files, beeps, called, report) = (&report.files, &report.beeps_ms, report.meter, &report.insertion);
    let mut lines = vec![("display", format!("{} | {}", report.display.line1, report.display.line2))];
    for file in files {
        lines.push(("order", format!("{}: {}", file.file, file.detail)));
        lines.extend(file.receipt.iter().map(|receipt| ("receipt", receipt.clone())));
    }
    lines.extend(called.iter().map(|number| ("meter", format!("{number}, from now on"))));
    // Of a medium they are told by their files.
    for order in report.orders.iter().filter(|_| of_sim) {
        lines.push(("order", format!("record {}: {}", order.record, outcome_words(order.outcome))));
    }
    if report.debt_paid > 0 {
        lines.push(("owed before", paid_before(report.debt_paid)));
    }
    if !beeps.is_empty() {
        lines.push(("beeper", beeps.iter().map(|tone| format!("{tone} ms")).collect::<Vec<_>>().join(", ")));
    }
    let apdus = format!("{} to the ESAM", report.esam.apdus);
    let to_sim = format!(", {} to the {}", report.sim.apdus, if beeps.is_empty() { "SIM" } else { "card" });
    lines.push(("APDUs", if of_sim { apdus + &to_sim } else { apdus }));
    facts(&lines)
}

fn outcome_words(outcome: OrderOutcome) -> String {
    match outcome {
        OrderOutcome::Credited(amount) => format!("credited {amount}"),
        OrderOutcome::ReceiptRepeated => "credited before; the receipt was written again".into(),
        OrderOutcome::Certified => "the server's certificate; the ESAM has it".into(),
        OrderOutcome::Refused(refusal) => format!("refused: {}", refusal.words()),
    }
}

fn consume(call: &Call, (number, wanted): &(MeterNumber, Consumption)) -> Result<()> {
    let report = meters::consume(call, *number, *wanted)?;
    let text = facts(&[
        ("register", report.supplied.register()),
        ("balance", report.balance_fen.to_string()),
        ("owed", yuan_of(report.due_fen)),
        (report.supplied.device(), report.supplied.position()),
    ]);
    answer(call, &text, &report);
    if report.cut {
        say(if report.supplied.profile.has_valve() {
            "the supply was cut: the purse ran out, or the valve is locked; `meter show` says which"
        } else {
            "the purse ran out: the relay is open, buy electricity"
        });
    }
    report.must_be_debited()
}

fn show(call: &Call, number: &MeterNumber) -> Result<()> {
    let report = meters::show(call, *number)?;
    let [line1, line2, _] = &report.display;
    let supplied = &report.supplied;
    let mut lines = vec![
        ("meter", format!("{} ({})", report.meter, report.state)),
        ("display", format!("{line1} {line2}").trim().to_owned()),
        ("register", supplied.register()),
        (supplied.device(), supplied.position()),
    ];
    if report.alarm {
        lines.push(("alarm", "on".to_owned()));
    }
    lines.extend(report.stuck.map(|cause| ("stuck", cause.to_owned())));
    if let Some(pipe) = &report.pipe {
        let weak = if pipe.battery_weak { ", change it" } else { "" };
        lines.push((
            "battery",
            format!("{}.{:02} V{weak}", pipe.battery_mv / 1000, pipe.battery_mv % 1000 / 10),
        ));
        lines.extend(pipe.locked.map(|lock| ("locked by", lock.to_owned())));
        lines.push(("refused unproved", format!("{} command(s) to the valve", pipe.clear_commands)));
    }
    lines.extend([
        ("price", words::price(report.price_hundredths_fen, supplied.profile.unit())),
        ("purse", report.balance_fen.to_string()),
        ("owed", yuan_of(report.owed_fen)),
        ("credited in all", report.total_credited_fen.to_string()),
        ("purchase count", report.count.to_string()),
    ]);
    let text = facts(&lines);
    let rows = report.events.iter().map(event_row).collect();
    answer(call, &format!("{text}\n\n{}", table(&["time", "event", "detail"], rows)), &report);
    Ok(())
}

/// Time, name, and whatever else an event has.
fn event_row(event: &Event) -> Vec<String> {
    let event = serde_json::to_value(event).unwrap_or(Value::Null);
    let rest = event.as_object().into_iter().flatten();
    let rest = rest.filter(|(name, _)| !matches!(name.as_str(), "time" | "event"));
    let detail: Vec<String> = rest
        .map(|(name, value)| match (name.as_str(), value.as_u64()) {
            ("amount" | "balance" | "due", Some(fen)) => format!("{name} {}", yuan_of(fen)),
            _ => format!("{name} {}", value.to_string().trim_matches('"')),
        })
        .collect();
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
    vec![field("time"), field("event"), detail.join(", ")]
}

fn list(call: &Call, (): &()) -> Result<()> {
    let report = meters::list(call)?;
    let rows = report.meters.iter().map(|meter| {
        let supplied = &meter.supplied;
        let stands = format!("{} {}", supplied.device(), supplied.position());
        row![meter.number, meter.display, supplied.register(), stands]
    });
    answer(call, &table(&["meter", "display", "register", "supply"], rows.collect()), &report);
    Ok(())
}
