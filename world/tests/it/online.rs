//! The paper's online purchase from the customer's telephone to the books: every message lost, kept back, changed and repeated, a server
//! that begins anew, a meter that refuses, an order that is taken back.

use crate::Place;
use gridcard_world::online::Counter;
use parties::bank::online::{MessageReport, ResultReport};
use parties::bank::recharge::RechargeReport;
use parties::bank::{Desk, Destination, ReceiptFacts, pins::PinChoice};
use parties::pipe::{OnlineServer, PipeReport, RechargeServer, Wanted};
use parties::trouble::{Failure, Result};
use parties::{Deed, bank};
use reader::security::BankAsked;
use scheme::Kind;
use scheme::money::Fen;
use scheme::order::OrderId;
use server::Registration;

/// What a town's first customer has bought, and what stands in his purse.
pub fn purse(place: &Place) -> (u32, Fen, Fen) {
    let person = &place.people()[0];
    let shown = place.meter(person).unwrap();
    (shown.count, shown.balance_fen, shown.total_credited_fen)
}

pub fn settled(report: &PipeReport) -> Fen {
    report.verdict().unwrap();
    match report.receipt.facts {
        Some(ReceiptFacts::Settled { credited_fen, .. }) => credited_fen,
        _ => panic!("not settled: {:?}", report.receipt),
    }
}

pub fn person(place: &Place) -> Registration {
    place.people()[0].clone()
}

#[test]
fn a_customer_buys_online_and_by_message_into_one_purse() {
    let place = Place::settled(1);
    let person = person(&place);
    let report = place.buy_online(&person, Some(Fen(60_00))).unwrap();
    assert_eq!(settled(&report), Fen(60_00));
    assert!(report.passed.iter().all(|passed| passed.sha256[0] == passed.sha256[1]));
    assert_eq!(report.passed.iter().map(|passed| passed.bytes[1]).collect::<Vec<_>>(), [40, 127, 105, 105]);
    assert_eq!(purse(&place), (1, Fen(60_00), Fen(60_00)));
    // The next comes on the SIM, and the one after it by telephone again.
    let order = place.sell(&person, Fen(30_00)).unwrap();
    place.deliver(&person, order.record).unwrap();
    place.insert(&person, &person).unwrap().must_be_served().unwrap();
    place.settle(vec![place.collect(&person).unwrap()]).unwrap().verdict().unwrap();
    assert_eq!(settled(&place.buy_online(&person, Some(Fen(10_00))).unwrap()), Fen(10_00));
    assert_eq!(purse(&place), (3, Fen(100_00), Fen(100_00)));
    let books = place.books().unwrap();
    assert_eq!((books.sold_fen, books.settled_fen), (100_00, 100_00));
}

/// A telephone that loses what it is told to lose.
pub struct Loses<'c, 'w> {
    pub server: &'c mut Counter<'w>,
    /// Before the server hears it, or after it has answered.
    pub before: bool,
    pub which: &'static str,
}

impl Loses<'_, '_> {
    fn lost<T>(&mut self, which: &str, work: impl FnOnce(&mut Counter<'_>) -> Result<T>) -> Result<T> {
        if which != self.which {
            return work(self.server);
        }
        if !self.before {
            work(self.server)?;
        }
        Err(Failure::new(Kind::Absent, "the network is gone").into())
    }
}

impl OnlineServer for Loses<'_, '_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        self.lost("begin", |server| server.begin(wanted))
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        self.lost("request", |server| server.request(purchase, message))
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        self.lost("result", |server| server.result(purchase, message))
    }
}

impl RechargeServer for Loses<'_, '_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        self.lost("recharge", |server| server.recharge(wanted, said))
    }
}

/// Whatever is lost between telephone and server: the same command again ends with one purchase, paid once.
#[test]
fn a_message_that_is_lost_costs_nothing() {
    let place = Place::settled(1);
    let person = person(&place);
    let mut bought = 0;
    for which in ["begin", "request", "result"] {
        for before in [true, false] {
            let mut server = place.counter().unwrap();
            let mut loses = Loses { server: &mut server, before, which };
            let lost = place.pass(&person, &mut loses, Some(Fen(20_00)));
            assert_eq!(lost.unwrap_err().kind(), Kind::Absent, "{which}, {before}");
            // At the same server, whose PSAM knows the former one still.
            let again = place.pass(&person, &mut server, Some(Fen(20_00))).unwrap();
            bought += 1;
            if which == "result" && !before {
                // What was lost was the server's answer: it had settled it, and this is one more.
                bought += 1;
            }
            assert_eq!(settled(&again), Fen(20_00), "{which}, {before}");
            server.close().unwrap();
            assert_eq!(
                purse(&place),
                (bought, Fen(bought * 20_00), Fen(bought * 20_00)),
                "{which}, {before}"
            );
        }
    }
    let books = place.books().unwrap();
    assert_eq!((books.sold_fen, books.settled_fen), (i64::from(bought) * 20_00, i64::from(bought) * 20_00));
    assert_eq!(books.orders, bought);
}

