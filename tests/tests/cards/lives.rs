//! An order is out while its ESAM gets other keys, is replaced, is retired: with the programs of the cards themselves and
//! a PSAM for each key version. Whatever comes first, what was paid is what was credited and what is due.

use crate::office::Office;
use crate::world::{
    Bank, Site, blank, copy, imsi, issue, number, paired, pairing, pin, plan, plan_of, region, sealer,
    serial, sim_card, take_receipt, terms,
};
use issue::life::{Leave, LifeChange};
use issue::pairing;
use issue::plan::Request;
use issue::source::SoftSource;
use keys::Suite;
use meter::Outcome;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, OrderKind, Serial8};
use scheme::profile::{CardKind, Fid, State};
use scheme::psam::Limits;
use scheme::refusal::Refusal;
use scheme::sim::{DF_TELECOM, EF_GRID, grid_file};
use scheme::{Fault, Kind};
use server::{
    Anew, Cleared, Esam, Finding, FindingKind, Incoming, KeyState, Keys, Opener, OrderError, OrderRequest,
    OrderState, Origin, PlacedOrder, SealedOrder, ServerKey, SettleError, Settled, Settlement, StoreError,
};
use vcard::Slot;
use wire::sms::record::Records;

const NO_LEAVE: Leave = Leave { forfeit: false, spend_last_try: false };
const GIVEN_UP: Leave = Leave { forfeit: true, spend_last_try: false };

fn customer() -> CustomerNumber {
    "000000005000".parse().unwrap()
}

fn meter_number() -> MeterNumber {
    "000000001000".parse().unwrap()
}

/// A formal province's meter with its ESAM, its bank with a PSAM of each of three key versions, and an order A of 50 yuan
/// that is out: sealed under version 1, after a first purchase of 10 yuan.
struct Scene {
    office: Office,
    psams: [(Slot, ServerKey); 3],
    bank: Bank,
    site: Site,
    a: SealedOrder,
    drawn: u8,
}

/// A PSAM of a version, equipped by its city.
fn formal_psam(office: &Office, version: u8) -> (Slot, ServerKey) {
    let kind = CardKind::Psam;
    let mut card = blank(kind, office.suite, &format!("formal psam {version}"));
    let mut source = SoftSource::city(office.roots.city_of_version(region(), version));
    let special = |request| Request { version, state: State::Formal, ..request };
    issue(&plan_of(kind, office.suite, number(90 + u32::from(version)), special), &mut card, &mut source);
    let key = issue::life::pair(&mut card, &mut source, &pin()).unwrap();
    let limits = Limits { count: 1000, value: Limits::PSAM.value };
    issue::life::raise(&mut card, &mut source, limits, [5; 8]).unwrap();
    let number = Psam::open(&mut card).unwrap().info().number;
    (card, ServerKey::new(number, office.suite, *key))
}

/// A chip for the number of our meter, formal under version 1.
fn chip(office: &mut Office, label: &str) -> Slot {
    let mut esam = blank(CardKind::Esam, office.suite, label);
    let wish = plan(CardKind::Esam, office.suite, number(1000), None);
    issue(&wish, &mut esam, &mut office.source(None));
    office.pass(&mut esam, LifeChange::Formal, Some(1), NO_LEAVE);
    copy(&esam)
}

fn formal_sim() -> Slot {
    let mut card = sim_card(&imsi(0, 0));
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    sim.verify_adm(b"00000000").unwrap();
    sim.select(&[Fid::MF, DF_TELECOM, EF_GRID]).unwrap();
    sim.update_binary(0, &grid_file(State::Formal)).unwrap();
    card
}

/// The pairing of our meter's MCU, as the city makes it under a version.
fn pairing_file(office: &mut Office, version: u8) -> String {
    let mut source = office.source(Some(version));
    pairing::make(&mut source, number(1000), region(), &[]).unwrap().to_json().unwrap()
}

fn esam(label: &str, state: KeyState, key_version: u8) -> Esam {
    let serial = Serial8(serial(label).0);
    Esam {
        serial,
        meter: meter_number(),
        key_version,
        state,
        ceiling: None,
        valid_to: None,
        state_since: 1,
        city: None,
        mode: scheme::signing::Mode::Symmetric,
        certified: None,
    }
}

