//! Taking issuing cards from the province into use.

use super::access::{info_of, issuing_card};
use crate::cards::CardHandle;
use crate::home::{self, Home, Party};
use crate::log::Noted;
use crate::places::{self, card_at, hand_over};
use crate::session::Session;
use crate::trouble::{Context, Result, refused, security};
use crate::vouch::RECEIVED;
use crate::{companion, log, revoked};
use keys::Role;
use office::audit::{Card, LogEvent};
use reader::driver::fmcos::Fmcos;
use scheme::CardRef;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardInfo, CardKind};
use serde::{Deserialize, Serialize, Serializer};
use std::path::{Path, PathBuf};

/// Issuing cards that are in use now.
#[derive(Debug, Clone, Serialize)]
pub struct OpenReport {
    /// Each of them.
    pub cards: Vec<InUse>,
}

/// An issuing card that is in use now.
#[derive(Debug, Clone, Serialize)]
pub struct InUse {
    /// Its kind.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Version of its keys, as this report always gave it.
    #[serde(serialize_with = "in_digits")]
    pub key_version: u8,
    /// Its city.
    pub city: RegionCode,
    /// Where it stands now.
    pub now_at: String,
}

fn in_digits<S: Serializer>(version: &u8, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(version)
}

/// An issuing card as the city took it into use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    kind: String,
    number: DeviceNumber,
    key_version: u8,
    at: String,
}

/// Where a city keeps what it took into use.
fn record(folder: &Path) -> PathBuf {
    folder.join("issuing.json")
}

fn opened(folder: &Path) -> Result<Vec<Opened>> {
    let path = record(folder);
    if !path.exists() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&home::read_text(&path)?).with_context(|| format!("{} is damaged", path.display()))
}

/// Takes issuing cards into use: a card file moves into the city's folder, of a card in a reader a link is kept there. A
/// successor takes the place of the card before it.
///
/// # Errors
/// A card is no issuing card, is revoked, or has keys that the city gave up.
pub fn open(session: &Session, cards: &[CardRef]) -> Result<OpenReport> {
    let home = Home::new(session);
    let mut report = OpenReport { cards: Vec::new() };
    for card in cards {
        report.cards.push(open_one(session, &home, card)?);
    }
    Ok(report)
}

fn open_one(session: &Session, home: &Home, card: &CardRef) -> Result<InUse> {
    let (info, key_version) = issuing_of(session, card)?;
    let region = RegionCode(info.region);
    let folder = home.make(Party::City(region), "taking issuing cards into use")?;
    let number = DeviceNumber(info.number);
    revoked::must_not_be(&folder, info.kind, number)?;
    let mut cards = opened(&folder)?;
    must_not_go_back(&cards, info.kind, number, key_version)?;
    let place = issuing_card(&folder, info.kind);
    let companion = companion::beside(session, card, info.number)?;
    step_aside(session, &folder, &place, card, (&info, key_version))?;
    hand_over(session, card, &place)?;
    let now = Opened { kind: info.kind.name().into(), number, key_version, at: session.now()?.to_string() };
    if !cards.iter().any(|card| (&card.kind, card.number) == (&now.kind, now.number)) {
        cards.push(now);
        home::write(&record(&folder), format!("{}\n", serde_json::to_string_pretty(&cards)?).as_bytes())?;
    }
    let mut facts = vec![("key_version", key_version.to_string())];
    facts.extend(companion.map(|companion| (RECEIVED, companion.log.words())));
    let noted = Noted { card: Some(card_of(&info)), facts: &facts, ..Noted::of(LogEvent::TakeCard) };
    log::note(session, &folder, noted)?;
    let now_at = places::shown(session, &place);
    Ok(InUse { kind: info.kind.name(), number, key_version, city: region, now_at })
}

fn card_of(info: &CardInfo) -> Card {
    Card {
        kind: info.kind.name().to_owned(),
        number: Some(DeviceNumber(info.number).to_string()),
        serial: None,
        region: Some(RegionCode(info.region).to_string()),
    }
}

/// Card information and key version of an issuing card.
fn issuing_of(session: &Session, card: &CardRef) -> Result<(CardInfo, u8)> {
    let info = info_of(session, card)?;
    if !info.kind.is_city_issuing() {
        let words = format!("{card} is a card of kind {}; a city works with issuing cards", info.kind.name());
        return Err(refused(words).into());
    }
    let mut handle = CardHandle::open(session, card, info.kind)?;
    let mut fmcos = Fmcos::new(&mut handle);
    fmcos.reset()?;
    fmcos.select_mf()?;
    let version = fmcos.key_information(0xF5, Role::Master.code())?.version;
    handle.close()?;
    Ok((info, version))
}

/// A city that went to new keys does not take an older card into use again.
fn must_not_go_back(cards: &[Opened], kind: CardKind, number: DeviceNumber, version: u8) -> Result<()> {
    let newest = cards.iter().filter(|card| card.kind == kind.name()).map(|card| card.key_version).max();
    match newest {
        Some(newest) if newest > version => {
            let words = format!(
                "{} card {number} has keys of version {version}, the city works with version {newest} already",
                kind.name()
            );
            Err(security(words)
                .hint("hand the card to the province: its version was given up for a reason")
                .into())
        }
        _ => Ok(()),
    }
}

/// Makes room for a successor: the card in its place steps aside. A card that is the one to be opened, or is no issuing card of
/// a version as high at most, stays, and `hand_over` says so.
fn step_aside(
    session: &Session,
    folder: &Path,
    place: &Path,
    card: &CardRef,
    successor: (&CardInfo, u8),
) -> Result<()> {
    let cards = &session.cards;
    if !places::taken(session, place) || cards.resolve(card)? == cards.resolve(&card_at(place))? {
        return Ok(());
    }
    let (info, version) = successor;
    let (old, old_version) = issuing_of(session, &card_at(place))?;
    if old.number == info.number || old_version > version {
        return Ok(());
    }
    let earlier = folder.join("earlier");
    home::make_folder(&earlier)?;
    let aside = earlier.join(format!("{}-{}.card", old.kind.name(), DeviceNumber(old.number)));
    if places::taken(session, &aside) {
        return Ok(());
    }
    places::relocate(session, place, &aside)?;
    session.say(format!(
        "{} {} steps aside to {}",
        old.kind.name(),
        DeviceNumber(old.number),
        places::shown(session, &aside)
    ));
    Ok(())
}
