//! Every row of the command table against every kind of current file, every register state, and lengths and parameters on
//! both sides of every limit. The table, read here once more, says which generic error a command must get; beyond that, an
//! error changes nothing.

use super::desk::{self, Desk, apdu, key, unhex};
use super::furnished::{APP, REGISTER_IDS, fill, furnish, registers, sfi};
use super::random::Random;
use super::tree::live;
use super::{BARE, bare, entropy};
use gridcard_cos::table::{Case, Class, CommandRow, Params};
use gridcard_cos::{Card, Nvm, RamNvm};
use keys::Suite;

const SUITE: Suite = Suite::TripleDes;
const SEED: u64 = 0x7AB1_E5EED;

/// What stops every command of a kind before its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocked {
    No,
    Application,
    Card,
}

/// The current file; `None`: a reset and no SELECT.
const CURRENT: [Option<u16>; 12] = [
    None,
    Some(0x3F00),
    Some(0x2F01),
    Some(sfi::BINARY as u16),
    Some(sfi::BINARY_MAC as u16),
    Some(sfi::BINARY_SEALED as u16),
    Some(sfi::FIXED as u16),
    Some(sfi::CYCLIC as u16),
    Some(sfi::VARIABLE as u16),
    Some(0x0002),
    Some(sfi::GUARDED as u16),
    Some(sfi::MASTER_GUARDED as u16),
];

/// The status word of the generic checks, from the columns of the table; `None`: the handler decides.
fn predicted(command: &[u8], blocked: Blocked) -> Option<u16> {
    let (data, []) = parse(command)? else { return Some(0x6700) };
    let [cla, ins, p1, p2] = [command[0], command[1], command[2], command[3]];
    let rows: Vec<&CommandRow> = BARE.commands.iter().chain(BARE.dialect.main.commands).collect();
    let fits = |row: &&&CommandRow| match row.class {
        Class::Only(class) => cla == class,
        Class::Securable(class) => cla == class || cla == class + 4,
    };
    if !rows.iter().any(|row| fits(&row)) {
        return Some(0x6E00);
    }
    let named: Vec<_> = rows.iter().filter(|row| fits(row) && row.ins == ins).collect();
    let Some(row) = named.iter().find(|row| takes(row.params, p1, p2)).or(named.first()) else {
        return Some(0x6D00);
    };
    let (least, most, none) = match row.case {
        Case::One | Case::Two => (0, 0, true),
        Case::Three(least, most) | Case::Four(least, most) => (least, most, least == 0),
        Case::TwoOrFour(least, most) => (least, most, true),
    };
    let right_length = if data == 0 { none } else { data >= usize::from(least) && data <= usize::from(most) };
    match blocked {
        Blocked::Card => return Some(0x6A81),
        Blocked::Application if !row.when_blocked => return Some(0x6A81),
        _ => {}
    }
    match (takes(row.params, p1, p2), right_length) {
        (false, _) => Some(0x6A86),
        (_, false) => Some(0x6700),
        _ => None,
    }
}

/// Bytes of data, and a marker that is not empty when the APDU has no form at all.
fn parse(command: &[u8]) -> Option<(usize, &[u8])> {
    Some(match command.len() {
        0..4 => (0, &[1]),
        4 | 5 => (0, &[]),
        _ if command[4] == 0 => (0, &[1]),
        len if len == 5 + usize::from(command[4]) || len == 6 + usize::from(command[4]) => {
            (usize::from(command[4]), &[])
        }
        _ => (0, &[1]),
    })
}

fn takes(params: Params, p1: u8, p2: u8) -> bool {
    match params {
        Params::Any => true,
        Params::Exactly(a, b) => (p1, p2) == (a, b),
        Params::P1(a) => p1 == a,
        Params::P2(b) => p2 == b,
        Params::P1UpTo(a) => p1 <= a,
    }
}

/// A prepared card, made anew whenever a command succeeded.
struct Bench {
    image: Vec<u8>,
    blocked: Blocked,
}

impl Bench {
    fn new(blocked: Blocked) -> Self {
        let mut desk = Desk::new(SUITE);
        furnish(&mut desk, SUITE);
        registers(&mut desk, SUITE);
        fill(&mut desk);
        let line = key(SUITE, 0x36, 0);
        match blocked {
            Blocked::No => {}
            Blocked::Application => {
                // the MF itself: files of every kind stand there
                desk.maced(&line, [0x84, 0x1E, 0x00, 0x00], &[], 0x9000);
            }
            Blocked::Card => {
                desk.maced(&line, [0x84, 0x16, 0x00, 0x00], &[], 0x9000);
            }
        }
        Bench { image: desk.image(), blocked }
    }

