//! What `receipt verify` asks beside signatures: days of certificates, and a city's list of revoked cards [docs/specs/signatures.md 7].

use crate::signing::{by_root, days, root};
use crate::world::{number, region};
use kdc::revocation::{List, Reason, Revoked};
use keys::Suite;
use keys::sign::{Curve, SigningKey};
use parties::receipts::verify;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Label, Subject};
use scheme::moment::Validity;
use scheme::money::Fen;
use scheme::numbers::{MeterNumber, RegionCode, Serial};
use scheme::order::{OrderDigest, OrderId, Serial8};
use scheme::receipt::{self, CREDITED, Receipt};
use std::path::PathBuf;
use tempfile::TempDir;

const SUITE: Suite = Suite::Sm4;
const CHIP: [u8; 8] = [7; 8];

/// An exported receipt of noon on a day, with an issuer and a chip whose certificates hold for these days; and the root's file.
fn exported(folder: &TempDir, on: &str, issuer_days: Validity, chip_days: Validity) -> [PathBuf; 2] {
    let key = |n: u8| SigningKey::from_bytes(Curve::of(SUITE), &[n; 32]).unwrap();
    let subject = |key_use, device, serial, validity| Subject {
        key_use,
        region: region(),
        device,
        serial: Serial8(serial),
        epoch: 1,
        validity,
    };
    let issuer =
        by_root(SUITE, subject(KeyUse::CityIssuer, number(5).0, [5; 8], issuer_days), 0x0040_0000, &key(5));
    let chip = Certificate::issue(
        SUITE,
        subject(KeyUse::Esam, number(42).0, CHIP, chip_days),
        CertificateNumber(0x0040_0001),
        key(7).public().unwrap(),
        issuer.number,
        &key(5),
        &[3; 32],
    )
    .unwrap();
    let receipt = Receipt {
        meter: MeterNumber(number(42).0),
        amount: Fen(50_00),
        count: 1,
        order: OrderId([1; 8]),
        serial: Serial8(CHIP),
        result: CREDITED,
        balance: Fen(50_00),
        register: 0,
        time: format!("{on}120000").parse().unwrap(),
        tac: [0; 4],
        digest: OrderDigest([2; 8]),
    };
    let signer = (chip.number, &key(7));
    let signed =
        scheme::signed::sign(&receipt.to_bytes(), receipt::TAG, Label::Receipt, SUITE, signer, &[4; 32])
            .unwrap();
    let file = folder.path().join("receipt.json");
    let text = serde_json::json!({
        "what": "gridcard signed receipt 1",
        "receipt": hex::encode_upper(signed),
        "issuer": hex::encode_upper(issuer.to_bytes()),
        "certificate": hex::encode_upper(chip.to_bytes()),
    });
    std::fs::write(&file, text.to_string()).unwrap();
    let of_root = folder.path().join("root");
    std::fs::write(&of_root, hex::encode_upper(root(SUITE).to_bytes())).unwrap();
    [file, of_root]
}

#[test]
fn a_receipt_is_of_the_days_of_its_certificates() {
    let folder = TempDir::new().unwrap();
    let long = days("20260101", "20301231");
    let short = days("20260301", "20260331");
    for (on, issuer, chip, whose) in [
        ("20260301", long, short, None),
        ("20260331", short, short, None),
        (
            "20260228",
            long,
            short,
            Some("the ESAM's certificate 00400001 holds from 2026-03-01 to 2026-03-31"),
        ),
        (
            "20260401",
            short,
            long,
            Some("the issuer's certificate 00400000 holds from 2026-03-01 to 2026-03-31"),
        ),
        (
            "20251231",
            days("20250101", "20301231"),
            days("20250101", "20301231"),
            Some("the root's certificate"),
        ),
    ] {
        let [file, root] = exported(&folder, on, issuer, chip);
        match (verify(&file, &root, None), whose) {
            (Ok(report), None) => assert_eq!(report.result, "verified", "{on}"),
            (Err(error), Some(words)) => {
                assert_eq!(error.code(), "receipt-out-of-validity", "{on}: {error}");
                assert!(error.to_string().contains(words), "{error}");
            }
            (other, _) => panic!("{on}: {other:?}"),
        }
    }
}

#[test]
fn a_revoked_chips_receipt_counts_until_that_day() {
    let folder = TempDir::new().unwrap();
    let long = days("20260101", "20301231");
    let list = |serial: [u8; 8], on: &str, issuer: RegionCode| {
        let date = on.parse().unwrap();
        let card = Revoked {
            kind: "esam".into(),
            number: number(42),
            serial: Serial(serial),
            date,
            reason: Reason::Stolen,
        };
        let list = List::empty(issuer, SUITE, date).next(card, date).unwrap();
        let path = folder.path().join("revoked.json");
        std::fs::write(&path, list.to_json().unwrap()).unwrap();
        path
    };
    let [file, root] = exported(&folder, "20260315", long, long);
    let told = |path: PathBuf| verify(&file, &root, Some(&path)).map(|report| report.result);
    assert_eq!(told(list(CHIP, "2026-03-16", region())).unwrap(), "verified");
    assert_eq!(
        told(list([8; 8], "2026-03-01", region())).unwrap(),
        "verified",
        "another chip of this number"
    );
    for on in ["2026-03-15", "2026-03-01"] {
        let error = told(list(CHIP, on, region())).unwrap_err();
        assert_eq!(error.code(), "receipt-of-revoked-chip", "{error}");
        assert!(error.to_string().contains(on) && error.to_string().contains("stolen"), "{error}");
    }
    let other = RegionCode([0x11, 0x00, 0x00, 0x00]);
    assert_eq!(told(list(CHIP, "2026-03-01", other)).unwrap_err().code(), "revocation-other-issuer");
}
