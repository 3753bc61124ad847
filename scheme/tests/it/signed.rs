//! Signed orders and receipts: the examples of docs/specs/signatures.md 8, what must not pass, and OpenSSL as a judge of them.

use crate::unhex;
use gridcard_scheme::certificate::{self, Certificate, CertificateNumber, KeyUse, Label, Subject};
use gridcard_scheme::moment::Validity;
use gridcard_scheme::numbers::PROVINCE;
use gridcard_scheme::order::{self, FieldError, Order, OrderDigest, Serial8};
use gridcard_scheme::receipt::{self, Receipt};
use gridcard_scheme::signed::{self, Signed, SignedError};
use keys::Suite;
use keys::sign::{Curve, SigningKey};
use proptest::prelude::*;

const SPEC: &str = include_str!("../../../docs/specs/signatures.md");

/// An order and a receipt of docs/specs/purchase.md 1, as the tests of that page have them.
const ORDER: &str = "E14F 8006000000123456 8106000000654321 820400001388 830400000007 840720261122084207 85080102030405060708 \
                     860102 8708A1A2A3A4A5A6A7A8 880720270222084207 8908B1B2B3B4B5B6B7B8";
const RECEIPT: &str = "E250 8006000000123456 820400001388 830400000007 85080102030405060708 8908B1B2B3B4B5B6B7B8 8A0100 \
                       8B0400002710 8C0400012345 8D0720261123101500 8E04DEADBEEF 8F088C8C272F14BE8639";

/// TEST KEY: 32 times the same byte.
fn key(suite: Suite, n: u8) -> SigningKey {
    SigningKey::from_bytes(Curve::of(suite), &[n; 32]).unwrap()
}

fn certificate(suite: Suite, key_use: KeyUse, number: u32, n: u8) -> Certificate {
    let subject = Subject {
        key_use,
        region: PROVINCE,
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch: 1,
        validity: Validity::new("20260101".parse().unwrap(), "20361231".parse().unwrap()).unwrap(),
    };
    let public = key(suite, n).public().unwrap();
    let (number, root) = (CertificateNumber(number), CertificateNumber(1));
    Certificate::issue(suite, subject, number, public, root, &key(suite, 1), &[9; 32]).unwrap()
}

struct Example {
    suite: Suite,
    name: &'static str,
    label: Label,
    tag: u8,
    plain: Vec<u8>,
    signer: Certificate,
    key: SigningKey,
}

impl Example {
    fn sign(&self, extra: u8) -> Vec<u8> {
        let signer = (self.signer.number, &self.key);
        signed::sign(&self.plain, self.tag, self.label, self.suite, signer, &[extra; 32]).unwrap()
    }
}

fn examples() -> Vec<Example> {
    [Suite::Sm4, Suite::Aes128]
        .into_iter()
        .flat_map(|suite| {
            [
                ("order", Label::Order, order::TAG, ORDER, KeyUse::Server, 2, 8),
                ("receipt", Label::Receipt, receipt::TAG, RECEIPT, KeyUse::Esam, 0x0040_0001, 7),
            ]
            .map(|(name, label, tag, plain, key_use, number, n)| Example {
                suite,
                name,
                label,
                tag,
                plain: unhex(plain),
                signer: certificate(suite, key_use, number, n),
                key: key(suite, n),
            })
        })
        .collect()
}

/// What stands in the specification behind `name: `, its spaces taken out.
fn said(name: &str) -> String {
    let line = SPEC.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("docs/specs/signatures.md has no line {name:?}")).replace(' ', "")
}

#[test]
fn the_examples_of_the_specification() {
    for example in examples() {
        let made = example.sign(0x0A);
        let (suite, name) = (example.suite.name(), example.name);
        assert_eq!(said(&format!("{suite} {name}")), hex::encode_upper(&made), "{suite} {name}");
        let key = hex::encode_upper(example.signer.key.bytes());
        assert_eq!(said(&format!("{suite} {name} key")), key, "{suite} {name}");
        let signed = Signed::parse(&made, example.tag).unwrap();
        assert_eq!(signed.plain, example.plain);
        signed.verify(example.label, &example.signer).unwrap();
    }
}

