//! What a line itself costs: the four messages of a purchase over each, from an open line's beginning to leave, before a meter that has its
//! answers ready. First each line's own time beside the least that its bytes can take.
//!
//! `cargo bench -p gridcard-line --bench purchase`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::expect_used, reason = "a bench that cannot set up should stop")]
#![allow(clippy::print_stdout, reason = "what it measures besides is told where divan tells the rest")]

use divan::{Bencher, black_box};
use gridcard_line::wire::dlt645::{Address, Control, Frame, Receiver, WAKE, function};
use gridcard_line::wire::{ByteLink, LinkError};
use gridcard_line::{Kind, Place, Setting, Spent};
use std::collections::VecDeque;
use std::time::Duration;

const METER: Address = Address([0x26, 0x11, 0x00, 0x00, 0x00, 0x01]);
/// Bytes of DATA of the two requests and their answers, suite 3des, nothing signed [docs/specs/online.md 3, 10].
const ASKED: [(usize, usize); 2] = [(79, 131), (113, 109)];
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A meter that has its answers ready.
#[derive(Default)]
struct Meter {
    receiver: Receiver,
    said: VecDeque<u8>,
}

impl ByteLink for Meter {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        for frame in found.into_iter().flatten() {
            let asked = ASKED.iter().find(|(asked, _)| *asked == frame.data.len());
            let (_, length) = asked.expect("a question of a purchase");
            let control = Control::answer(function::SECURITY, false);
            let answer = Frame { address: METER, control, data: vec![0x5A; *length] };
            self.said.extend(answer.to_bytes().expect("a frame"));
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> Result<usize, LinkError> {
        Ok(gridcard_line::spent::hand_over(&mut self.said, buffer))
    }
}

/// A purchase; gives what the line took. Where it breaks off, as far as it came.
fn purchase(kind: Kind, setting: &Setting, seed: u64) -> Option<Spent> {
    let mut state = seed | 1;
    let chance = move |out: &mut [u8]| {
        for byte in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 32) as u8;
        }
    };
    let mut meter = Meter::default();
    let mut line = kind.open(setting, &mut meter, Box::new(chance)).ok()?;
    for (asked, answered) in ASKED {
        let frame = Frame::request(METER, function::SECURITY, vec![0xA5; asked]);
        let mut bytes = vec![WAKE; 4];
        bytes.extend(frame.to_bytes().expect("a frame"));
        line.send(&bytes).ok()?;
        let (mut receiver, mut buffer, mut answer) = (Receiver::new(), [0; 512], None);
        while answer.is_none() {
            let length = line.receive(&mut buffer, PATIENCE).ok().filter(|length| *length > 0)?;
            answer = receiver.push(&buffer[..length]).into_iter().flatten().next();
        }
        assert_eq!(answer.map(|frame| frame.data.len()), Some(answered));
    }
    line.end().ok()?;
    Some(line.spent())
}

fn main() {
    println!("{:<10} {:>8} {:>10} {:>7} {:>7}", "line", "bit/s", "line ms", "least", "on air");
    for kind in Kind::ALL {
        let spent = purchase(kind, &Setting::default(), 7).expect("a purchase");
        let (Spent { bits_per_s, on_air, .. }, ms, least) = (spent, spent.ms(), spent.least_ms());
        println!("{:<10} {bits_per_s:>8} {ms:>10} {least:>7} {on_air:>7}", kind.name());
    }
    divan::main();
}

#[divan::bench(args = ["infrared", "irda", "bluetooth", "ble", "nfc"])]
fn in_order(bencher: Bencher<'_, '_>, kind: &str) {
    let kind = Kind::named(kind).expect("a line");
    let mut seed = 1;
    bencher.bench_local(|| {
        seed += 2;
        purchase(black_box(kind), &Setting::default(), seed).expect("a purchase")
    });
}

/// Just past the line's range, where bits are drawn one by one and much is said again.
#[divan::bench(args = ["infrared", "irda", "bluetooth", "ble", "nfc"])]
fn in_noise(bencher: Bencher<'_, '_>, kind: &str) {
    let kind = Kind::named(kind).expect("a line");
    let place = Place { distance_cm: Some(kind.range_cm()), noise: 10, ..Place::default() };
    let mut seed = 1;
    bencher.bench_local(|| {
        seed += 2;
        purchase(black_box(kind), &Setting::at(place), seed)
    });
}
