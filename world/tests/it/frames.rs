//! A recharge by the field's frames from the meter's port to the books [docs/specs/online.md 11]: the bank's PSAM makes its MACs, a telephone
//! carries them, and the line, the network and the telephone do what they like.

use crate::Place;
use crate::online::{Bends, Loses, Restarts, person, purse, settled};
use gridcard_world::online::Counter;
use meter::port::Way;
use parties::bank::{Desk, Destination, ReceiptFacts, pins::PinChoice};
use parties::meters::Near;
use parties::pipe::{OnlineServer, PipeReport, RechargeServer};
use parties::trouble::Result;
use parties::{Deed, bank, frames};
use scheme::Kind;
use scheme::money::Fen;
use server::Registration;
use std::time::Duration;
use wire::{ByteLink, LinkError};

/// A town whose first customer has opened his account on the SIM, with 10.00.
fn opened(customers: u32) -> (Place, Registration) {
    let place = Place::settled(customers);
    let person = person(&place);
    by_sim(&place, &person, Fen(10_00));
    (place, person)
}

fn by_sim(place: &Place, person: &Registration, amount: Fen) {
    let order = place.sell(person, amount).unwrap();
    place.deliver(person, order.record).unwrap();
    place.insert(person, person).unwrap().must_be_served().unwrap();
    place.settle(vec![place.collect(person).unwrap()]).unwrap().verdict().unwrap();
    place.world().clock().later(60);
}

fn destination(person: &Registration) -> Destination {
    Destination { customer: person.customer, meter: None, out: None, pin: PinChoice::default(), id: None }
}

/// Nothing was made and nothing lost: what was sold is what was credited, and is settled.
fn agree(place: &Place, orders: u32, fen: u32) {
    assert_eq!(purse(place), (orders, Fen(fen), Fen(fen)));
    let books = place.books().unwrap();
    assert_eq!((books.orders, books.sold_fen, books.settled_fen), (orders, i64::from(fen), i64::from(fen)));
}

#[test]
fn a_customer_buys_by_frames_between_the_other_ways() {
    let (place, person) = opened(1);
    let report = place.buy_by_frames(&person, Some(Fen(60_00))).unwrap();
    assert_eq!(settled(&report), Fen(60_00));
    assert_eq!(report.purchase.state, "settled");
    assert!(report.passed.iter().all(|passed| passed.sha256[0] == passed.sha256[1]));
    assert_eq!(report.passed.iter().map(|passed| passed.bytes[1]).collect::<Vec<_>>(), [16, 22, 113]);
    agree(&place, 2, 70_00);
    // The meter has learnt no SIM by it: the next recharge on the one it knows is taken.
    by_sim(&place, &person, Fen(5_00));
    assert_eq!(settled(&place.buy_online(&person, Some(Fen(7_00))).unwrap()), Fen(7_00));
    assert_eq!(settled(&place.buy_by_frames(&person, Some(Fen(8_00))).unwrap()), Fen(8_00));
    agree(&place, 5, 90_00);
}

/// What opens an account, or brings another SIM, does not go by frames; and it is told before anybody pays.
#[test]
fn an_account_is_not_opened_by_frames() {
    let place = Place::settled(1);
    let person = person(&place);
    let error = place.buy_by_frames(&person, Some(Fen(60_00))).unwrap_err();
    assert_eq!(error.code(), "recharge-kind", "{error}");
    place.sell(&person, Fen(60_00)).unwrap();
    let error = place.buy_by_frames(&person, None).unwrap_err();
    assert_eq!(error.code(), "recharge-kind", "{error}");
    assert_eq!(purse(&place).0, 0);
}

/// Whatever is lost between telephone and server: the same command again ends with one purchase, paid once.
#[test]
fn a_message_that_is_lost_costs_nothing() {
    let (place, person) = opened(1);
    let mut bought = 1;
    for which in ["recharge", "result"] {
        for before in [true, false] {
            let mut server = place.counter().unwrap();
            let mut loses = Loses { server: &mut server, before, which };
            let lost = place.recharge(&person, &mut loses, Some(Fen(10_00)));
            assert_eq!(lost.unwrap_err().kind(), Kind::Absent, "{which}, {before}");
            let again = place.recharge(&person, &mut server, Some(Fen(10_00))).unwrap();
            bought += if which == "result" && !before { 2 } else { 1 };
            assert_eq!(settled(&again), Fen(10_00), "{which}, {before}");
            server.close().unwrap();
            agree(&place, bought, bought * 10_00);
        }
    }
}

/// Nothing of a recharge lives in the PSAM: a server that begins anew between two messages goes on.
#[test]
fn a_server_that_begins_anew_goes_on() {
    let (place, person) = opened(1);
    let mut server = Restarts { place: &place, server: Some(place.counter().unwrap()), left: 1 };
    assert_eq!(settled(&place.recharge(&person, &mut server, Some(Fen(20_00))).unwrap()), Fen(20_00));
    agree(&place, 2, 30_00);
}

