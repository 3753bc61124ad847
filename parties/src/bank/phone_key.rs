//! The server's static key for telephones, and what is made with it: what an authorisation code becomes, and the cipher under which
//! the books keep who customers are [docs/specs/books.md 18].

use crate::session::Session;
use crate::trouble::{Context, Result, refused, security};
use ::keys::Zeroizing;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use hmac::{Hmac, Mac};
use scheme::chance::random;
use scheme::numbers::CustomerNumber;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use x25519_dalek::{PublicKey, StaticSecret};

/// What a code is made into a key for.
const ENROL: &[u8] = b"gridcard enrol 1";
/// What the key is for under which a person's data are kept.
const PERSON: &[u8] = b"gridcard person 1";

/// The server's static key (X25519), in the bank's folder, for the owner alone.
pub(super) struct PhoneKey {
    secret: Zeroizing<[u8; 32]>,
    /// What everybody may know: the slip carries it.
    pub public: [u8; 32],
}

fn place(folder: &Path) -> PathBuf {
    folder.join("phone.key")
}

impl PhoneKey {
    /// The bank's, made when it is asked for the first time.
    ///
    /// # Errors
    /// It cannot be read or written, or is none.
    pub fn of(session: &Session, folder: &Path) -> Result<Self> {
        let path = place(folder);
        if !path.exists() {
            let secret = Zeroizing::new(random::<32>(&mut *session.chance("phone key")));
            let text = Zeroizing::new(format!("{}\n", hex::encode(*secret)));
            disk::create(&path, text.as_bytes(), disk::Durability::Synced)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let text = Zeroizing::new(crate::home::read_text(&path)?);
        let mut secret = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut secret[..]).map_err(|_| {
            security(format!("{} is no key: 64 hexadecimal digits", path.display()))
                .hint("restore it from a copy of the bank's folder; with another key all authorisation codes are void")
        })?;
        let public = PublicKey::from(&StaticSecret::from(*secret)).to_bytes();
        Ok(PhoneKey { secret, public })
    }

    /// What an authorisation code becomes: HKDF-SHA-256 over its 16 characters, with the SHA-256 of the public key as salt.
    ///
    /// # Errors
    /// The code has not its form.
    pub fn psk(&self, code: &str) -> Result<Zeroizing<[u8; 32]>> {
        Ok(hkdf(&Sha256::digest(self.public), canonical(code)?.as_bytes(), ENROL))
    }

    /// Enciphers what is known of a customer: 12 random bytes, then ChaCha20-Poly1305 with his number as what it is bound to.
    ///
    /// # Errors
    /// It is too long.
    pub fn seal(&self, session: &Session, customer: CustomerNumber, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<12>(&mut *session.chance(&format!("person {customer} {}", session.now()?)));
        let bound = customer.to_string();
        let sealed = self
            .cipher()
            .encrypt(&nonce.into(), Payload { msg: plain, aad: bound.as_bytes() })
            .map_err(|_| refused("what is known of the customer is too long"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// What [`PhoneKey::seal`] enciphered.
    ///
    /// # Errors
    /// It was changed, or enciphered under another key.
    pub fn open(&self, customer: CustomerNumber, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let changed = || {
            security(format!("what is kept of customer {customer} was changed, or is of another bank's key"))
                .hint("restore `phone.key` of the bank's folder from a copy")
        };
        let (nonce, sealed) = sealed.split_first_chunk::<12>().ok_or_else(changed)?;
        let bound = customer.to_string();
        let plain = self.cipher().decrypt(&(*nonce).into(), Payload { msg: sealed, aad: bound.as_bytes() });
        Ok(Zeroizing::new(plain.map_err(|_| changed())?))
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        let key = hkdf(&Sha256::digest(self.public), &self.secret[..], PERSON);
        ChaCha20Poly1305::new(&Key::from(*key))
    }
}

/// HKDF with SHA-256, 32 bytes [RFC 5869 2].
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = Zeroizing::new(hmac(salt, &[secret]));
    Zeroizing::new(hmac(&extracted[..], &[info, &[1]]))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The 32 characters of a code [RFC 4648 6].
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A code of 80 random bits: 16 characters.
pub(super) fn code(bits: [u8; 10]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(16));
    for five in bits.chunks(5) {
        let mut number = [0; 8];
        number[3..].copy_from_slice(five);
        let number = u64::from_be_bytes(number);
        for place in (0..8).rev() {
            text.push(char::from(BASE32[(number >> (5 * place)) as usize & 31]));
        }
    }
    text
}

/// A code as it is printed: four groups of four.
pub(super) fn printed(code: &str) -> Zeroizing<String> {
    let groups: Vec<&str> = (0..4).filter_map(|n| code.get(4 * n..4 * n + 4)).collect();
    Zeroizing::new(groups.join("-"))
}

/// A code as it is typed: capitals or not, with spaces and dashes where somebody likes them.
fn canonical(typed: &str) -> Result<Zeroizing<String>> {
    let code: String = typed
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '\n' | '\r'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let code = Zeroizing::new(code);
    if code.len() == 16 && code.bytes().all(|byte| BASE32.contains(&byte)) {
        return Ok(code);
    }
    Err(refused("an authorisation code has 16 characters, A to Z and 2 to 7").code("code-form").into())
}
