//! The field's way to a meter, from end to end: a station with the city's keys, a reader with none that carries its frames, the
//! meter's port, and a real ESAM in memory. What a reader that changes, repeats or loses something can do with it.

mod faults;
mod pipes;
mod tariffs;

use crate::world::{blank, issue, number, plan, region};
use issue::keyset::{CityKeys, Roots};
use issue::pairing;
use issue::source::SoftSource;
use issue::station::Station;
use keys::{Suite, hierarchy};
use meter::port::{Guard, MOST_WRONG, Way, serve};
use meter::{Meter, MeterConfig};
use reader::driver::esam::{Esam, Purse};
use reader::security::{fields, identifier, request, turned};
use scheme::field::Source;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::profile::{CardKind, State};
use scheme::recharge::Recharge;
use vcard::Slot;
use wire::dlt645::{Address, Control, Frame, Identifier, Receiver, function};

const SUITE: Suite = Suite::Sm4;
const CUSTOMER: CustomerNumber = CustomerNumber([0x33, 0x02, 0x00, 0x00, 0x12, 0x34]);
const OPERATOR: [u8; 4] = [0, 0, 0, 1];
const RANDOM: [u8; 8] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7];

fn now() -> Moment {
    Moment::new([0x20, 0x26, 0x11, 0x28, 0x10, 0x00, 0x00]).unwrap()
}

/// The words of security, bit by bit.
const fn word(bit: u32) -> u16 {
    1 << bit
}

/// A meter with its ESAM, and the station of its city.
struct Place {
    meter: Meter,
    esam: Slot,
    guard: Guard,
    station: Station,
    city: CityKeys,
    way: Way,
    now: Moment,
}

impl Place {
    fn new() -> Self {
        let roots = Roots::test(SUITE);
        let city = roots.city(region());
        let mut esam = blank(CardKind::Esam, SUITE, "field");
        let device = number(42);
        let mut source = SoftSource::city(city.clone());
        issue(&plan(CardKind::Esam, SUITE, device, None), &mut esam, &mut source);
        let config = MeterConfig {
            number: MeterNumber(device.0),
            state: State::Test,
            suite: SUITE,
            price: Fen(52),
            load_w: 1000,
        };
        let meter = Meter::new(config, pairing_of(&city)).unwrap();
        let station = Station::new(&city, MeterNumber(device.0));
        Place { meter, esam, guard: Guard::default(), station, city, way: Way::Wires, now: now() }
    }

    fn address() -> Address {
        Address(number(42).0)
    }

    fn purse(&mut self) -> Purse {
        Esam::new(&mut self.esam).purse().unwrap()
    }

    fn send(&mut self, frame: &Frame) -> Option<Frame> {
        let mut chance = crate::world::chance("the port");
        let mut random = |bytes: &mut [u8]| scheme::Chance::fill(&mut chance, bytes);
        serve(&mut self.meter, &mut self.esam, &mut self.guard, self.way, frame, self.now, &mut random)
    }

    /// What a security command answers behind its identifier, or the word of the refusal.
    fn ask(&mut self, about: Identifier, sent: &[&[u8]]) -> Result<Vec<u8>, u16> {
        let answer = self.send(&request(Self::address(), about, OPERATOR, sent)).unwrap();
        if answer.control.is_refusal() {
            return Err(u16::from_le_bytes(answer.data.try_into().unwrap()));
        }
        assert_eq!(answer.control, Control::answer(function::SECURITY, false));
        let (said, data) = Identifier::split(&answer.data).unwrap();
        assert_eq!(said, about);
        Ok(data.to_vec())
    }

    fn identify(&mut self) -> [u8; 4] {
        let cipher = self.station.identity(&RANDOM);
        let factor = self.station.factor();
        let data = self.ask(identifier::IDENTITY, &[&cipher, &RANDOM, &factor]).unwrap();
        let [random, serial] = fields(&data, [4, 8]).unwrap();
        assert_eq!(serial, self.esam.atr()[5..13]);
        random.try_into().unwrap()
    }

