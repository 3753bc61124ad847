//! Books that outlive a server, and books that two servers have open.

use super::{Bank, Engine};
use crate::house::{customer, meter, terms, time};
use gridcard_server::{Incoming, OrderError, Origin, Settlement};

pub fn what_was_kept_outlives_the_server(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sealed = bank.buy(0, 5000).unwrap();
    bank.psam.cut = true;
    bank.buy(1, 700).unwrap_err();
    let before = bank.everything();
    // The server goes and another comes; the module and the meters stay.
    let Bank { psam, meters, now, drawn, books } = bank;
    drop(books);
    let mut bank = Bank { books: engine.open(), psam, meters, now, drawn };
    assert_eq!(bank.everything(), before);
    let id = bank.books.interrupted().unwrap()[0].order.id;
    assert_eq!(bank.reconcile().sealed, [id]);
    bank.books.seal(&mut bank.psam, id, bank.now, &terms()).unwrap();
    let receipt = bank.insert(0, &sealed.record);
    bank.settled(0, &receipt);
    bank.end();
}

pub fn two_servers_sell_one_order(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let mut other = engine.open();
    let sealed = bank.buy(0, 5000).unwrap();
    assert_eq!(other.outstanding(meter(0)).unwrap().unwrap().order, sealed.order, "seen at once");
    let request = bank.request(0, 100);
    let again = other.purchase(&mut bank.psam, &request, &terms());
    assert!(matches!(again, Err(OrderError::Outstanding { .. })), "{again:?}");
    let same = other.seal(&mut bank.psam, sealed.order.id, bank.now, &terms()).unwrap();
    assert_eq!((same.record, bank.psam.sealed), (sealed.record, 1));
    other.guard_clock(time("20261123080000"), false).unwrap();
    assert!(matches!(bank.books.guard_clock(bank.now, false), Err(OrderError::ClockBack { .. })));
    bank.end();
}

pub fn two_servers_settle_one_receipt(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let mut other = engine.open();
    let wrong = bank.buy(0, 5000).unwrap();
    let right = bank.correct(0, 3000).unwrap();
    let receipt = bank.insert(0, &right.record);
    bank.settled(0, &receipt);
    let again = other.settle(&mut bank.psam, Incoming::Record(&receipt), &Origin::Meter(meter(0)), bank.now);
    assert_eq!(again.unwrap(), Settlement::AlreadySettled(Some(right.order.id)));
    assert_eq!(
        (other.refund(customer(0), bank.now).unwrap(), bank.books.refund(customer(0), bank.now).unwrap()),
        (2000, 0)
    );
    assert_eq!(bank.orders()[0].order.id, wrong.order.id);
    bank.end();
}
