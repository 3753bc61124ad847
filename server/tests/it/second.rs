//! Second orders of one count: corrections, reversals, other keys, other chips. However they meet, what was paid
//! and not credited is due, every order is settled or void, and the sums balance.

use crate::house::{House, customer, esam, meter, serial, sim, time};
use crate::toy::ToyMeter;
use gridcard_server::{
    Anew, FindingKind, KeyState, Keys, OrderError, OrderState, Origin, SealError, SealedOrder, Settled,
    Settlement,
};
use scheme::money::Fen;
use scheme::order::{OrderKind, Serial8};
use scheme::{Fault, Kind};

/// A house whose meter 0 is opened with 10 yuan and settled, and has an order A of 50 yuan outstanding.
fn with_a() -> (House, SealedOrder) {
    let mut house = House::new(2);
    let first = house.buy(0, 1000).unwrap();
    let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    let a = house.buy(0, 5000).unwrap();
    (house, a)
}

fn settled(house: &mut House, receipt: &[u8]) -> Settled {
    match house.settle_of(0, receipt).unwrap() {
        Settlement::Settled(settled) => settled,
        other => panic!("not settled: {other:?}"),
    }
}

/// Nothing is left open: every order is settled or void, the books are in order, and the customer got or gets back all
/// that was paid.
fn ended(house: &mut House, due: i64) {
    house.assert_books();
    for placed in house.store.read(|view| view.orders()).unwrap() {
        assert!(matches!(placed.state, OrderState::Settled | OrderState::Void), "{placed:?}");
    }
    let totals = house.totals();
    assert_eq!((totals.outstanding_fen, totals.refund_due_fen), (0, due));
    assert_eq!(
        totals.sold_fen + totals.loss_fen,
        totals.settled_fen + totals.refund_due_fen + totals.refunded_fen
    );
    let at = house.now;
    let owed = |house: &House, of| house.store.read(|view| view.refund_due(customer(of))).unwrap();
    assert_eq!((owed(house, 0), owed(house, 1)), (due, 0));
    let paid_back = house.store.batch(|act| act.refund(customer(0), at)).unwrap();
    assert_eq!(paid_back, due);
    assert_eq!(house.store.batch(|act| act.refund(customer(0), at)).unwrap(), 0, "once");
    let totals = house.totals();
    assert_eq!((totals.refund_due_fen, totals.refunded_fen), (0, due));
    assert_eq!(owed(house, 0), 0);
    house.assert_books();
}

/// A of 50, B of another amount: whichever the meter takes first, its receipt says so, and the rest is due.
#[test]
fn a_then_b_and_b_then_a() {
    for (fen, due_when_a, due_when_b) in [(8000, 3000, 0), (2000, 0, 3000), (0, 0, 5000)] {
        for a_first in [true, false] {
            let (mut house, a) = with_a();
            let b = house.correct(0, fen).unwrap();
            assert_eq!((b.order.count, b.order.kind, b.order.amount), (2, OrderKind::Recharge, Fen(fen)));
            assert_eq!(
                house.totals().sold_fen,
                1000 + 5000.max(i64::from(fen)),
                "an upward correction is paid first"
            );
            let (first, second) = if a_first { (&a, &b) } else { (&b, &a) };
            let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
            // The other one gives the stored receipt and no money.
            let stored = house.insert(0, &second.record, &sim(0, 0)).unwrap();
            assert_eq!(stored, receipt);
            assert_eq!(house.meters[0].balance, 1000 + first.order.amount.0);
            let outcome = settled(&mut house, &receipt);
            assert_eq!((outcome.order, outcome.voided.clone()), (first.order.id, vec![second.order.id]));
            let due = if a_first { due_when_a } else { due_when_b };
            assert_eq!(outcome.refund_due_fen, due);
            ended(&mut house, due);
        }
    }
}

/// The receipt of A is lost; B brings it again.
#[test]
fn credited_and_the_receipt_lost() {
    let (mut house, a) = with_a();
    house.insert(0, &a.record, &sim(0, 0)).unwrap();
    let b = house.correct(0, 0).unwrap();
    let stored = house.insert(0, &b.record, &sim(0, 0)).unwrap();
    assert_eq!(settled(&mut house, &stored).order, a.order.id);
    ended(&mut house, 0);
}

