//! Meters that are changed: what is the customer's in the old one goes to the new one, and no fen is lost or made.

use super::{Bank, Engine};
use crate::house::{binding, csv, customer, esam, luhn, meter, serial, sim, terms};
use crate::toy::ToyMeter;
use gridcard_server::{
    Basis, ChangeRefusal, ChangeRequest, FinalRequest, FindingKind, Incoming, KeyState, OrderError,
    OrderState, Origin, Roster, SealError, SealedOrder, Settlement, SimKey, Word,
};
use scheme::money::Fen;
use scheme::order::OrderKind;

impl Bank {
    /// Meters 3 to 5 are in the city's list and on the shelf.
    pub(super) fn stock(&mut self) {
        let esams: Vec<_> = (3..6).map(|n| esam(n, serial(n), 1)).collect();
        self.books.take_meters(&esams, self.now).unwrap();
        self.meters.extend((3..6).map(|n| ToyMeter::new(meter(n), serial(n))));
    }

    /// The city ended the chip of a meter.
    pub(super) fn retire(&mut self, n: u32) {
        let mut esam = esam(n, serial(n), 1);
        esam.state = KeyState::Retired;
        self.books.take_meters(&[esam], self.now).unwrap();
    }

    pub(super) fn word(&self, second: Option<&str>) -> Word {
        Word { at: self.now, by: "Li".into(), second: second.map(Into::into), note: "display dark".into() }
    }

    pub(super) fn change_request(
        &mut self,
        to: u32,
        basis: Basis,
        fen: u32,
        count: Option<u32>,
    ) -> ChangeRequest {
        ChangeRequest {
            customer: customer(0),
            old: None,
            meter: meter(to),
            basis,
            balance: Fen(fen),
            count,
            word: self.word(basis.is_estimate().then_some("Wang")),
            id: self.draw(),
        }
    }

    fn change(
        &mut self,
        to: u32,
        basis: Basis,
        fen: u32,
        count: Option<u32>,
    ) -> Result<Option<SealedOrder>, OrderError> {
        let request = self.change_request(to, basis, fen, count);
        self.books.change_meter(Some(&mut self.psam), &request, &terms())
    }

