//! The software key store against the formulas.

use crate::primitives::{Bytes16, child, decrypt, encrypt, kcv, session_mac, test_root};
use crate::requests::{NUMBER, REGION, SERIAL};
use gridcard_issue::headers;
use gridcard_issue::keyset::Roots;
use gridcard_issue::source::{Current, KeySource, Level, SoftSource, SourceError, Target};
use keys::{Role, Suite};
use proptest::prelude::*;
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, Recipient};

const CHALLENGE: [u8; 8] = [0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6, 0x07, 0x18];

fn target(recipient: Recipient, own_master: bool) -> Target {
    let number: DeviceNumber = NUMBER.parse().unwrap();
    let serial: Serial = SERIAL.parse().unwrap();
    let region = match recipient {
        Recipient::Card(CardKind::MainControl) => [0; 4],
        _ => REGION.parse::<RegionCode>().unwrap().0,
    };
    let serial = if recipient == Recipient::Mcu { number.as_mcu_serial() } else { serial };
    let master = if own_master { Current::Own } else { Current::Transport };
    Target { recipient, master, test_keys: false, version: None, serial: serial.0, number: number.0, region }
}

fn challenge(target: &Target) -> [u8; 8] {
    if target.recipient == Recipient::Mcu { target.serial } else { CHALLENGE }
}

fn source(recipient: Recipient, suite: Suite) -> SoftSource {
    match recipient {
        Recipient::Card(
            CardKind::Psam
            | CardKind::TestCard
            | CardKind::Esam
            | CardKind::UserCard
            | CardKind::ProductionCard,
        )
        | Recipient::Mcu => SoftSource::city(Roots::test(suite).city(REGION.parse().unwrap())),
        Recipient::Card(_) => SoftSource::province(Roots::test(suite)),
    }
}

/// docs/specs/cards.md section 7, word for word.
fn expected_keys(suite: Suite, target: &Target, role: u8) -> (Bytes16, Bytes16) {
    let city_factor = [&[0xC0, 0, 0, 1], &target.region[..]].concat();
    let kind = match target.recipient {
        Recipient::Card(CardKind::Esam) | Recipient::Mcu => 0,
        Recipient::Card(kind) => kind.code(),
    };
    let device_factor = [&[kind, 0], &target.number[..]].concat();
    let root = |role: Role| test_root(suite, role.name());
    let city = |role: Role| child(suite, &root(role), &city_factor);
    let device = |role: Role| child(suite, &city(role), &device_factor);
    let issuing = matches!(
        target.recipient,
        Recipient::Card(
            CardKind::MainControl | CardKind::PsamIssuing | CardKind::EsamIssuing | CardKind::TestIssuing
        )
    );
    let own = if issuing { child(suite, &root(Role::Master), &device_factor) } else { device(Role::Master) };
    let transport = child(suite, &root(Role::Transport), &target.serial);
    let master = if target.master == Current::Own { own } else { transport };
    let key = match (Role::from_code(role), target.recipient) {
        // The earlier master: the city's, of the version asked for, which is the first here.
        (None, _) if role == 0x0A => city(Role::Master),
        (None, _) => own,
        (Some(role), Recipient::Card(CardKind::MainControl)) => root(role),
        (Some(Role::Transport), _) => root(Role::Transport),
        (Some(role), Recipient::Card(CardKind::Esam | CardKind::UserCard) | Recipient::Mcu) => device(role),
        (Some(role), Recipient::Card(_)) => city(role),
    };
    (master, key)
}

const RECIPIENTS: [Recipient; 10] = [
    Recipient::Card(CardKind::MainControl),
    Recipient::Card(CardKind::PsamIssuing),
    Recipient::Card(CardKind::EsamIssuing),
    Recipient::Card(CardKind::TestIssuing),
    Recipient::Card(CardKind::Psam),
    Recipient::Card(CardKind::TestCard),
    Recipient::Card(CardKind::Esam),
    Recipient::Card(CardKind::UserCard),
    Recipient::Card(CardKind::ProductionCard),
    Recipient::Mcu,
];

