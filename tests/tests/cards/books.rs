//! Second orders of one count, with the programs of ESAM and PSAM themselves: however two orders meet, the books end
//! with what the purse holds, and what was paid beyond it is due.

use crate::world::{Bank, Province, Site, copy, imsi, pin, sim_card, take_receipt, terms};
use keys::Suite;
use reader::driver::psam::Psam;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::order::{OrderId, OrderKind};
use server::{
    Incoming, OrderRequest, OrderState, Origin, SealedOrder, Settled, Settlement, Sim, SimKey, StoreError,
};
use wire::channel::{Channel, ChannelError};
use wire::sms::record::Records;

/// A meter whose account is open with 10 yuan, its bank, and an order A of 50 yuan that is sealed.
struct Scene {
    bank: Bank,
    site: Site,
    a: SealedOrder,
}

fn customer() -> CustomerNumber {
    "000000005000".parse().unwrap()
}

impl Scene {
    fn new(province: &mut Province) -> Self {
        let mut site = Site::new(province, 0);
        let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
        let first = bank.buy(&site, Fen(1000));
        site.deliver(&first.record);
        let at = bank.now;
        site.insert(at);
        let receipt = take_receipt(&mut site.sim).unwrap();
        bank.settle(&site, &receipt);
        let a = bank.buy(&site, Fen(5000));
        Scene { bank, site, a }
    }

    fn correct(&mut self, fen: u32) -> SealedOrder {
        let request = OrderRequest {
            meter: self.a.order.meter,
            amount: Fen(fen),
            now: self.bank.now,
            id: OrderId(*b"second A"),
        };
        let mut psam = crate::world::sealer(&mut self.bank.psam, &self.bank.server_key);
        self.bank.store.correct(&mut psam, &request, &terms()).unwrap()
    }

    /// Puts an order on the SIM and the SIM into the meter; the receipt it leaves, if any.
    fn insert(&mut self, order: &SealedOrder) -> Option<Records> {
        self.site.deliver(&order.record);
        let at = self.bank.now.add_seconds(60).unwrap();
        self.bank.now = at;
        self.site.insert(at);
        take_receipt(&mut self.site.sim)
    }

    fn settle(&mut self, receipt: &[u8]) -> Settled {
        match self.bank.settle(&self.site, receipt) {
            Settlement::Settled(settled) => settled,
            other => panic!("not settled: {other:?}"),
        }
    }

    /// The books are in order, every order is settled or void, and the purse holds what was settled.
    fn ended(mut self, due: i64) {
        let (totals, faults, orders) = self
            .bank
            .store
            .read(|view| Ok::<_, StoreError>((view.totals()?, view.audit()?, view.orders()?)))
            .unwrap();
        assert_eq!(faults, []);
        assert!(
            orders.iter().all(|p| matches!(p.state, OrderState::Settled | OrderState::Void)),
            "{orders:?}"
        );
        let purse = self.site.purse();
        assert_eq!(totals.settled_fen, i64::from(purse.total_credited.0));
        assert_eq!((totals.outstanding_fen, totals.refund_due_fen), (0, due));
        assert_eq!(totals.sold_fen, totals.settled_fen + due);
        let at = self.bank.now;
        assert_eq!(self.bank.store.batch(|act| act.refund(customer(), at)).unwrap(), due);
    }
}

#[test]
fn a_then_b_and_b_then_a() {
    for suite in [Suite::TripleDes, Suite::Aes128, Suite::Sm4] {
        let mut province = Province::new(suite);
        for (fen, due_when_a, due_when_b) in [(8000, 3000, 0), (2000, 0, 3000), (0, 0, 5000)] {
            for a_first in [true, false] {
                let mut scene = Scene::new(&mut province);
                let a = scene.a.clone();
                let b = scene.correct(fen);
                let (first, second) = if a_first { (&a, &b) } else { (&b, &a) };
                let receipt = scene.insert(first).unwrap();
                let settled = scene.settle(&receipt);
                assert_eq!((settled.order, settled.voided), (first.order.id, vec![second.order.id]));
                // The other one brings the same receipt and no money.
                let again = scene.insert(second).unwrap();
                let outcome = scene.bank.settle(&scene.site, &again);
                assert_eq!(outcome, Settlement::AlreadySettled(Some(first.order.id)));
                scene.ended(if a_first { due_when_a } else { due_when_b });
            }
        }
    }
}

#[test]
fn credited_and_the_receipt_lost() {
    let mut scene = Scene::new(&mut Province::new(Suite::TripleDes));
    let a = scene.a.clone();
    scene.insert(&a).unwrap();
    let b = scene.correct(0);
    let stored = scene.insert(&b).unwrap();
    assert_eq!(scene.settle(&stored).order, a.order.id);
    scene.ended(0);
}