    fn refusal(&mut self, to: u32, basis: Basis, fen: u32, count: Option<u32>) -> ChangeRefusal {
        let before = self.everything();
        let request = self.change_request(to, basis, fen, count);
        assert!(self.books.plan_change(&request).is_err());
        let refusal = match self.change(to, basis, fen, count) {
            Err(OrderError::Change(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        assert_eq!(self.everything(), before, "a refusal changes nothing");
        refusal
    }

    fn finish(&mut self, fen: u32, count: Option<u32>) -> Result<Option<SealedOrder>, OrderError> {
        let request = FinalRequest {
            change: self.books.changes(Some(customer(0)), true).unwrap()[0].id,
            balance: Fen(fen),
            count,
            word: self.word(Some("Wang")),
            id: self.draw(),
        };
        self.books.finish_change(Some(&mut self.psam), &request, &terms())
    }

    /// Sold, settled, outstanding, between two meters, loss, in fen.
    pub(super) fn five(&self) -> [i64; 5] {
        let totals = self.books.figures().unwrap().totals;
        [totals.sold_fen, totals.settled_fen, totals.outstanding_fen, totals.transferred_fen, totals.loss_fen]
    }

    /// Customer 0 buys for so much, and meter `n` credits it.
    fn bought(&mut self, n: u32, fen: u32) {
        let request = self.request(n, fen);
        let sealed = self.books.purchase(&mut self.psam, &request, &terms()).unwrap();
        self.credited(n, &sealed);
    }

    /// Customer 0's SIM goes into meter `n`, and its receipt is settled.
    fn credited(&mut self, n: u32, sealed: &SealedOrder) {
        let receipt = self.insert_sim(n, &sealed.record).unwrap();
        self.settled(n, &receipt);
    }

    fn insert_sim(&mut self, n: u32, record: &[u8]) -> Result<[u8; 176], &'static str> {
        self.meters[n as usize].insert(record, binding(&sim(0, 0)), self.now)
    }
}

pub fn a_read_meter_gives_its_purse_to_the_next(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    let old = bank.orders()[0].record.clone().unwrap();
    // 20 yuan were used; the meter last said 50.
    assert_eq!(bank.refusal(3, Basis::Read, 3000, None), ChangeRefusal::NotRetired(meter(0)));
    bank.retire(0);
    let most = ChangeRefusal::TooMuch { meter: meter(0), balance: Fen(5001), most: Fen(5000) };
    assert_eq!(bank.refusal(3, Basis::Read, 5001, None), most);
    assert!(matches!(
        bank.refusal(3, Basis::Read, 3000, Some(2)),
        ChangeRefusal::Count { found: 2, known: 1, .. }
    ));
    assert!(matches!(bank.refusal(0, Basis::Read, 3000, None), ChangeRefusal::SameMeter { .. }));
    assert!(matches!(bank.refusal(1, Basis::Read, 3000, None), ChangeRefusal::Taken { .. }));
    assert!(matches!(bank.change(9, Basis::Read, 3000, None), Err(OrderError::NoSerial(_))));
    let sealed = bank.change(3, Basis::Read, 3000, Some(1)).unwrap().unwrap();
    let order = &sealed.order;
    assert_eq!(
        (order.meter, order.kind, order.count, order.amount),
        (meter(3), OrderKind::Open, 1, Fen(3000))
    );
    assert_eq!(bank.five(), [5000, 2000, 0, 3000, 0]);
    assert_eq!(bank.books.of_meter(meter(3)).unwrap().unwrap().customer, customer(0));
    assert_eq!(bank.books.of_meter(meter(0)).unwrap(), None);
    let held = bank.books.holdings(customer(0)).unwrap();
    let dates: Vec<_> = held.iter().map(|held| (held.meter, held.since, held.until)).collect();
    assert_eq!(dates, [(meter(0), None, Some(bank.now)), (meter(3), Some(bank.now), None)]);
    // Neither meter takes the other's record.
    assert!(bank.insert_sim(3, &old).is_err());
    assert!(bank.insert_sim(0, &sealed.record).is_err());
    // Nobody gives it up, and no cash comes of it.
    assert!(bank.books.void_order(order.id, bank.now).is_err());
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 0);
    bank.credited(3, &sealed);
    assert_eq!(bank.five(), [5000, 5000, 0, 0, 0]);
    bank.bought(3, 700);
    assert_eq!(bank.meters[3].balance, 3700);
    assert_eq!(bank.five(), [5700, 5700, 0, 0, 0]);
    let change = bank.books.changes(None, false).unwrap().remove(0);
    assert_eq!(
        (change.carried_fen, change.is_provisional(), change.order),
        (3000, false, Some(sealed.order.id))
    );
    bank.end();
}

pub fn an_empty_meter_gives_nothing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.retire(0);
    let request = bank.change_request(3, Basis::Read, 0, Some(0));
    assert_eq!(bank.books.plan_change(&request).unwrap(), 0);
    assert_eq!(bank.books.change_meter(None, &request, &terms()).unwrap(), None);
    assert_eq!(bank.psam.sealed, 0, "no module is asked");
    let made = bank.books.change_of(request.id).unwrap().unwrap();
    assert_eq!((made.old, made.new, made.order), (meter(0), meter(3), None));
    bank.bought(3, 700);
    assert_eq!(bank.five(), [700, 700, 0, 0, 0]);
    bank.end();
}

