//! Cards of production, as their city writes and reads them [docs/specs/production-cards.md].

use super::access::{Access, must_be_of};
use crate::cards::CardHandle;
use crate::home::Home;
use crate::issuing;
use crate::log;
use crate::session::Session;
use crate::transport;
use crate::trouble::{Context, Result, refused};
use ::issue::life::{LifeChange, Passing};
use ::issue::production::{Files, key_files, key_set, number_files, preset_files};
use ::issue::source::KeySource;
use office::journal::Journal;
use office::store::Store;
use reader::driver::production_card::ProductionCard;
use scheme::CardRef;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, MeterNumber, RegionCode, Serial};
use scheme::order::Serial8;
use scheme::production::{KeySet, KeysAre, NumberRange, Preset, Work};
use scheme::profile::{CardInfo, CardKind, State};
use serde::Serialize;

/// What a card is to bring.
#[derive(Debug, Clone)]
pub enum Content {
    /// Numbers.
    Numbers(NumberRange),
    /// What a meter begins with.
    Preset(Preset, Fen),
    /// Formal keys for these chips and numbers.
    Keys {
        /// Whose.
        esams: Vec<Listed>,
        /// A number card whose meters are meant too.
        from: Option<CardRef>,
        /// ESAMs that the card may load; `None`: all whose keys it has.
        count: Option<u32>,
    },
}

/// An ESAM by its chip and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Serial number of the chip.
    pub serial: Serial,
    /// Number of the meter.
    pub meter: MeterNumber,
}

/// A card to be written.
#[derive(Debug, Clone)]
pub struct WriteRequest {
    /// The card.
    pub card: CardRef,
    /// The ESAM issuing card, and the city.
    pub access: Access,
    /// What it is to bring.
    pub content: Content,
    /// Write over numbers that were given, and over keys that no meter said it has.
    pub over: bool,
}

/// What a card brings, and how far it has come.
#[derive(Debug, Clone, Serialize)]
pub struct ProductionReport {
    /// Number of the card.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// `number`, `preset`, `key`, or `empty`.
    pub work: &'static str,
    /// First and last number of a number card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<[MeterNumber; 2]>,
    /// The next number; none: all are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<MeterNumber>,
    /// What a purse begins with.
    #[serde(rename = "preset_fen", skip_serializing_if = "Option::is_none")]
    pub preset: Option<u32>,
    /// ESAMs that a key card may still load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Version of its keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_version: Option<u8>,
    /// The meters it met, or is to meet.
    pub meters: Vec<MeterReport>,
}

/// A meter on a card.
#[derive(Debug, Clone, Serialize)]
pub struct MeterReport {
    /// Chip and number.
    #[serde(flatten)]
    pub esam: Listed,
    /// Of a key card: `waiting`, `given` or `loaded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<&'static str>,
}

/// Writes what a card is to bring; what was on it before is over. A set of keys is noted before it is made.
///
/// # Errors
/// The card is another city's or none; numbers or keys that are no use; those of the issuing card. A run that broke off is said again.
pub fn write(session: &Session, request: &WriteRequest) -> Result<ProductionReport> {
    let (region, folder) = Home::new(session).city(request.access.city, "writing production cards")?;
    let named = request.card.to_string();
    request.access.with_issuing_card(session, &folder, (CardKind::EsamIssuing, false), |source| {
        let mut handle = CardHandle::open(session, &request.card, CardKind::ProductionCard)?;
        let (info, _) = ProductionCard::new(&mut handle).open()?;
        must_be_of(region, &info, &named)?;
        let before = look(&mut handle, &info)?;
        if !request.over {
            must_be_done(&before)?;
        }
        let files = match &request.content {
            Content::Numbers(range) => numbers(range)?,
            Content::Preset(preset, amount) => preset_files(preset, *amount),
            Content::Keys { esams, from, count } => {
                if source.about().state != State::Formal {
                    return Err(refused("this city's keys are test keys: a key card brings formal ones")
                        .hint("an ESAM in test state has published keys; the formal city writes the card")
                        .into());
                }
                transport::must_be_earnest(session, source)?;
                let esams = listed(session, region, esams, from.as_ref())?;
                let count = may_load(*count, esams.len())?;
                let mut journal = issuing::journal(session, &folder)?;
                issuing::tell_left(session, source, esams.len())?;
                let makes = (region, session.now()?.to_string());
                keys(source, &mut journal, &makes, &esams, count)?
            }
        };
        ::issue::production::write(&mut handle, source, &files)?;
        let report = look(&mut handle, &info)?;
        handle.close()?;
        log::fact(session, "production-card", report.number);
        log::fact(session, "work", report.work);
        if let Some([first, last]) = report.range {
            log::fact(session, "numbers", format!("{first} to {last}"));
        }
        if report.key_version.is_some() {
            log::fact(session, "key-sets", report.meters.len());
        }
        Ok(report)
    })
}

