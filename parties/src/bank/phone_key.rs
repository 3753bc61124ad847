//! The server's static key for telephones, and what is made with it: what an authorisation code becomes, and the cipher under which
//! the books keep who customers are [docs/specs/books.md 18].

use crate::session::Session;
use crate::trouble::{Context, Result, refused, security};
use ::keys::Zeroizing;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use client::{Code, Keypair, hkdf};
use scheme::chance::random;
use scheme::numbers::CustomerNumber;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

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
        let public = *Keypair::new(&secret).public();
        Ok(PhoneKey { secret, public })
    }

    /// The pair, for handshakes.
    pub fn pair(&self) -> Keypair {
        Keypair::new(&self.secret)
    }

    /// What an authorisation code becomes [docs/specs/client.md 3].
    ///
    /// # Errors
    /// The code has not its form.
    pub fn psk(&self, code: &str) -> Result<Zeroizing<[u8; 32]>> {
        Ok(Code::read(code)?.psk(&self.public))
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
