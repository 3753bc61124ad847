//! Known answers and properties of the ciphers, from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod signatures;

use gridcard_keys::{Key, Role, Suite, an10922, hierarchy, mac, seal};
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    source: String,
    op: String,
    suite: String,
    key: String,
    #[serde(default)]
    iv: String,
    #[serde(default)]
    header: String,
    #[serde(rename = "in")]
    input: String,
    #[serde(default)]
    tail: String,
    out: String,
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn answer(v: &Vector) -> Vec<u8> {
    let suite = Suite::from_name(&v.suite).unwrap();
    let key = Key::new(suite, &unhex(&v.key)).unwrap();
    let input = unhex(&v.input);
    match v.op.as_str() {
        "ecb" => {
            let mut data = input.clone();
            key.cipher().encrypt_ecb(&mut data);
            let mut back = data.clone();
            key.cipher().decrypt_ecb(&mut back);
            assert_eq!(back, input, "{}: decipher", v.name);
            data
        }
        "kcv" => key.kcv().to_vec(),
        "diversify" => key.diversify(&input.try_into().unwrap()).expose().to_vec(),
        "an10922" => an10922::derive(&key.cipher(), &input).to_vec(),
        "cmac" => mac::cmac(&key, &[&input]).to_vec(),
        "session" => mac::session(&key, &unhex(&v.iv), &[&input]).to_vec(),
        "packet" => mac::packet(&key, &[&input, &unhex(&v.tail)]).to_vec(),
        "use" => {
            let to = hierarchy::Use::ALL.into_iter().find(|to| to.word().as_bytes() == input).unwrap();
            hierarchy::use_key(&key, to).expose().to_vec()
        }
        "bound" => {
            let (challenge, header) = (unhex(&v.iv), unhex(&v.header));
            mac::bound(&key, &challenge.try_into().unwrap(), &header.try_into().unwrap(), &input).to_vec()
        }
        // What a card seals under the use keys of a master key.
        "use-bound" => {
            let (challenge, header) =
                (unhex(&v.iv).try_into().unwrap(), unhex(&v.header).try_into().unwrap());
            let whole =
                mac::bound(&hierarchy::use_key(&key, hierarchy::Use::Mac), &challenge, &header, &input);
            assert_eq!(seal::bound_mac(&key, &challenge, &header, &input), whole[..4], "{}: MAC4", v.name);
            whole.to_vec()
        }
        "use-stage" => {
            let (challenge, header) =
                (unhex(&v.iv).try_into().unwrap(), unhex(&v.header).try_into().unwrap());
            seal::bound(&key, &challenge, &header, &input)
        }
        "cmac8" => mac::cmac8(&key, &[&input]).to_vec(),
        "encipher" => seal::encipher(&key, &input),
        "cryptogram" => seal::cryptogram(&key, &input),
        "wrap" => {
            let (head, value) = input.split_first_chunk::<5>().unwrap();
            let header = unhex(&v.header).try_into().unwrap();
            let value = Key::new(suite, value).unwrap();
            let field = seal::wrap(&key, &unhex(&v.iv), &header, *head, &value);
            let (head_back, back) = seal::unwrap(&key, &unhex(&v.iv), &header, &field).unwrap();
            assert_eq!((head_back, back), (*head, value), "{}: unwrap", v.name);
            field
        }
        other => panic!("unknown operation {other}"),
    }
}

#[test]
fn known_answers() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("../kat/vectors.json")).unwrap();
    assert!(vectors.len() > 20);
    for v in &vectors {
        assert!(!v.source.is_empty(), "{} names no source", v.name);
        assert_eq!(hex::encode_upper(answer(v)), v.out, "{}", v.name);
    }
}

#[test]
fn the_published_test_root_is_a_plain_sha256() {
    // printf 'gridcard test root 1|3des|kic' | sha256sum
    let key = hierarchy::test_root(Suite::TripleDes, Role::Kic);
    assert_eq!(hex::encode(key.expose()), "df314eecbe0bab4cec3fcf257ec867e2");
}

#[test]
fn a_key_shows_its_check_value_and_nothing_else() {
    for suite in Suite::ALL {
        let key = hierarchy::test_root(suite, Role::Master);
        let shown = format!("{key:?}");
        assert!(shown.starts_with(&format!("Key({}, kcv ", suite.name())), "{shown}");
        let secret = hex::encode_upper(key.expose());
        assert!(!shown.to_uppercase().contains(&secret[..8]), "{shown}");
    }
}

#[test]
fn lengths_are_refused_in_words() {
    assert_eq!(
        Key::new(Suite::TripleDes, &[0; 7]).unwrap_err().to_string(),
        "a 3des key has 16 bytes (8 for single DES), this has 7"
    );
    assert_eq!(Key::new(Suite::Sm4, &[0; 8]).unwrap_err().to_string(), "a sm4 key has 16 bytes, this has 8");
}

fn any_suite() -> impl Strategy<Value = Suite> {
    prop_oneof![Just(Suite::TripleDes), Just(Suite::Aes128), Just(Suite::Sm4)]
}