    fn pay(&mut self, about: Identifier, paid: &Recharge) -> Result<Vec<u8>, u16> {
        self.ask(about, &[&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac])
    }

    /// Opens the account with 50.00.
    fn opened() -> Self {
        let mut place = Place::new();
        let random = place.identify();
        let paid = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
        assert_eq!(place.pay(identifier::OPEN, &paid), Ok(vec![]));
        place
    }

    /// A command of level 98; gives what it answers, or the word of the refusal. `p2`: 01 asks for words.
    fn sealed(&mut self, function: u8, p2: u8, sealed: &[u8]) -> Result<Vec<u8>, Vec<u8>> {
        let data = [&[0x98, 0, 0, p2][..], &turned(&OPERATOR), &turned(sealed)].concat();
        let answer = self.send(&Frame::request(Self::address(), function, data)).unwrap();
        if answer.control.is_refusal() { Err(answer.data) } else { Ok(answer.data) }
    }

    fn control(&mut self, sealed: &[u8]) -> Result<(), u8> {
        self.sealed(function::CONTROL, 0, sealed).map(drop).map_err(|word| word[0])
    }
}

fn pairing_of(city: &CityKeys) -> meter::Pairing {
    let file = pairing::make(&mut SoftSource::city(city.clone()), number(42), region(), &[]).unwrap();
    let root = city.get(keys::Role::Transport);
    meter::Pairing::open(&file, &hierarchy::transport_key(root, hierarchy::mcu_serial(number(42).0))).unwrap()
}

#[test]
fn a_station_opens_and_recharges_through_a_reader_without_keys() {
    let mut place = Place::opened();
    assert!(!place.meter.state().relay_open);
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(100_00), 2, CUSTOMER);
    assert_eq!(place.pay(identifier::RECHARGE, &paid), Ok(vec![]));
    assert_eq!(
        place.pay(identifier::RECHARGE, &paid),
        Err(word(1)),
        "the answer was lost, and it is asked again"
    );
    let data = place.ask(identifier::STATUS, &[]).unwrap();
    let [money, money_mac, count, count_mac, customer, keys] = fields(&data, [4, 4, 4, 4, 6, 4]).unwrap();
    assert_eq!((&money[..], &count[..]), (&15_000_u32.to_be_bytes()[..], &2_u32.to_be_bytes()[..]));
    assert_eq!((&customer[..], &keys[..]), (&CUSTOMER.0[..], &[0; 4][..]));
    let first = [RANDOM[0], RANDOM[1], RANDOM[2], RANDOM[3]];
    let mac = |bytes: &[u8]| bytes.try_into().unwrap();
    assert!(place.station.states(first, Source::MONEY, 0, &money, mac(&money_mac)));
    assert!(place.station.states(first, Source::COUNT, 0, &count, mac(&count_mac)));
    // Who carries both cannot change them over.
    assert!(!place.station.states(first, Source::MONEY, 0, &count, mac(&count_mac)));
    let data = place.ask(identifier::READ_BACK, &[&[0, 6], &[0, 0x24], &[0, 2], &[0xDF, 1]]).unwrap();
    let [file_customer, file_mac] = fields(&data[8..], [6, 4]).unwrap();
    assert!(place.station.states(first, Source::file(2), 0x24, &file_customer, mac(&file_mac)));
    let data = place.ask(identifier::END, &[]).unwrap();
    assert_eq!(data.len(), 18);
    assert_eq!(place.ask(identifier::STATUS, &[]), Err(word(3)));
}