/// An estimate of nothing that turns out too low while the new meter's first sale is on its way: the sale stays what it is.
pub fn a_sale_is_not_what_was_missing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    let request = bank.change_request(3, Basis::Burnt, 0, None);
    assert_eq!(bank.books.change_meter(None, &request, &terms()).unwrap(), None);
    let asked = bank.request(3, 700);
    let sale = bank.books.purchase(&mut bank.psam, &asked, &terms()).unwrap();
    let before = bank.everything();
    let early = bank.finish(600, None);
    assert!(matches!(early, Err(OrderError::Outstanding { .. })), "{early:?}");
    assert_eq!(bank.everything(), before);
    bank.credited(3, &sale);
    let more = bank.finish(600, None).unwrap().unwrap();
    assert_eq!((more.order.amount, more.order.count), (Fen(600), 2));
    bank.credited(3, &more);
    assert_eq!(bank.meters[3].balance, 1300);
    bank.end();
}

pub fn an_outstanding_order_goes_with_it(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    let dead = bank.buy(0, 700).unwrap();
    bank.retire(0);
    assert_eq!(bank.refusal(3, Basis::Read, 3000, None), ChangeRefusal::CountWanted(dead.order.id));
    assert_eq!(bank.refusal(3, Basis::Read, 3700, Some(2)), ChangeRefusal::Credited(dead.order.id));
    let sealed = bank.change(3, Basis::Read, 3000, Some(1)).unwrap().unwrap();
    assert_eq!((sealed.order.count, sealed.order.amount), (1, Fen(3700)));
    assert_eq!(bank.five(), [5700, 2000, 0, 3700, 0]);
    assert_eq!(bank.books.order(dead.order.id).unwrap().unwrap().state, OrderState::Void);
    // The old meter lied: it credits the order that went away. Its receipt is kept, and stops nothing of the new one.
    let receipt = bank.insert_sim(0, &dead.record).unwrap();
    let origin = Origin::Sim(SimKey::Imsi(sim(0, 0).imsi));
    let openers = bank.books.openers(Incoming::Record(&receipt), &origin).unwrap();
    assert!(!openers.is_empty());
    let held = bank.books.settle(&mut bank.psam, Incoming::Record(&receipt), &origin, bank.now).unwrap();
    let Settlement::Held(finding) = held else { panic!("not held: {held:?}") };
    assert_eq!((finding.kind, finding.meter), (FindingKind::CreditedAfterMove, Some(meter(0))));
    bank.clear(finding.id, Some("Wang")).unwrap();
    assert_eq!(bank.five(), [5700, 2700, 0, 3700, 700], "credited twice, so once at the house's cost");
    bank.credited(3, &sealed);
    assert_eq!(bank.five(), [5700, 6400, 0, 0, 700]);
    bank.end();
}

/// A meter that is dead: what two people estimated, and what the workshop read.
struct Estimate {
    fen: u32,
    read: u32,
    /// The workshop saw that the order which ended with it was credited.
    credited: bool,
    /// The first order of the new meter is settled before the workshop has read.
    settled_first: bool,
    /// What was missing at the new meter, and what it got too much.
    missing: i64,
    loss: i64,
}

pub fn an_estimate_was_low(engine: &dyn Engine) {
    let (credited, settled_first) = (false, true);
    corrected(engine, Estimate { fen: 3000, read: 3000, credited, settled_first, missing: 700, loss: 0 });
}

pub fn an_estimate_was_right(engine: &dyn Engine) {
    let (credited, settled_first) = (false, true);
    corrected(engine, Estimate { fen: 3700, read: 3000, credited, settled_first, missing: 0, loss: 0 });
}

pub fn an_estimate_was_high(engine: &dyn Engine) {
    let (credited, settled_first) = (true, true);
    corrected(engine, Estimate { fen: 4000, read: 3700, credited, settled_first, missing: 0, loss: 300 });
}

pub fn an_estimate_was_low_and_is_outstanding(engine: &dyn Engine) {
    let (credited, settled_first) = (false, false);
    corrected(engine, Estimate { fen: 3000, read: 3500, credited, settled_first, missing: 1200, loss: 0 });
}

