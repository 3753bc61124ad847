//! The parties without their homes: cards, meters and books in memory, no folder, no log. What a proof runs a hundred thousand times.
//!
//! Everything random comes from one seed. Keys are those of the published test root.

mod bank;

pub use self::bank::Bank;

use crate::place::{PIN, SECOND_PIN};
use crate::town::REGION;
use issue::card::Personalisation;
use issue::keyset::Roots;
use issue::plan::{Master, Plan, Request};
use issue::signing;
use issue::source::{Authority, CardSource, Current, KeySource, SoftSource, Target};
use keys::sign::{Curve, SigningKey};
use keys::{Role, Suite, Zeroizing, hierarchy};
use meter::{FormalKeys, InsertionReport, Meter, MeterConfig, Pairing};
use parties::trouble::{Context, Result, refused};
use reader::driver::esam::{Esam, Purse};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::Chance;
use scheme::cards::NewSim;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::{Moment, Validity};
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, DeviceNumber, PROVINCE, RegionCode};
use scheme::order::Serial8;
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, Fid, Recipient, State};
use scheme::psam::Limits;
use scheme::signing::{ISSUER_SPAN, Mode};
use scheme::sim::{DF_GSM, EF_IMSI, TEST_ADM};
use scheme::subscription::Imsi;
use server::{Certified, Roster, ServerKey, Store};
use std::cell::RefCell;
use std::rc::Rc;
use vcard::slot::Keep;
use vcard::{Image, SeededChance, Slot, factory};
use wire::Channel;
use wire::bcd::luhn_check_digit;
use wire::sms::record::{RecordStatus, Records};

/// Value that the PSAM may seal.
const GRANTED: u64 = Limits::GRANTS;
/// Number of the first meter; the n-th is n above it.
const FIRST_METER: u32 = 1000;
/// Number of the first customer, likewise.
const FIRST_CUSTOMER: u32 = 5000;
/// Message records of a SIM.
const MESSAGES: u8 = 10;
/// Price of a kWh.
const PRICE: Fen = Fen(55);
/// Load of a customer's appliances, in watts.
const LOAD_W: u32 = 1000;
/// The first moment.
pub const BEGIN: Moment = Moment([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]);

/// Everything random of a run.
#[derive(Debug, Clone, Copy)]
pub struct Seed(pub u64);

impl Seed {
    /// A random source of its own for each label.
    pub fn chance(self, label: &str) -> SeededChance {
        SeededChance::new(self.0, label)
    }

    fn bytes<const N: usize>(self, label: &str) -> [u8; N] {
        let mut bytes = [0; N];
        self.chance(label).fill(&mut bytes);
        bytes
    }

    /// A card of an image, kept in memory alone.
    ///
    /// # Errors
    /// The image is none.
    pub fn slot(self, image: Image, label: &str) -> Result<Slot> {
        let slot = Slot::with_image(image, label.as_ref(), Box::new(self.chance(label)), Keep::InMemory);
        Ok(slot.map_err(|error| refused(error.to_string()))?)
    }

    /// The card as it is, in another slot: without power, without faults planned.
    ///
    /// # Errors
    /// As [`Seed::slot`].
    pub fn copy(self, of: &Slot) -> Result<Slot> {
        self.slot(of.image(), &of.path().display().to_string())
    }

    /// A blank as the factory ships it.
    fn blank(self, kind: CardKind, suite: Suite, label: &str) -> Result<Slot> {
        let root = hierarchy::test_root(suite, Role::Transport);
        let serial = self.bytes(&format!("serial {label}"));
        let image = factory::blank(&root, kind, serial, false, Box::new(self.chance(label)))
            .map_err(|error| refused(error.to_string()))?;
        self.slot(image, label)
    }
}

fn number(n: u32) -> Result<DeviceNumber> {
    Ok(format!("{n:012}").parse()?)
}

fn region() -> Result<RegionCode> {
    Ok(REGION.parse()?)
}