/// A on one SIM, B (kind 03) on another, each first.
#[test]
fn two_sims() {
    for a_first in [true, false] {
        let (mut house, a) = with_a();
        house.store.batch(|act| act.replace_sim(customer(0), &sim(0, 1), time("20261122080000"))).unwrap();
        let b = house.correct(0, 0).unwrap();
        assert_eq!(b.order.kind, OrderKind::Replacement);
        let (first, from, second, other) =
            if a_first { (&a, sim(0, 0), &b, sim(0, 1)) } else { (&b, sim(0, 1), &a, sim(0, 0)) };
        let receipt = house.insert(0, &first.record, &from).unwrap();
        assert_eq!(house.insert(0, &second.record, &other).unwrap(), receipt);
        assert_eq!(settled(&mut house, &receipt).order, first.order.id);
        // Kind and binding of the next order follow from the one that was settled, not from the register.
        let next = house.buy(0, 10).unwrap();
        let kind = if a_first { OrderKind::Replacement } else { OrderKind::Recharge };
        assert_eq!((next.order.kind, next.order.count), (kind, 3));
        let receipt = house.insert(0, &next.record, &sim(0, 1)).unwrap();
        settled(&mut house, &receipt);
        ended(&mut house, if a_first { 0 } else { 5000 });
    }
}

/// A expires by the meter's clock: B cures it, and nothing is due before a receipt says what was credited.
#[test]
fn a_expired() {
    for credited_before in [true, false] {
        let (mut house, a) = with_a();
        if credited_before {
            house.insert(0, &a.record, &sim(0, 0)).unwrap();
        }
        house.pass(31 * 86_400);
        assert_eq!(house.store.batch(|act| act.refund(customer(0), a.order.issued)).unwrap(), 0);
        assert!(matches!(
            house.store.batch(|act| act.void_order(a.order.id, a.order.issued)),
            Err(OrderError::MayBeCredited(_))
        ));
        let b = house.correct(0, 0).unwrap();
        let receipt = house.insert(0, &b.record, &sim(0, 0)).unwrap();
        settled(&mut house, &receipt);
        ended(&mut house, if credited_before { 0 } else { 5000 });
    }
}

/// A of kind 01 and B of kind 02 cannot be: the first purchase stays an opening until one of its orders is settled.
#[test]
fn an_opening_order_has_opening_orders_beside_it() {
    let mut house = House::new(1);
    let a = house.buy(0, 5000).unwrap();
    let b = house.correct(0, 0).unwrap();
    assert_eq!((a.order.kind, b.order.kind), (OrderKind::Open, OrderKind::Open));
    assert!(!gridcard_server::rules::kinds_agree(OrderKind::Open, OrderKind::Recharge));
    assert!(!gridcard_server::rules::kinds_agree(OrderKind::Recharge, OrderKind::Open));
    assert!(gridcard_server::rules::kinds_agree(OrderKind::Recharge, OrderKind::Replacement));
    let receipt = house.insert(0, &b.record, &sim(0, 0)).unwrap();
    settled(&mut house, &receipt);
    assert_eq!(house.buy(0, 10).unwrap().order.kind, OrderKind::Recharge);
    house.assert_books();
}

#[test]
fn a_key_change_between() {
    for a_first in [true, false] {
        let (mut house, a) = with_a();
        assert!(matches!(house.reissue_for(0, Anew::KeyChange), Err(OrderError::NotTheReason { .. })));
        if a_first {
            house.insert(0, &a.record, &sim(0, 0)).unwrap();
        }
        house.list(esam(0, serial(0), 2));
        let b = house.reissue_for(0, Anew::KeyChange).unwrap();
        assert_eq!((b.order.count, b.order.amount), (2, Fen(5000)), "the count and the life stay");
        let placed = house.store.read(|view| view.order(b.order.id)).unwrap().unwrap();
        assert_eq!(placed.key_version, 2);
        let receipt = house.insert(0, &b.record, &sim(0, 0)).unwrap();
        assert_eq!(settled(&mut house, &receipt).order, if a_first { a.order.id } else { b.order.id });
        ended(&mut house, 0);
    }
}

#[test]
fn the_chip_replaced() {
    let (mut house, a) = with_a();
    let new_chip = Serial8([0xE6; 8]);
    let mut old = house.meters[0].clone();
    house.list(esam(0, new_chip, 1));
    house.meters[0] = ToyMeter::new(meter(0), new_chip);
    // The old order is refused by the new chip, and nothing else is sold beside it.
    assert_eq!(house.insert(0, &a.record, &sim(0, 0)), Err("esam-serial"));
    assert!(matches!(house.buy(0, 10), Err(OrderError::OtherChip { order, .. }) if order == a.order.id));
    assert!(matches!(house.correct(0, 10), Err(OrderError::OtherChip { .. })));
    let moved = house.reissue_for(0, Anew::ChipReplaced).unwrap();
    assert_eq!((moved.order.count, moved.order.kind, moved.order.serial), (1, OrderKind::Open, new_chip));
    assert_eq!(house.totals().sold_fen, 6000, "paid once");
    let receipt = house.insert(0, &moved.record, &sim(0, 0)).unwrap();
    assert_eq!(settled(&mut house, &receipt).order, moved.order.id);
    assert_eq!(house.meters[0].balance, 5000);
    // The old chip had credited it after all: kept, frozen, and the house's loss once two people have looked.
    let late = old.insert(&a.record, a.order.binding, house.now).unwrap();
    let finding = house.held(&late, &Origin::Meter(meter(0)));
    assert_eq!((finding.kind, finding.order), (FindingKind::CreditedAfterMove, Some(a.order.id)));
    assert!(matches!(house.buy(0, 10), Err(OrderError::Frozen { .. })));
    house.clear(finding.id);
    assert_eq!(house.totals().loss_fen, 5000);
    ended(&mut house, 0);
    assert_eq!(house.buy(0, 10).unwrap().order.count, 2, "the new life goes on by itself");
}