#[test]
fn each_refusal_has_its_bit() {
    let mut place = Place::new();
    assert_eq!(place.ask(identifier::STATUS, &[]), Err(word(3)), "nobody is authenticated");
    let (cipher, factor) = (place.station.identity(&RANDOM), place.station.factor());
    assert_eq!(place.ask(identifier::IDENTITY, &[&[0; 8], &RANDOM, &factor]), Err(word(3)));
    assert_eq!(place.ask(identifier::IDENTITY, &[&cipher, &RANDOM, &[0, 0, 0, 0, 0, 0, 0, 9]]), Err(word(0)));
    assert_eq!(place.ask(identifier::IDENTITY, &[&cipher]), Err(word(0)), "a length that nothing has");
    let random = place.identify();
    let pay = |place: &Place, amount, count| place.station.recharge(random, Fen(amount), count, CUSTOMER);
    let paid = pay(&place, 50_00, 1);
    assert_eq!(place.pay(identifier::RECHARGE, &paid), Err(word(5)), "never opened");
    let bent = Recharge { customer_mac: [0; 4], ..paid };
    assert_eq!(place.pay(identifier::OPEN, &bent), Err(word(2)));
    let late = pay(&place, 50_00, 2);
    assert_eq!(place.pay(identifier::OPEN, &late), Err(word(5)));
    let bent = Recharge { money_mac: [0; 4], ..paid };
    assert_eq!(place.pay(identifier::OPEN, &bent), Err(word(2)));
    assert_eq!(place.purse().count, 0);
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
    assert_eq!(place.pay(identifier::OPEN, &paid), Ok(vec![]));
    let other = place.station.recharge(random, Fen(1_00), 2, CustomerNumber([0x33, 2, 0, 0, 0x12, 0x35]));
    assert_eq!(place.pay(identifier::RECHARGE, &other), Err(word(4)));
    let random = place.identify();
    let much = place.station.recharge(random, Fen(999_999_99), 2, CUSTOMER);
    assert_eq!(place.pay(identifier::RECHARGE, &much), Err(word(6)));
    assert_eq!(place.ask(identifier::INFRARED, &[&[0; 8]]), Err(word(0)), "not on the wires");
    assert_eq!(place.ask(Identifier(0x0780_02FF), &[&[0; 10]]), Err(word(0)));
    // Whoever asks any meter may look, and move nothing.
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(1_00), 2, CUSTOMER);
    let sent: [&[u8]; 5] = [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
    let any = place.send(&request(Address::WILDCARD, identifier::RECHARGE, OPERATOR, &sent)).unwrap();
    assert!(any.control.is_refusal());
    assert_eq!(place.send(&request(Address::BROADCAST, identifier::RECHARGE, OPERATOR, &sent)), None);
    assert_eq!(place.purse().balance, Fen(50_00));
}

#[test]
fn an_authentication_ends_with_its_time() {
    let mut place = Place::opened();
    place.identify();
    place.now = now().add_seconds(5 * 60).unwrap();
    assert!(place.ask(identifier::STATUS, &[]).is_ok());
    place.now = now().add_seconds(5 * 60 + 1).unwrap();
    assert_eq!(place.ask(identifier::STATUS, &[]), Err(word(3)));
    assert!(!place.guard.holds(place.now));
    let random = place.identify();
    let header = scheme::field::Span::VALIDITY.write();
    let mac = place.station.parameter(random, header, &[0x00, 0x30]);
    assert_eq!(place.ask(identifier::VALIDITY, &[&[0x00, 0x30], &mac]), Ok(vec![]));
    assert_eq!(place.ask(identifier::VALIDITY, &[&[0x00, 0x00], &mac]), Err(word(0)));
    assert_eq!(place.ask(identifier::VALIDITY, &[&[0x00, 0x3A], &mac]), Err(word(0)));
    place.now = place.now.add_seconds(30 * 60).unwrap();
    assert!(place.ask(identifier::STATUS, &[]).is_ok());
}

