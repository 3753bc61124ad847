//! The meter's port in process: a reader's request in, bytes, and the answer out, bytes.
//!
//! `cargo bench -p gridcard-meter --bench port`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::expect_used, reason = "a bench that cannot set up should stop")]

use divan::{Bencher, black_box};
use gridcard_meter::port::{Facts, answer};
use gridcard_meter::{MeterConfig, MeterState};
use keys::Suite;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::profile::State;
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Frame, Receiver, function};

fn main() {
    divan::main();
}

const NUMBER: [u8; 6] = [0x26, 0x11, 0x00, 0x00, 0x00, 0x01];
const NOW: Moment = Moment([0x20, 0x26, 0x11, 0x27, 0x09, 0x08, 0x07]);

#[divan::bench(args = ["energy", "balance", "clock"])]
fn read(bencher: Bencher<'_, '_>, name: &str) {
    let state = MeterState::new(MeterConfig {
        number: MeterNumber(NUMBER),
        state: State::Test,
        suite: Suite::Sm4,
        price: Fen(52),
        load_w: 1000,
    });
    let facts = Facts { state: &state, now: NOW, customer: None, ceiling: None, open: true };
    let item = Item::named(name).expect("an item");
    let request = Frame::request(Address(NUMBER), function::READ, item.id.bytes().to_vec());
    let bytes = request.to_bytes().expect("a frame");
    bencher.bench_local(|| {
        let mut receiver = Receiver::new();
        let frame = receiver.push(black_box(&bytes)).into_iter().flatten().next().expect("a request");
        answer(&facts, &frame).expect("an answer").to_bytes().expect("a frame")
    });
}
