//! Milenage in both classes, against the published test set.

use crate::world::{serial, slot};
use keys::milenage::Milenage;
use scheme::cards::NewSim;
use scheme::profile::CardKind;
use scheme::sim::TEST_MILENAGE;
use vcard::{Slot, factory};
use wire::Channel;

const RAND: &str = "23553CBE9637A89D218AE64DAE47BF35";
/// What the test set says of RES, CK, IK.
const RES: &str = "A54211D5E3BA50BF";
const CK: &str = "B40BA9A3C58B2A05BBF0D987B21BF8CB";
const IK: &str = "F769BCD751044604127672711C6D3441";
/// SRES is RES folded once, Kc is CK and IK folded.
const SRES: &str = "46F8416A";
const KC: &str = "EAE4BE823AF9A08B";

fn card(kind: CardKind) -> Slot {
    let blank =
        NewSim { kind, serial: serial("usim").0, messages: 10, chv1: None, milenage: Some(&TEST_MILENAGE) };
    slot(factory::sim(&blank).unwrap(), "usim")
}

fn answer(card: &mut Slot, command: &str) -> String {
    let bytes = hex::decode(command.replace(' ', "")).unwrap();
    let mut answer = card.transmit(&bytes).unwrap();
    while let [.., sw1 @ (0x61 | 0x9F), sw2] = answer[..] {
        let class = if sw1 == 0x9F { 0xA0 } else { 0x00 };
        answer.truncate(answer.len() - 2);
        answer.extend(card.transmit(&[class, 0xC0, 0, 0, sw2]).unwrap());
    }
    hex::encode_upper(answer)
}

fn in_usim() -> Slot {
    let mut card = card(CardKind::Uicc);
    card.reset().unwrap();
    assert!(answer(&mut card, "00A4040C07A0000000871002").ends_with("9000"));
    card
}

/// The network's side: what proves it for a sequence number.
fn autn(sqn: [u8; 6], amf: [u8; 2]) -> String {
    let rand: [u8; 16] = hex::decode(RAND).unwrap().try_into().unwrap();
    let network = Milenage::new(&TEST_MILENAGE[0], &TEST_MILENAGE[1]).unwrap();
    let hidden: Vec<u8> = sqn.iter().zip(network.answer(&rand).ak).map(|(byte, ak)| byte ^ ak).collect();
    let (mac, _) = network.macs(&rand, &sqn, &amf);
    hex::encode_upper([&hidden[..], &amf, &mac].concat())
}

#[test]
fn the_published_test_set() {
    let unhex = |text: &str| -> [u8; 16] { hex::decode(text).unwrap().try_into().unwrap() };
    let rand = unhex(RAND);
    let [k, opc] = TEST_MILENAGE;
    assert_eq!(Milenage::opc(&k, &unhex("CDC202D5123E20F62B6D676AC72CB318")), Ok(opc));
    let milenage = Milenage::new(&k, &opc).unwrap();
    let sqn = [0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x07];
    let (mac, resync) = milenage.macs(&rand, &sqn, &[0xB9, 0xB9]);
    assert_eq!(hex::encode_upper(mac), "4A9FFAC354DFAFB3");
    assert_eq!(hex::encode_upper(resync), "01CFAF9EC4E871E9");
    let answer = milenage.answer(&rand);
    assert_eq!(hex::encode_upper(answer.res), RES);
    assert_eq!(hex::encode_upper(*answer.ck), CK);
    assert_eq!(hex::encode_upper(*answer.ik), IK);
    assert_eq!(hex::encode_upper(answer.ak), "AA689C648370");
    assert_eq!(hex::encode_upper(milenage.resynchronisation_ak(&rand)), "451E8BECA43B");
}

#[test]
fn both_classes_answer_a_network_of_the_second_generation() {
    for kind in [CardKind::Sim, CardKind::Uicc] {
        let mut card = card(kind);
        card.reset().unwrap();
        answer(&mut card, "A0A40000027F20");
        assert_eq!(answer(&mut card, &format!("A088000010{RAND}")), format!("{SRES}{KC}9000"));
    }
    let mut card = in_usim();
    assert_eq!(answer(&mut card, &format!("008800801110{RAND}")), format!("04{SRES}08{KC}9000"));
}

