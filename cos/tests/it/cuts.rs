//! The supply fails at every page write of every command that changes memory; the card is then as before the command or as
//! after it. Two broken EEPROMs show that the proof can fail.

use super::desk::{self, Desk, Line, Step, key};
use super::furnished::{APP, furnish, sfi};
use super::supply::{Flaw, Supply, TORN, Torn};
use super::tree::{live, serials};
use super::{BARE, Random, entropy, uicc};
use gridcard_cos::table::Program;
use gridcard_cos::{Card, Nvm, PAGE, Protocol};
use keys::Suite;

/// What a run found.
#[derive(Default)]
struct Report {
    cuts: usize,
    commands: usize,
    violations: Vec<String>,
}

/// Every command of the table that changes memory, in every form.
fn life(suite: Suite) -> Vec<Line> {
    let mut desk = Desk::new(suite);
    furnish(&mut desk, suite);
    writes(&mut desk);
    secrets(&mut desk, suite);
    money(&mut desk);
    application(&mut desk, suite);
    endings(&mut desk, suite);
    desk.lines
}

/// UPDATE and APPEND, plain, with MAC, with cipher text and MAC.
fn writes(desk: &mut Desk) {
    desk.hex("00D6960006 010203040506", 0x9000);
    desk.hex(&format!("00D6857090 {}", "5A".repeat(0x90)), 0x6B00);
    desk.hex(&format!("00D6853090 {}", "5A".repeat(0x90)), 0x9000);
    desk.hex("00D0850004 CAFEBABE", 0x9000);
    desk.line([0x04, 0xD6, 0x80 | sfi::BINARY_MAC, 0x00], &[0x11; 20], false, 0x9000);
    desk.wrongly().line([0x04, 0xD6, 0x80 | sfi::BINARY_MAC, 0x00], &[0x22; 20], false, 0x6988);
    // the MAC is right, the offset is not: no try is lost
    desk.line([0x04, 0xD6, 0x80 | sfi::BINARY_MAC, 0x1F], &[0x22; 20], false, 0x6B00);
    desk.line([0x04, 0xD6, 0x80 | sfi::BINARY_SEALED, 0x08], &[0x33; 13], true, 0x9000);
    desk.reset();
    desk.hex("00DC014413 AABBCCDDEEFF00112233445566778899AABBCC", 0x9000);
    desk.hex("00E2004413 00BBCCDDEEFF00112233445566778899AABBCC", 0x9000);
    desk.hex("00D2024413 11BBCCDDEEFF00112233445566778899AABBCC", 0x9000);
    desk.line([0x04, 0xDC, 0x01, sfi::FIXED_MAC << 3 | 4], &[0x44; 8], false, 0x9000);
    desk.line([0x04, 0xE2, 0x00, sfi::FIXED_MAC << 3 | 4], &[0x55; 8], false, 0x9000);
    desk.reset();
    for first in 0..4 {
        desk.hex(&format!("00E2005410 {first:02X}0102030405060708090A0B0C0D0E0F"), 0x9000);
    }
    desk.hex("00DC005310 F00102030405060708090A0B0C0D0E0F", 0x9000);
    desk.line([0x04, 0xE2, 0x00, sfi::CYCLIC_SEALED << 3 | 4], &[0x66; 8], true, 0x9000);
    desk.reset();
    desk.hex("00E2005806 AA0401020304", 0x9000);
    desk.hex("00E2005805 BB03010203", 0x9000);
    desk.hex("00DCAA5806 AA0404030201", 0x9000);
    desk.hex("00DC035C04 CC020909", 0x9000);
    desk.line([0x04, 0xE2, 0x00, sfi::VARIABLE_SEALED << 3 | 4], &[0xDD, 0x02, 0x01, 0x02], true, 0x9000);
    desk.line([0x04, 0xDC, 0xDD, sfi::VARIABLE_SEALED << 3], &[0xDD, 0x02, 0x03, 0x04], true, 0x9000);
    desk.reset();
}

