//! `gridcard explain`: what something is, what it says, and the first check it fails.

use crate::files::whole;
use crate::prelude::*;
use ::parties::meters::esams;
use ::parties::{cards, places, receipts};
use lens::explain::{self, Hand, Opener, Part, Place, Verdict};
use parties::trouble::security;
use reader::trace::{hides_data, shown_bytes};
use scheme::refusal::Cure;
use scheme::subscription::Imsi;
use scheme::zone::spoken;
use scheme::{record_file, shown};
use serde_json::Value;
use std::io::Read;
use vcard::Image;
use wire::frames::{START, WAKE};
use wire::typed;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct Options {
    /// A file (record, image, trace, capture, receipt, certificate), a card (pcsc:READER, at:DEVICE), or hexadecimal digits; `-`
    /// reads stdin.
    #[arg(required = true, value_name = "FILE|CARD|HEX")]
    pub what: Vec<String>,
    /// Image of the ESAM of the meter it is for; may be given several times. Default: those of the meters in the home.
    #[arg(long, value_name = "FILE")]
    pub esam: Vec<PathBuf>,
    /// The meter it is for, of those in the home; with --region one on published test keys.
    #[arg(long, value_name = "METER")]
    pub meter: Option<MeterNumber>,
    /// City whose published test keys the meter has.
    #[arg(long, value_name = "CODE", requires = "meter", conflicts_with = "esam")]
    pub region: Option<RegionCode>,
    /// Cipher suite of these test keys: 3des, aes128 or sm4.
    #[arg(long, default_value = "sm4", value_parser = suite)]
    pub suite: Suite,
    /// IMSI of the SIM in the meter. Default: what the record's file says, or the SIM's image.
    #[arg(long)]
    pub imsi: Option<Imsi>,
    /// The province's root certificate, for a receipt that a bank exported.
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Kind of the cards in a trace that does not tell: main-control, psam-issuing, esam-issuing, psam, esam or sim.
    #[arg(long, value_parser = kind)]
    pub kind: Option<CardKind>,
}

/// What the command is, and what does it.
pub fn task(options: Options) -> Task {
    look(options, run)
}

fn run(call: &Call, options: &Options) -> Result<()> {
    let parts = parts(call, options)?;
    if parts.is_empty() {
        return Err(refused("this is nothing that gridcard knows")
            .hint("it explains records, messages, packets, orders, receipts, certificates, frames of DL/T 645, traces, commands and card images")
            .code("explain-unknown")
            .into());
    }
    let text: Vec<String> = parts.iter().map(words).collect();
    let fails = parts.iter().filter(|part| part.failing().is_some()).count();
    let object = json!({ "parts": parts.iter().map(Part::object).collect::<Vec<Value>>(), "fails": fails });
    answer(call, &spoken(&text.join("\n\n")), object);
    Ok(())
}

/// What was given.
enum Given {
    Card(CardRef),
    Bytes(Vec<u8>),
    Text(String),
}

fn given(call: &Call, options: &Options) -> Result<Given> {
    let joined = options.what.join(" ");
    if joined == "-" {
        let mut input = Vec::new();
        std::io::stdin().read_to_end(&mut input).context("cannot read stdin")?;
        return Ok(of_bytes(input));
    }
    let path = Path::new(&joined);
    if path.is_file() {
        return Ok(of_bytes(whole(path)?));
    }
    if let [one] = &options.what[..]
        && let Ok(card) = one.parse::<CardRef>()
        && call.cards.resolve(&card).is_ok_and(|card| card.path().is_none())
    {
        return Ok(Given::Card(card));
    }
    let bytes = typed::bytes(&joined).map_err(|error| {
        let digits = joined.chars().filter(char::is_ascii_hexdigit).count();
        let words = match 2 * digits > joined.len() {
            true => format!("neither a file nor hexadecimal digits: {error}"),
            false => format!("there is no file {joined}"),
        };
        refused(words).hint("name a file, a card (pcsc:, at:), or hexadecimal digits").code("explain-nothing")
    })?;
    // What wakes a meter stands before a frame, and begins no command.
    let is_frame = bytes.first() == Some(&WAKE) && bytes.iter().find(|byte| **byte != WAKE) == Some(&START);
    if let (false, Some(_), [cla, ins, p1, p2, ..]) = (is_frame, shown_bytes(&bytes), &bytes[..]) {
        let why = hides_data(&bytes).unwrap_or("a secret");
        let head = hex::encode_upper([*cla, *ins, *p1, *p2]);
        return Err(security(format!("the command {head} carries {why}, which other users would see"))
            .hint("give it in a file, or on stdin (-)")
            .code("explain-secret")
            .into());
    }
    Ok(Given::Bytes(bytes))
}

/// Text where it is text, else bytes.
fn of_bytes(bytes: Vec<u8>) -> Given {
    let is_text = |text: &str| text.chars().all(|c| !c.is_control() || c.is_whitespace());
    match String::from_utf8(bytes) {
        Ok(text) if is_text(&text) => Given::Text(text),
        Ok(text) => Given::Bytes(text.into_bytes()),
        Err(error) => Given::Bytes(error.into_bytes()),
    }
}

fn parts(call: &Call, options: &Options) -> Result<Vec<Part>> {
    let (given, openers) = (given(call, options)?, openers(call, options)?);
    let imsi = options.imsi.as_ref().map(Imsi::file);
    let hand = Hand { openers: &openers, now: call.now()?, imsi };
    Ok(match given {
        Given::Card(card) => vec![card_part(call, &card)?],
        Given::Bytes(bytes) => of(&bytes, &hand),
        Given::Text(text) => of_text(options, &text, &hand)?,
    })
}

