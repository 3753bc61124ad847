//! Lost SIMs: the money is credited once, whatever happened to the record.

use crate::house::{House, customer, meter, sim, time};
use gridcard_server::register::ReplaceError;
use gridcard_server::{FindingKind, OrderError, OrderState, Origin, Settlement, SimKey, StoreError};
use scheme::order::{OrderId, OrderKind};

fn replace(house: &mut House, n: u32, version: u32) -> Option<OrderId> {
    house
        .store
        .batch(|act| act.replace_sim(customer(n), &sim(n, version), time("20261122080000")))
        .unwrap()
        .outstanding
        .pop()
}

fn state(house: &House, id: OrderId) -> OrderState {
    house.store.read(|view| view.order(id)).unwrap().unwrap().state
}

/// A house whose meter 0 is opened with 10 yuan and settled.
fn opened() -> House {
    let mut house = House::new(2);
    let first = house.buy(0, 1000).unwrap();
    let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    house
}

#[test]
fn an_order_on_a_lost_sim_is_credited_from_the_new_one() {
    let mut house = opened();
    let lost = house.buy(0, 5000).unwrap();
    assert_eq!(replace(&mut house, 0, 1), Some(lost.order.id));
    let new = house.reissue(0).unwrap();
    assert_eq!(new.order.kind, OrderKind::Replacement);
    assert_eq!((new.order.count, new.order.amount), (lost.order.count, lost.order.amount));
    assert_ne!(new.order.id, lost.order.id);
    assert_eq!(state(&house, lost.order.id), OrderState::Superseded);

    let receipt = house.insert(0, &new.record, &sim(0, 1)).unwrap();
    let Settlement::Settled(settled) = house.settle_of(0, &receipt).unwrap() else { panic!("not settled") };
    assert_eq!(settled.voided, [lost.order.id]);
    assert_eq!(house.meters[0].balance, 6000);
    assert_eq!(house.totals().sold_fen, 6000, "the reissue is no second sale");

    // The finder of the lost SIM gets the stored receipt and no money.
    let again = house.insert(0, &lost.record, &sim(0, 0)).unwrap();
    assert_eq!(house.settle_of(0, &again).unwrap(), Settlement::AlreadySettled(Some(new.order.id)));
    assert_eq!(house.buy(0, 10).unwrap().order.kind, OrderKind::Recharge, "the meter knows the new SIM now");
    house.assert_books();
}

