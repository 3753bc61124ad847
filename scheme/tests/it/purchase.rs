//! Order, receipt, refusals: the formats that carry money.

use crate::unhex;
use gridcard_scheme::moment::Moment;
use gridcard_scheme::money::Fen;
use gridcard_scheme::numbers::{CustomerNumber, MeterNumber};
use gridcard_scheme::order::{FieldError, Order, OrderDigest, OrderId, OrderKind, Serial8, SimBinding};
use gridcard_scheme::receipt::{self, Receipt};
use gridcard_scheme::refusal::Refusal;
use proptest::prelude::*;
use wire::Sw;
use wire::tlv::{self, Object, TlvError};

/// An order and a receipt written down by hand from the table of docs/specs/purchase.md 1.
const ORDER: [&str; 10] = [
    "8006000000123456",
    "8106000000654321",
    "820400001388",
    "830400000007",
    "840720261122084207",
    "85080102030405060708",
    "860102",
    "8708A1A2A3A4A5A6A7A8",
    "880720270222084207",
    "8908B1B2B3B4B5B6B7B8",
];
const RECEIPT: [&str; 11] = [
    "8006000000123456",
    "820400001388",
    "830400000007",
    "85080102030405060708",
    "8908B1B2B3B4B5B6B7B8",
    "8A0100",
    "8B0400002710",
    "8C0400012345",
    "8D0720261123101500",
    "8E04DEADBEEF",
    "8F088C8C272F14BE8639",
];

fn wrap(tag: u8, fields: &[&str]) -> Vec<u8> {
    let content = unhex(&fields.concat());
    let mut out = vec![tag, content.len() as u8];
    out.extend(content);
    out
}

