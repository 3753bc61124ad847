//! The order chain of the security module against the books.

use crate::house::{House, meter, sim};
use gridcard_server::{FindingKind, OrderError, OrderSealer, Reconciled, SealError, StoreError};
use rusqlite::Connection;
use scheme::order::OrderId;
use scheme::signing::Mode;
use scheme::{Fault, Kind};

fn reconcile(house: &mut House) -> Reconciled {
    let (psam, chain, at) = (house.psam.number(), house.psam.chain, house.now);
    house.store.batch(|act| act.reconcile(&psam, &chain, at)).unwrap()
}

fn recompute(house: &House) -> Option<String> {
    house.store.read(|view| view.recompute(&house.psam.number())).unwrap()
}

#[test]
fn honest_sessions_agree() {
    let mut house = House::new(3);
    assert_eq!(reconcile(&mut house), Reconciled::default());
    for n in 0..3 {
        house.buy(n, 100).unwrap();
        assert_eq!(reconcile(&mut house), Reconciled::default());
    }
    // The same order again does not count twice.
    house.correct(0, 50).unwrap();
    assert_eq!(reconcile(&mut house), Reconciled::default());
    assert_eq!(recompute(&house), None);
    let chain = house.store.read(|view| view.chain_of(&house.psam.number())).unwrap().unwrap();
    assert_eq!((chain.count, chain.value), (4, 350));
    assert_eq!(chain.head, house.psam.chain.head);
}