/// 200 wrong MACs shut the port until midnight: money, parameters, control. The ESAM lives, and whoever looks still sees.
#[test]
fn a_port_that_is_guessed_at_is_shut_until_midnight() {
    let mut place = Place::opened();
    for n in 0..MOST_WRONG {
        if n % 50 == 0 {
            place.identify();
        }
        let bent = Recharge {
            amount: [0, 0, 1, 0],
            count: [0, 0, 0, 2],
            money_mac: [0; 4],
            customer: CUSTOMER.0,
            customer_mac: [n as u8, 1, 2, 3],
        };
        assert_eq!(place.pay(identifier::RECHARGE, &bent), Err(word(2)), "{n}");
    }
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(1_00), 2, CUSTOMER);
    assert_eq!(place.pay(identifier::RECHARGE, &paid), Err(word(8)));
    let trip = place.station.control(random, &[0x1A, 0, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99]);
    assert_eq!(place.control(&trip), Err(4));
    assert!(place.ask(identifier::STATUS, &[]).is_ok());
    place.now = Moment::new([0x20, 0x26, 0x11, 0x29, 0x00, 0x00, 0x00]).unwrap();
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(1_00), 2, CUSTOMER);
    assert_eq!(place.pay(identifier::RECHARGE, &paid), Ok(vec![]));
}

#[test]
fn the_relay_obeys_a_station() {
    let mut place = Place::opened();
    let random = place.identify();
    let order = |place: &Place, act, delay, time: [u8; 6]| {
        let [a, b, c, d, e, f] = time;
        place.station.control(random, &[act, delay, a, b, c, d, e, f])
    };
    const NEVER: [u8; 6] = [0x99; 6];
    let open = |place: &Place| place.meter.state().relay_open;
    let trip = order(&place, 0x1A, 0, NEVER);
    assert_eq!(place.control(&trip), Ok(()));
    assert!(open(&place));
    let close = order(&place, 0x1C, 0, NEVER);
    assert_eq!(place.control(&close), Ok(()));
    assert!(!open(&place));
    assert_eq!(place.control(&trip), Err(4), "an earlier command does not come back");
    let late = order(&place, 0x1A, 0, [0x26, 0x11, 0x28, 0x09, 0x59, 0x59]);
    assert_eq!(place.control(&late), Err(4), "over");
    let nonsense = order(&place, 0x77, 0, NEVER);
    assert_eq!(place.control(&nonsense), Err(1));
    assert!(!open(&place));
    let keep = order(&place, 0x3A, 0, NEVER);
    assert_eq!(place.control(&keep), Ok(()));
    let warned = order(&place, 0x1D, 2, NEVER);
    assert_eq!(place.control(&warned), Err(1), "it is to keep power");
    let release = order(&place, 0x3B, 0, NEVER);
    assert_eq!(place.control(&release), Ok(()));
    let warned = order(&place, 0x1E, 2, NEVER);
    assert_eq!(place.control(&warned), Ok(()));
    assert!(open(&place));
    for act in [0x2A, 0x2B, 0x1B] {
        let command = order(&place, act, 0, NEVER);
        assert_eq!(place.control(&command), Ok(()), "{act:02X}");
    }
    assert!(!open(&place));
    let mut bent = order(&place, 0x1A, 1, NEVER);
    bent[3] ^= 1;
    assert_eq!(place.control(&bent), Err(4));
    assert!(!open(&place));
}