#[test]
fn every_exported_field_opens_to_the_key_of_the_formulas() {
    let mut fields = 0;
    for suite in Suite::ALL {
        for recipient in RECIPIENTS {
            for own_master in [false, true] {
                if recipient == Recipient::Mcu && own_master {
                    continue;
                }
                for row in recipient.keys() {
                    for header in [headers::add(row, suite), headers::change(row, suite)] {
                        let target = target(recipient, own_master);
                        let challenge = challenge(&target);
                        let mut source = source(recipient, suite);
                        let answer = source.export_key(&target, row.role, challenge, header);
                        if !own_master && row.role != 0 && recipient != Recipient::Mcu {
                            assert!(matches!(answer, Err(SourceError::UnderTransport { .. })), "{row:?}");
                            continue;
                        }
                        let field = answer.unwrap();
                        assert_eq!(field.len(), usize::from(header[4]), "Lc announces the field");
                        let (master, key) = expected_keys(suite, &target, row.role);
                        let (cipher_text, mac) = field.split_at(field.len() - 4);
                        let covered = [&header[..], cipher_text].concat();
                        assert_eq!(
                            mac,
                            session_mac(suite, &master, &challenge, &covered),
                            "{recipient:?} {row:?}"
                        );
                        let mut plain = cipher_text.to_vec();
                        decrypt(suite, &master, &mut plain);
                        assert_eq!(plain[0], 0x15, "LD counts head and key");
                        assert_eq!(plain[1..6], row.header(1));
                        assert_eq!(plain[6..22], key, "{recipient:?} {row:?}");
                        let padding: &[u8] = if suite == Suite::TripleDes { &[0x80, 0] } else { &PADDING };
                        assert_eq!(&plain[22..], padding);
                        let told = source.expected(&target, row.role).unwrap();
                        assert_eq!(told.version, 1);
                        assert_eq!(told.check_value, Some(CheckValue(kcv(suite, &key))));
                        fields += 1;
                    }
                }
            }
        }
    }
    // Per suite, with both headers: 3 kinds of 10 keys and one of 11, PSAM and test card of 4, a user card of 2, a production card of 1
    // and an ESAM of 8 under their own masters, the own master of the 9 kinds under the transport key, and 2 keys of an MCU.
    assert_eq!(fields, 3 * 2 * (41 + 8 + 2 + 1 + 8 + 9 + 2));
}