pub fn an_estimate_was_high_and_is_outstanding(engine: &dyn Engine) {
    let (credited, settled_first) = (true, false);
    corrected(engine, Estimate { fen: 2000, read: 1000, credited, settled_first, missing: 0, loss: 1000 });
}

/// Two people estimate, and the workshop corrects.
fn corrected(engine: &dyn Engine, case: Estimate) {
    let Estimate { fen: estimate, read, credited, settled_first, missing, loss } = case;
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    bank.buy(0, 700).unwrap();
    let alone =
        ChangeRequest { word: bank.word(None), ..bank.change_request(3, Basis::Workshop, estimate, None) };
    for word in [alone.word.clone(), bank.word(Some("Li"))] {
        let request = ChangeRequest { word, ..alone.clone() };
        let refused = bank.books.change_meter(Some(&mut bank.psam), &request, &terms());
        assert!(matches!(refused, Err(OrderError::Change(ChangeRefusal::TwoPeople))), "{refused:?}");
    }
    assert!(matches!(bank.refusal(3, Basis::Workshop, 5701, None), ChangeRefusal::TooMuch { .. }));
    let first = bank.change(3, Basis::Workshop, estimate, None).unwrap().unwrap();
    assert_eq!(bank.five(), [5700, 5700 - i64::from(estimate), 0, i64::from(estimate), 0]);
    assert_eq!(bank.books.changes(None, true).unwrap().len(), 1, "provisional");
    if settled_first {
        bank.credited(3, &first);
    }
    let count = if credited { 2 } else { 1 };
    let early = bank.finish(read, Some(count));
    assert!(matches!(early, Err(OrderError::Change(ChangeRefusal::NotRetired(_)))), "{early:?}");
    bank.retire(0);
    let uncounted = bank.finish(read, None);
    assert!(matches!(uncounted, Err(OrderError::Change(ChangeRefusal::CountWanted(_)))), "{uncounted:?}");
    let more = bank.finish(read, Some(count)).unwrap();
    let due = i64::from(read) + if credited { 0 } else { 700 };
    assert_eq!(due - i64::from(estimate), missing - loss);
    assert_eq!(more.is_some(), missing > 0);
    if let Some(more) = &more {
        let amount = if settled_first { missing } else { due };
        assert_eq!(i64::from(more.order.amount.0), amount);
        assert_eq!(more.order.count, if settled_first { 2 } else { 1 });
    }
    let last = more.unwrap_or(first);
    if missing > 0 || !settled_first {
        bank.credited(3, &last);
    }
    let held = due.max(i64::from(estimate));
    assert_eq!(bank.five(), [5700, 5700 + loss, 0, 0, loss], "{estimate} {read}");
    assert_eq!(i64::from(bank.meters[3].balance), held);
    assert_eq!(bank.books.changes(None, true).unwrap(), []);
    let change = bank.books.changes(None, false).unwrap().remove(0);
    assert_eq!(change.last.as_ref().map(|(fen, ..)| *fen), Some(due));
    let again = FinalRequest {
        change: change.id,
        balance: Fen(read),
        count: Some(count),
        word: bank.word(Some("Wang")),
        id: bank.draw(),
    };
    let again = bank.books.finish_change(None, &again, &terms());
    assert!(matches!(again, Err(OrderError::Change(ChangeRefusal::Final(_)))), "{again:?}");
    bank.end();
}

pub fn a_burnt_meter_is_estimated(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    bank.buy(0, 700).unwrap();
    // Less than was paid and not credited: two people say that some of it was used.
    let sealed = bank.change(3, Basis::Burnt, 500, None).unwrap().unwrap();
    assert_eq!(bank.five(), [5700, 5200, 0, 500, 0]);
    bank.credited(3, &sealed);
    assert!(matches!(bank.finish(5701, None), Err(OrderError::Change(ChangeRefusal::TooMuch { .. }))));
    let more = bank.finish(600, None).unwrap().unwrap();
    assert_eq!((more.order.amount, bank.five()), (Fen(100), [5700, 5600, 0, 100, 0]));
    bank.credited(3, &more);
    assert_eq!(bank.five(), [5700, 5700, 0, 0, 0]);
    bank.end();
}