/// In front of the meter nobody does anything before he has proved himself.
#[test]
fn the_infrared_eye_asks_for_a_proof() {
    let mut place = Place::opened();
    place.way = Way::Infrared;
    let (cipher, factor) = (place.station.identity(&RANDOM), place.station.factor());
    assert_eq!(place.ask(identifier::IDENTITY, &[&cipher, &RANDOM, &factor]), Err(word(3)));
    assert_eq!(place.ask(identifier::INFRARED, &[&[0; 8]]), Err(word(0)), "nothing was asked");
    let asked = |place: &mut Place| {
        let data = place.ask(identifier::INFRARED_REQUEST, &[&RANDOM]).unwrap();
        let [meter, _, cipher, random] = fields(&data, [6, 8, 8, 8]).unwrap();
        assert_eq!(meter, number(42).0);
        let array = |bytes: Vec<u8>| <[u8; 8]>::try_from(bytes).unwrap();
        place.station.infrared(&RANDOM, &array(cipher), &array(random)).unwrap()
    };
    let proof = asked(&mut place);
    assert_eq!(place.ask(identifier::INFRARED, &[&[0; 8]]), Err(word(2)));
    assert_eq!(place.ask(identifier::INFRARED, &[&proof]), Err(word(0)), "one proof for one request");
    let proof = asked(&mut place);
    place.now = place.now.add_seconds(60).unwrap();
    assert_eq!(place.ask(identifier::INFRARED, &[&proof]), Err(word(0)), "too late");
    let proof = asked(&mut place);
    assert_eq!(place.ask(identifier::INFRARED, &[&proof]), Ok(vec![]));
    place.identify();
    assert!(place.ask(identifier::STATUS, &[]).is_ok());
    place.now = place.now.add_seconds(30 * 60 + 1).unwrap();
    assert_eq!(place.ask(identifier::IDENTITY, &[&cipher, &RANDOM, &factor]), Err(word(3)));
}

/// Keys of the next version, in two frames; the meter was given their pairing before, and goes on with it.
#[test]
fn keys_come_through_the_port() {
    let mut place = Place::opened();
    let next = Roots::test(SUITE).city_of_version(region(), 2);
    let serial: [u8; 8] = place.esam.atr()[5..13].try_into().unwrap();
    let random = place.identify();
    let frames = place.station.key_frames(random, serial, &next);
    let send = |place: &mut Place, at: usize| {
        let mut sent: Vec<&[u8]> = frames[at].blocks.iter().map(<[u8; 36]>::as_slice).collect();
        sent.push(&frames[at].mac);
        place.ask(identifier::KEYS, &sent)
    };
    assert_eq!(send(&mut place, 0), Err(word(0)), "without the new pairing it would lose its ESAM");
    place.meter.expect(pairing_of(&next)).unwrap();
    let random = place.identify();
    let frames = place.station.key_frames(random, serial, &next);
    for at in [1, 0] {
        let mut sent: Vec<&[u8]> = frames[at].blocks.iter().map(<[u8; 36]>::as_slice).collect();
        sent.push(&frames[at].mac);
        assert_eq!(place.ask(identifier::KEYS, &sent), Ok(vec![]), "frame {at}");
    }
    assert_eq!(place.ask(identifier::STATUS, &[]), Err(word(3)), "the session was of the old keys");
    let old = place.station.identity(&RANDOM);
    let factor = place.station.factor();
    assert_eq!(place.ask(identifier::IDENTITY, &[&old, &RANDOM, &factor]), Err(word(3)));
    place.station = Station::new(&next, MeterNumber(number(42).0));
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(1_00), 2, CUSTOMER);
    assert_eq!(place.pay(identifier::RECHARGE, &paid), Ok(vec![]));
    assert_eq!(place.purse().count, 2);
    assert_eq!(place.city.version(), 1);
}

#[test]
fn parameters_are_written_plainly_and_enciphered() {
    let mut place = Place::opened();
    let random = place.identify();
    let write = |place: &mut Place, about: u32, level: u8, sent: Vec<u8>| {
        let about = Identifier(about).bytes();
        let data = [&about[..], &[level, 0, 0, 0], &turned(&OPERATOR), &sent].concat();
        let answer = place.send(&Frame::request(Place::address(), function::WRITE, data)).unwrap();
        if answer.control.is_refusal() { Err(answer.data[0]) } else { Ok(()) }
    };
    let alarm = [0x00, 0x00, 0x50, 0x00];
    let mac = place.station.parameter(random, [0x04, 0xD6, 0x82, 0x10, 0x08], &alarm);
    let sent = [turned(&alarm), turned(&mac)].concat();
    assert_eq!(write(&mut place, 0x0400_1001, 0x99, sent.clone()), Ok(()));
    assert_eq!(write(&mut place, 0x0400_1002, 0x99, sent.clone()), Err(4), "another place");
    assert_eq!(write(&mut place, 0x0400_1009, 0x99, sent.clone()), Err(2), "no such data");
    assert_eq!(write(&mut place, 0x0400_1001, 0x02, sent), Err(4), "no password opens it");
    let plain = [&0x0400_1003_u32.to_be_bytes()[..], &[0x00, 0x12, 0x34, 0x00]].concat();
    let sealed = place.station.enciphered(random, 0x09, &plain);
    assert_eq!(write(&mut place, 0x0400_1003, 0x98, turned(&sealed)), Ok(()));
    assert_eq!(
        write(&mut place, 0x0400_1004, 0x98, turned(&sealed)),
        Err(4),
        "the frame says something else"
    );
}

