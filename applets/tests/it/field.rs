//! What meters of the field send to their ESAM: the list of gaps of docs/specs/esam.md, wanted answer by wanted answer, what a
//! phone that passes commands on can do with them, and the same purse whichever way money comes.

use super::rights::{NUMBER, SUITE, finished, key};
use cos::journal::USER_PAGE;
use cos::{Card, Nvm, PAGE, PowerLoss, RamNvm};
use gridcard_applets::program_of;
use keys::hierarchy::{Use, use_key};
use keys::{Key, Role};
use scheme::field::{
    self, FACTORY_FACTOR, KEY_BLOCK, KeyBlock, KeyHolder, Source, command_mac, statement_mac,
};
use scheme::numbers::MeterNumber;
use scheme::profile::{BIRTH_KEY, CardKind, ESAM_KEYS};
use std::cell::Cell;
use std::rc::Rc;

const SERIAL: [u8; 8] = [7; 8];
/// What the counting source gives for 4 bytes.
const RANDOM: [u8; 4] = [1, 2, 3, 4];
const CUSTOMER: [u8; 6] = [0x33, 0x02, 0x00, 0x00, 0x12, 0x34];

fn role(role: Role) -> Key {
    key(ESAM_KEYS.iter().find(|row| row.role == role.code()).unwrap())
}

fn own_master() -> Key {
    key(&ESAM_KEYS[0])
}

fn again(bytes: Vec<u8>) -> Card<RamNvm> {
    Card::new(RamNvm::from_bytes(bytes), super::counting(), program_of).unwrap()
}

/// A card with a session of the field begun.
fn begun(made: &Card<RamNvm>) -> Card<RamNvm> {
    let mut card = again(made.nvm().bytes().to_vec());
    card.power_on().unwrap();
    random(&mut card);
    card
}

fn random(card: &mut Card<RamNvm>) {
    assert_eq!(card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x04]), [1, 2, 3, 4, 0x90, 0x00]);
}

fn send(card: &mut Card<RamNvm>, bytes: &[u8]) -> u16 {
    u16::from_be_bytes(*card.transmit(bytes).last_chunk().unwrap())
}

/// What a command answers whose data has to be fetched.
fn fetch(card: &mut Card<RamNvm>, bytes: &[u8]) -> Vec<u8> {
    let [0x61, len] = card.transmit(bytes)[..] else { panic!("{}", hex::encode_upper(bytes)) };
    let answer = card.transmit(&[0x00, 0xC0, 0x00, 0x00, len]);
    let (data, sw) = answer.split_last_chunk::<2>().unwrap();
    assert_eq!(*sw, [0x90, 0x00]);
    data.to_vec()
}

/// A command with its MAC.
fn sealed(key: &Key, header: [u8; 5], data: &[u8]) -> Vec<u8> {
    let code = command_mac(&use_key(key, Use::FieldMac), RANDOM, &header, data);
    [&header, data, &code[..4]].concat()
}

fn increase(amount: u32, count: u32) -> Vec<u8> {
    sealed(&role(Role::Kid), field::INCREASE, &[amount.to_be_bytes(), count.to_be_bytes()].concat())
}

fn customer() -> Vec<u8> {
    sealed(&role(Role::Param), field::Span::CUSTOMER.write(), &CUSTOMER)
}

fn control(plain: &[u8]) -> Vec<u8> {
    [&field::CONTROL[..], &field::enciphered(&role(Role::Control), RANDOM, &field::CONTROL, plain)].concat()
}

fn purse(card: &mut Card<RamNvm>) -> [u32; 3] {
    [1, 2, 3].map(|record| {
        let answer = card.transmit(&[0x00, 0xB2, record, 0x0C, 0x04]);
        u32::from_be_bytes(*answer.first_chunk().unwrap())
    })
}