proptest! {
    #[test]
    fn any_changed_bit_of_a_sealed_key_is_refused(
        suite in any_suite(),
        master in any::<[u8; 16]>(),
        value in any::<[u8; 16]>(),
        challenge in any::<[u8; 8]>(),
        bit in any::<usize>(),
    ) {
        let master = Key::from_16(suite, master);
        let key = Key::from_16(suite, value);
        let lc = seal::wrapped_len(&master, 16) as u8;
        let header = [0x84, 0xD4, 0x01, 0x05, lc];
        let mut field = seal::wrap(&master, &challenge, &header, [0xF5, 0xF3, 0xFA, 1, 0], &key);
        prop_assert_eq!(field.len(), usize::from(lc));
        let bit = bit % (field.len() * 8);
        field[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(seal::unwrap(&master, &challenge, &header, &field), Err(seal::SealError::Mac));
    }

    #[test]
    fn opening_never_panics(suite in any_suite(), field in proptest::collection::vec(any::<u8>(), 0..80)) {
        let master = Key::from_16(suite, [7; 16]);
        let _ = seal::unwrap(&master, &[0; 8], &[0x84, 0xD4, 1, 0, 0], &field);
        let _ = seal::decipher(&master, &field);
    }

    #[test]
    fn cbc_comes_back(suite in any_suite(), key in any::<[u8; 16]>(), blocks in 0usize..6, seed in any::<u8>()) {
        let key = Key::from_16(suite, key);
        let data: Vec<u8> = (0..blocks * suite.block()).map(|i| seed.wrapping_mul(31).wrapping_add(i as u8)).collect();
        let mut text = data.clone();
        key.cipher().encrypt_cbc(&mut text);
        key.cipher().decrypt_cbc(&mut text);
        prop_assert_eq!(text, data);
    }
}

/// Factors of every kind, of cities and of MCUs: all different, and none the complement of another, so that no key and no half
/// of one is another party's [docs/specs/cards.md 2].
fn factors(region: [u8; 4], version: u8, number: [u8; 6]) -> Vec<[u8; 8]> {
    let kinds = (1..=0x0E).map(|kind| hierarchy::device_factor(kind, number));
    kinds.chain([hierarchy::city_factor(region, version), hierarchy::mcu_serial(number)]).collect()
}

/// Packed decimal digits.
fn digits<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    proptest::array::uniform(0u8..100).prop_map(|bytes| bytes.map(|byte| (byte / 10) << 4 | (byte % 10)))
}

proptest! {
    #[test]
    fn factors_never_meet(
        regions in [digits(), digits()],
        versions in [1u8.., 1u8..],
        numbers in [digits(), digits()],
    ) {
        let [first, second] = [0, 1].map(|n| factors(regions[n], versions[n], numbers[n]));
        for (i, a) in first.iter().enumerate() {
            for (j, b) in second.iter().enumerate() {
                let same = i == j && match i {
                    14 => (regions[0], versions[0]) == (regions[1], versions[1]),
                    _ => numbers[0] == numbers[1],
                };
                prop_assert_eq!(a == b, same, "{:02X?} {:02X?}", a, b);
                prop_assert!(*a != b.map(|byte| !byte), "{:02X?} is the complement of {:02X?}", a, b);
            }
        }
    }
}

#[test]
fn factors_are_those_of_the_specification() {
    let number = [0x00, 0x00, 0x33, 0x02, 0x00, 0x00];
    assert_eq!(hierarchy::city_factor([0x33, 2, 0, 0], 0x12), [0xC0, 0, 0, 0x12, 0x33, 2, 0, 0]);
    for (kind, first) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 0), (7, 7), (0x0A, 0x0A), (0x0F, 0)] {
        assert_eq!(hierarchy::device_factor(kind, number), [first, 0, 0, 0, 0x33, 2, 0, 0], "kind {kind:X}");
    }
    assert_eq!(hierarchy::mcu_serial(number), [0x0F, 0, 0, 0, 0x33, 2, 0, 0]);
    assert!(hierarchy::is_mcu_serial(&hierarchy::mcu_serial(number)));
    assert!(!hierarchy::is_mcu_serial(&[0x0F, 1, 0, 0, 0, 0, 0, 0]));
}

/// The single-DES key of TAC and PIN reload: left half XOR right half [FMCOS UM 8.5, 8.7].
#[test]
fn a_folded_key_is_left_half_xor_right_half() {
    let folded = |suite, bytes: &str| {
        let key = Key::new(suite, &unhex(bytes)).unwrap().folded();
        assert_eq!(key.suite(), suite);
        hex::encode_upper(key.expose())
    };
    let whole = "00112233445566770F1E2D3C4B5A6978";
    assert_eq!(folded(Suite::TripleDes, whole), "0F0F0F0F0F0F0F0F");
    assert_eq!(folded(Suite::TripleDes, "0011223344556677FEDCBA9876543210"), "FECD98AB32015467");
    assert_eq!(folded(Suite::TripleDes, "0011223344556677"), "0011223344556677");
    assert_eq!(folded(Suite::Sm4, whole), whole);
    assert_eq!(folded(Suite::Aes128, whole), whole);
}

