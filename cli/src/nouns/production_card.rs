//! `gridcard production-card`: cards that a city issues and writes, and that meters take while they are made.

use crate::made;
use crate::prelude::*;
use parties::city::PRODUCTION_CARDS;
use parties::city::production::{self, Content, Listed, ProductionReport, WriteRequest};
use scheme::money::Fen;
use scheme::numbers::Serial;
use scheme::production::{NumberRange, Preset as Begin};

/// Verbs of production cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Issue an empty production card with the city's ESAM issuing card.
    Issue(made::MakePlain),
    /// Write numbers onto a production card: each meter that waits for one takes the next.
    Number(Number),
    /// Write onto a production card what a meter in test state begins with: parameters and what is in its purse.
    Preset(Preset),
    /// Write formal keys onto a production card, for ESAMs in test state that are named; each is sealed for its chip.
    Key(Key),
    /// Read a production card: who has which number, whose keys were given; what meters say they have goes into the city's list.
    Read(Read),
    /// End a production card with the city's ESAM issuing card, operator and supervisor: its keys are destroyed for good.
    Retire(Retire),
}

/// What writing a card has in common.
#[derive(Debug, Args)]
pub struct Write {
    /// The production card: a card file, or a card in a reader.
    pub card: CardRef,
    #[command(flatten)]
    pub city: CityCard,
    /// Write over what stands on this card alone: numbers it gave, keys that no meter said it has.
    #[arg(long)]
    pub over: bool,
    /// Try the PIN of the issuing card although it has 1 try left: a wrong one blocks it.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// Options of `production-card number`.
#[derive(Debug, Args)]
pub struct Number {
    #[command(flatten)]
    pub write: Write,
    /// The first number, 12 digits.
    #[arg(long)]
    pub from: MeterNumber,
    /// The last number; a card gives at most 1000.
    #[arg(long)]
    pub to: MeterNumber,
}

/// Options of `production-card preset`.
#[derive(Debug, Args)]
pub struct Preset {
    #[command(flatten)]
    pub write: Write,
    /// What a purse begins with, in yuan; it is none any more when formal keys come.
    #[arg(long, value_name = "YUAN", default_value = "0")]
    pub amount: Fen,
    /// First alarm, in yuan.
    #[arg(long, value_name = "YUAN", default_value = "0")]
    pub alarm1: Fen,
    /// Second alarm, in yuan.
    #[arg(long, value_name = "YUAN", default_value = "0")]
    pub alarm2: Fen,
    /// Ratio of the current transformers.
    #[arg(long, value_name = "RATIO", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub ct: u32,
    /// Ratio of the voltage transformers.
    #[arg(long, value_name = "RATIO", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=999_999))]
    pub pt: u32,
}

/// Options of `production-card key`.
#[derive(Debug, Args)]
pub struct Key {
    #[command(flatten)]
    pub write: Write,
    /// An ESAM by the serial number of its chip and the number of its meter; may be said again.
    #[arg(long = "esam", value_name = "SERIAL:METER", value_parser = listed, required_unless_present = "from")]
    pub esams: Vec<Listed>,
    /// A number card: every ESAM that it gave a number.
    #[arg(long, value_name = "CARD")]
    pub from: Option<CardRef>,
    /// ESAMs that the card may load. Default: all whose keys it has.
    #[arg(long, value_name = "COUNT")]
    pub count: Option<u32>,
}

/// Options of `production-card read`.
#[derive(Debug, Args)]
pub struct Read {
    /// The production card: a card file, or a card in a reader.
    pub card: CardRef,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
}

/// Options of `production-card retire`.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    pub retire: made::RetireCard,
    /// File with the supervisor's PIN of the issuing card. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
}

fn listed(text: &str) -> Result<Listed, String> {
    let (serial, meter) = text.split_once(':').ok_or("SERIAL:METER has a colon")?;
    let serial = serial.parse::<Serial>().map_err(|error| error.to_string())?;
    let meter = meter.parse::<MeterNumber>().map_err(|error| error.to_string())?;
    Ok(Listed { serial, meter })
}

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        match self {
            Verb::Issue(options) => one("production-card issue", options, |call, options| {
                made::make_plain(call, options, &PRODUCTION_CARDS)
            }),
            Verb::Number(options) => one("production-card number", options, number),
            Verb::Preset(options) => one("production-card preset", options, preset),
            Verb::Key(options) => one("production-card key", options, key),
            Verb::Read(options) => one("production-card read", options, |call, options| {
                reply(call, production::read(call, &options.card, options.city), text)
            }),
            Verb::Retire(options) => two("production-card retire", options, |call, options| {
                let second = options.second_pin_file.as_deref().into();
                made::retire(call, &options.retire, &PRODUCTION_CARDS, Some(second))
            }),
        }
    }
}

fn number(call: &Call, options: &Number) -> Result<()> {
    let range = NumberRange { first: options.from, last: options.to };
    write(call, &options.write, Content::Numbers(range))
}

fn preset(call: &Call, options: &Preset) -> Result<()> {
    let begin = Begin { alarms: [options.alarm1, options.alarm2], ratios: [options.ct, options.pt] };
    write(call, &options.write, Content::Preset(begin, options.amount))
}

fn key(call: &Call, options: &Key) -> Result<()> {
    let content =
        Content::Keys { esams: options.esams.clone(), from: options.from.clone(), count: options.count };
    write(call, &options.write, content)
}

fn write(call: &Call, options: &Write, content: Content) -> Result<()> {
    let request = WriteRequest {
        card: options.card.clone(),
        access: options.city.get(options.spend_last_try),
        content,
        over: options.over,
    };
    reply(call, production::write(call, &request), text)
}

fn text(report: &ProductionReport) -> String {
    let mut lines = vec![
        ("card", format!("{} of city {}", report.number, report.city)),
        ("brings", report.work.to_owned()),
    ];
    if let Some([first, last]) = report.range {
        lines.push(("numbers", format!("{first} to {last}")));
        lines.push(("next", report.next.map_or("none is left".to_owned(), |next| next.to_string())));
    }
    lines.extend(report.preset.iter().map(|fen| ("purse", Fen(*fen).to_string())));
    lines.extend(report.key_version.iter().map(|version| ("key version", version.to_string())));
    lines.extend(report.left.iter().map(|left| ("may load", format!("{left} ESAM(s)"))));
    if report.meters.is_empty() {
        return facts(&lines);
    }
    let rows = report.meters.iter();
    let rows = rows.map(|meter| row![meter.esam.meter, meter.esam.serial, meter.keys.unwrap_or("numbered")]);
    format!("{}\n\n{}", facts(&lines), table(&["meter", "chip", "state"], rows.collect()))
}
