use crate::script::Script;
use gridcard_reader::CardError;
use gridcard_reader::driver::issuing::{Activation, Current, IssuingCard, Target};
use scheme::money::Fen;
use scheme::profile::{CardKind, Recipient, State};

const CHALLENGE: [u8; 8] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];

fn target(recipient: Recipient, own_master: bool) -> Target {
    Target {
        recipient,
        master: if own_master { Current::Own } else { Current::Transport },
        test_keys: false,
        version: None,
        serial: [1, 2, 3, 4, 5, 6, 7, 8],
        number: [0x12, 0x34, 0x56, 0x78, 0x90, 0x12],
        region: [0x33, 0x02, 0x00, 0x00],
    }
}

const IDENTITY: &str = "0102030405060708 123456789012 33020000";

#[test]
fn the_target_travels_as_the_document_says() {
    let field = "AA".repeat(28);
    let mut card = Script::new(&format!(
        "> 00200000 03 123456
         < 9000
         # an ESAM with its transport key
         > 80465000 1A 1122334455667788 {IDENTITY}
         < A1A2A3A4A5A6A7A8 9000
         # the same with its own master, then a meter's MCU
         > 80445102 1F 1122334455667788 84D401021C {IDENTITY}
         < {field} 9000
         > 8044F003 1F 1122334455667788 84D401031C {IDENTITY}
         < 611C
         > 00C000001C
         < {field} 9000"
    ));
    let mut issuing = IssuingCard::new(&mut card);
    issuing.verify_pin(&[0x12, 0x34, 0x56]).unwrap();
    let esam = Recipient::Card(CardKind::Esam);
    assert_eq!(issuing.authenticate_target(&target(esam, false), CHALLENGE).unwrap().len(), 8);
    let header = |id| [0x84, 0xD4, 0x01, id, 0x1C];
    assert_eq!(issuing.export_key(&target(esam, true), 2, CHALLENGE, header(2)).unwrap(), [0xAA; 28]);
    assert_eq!(
        issuing.export_key(&target(Recipient::Mcu, false), 3, CHALLENGE, header(3)).unwrap(),
        [0xAA; 28]
    );
}

/// Versions, the test hierarchy, activation, check values and counters, byte for byte [docs/specs/cards.md 7, 9, 10].
#[test]
fn what_versions_and_states_need_travels_as_the_document_says() {
    let field = "AA".repeat(28);
    let mut card = Script::new(&format!(
        "> 80443104 20 1122334455667788 84D401041C {IDENTITY} 02
         < {field} 9000
         > 80445300 20 1122334455667788 84D402001C {IDENTITY} 07
         < {field} 9000
         > 80445500 1F 1122334455667788 84D402001C {IDENTITY}
         < {field} 9000
         > 804C5700 20 1122334455667788 {IDENTITY} 00 01 000003E8
         < A1A2A3A4 9000
         > 804E0004 05 33020000 02
         < 0200010203 9000
         > 00B0970004
         < 00000005 9000
         > 00B0980004
         < 00000002 9000
         > 803C3A0101
         < 32 9000"
    ));
    let mut issuing = IssuingCard::new(&mut card);
    let header = |p1, id| [0x84, 0xD4, p1, id, 0x1C];
    let next = Target { version: Some(2), ..target(Recipient::Card(CardKind::EsamIssuing), true) };
    issuing.export_key(&next, 4, CHALLENGE, header(1, 4)).unwrap();
    let esam = target(Recipient::Card(CardKind::Esam), true);
    issuing.export_key(&Target { master: Current::Test(7), ..esam }, 0, CHALLENGE, header(2, 0)).unwrap();
    issuing.export_key(&Target { test_keys: true, ..esam }, 0, CHALLENGE, header(2, 0)).unwrap();
    let back = Target { master: Current::Test(1), test_keys: true, ..esam };
    let activation = Activation { state: State::Test, version: 1, forfeit: Fen(1000) };
    assert_eq!(issuing.seal_activation(&back, CHALLENGE, activation).unwrap(), [0xA1, 0xA2, 0xA3, 0xA4]);
    assert_eq!(issuing.check_value(4, [0x33, 0x02, 0, 0], 2).unwrap(), [1, 2, 3]);
    assert_eq!(issuing.counter().unwrap().unwrap().left(), Some(3));
    assert_eq!(issuing.fmcos().tries_left(0x3A, 1).unwrap(), Some(2));
}

#[test]
fn a_field_of_another_length_is_not_passed_on() {
    let mut card = Script::new(&format!(
        "> 80444004 1F 1122334455667788 84D401041C {IDENTITY}\n< AABB 9000\n> 80464000 1A 1122334455667788 {IDENTITY}\n< AABB 9000"
    ));
    let mut issuing = IssuingCard::new(&mut card);
    let psam = target(Recipient::Card(CardKind::Psam), false);
    let error = issuing.export_key(&psam, 4, CHALLENGE, [0x84, 0xD4, 0x01, 0x04, 0x1C]).unwrap_err();
    assert_eq!(error.to_string(), "EXPORT KEY: the header announces 28 byte(s), the card answered 2");
    let error = issuing.authenticate_target(&psam, CHALLENGE).unwrap_err();
    assert!(matches!(error, CardError::Malformed { step: "AUTHENTICATE TARGET", .. }));
}

#[test]
fn another_region_is_the_cards_to_refuse() {
    let mut card = Script::new(&format!("> 80464000 1A 1122334455667788 {IDENTITY}\n< 6985"));
    let psam = target(Recipient::Card(CardKind::Psam), false);
    let error = IssuingCard::new(&mut card).authenticate_target(&psam, CHALLENGE).unwrap_err();
    assert_eq!(error.sw(), Some(wire::Sw::CONDITIONS));
}

#[test]
fn its_own_keys_and_information_can_be_asked() {
    let mut card = Script::new(
        "> 00B095001E
         < 00000000 33020000 03 01 00000000 000000000001 20260101 20361231 00 00 9000
         > 8048F50406
         < F50100010203 9000",
    );
    let mut issuing = IssuingCard::new(&mut card);
    assert_eq!(issuing.card_info().unwrap().kind, CardKind::EsamIssuing);
    assert_eq!(issuing.key_information(0xF5, 4).unwrap().kcv, [1, 2, 3]);
}
