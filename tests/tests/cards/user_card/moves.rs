//! From card to SIM and back: one purse, one count, and a card or SIM of before brings nothing.

use super::Office;
use crate::world::{copy, take_receipt};
use keys::Suite;
use meter::Outcome;
use scheme::money::Fen;
use server::{Incoming, Origin, Settlement};

/// Buys by SIM, and settles.
fn by_sim(office: &mut Office, amount: Fen) {
    let sealed = office.bank.buy(&office.site, amount);
    for record in sealed.record.each() {
        office.site.deliver(record);
    }
    let report = office.site.insert(office.bank.now);
    assert!(
        matches!(report.outcome, Outcome::Credited { amount: credited, .. } if credited == amount),
        "{report:?}"
    );
    let receipt = take_receipt(&mut office.site.sim).unwrap();
    let meter = office.site.meter.state().config.number;
    let mut psam = crate::world::sealer(&mut office.bank.psam, &office.bank.server_key);
    let now = office.bank.now;
    let settled = office.bank.store.settle(&mut psam, Incoming::Record(&receipt), &Origin::Meter(meter), now);
    assert!(matches!(settled.unwrap(), Settlement::Settled(_)));
}

#[test]
fn a_customer_goes_from_card_to_sim_and_back_without_losing_a_fen() {
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let mut card = office.card(70);
        office.bought(&mut card, Fen(50_00));
        // A copy of a card that was written before the move.
        office.load(&mut card, Fen(7_00));
        let mut before = copy(&card);
        assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { .. }));
        assert!(matches!(office.settle(&mut card), Settlement::Settled(_)));
        assert_eq!(office.purse(), (57_00, 2));
        by_sim(&mut office, Fen(30_00));
        by_sim(&mut office, Fen(3_00));
        assert_eq!(office.purse(), (90_00, 4));
        // It is the meter's last card, of an older count: nothing comes of it but what the meter writes back.
        let report = office.insert(&mut before);
        assert_eq!(report.outcome, Outcome::ReceiptRepeated { balance: Fen(90_00) });
        assert_eq!(office.purse(), (90_00, 4));
        office.bought(&mut card, Fen(10_00));
        assert_eq!(office.purse(), (100_00, 5));
        office.bought(&mut card, Fen(1_00));
        by_sim(&mut office, Fen(2_00));
        assert_eq!(office.purse(), (103_00, 7));
        assert_eq!(office.bank.store.read(|view| view.audit()).unwrap(), []);
        let totals = office.bank.store.read(|view| view.totals()).unwrap();
        assert_eq!((totals.sold_fen, totals.settled_fen), (103_00, 103_00));
    }
}

#[test]
fn an_order_that_is_outstanding_goes_over_to_the_other_bearer_and_one_of_the_two_is_taken() {
    let mut office = Office::new(Suite::Sm4);
    let mut card = office.card(70);
    office.bought(&mut card, Fen(50_00));
    // For the SIM, and then the customer comes with his card.
    let on_sim = office.bank.buy(&office.site, Fen(30_00));
    let on_card = office.load(&mut card, Fen(30_00));
    assert_eq!((on_card.order.count, on_card.order.amount), (2, Fen(30_00)));
    assert_ne!(on_card.order.id, on_sim.order.id);
    for record in on_sim.record.each() {
        office.site.deliver(record);
    }
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { amount: Fen(30_00), .. }));
    // The SIM's order has the count that was taken: the stored receipt comes again, and no money.
    let report = office.site.insert(office.bank.now);
    assert_eq!((report.credited, office.purse()), (Fen(0), (80_00, 2)));
    let Settlement::Settled(settled) = office.settle(&mut card) else { panic!("not settled") };
    assert_eq!((settled.order, settled.refund_due_fen), (on_card.order.id, 0));
    // The other way round: the SIM first, then the card.
    let on_sim = office.bank.buy(&office.site, Fen(5_00));
    office.load(&mut card, Fen(5_00));
    for record in on_sim.record.each() {
        office.site.deliver(record);
    }
    let report = office.site.insert(office.bank.now);
    assert_eq!((report.credited, office.purse()), (Fen(5_00), (85_00, 3)));
    assert_eq!(office.insert(&mut card).credited, Fen(0));
    assert_eq!(office.purse(), (85_00, 3));
    // The card has the receipt of what the meter took, which was the SIM's order.
    let Settlement::Settled(settled) = office.settle(&mut card) else { panic!("not settled") };
    assert_eq!(settled.order, on_sim.order.id);
    assert_eq!(office.bank.store.read(|view| view.audit()).unwrap(), []);
}
