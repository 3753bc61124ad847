use crate::script::Script;
use gridcard_reader::CardError;
use gridcard_reader::driver::psam::{Answer, Psam};
use scheme::numbers::MeterNumber;
use scheme::online::SessionId;
use scheme::profile::CardKind;
use wire::Sw;

const OPEN: &str = "> 00A40000023F00
     < 9000
     > 00B095001E
     < 00000000 33020000 04 02 00000000 000000000007 20260101 20361231 00 00 9000
     > 00A4000002DF01
     < 6F0C840AF04752494443415244 04 9000
     > 0020000003123456
     < 9000
     ";

fn open<'c>(card: &'c mut Script) -> Psam<'c> {
    let mut psam = Psam::open(card).unwrap();
    psam.verify_pin(&[0x12, 0x34, 0x56]).unwrap();
    psam
}

#[test]
fn orders_are_sealed_and_receipts_opened() {
    let mut card = Script::new(&format!(
        "{OPEN}
         > 80400000 04 E1020000
         < 027000 1122 9000
         > 80420000 0A 123456789012 02710033
         < E202 0000 9000
         > 00B0980004
         < 0000002A 9000"
    ));
    let mut psam = open(&mut card);
    assert_eq!(psam.info().kind, CardKind::Psam);
    assert_eq!(psam.seal_order(&[0xE1, 2, 0, 0]).unwrap(), [0x02, 0x70, 0x00, 0x11, 0x22]);
    let meter = MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
    assert_eq!(psam.open_receipt(meter, &[0x02, 0x71, 0x00, 0x33]).unwrap(), [0xE2, 2, 0, 0]);
    assert_eq!(psam.sealed_count().unwrap(), 42);
}

#[test]
fn another_card_is_not_taken_for_a_psam() {
    let mut card = Script::new(
        "> 00A40000023F00
         < 9000
         > 00B095001E
         < 00000000 33020000 05 01 00000000 000000000007 20260101 20361231 00 00 9000",
    );
    let error = Psam::open(&mut card).err().unwrap();
    assert_eq!(error.to_string(), "open PSAM: this card is of kind esam, psam is needed");
}

#[test]
fn refusals_keep_their_word_and_step() {
    let mut card =
        Script::new(&format!("{OPEN}> 80400000 01 E1\n< 6A80\n> 80420000 07 123456789012 02\n< 6988"));
    let mut psam = open(&mut card);
    let error = psam.seal_order(&[0xE1]).unwrap_err();
    assert_eq!((error.step(), error.sw()), ("SEAL ORDER", Some(Sw::WRONG_DATA)));
    let meter = MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
    assert_eq!(psam.open_receipt(meter, &[0x02]).unwrap_err().sw(), Some(Sw::SM_WRONG));
}

#[test]
fn answers_of_another_shape_are_not_passed_on() {
    let mut card = Script::new(&format!("{OPEN}> 80400000 01 E1\n< AA 9000"));
    let mut psam = open(&mut card);
    for error in [
        psam.seal_order(&[0xE1]).unwrap_err(),
        psam.seal_order(&[]).unwrap_err(),
        psam.seal_order(&[0; 256]).unwrap_err(),
    ] {
        assert!(matches!(error, CardError::Malformed { step: "SEAL ORDER", .. }), "{error}");
    }
}

#[test]
fn an_online_purchase_goes_message_by_message() {
    let sid = SessionId([0x51; 8]);
    let hello = format!("A001 01 123456789012 {} {} 20261128080000", "51".repeat(8), "A5".repeat(16));
    let mut card = Script::new(&format!(
        "{OPEN}
         > 804E0000 15 123456789012 {sid} 20261128080000
         < {hello} 9000
         > 804E0100 03 A1B2C3
         < 6988
         > 804E0200 0A {sid} E100
         < A2 {sid} 11 9000
         > 804E0300 02 A311
         < EF11 9000
         > 804E0300 02 A312
         < E200 9000
         > 804E0300 02 A313
         < 0102 9000"
    ));
    let mut psam = open(&mut card);
    let meter = MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]);
    let begun = psam.begin_purchase(meter, sid, "20261128080000".parse().unwrap()).unwrap();
    assert_eq!(begun[..2], [0xA0, 0x01]);
    let refused = psam.open_request(&[0xA1, 0xB2, 0xC3]).unwrap_err();
    assert_eq!((refused.step(), refused.sw()), ("OPEN REQUEST", Some(Sw::SM_WRONG)));
    assert_eq!(psam.seal_for_purchase(sid, &[0xE1, 0]).unwrap()[0], 0xA2);
    assert_eq!(psam.open_answer(&[0xA3, 0x11]).unwrap(), Answer::Refused(0x11));
    assert_eq!(psam.open_answer(&[0xA3, 0x12]).unwrap(), Answer::Receipt(vec![0xE2, 0]));
    let strange = psam.open_answer(&[0xA3, 0x13]).unwrap_err();
    assert!(matches!(strange, CardError::Malformed { step: "OPEN ANSWER", .. }), "{strange}");
}
