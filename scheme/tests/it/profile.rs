//! What the cards we issue hold.

use crate::unhex;
use gridcard_scheme::profile::{
    self, CardInfo, CardInfoError, CardKind, ESAM_FILES, FACTORY_KEYS, Fid, ISSUING_FILES,
    MAIN_CONTROL_FILES, Make, PSAM_FILES, PSAM_PURCHASE_FILES, Recipient, Shape, State,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

const INFO: &str = "00000000 33020000 05 02 00000000 000000123456 20260101 20461231 00 00";

fn info() -> CardInfo {
    CardInfo {
        make: Make::Current,
        region: [0x33, 0x02, 0, 0],
        kind: CardKind::Esam,
        number: [0, 0, 0, 0x12, 0x34, 0x56],
        valid_from: [0x20, 0x26, 0x01, 0x01],
        valid_to: [0x20, 0x46, 0x12, 0x31],
        state: State::Test,
        suite: 0,
    }
}

#[test]
fn card_information() {
    assert_eq!(info().to_bytes()[..], unhex(INFO));
    assert_eq!(CardInfo::parse(&unhex(INFO)), Ok(info()));
    assert_eq!(CardInfo::parse(&[]), Err(CardInfoError::Length(0)));
    assert_eq!(CardInfo::parse(&[0; 31]), Err(CardInfoError::Length(31)));
    for (at, value, error) in [
        (9, 3, CardInfoError::Version(3)),
        (9, 0, CardInfoError::Version(0)),
        (8, 0, CardInfoError::Kind(0)),
        (8, 0xEE, CardInfoError::Kind(0xEE)),
        (28, 3, CardInfoError::State(3)),
    ] {
        let mut bytes = unhex(INFO);
        bytes[at] = value;
        assert_eq!(CardInfo::parse(&bytes), Err(error), "byte {at}");
    }
}

#[test]
fn the_structure_version_tells_the_older_make() {
    let mut bytes = unhex(INFO);
    bytes[9] = 1;
    let older = CardInfo { make: Make::Older, ..info() };
    assert_eq!(CardInfo::parse(&bytes), Ok(older));
    assert_eq!(older.to_bytes()[..], bytes);
    assert!(older.is_older_make() && !info().is_older_make());
}

#[test]
fn codes_and_names_go_both_ways() {
    for kind in CardKind::ALL {
        assert_eq!(CardKind::from_code(kind.code()), Some(kind));
        assert_eq!(CardKind::from_name(kind.name()), Some(kind));
        assert_eq!(Recipient::from_code(kind.code()), Some(Recipient::Card(kind)));
    }
    assert_eq!(Recipient::from_code(Recipient::Mcu.code()), Some(Recipient::Mcu));
    assert_eq!(
        (CardKind::from_code(0), CardKind::from_name("meter"), State::from_code(3)),
        (None, None, None)
    );
    assert_eq!(Recipient::from_code(0x0E), None);
}

#[test]
fn rows_become_create_file() {
    assert_eq!(FACTORY_KEYS.create().to_bytes(), unhex("80E00000 07 3F 0200 01 FA FFFF"));
    let purse = ESAM_FILES.iter().find(|row| row.fid == profile::EF_PURSE).unwrap();
    assert_eq!(purse.create().to_bytes(), unhex("80E00001 07 2A 03 04 F0 EF FFFF"));
    let purchase = PSAM_FILES.iter().find(|row| row.fid == profile::DF_PURCHASE).unwrap();
    let name = hex::encode(profile::PURCHASE_NAME);
    let expected = format!("80E0DF01 {:02X} 38 0300 0A0A 95 FFFF {name}", 8 + profile::PURCHASE_NAME.len());
    assert_eq!(purchase.create().to_bytes(), unhex(&expected));
}

#[test]
fn no_directory_names_a_file_twice() {
    for table in [MAIN_CONTROL_FILES, ISSUING_FILES, PSAM_FILES, PSAM_PURCHASE_FILES, ESAM_FILES] {
        let ids: BTreeSet<Fid> = table.iter().map(|row| row.fid).collect();
        assert_eq!(ids.len(), table.len());
        for row in table.iter().filter(|row| matches!(row.shape, Shape::Binary(_) | Shape::Fixed(..))) {
            // 01 to 1E are the field's on an ESAM, but for 15, where the field has none: its own stand elsewhere. A signing key and its
            // certificates are reached alike on every card.
            let signing = matches!(row.fid, profile::EF_SIGNING_KEY | profile::EF_CERTIFICATES);
            let own = signing || (table == ESAM_FILES && row.fid.0 >= 0x5000);
            assert_eq!(row.fid.short().is_none(), own, "{:04X}", row.fid.0);
        }
    }
}

#[test]
fn no_card_holds_a_role_twice_nor_two_keys_in_one_place() {
    for recipient in CardKind::ALL.map(Recipient::Card).into_iter().chain([Recipient::Mcu]) {
        let rows = recipient.keys();
        let roles: BTreeSet<u8> = rows.iter().map(|row| row.role).collect();
        let places: BTreeSet<_> = rows.iter().map(|row| (row.kind & 0x3F, row.id)).collect();
        assert_eq!((roles.len(), places.len()), (rows.len(), rows.len()), "{recipient:?}");
        for row in rows {
            assert_eq!(recipient.key(row.role), Some(row));
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 28..33)) {
        if let Ok(info) = CardInfo::parse(&bytes) {
            prop_assert_eq!(CardInfo::parse(&info.to_bytes()), Ok(info));
        }
    }
}