/// The module sealed and its answer got lost: reading the chain tells.
#[test]
fn after_a_crash_the_chain_tells_whether_it_was_sealed() {
    let mut house = House::new(2);
    reconcile(&mut house);
    house.psam.cut = true;
    house.buy(0, 100).unwrap_err();
    let id = house.store.read(|view| view.interrupted()).unwrap()[0].order.id;
    assert_eq!(reconcile(&mut house), Reconciled { sealed: vec![id], ..Reconciled::default() });
    let at = house.now;
    let void = house.store.batch(|act| act.void_order(id, at));
    assert!(matches!(void, Err(OrderError::MayBeCredited(_))));
    let sealed = house.store.seal(&mut house.psam, id, at, &house.terms).unwrap();
    assert_eq!(house.psam.chain.count, 1, "sealed again without a change");
    assert_eq!(reconcile(&mut house), Reconciled::default());
    let receipt = house.insert(0, &sealed.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();

    // This time the module never heard of it.
    house.psam.faults = vec![SealError::Lost("pulled".into())];
    house.buy(1, 100).unwrap_err();
    let id = house.store.read(|view| view.interrupted()).unwrap()[0].order.id;
    assert_eq!(reconcile(&mut house), Reconciled { unsealed: vec![id], ..Reconciled::default() });
    house.store.batch(|act| act.void_order(id, at)).unwrap();
    assert_eq!(house.totals().sold_fen, 100, "what was paid for it is given back");
    assert_eq!(recompute(&house), None);
    house.assert_books();
}

/// Another order goes out before the interrupted one is resumed: it is sealed twice, and both count.
#[test]
fn an_interrupted_order_resumed_after_another() {
    let mut house = House::new(2);
    reconcile(&mut house);
    house.psam.cut = true;
    house.buy(0, 100).unwrap_err();
    reconcile(&mut house);
    house.buy(1, 100).unwrap();
    let id = house.store.read(|view| view.interrupted()).unwrap()[0].order.id;
    house.store.seal(&mut house.psam, id, house.now, &house.terms).unwrap();
    assert_eq!(house.psam.chain.count, 3);
    assert_eq!(reconcile(&mut house), Reconciled::default());
    assert_eq!(recompute(&house), None);
}

#[test]
fn a_seal_past_the_server_stops_the_module() {
    let mut house = House::new(2);
    reconcile(&mut house);
    let honest = house.buy(0, 100).unwrap();
    let mut minted = honest.order.clone();
    minted.id = OrderId([0x4D; 8]);
    house.mint(&minted);
    let finding = reconcile(&mut house).finding.unwrap();
    assert_eq!(finding.kind, FindingKind::Chain);
    assert!(finding.detail.contains("sealed past this server"), "{}", finding.detail);
    assert_eq!(reconcile(&mut house).finding, Some(finding.clone()), "one finding, not one a session");
    let sold = house.buy(1, 100).unwrap_err();
    assert!(matches!(&sold, OrderError::Stopped { finding: id, .. } if *id == finding.id));
    assert!((sold.kind() == Kind::Security));
    // Settling never stops.
    let receipt = house.insert(0, &honest.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    house.clear(finding.id);
    assert_eq!(reconcile(&mut house), Reconciled::default());
    house.buy(1, 100).unwrap();
    assert_eq!(reconcile(&mut house), Reconciled::default());
    assert_eq!(recompute(&house), None);
}

#[test]
fn a_module_that_had_sealed_elsewhere() {
    let mut house = House::new(1);
    house.psam.chain.count = 7;
    let finding = reconcile(&mut house).finding.unwrap();
    assert_eq!((finding.kind, finding.freezes), (FindingKind::UsedBefore, false));
    house.buy(0, 100).unwrap();
    assert_eq!(reconcile(&mut house), Reconciled::default());
}

/// Rows changed or taken out by somebody with a hand in the file.
#[test]
fn changed_and_deleted_rows_are_named() {
    let hands: [(&str, &str); 3] = [
        ("DROP TRIGGER order_facts_stay; UPDATE purchase_order SET amount = 99 WHERE seq = 2", "was changed"),
        ("DROP TRIGGER seal_stays; DELETE FROM seal WHERE sequence = 2", "its order 2 is missing"),
        (
            "DROP TRIGGER seal_stays; DELETE FROM seal WHERE sequence = 3; UPDATE psam SET count = 2",
            "do not make the chain",
        ),
    ];
    for (sql, words) in hands {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.db");
        let mut house = House::on_disk(&path, 3);
        reconcile(&mut house);
        (0..3).for_each(|n| drop(house.buy(n, 100).unwrap()));
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let found = recompute(&house).unwrap();
        assert!(found.contains(words), "{found}");
        let (psam, at) = (house.psam.number(), house.now);
        let finding = house.store.batch(|act| act.chain_finding(&psam, &found, at)).unwrap();
        assert!(finding.freezes);
    }
}

#[test]
fn a_finding_is_cleared_by_two_people_once() {
    use gridcard_server::{ClearError, Cleared};
    let mut house = House::new(1);
    reconcile(&mut house);
    house.psam.chain.count = 9;
    let id = reconcile(&mut house).finding.unwrap().id;
    let mut clear = |second: Option<&str>| {
        let cleared =
            Cleared { at: house.now, by: "Li".into(), second: second.map(Into::into), note: String::new() };
        house.store.batch(|act| act.clear_finding(id, &cleared))
    };
    assert!(matches!(clear(None), Err(ClearError::TwoPeople(_))));
    assert!(matches!(clear(Some("Li")), Err(ClearError::TwoPeople(_))));
    clear(Some("Wang")).unwrap();
    assert!(matches!(clear(Some("Zhao")), Err(ClearError::Cleared { .. })));
    let open =
        house.store.read(|view| Ok::<_, StoreError>((view.findings(false)?, view.findings(true)?))).unwrap();
    assert_eq!((open.0.len(), open.1.len()), (0, 1));
    assert_eq!(house.store.read(|view| view.frozen(meter(0))).unwrap(), None);
}

/// The file of a module, byte for byte.
#[test]
fn a_modules_file() {
    let mut file = vec![0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 44];
    file.extend([0xB0; 32]);
    file.extend([0xC0; 32]);
    let chain = gridcard_server::Chain { count: 3, value: 300, before: [0xB0; 32], head: [0xC0; 32] };
    assert_eq!(gridcard_server::Chain::parse(&file), Some(chain));
    assert_eq!(gridcard_server::Chain::parse(&file[..75]), None);
    assert_eq!(gridcard_server::Chain::parse(&[&file[..], &[0]].concat()), None);
    assert_eq!(gridcard_server::Chain::parse(&[0, 0, 0, 3]), None, "an older make counts only");
}

/// Asked for three orders one after the other before any answer is known, as by a server that goes on meanwhile.
fn three_asked(house: &mut House) -> Vec<OrderId> {
    reconcile(house);
    (0..3)
        .map(|n| {
            house.psam.faults = vec![SealError::Waits];
            let error = house.buy(n, 100 + n).unwrap_err();
            assert!(matches!(error, OrderError::Seal { cause: SealError::Waits, .. }), "{error:?}");
            house.store.read(|view| view.outstanding(meter(n))).unwrap().unwrap().order.id
        })
        .collect()
}

fn order_bytes(house: &House, id: OrderId) -> Vec<u8> {
    house.store.read(|view| view.order(id)).unwrap().unwrap().order.to_bytes()
}

/// Killed with three orders asked for: the chain tells how many of them, the first ones, were sealed.
#[test]
fn of_several_that_were_asked_the_first_ones_were_sealed() {
    for done in 0..=3 {
        let mut house = House::new(3);
        let ids = three_asked(&mut house);
        for id in &ids[..done] {
            let order = order_bytes(&house, *id);
            house.psam.seal(&order, Mode::Symmetric).unwrap();
        }
        let found = reconcile(&mut house);
        assert_eq!((&found.sealed[..], &found.unsealed[..]), (&ids[..done], &ids[done..]), "{done}");
        assert_eq!(found.finding, None);
        assert_eq!(reconcile(&mut house), Reconciled::default());
        assert_eq!(recompute(&house), None);
        // Each is finished, whether or not it was sealed before.
        for id in &ids {
            house.store.seal(&mut house.psam, *id, house.now, &house.terms).unwrap();
        }
        assert_eq!(reconcile(&mut house), Reconciled::default());
        assert_eq!(recompute(&house), None);
        house.assert_books();
    }
}

/// Sealed in another sequence than the books asked, or an order they did not ask for: nothing explains that.
#[test]
fn a_sequence_that_nobody_asked_for_is_a_finding() {
    let mut house = House::new(3);
    let ids = three_asked(&mut house);
    for id in [ids[1], ids[0]] {
        let order = order_bytes(&house, id);
        house.psam.seal(&order, Mode::Symmetric).unwrap();
    }
    let found = reconcile(&mut house);
    assert_eq!(found.finding.map(|finding| finding.kind), Some(FindingKind::Chain));
}

/// Answers that are kept as they come: the books have the chain, and each order its record, that of one which was refused excepted.
#[test]
fn answers_are_kept_in_their_sequence() {
    use gridcard_server::Sealing;
    let mut house = House::new(3);
    let ids = three_asked(&mut house);
    let (psam, terms) = (house.psam.number(), house.terms.clone());
    let first = order_bytes(&house, ids[0]);
    let sealed = house.psam.seal(&first, Mode::Symmetric).unwrap();
    house.store.keep_answer(&psam, ids[0], &sealed, &terms).unwrap();
    // The second is refused for certain, and the third handed back.
    for id in &ids[1..] {
        house.store.forget_asking(&psam, *id).unwrap();
    }
    assert_eq!(reconcile(&mut house), Reconciled::default());
    let handed = house.store.sealed(ids[0]).unwrap().unwrap();
    assert_eq!(house.store.seal(&mut house.psam, ids[0], house.now, &terms).unwrap().record, handed.record);
    assert!(house.store.sealed(ids[1]).unwrap().is_none());
    let at = house.now;
    house.store.batch(|act| act.void_order(ids[1], at)).unwrap();
    let third = house.store.seal(&mut house.psam, ids[2], at, &terms).unwrap();
    assert_eq!(house.psam.chain.count, 2);
    assert_eq!(reconcile(&mut house), Reconciled::default());
    assert_eq!(recompute(&house), None);
    let receipt = house.insert(2, &third.record, &sim(2, 0)).unwrap();
    house.settle_of(2, &receipt).unwrap();
    house.assert_books();
}
