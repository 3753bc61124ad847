//! The online purchase through the meter's port: whoever is in front of its infrared eye carries the frames, and proves nothing.

use super::{Pair, WISH, receipt};
use crate::bench::imsi_file;
use crate::world::{Province, copy, number, sealer};
use keys::Suite;
use meter::FormalKeys;
use meter::events::{Event, EventKind};
use meter::port::{Guard, MOST_WRONG, Way, serve};
use reader::driver::esam::Esam;
use reader::security::{identifier, request, turned};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::online::{HELLO_LEN, SessionId};
use scheme::order::{Order, OrderKind};
use vcard::{Slot, SupplyCut, Torn};
use wire::dlt645::{Address, Frame, Identifier, Receiver};

/// The meter's port between: frames in, frames out, and whoever has the line says the server's messages.
struct Eye {
    meter: meter::Meter,
    esam: Slot,
    guard: Guard,
    now: Moment,
}

impl Eye {
    /// A meter and the server that it buys from.
    fn new() -> (Self, Pair) {
        let suite = Suite::Aes128;
        let mut province = Province::new(suite);
        let (esam, meter) = province.meter(number(42), None);
        let mut pair = Pair::new(suite);
        pair.psam = copy(&province.psam);
        drop(sealer(&mut pair.psam, &province.server_key));
        pair.key = province.server_key.clone();
        let now = "20261122090000".parse().unwrap();
        (Eye { meter, esam, guard: Guard::default(), now }, pair)
    }

    fn send(&mut self, frame: &Frame) -> Frame {
        let mut random = crate::world::chance("the eye");
        let mut fill = |bytes: &mut [u8]| scheme::Chance::fill(&mut random, bytes);
        let Eye { meter, esam, guard, now } = self;
        serve(meter, esam, guard, Way::Infrared, frame, *now, &mut fill).unwrap()
    }

    fn frame(about: Identifier, sent: &[&[u8]]) -> Frame {
        request(Address(number(42).0), about, [0; 4], sent)
    }

    fn ask(&mut self, about: Identifier, sent: &[&[u8]]) -> Result<Vec<u8>, u16> {
        let answer = self.send(&Eye::frame(about, sent));
        if answer.control.is_refusal() {
            return Err(u16::from_le_bytes(answer.data.try_into().unwrap()));
        }
        let (said, data) = Identifier::split(&answer.data).unwrap();
        assert_eq!(said, about);
        Ok(turned(data))
    }

    fn request(&mut self, hello: &[u8; HELLO_LEN]) -> Result<Vec<u8>, u16> {
        let (amount, imsi) = (WISH.amount.0.to_be_bytes(), imsi_file(0));
        self.ask(identifier::ONLINE_REQUEST, &[hello, &amount, &WISH.imei, &WISH.msisdn, &imsi])
    }

    /// S0, S1 and S2, which waits to be sent.
    fn ordered(&mut self, pair: &mut Pair, order: &Order) -> Vec<u8> {
        let (sid, hello) = pair.begin();
        let asked = self.request(&hello).unwrap();
        pair.server().open_request(&asked).unwrap();
        pair.server().seal_for_purchase(sid, &order.to_bytes()).unwrap()
    }

    fn purse(&mut self) -> (u32, Fen) {
        let purse = Esam::new(&mut self.esam).purse().unwrap();
        (purse.count, purse.balance)
    }
}

const OTHER: u16 = 1 << 0;
const MAC: u16 = 1 << 2;
const NOBODY: u16 = 1 << 3;
const SHUT: u16 = 1 << 8;

