//! The key store: who opens it, what a wrong passphrase or a changed bit does, and how custodians change.

use gridcard_kdc::keystore::{Cost, Custodian, KeyStore, KeyStoreError, Passphrase};
use issue::keyset::Roots;
use keys::{Role, Suite, Zeroizing};

/// The least there is, so that the tests are quick.
const QUICK: Cost = Cost { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
const NAMES: [&str; 3] = ["li ming", "wang fang", "zhao wei"];

fn phrase(text: &str) -> Passphrase {
    Passphrase::attempt(Zeroizing::new(text.to_owned()))
}

fn custodians(names: &[&str]) -> Vec<Custodian> {
    let make = |name: &&str| Custodian { name: (*name).to_owned(), passphrase: phrase(&words(name)) };
    names.iter().map(make).collect()
}

fn words(name: &str) -> String {
    format!("the passphrase of {name}")
}

/// A source that repeats: xorshift from a seed.
fn random(seed: u64) -> impl FnMut(&mut [u8]) {
    let mut state = seed;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state as u8;
        }
    }
}

fn store(suite: Suite) -> KeyStore {
    let roots = Roots::test(suite);
    KeyStore::make(&roots, &custodians(&NAMES), 2, QUICK, &mut random(7)).unwrap()
}

fn open(store: &KeyStore, names: &[&str]) -> Result<Roots, KeyStoreError> {
    let mut opening = store.opening();
    for name in names {
        opening.add(name, &phrase(&words(name)))?;
    }
    Ok(opening.finish()?.into_roots())
}

fn same(a: &Roots, b: &Roots) -> bool {
    Role::ALL.into_iter().all(|role| a.get(role) == b.get(role))
}

#[test]
fn any_two_of_three_open_it() {
    for suite in Suite::ALL {
        let store = KeyStore::parse(&store(suite).to_bytes()).unwrap();
        for pair in [[0, 1], [1, 2], [2, 0]] {
            let roots = open(&store, &pair.map(|i| NAMES[i])).unwrap();
            assert!(same(&roots, &Roots::test(suite)));
            assert_eq!((roots.suite(), roots.state()), (store.suite(), store.state()));
        }
        let all = open(&store, &NAMES).unwrap();
        assert!(same(&all, &Roots::test(suite)));
    }
}

#[test]
fn one_alone_does_not() {
    let store = store(Suite::TripleDes);
    for name in NAMES {
        let error = open(&store, &[name]).unwrap_err();
        assert_eq!(error, KeyStoreError::TooFew { have: 1, threshold: 2 });
    }
    // Nor does one who comes twice.
    let error = open(&store, &[NAMES[0], NAMES[0]]).unwrap_err();
    assert_eq!(error, KeyStoreError::Already { name: NAMES[0].into() });
}

#[test]
fn a_wrong_passphrase_is_named_by_its_custodian_and_nothing_else() {
    let store = store(Suite::Aes128);
    let mut opening = store.opening();
    let error = opening.add("wang fang", &phrase("the passphrase of li ming")).unwrap_err();
    assert_eq!(error, KeyStoreError::Passphrase { name: "wang fang".into() });
    assert_eq!(error.to_string(), "the passphrase of wang fang is wrong");
    let stranger = opening.add("sun li", &phrase("whatever it is")).unwrap_err();
    assert_eq!(stranger, KeyStoreError::NoCustodian);
    assert_eq!(opening.missing(), 2);
    let shown = format!("{opening:?} {store:?} {:?}", custodians(&NAMES));
    assert!(!shown.contains("the passphrase of"), "{shown}");
}

