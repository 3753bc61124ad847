use crate::script::Script;
use gridcard_reader::CardError;
use gridcard_reader::driver::fmcos::{Fmcos, KeyInformation};
use scheme::profile::{CardKind, EF_CARD_INFO, Fid, ISSUING_FILES, State};
use wire::channel::ChannelError;
use wire::{Command, Sw};

#[test]
fn a_personalisation_sends_the_bytes_of_the_manual() {
    let mut card = Script::new(
        "= 3B8B80012090001122334455667788A5
         > 00A40000023F00
         < 6F15840E315041592E5359532E4444463031A503880101 9000
         > 00A4040009A00000000386980701
         < 9000
         > 0084000004
         < 88BBE4E3 9000
         > 0084000008
         < 53FD1F262EC4E6E2 9000
         > 0082000008A0DBBFC1192FF24A
         < 9000
         # create file 0015
         > 80E000150728001EF0FAFFFF
         < 9000
         # PIN in clear, a key by cipher text
         > 80D40100073AF0EF1133 1234
         < 9000
         > 84D401021CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBBBBBBB
         < 9000
         > 0020000003123456
         < 9000",
    );
    let mut fmcos = Fmcos::new(&mut card);
    assert_eq!(fmcos.reset().unwrap().len(), 16);
    assert_eq!(fmcos.select_mf().unwrap().len(), 23);
    fmcos.select_name(&hex::decode("A00000000386980701").unwrap()).unwrap();
    assert_eq!(fmcos.challenge4().unwrap(), [0x88, 0xBB, 0xE4, 0xE3]);
    assert_eq!(fmcos.challenge8().unwrap()[0], 0x53);
    fmcos.external_authenticate(0, &hex::decode("A0DBBFC1192FF24A").unwrap()).unwrap();
    fmcos.create_file(&ISSUING_FILES[0]).unwrap();
    fmcos.write_key_plain(0x01, 0x00, [0x3A, 0xF0, 0xEF, 0x11, 0x33], &[0x12, 0x34]).unwrap();
    let field = [vec![0xAA; 24], vec![0xBB; 4]].concat();
    fmcos.write_key_wrapped([0x84, 0xD4, 0x01, 0x02, 0x1C], &field).unwrap();
    fmcos.verify_pin(0, &[0x12, 0x34, 0x56]).unwrap();
}

#[test]
fn card_information_is_read_and_typed() {
    let mut card = Script::new(
        "> 00B095001E
         < 00000000 33020000 04 01 00000000 000000000007 20260101 20361231 00 01 9000",
    );
    let info = Fmcos::new(&mut card).card_info().unwrap();
    assert_eq!((info.kind, info.state, info.suite), (CardKind::Psam, State::Test, 1));
    assert_eq!((info.region, info.number), ([0x33, 0x02, 0, 0], [0, 0, 0, 0, 0, 7]));
}

#[test]
fn nonsense_in_the_card_information_is_named() {
    let mut card = Script::new(&format!("> 00B095001E\n< {} 9000", "FF".repeat(30)));
    let error = Fmcos::new(&mut card).card_info().unwrap_err();
    assert!(matches!(error, CardError::Malformed { step: "card information", .. }), "{error}");
}

#[test]
fn key_information_is_typed() {
    let mut card =
        Script::new("> 8048F50406\n< F50100A1B2C3 9000\n> 8048F50506\n< 6A88\n> 8048F50506\n< F50100 9000");
    let mut fmcos = Fmcos::new(&mut card);
    let found = fmcos.key_information(0xF5, 4).unwrap();
    assert_eq!(found, KeyInformation { kind: 0xF5, version: 1, algorithm: 0, kcv: [0xA1, 0xB2, 0xC3] });
    assert_eq!(fmcos.key_information(0xF5, 5).unwrap_err().sw(), Some(Sw::KEY_NOT_FOUND));
    let short = fmcos.key_information(0xF5, 5).unwrap_err();
    assert_eq!(short.to_string(), "KEY INFORMATION: the card answered 3 byte(s) where 6 belong");
}

