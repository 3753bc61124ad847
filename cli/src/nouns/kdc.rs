//! `gridcard kdc`: the province.

use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::clock::{entropy, now, random};
use crate::factory;
use crate::fail::{Exit, Failure, refused, security};
use crate::home::{self, Home, Party};
use crate::issue::{self, Allowed, Wish};
use crate::output::{answer, facts, say, table};
use crate::secret;
use ::kdc::ceremony::{Ceremony, CeremonyRecord, Component};
use ::kdc::ids::{DeviceNumber, PROVINCE, Pin};
use ::kdc::journal::Journal;
use ::kdc::source::{CardSource, SoftSource};
use ::kdc::{Roots, keyset::RoleCheck};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use keys::{Suite, Zeroizing};
use reader::driver::issuing::IssuingCard;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::bcd::RegionCode;
use wire::profile::{CardKind, State};

/// Verbs of the province.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Hold the ceremony and make the main control card.
    Init(Init),
    /// Draw a component for a custodian and print it, with its check value.
    Component(Draw),
    /// Make an issuing card for a city with the main control card.
    IssueCard(IssueCard),
    /// Show what the province holds: check values, cards issued.
    Status,
}

/// Options of `kdc init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Take the published test root: everybody can compute these keys.
    #[arg(long, conflicts_with = "components", required_unless_present = "components")]
    pub test_root: bool,
    /// Combine so many components, typed in by their custodians (or lines of stdin: component, check value).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=8))]
    pub components: Option<u8>,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// File with the PIN the main control card will have (4 to 12 digits; `-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Number of the main control card.
    #[arg(long, default_value = "000000000001")]
    pub number: DeviceNumber,
    /// Allow keys of a formal root in the image file of a virtual card, where they stand in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Make the main control card of a blank that stands in a reader (pcsc:READER, pcsc:SERIAL). Default: a virtual card
    /// in the province's folder.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
}

/// Options of `kdc component`.
#[derive(Debug, Args)]
pub struct Draw {
    /// Cipher suite of the ceremony.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
}

/// Options of `kdc issue-card`.
#[derive(Debug, Args)]
pub struct IssueCard {
    /// What the card will make: `psam-issuing` or `esam-issuing`.
    #[arg(value_parser = issuing_kind)]
    pub kind: CardKind,
    /// Region code of the city, 8 digits.
    #[arg(long)]
    pub city: RegionCode,
    /// Number of the card, 12 digits.
    #[arg(long)]
    pub number: DeviceNumber,
    /// The blank: a card file, a new file, for which a blank is taken from the factory, or a card in a reader
    /// (pcsc:READER, pcsc:SERIAL). Default: a new file in province/out.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
    /// File with the PIN of the main control card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the PIN the new card will have (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub card_pin_file: Option<PathBuf>,
    /// Show plan and APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// After a run that broke off.
    #[command(flatten)]
    pub allowed: Allowed,
}

/// Reads a suite's name.
pub fn suite(text: &str) -> Result<Suite, String> {
    Suite::from_name(text)
        .ok_or_else(|| "a suite is 3des, aes128 or sm4 (SM1, the field's cipher, is closed)".into())
}

fn issuing_kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind @ (CardKind::PsamIssuing | CardKind::EsamIssuing)) => Ok(kind),
        _ => Err("an issuing card is psam-issuing or esam-issuing".into()),
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Init(options) => init(global, &options),
        Verb::Component(options) => component(global, &options),
        Verb::IssueCard(options) => issue_card(global, &options),
        Verb::Status => status(global),
    }
}

/// Where the province keeps its main control card.
pub fn main_card(folder: &Path) -> PathBuf {
    folder.join("main-control.card")
}