/// Through the infrared eye, by somebody who proves nothing.
#[test]
fn a_purchase_through_the_port() {
    let (mut eye, mut pair) = Eye::new();
    let open = pair.attempt(OrderKind::Open, 1).order;
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&[0xA2; 113]]), Err(NOBODY), "nothing was asked for");
    let next = pair.order(2);
    let message = eye.ordered(&mut pair, &open);
    assert!(eye.guard.holds(eye.now), "the ESAM's session has to last");
    let answer = eye.ask(identifier::ONLINE_ORDER, &[&message]).unwrap();
    assert!(!eye.guard.holds(eye.now));
    let told = receipt(pair.server().open_answer(&answer).unwrap());
    assert_eq!((told.order, told.amount), (open.id, Fen(100_00)));
    assert_eq!((eye.purse(), eye.meter.state().balance), ((1, Fen(100_00)), Fen(100_00)));
    assert!(!eye.meter.state().relay_open);
    // The order's frame once more: that purchase is over.
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(NOBODY));
    // And in another purchase it is nobody's message, however often.
    let (_, hello) = pair.begin();
    eye.request(&hello).unwrap();
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(MAC));
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(NOBODY));
    assert_eq!(eye.purse(), (1, Fen(100_00)));
    // A telephone that comes back too late finds the purchase gone.
    let message = eye.ordered(&mut pair, &next);
    eye.now = eye.now.add_seconds(181).unwrap();
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(NOBODY));
    // So does one between whose halves somebody else asked.
    let message = eye.ordered(&mut pair, &next);
    eye.ask(identifier::INFRARED_REQUEST, &[&[7; 8]]).unwrap();
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(NOBODY));
    // And one that the telephone gives up: the meter's slot is free at once.
    let message = eye.ordered(&mut pair, &next);
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[]), Ok(vec![]));
    assert!(!eye.guard.holds(eye.now.add_seconds(60).unwrap()));
    assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&message]), Err(NOBODY));
    // S0 of another meter, and one that is none.
    let hello = pair.server().begin_purchase(MeterNumber(number(43).0), SessionId([9; 8]), eye.now).unwrap();
    assert_eq!(eye.request(&hello), Err(OTHER));
    assert_eq!(eye.request(&[0; HELLO_LEN]), Err(OTHER));
    assert!(!eye.guard.holds(eye.now));
    // Nobody but whom it names, and no other length.
    let frame = Eye::frame(identifier::ONLINE_REQUEST, &[&hello]);
    assert!(eye.send(&frame).control.is_refusal());
    let any = Frame { address: Address::WILDCARD, ..frame };
    assert!(eye.send(&any).control.is_refusal());
    let message = eye.ordered(&mut pair, &next);
    eye.ask(identifier::ONLINE_ORDER, &[&message]).unwrap();
    assert_eq!(eye.purse(), (2, Fen(200_00)));
    let refused = |event: &Event| matches!(event.kind, EventKind::Refused { .. });
    assert!(!eye.meter.state().events.iter().any(refused), "those who only tried leave nothing");
}

/// A line that breaks within a frame, at whichever byte: the meter hears nothing, and the whole frame afterwards is as the first.
#[test]
fn a_line_that_breaks_within_a_frame_moves_nothing() {
    let (mut eye, mut pair) = Eye::new();
    let open = pair.attempt(OrderKind::Open, 1).order;
    let (_, hello) = pair.begin();
    let (amount, imsi) = (WISH.amount.0.to_be_bytes(), imsi_file(0));
    let asks = Eye::frame(identifier::ONLINE_REQUEST, &[&hello, &amount, &WISH.imei, &WISH.msisdn, &imsi]);
    let message = eye.ordered(&mut pair, &open);
    let orders = Eye::frame(identifier::ONLINE_ORDER, &[&message]);
    for frame in [&asks, &orders] {
        let bytes = frame.to_bytes().unwrap();
        for length in 0..bytes.len() {
            let mut receiver = Receiver::new();
            let heard = [receiver.push(&bytes[..length]), receiver.silence()].concat();
            assert!(heard.iter().all(Result::is_err), "{length}");
            // What comes after the silence is heard as if nothing had been.
            let whole = receiver.push(&bytes);
            assert!(matches!(&whole[..], [Ok(found)] if found == frame), "{length}: {whole:?}");
        }
    }
    assert_eq!(eye.purse(), (0, Fen(0)));
    // The order's frame, whole at last.
    assert!(!eye.send(&orders).control.is_refusal());
    assert_eq!(eye.purse(), (1, Fen(100_00)));
}