fn opened() -> Card<RamNvm> {
    let mut card = begun(&finished(CardKind::Esam));
    assert_eq!(send(&mut card, &customer()), 0x9000);
    assert_eq!(send(&mut card, &increase(50_00, 1)), 0x9000);
    card
}

/// Every call of a meter's own firmware that had another answer than it wants.
#[test]
fn the_firmware_of_a_meter_gets_the_answers_it_wants() {
    let mut card = begun(&finished(CardKind::Esam));
    let number = card.transmit(&hex::decode("00B0990108").unwrap());
    assert_eq!(number, [&SERIAL[..], &[0x90, 0x00]].concat());
    assert_eq!(card.transmit(&hex::decode("00B0821E06").unwrap()), [&NUMBER[..], &[0x90, 0x00]].concat());
    let factor = field::factor(MeterNumber(NUMBER));
    assert_eq!(send(&mut card, &[&[0x80, 0xFA, 0x00, 0x03, 0x08], &factor[..]].concat()), 0x9000);
    let answer = fetch(&mut card, &[&[0x80, 0xFA, 0x00, 0x00, 0x08], &[0xA5; 8][..]].concat());
    let wanted = field::cryptogram(&field::identity_key(&role(Role::IntAuth), &factor), &[0xA5; 8]);
    assert_eq!(answer, wanted);
    // The infrared reader's proof.
    let random8 = card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x08]);
    let proof = field::cryptogram(&field::infrared_key(&role(Role::ExtAuth)), random8.first_chunk().unwrap());
    let command = [&[0x00, 0x82, 0x00, 0x08, 0x08], &proof[..]].concat();
    assert_eq!(send(&mut card, &command), 0x9000);
    assert_eq!(send(&mut card, &command), 0x6985, "its random bytes are spent");
    // Files and purse with a MAC, for the station.
    assert_eq!(send(&mut card, &customer()), 0x9000);
    let state = use_key(&role(Role::Param), Use::FieldState);
    let asked =
        |header: [u8; 5], asked: [u8; 5]| [&header[..], &[0xB0, 0xB1, 0xB2, 0xB3], &asked, &factor].concat();
    let header = field::statement_header(0, 4).unwrap();
    for (record, source) in [(1, Source::MONEY), (3, Source::COUNT)] {
        let answer = fetch(&mut card, &asked([0x04, 0xB2, record, 0x0C, 0x11], header));
        let wanted = statement_mac(&state, [0xB0, 0xB1, 0xB2, 0xB3], source, &header, &[0; 4]);
        assert_eq!(answer, [&[0; 4], &wanted[..]].concat());
    }
    let header = field::statement_header(0x24, 6).unwrap();
    let answer = fetch(&mut card, &asked([0x04, 0xB0, 0x82, 0x24, 0x11], header));
    let wanted = statement_mac(&state, [0xB0, 0xB1, 0xB2, 0xB3], Source::file(2), &header, &CUSTOMER);
    assert_eq!(answer, [&CUSTOMER[..], &wanted].concat());
    // Parameters, control, money.
    assert_eq!(
        send(&mut card, &sealed(&role(Role::Param), field::Span::VALIDITY.write(), &[0x00, 0x30])),
        0x9000
    );
    assert_eq!(send(&mut card, &control(&hex::decode("1A00140730104001").unwrap())), 0x9000);
    assert_eq!(
        card.transmit(&hex::decode("00B0880008").unwrap()),
        hex::decode("1A001407301040019000").unwrap()
    );
    assert_eq!(send(&mut card, &increase(50_00, 1)), 0x9000);
    for debit in ["803000040400000001", "8030010C0400000001", "8030010C0500000001C3", "803001140500000001CB"]
    {
        let sum = debit.len() == 20;
        let bytes = hex::decode(debit).unwrap();
        let mut right = bytes.clone();
        if sum {
            right[9] = right[..9].iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
            let mut wrong = right.clone();
            wrong[9] ^= 1;
            assert_eq!(send(&mut card, &wrong), 0x6A80, "{debit}");
        }
        assert_eq!(send(&mut card, &right), 0x9000, "{debit}");
    }
    assert_eq!(purse(&mut card), [49_96, 50_00, 1]);
    let refund = fetch(&mut card, &sealed(&role(Role::Kid), field::REFUND, &[0, 0, 0, 96]));
    let rest = statement_mac(&state, RANDOM, Source::REFUND, &field::REFUND, &[0, 0, 0x13, 0x24]);
    assert_eq!(refund, [&[0, 0, 0x13, 0x24], &rest[..]].concat());
    // A frame of keys, and what the meter writes without a MAC.
    let frame = sealed(&own_master(), field::KEY_FRAME, &[&factor[..], &[0x5A; 36]].concat());
    assert_eq!(send(&mut card, &frame), 0x9000);
    for (write, read) in [("00D6850004000000FF", "00B0850004"), ("00D6872A052611271200", "00B0872A05")] {
        let bytes = hex::decode(write).unwrap();
        assert_eq!(send(&mut card, &bytes), 0x9000);
        let answer = card.transmit(&hex::decode(read).unwrap());
        assert_eq!(answer[..answer.len() - 2], bytes[5..]);
    }
    // The user card is told what the meter says, under a header of the card's.
    let run = [0x04, 0xD6, 0x85, 0x00, 0x35];
    assert_eq!(fetch(&mut card, &asked([0x04, 0xB0, 0x87, 0x00, 0x11], run)).len(), 0x35);
    // File 02 is whole: its sum fits, its customer and meter are the account's.
    let file = card.transmit(&hex::decode("00B082002F").unwrap());
    let sum = file[1..0x2D].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!((file[0], file[0x2D], file[0x2E], &file[0x2B..0x2D]), (0x68, sum, 0x16, &[0x00, 0x30][..]));
}