/// The fields with one left out and others put in its place.
fn with<'a>(fields: &[&'a str], at: usize, instead: &[&'a str]) -> Vec<&'a str> {
    [&fields[..at], instead, &fields[at + 1..]].concat()
}

const SERIAL: Serial8 = Serial8([0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8]);

fn order() -> Order {
    Order {
        meter: "000000123456".parse().unwrap(),
        customer: "000000654321".parse().unwrap(),
        amount: Fen(5000),
        count: 7,
        issued: "2026-11-22 08:42:07".parse().unwrap(),
        id: "0102030405060708".parse().unwrap(),
        kind: OrderKind::Recharge,
        binding: SimBinding([0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8]),
        valid_until: "2027-02-22 08:42:07".parse().unwrap(),
        serial: SERIAL,
    }
}

fn receipt() -> Receipt {
    Receipt {
        meter: "000000123456".parse().unwrap(),
        amount: Fen(5000),
        count: 7,
        order: OrderId([1, 2, 3, 4, 5, 6, 7, 8]),
        serial: SERIAL,
        result: receipt::CREDITED,
        balance: Fen(10000),
        register: 0x12345,
        time: "2026-11-23 10:15:00".parse().unwrap(),
        tac: [0xDE, 0xAD, 0xBE, 0xEF],
        digest: OrderDigest([0x8C, 0x8C, 0x27, 0x2F, 0x14, 0xBE, 0x86, 0x39]),
    }
}

#[test]
fn as_the_specification_writes_them() {
    let (o, r) = (wrap(0xE1, &ORDER), wrap(0xE2, &RECEIPT));
    assert_eq!((o.len(), r.len()), (81, 82));
    assert_eq!((order().to_bytes(), Order::parse(&o)), (o, Ok(order())));
    assert_eq!((receipt().to_bytes(), Receipt::parse(&r)), (r, Ok(receipt())));
    assert_eq!(receipt().signed_part(), unhex(&[&RECEIPT[..9], &RECEIPT[10..]].concat().concat()));
    // Computed with another implementation of SHA-256 over the bytes of ORDER.
    assert_eq!(order().digest(), receipt().digest);
}

#[test]
fn every_field_must_be_there_once_and_of_its_size() {
    for (i, field) in ORDER.iter().enumerate() {
        let tag = unhex(field)[0];
        let read = |instead: &[&str]| Order::parse(&wrap(0xE1, &with(&ORDER, i, instead))).unwrap_err();
        assert!(matches!(read(&[]), FieldError::Missing { tag: t, .. } if t == tag), "{tag:02X} missing");
        assert_eq!(read(&[field, field]), FieldError::Order { tag }, "{tag:02X} doubled");
        strict_sizes(field, read);
    }
    for (i, field) in RECEIPT.iter().enumerate() {
        let tag = unhex(field)[0];
        let read = |instead: &[&str]| Receipt::parse(&wrap(0xE2, &with(&RECEIPT, i, instead))).unwrap_err();
        assert!(matches!(read(&[]), FieldError::Missing { tag: t, .. } if t == tag), "{tag:02X} missing");
        assert_eq!(read(&[field, field]), FieldError::Order { tag }, "{tag:02X} doubled");
        strict_sizes(field, read);
    }
}

fn strict_sizes(field: &str, read: impl Fn(&[&str]) -> FieldError) {
    let bytes = unhex(field);
    let (tag, len) = (bytes[0], bytes.len() - 2);
    for size in [0, len - 1, len + 1] {
        let resized = format!("{tag:02X}{size:02X}{}", "00".repeat(size));
        let error = read(&[&resized]);
        let fits = matches!(error, FieldError::Length { tag: t, wanted, found, .. } if (t, wanted, found) == (tag, len, size));
        assert!(fits, "{tag:02X} of {size}: {error}");
    }
}

#[test]
fn fields_stand_in_ascending_order() {
    for (i, pair) in ORDER.windows(2).enumerate() {
        let mut fields = ORDER;
        fields.swap(i, i + 1);
        let tag = unhex(pair[0])[0];
        assert_eq!(Order::parse(&wrap(0xE1, &fields)), Err(FieldError::Order { tag }));
    }
    for (i, pair) in RECEIPT.windows(2).enumerate() {
        let mut fields = RECEIPT;
        fields.swap(i, i + 1);
        let tag = unhex(pair[0])[0];
        assert_eq!(Receipt::parse(&wrap(0xE2, &fields)), Err(FieldError::Order { tag }));
    }
}

#[test]
fn unknown_fields_end_an_order_and_not_a_receipt() {
    for (at, field) in [(0, "500100"), (10, "8A0100"), (10, "A50480020000")] {
        let fields = [&ORDER[..at], &[field], &ORDER[at..]].concat();
        let tag = unhex(field)[0];
        assert_eq!(Order::parse(&wrap(0xE1, &fields)), Err(FieldError::Unknown { tag }), "{field}");
    }
    for (at, field) in [(0, "500100"), (1, "810100"), (4, "860100"), (11, "9000"), (11, "A50480020000")] {
        let fields = [&RECEIPT[..at], &[field], &RECEIPT[at..]].concat();
        assert_eq!(Receipt::parse(&wrap(0xE2, &fields)), Ok(receipt()), "{field}");
    }
}

#[test]
fn values_are_checked() {
    let read = |at, field| Order::parse(&wrap(0xE1, &with(&ORDER, at, &[field]))).unwrap_err();
    assert!(matches!(read(0, "80060000001234AB"), FieldError::Bcd { tag: 0x80, .. }));
    assert!(matches!(read(4, "840720260230084207"), FieldError::Bcd { tag: 0x84, .. }));
    assert!(matches!(read(8, "880720270222240000"), FieldError::Bcd { tag: 0x88, .. }));
    assert_eq!(read(6, "860100"), FieldError::Kind(0));
    assert_eq!(read(6, "860104"), FieldError::Kind(4));
    let late = Receipt::parse(&wrap(0xE2, &with(&RECEIPT, 8, &["8D0720261323101500"]))).unwrap_err();
    assert!(matches!(late, FieldError::Bcd { tag: 0x8D, .. }));
}

#[test]
fn the_outside_is_one_object() {
    let order = wrap(0xE1, &ORDER);
    let tlv = |error| Err(FieldError::Tlv(error));
    assert_eq!(Order::parse(&[]), tlv(TlvError::Malformed(0)));
    assert_eq!(Order::parse(&wrap(0xE2, &RECEIPT)), tlv(TlvError::Tag { wanted: 0xE1, found: 0xE2 }));
    for more in [vec![0x00], vec![0xFF; 3], vec![0x80, 0x01, 0x00], order.clone()] {
        assert_eq!(
            Order::parse(&[order.clone(), more.clone()].concat()),
            tlv(TlvError::Trailing(more.len()))
        );
    }
    for cut in 1..order.len() {
        assert_eq!(Order::parse(&order[..cut]), tlv(TlvError::Malformed(0)), "{cut} bytes");
    }
    let mut long = order.clone();
    long.insert(1, 0x81); // the same length in two bytes
    assert_eq!(Order::parse(&long), tlv(TlvError::Malformed(0)));
}

#[test]
fn lengths_have_one_form() {
    for len in [0, 1, 0x7E, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF] {
        let mut out = vec![];
        tlv::push(&mut out, 0x80, &vec![0x11; len]);
        assert_eq!(tlv::objects(&out), Ok(vec![Object { tag: 0x80, value: vec![0x11; len] }]), "{len}");
        assert_eq!(tlv::only(&[out.as_slice(), &[0; 5]].concat(), 0x80), Err(TlvError::Trailing(5)), "{len}");
    }
    for bytes in
        ["80", "8001", "80 81", "80 8101 00", "80 817F", "80 820080", "80 80 0000", "80 83000100", "00 00"]
    {
        assert_eq!(tlv::objects(&unhex(bytes)), Err(TlvError::Malformed(0)), "{bytes}");
    }
    assert_eq!(tlv::objects(&unhex("8001007F2100")), Err(TlvError::LongTag(3)));
    assert_eq!(tlv::objects(&unhex("800100 8102 00")), Err(TlvError::Malformed(3)));
    let mut out = vec![1];
    tlv::push(&mut out, 0x80, &[0; 65536]);
    assert_eq!(out, [1]);
}

/// The sender chooses how deep objects nest; that may not cost our stack.
#[test]
fn deep_nesting_is_harmless() {
    assert!(Order::parse(&[0xE1, 0x7F].repeat(500_000)).is_err());
    let mut nested = vec![];
    for _ in 0..9000 {
        let inner = core::mem::take(&mut nested);
        tlv::push(&mut nested, 0xE1, &inner);
    }
    // The first field of this order is E1 again, which no order has; the meter number would stand before it.
    assert_eq!(Order::parse(&nested), Err(FieldError::Missing { tag: 0x80, name: "meter number" }));
}

/// docs/specs/purchase.md 5: name, status word, card error of the field, display.
const REFUSALS: &str = "\
format 6A80 14 Err-34
key-set 6A88 10 Err-32
mac 6988 10 Err-32
meter-number 9E11 11 Err-33
esam-serial 9E14 11 Err-33
unsigned 9E18 10 Err-32
signature 9E19 10 Err-32
customer-number 9E12 12 Err-33
sim-binding 9E13 13 Err-33
sim-changed 9E23 13 Err-33
not-opened 9E15 15 Err-34
replacement-not-opened 9E16 16 Err-34
already-opened 9E27 17 Err-34
count-older 9E17 17 Err-34
count-skipped 9E37 17 Err-34
expired 9E09 9 Err-32
over-ceiling 9E21 21 Err-36
key-state - 9 Err-32
chv - 5 Err-32
esam - 2 Err-31
esam-reset - 3 Err-31
sim-reset - 4 Err-32
internal-authentication - 5 Err-32
external-authentication - 6 Err-32
sim-file - 14 Err-34
sim-pulled - 20 Err-35
write-back - 19 Err-35
no-order - 7 Err-32
storage-file - 14 Err-34
storage-pulled - 20 Err-35
storage-write - 19 Err-35
storage-empty - 7 Err-32
pairing - 5 Err-32
retired - 2 Err-31
low-voltage - 1 Err-31
card-reset - 4 Err-32
card-identity - 5 Err-32
card-doubts - 6 Err-32
card-unissued - 7 Err-32
card-type - 8 Err-32
card-mac - 10 Err-32
card-meter - 11 Err-33
card-customer - 12 Err-33
card-serial - 13 Err-33
card-file - 14 Err-34
card-not-opened - 15 Err-34
card-replacement - 16 Err-34
card-count - 17 Err-34
card-used - 18 Err-34
card-command - 19 Err-35
card-pulled - 20 Err-35
card-ceiling - 21 Err-36
card-city - 9 Err-32
card-spent - 17 Err-34
card-keys - 11 Err-33
card-pairing - 10 Err-32
keys-older - 9 Err-32
no-number - 9 Err-32
has-number - 9 Err-32
in-use - 9 Err-32
older-make - 9 Err-32
";

#[test]
fn refusals_map_as_the_specification_says() {
    let table: String = Refusal::all()
        .map(|refusal| {
            let sw = refusal.sw().map_or("-".to_owned(), |sw| sw.to_string());
            format!("{} {sw} {} {}\n", refusal.name(), refusal.field_error(), refusal.display())
        })
        .collect();
    assert_eq!(table, REFUSALS);
}

#[test]
fn every_refusal_is_itself() {
    let all: Vec<Refusal> = Refusal::all().collect();
    for refusal in &all {
        let alike =
            all.iter().filter(|other| other.name() == refusal.name() || other.words() == refusal.words());
        assert_eq!(alike.count(), 1, "{refusal:?}");
        if let Some(sw) = refusal.sw() {
            assert_eq!(Refusal::from_sw(sw), Some(*refusal));
        }
    }
    assert_eq!((Refusal::from_sw(Sw::OK), Refusal::from_sw(Sw(0x9E99))), (None, None));
}

#[test]
fn order_id_is_16_digits() {
    assert_eq!("00ff00FF00ff00FF".parse::<OrderId>().unwrap().to_string(), "00FF00FF00FF00FF");
    assert!(
        ["", "00", "00FF00FF00FF00F", "00FF00FF00FF00FF00", "00FF00FF00FF00FG"]
            .iter()
            .all(|t| t.parse::<OrderId>().is_err())
    );
}

prop_compose! {
    fn any_time()(seconds in 0i64..250_000_000_000) -> Moment {
        Moment::from_seconds(seconds).unwrap()
    }
}

prop_compose! {
    fn any_order()(
        meter in "[0-9]{12}", customer in "[0-9]{12}", amount: u32, count: u32, id: [u8; 8], binding: [u8; 8], serial: [u8; 8],
        kind in 1u8..=3, issued in any_time(), valid_until in any_time(),
    ) -> Order {
        let (meter, customer): (MeterNumber, CustomerNumber) = (meter.parse().unwrap(), customer.parse().unwrap());
        let kind = OrderKind::from_code(kind).unwrap();
        Order { meter, customer, amount: Fen(amount), count, issued, id: OrderId(id), kind, binding: SimBinding(binding), valid_until, serial: Serial8(serial) }
    }
}

proptest! {
    #[test]
    fn orders_go_both_ways(order in any_order()) {
        let bytes = order.to_bytes();
        prop_assert_eq!(bytes.len(), 81);
        prop_assert_eq!(Order::parse(&bytes), Ok(order));
    }

    #[test]
    fn receipts_go_both_ways(count: u32, id: [u8; 8], result: u8, balance: u32, register: u32, time in any_time(), tac: [u8; 4]) {
        let receipt = Receipt { count, order: OrderId(id), result, balance: Fen(balance), register, time, tac, ..receipt() };
        prop_assert_eq!(Receipt::parse(&receipt.to_bytes()), Ok(receipt));
    }

    /// What an order parses from, it writes again: there is one encoding.
    #[test]
    fn one_order_one_encoding(at in 0usize..81, value: u8) {
        let mut bytes = order().to_bytes();
        bytes[at] = value;
        if let Ok(order) = Order::parse(&bytes) {
            prop_assert_eq!(order.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), tag in prop::sample::select(vec![0xE1u8, 0xE2])) {
        let mut framed = vec![];
        tlv::push(&mut framed, tag, &bytes);
        for bytes in [&bytes, &framed] {
            let _ = (Order::parse(bytes), Receipt::parse(bytes), tlv::only(bytes, tag));
            if let Ok(objects) = tlv::objects(bytes) {
                let mut again = vec![];
                objects.iter().for_each(|object| tlv::push(&mut again, object.tag, &object.value));
                prop_assert_eq!(&again, bytes);
            }
        }
    }
}