/// Messages that are not the server's, and recharges that are not the bank's, by anybody who stands before the meter: no number of them keeps
/// its customer from buying by sealed messages, or shuts its stations out. Recharges, whose MACs are short, end for the day.
#[test]
fn nobody_before_a_meter_shuts_its_port() {
    let (mut eye, mut pair) = Eye::new();
    for n in 0..MOST_WRONG + 1 {
        let (_, hello) = pair.begin();
        eye.request(&hello).unwrap();
        assert_eq!(eye.ask(identifier::ONLINE_ORDER, &[&[n as u8; 113]]), Err(MAC), "{n}");
    }
    let open = pair.attempt(OrderKind::Open, 1).order;
    let message = eye.ordered(&mut pair, &open);
    eye.ask(identifier::ONLINE_ORDER, &[&message]).unwrap();
    assert_eq!(eye.purse(), (1, Fen(100_00)));
    // Money, count, MAC, customer, MAC: the customer is the account's, the MACs are nobody's.
    let customer = Esam::new(&mut eye.esam).parameters().unwrap().customer.0;
    for n in 0..MOST_WRONG {
        eye.ask(identifier::BANK, &[]).unwrap();
        let bent: [&[u8]; 5] = [&[0, 0, 1, 0], &[0, 0, 0, 2], &[0; 4], &customer, &[n as u8, 1, 2, 3]];
        assert_eq!(eye.ask(identifier::RECHARGE, &bent), Err(MAC), "{n}");
    }
    assert_eq!(eye.ask(identifier::BANK, &[]), Err(SHUT));
    assert!(eye.meter.state().wrong_macs.is_none(), "none of them is a station's");
    let next = pair.order(2);
    let message = eye.ordered(&mut pair, &next);
    eye.ask(identifier::ONLINE_ORDER, &[&message]).unwrap();
    assert_eq!(eye.purse(), (2, Fen(200_00)));
    eye.now = "20261123000000".parse().unwrap();
    assert!(eye.ask(identifier::BANK, &[]).is_ok());
}

/// Power that goes in the second half, at each write of the ESAM: as before it or as after it, and the same order again ends it.
#[test]
fn a_port_whose_power_goes_credits_once() {
    let (mut eye, mut pair) = Eye::new();
    let open = pair.attempt(OrderKind::Open, 1).order;
    let (whole, flash) = (copy(&eye.esam), eye.meter.to_flash(FormalKeys::Allow).unwrap());
    let (mut nothing, mut credited) = (0, 0);
    for after in 0.. {
        eye.esam = copy(&whole);
        eye.meter = meter::Meter::from_flash(&flash).unwrap();
        let message = eye.ordered(&mut pair, &open);
        eye.esam.cut(SupplyCut { after, torn: Torn::Prefix(20) });
        let said = eye.ask(identifier::ONLINE_ORDER, &[&message]);
        // Both begin anew: the ESAM from its memory, the MCU from its flash.
        eye.esam = copy(&eye.esam);
        eye.meter = meter::Meter::from_flash(&eye.meter.to_flash(FormalKeys::Allow).unwrap()).unwrap();
        eye.guard = Guard::default();
        match eye.purse() {
            (0, Fen(0)) => nothing += 1,
            (1, Fen(100_00)) => credited += 1,
            other => panic!("write {after}: {other:?}"),
        }
        let message = eye.ordered(&mut pair, &open);
        let answer = eye.ask(identifier::ONLINE_ORDER, &[&message]).unwrap();
        let told = receipt(pair.server().open_answer(&answer).unwrap());
        assert_eq!((told.order, told.balance), (open.id, Fen(100_00)), "write {after}");
        assert_eq!((eye.purse(), eye.meter.state().balance), ((1, Fen(100_00)), Fen(100_00)));
        if said.is_ok() {
            break;
        }
    }
    assert!(nothing > 0 && credited > 1, "{nothing} before, {credited} after");
}