/// PINs and keys: proved, failed, changed, added.
fn secrets(desk: &mut Desk, suite: Suite) {
    desk.verify(0, "123456", 0x9000);
    desk.wrongly().verify(0, "123456", 0x63C2);
    desk.wrongly().verify(0, "123456", 0x63C1);
    desk.verify(0, "123456", 0x9000);
    desk.reset();
    desk.external(0, 0x9000);
    desk.wrongly().external(1, 0x63C2);
    desk.external(1, 0x9000);
    desk.reset();
    desk.change_pin(0, "123456", "5678", 0x9000);
    desk.wrongly().change_pin(0, "5678", "1111", 0x63C2);
    desk.change_pin(0, "5678", "11223344", 0x9000);
    desk.reload_pin(0, "4321", 0x9000);
    desk.wrongly().reload_pin(0, "4322", 0x9302);
    desk.reload_pin(0, "1234", 0x9000);
    desk.reset();
    for left in [2, 1, 0] {
        desk.wrongly().verify(0, "1234", 0x63C0 + left);
    }
    desk.verify(0, "1234", 0x6983);
    desk.wrongly().unblock_pin(0, "123456", 0x6988);
    desk.unblock_pin(0, "123456", 0x9000);
    desk.reset();
    let master = key(suite, 0x39, 0);
    let plain = |head: [u8; 5], fill: u8| [&head[..], &[fill; 16]].concat();
    desk.send(&desk::apdu([0x80, 0xD4, 0x39, 0x01], &[&plain([0x39, 0xF0, 0xF0, 0x05, 0x33], 9)]), 0x9000);
    desk.sealed_key(0x01, 0x07, &plain([0xF2, 0xF0, 0xF0, 0x01, 0x00], 3), &master, 0x9000);
    desk.sealed_key(0x32, 0x07, &plain([0xF2, 0xF0, 0xF0, 0x02, 0x00], 4), &master, 0x9000);
    desk.sealed_key(0x32, 0x07, &plain([0x32, 0xF0, 0xF0, 0x02, 0x00], 5), &master, 0x9000);
    desk.reset();
}

/// Both purses: load, purchase, cash, unload, overdraft limit, composite purchase, and refusals.
fn money(desk: &mut Desk) {
    desk.verify(0, "123456", 0x9000);
    desk.load(1, 100_000, 0x9000);
    desk.load(2, 5_000, 0x9000);
    desk.wrongly().load(2, 5_000, 0x9302);
    desk.debit([0x01, 0x01], 0x05, 2_500, &[]);
    desk.debit([0x02, 0x01], 0x04, 10_000, &[]);
    desk.reset();
    desk.verify(0, "123456", 0x9000);
    desk.unload(500);
    desk.limit([0x00, 0x04, 0x00]);
    desk.limit([0x00, 0x01, 0x00]);
    desk.reset();
    desk.debit([0x01, 0x02], 0x06, 1, &[]);
    desk.debit([0x03, 0x02], 0x09, 300, &[(0x01, 0x44, &[0xC0; 19])]);
    desk.debit([0x03, 0x02], 0x09, 5, &[(0xAA, 0x58, &[0xAA, 4, 9, 9, 9, 9])]);
    desk.reset();
}

/// A SAM's purchase, then blocking.
fn application(desk: &mut Desk, suite: Suite) {
    let line = key(suite, 0x36, 0);
    desk.send(&desk::apdu([0x00, 0xA4, 0x00, 0x00], &[&APP]), 0x9000);
    desk.hex("807000001C A1A2A3A4 0003 00000032 06 20261122 080000 01 00 1122334455667788", 0x9000);
    desk.maced(&line, [0x84, 0x1E, 0x00, 0x00], &[], 0x9000);
    desk.maced(&line, [0x84, 0x18, 0x00, 0x00], &[], 0x9000);
    desk.wrongly().maced(&line, [0x84, 0x1E, 0x00, 0x00], &[], 0x6988);
    desk.maced(&line, [0x84, 0x1E, 0x00, 0x00], &[], 0x9000);
    desk.wrongly().maced(&line, [0x84, 0x18, 0x00, 0x00], &[], 0x6988);
    desk.wrongly().maced(&line, [0x84, 0x18, 0x00, 0x00], &[], 0x6988);
    desk.wrongly().maced(&line, [0x84, 0x18, 0x00, 0x00], &[], 0x9303);
    desk.reset();
}

