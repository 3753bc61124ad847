//! The counts decide about money, in every suite.

use super::{Office, refusal, written};
use crate::world::copy;
use keys::Suite;
use meter::Outcome;
use meter::card::beeps;
use scheme::money::Fen;
use scheme::refusal::Refusal;
use server::Settlement;

#[test]
fn a_card_opens_a_meter_buys_and_is_replaced() {
    for suite in Suite::ALL {
        let mut office = Office::new(suite);
        let mut card = office.card(70);
        let order = office.load(&mut card, Fen(50_00));
        assert_eq!((order.order.kind.name(), order.order.count), ("open account", 1), "{suite:?}");
        assert_eq!(written(&mut card), None);
        let report = office.insert(&mut card);
        assert_eq!(
            report.outcome,
            Outcome::Credited { orders: 1, amount: Fen(50_00), balance: Fen(50_00) },
            "{report:?}"
        );
        assert_eq!(beeps(&report.outcome), [625]);
        assert_eq!(report.display.line1, "credited 50.00 yuan");
        let back = written(&mut card).unwrap();
        assert_eq!((back.remaining, back.count, back.illegal), (Fen(50_00), 1, 0));
        assert_eq!(back.customer, order.order.customer.0);
        let Settlement::Settled(settled) = office.settle(&mut card) else { panic!("not settled") };
        assert_eq!((settled.order, settled.amount), (order.order.id, Fen(50_00)));
        assert!(settled.findings.is_empty(), "{:?}", settled.findings);
        assert_eq!(office.settle(&mut card), Settlement::AlreadySettled(Some(order.order.id)));
        // The same card is a purchase card from now on.
        let order = office.load(&mut card, Fen(30_00));
        assert_eq!((order.order.kind.name(), order.order.count), ("recharge", 2));
        assert_eq!(written(&mut card), None, "a purchase that was loaded clears what was written back");
        assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { amount: Fen(30_00), .. }));
        assert!(matches!(office.settle(&mut card), Settlement::Settled(_)));
        // Another card of his replaces it.
        let mut other = office.card(71);
        let order = office.load(&mut other, Fen(20_00));
        assert_eq!((order.order.kind.name(), order.order.count), ("replacement SIM", 3));
        assert!(matches!(office.insert(&mut other).outcome, Outcome::Credited { .. }));
        assert!(matches!(office.settle(&mut other), Settlement::Settled(_)));
        assert_eq!(office.purse(), (100_00, 3));
        // The one before is a stranger.
        assert_eq!(refusal(&office.insert(&mut card)), Some(Refusal::CardSerial));
        assert_eq!(office.purse(), (100_00, 3));
        assert_eq!(office.bank.store.read(|view| view.audit()).unwrap(), []);
    }
}

#[test]
fn a_purchase_is_credited_once_whatever_is_put_in_again() {
    let mut office = Office::new(Suite::Sm4);
    let mut card = office.card(70);
    office.load(&mut card, Fen(50_00));
    // A copy of the card as it is before it goes to the meter.
    let mut doubled = copy(&card);
    office.insert(&mut card);
    let before = written(&mut card).unwrap();
    for _ in 0..2 {
        let report = office.insert(&mut card);
        assert_eq!(report.outcome, Outcome::ReceiptRepeated { balance: Fen(50_00) });
        assert_eq!(report.credited, Fen(0));
    }
    assert_eq!(written(&mut card), Some(before));
    // The copy has the count the meter has taken: it is written back, and brings nothing.
    let report = office.insert(&mut doubled);
    assert_eq!(report.outcome, Outcome::ReceiptRepeated { balance: Fen(50_00) });
    assert_eq!(written(&mut doubled).unwrap().count, 1);
    assert_eq!(office.purse(), (50_00, 1));
    // It settles the one order there is, and the card then says nothing new.
    assert!(matches!(office.settle(&mut doubled), Settlement::Settled(_)));
    assert!(matches!(office.settle(&mut card), Settlement::AlreadySettled(_)));
    // A card with an older count is written back too, and gives no money.
    office.bought(&mut card, Fen(10_00));
    let report = office.insert(&mut doubled);
    assert_eq!(report.outcome, Outcome::ReceiptRepeated { balance: Fen(60_00) });
    assert_eq!(written(&mut doubled).unwrap().count, 2);
    assert_eq!(office.purse(), (60_00, 2));
}

#[test]
fn a_count_that_is_not_the_next_one_brings_nothing_and_is_written_back() {
    let mut office = Office::new(Suite::Aes128);
    let mut card = office.card(70);
    office.bought(&mut card, Fen(50_00));
    let early = office.site.copy();
    office.bought(&mut card, Fen(10_00));
    office.load(&mut card, Fen(5_00));
    // A meter that has not seen purchase 2: its count is 1, the card's 3.
    let late = std::mem::replace(&mut office.site, early);
    let report = office.insert(&mut card);
    assert_eq!(refusal(&report), Some(Refusal::CardCount));
    assert_eq!((report.display.line1.as_str(), beeps(&report.outcome)), ("Err-34", &[125, 125, 125][..]));
    assert_eq!(written(&mut card).unwrap().count, 1);
    assert_eq!(office.purse(), (50_00, 1));
    // Written back with its money still on it, the card is refused by its own meter too, until the bank loads it again.
    office.site = late;
    assert_eq!(refusal(&office.insert(&mut card)), Some(Refusal::CardUsed));
    assert_eq!(office.purse(), (60_00, 2));
    let again = office.load(&mut card, Fen(5_00));
    assert_eq!(again.order.count, 3);
    assert!(matches!(office.insert(&mut card).outcome, Outcome::Credited { amount: Fen(5_00), .. }));
    assert_eq!(office.purse(), (65_00, 3));
}

#[test]
fn a_purse_that_would_pass_its_ceiling_takes_nothing() {
    let mut office = Office::new(Suite::TripleDes);
    let (esam, meter) = {
        let mut province = crate::world::Province::new(Suite::TripleDes);
        let site = province.meter(crate::world::number(1000), Some(Fen(60_00)));
        office.province = province;
        site
    };
    (office.site.esam, office.site.meter) = (esam, meter);
    let mut card = office.card(70);
    office.bought(&mut card, Fen(50_00));
    office.load(&mut card, Fen(20_00));
    let report = office.insert(&mut card);
    assert_eq!(refusal(&report), Some(Refusal::CardCeiling));
    assert_eq!(report.display.line1, "Err-36");
    assert_eq!((office.purse(), written(&mut card)), ((50_00, 1), None));
}
