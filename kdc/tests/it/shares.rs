//! Shares of the secret: known answers, every choice of custodians, and everything that can be typed wrongly.

use gridcard_kdc::ceremony::shares::{Proof, Restoring, Secret, Share, split};
use gridcard_kdc::ceremony::{Founding, Origin, ShareError};
use keys::{Role, Suite, Zeroizing};
use scheme::numbers::CheckValue;
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
    state: String,
    set: String,
    threshold: u8,
    total: u8,
    secret: String,
    check_value: CheckValue,
    coefficients: String,
    shares: Vec<Paper>,
    roots: BTreeMap<String, CheckValue>,
}

#[derive(Deserialize)]
struct Paper {
    text: String,
    check_value: CheckValue,
}

fn cases() -> Vec<Case> {
    let file: File = serde_json::from_str(include_str!("../kat/shares.json")).unwrap();
    assert!(!file.source.is_empty());
    file.cases
}

impl Case {
    fn suite(&self) -> Suite {
        Suite::from_name(&self.suite).unwrap()
    }

    fn state(&self) -> State {
        if self.state == "formal" { State::Formal } else { State::Test }
    }

    fn secret(&self) -> Secret {
        let mut bytes = Zeroizing::new([0; 16]);
        hex::decode_to_slice(&self.secret, &mut *bytes).unwrap();
        Secret::from_entropy(bytes).unwrap()
    }

    /// Split again, with the coefficients of the case in the place of random bytes.
    fn split(&self) -> Vec<Share> {
        let mut bytes = hex::decode(&self.set).unwrap();
        bytes.extend(hex::decode(&self.coefficients).unwrap());
        let mut at = 0;
        let mut random = |out: &mut [u8]| {
            out.copy_from_slice(&bytes[at..at + out.len()]);
            at += out.len();
        };
        split(&self.secret(), self.suite(), self.state(), self.threshold, self.total, &mut random).unwrap()
    }
}

#[test]
fn known_answers() {
    for case in cases() {
        let shares = case.split();
        assert_eq!(shares.len(), usize::from(case.total));
        for (share, paper) in shares.iter().zip(&case.shares) {
            assert_eq!(share.written().as_str(), paper.text, "{}", case.suite);
            assert_eq!(share.check_value(), paper.check_value);
            assert_eq!((share.set().name(), share.set().whole), (case.set.clone(), case.check_value));
        }
        let founding = Founding::new(case.suite(), Origin::Shares, Some(case.secret()));
        for root in founding.roots().check_values() {
            assert_eq!(root.check_value, case.roots[root.role.name()], "{}", root.role.name());
        }
        assert_eq!(founding.roots().check_values().len(), Role::ALL.len());
    }
}

