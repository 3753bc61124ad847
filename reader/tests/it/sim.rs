use crate::script::Script;
use gridcard_reader::CardError;
use gridcard_reader::driver::sim::{Chv, FileContent, SeekFrom, Selected, Sim, SimError, Structure};
use scheme::profile::{Fid, State};
use wire::Sw;

/// Answer of DF_GSM: CHV1 disabled, 3 tries and 10 unblock tries everywhere.
const DF: &str = "0000 1234 7F20 02 0000000000 09 91 00 17 04 00 83 8A 83 8A 00";
const STATUS: &str = "A0F2000016";

fn df(chv1_enabled: bool, chv1: u8) -> String {
    let characteristics = if chv1_enabled { "11" } else { "91" };
    format!("0000 1234 7F20 02 0000000000 09 {characteristics} 00 17 04 00 {chv1:02X} 8A 82 8A")
}

#[test]
fn a_directory_tells_the_state_of_the_codes() {
    let mut card = Script::new(&format!(
        "= 3B00
         > A0A40000023F00
         < 9F17
         > A0A40000027F20
         < 9F17
         > A0C0000017
         < {DF} 9000"
    ));
    let mut sim = Sim::new(&mut card);
    sim.reset().unwrap();
    let Selected::Dir(dir) = sim.select(&[Fid::MF, Fid(0x7F20)]).unwrap() else { panic!("a directory") };
    assert_eq!(dir.fid, Fid(0x7F20));
    assert!(!dir.chv1_enabled);
    assert_eq!((dir.chv1.initialised, dir.chv1.tries, dir.unblock1.tries), (true, 3, 10));
}

#[test]
fn a_file_tells_its_shape() {
    let mut card = Script::new(
        "> A0A40000026F3C
         < 9F0F
         > A0C000000F
         < 0000 2260 6F3C 04 00 11 FF 44 01 02 01 B0 9000
         > A0A40000026F07
         < 9F0E
         > A0C000000E
         < 0000 0009 6F07 04 00 14 FF 44 01 01 00 9000",
    );
    let mut sim = Sim::new(&mut card);
    let Selected::File(sms) = sim.select(&[Fid(0x6F3C)]).unwrap() else { panic!("a file") };
    assert_eq!((sms.structure, sms.record_len, sms.records()), (Structure::LinearFixed, 176, 50));
    assert_eq!((sms.read, sms.update, sms.valid), (1, 1, true));
    let Selected::File(imsi) = sim.select(&[Fid(0x6F07)]).unwrap() else { panic!("a file") };
    assert_eq!((imsi.structure, imsi.size, imsi.records(), imsi.update), (Structure::Transparent, 9, 0, 4));
}

#[test]
fn short_and_strange_answers_are_named() {
    let asks =
        ["0000 0009", "0000 0009 6F07 03 00 14 FF 44 01 01 00", "0000 0009 6F07 04 00 14 FF 44 01 01 07"];
    for answer in asks {
        let mut card = Script::new(&format!("> A0A40000026F07\n< {answer} 9000"));
        let error = Sim::new(&mut card).select(&[Fid(0x6F07)]).unwrap_err();
        assert!(matches!(error, SimError::Card(CardError::Malformed { step: "SELECT", .. })), "{error}");
    }
    let mut none = Script::new("");
    assert!(Sim::new(&mut none).select(&[]).is_err());
}

#[test]
fn a_missing_file_is_named() {
    let mut card =
        Script::new("> A0A40000027F10\n< 9F17\n> A0A40000026FE0\n< 9404\n> A0A40000027F4D\n< 9404");
    let mut sim = Sim::new(&mut card);
    let error = sim.select(&[Fid(0x7F10), Fid(0x6FE0)]).unwrap_err();
    assert_eq!(error.to_string(), "SELECT: the SIM has no file 6FE0");
    assert_eq!(sim.enter(Fid(0x7F4D)), Err(SimError::NotFound { step: "SELECT", fid: Fid(0x7F4D) }));
}

