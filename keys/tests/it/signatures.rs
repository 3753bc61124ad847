//! Signatures: the standards' own examples, and what may not be taken for one.

use gridcard_keys::Suite;
use gridcard_keys::sign::{Curve, PublicKey, SignError, Signature, SigningKey};
use proptest::prelude::*;

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text.replace(' ', "")).unwrap().try_into().unwrap()
}

/// [GB/T 32918], part 5, A.2: curve, identity, message, key pair and signature.
const SM2_KEY: &str = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8";
const SM2_PUBLIC: &str = "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020\
                          CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13";
const SM2_SIGNATURE: &str = "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3\
                             B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA";

/// [RFC 6979 A.2.5]: key pair, and the signature of "sample" with SHA-256, whose `s` is in the upper half.
const P256_KEY: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const P256_PUBLIC: &str = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
                           7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
const P256_DER: &str = "3046022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
                        022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
/// Order of P-256.
const P256_N: &str = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";

#[test]
fn the_example_of_the_sm2_standard_verifies() {
    let key = SigningKey::from_bytes(Curve::Sm2, &bytes(SM2_KEY)).unwrap();
    let public = key.public().unwrap();
    assert_eq!(public.bytes(), &bytes(SM2_PUBLIC));
    let signature = Signature::from_bytes(bytes(SM2_SIGNATURE));
    assert_eq!(public.verify(&[b"message digest"], &signature), Ok(()));
    assert_eq!(public.verify(&[b"message ", b"digest"], &signature), Ok(()), "parts are joined");
    assert_eq!(public.verify(&[b"message digesT"], &signature), Err(SignError::Wrong));
}

#[test]
fn the_example_of_rfc_6979_verifies_once_its_s_is_in_the_lower_half() {
    let key = SigningKey::from_bytes(Curve::P256, &bytes(P256_KEY)).unwrap();
    let public = key.public().unwrap();
    assert_eq!(public.bytes(), &bytes(P256_PUBLIC));
    let der = hex::decode(P256_DER.replace(' ', "")).unwrap();
    let imported = Signature::from_der(Curve::P256, &der).unwrap();
    assert_eq!(public.verify(&[b"sample"], &imported), Ok(()));
    // Its twin, as it stands in the RFC, is refused when it comes raw.
    let mut raw = [0; 64];
    raw[..32].copy_from_slice(&der[5..37]);
    raw[32..].copy_from_slice(&der[40..]);
    assert_ne!(raw, *imported.bytes());
    let refused = public.verify(&[b"sample"], &Signature::from_bytes(raw)).unwrap_err();
    assert!(
        matches!(refused, SignError::NoSignature(Curve::P256, why) if why.contains("upper half")),
        "{refused}"
    );
}

#[test]
fn what_is_no_key_is_none() {
    for curve in [Curve::P256, Curve::Sm2] {
        assert_eq!(SigningKey::from_bytes(curve, &[0; 32]).unwrap_err(), SignError::NoScalar(curve));
        assert_eq!(SigningKey::from_bytes(curve, &[0xFF; 32]).unwrap_err(), SignError::NoScalar(curve));
        assert_eq!(PublicKey::from_bytes(curve, &[0; 64]).unwrap_err(), SignError::NoPoint(curve));
        assert_eq!(PublicKey::from_bytes(curve, &[0xFF; 64]).unwrap_err(), SignError::NoPoint(curve));
    }
    assert_eq!(
        SigningKey::from_bytes(Curve::P256, &bytes(P256_N)).unwrap_err(),
        SignError::NoScalar(Curve::P256)
    );
    // SM2 divides by 1 + d: the order less one is no key, the order less two is.
    let mut last: [u8; 32] = bytes("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122");
    assert_eq!(SigningKey::from_bytes(Curve::Sm2, &last).unwrap_err(), SignError::NoScalar(Curve::Sm2));
    last[31] -= 1;
    let key = SigningKey::from_bytes(Curve::Sm2, &last).unwrap();
    let made = key.sign(&[b"x"], &[7; 32]).unwrap();
    assert_eq!(key.public().unwrap().verify(&[b"x"], &made), Ok(()));
    // A point of one curve is none of the other.
    assert_eq!(
        PublicKey::from_bytes(Curve::Sm2, &bytes(P256_PUBLIC)).unwrap_err(),
        SignError::NoPoint(Curve::Sm2)
    );
    assert_eq!(
        PublicKey::from_bytes(Curve::P256, &bytes(SM2_PUBLIC)).unwrap_err(),
        SignError::NoPoint(Curve::P256)
    );
}

