//! Customers with several meters, and meters that change hands.

use super::{Bank, Engine};
use crate::house::{binding, customer, esam, luhn, meter, serial, sim, terms};
use gridcard_server::roster::{Column, LineFault};
use gridcard_server::{
    Basis, ChangeRefusal, EventKind, HandOverRefusal, HandOverRequest, Incoming, OrderError, OrderState,
    Origin, Roster, SealError, SealedOrder, Settled, Settlement, SimKey, WhichMeter,
};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::OrderKind;

/// A line of a registration: customer `who`, with SIM `version` of his, and a meter.
fn line(who: u32, version: u32, meter: &str, name: &str) -> String {
    let card = sim(who, version);
    let imei = luhn(&format!("49015420{who:06}"));
    format!("{},{meter},{},{},{},{imei},{name}\n", customer(who), card.msisdn, card.imsi, card.iccid)
}

impl Bank {
    fn register(&mut self, lines: &str) -> gridcard_server::Report {
        let file = format!("customer,meter,msisdn,imsi,iccid,imei,name\n{lines}");
        self.books.register(Roster::read(file.as_bytes()).unwrap().dated(self.now)).unwrap()
    }

    /// Customer 0 has meters 3 and 4 as well.
    fn three_meters(&mut self) {
        self.stock();
        let further = [3, 4].map(|n| line(0, 0, &meter(n).to_string(), "Customer 0")).concat();
        let report = self.register(&further);
        assert_eq!((report.registered, report.added, report.rejected), (2, 2, vec![]));
    }

    /// The SIM of a customer goes into a meter; his receipt comes back and names his SIM alone.
    fn by_sim(&mut self, who: u32, n: u32, sealed: &SealedOrder) -> Settled {
        let receipt =
            self.meters[n as usize].insert(&sealed.record, binding(&sim(who, 0)), self.now).unwrap();
        let origin = Origin::Sim(SimKey::Iccid(sim(who, 0).iccid));
        match self.books.settle(&mut self.psam, Incoming::Record(&receipt), &origin, self.now).unwrap() {
            Settlement::Settled(settled) => settled,
            other => panic!("not settled: {other:?}"),
        }
    }

    /// Whoever has a meter buys for so much, and the meter credits it.
    fn bought_by(&mut self, who: u32, n: u32, fen: u32) -> SealedOrder {
        let sealed = self.buy(n, fen).unwrap();
        self.by_sim(who, n, &sealed);
        sealed
    }

    pub(super) fn hand_over_request(&self, n: u32, to: u32) -> HandOverRequest {
        HandOverRequest { meter: meter(n), to: customer(to), word: self.word(Some("Wang")) }
    }

    fn hand_over(&mut self, n: u32, to: u32) -> gridcard_server::HandOver {
        let request = self.hand_over_request(n, to);
        let planned = self.books.plan_hand_over(&request).unwrap();
        let done = self.books.hand_over(&request).unwrap();
        assert_eq!(done.balance, planned);
        done
    }

