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
    assert_eq!(Sw(0x63C2).explain(Dialect::Gsm), unknown(Dialect::Gsm));
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
