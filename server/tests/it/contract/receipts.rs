//! Receipts, and the money that follows them.

use super::{Bank, Engine};
use crate::house::{customer, luhn, meter};
use gridcard_server::{
    ClearError, FindingKind, Incoming, OrderError, OrderSealer, Origin, Refusal, SettleError, Settlement,
    SimKey,
};
use scheme::money::Fen;
use scheme::order::{Order, OrderId};

pub fn a_receipt_settles_once(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sealed = bank.buy(0, 5000).unwrap();
    let receipt = bank.insert(0, &sealed.record);
    let openers = bank.books.openers(Incoming::Record(&receipt), &Origin::Meter(meter(0))).unwrap();
    assert_eq!(openers[0].psams, [bank.psam.number()]);
    let settled = bank.settled(0, &receipt);
    assert_eq!((settled.order, settled.customer), (sealed.order.id, customer(0)));
    assert_eq!((settled.amount, settled.refund_due_fen, settled.findings), (Fen(5000), 0, vec![]));
    assert_eq!(bank.sums(), (5000, 5000, 0));
    assert_eq!(bank.books.unsettled_of(&bank.psam.number()).unwrap(), 0);
    let before = bank.everything();
    for _ in 0..2 {
        let again = bank.settle(0, &receipt).unwrap();
        assert_eq!(again, Settlement::AlreadySettled(Some(sealed.order.id)));
    }
    assert_eq!(bank.everything(), before, "copies change nothing");
    assert_eq!(bank.books.openers(Incoming::Record(&receipt), &Origin::Meter(meter(0))).unwrap(), []);
    let lines = bank.books.statement(customer(0)).unwrap();
    let sums: Vec<_> =
        lines.iter().map(|line| (line.kind.name(), line.amount_fen, line.prepaid_fen)).collect();
    assert_eq!(sums, [("sale", 5000, 5000), ("delivery", 5000, 0)]);
    assert_eq!(bank.buy(0, 100).unwrap().order.count, 2, "the next count is free");
    bank.end();
}

pub fn what_was_not_credited_is_due_once(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let wrong = bank.buy(0, 5000).unwrap();
    let right = bank.correct(0, 3000).unwrap();
    assert_eq!((right.order.count, bank.sums()), (wrong.order.count, (5000, 0, 5000)));
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 0, "nothing is due before the receipt");
    let receipt = bank.insert(0, &right.record);
    let settled = bank.settled(0, &receipt);
    assert_eq!((settled.refund_due_fen, settled.voided), (2000, vec![wrong.order.id]));
    assert_eq!(bank.books.refund(customer(1), bank.now).unwrap(), 0, "nobody else's");
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 2000);
    assert_eq!(bank.books.refund(customer(0), bank.now).unwrap(), 0);
    let totals = bank.books.figures().unwrap().totals;
    assert_eq!((totals.refund_due_fen, totals.refunded_fen), (0, 2000));
    bank.end();
}

pub fn a_forged_receipt_changes_nothing(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let sealed = bank.buy(0, 5000).unwrap();
    let receipt = bank.insert(0, &sealed.record);
    let before = bank.everything();
    let mut forged = receipt;
    forged[90] ^= 1;
    let refusal = |result| match result {
        Err(SettleError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    assert!(matches!(refusal(bank.settle(0, &forged)), Refusal::NotGenuine(_)));
    assert!(matches!(refusal(bank.settle(1, &receipt)), Refusal::NotGenuine(_)), "another meter's");
    let nobody = bank.books.settle(&mut bank.psam, Incoming::Record(&receipt), &Origin::Unknown, bank.now);
    assert!(matches!(refusal(nobody), Refusal::NoOrigin));
    let stranger = Origin::Sim(SimKey::Iccid(luhn("8986009999000000000").parse().unwrap()));
    let stranger = bank.books.openers(Incoming::Record(&receipt), &stranger);
    assert!(matches!(stranger, Err(SettleError::Refused(Refusal::UnknownSim))), "{stranger:?}");
    bank.psam.mute = true;
    assert!(matches!(bank.settle(0, &receipt), Err(SettleError::Sealer(_))));
    assert_eq!(bank.everything(), before);
    bank.psam.mute = false;
    bank.settled(0, &receipt);
    bank.end();
}

pub fn a_minted_order_stops_its_meter(engine: &dyn Engine) {
    let mut bank = Bank::over(engine.open());
    let honest = bank.buy(0, 5000).unwrap();
    let minted = Order { id: OrderId([0x4D; 8]), amount: Fen(9000), ..honest.order.clone() };
    let record = bank.mint(&minted);
    let receipt = bank.insert(0, &record);
    let finding = bank.held(0, &receipt);
    assert_eq!(
        (finding.kind, finding.order, finding.freezes),
        (FindingKind::UnknownOrder, Some(minted.id), true)
    );
    assert_eq!(bank.held(0, &receipt), finding, "one finding, however many copies");
    assert_eq!(bank.books.findings(false).unwrap(), std::slice::from_ref(&finding));
    assert!(matches!(bank.correct(0, 100), Err(OrderError::Frozen { .. })));
    bank.buy(1, 100).unwrap();
    for alone in [None, Some("Li")] {
        assert!(matches!(bank.clear(finding.id, alone), Err(ClearError::TwoPeople(_))));
    }
    bank.clear(finding.id, Some("Wang")).unwrap();
    assert!(matches!(bank.clear(finding.id, Some("Wang")), Err(ClearError::Cleared { .. })));
    assert_eq!(bank.books.findings(false).unwrap(), []);
    let cleared = bank.books.finding(finding.id).unwrap().unwrap().cleared.unwrap();
    assert_eq!((cleared.by.as_str(), cleared.second.as_deref()), ("Li", Some("Wang")));
    // The receipt says that the count is used: what was credited beyond what was paid is the house's loss.
    let totals = bank.books.figures().unwrap().totals;
    assert_eq!((totals.settled_fen, totals.loss_fen, totals.refund_due_fen), (9000, 4000, 0));
    assert_eq!(bank.books.outstanding(meter(0)).unwrap(), None);
    let figures = bank.books.figures().unwrap();
    assert_eq!((figures.balance.sum(), figures.faults), (0, vec![]));
}
