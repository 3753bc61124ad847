use crate::script::Script;
use gridcard_reader::CardError;
use gridcard_reader::driver::esam::{EnvelopeError, Enveloped, Esam};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::SimBinding;
use scheme::refusal::Refusal;
use wire::Sw;

#[test]
fn parameters_and_purse_are_typed() {
    let mut card = Script::new(
        "> 00A40000025002
         < 9000
         > 00B0000020
         < 01 123456789012 000000000042 1122334455667788 000186A0 00000000000000 9000
         > 00B2010C04
         < 00001388 9000
         > 00B2020C04
         < 00002710 9000
         > 00B2030C04
         < 00000003 9000",
    );
    let mut esam = Esam::new(&mut card);
    let parameters = esam.parameters().unwrap();
    assert!(parameters.opened);
    assert_eq!(parameters.meter, MeterNumber([0x12, 0x34, 0x56, 0x78, 0x90, 0x12]));
    assert_eq!(parameters.customer, CustomerNumber([0, 0, 0, 0, 0, 0x42]));
    assert_eq!(parameters.binding, SimBinding([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]));
    assert_eq!(parameters.ceiling, Fen(100_000));
    let purse = esam.purse().unwrap();
    assert_eq!((purse.balance, purse.total_credited, purse.count), (Fen(5000), Fen(10_000), 3));
}

#[test]
fn an_opened_byte_of_neither_value_is_named() {
    let mut card =
        Script::new(&format!("> 00A40000025002\n< 9000\n> 00B0000020\n< 02{} 9000", "00".repeat(31)));
    let error = Esam::new(&mut card).parameters().unwrap_err();
    assert_eq!(error.to_string(), "read the parameters: opened is 00 or 01, not 02");
}

#[test]
fn the_pairing_keys_and_the_run_information_stand_where_they_should() {
    let mut card = Script::new(
        "> 00880002 08 0102030405060708
         < 6108
         > 00C0000008
         < 1112131415161718 9000
         > 0084000008
         < 2122232425262728 9000
         > 00820003 08 3132333435363738
         < 9000
         > 00A40000025007
         < 9000
         > 00D60000 14 00012345 20261122080000 082926101160845740
         < 9000
         > 8030000C 04 000003E8
         < 9000
         > 8030000C 04 000003E8
         < 9401",
    );
    let mut esam = Esam::new(&mut card);
    assert_eq!(esam.internal_authenticate(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap()[0], 0x11);
    assert_eq!(esam.challenge().unwrap()[0], 0x21);
    esam.external_authenticate(&[0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38]).unwrap();
    let imsi = [0x08, 0x29, 0x26, 0x10, 0x11, 0x60, 0x84, 0x57, 0x40];
    let time: Moment = Moment([0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00]);
    esam.write_run_info(0x0001_2345, time, &imsi).unwrap();
    esam.debit(Fen(1000)).unwrap();
    assert_eq!(esam.debit(Fen(1000)).unwrap_err().sw(), Some(Sw::NOT_ENOUGH));
}

/// The envelope's own words for a TPDU of so many bytes.
fn envelope(tpdu: usize) -> String {
    let length = |n: usize| if n < 0x80 { format!("{n:02X}") } else { format!("81{n:02X}") };
    let body = format!("820283818B{}{}", length(tpdu), "00".repeat(tpdu));
    let data = format!("D1{}{body}", length(body.len() / 2));
    format!("> 80C20000{:02X}{data}", data.len() / 2)
}

#[test]
fn envelopes_have_minimal_lengths_up_to_the_longest() {
    for (tpdu, head) in [
        (0x30, "> 80C2000038D136820283818B30"),
        (0x79, "> 80C2000081D17F820283818B79"),
        (0x7A, "> 80C2000083D18180820283818B7A"),
        (0x80, "> 80C200008AD18187820283818B8180"),
        (245, "> 80C20000FFD181FC820283818B81F5"),
    ] {
        let command = envelope(tpdu);
        assert!(command.starts_with(head), "{tpdu}: {command}");
        let mut card = Script::new(&format!("{command}\n< 6103\n> 00C0000003\n< 027100 9000"));
        assert_eq!(
            Esam::new(&mut card).envelope(&[vec![0; tpdu]]).unwrap(),
            Enveloped::Receipt(vec![0x02, 0x71, 0x00])
        );
    }
    let mut card = Script::new("");
    for tpdu in [0, 246] {
        let error = Esam::new(&mut card).envelope(&[vec![0; tpdu]]).unwrap_err();
        assert!(matches!(error, EnvelopeError::Card(CardError::Malformed { .. })), "{error}");
    }
}

#[test]
fn a_refused_order_is_named_and_a_failed_card_is_not_a_refusal() {
    let mut card = Script::new(&format!("{0}\n< 6988\n{0}\n< 6F00\n{0}\n! mute\n{0}\n< 9000", envelope(1)));
    let mut esam = Esam::new(&mut card);
    let mut error = || esam.envelope(&[[0]]).unwrap_err();
    assert_eq!(error(), EnvelopeError::Refused(Refusal::Mac));
    assert!(matches!(error(), EnvelopeError::Card(CardError::Refused { sw: Sw::UNKNOWN, .. })));
    assert!(matches!(error(), EnvelopeError::Card(CardError::Channel { .. })));
    assert!(matches!(error(), EnvelopeError::Card(CardError::Malformed { .. })));
}

#[test]
fn reset_and_information() {
    let mut card = Script::new(
        "= 3B690000431122334455667788
         > 00B095001E
         < 00000000 33020000 05 01 00000000 123456789012 20260101 20361231 01 02 9000",
    );
    let mut esam = Esam::new(&mut card);
    assert_eq!(esam.reset().unwrap().len(), 13);
    assert_eq!(esam.card_info().unwrap().suite, 2);
}
