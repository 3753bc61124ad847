//! Buying, crediting, settling.

use crate::house::{House, binding, customer, meter, sim, time};
use gridcard_server::transfer::Code;
use gridcard_server::{Incoming, OrderError, OrderState, Origin, Refusal, Settlement, SimKey, StoreError};
use scheme::money::Fen;
use scheme::order::OrderKind;

#[test]
fn the_first_order_opens_and_the_next_recharges() {
    let mut house = House::new(2);
    let first = house.buy(0, 5000).unwrap();
    assert_eq!((first.order.kind, first.order.count), (OrderKind::Open, 1));
    assert_eq!(first.order.customer, customer(0));
    assert_eq!(first.order.binding, binding(&sim(0, 0)));
    assert_eq!(first.order.issued, time("20261122080000"));
    assert_eq!(first.order.valid_until, time("20261222080000"));
    assert_eq!(first.sim.iccid, sim(0, 0).iccid.as_str());

    house.pass(600);
    let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
    let Settlement::Settled(settled) = house.settle_of(0, &receipt).unwrap() else { panic!("not settled") };
    assert_eq!((settled.order, settled.amount, settled.customer), (first.order.id, Fen(5000), customer(0)));
    assert_eq!((settled.receipt.balance, settled.receipt.time), (Fen(5000), house.now));
    assert_eq!(settled.voided, []);

    let second = house.buy(0, 7000).unwrap();
    assert_eq!((second.order.kind, second.order.count), (OrderKind::Recharge, 2));
    let receipt = house.insert(0, &second.record, &sim(0, 0)).unwrap();
    assert!(matches!(house.settle_of(0, &receipt).unwrap(), Settlement::Settled(_)));
    assert_eq!(house.meters[0].balance, 12_000);

    let totals = house.totals();
    assert_eq!((totals.sold_fen, totals.settled_fen, totals.outstanding_fen), (12_000, 12_000, 0));
    assert_eq!((totals.orders, totals.settled, totals.sealed, totals.customers), (2, 2, 0, 2));
    house.assert_books();
}

#[test]
fn the_record_is_an_sms_that_a_sim_can_hold() {
    let mut house = House::new(1);
    let sealed = house.buy(0, 1).unwrap();
    let user_data = crate::toy::user_data_of_deliver(&sealed.record);
    assert_eq!(user_data[..3], [0x02, 0x70, 0x00]);
    let end = sealed.record.iter().rposition(|b| *b != 0xFF).unwrap();
    assert!(end >= 10 + user_data.len());
}

#[test]
fn a_second_order_waits_for_the_first_receipt() {
    let mut house = House::new(2);
    let first = house.buy(0, 5000).unwrap();
    let error = house.buy(0, 100).unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, OrderError::Outstanding { order, count: 1, .. } if order == first.order.id));
    assert!(words.contains(&first.order.id.to_string()) && words.contains("settle its receipt"), "{words}");
    house.buy(1, 100).unwrap();
}

#[test]
fn amounts_have_bounds() {
    let mut house = House::new(1);
    assert!(matches!(house.buy(0, 0), Err(OrderError::Nothing)));
    for fen in [100_000_000, u32::MAX] {
        assert!(matches!(house.buy(0, fen), Err(OrderError::Amount(Fen(f))) if f == fen));
    }
    assert_eq!(house.buy(0, 99_999_999).unwrap().order.amount, Fen(99_999_999));
}

#[test]
fn strangers_and_used_ids_are_refused() {
    let mut house = House::new(2);
    let mut request = house.request(7, 100);
    let stranger = house.store.purchase(&mut house.psam, &request, &house.terms);
    assert!(matches!(stranger, Err(OrderError::UnknownMeter(m)) if m == meter(7)));
    let used = house.buy(0, 100).unwrap().order.id;
    request.meter = meter(1);
    request.id = used;
    let again = house.store.purchase(&mut house.psam, &request, &house.terms);
    assert!(matches!(again, Err(OrderError::IdTaken(id)) if id == used));
}

#[test]
fn a_receipt_settles_once_however_it_comes() {
    let mut house = House::new(1);
    let order = house.buy(0, 5000).unwrap();
    let record = house.insert(0, &order.record, &sim(0, 0)).unwrap();
    let Settlement::Settled(_) = house.settle_of(0, &record).unwrap() else { panic!("not settled") };
    let before = house.snapshot();
    let opened = house.psam.opened;

    let tpdu = &record[10..];
    let user_data = &record[22..22 + usize::from(record[21])];
    let mut sent = record;
    sent[0] = 0x05;
    for incoming in [
        Incoming::Record(&record),
        Incoming::Record(&sent),
        Incoming::Tpdu(tpdu),
        Incoming::UserData(user_data),
    ] {
        let outcome = house.store.settle(&mut house.psam, incoming, &Origin::Unknown, house.now).unwrap();
        assert_eq!(outcome, Settlement::AlreadySettled(Some(order.order.id)));
    }
    assert_eq!(house.psam.opened, opened, "known bytes are not opened again");
    assert_eq!(house.snapshot(), before);
}

