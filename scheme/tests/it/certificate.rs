//! Certificates of signing keys: their bytes, and who may certify whom.

use gridcard_scheme::certificate::{
    self, Certificate, CertificateError, CertificateNumber, KeyUse, Label, Subject,
};
use gridcard_scheme::moment::Validity;
use gridcard_scheme::numbers::{PROVINCE, RegionCode};
use gridcard_scheme::order::Serial8;
use keys::Suite;
use keys::sign::{Curve, Signature, SigningKey};
use proptest::prelude::*;

const CITY: RegionCode = RegionCode([0x33, 0x02, 0x00, 0x00]);
const OTHER_CITY: RegionCode = RegionCode([0x33, 0x01, 0x00, 0x00]);

fn key(suite: Suite, n: u8) -> SigningKey {
    SigningKey::from_bytes(Curve::of(suite), &[n; 32]).unwrap()
}

fn subject(key_use: KeyUse, region: RegionCode) -> Subject {
    Subject {
        key_use,
        region,
        device: [0, 0, 0x20, 0x18, 0x11, 0x14],
        serial: Serial8([0, 0, 0, 0, 0, 0, 0x0A, 0x05]),
        epoch: 0x0102,
        validity: Validity::new("20260101".parse().unwrap(), "20361231".parse().unwrap()).unwrap(),
    }
}

fn issued(suite: Suite, of: Subject, number: u32, own: u8, issuer: u32, by: u8) -> Certificate {
    let public = key(suite, own).public().unwrap();
    let (number, issuer) = (CertificateNumber(number), CertificateNumber(issuer));
    Certificate::issue(suite, of, number, public, issuer, &key(suite, by), &[9; 32]).unwrap()
}

fn root(suite: Suite) -> Certificate {
    issued(suite, subject(KeyUse::Root, PROVINCE), 1, 1, 1, 1)
}

/// The places of the fields, as the specification has them.
#[test]
fn the_bytes_are_those_of_the_specification() {
    let city = issued(Suite::Sm4, subject(KeyUse::CityIssuer, CITY), 0x0000_00A2, 2, 1, 1);
    let bytes = city.to_bytes();
    assert_eq!(
        hex::encode_upper(&bytes[..40]),
        "010201 33020000 000020181114 0000000000000A05 0102 20260101 20361231 000000A2 00000001 00"
            .replace(' ', "")
    );
    assert_eq!(&bytes[40..104], key(Suite::Sm4, 2).public().unwrap().bytes());
    assert_eq!(&bytes[104..], city.signature.bytes());
    // The signed bytes: label, 00, suite, number of the issuer's certificate, all but the signature.
    let signed = [b"gridcard cert 1".as_slice(), &[0, 2, 0, 0, 0, 1], &bytes[..104]].concat();
    key(Suite::Sm4, 1).public().unwrap().verify(&[&signed], &city.signature).unwrap();
}

#[test]
fn a_chain_from_root_to_meter_holds_in_every_suite() {
    for suite in Suite::ALL {
        let root = root(suite);
        let city = issued(suite, subject(KeyUse::CityIssuer, CITY), 2, 2, 1, 1);
        let server = issued(suite, subject(KeyUse::Server, PROVINCE), 3, 3, 1, 1);
        root.verify(&root).unwrap();
        city.verify(&root).unwrap();
        server.verify(&root).unwrap();
        for key_use in [KeyUse::Esam, KeyUse::Psam] {
            issued(suite, subject(key_use, CITY), 4, 4, 2, 2).verify(&city).unwrap();
        }
    }
}

/// Whoever is certified for one thing certifies nothing else: each use by each other, another city's, another suite's, and a root that
/// is not the one that is trusted.
#[test]
fn nobody_certifies_beyond_his_use() {
    let root = root(Suite::Aes128);
    let uses = [KeyUse::Root, KeyUse::CityIssuer, KeyUse::Server, KeyUse::Esam, KeyUse::Psam];
    for by in uses {
        let signer = issued(Suite::Aes128, subject(by, CITY), 7, 7, 1, 1);
        for of in uses {
            let made = issued(Suite::Aes128, subject(of, CITY), 8, 8, 7, 7);
            let right = of != KeyUse::Root && of.issuer() == by;
            let found = made.verify(&signer);
            assert_eq!(found.is_ok(), right, "{of} by {by}");
            if !right {
                assert!(matches!(found, Err(CertificateError::NotAllowed { .. })), "{of} by {by}: {found:?}");
            }
        }
    }
    let city = issued(Suite::Aes128, subject(KeyUse::CityIssuer, CITY), 2, 2, 1, 1);
    let foreign = issued(Suite::Aes128, subject(KeyUse::Esam, OTHER_CITY), 4, 4, 2, 2);
    assert!(foreign.verify(&city).unwrap_err().to_string().ends_with("of another city"));
    let des = issued(Suite::TripleDes, subject(KeyUse::CityIssuer, CITY), 2, 2, 1, 1);
    assert!(des.verify(&root).unwrap_err().to_string().ends_with("of another suite"));
    let false_root = issued(Suite::Aes128, subject(KeyUse::Root, PROVINCE), 1, 5, 1, 5);
    false_root.verify(&false_root).unwrap();
    assert!(matches!(false_root.verify(&root), Err(CertificateError::NotSigned { .. })));
    assert!(matches!(city.verify(&false_root), Err(CertificateError::NotSigned { .. })));
    // The right key, and another issuer's number: of two certificates of one key, one is meant.
    let renamed = Certificate { number: CertificateNumber(99), ..root.clone() };
    assert!(matches!(city.verify(&renamed), Err(CertificateError::NotSigned { .. })));
}