/// A line that goes dead after so many bytes, in whichever direction they went.
struct Dies<'l, L> {
    link: &'l mut L,
    left: usize,
}

impl<L: ByteLink> ByteLink for Dies<'_, L> {
    fn send(&mut self, bytes: &[u8]) -> std::result::Result<(), LinkError> {
        let goes = bytes.len().min(self.left);
        self.left -= goes;
        self.link.send(&bytes[..goes])
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> std::result::Result<usize, LinkError> {
        let length = self.link.receive(buffer, wait)?.min(self.left);
        self.left -= length;
        Ok(length)
    }
}

fn over_a_line(
    place: &Place,
    person: &Registration,
    server: &mut dyn RechargeServer,
    amount: Fen,
    left: usize,
) -> (Result<PipeReport>, usize) {
    place
        .world()
        .act(Deed::Look, |session| {
            let mut port = Near::open(session, &[person.meter], Way::Wires)?;
            let mut dies = Dies { link: &mut port, left };
            let passed = frames::pass(&mut dies, server, &place.wanted(person, Some(amount)));
            let left = dies.left;
            port.close()?;
            Ok((passed, left))
        })
        .unwrap()
}

/// The line is lost at every byte of the whole way: the same command again, over a line that holds, and every fen is where it belongs.
#[test]
fn the_line_is_lost_at_every_byte() {
    let (place, person) = opened(1);
    let mut server = place.counter().unwrap();
    let (whole, left) = over_a_line(&place, &person, &mut server, Fen(1_00), 10_000);
    settled(&whole.unwrap());
    let (bytes, mut bought, mut credited) = (10_000 - left, 1, 0);
    for at in 0..bytes {
        let before = purse(&place).0;
        let (lost, _) = over_a_line(&place, &person, &mut server, Fen(1_00), at);
        // The very last bytes of the last answer are the end of its frame.
        lost.unwrap_err();
        credited += purse(&place).0 - before;
        let again = place.recharge(&person, &mut server, Some(Fen(1_00))).unwrap();
        assert_eq!(settled(&again), Fen(1_00), "byte {at}");
        bought += 1;
        assert_eq!(purse(&place).0, 1 + bought, "byte {at}");
        place.world().clock().later(60);
    }
    server.close().unwrap();
    assert!(credited > 100, "lost behind the credit {credited} times of {bytes}");
    agree(&place, 1 + bought, 10_00 + bought * 1_00);
}

/// A telephone that changes any byte of what it carries: nothing is credited that was not sold.
#[test]
fn no_byte_of_a_recharge_can_be_changed() {
    let (place, person) = opened(1);
    let mut server = place.counter().unwrap();
    let mut bought = 0;
    for (which, length) in [("recharge", 22), ("receipt", 113)] {
        for at in 0..length {
            let mut bends = Bends { server: &mut server, which, at };
            let before = purse(&place);
            let passed = place.recharge(&person, &mut bends, Some(Fen(1_00)));
            assert!(passed.is_err(), "{which}, byte {at}: {passed:?}");
            let credited = u32::from(which == "receipt");
            assert_eq!(purse(&place).0, before.0 + credited, "{which}, byte {at}");
            assert_eq!(settled(&place.recharge(&person, &mut server, Some(Fen(1_00))).unwrap()), Fen(1_00));
            bought += 1;
            assert_eq!(purse(&place).2, Fen(10_00 + bought * 1_00), "{which}, byte {at}");
            place.world().clock().later(60);
        }
    }
    server.close().unwrap();
    agree(&place, 1 + bought, 10_00 + bought * 1_00);
}

/// The same order on a SIM in the slot and in frames at the port, either first: it is credited once and settled once.
#[test]
fn two_ways_at_once_credit_once() {
    for frames_first in [true, false] {
        let (place, person) = opened(1);
        let order = place.sell(&person, Fen(30_00)).unwrap();
        place.deliver(&person, order.record).unwrap();
        if frames_first {
            assert_eq!(settled(&place.buy_by_frames(&person, None).unwrap()), Fen(30_00));
            // The SIM comes too late and gets the receipt of what was credited.
            assert_eq!(place.insert(&person, &person).unwrap().outcome, "receipt-repeated");
            let settled = place.settle(vec![place.collect(&person).unwrap()]).unwrap();
            assert_eq!(settled.receipts[0].result, "already settled");
        } else {
            place.insert(&person, &person).unwrap().must_be_served().unwrap();
            // Its receipt is in the meter: the frames fetch it, and bring no money.
            assert_eq!(settled(&place.buy_by_frames(&person, None).unwrap()), Fen(30_00));
            let late = place.settle(vec![place.collect(&person).unwrap()]).unwrap();
            assert_eq!(late.receipts[0].result, "already settled");
        }
        agree(&place, 2, 40_00);
    }
}

