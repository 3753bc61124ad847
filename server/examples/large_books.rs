//! What looks into large books cost: `large_books FILE ORDERS` makes books of so many orders, sold and settled, beside a module and
//! meters of a toy cipher, and measures a day's report, a customer's statement and the recomputation of the ledger; `large_books FILE`
//! measures them in a file that was made before.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    dead_code,
    reason = "it measures and tells, and breaks off where it cannot"
)]

#[path = "../tests/it/house.rs"]
mod house;
#[path = "../tests/it/toy.rs"]
mod toy;

use gridcard_server::{
    Books, Control, Incoming, Options, Origin, Period, Question, Receipts, Statistics, Store,
};
use house::{House, customer, meter, sim};
use std::time::Instant;

/// Customers who buy in turn.
const CUSTOMERS: u32 = 1000;
/// Orders a day.
const DAY: u32 = 10_000;

fn main() {
    let mut args = std::env::args().skip(1);
    let usage = "usage: large_books FILE [ORDERS]";
    let file = args.next().expect(usage);
    let file = std::path::Path::new(&file);
    if let Some(orders) = args.next() {
        make(file, orders.parse().expect(usage));
    }
    look(&Store::open(file, Options::default()).unwrap());
}

/// Makes books of so many orders.
fn make(file: &std::path::Path, orders: u32) {
    let mut house = House::on_disk(file, CUSTOMERS);
    let begun = Instant::now();
    for order in 0..orders {
        if order % DAY == 0 {
            house.pass(86_400);
        }
        if order % 1000 == 0 {
            house.store.begin_together().unwrap();
        }
        let n = order % CUSTOMERS;
        let sealed = house.buy(n, 1000).unwrap();
        let receipt = house.insert(n, &sealed.record, &sim(n, 0)).unwrap();
        house
            .store
            .settle(&mut house.psam, Incoming::Record(&receipt), &Origin::Meter(meter(n)), house.now)
            .unwrap();
        if order % 1000 == 999 || order + 1 == orders {
            house.store.keep_together().unwrap();
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{orders} orders sold and settled in {took:.0} s");
}

/// Looks into books. A day of them is the last that was booked on.
fn look(books: &dyn Books) {
    let every = |period| Question {
        from: "20000101".to_owned(),
        to: "29991231".to_owned(),
        period,
        by_office: true,
        by_channel: true,
        by_tariff: false,
    };
    let days = Statistics::statistics(books, &every(Period::Day)).unwrap();
    let day = days.last().expect("something is booked").period.clone();
    let sold: i64 = days.iter().map(|day| day.sales).sum();
    println!("{sold} orders, of {} days", days.len());
    let question = Question { from: day.clone(), to: day, ..every(Period::Day) };
    time("a day's report", 5, || drop(Statistics::statistics(books, &question).unwrap()));
    time("a statement", 5, || drop(Receipts::statement(books, customer(7)).unwrap()));
    let begun = Instant::now();
    let (heads, wrong) = Control::check_ledger(books).unwrap();
    assert_eq!(wrong, None);
    let transfers: i64 = heads.iter().map(|head| head.number).sum();
    let rate = transfers as f64 / begun.elapsed().as_secs_f64();
    println!("the ledger recomputed: {rate:.0} transfers a second, twice as many postings");
}

/// The best of some times, the first of which fills caches.
fn time(what: &str, times: u32, mut work: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..times {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed().as_secs_f64());
    }
    println!("{what}: {:.2} ms", best * 1000.0);
}