/// A factor of another meter, of no meter, and the factory's on a card whose keys are formal: no key is derived by it.
#[test]
fn a_factor_of_another_meter_derives_nothing() {
    let mut card = begun(&finished(CardKind::Esam));
    let derive = |factor: [u8; 8]| [&[0x80, 0xFA, 0x00, 0x03, 0x08], &factor[..]].concat();
    assert_eq!(send(&mut card, &derive(FACTORY_FACTOR)), 0x9000);
    for factor in [
        [0; 8],
        [0xC0, 0, 0, 1, 0x33, 0x02, 0, 0],
        [0, 1, 0x33, 0x02, 0, 0, 0, 1],
        [0, 0, 0x33, 0x02, 0, 0, 0, 2],
    ] {
        assert_eq!(send(&mut card, &derive(factor)), 0x6A80);
        let read =
            [&[0x04, 0xB2, 0x01, 0x0C, 0x11, 1, 2, 3, 4, 0x04, 0xD6, 0x86, 0x00, 0x10], &factor[..]].concat();
        assert_eq!(send(&mut card, &read), 0x6A80);
    }
}

/// What the ESAM states is a MAC for no header that it takes itself, whatever a meter wrote into its run file.
#[test]
fn a_read_gives_no_mac_of_a_command() {
    let mut card = begun(&finished(CardKind::Esam));
    assert_eq!(send(&mut card, &customer()), 0x9000);
    // Amount and count of a recharge, as the run file would hold them.
    assert_eq!(send(&mut card, &hex::decode("00D6870008000F423F00000001").unwrap()), 0x9000);
    let factor = field::factor(MeterNumber(NUMBER));
    for header in [
        field::INCREASE,
        field::Span::CUSTOMER.write(),
        field::CONTROL,
        field::KEY_FRAME,
        [0x04, 0xD6, 0x82, 0x04, 0x0C],
    ] {
        let read = [&[0x04, 0xB0, 0x87, 0x00, 0x11], &RANDOM[..], &header, &factor].concat();
        assert_eq!(send(&mut card, &read), 0x6A80);
    }
    let header = field::statement_header(0, 8).unwrap();
    let stated = fetch(&mut card, &[&[0x04, 0xB0, 0x87, 0x00, 0x11], &RANDOM[..], &header, &factor].concat());
    assert_eq!(send(&mut card, &[&field::INCREASE[..], &stated].concat()), 0x6988);
    assert_eq!(purse(&mut card), [0; 3]);
}

