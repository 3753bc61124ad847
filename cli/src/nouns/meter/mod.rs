//! `gridcard meter`: meters with their ESAMs.

mod pair;
mod test;

use super::{Deed, audit};
use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::clock::{entropy, must_be_unseeded, now};
use crate::factory::EEPROM;
use crate::fail::{Failure, Kind, refused, security};
use crate::home::{self, Home, Party};
use crate::nouns::stock;
use crate::output::{answer, say, table};
use crate::transport::Transport;
use crate::{audit as log, wire_time};
use ::meter::{Consumption, FormalKeys, InsertionReport, Meter, MeterConfig, OrderOutcome, Outcome, Pairing};
use ::scheme::numbers::Serial;
use clap::{Args, Subcommand};
use keys::hierarchy;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use reader::driver::esam::Esam;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::pairing::PairingFile;
use scheme::profile::{CardKind, State};
use scheme::refusal::Refusal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use vcard::slot::Keep;
use wire::Channel;

const _: () = assert!(EEPROM >= 8 * 1024, "an ESAM's files need 8 KiB");

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
            Verb::Show(_) | Verb::List | Verb::Audit(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new(global, &options),
        Verb::Pair(options) => pair::run(global, &options),
        Verb::Test(options) => test::run(global, &options),
        Verb::Insert(options) => insert(global, &options),
        Verb::Consume(options) => consume(global, &options),
        Verb::Show(options) => show(global, &options),
        Verb::List => list(global),
        Verb::Audit(verb) => audit::run(global, &verb, || meters(global)),
    }
}

/// A meter on disk: `meters/NUMBER/` with its flash and its ESAM.
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// The folder of a meter under the folder of all meters.
    pub fn new(meters: &Path, number: MeterNumber) -> Self {
        Place { folder: meters.join(number.to_string()) }
    }

    /// The ESAM's card file.
    pub fn esam(&self) -> PathBuf {
        self.folder.join("esam.card")
    }

    /// The MCU's flash.
    pub fn flash(&self) -> PathBuf {
        self.folder.join("flash.json")
    }

    /// Whether both are there: the ESAM may stand in a reader.
    fn is_whole(&self) -> bool {
        self.flash().exists() && card_ref::taken(&self.esam())
    }

    /// Makes the folder.
    pub fn make(&self) -> Result<()> {
        disk::create_folder(&self.folder).with_context(|| format!("cannot make {}", self.folder.display()))
    }

    /// Refuses when there is no meter here.
    fn must_exist(&self) -> Result<()> {
        if self.flash().exists() {
            return Ok(());
        }
        Err(refused(format!("there is no meter in {}", self.folder.display()))
            .hint("`gridcard meter list` shows the meters; `gridcard meter new` makes one")
            .into())
    }

    /// Loads the meter.
    pub fn load(&self) -> Result<Meter> {
        self.must_exist()?;
        let path = self.flash();
        let text = keys::Zeroizing::new(home::read_text(&path)?);
        Meter::from_flash(&text).with_context(|| format!("{}", path.display()))
    }

    /// Saves the meter; on the disk when this returns, but for batches ([`Keep::AtClose`]).
    pub fn save(&self, meter: &Meter, keep: Keep) -> Result<()> {
        // Formal keys were allowed by name when the meter was made, or it would not be here.
        let text = meter.to_flash(FormalKeys::Allow)?;
        match keep {
            Keep::EveryCommand => home::write(&self.flash(), text.as_bytes()),
            _ => home::write_soon(&self.flash(), text.as_bytes()),
        }
    }

    /// Loads the meter for an act; its flash is written whenever the meter says so.
    fn load_to_act(&self, global: &Global) -> Result<Meter> {
        let mut meter = self.load()?;
        if meter.state().config.state == State::Formal {
            must_be_unseeded(global, "the challenges of a meter that counts money")?;
        }
        let place = Place { folder: self.folder.clone() };
        meter.keep_with(Box::new(move |meter| {
            place.save(meter, Keep::EveryCommand).map_err(|error| format!("{error:#}"))
        }));
        Ok(meter)
    }
}

/// Opens a pairing file with the transport key the meter's MCU has from production. Formal keys do not travel under the
/// published transport root.
fn open_pairing(text: &str, transport: &Transport) -> Result<(PairingFile, Pairing)> {
    let file = PairingFile::from_json(text)?;
    if file.state == State::Formal && transport.transport_file.is_none() {
        return Err(security("a formal pairing does not travel under the published transport root")
            .hint("name the transport root agreed with the meter's maker with --transport-file FILE")
            .into());
    }
    let transport = transport.root(file.suite)?;
    let pairing =
        Pairing::open(&file, &hierarchy::transport_key(&transport, hierarchy::mcu_serial(file.number.0)))?;
    Ok((file, pairing))
}

