//! A province in memory: cards of every kind, the bank, meters with their SIMs. Everything random comes from
//! [`SEED`], so a failure repeats.

use issue::card::{Issued, Personalisation};
use issue::keyset::Roots;
use issue::pairing;
use issue::plan::{Master, Plan, Request};
use issue::source::{CardSource, Current, KeySource, SoftSource, Target};
use keys::sign::SigningKey;
use keys::{Role, Suite, hierarchy};
use meter::{FormalKeys, InsertionReport, Meter, MeterConfig};
use reader::driver::esam::{Esam, Purse};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::Chance;
use scheme::cards::NewSim;
use scheme::certificate::{Certificate, Label};
use scheme::moment::{Moment, Validity};
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::order::{self, OrderId, Serial8};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, Fid, Recipient, SERVER_NUMBER, SERVICE_CENTRE, State};
use scheme::psam::Limits;
use scheme::signed;
use scheme::signing::Mode;
use scheme::sim::{DF_GSM, EF_IMSI, TEST_ADM};
use scheme::subscription::Imsi;
use server::{Incoming, OrderRequest, Origin, Roster, SealedOrder, ServerKey, Settlement, Store, Terms};
use vcard::slot::Keep;
use vcard::{Image, SeededChance, Slot, factory};
use wire::Channel;
use wire::bcd::luhn_check_digit;
use wire::sms::record::Records;

/// Seed of every random byte in these tests.
pub const SEED: u64 = 0x6361_7264;
pub use ::world::town::REGION;
/// Where the user area begins in an EEPROM [docs/specs/image.md].
pub const USER_AREA: usize = cos::journal::USER_PAGE * 64;

/// PIN of every card here.
pub fn pin() -> Pin {
    Pin::from_digits(::world::PIN).unwrap()
}

pub fn region() -> RegionCode {
    REGION.parse().unwrap()
}

pub fn number(n: u32) -> DeviceNumber {
    format!("{n:012}").parse().unwrap()
}

/// The PSAM of these tests, number 4, to its issuing card; `serial` is its chip's.
pub fn psam_target(serial: [u8; 8]) -> Target {
    Target {
        recipient: Recipient::Card(CardKind::Psam),
        master: Current::Own,
        test_keys: false,
        version: None,
        serial,
        number: number(4).0,
        region: region().0,
    }
}

/// A random source of its own for each label.
pub fn chance(label: &str) -> SeededChance {
    SeededChance::new(SEED, label)
}

/// A chip serial of its own for each label.
pub fn serial(label: &str) -> Serial {
    let mut serial = [0; 8];
    chance(&format!("serial {label}")).fill(&mut serial);
    Serial(serial)
}

/// A card of an image, kept in memory alone.
pub fn slot(image: Image, label: &str) -> Slot {
    Slot::with_image(image, label.as_ref(), Box::new(chance(label)), Keep::InMemory).unwrap()
}

/// The card as it is, in another slot: without power, without faults planned.
pub fn copy(of: &Slot) -> Slot {
    slot(of.image(), &of.path().display().to_string())
}

/// Everything of a card that files own or could own.
pub fn user_area(card: &Slot) -> Vec<u8> {
    card.image().eeprom[USER_AREA..].to_vec()
}

/// A blank as the factory ships it.
pub fn blank(kind: CardKind, suite: Suite, label: &str) -> Slot {
    let root = hierarchy::test_root(suite, Role::Transport);
    let image = factory::blank(&root, kind, serial(label).0, false, Box::new(chance(label))).unwrap();
    slot(image, label)
}

/// The plan of a test card.
pub fn plan(kind: CardKind, suite: Suite, number: DeviceNumber, ceiling: Option<Fen>) -> Plan {
    let region = if kind == CardKind::MainControl { RegionCode([0; 4]) } else { region() };
    let validity = Validity::new("20260101".parse().unwrap(), "20351231".parse().unwrap()).unwrap();
    Plan::new(&request(kind, suite, number, region, validity, ceiling)).unwrap()
}

/// A request for a test card, the first version, without limit.
fn request(
    kind: CardKind,
    suite: Suite,
    number: DeviceNumber,
    region: RegionCode,
    validity: Validity,
    ceiling: Option<Fen>,
) -> Request {
    let state = State::Test;
    Request {
        kind,
        number,
        region,
        suite,
        state,
        validity,
        ceiling,
        version: 1,
        previous: None,
        limit: None,
        value: None,
        unnumbered: false,
        signs: false,
    }
}