/// Four keys: a MAC of one of them moves nothing of another, and no bit of a command can be changed.
#[test]
fn a_changed_command_changes_nothing() {
    let made = opened();
    let keys = [role(Role::Kid), role(Role::Param), role(Role::Control), own_master()];
    let right = |command: &[u8], key: &Key| {
        let (header, data) = command.split_first_chunk::<5>().unwrap();
        sealed(key, *header, &data[..data.len() - 4])
    };
    let factor = field::factor(MeterNumber(NUMBER));
    let commands = [
        (0, increase(1_00, 2)),
        (0, sealed(&role(Role::Kid), field::REFUND, &[0, 0, 0, 1])),
        (1, sealed(&role(Role::Param), field::Span::VALIDITY.write(), &[0x00, 0x30])),
        (1, sealed(&role(Role::Param), [0x04, 0xD6, 0x83, 0x04, 0x84], &[0x11; 128])),
        (2, control(&hex::decode("1A00140730104001").unwrap())),
        (3, sealed(&own_master(), field::KEY_FRAME, &[&factor[..], &[0x5A; 36]].concat())),
    ];
    for (owner, command) in &commands {
        let before = begun(&made).nvm().bytes().to_vec();
        let unmoved = |bytes: &[u8], what: &str| {
            let mut card = again(before.clone());
            card.power_on().unwrap();
            random(&mut card);
            let sw = send(&mut card, bytes);
            assert!(sw != 0x9000 && sw >> 8 != 0x61, "{what}: {}", hex::encode_upper(bytes));
            assert_eq!(card.nvm().bytes(), before, "{what}: {}", hex::encode_upper(bytes));
        };
        for (n, key) in keys.iter().enumerate().filter(|(n, _)| n != owner) {
            unmoved(&right(command, key), &format!("under key {n}"));
        }
        for bit in 8 * 5..8 * command.len() {
            let mut bent = command.clone();
            bent[bit / 8] ^= 0x80 >> (bit % 8);
            unmoved(&bent, "a bit");
        }
        let mut card = begun(&made);
        let sw = send(&mut card, command);
        assert!(sw == 0x9000 || sw >> 8 == 0x61, "{}: {sw:04X}", hex::encode_upper(command));
    }
}

/// A recorded session is worth nothing under another random, and within one no earlier command comes back.
#[test]
fn a_recorded_command_is_taken_once() {
    let made = opened();
    let off = control(&hex::decode("1A00140730104001").unwrap());
    let on = control(&hex::decode("1C00140730104001").unwrap());
    let mut card = begun(&made);
    for (command, sw) in [(&off, 0x9000), (&off, 0x9000), (&on, 0x9000), (&off, 0x6985), (&on, 0x9000)] {
        assert_eq!(send(&mut card, command), sw);
    }
    let recharge = increase(1_00, 2);
    assert_eq!(send(&mut card, &recharge), 0x9000);
    assert_eq!(send(&mut card, &recharge), 0x6985);
    let refund = sealed(&role(Role::Kid), field::REFUND, &[0, 0, 0, 1]);
    assert_eq!(send(&mut card, &refund), 0x6108);
    assert_eq!(send(&mut card, &refund), 0x6985, "no money twice");
    // A reset and no random: nothing is taken. The counting source gives the same random again, so the count alone stands there.
    card.power_on().unwrap();
    for command in [&off, &recharge, &refund] {
        assert_eq!(send(&mut card, command), 0x6985);
    }
    random(&mut card);
    assert_eq!(send(&mut card, &recharge), 0x9E17);
    assert_eq!(purse(&mut card), [50_99, 51_00, 2]);
}