/// What has no way back.
fn endings(desk: &mut Desk, suite: Suite) {
    let line = key(suite, 0x36, 0);
    // a second application: erased, written anew, and blocked for good
    desk.hex("80E02F020D 38 0120 F0F096 FFFF 4150503032", 0x9000);
    desk.hex("00A40000022F02", 0x9000);
    desk.hex("80E0000507 28 00A0 F0F0 FFFF", 0x9000);
    desk.hex(&format!("00D68500A0 {}", "77".repeat(0xA0)), 0x9000);
    desk.hex("800E000000", 0x9000);
    desk.hex("80E0000007 3F 0060 96F0 FFFF", 0x9000);
    desk.add_key([0x36, 0xF0, 0xF0, 0xFF, 0x33], 0);
    desk.maced(&line, [0x84, 0x1E, 0x00, 0x01], &[], 0x9000);
    desk.reset();
    desk.maced(&line, [0x84, 0x16, 0x00, 0x00], &[], 0x9000);
    desk.hex("00B0850004", 0x6A81);
    desk.reset();
}

/// What a card of the proof is made of.
struct Chip<'a> {
    program: &'static Program,
    flaw: Flaw,
    /// Random bytes, set before the card asks for them.
    random: &'a Random,
}

impl Chip<'_> {
    /// The card on this EEPROM, without power yet.
    fn card(&self, supply: Supply) -> Card<Supply> {
        // The kernel asks for a program by a plain function; there is one for each program of the proof.
        let program_of: fn(_) -> _ = match self.program.name {
            name if name == BARE.name => |_| Some(&BARE),
            _ => |_| Some(&uicc::UICC),
        };
        Card::new(supply, entropy(self.random), program_of).unwrap()
    }

    /// A card that lets the supply fail after the power came back.
    fn powered(&self, image: &[u8], writes: Option<u32>, torn: Torn) -> Card<Supply> {
        let mut card = self.card(Supply::new(image.to_vec(), self.flaw));
        if card.power_on().is_some() {
            card.nvm_mut().fail_after(writes, torn);
        }
        card
    }

    /// The card after the commands since its last reset: their proofs and their transactions stand.
    fn after(&self, start: &[u8], prefix: &[&Step]) -> Card<Supply> {
        let mut card = self.powered(start, None, Torn::Old);
        for step in prefix {
            tell(&mut card, self.random, step);
        }
        card
    }
}

fn tell(card: &mut Card<Supply>, random: &Random, step: &Step) -> Vec<u8> {
    *random.lock().unwrap() = step.random.to_vec();
    card.transmit(&step.bytes)
}

/// Runs the script; at every command, and every write of it, the supply fails in every way.
fn check(lines: &[Line], program: &'static Program, start: Vec<u8>, flaw: Flaw, torn: &[Torn]) -> Report {
    let mut report = Report::default();
    let random = Random::default();
    let chip = Chip { program, flaw, random: &random };
    let (mut start, mut prefix) = (start, Vec::<&Step>::new());
    for line in lines {
        let Line::Command(step) = line else {
            start = chip.after(&start, &prefix).nvm().bytes().to_vec();
            prefix.clear();
            continue;
        };
        Case { start: &start, prefix: &prefix, step, chip: &chip }.check(torn, &mut report);
        prefix.push(step);
    }
    report
}

fn check_fmcos(lines: &[Line], suite: Suite, flaw: Flaw, torn: &[Torn]) -> Report {
    check(lines, &BARE, desk::manufactured(suite, Protocol::Direct), flaw, torn)
}

/// One command under test.
struct Case<'a> {
    start: &'a [u8],
    prefix: &'a [&'a Step],
    step: &'a Step,
    chip: &'a Chip<'a>,
}

