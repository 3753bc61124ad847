//! Receipts that are not accepted, each by its own name, none leaving a trace.

use crate::house::{House, meter, serial, sim, time};
use crate::toy::{receipt_record, response_packet};
use gridcard_server::{Incoming, Origin, Refusal, SealError, SettleError, Settlement, SimKey};
use wire::money::Fen;
use wire::order::{OrderDigest, OrderId};
use wire::receipt::Receipt;

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
fn fields_that_do_not_fit_the_order() {
    let (mut house, id, honest) = scene();
    let (ours, other) = (honest.digest, OrderDigest([9; 8]));
    let cases: Vec<(Receipt, Refusal)> = vec![
        (Receipt { order: OrderId([9; 8]), ..honest.clone() }, Refusal::UnknownOrder(OrderId([9; 8]))),
        (Receipt { count: 2, ..honest.clone() }, Refusal::Count { order: id, receipt: 2, placed: 1 }),
        (
            Receipt { digest: other, ..honest.clone() },
            Refusal::OtherOrder { order: id, receipt: other, ours, credited: Fen(5000) },
        ),
        (
            Receipt { amount: Fen(5001), ..honest.clone() },
            Refusal::OtherOrder { order: id, receipt: ours, ours, credited: Fen(5001) },
        ),
        (
            Receipt { serial: serial(1), ..honest.clone() },
            Refusal::OtherOrder { order: id, receipt: ours, ours, credited: Fen(5000) },
        ),
        (Receipt { result: 1, ..honest.clone() }, Refusal::Result { order: id, result: 1 }),
        (
            Receipt { balance: Fen(4999), ..honest.clone() },
            Refusal::Balance { balance: Fen(4999), amount: Fen(5000) },
        ),
        (
            Receipt { time: time("20261122065959"), ..honest.clone() },
            Refusal::TooEarly { at_meter: time("20261122065959"), issued: time("20261122080000") },
        ),
        (
            Receipt { time: time("20261222080001"), ..honest.clone() },
            Refusal::TooLate { at_meter: time("20261222080001"), valid_until: time("20261222080000") },
        ),
    ];
    for (receipt, expected) in cases {
        assert_eq!(house.refused(&record(&receipt), &by_meter(0)), expected);
    }
    let edge = Receipt { time: time("20261122070000"), ..honest };
    assert!(matches!(house.settle_of(0, &record(&edge)).unwrap(), Settlement::Settled(_)));
}

#[test]
fn a_receipt_for_an_order_of_another_meter() {
    let (mut house, id, honest) = scene();
    let foreign = Receipt { meter: meter(1), ..honest };
    let refusal = house.refused(&record(&foreign), &by_meter(1));
    assert_eq!(refusal, Refusal::OtherMeter { order: id, receipt: meter(1), placed: meter(0) });
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
        let outcome = house.store.settle(
            &mut house.psam,
            Incoming::UserData(&changed),
            &by_meter(0),
            house.now,
            &house.terms,
        );
        assert!(matches!(outcome, Err(SettleError::Refused(_))), "bit {bit}: {outcome:?}");
    }
    assert_eq!(house.totals().settled, 0);
}

#[test]
fn a_contradicting_receipt_for_a_settled_order() {
    let (mut house, id, honest) = scene();
    house.settle_of(0, &record(&honest)).unwrap();
    let other = Receipt { register: honest.register + 1, ..honest };
    assert_eq!(house.refused(&record(&other), &by_meter(0)), Refusal::Contradiction(id));
}

#[test]
fn a_receipt_for_an_order_that_was_given_up() {
    let mut house = House::new(1);
    house.psam.faults = vec![SealError::Refused("6982".into())];
    let request = house.request(0, 100);
    house.store.purchase(&mut house.psam, &request, &house.terms).unwrap_err();
    house.store.batch(|act| act.void_order(request.id)).unwrap();
    let given_up = house.store.read(|view| view.order(request.id)).unwrap().unwrap();
    house.meters[0].count = 1;
    house.meters[0].balance = 100;
    house.meters[0].order = Some(given_up.order);
    let receipt = house.meters[0].receipt(request.id, house.now);
    assert!(matches!(house.refused(&record(&receipt), &by_meter(0)), Refusal::NeverSealed { .. }));
}

#[test]
fn messages_that_are_no_receipts() {
    let (mut house, _, honest) = scene();
    let order_record = house.store.read(|view| view.orders(None)).unwrap()[0].record.unwrap();
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
    struct Mute;
    impl gridcard_server::OrderSealer for Mute {
        fn seal(&mut self, _: &[u8]) -> Result<Vec<u8>, SealError> {
            Err(SealError::Lost("mute".into()))
        }
        fn open(&mut self, _: wire::bcd::MeterNumber, _: &[u8]) -> Result<Vec<u8>, SealError> {
            Err(SealError::Lost("mute".into()))
        }
    }
    let (mut house, _, honest) = scene();
    for origin in [by_meter(0), Origin::Outstanding] {
        let bytes = record(&honest);
        let outcome =
            house.store.settle(&mut Mute, Incoming::Record(&bytes), &origin, house.now, &house.terms);
        assert!(matches!(outcome, Err(SettleError::Sealer(SealError::Lost(_)))));
    }
    assert!(matches!(house.settle_of(0, &record(&honest)).unwrap(), Settlement::Settled(_)));
}
