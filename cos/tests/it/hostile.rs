//! Sequences of commands that are almost right, damaged memory, and noise: the card answers, and an error changes nothing.
//!
//! `GRIDCARD_HOSTILE_SECONDS` sets the length of all of it together (5), `GRIDCARD_HOSTILE_SEED` the first seed. A run that fails prints the line
//! that repeats it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a seed that is not printed repeats nothing")]

use super::desk::{Desk, Line, unhex};
use super::furnished::{fill, furnish, registers};
use super::random::Random;
use super::tree::{headers, live};
use super::{BARE, bare, gsm, uicc};
use gridcard_cos::{Card, Chip, Nvm, PAGE, Protocol, RamNvm};
use keys::Suite;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Commands of one run.
const COMMANDS: usize = 200;

/// Everything a card of one suite needs: its memory after personalisation, and what was said to it.
struct Furnished {
    image: Vec<u8>,
    said: Vec<Vec<u8>>,
}

impl Furnished {
    fn new(suite: Suite) -> Self {
        let mut desk = Desk::new(suite);
        furnish(&mut desk, suite);
        registers(&mut desk, suite);
        fill(&mut desk);
        let said = desk.lines.iter().filter_map(|line| match line {
            Line::Command(step) => Some(step.bytes.clone()),
            Line::Reset => None,
        });
        Furnished { image: desk.image(), said: said.collect() }
    }

    /// The card with this protocol: the superblock is written anew.
    fn image(&self, suite: Suite, protocol: Protocol) -> Vec<u8> {
        let mut image = super::desk::manufactured(suite, protocol);
        image[PAGE..].copy_from_slice(&self.image[PAGE..]);
        image
    }
}

/// Prints how to repeat a run when it panics.
struct Repeat<'a> {
    test: &'a str,
    seed: u64,
}

impl Drop for Repeat<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!(
                "repeat: GRIDCARD_HOSTILE_SECONDS=0 GRIDCARD_HOSTILE_SEED={} cargo test -p gridcard-cos --test it hostile::{}",
                self.seed, self.test
            );
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

/// Calls `run` with one seed after another until its share (percent) of the time is over, at least once, and gives the number
/// of runs; one that hangs ends the process.
fn until_time_is_over(test: &'static str, share: u64, mut run: impl FnMut(u64)) -> u64 {
    let seconds = setting("GRIDCARD_HOSTILE_SECONDS", 5);
    let first = setting("GRIDCARD_HOSTILE_SEED", 0x6772_6964);
    let (begun, time) = (Instant::now(), Duration::from_millis(seconds * 1000 * share / 100));
    let at = Arc::new(AtomicU64::new(first));
    let watched = Arc::downgrade(&at);
    std::thread::spawn(move || {
        let mut last = None;
        while let Some(at) = watched.upgrade() {
            let now = at.load(Ordering::Relaxed);
            drop(at);
            if last == Some(now) {
                eprintln!("{test}: seed {now} has hung for a minute");
                std::process::abort();
            }
            last = Some(now);
            std::thread::sleep(Duration::from_secs(60));
        }
    });
    println!("{test}: first seed {first}, {} s", time.as_secs_f32());
    let mut runs = 0;
    loop {
        let seed = first.wrapping_add(runs);
        let _repeat = Repeat { test, seed };
        at.store(seed, Ordering::Relaxed);
        run(seed);
        runs += 1;
        if begun.elapsed() >= time {
            break;
        }
    }
    println!("{test}: {runs} runs");
    runs
}

fn suite_of(seed: u64) -> Suite {
    Suite::ALL[(seed % 3) as usize]
}

fn protocol_of(seed: u64) -> Protocol {
    if (seed / 3).is_multiple_of(2) { Protocol::Direct } else { Protocol::T0 }
}

/// A card whose random bytes come from the seed.
fn powered(image: Vec<u8>, seed: u64) -> Option<Card<RamNvm>> {
    let mut random = Random::new(!seed);
    let entropy = Box::new(move |out: &mut [u8]| out.fill_with(|| random.byte()));
    let mut card = Card::new(RamNvm::from_bytes(image), entropy, bare).ok()?;
    card.power_on()?;
    Some(card)
}

/// The next command: what the table asks for, what was said before, GET CHALLENGE, a repetition, or noise.
fn next(random: &mut Random, said: &[Vec<u8>], last: &[u8]) -> Vec<u8> {
    match random.below(20) {
        0 => unhex("0084000008"),
        1 => unhex("0084000004"),
        2 => unhex("0020000003123456"),
        3 => last.to_vec(),
        4 | 5 => said[random.below(said.len())].clone(),
        6 => {
            let len = random.below(300);
            random.bytes(len)
        }
        7 => unhex("80500002 0B 01 00000001 001122334455 10"),
        _ => {
            let rows: Vec<_> = BARE.rows().collect();
            let row = rows[random.below(rows.len())];
            // destruction is rare, or nothing would be left to work on
            if matches!(row.ins, 0x0E | 0x16) && !random.one_in(20) {
                return unhex("805C000204");
            }
            random.command(row)
        }
    }
}