#[test]
fn a_signature_changes_nothing_of_what_is_said() {
    for example in examples() {
        let made = example.sign(1);
        assert_eq!(made.len(), example.plain.len() + 1 + 72, "two objects, and a byte more of length");
        let signed = Signed::parse(&made, example.tag).unwrap();
        match example.label {
            Label::Order => {
                assert_eq!(Order::parse(&signed.plain).unwrap().digest(), OrderDigest::of(&example.plain));
                let strict = Order::parse(&made).unwrap_err();
                assert_eq!(strict, FieldError::Unknown { tag: 0x9D }, "who does not look for it takes none");
            }
            _ => assert_eq!(Receipt::parse(&made).unwrap(), Receipt::parse(&example.plain).unwrap()),
        }
        let other = example.sign(2);
        assert_ne!(made, other);
        assert_eq!(Signed::parse(&other, example.tag).unwrap().plain, example.plain);
    }
}

#[test]
fn nothing_passes_for_something_else() {
    for example in examples() {
        let signed = Signed::parse(&example.sign(1), example.tag).unwrap();
        let (suite, number) = (example.suite, example.signer.number.0);
        for label in [Label::Order, Label::Receipt, Label::Request, Label::Head] {
            assert_eq!(signed.verify(label, &example.signer).is_ok(), label == example.label, "{label:?}");
        }
        // The right number with another key, the right key with another number, and nobody's.
        let other = certificate(suite, example.signer.subject.key_use, number, 6);
        assert!(matches!(signed.verify(example.label, &other), Err(SignedError::Certificate(_))));
        let other = certificate(suite, example.signer.subject.key_use, number + 1, 7);
        assert!(matches!(signed.verify(example.label, &other), Err(SignedError::Other { .. })));
        let plain = Signed::parse(&example.plain, example.tag).unwrap();
        assert_eq!(plain.verify(example.label, &example.signer), Err(SignedError::Unsigned));
        assert_eq!(plain.plain, example.plain);
    }
}

/// One of the two objects without the other, or of another length, or in another place, is no signature: the strict reader refuses it.
#[test]
fn half_a_signature_is_none() {
    let example = examples().remove(0);
    let whole = example.sign(1);
    let (head, proof) = whole.split_at(whole.len() - 72);
    let (number, signature) = proof.split_at(6);
    let content = &head[3..];
    let short = [&[0x9E, 0x3F][..], &signature[2..65]].concat();
    for parts in [
        vec![content, number],
        vec![content, signature],
        vec![content, signature, number],
        vec![number, content, signature],
        vec![content, number, &short],
        vec![content, number, number, signature],
    ] {
        let mut bytes = Vec::new();
        wire::tlv::push(&mut bytes, order::TAG, &parts.concat());
        let Ok(signed) = Signed::parse(&bytes, order::TAG) else { continue };
        assert!(Order::parse(&signed.plain).is_err(), "{}", hex::encode(&bytes));
    }
}

proptest! {
    /// Any bit of it changed: another order, another signer, or no signature of his.
    #[test]
    fn a_bent_one_is_not_verified(n in 0..4_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let example = examples().remove(n);
        let mut bytes = example.sign(1);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(signed) = Signed::parse(&bytes, example.tag) {
            prop_assert!(signed.verify(example.label, &example.signer).is_err(), "byte {at}");
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..220), tag in any::<u8>()) {
        if let Ok(signed) = Signed::parse(&bytes, tag) {
            prop_assert!(signed.plain.len() <= bytes.len());
        }
    }
}

/// OpenSSL alone: the examples as the specification prints them, the key as SubjectPublicKeyInfo, the signature as DER.
#[test]
#[ignore = "wants openssl; scripts/test has it"]
fn openssl_verifies_the_examples_of_the_specification() {
    for example in examples() {
        let bytes = unhex(&said(&format!("{} {}", example.suite.name(), example.name)));
        let signed = Signed::parse(&bytes, example.tag).unwrap();
        let folder = std::env::temp_dir().join(format!("gridcard-examples-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
        put("key.pem", example.signer.key.to_pem().as_bytes());
        put("signature.der", &signed.proof.as_ref().unwrap().signature.to_der());
        put("signed.bin", &certificate::signed_bytes(example.label, &example.signer, &signed.objects));
        let how: &[&str] = match Curve::of(example.suite) {
            Curve::Sm2 => &["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"],
            Curve::P256 => &["-digest", "sha256"],
        };
        let done = std::process::Command::new("openssl")
            .args(["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin"])
            .args(how)
            .args(["-sigfile", "signature.der", "-in", "signed.bin"])
            .current_dir(&folder)
            .output()
            .expect("openssl is not on this machine (Debian: package openssl)");
        let words = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success() && words.contains("Verified Successfully"), "{words}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
