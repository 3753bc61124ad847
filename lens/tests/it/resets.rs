//! `= ATR` lines in words: what is there, and what is wrong with it.

use super::shown;

fn explained(atr: &str) -> Vec<String> {
    let lines = shown(None, &format!("= {atr}"));
    assert!(lines[0].starts_with("= "), "{lines:?}");
    lines[1..].iter().map(|line| line.strip_prefix("      ").unwrap().to_owned()).collect()
}

const USIM: &str = "3B 9F 96 80 1F C7 80 31 A0 73 BE 21 13 67 43 20 07 18 00 00 01 A5";

#[test]
fn an_operators_usim() {
    assert_eq!(
        explained(USIM),
        [
            "TS 3B: direct convention",
            "T0 9F: TA1 and TD1 follow, 15 historical bytes",
            "TA1 96: F 512, D 32 on offer; until they are agreed on, a bit takes 372 clocks",
            "TD1 80: protocol T=0; TD2 follows",
            "TD2 1F: bytes for all protocols (T=15); TA3 follows",
            "TA3 C7: the clock stops high or low; supply A (5 V), B (3 V), C (1.8 V)",
            "historical bytes 8031A073BE21136743200718000001",
            "  services A0: applications by their whole name, objects in EF_DIR",
            "  abilities BE2113: selects by a whole name, a path, an identifier, a short identifier, a record number; 4 logical channels",
            "  data before issuing 43200718000001",
            "TCK A5: right",
        ]
    );
}

#[test]
fn a_card_with_two_protocols_of_one_kind() {
    assert_eq!(
        explained("3B F8 13 00 00 81 31 FE 45 4A 43 4F 50 76 32 34 31 B7"),
        [
            "TS 3B: direct convention",
            "T0 F8: TA1, TB1, TC1 and TD1 follow, 8 historical bytes",
            "TA1 13: F 372, D 4 on offer; until they are agreed on, a bit takes 372 clocks",
            "TB1 00: no programming voltage",
            "TC1 00: no extra guard time",
            "TD1 81: protocol T=1; TD2 follows",
            "TD2 31: protocol T=1; TA3 and TB3 follow",
            "TA3 FE: the card takes blocks of 254 bytes",
            "TB3 45: waiting times of characters 5 and blocks 4",
            "historical bytes 4A434F5076323431 (\"JCOPv241\")",
            "  of the maker's own form",
            "TCK B7: right",
        ]
    );
}

/// Meter modules, our own SIM, status bytes, single characters.
#[test]
fn interface_and_historical_bytes() {
    for (atr, lines) in [
        ("3F 00", &["TS 3F: inverse convention", "T0 00: no interface bytes, no historical bytes"][..]),
        (
            "3B 69 00 00 43 0102030405060708",
            &[
                "T0 69: TB1 and TC1 follow, 9 historical bytes",
                "TB1 00: no programming voltage",
                "TC1 00: no extra guard time",
            ],
        ),
        ("3B 40 02", &["T0 40: TC1 follows, no historical bytes", "TC1 02: 2 etu of extra guard time"]),
        ("3B 40 FF", &["TC1 FF: the shortest guard time"]),
        ("3B 10 7A", &["TA1 7A: a reserved speed, which no reader can agree on"]),
        ("3B 20 25", &["TB1 25: programming voltage, which readers no longer give"]),
        (
            "3B 80 40 0A",
            &["TD1 40: protocol T=0; TC2 follows", "TC2 0A: T=0 waits for a character up to 9600 etu"],
        ),
        ("3B 80 10 80", &["TA2 80: speaks T=0 alone, at the speed of TA1; cannot change"]),
        ("3B 80 80 1F 03 1C", &["TA3 03: the clock never stops; supply A (5 V), B (3 V)", "TCK 1C: right"]),
        ("3B 04 80 00 00 00", &["  no object from here on: 000000"]),
        ("3B 04 00 05 90 00", &["  state 05, word 9000"]),
        ("3B 02 10 A1", &["  the objects stand in a file of the card, A1"]),
        ("3B 0A 80 58 47 52 49 44 43 41 52 44", &["  data of the issuer 4752494443415244 (\"GRIDCARD\")"]),
        ("3B 08 80 66 01 02 03 04 05 06", &["  data before issuing 010203040506"]),
        ("3B 03 80 13 08", &["  country 08 (cut: 1 of 3 bytes are there)"]),
    ] {
        let found = explained(atr);
        for line in lines {
            assert!(found.iter().any(|one| one == line), "{atr}: no {line:?} in {found:#?}");
        }
    }
}

/// A wrong TCK, one that is missing, one that is not due, bytes too many, an answer that is cut anywhere.
#[test]
fn what_is_wrong_is_said() {
    for (atr, last) in [
        (
            USIM.replace("A5", "A4"),
            "TCK A4 is wrong, the bytes before it give A5: one of them was altered or lost",
        ),
        (
            USIM.replace("96", "95"),
            "TCK A5 is wrong, the bytes before it give A6: one of them was altered or lost",
        ),
        (USIM.replace(" A5", ""), "cut: it ends where TCK should stand"),
        (USIM.replace(" 00 00 01 A5", ""), "cut: it ends where historical byte T13 should stand"),
        ("3B 9F 96 80 1F".into(), "cut: it ends where TA3 should stand"),
        ("3B 9F 96 80".into(), "cut: it ends where TD2 should stand"),
        ("3B 9F 96".into(), "cut: it ends where TD1 should stand"),
        ("3B 9F".into(), "cut: it ends where TA1 should stand"),
        ("3B".into(), "no answer to reset: the answer to reset ends where T0 should stand"),
        (
            "11 22".into(),
            "no answer to reset: TS is 11; 3B (direct) or 3F (inverse) begins an answer to reset",
        ),
        ("3B 00 00".into(), "a TCK that is right and not due: with T=0 alone there is none"),
        ("3B 00 55".into(), "1 byte(s) too many"),
        (format!("{USIM} 01 02"), "2 byte(s) too many"),
    ] {
        let found = explained(&atr);
        assert_eq!(found.last().unwrap(), last, "{atr}");
        assert!(!found.iter().any(|line| line.ends_with(": right")), "{atr}: {found:#?}");
    }
}

/// Every cut of every known answer is read, and says where it is cut.
#[test]
fn every_cut_is_told() {
    for atr in [
        hex::decode(USIM.replace(' ', "")).unwrap(),
        wire::atr::uicc(),
        wire::atr::sim(),
        wire::atr::esam([7; 8]),
        wire::atr::fmcos_contactless([7; 8]),
    ] {
        assert!(!explained(&hex::encode(&atr)).last().unwrap().contains("cut"));
        for end in 2..atr.len() {
            let found = explained(&hex::encode(&atr[..end]));
            assert!(found.last().unwrap().starts_with("cut: it ends where "), "{end}: {found:#?}");
        }
    }
}
