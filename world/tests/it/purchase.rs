//! Acts of bank, phone and meter that go wrong, with cards and messages in memory: what is refused, and that nothing moved.

use crate::Place;
use gridcard_world::town::PSAM;
use meter::{Consumption, Outcome};
use parties::bank::psams::{self, RemoveRequest};
use parties::bank::{ReceiptFacts, pool};
use parties::sims;
use parties::{Deed, Party, Trouble};
use scheme::money::Fen;
use scheme::{Cards, Kind};
use std::path::Path;

fn refused(error: &Trouble, words: &str) {
    assert_eq!(error.kind(), Kind::Refused, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

fn free_records(town: &Place, customer: usize) -> usize {
    let sim = town.sim(&town.people()[customer]).into();
    town.world().act(Deed::Look, |session| sims::list(session, &sim)).unwrap().free
}

#[test]
fn an_order_goes_to_its_own_sim_alone() {
    let town = Place::settled(2);
    let [own, other] = [0, 1].map(|i| &town.people()[i]);
    let order = town.sell(own, Fen(50_00)).unwrap();
    let free = free_records(&town, 1);
    refused(&town.deliver(other, &order.record).unwrap_err(), "is for another SIM");
    assert_eq!(free_records(&town, 1), free);
    town.deliver(own, &order.record).unwrap();
    assert_eq!(free_records(&town, 0), free - 1);
}

#[test]
fn a_message_is_no_order_and_a_name_is_no_message() {
    let town = Place::settled(1);
    let customer = &town.people()[0];
    let order = town.sell(customer, Fen(50_00)).unwrap();
    town.deliver(customer, &order.record).unwrap();
    refused(&town.deliver(customer, "no-such.sms").unwrap_err(), "there is no message no-such.sms");
    refused(&town.collect(customer).unwrap_err(), "no receipt waits on this SIM");
    town.insert(customer, customer).unwrap();
    let receipt = town.collect(customer).unwrap();
    refused(&town.deliver(customer, &receipt).unwrap_err(), "holds no order for electricity");
    // The clock stands: the same name again would take the receipt's place.
    refused(&town.collect(customer).unwrap_err(), "is there already");
}

#[test]
fn a_receipt_settles_once() {
    let town = Place::settled(1);
    let customer = &town.people()[0];
    let order = town.sell(customer, Fen(50_00)).unwrap();
    town.deliver(customer, &order.record).unwrap();
    assert_eq!(town.insert(customer, customer).unwrap().credited_fen, Fen(50_00));
    let receipt = town.collect(customer).unwrap();
    for result in ["settled", "already settled"] {
        let report = town.settle(vec![receipt.clone()]).unwrap();
        assert_eq!(report.receipts.iter().map(|line| &*line.result).collect::<Vec<_>>(), [result]);
        let books = town.books().unwrap();
        assert_eq!((books.orders, books.settled, books.sold_fen, books.settled_fen), (1, 1, 50_00, 50_00));
    }
    let again = town.insert(customer, customer).unwrap();
    assert_eq!((again.credited_fen, town.meter(customer).unwrap().balance_fen), (Fen(0), Fen(50_00)));
}

#[test]
fn a_meter_credits_no_order_of_another() {
    let town = Place::settled(2);
    let [own, other] = [0, 1].map(|i| &town.people()[i]);
    let order = town.sell(own, Fen(50_00)).unwrap();
    town.deliver(own, &order.record).unwrap();
    let wrong = town.insert(own, other).unwrap();
    assert!(matches!(wrong.insertion.outcome, Outcome::Refused { .. }), "{:?}", wrong.insertion);
    assert_eq!(town.meter(other).unwrap().balance_fen, Fen(0));
    assert_eq!(town.insert(own, own).unwrap().credited_fen, Fen(50_00));
    // A customer draws 10 kWh of 0.55 yuan.
    let drawn = town.consume(own, Consumption::Energy(10_00)).unwrap();
    assert_eq!(drawn.balance_fen, Fen(50_00 - 5_50));
}

/// The PSAM stays while a receipt of it is outstanding. Then card and server key go, and the bank seals nothing more.
#[test]
fn a_psam_leaves_the_bank_when_all_it_sealed_is_settled() {
    let town = Place::settled(1);
    let customer = &town.people()[0];
    let remove = || {
        let request = RemoveRequest { number: PSAM.parse().unwrap(), to: None };
        town.world().act(Deed::One("server psam remove"), |session| psams::remove(session, &request))
    };
    let order = town.sell(customer, Fen(50_00)).unwrap();
    refused(&remove().unwrap_err(), "stays: 1 order(s) it sealed have no receipt yet");
    town.deliver(customer, &order.record).unwrap();
    town.insert(customer, customer).unwrap();
    let settled = town.settle(vec![town.collect(customer).unwrap()]).unwrap();
    assert!(matches!(settled.receipts[0].facts, Some(ReceiptFacts::Settled { count: 1, .. })));

    let bank = town.folder(Party::Bank);
    let place = pool::place(&bank, PSAM.parse().unwrap());
    assert!(town.world().cards().is_taken(&parties::places::card_at(&place)));
    let gone = remove().unwrap();
    let card = Path::new(&gone.to).join(format!("psam-{PSAM}.card"));
    for (place, there) in [(&place, false), (&card, true)] {
        assert_eq!(
            town.world().cards().is_taken(&parties::places::card_at(place)),
            there,
            "{}",
            place.display()
        );
    }
    let list = town.world().act(Deed::Look, psams::list).unwrap();
    assert_eq!(list.psams.len(), 0);
    refused(&town.sell(customer, Fen(50_00)).unwrap_err(), "the bank has no PSAM");
}

/// Money, keys and cards leave a line with whoever sold, made or settled; looks leave none; a failure leaves one too.
#[test]
fn every_act_leaves_its_line() {
    let town = Place::settled(1);
    let customer = &town.people()[0];
    let lines = |party: Party| {
        let text = std::fs::read_to_string(town.folder(party).join("audit.jsonl")).unwrap();
        text.lines().filter(|line| line.contains("server order")).count()
    };
    assert_eq!(lines(Party::Bank), 0);
    town.sell(customer, Fen(50_00)).unwrap();
    assert_eq!(lines(Party::Bank), 1);
    town.books().unwrap();
    town.meter(customer).unwrap();
    assert_eq!(lines(Party::Bank), 1);
    town.sell(customer, Fen(60_00)).unwrap_err();
    assert_eq!((lines(Party::Bank), lines(Party::City(town.region()))), (2, 0));
}
