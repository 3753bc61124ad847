//! Lists of revoked cards: `kdc revoke` and `city revoke` make them, `city revoked` and `server revoked` take them
//! [docs/specs/revocation.md].

use crate::args::Global;
use crate::bay::Bay;
use crate::clock::now;
use crate::fail::{refused, security};
use crate::output::answer;
use crate::vouch::{self, Origin};
use crate::{audit, home, issue, people};
use ::kdc::revocation::{CardMac, List, Reason, Revoked};
use ::office::journal::Event;
use ::office::store::{FILE, Item, ItemKind, Stage, Store};
use ::scheme::numbers::{DeviceNumber, RegionCode};
use clap::Args;
use keys::Suite;
use parties::trouble::{Context, Result};
use reader::driver::issuing::{Current, IssuingCard, Target};
use scheme::profile::{CardKind, Recipient, State};
use serde_json::json;
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
#[derive(Debug, Args)]
pub struct What {
    /// Kind of the card, as its maker names it.
    #[arg(value_parser = kind)]
    pub kind: CardKind,
    /// Number of the card, 12 digits.
    pub number: DeviceNumber,
    /// Why, for the list: lost, stolen, broken, compromised or replaced.
    #[arg(long)]
    pub reason: Reason,
    /// What happened, in words; the log and the store keep them.
    #[arg(long)]
    pub why: String,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

fn kind(text: &str) -> Result<CardKind, String> {
    CardKind::from_name(text).ok_or_else(|| "no kind of card has this name".to_owned())
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
pub fn own(folder: &Path) -> Result<Option<List>> {
    read(&place(folder))
}

/// A security stop for a card on a list that the party made or took.
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
fn known(maker: &Maker<'_>, options: &What) -> Result<Item> {
    if !maker.kinds.contains(&options.kind) {
        let made: Vec<&str> = maker.kinds.iter().map(|kind| kind.name()).collect();
        let words = format!("a card of kind {} is not made here", options.kind.name());
        return Err(refused(words)
            .hint(format!("made here, and revoked here, are: {}", made.join(", ")))
            .into());
    }
    let path = maker.folder.join(FILE);
    let found = match path.exists() {
        true => Store::visit(&path)?.numbered(ItemKind::Card(options.kind), &options.number.to_string())?,
        false => None,
    };
    let issued = |item: &Item| {
        matches!(item.stage, Stage::Issued | Stage::Dispatched | Stage::Fitted | Stage::Retired)
    };
    found.filter(issued).ok_or_else(|| {
        refused(format!("no {} card {} was issued here", options.kind.name(), options.number))
            .hint("`gridcard stock list` shows what was; look at the number again")
            .into()
    })
}

/// Makes the next list: two people, a known card, a MAC of the card one level up for each card that shall believe it. `open`
/// gives that card with its PINs verified.
pub fn revoke(
    global: &Global,
    maker: &Maker<'_>,
    options: &What,
    (suite, state): (Suite, State),
    open: impl FnOnce() -> Result<Bay>,
    verify: impl FnOnce(&mut Bay) -> Result<()>,
) -> Result<()> {
    if options.why.trim().is_empty() {
        return Err(refused("a revocation needs a reason").hint("say what happened with --why").into());
    }
    let item = known(maker, options)?;
    let serial = item.serial.context("an issued card has a serial")?;
    let at = now(global)?.to_string();
    let date = at.get(..10).unwrap_or_default().parse()?;
    let list = own(maker.folder)?.unwrap_or_else(|| List::empty(maker.issuer, suite, date));
    let card = Revoked {
        kind: options.kind.name().to_owned(),
        number: options.number,
        serial,
        date,
        reason: options.reason,
    };
    let mut list = list.next(card, date)?;
    let believers = believers(maker)?;
    let act = format!("revoking {} card {}", options.kind.name(), options.number);
    if options.dry_run {
        let text = format!(
            "{act} ({}), list {}, with a MAC for {} card(s); two people do it\nnothing was done",
            options.reason,
            list.number,
            believers.len()
        );
        answer(
            global,
            &text,
            json!({ "dry_run": true, "list": list.number, "kind": options.kind.name(), "number": options.number.to_string(), "believers": believers.len() }),
        );
        return Ok(());
    }
    let Some(two) = people::two(global, maker.folder, &act, state)? else { return Ok(()) };
    let digest = list.digest()?;
    let mut bay = open()?;
    verify(&mut bay)?;
    for target in &believers {
        let mac = IssuingCard::new(&mut bay).mac_list(target, digest)?;
        let Recipient::Card(kind) = target.recipient else { continue };
        list.macs.push(CardMac {
            kind: kind.name().to_owned(),
            number: DeviceNumber(target.number),
            mac: hex::encode(mac),
        });
    }
    bay.close()?;
    // The journal first, with its line in the log: what stands on the list and not in it would be a change by hand.
    let why =
        format!("{}: {} (list {}, second person {})", options.reason, options.why, list.number, two.second());
    let event = Event::Revoked { kind: options.kind, number: options.number, why };
    issue::journal(global, maker.folder)?.note(&at, event)?;
    list.log = Some(Origin::value(maker.folder)?);
    home::write(&place(maker.folder), list.to_json()?.as_bytes())?;
    let path = place(maker.folder);
    let text = format!(
        "revoked {} card {} ({}): list {} in {}, with a MAC for {} card(s)",
        options.kind.name(),
        options.number,
        options.reason,
        list.number,
        path.display(),
        list.macs.len(),
    );
    let object = json!({
        "kind": options.kind.name(), "number": options.number.to_string(), "reason": options.reason, "why": options.why,
        "list": path.display().to_string(), "list_number": list.number, "revoked": list.revoked.len(), "macs": list.macs.len(),
    });
    answer(global, &text, object);
    Ok(())
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
pub fn take(
    global: &Global,
    folder: &Path,
    issuer: RegionCode,
    file: &Path,
    cards: &[(CardKind, PathBuf)],
) -> Result<()> {
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
            use ::scheme::Fault;
            security(error.to_string()).hint(error.hint().unwrap_or_default())
        })?;
    }
    let digest = list.digest()?;
    let mut believed = 0;
    for (kind, place) in cards {
        let mut bay = Bay::open(global, &crate::card_ref::NamesCard::card_ref(place.as_path()), *kind)?;
        let mut card = IssuingCard::new(&mut bay);
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
        bay.close()?;
    }
    if believed == 0 {
        return Err(security(
            "no card here can say that this list is genuine: it has no MAC for any of them",
        )
        .hint("fetch the newest list; it has a MAC for every card its maker issued")
        .into());
    }
    if let Some(log) = &list.log {
        vouch::received(global, log);
    }
    audit::fact(global, "list", list.number);
    home::write(&taken_place(folder), list.to_json()?.as_bytes())?;
    let text = format!(
        "list {} of {}: {} card(s) revoked; {believed} card(s) here believe it",
        list.number,
        list.date,
        list.revoked.len()
    );
    answer(
        global,
        &text,
        json!({ "list_number": list.number, "revoked": list.revoked, "believed": believed }),
    );
    Ok(())
}
