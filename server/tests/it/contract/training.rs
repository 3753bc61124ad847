//! Books to learn with: nothing in them is money.

use super::{Bank, Engine};
use crate::house::{esam, serial, terms};
use gridcard_server::{Esam, KeyState, OrderError, TrainingError};
use scheme::Fault;

pub(super) fn books_to_learn_with_hold_no_money(engine: &dyn Engine) {
    let mut books = engine.open();
    assert!(!books.is_training().unwrap());
    books.begin_training().unwrap();
    books.begin_training().unwrap();
    assert!(books.is_training().unwrap());
    let mut bank = Bank::over(books);
    bank.buy(0, 1000).unwrap();

    // A meter of a customer does not come in, and takes nobody with it.
    let formal = Esam { state: KeyState::Formal, ..esam(2, serial(8), 1) };
    let refused = bank.books.take_meters(&[esam(1, serial(7), 1), formal], bank.now).unwrap_err();
    assert!(matches!(&refused, TrainingError::Formal { .. }), "{refused}");
    assert_eq!(refused.code(), "training-formal");
    assert!(!bank.books.sells_formal().unwrap());
    assert_eq!(bank.buy(1, 1000).unwrap().order.serial, serial(1));

    // Nor is an account debited that a bank could have.
    let before = bank.everything();
    let request = bank.request(2, 1000);
    let refused = bank.books.begin_payment(&request, &"tok-1".parse().unwrap(), &terms()).unwrap_err();
    assert!(matches!(&refused, OrderError::Training(TrainingError::Account)), "{refused}");
    assert_eq!(bank.everything(), before);
    bank.books.begin_payment(&request, &"training-1".parse().unwrap(), &terms()).unwrap();
    // And the power company hears of nothing.
    assert!(matches!(bank.books.events(0, 10), Err(TrainingError::Company)));
    bank.end();
}

pub(super) fn books_that_were_worked_with_stay_what_they_are(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let refused = bank.books.begin_training().unwrap_err();
    assert!(matches!(&refused, TrainingError::Begun), "{refused}");
    assert!(!bank.books.is_training().unwrap());
    bank.books.events(0, 10).unwrap();
    bank.end();
}