/// A new meter from its pairing file.
pub fn pair(
    text: &str,
    transport: &Transport,
    config_of: impl FnOnce(&PairingFile) -> MeterConfig,
) -> Result<Meter> {
    let (file, pairing) = open_pairing(text, transport)?;
    Ok(Meter::new(config_of(&file), pairing)?)
}

fn new(global: &Global, options: &New) -> Result<()> {
    let meters = Home::new(global)?.make(Party::Meters, "producing meters")?;
    let place = Place::new(&meters, options.number);
    // A flash without its ESAM is what an interrupted run left; nothing was ever credited to it.
    if place.is_whole() {
        return Err(refused(format!("meter {} exists already", options.number)).into());
    }
    let text = home::read_text(&options.pairing)?;
    let state = if options.formal { State::Formal } else { State::Test };
    let meter = pair(&text, &options.transport, |file| MeterConfig {
        number: options.number,
        state,
        suite: file.suite,
        price: options.price,
        load_w: options.load,
    })
    .with_context(|| format!("{}", options.pairing.display()))?;
    // The card must be an ESAM before it moves.
    let mut esam = Bay::open(global, &options.esam, CardKind::Esam)?;
    let serial = wire::atr::serial_of(&esam.reset()?).map(Serial);
    esam.close()?;
    place.make()?;
    place.save(&meter, Keep::EveryCommand)?;
    hand_over(&options.esam, &place.esam())?;
    stock::meter_made(global, &meters, options.number, serial)?;
    log::fact(global, "meter", options.number);
    log::fact(global, "state", state.name());
    serial.iter().for_each(|serial| log::fact(global, "serial", serial));
    let text = format!("meter {} ({}) stands in {}", options.number, state.name(), place.folder.display());
    answer(global, &text, json!({ "meter": options.number.to_string(), "state": state.name() }));
    Ok(())
}

fn meters(global: &Global) -> Result<PathBuf> {
    Home::new(global)?.party(Party::Meters, "using a meter")
}

