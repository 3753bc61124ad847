//! Issuing cards for cities, made with the province's roots.

use super::holder::Holder;
use crate::companion;
use crate::home::{Home, Party};
use crate::issuing::{self, Allowed, CheckValues, IssueRequest};
use crate::places::card_at;
use crate::revoked;
use crate::secret::{self, SecretFrom};
use crate::session::{Session, out};
use crate::transport::Transport;
use crate::trouble::Result;
use issue::source::KeySource;
use scheme::CardRef;
use scheme::cards::Keeping;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, pins};
use serde::Serialize;
use std::path::Path;

/// An issuing card to be made.
#[derive(Debug, Clone)]
pub struct CardRequest {
    /// What it will make.
    pub kind: CardKind,
    /// Its city.
    pub city: RegionCode,
    /// Its number.
    pub number: DeviceNumber,
    /// How many cards it may make.
    pub count: u32,
    /// For how much, in fen, it may grant limits to PSAMs; `None`: what is usual.
    pub value: Option<u64>,
    /// Version of the city's keys on it.
    pub key_version: u8,
    /// The earlier version whose ESAMs it gives new keys; `None`: the one before.
    pub previous: Option<u8>,
    /// The blank, or the place of a new one; `None`: in what the province hands out.
    pub card: Option<CardRef>,
    /// Who holds the roots.
    pub holder: Holder,
    /// The PIN it will have.
    pub pin: SecretFrom,
    /// Its supervisor's, of a kind that has one.
    pub supervisor_pin: SecretFrom,
    /// Plan it, and do nothing.
    pub dry_run: bool,
    /// After a run that broke off.
    pub allowed: Allowed,
    /// Of a new blank.
    pub transport: Transport,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum CardReport {
    /// Nothing was done.
    Planned {
        /// The plan and its APDUs, secrets hidden.
        plan: String,
    },
    /// It is made.
    Issued(IssuedCard),
}

/// An issuing card that was made.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedCard {
    /// What it makes.
    pub kind: &'static str,
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// Version of the city's keys on it.
    pub key_version: u8,
    /// How many cards it may make.
    pub count: u32,
    /// Serial of its chip.
    pub serial: String,
    /// Where it stands.
    pub card: String,
    /// Commands it answered.
    pub apdus: u64,
    /// Check values of its keys.
    pub check_values: CheckValues,
}

/// Makes an issuing card.
///
/// # Errors
/// The card is on the list of revoked ones; the roots do not open; those of [`issuing::issue_at`].
pub fn issue_card(session: &Session, request: &CardRequest) -> Result<CardReport> {
    let folder = Home::new(session).party(Party::Province, "making issuing cards")?;
    revoked::must_not_be(&folder, request.kind, request.number)?;
    let why = format!("{} card {}", request.kind.name(), request.number);
    request.holder.with_source(session, &folder, &why, |source| make(session, request, &folder, source))
}

fn make(
    session: &Session,
    request: &CardRequest,
    folder: &Path,
    source: &mut dyn KeySource,
) -> Result<CardReport> {
    let wanted = IssueRequest {
        version: request.key_version,
        previous: request.previous,
        limit: Some(request.count),
        value: request.value,
        allowed: request.allowed,
        ..IssueRequest::new(request.kind, request.number, request.city)
    };
    if request.dry_run {
        let plan = issuing::plan(&wanted, source, session.now()?)?;
        return Ok(CardReport::Planned { plan: plan.dry_run().to_string() });
    }
    let (pin, supervisor) = new_pins(session, request.kind, (&request.pin, &request.supervisor_pin))?;
    let card = match &request.card {
        Some(card) => card.clone(),
        None => place_of(folder, request.kind, request.number)?,
    };
    let wanted = IssueRequest { pins: Pins { officer: supervisor.as_ref(), ..(&pin).into() }, ..wanted };
    let place = (&card, &request.transport, Keeping::EveryCommand);
    let mut journal = issuing::journal(session, folder)?;
    let issued = issuing::issue_at(session, &wanted, place, source, &mut journal)?;
    companion::write(session, folder, &card, (request.city, &issued))?;
    Ok(CardReport::Issued(IssuedCard {
        kind: request.kind.name(),
        number: request.number,
        city: request.city,
        key_version: request.key_version,
        count: request.count,
        serial: issued.serial.to_string(),
        card: card.to_string(),
        apdus: issued.apdus,
        check_values: CheckValues::of_card(&issued.keys),
    }))
}

/// The PIN of a new card and, of a kind that has one, its supervisor's.
fn new_pins(
    session: &Session,
    kind: CardKind,
    (operator, supervisor): (&SecretFrom, &SecretFrom),
) -> Result<(Pin, Option<Pin>)> {
    let first = secret::new_pin(session, operator, "the new issuing card")?;
    if pins(kind).len() < 2 {
        return Ok((first, None));
    }
    let second = secret::new_pin(session, supervisor, "the new issuing card, supervisor")?;
    secret::must_differ(&first, &second)?;
    Ok((first, Some(second)))
}

/// Where a new card of the province goes when nobody says: into what it hands out.
fn place_of(folder: &Path, kind: CardKind, number: DeviceNumber) -> Result<CardRef> {
    Ok(card_at(&out(folder)?.join(format!("{}-{number}.card", kind.name()))))
}
