//! Receipts that are not accepted, each by its own name, none leaving a trace; and genuine ones that settle nothing,
//! each kept as a finding.

use crate::house::{House, meter, serial, sim, time};
use crate::toy::{receipt_record, response_packet};
use gridcard_server::{
    FindingKind, Incoming, OrderError, Origin, Refusal, SealError, SettleError, Settlement, SimKey,
};
use scheme::money::Fen;
use scheme::order::{OrderDigest, OrderId};
use scheme::receipt::Receipt;

/// A house with an order of 50 yuan for meter 0 and an honest receipt for it.
fn scene() -> (House, OrderId, Receipt) {
    let mut house = House::new(3);
    let sealed = house.buy(0, 5000).unwrap();
    house.meters[0].count = 1;
    house.meters[0].balance = 5000;
    house.meters[0].order = Some(sealed.order.clone());
    let receipt = house.meters[0].receipt(sealed.order.id, house.now);
    (house, sealed.order.id, receipt)
}

fn by_meter(n: u32) -> Origin {
    Origin::Meter(meter(n))
}

fn record(receipt: &Receipt) -> [u8; 176] {
    receipt_record(&response_packet(receipt.meter, receipt))
}

#[test]
fn a_genuine_receipt_that_does_not_fit_its_order_is_kept_and_freezes_the_meter() {
    let (_, id, honest) = scene();
    let other = OrderId([9; 8]);
    let cases: [(Receipt, FindingKind, &str); 6] = [
        (Receipt { order: other, ..honest.clone() }, FindingKind::UnknownOrder, "none of ours"),
        (Receipt { count: 2, ..honest.clone() }, FindingKind::OtherOrder, "count 2; ours has 1"),
        (
            Receipt { serial: serial(1), ..honest.clone() },
            FindingKind::OtherOrder,
            "ESAM serial E5A0000000000001",
        ),
        (Receipt { amount: Fen(5001), ..honest.clone() }, FindingKind::OtherOrder, "amount 50.01"),
        (Receipt { digest: OrderDigest([9; 8]), ..honest.clone() }, FindingKind::OtherOrder, "digest 0909"),
        (Receipt { result: 1, ..honest.clone() }, FindingKind::NotCredited, "result 01"),
    ];
    for (receipt, kind, words) in cases {
        let (mut house, ..) = scene();
        let bytes = record(&receipt);
        let finding = house.held(&bytes, &by_meter(0));
        assert_eq!((finding.kind, finding.meter), (kind, Some(meter(0))));
        assert!(finding.detail.contains(words), "{}", finding.detail);
        assert_eq!(finding.receipt.as_deref(), Some(&receipt.to_bytes()[..]), "it is kept whole");
        assert_eq!(house.held(&bytes, &by_meter(0)), finding, "the same bytes are the same finding");
        assert_eq!(house.totals().settled, 0);
        let sold = house.correct(0, 100);
        assert!(matches!(sold, Err(OrderError::Frozen { finding: n, .. }) if n == finding.id), "{sold:?}");
        house.buy(1, 100).unwrap();
        // The honest receipt still settles its order.
        assert!(
            matches!(house.settle_of(0, &record(&honest)).unwrap(), Settlement::Settled(s) if s.order == id)
        );
        house.assert_books();
    }
}

/// Years too early, hours too late, a balance below the amount: findings, and settled all the same.
#[test]
fn a_clock_and_a_balance_settle_and_are_findings() {
    let (_, _, honest) = scene();
    let at = |text: &str| Receipt { time: time(text), ..honest.clone() };
    let cases = [
        (at("20260101000000"), vec![FindingKind::Clock]),
        (at("20261122065959"), vec![FindingKind::Clock]),
        (at("20261122070000"), vec![]),
        (at("20261222080000"), vec![]),
        (at("20261222080001"), vec![FindingKind::Clock]),
        (at("20360101000000"), vec![FindingKind::Clock]),
        (Receipt { balance: Fen(4999), ..honest.clone() }, vec![FindingKind::Balance]),
        (Receipt { balance: Fen(0), ..at("20270101000000") }, vec![FindingKind::Clock, FindingKind::Balance]),
    ];
    for (receipt, kinds) in cases {
        let (mut house, id, _) = scene();
        let Settlement::Settled(settled) = house.settle_of(0, &record(&receipt)).unwrap() else {
            panic!("not settled")
        };
        assert_eq!(settled.order, id);
        let found: Vec<_> = settled.findings.iter().map(|finding| finding.kind).collect();
        assert_eq!(found, kinds, "{}", receipt.time);
        assert_eq!(house.store.read(|view| view.findings(false)).unwrap(), settled.findings);
        assert_eq!(house.totals().settled_fen, 5000);
        // Nothing is frozen by a clock.
        house.buy(0, 100).unwrap();
        house.assert_books();
    }
}

#[test]
fn a_receipt_for_an_order_of_another_meter() {
    let (mut house, _, honest) = scene();
    let foreign = Receipt { meter: meter(1), ..honest };
    let finding = house.held(&record(&foreign), &by_meter(1));
    assert_eq!((finding.kind, finding.meter), (FindingKind::OtherOrder, Some(meter(1))));
}

