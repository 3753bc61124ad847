//! Frames that were changed on their way, and an ESAM whose power goes in a recharge.

use super::{CUSTOMER, OPERATOR, Place, RANDOM, word};
use meter::Meter;
use meter::port::{Guard, Way, serve};
use reader::driver::esam::{Esam, Purse};
use reader::security::{identifier, request, turned};
use scheme::money::Fen;
use scheme::profile::State;
use scheme::recharge::Recharge;
use vcard::Slot;
use wire::dlt645::{Frame, Identifier, Receiver, function};

/// What a meter and its ESAM keep, beside the log.
type Kept = (Purse, Vec<u8>, u32, bool, Option<State>);

fn kept(place: &mut Place) -> Kept {
    let mut files = Vec::new();
    for (file, length) in [(0x02, 0x2F), (0x08, 8), (0x0B, 12), (0x14, 8), (0x17, 12)] {
        let mut esam = Esam::new(&mut place.esam);
        files.extend(
            reader::driver::field::FieldEsam::new(&mut esam)
                .read(scheme::field::Span { file, offset: 0, len: length })
                .unwrap(),
        );
    }
    let purse = place.purse();
    let state = place.meter.state();
    (purse, files, state.register.hundredths, state.relay_open, place.meter.expects())
}

/// Every bit of every frame that changes something: on the line the sum of the frame catches it, and where somebody computes it anew,
/// all stays as it was, or becomes what the whole frame would have made of it.
#[test]
fn no_bit_of_any_frame_can_be_changed() {
    type Make = fn(&Place, [u8; 4]) -> Frame;
    const NEVER: [u8; 6] = [0x99; 6];
    fn security(about: Identifier, sent: &[&[u8]]) -> Frame {
        request(Place::address(), about, OPERATOR, sent)
    }
    fn sealed(function: u8, sealed: &[u8]) -> Frame {
        let data = [&[0x98, 0, 0, 0][..], &turned(&OPERATOR), &turned(sealed)].concat();
        Frame::request(Place::address(), function, data)
    }
    let frames: [(&str, std::ops::Range<usize>, Make); 7] = [
        ("identity", 4..8, |place, _| {
            let cipher = place.station.identity(&RANDOM);
            security(identifier::IDENTITY, &[&cipher, &RANDOM, &place.station.factor()])
        }),
        ("validity", 4..8, |place, random| {
            let mac = place.station.parameter(random, scheme::field::Span::VALIDITY.write(), &[0x00, 0x30]);
            security(identifier::VALIDITY, &[&[0x00, 0x30], &mac])
        }),
        ("recharge", 4..8, |place, random| {
            let paid = place.station.recharge(random, Fen(100_00), 2, CUSTOMER);
            let Recharge { amount, count, money_mac, customer, customer_mac } = &paid;
            security(identifier::RECHARGE, &[amount, count, money_mac, customer, customer_mac])
        }),
        ("class 1", 5..12, |place, random| {
            let alarm = [0x00, 0x00, 0x50, 0x00];
            let mac = place.station.parameter(random, [0x04, 0xD6, 0x82, 0x10, 0x08], &alarm);
            let head = [&0x0400_1001_u32.to_le_bytes()[..], &[0x99, 0, 0, 0], &turned(&OPERATOR)].concat();
            let data = [head, turned(&alarm), turned(&mac)].concat();
            Frame::request(Place::address(), function::WRITE, data)
        }),
        // The identifier that counts is the one in the cipher text: the meter refuses another, though the ESAM has what was sealed.
        ("class 2", 0..12, |place, random| {
            let plain = [&0x0407_0001_u32.to_be_bytes()[..], &[1, 2, 3, 4]].concat();
            let sent = turned(&place.station.enciphered(random, 0x0B, &plain));
            let head = [&0x0407_0001_u32.to_le_bytes()[..], &[0x98, 0, 0, 0], &turned(&OPERATOR)].concat();
            Frame::request(Place::address(), function::WRITE, [head, sent].concat())
        }),
        ("control", 1..8, |place, random| {
            let [a, b, c, d, e, f] = NEVER;
            sealed(function::CONTROL, &place.station.control(random, &[0x1A, 0, a, b, c, d, e, f]))
        }),
        ("clear", 1..8, |place, random| {
            let plain = [&[0x1A, 0][..], &NEVER].concat();
            sealed(function::CLEAR_METER, &place.station.clear(random, 0x14, &plain))
        }),
    ];
    for (name, free, make) in frames {
        let mut place = Place::opened();
        let mut random = place.identify();
        let bytes = make(&place, random).to_bytes().unwrap();
        for bit in 0..8 * bytes.len() {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            assert!(Receiver::new().push(&bent).iter().all(Result::is_err), "{name}, bit {bit} of the line");
        }
        // What the whole frame makes of it, on a meter of its own.
        let mut other = Place::opened();
        let drawn = other.identify();
        let whole = make(&other, drawn);
        other.send(&whole).unwrap();
        let (before, after) = (kept(&mut place), kept(&mut other));
        for bit in 0..8 * whole.data.len() {
            // So many wrong MACs would shut the port before all bits are through.
            if bit % 100 == 0 {
                place.now = place.now.add_seconds(24 * 3600).unwrap();
            }
            if !place.guard.holds(place.now) || bit % 25 == 0 {
                random = place.identify();
            }
            let mut bent = make(&place, random);
            bent.data[bit / 8] ^= 1 << (bit % 8);
            place.send(&bent);
            let now = kept(&mut place);
            if now == after && after != before {
                // The operator and the level's own three bytes are under no MAC, in the field either.
                assert!(free.contains(&(bit / 8)), "{name}, bit {bit}");
                place = Place::opened();
                random = place.identify();
            } else {
                assert_eq!(now, before, "{name}, bit {bit}");
            }
        }
    }
}