/// The plan of a city's card, whatever is special about it.
pub fn plan_of(
    kind: CardKind,
    suite: Suite,
    number: DeviceNumber,
    special: impl FnOnce(Request) -> Request,
) -> Plan {
    let validity = Validity::new("20260101".parse().unwrap(), "20351231".parse().unwrap()).unwrap();
    Plan::new(&special(request(kind, suite, number, region(), validity, None))).unwrap()
}

/// PIN of every second officer here.
pub fn officer() -> Pin {
    Pin::from_digits(::world::SECOND_PIN).unwrap()
}

/// The PINs a card is made with, or that an issuing card is opened with: as many as its kind has.
pub fn with_pins<T>(kind: CardKind, act: impl FnOnce(Pins<'_>) -> T) -> T {
    let (operator, officer) = (pin(), officer());
    match scheme::profile::pins(kind).len() {
        0 => act(Pins::default()),
        1 => act((&operator).into()),
        _ => act(Pins::both(&operator, &officer)),
    }
}

/// A source on an issuing card, with all its officers.
pub fn open(card: &mut dyn Channel, kind: CardKind) -> CardSource<'_> {
    with_pins(kind, |pins| CardSource::open(IssuingCard::new(card), pins)).unwrap()
}

/// Runs a plan on a blank.
pub fn issue(plan: &Plan, card: &mut dyn Channel, source: &mut dyn KeySource) -> Issued {
    let session = Personalisation::probe(plan, card, None).unwrap();
    with_pins(plan.kind(), |pins| session.run(source, pins, Master::Transport, &mut ())).unwrap()
}

/// The cards of a province and of one city, each made by the one above it.
pub struct Province {
    pub suite: Suite,
    pub main: Slot,
    pub psam_issuing: Slot,
    pub esam_issuing: Slot,
    pub test_issuing: Slot,
    pub psam: Slot,
    /// Proves orders to the PSAM.
    pub server_key: ServerKey,
}

/// Value the PSAM of a province here may seal.
pub const GRANTED: u64 = 1_000_000_00;

/// Pairs a PSAM and sets its limits, as its city does once it is made.
pub fn equip(psam: &mut Slot, issuing: &mut Slot, suite: Suite, limits: Limits) -> ServerKey {
    let mut source = open(issuing, CardKind::PsamIssuing);
    let key = issue::life::pair(psam, &mut source, &pin()).unwrap();
    issue::life::raise(psam, &mut source, limits, [5; 8]).unwrap();
    ServerKey::new(Psam::open(psam).unwrap().info().number, suite, *key)
}

/// A PSAM that seals: PIN verified, orders proved.
pub fn sealer<'c>(card: &'c mut Slot, key: &ServerKey) -> Psam<'c> {
    let mut psam = Psam::open(card).unwrap();
    psam.verify_pin(pin().expose()).unwrap();
    psam.prove_with(key.clone().prover());
    psam
}

impl Province {
    pub fn new(suite: Suite) -> Self {
        let new = |kind: CardKind| blank(kind, suite, &format!("{} {}", kind.name(), suite.name()));
        let mut cards = Province {
            suite,
            main: new(CardKind::MainControl),
            psam_issuing: new(CardKind::PsamIssuing),
            esam_issuing: new(CardKind::EsamIssuing),
            test_issuing: new(CardKind::TestIssuing),
            psam: new(CardKind::Psam),
            server_key: ServerKey::new([0; 6], suite, [0; 16]),
        };
        let mut roots = SoftSource::province(Roots::test(suite));
        issue(&plan(CardKind::MainControl, suite, number(11), None), &mut cards.main, &mut roots);
        for (kind, n, card) in [
            (CardKind::PsamIssuing, 2, &mut cards.psam_issuing),
            (CardKind::EsamIssuing, 3, &mut cards.esam_issuing),
            (CardKind::TestIssuing, 5, &mut cards.test_issuing),
        ] {
            let mut source = open(&mut cards.main, CardKind::MainControl);
            issue(&plan(kind, suite, number(n), None), card, &mut source);
        }
        let mut source = CardSource::open(IssuingCard::new(&mut cards.psam_issuing), &pin()).unwrap();
        issue(&plan(CardKind::Psam, suite, number(4), None), &mut cards.psam, &mut source);
        let limits = Limits { count: u32::MAX, value: GRANTED };
        cards.server_key = equip(&mut cards.psam, &mut cards.psam_issuing, suite, limits);
        cards
    }