/// Every set of custodians that is large enough restores, in any order; none that is smaller does.
#[test]
fn any_of_them_that_are_enough_restore() {
    for case in cases() {
        for chosen in 0u32..1 << case.total {
            let mut restoring = Restoring::new();
            let papers = (0..case.total).rev().filter(|n| chosen >> n & 1 == 1);
            for number in papers {
                restoring.add(&case.shares[usize::from(number)].text).unwrap();
            }
            let enough = chosen.count_ones() >= u32::from(case.threshold);
            match restoring.finish() {
                Ok(secret) => {
                    assert!(enough);
                    assert_eq!(secret.check_value(case.suite()), case.check_value);
                }
                Err(ShareError::TooFew { have, .. }) => {
                    assert!(!enough);
                    assert_eq!(u32::from(have), chosen.count_ones());
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// One digit, whichever and however wrong, is found and its group named; so are two neighbours exchanged.
#[test]
fn a_mistyped_digit_is_named_by_its_group() {
    let case = &cases()[0];
    let paper: Vec<char> = case.shares[1].text.replace(' ', "").chars().collect();
    for place in 0..paper.len() {
        for wrong in "0123456789ABCDEF".chars().filter(|digit| *digit != paper[place]) {
            let mut typed = paper.clone();
            typed[place] = wrong;
            let typed: String = typed.into_iter().collect();
            let error = Share::parse(&typed).unwrap_err();
            assert_eq!(error, ShareError::Mistyped { group: Some(place / 4 + 1) }, "digit {}", place + 1);
        }
        if place > 0 && paper[place] != paper[place - 1] {
            let mut typed = paper.clone();
            typed.swap(place, place - 1);
            let typed: String = typed.into_iter().collect();
            assert!(matches!(Share::parse(&typed), Err(ShareError::Mistyped { .. })), "digit {}", place + 1);
        }
    }
    let text = &case.shares[0].text;
    assert_eq!(Share::parse(&text[..10]).unwrap_err(), ShareError::Length { expected: 60, found: 8 });
    let wrong = text.replacen(|c: char| c.is_ascii_hexdigit(), "G", 1);
    assert_eq!(Share::parse(&wrong).unwrap_err(), ShareError::NotHex { digit: 1, found: 'G' });
    assert!(Share::parse(&text.to_lowercase().replace(' ', "-")).is_ok(), "case and grouping do not matter");
    assert_eq!(Share::parse(&"0".repeat(60)).unwrap_err(), ShareError::Format);
}

#[test]
fn shares_that_do_not_belong_together_are_told_apart() {
    let [one, other, _] = &cases()[..] else { panic!("three cases") };
    let mut restoring = Restoring::new();
    restoring.add(&one.shares[0].text).unwrap();
    let (own, found) = (one.set.clone(), other.set.clone());
    let error = restoring.add(&other.shares[1].text).unwrap_err();
    assert_eq!(error, ShareError::OtherSet { number: 2, own, found });
    assert_eq!(restoring.add(&one.shares[0].text).unwrap_err(), ShareError::Repeated { number: 1 });
    assert_eq!(restoring.missing(), Some(1), "nothing was taken");
    restoring.add(&one.shares[2].text).unwrap();
    assert!(restoring.finish().is_ok());
}

/// The papers are proved one by one, and then all restore.
#[test]
fn papers_are_proved() {
    let case = &cases()[1];
    let secret = case.secret();
    let mut proof = Proof::new(case.split());
    assert_eq!(
        proof.add(1, &case.shares[1].text).unwrap_err(),
        ShareError::OtherNumber { asked: 1, found: 2 }
    );
    assert!(matches!(proof.add(1, &cases()[0].shares[0].text), Err(ShareError::OtherSet { .. })));
    assert!(matches!(proof.finish(&secret), Err(ShareError::TooFew { have: 0, threshold: 5 })));
    for (paper, number) in case.shares.iter().zip(1..) {
        assert_eq!(proof.add(number, &paper.text).unwrap(), paper.check_value);
    }
    assert_eq!(proof.finish(&secret).unwrap(), 5);
    // Of another secret: the shares are sound in themselves, and not of this one.
    assert!(matches!(proof.finish(&cases()[0].secret()), Err(ShareError::Whole { .. })));
}

#[test]
fn shapes_that_cannot_be_are_refused() {
    let case = &cases()[0];
    for (threshold, total) in [(1, 3), (0, 2), (3, 2), (2, 1), (2, 16)] {
        let made =
            split(&case.secret(), case.suite(), State::Formal, threshold, total, &mut |bytes| bytes.fill(1));
        assert_eq!(made.unwrap_err(), ShareError::Shape { threshold, total });
    }
}

#[test]
fn nothing_shows_a_share() {
    let case = &cases()[0];
    let shares = case.split();
    let mut restoring = Restoring::new();
    restoring.add(&case.shares[0].text).unwrap();
    let shown = format!("{shares:?} {restoring:?} {:?} {:?}", case.secret(), Proof::new(shares.clone()));
    let digits = case.shares[0].text.replace(' ', "");
    assert!(!shown.contains(&digits[14..30]) && !shown.contains(&case.secret[..8]), "{shown}");
}