fn sw_of(answer: &[u8]) -> u16 {
    assert!((2..=258).contains(&answer.len()), "an answer of {} bytes", answer.len());
    let sw = u16::from_be_bytes([answer[answer.len() - 2], answer[answer.len() - 1]]);
    assert!(matches!(sw >> 8, 0x61..=0x6F | 0x90..=0x98 | 0x9F), "status word {sw:04X}");
    sw
}

/// An error has data with it nowhere, and changes no more than a retry counter, and of a directory the mark that three wrong
/// MACs leave.
fn unchanged(sw: u16, before: &[u8], after: &[u8]) {
    if sw == 0x9000 || matches!(sw >> 8, 0x61 | 0x62) {
        return;
    }
    let (before, after) = (live(before), live(after));
    let differ: Vec<_> = before.iter().zip(&after).filter(|(old, new)| old != new).collect();
    let counter = |(old, new): &(&u8, &u8)| *old >> 4 == *new >> 4 && **new + 1 == **old;
    let dead = |(old, new): &(&u8, &u8)| **old | 0x02 == **new;
    // all tries again: the secret was right, and the command failed for another reason
    let restored = |(old, new): &(&u8, &u8)| *old >> 4 == *new >> 4 && **new & 0x0F == **new >> 4;
    let allowed = match (sw, differ.as_slice()) {
        (_, []) => true,
        (0x63C0..=0x63CF | 0x6988 | 0x9302, [one]) => counter(one),
        (0x9303, [a, b]) => (counter(a) && dead(b)) || (dead(a) && counter(b)),
        (_, [one]) => restored(one),
        _ => false,
    };
    assert!(allowed, "{sw:04X} changed {differ:02X?}");
}

/// GET RESPONSE gives what 61xx announced, in one piece or in two.
fn collect(card: &mut Card<RamNvm>, random: &mut Random, announced: u8) {
    let all = if announced == 0 { 256 } else { usize::from(announced) };
    let first = if random.one_in(4) { 1 + random.below(all) } else { all };
    let mut got = 0;
    for wanted in [first, all - first] {
        if wanted == 0 {
            continue;
        }
        let answer = card.transmit(&[0x00, 0xC0, 0x00, 0x00, wanted as u8]);
        got += wanted;
        let rest = (all - got) as u8;
        let sw = if got == all { 0x9000 } else { 0x6100 | u16::from(rest) };
        assert_eq!((answer.len(), sw_of(&answer)), (wanted + 2, sw), "GET RESPONSE {wanted} of {all}");
    }
    assert_eq!(card.transmit(&unhex("00C0000001")), [0x69, 0x85], "nothing waits any more");
}

#[test]
fn almost_right_commands() {
    let furnished = Suite::ALL.map(Furnished::new);
    let mut good = 0;
    let runs = until_time_is_over("almost_right_commands", 60, |seed| {
        let (suite, protocol) = (suite_of(seed), protocol_of(seed));
        let home = &furnished[(seed % 3) as usize];
        // now and then a chip that nobody has personalised
        let image = if seed % 50 == 49 {
            super::desk::manufactured(suite, protocol)
        } else {
            home.image(suite, protocol)
        };
        let mut random = Random::new(seed);
        let mut card = powered(image, seed).unwrap();
        let mut command = unhex("0084000008");
        for _ in 0..COMMANDS {
            command = next(&mut random, &home.said, &command);
            let before = card.nvm().bytes().to_vec();
            let answer = card.transmit(&command);
            let sw = sw_of(&answer);
            good += usize::from(sw == 0x9000);
            let what = hex::encode_upper(&command);
            assert!(
                answer.len() == 2 || sw == 0x9000 || sw == 0x6281 || sw >> 8 == 0x61,
                "{what}: data with {sw:04X}"
            );
            unchanged(sw, &before, card.nvm().bytes());
            if protocol == Protocol::T0
                && sw >> 8 == 0x61
                && command.get(1) != Some(&0xC0)
                && !random.one_in(4)
            {
                collect(&mut card, &mut random, sw as u8);
            }
            if random.one_in(40) {
                card.power_on().unwrap();
            }
        }
        let left = card.nvm().bytes().to_vec();
        assert!(Chip::read(&left).is_ok());
        let mut card = powered(left.clone(), seed).unwrap();
        assert_eq!(live(card.nvm().bytes()), live(&left), "power changes nothing that is owned");
        sw_of(&card.transmit(&unhex("00A40000023F00")));
    });
    println!("{good} commands were answered 9000");
    assert!(
        runs < 10 || good > COMMANDS / 10 * runs as usize,
        "only {good} good answers: the generator is too wild"
    );
}