    /// The card with a register state and a current file; both as far as a blocked card lets them come.
    fn card(&self, state: u8, current: Option<u16>) -> Card<RamNvm> {
        let nvm = RamNvm::from_bytes(self.image.clone());
        let mut card = Card::new(nvm, entropy(&super::Random::default()), bare).unwrap();
        card.power_on().unwrap();
        let mut commands = vec![apdu([0x00, 0x20, 0x00, REGISTER_IDS + state], &[&[0x12, 0x34, state]])];
        commands.extend(current.map(|fid| apdu([0x00, 0xA4, 0x00, 0x00], &[&fid.to_be_bytes()])));
        for command in commands {
            let answer = card.transmit(&command);
            assert!(
                self.blocked != Blocked::No || answer.ends_with(&[0x90, 0x00]),
                "{command:02X?}: {answer:02X?}"
            );
        }
        card
    }
}

/// Classes, parameters and lengths around what a row takes; every combination of two of them off.
fn variants(row: &CommandRow, random: &mut Random) -> Vec<Vec<u8>> {
    let (Class::Only(class) | Class::Securable(class)) = row.class;
    let (least, most) = match row.case {
        Case::One | Case::Two => (0, 0),
        Case::Three(least, most) | Case::Four(least, most) | Case::TwoOrFour(least, most) => {
            (usize::from(least), usize::from(most))
        }
    };
    let mut lengths =
        vec![0, least.saturating_sub(1), least, least + 1, (least + most) / 2, most, (most + 1).min(255)];
    lengths.sort_unstable();
    lengths.dedup();
    let fixed = match row.params {
        Params::Any => {
            vec![[0, 0], [0, 1], [1, 0], [0x80 | sfi::BINARY, 0], [1, sfi::FIXED << 3 | 4], [0x39, 1]]
        }
        Params::Exactly(a, b) => vec![[a, b], [a ^ 1, b], [a, b ^ 1]],
        Params::P1(a) => vec![[a, 0], [a, 1], [a, REGISTER_IDS], [a ^ 0x80, 0]],
        Params::P2(b) => vec![[0, b], [1, b], [3, b], [0, b ^ 1]],
        Params::P1UpTo(a) => vec![[0, 0], [a, 0], [a, 1], [a + 1, 0]],
    };
    let mut all = Vec::new();
    for class in [class, class ^ 0x04, class ^ 0x80, class | 0x01, 0xA0] {
        for [p1, p2] in &fixed {
            for len in &lengths {
                let mut bytes = vec![class, row.ins, *p1, *p2];
                if *len > 0 {
                    bytes.push(*len as u8);
                    bytes.extend(random.bytes(*len));
                }
                let le = random.pick(&[None, Some(0), Some(1), Some(8)]);
                bytes.extend(le);
                all.push(bytes);
            }
        }
    }
    all.push(vec![class, row.ins, 0]);
    all.push(vec![class, row.ins, 0, 0, 0, 0]);
    all.push(vec![class, row.ins, 0, 0, 5, 1, 2]);
    all.push(vec![class, row.ins ^ 0x08, 0x77, 0x77]);
    all
}

/// How often what was seen.
#[derive(Default, Debug)]
struct Count {
    commands: usize,
    generic: usize,
    errors: usize,
    good: usize,
}

/// Compares one answer with the table; says whether the card must be made anew.
fn judge(bench: &Bench, card: &mut Card<RamNvm>, command: &[u8], count: &mut Count) -> bool {
    let before = card.nvm().bytes().to_vec();
    let answer = card.transmit(command);
    let sw = u16::from_be_bytes([answer[answer.len() - 2], answer[answer.len() - 1]]);
    let what = || format!("seed {SEED:X}, {:?}, {}: {sw:04X}", bench.blocked, hex::encode_upper(command));
    count.commands += 1;
    match predicted(command, bench.blocked) {
        Some(wanted) => {
            assert_eq!(sw, wanted, "{}, the table says {wanted:04X}", what());
            assert!(before == card.nvm().bytes(), "{}: it changed memory", what());
            count.generic += 1;
            return false;
        }
        None => assert!(!matches!(sw, 0x6E00 | 0x6D00), "{}: the table has it", what()),
    }
    if sw == 0x9000 || sw >> 8 == 0x62 {
        count.good += 1;
        return true;
    }
    count.errors += 1;
    assert_eq!(answer.len(), 2, "{}: data with an error", what());
    if before == card.nvm().bytes() {
        // SELECT of a blocked application answers an error and makes it current all the same
        return bench.blocked != Blocked::No && command[1] == 0xA4;
    }
    let (old, new) = (live(&before), live(card.nvm().bytes()));
    let differ: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    let spends = matches!(sw, 0x63C0..=0x63CF | 0x6988 | 0x9302 | 0x9303);
    let spent = differ.iter().all(|(old, new)| **new + 1 == **old || **new == **old | 0x02);
    assert!(differ.is_empty() || (spends && spent && differ.len() <= 2), "{}: changed {differ:02X?}", what());
    true
}

