//! Interruptions between the intent and the outcome.

use crate::house::{House, sim};
use gridcard_server::{Options, OrderError, OrderState, SealError, Settlement, Store, StoreError};

#[test]
fn a_seal_that_was_cut_off_is_resumed_with_the_same_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.db");
    let mut house = House::on_disk(&path, 1);
    house.psam.faults = vec![SealError::Lost("the card was removed".into())];
    let error = house.buy(0, 5000).unwrap_err();
    assert!(error.to_string().contains("resume"), "{error}");
    assert_eq!(house.totals().sold_fen, 5000, "an order that may have been sealed is paid for");

    // The program ends here; another run finds what is left.
    drop(house);
    let mut house = House { store: Store::open(&path, Options::default()).unwrap(), ..House::new(1) };
    let left = house.store.read(|view| view.interrupted()).unwrap();
    assert_eq!((left.len(), left[0].state), (1, OrderState::Prepared));
    let sealed = house.store.seal(&mut house.psam, left[0].order.id, house.now, &house.terms).unwrap();
    assert_eq!(sealed.order, left[0].order);
    assert_eq!(house.totals().sold_fen, 5000);

    let again = house.store.seal(&mut house.psam, sealed.order.id, house.now, &house.terms).unwrap();
    assert_eq!(again, sealed);
    assert_eq!(house.psam.sealed, 1, "a sealed order is not sealed again");
    let receipt = house.insert(0, &sealed.record, &sim(0, 0)).unwrap();
    assert!(matches!(house.settle_of(0, &receipt).unwrap(), Settlement::Settled(_)));
    house.assert_books();
}

#[test]
fn a_record_that_was_lost_is_given_again() {
    let mut house = House::new(1);
    let sealed = house.buy(0, 100).unwrap();
    assert_eq!(house.store.seal(&mut house.psam, sealed.order.id, house.now, &house.terms).unwrap(), sealed);
}

#[test]
fn only_an_order_that_was_refused_every_time_can_be_given_up() {
    let mut house = House::new(3);
    let void = |house: &mut House, id| {
        let at = house.now;
        house.store.batch(|act| act.void_order(id, at))
    };
    let prepared = |house: &mut House, n: u32, faults: Vec<SealError>| {
        house.psam.faults = faults;
        let request = house.request(n, 100);
        assert!(matches!(
            house.store.purchase(&mut house.psam, &request, &house.terms),
            Err(OrderError::Seal { .. })
        ));
        request.id
    };
    let refused = || SealError::Refused("6982".into());

    let never_made = prepared(&mut house, 0, vec![refused()]);
    assert_eq!(house.totals().sold_fen, 100);
    void(&mut house, never_made).unwrap();
    assert_eq!(house.totals().sold_fen, 0, "what was paid for nothing is given back");
    assert_eq!(house.buy(0, 300).unwrap().order.count, 1, "the count is free again");

    let perhaps_made = prepared(&mut house, 1, vec![SealError::Lost("mute".into())]);
    assert!(matches!(void(&mut house, perhaps_made), Err(OrderError::MayBeCredited(_))));
    house.psam.faults = vec![refused()];
    assert!(house.store.seal(&mut house.psam, perhaps_made, house.now, &house.terms).is_err());
    assert!(matches!(void(&mut house, perhaps_made), Err(OrderError::MayBeCredited(_))));

    let sealed = house.buy(2, 100).unwrap().order.id;
    let error = void(&mut house, sealed).unwrap_err();
    assert!(error.to_string().contains("cannot be voided"), "{error}");
    assert!(matches!(
        void(&mut house, never_made),
        Err(OrderError::NotOutstanding { state: OrderState::Void, .. })
    ));
}

#[test]
fn a_batch_that_fails_keeps_nothing() {
    let mut house = House::new(1);
    let before = house.snapshot();
    let request = house.request(0, 100);
    let House { store, psam, terms, .. } = &mut house;
    let outcome: Result<(), StoreError> = store.batch(|act| {
        act.purchase(psam, &request, terms).unwrap();
        Err(StoreError::Busy)
    });
    assert!(matches!(outcome, Err(StoreError::Busy)));
    assert_eq!(house.snapshot(), before);
    assert_eq!(house.buy(0, 100).unwrap().order.count, 1);
}