/// The old chip's receipt comes before anything was moved: it settles its own order.
#[test]
fn a_receipt_of_an_earlier_life_settles_its_own_order() {
    let (mut house, a) = with_a();
    let receipt = house.insert(0, &a.record, &sim(0, 0)).unwrap();
    house.list(esam(0, Serial8([0xE6; 8]), 1));
    assert_eq!(settled(&mut house, &receipt).order, a.order.id);
    let next = house.buy(0, 10).unwrap();
    assert_eq!((next.order.count, next.order.kind), (1, OrderKind::Open), "counts are of a life");
    house.assert_books();
}

#[test]
fn retired_with_a_out() {
    let (mut house, a) = with_a();
    let mut retired = esam(0, serial(0), 1);
    retired.state = KeyState::Retired;
    house.list(retired);
    assert!(matches!(house.buy(0, 10), Err(OrderError::Retired { .. })));
    assert!(matches!(house.correct(0, 0), Err(OrderError::Retired { .. })));
    // It had credited A: the receipt settles.
    let mut credited = house.meters[0].clone();
    let receipt = credited.insert(&a.record, a.order.binding, house.now).unwrap();
    assert_eq!(settled(&mut house, &receipt).order, a.order.id);
    ended(&mut house, 0);
    // Or it had not, and another chip came: two people move what was paid.
    let (mut house, _) = with_a();
    let mut retired = esam(0, serial(0), 1);
    retired.state = KeyState::Retired;
    house.list(retired);
    house.list(esam(0, Serial8([0xE6; 8]), 1));
    house.meters[0] = ToyMeter::new(meter(0), Serial8([0xE6; 8]));
    let moved = house.reissue_for(0, Anew::ChipReplaced).unwrap();
    let receipt = house.insert(0, &moved.record, &sim(0, 0)).unwrap();
    settled(&mut house, &receipt);
    ended(&mut house, 0);
}

/// A is found after the purchase after it: the meter answers that it is older, and there is nothing to settle.
#[test]
fn a_found_after_the_next_count() {
    let (mut house, a) = with_a();
    let b = house.correct(0, 3000).unwrap();
    let receipt = house.insert(0, &b.record, &sim(0, 0)).unwrap();
    settled(&mut house, &receipt);
    let next = house.buy(0, 700).unwrap();
    let receipt = house.insert(0, &next.record, &sim(0, 0)).unwrap();
    assert_eq!(house.insert(0, &a.record, &sim(0, 0)), Err("count-older"));
    settled(&mut house, &receipt);
    ended(&mut house, 2000);
}

/// Minted past the server with the next count: the honest order is swallowed, found out, and refunded once two people
/// have cleared it.
#[test]
fn a_minted_order_swallows_the_honest_one() {
    for minted_fen in [99_999_999, 100] {
        let (mut house, a) = with_a();
        let mut minted = a.order.clone();
        minted.id = scheme::order::OrderId([0x4D; 8]);
        minted.amount = Fen(minted_fen);
        let record = house.mint(&minted);
        house.insert(0, &record, &sim(0, 0)).unwrap();
        let stored = house.insert(0, &a.record, &sim(0, 0)).unwrap();
        let finding = house.held(&stored, &Origin::Meter(meter(0)));
        assert_eq!((finding.kind, finding.order), (FindingKind::UnknownOrder, Some(minted.id)));
        house.clear(finding.id);
        let (loss, due) =
            (i64::from(minted_fen.saturating_sub(5000)), 5000 - i64::from(minted_fen.min(5000)));
        assert_eq!(house.totals().loss_fen, loss);
        assert_eq!(house.settle_of(0, &stored).unwrap(), Settlement::AlreadySettled(None));
        ended(&mut house, due);
        let next = house.buy(0, 10).unwrap();
        assert_eq!(
            (next.order.count, next.order.kind),
            (3, OrderKind::Replacement),
            "whatever SIM was minted for"
        );
    }
}

