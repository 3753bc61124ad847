//! The meter's port: what it says to readers, and to whom it says nothing.

use crate::world::{NUMBER, config};
use gridcard_meter::MeterState;
use gridcard_meter::port::{Facts, answer};
use keys::Suite;
use proptest::prelude::*;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use wire::dlt645::items::{ITEMS, Item};
use wire::dlt645::{Address, Control, Frame, Identifier, function};

/// 2026-11-27 was a Friday.
const NOW: Moment = Moment([0x20, 0x26, 0x11, 0x27, 0x09, 0x08, 0x07]);

/// A meter whose relay is closed, with 12 345.67 kWh, 20.00 yuan in the purse and 3.50 due.
fn state() -> MeterState {
    let mut state = MeterState::new(config(Suite::Sm4));
    state.register.hundredths = 1_234_567;
    state.balance = Fen(20_00);
    state.due.fen = 3_50;
    state.relay_open = false;
    state
}

fn facts(state: &MeterState) -> Facts<'_> {
    let customer = CustomerNumber([0x33, 0x02, 0x00, 0x00, 0x12, 0x34]);
    Facts { state, now: NOW, customer: Some(customer), ceiling: Some(Fen(500_00)), open: true }
}

fn ask(state: &MeterState, function: u8, data: &[u8]) -> Option<Frame> {
    answer(&facts(state), &Frame::request(Address(NUMBER), function, data.to_vec()))
}

/// What a read gives, shown; an error: the word of the refusal.
fn read(state: &MeterState, name: &str) -> Result<String, u8> {
    let item = Item::named(name).unwrap();
    let found = ask(state, function::READ, &item.id.bytes()).unwrap();
    if found.control == Control::refusal(function::READ) {
        return Err(found.data[0]);
    }
    assert_eq!((found.address, found.control), (Address(NUMBER), Control::answer(function::READ, false)));
    let (identifier, value) = Identifier::split(&found.data).unwrap();
    assert_eq!(identifier, item.id);
    Ok(item.form.show(value))
}

#[test]
fn every_item_has_its_value_or_is_no_data() {
    let state = state();
    let mut lines = String::new();
    for item in ITEMS {
        let value = read(&state, item.name).unwrap_or_else(|why| format!("refused {why:02X}"));
        lines.push_str(&format!("{} {:<24} {value}\n", item.id, item.name));
    }
    let wanted = "\
00000000 energy                   12345.67 kWh
00000100 energy-rate-1            12345.67 kWh
00000200 energy-rate-2            0.00 kWh
00000300 energy-rate-3            0.00 kWh
00000400 energy-rate-4            0.00 kWh
00010000 energy-forward           12345.67 kWh
00010100 energy-forward-rate-1    12345.67 kWh
00010200 energy-forward-rate-2    0.00 kWh
00010300 energy-forward-rate-3    0.00 kWh
00010400 energy-forward-rate-4    0.00 kWh
00020000 energy-reverse           0.00 kWh
00020100 energy-reverse-rate-1    0.00 kWh
00020200 energy-reverse-rate-2    0.00 kWh
00020300 energy-reverse-rate-3    0.00 kWh
00020400 energy-reverse-rate-4    0.00 kWh
00900200 balance                  16.50 yuan
00900201 overdraft                0.00 yuan
02010100 voltage-a                220.0 V
02010200 voltage-b                refused 02
02010300 voltage-c                refused 02
02020100 current-a                4.545 A
02020200 current-b                refused 02
02020300 current-c                refused 02
02030000 power                    1.0000 kW
02030100 power-a                  1.0000 kW
02030200 power-b                  refused 02
02030300 power-c                  refused 02
02800002 frequency                50.00 Hz
02800020 price                    0.5200 yuan/kWh
04000101 date                     2026-11-27
04000102 time                     09:08:07
0400010C clock                    2026-11-27 09:08:07
04000204 rates                    1
04000208 keys                     refused 02
04000401 address                  000020181144
04000402 meter-number             000020181144
0400040E customer-number          330200001234
04000501 status-1                 0000h
04000502 status-2                 0000h
04000503 status-3                 0200h
04000504 status-4                 0000h
04000505 status-5                 0000h
04000506 status-6                 0000h
04000507 status-7                 0000h
04001003 overdraft-limit          0.00 yuan
04001004 hoard-limit              500.00 yuan
04800001 software                 gridcard 0.1.0
";
    assert_eq!(lines, wanted.replace("000020181144", &Address(NUMBER).to_string()));
}

/// The highest bit of power and current is their sign: what reaches it is no value, and never a negative one.
#[test]
fn a_load_beyond_its_place_is_no_value() {
    let mut state = state();
    for (watts, power, current) in [
        (79_999, Ok::<_, u8>("79.9990 kW"), Ok("363.631 A")),
        (80_000, Err(0x02), Ok("363.636 A")),
        (175_999, Err(0x02), Ok("799.995 A")),
        (176_000, Err(0x02), Err(0x02)),
    ] {
        state.config.load_w = watts;
        assert_eq!(read(&state, "power").as_deref(), power.as_deref(), "{watts} W");
        assert_eq!(read(&state, "current-a").as_deref(), current.as_deref(), "{watts} W");
    }
}

#[test]
fn a_spent_purse_shows_what_is_owed_and_an_open_relay() {
    let mut state = state();
    (state.balance, state.due.fen, state.relay_open) = (Fen(0), 75, true);
    assert_eq!(read(&state, "balance"), Ok("0.00 yuan".into()));
    assert_eq!(read(&state, "overdraft"), Ok("0.75 yuan".into()));
    assert_eq!(read(&state, "current-a"), Ok("0.000 A".into()));
    assert_eq!(read(&state, "status-3"), Ok("0250h".into()));
}