/// A signature of one kind is none of another, whatever the objects say, and none of a key that signs other things.
#[test]
fn a_label_is_part_of_what_is_signed() {
    let labels =
        [Label::Order, Label::Receipt, Label::Request, Label::Certificate, Label::Revocation, Label::Head];
    let uses = [KeyUse::Root, KeyUse::CityIssuer, KeyUse::Server, KeyUse::Esam, KeyUse::Psam];
    for key_use in uses {
        let signer = issued(Suite::Sm4, subject(key_use, CITY), 4, 4, 2, 2);
        for signed in labels {
            let made = certificate::sign(
                signed,
                Suite::Sm4,
                signer.number,
                &key(Suite::Sm4, 4),
                b"objects",
                &[3; 32],
            )
            .unwrap();
            for asked in labels {
                let found = certificate::verify(asked, &signer, b"objects", &made);
                let signs = match asked {
                    Label::Order => matches!(key_use, KeyUse::Server | KeyUse::Psam),
                    Label::Receipt | Label::Request => key_use == KeyUse::Esam,
                    Label::Certificate => matches!(key_use, KeyUse::Root | KeyUse::CityIssuer),
                    Label::Revocation => key_use == KeyUse::Root,
                    Label::Head => key_use == KeyUse::Server,
                };
                assert_eq!(found.is_ok(), signs && asked == signed, "{asked:?} of {signed:?} by a {key_use}");
                let is_told = matches!(found, Err(CertificateError::NotFor { .. }));
                assert_eq!(is_told, !signs, "{asked:?} by a {key_use}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_certificate_say_what_is_wrong() {
    let good = root(Suite::TripleDes).to_bytes();
    Certificate::parse(&good).unwrap();
    let bent = |at: usize, byte: u8| {
        let mut bytes = good;
        bytes[at] = byte;
        Certificate::parse(&bytes).unwrap_err().to_string()
    };
    assert_eq!(Certificate::parse(&good[1..]).unwrap_err(), CertificateError::Length(167));
    assert_eq!(bent(0, 2), "a certificate of version 02; this program knows version 01");
    assert_eq!(bent(1, 3), "the certificate names an unknown suite 03");
    assert_eq!(bent(2, 5), "the certificate names an unknown use 05");
    assert!(bent(3, 0x0A).starts_with("the certificate's region code:"), "{}", bent(3, 0x0A));
    assert!(bent(26, 0x32).starts_with("the certificate's first day:"), "{}", bent(26, 0x32));
    assert!(bent(27, 0x19).contains("before it begins"), "{}", bent(27, 0x19));
    assert_eq!(bent(39, 1), "a reserved byte of the certificate is 01, not 00");
    assert!(bent(40, good[40] ^ 1).contains("no point"), "{}", bent(40, good[40] ^ 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bit changed: it does not parse, or is not to be trusted.
    #[test]
    fn no_bit_can_be_changed(bit in 0_usize..Certificate::LEN * 8, suite in 0_usize..3) {
        let suite = Suite::ALL[suite];
        let root = root(suite);
        let mut bytes = issued(suite, subject(KeyUse::CityIssuer, CITY), 2, 2, 1, 1).to_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(found) = Certificate::parse(&bytes) {
            prop_assert!(found.verify(&root).is_err());
            prop_assert_eq!(found.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_upset_the_reader(bytes in prop::collection::vec(any::<u8>(), 160..176), good in any::<bool>()) {
        let mut bytes = bytes;
        if good && bytes.len() > 2 {
            (bytes[0], bytes[1], bytes[2]) = (1, 2, 3);
        }
        let _ = Certificate::parse(&bytes);
        let _ = Signature::from_der(Curve::Sm2, &bytes);
    }
}