#[test]
fn files_are_read_and_written() {
    let mut card = Script::new(
        "> A0B0000402
         < AABB 9000
         > A0D6000202CCDD
         < 9000
         > A0B2020403
         < 010203 9000
         > A0DC020403 040506
         < 9201
         > A0B2020403
         < 01 9000
         > A0B00000 01
         < 9804",
    );
    let mut sim = Sim::new(&mut card);
    assert_eq!(sim.read_binary(4, 2).unwrap(), [0xAA, 0xBB]);
    sim.update_binary(2, &[0xCC, 0xDD]).unwrap();
    assert_eq!(sim.read_record(2, 3).unwrap(), [1, 2, 3]);
    sim.update_record(2, &[4, 5, 6]).unwrap();
    assert!(matches!(sim.read_record(2, 3), Err(SimError::Card(CardError::Malformed { .. }))));
    assert_eq!(sim.read_binary(0, 1), Err(SimError::ChvNeeded { step: "READ BINARY" }));
    assert!(sim.update_record(1, &[]).is_err());
}

#[test]
fn seek_finds_all_and_then_none() {
    let mut card = Script::new(
        "> A0A200100103
         < 9F01
         > A0C0000001
         < 02 9000
         > A0A200120103
         < 9404
         > A0A200100103
         < 9804",
    );
    let mut sim = Sim::new(&mut card);
    assert_eq!(sim.seek(&[3], SeekFrom::Beginning).unwrap(), Some(2));
    assert_eq!(sim.seek(&[3], SeekFrom::Next).unwrap(), None);
    assert_eq!(sim.seek(&[3], SeekFrom::Beginning), Err(SimError::ChvNeeded { step: "SEEK" }));
}

#[test]
fn a_wrong_code_tells_the_tries_left_and_a_spent_one_is_blocked() {
    let mut card = Script::new(&format!(
        "> A0200001 08 31323334FFFFFFFF
         < 9000
         > A0200001 08 39393939FFFFFFFF
         < 9804
         > {STATUS}
         < {} 9000
         > A0200001 08 39393939FFFFFFFF
         < 9840
         > A0240002 10 31323334FFFFFFFF 35363738FFFFFFFF
         < 9804
         > {STATUS}
         < {} 9000",
        df(true, 0x82),
        df(true, 0x80),
    ));
    let mut sim = Sim::new(&mut card);
    sim.verify_chv(Chv::Chv1, b"1234").unwrap();
    let wrong = sim.verify_chv(Chv::Chv1, b"9999").unwrap_err();
    assert_eq!(wrong, SimError::ChvWrong { step: "VERIFY CHV", tries: 2 });
    assert!(!wrong.to_string().contains("9999"));
    assert_eq!(sim.verify_chv(Chv::Chv1, b"9999"), Err(SimError::ChvBlocked { step: "VERIFY CHV" }));
    assert_eq!(
        sim.change_chv(Chv::Chv2, b"1234", b"5678"),
        Err(SimError::ChvWrong { step: "CHANGE CHV", tries: 2 })
    );
}

#[test]
fn the_other_code_commands_have_their_own_parameters() {
    let mut card = Script::new(&format!(
        "> A020000A 08 4141414141414141
         < 9000
         > A0260001 08 31323334FFFFFFFF
         < 9000
         > {STATUS}
         < {} 9000
         > A0280001 08 31323334FFFFFFFF
         < 9808
         > A02C0000 10 3132333435363738 31323334FFFFFFFF
         < 9804
         > {STATUS}
         < {} 9000
         > {STATUS}
         < {} 9000
         > A02C0002 10 3132333435363738 31323334FFFFFFFF
         < 9000",
        df(false, 0x83),
        df(true, 0x80),
        df(true, 0x80),
    ));
    let mut sim = Sim::new(&mut card);
    sim.verify_adm(b"AAAAAAAA").unwrap();
    sim.disable_chv1(b"1234").unwrap();
    assert!(!sim.chv1_enabled().unwrap());
    let SimError::Card(error) = sim.enable_chv1(b"1234").unwrap_err() else { panic!("a plain refusal") };
    assert_eq!(error.sw(), Some(Sw(0x9808)));
    let unblock = sim.unblock_chv(Chv::Chv1, b"12345678", b"1234");
    assert_eq!(unblock, Err(SimError::ChvWrong { step: "UNBLOCK CHV", tries: 10 }));
    sim.unblock_chv(Chv::Chv2, b"12345678", b"1234").unwrap();
    assert!(sim.verify_chv(Chv::Chv1, b"123").is_err());
}

#[test]
fn identity_is_read_as_it_stands() {
    let mut card = Script::new(
        "> A0A40000023F00
         < 9F17
         > A0A40000022FE2
         < 9F0F
         > A0B000000A
         < 988812010000400310F0 9000
         > A0A40000023F00
         < 9F17
         > A0A40000027F20
         < 9F17
         > A0A40000026F07
         < 9F0F
         > A0B0000009
         < 082926101160845740 9000",
    );
    let mut sim = Sim::new(&mut card);
    assert_eq!(sim.iccid().unwrap(), [0x98, 0x88, 0x12, 0x01, 0x00, 0x00, 0x40, 0x03, 0x10, 0xF0]);
    assert_eq!(sim.imsi().unwrap()[..2], [0x08, 0x29]);
}

