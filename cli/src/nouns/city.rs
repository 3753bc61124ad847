//! `gridcard city`: a city office and its issuing cards.

use super::{Deed, audit};
use crate::args::Global;
use crate::audit::Noted;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef, NamesCard};
use crate::clock::now;
use crate::fail::{refused, security};
use crate::home::{self, Home, Party};
use crate::nouns::card::must_not_exist;
use crate::nouns::kdc::companion;
use crate::nouns::revoked::{self, Maker};
use crate::output::{answer, say, table};
use crate::vouch::{Origin, RECEIVED};
use crate::{in_force, pin, secret};
use ::issue::source::CardSource;
use ::office::audit::{Act, Card};
use ::office::store::Store;
use ::scheme::numbers::DeviceNumber;
use ::server::meters::FORMAT as DELIVERY_FORMAT;
use ::server::{DeliveryLine, DeliveryList};
use clap::{Args, Subcommand};
use keys::{Role, Suite};
use parties::trouble::{Context, Result};
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::{CardInfo, CardKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Verbs of a city.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take issuing cards from the province into use: a card file moves into the city's folder, of a card in a reader a
    /// link is kept there.
    Open(Open),
    /// Revoke a PSAM, an ESAM or a test card that was lost, stolen or broken; the bank takes the list.
    Revoke(Revoke),
    /// Take the province's list of revoked cards; the city's issuing cards check it.
    Revoked(RevokedList),
    /// Write the delivery list for the bank: meter, chip, key version and ceiling of every ESAM that was issued here.
    Delivery(Delivery),
    /// The city's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
    /// The PINs of issuing cards.
    #[command(subcommand)]
    Pin(pin::Verb),
}

/// Options of `city open`.
#[derive(Debug, Args)]
pub struct Open {
    /// Issuing cards: card files, or cards in readers (pcsc:READER, pcsc:SERIAL). A successor of a higher key version, or of
    /// the same, takes the place of the card before it, which steps aside into the folder `earlier`.
    #[arg(required = true)]
    pub cards: Vec<CardRef>,
}

/// Options of `city revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Which card, and why: `psam`, `esam` or `test-card`.
    #[command(flatten)]
    pub what: revoked::What,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
    /// File with the PIN of the PSAM issuing card (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Options of `city revoked`.
#[derive(Debug, Args)]
pub struct RevokedList {
    /// The province's list (`revocation.json`).
    pub list: PathBuf,
    /// City, when the home has several.
    #[arg(long)]
    pub city: Option<RegionCode>,
}

/// Options of `city delivery`.
#[derive(Debug, Args)]
pub struct Delivery {
    /// The list; the bank takes it with `gridcard server meters`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The city; only where a home has several.
    #[arg(long, value_name = "CODE")]
    pub city: Option<RegionCode>,
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

/// Where a city keeps the issuing card of a kind.
pub fn issuing_card(folder: &Path, kind: CardKind) -> PathBuf {
    folder.join(format!("{}.card", kind.name()))
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Open(_) => Deed::One("city open"),
            Verb::Revoke(_) => Deed::Two("city revoke"),
            Verb::Revoked(_) => Deed::One("city revoked"),
            Verb::Delivery(_) => Deed::One("city delivery"),
            Verb::Audit(_) => Deed::Look,
            Verb::Pin(_) => Deed::One("city pin-change"),
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => open(global, &options),
        Verb::Revoke(options) => revoke(global, &options),
        Verb::Revoked(options) => take_list(global, &options),
        Verb::Delivery(options) => delivery(global, &options),
        Verb::Pin(verb) => {
            let kinds = [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing];
            let pin::Verb::Change(options) = verb;
            pin::change(global, &options, &kinds)
        }
        Verb::Audit(verb) => {
            audit::run(global, &verb, || Ok(Home::new(global)?.city(None, "reading the audit log")?.1))
        }
    }
}

