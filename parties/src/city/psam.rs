//! PSAMs: what one shows, and its pairing with a bank's server.

use super::access::{Access, info_in, must_be_of};
use crate::cards::CardHandle;
use crate::home::{self, Home};
use crate::secret::{self, SecretFrom};
use crate::session::{Session, out};
use crate::trouble::Result;
use crate::{issuing, log, people};
use issue::life;
use issue::source::KeySource;
use office::journal::{Event, Journal};
use reader::driver::issuing::Counter;
use reader::driver::psam::Psam;
use scheme::CardRef;
use scheme::chance::random;
use scheme::numbers::{DeviceNumber, RegionCode};
use scheme::pin::Pin;
use scheme::profile::{CardKind, SERVER_KEY};
use scheme::psam::{Limits, Statement};
use serde::Serialize;
use server::ServerKey;
use std::path::{Path, PathBuf};
use wire::{Channel, Sw};

/// What a PSAM shows freely.
#[derive(Debug, Clone, Serialize)]
pub struct PsamReport {
    /// Its number.
    pub number: DeviceNumber,
    /// Its city.
    pub city: RegionCode,
    /// Its state.
    pub state: &'static str,
    /// Version of its keys.
    pub key_version: u8,
    /// Orders it sealed.
    pub sealed: u32,
    /// Orders it may seal in all.
    pub limit: Option<u32>,
    /// Orders it can still seal.
    pub left: Option<u32>,
    /// Tries of its PIN left.
    pub tries: Option<u8>,
    /// Value it sealed; of a card of an older make nothing.
    pub value_fen: Option<u64>,
    /// Value it may seal in all.
    pub value_limit_fen: Option<u64>,
    /// Head of its chain of orders.
    pub chain: Option<String>,
    /// Check value of its server key; without one it seals nothing.
    pub server_key: Option<String>,
}

impl PsamReport {
    /// Its counter.
    pub const fn counter(&self) -> Counter {
        Counter { limit: self.limit, made: self.sealed }
    }
}

/// Looks at a PSAM; needs no home and no PIN.
///
/// # Errors
/// The card does not open, or is no PSAM.
pub fn show(session: &Session, card: &CardRef) -> Result<PsamReport> {
    let mut handle = CardHandle::open(session, card, CardKind::Psam)?;
    info_in(&mut handle, CardKind::Psam, card)?;
    let mut psam = Psam::open(&mut handle)?;
    let (info, counter) = (psam.info(), psam.counter()?);
    let known = psam.chain()?.zip(psam.limits()?);
    let pairing = match psam.fmcos().key_information(SERVER_KEY.kind, SERVER_KEY.id) {
        Ok(key) => Some(key),
        Err(error) if error.sw() == Some(Sw::KEY_NOT_FOUND) => None,
        Err(error) => return Err(error.into()),
    };
    let key_version = psam.fmcos().key_information(0x35, 0x04)?.version;
    let tries = psam.fmcos().tries_left(0x3A, 0x00)?;
    handle.close()?;
    Ok(PsamReport {
        number: DeviceNumber(info.number),
        city: RegionCode(info.region),
        state: info.state.name(),
        key_version,
        sealed: counter.made,
        limit: counter.limit,
        left: counter.left(),
        tries,
        value_fen: known.map(|(chain, _)| chain.value),
        value_limit_fen: known.map(|(_, limits)| limits.value),
        chain: known.map(|(chain, _)| hex::encode_upper(chain.head)),
        server_key: pairing.map(|key| hex::encode_upper(key.kcv)),
    })
}

/// Sets limits against a statement of the PSAM, asked with a fresh challenge.
pub(super) fn set_limits(
    session: &Session,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    limits: Limits,
) -> Result<Option<Statement>> {
    let challenge = random(&mut *session.chance(&format!("statement {}", session.now()?)));
    Ok(life::raise(card, source, limits, challenge)?)
}

/// Pairs a PSAM and writes the server's file.
fn pair_with(
    session: &Session,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    pin: &Pin,
    file: &Path,
    journal: &mut Journal,
) -> Result<()> {
    let number = Psam::open(card)?.info().number;
    let at = session.now()?.to_string();
    // From the card's answer on the key before is dead, and the new one is nowhere but in this program.
    journal.note(&at, Event::Pairing { number: DeviceNumber(number) })?;
    let key = life::pair(card, source, pin)?;
    let key = ServerKey::new(number, source.about().suite, *key);
    home::write(file, key.to_json().as_bytes())?;
    log::fact(session, "server_key", file.display());
    Ok(journal.note(&at, Event::Paired { number: DeviceNumber(number) })?)
}

/// What a PSAM that was just made lacks before it can seal: its server and its limits.
pub(super) fn equip(
    session: &Session,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
    (pin, limits): (&Pin, Limits),
    file: &Path,
    journal: &mut Journal,
) -> Result<()> {
    pair_with(session, card, source, pin, file, journal)?;
    set_limits(session, card, source, limits).map(drop)
}

/// Name of the file with a PSAM's server key.
pub fn server_key_name(number: DeviceNumber) -> String {
    format!("psam-{number}.server")
}

/// A PSAM that gets another server.
#[derive(Debug, Clone)]
pub struct PairRequest {
    /// The PSAM.
    pub card: CardRef,
    /// File for the server key; `None`: in what the city hands out.
    pub out: Option<PathBuf>,
    /// The PSAM's PIN.
    pub pin: SecretFrom,
    /// The issuing card, and the city.
    pub access: Access,
}

/// A PSAM that has another server.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    /// Its number.
    pub number: DeviceNumber,
    /// The file with the server key, for the bank alone.
    pub server_key: String,
}

/// Pairs a PSAM with a server anew; the key before is dead. `None`: a request for the second person was written in its place.
///
/// # Errors
/// The PSAM is of another city; a card does not open.
pub fn pair(session: &Session, request: &PairRequest) -> Result<Option<PairReport>> {
    let (region, folder) = Home::new(session).city(request.access.city, "pairing PSAMs")?;
    request.access.with_issuing_card(session, &folder, (CardKind::PsamIssuing, false), |source| {
        let act = format!("another server for {}", request.card);
        if !people::both(session, &folder, &act, source.about().state)? {
            return Ok(None);
        }
        let mut handle = CardHandle::open(session, &request.card, CardKind::Psam)?;
        let mut psam = Psam::open(&mut handle)?;
        let (info, limits) = (psam.info(), psam.limits()?);
        let number = DeviceNumber(info.number);
        must_be_of(region, &info, &format!("PSAM {number}"))?;
        let pin = secret::pin(session, &request.pin, "the PSAM")?;
        let file = match &request.out {
            Some(file) => file.clone(),
            None => out(&folder)?.join(server_key_name(number)),
        };
        let mut journal = issuing::journal(session, &folder)?;
        pair_with(session, &mut handle, source, &pin, &file, &mut journal)?;
        // A PSAM of a batch, or of an issuing that broke off at its end, has no limits yet.
        if limits.is_some_and(|limits| limits == Limits { count: 0, value: 0 }) {
            set_limits(session, &mut handle, source, Limits::PSAM)?;
        }
        handle.close()?;
        Ok(Some(PairReport { number, server_key: file.display().to_string() }))
    })
}