/// The module's answer gets lost: the change stands, and its order is sealed later.
pub fn a_change_is_interrupted(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    bank.retire(0);
    bank.psam.cut = true;
    let request = bank.change_request(3, Basis::Read, 3000, Some(1));
    let lost = bank.books.change_meter(Some(&mut bank.psam), &request, &terms());
    assert!(matches!(lost, Err(OrderError::Seal { .. })), "{lost:?}");
    assert_eq!(bank.five(), [5000, 2000, 0, 3000, 0]);
    assert!(bank.books.change_of(request.id).unwrap().is_some());
    assert_eq!(bank.reconcile().sealed, [request.id]);
    let sealed = bank.books.seal(&mut bank.psam, request.id, bank.now, &terms()).unwrap();
    bank.credited(3, &sealed);
    assert_eq!(bank.five(), [5000, 5000, 0, 0, 0]);
    bank.end();
}

/// Neither the order that carries a purse nor one beside it is given up for cash, though the module sealed neither.
pub fn what_was_carried_is_no_cash(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    bank.retire(0);
    bank.psam.faults = vec![SealError::Refused("6985".into()), SealError::Refused("6985".into())];
    assert!(matches!(bank.change(3, Basis::Read, 3000, Some(1)), Err(OrderError::Seal { .. })));
    let first = bank.orders().last().unwrap().order.id;
    let beside = bank.correct(3, 3100);
    assert!(matches!(beside, Err(OrderError::Seal { .. })), "{beside:?}");
    let second = bank.orders().last().unwrap().order.id;
    assert_ne!(first, second);
    let before = bank.everything();
    for id in [second, first] {
        let given_up = bank.books.void_order(id, bank.now);
        assert!(given_up.is_err(), "{given_up:?}");
    }
    assert_eq!(bank.everything(), before, "no fen moved");
    let sealed = bank.books.seal(&mut bank.psam, second, bank.now, &terms()).unwrap();
    bank.credited(3, &sealed);
    assert_eq!(bank.five(), [5100, 5100, 0, 0, 0]);
    bank.end();
}

/// The old meter goes to somebody else without being handed over: the chip in it credits nobody but its first customer, another chip does.
pub fn a_meter_changes_hands(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought(0, 5000);
    bank.retire(0);
    bank.change(3, Basis::Read, 1000, Some(1)).unwrap();
    let (imei, next) = (luhn("49015420777777"), sim(7, 0));
    let file = format!(
        "{}{},{},{},{},{imei},{},Customer 7\n",
        csv(0),
        customer(7),
        meter(0),
        next.msisdn,
        next.imsi,
        next.iccid
    );
    let roster = Roster::read(file.as_bytes()).unwrap().dated(bank.now);
    assert_eq!(bank.books.register(roster).unwrap().registered, 1);
    assert_eq!(bank.books.holdings(customer(7)).unwrap()[0].since, Some(bank.now));
    let retired = bank.buy(0, 100);
    assert!(matches!(retired, Err(OrderError::Retired { .. })), "{retired:?}");
    // Back in use by mistake, with the keys it had: its account is still the first customer's.
    bank.books.take_meters(&[esam(0, serial(0), 1)], bank.now).unwrap();
    let other = bank.buy(0, 100);
    assert!(
        matches!(other, Err(OrderError::OtherAccount { customer: c, .. }) if c == customer(0)),
        "{other:?}"
    );
    bank.books.take_meters(&[esam(0, serial(8), 1)], bank.now).unwrap();
    let sealed = bank.buy(0, 100).unwrap();
    assert_eq!((sealed.order.customer, sealed.order.count), (customer(7), 1));
    bank.end();
}
