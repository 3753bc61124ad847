//! PDUs to the octet.

use super::{account, number, order, s, unhex};
use gridcard_smpp::pdu::{Pdu, Said};
use gridcard_smpp::{Account, Esme, Fate, Letter, NoAccount, Receipt};
use proptest::prelude::*;

#[test]
fn a_bind_as_it_was_recorded_from_another_program() {
    // pdu 9, sequence 3, "u", "secret", version 34: recorded from smpplib 2.2.4.
    let recorded = unhex("0000001E 00000009 00000000 00000003 7500 73656372657400 00 34 00 00 00");
    let pdu = Pdu::read(&recorded).unwrap();
    let Said::Bind { name, password, number, .. } = &pdu.said else { panic!("{pdu:?}") };
    assert_eq!((name.as_str(), password.0.as_str(), number.as_str(), pdu.sequence), ("u", "secret", "", 3));
    assert!(!format!("{pdu:?}").contains("secret"));
}

#[test]
fn ours_binds_as_a_transceiver_of_version_34() {
    let mut esme = Esme::open(&account(), s(0));
    let bind = unhex(
        "0000002B 00000009 00000000 00000001 7500 73656372657400 00 34 01 01 3836313338303032353035303000",
    );
    assert_eq!(esme.take(), bind);
}

#[test]
fn a_message_as_it_was_recorded_from_another_program() {
    let body = "00 01 01 3836313338303032353035303000 01 01 333136343136303039383600 40 7F 00 00 00 01 00 F6 00 13 \
                027000 0001 0203 0405 0607 0809 0A0B 0C0D 0EFF";
    let body = unhex(body);
    let head = unhex("00000004 00000000 00000002");
    let length = u32::try_from(4 + head.len() + body.len()).unwrap();
    let whole = [&length.to_be_bytes()[..], &head, &body].concat();
    let pdu = Pdu::ask(2, Said::Submit(order()));
    assert_eq!(pdu.write().unwrap(), whole);
    assert_eq!(Pdu::read(&whole).unwrap(), pdu);
}

#[test]
fn a_refusal_is_a_header_and_is_read_with_and_without_a_body() {
    let refused = Pdu::answer(7, 0x58, Said::SubmitAnswer(String::new()));
    assert_eq!(refused.write().unwrap(), unhex("00000010 80000004 00000058 00000007"));
    assert_eq!(Pdu::read(&unhex("00000010 80000004 00000058 00000007")).unwrap(), refused);
    assert_eq!(Pdu::read(&unhex("00000011 80000004 00000058 00000007 00")).unwrap(), refused);
    // A deliver_sm_resp has an empty message id, or whoever gets it sends the message again.
    let taken = Pdu::answer(7, 0, Said::DeliverAnswer);
    assert_eq!(taken.write().unwrap(), unhex("00000011 80000005 00000000 00000007 00"));
}

#[test]
fn a_message_in_the_parameter_counts_where_the_field_is_empty() {
    let pdu = Pdu::ask(1, Said::Deliver(Letter { data: Vec::new(), ..order() }));
    let mut bytes = pdu.write().unwrap();
    bytes.extend(unhex("0424 0003 AABBCC"));
    // And one that nobody knows is passed over.
    bytes.extend(unhex("1400 0001 05"));
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    let Said::Deliver(letter) = Pdu::read(&bytes).unwrap().said else { panic!() };
    assert_eq!(letter.data, unhex("AABBCC"));
}

#[test]
fn receipts_by_text_and_by_parameter() {
    let receipt = Receipt { id: "4711".into(), fate: Fate::Delivered, done: "2611281201".into() };
    let said = Said::Receipt(receipt.clone(), number("+8613900000001"), number("+8613800250500"));
    let pdu = Pdu::ask(5, said);
    assert_eq!(Pdu::read(&pdu.write().unwrap()).unwrap(), pdu);

    let texts = [
        (
            "id:4711 sub:001 dlvrd:001 submit date:2611281200 done date:2611281201 stat:DELIVRD err:000 text:",
            Fate::Delivered,
        ),
        ("id:4711 submitdate:261128120003 done date:2611281201 Stat:undeliv err:001", Fate::Undeliverable),
        ("ID:4711 done date:2611281201 stat:SOMETHING", Fate::Unknown),
    ];
    for (text, fate) in texts {
        assert_eq!(Receipt::read(text), Some(Receipt { fate, ..receipt.clone() }), "{text}");
    }
    assert_eq!(Receipt::read("hello"), None);
    assert_eq!(Receipt::read("id: stat:DELIVRD"), None);
    // A centre that took a message as 4711 and tells of 1267, which is the same in hexadecimal digits; and the other way round.
    let told = Receipt { id: "1267".into(), ..receipt.clone() };
    assert!(told.names().contains(&"4711".to_owned()));
    assert!(receipt.names().contains(&"1267".to_owned()));
}

#[test]
fn what_has_no_place_in_a_bind_is_no_account() {
    let long = Account::new("u", "ninechars", number("1"));
    assert_eq!(long.map(drop), Err(NoAccount::Password));
    assert_eq!(Account::new("", "x", number("1")).map(drop), Err(NoAccount::Name(String::new())));
    let account = account();
    assert!(account.is_password("secret"));
    for wrong in ["", "secre", "secret1", "secret\0", "Secret", "secretsecretsecret"] {
        assert!(!account.is_password(wrong), "{wrong}");
    }
    assert!(!format!("{account:?}").contains("secret"));
}

fn letters() -> impl Strategy<Value = Letter> {
    let data = prop::collection::vec(any::<u8>(), 0..=140);
    ("[0-9]{1,20}", "[0-9]{1,20}", any::<(bool, u8, u8, bool)>(), data).prop_map(
        |(from, to, (has_header, pid, dcs, wants_receipt), data)| Letter {
            from: number(&from),
            to: number(&to),
            has_header,
            pid,
            dcs,
            data,
            wants_receipt,
        },
    )
}

proptest! {
    #[test]
    fn messages_come_back_as_they_went(letter in letters(), sequence in 1u32..0x8000_0000) {
        let submit = Pdu::ask(sequence, Said::Submit(letter.clone()));
        prop_assert_eq!(Pdu::read(&submit.write().unwrap()).unwrap(), submit);
        let letter = Letter { wants_receipt: false, ..letter };
        let deliver = Pdu::ask(sequence, Said::Deliver(letter));
        prop_assert_eq!(Pdu::read(&deliver.write().unwrap()).unwrap(), deliver);
    }

    #[test]
    fn nothing_that_comes_panics(command in any::<u8>(), answer in any::<bool>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        let high = if answer { 0x80 } else { 0 };
        let length = u32::try_from(16 + body.len()).unwrap();
        let bytes = [&length.to_be_bytes()[..], &[high, 0, 0, command % 0x16], &[0; 7], &[1], &body].concat();
        let _ = Pdu::read(&bytes);
    }

    #[test]
    fn a_pdu_with_a_byte_changed_or_cut_does_not_panic(letter in letters(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let mut bytes = Pdu::ask(1, Said::Submit(letter)).write().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Pdu::read(&bytes);
        let _ = Pdu::read(&bytes[..cut.index(bytes.len())]);
    }
}