impl Scene {
    fn new() -> Self {
        let mut office = Office::new(Suite::TripleDes);
        let psams = [1, 2, 3].map(|version| formal_psam(&office, version));
        let esam_card = chip(&mut office, "first chip");
        let meter = paired(&pairing_file(&mut office, 1));
        let mut site = Site { meter, esam: esam_card, sim: formal_sim() };
        let mut bank = Bank::new(copy(&psams[0].0), psams[0].1.clone(), 1);
        let list = [esam("first chip", KeyState::Formal, 1)];
        let at = bank.now;
        bank.store.batch(|act| act.take_meters(&list, at)).unwrap();
        let first = bank.buy(&site, Fen(1000));
        site.deliver(&first.record);
        site.insert(bank.now);
        let receipt = take_receipt(&mut site.sim).unwrap();
        bank.settle(&site, &receipt);
        let a = bank.buy(&site, Fen(5000));
        // From here on the PSAMs are worked with by their version.
        let [(_, key), second, third] = psams;
        let psams = [(copy(&bank.psam), key), second, third];
        Scene { office, psams, bank, site, a, drawn: 0 }
    }

    fn list(&mut self, esam: Esam) {
        let at = self.bank.now;
        self.bank.store.batch(|act| act.take_meters(&[esam], at)).unwrap();
    }

    fn id(&mut self) -> OrderId {
        self.drawn += 1;
        OrderId([0xB0, 0, 0, 0, 0, 0, 0, self.drawn])
    }

    /// A second order by the PSAM of a version.
    fn reissue(&mut self, version: usize, anew: Anew) -> Result<SealedOrder, OrderError> {
        let (id, at) = (self.id(), self.bank.now);
        let (card, key) = &mut self.psams[version - 1];
        self.bank.store.reissue(&mut sealer(card, key), meter_number(), at, id, anew, &terms())
    }

    fn buy(&mut self, version: usize, fen: u32) -> Result<SealedOrder, OrderError> {
        let request =
            OrderRequest { meter: meter_number(), amount: Fen(fen), now: self.bank.now, id: self.id() };
        let (card, key) = &mut self.psams[version - 1];
        self.bank.store.purchase(&mut sealer(card, key), &request, &terms())
    }

    fn correct(&mut self, version: usize, fen: u32) -> SealedOrder {
        let request =
            OrderRequest { meter: meter_number(), amount: Fen(fen), now: self.bank.now, id: self.id() };
        let (card, key) = &mut self.psams[version - 1];
        self.bank.store.correct(&mut sealer(card, key), &request, &terms()).unwrap()
    }

    /// Puts an order on the SIM and the SIM into the meter; what the meter says, and the receipt it leaves.
    fn insert(&mut self, order: &SealedOrder) -> (Outcome, Option<Records>) {
        self.site.deliver(&order.record);
        self.bank.now = self.bank.now.add_seconds(60).unwrap();
        let report = self.site.insert(self.bank.now);
        (report.outcome, take_receipt(&mut self.site.sim))
    }

    fn settle(&mut self, version: usize, receipt: &[u8]) -> Result<Settlement, SettleError> {
        let (card, key) = &mut self.psams[version - 1];
        let (origin, at) = (Origin::Meter(meter_number()), self.bank.now);
        self.bank.store.settle(&mut sealer(card, key), Incoming::Record(receipt), &origin, at)
    }

    fn settled(&mut self, version: usize, receipt: &[u8]) -> Settled {
        match self.settle(version, receipt).unwrap() {
            Settlement::Settled(settled) => settled,
            other => panic!("not settled: {other:?}"),
        }
    }

    fn held(&mut self, version: usize, receipt: &[u8]) -> Finding {
        match self.settle(version, receipt).unwrap() {
            Settlement::Held(finding) => finding,
            other => panic!("not held: {other:?}"),
        }
    }

    /// Numbers of the PSAMs the books name for a receipt, likeliest first.
    fn openers(&self, receipt: &[u8]) -> Vec<Opener> {
        let origin = Origin::Meter(meter_number());
        self.bank.store.read(|view| view.openers(Incoming::Record(receipt), &origin)).unwrap()
    }

    fn change_keys(&mut self) {
        self.office.pass(&mut self.site.esam, LifeChange::ChangeKeys, Some(2), NO_LEAVE);
        self.site.esam = copy(&self.site.esam);
        let next = pairing_file(&mut self.office, 2);
        self.site.meter.expect(pairing(&next)).unwrap();
        self.list(esam("first chip", KeyState::Formal, 2));
    }