#[test]
fn keys_are_the_same_when_suite_and_bytes_are() {
    let key = |suite| Key::from_16(suite, [0x5A; 16]);
    assert!(key(Suite::Sm4) == key(Suite::Sm4));
    assert!(key(Suite::Sm4) != key(Suite::Aes128));
    assert!(key(Suite::Sm4) != Key::from_16(Suite::Sm4, [0x5B; 16]));
}

/// Length byte, data, padding only where the last block is not full [FMCOS UM 7.7], and back.
#[test]
fn what_was_enciphered_comes_back_at_every_length() {
    for suite in Suite::ALL {
        let (key, block) = (Key::from_16(suite, [0x3C; 16]), suite.block());
        for len in 0..=3 * block {
            let data: Vec<u8> = (0..len).map(|i| i as u8 ^ 0x80).collect();
            let text = seal::encipher(&key, &data);
            let blocks = len / block + 1;
            assert_eq!(text.len(), blocks * block, "{suite:?}, {len} bytes");
            assert_eq!(seal::cipher_len(&key, len), text.len(), "{suite:?}, {len} bytes");
            assert_eq!(*seal::decipher(&key, &text).unwrap(), data, "{suite:?}, {len} bytes");
        }
        // What announces more than there is was enciphered under another key; what is not whole blocks, by nobody.
        for said in [block - 1, block, 0xFF] {
            let mut text = vec![0; block];
            text[0] = said as u8;
            key.cipher().encrypt_ecb(&mut text);
            let wanted = (said < block).then(|| vec![0; said]).ok_or(seal::SealError::Content);
            assert_eq!(seal::decipher(&key, &text).map(|plain| plain.to_vec()), wanted, "{suite:?}: {said}");
        }
        for len in [0, block - 1, block + 1] {
            assert_eq!(seal::decipher(&key, &vec![0; len]).unwrap_err(), seal::SealError::Length(len));
        }
    }
}

proptest! {
    /// With 31 bytes AN10922 pads nothing, so that its derivation is the CMAC of 01 and the input.
    #[test]
    fn the_longest_diversification_input_is_a_plain_cmac(key in any::<[u8; 16]>(), input in any::<[u8; 31]>()) {
        let key = Key::from_16(Suite::Aes128, key);
        prop_assert_eq!(an10922::derive(&key.cipher(), &input), mac::cmac(&key, &[&[0x01], &input]));
    }
}

/// The times and codes of RFC 6238 appendix B, SHA-1, of which the codes of six digits are the last six.
#[test]
fn codes_are_those_of_the_standard() {
    use gridcard_keys::totp;
    let secret = b"12345678901234567890";
    for (time, code) in [
        (59, 94_287_082_u32),
        (1_111_111_109, 7_081_804),
        (1_111_111_111, 14_050_471),
        (1_234_567_890, 89_005_924),
        (2_000_000_000, 69_279_037),
        (20_000_000_000, 65_353_130),
    ] {
        let step = totp::step(time);
        assert_eq!(totp::code(secret, step), Some(code % 1_000_000), "{time}");
        let typed = format!("{:06}", code % 1_000_000);
        assert_eq!(totp::check(secret, &typed, step, 0), Some(step));
        // one step early or late is good, two are not
        for near in [step - 1, step + 1] {
            assert_eq!(totp::check(secret, &typed, near, 0), Some(step), "{time}");
        }
        for far in [step + 2, step + 100] {
            assert_eq!(totp::check(secret, &typed, far, 0), None, "{time}");
        }
        // once: neither it nor one before it
        assert_eq!(totp::check(secret, &typed, step, step), None);
        assert_eq!(totp::check(secret, &typed, step, step + 1), None);
    }
    // A secret that can be guessed opens nothing [RFC 4226 4 R6].
    assert_eq!((totp::code(&secret[..15], 1), totp::code(&[], 1)), (None, None));
    assert!(totp::code(&secret[..16], 1).is_some());
    assert_eq!(totp::check(&[], "000000", 1, 0), None);
    assert_eq!(totp::check(secret, "081 804", totp::step(1_111_111_109), 0), Some(totp::step(1_111_111_109)));
    for no_code in ["", "81804", "0081804", "08180a", "０８１８０４", "-81804"] {
        assert_eq!(totp::check(secret, no_code, totp::step(1_111_111_109), 0), None, "{no_code:?}");
    }
}

/// RFC 4648 section 10, without the padding.
#[test]
fn secrets_are_written_in_base32() {
    use gridcard_keys::totp::base32;
    for (bytes, text) in [
        ("", ""),
        ("f", "MY"),
        ("fo", "MZXQ"),
        ("foo", "MZXW6"),
        ("foob", "MZXW6YQ"),
        ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ] {
        assert_eq!(base32(bytes.as_bytes()), text);
    }
}