/// The rules of money, whichever command brings it: customer first, count after count, never above the ceiling.
#[test]
fn money_follows_the_count() {
    let made = finished(CardKind::Esam);
    let mut card = begun(&made);
    assert_eq!(send(&mut card, &increase(1_00, 1)), 0x9E15, "nobody's");
    assert_eq!(send(&mut card, &customer()), 0x9000);
    assert_eq!(send(&mut card, &increase(1_00, 2)), 0x9E37);
    assert_eq!(send(&mut card, &increase(1_000_000_00, 1)), 0x9E21);
    assert_eq!(send(&mut card, &increase(999_999_99, 1)), 0x9000);
    assert_eq!(send(&mut card, &increase(1, 1)), 0x9E17);
    assert_eq!(send(&mut card, &increase(1, 2)), 0x9E21);
    assert_eq!(send(&mut card, &increase(0, 2)), 0x9000);
    let other = sealed(&role(Role::Param), field::Span::CUSTOMER.write(), &[0x33, 0x02, 0, 0, 0x12, 0x35]);
    assert_eq!(send(&mut card, &other), 0x9E12, "an open account keeps its customer");
    let meter = sealed(&role(Role::Param), [0x04, 0xD6, 0x82, 0x1E, 0x0A], &[0x33, 0x02, 0, 0, 0, 2]);
    assert_eq!(send(&mut card, &meter), 0x9E11);
    // Test money begins anew: the count ends the account.
    let set =
        |record, value: u32| sealed(&role(Role::Kid), [0x04, 0xDC, record, 0x0C, 0x08], &value.to_be_bytes());
    assert_eq!(send(&mut card, &set(1, 5_00)), 0x9000);
    assert_eq!(send(&mut card, &set(3, 1)), 0x6A80);
    assert_eq!(send(&mut card, &set(3, 0)), 0x9000);
    assert_eq!(purse(&mut card), [5_00, 0, 0]);
    assert_eq!(send(&mut card, &increase(1_00, 1)), 0x9E15, "nobody's again");
    assert_eq!(send(&mut card, &increase(999_999_99, 1)), 0x6985, "that MAC was taken");
}

fn next_keys() -> Vec<(u8, Key, [u8; KEY_BLOCK])> {
    let holder = KeyHolder { number: NUMBER, serial: SERIAL };
    let of = |version| {
        ESAM_KEYS.iter().map(move |row| {
            let key = Key::from_16(SUITE, [row.kind ^ row.id ^ version; 16]);
            let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum: 8, key: key.clone() };
            let p2 = if row.role == 0 { 0x00 } else { 0xFF };
            (p2, key, block.seal(&own_master(), &holder))
        })
    };
    of(2).collect()
}

fn download(p2: u8, block: &[u8]) -> Vec<u8> {
    [&[0x84, 0xD4, 0x01, p2, 0x20], block].concat()
}