/// A recharge was made and lost on its way, and the order was taken back: whichever the meter sees first, what is due is what it did not
/// credit.
#[test]
fn an_order_that_was_taken_back_is_paid_back_by_its_receipt() {
    for credited_before in [true, false] {
        let (place, person) = opened(1);
        let mut server = place.counter().unwrap();
        // The recharge came in and its receipt was lost; or it never came to the meter.
        let which = if credited_before { "result" } else { "recharge" };
        let mut loses = Loses { server: &mut server, before: credited_before, which };
        place.recharge(&person, &mut loses, Some(Fen(50_00))).unwrap_err();
        server.close().unwrap();
        place
            .world()
            .act(Deed::Two("server reverse"), |session| {
                bank::reverse(session, &mut Desk::open(session)?, &destination(&person))
            })
            .unwrap();
        let report = place.buy_by_frames(&person, None).unwrap();
        let Some(ReceiptFacts::Settled { credited_fen, refund_due_fen, .. }) = report.receipt.facts else {
            panic!("{:?}", report.receipt)
        };
        let expected = if credited_before { (Fen(50_00), 0) } else { (Fen(0), 50_00) };
        assert_eq!((credited_fen, refund_due_fen), expected);
        let balance = if credited_before { 60_00 } else { 10_00 };
        assert_eq!(purse(&place), (2, Fen(balance), Fen(balance)));
    }
}

/// Another meter's ESAM, another customer, another amount: nothing is sold.
#[test]
fn what_the_meter_says_has_to_fit_the_books() {
    let (place, person) = opened(2);
    let other = place.people()[1].clone();
    let mut server = place.counter().unwrap();
    let said = reader::security::BankAsked { random: [1; 4], esam: [9; 8], count: 1 };
    let wanted = place.wanted(&person, Some(Fen(20_00)));
    assert_eq!(server.recharge(&wanted, &said).unwrap_err().code(), "online-differs");
    let right = place
        .world()
        .act(Deed::Look, |session| {
            let mut port = Near::open(session, &[person.meter], Way::Wires)?;
            let said = {
                let mut line = reader::dlt645::Line::new(&mut port);
                let address = wire::dlt645::Address(person.meter.0);
                reader::security::SecureLine::new(&mut line, address, [0; 4]).bank()?
            };
            port.close()?;
            Ok(said)
        })
        .unwrap();
    let miscounted = reader::security::BankAsked { count: 2, ..right };
    assert_eq!(server.recharge(&wanted, &miscounted).unwrap_err().code(), "online-count");
    let strange = place.wanted(&other, Some(Fen(20_00)));
    let strange = parties::pipe::Wanted { meter: Some(person.meter), ..strange };
    assert!(server.recharge(&strange, &right).is_err());
    place.sell(&person, Fen(20_00)).unwrap();
    let more = place.wanted(&person, Some(Fen(30_00)));
    assert_eq!(server.recharge(&more, &right).unwrap_err().code(), "outstanding");
    server.close().unwrap();
    assert_eq!(place.books().unwrap().orders, 2);
}

/// What was recorded of one recharge is worth nothing in the next.
#[test]
fn a_recorded_recharge_is_worth_nothing() {
    let (place, person) = opened(1);
    let mut server = place.counter().unwrap();
    let mut repeats = Repeats { server: &mut server, earlier: None };
    settled(&place.recharge(&person, &mut repeats, Some(Fen(20_00))).unwrap());
    let error = place.recharge(&person, &mut repeats, Some(Fen(20_00))).unwrap_err();
    assert_eq!(error.code(), "meter-says-mac", "{error}");
    assert_eq!(purse(&place).0, 2);
    // Its order is outstanding and comes now.
    settled(&place.recharge(&person, &mut server, Some(Fen(20_00))).unwrap());
    server.close().unwrap();
    agree(&place, 3, 50_00);
}

/// A telephone that brings the meter what it has recorded, with the count and the money of the new one in it.
struct Repeats<'c, 'w> {
    server: &'c mut Counter<'w>,
    earlier: Option<String>,
}

impl OnlineServer for Repeats<'_, '_> {
    fn begin(&mut self, wanted: &parties::pipe::Wanted) -> Result<parties::bank::online::MessageReport> {
        self.server.begin(wanted)
    }

    fn request(
        &mut self,
        purchase: scheme::order::OrderId,
        message: &str,
    ) -> Result<parties::bank::online::MessageReport> {
        self.server.request(purchase, message)
    }

    fn result(
        &mut self,
        purchase: scheme::order::OrderId,
        message: &str,
    ) -> Result<parties::bank::online::ResultReport> {
        self.server.result(purchase, message)
    }
}

impl RechargeServer for Repeats<'_, '_> {
    fn recharge(
        &mut self,
        wanted: &parties::pipe::Wanted,
        said: &reader::security::BankAsked,
    ) -> Result<parties::bank::recharge::RechargeReport> {
        let made = self.server.recharge(wanted, said)?;
        let message = made.message.clone();
        let earlier = self.earlier.replace(message.clone());
        // Amount and count are the new one's, both MACs and the customer the earlier one's.
        let mixed =
            earlier.map_or(message.clone(), |earlier| format!("{}{}", &message[..16], &earlier[16..]));
        Ok(parties::bank::recharge::RechargeReport { message: mixed, ..made })
    }
}
