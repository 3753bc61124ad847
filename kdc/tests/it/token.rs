//! Roots in a token: the bytes of the software store, checked against SoftHSM2.
//!
//! SoftHSM2 finds its tokens through the environment, and a program starts a token's library once; so each test
//! runs its inner half in a process of its own.

use crate::{NUMBER, REGION, SERIAL};
use gridcard_kdc::token::{Token, TokenError, TokenSource};
use issue::headers;
use issue::keyset::Roots;
use issue::source::{Activation, Current, KeySource, SoftSource, SourceError, Target};
use keys::{Role, Suite, Zeroizing};
use scheme::money::Fen;
use scheme::numbers::{DeviceNumber, RegionCode, Serial};
use scheme::pin::Pin;
use scheme::profile::{CardKind, PREVIOUS_MASTER, Recipient, State};
use scheme::psam::Limits;
use std::path::{Path, PathBuf};
use std::process::Command;

const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];
const LABEL: &str = "province";
const PIN: &str = "123456";
/// Where Linux distributions lay the library.
const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
];

fn module() -> PathBuf {
    let found = MODULES.iter().map(Path::new).find(|path| path.exists());
    found.expect("SoftHSM2 is missing: install softhsm2, or build without the feature hsm").to_owned()
}

/// Runs the inner half of a test with an empty token.
fn with_token(inner: &str) {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let conf = folder.path().join("softhsm2.conf");
    let text = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
    std::fs::write(&conf, text).unwrap();
    let init = ["--init-token", "--free", "--label", LABEL, "--so-pin", "56785678", "--pin", PIN];
    let made = Command::new("softhsm2-util").args(init).env("SOFTHSM2_CONF", &conf).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let test = format!("token::inner::{inner}");
    let ran = Command::new(std::env::current_exe().unwrap())
        .args([test.as_str(), "--exact", "--ignored", "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    let complained = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}\n{complained}");
}

#[test]
fn the_same_bytes_as_the_software_store_3des() {
    with_token("same_bytes_3des");
}

#[test]
fn the_same_bytes_as_the_software_store_aes128() {
    with_token("same_bytes_aes128");
}

#[test]
fn roots_that_the_token_makes_stay_in_it() {
    with_token("made_in_the_token");
}

#[test]
fn what_a_token_refuses_is_said_in_words() {
    with_token("refusals");
}

/// Run by the tests above, each in a process of its own.
mod inner {
    use super::*;

    fn open() -> Token {
        Token::open(&module(), LABEL, &Zeroizing::new(PIN.to_owned()), false).unwrap()
    }

    fn target(kind: CardKind, master: Current, version: Option<u8>) -> Target {
        Target {
            recipient: Recipient::Card(kind),
            master,
            test_keys: false,
            version,
            serial: SERIAL.parse::<Serial>().unwrap().0,
            number: NUMBER.parse::<DeviceNumber>().unwrap().0,
            region: REGION.parse::<RegionCode>().unwrap().0,
        }
    }

    fn same_bytes(suite: Suite) {
        let roots = Roots::test(suite);
        open_and_load(&roots);
        let mut hard = TokenSource::new(open_again()).unwrap();
        let mut soft = SoftSource::province(roots);
        assert_eq!(hard.about(), soft.about());
        let mut compared = 0;
        for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing] {
            for master in [Current::Transport, Current::Own] {
                for version in [None, Some(1), Some(2), Some(0xFF)] {
                    let target = target(kind, master, version);
                    assert_eq!(
                        hard.authenticate_target(&target, CHALLENGE),
                        soft.authenticate_target(&target, CHALLENGE)
                    );
                    for code in 0..=PREVIOUS_MASTER {
                        assert_eq!(hard.expected(&target, code), soft.expected(&target, code));
                        let Some(row) = target.recipient.key(code) else { continue };
                        for header in [headers::add(row, suite), headers::change(row, suite), [0; 5]] {
                            let wanted = soft.export_key(&target, code, CHALLENGE, header);
                            assert_eq!(
                                hard.export_key(&target, code, CHALLENGE, header),
                                wanted,
                                "{kind:?} {code}"
                            );
                            compared += usize::from(wanted.is_ok());
                        }
                    }
                }
            }
        }
        assert!(compared > 100, "{compared} fields only");
        for kind in [CardKind::PsamIssuing, CardKind::EsamIssuing, CardKind::TestIssuing] {
            let target = target(kind, Current::Own, None);
            let (limits, pin) = (Limits { count: 7, value: 900 }, Pin::from_digits("24681357").unwrap());
            let end = Activation { state: State::Retired, version: 0, forfeit: Fen(0) };
            let sealed = [&mut hard as &mut dyn KeySource, &mut soft].map(|source| {
                (
                    source.seal_limit(&target, CHALLENGE, limits, None).unwrap(),
                    source.seal_activation(&target, CHALLENGE, end).unwrap(),
                    source.seal_pin(&target, CHALLENGE, 0, &pin).unwrap(),
                )
            });
            assert_eq!(sealed[0], sealed[1], "{kind:?}");
            let begun = Target { master: Current::Transport, ..target };
            assert!(hard.seal_pin(&begun, CHALLENGE, 0, &pin).is_err());
        }
        // What a province does not make it does not make from a token either; and the roots stay.
        let esam = target(CardKind::Esam, Current::Own, None);
        let refused = hard.authenticate_target(&esam, CHALLENGE);
        assert_eq!(refused, soft.authenticate_target(&esam, CHALLENGE));
        assert!(refused.is_err());
        let main = target(CardKind::MainControl, Current::Transport, None);
        let refused = hard.export_key(&main, 0, CHALLENGE, [0; 5]);
        assert_eq!(refused, Err(SourceError::from(TokenError::Stays)));
    }

    /// The library is started once a process: what is loaded is looked at through the same session.
    fn open_and_load(roots: &Roots) {
        let token = open();
        assert!(!token.is_taken().unwrap());
        token.load(roots).unwrap();
        assert_eq!(token.load(roots), Err(TokenError::Taken));
        drop(token);
    }

    fn open_again() -> Token {
        open()
    }

    #[test]
    #[ignore = "run by the test of its name, with a token"]
    fn same_bytes_3des() {
        same_bytes(Suite::TripleDes);
    }

    #[test]
    #[ignore = "run by the test of its name, with a token"]
    fn same_bytes_aes128() {
        same_bytes(Suite::Aes128);
    }

    /// A transport root agreed with a card maker.
    const fn transport(suite: Suite) -> keys::Key {
        keys::Key::from_16(suite, *b"a maker's secret")
    }

    #[test]
    #[ignore = "run by the test of its name, with a token"]
    fn made_in_the_token() {
        let token = open();
        let made = token.generate(&transport(Suite::Aes128)).unwrap();
        assert_eq!(made.len(), Role::ALL.len());
        let published = Roots::test(Suite::Aes128).check_values();
        for (one, other) in made.iter().zip(&published) {
            assert_ne!(one.check_value, other.check_value, "{:?}", one.role);
        }
        let mut source = TokenSource::new(token).unwrap();
        assert_eq!((source.about().state, source.check_values()), (State::Formal, made.as_slice()));
        // It issues: a field for each key, and no two alike.
        let target = target(CardKind::EsamIssuing, Current::Own, None);
        let fields: std::collections::BTreeSet<Vec<u8>> = (1..=8)
            .map(|code| {
                let row = target.recipient.key(code).unwrap();
                source.export_key(&target, code, CHALLENGE, headers::add(row, Suite::Aes128)).unwrap()
            })
            .collect();
        assert_eq!(fields.len(), 8);
    }

    #[test]
    #[ignore = "run by the test of its name, with a token"]
    fn refusals() {
        let pin = |text: &str| Zeroizing::new(text.to_owned());
        let nowhere = Token::open(Path::new("no-such-library.so"), LABEL, &pin(PIN), false);
        assert!(matches!(nowhere.unwrap_err(), TokenError::Module { .. }));
        let other = Token::open(&module(), "another", &pin(PIN), false).unwrap_err();
        assert_eq!(other, TokenError::NoToken { label: "another".into(), have: vec![LABEL.into()] });
        let wrong = Token::open(&module(), LABEL, &pin("654321"), false).unwrap_err();
        assert!(matches!(wrong, TokenError::Pin { .. }), "{wrong}");
        let token = open();
        assert_eq!(token.load(&Roots::test(Suite::Sm4)), Err(TokenError::Suite { suite: Suite::Sm4 }));
        assert!(token.generate(&transport(Suite::Sm4)).is_err());
        assert_eq!(TokenSource::new(token).unwrap_err(), TokenError::Empty);
    }
}