/// Changes bytes: in the headers of files, where sizes and record lengths stand, or anywhere.
fn damage(image: &mut [u8], random: &mut Random) {
    let headers = headers(image);
    let anywhere = if random.one_in(8) { 0 } else { 16 * PAGE };
    for _ in 0..=random.below(10) {
        let at = if random.one_in(3) {
            anywhere + random.below(image.len() - anywhere)
        } else {
            random.pick(&headers) + random.below(11)
        };
        image[at] = random.mostly(&[0x00, 0x01, 0x05, 0x28, 0x2A, 0x2C, 0x2E, 0x2F, 0x38, 0x3F, 0xFF]);
    }
}

/// Bytes changed anywhere: the card may refuse to be one, or answer nonsense, and never panics or hangs.
#[test]
fn damaged_memory() {
    let furnished = Suite::ALL.map(Furnished::new);
    let mut cards: u64 = 0;
    let runs = until_time_is_over("damaged_memory", 30, |seed| {
        let (suite, protocol) = (suite_of(seed), protocol_of(seed));
        let home = &furnished[(seed % 3) as usize];
        let mut random = Random::new(seed);
        let mut image = home.image(suite, protocol);
        damage(&mut image, &mut random);
        let Some(mut card) = powered(image, seed) else { return };
        cards += 1;
        let mut command = Vec::new();
        for _ in 0..COMMANDS {
            command = next(&mut random, &home.said, &command);
            sw_of(&card.transmit(&command));
        }
    });
    println!("{cards} damaged cards had power");
    assert!(runs < 10 || cards > runs / 2, "only {cards} of {runs} had power: the damage is too great");
}

/// The SIM dialects, whole and damaged: a SIM, and a UICC that is one too.
#[test]
fn noise_on_a_sim() {
    let images = [gsm::image(), uicc::image()];
    until_time_is_over("noise_on_a_sim", 10, |seed| {
        let mut random = Random::new(seed);
        let is_uicc = random.one_in(2);
        let mut image = images[usize::from(is_uicc)].clone();
        if seed % 2 == 1 {
            for _ in 0..=random.below(20) {
                let at = 16 * PAGE + random.below(image.len() - 16 * PAGE);
                image[at] = random.mostly(&[0x00, 0xFF, 0x21, 0x38, 0x28, 0x2A, 0x2E, 0x3F, 0x01]);
            }
        }
        let mut card = if is_uicc { uicc::on(image) } else { gsm::on(image) };
        let rows: Vec<_> = match is_uicc {
            true => uicc::UICC.rows().collect(),
            false => gridcard_cos::gsm::INTERFACE.commands.iter().collect(),
        };
        for _ in 0..COMMANDS {
            let command = match random.below(8) {
                0..=2 => select(&mut random, is_uicc),
                3 => {
                    vec![random.pick(&[0xA0, 0x00]), 0xC0, 0x00, 0x00, random.mostly(&[0, 1, 15, 0x31])]
                }
                4 => {
                    let len = random.below(30);
                    random.bytes(len)
                }
                _ => {
                    let row = rows[random.below(rows.len())];
                    random.command(row)
                }
            };
            sw_of(&card.transmit(&command));
        }
    });
}

/// A SELECT that mostly finds something.
fn select(random: &mut Random, is_uicc: bool) -> Vec<u8> {
    let fids = [
        [0x3F, 0x00],
        [0x2F, 0x00],
        [0x2F, 0x05],
        [0x7F, 0x01],
        [0x7F, 0x10],
        [0x7F, 0xF0],
        [0x7F, 0xFF],
        [0x6F, 0x01],
        [0x6F, 0x02],
        [0x6F, 0x03],
        [0x6F, 0x07],
        [0x6F, 0x39],
        [0x6F, 0x3C],
        [0x7F, 0x02],
        [0x6F, 0x12],
    ];
    if !is_uicc || random.one_in(3) {
        return [&[0xA0, 0xA4, 0x00, 0x00, 0x02][..], &random.pick(&fids)].concat();
    }
    let wanted = random.pick(&[0x04, 0x0C]);
    match random.below(4) {
        0 => [&[0x00, 0xA4, 0x04, wanted, 0x05][..], &[0xA0, 0x00, 0x00, 0x00, 0x87]].concat(),
        1 => {
            let from = random.pick(&[0x08, 0x09]);
            [&[0x00, 0xA4, from, wanted, 0x04][..], &random.pick(&fids), &random.pick(&fids)].concat()
        }
        _ => [&[0x00, 0xA4, 0x00, wanted, 0x02][..], &random.pick(&fids)].concat(),
    }
}