const PADDING: [u8; 10] = [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn cryptograms_are_one_block_under_the_current_master() {
    for suite in Suite::ALL {
        for recipient in RECIPIENTS {
            for own_master in [false, true] {
                if recipient == Recipient::Mcu && own_master {
                    continue;
                }
                let target = target(recipient, own_master);
                let challenge = challenge(&target);
                let answer = source(recipient, suite).authenticate_target(&target, challenge).unwrap();
                let (master, _) = expected_keys(suite, &target, 0);
                let mut block = challenge.to_vec();
                block.resize(suite.block(), 0);
                encrypt(suite, &master, &mut block);
                assert_eq!(answer, block, "{recipient:?}, own master {own_master}");
            }
        }
    }
}

#[test]
fn headers_are_those_of_the_table() {
    let kic = Recipient::Card(CardKind::Esam).key(4).unwrap();
    let own = Recipient::Card(CardKind::Esam).key(0).unwrap();
    let param = Recipient::Card(CardKind::Esam).key(6).unwrap();
    assert_eq!(headers::add(kic, Suite::TripleDes), [0x84, 0xD4, 0x01, 0x04, 0x1C]);
    assert_eq!(headers::change(kic, Suite::Sm4), [0x84, 0xD4, 0x35, 0x04, 0x24]);
    assert_eq!(headers::add(own, Suite::Aes128), [0x84, 0xD4, 0x39, 0x00, 0x24]);
    assert_eq!(headers::change(param, Suite::TripleDes), [0x84, 0xD4, 0x36, 0x00, 0x1C]);
}

#[test]
fn a_level_makes_only_what_stands_below_it() {
    let suite = Suite::TripleDes;
    let mut province = source(Recipient::Card(CardKind::MainControl), suite);
    let mut city = source(Recipient::Mcu, suite);
    for recipient in RECIPIENTS {
        let below_city = matches!(
            recipient,
            Recipient::Card(
                CardKind::Psam
                    | CardKind::TestCard
                    | CardKind::Esam
                    | CardKind::UserCard
                    | CardKind::ProductionCard
            ) | Recipient::Mcu
        );
        let target = target(recipient, false);
        let wrong: &mut SoftSource = if below_city { &mut province } else { &mut city };
        let level = wrong.about().level;
        let refused = wrong.authenticate_target(&target, challenge(&target));
        assert_eq!(refused, Err(SourceError::MayNotMake { level, target: recipient }));
    }
    let sim = target(Recipient::Card(CardKind::Sim), false);
    assert_eq!(
        province.export_key(&sim, 1, CHALLENGE, [0; 5]),
        Err(SourceError::MayNotMake { level: Level::Province, target: Recipient::Card(CardKind::Sim) })
    );
}

#[test]
fn a_city_serves_its_own_region_only() {
    let recipient = Recipient::Card(CardKind::Esam);
    let mut elsewhere = target(recipient, false);
    elsewhere.region = [0x33, 0x03, 0, 0];
    let refused = source(recipient, Suite::TripleDes).authenticate_target(&elsewhere, CHALLENGE);
    assert_eq!(
        refused,
        Err(SourceError::Region { own: REGION.parse().unwrap(), asked: RegionCode(elsewhere.region) })
    );
}

#[test]
fn roles_outside_the_table_are_refused() {
    let suite = Suite::TripleDes;
    for (kind, role) in [(CardKind::Psam, 2), (CardKind::Esam, 9), (CardKind::PsamIssuing, 10)] {
        let recipient = Recipient::Card(kind);
        let header = [0x84, 0xD4, 0x01, role, 0x1C];
        let refused = source(recipient, suite).export_key(&target(recipient, true), role, CHALLENGE, header);
        assert_eq!(refused, Err(SourceError::Role { target: recipient, code: role }));
    }
    let mcu = target(Recipient::Mcu, false);
    let refused =
        source(Recipient::Mcu, suite).export_key(&mcu, 4, mcu.serial, [0x84, 0xD4, 0x01, 0x04, 0x1C]);
    assert_eq!(refused, Err(SourceError::Role { target: Recipient::Mcu, code: 4 }));
}

#[test]
fn a_meter_mcu_has_no_free_challenge_and_no_own_master() {
    let mut city = source(Recipient::Mcu, Suite::TripleDes);
    let header = [0x84, 0xD4, 0x01, 0x02, 0x1C];
    let right = target(Recipient::Mcu, false);
    let number = DeviceNumber(right.number);
    assert!(city.export_key(&right, 2, right.serial, header).is_ok());
    let refused = Err(SourceError::McuForm { number });
    assert_eq!(city.export_key(&right, 2, CHALLENGE, header), refused);
    assert_eq!(city.export_key(&Target { master: Current::Own, ..right }, 2, right.serial, header), refused);
    assert_eq!(city.export_key(&Target { serial: CHALLENGE, ..right }, 2, CHALLENGE, header), refused);
}

#[test]
fn nothing_secret_is_printed() {
    let roots = Roots::test(Suite::Sm4);
    let city = roots.city(REGION.parse().unwrap());
    let printed = format!("{roots:?} {city:?} {:?}", SoftSource::city(city.clone()));
    for role in Role::ALL {
        assert!(!printed.contains(&hex::encode_upper(roots.get(role).expose())));
        assert!(!printed.contains(&hex::encode_upper(city.get(role).expose())));
    }
    assert!(printed.starts_with("Roots(sm4, test) CityKeys(33020000, sm4, test)"), "{printed}");
}

proptest! {
    /// No header but the two of the row passes. A failing case prints its input and its seed.
    #[test]
    fn any_other_header_is_refused(header: [u8; 5], role in 0u8..=9) {
        let recipient = Recipient::Card(CardKind::EsamIssuing);
        let suite = Suite::TripleDes;
        let row = recipient.key(role).unwrap();
        prop_assume!(header != headers::add(row, suite) && header != headers::change(row, suite));
        let refused = source(recipient, suite).export_key(&target(recipient, true), role, CHALLENGE, header);
        prop_assert_eq!(refused, Err(SourceError::Header { target: recipient, code: role, header }));
    }
}
