//! The cards of a city, as a province makes them.

use super::bank::Bank;
use super::pool::Module;
use super::seed::{BEGIN, FIRST_METER, Seed};
use super::site::{Site, roster};
use crate::place::{PIN, SECOND_PIN};
use crate::town::REGION;
use issue::card::Personalisation;
use issue::keyset::Roots;
use issue::plan::{Master, Plan, Request};
use issue::signing;
use issue::source::{Authority, CardSource, Current, KeySource, SoftSource, Target};
use keys::sign::{Curve, SigningKey};
use keys::{Role, Suite, hierarchy};
use meter::{Meter, MeterConfig, Pairing};
use parties::trouble::{Context, Result, refused};
use reader::driver::issuing::IssuingCard;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::Validity;
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, PROVINCE, RegionCode};
use scheme::order::Serial8;
use scheme::pairing::PairingFile;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, Recipient, State};
use scheme::psam::Limits;
use scheme::signing::{ISSUER_SPAN, Mode};
use server::{Certified, KeyState, Roster, Store};
use std::collections::VecDeque;
use vcard::Slot;
use wire::Channel;

/// Value that a PSAM may seal, of what the issuing card may grant.
pub(super) const GRANTED: u64 = Limits::GRANTS / 4;
/// Price of a kWh.
const PRICE: Fen = Fen(55);
/// Load of a customer's appliances, in watts.
const LOAD_W: u32 = 1000;

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

/// Number of a city's first PSAM; the others follow it.
const FIRST_PSAM: u32 = 4;

/// The cards of a city, and what signs for its province.
pub struct City {
    /// Suite of all keys.
    pub suite: Suite,
    pub(super) seed: Seed,
    pub(super) esam_issuing: Slot,
    psam_issuing: Slot,
    psams: Vec<Module>,
    pub(super) server: (Certificate, SigningKey),
}

impl City {
    /// A city whose issuing cards are certified.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut main = card(seed, CardKind::MainControl, suite, 11)?;
        let mut roots = SoftSource::province(Roots::test(suite));
        issue(&plan(CardKind::MainControl, suite, number(11)?)?, &mut main, &mut roots)?;
        let mut issuing = Vec::new();
        for (kind, n) in [(CardKind::PsamIssuing, 2), (CardKind::EsamIssuing, 3)] {
            let mut made = card(seed, kind, suite, n)?;
            issue(&plan(kind, suite, number(n)?)?, &mut made, &mut open(&mut main, CardKind::MainControl)?)?;
            certify(suite, &mut made, number(n)?, n - 1)?;
            issuing.push(made);
        }
        let (Some(esam_issuing), Some(psam_issuing)) = (issuing.pop(), issuing.pop()) else {
            return Err(refused("a city has two issuing cards").into());
        };
        let server = server_certificate(suite)?;
        let mut city = City { suite, seed, esam_issuing, psam_issuing, psams: Vec::new(), server };
        city.make_psam()?;
        Ok(city)
    }

    /// One PSAM more for the banks to come.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn make_psam(&mut self) -> Result<()> {
        let n = FIRST_PSAM + u32::try_from(self.psams.len()).unwrap_or(0);
        let made = Module::made((self.suite, self.seed, 1), &mut self.psam_issuing, n, &self.server.0)?;
        self.psams.push(made);
        Ok(())
    }

    /// The n-th customer's meter with its ESAM, and his SIM. `mode`: which orders it takes.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn site(&mut self, n: u32, mode: Mode) -> Result<Site> {
        self.site_with(n, mode, "")
    }

    /// As [`City::site`], with another chip for each `chip`.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn site_with(&mut self, n: u32, mode: Mode, chip: &str) -> Result<Site> {
        let (suite, seed, meter) = (self.suite, self.seed, number(FIRST_METER + n)?);
        let mut esam = seed.blank(CardKind::Esam, suite, &format!("esam {meter}{chip}"))?;
        let mut source = open(&mut self.esam_issuing, CardKind::EsamIssuing)?;
        let issued = issue(&plan(CardKind::Esam, suite, meter)?, &mut esam, &mut source)?;
        let file = issue::pairing::make(&mut source, meter, region()?, &issued.keys)?;
        let certified = if mode.signs() {
            let to = target(CardKind::Esam, meter, serial(&mut esam)?)?;
            signing::equip(&mut esam, &mut source, &to, BEGIN.day())?;
            let [issuer, own] = signing::set_mode(&mut esam, &mut source, &to, Some(&self.server.0), mode)?;
            Some(Certified { issuer: issuer.to_bytes(), own: own.to_bytes() })
        } else {
            None
        };
        let pairing = paired(&file)?;
        let config = MeterConfig {
            number: pairing.number(),
            state: pairing.state(),
            suite,
            price: PRICE,
            load_w: LOAD_W,
        };
        Ok(Site {
            n,
            seed,
            meter: Meter::new(config, pairing)?,
            serial: Serial8(serial(&mut esam)?),
            esam: seed.copy(&esam)?,
            sim: seed.sim(n, 0)?,
            mode,
            certified,
            key_version: 1,
            key_state: KeyState::Test,
        })
    }

    /// A copy of the issuing card of its ESAMs.
    ///
    /// # Errors
    /// Its image is none.
    pub fn issuing_card(&self) -> Result<Slot> {
        self.seed.copy(&self.esam_issuing)
    }

    /// A bank for so many customers, which knows their meters.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn bank(&self, sites: &[Site]) -> Result<Bank> {
        self.bank_with(Store::in_memory()?, sites)
    }

    /// As [`City::bank`], with books that stand somewhere.
    ///
    /// # Errors
    /// A step that did not go as it should; books of somebody else's.
    pub fn bank_with(&self, mut store: Store, sites: &[Site]) -> Result<Bank> {
        let customers = sites.iter().map(|site| site.n + 1).max().unwrap_or_default();
        if !store.read(|view| view.registrations())?.is_empty() {
            return Err(refused("these books have customers already: a proof begins with empty ones").into());
        }
        let csv = roster(customers);
        let roster = Roster::read(csv.as_bytes())?;
        store.batch(|act| act.register(roster))?;
        let mut pool =
            self.psams.iter().map(|module| module.copy(self.seed)).collect::<Result<VecDeque<_>>>()?;
        let Module { slot, number, key } = pool.pop_front().context("a city has a PSAM")?;
        let mut bank = Bank {
            store,
            psam: slot,
            seed: self.seed,
            server_key: key,
            number,
            pool,
            seated: None,
            server: self.server.clone(),
            now: BEGIN,
            drawn: 0,
        };
        bank.tell(sites)?;
        Ok(bank)
    }
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

fn server_certificate(suite: Suite) -> Result<(Certificate, SigningKey)> {
    let key = SigningKey::from_bytes(Curve::of(suite), &[8; 32])?;
    let by = hierarchy::test_signing_root(suite);
    let (number, issuer, public) = (CertificateNumber(2), CertificateNumber(1), key.public()?);
    let made = Certificate::issue(suite, subject(KeyUse::Server)?, number, public, issuer, &by, &[2; 32])?;
    Ok((made, key))
}