#[test]
fn our_state_file_may_be_missing_but_not_strange() {
    let way = "> A0A40000023F00\n< 9F17\n> A0A40000027F10\n< 9F17\n> A0A40000026FE0\n";
    let state = |rest: &str| {
        let mut card = Script::new(&format!("{way}{rest}"));
        Sim::new(&mut card).grid_state()
    };
    assert_eq!(state("< 9404"), Ok(None));
    assert_eq!(state("< 9F0F\n> A0B0000002\n< 0001 9000"), Ok(Some(State::Test)));
    assert_eq!(state("< 9F0F\n> A0B0000002\n< 0101 9000"), Ok(Some(State::Formal)));
    assert!(state("< 9F0F\n> A0B0000002\n< 0201 9000").is_err());
    assert!(state("< 9F0F\n> A0B0000002\n< 0102 9000").is_err());
}

#[test]
fn a_pulled_sim_is_told_from_a_mute_one() {
    let mut card = Script::new("! removed\n! mute");
    let mut sim = Sim::new(&mut card);
    assert!(sim.reset().unwrap_err().is_gone());
    let mute = sim.reset().unwrap_err();
    assert!(!mute.is_gone());
    assert_eq!(mute.channel(), Some(&wire::channel::ChannelError::Mute));
}

/// The USIM application by class 00; a card without one says so in whatever word it likes.
#[test]
fn the_usim_has_an_imsi_of_its_own() {
    let select = "> 00A4040C07A0000000871002\n";
    let mut card = Script::new(&format!("{select}< 9000\n> 00B0870009\n< 082964001000000020 9000"));
    assert_eq!(hex::encode(Sim::new(&mut card).usim_imsi().unwrap().unwrap()), "082964001000000020");
    for word in ["6E00", "6D00", "6A82", "6985"] {
        let mut card = Script::new(&format!("{select}< {word}"));
        assert_eq!(Sim::new(&mut card).usim_imsi(), Ok(None), "{word}");
    }
    let mut locked = Script::new(&format!("{select}< 9000\n> 00B0870009\n< 6982"));
    assert!(matches!(Sim::new(&mut locked).usim_imsi(), Err(SimError::ChvNeeded { .. })));
    let mut damaged =
        Script::new(&format!("{select}< 9000\n> 00B0870009\n< 6C08\n> 00B0870008\n< 0829640010000000 9000"));
    assert!(matches!(Sim::new(&mut damaged).usim_imsi(), Err(SimError::Card(CardError::Malformed { .. }))));
    let mut card = Script::new("> 00D6870009082964001000000020\n< 6983");
    let imsi = [0x08, 0x29, 0x64, 0x00, 0x10, 0x00, 0x00, 0x00, 0x20];
    assert!(matches!(Sim::new(&mut card).update_usim_imsi(&imsi), Err(SimError::ChvBlocked { .. })));
}

/// Transparent files above 255 bytes come in pieces, records one by one.
#[test]
fn files_are_read_whole() {
    let (first, second) = ("AB".repeat(255), "CD".repeat(45));
    let mut card = Script::new(&format!(
        "> A0A40000026F01
         < 9F0F
         > A0C000000F
         < 0000 012C 6F01 04 00 11 FF AA 01 02 00 00 9000
         > A0B00000FF
         < {first} 9000
         > A0B000FF2D
         < {second} 9000
         > A0A40000026F39
         < 9F0F
         > A0C000000F
         < 0000 0006 6F39 04 40 12 1F AA 01 02 03 03 9000
         > A0B2010403
         < 000001 9000
         > A0B2020403
         < 9804"
    ));
    let mut sim = Sim::new(&mut card);
    let Selected::File(file) = sim.select(&[Fid(0x6F01)]).unwrap() else { panic!("a file") };
    let FileContent::Bytes(bytes) = sim.read_whole(&file).unwrap() else { panic!("bytes") };
    assert_eq!(hex::encode_upper(bytes), first + &second);
    let Selected::File(file) = sim.select(&[Fid(0x6F39)]).unwrap() else { panic!("a file") };
    assert!(matches!(sim.read_whole(&file), Err(SimError::ChvNeeded { .. })));
}