impl Case<'_> {
    fn check(&self, torn: &[Torn], report: &mut Report) {
        let mut whole = self.chip.after(self.start, self.prefix);
        let before = whole.nvm().bytes().to_vec();
        whole.nvm_mut().count();
        let answer = tell(&mut whole, self.chip.random, self.step);
        if !answer.ends_with(&self.step.sw.to_be_bytes()) {
            report.violations.push(format!("{self}: {answer:02X?} without a cut"));
            return;
        }
        let (after, writes) = (whole.nvm().bytes().to_vec(), whole.nvm().counted());
        if writes == 0 {
            return;
        }
        report.commands += 1;
        if let Some(fault) = self.kept(&live(&before), &live(&after)) {
            report.violations.push(format!("{self}: {fault}"));
        }
        if serials(&before).iter().zip(serials(&after)).any(|(old, new)| *old > new) {
            report.violations.push(format!("{self}: a serial went back"));
        }
        let told = self.writes_of_a_wrong_one();
        for torn in torn {
            for cut in 0..writes {
                report.cuts += 1;
                let healed = self.cut(cut, *torn, report);
                let fault = self.fault(&before, &after, &healed, told.is_some_and(|told| cut == told));
                if let Some(fault) = fault {
                    report
                        .violations
                        .push(format!("{self}: write {cut} of {writes}, page {torn:?}: {fault}"));
                }
            }
        }
    }

    /// What is wrong with the memory after an error answer: it may differ in a retry counter alone.
    fn kept(&self, before: &[u8], after: &[u8]) -> Option<&'static str> {
        let spent = matches!(counter_only(before, after), Some(Counter::Spent));
        match self.step.sw {
            0x9000 | 0x9303 | 0x6100..=0x61FF | 0x9F00..=0x9FFF => None,
            0x63C0..=0x63CF | 0x6988 | 0x9302 | 0x9804 | 0x9840 => {
                (before != after && !spent).then_some("a wrong secret changed more")
            }
            // the secret was right: a try it takes must not stay spent
            _ => spent.then_some("an error after a right secret kept the try"),
        }
    }

    /// Page writes until a wrong secret is refused. Whoever sees the card go on writing knows that it was right: from there
    /// on the try must be spent.
    fn writes_of_a_wrong_one(&self) -> Option<u32> {
        let wrong = self.step.wrong.as_ref().filter(|wrong| **wrong != self.step.bytes)?;
        let mut card = self.chip.after(self.start, self.prefix);
        card.nvm_mut().count();
        tell(&mut card, self.chip.random, &Step { bytes: wrong.clone(), ..self.step.clone() });
        Some(card.nvm().counted())
    }

    /// The memory after a cut, and after power came back. It came back twice: at every write of the recovery it failed
    /// again, which may not matter.
    fn cut(&self, writes: u32, torn: Torn, report: &mut Report) -> Vec<u8> {
        let mut card = self.chip.after(self.start, self.prefix);
        card.nvm_mut().fail_after(Some(writes), torn);
        let answer = tell(&mut card, self.chip.random, self.step);
        assert!(answer.is_empty() && !card.is_powered(), "{self}: an answer without power");
        let left = card.nvm().bytes().to_vec();
        let healed = self.chip.powered(&left, None, torn).nvm().bytes().to_vec();
        for second in 0.. {
            let mut supply = Supply::new(left.clone(), self.chip.flaw);
            supply.fail_after(Some(second), Torn::Noise);
            let mut card = self.chip.card(supply);
            if card.power_on().is_some() {
                break; // the recovery needs fewer writes
            }
            let third = self.chip.powered(card.nvm().bytes(), None, torn);
            if live(third.nvm().bytes()) != live(&healed) {
                report.violations.push(format!("{self}: a second cut at write {second} of the recovery"));
            }
        }
        healed
    }

    /// What is wrong with a healed card; `told`: the supply failed just after the card showed that the secret was right.
    fn fault(&self, before: &[u8], after: &[u8], healed: &[u8], told: bool) -> Option<&'static str> {
        let (old, new, found) = (live(before), live(after), live(healed));
        if healed[..PAGE] != before[..PAGE] {
            return Some("the superblock changed");
        }
        let tried = self.step.wrong.is_some().then(|| counter_only(&old, &found)).flatten();
        if told && !matches!(tried, Some(Counter::Spent)) {
            return Some("the try is not spent");
        }
        (found != old && found != new && tried.is_none()).then_some("neither before nor after")
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} after {} commands", hex::encode_upper(&self.step.bytes), self.prefix.len())
    }
}

/// How a retry counter differs.
enum Counter {
    /// One try fewer.
    Spent,
    /// All tries again.
    Restored,
}

/// The one byte in which `found` differs from `old`, when that is a retry counter.
fn counter_only(old: &[u8], found: &[u8]) -> Option<Counter> {
    let mut differ = old.iter().zip(found).filter(|(old, found)| old != found);
    let ((old, found), None) = (differ.next()?, differ.next()) else { return None };
    match (old ^ found) >> 4 {
        0 if found & 0x0F == found >> 4 && found > old => Some(Counter::Restored),
        0 if found + 1 == *old => Some(Counter::Spent),
        _ => None,
    }
}

