//! Orders on their way to phones: which are to be sent, and what was said of those that were.

use super::{Bank, Engine};
use crate::house::{sim, time};
use gridcard_server::Posted;
use scheme::order::OrderId;

impl Bank {
    /// The orders that are to be sent, and which of their messages are answered.
    fn due(&self) -> Vec<(OrderId, Vec<u8>)> {
        let due = self.books.letters_due(10).unwrap();
        due.into_iter().map(|letter| (letter.order, letter.answered)).collect()
    }

    fn posted(&mut self, order: OrderId, part: u8, status: u32, name: Option<&str>) {
        let name = name.map(str::to_owned);
        self.books.note_letter(&Posted { order, part, at: self.now, status, name }).unwrap();
    }
}

pub fn an_order_is_sent_until_a_centre_answers(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    assert_eq!(bank.due(), []);
    let (one, other) = (bank.buy(0, 50_00).unwrap(), bank.buy(1, 60_00).unwrap());
    assert_eq!(bank.due(), [(one.order.id, vec![]), (other.order.id, vec![])], "the oldest first");
    assert_eq!(bank.books.letters_due(1).unwrap().len(), 1);
    let first = &bank.books.letters_due(1).unwrap()[0];
    assert_eq!((&first.to, &first.records), (&sim(0, 0).msisdn, &one.record));
    bank.posted(one.order.id, 1, 0, Some("4711"));
    assert_eq!(bank.due(), [(other.order.id, vec![])]);
    // The first answer stays, and one that says never ends it too.
    bank.posted(one.order.id, 1, 0x0B, None);
    bank.posted(other.order.id, 1, 0x0B, None);
    assert_eq!(bank.due(), []);
    assert_eq!(bank.books.letters_of(one.order.id).unwrap(), [(1, 0, None)]);
    assert_eq!(bank.books.letters_of(other.order.id).unwrap(), [(1, 0x0B, None)]);
    bank.end();
}

pub fn an_order_that_is_over_is_not_sent(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let wrong = bank.buy(0, 50_00).unwrap();
    let right = bank.correct(0, 30_00).unwrap();
    assert_eq!(bank.due(), [(right.order.id, vec![])], "not the one whose place it took");
    let receipt = bank.insert(0, &right.record);
    bank.settled(0, &receipt);
    assert_eq!(bank.due(), []);
    assert_eq!(bank.books.letters_of(wrong.order.id).unwrap(), []);
    bank.end();
}

pub fn what_became_of_a_message_is_kept(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sold = bank.buy(0, 50_00).unwrap();
    bank.posted(sold.order.id, 1, 0, Some("1267"));
    let told = |bank: &mut Bank, names: &[&str], fate: &str| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        bank.books.note_fate(&names, fate, time("20261122090000")).unwrap()
    };
    assert!(!told(&mut bank, &["4712"], "DELIVRD"), "nobody knows it");
    assert!(told(&mut bank, &["4711", "1267"], "DELIVRD"), "by another way of writing it");
    assert_eq!(bank.books.letters_of(sold.order.id).unwrap(), [(1, 0, Some("DELIVRD".to_owned()))]);
    assert!(told(&mut bank, &["1267"], "EXPIRED"), "the last word counts");
    assert_eq!(bank.books.letters_of(sold.order.id).unwrap(), [(1, 0, Some("EXPIRED".to_owned()))]);
    assert_eq!(bank.sums(), (50_00, 0, 50_00), "no money follows it");
    bank.end();
}