fn init(global: &Global, options: &Init) -> Result<()> {
    let blank = real_blank(options.card.as_ref())?;
    if options.components.is_some() && !options.formal_on_virtual && blank.is_none() {
        return Err(security(
            "a formal root does not belong on a virtual card: its image holds keys in clear",
        )
        .hint("use --test-root; or say --formal-on-virtual if you know what you do")
        .into());
    }
    let home = Home::new(global)?;
    let folder = home.place(Party::Province, "holding the ceremony")?;
    must_be_new(&folder)?;
    let at = now(global)?;
    let (roots, record) = match options.components {
        None => (Roots::test(options.suite), CeremonyRecord::of_test_root(options.suite, &at.to_string())),
        Some(total) => hold(options.suite, total, &at.to_string())?,
    };
    let pin = secret::pin(options.pin_file.as_deref(), "the main control card to be made")?;
    // Only now: a ceremony that failed leaves nothing behind.
    home.make(Party::Province, "holding the ceremony")?;
    let serial = random(&mut *entropy(global, "main control serial"));
    make_main_card(global, &folder, roots.clone(), options.number, serial, &pin, blank.as_ref())?;
    keep_record(&folder, &record)?;
    let text = format!(
        "{}\n\n{}",
        facts(&[
            ("root", format!("{} ({})", roots.state().name(), roots.suite().name())),
            ("main control card", card_ref::shown(&main_card(&folder))),
            ("check value of the whole", record.check_value.map_or("-".into(), |value| value.to_string())),
        ]),
        checks_table(&record.roots),
    );
    answer(
        global,
        &text,
        json!({
            "state": roots.state().name(), "suite": roots.suite().name(),
            "card": card_ref::shown(&main_card(&folder)), "check_values": checks_json(&record.roots),
        }),
    );
    Ok(())
}

/// A province has its roots once.
fn must_be_new(folder: &Path) -> Result<()> {
    let card = main_card(folder);
    if !card_ref::taken(&card) {
        return Ok(());
    }
    let card = card_ref::shown(&card);
    if record_file(folder).exists() {
        return Err(refused(format!("{card} is there: this province has its roots")).into());
    }
    let words = format!("{card} is there without its ceremony.json: `kdc init` was interrupted");
    Err(refused(words)
        .hint("if no card was made with it yet, remove it with the journal beside it and hold the ceremony again")
        .into())
}

/// Where the province keeps the record of its ceremony.
fn record_file(folder: &Path) -> PathBuf {
    folder.join("ceremony.json")
}

/// Keeps the record of the ceremony: the last act of a province's beginning.
pub fn keep_record(folder: &Path, record: &CeremonyRecord) -> Result<()> {
    home::write(&record_file(folder), format!("{}\n", serde_json::to_string_pretty(record)?).as_bytes())
}

/// The blank in a reader that shall become the main control card.
fn real_blank(card: Option<&CardRef>) -> Result<Option<CardRef>> {
    match card.map(CardRef::resolve).transpose()? {
        None => Ok(None),
        Some(card @ CardRef::Reader(_)) => Ok(Some(card)),
        Some(CardRef::File(path)) => {
            let words =
                format!("{}: a virtual main control card stands in the province's folder", path.display());
            Err(Failure::new(Exit::Usage, words).hint("leave --card out, or name a card in a reader").into())
        }
    }
}

/// Makes the main control card: a blank, then the roots by protected WRITE KEY. `blank` is one in a reader; without, the
/// factory gives a virtual one.
pub fn make_main_card(
    global: &Global,
    folder: &Path,
    roots: Roots,
    number: DeviceNumber,
    serial: [u8; 8],
    pin: &Pin,
    blank: Option<&CardRef>,
) -> Result<()> {
    let path = main_card(folder);
    match blank {
        Some(blank) => hand_over(blank, &path)?,
        None => {
            let (formal, source) = (roots.state() == State::Formal, entropy(global, "main control factory"));
            factory::blank(CardKind::MainControl, roots.suite(), serial, formal, source)?
                .save_new(&path, true)?;
        }
    }
    let mut card = Bay::open(global, &path, CardKind::MainControl)?;
    let wish = Wish {
        kind: CardKind::MainControl,
        number,
        region: PROVINCE,
        ceiling: None,
        wanted: None,
        pin: Some(pin),
        allowed: Allowed::default(),
    };
    let mut journal = issue::journal(folder)?;
    issue::issue(&wish, &mut card, &mut SoftSource::province(roots), &mut journal, now(global)?, &mut ())?;
    card.close()
}

/// Custodians type their components, one after another.
fn hold(suite: Suite, total: u8, at: &str) -> Result<(Roots, CeremonyRecord)> {
    let mut ceremony = Ceremony::new(suite, total)?;
    for number in 1..=total {
        let typed = secret::ask(&format!("component {number} of {total}, 32 hexadecimal digits"))?;
        let check = secret::ask_openly(&format!("check value of component {number}"))?;
        let found = ceremony.add_component(number, &typed, &check)?;
        say(format!("component {number}: check value {found} confirmed"));
    }
    let held = ceremony.finish(at)?;
    Ok((held.roots, held.record))
}