#[test]
fn a_cut_at_any_page_write_leaves_before_or_after() {
    let mut sum = Report::default();
    for suite in Suite::ALL {
        let report = check_fmcos(&life(suite), suite, Flaw::None, &TORN);
        assert!(report.violations.is_empty(), "{}: {:#?}", suite.name(), report.violations);
        sum.cuts += report.cuts;
        sum.commands += report.commands;
    }
    println!("{} cuts in {} commands, 0 violations", sum.cuts, sum.commands);
    assert!(sum.commands > 200 && sum.cuts > 10_000, "the script does not write");
}

/// Commands of a UICC that change memory, of both classes. A `*` before one marks a secret proved: its last byte made wrong is
/// the wrong one.
const SIM_LIFE: &[(&str, u16)] = &[
    ("A0A40000027F10", 0x9F17),
    ("A0A40000026F3A", 0x9F0F),
    ("A0DC010404AABBCCDD", 0x9000),
    ("00DC050404AABBCCDD", 0x9000),
    ("*A0200001083131313131313131", 0x9000),
    ("*A0200001083131313131313130", 0x9804),
    ("*00200001083131313131313130", 0x63C1),
    ("*00200001083131313131313131", 0x9000),
    ("*00200081083232323232323232", 0x9000),
    ("*0020000A084141414141414141", 0x9000),
    ("A004000000", 0x9000),
    ("A044000000", 0x9000),
    ("00040000026F3A", 0x9000),
    ("00440000026F3A", 0x9000),
    ("A0A40000026F39", 0x9F0F),
    ("A032000003000102", 0x9F06),
    ("A0DC000303FFFF00", 0x9000),
    ("A032000003000100", 0x9850),
    ("8032910003000001", 0x6106),
    ("reset", 0),
    ("*A0240001103131313131313131 3434343434343434", 0x9000),
    ("*00240001103434343434343434 3131313131313131", 0x9000),
    ("*A0260001083131313131313131", 0x9000),
    ("*A0280001083131313131313130", 0x9804),
    ("*A0280001083131313131313131", 0x9000),
    ("*00260001083131313131313131", 0x9000),
    ("*00280001083131313131313131", 0x9000),
    ("00D6850002AABB", 0x9000),
    ("00A4040405A000000087", 0x6133),
    ("00DC026404030A0B0C", 0x9000),
    ("*A0200001083131313131313130", 0x9804),
    ("*A0200001083131313131313130", 0x9804),
    ("*A0200001083131313131313130", 0x9840),
    ("*A0200001083131313131313131", 0x9840),
    ("*A02C000010504F5050505050503131313131313131", 0x9804),
    ("*A02C00001050505050505050503131313131313131", 0x9000),
    ("*002C000110504F5050505050503131313131313131", 0x63C9),
    ("*002C00011050505050505050503131313131313131", 0x9000),
    ("reset", 0),
];

fn sim_life() -> Vec<Line> {
    let line = |(text, sw): &(&str, u16)| {
        if *text == "reset" {
            return Line::Reset;
        }
        let bytes = desk::unhex(text.trim_start_matches('*'));
        let wrong = text.starts_with('*').then(|| {
            // the first eight bytes of data are the secret
            let mut wrong = bytes.clone();
            wrong[12] = 0x30;
            wrong
        });
        Line::Command(Step { random: [0; 8], bytes, sw: *sw, wrong })
    };
    SIM_LIFE.iter().map(line).collect()
}

#[test]
fn a_cut_on_a_sim_leaves_before_or_after() {
    let report = check(&sim_life(), &uicc::UICC, uicc::image(), Flaw::None, &TORN);
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    println!("{} cuts in {} commands, 0 violations", report.cuts, report.commands);
    assert!(report.commands > 25 && report.cuts > 1_000, "the script does not write");
    let broken = check(&sim_life(), &uicc::UICC, uicc::image(), Flaw::HeaderLost, &[Torn::Old, Torn::Noise]);
    assert!(broken.violations.len() > 20, "a broken journal passes: {:?}", broken.violations);
}

/// The same proof on an EEPROM that breaks the journal's promise: were it to pass, it would prove nothing.
#[test]
fn a_broken_journal_is_found() {
    let suite = Suite::TripleDes;
    let lines = life(suite);
    for flaw in [Flaw::HeaderLost, Flaw::PagesLate] {
        let report = check_fmcos(&lines, suite, flaw, &[Torn::Old, Torn::Noise]);
        println!("{flaw:?}: {} violations in {} cuts", report.violations.len(), report.cuts);
        assert!(report.violations.len() > 100, "{flaw:?} passes: {:?}", report.violations);
    }
}