/// A set of keys takes the place of the one in use when it is whole, and not a key of it before; account, money and count stay.
#[test]
fn downloaded_keys_take_their_place_together() {
    let made = opened();
    let keys = next_keys();
    let mut card = begun(&made);
    let version = |card: &mut Card<RamNvm>| card.transmit(&[0x80, 0x48, 0x35, 0x04, 0x06])[1];
    for (n, (p2, _, block)) in keys.iter().enumerate() {
        assert_eq!(version(&mut card), 1, "key {n}");
        assert_eq!(send(&mut card, &download(*p2, block)), 0x9000, "key {n}");
        if n == 3 {
            assert_eq!(send(&mut card, &download(*p2, block)), 0x9000, "once more does no harm");
        }
    }
    assert_eq!(version(&mut card), 2);
    assert_eq!(purse(&mut card), [50_00, 50_00, 1]);
    assert_eq!(send(&mut card, &increase(1_00, 2)), 0x6985, "the old session is over");
    random(&mut card);
    assert_eq!(send(&mut card, &increase(1_00, 2)), 0x6988, "and so are the old keys");
    let kid = keys.iter().zip(ESAM_KEYS).find(|(_, row)| row.role == Role::Kid.code()).unwrap().0.1.clone();
    let data = [1_00_u32.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    assert_eq!(send(&mut card, &sealed(&kid, field::INCREASE, &data)), 0x9000);
    // The same set again is sealed under a master that is gone.
    assert_eq!(send(&mut card, &download(0, &keys[0].2)), 0x6988);
}

#[test]
fn a_download_that_breaks_off_or_is_another_cards_changes_nothing() {
    let made = opened();
    let keys = next_keys();
    let mut card = begun(&made);
    assert_eq!(send(&mut card, &download(0xFF, &keys[1].2)), 0x6985, "the first is missing");
    assert_eq!(send(&mut card, &download(0xFF, &keys[0].2)), 0x6981);
    assert_eq!(send(&mut card, &download(0x00, &keys[1].2)), 0x6981);
    assert_eq!(send(&mut card, &download(0x01, &keys[0].2)), 0x6A86);
    for bit in 0..8 * KEY_BLOCK {
        let mut bent = keys[0].2;
        bent[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(send(&mut card, &download(0x00, &bent)), 0x6988, "bit {bit}");
    }
    let seal = |holder: KeyHolder, version, sum| {
        let row = &ESAM_KEYS[0];
        let block = KeyBlock { kind: row.kind & 0x3F, id: row.id, version, sum, key: key(row) };
        download(0x00, &block.seal(&own_master(), &holder))
    };
    let own = KeyHolder { number: NUMBER, serial: SERIAL };
    assert_eq!(send(&mut card, &seal(KeyHolder { serial: [8; 8], ..own }, 2, 8)), 0x6988);
    assert_eq!(send(&mut card, &seal(KeyHolder { number: [0x33, 2, 0, 0, 0, 2], ..own }, 2, 8)), 0x6988);
    assert_eq!(send(&mut card, &seal(own, 1, 8)), 0x9E41);
    assert_eq!(send(&mut card, &seal(own, 2, 9)), 0x6A80);
    let born = KeyBlock { kind: 0x35, id: BIRTH_KEY.id, version: 2, sum: 8, key: own_master() };
    assert_eq!(send(&mut card, &download(0xFF, &born.seal(&own_master(), &own))), 0x6A88);
    // Seven of eight and a reset: the old keys are in use, and the set begins with its first again.
    for (p2, _, block) in &keys[..7] {
        assert_eq!(send(&mut card, &download(*p2, block)), 0x9000);
    }
    card.power_on().unwrap();
    random(&mut card);
    assert_eq!(send(&mut card, &increase(1_00, 2)), 0x9000);
    assert_eq!(send(&mut card, &download(0xFF, &keys[7].2)), 0x6985);
    for (p2, _, block) in &keys {
        assert_eq!(send(&mut card, &download(*p2, block)), 0x9000);
    }
    assert_eq!(purse(&mut card), [51_00, 51_00, 2]);
}

/// A session of 64 commands with a MAC asks for another random.
#[test]
fn a_random_does_not_serve_for_ever() {
    let mut card = begun(&opened());
    for minutes in 0..64_u8 {
        let data = [minutes / 10, minutes % 10];
        assert_eq!(
            send(&mut card, &sealed(&role(Role::Param), field::Span::VALIDITY.write(), &data)),
            0x9000
        );
    }
    assert_eq!(
        send(&mut card, &sealed(&role(Role::Param), field::Span::VALIDITY.write(), &[0x99, 0x99])),
        0x6985
    );
    random(&mut card);
    assert_eq!(
        send(&mut card, &sealed(&role(Role::Param), field::Span::VALIDITY.write(), &[0x99, 0x99])),
        0x9000
    );
}

/// An EEPROM whose supply fails at a write: it is not done, or torn in the middle.
struct Failing {
    ram: RamNvm,
    left: Rc<Cell<usize>>,
    torn: bool,
}

impl Nvm for Failing {
    fn bytes(&self) -> &[u8] {
        self.ram.bytes()
    }

    fn program(&mut self, page: usize, data: &[u8; PAGE]) -> Result<(), PowerLoss> {
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            return self.ram.program(page, data);
        }
        if self.torn {
            let mut half = *data;
            half[PAGE / 2..].fill(0xFF);
            self.ram.program(page, &half)?;
        }
        Err(PowerLoss)
    }
}

fn files(bytes: &[u8]) -> &[u8] {
    &bytes[USER_PAGE * PAGE..]
}

/// The supply fails at every page write of every command that changes something: the card is as before or as after.
#[test]
fn a_supply_that_fails_leaves_a_card_as_before_or_as_after() {
    let factor = field::factor(MeterNumber(NUMBER));
    let mut script = vec![
        customer(),
        increase(50_00, 1),
        sealed(&role(Role::Param), field::Span::VALIDITY.write(), &[0x00, 0x30]),
        sealed(&role(Role::Param), [0x04, 0xD6, 0x83, 0x04, 0x84], &[0x11; 128]),
        control(&hex::decode("1A00140730104001").unwrap()),
        hex::decode("803000040400000001").unwrap(),
        sealed(&role(Role::Kid), field::REFUND, &[0, 0, 0, 1]),
        hex::decode("00D6872A052611271200").unwrap(),
        increase(1_00, 2),
        sealed(&role(Role::Kid), [0x04, 0xDC, 1, 0x0C, 8], &[0, 0, 0, 9]),
        sealed(&own_master(), field::KEY_FRAME, &[&factor[..], &[0x5A; 36]].concat()),
        sealed(&role(Role::Kid), [0x04, 0xDC, 3, 0x0C, 8], &[0; 4]),
    ];
    script.extend(next_keys().iter().map(|(p2, _, block)| download(*p2, block)));
    let made = finished(CardKind::Esam);
    let mut cuts = 0;
    for torn in [false, true] {
        for n in 0..script.len() {
            let mut card = begun(&made);
            for command in &script[..n] {
                let sw = send(&mut card, command);
                assert!(sw == 0x9000 || sw >> 8 == 0x61, "{}: {sw:04X}", hex::encode_upper(command));
            }
            let before = card.nvm().bytes().to_vec();
            send(&mut card, &script[n]);
            let after = card.nvm().bytes().to_vec();
            for left in 0.. {
                // What a session keeps is lost with the power, so the way up to the command is walked again, unharmed.
                let ram = RamNvm::from_bytes(made.nvm().bytes().to_vec());
                let fuse = Rc::new(Cell::new(usize::MAX));
                let failing = Failing { ram, left: fuse.clone(), torn };
                let mut card = Card::new(failing, super::counting(), program_of).unwrap();
                card.power_on().unwrap();
                card.transmit(&[0x00, 0x84, 0x00, 0x00, 0x04]);
                script[..n].iter().for_each(|command| drop(card.transmit(command)));
                fuse.set(left);
                let answer = card.transmit(&script[n]);
                if !answer.is_empty() {
                    break;
                }
                cuts += 1;
                let mut card = again(card.nvm().bytes().to_vec());
                card.power_on().unwrap();
                let found = files(card.nvm().bytes());
                let is = found == files(&before) || found == files(&after);
                assert!(is, "command {n}, {left} writes done, torn {torn}");
            }
        }
    }
    assert!(cuts > 100, "{cuts}");
}