/// Which register state the keys 30 tell, and what reading the current file gives: asked by commands that change nothing.
fn stands(card: &mut Card<RamNvm>) -> (Vec<bool>, Vec<u8>) {
    let probe = |id: u8| apdu([0x00, 0x88, 0x00, id], &[&[0; 8]]);
    let open = (1..=0x0F)
        .map(|state| card.transmit(&probe(REGISTER_IDS + state)).ends_with(&[0x90, 0x00]))
        .collect();
    (open, card.transmit(&unhex("00B0000001")))
}

fn every_row(blocked: Blocked, states: impl Iterator<Item = u8> + Clone) -> Count {
    let bench = Bench::new(blocked);
    let mut random = Random::new(SEED);
    let mut count = Count::default();
    // a blocked MF does not block the application under it
    let elsewhere = |current: &Option<u16>| blocked == Blocked::Application && *current == Some(0x2F01);
    for current in CURRENT.into_iter().filter(|current| !elsewhere(current)) {
        for state in states.clone() {
            let mut card = bench.card(state, current);
            for row in BARE.rows() {
                let stood = stands(&mut card);
                let mut anew = false;
                for command in variants(row, &mut random) {
                    if anew {
                        card = bench.card(state, current);
                    }
                    if command[0] & 0x04 != 0 && blocked == Blocked::No {
                        card.transmit(&unhex("0084000008"));
                    }
                    anew = judge(&bench, &mut card, &command, &mut count);
                }
                if anew {
                    card = bench.card(state, current);
                }
                assert_eq!(stands(&mut card), stood, "{} moved something by an error", row.name);
            }
        }
    }
    count
}

#[test]
fn every_command_is_checked_as_the_table_says() {
    let count = every_row(Blocked::No, 0..=0x0F);
    println!("seed {SEED:X}: {count:?}");
    assert!(count.generic > 100_000 && count.errors > 50_000 && count.good > 3_000, "{count:?}");
}

#[test]
fn blocked_cards_refuse_before_anything_else() {
    for blocked in [Blocked::Application, Blocked::Card] {
        let count = every_row(blocked, [0, 5].into_iter());
        println!("{blocked:?}: {count:?}");
        assert_eq!(count.good > 0, blocked == Blocked::Application, "{count:?}");
    }
}

/// Rights 53 (read), 97 (write) and 04 (both), on every register of a directory and of the MF.
#[test]
fn rights_open_in_their_states_and_in_no_other() {
    let bench = Bench::new(Blocked::No);
    let not_allowed = [0x69, 0x82];
    for state in 0..=0x0F_u8 {
        for (fid, read, write) in [
            (sfi::GUARDED, (3..=5).contains(&state), (7..=9).contains(&state)),
            (sfi::MASTER_GUARDED, state >= 4, state >= 4),
            (sfi::BINARY, true, true),
        ] {
            let mut card = bench.card(state, Some(u16::from(fid)));
            let reads = card.transmit(&unhex("00B0000001")) != not_allowed;
            let writes = card.transmit(&unhex("00D600000155")) != not_allowed;
            assert_eq!((reads, writes), (read, write), "file {fid:02X} in state {state:X}");
        }
        let mut card = bench.card(state, None);
        let register = stands(&mut card).0.iter().position(|open| *open).map_or(0, |at| at + 1);
        assert_eq!(
            register,
            usize::from(state),
            "the register that a PIN with follow-up state {state:X} leaves"
        );
        // a directory has a register of its own, and the MF's stays
        card.transmit(&apdu([0x00, 0xA4, 0x00, 0x00], &[&APP]));
        assert!(card.transmit(&desk::unhex("00A40000023F00")).ends_with(&[0x90, 0x00]));
        assert_eq!(
            stands(&mut card).0.iter().position(|open| *open).map_or(0, |at| at + 1),
            usize::from(state)
        );
    }
}