/// What stands on a card and nowhere else is not written over unasked: who got which number, and keys that no meter said it has.
fn must_be_done(before: &ProductionReport) -> Result<()> {
    let open = |meter: &&MeterReport| meter.keys != Some(KeysAre::Loaded.name());
    let lost = before.meters.iter().filter(open).count();
    if lost == 0 {
        return Ok(());
    }
    let what =
        if before.key_version.is_some() { "keys that no meter said it has" } else { "numbers that it gave" };
    Err(refused(format!("the card has {lost} line(s) of {what}"))
        .hint("`gridcard production-card read` shows them; keep that, then write with --over")
        .into())
}

fn numbers(range: &NumberRange) -> Result<Files> {
    if !(1..=NumberRange::MOST).contains(&range.len()) || range.at(range.len() - 1) != Some(range.last) {
        let words = format!("{} to {} are not 1 to {} numbers", range.first, range.last, NumberRange::MOST);
        return Err(refused(words).hint("a card gives numbers that follow one another").into());
    }
    Ok(number_files(range))
}

/// Chips and numbers that are meant, each once, and no number of two chips.
fn listed(
    session: &Session,
    region: RegionCode,
    named: &[Listed],
    from: Option<&CardRef>,
) -> Result<Vec<Listed>> {
    let mut all = named.to_vec();
    if let Some(card) = from {
        let mut handle = CardHandle::open(session, card, CardKind::ProductionCard)?;
        let (info, _) = ProductionCard::new(&mut handle).open()?;
        must_be_of(region, &info, &card.to_string())?;
        let report = look(&mut handle, &info)?;
        handle.close()?;
        if report.work != "number" {
            return Err(refused(format!("{card} is no number card: it brings {}", report.work))
                .hint("--from takes the card that gave the meters their numbers; name chips with --esam SERIAL:METER")
                .into());
        }
        all.extend(report.meters.iter().map(|meter| meter.esam));
    }
    let mut once: Vec<Listed> = Vec::new();
    for esam in all {
        if !once.contains(&esam) {
            once.push(esam);
        }
    }
    let all = once;
    if all.is_empty() || all.len() > KeySet::MOST {
        return Err(refused(format!(
            "{} ESAM(s) are named; a key card has keys for 1 to {}",
            all.len(),
            KeySet::MOST
        ))
        .hint("name them with --esam SERIAL:METER, or their number card with --from")
        .into());
    }
    for (n, esam) in all.iter().enumerate() {
        let twice = all.iter().take(n).find(|other| other.serial == esam.serial || other.meter == esam.meter);
        if let Some(other) = twice {
            let words = format!(
                "chip {} with number {} and chip {} with number {}: each stands once",
                other.serial, other.meter, esam.serial, esam.meter
            );
            return Err(refused(words)
                .hint("two cards gave one number: take one of the ESAMs out of use")
                .into());
        }
    }
    Ok(all)
}

/// Keys for each ESAM, noted before they are made: from then on the city's list has them as on their way.
fn keys(
    source: &mut dyn KeySource,
    journal: &mut Journal,
    (region, at): &(RegionCode, String),
    esams: &[Listed],
    count: u32,
) -> Result<Files> {
    let version = source.about().version;
    let mut sets = Vec::new();
    for esam in esams {
        must_be_free(journal.store(), esam)?;
        journal.intend_passage(at, &passing(*region, esam, version))?;
        let set = key_set(source, esam.serial, esam.meter, *region);
        sets.push(set.with_context(|| format!("keys for meter {}", esam.meter))?);
    }
    Ok(key_files(&sets, version, count))
}

