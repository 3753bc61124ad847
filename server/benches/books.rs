//! What an order and its receipt cost the books, beside a module and a meter of a toy cipher.
//!
//! `cargo bench -p gridcard-server`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "the doubles are those of the tests")]

#[path = "../tests/it/house.rs"]
mod house;
#[path = "../tests/it/toy.rs"]
mod toy;

use divan::Bencher;
use house::{House, sim};

fn main() {
    divan::main();
}

/// A house in a file, warm: every statement was used before.
fn warm(dir: &tempfile::TempDir) -> House {
    let mut house = House::on_disk(&dir.path().join("server.sqlite"), 10);
    for n in 0..10 {
        life(&mut house, n);
    }
    house
}

/// A purchase from the counter to its receipt.
fn life(house: &mut House, n: u32) {
    let sealed = house.buy(n, 1000).unwrap();
    let receipt = house.insert(n, &sealed.record, &sim(n, 0)).unwrap();
    house.settle_of(n, &receipt).unwrap();
}

#[divan::bench]
fn order_and_receipt(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let mut house = warm(&dir);
    let mut n = 0;
    bencher.bench_local(|| {
        n = (n + 1) % 10;
        life(&mut house, n);
    });
}

/// The module and the meter of [`order_and_receipt`] alone.
#[divan::bench]
fn order_and_receipt_without_books(bencher: Bencher<'_, '_>) {
    let dir = tempfile::tempdir().unwrap();
    let mut house = warm(&dir);
    let record = house.buy(0, 1000).unwrap().record;
    bencher.bench_local(|| house.meters[0].clone().insert(&record, house::binding(&sim(0, 0)), house.now));
}