#[test]
fn a_on_one_sim_and_b_on_another() {
    let mut province = Province::new(Suite::TripleDes);
    for a_first in [true, false] {
        let mut scene = Scene::new(&mut province);
        let new = Sim {
            msisdn: "+8613800999999".parse().unwrap(),
            imsi: imsi(0, 1).parse().unwrap(),
            iccid: "89860000000000000019".parse().unwrap(),
        };
        let at = scene.bank.now;
        scene.bank.store.batch(|act| act.replace_sim(customer(), &new, at)).unwrap();
        let (a, b) = (scene.a.clone(), scene.correct(0));
        assert_eq!(b.order.kind, OrderKind::Replacement);
        let mut other = sim_card(&imsi(0, 1));
        let receipt = if a_first {
            let receipt = scene.insert(&a).unwrap();
            std::mem::swap(&mut scene.site.sim, &mut other);
            assert!(scene.insert(&b).is_some(), "the stored receipt again");
            receipt
        } else {
            std::mem::swap(&mut scene.site.sim, &mut other);
            scene.insert(&b).unwrap()
        };
        assert_eq!(scene.settle(&receipt).order, if a_first { a.order.id } else { b.order.id });
        scene.ended(if a_first { 0 } else { 5000 });
    }
}

#[test]
fn a_expired_by_the_meters_clock() {
    let mut scene = Scene::new(&mut Province::new(Suite::TripleDes));
    let a = scene.a.clone();
    scene.bank.now = scene.bank.now.add_seconds(31 * 86_400).unwrap();
    assert!(scene.insert(&a).is_none(), "the meter refuses it");
    assert_eq!(scene.site.purse().total_credited, Fen(1000));
    let b = scene.correct(0);
    let receipt = scene.insert(&b).unwrap();
    assert_eq!(scene.settle(&receipt).refund_due_fen, 5000);
    scene.ended(5000);
}

/// The meter's clock stands years off: what it credited is settled, and the clock is a finding.
#[test]
fn a_clock_years_off() {
    let mut scene = Scene::new(&mut Province::new(Suite::TripleDes));
    let a = scene.a.clone();
    scene.site.deliver(&a.record);
    scene.site.insert("20200101000000".parse().unwrap());
    let receipt = take_receipt(&mut scene.site.sim).unwrap();
    let settled = scene.settle(&receipt);
    assert_eq!((settled.order, settled.findings.len()), (a.order.id, 1));
    scene.bank.buy(&scene.site, Fen(100));
}

/// Counts what goes over a channel.
struct Counting<'c> {
    inner: &'c mut dyn Channel,
    sent: u32,
}

impl Channel for Counting<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.sent += 1;
        self.inner.transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.inner.reset()
    }
}

/// 101 meters owe a receipt; settling one costs the same as if it were alone, when it says where it comes from.
#[test]
fn settling_costs_the_same_however_many_are_outstanding() {
    const CUSTOMERS: u32 = 101;
    let mut province = Province::new(Suite::TripleDes);
    let mut sites = [Site::new(&mut province, 0), Site::new(&mut province, 100)];
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), CUSTOMERS);
    for n in 0..CUSTOMERS {
        let meter = format!("{:012}", 1000 + n).parse().unwrap();
        let id = OrderId([0xA0, 0, 0, 0, 0, 0, 0, u8::try_from(n).unwrap()]);
        let request = OrderRequest { meter, amount: Fen(100), now: bank.now, id };
        let mut psam = crate::world::sealer(&mut bank.psam, &bank.server_key);
        let sealed = bank.store.purchase(&mut psam, &request, &terms()).unwrap();
        if let Some(site) = sites.iter_mut().find(|site| site.meter.state().config.number == meter) {
            site.deliver(&sealed.record);
        }
    }
    for (site, n) in sites.iter_mut().zip([0, 100]) {
        site.insert(bank.now);
        let receipt = take_receipt(&mut site.sim).unwrap();
        let mut counting = Counting { inner: &mut bank.psam, sent: 0 };
        let mut psam = Psam::open(&mut counting).unwrap();
        psam.verify_pin(pin().expose()).unwrap();
        let origin = Origin::Sim(SimKey::Imsi(imsi(n, 0).parse().unwrap()));
        let outcome = bank.store.settle(&mut psam, Incoming::Record(&receipt), &origin, bank.now).unwrap();
        assert!(matches!(outcome, Settlement::Settled(_)));
        assert_eq!(
            counting.sent, SETTLE_APDUS,
            "SELECTs, card information, PIN, OPEN RECEIPT and its answer"
        );
    }
}

/// Commands of a session that settles one receipt.
const SETTLE_APDUS: u32 = 5;