/// A source that gives bytes that are no key first is asked again.
#[test]
fn a_key_is_drawn_again_until_it_is_one() {
    let mut asked = 0;
    let mut source = |out: &mut [u8]| {
        asked += 1;
        out.fill(if asked == 1 { 0xFF } else { 0x11 });
    };
    let key = SigningKey::generate(Curve::Sm2, &mut source);
    assert_eq!(key.expose(), &[0x11; 32]);
    assert_eq!(asked, 2);
}

#[test]
fn the_secret_is_not_shown() {
    let key = SigningKey::from_bytes(Curve::Sm2, &bytes(SM2_KEY)).unwrap();
    assert_eq!(format!("{key:?}"), "SigningKey(SM2, ..)");
}

#[test]
fn der_that_is_not_the_one_form_is_refused() {
    let good = "3006020101020102";
    assert_eq!(
        Signature::from_der(Curve::Sm2, &hex::decode(good).unwrap()).unwrap().to_der(),
        hex::decode(good).unwrap()
    );
    for (bad, why) in [
        ("", "sequence"),
        ("30", "sequence"),
        ("3106020101020102", "sequence"),
        ("3007020101020102", "sequence"),
        ("308106020101020102", "sequence"),
        ("300702020001020102", "first integer"),
        ("3006020181020102", "first integer"),
        ("3006030101020102", "first integer"),
        ("30050200020102", "first integer"),
        ("3003020101", "second integer"),
        ("3009020101020102020103", "follows"),
        ("300602010102017F00", "sequence"),
    ] {
        let found = Signature::from_der(Curve::Sm2, &hex::decode(bad).unwrap()).unwrap_err();
        assert!(
            matches!(found, SignError::NoSignature(Curve::Sm2, said) if said.contains(why)),
            "{bad}: {found}"
        );
    }
    let long = [&[0x30, 0x28, 0x02, 0x23][..], &[1; 0x23], &[0x02, 0x01, 0x01]].concat();
    assert!(Signature::from_der(Curve::Sm2, &long).is_err(), "an integer of 35 bytes");
}