fn insert(global: &Global, options: &Insert) -> Result<()> {
    let place = Place::new(&meters(global)?, options.number);
    place.must_exist()?;
    let mut sim = Bay::open(global, &options.sim, CardKind::Sim)?;
    // The ESAM's lock is the meter's: the flash is read under it.
    let mut esam = Bay::open(global, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(global)?;
    let mut chance = entropy(global, "meter");
    let report = meter.insert(&mut esam, &mut sim, now(global)?, &mut |bytes| chance.fill(bytes));
    place.save(&meter, Keep::EveryCommand)?;
    esam.close()?;
    sim.close()?;
    let (mut text, mut object) = (insertion_text(&report), insertion_json(&report));
    if global.wire_time {
        text = format!("{text}\n\n{}", wire_time::insertion(&report));
        object["wire_time"] = wire_time::insertion_json(&report);
    }
    answer(global, &text, object);
    if let (Some(cause), true) = (&report.cause, matches!(report.outcome, Outcome::Refused { .. })) {
        say(format!("the card said: {cause}"));
    }
    match report.outcome {
        Outcome::Refused { refusal, .. } => Err(failure(refusal).into()),
        _ => Ok(()),
    }
}

/// A refusal as a failure of the command.
fn failure(refusal: Refusal) -> Failure {
    let words = format!(
        "{} (card error {}, {}): {}",
        refusal.display(),
        refusal.field_error(),
        refusal.name(),
        refusal.words()
    );
    match refusal {
        Refusal::KeyState => security(words),
        Refusal::SimPulled | Refusal::SimReset | Refusal::EsamReset => Failure::new(Kind::Absent, words),
        _ => refused(words),
    }
}

fn insertion_text(report: &InsertionReport) -> String {
    let mut lines = vec![("display", format!("{} | {}", report.display.line1, report.display.line2))];
    for order in &report.orders {
        lines.push(("order", format!("record {}: {}", order.record, outcome_words(order.outcome))));
    }
    if report.debt_paid > 0 {
        lines.push(("owed before", paid_before(report.debt_paid)));
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

fn insertion_json(report: &InsertionReport) -> Value {
    let (outcome, refusal) = match report.outcome {
        Outcome::Credited { .. } => ("credited", Value::Null),
        Outcome::ReceiptRepeated { .. } => ("receipt-repeated", Value::Null),
        Outcome::Refused { refusal, step } => (
            "refused",
            json!({ "name": refusal.name(), "field_error": refusal.field_error(), "display": refusal.display(),
                    "words": refusal.words(), "step": step.name() }),
        ),
    };
    json!({
        "outcome": outcome, "refusal": refusal, "credited_fen": report.credited.0,
        "debt_paid_fen": report.debt_paid,
        "display": [report.display.line1, report.display.line2, report.display.hint],
        "apdus": report.esam.apdus + report.sim.apdus,
    })
}

fn consume(global: &Global, options: &Consume) -> Result<()> {
    let place = Place::new(&meters(global)?, options.number);
    place.must_exist()?;
    let wanted = match (options.kwh, options.hours) {
        (Some(hundredths), _) => Consumption::Energy(hundredths),
        (None, hours) => Consumption::Seconds(u64::from(hours.unwrap_or(0)) * 3600),
    };
    let mut esam = Bay::open(global, &place.esam(), CardKind::Esam)?;
    let mut meter = place.load_to_act(global)?;
    let report = meter.consume(&mut esam, wanted, now(global)?);
    place.save(&meter, Keep::EveryCommand)?;
    esam.close()?;
    let text = facts(&[
        ("register", energy(report.register)),
        ("balance", report.balance.to_string()),
        ("owed", yuan(report.due)),
        ("relay", relay(report.relay_open).to_owned()),
    ]);
    answer(
        global,
        &text,
        json!({
            "register_hundredths_kwh": report.register, "balance_fen": report.balance.0, "due_fen": report.due,
            "relay_open": report.relay_open,
        }),
    );
    if report.drawn.cut {
        say("the purse ran out: the relay is open, buy electricity");
    }
    match report.failure {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Money that may be more than a purse holds.
pub fn yuan(fen: u64) -> String {
    format!("{}.{:02} yuan", fen / 100, fen % 100)
}

/// What an insertion took off the credit for consumption before it.
pub fn paid_before(debt: u64) -> String {
    format!("{} of it paid for what was consumed before", yuan(debt))
}

/// A register value as people read it.
pub fn energy(hundredths: u32) -> String {
    format!("{}.{:02} kWh", hundredths / 100, hundredths % 100)
}

const fn relay(open: bool) -> &'static str {
    if open { "open (no current)" } else { "closed" }
}

fn show(global: &Global, options: &Show) -> Result<()> {
    let place = Place::new(&meters(global)?, options.number);
    let meter = place.load()?;
    let mut esam = Bay::open(global, &place.esam(), CardKind::Esam)?;
    let mut driver = Esam::new(&mut esam);
    driver.reset()?;
    let purse = driver.purse()?;
    esam.close()?;
    let (state, display) = (meter.state(), meter.display());
    let text = facts(&[
        ("meter", format!("{} ({})", options.number, state.config.state.name())),
        ("display", format!("{} {}", display.line1, display.line2).trim().to_owned()),
        ("register", energy(state.register.hundredths)),
        ("relay", relay(state.relay_open).to_owned()),
        ("purse", purse.balance.to_string()),
        ("owed", yuan(meter.debt())),
        ("credited in all", purse.total_credited.to_string()),
        ("purchase count", purse.count.to_string()),
    ]);
    let events: Vec<Value> =
        state.events.iter().map(|event| serde_json::to_value(event).unwrap_or(Value::Null)).collect();
    let rows = events.iter().map(|event| {
        let detail = event.as_object().map(|fields| {
            let rest = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "time" | "event"));
            rest.map(|(name, value)| match (name.as_str(), value.as_u64()) {
                ("amount" | "balance" | "due", Some(fen)) => format!("{name} {}", yuan(fen)),
                _ => format!("{name} {}", value.to_string().trim_matches('"')),
            })
            .collect::<Vec<_>>()
            .join(", ")
        });
        let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        vec![field("time"), field("event"), detail.unwrap_or_default()]
    });
    let text = format!("{text}\n\n{}", table(&["time", "event", "detail"], rows.collect()));
    answer(
        global,
        &text,
        json!({
            "meter": options.number.to_string(), "balance_fen": purse.balance.0, "total_credited_fen": purse.total_credited.0,
            "count": purse.count, "register_hundredths_kwh": state.register.hundredths, "relay_open": state.relay_open,
            "owed_fen": meter.debt(),
            "display": [display.line1, display.line2, display.hint], "events": events,
        }),
    );
    Ok(())
}

fn list(global: &Global) -> Result<()> {
    let meters = meters(global)?;
    let mut rows = Vec::new();
    let entries = std::fs::read_dir(&meters).with_context(|| format!("cannot read {}", meters.display()))?;
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", meters.display()))?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<MeterNumber>().ok()) else { continue };
        let place = Place::new(&meters, number);
        if !place.is_whole() {
            say(format!("meter {number} was not finished: repeat its `gridcard meter new`"));
            continue;
        }
        let meter = place.load()?;
        let state = meter.state();
        rows.push(vec![
            number.to_string(),
            meter.display().line2,
            energy(state.register.hundredths),
            relay(state.relay_open).to_owned(),
        ]);
    }
    rows.sort();
    let object = json!({ "meters": rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>() });
    answer(global, &table(&["meter", "display", "register", "relay"], rows), object);
    Ok(())
}
