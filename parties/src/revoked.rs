//! Lists of revoked cards: `kdc revoke` and `city revoke` make them, `city revoked` and `server revoked` take them
//! [docs/specs/revocation.md].

use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Context, Result};
use crate::trouble::{refused, security};
use crate::vouch::{self, Origin};
use crate::{home, issuing, log, people};
use kdc::revocation::{CardMac, List, Reason, Revoked};
use keys::Suite;
use office::journal::Event;
use office::store::{FILE, Item, ItemKind, Stage, Store};
use reader::driver::issuing::{Current, IssuingCard, Target};
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::profile::{CardKind, Recipient, State};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Who makes a list: whose it is, what he made, and the cards that shall believe it.
pub struct Maker<'a> {
    /// The party's folder.
    pub folder: &'a Path,
    /// The city; zeros: the province.
    pub issuer: RegionCode,
    /// Kinds he makes.
    pub kinds: &'a [CardKind],
    /// Kinds of cards that get a MAC.
    pub believers: &'a [CardKind],
}

/// What of a revocation a person says.
#[derive(Debug, Clone)]
pub struct RevokeRequest {
    /// Kind of the card.
    pub kind: CardKind,
    /// Its number.
    pub number: DeviceNumber,
    /// Why, for the list.
    pub reason: Reason,
    /// What happened, in words; the log and the store keep them.
    pub why: String,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// What came of a revocation.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum RevokeReport {
    /// Nothing was done.
    Planned(PlannedRevocation),
    /// The card is on the list.
    Revoked(Revocation),
}

/// A revocation that was only looked at.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedRevocation {
    /// Always.
    pub dry_run: bool,
    /// Number the list would have.
    pub list: u32,
    /// Kind of the card.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Why, for the list.
    #[serde(skip)]
    pub reason: Reason,
    /// Cards that could believe it.
    pub believers: usize,
}

/// A card that was revoked, and the list it is on.
#[derive(Debug, Clone, Serialize)]
pub struct Revocation {
    /// Kind of the card.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Why, for the list.
    pub reason: Reason,
    /// What happened, in words.
    pub why: String,
    /// The file of the list.
    pub list: String,
    /// Its number.
    pub list_number: u32,
    /// Cards on it.
    pub revoked: usize,
    /// Cards that can believe it.
    pub macs: usize,
}

/// A list that was taken.
#[derive(Debug, Clone, Serialize)]
pub struct TakeReport {
    /// Number of the list.
    pub list_number: u32,
    /// Its day.
    #[serde(skip)]
    pub date: String,
    /// Cards on it.
    pub revoked: Vec<Revoked>,
    /// Cards here that believe it.
    pub believed: usize,
}

/// Where a party keeps the list of an issuer: its own `revocation.json`, a city's or a bank's of whom it has cards.
pub fn place(folder: &Path) -> PathBuf {
    folder.join("revocation.json")
}

/// Where a city keeps the province's list, and a bank the city's.
pub fn taken_place(folder: &Path) -> PathBuf {
    folder.join("revoked-above.json")
}

fn read(path: &Path) -> Result<Option<List>> {
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(List::parse(&home::read_text(path)?).with_context(|| path.display().to_string())?))
}

/// The list a party made, if it revoked anything.
///
/// # Errors
/// It is damaged.
pub fn own(folder: &Path) -> Result<Option<List>> {
    read(&place(folder))
}

/// A security stop for a card on a list that the party made or took.
///
/// # Errors
/// That stop; a list that is damaged.
pub fn must_not_be(folder: &Path, kind: CardKind, number: DeviceNumber) -> Result<()> {
    for list in [own(folder)?, read(&taken_place(folder))?].into_iter().flatten() {
        if let Some(card) = list.find(kind, number) {
            let words = format!(
                "{} card {number} was revoked on {}: {} (list {})",
                kind.name(),
                card.date,
                card.reason,
                list.number
            );
            return Err(security(words)
                .hint("use its successor; if this one was found again, hand it to whoever made it")
                .into());
        }
    }
    Ok(())
}

/// A card the party made, by its store.
fn known(maker: &Maker<'_>, request: &RevokeRequest) -> Result<Item> {
    if !maker.kinds.contains(&request.kind) {
        let made: Vec<&str> = maker.kinds.iter().map(|kind| kind.name()).collect();
        let words = format!("a card of kind {} is not made here", request.kind.name());
        return Err(refused(words)
            .hint(format!("made here, and revoked here, are: {}", made.join(", ")))
            .into());
    }
    let path = maker.folder.join(FILE);
    let found = match path.exists() {
        true => Store::visit(&path)?.numbered(ItemKind::Card(request.kind), &request.number.to_string())?,
        false => None,
    };
    let issued = |item: &Item| {
        matches!(item.stage, Stage::Issued | Stage::Dispatched | Stage::Fitted | Stage::Retired)
    };
    found.filter(issued).ok_or_else(|| {
        refused(format!("no {} card {} was issued here", request.kind.name(), request.number))
            .hint("`gridcard stock list` shows what was; look at the number again")
            .into()
    })
}

