//! Frames of a user card's files, and what is loaded onto one [docs/specs/user-card.md 1 to 3].

use crate::unhex;
use gridcard_scheme::money::Fen;
use gridcard_scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use gridcard_scheme::order::{OrderKind, Serial8, SimBinding};
use gridcard_scheme::user_card::{
    FrameError, Information, Load, MeterKey, WriteBack, bank_key, binding, kind_of_frame, purchase_id,
};
use keys::{Key, Suite};
use proptest::prelude::*;

const METER: MeterNumber = MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
const CUSTOMER: CustomerNumber = CustomerNumber([0x33, 0x02, 0x00, 0x00, 0x12, 0x34]);

/// The field's card writers have files of zeros as samples: 45 bytes of kind 03 with the sum 2A, 32 of kind 02 with 1C.
#[test]
fn the_samples_of_the_fields_card_writers_are_framed_as_ours() {
    let sample = [&unhex("68030027")[..], &[0; 0x27], &[0x2A, 0x16]].concat();
    // Its second byte is another than on the cards of the other grid, and everything else is right.
    assert_eq!(Information::parse(&sample), Err(FrameError::Kind { wanted: 0x01, found: 0x03 }));
    assert_eq!(kind_of_frame(&[0x68, 0x03, 0x00, 0x27]), Some(0x03));
    let ours = [&unhex("68010027")[..], &[0; 0x27], &[0x28, 0x16]].concat();
    assert_eq!(Information::parse(&ours), Err(FrameError::Number("kind of card")));
}