#[test]
fn an_order_that_was_credited_before_the_sim_was_lost_settles_itself() {
    let mut house = opened();
    let credited = house.buy(0, 5000).unwrap();
    house.insert(0, &credited.record, &sim(0, 0)).unwrap();
    replace(&mut house, 0, 1);
    let new = house.reissue(0).unwrap();
    let receipt = house.insert(0, &new.record, &sim(0, 1)).unwrap();
    let Settlement::Settled(settled) = house.settle_of(0, &receipt).unwrap() else { panic!("not settled") };
    assert_eq!((settled.order, settled.voided), (credited.order.id, vec![new.order.id]));
    assert_eq!(house.meters[0].balance, 6000);

    // The meter still knows the old SIM: the next order must make it know the new one.
    let next = house.buy(0, 10).unwrap();
    assert_eq!((next.order.kind, next.order.count), (OrderKind::Replacement, 3));
    let receipt = house.insert(0, &next.record, &sim(0, 1)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    assert_eq!(house.buy(0, 10).unwrap().order.kind, OrderKind::Recharge);
    house.assert_books();
}

#[test]
fn the_opening_order_stays_an_opening_order() {
    for credited in [false, true] {
        let mut house = House::new(1);
        let first = house.buy(0, 5000).unwrap();
        if credited {
            house.insert(0, &first.record, &sim(0, 0)).unwrap();
        }
        replace(&mut house, 0, 1);
        let new = house.reissue(0).unwrap();
        assert_eq!(new.order.kind, OrderKind::Open, "a meter refuses a replacement before it is opened");
        let receipt = house.insert(0, &new.record, &sim(0, 1)).unwrap();
        let Settlement::Settled(settled) = house.settle_of(0, &receipt).unwrap() else {
            panic!("not settled")
        };
        assert_eq!(settled.order, if credited { first.order.id } else { new.order.id });
        assert_eq!(house.meters[0].balance, 5000);
        house.assert_books();
    }
}

#[test]
fn two_sims_lost_in_a_row() {
    let mut house = opened();
    let a = house.buy(0, 5000).unwrap();
    replace(&mut house, 0, 1);
    let b = house.reissue(0).unwrap();
    replace(&mut house, 0, 2);
    let c = house.reissue(0).unwrap();
    let receipt = house.insert(0, &b.record, &sim(0, 1)).unwrap();
    let Settlement::Settled(settled) = house.settle(&receipt, &Origin::Outstanding).unwrap() else {
        panic!("not settled")
    };
    assert_eq!((settled.order, settled.voided), (b.order.id, vec![a.order.id, c.order.id]));
    house.assert_books();
}

#[test]
fn two_credits_of_one_purchase_are_noticed() {
    let mut house = opened();
    let lost = house.buy(0, 5000).unwrap();
    replace(&mut house, 0, 1);
    let new = house.reissue(0).unwrap();
    let mut twin = house.meters[0].clone();
    let honest = house.insert(0, &new.record, &sim(0, 1)).unwrap();
    house.settle_of(0, &honest).unwrap();
    // A meter that was set back (or copied) credits the lost order too.
    let second = twin.insert(&lost.record, lost.order.binding, house.now).unwrap();
    let finding = house.held(&second, &Origin::Meter(meter(0)));
    assert_eq!((finding.kind, finding.order), (FindingKind::SecondReceipt, Some(lost.order.id)));
    assert!(matches!(house.buy(0, 10), Err(OrderError::Frozen { finding: id, .. }) if id == finding.id));
    house.clear(finding.id);
    assert_eq!(house.buy(0, 10).unwrap().order.count, 3);
    house.assert_books();
}

#[test]
fn an_expired_order_is_reissued_on_the_same_sim() {
    let mut house = opened();
    let old = house.buy(0, 5000).unwrap();
    assert!(matches!(house.reissue(0), Err(OrderError::NoNeed(id)) if id == old.order.id));
    house.pass(31 * 86_400);
    assert_eq!(house.insert(0, &old.record, &sim(0, 0)), Err("expired"));
    let new = house.reissue(0).unwrap();
    assert_eq!((new.order.kind, new.order.count), (OrderKind::Recharge, 2));
    let receipt = house.insert(0, &new.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    assert_eq!(house.meters[0].balance, 6000);
    house.assert_books();
}

#[test]
fn there_is_something_to_reissue_or_not() {
    let mut house = opened();
    assert!(matches!(house.reissue(0), Err(OrderError::NothingOutstanding(m)) if m == meter(0)));
    assert!(matches!(house.reissue(9), Err(OrderError::UnknownMeter(m)) if m == meter(9)));
    let order = house.buy(1, 10).unwrap();
    replace(&mut house, 1, 1);
    house.reissue(1).unwrap();
    let at = house.now;
    let voided = house.store.batch(|act| act.void_order(order.order.id, at));
    assert!(matches!(voided, Err(OrderError::NotOutstanding { state: OrderState::Superseded, .. })));
}

#[test]
fn a_replaced_sim_still_leads_to_its_meter() {
    let mut house = opened();
    let order = house.buy(0, 5000).unwrap();
    let receipt = house.insert(0, &order.record, &sim(0, 0)).unwrap();
    replace(&mut house, 0, 1);
    let old = Origin::Sim(SimKey::Iccid(sim(0, 0).iccid));
    assert!(matches!(house.settle(&receipt, &old).unwrap(), Settlement::Settled(_)));
}

#[test]
fn a_sim_has_one_customer() {
    let mut house = opened();
    let mut swap = |n, version_of, version| {
        house
            .store
            .batch(|act| act.replace_sim(customer(n), &sim(version_of, version), time("20261122080000")))
    };
    assert!(matches!(swap(0, 0, 0), Err(ReplaceError::SameSim(_))));
    assert!(matches!(swap(0, 1, 0), Err(ReplaceError::Taken { .. })));
    assert!(matches!(swap(8, 8, 0), Err(ReplaceError::UnknownCustomer(_))));
    let replaced = swap(0, 0, 1).unwrap();
    assert_eq!((replaced.old, replaced.outstanding), (sim(0, 0), vec![]));
    swap(0, 0, 0).unwrap();
    let kept = house.store.read(|view| Ok::<_, StoreError>(view.customer(customer(0))?.unwrap())).unwrap();
    assert_eq!(kept.sim, sim(0, 0));
}