/// A server whose PSAM begins a new session after so many messages.
pub struct Restarts<'t> {
    pub place: &'t Place,
    pub server: Option<Counter<'t>>,
    pub left: u32,
}

impl Restarts<'_> {
    fn server(&mut self) -> &mut dyn RechargeServer {
        if self.left == 0 {
            self.server.take().unwrap().close().unwrap();
            self.server = Some(self.place.counter().unwrap());
        }
        self.left = self.left.wrapping_sub(1);
        self.server.as_mut().unwrap()
    }
}

impl OnlineServer for Restarts<'_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        self.server().begin(wanted)
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        self.server().request(purchase, message)
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        self.server().result(purchase, message)
    }
}

impl RechargeServer for Restarts<'_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        self.server().recharge(wanted, said)
    }
}

/// The PSAM's purchases die with its session: the telephone begins anew, and what was paid stays paid.
#[test]
fn a_server_that_begins_anew_loses_no_money() {
    for (left, sold_before) in [(1, false), (2, true)] {
        let place = Place::settled(1);
        let person = person(&place);
        let mut server = Restarts { place: &place, server: Some(place.counter().unwrap()), left };
        let error = place.pass(&person, &mut server, Some(Fen(20_00))).unwrap_err();
        assert_eq!(error.code(), "online-forgotten", "{error}");
        assert_eq!(place.books().unwrap().sold_fen, if sold_before { 20_00 } else { 0 });
        assert_eq!(purse(&place).0, u32::from(sold_before), "after S2 the meter has it");
        let again = place.pass(&person, &mut server, Some(Fen(20_00))).unwrap();
        assert_eq!(settled(&again), Fen(20_00));
        assert_eq!(purse(&place), (1, Fen(20_00), Fen(20_00)));
        let books = place.books().unwrap();
        assert_eq!((books.orders, books.sold_fen, books.settled_fen), (1, 20_00, 20_00));
    }
}

/// An order that was sold on a message goes online, and so does one that takes it back.
#[test]
fn what_is_outstanding_is_brought_and_not_sold_again() {
    let place = Place::settled(1);
    let person = person(&place);
    place.sell(&person, Fen(60_00)).unwrap();
    let error = place.buy_online(&person, Some(Fen(70_00))).unwrap_err();
    assert_eq!(error.code(), "outstanding", "{error}");
    assert_eq!(settled(&place.buy_online(&person, None).unwrap()), Fen(60_00));
    let by_mistake = place.sell(&person, Fen(50_00)).unwrap();
    let to = Destination {
        customer: person.customer,
        meter: None,
        out: None,
        pin: PinChoice::default(),
        id: None,
    };
    place
        .world()
        .act(Deed::Two("server reverse"), |session| bank::reverse(session, &mut Desk::open(session)?, &to))
        .unwrap();
    let report = place.buy_online(&person, None).unwrap();
    assert_eq!(settled(&report), Fen(0));
    let Some(ReceiptFacts::Settled { refund_due_fen, count, .. }) = report.receipt.facts else { panic!() };
    assert_eq!((refund_due_fen, count), (50_00, 2));
    // The order that was taken back comes too late.
    place.deliver(&person, by_mistake.record).unwrap();
    let late = place.insert(&person, &person).unwrap();
    assert_eq!(late.outcome, "receipt-repeated");
    assert_eq!(purse(&place), (2, Fen(60_00), Fen(60_00)));
}

/// What a meter refuses is told under seal; the order stays, and goes on when the cause is gone.
#[test]
fn a_meter_that_refuses_is_heard() {
    let place = Place::settled(1);
    let person = person(&place);
    place.sell(&person, Fen(60_00)).unwrap();
    // Its order runs out before anybody brings it.
    place.world().clock().later(400 * 86_400);
    let report = place.buy_online(&person, None).unwrap();
    assert_eq!((&*report.receipt.result, report.purchase.state.as_ref()), ("refused", "refused"));
    assert_eq!(report.verdict().unwrap_err().code(), "online-meter-refused");
    assert_eq!(purse(&place), (0, Fen(0), Fen(0)));
    let to = Destination {
        customer: person.customer,
        meter: None,
        out: None,
        pin: PinChoice::default(),
        id: None,
    };
    let anew = bank::ReissueRequest { reason: None, to };
    place
        .world()
        .act(Deed::Two("server reissue"), |session| bank::reissue(session, &mut Desk::open(session)?, &anew))
        .unwrap();
    assert_eq!(settled(&place.buy_online(&person, None).unwrap()), Fen(60_00));
}

