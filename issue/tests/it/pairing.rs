//! Pairing files.

use crate::primitives::{child, decrypt, session_mac, test_root};
use crate::requests::{NUMBER, REGION};
use gridcard_issue::keyset::Roots;
use gridcard_issue::pairing;
use gridcard_issue::source::SoftSource;
use keys::{Role, Suite};
use scheme::numbers::{CheckValue, DeviceNumber};
use scheme::pairing::{PairingFile, PairingFileError};
use scheme::profile::State;

fn make(suite: Suite) -> PairingFile {
    let mut city = SoftSource::city(Roots::test(suite).city(REGION.parse().unwrap()));
    pairing::make(&mut city, NUMBER.parse().unwrap(), REGION.parse().unwrap(), &[]).unwrap()
}

#[test]
fn an_mcu_opens_its_keys_with_nothing_but_its_transport_key() {
    let number: DeviceNumber = NUMBER.parse().unwrap();
    let form = [&[0x0F, 0], &number.0[..]].concat();
    let device_factor = [&[0, 0], &number.0[..]].concat();
    for suite in Suite::ALL {
        let file = make(suite);
        assert_eq!((file.number, file.suite, file.state), (number, suite, State::Test));
        let transport = child(suite, &test_root(suite, "transport"), &form);
        let roles: Vec<Role> = file.keys.iter().map(|key| key.role).collect();
        assert_eq!(roles, [Role::IntAuth, Role::ExtAuth]);
        for (key, head) in file.keys.iter().zip([[0xF0, 0xF0, 0xFA, 1, 0], [0xF9, 0xF0, 0xFA, 0x33, 0xFF]]) {
            assert_eq!(key.header[..4], [0x84, 0xD4, 0x01, key.role.code()]);
            assert_eq!(usize::from(key.header[4]), key.field.len());
            let (cipher_text, mac) = key.field.split_at(key.field.len() - 4);
            assert_eq!(mac, session_mac(suite, &transport, &form, &[&key.header[..], cipher_text].concat()));
            let mut plain = cipher_text.to_vec();
            decrypt(suite, &transport, &mut plain);
            assert_eq!(plain[1..6], head);
            let city = child(suite, &test_root(suite, key.role.name()), &[0xC0, 0, 0, 1, 0x33, 0x02, 0, 0]);
            assert_eq!(plain[6..22], child(suite, &city, &device_factor));
        }
    }
}

#[test]
fn the_file_is_json_that_comes_back() {
    let file = make(Suite::TripleDes);
    let text = file.to_json().unwrap();
    assert_eq!(PairingFile::from_json(&text).unwrap(), file);
    insta::assert_snapshot!("pairing", text);
    let other = text.replace("pairing 2", "pairing 1");
    assert!(matches!(PairingFile::from_json(&other), Err(PairingFileError::Format { .. })));
    assert!(matches!(PairingFile::from_json("{}"), Err(PairingFileError::Json(_))));
}

#[test]
fn a_province_pairs_no_meters() {
    let mut province = SoftSource::province(Roots::test(Suite::Sm4));
    let refused =
        pairing::make(&mut province, NUMBER.parse().unwrap(), REGION.parse().unwrap(), &[]).unwrap_err();
    assert_eq!(refused.to_string(), "int-auth: a provincial key source makes no meter MCU");
}

#[test]
fn check_values_are_those_of_the_device_keys() {
    let file = make(Suite::Aes128);
    let city = Roots::test(Suite::Aes128).city(REGION.parse().unwrap());
    for key in &file.keys {
        let device = city.meter(key.role, NUMBER.parse().unwrap());
        assert_eq!(key.check_value, Some(CheckValue(device.kcv())));
    }
}