#[test]
fn a_purchase_stands_where_the_field_looks_for_it() {
    let file = Information::of(METER, CUSTOMER, OrderKind::Recharge).to_bytes();
    let wanted =
        "68010027 00 00 00000000 0000000000 00 00000000 00000000 000001 000001 123456789012 330200001234 02";
    let sum = unhex(wanted)[1..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!(file.to_vec(), [unhex(wanted), vec![sum, 0x16]].concat());
    let read = Information::parse(&file).unwrap();
    assert_eq!((read.meter, read.customer, read.kind), (METER, CUSTOMER, OrderKind::Recharge));
    assert_eq!(file[Information::CUSTOMER..][..7], unhex("33020000123402"));
}

#[test]
fn what_is_written_back_stands_where_the_field_reads_it() {
    let back = WriteBack {
        user: 1,
        ratios: [[0, 0, 1], [0, 0, 2]],
        meter: METER,
        customer: CUSTOMER.0,
        remaining: Fen(150_00),
        count: 2,
        overdraft: Fen(12_34),
        keys: [0, 0, 0, 1],
        illegal: 7,
        time: [0x26, 0x11, 0x22, 0x08, 0x30],
    };
    let file = back.to_bytes();
    let wanted = "6811002B 01 000001 000002 123456789012 330200001234 00003A98 00000002 00001234 00000001 000007 2611220830";
    let sum = unhex(wanted)[1..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!(file.to_vec(), [unhex(wanted), vec![sum, 0x16]].concat());
    assert_eq!(WriteBack::parse(&file), Ok(back));
    // The ESAM puts its own account in: the frame goes on being right.
    let mut other = file;
    let account = unhex("123456789012 330200001234 00000001 00000003");
    WriteBack::with_account(&mut other, &account.try_into().unwrap());
    let stated = WriteBack { remaining: Fen(1), count: 3, ..back };
    assert_eq!(WriteBack::parse(&other), Ok(stated));
}

#[test]
fn no_file_is_read_that_is_cut_or_changed() {
    let file = Information::of(METER, CUSTOMER, OrderKind::Open).to_bytes();
    for end in 0..file.len() {
        let error = Information::parse(&file[..end]).unwrap_err();
        assert_eq!(error, FrameError::Length { wanted: Information::LEN, found: end });
    }
    for at in 0..file.len() {
        let mut bent = file;
        bent[at] ^= 0x04;
        assert!(Information::parse(&bent).is_err(), "byte {at}");
    }
    let overdraft = WriteBack { overdraft: Fen(0), ..written() }.to_bytes();
    let mut letters = overdraft;
    (letters[0x1F], letters[0x2F]) = (0x0A, letters[0x2F].wrapping_add(0x0A));
    assert_eq!(WriteBack::parse(&letters), Err(FrameError::Number("overdraft")));
}

fn written() -> WriteBack {
    WriteBack {
        user: 0,
        ratios: [[0, 0, 1]; 2],
        meter: METER,
        customer: [0; 6],
        remaining: Fen(0),
        count: 0,
        overdraft: Fen(0),
        keys: [0; 4],
        illegal: 0,
        time: [0; 5],
    }
}

#[test]
fn what_packed_digits_cannot_hold_is_all_nines() {
    let file = WriteBack { overdraft: Fen(u32::MAX), illegal: u32::MAX, ..written() }.to_bytes();
    let read = WriteBack::parse(&file).unwrap();
    assert_eq!((read.overdraft, read.illegal), (Fen(99_999_999), 999_999));
}

fn load() -> Load {
    Load {
        amount: Fen(50_00),
        count: 1,
        meter: METER,
        customer: CUSTOMER,
        kind: OrderKind::Open,
        serial: Serial8([7; 8]),
    }
}

#[test]
fn a_load_opens_for_its_card_and_challenge_alone() {
    for suite in Suite::ALL {
        let city = Key::from_16(suite, [0x5A; 16]);
        let number = |n| DeviceNumber([0, 0, 0, 0, 0, n]);
        let (bank, other) = (bank_key(&city, number(2)), bank_key(&city, number(3)));
        let key = MeterKey::derive(&Key::from_16(suite, [0xA5; 16]), load().serial);
        let challenge = [1, 2, 3, 4, 5, 6, 7, 8];
        let sealed = load().seal(&bank, &challenge, &key);
        assert_eq!(sealed.len(), if suite == Suite::TripleDes { 61 } else { 69 });
        let (opened, kept) = Load::open(&bank, &challenge, &sealed).unwrap();
        assert_eq!((opened, kept.key()), (load(), key.key()));
        assert!(Load::open(&other, &challenge, &sealed).is_none());
        assert!(Load::open(&bank, &[0; 8], &sealed).is_none());
        for end in 0..sealed.len() {
            assert!(Load::open(&bank, &challenge, &sealed[..end]).is_none(), "cut at {end}");
        }
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 0x01;
            assert!(Load::open(&bank, &challenge, &bent).is_none(), "byte {at}");
        }
        assert!(!sealed.windows(8).any(|part| key.key().expose().chunks(8).any(|half| half == part)));
    }
}

#[test]
fn each_use_of_the_shared_key_is_another_key() {
    for suite in Suite::ALL {
        let kid = Key::from_16(suite, [0xA5; 16]);
        let key = MeterKey::derive(&kid, Serial8([7; 8]));
        let other = MeterKey::derive(&kid, Serial8([8; 8]));
        let uses = [
            key.of_card(),
            key.of_meter(),
            key.to_esam(),
            key.to_card(),
            key.key().clone(),
            other.key().clone(),
        ];
        for (n, one) in uses.iter().enumerate() {
            assert!(uses[n + 1..].iter().all(|another| one != another), "{suite:?} {n}");
        }
    }
}

#[test]
fn a_receipt_names_card_count_and_amount() {
    let (one, two) = (binding(Serial8([1; 8])), binding(Serial8([2; 8])));
    assert_ne!(one, two);
    // No EF_IMSI of 9 bytes is hashed for it.
    assert_ne!(one, SimBinding::of(&[1; 8]));
    let named = [
        purchase_id(Fen(1), 1, one),
        purchase_id(Fen(2), 1, one),
        purchase_id(Fen(1), 2, one),
        purchase_id(Fen(1), 1, two),
    ];
    for (n, one) in named.iter().enumerate() {
        assert_eq!(one.0.0, one.1.0);
        assert!(named[n + 1..].iter().all(|other| one.0 != other.0), "{n}");
    }
}

proptest! {
    #[test]
    fn files_go_both_ways(
        user in any::<u8>(), updates in any::<u8>(), version in any::<[u8; 4]>(), switch in any::<[u8; 5]>(),
        alarms in any::<[[u8; 4]; 2]>(), ratios in any::<[[u8; 3]; 2]>(), kind in 1_u8..=3,
        remaining in any::<u32>(), count in any::<u32>(), overdraft in 0_u32..=99_999_999, illegal in 0_u32..=999_999,
    ) {
        let kind = OrderKind::from_code(kind).unwrap();
        let file = Information { user, updates, version, switch, alarms, ratios, ..Information::of(METER, CUSTOMER, kind) };
        prop_assert_eq!(Information::parse(&file.to_bytes()), Ok(file));
        let back = WriteBack {
            user, ratios, remaining: Fen(remaining), count, overdraft: Fen(overdraft), illegal, keys: version, time: switch,
            ..written()
        };
        prop_assert_eq!(WriteBack::parse(&back.to_bytes()), Ok(back));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), challenge in any::<[u8; 8]>()) {
        let _ = Information::parse(&bytes);
        let _ = WriteBack::parse(&bytes);
        let bank = Key::from_16(Suite::TripleDes, [0x5A; 16]);
        prop_assert!(Load::open(&bank, &challenge, &bytes).is_none());
    }
}
