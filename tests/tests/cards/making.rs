//! A card in the making: which versions its keys may have, and what its card information is and is not [docs/specs/cards.md 4].

use super::by_hand::{Design, Record, close, honest, make, select, sw, update};
use scheme::profile::{
    BIRTH_KEY, CardKind, DF_PURCHASE, EF_CARD_INFO, Fid, PREVIOUS_MASTER, Recipient, directories,
};
use wire::channel::Channel;
use wire::{Command, Sw};

/// The card as it should be, with keys of a version.
fn of_version(kind: CardKind, version: u8) -> Design {
    let mut design = honest(kind);
    for ((_, _, records), directory) in design.directories.iter_mut().zip(directories(kind)) {
        for record in records {
            let mut rows = directory.keys.iter();
            let row = rows.find(|row| (row.kind, row.id) == (record.data[0], record.id));
            if row.is_some_and(|row| row.tail.is_none()) {
                record.data[3] = version;
            }
        }
    }
    design
}

/// An ESAM issuing card of a version, with the city's master of an earlier one.
fn with_earlier_master(version: u8, earlier: u8, algorithm: u8) -> Design {
    let row = Recipient::Card(CardKind::EsamIssuing).key(PREVIOUS_MASTER).unwrap();
    let mut head = row.header(earlier);
    head[4] = algorithm;
    let mut design = of_version(CardKind::EsamIssuing, version);
    design.directories[0].2.push(Record { id: row.id, data: [&head[..], &[0x5A; 16]].concat() });
    design
}

#[test]
fn the_keys_of_a_card_have_one_version_from_01_on() {
    // A card whose own master is its only key has none with a version.
    let has_version = |kind: &CardKind| {
        directories(*kind).iter().flat_map(|directory| directory.keys).any(|row| row.tail.is_none())
    };
    assert_eq!(CardKind::ISSUED.into_iter().filter(|kind| !has_version(kind)).count(), 1);
    for kind in CardKind::ISSUED.into_iter().filter(has_version) {
        assert_eq!(close(&of_version(kind, 0)), Sw::CONDITIONS, "{}: version 00", kind.name());
        assert_eq!(close(&of_version(kind, 1)), Sw::OK, "{}: version 01", kind.name());
        // A province has one ceremony, whose version is 01; an ESAM issuing card above it has the earlier master too.
        let alone = !matches!(kind, CardKind::MainControl | CardKind::EsamIssuing);
        let wanted = if alone { Sw::OK } else { Sw::CONDITIONS };
        for version in [2, 0xFF] {
            assert_eq!(close(&of_version(kind, version)), wanted, "{}: version {version:02X}", kind.name());
        }
    }
}

#[test]
fn the_earlier_master_is_of_an_earlier_version() {
    for (version, earlier) in [(2, 1), (3, 1), (3, 2), (0xFF, 0xFE)] {
        let design = with_earlier_master(version, earlier, 0);
        assert_eq!(close(&design), Sw::OK, "version {version:02X}, earlier {earlier:02X}");
    }
    for (version, earlier) in [(1, 0), (1, 1), (2, 0), (2, 2), (2, 3), (0xFE, 0xFF)] {
        let design = with_earlier_master(version, earlier, 0);
        assert_eq!(close(&design), Sw::CONDITIONS, "version {version:02X}, earlier {earlier:02X}");
    }
    assert_eq!(close(&with_earlier_master(2, 1, 1)), Sw::CONDITIONS, "of another algorithm");
}

