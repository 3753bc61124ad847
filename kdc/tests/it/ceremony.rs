//! The ceremony: known answers, and everything a custodian can do wrong.

use gridcard_kdc::ceremony::{Ceremony, CeremonyError, CeremonyRecord, Component};
use issue::keyset::Roots;
use keys::{Role, Suite, Zeroizing};
use scheme::Fault;
use scheme::numbers::{CheckValue, NumberError};
use scheme::profile::State;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct File {
    source: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    suite: String,
    components: Vec<Typed>,
    secret_check_value: CheckValue,
    roots: BTreeMap<String, Root>,
}

#[derive(Deserialize)]
struct Typed {
    typed: String,
    check_value: String,
}

#[derive(Deserialize)]
struct Root {
    key: String,
    check_value: CheckValue,
}

const AT: &str = "2026-01-05 09:00:00";
const A: &str = "000102030405060708090A0B0C0D0E0F";
const B: &str = "F0E1D2C3B4A5968778695A4B3C2D1E0F";

fn check(suite: Suite, typed: &str) -> String {
    Component::parse(suite, 1, typed).unwrap().check_value().to_string()
}

fn two() -> Ceremony {
    Ceremony::new(Suite::TripleDes, 2).unwrap()
}

#[test]
fn known_answers() {
    let file: File = serde_json::from_str(include_str!("../kat/ceremony.json")).unwrap();
    assert!(!file.source.is_empty());
    assert_eq!(file.cases.len(), Suite::ALL.len());
    for case in file.cases {
        let suite = Suite::from_name(&case.suite).unwrap();
        let mut ceremony = Ceremony::new(suite, case.components.len() as u8).unwrap();
        // Custodians come in any order: the result is the same.
        for (i, component) in case.components.iter().enumerate().rev() {
            let taken =
                ceremony.add_component(i as u8 + 1, &component.typed, &component.check_value).unwrap();
            assert_eq!(taken.to_string(), component.check_value);
        }
        let held = ceremony.finish(AT).unwrap();
        assert_eq!((held.roots.suite(), held.roots.state()), (suite, State::Formal));
        assert_eq!(held.record.check_value, Some(case.secret_check_value));
        for role in Role::ALL {
            let expected = &case.roots[role.name()];
            assert_eq!(hex::encode_upper(held.roots.get(role).expose()), expected.key, "{}", role.name());
            let recorded = held.record.roots.iter().find(|root| root.role == role).unwrap();
            assert_eq!(recorded.check_value, expected.check_value);
        }
        let numbers: Vec<u8> = held.record.components.iter().map(|component| component.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}

#[test]
fn grouping_and_case_do_not_matter() {
    let value = check(Suite::Sm4, A);
    for typed in ["00010203 04050607 08090a0b 0c0d0e0f", "0001-0203-0405-0607-0809-0A0B-0C0D-0E0F"] {
        assert_eq!(check(Suite::Sm4, typed), value);
    }
}

#[test]
fn faults_name_the_component_and_what_is_wrong() {
    let a = check(Suite::TripleDes, A);
    let mut ceremony = two();
    let short = &A[..31];
    let long = format!("{A}0");
    let wrong_digit = A.replacen("0A", "0G", 1);
    let cases: [(u8, &str, &str, CeremonyError); 8] = [
        (0, A, &a, CeremonyError::Number { number: 0, total: 2 }),
        (3, A, &a, CeremonyError::Number { number: 3, total: 2 }),
        (1, short, &a, CeremonyError::Length { number: 1, found: 31 }),
        (1, &long, &a, CeremonyError::Length { number: 1, found: 33 }),
        (1, &wrong_digit, &a, CeremonyError::NotHex { number: 1, digit: 22, found: 'G' }),
        (2, &"0".repeat(32), &a, CeremonyError::AllZero { number: 2 }),
        (
            1,
            A,
            "12345",
            CeremonyError::CheckValueText {
                number: 1,
                source: NumberError::Length { what: "a check value", wanted: 6, found: 5 },
            },
        ),
        (
            1,
            B,
            &a,
            CeremonyError::CheckValue {
                number: 1,
                expected: a.parse().unwrap(),
                found: check(Suite::TripleDes, B).parse().unwrap(),
            },
        ),
    ];
    for (number, typed, expected, error) in cases {
        assert_eq!(ceremony.add_component(number, typed, expected), Err(error));
        assert_eq!(ceremony.missing(), [1, 2], "nothing was taken");
    }
}

#[test]
fn a_component_counts_once() {
    let mut ceremony = two();
    let a = check(Suite::TripleDes, A);
    ceremony.add_component(1, A, &a).unwrap();
    assert_eq!(ceremony.add_component(1, B, "000000"), Err(CeremonyError::AlreadyEntered { number: 1 }));
    assert_eq!(ceremony.add_component(2, A, &a), Err(CeremonyError::Same { number: 2, other: 1 }));
    assert_eq!(ceremony.finish(AT).unwrap_err(), CeremonyError::Missing { numbers: vec![2] });
    assert_eq!(ceremony.missing(), [2], "what was entered stays");
    assert!(ceremony.withdraw(1));
    assert!(!ceremony.withdraw(1));
    ceremony.add_component(2, A, &a).unwrap();
    assert_eq!(ceremony.missing(), [1]);
}

#[test]
fn components_that_cancel_out_make_no_secret() {
    let mut ceremony = Ceremony::new(Suite::Aes128, 3).unwrap();
    let both: Vec<u8> =
        hex::decode(A).unwrap().iter().zip(hex::decode(B).unwrap()).map(|(a, b)| a ^ b).collect();
    for (i, typed) in [A.to_owned(), B.to_owned(), hex::encode(both)].iter().enumerate() {
        ceremony.add_component(i as u8 + 1, typed, &check(Suite::Aes128, typed)).unwrap();
    }
    assert_eq!(ceremony.finish(AT).unwrap_err(), CeremonyError::ZeroSecret);
}

#[test]
fn two_to_eight_custodians() {
    for total in [0, 1, 9, 255] {
        assert_eq!(Ceremony::new(Suite::Sm4, total).unwrap_err(), CeremonyError::Count { found: total });
    }
    let mut ceremony = Ceremony::new(Suite::Sm4, 8).unwrap();
    for number in 1..=8u8 {
        let component = Component::from_entropy(Suite::Sm4, Zeroizing::new([number; 16])).unwrap();
        ceremony.add_component(number, &component.written(), &component.check_value().to_string()).unwrap();
    }
    assert_eq!(ceremony.finish(AT).unwrap().record.components.len(), 8);
}

#[test]
fn generated_components_can_be_typed_back() {
    let component = Component::from_entropy(Suite::TripleDes, Zeroizing::new([0xA7; 16])).unwrap();
    assert_eq!(component.written().as_str(), ["A7A7"; 8].join(" "));
    let typed = Component::parse(Suite::TripleDes, 1, &component.written()).unwrap();
    assert_eq!(typed.check_value(), component.check_value());
    assert!(Component::from_entropy(Suite::TripleDes, Zeroizing::new([0; 16])).is_none(), "a dead source");
}

#[test]
fn a_second_ceremony_confirms_the_record() {
    let hold = |a: &str, b: &str| {
        let mut ceremony = two();
        ceremony.add_component(1, a, &check(Suite::TripleDes, a)).unwrap();
        ceremony.add_component(2, b, &check(Suite::TripleDes, b)).unwrap();
        ceremony.finish(AT).unwrap()
    };
    let first = hold(A, B);
    let json = serde_json::to_string(&first.record).unwrap();
    let record: CeremonyRecord = serde_json::from_str(&json).unwrap();
    assert_eq!(record, first.record);
    record.confirm(&hold(B, A).roots).unwrap();
    let other = hold(A, &A.replacen("00", "FF", 1));
    let differs = record.confirm(&other.roots).unwrap_err();
    assert!(matches!(differs, CeremonyError::RecordRoot { role: Role::Master, .. }), "{differs}");
    assert!(matches!(
        record.confirm(&Roots::test(Suite::TripleDes)),
        Err(CeremonyError::RecordKind { recorded: (_, State::Formal), found: (_, State::Test) })
    ));
    CeremonyRecord::of_test_root(Suite::Sm4, AT).confirm(&Roots::test(Suite::Sm4)).unwrap();
}

#[test]
fn no_secret_in_record_debug_or_errors() {
    let mut ceremony = two();
    ceremony.add_component(1, A, &check(Suite::TripleDes, A)).unwrap();
    ceremony.add_component(2, B, &check(Suite::TripleDes, B)).unwrap();
    let printed = format!("{ceremony:?}");
    let held = ceremony.finish(AT).unwrap();
    let all = format!("{printed}{held:?}{}", serde_json::to_string(&held.record).unwrap()).to_uppercase();
    for secret in [A, B] {
        assert!(!all.contains(&secret[..8]), "{all}");
    }
    for role in Role::ALL {
        let key = hex::encode_upper(held.roots.get(role).expose());
        assert!(!all.contains(&key[..8]), "the root of {} shows", role.name());
    }
}

#[test]
fn errors_read_like_sentences() {
    let missing = CeremonyError::Missing { numbers: vec![1, 3, 4] };
    assert_eq!(missing.to_string(), "still missing: component 1, 3 and 4");
    let wrong = CeremonyError::NotHex { number: 2, digit: 7, found: 'G' };
    assert_eq!(wrong.to_string(), "component 2: digit 7 is 'G', not a hexadecimal digit");
    assert_eq!(wrong.hint().as_deref(), Some("nothing was taken; type the component again from the paper"));
}