#[test]
fn the_network_proves_itself() {
    let mut card = in_usim();
    let ask = |autn: &str| format!("008800812210{RAND}10{autn}");
    let sqn = [0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x07];
    // The number that hides in AUTN is the test set's, and so is its MAC.
    let good = autn(sqn, [0xB9, 0xB9]);
    assert_eq!(good, "55F328B43577B9B94A9FFAC354DFAFB3");
    let wanted = format!("DB08{RES}10{CK}10{IK}08{KC}9000");
    assert_eq!(answer(&mut card, &ask(&good)), wanted);
    // The same again: the number was seen. AUTS tells it, hidden by f5*, with a MAC over it.
    let milenage = Milenage::new(&TEST_MILENAGE[0], &TEST_MILENAGE[1]).unwrap();
    let rand: [u8; 16] = hex::decode(RAND).unwrap().try_into().unwrap();
    let (_, mac) = milenage.macs(&rand, &sqn, &[0, 0]);
    let hidden = milenage.resynchronisation_ak(&rand);
    let hidden: Vec<u8> = sqn.iter().zip(hidden).map(|(byte, ak)| byte ^ ak).collect();
    let auts = format!("DC0E{}{}9000", hex::encode_upper(hidden), hex::encode_upper(mac));
    assert_eq!(answer(&mut card, &ask(&good)), auts);
    // It is kept when the power goes.
    card.power_off();
    card.reset().unwrap();
    answer(&mut card, "00A4040C07A0000000871002");
    assert_eq!(answer(&mut card, &ask(&good)), auts);
    // A lower number of another slot is fresh; a higher one of the same slot too; a lower one of it is not.
    assert_eq!(answer(&mut card, &ask(&autn([0, 0, 0, 0, 0, 0x28], [0, 0]))), wanted);
    assert_eq!(answer(&mut card, &ask(&autn([0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x27], [0, 0]))), wanted);
    assert!(answer(&mut card, &ask(&autn([0xFF, 0x9B, 0xB4, 0xD0, 0xB5, 0x07], [0, 0]))).starts_with("DC0E"));
    // One bit of the MAC, of the number, of the field.
    for at in [0, 6, 15] {
        let mut bent = hex::decode(&good).unwrap();
        bent[at] ^= 1;
        assert_eq!(answer(&mut card, &ask(&hex::encode_upper(bent))), "9862");
    }
    for (command, sw) in [
        (format!("008800812211{RAND}10{good}"), "6A80"),
        (format!("008800812110{RAND}10{}", &good[2..]), "6700"),
        (format!("008800822210{RAND}10{good}"), "6A86"),
    ] {
        assert_eq!(answer(&mut card, &command), sw, "{command}");
    }
}

/// The numbers that were seen are nobody's to read or to set back.
#[test]
fn numbers_that_were_seen_stay_in_the_card() {
    let mut card = in_usim();
    answer(&mut card, "0020000A083030303030303030");
    assert!(answer(&mut card, "00A4000C026FE1").ends_with("9000"));
    assert_eq!(answer(&mut card, "00B00000C0"), "6982");
    assert_eq!(answer(&mut card, "00D6000006000000000000"), "6982");
    assert_eq!(answer(&mut card, "00A4000C027FFF"), "9000");
}

/// A SIM without Milenage's keys answers as before, and says that it has none.
#[test]
fn our_own_algorithm_stands_beside_it() {
    let blank =
        NewSim { kind: CardKind::Uicc, serial: serial("own").0, messages: 10, chv1: None, milenage: None };
    let mut card = slot(factory::sim(&blank).unwrap(), "own");
    card.reset().unwrap();
    answer(&mut card, "00A4040C07A0000000871002");
    let own = answer(&mut card, &format!("008800801110{RAND}"));
    assert!(own.starts_with("04") && own.ends_with("9000") && !own.contains(SRES));
    assert_eq!(
        answer(&mut card, &format!("008800812210{RAND}10{}", autn([0, 0, 0, 0, 1, 0], [0, 0]))),
        "6F00"
    );
}