/// How many ESAMs a card with keys for `sets` of them may load; all of them where nothing was said.
fn may_load(count: Option<u32>, sets: usize) -> Result<u32> {
    let most = u32::try_from(sets).unwrap_or(u32::MAX);
    match count {
        None => Ok(most),
        Some(count) if (1..=most).contains(&count) => Ok(count),
        Some(count) => Err(refused(format!("a card with keys for {most} ESAM(s) cannot load {count}"))
            .hint(format!("say --count 1 to {most}, or leave it away for all"))
            .into()),
    }
}

/// The number of a meter must not stand on another chip that is at work.
fn must_be_free(store: &Store, esam: &Listed) -> Result<()> {
    let kind = office::stock::ItemKind::Card(CardKind::Esam);
    let holder = store.numbered(kind, &esam.meter.to_string())?;
    let holder = holder.filter(|holder| holder.serial != Some(esam.serial));
    let ended = |stage| matches!(stage, office::stock::Stage::Retired | office::stock::Stage::Scrapped);
    match holder.filter(|holder| !ended(holder.stage)) {
        None => Ok(()),
        Some(holder) => {
            let words = format!(
                "meter {} has another ESAM, {}; chip {} gets no keys",
                esam.meter,
                holder.name(),
                esam.serial
            );
            Err(refused(words).hint("take that one out of use first: `gridcard esam retire`").into())
        }
    }
}

fn passing(region: RegionCode, esam: &Listed, version: u8) -> Passing {
    Passing {
        serial: esam.serial,
        number: esam.meter.into(),
        region,
        act: LifeChange::Formal,
        // The city has not seen the chip: published keys begin with their first version.
        from_version: 1,
        to_version: version,
        forfeit_fen: 0,
    }
}

/// Reads a card. Where it says that ESAMs have their keys, the city's list has them too.
///
/// # Errors
/// The card is another city's or none; the list cannot be kept.
pub fn read(session: &Session, card: &CardRef, city: Option<RegionCode>) -> Result<ProductionReport> {
    let (region, folder) = Home::new(session).city(city, "reading production cards")?;
    let mut handle = CardHandle::open(session, card, CardKind::ProductionCard)?;
    let (info, _) = ProductionCard::new(&mut handle).open()?;
    must_be_of(region, &info, &card.to_string())?;
    let report = look(&mut handle, &info)?;
    handle.close()?;
    if report.key_version.is_some() {
        let mut journal = issuing::journal(session, &folder)?;
        let at = session.now()?.to_string();
        let loaded = report.meters.iter().filter(|meter| meter.keys == Some(KeysAre::Loaded.name()));
        for meter in loaded {
            let open = journal.open_passage(meter.esam.serial)?;
            if let Some(passing) = open.filter(|open| open.act == LifeChange::Formal) {
                journal.conclude_passage(&at, &passing, &[])?;
            }
        }
    }
    Ok(report)
}

/// What a card brings, and how far it has come.
fn look(handle: &mut CardHandle, info: &CardInfo) -> Result<ProductionReport> {
    let mut card = ProductionCard::new(handle);
    card.open()?;
    card.select()?;
    let mut report = ProductionReport {
        number: DeviceNumber(info.number),
        city: RegionCode(info.region),
        work: "empty",
        range: None,
        next: None,
        preset: None,
        left: None,
        key_version: None,
        meters: Vec::new(),
    };
    let listed = |Serial8(serial): Serial8, meter| Listed { serial: Serial(serial), meter };
    let work = match card.work() {
        // Nothing was ever written onto it.
        Err(error) if error.sw() == Some(wire::Sw::WRONG_OFFSET) => None,
        work => work?,
    };
    match work {
        None => {}
        Some(Work::Number) => {
            let range = card.range()?;
            let lines = card.numbered(&range)?;
            report.work = "number";
            report.range = Some([range.first, range.last]);
            report.next = range.at(lines.len() as u64);
            report.meters = lines
                .iter()
                .map(|line| MeterReport { esam: listed(line.serial, line.number), keys: None })
                .collect();
        }
        Some(Work::Preset) => {
            report.work = "preset";
            report.preset = Some(card.purse()?.amount.0);
        }
        Some(Work::Key) => {
            report.work = "key";
            report.key_version = Some(card.key_information()?.version);
            report.left = Some(card.left()?);
            let lines = card.keyed()?;
            let line = |line: &reader::driver::production_card::Keyed| MeterReport {
                esam: listed(line.serial, line.number),
                keys: Some(line.are.name()),
            };
            report.meters = lines.iter().map(line).collect();
        }
    }
    Ok(report)
}