    /// An ESAM from the city's issuing card, and the meter paired with it.
    pub fn meter(&mut self, number: DeviceNumber, ceiling: Option<Fen>) -> (Slot, Meter) {
        let suite = self.suite;
        let mut esam = blank(CardKind::Esam, suite, &format!("esam {number}"));
        let mut source = CardSource::open(IssuingCard::new(&mut self.esam_issuing), &pin()).unwrap();
        let issued = issue(&plan(CardKind::Esam, suite, number, ceiling), &mut esam, &mut source);
        let file = pairing::make(&mut source, number, region(), &issued.keys).unwrap();
        (copy(&esam), paired(&file.to_json().unwrap()))
    }
}

/// A pairing file as the MCU opens it: it has the transport key of its number from production.
pub fn pairing(text: &str) -> meter::Pairing {
    let file = scheme::pairing::PairingFile::from_json(text).unwrap();
    let root = hierarchy::test_root(file.suite, Role::Transport);
    meter::Pairing::open(&file, &hierarchy::transport_key(&root, hierarchy::mcu_serial(file.number.0)))
        .unwrap()
}

/// A meter from its pairing file.
pub fn paired(text: &str) -> Meter {
    let pairing = pairing(text);
    let (number, state, suite) = (pairing.number(), pairing.state(), pairing.suite());
    Meter::new(MeterConfig { number, state, suite, price: Fen(55), load_w: 1000 }, pairing).unwrap()
}

/// IMSI of a customer's SIM; another `version` is another SIM.
pub fn imsi(n: u32, version: u32) -> String {
    format!("46000{version:04}{n:06}")
}

fn luhn(body: String) -> String {
    let last = luhn_check_digit(&body);
    body + &last.to_string()
}

/// A SIM with 10 message records, CHV1 switched off, that says to be in test state.
pub fn sim_card(imsi: &str) -> Slot {
    let label = format!("sim {imsi}");
    let blank =
        NewSim { kind: CardKind::Sim, serial: serial(&label).0, messages: 10, chv1: None, milenage: None };
    let mut card = slot(factory::sim(&blank).unwrap(), &label);
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    sim.verify_adm(&TEST_ADM).unwrap();
    sim.select(&[Fid::MF, DF_GSM, EF_IMSI]).unwrap();
    sim.update_binary(0, &imsi.parse::<Imsi>().unwrap().file()).unwrap();
    card
}

/// The first receipt to be sent, marked sent afterwards, as a phone does.
pub fn take_receipt(card: &mut dyn Channel) -> Option<Records> {
    let (mut sim, mut taken) = (Sim::new(card), None);
    sim.reset().unwrap();
    let hand_out = |record: &Records| {
        taken = Some(record.clone());
        Ok(())
    };
    parties::sims::take_receipt(&mut sim, hand_out).unwrap();
    taken
}

/// A customer's meter with its ESAM, and his SIM.
pub struct Site {
    pub meter: Meter,
    pub esam: Slot,
    pub sim: Slot,
}

impl Site {
    pub fn new(province: &mut Province, n: u32) -> Self {
        let (esam, meter) = province.meter(number(1000 + n), None);
        Site { meter, esam, sim: sim_card(&imsi(n, 0)) }
    }

    /// The same meter and cards, all without power.
    pub fn copy(&self) -> Self {
        let flash = self.meter.to_flash(FormalKeys::Refuse).unwrap();
        Site { meter: Meter::from_flash(&flash).unwrap(), esam: copy(&self.esam), sim: copy(&self.sim) }
    }

    pub fn deliver(&mut self, record: &[u8]) {
        let mut sim = Sim::new(&mut self.sim);
        sim.reset().unwrap();
        sim.deliver(Records::parse(record).unwrap().each()).unwrap();
    }

    pub fn insert(&mut self, now: Moment) -> InsertionReport {
        let mut random = chance(&format!("meter {now}"));
        self.meter.insert(&mut self.esam, &mut self.sim, now, &mut |bytes| random.fill(bytes))
    }

    pub fn purse(&mut self) -> Purse {
        let mut esam = Esam::new(&mut self.esam);
        esam.reset().unwrap();
        esam.purse().unwrap()
    }
}

/// As [`sealer`], and orders can be signed where the server has a key.
pub fn signing_psam<'c>(
    card: &'c mut Slot,
    key: &ServerKey,
    signs: &Option<(Certificate, SigningKey)>,
) -> Psam<'c> {
    let mut psam = sealer(card, key);
    if let Some((certificate, key)) = signs.clone() {
        psam.sign_with(Box::new(move |order| Ok(sign(order, &certificate, &key))));
    }
    psam
}