/// Every bit of a recharge's frame, and every place where a line may break: the purse holds what it held, or the recharge.
#[test]
fn a_frame_that_is_changed_or_cut_moves_nothing() {
    let mut place = Place::opened();
    let random = place.identify();
    let paid = place.station.recharge(random, Fen(100_00), 2, CUSTOMER);
    let sent: [&[u8]; 5] = [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
    let frame = request(Place::address(), identifier::RECHARGE, OPERATOR, &sent);
    let bytes = frame.to_bytes().unwrap();
    for length in 0..bytes.len() {
        assert!(Receiver::new().push(&bytes[..length]).iter().all(Result::is_err), "{length}");
    }
    // On the line the check sum catches a bit; a phone computes it anew.
    for bit in 0..8 * frame.data.len() {
        let mut bent = frame.clone();
        bent.data[bit / 8] ^= 1 << (bit % 8);
        let answer = place.send(&bent);
        // The operator's bytes are under no MAC, in the field either.
        if (4..8).contains(&(bit / 8)) {
            continue;
        }
        assert!(answer.is_none_or(|answer| answer.control.is_refusal()), "bit {bit}");
        if place.guard.holds(place.now) {
            continue;
        }
        place.identify();
    }
    let purse = place.purse();
    let once = (purse.balance, purse.count) == (Fen(150_00), 2);
    assert!(once || (purse.balance, purse.count) == (Fen(50_00), 1), "{purse:?}");
}

/// With P2 = 01 a control command says how the meter stands, and why it does not obey.
#[test]
fn a_control_command_that_asks_is_told_more() {
    let mut place = Place::opened();
    let order = |place: &mut Place, random, act, year| {
        let sealed = place.station.control(random, &[act, 0, year, 0x11, 0x28, 0x09, 0x00, 0x00]);
        place.sealed(function::CONTROL, 1, &sealed)
    };
    assert_eq!(order(&mut place, [0; 4], 0x1A, 0x99), Err(vec![2, 0]), "the random is another: a wrong MAC");
    let random = place.identify();
    assert_eq!(order(&mut place, random, 0x1A, 0x27), Ok(vec![0b0011, 0]));
    assert_eq!(order(&mut place, random, 0x2A, 0x27), Ok(vec![0b1011, 0]));
    assert_eq!(order(&mut place, random, 0x1C, 0x25), Err(vec![0x10, 0]), "over");
    assert_eq!(order(&mut place, random, 0x3A, 0x27), Ok(vec![0b1100, 0]));
    assert!(place.ask(identifier::END, &[]).is_ok());
    assert_eq!(order(&mut place, random, 0x1A, 0x28), Err(vec![4, 0]), "nobody is authenticated");
}

/// 19, 1A, 1B clear what they name, with a MAC of their own file and a time; a password clears nothing.
#[test]
fn a_station_clears_a_meter_in_test_state() {
    let mut place = Place::opened();
    const LATER: [u8; 6] = [0x27, 0x01, 0x01, 0x00, 0x00, 0x00];
    let plain = |act: u8, what: &[u8], time: [u8; 6]| [&[act, 0][..], what, &time].concat();
    place.meter.consume(&mut place.esam, meter::Consumption::Energy(500), now());
    let random = place.identify();
    let demand = place.station.clear(random, 0x17, &plain(0x19, &[], LATER));
    assert_eq!(place.sealed(function::CLEAR_DEMAND, 0, &demand), Ok(vec![]));
    let some = place.station.clear(random, 0x17, &plain(0x1B, &[0, 0, 0x30, 0x03], LATER));
    assert_eq!(place.sealed(function::CLEAR_EVENTS, 0, &some), Err(vec![2]), "one log has them all");
    let all = place.station.clear(random, 0x17, &plain(0x1B, &[0xFF; 4], LATER));
    assert_eq!(place.sealed(function::CLEAR_DEMAND, 0, &all), Err(vec![4]), "events are no demand");
    let all = place.station.clear(random, 0x17, &plain(0x1B, &[0xFF; 4], [0x27, 0x01, 0x01, 0, 0, 1]));
    assert_eq!(place.sealed(function::CLEAR_EVENTS, 0, &all), Ok(vec![]));
    assert_eq!(place.meter.state().events.len(), 1, "that they were cleared");
    let late = place.station.clear(random, 0x14, &plain(0x1A, &[], [0x26, 0x11, 0x27, 0, 0, 0]));
    assert_eq!(place.sealed(function::CLEAR_METER, 0, &late), Err(vec![4]));
    assert_eq!(place.meter.state().register.hundredths, 500);
    let purse = place.purse();
    let whole = place.station.clear(random, 0x14, &plain(0x1A, &[], LATER));
    assert_eq!(place.sealed(function::CLEAR_METER, 0, &whole), Ok(vec![]));
    assert_eq!(place.meter.state().register.hundredths, 0);
    assert_eq!(place.purse(), purse, "no money is cleared");
    let data = [&[0x02, 0, 0, 0][..], &OPERATOR].concat();
    let answer = place.send(&Frame::request(Place::address(), function::CLEAR_METER, data)).unwrap();
    assert_eq!((answer.control.is_refusal(), answer.data), (true, vec![4]));
}

#[test]
fn files_of_information_are_written() {
    let mut place = Place::opened();
    let random = place.identify();
    let about = Identifier(0x0700_04FF);
    let send = |place: &mut Place, about: Identifier, file: u8, sent: &[u8]| {
        let data = [&about.bytes()[..], &turned(&OPERATOR), &[file, 0, 0], sent].concat();
        let answer = place.send(&Frame::request(Place::address(), function::SECURITY, data)).unwrap();
        if answer.control.is_refusal() { Err(answer.data[0]) } else { Ok(()) }
    };
    let mac = place.station.parameter(random, [0x04, 0xD6, 0x9A, 0x00, 0x08], &[1, 2, 3, 4]);
    let sent = [turned(&[1, 2, 3, 4]), turned(&mac)].concat();
    assert!(send(&mut place, about, 0x1B, &sent).is_err(), "this ESAM has no such file");
    assert_eq!(send(&mut place, about, 0x02, &sent), Err(1), "no file of information");
    assert_eq!(send(&mut place, about, 0x1A, &sent), Ok(()));
    assert_eq!(send(&mut place, about, 0x1A, &sent[1..]), Err(4));
    let plain = [&0x0400_1003_u32.to_be_bytes()[..], &[0x00, 0x12, 0x34, 0x00]].concat();
    let sealed = place.station.enciphered(random, 0x0B, &plain);
    let (cipher, mac) = sealed.split_last_chunk::<4>().unwrap();
    let sent = [turned(cipher), turned(mac)].concat();
    assert_eq!(send(&mut place, Identifier(0x0700_05FF), 0x0B, &sent), Ok(()));
    assert_eq!(send(&mut place, Identifier(0x0700_05FF), 0x1A, &sent), Err(1));
}