fn curve() -> impl Strategy<Value = Curve> {
    prop_oneof![Just(Curve::P256), Just(Curve::Sm2)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is signed verifies, raw and through DER and SPKI; with other chance it is another signature; any bit of key, message or
    /// signature changed, it does not verify.
    #[test]
    fn signed_and_verified(curve in curve(), seed in any::<[u8; 32]>(), message in prop::collection::vec(any::<u8>(), 0..200),
                           bit in 0_usize..512, extra in any::<[u8; 32]>()) {
        prop_assume!(SigningKey::from_bytes(curve, &seed).is_ok());
        let key = SigningKey::from_bytes(curve, &seed).unwrap();
        let public = PublicKey::from_spki(&key.public().unwrap().to_spki()).unwrap();
        let made = key.sign(&[&message], &extra).unwrap();
        prop_assert_eq!(public.verify(&[&message], &made), Ok(()));
        let imported = Signature::from_der(curve, &made.to_der()).unwrap();
        prop_assert_eq!(imported.bytes(), made.bytes());

        let mut other = extra;
        other[0] ^= 1;
        prop_assert_ne!(*key.sign(&[&message], &other).unwrap().bytes(), *made.bytes());
        prop_assert_eq!(*key.sign(&[&message], &extra).unwrap().bytes(), *made.bytes());

        let mut bent = *made.bytes();
        bent[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(public.verify(&[&message], &Signature::from_bytes(bent)).is_err());
        let mut longer = message.clone();
        longer.push(0);
        prop_assert_eq!(public.verify(&[&longer], &made), Err(SignError::Wrong));
    }

    /// Whatever the bytes, they are read or refused.
    #[test]
    fn no_bytes_upset_the_reader(curve in curve(), der in prop::collection::vec(any::<u8>(), 0..80), raw in any::<[u8; 32]>()) {
        let _ = Signature::from_der(curve, &der);
        let _ = PublicKey::from_spki(&der);
        let both: [u8; 64] = [raw, raw].concat().try_into().unwrap();
        let public = SigningKey::from_bytes(curve, &[3; 32]).unwrap().public().unwrap();
        prop_assert!(public.verify(&[&der], &Signature::from_bytes(both)).is_err());
    }
}

/// The published root of the sm4 suite as other software reads it; openssl reads the same text.
#[test]
fn a_public_key_as_text() {
    let public = gridcard_keys::hierarchy::test_signing_root(Suite::Sm4).public().unwrap();
    assert_eq!(
        public.to_pem(),
        "-----BEGIN PUBLIC KEY-----\n\
         MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEEBBrP/Mnx6OghgXmsFEroPha5z4S\n\
         WAd2/Jnk/Z4QFaMYFrmzgd41/DghKdU5jZSsV7U86MTYyOG+DI5A2rh03Q==\n\
         -----END PUBLIC KEY-----\n"
    );
}

mod openssl {
    //! A foreign judge: what is signed here OpenSSL verifies, with nothing but the exported key; what it signs is verified here.

    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A folder that goes when the test has passed.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("gridcard-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
        let done = Command::new("openssl").args(arguments).current_dir(folder).output();
        let done = done.expect("openssl is not on this machine (Debian: package openssl)");
        let words = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8_lossy(&words).into_owned())
    }

    fn hash_and_id(curve: Curve) -> Vec<&'static str> {
        match curve {
            Curve::P256 => vec!["-digest", "sha256"],
            Curve::Sm2 => vec!["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"],
        }
    }

    fn verifies(folder: &Path, curve: Curve, message: &str) -> (bool, String) {
        let mut arguments =
            vec!["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin"];
        arguments.extend(hash_and_id(curve));
        arguments.extend(["-in", message, "-sigfile", "signature.der"]);
        openssl(folder, &arguments)
    }

    #[test]
    #[ignore = "wants openssl; scripts/test has it"]
    fn openssl_verifies_what_is_signed_here() {
        for (curve, seed) in [(Curve::P256, P256_KEY), (Curve::Sm2, SM2_KEY)] {
            let folder = folder("openssl-ours");
            let key = SigningKey::from_bytes(curve, &bytes(seed)).unwrap();
            fs::write(folder.join("key.der"), key.public().unwrap().to_spki()).unwrap();
            fs::write(folder.join("good"), "a receipt").unwrap();
            fs::write(folder.join("bad"), "A receipt").unwrap();
            for extra in 0..16 {
                let made = key.sign(&[b"a receipt"], &[extra; 32]).unwrap();
                fs::write(folder.join("signature.der"), made.to_der()).unwrap();
                let (good, words) = verifies(&folder, curve, "good");
                assert!(good && words.contains("Verified Successfully"), "{curve:?} {extra}: {words}");
                let (bad, words) = verifies(&folder, curve, "bad");
                assert!(!bad, "{curve:?} {extra}: {words}");
            }
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    #[ignore = "wants openssl; scripts/test has it"]
    fn what_openssl_signs_is_verified_here() {
        for (curve, name) in [(Curve::P256, "prime256v1"), (Curve::Sm2, "SM2")] {
            let folder = folder("openssl-theirs");
            let (made, words) =
                openssl(&folder, &["ecparam", "-name", name, "-genkey", "-noout", "-out", "key.pem"]);
            assert!(made, "{words}");
            let (made, words) = openssl(
                &folder,
                &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "key.der"],
            );
            assert!(made, "{words}");
            let public = PublicKey::from_spki(&fs::read(folder.join("key.der")).unwrap()).unwrap();
            assert_eq!(public.curve(), curve);
            fs::write(folder.join("message"), "an order").unwrap();
            for round in 0..16 {
                let mut arguments = vec!["pkeyutl", "-sign", "-inkey", "key.pem", "-rawin"];
                arguments.extend(hash_and_id(curve));
                arguments.extend(["-in", "message", "-out", "signature.der"]);
                let (made, words) = openssl(&folder, &arguments);
                assert!(made, "{words}");
                let der = fs::read(folder.join("signature.der")).unwrap();
                let found = Signature::from_der(curve, &der).unwrap();
                assert_eq!(public.verify(&[b"an order"], &found), Ok(()), "{curve:?} {round}");
                assert_eq!(public.verify(&[b"an Order"], &found), Err(SignError::Wrong), "{curve:?} {round}");
            }
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