/// Bytes, an image among them.
fn of(bytes: &[u8], hand: &Hand<'_>) -> Vec<Part> {
    if !bytes.starts_with(b"GRIDCARD") {
        return explain::bytes(bytes, hand);
    }
    match Image::from_bytes(bytes, Path::new("the image")) {
        Ok(image) => explain::image(&image, hand),
        Err(error) => {
            let code = scheme::Fault::code(&error);
            let failing = explain::Failing::other(code, error.to_string(), None, Cure::Service);
            vec![Part::new("a damaged image of a virtual card").fails(failing)]
        }
    }
}

fn of_text(options: &Options, text: &str, hand: &Hand<'_>) -> Result<Vec<Part>> {
    let text = typed::unmarked(text);
    if text.trim_start().starts_with('{') {
        return Ok(vec![exported(options, text)?]);
    }
    if text.lines().any(|line| matches!(line.trim_start().chars().next(), Some('>' | '<' | '='))) {
        return Ok(vec![explain::trace(text, options.kind).map_err(|error| refused(error.to_string()))?]);
    }
    if let Ok(message) = record_file::Message::from_text(text) {
        let own = message.sim.imsi.as_ref().map(Imsi::file);
        let hand = Hand { imsi: hand.imsi.or(own), ..*hand };
        return Ok(of(&message.record, &hand));
    }
    let whole = typed::bytes(text).ok();
    Ok(of(&whole.unwrap_or_else(|| explain::listing(text)), hand))
}

/// A receipt that a bank exported: checked where the root is at hand.
fn exported(options: &Options, text: &str) -> Result<Part> {
    let part = explain::exported(&receipts::bytes_of(text)?);
    let (Some(root), [file]) = (&options.certificate, &options.what[..]) else { return Ok(part) };
    if part.failing().is_some() {
        return Ok(part);
    }
    Ok(match receipts::verify(Path::new(file), root, None) {
        Ok(report) => part.passes(format!(
            "signed by ESAM {}, certified in the chain from root {}",
            report.serial, report.root.number
        )),
        Err(error) => part.fails(explain::Failing::other(error.code(), error.to_string(), None, Cure::Bank)),
    })
}

fn card_part(call: &Call, card: &CardRef) -> Result<Part> {
    let report = cards::show(call, card)?;
    let mut part = Part::new(format!("a card in a reader, {card}"));
    report.facts.iter().for_each(|fact| part.say(fact.name, &fact.text, None));
    Ok(part.open("it was asked for nothing that wants a right; `gridcard prove card` tries its claims"))
}

/// The keys that are at hand.
fn openers(call: &Call, options: &Options) -> Result<Vec<Opener>> {
    if let (Some(meter), Some(region)) = (options.meter, options.region) {
        return Ok(vec![Opener::of_test(options.suite, region.0, meter)]);
    }
    if !options.esam.is_empty() {
        return options.esam.iter().map(|path| opener(call, path)).collect();
    }
    let mut openers = Vec::new();
    for (meter, path) in esams(call, options.meter)? {
        // One that stands in a reader, or is damaged, has no keys for us.
        let image = Image::load(&path).ok();
        openers.extend(image.and_then(|image| Opener::of_esam(format!("meter {meter}"), image)));
    }
    Ok(openers)
}

fn opener(call: &Call, path: &Path) -> Result<Opener> {
    let file = places::image(call, &places::card_at(path), "explain")?;
    let image = Image::load(&file).map_err(Trouble::new)?;
    let opener = Opener::of_esam(path.display().to_string(), image);
    Ok(opener.ok_or_else(|| refused(format!("{} is the image of no finished ESAM", path.display())))?)
}

fn words(part: &Part) -> String {
    let rows = part.lines.iter().filter(|line| !line.name.is_empty()).map(|line| {
        let place = line.place.as_ref().map(Place::words).unwrap_or_default();
        row![place, line.name, line.value]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut text = vec![part.what.clone()];
    if !rows.is_empty() {
        text.push(table(&["bytes", "name", "value"], rows));
    }
    text.extend(part.lines.iter().filter(|line| line.name.is_empty()).map(|line| line.value.clone()));
    text.push(match &part.verdict {
        Verdict::Passes(words) => facts(&[("passes", wrapped(words))]),
        Verdict::Open(words) => facts(&[("open", wrapped(words))]),
        Verdict::Fails(failing) => {
            let mut lines = vec![("fails", wrapped(&format!("{}: {}", failing.check, failing.words)))];
            if let Some(place) = &failing.place {
                lines.push(("bytes", format!("{}: {}", place.words(), cut(&place.hex))));
            }
            if let (Some(error), Some(display)) = (failing.field_error, failing.display) {
                lines.push(("field", format!("error {error}, shown as {display}")));
            }
            lines.push(("cure", cured(failing.cure).to_owned()));
            facts(&lines)
        }
    });
    shown::lines(&text.join("\n")).into_owned()
}

/// Words in lines that fit beside a name on a screen of 80.
fn wrapped(words: &str) -> String {
    const WIDE: usize = 70;
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= WIDE) {
            Some(line) => line.extend([" ", word]),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// Digits for a screen; JSON has them all.
fn cut(hex: &str) -> String {
    const MOST: usize = 40;
    match hex.get(..MOST) {
        Some(first) if hex.len() > MOST => format!("{first}..."),
        _ => hex.to_owned(),
    }
}

const fn cured(cure: Cure) -> &'static str {
    match cure {
        Cure::Customer => "the customer, or who stands at the meter",
        Cure::Bank => "the bank",
        Cure::City => "the city",
        Cure::Service => "whoever repairs meter, card or line",
        Cure::Nobody => "nobody has to",
    }
}