/// An ESAM whose power goes after so many commands: before the last of them, or behind it.
pub(super) struct Dying<'s> {
    pub(super) esam: &'s mut Slot,
    pub(super) left: usize,
    pub(super) behind: bool,
}

impl wire::Channel for Dying<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, wire::ChannelError> {
        self.left = self.left.checked_sub(1).ok_or(wire::ChannelError::Mute)?;
        if self.left > 0 {
            return self.esam.transmit(command);
        }
        if self.behind {
            self.esam.transmit(command)?;
        }
        Err(wire::ChannelError::Mute)
    }

    fn reset(&mut self) -> Result<Vec<u8>, wire::ChannelError> {
        if self.left == 0 { Err(wire::ChannelError::Mute) } else { self.esam.reset() }
    }
}

/// The power of meter and ESAM goes at any command of a recharge, and the flash is what was written down last: what was drawn is paid
/// once, and the money comes once.
#[test]
fn a_recharge_that_loses_its_power_anywhere_is_paid_once() {
    const DUE: u32 = 2_60;
    let (mut at, mut behind) = (1, false);
    loop {
        let what = format!("at command {at}, behind it: {behind}");
        let mut place = Place::opened();
        let random = place.identify();
        let mut dead = Dying { esam: &mut place.esam, left: 0, behind: false };
        place.meter.consume(&mut dead, meter::Consumption::Energy(500), place.now);
        assert_eq!(place.meter.state().due.fen, u64::from(DUE));
        let flash = |meter: &Meter| meter.to_flash(meter::FormalKeys::Allow).unwrap().to_string();
        let kept = std::rc::Rc::new(std::cell::RefCell::new(flash(&place.meter)));
        let keeper = kept.clone();
        place.meter.keep_with(Box::new(move |meter| {
            *keeper.borrow_mut() = flash(meter);
            Ok(())
        }));
        let paid = place.station.recharge(random, Fen(100_00), 2, CUSTOMER);
        let sent: [&[u8]; 5] =
            [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
        let frame = request(Place::address(), identifier::RECHARGE, OPERATOR, &sent);
        let mut dying = Dying { esam: &mut place.esam, left: at, behind };
        serve(&mut place.meter, &mut dying, &mut place.guard, Way::Wires, &frame, place.now, &mut |_| {});
        let is_whole = dying.left > 0;
        // Power returns.
        wire::Channel::reset(&mut place.esam).unwrap();
        place.meter = Meter::from_flash(&kept.borrow()).unwrap();
        place.guard = Guard::default();
        place.identify();
        assert!(place.ask(identifier::STATUS, &[]).is_ok(), "{what}");
        let purse = place.purse();
        let came = if purse.count == 2 { 100_00 } else { 0 };
        assert_eq!(purse.balance, Fen(50_00 + came - DUE), "{what}");
        let random = place.identify();
        let paid = place.station.recharge(random, Fen(100_00), 2, CUSTOMER);
        let wanted = if came > 0 { Err(word(1)) } else { Ok(vec![]) };
        assert_eq!(place.pay(identifier::RECHARGE, &paid), wanted, "{what}");
        assert_eq!((place.purse().balance, place.purse().count), (Fen(150_00 - DUE), 2), "{what}");
        if is_whole {
            break;
        }
        (at, behind) = if behind { (at + 1, false) } else { (at, true) };
    }
    assert!(at > 8, "{at} commands");
}