#[test]
fn long_binaries_go_in_portions_and_beyond_255_by_selection() {
    let first = "AB".repeat(200);
    let mut card = Script::new(&format!(
        "> 00D68500C8{first}
         < 9000
         > 00D685C8C8{first}
         < 9000
         > 00A40000020005
         < 9000
         > 00D6019064{}
         < 9000
         > 00A40000020005
         < 9000
         > 00B0012C02
         < ABAB 9000",
        "AB".repeat(100)
    ));
    let mut fmcos = Fmcos::new(&mut card);
    fmcos.update_binary(Fid(5), 0, &[0xAB; 500]).unwrap();
    assert_eq!(fmcos.read_binary(Fid(5), 300, 2).unwrap(), [0xAB, 0xAB]);
}

#[test]
fn records_are_read_whole_or_not_at_all() {
    let mut card = Script::new("> 00B2010C04\n< 00001388 9000\n> 00B2030C04\n< 00 9000");
    let mut fmcos = Fmcos::new(&mut card);
    assert_eq!(fmcos.read_record(1, 1, 4).unwrap(), [0, 0, 0x13, 0x88]);
    let error = fmcos.read_record(1, 3, 4).unwrap_err();
    assert_eq!(error.to_string(), "READ RECORD: 4 byte(s) asked for, 1 answered");
}

#[test]
fn a_wrong_pin_tells_the_tries_left() {
    let mut card =
        Script::new("> 00200000021234\n< 63C2\n> 00200000021234\n< 6983\n> 00200000021234\n< 6982");
    let mut fmcos = Fmcos::new(&mut card);
    let mut tries = || fmcos.verify_pin(0, &[0x12, 0x34]).unwrap_err().tries_left();
    assert_eq!([tries(), tries(), tries()], [Some(2), Some(0), None]);
}

#[test]
fn what_no_command_can_carry_is_refused_before_the_card() {
    let mut card = Script::new("");
    let mut fmcos = Fmcos::new(&mut card);
    let faults = [
        fmcos.verify_pin(0, &[0x12]).unwrap_err(),
        fmcos.external_authenticate(0, &[]).unwrap_err(),
        fmcos.internal_authenticate(2, &[0; 7]).unwrap_err(),
        fmcos.select_name(&[0; 17]).unwrap_err(),
        fmcos.read_record(0, 1, 1).unwrap_err(),
        fmcos.update_binary(Fid(1), 0x7FFF, &[0; 2]).unwrap_err(),
        fmcos.write_key_plain(1, 0, [0; 5], &[0; 17]).unwrap_err(),
        fmcos.write_key_wrapped([0x84, 0xD4, 1, 0, 5], &[0; 4]).unwrap_err(),
        fmcos.write_key_wrapped([0x80, 0xD4, 1, 0, 4], &[0; 4]).unwrap_err(),
    ];
    for error in faults {
        assert!(matches!(error, CardError::Malformed { .. }), "{error}");
        assert_eq!(error.sw(), None);
    }
}

#[test]
fn errors_carry_step_word_and_cause() {
    let mut card = Script::new("> 00A4000002DF01\n< 6A82\n> 00A4000002DF01\n! removed\n! absent");
    let mut fmcos = Fmcos::new(&mut card);
    let refused = fmcos.select_fid(Fid(0xDF01)).unwrap_err();
    assert!(refused.to_string().starts_with("SELECT: the card answered 6A82 ("), "{refused}");
    assert!(!refused.is_gone());
    let removed = fmcos.select_fid(Fid(0xDF01)).unwrap_err();
    assert!(removed.is_gone());
    assert_eq!(removed.step(), "SELECT");
    assert_eq!(removed, CardError::Channel { step: "SELECT", source: ChannelError::Removed });
    assert_eq!(fmcos.reset().unwrap_err().to_string(), "RESET: no card in the slot");
    assert_eq!(EF_CARD_INFO, Fid(0x0015));
}

#[test]
fn other_commands_pass_through() {
    let mut card = Script::new("> 800E000000\n< 6982\n> 0084000002\n< AABB 9000");
    let mut fmcos = Fmcos::new(&mut card);
    assert_eq!(fmcos.ask("ERASE DF", &Command::new(0x80, 0x0E, 0, 0).le(256)).unwrap().sw, Sw::NOT_ALLOWED);
    assert_eq!(fmcos.send("X", &Command::new(0, 0x84, 0, 0).le(2)).unwrap(), [0xAA, 0xBB]);
}