fn component(global: &Global, options: &Draw) -> Result<()> {
    let mut bytes = Zeroizing::new([0; 16]);
    entropy(global, "component").fill(&mut *bytes);
    let component =
        Component::from_entropy(options.suite, bytes).context("the random source gave zeros only")?;
    let text = format!("{}\n{}", component.paper().as_str(), component.check_value());
    answer(
        global,
        &text,
        json!({ "component": component.paper().as_str(), "check_value": component.check_value().to_string() }),
    );
    say("the first line is secret: on paper, into the custodian's envelope, nowhere else");
    Ok(())
}

fn issue_card(global: &Global, options: &IssueCard) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "making issuing cards")?;
    let pin = secret::pin(options.pin_file.as_deref(), "the main control card")?;
    let mut main = Bay::open(global, &main_card(&folder), CardKind::MainControl)?;
    let mut source = CardSource::open(IssuingCard::new(&mut main), &pin)?;
    let wish = Wish {
        kind: options.kind,
        number: options.number,
        region: options.city,
        ceiling: None,
        wanted: None,
        pin: None,
        allowed: options.allowed,
    };
    if options.dry_run {
        let plan = issue::plan(&wish, &source, now(global)?)?;
        answer(global, &plan.dry_run().to_string(), json!({ "plan": plan.dry_run().to_string() }));
        return Ok(());
    }
    let card_pin = secret::pin(options.card_pin_file.as_deref(), "the new issuing card")?;
    let card = match &options.card {
        Some(card) => card.clone(),
        None => out(&folder)?.join(format!("{}-{}.card", options.kind.name(), options.number)).into(),
    };
    let issued = issue_with(global, &mut source, &wish, &card_pin, &card, &mut issue::journal(&folder)?)?;
    main.close()?;
    let text = format!(
        "issued {} card {} for city {}: {}\nkeys: {}",
        options.kind.name(),
        options.number,
        options.city,
        card,
        issue::keys_line(&issued.keys),
    );
    answer(
        global,
        &text,
        json!({
            "kind": options.kind.name(), "number": options.number.to_string(), "city": options.city.to_string(),
            "serial": issued.serial.to_string(), "card": card.to_string(), "apdus": issued.apdus,
            "check_values": issue::keys_json(&issued.keys),
        }),
    );
    Ok(())
}

/// Issues a card: a blank that stands in a reader or a file, or for a file that is not there one from the factory.
pub fn issue_with(
    global: &Global,
    source: &mut dyn ::kdc::source::KeySource,
    wish: &Wish<'_>,
    pin: &Pin,
    card: &CardRef,
    journal: &mut Journal,
) -> Result<::kdc::issue::Issued> {
    let about = source.about();
    if let CardRef::File(path) = card.resolve()?
        && !path.exists()
    {
        let formal = about.state == State::Formal;
        let serial = random(&mut *entropy(global, &format!("serial of {}", wish.number)));
        factory::blank(wish.kind, about.suite, serial, formal, entropy(global, &path.display().to_string()))?
            .save_new(&path, true)?;
    }
    let mut card = Bay::open(global, card, wish.kind)?;
    card.must_take(about.state)?;
    let wish = Wish { pin: Some(pin), ..*wish };
    let issued = issue::issue(&wish, &mut card, source, journal, now(global)?, &mut ())?;
    card.close()?;
    Ok(issued)
}

/// The folder where a party lays what it hands out.
pub fn out(folder: &Path) -> Result<PathBuf> {
    let out = folder.join("out");
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    Ok(out)
}

fn status(global: &Global) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "showing the province's state")?;
    let record: CeremonyRecord = serde_json::from_str(&home::read_text(&record_file(&folder))?)
        .with_context(|| format!("{} is damaged", record_file(&folder).display()))?;
    let issued = issue::journal(&folder)?.issued();
    let text = format!(
        "{}\n\n{}",
        facts(&[
            ("root", format!("{} ({})", record.state.name(), record.suite.name())),
            ("ceremony", record.at.clone()),
            ("cards issued", issued.to_string()),
        ]),
        checks_table(&record.roots),
    );
    answer(
        global,
        &text,
        json!({
            "state": record.state.name(), "suite": record.suite.name(), "ceremony": record.at,
            "cards_issued": issued, "check_values": checks_json(&record.roots),
        }),
    );
    Ok(())
}

fn checks_table(checks: &[RoleCheck]) -> String {
    let row = |check: &RoleCheck| vec![check.role.name().to_owned(), check.check_value.to_string()];
    table(&["root", "check value"], checks.iter().map(row).collect())
}

fn checks_json(checks: &[RoleCheck]) -> serde_json::Value {
    let pair = |check: &RoleCheck| (check.role.name().to_owned(), check.check_value.to_string().into());
    serde_json::Value::Object(checks.iter().map(pair).collect())
}