/// Makes the next list: two people, a known card, a MAC of the card one level up for each card that shall believe it. `open`
/// gives that card, `verify` shows it its PINs. `None`: a request for the second person was written in its place.
///
/// # Errors
/// No reason is given; the card is not known here; one person, where two are wanted; the card that makes the MACs does not open.
pub fn revoke(
    session: &Session,
    maker: &Maker<'_>,
    request: &RevokeRequest,
    (suite, state): (Suite, State),
    open: impl FnOnce() -> Result<CardHandle>,
    verify: impl FnOnce(&mut CardHandle) -> Result<()>,
) -> Result<Option<RevokeReport>> {
    if request.why.trim().is_empty() {
        return Err(refused("a revocation needs a reason").hint("say what happened with --why").into());
    }
    let item = known(maker, request)?;
    let serial = item.serial.context("an issued card has a serial")?;
    let at = session.now()?.to_string();
    let date = at.get(..10).unwrap_or_default().parse()?;
    let list = own(maker.folder)?.unwrap_or_else(|| List::empty(maker.issuer, suite, date));
    let card = Revoked {
        kind: request.kind.name().to_owned(),
        number: request.number,
        serial,
        date,
        reason: request.reason,
    };
    let mut list = list.next(card, date)?;
    let believers = believers(maker)?;
    let act = format!("revoking {} card {}", request.kind.name(), request.number);
    if request.dry_run {
        return Ok(Some(RevokeReport::Planned(PlannedRevocation {
            dry_run: true,
            list: list.number,
            kind: request.kind.name(),
            number: request.number,
            reason: request.reason,
            believers: believers.len(),
        })));
    }
    let Some(two) = people::two(session, maker.folder, &act, state)? else { return Ok(None) };
    let digest = list.digest()?;
    let mut card = open()?;
    verify(&mut card)?;
    for target in &believers {
        let mac = IssuingCard::new(&mut card).mac_list(target, digest)?;
        let Recipient::Card(kind) = target.recipient else { continue };
        list.macs.push(CardMac {
            kind: kind.name().to_owned(),
            number: DeviceNumber(target.number),
            mac: hex::encode(mac),
        });
    }
    card.close()?;
    // The journal first, with its line in the log: what stands on the list and not in it would be a change by hand.
    let why =
        format!("{}: {} (list {}, second person {})", request.reason, request.why, list.number, two.second());
    let event = Event::Revoked { kind: request.kind, number: request.number, why };
    issuing::journal(session, maker.folder)?.note(&at, event)?;
    list.log = Some(Origin::value(maker.folder)?);
    home::write(&place(maker.folder), list.to_json()?.as_bytes())?;
    Ok(Some(RevokeReport::Revoked(Revocation {
        kind: request.kind.name(),
        number: request.number,
        reason: request.reason,
        why: request.why.clone(),
        list: place(maker.folder).display().to_string(),
        list_number: list.number,
        revoked: list.revoked.len(),
        macs: list.macs.len(),
    })))
}

/// The cards that shall believe the list: all that were issued of those kinds, the revoked ones too, which so hear of it.
fn believers(maker: &Maker<'_>) -> Result<Vec<Target>> {
    let store = Store::visit(&maker.folder.join(FILE))?;
    let mut found = Vec::new();
    for kind in maker.believers {
        for item in store.issued_of(ItemKind::Card(*kind))? {
            let (Some(serial), Some(number), Some(region)) = (item.serial, item.number, item.region) else {
                continue;
            };
            let (number, region): (DeviceNumber, RegionCode) = (number.parse()?, region.parse()?);
            found.push(Target {
                recipient: Recipient::Card(*kind),
                master: Current::Own,
                test_keys: false,
                version: None,
                serial: serial.0,
                number: number.0,
                region: region.0,
            });
        }
    }
    Ok(found)
}

/// Takes a list of the party one level up, which the cards at hand must believe; the highest number stays.
///
/// # Errors
/// It is the list of another issuer, an older one, or one that no card here believes.
pub fn take(
    session: &Session,
    folder: &Path,
    issuer: RegionCode,
    file: &Path,
    cards: &[(CardKind, PathBuf)],
) -> Result<TakeReport> {
    let list = List::parse(&home::read_text(file)?).with_context(|| file.display().to_string())?;
    if list.issuer != issuer {
        let words = format!(
            "{} is the list of {}, and {issuer} is wanted (00000000: the province)",
            file.display(),
            list.issuer
        );
        return Err(security(words).hint("a city takes the province's list, a bank that of its city").into());
    }
    if let Some(kept) = read(&taken_place(folder))? {
        kept.must_precede(&list).map_err(|error| {
            use scheme::Fault;
            security(error.to_string()).hint(error.hint().unwrap_or_default())
        })?;
    }
    let digest = list.digest()?;
    let mut believed = 0;
    for (kind, place) in cards {
        let mut handle = CardHandle::open(session, &crate::places::card_at(place), *kind)?;
        let mut card = IssuingCard::new(&mut handle);
        card.fmcos().reset()?;
        card.fmcos().select_mf()?;
        let info = card.card_info()?;
        let number = DeviceNumber(info.number);
        if let Some(mac) = list.mac_for(*kind, number)? {
            if !card.check_list(digest, mac)? {
                let words =
                    format!("{} card {number} does not believe this list: its MAC is wrong", kind.name());
                return Err(security(words)
                    .hint("somebody changed the list, or it is another province's: fetch it again")
                    .into());
            }
            believed += 1;
        }
        handle.close()?;
    }
    if believed == 0 {
        return Err(security(
            "no card here can say that this list is genuine: it has no MAC for any of them",
        )
        .hint("fetch the newest list; it has a MAC for every card its maker issued")
        .into());
    }
    if let Some(log) = &list.log {
        vouch::received(session, log);
    }
    log::fact(session, "list", list.number);
    home::write(&taken_place(folder), list.to_json()?.as_bytes())?;
    Ok(TakeReport { list_number: list.number, date: list.date.to_string(), revoked: list.revoked, believed })
}