fn plan(kind: CardKind, suite: Suite, number: DeviceNumber) -> Result<Plan> {
    let region = if kind == CardKind::MainControl { PROVINCE } else { region()? };
    let validity = Validity::new("20260101".parse()?, "20651231".parse()?)?;
    let state = State::Test;
    let request = Request {
        kind,
        number,
        region,
        suite,
        state,
        validity,
        ceiling: None,
        version: 1,
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

fn open(card: &mut dyn Channel, kind: CardKind) -> Result<CardSource<'_>> {
    Ok(with_pins(kind, |pins| CardSource::open(IssuingCard::new(card), pins))??)
}

fn issue(plan: &Plan, card: &mut dyn Channel, source: &mut dyn KeySource) -> Result<issue::card::Issued> {
    let session = Personalisation::probe(plan, card, None)?;
    Ok(with_pins(plan.kind(), |pins| session.run(source, pins, Master::Transport, &mut ()))??)
}

fn target(kind: CardKind, number: DeviceNumber, serial: [u8; 8]) -> Result<Target> {
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

fn serial(card: &mut Slot) -> Result<[u8; 8]> {
    wire::atr::serial_of(&card.reset()?).context("an ATR carries the serial")
}

/// The cards of a city, and what signs for its province.
pub struct City {
    /// Suite of all keys.
    pub suite: Suite,
    seed: Seed,
    esam_issuing: Slot,
    psam: Slot,
    server_key: ServerKey,
    server: (Certificate, SigningKey),
}

impl City {
    /// A city whose issuing cards are certified.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let card = |kind: CardKind| seed.blank(kind, suite, &format!("{} {}", kind.name(), suite.name()));
        let mut main = card(CardKind::MainControl)?;
        let mut roots = SoftSource::province(Roots::test(suite));
        issue(&plan(CardKind::MainControl, suite, number(11)?)?, &mut main, &mut roots)?;
        let mut issuing = Vec::new();
        for (kind, n) in [(CardKind::PsamIssuing, 2), (CardKind::EsamIssuing, 3)] {
            let mut made = card(kind)?;
            issue(&plan(kind, suite, number(n)?)?, &mut made, &mut open(&mut main, CardKind::MainControl)?)?;
            certify(suite, &mut made, number(n)?, n - 1)?;
            issuing.push(made);
        }
        let (Some(esam_issuing), Some(mut psam_issuing)) = (issuing.pop(), issuing.pop()) else {
            return Err(refused("a city has two issuing cards").into());
        };
        let mut psam = card(CardKind::Psam)?;
        let of_psam = number(4)?;
        issue(
            &plan(CardKind::Psam, suite, of_psam)?,
            &mut psam,
            &mut open(&mut psam_issuing, CardKind::PsamIssuing)?,
        )?;
        let pin = Pin::from_digits(PIN)?;
        let limits = Limits { count: u32::MAX, value: GRANTED };
        let server_key = {
            let mut source = open(&mut psam_issuing, CardKind::PsamIssuing)?;
            let key = issue::life::pair(&mut psam, &mut source, &pin)?;
            issue::life::raise(&mut psam, &mut source, limits, [5; 8])?;
            ServerKey::new(Psam::open(&mut psam)?.info().number, suite, *key)
        };
        let to = target(CardKind::Psam, of_psam, serial(&mut psam)?)?;
        let mut source = open(&mut psam_issuing, CardKind::PsamIssuing)?;
        signing::equip(&mut psam, &mut source, &to, BEGIN.day())?;
        let server = server_certificate(suite)?;
        Psam::open(&mut psam)?.fmcos().store_certificate(&server.0)?;
        Ok(City { suite, seed, esam_issuing, psam, server_key, server })
    }

    /// The n-th customer's meter with its ESAM, and his SIM. `mode`: which orders it takes.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn site(&mut self, n: u32, mode: Mode) -> Result<Site> {
        let (suite, seed, meter) = (self.suite, self.seed, number(FIRST_METER + n)?);
        let mut esam = seed.blank(CardKind::Esam, suite, &format!("esam {meter}"))?;
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
        let root = hierarchy::test_root(file.suite, Role::Transport);
        let pairing =
            Pairing::open(&file, &hierarchy::transport_key(&root, hierarchy::mcu_serial(file.number.0)))?;
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
        })
    }

    /// A bank for so many customers, which knows their meters.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn bank(&self, sites: &[Site]) -> Result<Bank> {
        let customers = sites.iter().map(|site| site.n + 1).max().unwrap_or_default();
        let mut store = Store::in_memory()?;
        let csv = roster(customers);
        let roster = Roster::read(csv.as_bytes())?;
        store.batch(|act| act.register(roster))?;
        let mut bank = Bank {
            store,
            psam: self.seed.copy(&self.psam)?,
            seed: self.seed,
            server_key: self.server_key.clone(),
            server: self.server.clone(),
            now: BEGIN,
            drawn: 0,
        };
        bank.tell(sites)?;
        Ok(bank)
    }
}

