//! A purchase in process, from the bank's books through PSAM, SIM, meter and ESAM and back: what all parties calculate, without lines, files and
//! people; symmetric, and signed.
//!
//! `cargo bench -p gridcard-world --bench purchase`. Absolute times of a shared machine mean little; ratios within one run do.

#![allow(clippy::expect_used, reason = "a bench that cannot set up should stop")]

use divan::Bencher;
use gridcard_world::Suite;
use gridcard_world::bare::{Bank, City, Seed, Site};
use scheme::money::Fen;
use scheme::signing::Mode;

fn main() {
    divan::main();
}

fn scene(mode: Mode) -> (Bank, Site) {
    let mut city = City::new(Suite::Sm4, Seed(7)).expect("a city");
    let sites = [city.site(0, mode).expect("a meter")];
    let bank = city.bank(&sites).expect("a bank");
    let [site] = sites;
    (bank, site)
}

#[divan::bench(args = ["symmetric", "signed"], sample_size = 1, sample_count = 100)]
fn purchase(bencher: Bencher<'_, '_>, mode: &str) {
    let (mut bank, mut site) = scene(Mode::from_name(mode).expect("a mode"));
    bencher.bench_local(|| {
        let order = bank.buy(&site, Fen(1)).expect("an order");
        site.deliver(&order.record).expect("a SIM with room");
        site.insert(bank.now);
        let receipt = site.take_receipt().expect("a SIM").expect("a receipt");
        bank.settle(&site, &receipt).expect("a settlement");
    });
}
