//! How cards of a province and its cities are made and named: plans, sources, certificates.

use super::seed::{BEGIN, Seed};
use crate::place::{PIN, SECOND_PIN};
use crate::town::REGION;
use issue::card::Personalisation;
use issue::keyset::Roots;
use issue::plan::{Master, Plan, Request};
use issue::signing;
use issue::source::{Authority, CardSource, Current, KeySource, SoftSource, Target};
use keys::sign::{Curve, SigningKey};
use keys::{Role, Suite, hierarchy};
use meter::Pairing;
use parties::trouble::{Context, Result};
use reader::driver::issuing::IssuingCard;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::Validity;
use scheme::numbers::{DeviceNumber, PROVINCE, RegionCode};
use scheme::order::Serial8;
use scheme::pairing::PairingFile;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, Recipient, State};
use scheme::psam::Limits;
use scheme::signing::ISSUER_SPAN;
use vcard::Slot;
use wire::Channel;

/// Value that a PSAM may seal, of what the issuing card may grant.
pub(super) const GRANTED: u64 = Limits::GRANTS / 4;
pub(crate) fn number(n: u32) -> Result<DeviceNumber> {
    Ok(format!("{n:012}").parse()?)
}

pub(crate) fn region() -> Result<RegionCode> {
    Ok(REGION.parse()?)
}

pub(crate) fn plan(kind: CardKind, suite: Suite, number: DeviceNumber) -> Result<Plan> {
    plan_of(State::Test, 1, kind, suite, number)
}

/// What a card is to be, in a state and with keys of a version.
pub(super) fn plan_of(
    state: State,
    version: u8,
    kind: CardKind,
    suite: Suite,
    number: DeviceNumber,
) -> Result<Plan> {
    let region = if kind == CardKind::MainControl { PROVINCE } else { region()? };
    let validity = Validity::new("20260101".parse()?, "20651231".parse()?)?;
    let request = Request {
        kind,
        number,
        region,
        suite,
        state,
        validity,
        ceiling: None,
        version,
        previous: None,
        limit: None,
        value: None,
        unnumbered: false,
        signs: false,
    };
    Ok(Plan::new(&request)?)
}

/// The PINs a card is made with, or that an issuing card is opened with: as many as its kind has.
fn with_pins<T>(kind: CardKind, act: impl FnOnce(Pins<'_>) -> T) -> Result<T> {
    let (operator, officer) = (Pin::from_digits(PIN)?, Pin::from_digits(SECOND_PIN)?);
    Ok(match scheme::profile::pins(kind).len() {
        0 => act(Pins::default()),
        1 => act((&operator).into()),
        _ => act(Pins::both(&operator, &officer)),
    })
}

pub(crate) fn open(card: &mut dyn Channel, kind: CardKind) -> Result<CardSource<'_>> {
    Ok(with_pins(kind, |pins| CardSource::open(IssuingCard::new(card), pins))??)
}

pub(crate) fn issue(
    plan: &Plan,
    card: &mut dyn Channel,
    source: &mut dyn KeySource,
) -> Result<issue::card::Issued> {
    let session = Personalisation::probe(plan, card, None)?;
    Ok(with_pins(plan.kind(), |pins| session.run(source, pins, Master::Transport, &mut ()))??)
}

pub(crate) fn target(kind: CardKind, number: DeviceNumber, serial: [u8; 8]) -> Result<Target> {
    Ok(Target {
        recipient: Recipient::Card(kind),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial,
        number: number.0,
        region: region()?.0,
    })
}

pub(crate) fn serial(card: &mut Slot) -> Result<[u8; 8]> {
    wire::atr::serial_of(&card.reset()?).context("an ATR carries the serial")
}

/// A blank for the `n`-th device of a kind, in a city's making.
pub(super) fn card(seed: Seed, kind: CardKind, suite: Suite, n: u32) -> Result<Slot> {
    seed.blank(kind, suite, &format!("{} {} {n}", kind.name(), suite.name()))
}

/// The pairing of a meter's MCU, as its maker opens it.
pub(super) fn paired(file: &PairingFile) -> Result<Pairing> {
    let root = hierarchy::test_root(file.suite, Role::Transport);
    Ok(Pairing::open(file, &hierarchy::transport_key(&root, hierarchy::mcu_serial(file.number.0)))?)
}

/// The province certifies an issuing card, as its `nth`.
pub(super) fn certify(suite: Suite, card: &mut Slot, number: DeviceNumber, nth: u32) -> Result<()> {
    let authority = Authority {
        key: hierarchy::test_signing_root(suite),
        root: root(suite)?,
        number: CertificateNumber(nth * ISSUER_SPAN),
        epoch: 1,
        challenge: [nth as u8; 8],
        extra: [3; 32],
    };
    let to = target(card.kind(), number, serial(card)?)?;
    let mut source = SoftSource::certifying(Roots::test(suite), authority);
    signing::equip(card, &mut source, &to, BEGIN.day())?;
    Ok(())
}

fn subject(key_use: KeyUse) -> Result<Subject> {
    Ok(Subject {
        key_use,
        region: PROVINCE,
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch: 1,
        validity: Validity::new("20260101".parse()?, "20651231".parse()?)?,
    })
}

/// The published root's certificate.
///
/// # Errors
/// None that is known.
pub fn root(suite: Suite) -> Result<Certificate> {
    let key = hierarchy::test_signing_root(suite);
    let (one, public) = (CertificateNumber(1), key.public()?);
    Ok(Certificate::issue(suite, subject(KeyUse::Root)?, one, public, one, &key, &[1; 32])?)
}

pub(super) fn server_certificate(suite: Suite) -> Result<(Certificate, SigningKey)> {
    let key = SigningKey::from_bytes(Curve::of(suite), &[8; 32])?;
    let by = hierarchy::test_signing_root(suite);
    let (number, issuer, public) = (CertificateNumber(2), CertificateNumber(1), key.public()?);
    let made = Certificate::issue(suite, subject(KeyUse::Server)?, number, public, issuer, &by, &[2; 32])?;
    Ok((made, key))
}