fn open(global: &Global, options: &Open) -> Result<()> {
    let home = Home::new(global)?;
    let mut rows = Vec::new();
    for card in &options.cards {
        let (info, key_version) = issuing_of(global, card)?;
        let region = RegionCode(info.region);
        let folder = home.make(Party::City(region), "taking issuing cards into use")?;
        let number = DeviceNumber(info.number);
        revoked::must_not_be(&folder, info.kind, number)?;
        let mut cards = opened(&folder)?;
        must_not_go_back(&cards, info.kind, number, key_version)?;
        let place = issuing_card(&folder, info.kind);
        let companion = companion::beside(card, info.number)?;
        step_aside(global, &folder, &place, card, (&info, key_version))?;
        hand_over(card, &place)?;
        let now = Opened { kind: info.kind.name().into(), number, key_version, at: now(global)?.to_string() };
        if !cards.iter().any(|card| (&card.kind, card.number) == (&now.kind, now.number)) {
            cards.push(now);
            home::write(&record(&folder), format!("{}\n", serde_json::to_string_pretty(&cards)?).as_bytes())?;
        }
        let mut facts = vec![("key_version", key_version.to_string())];
        facts.extend(companion.map(|companion| (RECEIVED, companion.log.words())));
        let noted = Noted { card: Some(card_of(&info)), facts: &facts, ..Noted::of(Act::TakeCard) };
        crate::audit::note(global, &folder, noted)?;
        rows.push([
            info.kind.name().to_owned(),
            number.to_string(),
            key_version.to_string(),
            region.to_string(),
            card_ref::shown(&place),
        ]);
    }
    let cards = rows.iter().map(|[kind, number, version, city, place]| {
        json!({ "kind": kind, "number": number, "key_version": version, "city": city, "now_at": place })
    });
    let object = json!({ "cards": cards.collect::<Vec<_>>() });
    let head = ["card", "number", "key version", "city", "now at"];
    answer(global, &table(&head, rows.into_iter().map(Vec::from).collect()), object);
    Ok(())
}

/// Revokes a card the city made; its PSAM issuing card makes the list's MACs, for the PSAMs.
fn revoke(global: &Global, options: &Revoke) -> Result<()> {
    let (region, folder) = Home::new(global)?.city(options.city, "revoking cards")?;
    let place = issuing_card(&folder, CardKind::PsamIssuing);
    let info = info_of(global, &place.card_ref())?;
    let suite = Suite::from_code(info.suite).context("the PSAM issuing card is of a suite nobody knows")?;
    let maker = Maker {
        folder: &folder,
        issuer: region,
        kinds: &[CardKind::Psam, CardKind::Esam, CardKind::TestCard],
        believers: &[CardKind::Psam],
    };
    let open = || Bay::open(global, &place, CardKind::PsamIssuing);
    let verify = |bay: &mut Bay| {
        let pin = secret::pin(options.pin_file.as_deref(), "the PSAM issuing card")?;
        in_force::must_make(global, &folder, bay)?;
        CardSource::open(IssuingCard::new(bay), &pin)?;
        Ok(())
    };
    revoked::revoke(global, &maker, &options.what, (suite, info.state), open, verify)
}

/// Takes the province's list.
fn take_list(global: &Global, options: &RevokedList) -> Result<()> {
    let (_, folder) = Home::new(global)?.city(options.city, "taking the list of revoked cards")?;
    let kinds = [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing];
    let cards = kinds.map(|kind| (kind, issuing_card(&folder, kind)));
    let there: Vec<_> = cards.into_iter().filter(|(_, place)| card_ref::taken(place)).collect();
    revoked::take(global, &folder, RegionCode([0; 4]), &options.list, &there)
}

