//! Status words and their words.

use gridcard_wire::Sw;
use gridcard_wire::status::Dialect;
use std::collections::BTreeMap;

/// What a word nobody knows says.
fn unknown(dialect: Dialect) -> &'static str {
    Sw(0x0000).explain(dialect)
}

#[test]
fn parts_and_forms() {
    let sw = Sw(0x63C2);
    assert_eq!((sw.sw1(), sw.sw2(), sw.bytes()), (0x63, 0xC2, [0x63, 0xC2]));
    assert_eq!((format!("{sw}"), format!("{sw:?}")), ("63C2".to_owned(), "Sw(63C2)".to_owned()));
    assert_eq!((Sw::tries_left(3).tries(), Sw(0x63D3).tries(), Sw::OK.tries()), (Some(3), None, None));
    assert_eq!((Sw::more(0x1C), Sw::wrong_le(0x17)), (Sw(0x611C), Sw(0x6C17)));
    assert!(Sw::OK.is_ok() && !Sw::more(2).is_ok());
}

#[test]
fn every_named_constant_has_words() {
    for sw in [
        Sw::OK,
        Sw::DATA_SUSPECT,
        Sw::FILE_INVALID,
        Sw::UNCHANGED,
        Sw::MEMORY_FAILURE,
        Sw::WRONG_LENGTH,
        Sw::CLASS_PROTECTION,
        Sw::WRONG_STATE,
        Sw::WRONG_KIND,
        Sw::NOT_ALLOWED,
        Sw::BLOCKED,
        Sw::CONDITIONS,
        Sw::NO_CURRENT_EF,
        Sw::SM_MISSING,
        Sw::SM_WRONG,
        Sw::WRONG_DATA,
        Sw::FUNCTION_BLOCKED,
        Sw::FILE_NOT_FOUND,
        Sw::RECORD_NOT_FOUND,
        Sw::NO_SPACE,
        Sw::WRONG_P1P2,
        Sw::KEY_NOT_FOUND,
        Sw::WRONG_OFFSET,
        Sw::INS_UNKNOWN,
        Sw::CLA_UNKNOWN,
        Sw::UNKNOWN,
        Sw::MAC_WRONG,
        Sw::APP_DEAD,
        Sw::NOT_ENOUGH,
        Sw::COUNTER_END,
        Sw::KEY_INDEX,
        Sw::NO_PROOF,
        Sw::VERSION_NOT_HIGHER,
        Sw::KEYS_INCOMPLETE,
        Sw::PURSE_NOT_EMPTY,
        Sw::more(1),
        Sw::wrong_le(1),
        Sw::tries_left(0),
        Sw::tries_left(1),
        Sw::tries_left(2),
        Sw::tries_left(15),
    ] {
        assert_ne!(sw.explain(Dialect::Fmcos), unknown(Dialect::Fmcos), "{sw}");
    }
}

#[test]
fn the_same_word_means_other_things_to_a_sim() {
    assert_ne!(Sw(0x9402).explain(Dialect::Fmcos), Sw(0x9402).explain(Dialect::Gsm));
    assert!(Sw(0x6984).explain(Dialect::Uicc).contains("switched off"));
    assert_eq!(Sw(0x9804).explain(Dialect::Uicc), unknown(Dialect::Uicc));
    assert!(Sw(0x9E11).explain(Dialect::Fmcos).contains("another meter"));
    assert!(Sw(0x9E11).explain(Dialect::Gsm).contains("refused the message"));
    assert_eq!(Sw(0x9840).explain(Dialect::Fmcos), unknown(Dialect::Fmcos));
    assert!(Sw(0x63C2).explain(Dialect::Gsm).contains("PIN or key"));
}

