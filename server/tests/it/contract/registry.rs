//! What the books know of the bank, its customers and their chips.

use super::{Bank, Engine};
use crate::house::{csv, customer, esam, meter, serial, sim, terms, time};
use gridcard_server::register::ReplaceError;
use gridcard_server::{Incoming, KeyState, Keys, OrderError, Origin, Roster, Settlement, SimKey};

pub fn nothing_is_there_at_first(engine: &dyn Engine) {
    let books = engine.open();
    assert_eq!(books.terms().unwrap(), None);
    assert_eq!(books.customer(customer(0)).unwrap(), None);
    assert_eq!((super::orders(&*books), books.interrupted().unwrap()), (vec![], vec![]));
    assert_eq!((books.findings(true).unwrap(), books.finding(1).unwrap()), (vec![], None));
    assert_eq!(books.log_end().unwrap(), None);
    assert!(!books.is_older_make().unwrap() && !books.sells_formal().unwrap());
    let figures = books.figures().unwrap();
    assert_eq!(figures.totals, gridcard_server::Totals::default());
    assert_eq!(figures.faults, []);
    books.check().unwrap();
}

pub fn terms_are_kept(engine: &dyn Engine) {
    let mut books = engine.open();
    let mut said = terms();
    books.set_terms(&said).unwrap();
    assert_eq!(books.terms().unwrap().as_ref(), Some(&said));
    (said.validity_days, said.clock_tolerance_s) = (7, 60);
    books.set_terms(&said).unwrap();
    assert_eq!(books.terms().unwrap(), Some(said));
}

pub fn registering_again_changes_nothing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let before = bank.books.customer(customer(1)).unwrap().unwrap();
    assert_eq!((before.meters[0].meter, &before.sim), (meter(1), &sim(1, 0)));
    let again = bank.books.register(Roster::read(csv(3).as_bytes()).unwrap()).unwrap();
    assert_eq!((again.registered, again.unchanged, again.rejected), (0, 3, vec![]));
    // A line that fits and one that does not: the first is taken.
    let file = csv(4).replace(sim(1, 0).imsi.as_str(), sim(1, 5).imsi.as_str());
    let mixed = bank.books.register(Roster::read(file.as_bytes()).unwrap()).unwrap();
    assert_eq!((mixed.registered, mixed.unchanged, mixed.rejected.len()), (1, 2, 1));
    assert_eq!(bank.books.customer(customer(1)).unwrap(), Some(before));
    let esams = [esam(0, serial(0), 1), esam(1, serial(1), 2)];
    let listed = bank.books.take_meters(&esams, bank.now).unwrap();
    assert_eq!((listed.new, listed.changed, listed.unchanged), (0, 1, 1));
    assert_eq!(bank.books.keys_of(meter(1)).unwrap(), Keys { state: KeyState::Test, version: 2, city: None });
    assert!(matches!(bank.books.keys_of(meter(8)), Err(OrderError::NoSerial(_))));
    bank.end();
}

pub fn a_sim_has_one_owner(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let taken = bank.books.replace_sim(customer(0), &sim(1, 0), time("20261122080000"));
    assert!(matches!(taken, Err(ReplaceError::Taken { .. })), "{taken:?}");
    let unknown = bank.books.replace_sim(customer(7), &sim(0, 1), time("20261122080000"));
    assert!(matches!(unknown, Err(ReplaceError::UnknownCustomer(_))), "{unknown:?}");
    assert_eq!(bank.books.customer(customer(0)).unwrap().unwrap().sim, sim(0, 0));
    let sealed = bank.buy(0, 100).unwrap();
    let replaced = bank.books.replace_sim(customer(0), &sim(0, 1), time("20261122080000")).unwrap();
    assert_eq!((replaced.old, replaced.outstanding), (sim(0, 0), vec![sealed.order.id]));
    assert_eq!(bank.books.customer(customer(0)).unwrap().unwrap().sim, sim(0, 1));
    // The old SIM's receipt still finds its meter.
    let receipt = bank.insert(0, &sealed.record);
    let origin = Origin::Sim(SimKey::Iccid(sim(0, 0).iccid));
    let settled = bank.books.settle(&mut bank.psam, Incoming::Record(&receipt), &origin, bank.now).unwrap();
    assert!(matches!(settled, Settlement::Settled(_)), "{settled:?}");
    bank.end();
}

pub fn the_clock_goes_forward(engine: &dyn Engine) {
    let mut books = engine.open();
    let (early, late) = (time("20261122080000"), time("20261123080000"));
    books.guard_clock(late, false).unwrap();
    books.guard_clock(late, false).unwrap();
    let back = books.guard_clock(early, false);
    assert!(
        matches!(back, Err(OrderError::ClockBack { now, last }) if (now, last) == (early, late)),
        "{back:?}"
    );
    books.guard_clock(early, true).unwrap();
    books.guard_clock(early, false).unwrap();
}

pub fn the_end_of_the_log_only_grows(engine: &dyn Engine) {
    let mut books = engine.open();
    let (first, second) = ("A".repeat(64), "B".repeat(64));
    books.keep_log_end(3, &first).unwrap();
    assert_eq!(books.log_end().unwrap(), Some((3, first)));
    books.keep_log_end(5, &second).unwrap();
    books.keep_log_end(4, &"C".repeat(64)).unwrap();
    assert_eq!(books.log_end().unwrap(), Some((5, second)));
}