    fn not_handed_over(&mut self, n: u32, to: u32) -> HandOverRefusal {
        let request = self.hand_over_request(n, to);
        let before = self.everything();
        assert!(self.books.plan_hand_over(&request).is_err());
        let refusal = match self.books.hand_over(&request) {
            Err(OrderError::HandOver(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        };
        assert_eq!(self.everything(), before, "a refusal changes nothing");
        refusal
    }

    fn meters_of(&self, who: u32) -> Vec<MeterNumber> {
        let known = self.books.customer(customer(who)).unwrap().unwrap();
        known.meters.iter().map(|held| held.meter).collect()
    }

    fn open_of(&self, who: u32) -> i64 {
        self.books.statement(customer(who)).unwrap().last().map_or(0, |line| line.prepaid_fen)
    }
}

pub fn one_customer_has_three_meters(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.three_meters();
    assert_eq!(bank.meters_of(0), [meter(0), meter(3), meter(4)]);
    let known = bank.books.customer(customer(0)).unwrap().unwrap();
    assert_eq!(known.with_meter(Some(meter(3))).unwrap().meter, meter(3));
    let several = known.with_meter(None).unwrap_err();
    assert!(matches!(&several, WhichMeter::Several { meters, .. } if meters.0.len() == 3), "{several}");
    for n in [0, 3, 4] {
        assert!(several.to_string().contains(&meter(n).to_string()), "{several}");
    }
    assert!(matches!(known.with_meter(Some(meter(1))), Err(WhichMeter::NotHis { .. })));
    // One order each is on its way; each has its own count and account.
    let sealed = [(0, 5000), (3, 700), (4, 90)].map(|(n, fen)| (n, bank.buy(n, fen).unwrap()));
    for (n, sealed) in &sealed {
        let order = &sealed.order;
        assert_eq!((order.meter, order.count, order.kind), (meter(*n), 1, OrderKind::Open));
        assert_eq!(sealed.sim.iccid, sim(0, 0).iccid.as_str());
        let open = bank.books.outstanding(meter(*n)).unwrap().unwrap();
        assert_eq!(open.order.id, order.id);
        assert!(matches!(bank.buy(*n, 100), Err(OrderError::Outstanding { .. })));
    }
    assert_eq!((bank.sums(), bank.open_of(0)), ((5790, 0, 5790), 5790));
    // One SIM brings them: another SIM has all three to make anew.
    let replaced = bank.books.replace_sim(customer(0), &sim(0, 1), bank.now).unwrap();
    assert_eq!(replaced.outstanding, sealed.iter().map(|(_, one)| one.order.id).collect::<Vec<_>>());
    bank.books.replace_sim(customer(0), &sim(0, 0), bank.now).unwrap();
    // The receipts say nothing but which SIM they came on.
    for (n, sealed) in sealed.iter().rev() {
        let settled = bank.by_sim(0, *n, sealed);
        assert_eq!((settled.order, settled.customer), (sealed.order.id, customer(0)));
    }
    assert_eq!((bank.sums(), bank.open_of(0)), ((5790, 5790, 0), 0));
    let second = bank.bought_by(0, 3, 300);
    assert_eq!((second.order.count, second.order.kind), (2, OrderKind::Recharge));
    let lines = bank.books.statement(customer(0)).unwrap();
    let of = |n: u32| -> i64 {
        let mine = lines.iter().filter(|line| line.meter == meter(n) && line.kind.name() == "sale");
        mine.map(|line| line.amount_fen).sum()
    };
    assert_eq!(([of(0), of(3), of(4)], lines.len()), ([5000, 1000, 90], 8));
    assert_eq!(bank.books.figures().unwrap().totals.customers, 3);
    let found = bank.books.find(&meter(4).to_string(), 9).unwrap();
    assert_eq!((found.len(), found[0].meters.len()), (1, 3));
    bank.end();
}

pub fn a_further_meter_is_registered(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.three_meters();
    let known = [3, 4].map(|n| line(0, 0, &meter(n).to_string(), "Customer 0")).concat();
    let again = bank.register(&known);
    assert_eq!((again.registered, again.unchanged, again.rejected), (0, 2, vec![]));
    let fault = |bank: &mut Bank, text: &str| {
        let before = bank.everything();
        let report = bank.register(text);
        assert_eq!((report.registered, report.rejected.len(), bank.everything()), (0, 1, before));
        (report.rejected[0].column.unwrap(), report.rejected[0].fault.clone())
    };
    // Who he is has to agree, and the meter has to be free.
    let other_sim = fault(&mut bank, &line(0, 5, &meter(5).to_string(), "Customer 0"));
    assert!(matches!(other_sim, (Column::Msisdn, LineFault::Differs { .. })), "{other_sim:?}");
    let other_name = fault(&mut bank, &line(0, 0, &meter(5).to_string(), "Customer 9"));
    assert!(matches!(other_name, (Column::Name, LineFault::Differs { .. })), "{other_name:?}");
    let taken = fault(&mut bank, &line(0, 0, &meter(1).to_string(), "Customer 0"));
    assert_eq!(taken, (Column::Meter, LineFault::Taken { customer: customer(1).to_string() }));
    let twice = [5, 5].map(|n| line(0, 0, &meter(n).to_string(), "Customer 0")).concat();
    let report = bank.register(&twice);
    assert_eq!((report.added, report.rejected.len()), (1, 1));
    assert_eq!(report.rejected[0].fault, LineFault::InFile { line: 2 });
    // What he gave away does not come back by an old list.
    bank.hand_over(5, 1);
    let had = fault(&mut bank, &line(0, 0, &meter(5).to_string(), "Customer 0"));
    assert_eq!(had, (Column::Meter, LineFault::Had { until: bank.now }));
    bank.end();
}

pub fn one_of_several_meters_is_changed(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.three_meters();
    bank.bought_by(0, 3, 5000);
    let out = bank.buy(4, 700).unwrap();
    bank.retire(3);
    let mut request = bank.change_request(5, Basis::Read, 3000, Some(1));
    let which = bank.books.plan_change(&request);
    assert!(
        matches!(which, Err(OrderError::Change(ChangeRefusal::Which(WhichMeter::Several { .. })))),
        "{which:?}"
    );
    request.old = Some(meter(1));
    let not_his = bank.books.plan_change(&request);
    assert!(
        matches!(not_his, Err(OrderError::Change(ChangeRefusal::Which(WhichMeter::NotHis { .. })))),
        "{not_his:?}"
    );
    request.old = Some(meter(3));
    let sealed = bank.books.change_meter(Some(&mut bank.psam), &request, &terms()).unwrap().unwrap();
    assert_eq!((sealed.order.meter, sealed.order.amount), (meter(5), Fen(3000)));
    assert_eq!(bank.meters_of(0), [meter(0), meter(4), meter(5)]);
    assert_eq!(bank.books.outstanding(meter(4)).unwrap().unwrap().order.id, out.order.id, "the others stay");
    bank.by_sim(0, 5, &sealed);
    bank.by_sim(0, 4, &out);
    assert_eq!(bank.five(), [5700, 5700, 0, 0, 0]);
    bank.end();
}

pub fn a_meter_is_handed_over(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.bought_by(0, 0, 5000);
    let before = bank.five();
    let alone = HandOverRequest { word: bank.word(None), ..bank.hand_over_request(0, 1) };
    let twice = HandOverRequest { word: bank.word(Some("Li")), ..alone.clone() };
    for one in [alone, twice] {
        let refused = bank.books.hand_over(&one);
        assert!(matches!(refused, Err(OrderError::HandOver(HandOverRefusal::TwoPeople))), "{refused:?}");
    }
    assert_eq!(
        bank.not_handed_over(0, 0),
        HandOverRefusal::SameCustomer { customer: customer(0), meter: meter(0) }
    );
    assert_eq!(bank.not_handed_over(0, 7), HandOverRefusal::UnknownCustomer(customer(7)));
    assert_eq!(bank.not_handed_over(9, 1), HandOverRefusal::UnknownMeter(meter(9)));
    bank.books.give_to_office(customer(1), "north").unwrap();
    let done = bank.hand_over(0, 1);
    assert_eq!((done.former, done.customer, done.balance), (customer(0), customer(1), Some(Fen(5000))));
    assert_eq!((bank.meters_of(0), bank.meters_of(1)), (vec![], vec![meter(1), meter(0)]));
    assert_eq!(bank.books.hand_overs(Some(customer(0))).unwrap(), std::slice::from_ref(&done));
    assert_eq!(bank.books.hand_overs(None).unwrap(), std::slice::from_ref(&done));
    assert_eq!(bank.books.hand_overs(Some(customer(2))).unwrap(), []);
    assert_eq!(bank.books.hand_overs(Some(customer(1))).unwrap(), [done]);
    let dates = |who| -> Vec<_> {
        let held = bank.books.holdings(customer(who)).unwrap();
        held.iter().map(|held| (held.meter, held.since, held.until)).collect()
    };
    assert_eq!(dates(0), [(meter(0), None, Some(bank.now))]);
    assert_eq!(dates(1), [(meter(1), None, None), (meter(0), Some(bank.now), None)]);
    assert_eq!(bank.five(), before, "no fen moved");
    // The company is told, of the one who has it now.
    let event = bank.books.events(0, 100).unwrap().pop().unwrap();
    assert_eq!((event.kind, event.meter, event.former), (EventKind::HandOver, Some(meter(0)), None));
    assert_eq!((event.customer, event.former_customer), (Some(customer(1)), Some(customer(0))));
    assert_eq!((event.at, &*event.office), (bank.now, "north"));
    // The chip goes on: its account keeps its number, the meter learns the next customer's SIM, and the purse what it has.
    let sealed = bank.bought_by(1, 0, 700);
    assert_eq!((sealed.order.customer, sealed.order.count), (customer(0), 2));
    assert_eq!((sealed.order.kind, &*sealed.sim.iccid), (OrderKind::Replacement, sim(1, 0).iccid.as_str()));
    assert_eq!(bank.meters[0].balance, 5700);
    let placed = bank.books.order(sealed.order.id).unwrap().unwrap();
    assert_eq!((placed.customer, placed.state), (customer(1), OrderState::Settled));
    let again = bank.bought_by(1, 0, 300);
    assert_eq!((again.order.count, again.order.kind), (3, OrderKind::Recharge));
    // Each has paid for his own.
    let paid = |who| -> Vec<i64> {
        let lines = bank.books.statement(customer(who)).unwrap();
        lines.iter().filter(|line| line.kind.name() == "sale").map(|line| line.amount_fen).collect()
    };
    assert_eq!((paid(0), paid(1)), (vec![5000], vec![700, 300]));
    let orders = |who| bank.books.orders_of_customer(customer(who)).unwrap().len();
    assert_eq!((orders(0), orders(1)), (1, 2));
    assert_eq!(bank.five(), [6000, 6000, 0, 0, 0]);
    // Another chip in it is the new customer's from its first order on.
    bank.books.take_meters(&[esam(0, serial(8), 1)], bank.now).unwrap();
    let fresh = bank.buy(0, 100).unwrap();
    assert_eq!((fresh.order.customer, fresh.order.count), (customer(1), 1));
    bank.end();
}

pub fn what_is_on_its_way_is_ended_first(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.bought_by(0, 0, 5000);
    let out = bank.buy(0, 700).unwrap();
    let refusal = bank.not_handed_over(0, 1);
    assert!(
        matches!(refusal, HandOverRefusal::Outstanding { order, may_be_sealed: true, .. } if order == out.order.id),
        "{refusal:?}"
    );
    // Taken back, and the receipt of that settled: what is due stays his who paid.
    let back = bank.correct(0, 0).unwrap();
    assert!(matches!(bank.not_handed_over(0, 1), HandOverRefusal::Outstanding { .. }));
    let settled = bank.by_sim(0, 0, &back);
    assert_eq!(settled.refund_due_fen, 700);
    bank.hand_over(0, 1);
    let next = bank.bought_by(1, 0, 100);
    assert_eq!(next.order.count, 3);
    assert_eq!(bank.books.refund(customer(1), bank.now).unwrap(), 0);
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 700);
    // A meter that a finding stops is nobody's to give.
    let minted = scheme::order::Order { id: bank.draw(), count: 4, ..next.order };
    let record = bank.mint(&minted);
    let receipt = bank.meters[0].insert(&record, minted.binding, bank.now).unwrap();
    let finding = bank.held(0, &receipt);
    let frozen = bank.books.hand_over(&bank.hand_over_request(0, 2));
    assert!(matches!(frozen, Err(OrderError::Frozen { .. })), "{frozen:?}");
    bank.clear(finding.id, Some("Wang")).unwrap();
    bank.hand_over(0, 2);
    let last = bank.bought_by(2, 0, 200);
    assert_eq!((last.order.count, last.order.customer), (5, customer(0)));
    assert_eq!(bank.books.orders_of_customer(customer(2)).unwrap().len(), 1);
}

pub fn a_given_up_order_stays_his_who_gave_it_up(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    // Nothing was ever sealed for the chip: the first order of all is given up.
    bank.psam.faults = vec![SealError::Refused("6985".into())];
    assert!(bank.buy(0, 5000).is_err());
    let refusal = bank.not_handed_over(0, 1);
    assert!(matches!(refusal, HandOverRefusal::Outstanding { may_be_sealed: false, .. }), "{refusal:?}");
    let given_up = bank.orders().last().unwrap().order.id;
    bank.books.void_order(given_up, bank.now).unwrap();
    let told = bank.books.events(0, 100).unwrap();
    let done = bank.hand_over(0, 1);
    assert_eq!(done.balance, None);
    // The account is opened for the one who has it now, under the count that was given up.
    let sealed = bank.bought_by(1, 0, 700);
    assert_eq!(
        (sealed.order.customer, sealed.order.count, sealed.order.kind),
        (customer(1), 1, OrderKind::Open)
    );
    // A later one, in an account that goes on.
    bank.psam.faults = vec![SealError::Refused("6985".into())];
    assert!(bank.buy(0, 900).is_err());
    let second = bank.orders().last().unwrap().order.id;
    bank.books.void_order(second, bank.now).unwrap();
    bank.hand_over(0, 2);
    let next = bank.bought_by(2, 0, 300);
    assert_eq!((next.order.customer, next.order.count), (customer(1), 2));
    let orders = |who: u32| -> Vec<_> {
        let orders = bank.books.orders_of_customer(customer(who)).unwrap();
        orders.iter().map(|placed| placed.order.id).collect()
    };
    assert_eq!(orders(0), [given_up]);
    assert_eq!(orders(1), [sealed.order.id, second]);
    assert_eq!(orders(2), [next.order.id]);
    assert_eq!(bank.books.order(given_up).unwrap().unwrap().customer, customer(0));
    assert_eq!(bank.books.events(0, 100).unwrap()[..told.len()], told, "what was told stays as it was");
    let lines = bank.books.statement(customer(0)).unwrap();
    assert_eq!(lines.len(), told.len());
    assert!(lines.iter().all(|line| line.order == Some(given_up)), "{lines:?}");
    assert_eq!(bank.five(), [1000, 1000, 0, 0, 0]);
    bank.end();
}

pub fn a_meter_goes_through_three_hands(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let first = bank.bought_by(0, 0, 5000);
    bank.hand_over(0, 1);
    // The second buys nothing and hands it on; it comes back in the end.
    bank.hand_over(0, 2);
    assert!(bank.meters_of(0).is_empty());
    let third = bank.bought_by(2, 0, 700);
    bank.hand_over(0, 0);
    assert_eq!(bank.meters_of(0), [meter(0)]);
    let back = bank.bought_by(0, 0, 900);
    let said: Vec<_> = [&first, &third, &back].map(|one| (one.order.customer, one.order.count)).into();
    assert_eq!(said, [(customer(0), 1), (customer(0), 2), (customer(0), 3)]);
    assert_eq!(bank.meters[0].balance, 6600);
    let held: Vec<_> =
        bank.books.holdings(customer(0)).unwrap().iter().map(|held| held.until.is_none()).collect();
    assert_eq!(held, [false, true]);
    assert_eq!(bank.books.hand_overs(Some(customer(0))).unwrap().len(), 2);
    assert_eq!(bank.five(), [6600, 6600, 0, 0, 0]);
    // Who never had it buys nothing for it.
    assert_eq!(bank.books.orders_of_customer(customer(1)).unwrap(), []);
    bank.end();
}

/// A copy of the former customer's receipt comes when the meter is another's: it settles nothing twice, and is nobody else's.
pub fn a_late_receipt_finds_its_customer(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let old = bank.buy(0, 5000).unwrap();
    // Made anew for another SIM; the meter credited the first one, whose receipt comes last.
    bank.books.replace_sim(customer(0), &sim(0, 1), bank.now).unwrap();
    let id = bank.draw();
    let anew = gridcard_server::Anew::Needed;
    bank.books.reissue(&mut bank.psam, meter(0), bank.now, id, anew, &terms()).unwrap();
    let receipt = bank.insert(0, &old.record);
    let origin = Origin::Sim(SimKey::Iccid(sim(0, 0).iccid));
    let settle = |bank: &mut Bank, receipt: &[u8]| {
        bank.books.settle(&mut bank.psam, Incoming::Record(receipt), &origin, bank.now).unwrap()
    };
    assert!(matches!(settle(&mut bank, &receipt), Settlement::Settled(one) if one.customer == customer(0)));
    bank.hand_over(0, 1);
    bank.bought_by(1, 0, 700);
    let before = (bank.five(), bank.open_of(0), bank.open_of(1));
    assert!(matches!(settle(&mut bank, &receipt), Settlement::AlreadySettled(Some(_))));
    // Of a new receipt his SIM still leads to the meter he had.
    let strange = bank.draw();
    let packet = crate::toy::response_packet(meter(0), &bank.meters[0].receipt(strange, bank.now));
    let unknown = crate::toy::receipt_record(&packet);
    assert!(matches!(settle(&mut bank, &unknown), Settlement::Held(one) if one.meter == Some(meter(0))));
    assert_eq!((bank.five(), bank.open_of(0), bank.open_of(1)), before);
    assert_eq!(bank.books.of_sim(&SimKey::Iccid(sim(0, 0).iccid)).unwrap().unwrap().customer, customer(0));
    bank.end();
}

pub fn an_estimate_is_corrected_first(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    bank.stock();
    bank.bought_by(0, 0, 5000);
    let request = bank.change_request(3, Basis::Burnt, 3000, None);
    let sealed = bank.books.change_meter(Some(&mut bank.psam), &request, &terms()).unwrap().unwrap();
    bank.by_sim(0, 3, &sealed);
    let change = bank.books.changes(None, true).unwrap()[0].id;
    assert!(
        matches!(bank.not_handed_over(3, 1), HandOverRefusal::Provisional { change: c, .. } if c == change)
    );
    let last = gridcard_server::FinalRequest {
        change,
        balance: Fen(3000),
        count: None,
        word: bank.word(Some("Wang")),
        id: bank.draw(),
    };
    assert_eq!(bank.books.finish_change(None, &last, &terms()).unwrap(), None);
    let done = bank.hand_over(3, 1);
    assert_eq!(done.balance, Some(Fen(3000)));
    bank.bought_by(1, 3, 100);
    assert_eq!(bank.meters[3].balance, 3100);
    bank.end();
}

pub fn a_customer_without_a_meter_gets_one(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let report = bank.register(&line(6, 0, "-", "Customer 6"));
    assert_eq!((report.registered, report.added, report.rejected), (1, 0, vec![]));
    let again = bank.register(&line(6, 0, "-", "Customer 6"));
    assert_eq!((again.registered, again.unchanged), (0, 1));
    let known = bank.books.customer(customer(6)).unwrap().unwrap();
    assert_eq!((known.meters.len(), known.with_meter(None)), (0, Err(WhichMeter::None(customer(6)))));
    assert_eq!(bank.books.find(&customer(6).to_string(), 9).unwrap().len(), 1);
    bank.bought_by(0, 0, 5000);
    bank.hand_over(0, 6);
    assert_eq!(bank.meters_of(6), [meter(0)]);
    bank.bought_by(6, 0, 100);
    bank.end();
}