/// The words of TS 102 221 10.2, each with some of the words that make it out. What no table has is judged by its first byte.
#[test]
fn every_word_of_a_uicc_is_explained() {
    for (sw, said) in [
        (0x9000, "done"),
        (0x910F, "command for the phone"),
        (0x9201, "done; a transfer"),
        (0x9300, "toolkit is busy"),
        (0x6110, "more data waits"),
        (0x6200, "nothing was changed"),
        (0x6281, "may be damaged"),
        (0x6282, "end of file"),
        (0x6283, "deactivated"),
        (0x6285, "terminated"),
        (0x62F1, "more data can be had"),
        (0x62F2, "command for the phone"),
        (0x62F3, "the answer has data"),
        (0x63F1, "more data is expected"),
        (0x63F2, "more data is expected"),
        (0x63C2, "tries left"),
        (0x6400, "nothing was changed"),
        (0x6500, "something was changed"),
        (0x6581, "could not write its memory"),
        (0x6700, "wrong length"),
        (0x6710, "wrong length"),
        (0x6800, "class byte"),
        (0x6881, "logical channel"),
        (0x6882, "secure messaging"),
        (0x6900, "not allowed"),
        (0x6981, "kind of file"),
        (0x6982, "PIN is missing"),
        (0x6983, "blocked"),
        (0x6984, "switched off"),
        (0x6985, "present state"),
        (0x6986, "no file is selected"),
        (0x6989, "secure channel"),
        (0x6A80, "data of the command"),
        (0x6A81, "does not support this function"),
        (0x6A82, "no such file"),
        (0x6A83, "no such record"),
        (0x6A84, "full"),
        (0x6A86, "P1 P2"),
        (0x6A87, "length of the data does not fit P1 P2"),
        (0x6A88, "no such PIN or other data"),
        (0x6A89, "there already"),
        (0x6B00, "P1 P2"),
        (0x6C10, "the right one"),
        (0x6D00, "does not know this command"),
        (0x6E00, "does not know this class"),
        (0x6F00, "does not say why"),
        (0x6F2A, "reason that is in no table"),
        (0x9850, "highest value"),
        (0x9862, "MAC"),
        (0x9863, "security association"),
        (0x9864, "kind of authentication"),
        (0x9865, "not fresh"),
        (0x9866, "no room"),
        (0x9867, "EF_MUK"),
        // in no table at all
        (0x6242, "warning that is in no table; nothing was changed"),
        (0x6342, "warning that is in no table; something was changed"),
        (0x6642, "security"),
        (0x6A42, "wrong parameters"),
    ] {
        let words = Sw(sw).explain(Dialect::Uicc);
        assert!(words.contains(said), "{sw:04X}: {words:?} without {said:?}");
        assert_ne!(words, unknown(Dialect::Uicc), "{sw:04X}");
    }
}

#[test]
fn some_words_depend_on_the_command() {
    let after = |sw, ins| Sw(sw).explain_after(Dialect::Uicc, ins);
    for read in [0xB0, 0xB2] {
        assert!(after(0x6282, read).starts_with("end of file reached"), "{}", after(0x6282, read));
        assert_eq!(Sw(0x6282).explain_after(Dialect::Fmcos, read), after(0x6282, read));
    }
    assert!(after(0x6282, 0xA2).contains("matches"));
    assert!(after(0x6282, 0xA4).contains("done; the file selected is deactivated"));
    assert!(after(0x6283, 0xA4).contains("done; the file selected is deactivated"));
    assert!(after(0x9864, 0x88).contains("authentication") && after(0x9864, 0x76).contains("shortest time"));
    for pin in [0x20, 0x24, 0x26, 0x28, 0x2C, 0x82] {
        assert!(after(0x63C2, pin).contains("tries left"), "{pin:02X}");
    }
    for other in [0xD6, 0xDC, 0x32, 0x04, 0x44] {
        assert!(after(0x63C2, other).starts_with("done"), "{other:02X}");
    }
    // FMCOS counts tries everywhere, and class A0 has none of these words
    assert!(Sw(0x63C2).explain_after(Dialect::Fmcos, 0x84).contains("tries left"));
    assert_eq!(Sw(0x9404).explain_after(Dialect::Gsm, 0xA4), Sw(0x9404).explain(Dialect::Gsm));
    for sw in 0..=u16::MAX {
        for ins in [0x20, 0xA4, 0xB0, 0xA2, 0x76, 0xD6] {
            let words = after(sw, ins);
            assert!(!words.is_empty() && words.len() <= 72, "{sw:04X}: {words}");
        }
    }
}

#[test]
fn wildcards_stand_behind_the_exact_words() {
    let gsm = |sw| Sw(sw).explain(Dialect::Gsm);
    assert!(gsm(0x9200) == gsm(0x920F) && gsm(0x9240) != gsm(0x9200));
    assert_eq!(gsm(0x9250), unknown(Dialect::Gsm));
    assert!(gsm(0x9F0C) == gsm(0x9F17) && gsm(0x9F17) != gsm(0x9000));
    let fmcos = |sw| Sw(sw).explain(Dialect::Fmcos);
    assert!(
        fmcos(0x63C2) == fmcos(0x63C3) && fmcos(0x63C0) != fmcos(0x63C1) && fmcos(0x63C1) != fmcos(0x63C2)
    );
    assert_ne!(fmcos(0x9E38), fmcos(0x9E37));
}

/// Every refusal the ESAM answers has its own words: no two status words of the purchase may read alike.
#[test]
fn refusals_of_the_purchase_read_differently() {
    let mut seen = BTreeMap::new();
    for sw in [
        0x6A80, 0x6A88, 0x6988, 0x9E11, 0x9E12, 0x9E13, 0x9E23, 0x9E15, 0x9E16, 0x9E27, 0x9E17, 0x9E37,
        0x9E09, 0x9E21,
    ] {
        if let Some(other) = seen.insert(Sw(sw).explain(Dialect::Fmcos), sw) {
            panic!("{sw:04X} and {other:04X} read alike");
        }
    }
}

#[test]
fn total_and_fit_for_a_line() {
    for dialect in [Dialect::Fmcos, Dialect::Gsm, Dialect::Uicc] {
        for sw in 0..=u16::MAX {
            let words = Sw(sw).explain(dialect);
            assert!(!words.is_empty() && words.len() <= 72, "{sw:04X}: {words}");
        }
    }
}