/// Writes what the bank has to know of every ESAM. The list is no secret and gives nobody money: a wrong line costs a
/// refusal. Its hash stands in both parties' logs.
fn delivery(global: &Global, options: &Delivery) -> Result<()> {
    must_not_exist(&options.out)?;
    let (region, folder) = Home::new(global)?.city(options.city, "writing the delivery list")?;
    let store = Store::visit(&folder.join(::office::store::FILE))?;
    let all = store.delivered()?;
    let known = all.iter().filter_map(|esam| {
        Some(DeliveryLine {
            meter: esam.number.clone(),
            serial: esam.serial.to_string(),
            key_version: esam.key_version?.max(1),
            key_state: esam.state.name().to_owned(),
            ceiling_fen: esam.ceiling.map(|fen| fen.0),
            valid_to: esam.valid_to.map(|day| day.to_string()),
            state_since: esam.state_since,
        })
    });
    let list = DeliveryList {
        format: DELIVERY_FORMAT.to_owned(),
        city: region.to_string(),
        made_at: now(global)?.to_string(),
        log: Some(Origin::value(&folder)?),
        esams: known.collect(),
    };
    let text = format!("{}\n", serde_json::to_string_pretty(&list)?);
    home::write(&options.out, text.as_bytes())?;
    let hash = hex::encode(Sha256::digest(&text));
    crate::audit::fact(global, "sha256", &hash);
    crate::audit::fact(global, "esams", list.esams.len());
    let older = all.len() - list.esams.len();
    let words = format!("{} ESAM(s) are in {}; SHA-256 {hash}", list.esams.len(), options.out.display());
    answer(
        global,
        &words,
        json!({
            "esams": list.esams.len(), "left_out": older, "sha256": hash, "file": options.out.display().to_string(),
        }),
    );
    if older > 0 {
        say(format!(
            "{older} ESAM(s) were issued by an older version and are left out: the bank sells nothing for them"
        ));
    }
    Ok(())
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
fn issuing_of(global: &Global, card: &CardRef) -> Result<(CardInfo, u8)> {
    let info = info_of(global, card)?;
    if !info.kind.is_city_issuing() {
        let words = format!("{card} is a card of kind {}; a city works with issuing cards", info.kind.name());
        return Err(refused(words).into());
    }
    let mut bay = Bay::open(global, card, info.kind)?;
    let mut fmcos = Fmcos::new(&mut bay);
    fmcos.reset()?;
    fmcos.select_mf()?;
    let version = fmcos.key_information(0xF5, Role::Master.code())?.version;
    bay.close()?;
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
    global: &Global,
    folder: &Path,
    place: &Path,
    card: &CardRef,
    successor: (&CardInfo, u8),
) -> Result<()> {
    if !card_ref::taken(place) || card.card_ref().resolve()? == place.card_ref().resolve()? {
        return Ok(());
    }
    let (info, version) = successor;
    let (old, old_version) = issuing_of(global, &place.card_ref())?;
    if old.number == info.number || old_version > version {
        return Ok(());
    }
    let earlier = folder.join("earlier");
    disk::create_folder(&earlier).with_context(|| format!("cannot make {}", earlier.display()))?;
    let aside = earlier.join(format!("{}-{}.card", old.kind.name(), DeviceNumber(old.number)));
    if card_ref::taken(&aside) {
        return Ok(());
    }
    card_ref::move_place(place, &aside)?;
    say(format!(
        "{} {} steps aside to {}",
        old.kind.name(),
        DeviceNumber(old.number),
        card_ref::shown(&aside)
    ));
    Ok(())
}

/// Card information of an FMCOS card.
pub fn info_of(global: &Global, card: &CardRef) -> Result<CardInfo> {
    let (mut bay, kind) = Bay::open_any(global, card)?;
    if kind.is_sim() {
        return Err(refused(format!("{card} is a SIM, which carries no card information")).into());
    }
    let named = card.to_string();
    let mut card = Fmcos::new(&mut bay);
    card.reset()?;
    card.select_mf()?;
    card.card_info().context(named)
}