    fn orders(&self) -> Vec<PlacedOrder> {
        self.bank.store.read(|view| view.orders()).unwrap()
    }

    /// Every order has its end, and the books agree with what all purses took together.
    fn ended(mut self, credited: i64, due: i64, loss: i64) {
        let (totals, faults) =
            self.bank.store.read(|view| Ok::<_, StoreError>((view.totals()?, view.audit()?))).unwrap();
        assert_eq!(faults, []);
        let orders = self.orders();
        let ends = |p: &PlacedOrder| matches!(p.state, OrderState::Settled | OrderState::Void);
        assert!(orders.iter().all(ends), "{orders:?}");
        assert_eq!((totals.settled_fen, totals.refund_due_fen, totals.loss_fen), (credited, due, loss));
        assert_eq!(totals.sold_fen + loss, credited + due, "paid == credited + due, but for what was lost");
        assert_eq!(totals.outstanding_fen, 0);
        let at = self.bank.now;
        assert_eq!(self.bank.store.batch(|act| act.refund(customer(), at)).unwrap(), due);
    }
}

fn refused(outcome: &Outcome) -> Refusal {
    match outcome {
        Outcome::Refused { refusal, .. } => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// The keys change while A is out. Sealing compares before it asks, a receipt is opened by the PSAM of its keys.
#[test]
fn a_key_change_with_an_order_out() {
    for a_first in [true, false] {
        let mut scene = Scene::new();
        let a = scene.a.clone();
        // The receipt of the first insertion gets lost on its way; the ESAM keeps it.
        if a_first {
            let (outcome, lost) = scene.insert(&a);
            assert!(matches!(outcome, Outcome::Credited { amount: Fen(5000), .. }), "{outcome:?}");
            assert!(lost.is_some());
        }
        scene.change_keys();
        // The PSAM of the old version is not asked: nothing is written down, nothing sealed.
        let before = scene.orders();
        let refused_order = scene.reissue(1, Anew::KeyChange).unwrap_err();
        let has = |version, city| Keys { state: KeyState::Formal, version, city };
        assert!(
            matches!(&refused_order, OrderError::WrongKeys { needs, has: own, .. } if (*needs, *own) == (has(2, None), has(1, Some(region())))),
            "{refused_order}"
        );
        assert_eq!(refused_order.kind(), Kind::Refused, "a version is no stop of security");
        assert_eq!(scene.orders(), before);
        assert_eq!(Psam::open(&mut scene.psams[0].0).unwrap().sealed_count().unwrap(), 2);
        let b = scene.reissue(2, Anew::KeyChange).unwrap();
        assert_eq!((b.order.count, b.order.amount), (2, Fen(5000)), "count and life stay");
        if !a_first {
            let (outcome, none) = scene.insert(&a);
            assert_eq!((refused(&outcome), none), (Refusal::Mac, None), "A is under keys that are gone");
        }
        let (_, receipt) = scene.insert(&b);
        let receipt = receipt.unwrap();
        // The books name both PSAMs, whoever sealed last first.
        let named: Vec<_> = scene.openers(&receipt).into_iter().flat_map(|opener| opener.psams).collect();
        assert_eq!(named, ["000000000092", "000000000091"]);
        let (right, wrong, order) = if a_first { (1, 2, a.order.id) } else { (2, 1, b.order.id) };
        let not_genuine = scene.settle(wrong, &receipt).unwrap_err();
        assert!(matches!(not_genuine, SettleError::Refused(server::Refusal::NotGenuine(_))), "{not_genuine}");
        assert_eq!(scene.settled(right, &receipt).order, order);
        assert_eq!(scene.site.purse().total_credited, Fen(6000));
        // Settled: nothing waits for the PSAM of the old version any more.
        assert_eq!(scene.bank.store.read(|view| view.unsettled_of("000000000091")).unwrap(), 0);
        scene.ended(6000, 0, 0);
    }
}

/// Another chip comes into the meter while A is out, and what was paid moves to it. The old one has not credited A, or it
/// has: the loss is the house's then, and two people look.
#[test]
fn the_chip_replaced_with_an_order_out() {
    for credited_by_the_old in [false, true] {
        let mut scene = Scene::new();
        let a = scene.a.clone();
        let meter = paired(&pairing_file(&mut scene.office, 1));
        let mut old = Site { meter, esam: copy(&scene.site.esam), sim: formal_sim() };
        scene.site.esam = chip(&mut scene.office, "second chip");
        scene.site.meter = paired(&pairing_file(&mut scene.office, 1));
        let (outcome, none) = scene.insert(&a);
        assert_eq!((refused(&outcome), none), (Refusal::EsamSerial, None), "another chip of the number");
        scene.list(esam("second chip", KeyState::Formal, 1));
        assert!(matches!(scene.buy(1, 700), Err(OrderError::OtherChip { order, .. }) if order == a.order.id));
        let moved = scene.reissue(1, Anew::ChipReplaced).unwrap();
        assert_eq!(
            (moved.order.count, moved.order.kind),
            (1, OrderKind::Open),
            "the first order of a new life"
        );
        assert_eq!(moved.order.serial, Serial8(serial("second chip").0));
        // The SIM still has A, which the new chip refuses; beside it stands the new order.
        let (outcome, receipt) = scene.insert(&moved);
        assert!(matches!(outcome, Outcome::Credited { amount: Fen(5000), .. }), "{outcome:?}");
        assert_eq!(scene.settled(1, &receipt.unwrap()).order, moved.order.id);
        assert_eq!(scene.site.purse().total_credited, Fen(5000));
        if !credited_by_the_old {
            scene.ended(6000, 0, 0);
            continue;
        }
        old.deliver(&a.record);
        old.insert(scene.bank.now);
        let late = take_receipt(&mut old.sim).unwrap();
        let finding = scene.held(1, &late);
        assert_eq!((finding.kind, finding.order), (FindingKind::CreditedAfterMove, Some(a.order.id)));
        assert!(matches!(scene.buy(1, 700), Err(OrderError::Frozen { .. })));
        clear(&mut scene, finding.id);
        scene.ended(11_000, 0, 5000);
    }
}

fn clear(scene: &mut Scene, finding: i64) {
    let at = scene.bank.now;
    let cleared = Cleared { at, by: "chen".into(), second: Some("wang".into()), note: "looked at".into() };
    scene.bank.store.batch(|act| act.clear_finding(finding, &cleared)).unwrap();
}

/// The old chip credited A before another one came: its receipt is of an earlier life, settles its own order, and the new
/// life begins with its own count.
#[test]
fn a_receipt_of_an_earlier_life_settles_its_own_order() {
    let mut scene = Scene::new();
    let a = scene.a.clone();
    let (_, receipt) = scene.insert(&a);
    scene.site.esam = chip(&mut scene.office, "second chip");
    scene.site.meter = paired(&pairing_file(&mut scene.office, 1));
    scene.list(esam("second chip", KeyState::Formal, 1));
    let settled = scene.settled(1, &receipt.unwrap());
    assert_eq!((settled.order, settled.receipt.serial), (a.order.id, Serial8(serial("first chip").0)));
    let next = scene.buy(1, 700).unwrap();
    assert_eq!((next.order.count, next.order.kind), (1, OrderKind::Open));
    let (_, receipt) = scene.insert(&next);
    assert_eq!(scene.settled(1, &receipt.unwrap()).order, next.order.id);
    assert_eq!(scene.site.purse().total_credited, Fen(700));
    scene.ended(6700, 0, 0);
}

/// Two chips of one number, each in a meter of that number: one order is credited by the chip it names, and by no other.
#[test]
fn two_chips_of_one_number_credit_one_order_once() {
    let mut scene = Scene::new();
    let a = scene.a.clone();
    let second = chip(&mut scene.office, "second chip");
    let meter = paired(&pairing_file(&mut scene.office, 1));
    let mut twin = Site { meter, esam: second, sim: formal_sim() };
    let (_, receipt) = scene.insert(&a);
    twin.deliver(&a.record);
    let report = twin.insert(scene.bank.now);
    assert_eq!(refused(&report.outcome), Refusal::EsamSerial);
    assert!(take_receipt(&mut twin.sim).is_none(), "no receipt of what was not credited");
    assert_eq!((twin.purse().total_credited, twin.purse().count), (Fen(0), 0));
    assert_eq!(scene.settled(1, &receipt.unwrap()).order, a.order.id);
    assert_eq!(scene.site.purse().total_credited, Fen(6000));
    scene.ended(6000, 0, 0);
}

/// The ESAM is retired while A is out: it had credited A and the receipt settles, or another chip credits what was paid.
#[test]
fn retired_with_an_order_out() {
    for credited in [true, false] {
        let mut scene = Scene::new();
        let a = scene.a.clone();
        let receipt = if credited { scene.insert(&a).1 } else { None };
        scene.office.pass(&mut scene.site.esam, LifeChange::Retire, Some(1), GIVEN_UP);
        scene.site.esam = copy(&scene.site.esam);
        scene.list(esam("first chip", KeyState::Retired, 1));
        assert!(matches!(scene.buy(1, 700), Err(OrderError::Retired { .. })));
        if let Some(receipt) = receipt {
            assert_eq!(scene.settled(1, &receipt).order, a.order.id);
            scene.ended(6000, 0, 0);
            continue;
        }
        let (outcome, none) = scene.insert(&a);
        assert!(matches!(outcome, Outcome::Refused { .. }), "a retired chip credits nothing: {outcome:?}");
        assert!(none.is_none());
        scene.site.esam = chip(&mut scene.office, "second chip");
        scene.site.meter = paired(&pairing_file(&mut scene.office, 1));
        scene.list(esam("second chip", KeyState::Formal, 1));
        let moved = scene.reissue(1, Anew::ChipReplaced).unwrap();
        let (_, receipt) = scene.insert(&moved);
        assert_eq!(scene.settled(1, &receipt.unwrap()).order, moved.order.id);
        assert_eq!(scene.site.purse().total_credited, Fen(5000));
        scene.ended(6000, 0, 0);
    }
}

/// A turns up after the purchase after it, on a SIM that lay in a drawer: it is older than the count and credits nothing.
#[test]
fn a_found_after_the_next_count() {
    let mut scene = Scene::new();
    let a = scene.a.clone();
    let b = scene.correct(1, 3000);
    let (_, receipt) = scene.insert(&b);
    let settled = scene.settled(1, &receipt.unwrap());
    assert_eq!((settled.order, settled.refund_due_fen), (b.order.id, 2000));
    let next = scene.buy(1, 700).unwrap();
    let (_, receipt) = scene.insert(&next);
    scene.settled(1, &receipt.unwrap());
    scene.site.sim = formal_sim();
    let (outcome, none) = scene.insert(&a);
    assert_eq!((refused(&outcome), none), (Refusal::CountOlder, None));
    assert_eq!((scene.site.purse().total_credited, scene.site.purse().count), (Fen(4700), 3));
    scene.ended(4700, 2000, 0);
}

/// The chip goes back to test and becomes formal anew while A is out: its counts begin again, and so do the books'. A is of
/// the life before, and what was paid for it moves to the new one.
#[test]
fn a_new_life_of_the_same_chip_begins_at_the_first_count() {
    let mut scene = Scene::new();
    let a = scene.a.clone();
    scene.office.pass(&mut scene.site.esam, LifeChange::Test, Some(1), GIVEN_UP);
    scene.office.pass(&mut scene.site.esam, LifeChange::Formal, Some(3), NO_LEAVE);
    scene.site.esam = copy(&scene.site.esam);
    scene.site.meter = paired(&pairing_file(&mut scene.office, 3));
    scene.list(Esam { state_since: 3, ..esam("first chip", KeyState::Formal, 3) });
    let (outcome, none) = scene.insert(&a);
    assert_eq!((refused(&outcome), none), (Refusal::Mac, None), "A is under keys that are gone");
    let error = scene.reissue(3, Anew::KeyChange).unwrap_err();
    assert!(matches!(error, OrderError::OtherChip { .. }), "no change of keys within a life: {error}");
    let moved = scene.reissue(3, Anew::ChipReplaced).unwrap();
    assert_eq!((moved.order.count, moved.order.kind), (1, OrderKind::Open));
    assert_eq!(moved.order.serial, a.order.serial);
    let (outcome, receipt) = scene.insert(&moved);
    assert!(matches!(outcome, Outcome::Credited { amount: Fen(5000), .. }), "{outcome:?}");
    assert_eq!(scene.settled(3, &receipt.unwrap()).order, moved.order.id);
    let purse = scene.site.purse();
    assert_eq!((purse.balance, purse.count), (Fen(5000), 1));
    let next = scene.buy(3, 700).unwrap();
    let (_, receipt) = scene.insert(&next);
    assert_eq!(scene.settled(3, &receipt.unwrap()).receipt.count, 2);
    scene.ended(6700, 0, 0);
}