/// An order as a server signs it.
pub fn sign(order: &[u8], certificate: &Certificate, key: &SigningKey) -> Vec<u8> {
    let mut extra = [0; 32];
    chance(&format!("signature of {}", hex::encode(order))).fill(&mut extra);
    let signer = (certificate.number, key);
    signed::sign(order, order::TAG, Label::Order, certificate.suite, signer, &extra).unwrap()
}

/// Terms with the numbers the meters' tests know.
pub fn terms() -> Terms {
    Terms::new(SERVER_NUMBER, SERVICE_CENTRE).unwrap()
}

/// The bank: its server, its PSAM, its clock.
pub struct Bank {
    pub store: Store,
    pub psam: Slot,
    pub server_key: ServerKey,
    pub now: Moment,
    /// The server's certificate and its signing key, of a bank that signs.
    pub signs: Option<(Certificate, SigningKey)>,
    drawn: u64,
}

impl Bank {
    /// A bank with `customers` registered, numbers from 0.
    pub fn new(psam: Slot, server_key: ServerKey, customers: u32) -> Self {
        let mut csv = String::from("customer,meter,msisdn,imsi,imei,iccid\n");
        for n in 0..customers {
            let (imei, iccid) = (luhn(format!("49015420{n:06}")), luhn(format!("8986000000{n:09}")));
            let (customer, meter) = (5000 + n, 1000 + n);
            csv += &format!("{customer:012},{meter:012},+8613800{n:06},{},{imei},{iccid}\n", imsi(n, 0));
        }
        let mut store = Store::in_memory().unwrap();
        let roster = Roster::read(csv.as_bytes()).unwrap();
        let report = store.batch(|act| act.register(roster)).unwrap();
        assert_eq!((report.registered, report.rejected.len()), (customers as usize, 0));
        let now = "20261122080000".parse().unwrap();
        let esams: Vec<server::Esam> = (0..customers)
            .map(|n| server::Esam {
                serial: Serial8(serial(&format!("esam {}", number(1000 + n))).0),
                meter: format!("{:012}", 1000 + n).parse().unwrap(),
                key_version: 1,
                state: server::KeyState::Test,
                ceiling: None,
                valid_to: None,
                state_since: 1,
                city: None,
                mode: Mode::Symmetric,
                certified: None,
            })
            .collect();
        store.batch(|act| act.take_meters(&esams, now)).unwrap();
        Bank { store, psam, server_key, now, signs: None, drawn: 0 }
    }

    /// The same bank before its first sale, with what the city told it.
    pub fn afresh(&self) -> Self {
        let meters = self.store.read(|view| view.registrations()).unwrap();
        let known = |meter: &server::Registration| self.store.read(|view| view.esam_of(meter.meter)).unwrap();
        let esams: Vec<server::Esam> = meters.iter().filter_map(known).collect();
        let mut bank = Bank::new(copy(&self.psam), self.server_key.clone(), meters.len() as u32);
        bank.signs = self.signs.clone();
        let now = bank.now;
        bank.store.batch(|act| act.take_meters(&esams, now)).unwrap();
        bank
    }

    pub fn buy(&mut self, site: &Site, amount: Fen) -> SealedOrder {
        self.drawn += 1;
        self.now = self.now.add_seconds(60).unwrap();
        let meter = site.meter.state().config.number;
        let request = OrderRequest { meter, amount, now: self.now, id: OrderId(self.drawn.to_be_bytes()) };
        let mut psam = signing_psam(&mut self.psam, &self.server_key, &self.signs);
        self.store.purchase(&mut psam, &request, &terms()).unwrap()
    }

    pub fn settle(&mut self, site: &Site, receipt: &[u8]) -> Settlement {
        let mut psam = Psam::open(&mut self.psam).unwrap();
        psam.verify_pin(pin().expose()).unwrap();
        let origin = Origin::Meter(site.meter.state().config.number);
        self.store.settle(&mut psam, Incoming::Record(receipt), &origin, self.now).unwrap()
    }

    /// Nothing lost, nothing created: what was sold is what this meter credited and what was settled.
    pub fn assert_sound(&self, site: &mut Site, what: &str) {
        let (totals, findings) =
            self.store.read(|view| Ok::<_, server::StoreError>((view.totals()?, view.audit()?))).unwrap();
        assert_eq!(findings, [], "{what}");
        let credited = i64::from(site.purse().total_credited.0);
        assert_eq!(totals.sold_fen - credited, 0, "{what}: lost (above 0) or created (below 0)");
        assert_eq!((totals.settled_fen, totals.outstanding_fen), (totals.sold_fen, 0), "{what}");
        assert_eq!(totals.orders, totals.settled, "{what}");
    }
}