/// In front of the meter anybody reads what its display shows; the rest is for who has proved himself.
#[test]
fn an_infrared_reader_without_a_proof_reads_little() {
    let state = state();
    let shut = Facts { open: false, ..facts(&state) };
    let said = |id: u32| {
        let frame = Frame::request(Address(NUMBER), function::READ, Identifier(id).bytes().to_vec());
        let found = answer(&shut, &frame).unwrap();
        if found.control.is_refusal() { Err(found.data[0]) } else { Ok(()) }
    };
    for public in [
        0x0000_0000,
        0x0001_FF00,
        0x0002_0100,
        0x0090_0200,
        0x0090_0201,
        0x0400_0101,
        0x0400_0102,
        0x0400_010C,
        0x0400_0401,
        0x0400_0402,
        0x0480_0001,
    ] {
        assert_eq!(said(public), Ok(()), "{public:08X}");
    }
    for other in [0x0201_0100, 0x0203_0000, 0x0280_0020, 0x0400_040E, 0x0400_0503, 0x0400_1004, 0x0000_0001] {
        assert_eq!(said(other), Err(4), "{other:08X}");
    }
    let address = Frame::request(Address::WILDCARD, function::READ_ADDRESS, vec![]);
    assert!(!answer(&shut, &address).unwrap().control.is_refusal());
}

/// A block has the items in their order, and keeps the place of those that are not there.
#[test]
fn blocks_are_read_in_one_answer() {
    let state = state();
    let block =
        |id: u32| hex::encode_upper(&ask(&state, function::READ, &Identifier(id).bytes()).unwrap().data);
    assert_eq!(block(0x0001_FF00), "00FF0100 67452301 67452301 00000000 00000000 00000000".replace(' ', ""));
    assert_eq!(block(0x0201_FF00), "00FF0102 0022 FFFF FFFF".replace(' ', ""));
    assert_eq!(block(0x0203_FF00), "00FF0302 000001 000001 FFFFFF FFFFFF".replace(' ', ""));
    assert_eq!(block(0x0400_05FF), "FF050004 0000 0000 0002 0000 0000 0000 0000".replace(' ', ""));
}

#[test]
fn refusals_have_the_word_of_their_cause() {
    let state = state();
    let word = |function: u8, data: &[u8]| {
        let found = ask(&state, function, data).unwrap();
        assert_eq!(found.control, Control::refusal(function));
        found.data
    };
    assert_eq!(word(function::READ, &[1, 2, 3]), [1], "no whole identifier");
    assert_eq!(word(function::READ, &Identifier(0x0000_0001).bytes()), [2], "no month before");
    assert_eq!(word(function::READ, &Identifier(0xFFFF_FFFF).bytes()), [2]);
    assert_eq!(word(function::READ, &[0, 0, 1, 0, 9, 9]), [1], "a length that nothing has");
    assert_eq!(word(function::READ_ON, &[0, 0, 1, 0, 1]), [2], "nothing is left to read");
    assert_eq!(word(function::WRITE, &[0; 16]), [4]);
    assert_eq!(word(function::CONTROL, &[0; 16]), [4]);
    assert_eq!(word(function::SPEED, &[8]), [8]);
    assert_eq!(word(0x1F, &[]), [1]);
    assert_eq!(word(function::READ_ADDRESS, &[]), [1], "who knows the address need not read it");
}

#[test]
fn the_address_is_read_by_the_wildcard_alone() {
    let state = state();
    let found =
        answer(&facts(&state), &Frame::request(Address::WILDCARD, function::READ_ADDRESS, vec![])).unwrap();
    assert_eq!((found.address, found.control.0), (Address(NUMBER), 0x93));
    assert_eq!(found.data, NUMBER.iter().rev().copied().collect::<Vec<u8>>());
}

#[test]
fn a_meter_is_silent_where_it_is_not_meant() {
    let state = state();
    let silent = |frame: Frame| assert_eq!(answer(&facts(&state), &frame), None, "{frame:?}");
    let id = Identifier(0x0001_0000).bytes().to_vec();
    silent(Frame::request(Address([0x99; 6]), function::READ, id.clone()));
    silent(Frame::request(Address::BROADCAST, function::BROADCAST_TIME, vec![0; 6]));
    silent(Frame::request(Address(NUMBER), function::BROADCAST_TIME, vec![0; 6]));
    let mut other = NUMBER;
    other[5] ^= 1;
    silent(Frame::request(Address(other), function::READ, id.clone()));
    silent(Frame { address: Address(NUMBER), control: Control::answer(function::READ, false), data: id });
}

proptest! {
    /// Whatever is asked: an answer or refusal from this meter to this function, or silence.
    #[test]
    fn any_frame_is_answered_in_kind(control in any::<u8>(), data in prop::collection::vec(any::<u8>(), 0..40), to in 0..3_u8) {
        let state = state();
        let address = [Address(NUMBER), Address::WILDCARD, Address::BROADCAST][usize::from(to)];
        let frame = Frame { address, control: Control(control), data };
        if let Some(found) = answer(&facts(&state), &frame) {
            prop_assert_eq!(found.address, Address(NUMBER));
            prop_assert_eq!(found.control.function(), frame.control.function());
            prop_assert!(found.control.is_answer() && !frame.control.is_answer() && to != 2);
            prop_assert_eq!(found.data.len() == 1, found.control.is_refusal());
            prop_assert!(found.to_bytes().is_ok());
        }
    }
}