/// Whatever byte is changed: the file is no store, or a slot does not open, or the seal is broken; it never opens.
#[test]
fn a_changed_bit_never_opens() {
    let good = store(Suite::Sm4).to_bytes();
    // Each byte of head and first slot, then every fifth: an Argon2 run for each is what takes the time.
    let places = (0..120).chain((120..good.len()).step_by(5));
    for place in places {
        let mut bytes = good.clone();
        bytes[place] ^= 0x04;
        let Ok(store) = KeyStore::parse(&bytes) else { continue };
        // A cost that was raised would only make the test slow: the slots do not open.
        if store.cost() != QUICK {
            continue;
        }
        let names: Vec<String> = store.custodians().map(str::to_owned).collect();
        let mut opening = store.opening();
        let opened = [0, 1].iter().try_for_each(|i| opening.add(&names[*i], &phrase(&words(NAMES[*i]))));
        let third_slot_alone = opened.is_ok();
        if third_slot_alone {
            assert_eq!(opening.finish().unwrap_err(), KeyStoreError::Changed, "byte {place}");
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_no_store() {
    let good = store(Suite::TripleDes).to_bytes();
    for len in 0..good.len() {
        assert!(KeyStore::parse(&good[..len]).is_err(), "{len} bytes");
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(KeyStore::parse(&long).unwrap_err(), KeyStoreError::Trailing { bytes: 1 });
    let mut newer = good;
    newer[8] = 2;
    assert_eq!(KeyStore::parse(&newer).unwrap_err(), KeyStoreError::Version { found: 2 });
    assert_eq!(KeyStore::parse(b"anything else").unwrap_err(), KeyStoreError::NoStore);
}

#[test]
fn a_forgotten_passphrase_is_set_anew_by_the_others() {
    let old = store(Suite::TripleDes);
    let mut opening = old.opening();
    for name in [NAMES[0], NAMES[2]] {
        opening.add(name, &phrase(&words(name))).unwrap();
    }
    let opened = opening.finish().unwrap();
    let new = opened.with_passphrase(NAMES[1], &phrase("a quite new one"), &mut random(9)).unwrap();
    let new = KeyStore::parse(&new.to_bytes()).unwrap();
    assert_eq!((new.generation(), new.set()), (2, old.set()));
    let mut opening = new.opening();
    let wrong = opening.add(NAMES[1], &phrase(&words(NAMES[1]))).unwrap_err();
    assert_eq!(wrong, KeyStoreError::Passphrase { name: NAMES[1].into() });
    opening.add(NAMES[1], &phrase("a quite new one")).unwrap();
    opening.add(NAMES[0], &phrase(&words(NAMES[0]))).unwrap();
    assert!(same(opening.finish().unwrap().roots(), &Roots::test(Suite::TripleDes)));
}

/// A slot of the file from before does not fit the new one: those who left are out.
#[test]
fn custodians_who_left_open_nothing_that_is_sealed_later() {
    let old = store(Suite::TripleDes);
    let mut opening = old.opening();
    for name in [NAMES[0], NAMES[1]] {
        opening.add(name, &phrase(&words(name))).unwrap();
    }
    let names = ["li ming", "wang fang", "sun li", "qian duo"];
    let new = opening.finish().unwrap().with_custodians(&custodians(&names), 3, &mut random(11)).unwrap();
    assert_eq!((new.generation(), new.threshold()), (2, 3));
    assert_ne!(new.set(), old.set());
    assert_eq!(open(&new, &["zhao wei"]).unwrap_err(), KeyStoreError::NoCustodian);
    assert!(same(&open(&new, &names[1..]).unwrap(), &Roots::test(Suite::TripleDes)));
    // The old slot of a custodian, put into the new file, is another set's.
    let (old, mut forged) = (old.to_bytes(), new.to_bytes());
    let slot = 2 + "li ming".len() + 16 + 12 + 48;
    let begin = 30;
    forged[begin..begin + slot].copy_from_slice(&old[begin..begin + slot]);
    let forged = KeyStore::parse(&forged).unwrap();
    assert_eq!(
        open(&forged, &["li ming"]).unwrap_err(),
        KeyStoreError::Passphrase { name: "li ming".into() }
    );
}

#[test]
fn what_cannot_be_a_store_is_refused() {
    let roots = Roots::test(Suite::TripleDes);
    let make = |names: &[&str], threshold, cost| {
        KeyStore::make(&roots, &custodians(names), threshold, cost, &mut random(1)).unwrap_err()
    };
    assert_eq!(make(&NAMES, 1, QUICK), KeyStoreError::Shape { threshold: 1, total: 3 });
    assert_eq!(make(&NAMES, 4, QUICK), KeyStoreError::Shape { threshold: 4, total: 3 });
    assert_eq!(make(&["a", "a"], 2, QUICK), KeyStoreError::NameTwice { name: "a".into() });
    assert_eq!(make(&["a", ""], 2, QUICK), KeyStoreError::Name);
    let cheap = Cost { memory_kib: 8, ..QUICK };
    assert_eq!(make(&NAMES, 2, cheap), KeyStoreError::Cost { cost: cheap });
    let short = Passphrase::new(Zeroizing::new("too short".into())).unwrap_err();
    assert_eq!(short, KeyStoreError::PassphraseShort { least: 10, found: 9 });
}

/// A signing root is kept beside the roots, through other passphrases and custodians; the published one is not.
#[test]
fn a_signing_root_is_kept_with_the_roots() {
    let suite = Suite::Sm4;
    let formal = Roots::from_secret(suite, &[0x5A; 16]);
    let signing = |roots: &Roots| roots.signing().map(|key| *key.expose());
    // The shares of the secret bring it back.
    assert_eq!(signing(&formal), signing(&Roots::from_secret(suite, &[0x5A; 16])));
    assert_ne!(signing(&formal), signing(&Roots::from_secret(suite, &[0x5B; 16])));
    let without = Roots::kept(suite, formal.state(), Role::ALL.map(|role| formal.get(role).clone()), None);
    let store = KeyStore::make(&without, &custodians(&NAMES), 2, QUICK, &mut random(7)).unwrap();
    let mut opening = store.opening();
    for name in &NAMES[..2] {
        opening.add(name, &phrase(&words(name))).unwrap();
    }
    let opened = opening.finish().unwrap();
    assert_eq!(signing(opened.roots()), None);
    let key = formal.signing().unwrap().clone();
    let with = opened.with_signing(key, &mut random(8)).unwrap();
    assert_eq!((with.generation(), with.to_bytes().len()), (2, store.to_bytes().len() + 32));
    let with = KeyStore::parse(&with.to_bytes()).unwrap();
    let roots = open(&with, &NAMES[1..]).unwrap();
    assert_eq!(signing(&roots), signing(&formal));
    assert!(same(&roots, &formal));
    let mut opening = with.opening();
    for name in &NAMES[..2] {
        opening.add(name, &phrase(&words(name))).unwrap();
    }
    let opened = opening.finish().unwrap();
    let others = opened.with_custodians(&custodians(&NAMES[..2]), 2, &mut random(9)).unwrap();
    assert_eq!(signing(&open(&others, &NAMES[..2]).unwrap()), signing(&formal));
    let test = KeyStore::make(&Roots::test(suite), &custodians(&NAMES), 2, QUICK, &mut random(7)).unwrap();
    assert_eq!(test.to_bytes().len(), store.to_bytes().len(), "what is published is not kept");
    assert_eq!(signing(&open(&test, &NAMES[..2]).unwrap()), signing(&Roots::test(suite)));
}