#[test]
fn a_receipt_under_a_wrong_name_or_none() {
    let (mut house, _, honest) = scene();
    let bytes = record(&honest);
    assert_eq!(house.refused(&bytes, &by_meter(1)), Refusal::NotGenuine(meter(1)));
    let foreign_sim = Origin::Sim(SimKey::Imsi(sim(1, 0).imsi));
    assert_eq!(house.refused(&bytes, &foreign_sim), Refusal::NotGenuine(meter(1)));
    let nobody = Origin::Sim(SimKey::Iccid(sim(77, 0).iccid));
    assert_eq!(house.refused(&bytes, &nobody), Refusal::UnknownSim);
    assert_eq!(house.refused(&bytes, &Origin::Unknown), Refusal::NoOrigin);
    let stranger = Receipt { meter: meter(2), ..honest };
    assert_eq!(house.refused(&record(&stranger), &Origin::Outstanding), Refusal::NoMeter);
}

#[test]
fn every_flipped_bit_is_refused() {
    let (mut house, _, honest) = scene();
    let packet = response_packet(meter(0), &honest);
    for bit in 0..packet.len() * 8 {
        let mut changed = packet.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let outcome =
            house.store.settle(&mut house.psam, Incoming::UserData(&changed), &by_meter(0), house.now);
        assert!(matches!(outcome, Err(SettleError::Refused(_))), "bit {bit}: {outcome:?}");
    }
    assert_eq!(house.totals().settled, 0);
}

#[test]
fn a_contradicting_receipt_for_a_settled_order() {
    let (mut house, id, honest) = scene();
    house.settle_of(0, &record(&honest)).unwrap();
    let other = Receipt { register: honest.register + 1, ..honest.clone() };
    let finding = house.held(&record(&other), &by_meter(0));
    assert_eq!((finding.kind, finding.order), (FindingKind::SecondReceipt, Some(id)));
    // Once two people have looked at it, it is refused by the finding's number, and settles nothing.
    house.clear(finding.id);
    assert_eq!(house.refused(&record(&other), &by_meter(0)), Refusal::Cleared(finding.id));
    // Another TAC alone is another key, not another statement.
    let retagged = Receipt { tac: [1, 2, 3, 4], ..honest };
    assert_eq!(house.settle_of(0, &record(&retagged)).unwrap(), Settlement::AlreadySettled(Some(id)));
}

#[test]
fn a_receipt_for_an_order_that_was_given_up() {
    let mut house = House::new(1);
    house.psam.faults = vec![SealError::Refused("6982".into())];
    let request = house.request(0, 100);
    house.store.purchase(&mut house.psam, &request, &house.terms).unwrap_err();
    let placed = house.store.read(|view| view.order(request.id)).unwrap().unwrap();
    let at = house.now;
    house.store.batch(|act| act.void_order(request.id, at)).unwrap();
    house.meters[0].count = 1;
    house.meters[0].balance = 100;
    house.meters[0].order = Some(placed.order);
    let receipt = house.meters[0].receipt(request.id, house.now);
    let finding = house.held(&record(&receipt), &by_meter(0));
    assert_eq!(finding.kind, FindingKind::NeverSealed);
    // Two people say: it was credited. The count is used, and the house bears what nobody paid.
    house.clear(finding.id);
    assert_eq!((house.totals().loss_fen, house.totals().settled_fen), (100, 100));
    assert_eq!(house.buy(0, 10).unwrap().order.count, 2);
    house.assert_books();
}

#[test]
fn messages_that_are_no_receipts() {
    let (mut house, _, honest) = scene();
    let order_record = house.store.read(|view| view.orders()).unwrap()[0].record.clone().unwrap();
    let mut text = record(&honest);
    text[10] = 0x01; // no user data header
    let mut command = record(&honest);
    command[23] = 0x70;
    for bytes in
        [&order_record[..], &text, &command, &[0; 176], &[0xFF; 176], &[], &[7], &record(&honest)[..40]]
    {
        assert!(matches!(house.refused(bytes, &by_meter(0)), Refusal::Message(_)), "{bytes:02X?}");
    }
}

#[test]
fn a_module_that_does_not_answer_is_no_verdict() {
    let (mut house, _, honest) = scene();
    for origin in [by_meter(0), Origin::Outstanding] {
        let bytes = record(&honest);
        house.psam.mute = true;
        let outcome = house.settle(&bytes, &origin);
        assert!(matches!(outcome, Err(SettleError::Sealer(SealError::Lost(_)))));
    }
    house.psam.mute = false;
    assert!(matches!(house.settle_of(0, &record(&honest)).unwrap(), Settlement::Settled(_)));
}

/// Five receipts a hundred and one meters owe: each costs one opening when it says where it comes from.
#[test]
fn a_receipt_with_an_origin_costs_one_opening() {
    let mut house = House::new(101);
    let orders: Vec<_> = (0..101).map(|n| house.buy(n, 100).unwrap()).collect();
    for n in [0, 50, 100] {
        let receipt = house.insert(n, &orders[n as usize].record, &sim(n, 0)).unwrap();
        let before = house.psam.opened;
        house.settle(&receipt, &Origin::Sim(SimKey::Iccid(sim(n, 0).iccid))).unwrap();
        assert_eq!(house.psam.opened - before, 1);
    }
}