/// Card information is EF 0015 of the MF and no other file, whatever stands in it.
#[test]
fn no_other_file_is_card_information() {
    let binary = |fid: Fid, size: u8| {
        let [hi, lo] = fid.bytes();
        Command::new(0x80, 0xE0, hi, lo).data(&[0x28, 0x00, size, 0xF0, 0xF0, 0xFF, 0xFF])
    };
    let stranger = Fid(0x001C);
    for kind in CardKind::ISSUED {
        let mut design = honest(kind);
        // The first file after the KEY file.
        design.directories[0].1.insert(1, binary(stranger, 0x1E));
        let mut card = make(&design);
        let [select, write] = update(stranger, &design.info);
        assert_eq!((sw(&mut card, &select), sw(&mut card, &write)), (Sw::OK, Sw::OK), "{}", kind.name());
        assert_eq!(sw(&mut card, &binary(Fid(0x001D), 4)), Sw::OK, "{} is not closed by it", kind.name());
        // What a finished card alone does it does not do either, with every right of the free mode.
        let finished = match kind {
            CardKind::MainControl => Some(Command::new(0x80, 0x4E, 0, 4).data(&[0x33, 0x02, 0, 0, 1]).le(5)),
            CardKind::Esam => Some(Command::new(0x84, 0xD4, 0x02, BIRTH_KEY.id).data(&[0; 28])),
            _ => None,
        };
        if let Some(command) = finished {
            assert_eq!(sw(&mut card, &Command::new(0x00, 0x84, 0x00, 0x00).le(8)), Sw::OK);
            assert_eq!(sw(&mut card, &command), Sw::CONDITIONS, "{} is none of ours by it", kind.name());
        }
        assert_eq!(close(&design), Sw::CONDITIONS, "{}: with a file more", kind.name());
    }
    for kind in [CardKind::Psam, CardKind::TestCard] {
        let mut card = make(&honest(kind));
        let info = honest(kind).info;
        assert_eq!(sw(&mut card, &select(DF_PURCHASE)), Sw::OK);
        assert_eq!(sw(&mut card, &binary(EF_CARD_INFO, 0x1E)), Sw::OK);
        let [select, write] = update(EF_CARD_INFO, &info);
        assert_eq!((sw(&mut card, &select), sw(&mut card, &write)), (Sw::OK, Sw::OK), "{}", kind.name());
    }
}

/// A card counts wrong MACs from its first day; that it counted some does not keep it from closing.
#[test]
fn a_wrong_mac_in_the_making_keeps_no_card_open() {
    for (kind, command) in [
        (CardKind::MainControl, "844C000010"),
        (CardKind::PsamIssuing, "844C000010"),
        (CardKind::EsamIssuing, "844C000010"),
        (CardKind::Esam, "84D402001C"),
    ] {
        let design = honest(kind);
        let mut card = make(&design);
        assert_eq!(sw(&mut card, &Command::new(0x00, 0x84, 0x00, 0x00).le(8)), Sw::OK);
        let mut bytes = hex::decode(command).unwrap();
        bytes.resize(5 + usize::from(bytes[4]), 0);
        let answer = card.transmit(&bytes).unwrap();
        assert_eq!(hex::encode_upper(answer), "63C2", "{}", kind.name());
        let [select, write] = update(EF_CARD_INFO, &design.info);
        assert_eq!((sw(&mut card, &select), sw(&mut card, &write)), (Sw::OK, Sw::OK), "{}", kind.name());
    }
}

/// A purse that is not the profile's holds no money: the ESAM's own commands find no counter there, in free mode too.
#[test]
fn a_purse_of_another_shape_is_no_purse() {
    for (at, value) in [(0, 0x2E), (2, 5)] {
        let mut design = honest(CardKind::Esam);
        let purse =
            design.directories[0].1.iter_mut().find(|file| file.header()[2..] == [0x00, 0x01]).unwrap();
        let mut data = purse.data_bytes().to_vec();
        data[at] = value;
        *purse = Command::new(0x80, 0xE0, 0x00, 0x01).data(&data);
        let mut card = make(&design);
        let debit = Command::new(0x80, 0x30, 0x00, 0x0C).data(&[0, 0, 0, 1]);
        assert_eq!(sw(&mut card, &debit), Sw::WRONG_KIND, "byte {at} is {value:02X}");
    }
}