#[test]
fn a_receipt_finds_its_meter_by_sim_or_by_trial() {
    let mut house = House::new(4);
    let orders: Vec<_> = (0..4).map(|n| house.buy(n, 100 + n).unwrap()).collect();
    let receipts: Vec<_> =
        (0..4).map(|n| house.insert(n, &orders[n as usize].record, &sim(n, 0)).unwrap()).collect();
    let by_imsi = Origin::Sim(SimKey::Imsi(sim(3, 0).imsi));
    let by_iccid = Origin::Sim(SimKey::Iccid(sim(1, 0).iccid));
    assert!(
        matches!(house.settle(&receipts[3], &by_imsi).unwrap(), Settlement::Settled(s) if s.receipt.meter == meter(3))
    );
    let by_msisdn = Origin::Sim(SimKey::Msisdn(sim(2, 0).msisdn));
    assert!(
        matches!(house.settle(&receipts[2], &by_msisdn).unwrap(), Settlement::Settled(s) if s.receipt.meter == meter(2))
    );
    assert_eq!(house.refused(&receipts[0], &Origin::Unknown), Refusal::NoOrigin);
    assert!(
        matches!(house.settle(&receipts[1], &by_iccid).unwrap(), Settlement::Settled(s) if s.receipt.meter == meter(1))
    );
    let outcome = house.settle(&receipts[0], &Origin::Outstanding).unwrap();
    assert!(matches!(outcome, Settlement::Settled(s) if s.receipt.meter == meter(0)));
    house.assert_books();
}

#[test]
fn statement_and_days_tell_the_story() {
    let mut house = House::new(2);
    let first = house.buy(0, 5000).unwrap();
    house.pass(86_400);
    let receipt = house.insert(0, &first.record, &sim(0, 0)).unwrap();
    house.settle_of(0, &receipt).unwrap();
    let second = house.buy(0, 300).unwrap();
    let others = house.buy(1, 50).unwrap();
    for (n, wanted) in [(0, vec![first.order.id, second.order.id]), (1, vec![others.order.id]), (2, vec![])] {
        let orders = house.store.read(|view| view.orders_of_customer(customer(n))).unwrap();
        assert_eq!(orders.iter().map(|placed| placed.order.id).collect::<Vec<_>>(), wanted, "customer {n}");
    }

    let (lines, days, owed) = house
        .store
        .read(|view| {
            Ok::<_, StoreError>((view.statement(customer(0))?, view.days()?, view.prepaid(customer(0))?))
        })
        .unwrap();
    let told: Vec<_> = lines.iter().map(|l| (l.kind, l.count, l.amount_fen, l.prepaid_fen)).collect();
    assert_eq!(told, [(Code::Sale, 1, 5000, 5000), (Code::Delivery, 1, 5000, 0), (Code::Sale, 2, 300, 300)]);
    assert_eq!(owed, 300);
    let told: Vec<_> =
        days.iter().map(|d| (d.day.as_str(), d.sales, d.sold_fen, d.deliveries, d.settled_fen)).collect();
    assert_eq!(told, [("20261122", 1, 5000, 0, 0), ("20261123", 2, 350, 1, 5000)]);
}

#[test]
fn many_acts_in_one_batch() {
    let mut house = House::new(50);
    let House { store, psam, terms, meters, now, .. } = &mut house;
    let mut id = 0u64;
    store
        .batch(|act| {
            for (n, toy) in meters.iter_mut().enumerate() {
                id += 1;
                let request = gridcard_server::OrderRequest {
                    meter: meter(n as u32),
                    amount: Fen(100),
                    now: *now,
                    id: scheme::order::OrderId(id.to_be_bytes()),
                };
                let sealed = act.purchase(psam, &request, terms).unwrap();
                let receipt = toy.insert(&sealed.record, sealed.order.binding, *now).unwrap();
                let outcome =
                    act.settle(psam, Incoming::Record(&receipt), &Origin::Meter(toy.number), *now).unwrap();
                assert!(matches!(outcome, Settlement::Settled(_)));
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(house.totals().settled_fen, 5000);
    house.assert_books();
}

#[test]
fn an_order_that_fails_in_a_batch_leaves_the_others() {
    let mut house = House::new(2);
    let (good, bad) = (house.request(0, 100), house.request(1, 200));
    let House { store, psam, terms, .. } = &mut house;
    store
        .batch(|act| {
            psam.faults = vec![gridcard_server::SealError::Lost("pulled".into())];
            assert!(matches!(act.purchase(psam, &bad, terms), Err(OrderError::Seal { .. })));
            act.purchase(psam, &good, terms).unwrap();
            Ok::<_, StoreError>(())
        })
        .unwrap();
    let orders = house.store.read(|view| view.orders()).unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].order.id, orders[0].state), (good.id, OrderState::Sealed));
    house.assert_books();
}