/// The honest id with another amount: the digest is another, so nothing settles as if it were right.
#[test]
fn the_honest_id_with_another_amount() {
    let (mut house, a) = with_a();
    let mut minted = a.order.clone();
    minted.amount = Fen(99_999_999);
    let record = house.mint(&minted);
    let receipt = house.insert(0, &record, &sim(0, 0)).unwrap();
    let finding = house.held(&receipt, &Origin::Meter(meter(0)));
    assert_eq!(finding.kind, FindingKind::OtherOrder);
    assert_eq!(house.totals().settled_fen, 1000);
    house.clear(finding.id);
    assert_eq!(house.totals().loss_fen, 99_999_999 - 5000);
    ended(&mut house, 0);
}

#[test]
fn void_only_while_nobody_was_asked() {
    let (mut house, a) = with_a();
    let at = house.now;
    let void = |house: &mut House, id| house.store.batch(|act| act.void_order(id, at));
    assert!(matches!(void(&mut house, a.order.id), Err(OrderError::MayBeCredited(_))));
    house.psam.faults = vec![SealError::Refused("6982".into())];
    let request = house.request(0, 9000);
    house.store.correct(&mut house.psam, &request, &house.terms).unwrap_err();
    void(&mut house, request.id).unwrap();
    // A stands again, and is settled; what was paid for the correction is due.
    let placed = house.store.read(|view| view.outstanding(meter(0))).unwrap().unwrap();
    assert_eq!((placed.order.id, placed.state), (a.order.id, OrderState::Sealed));
    let receipt = house.insert(0, &a.record, &sim(0, 0)).unwrap();
    settled(&mut house, &receipt);
    ended(&mut house, 4000);
}

#[test]
fn ceilings() {
    let mut house = House::new(1);
    let mut listed = esam(0, serial(0), 1);
    listed.ceiling = Some(Fen(6000));
    house.list(listed);
    let above = house.buy(0, 6001);
    assert!(matches!(above, Err(OrderError::Ceiling { ceiling: Fen(6000), .. })), "{above:?}");
    assert_eq!(house.psam.sealed, 0);
    assert_eq!(house.totals().sold_fen, 0);
    let first = house.buy(0, 6000).unwrap();
    assert_eq!(first.warning, None);
    let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
    settled(&mut house, &receipt);
    let second = house.buy(0, 1).unwrap();
    assert!(second.warning.unwrap().contains("60.00"), "the purse was full when the meter last said so");
    assert!(matches!(house.correct(0, 6001), Err(OrderError::Ceiling { .. })));
}

#[test]
fn no_serial_no_sale() {
    let mut house = House::new(2);
    let mut elsewhere = esam(1, serial(0), 1);
    elsewhere.meter = meter(1);
    // The list moves chip 0 into meter 1: nobody knows what is in meter 0.
    house.list(elsewhere);
    assert!(matches!(house.buy(0, 10), Err(OrderError::NoSerial(m)) if m == meter(0)));
    assert!(house.buy(0, 10).unwrap_err().hint().unwrap().contains("server meters"));
}

/// Test keys never seal for formal ones, whatever their version, and an order that was written for keys that are gone is
/// not sealed under the new ones.
#[test]
fn keys_are_compared_before_anything_is_sealed() {
    let (mut house, a) = with_a();
    let keys = |state, version| Some(Keys { state, version, city: None });
    house.psam.faults = vec![SealError::Refused("9402".into())];
    let request = house.request(0, 9000);
    house.store.correct(&mut house.psam, &request, &house.terms).unwrap_err();
    let sealed = house.psam.sealed;
    let resume = |house: &mut House| {
        house.store.seal(&mut house.psam, request.id, house.now, &house.terms).unwrap_err()
    };
    for (wrong, security) in [
        (keys(KeyState::Formal, 1), true),
        (keys(KeyState::Test, 2), false),
        (keys(KeyState::Retired, 1), true),
    ] {
        house.psam.keys = wrong;
        let error = resume(&mut house);
        assert!(matches!(error, OrderError::WrongKeys { .. }), "{error}");
        assert_eq!((error.kind() == Kind::Security), security, "{error}");
    }
    house.list(esam(0, serial(0), 2));
    house.psam.keys = keys(KeyState::Test, 2);
    let error = resume(&mut house);
    assert!(matches!(error, OrderError::KeysChanged { was: 1, .. }), "{error}");
    assert_eq!((house.psam.sealed, house.totals().sold_fen), (sealed, 1000 + 9000));
    let b = house.reissue_for(0, Anew::KeyChange).unwrap();
    let receipt = house.insert(0, &b.record, &sim(0, 0)).unwrap();
    let settled = settled(&mut house, &receipt);
    assert_eq!((settled.order, settled.amount), (b.order.id, Fen(9000)));
    assert!(settled.voided.contains(&a.order.id));
    ended(&mut house, 0);
}