/// A telephone that tells the meter something else than was agreed, or brings its request too late.
struct Slow<'c, 'w> {
    place: &'w Place,
    server: &'c mut Counter<'w>,
    seconds: i64,
}

impl OnlineServer for Slow<'_, '_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        let begun = self.server.begin(wanted)?;
        self.place.world().clock().later(self.seconds);
        Ok(begun)
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        self.server.request(purchase, message)
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        self.server.result(purchase, message)
    }
}

#[test]
fn a_request_is_good_for_two_minutes() {
    let place = Place::settled(1);
    let person = person(&place);
    let mut server = place.counter().unwrap();
    let mut late = Slow { place: &place, server: &mut server, seconds: 121 };
    assert_eq!(place.pass(&person, &mut late, Some(Fen(20_00))).unwrap_err().code(), "online-late");
    late.seconds = 120;
    assert_eq!(settled(&place.pass(&person, &mut late, Some(Fen(20_00))).unwrap()), Fen(20_00));
    server.close().unwrap();
    assert_eq!(place.books().unwrap().orders, 1);
}

/// Another telephone, another SIM in it, another amount: nothing is sold.
#[test]
fn the_request_has_to_be_what_was_agreed() {
    let place = Place::settled(2);
    let (person, other) = (person(&place), place.people()[1].clone());
    let with = |sim: &dyn Fn(&mut Registration)| {
        let mut bent = person.clone();
        sim(&mut bent);
        place.buy_online(&bent, Some(Fen(20_00))).unwrap_err().code().to_owned()
    };
    assert_eq!(with(&|bent| bent.sim.msisdn = other.sim.msisdn.clone()), "online-differs");
    assert_eq!(with(&|bent| bent.sim.imsi = other.sim.imsi.clone()), "online-differs");
    assert_eq!(place.books().unwrap().orders, 0);
    assert_eq!(purse(&place).0, 0);
}

/// A telephone that changes one byte of a message on its way.
pub struct Bends<'c, 'w> {
    pub server: &'c mut Counter<'w>,
    pub which: &'static str,
    pub at: usize,
}

impl Bends<'_, '_> {
    fn bent(&self, which: &str, text: &str) -> String {
        let mut bytes = hex::decode(text).unwrap();
        if which == self.which {
            bytes[self.at] ^= 0x01;
        }
        hex::encode_upper(bytes)
    }
}

impl OnlineServer for Bends<'_, '_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        let begun = self.server.begin(wanted)?;
        Ok(MessageReport { message: self.bent("S0", &begun.message), ..begun })
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        let sealed = self.server.request(purchase, &self.bent("S1", message))?;
        Ok(MessageReport { message: self.bent("S2", &sealed.message), ..sealed })
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        let which = if message.starts_with("A3") { "S3" } else { "receipt" };
        self.server.result(purchase, &self.bent(which, message))
    }
}

impl RechargeServer for Bends<'_, '_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        let made = self.server.recharge(wanted, said)?;
        Ok(RechargeReport { message: self.bent("recharge", &made.message), ..made })
    }
}

/// Any byte of any message: nothing is credited that was not sold, nothing settled that was not credited, and the next purchase is as if
/// nothing had been.
#[test]
fn no_byte_of_any_message_can_be_changed() {
    let place = Place::settled(1);
    let person = person(&place);
    let mut server = place.counter().unwrap();
    let mut bought = 0;
    for (which, length) in [("S0", 40), ("S1", 127), ("S2", 105), ("S3", 105)] {
        for at in 0..length {
            let before = purse(&place);
            let mut bends = Bends { server: &mut server, which, at };
            let passed = place.pass(&person, &mut bends, Some(Fen(1_00)));
            assert!(passed.is_err(), "{which}, byte {at}: {passed:?}");
            let after = purse(&place);
            // A changed answer comes after the meter has credited what was sold.
            let credited = u32::from(which == "S3");
            assert_eq!(after.0, before.0 + credited, "{which}, byte {at}");
            // Once in a while the whole way is gone, so that each begins where a customer's would.
            if at % 16 == 0 || which == "S3" {
                assert_eq!(
                    place.books().unwrap().settled_fen,
                    i64::from(bought) * 1_00,
                    "{which}, byte {at}"
                );
                assert_eq!(settled(&place.pass(&person, &mut server, Some(Fen(1_00))).unwrap()), Fen(1_00));
                bought += 1;
                assert_eq!(
                    purse(&place),
                    (bought, Fen(bought * 1_00), Fen(bought * 1_00)),
                    "{which}, byte {at}"
                );
            }
            place.world().clock().later(60);
            // 200 wrong messages a day shut the port.
            if at % 64 == 63 {
                place.world().clock().later(86_400);
            }
        }
    }
    server.close().unwrap();
    let books = place.books().unwrap();
    assert_eq!((books.sold_fen, books.settled_fen), (i64::from(bought) * 1_00, i64::from(bought) * 1_00));
}