/// The province certifies an issuing card, as its `nth`.
fn certify(suite: Suite, card: &mut Slot, number: DeviceNumber, nth: u32) -> Result<()> {
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

fn customer(n: u32) -> Result<CustomerNumber> {
    Ok(format!("{:012}", FIRST_CUSTOMER + n).parse()?)
}

fn luhn(body: String) -> String {
    let last = luhn_check_digit(&body);
    body + &last.to_string()
}

/// IMSI of a customer's SIM; another `version` is another SIM.
fn imsi(n: u32, version: u32) -> String {
    format!("46000{version:04}{n:06}")
}

fn iccid(n: u32, version: u32) -> String {
    luhn(format!("898600{version:04}{n:08}"))
}

fn roster(customers: u32) -> String {
    let mut csv = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
    for n in 0..customers {
        let imei = luhn(format!("49015420{n:06}"));
        let (customer, meter) = (FIRST_CUSTOMER + n, FIRST_METER + n);
        let (imsi, iccid) = (imsi(n, 0), iccid(n, 0));
        csv += &format!("{customer:012},{meter:012},+861380{n:07},{imsi},{imei},{iccid}\n");
    }
    csv
}

impl Seed {
    /// A SIM that says to be in test state, its PIN switched off.
    fn sim(self, n: u32, version: u32) -> Result<Slot> {
        let imsi = imsi(n, version);
        let label = format!("sim {imsi}");
        let serial = self.bytes(&format!("serial {label}"));
        let blank = NewSim { kind: CardKind::Sim, serial, messages: MESSAGES, chv1: None, milenage: None };
        let image = factory::sim(&blank).map_err(|error| refused(error.to_string()))?;
        let mut card = self.slot(image, &label)?;
        let mut sim = Sim::new(&mut card);
        sim.reset()?;
        sim.verify_adm(&TEST_ADM)?;
        sim.select(&[Fid::MF, DF_GSM, EF_IMSI])?;
        sim.update_binary(0, &imsi.parse::<Imsi>()?.file())?;
        Ok(card)
    }
}

/// What a meter remembers without power.
pub struct Flash(Zeroizing<String>);

/// A customer's meter with its ESAM, and his SIM.
pub struct Site {
    /// Which customer's.
    pub n: u32,
    /// The meter.
    pub meter: Meter,
    /// Its ESAM.
    pub esam: Slot,
    /// The customer's SIM.
    pub sim: Slot,
    /// Serial of the ESAM.
    pub serial: Serial8,
    /// Which orders it takes.
    pub mode: Mode,
    /// Its certificates, where it signs.
    pub certified: Option<Certified>,
    seed: Seed,
}

impl Site {
    /// The same meter and cards, all without power and without faults planned.
    ///
    /// # Errors
    /// A meter that does not come back from its flash.
    pub fn copy(&self) -> Result<Self> {
        let flash = self.meter.to_flash(FormalKeys::Refuse)?;
        Ok(Site {
            n: self.n,
            meter: Meter::from_flash(&flash)?,
            esam: self.seed.copy(&self.esam)?,
            sim: self.seed.copy(&self.sim)?,
            serial: self.serial,
            mode: self.mode,
            certified: self.certified.clone(),
            seed: self.seed,
        })
    }

    /// The cards are pulled out and put back: what was planned for them is forgotten, and so is what they had in mind.
    ///
    /// # Errors
    /// An image that is none.
    pub fn power_off(&mut self) -> Result<()> {
        (self.esam, self.sim) = (self.seed.copy(&self.esam)?, self.seed.copy(&self.sim)?);
        Ok(())
    }

    /// An order onto the SIM.
    ///
    /// # Errors
    /// The SIM is full or gone.
    pub fn deliver(&mut self, records: &Records) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        sim.deliver(records.each())?;
        Ok(())
    }

    /// Bytes into the first records of the SIM, whatever they are: what whoever has the SIM can do.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn write_raw(&mut self, records: &Records) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        sim.sms_file()?;
        for (number, record) in (1..).zip(records.each()) {
            sim.update_record(number, record)?;
        }
        Ok(())
    }

    /// The SIM into the meter.
    pub fn insert(&mut self, now: Moment) -> InsertionReport {
        let mut random = self.seed.chance("meter");
        self.meter.insert(&mut self.esam, &mut self.sim, now, &mut |bytes| random.fill(bytes))
    }

    /// As [`Site::insert`], and what the meter's flash has by then: all that a meter knows which loses its power now.
    ///
    /// # Errors
    /// The flash cannot be written.
    pub fn insert_and_stop(&mut self, now: Moment) -> Result<(InsertionReport, Flash)> {
        let flash = Rc::new(RefCell::new(self.meter.to_flash(FormalKeys::Refuse)?));
        let kept = Rc::clone(&flash);
        self.meter.keep_with(Box::new(move |meter: &Meter| {
            *kept.borrow_mut() = meter.to_flash(FormalKeys::Refuse).map_err(|error| error.to_string())?;
            Ok(())
        }));
        let report = self.insert(now);
        let kept = flash.borrow().clone();
        Ok((report, Flash(kept)))
    }

    /// The meter begins anew with what its flash has.
    ///
    /// # Errors
    /// It is no flash.
    pub fn restart(&mut self, flash: &Flash) -> Result<()> {
        self.meter = Meter::from_flash(&flash.0)?;
        Ok(())
    }

    /// Every message off the SIM but the receipts that are to be sent: what was lost with it is sent again.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn make_room(&mut self) -> Result<()> {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        let file = sim.sms_file()?;
        for message in sim.sms_list()? {
            if message.bytes.first() != Some(&RecordStatus::ToBeSent.byte()) {
                sim.sms_erase(file, message.number)?;
            }
        }
        Ok(())
    }

    /// The first receipt to be sent, marked sent afterwards, as a phone does.
    ///
    /// # Errors
    /// The SIM is gone.
    pub fn take_receipt(&mut self) -> Result<Option<Records>> {
        let mut taken = None;
        let mut sim = Sim::new(&mut self.sim);
        sim.reset()?;
        parties::sims::take_receipt(&mut sim, |records| {
            taken = Some(records.clone());
            Ok(())
        })?;
        Ok(taken)
    }

    /// What is in the purse.
    ///
    /// # Errors
    /// The ESAM is gone.
    pub fn purse(&mut self) -> Result<Purse> {
        let mut esam = Esam::new(&mut self.esam);
        esam.reset()?;
        Ok(esam.purse()?)
    }

    /// Another SIM in the customer's hand.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn replace_sim(&mut self, version: u32) -> Result<server::Sim> {
        self.sim = self.seed.sim(self.n, version)?;
        let n = self.n;
        Ok(server::Sim {
            msisdn: format!("+861380{n:07}").parse()?,
            imsi: imsi(n, version).parse()?,
            iccid: iccid(n, version).parse()?,
        })
    }

    fn known(&self) -> Result<server::Esam> {
        Ok(server::Esam {
            serial: self.serial,
            meter: self.meter.state().config.number,
            key_version: 1,
            state: server::KeyState::Test,
            ceiling: None,
            valid_to: None,
            state_since: 1,
            city: None,
            mode: self.mode,
            certified: self.certified.clone(),
        })
    }
}
