//! A gas meter at its port of CJ/T 188: who looks, who may move the valve, and what a command without a proof leaves.

use super::{CUSTOMER, Place, RANDOM, now};
use meter::cjt188::{Asked, Facts, Sleep, WAKE_UP, answer, asked, carry, status, valve};
use meter::{Profile, Sensed};
use reader::security::{fields, identifier, request, turned};
use scheme::money::Fen;
use wire::cjt188::values::{Metered, Prices, Purchases};
use wire::cjt188::{Address, ByteOrder, Control, Frame, Identifier, Kind, function};

const NEVER: [u8; 6] = [0x99; 6];

/// A gas meter with 50.00 in its purse, opened through frames inside those of its own protocol.
fn gas() -> Place {
    let mut place = Place::new();
    place.meter = meter::Meter::from_state(place.meter.state().clone(), super::pairing_of(&place.city))
        .unwrap()
        .with_profile(Profile::Gas);
    let random = identify(&mut place);
    let paid = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
    let sent: [&[u8]; 5] = [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
    let said = inside(&mut place, &request(Place::address(), identifier::OPEN, super::OPERATOR, &sent));
    assert!(!said.control.is_refusal(), "{said:?}");
    place
}

fn own() -> (Kind, Address) {
    (Kind::GAS, Address::of(Place::address().0))
}

fn ask(function: u8, about: Identifier, order: ByteOrder, rest: &[u8]) -> Frame {
    Frame::request(own(), function, (about, order), 7, rest)
}

/// Carries a frame of DL/T 645 in one of CJ/T 188, as a reader does.
fn inside(place: &mut Place, frame: &wire::dlt645::Frame) -> wire::dlt645::Frame {
    let rest = [&[frame.control.0], &frame.data[..]].concat();
    let outside = ask(function::WRITE, Identifier::CARRIED, ByteOrder::LowFirst, &rest);
    let Some(Asked::Carried(found)) = asked(place.meter.state(), &outside) else { panic!("not carried") };
    assert_eq!(&found, frame);
    let said = place.send(&found).unwrap();
    let back = carry(place.meter.state(), &outside, &said).unwrap();
    assert_eq!((back.kind, back.address, back.control), (own().0, own().1, Control::answer(function::WRITE)));
    let (about, _, rest) = Identifier::split(&back.data).unwrap();
    assert_eq!((about, rest[0], rest[1]), (Identifier::CARRIED, 7, said.control.0));
    wire::dlt645::Frame { data: rest[2..].to_vec(), ..said }
}

fn identify(place: &mut Place) -> [u8; 4] {
    let (cipher, factor) = (place.station.identity(&RANDOM), place.station.factor());
    let frame =
        request(Place::address(), identifier::IDENTITY, super::OPERATOR, &[&cipher, &RANDOM, &factor]);
    let said = inside(place, &frame);
    let [random, _] = fields(&said.data[4..], [4, 8]).unwrap();
    random.try_into().unwrap()
}

/// A command to the valve; the state behind it, or the word of the refusal.
fn move_valve(place: &mut Place, rest: &[u8]) -> Result<[u8; 2], u8> {
    let frame = ask(function::WRITE, Identifier::VALVE, ByteOrder::LowFirst, rest);
    assert_eq!(asked(place.meter.state(), &frame), Some(Asked::Valve));
    let way = place.way;
    let said = valve(&mut place.meter, &mut place.esam, (&mut place.guard, way), &frame, place.now);
    if said.control == Control::refusal(function::WRITE) {
        let [number, first, word] = said.data[..] else { panic!("{said:?}") };
        assert_eq!((number, first), (7, status(place.meter.state()).bytes()[0]));
        return Err(word);
    }
    let (about, _, rest) = Identifier::split(&said.data).unwrap();
    assert_eq!((about, rest[0]), (Identifier::VALVE, 7));
    Ok(rest[1..].try_into().unwrap())
}

fn sealed(place: &Place, random: [u8; 4], act: u8, until: [u8; 6]) -> Vec<u8> {
    let [a, b, c, d, e, f] = until;
    turned(&place.station.control(random, &[act, 0, a, b, c, d, e, f]))
}

fn is_open(place: &Place) -> bool {
    !place.meter.state().relay_open
}

fn events(place: &Place, name: &str) -> usize {
    let log = serde_json::to_value(&place.meter.state().events).unwrap();
    log.as_array().unwrap().iter().filter(|event| event["event"] == name).count()
}

#[test]
fn a_valve_moves_under_the_seal_of_the_esam_alone() {
    let mut place = gas();
    assert!(is_open(&place), "money opened it");
    // The standard's own command, as anybody can send it.
    for act in [0x55, 0x99] {
        assert_eq!(move_valve(&mut place, &[act]), Err(4));
    }
    assert!(is_open(&place));
    let random = identify(&mut place);
    let close = sealed(&place, random, 0x99, NEVER);
    assert_eq!(move_valve(&mut place, &close), Ok([0x01, 0x00]));
    assert!(!is_open(&place));
    let open = sealed(&place, random, 0x55, NEVER);
    assert_eq!(move_valve(&mut place, &open), Ok([0x00, 0x00]));
    // None is taken twice: an earlier one closes nothing.
    assert_eq!(move_valve(&mut place, &close), Err(4));
    assert!(is_open(&place));
    let late = sealed(&place, random, 0x99, [0x26, 0x11, 0x27, 0, 0, 0]);
    assert_eq!(move_valve(&mut place, &late), Err(4), "its time is over");
    let unknown = sealed(&place, random, 0x77, NEVER);
    assert_eq!(move_valve(&mut place, &unknown), Err(1), "a half is no command here");
    assert!(is_open(&place));
}

#[test]
fn what_is_not_proved_moves_nothing_and_is_counted() {
    let mut place = gas();
    let random = identify(&mut place);
    let good = sealed(&place, random, 0x99, NEVER);
    for bit in 0..8 * good.len() {
        let mut bent = good.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(move_valve(&mut place, &bent), Err(4), "bit {bit}");
        assert!(is_open(&place), "bit {bit}");
    }
    assert_eq!(place.meter.state().wrong_macs.of(place.now), 160, "each is a wrong MAC of the day");
    // Another way round, cut short, another session's, nobody's.
    assert_eq!(move_valve(&mut place, &turned(&good)), Err(4));
    assert_eq!(move_valve(&mut place, &good[..19]), Err(4));
    let other = identify(&mut place);
    assert_ne!(other, random);
    assert_eq!(move_valve(&mut place, &good), Err(4));
    place.guard = Default::default();
    let fresh = sealed(&place, other, 0x99, NEVER);
    assert_eq!(move_valve(&mut place, &fresh), Err(4), "nobody is authenticated");
    assert!(is_open(&place));
    // A command in the clear: all are counted, and one of a day is told.
    let count = |place: &Place| place.meter.state().pipe.as_ref().unwrap().clear_commands;
    let before = count(&place);
    (0..5).for_each(|_| assert_eq!(move_valve(&mut place, &[0x99]), Err(4)));
    assert_eq!((count(&place) - before, events(&place, "clear-command")), (5, 1));
    place.now = now().add_seconds(86_400).unwrap();
    move_valve(&mut place, &[0x99]).unwrap_err();
    assert_eq!(events(&place, "clear-command"), 2);
    // Not for this meter alone: whoever hears it.
    let frame = Frame {
        address: Address::WILDCARD,
        ..ask(function::WRITE, Identifier::VALVE, ByteOrder::LowFirst, &good)
    };
    let said =
        valve(&mut place.meter, &mut place.esam, (&mut place.guard, meter::port::Way::Wires), &frame, now());
    assert!(said.control.is_refusal());
}

#[test]
fn a_station_alone_opens_what_a_magnet_closed() {
    let mut place = gas();
    place.meter.sense(Sensed { magnet: Some(true), ..Sensed::default() }, now());
    assert!(!is_open(&place));
    let random = identify(&mut place);
    let open = sealed(&place, random, 0x55, NEVER);
    assert_eq!(move_valve(&mut place, &open), Ok([0x01, 0x01]), "the magnet is still there");
    place.meter.sense(Sensed { magnet: Some(false), ..Sensed::default() }, now());
    assert!(!is_open(&place));
    let random = identify(&mut place);
    let open = sealed(&place, random, 0x55, NEVER);
    assert_eq!(move_valve(&mut place, &open), Ok([0x00, 0x00]));
    // A station does not open a valve whose battery is low.
    place.meter.sense(Sensed { battery_mv: Some(2900), ..Sensed::default() }, now());
    let keep = sealed(&place, random, 0x3A, NEVER);
    assert_eq!(
        move_valve(&mut place, &keep),
        Ok([0x05, 0x08]),
        "to keep the supply is no word against danger"
    );
}

#[test]
fn whoever_looks_sees_volume_money_and_valve_in_the_order_he_asked() {
    let mut place = gas();
    place.meter.consume(&mut place.esam, meter::Consumption::Volume(12_34), now());
    let purse = place.purse();
    let facts = Facts { state: place.meter.state(), now: now(), purse: Some(purse), key_version: Some(1) };
    let read = |function: u8, about: Identifier, order: ByteOrder, rest: &[u8]| {
        let frame = ask(function, about, order, rest);
        assert_eq!(asked(facts.state, &frame), Some(Asked::Look));
        answer(&facts, &frame)
    };
    for order in [ByteOrder::LowFirst, ByteOrder::HighFirst] {
        let said = read(function::READ, Identifier::METERED, order, &[]);
        assert_eq!((said.control, said.data.len()), (Control::answer(function::READ), 0x16));
        assert_eq!(said.data[..3], [&Identifier::METERED.bytes(order)[..], &[7]].concat());
        let metered = Metered::of(&said.data[3..]).unwrap();
        assert_eq!((metered.current, metered.unit, metered.time), (12_34, 0x2C, now().0));
        assert_eq!((metered.settled, metered.status.valve), (0, 0));
    }
    let prices =
        Prices::of(&read(function::READ, Identifier::PRICES, ByteOrder::LowFirst, &[]).data[3..]).unwrap();
    assert_eq!(prices, Prices { prices: [52, 0, 0], amounts: [0, 0] });
    let said = read(function::READ, Identifier::PURCHASES, ByteOrder::LowFirst, &[]);
    let bought = Purchases::of(&said.data[3..]).unwrap();
    assert_eq!((bought.number, bought.last, bought.all), (1, 50_00, 50_00));
    assert_eq!(bought.left, 50_00 - 12_34 * 52 / 100);
    assert_eq!(read(function::READ_KEY, Identifier::KEY_VERSION, ByteOrder::LowFirst, &[]).data[3..], [1]);
    assert_eq!(read(function::READ_ADDRESS, Identifier::ADDRESS, ByteOrder::LowFirst, &[]).address, own().1);
    // What is not there, and what only a station may.
    let refused = |said: Frame| if said.control.is_refusal() { said.data[2] } else { 0 };
    assert_eq!(refused(read(function::READ, Identifier(0xD120), ByteOrder::LowFirst, &[])), 2);
    for about in [0xA010, 0xA013, 0xA014, 0xA015, 0xA018] {
        assert_eq!(refused(read(function::WRITE, Identifier(about), ByteOrder::LowFirst, &[1, 2])), 4);
    }
    assert_eq!(refused(read(function::SYNC, Identifier(0xA016), ByteOrder::LowFirst, &[0; 5])), 4);
    // Another meter's frames, another kind's, an answer.
    let frame = ask(function::READ, Identifier::METERED, ByteOrder::LowFirst, &[]);
    let strange = [
        Frame { address: Address::of([9; 6]), ..frame.clone() },
        Frame { kind: Kind::WATER, ..frame.clone() },
        Frame { control: Control::answer(function::READ), ..frame.clone() },
    ];
    strange.iter().for_each(|frame| assert_eq!(asked(facts.state, frame), None));
    let open = Frame { kind: Kind::ANY, address: Address::WILDCARD, ..frame };
    assert_eq!(asked(facts.state, &open), Some(Asked::Look));
}

#[test]
fn a_meter_that_sleeps_hears_a_long_call_alone() {
    let mut sleep = Sleep::default();
    let hears =
        |sleep: &mut Sleep, bytes: &[u8], now| bytes.iter().filter(|byte| sleep.hears(**byte, now)).count();
    let frame = ask(function::READ, Identifier::METERED, ByteOrder::LowFirst, &[]).to_bytes().unwrap();
    let short = [&[0xFE; WAKE_UP - 1][..], &frame].concat();
    assert_eq!(hears(&mut sleep, &short, now()), 0, "a preamble is no call");
    let long = [&[0xFE; WAKE_UP][..], &frame].concat();
    assert_eq!(hears(&mut sleep, &long, now()), frame.len());
    let later = |seconds| now().add_seconds(seconds).unwrap();
    assert!(sleep.is_awake(later(30)) && !sleep.is_awake(later(31)));
    sleep.stay(later(30));
    assert!(sleep.is_awake(later(60)));
    assert_eq!(hears(&mut sleep, &frame, later(61)), 0);
}

/// A frame of DL/T 645 inside one for whoever hears it names no meter, as it would not on wires: it looks, and changes nothing.
#[test]
fn a_frame_inside_one_for_whoever_hears_it_names_nobody() {
    let mut place = gas();
    let carried = |place: &mut Place, frame: &wire::dlt645::Frame| {
        let rest = [&[frame.control.0], &frame.data[..]].concat();
        let outside = ask(function::WRITE, Identifier::CARRIED, ByteOrder::LowFirst, &rest);
        let outside = Frame { address: Address::WILDCARD, ..outside };
        let Some(Asked::Carried(found)) = asked(place.meter.state(), &outside) else { panic!("not carried") };
        place.send(&found).unwrap()
    };
    let random = identify(&mut place);
    let status = request(Place::address(), identifier::STATUS, super::OPERATOR, &[]);
    assert!(!carried(&mut place, &status).control.is_refusal(), "whoever asks may look");
    let paid = place.station.recharge(random, Fen(10_00), 2, CUSTOMER);
    let sent: [&[u8]; 5] = [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
    let recharge = request(Place::address(), identifier::RECHARGE, super::OPERATOR, &sent);
    assert!(carried(&mut place, &recharge).control.is_refusal(), "money is for one meter by its name");
    let bank = request(Place::address(), identifier::BANK, super::OPERATOR, &[]);
    assert!(
        carried(&mut place, &bank).control.is_refusal(),
        "nobody ends a station's authentication for all"
    );
    assert!(!inside(&mut place, &recharge).control.is_refusal(), "the station is still authenticated");
}
