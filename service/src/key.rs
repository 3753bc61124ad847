//! What somebody shows to say who he is: a key (`gk_`, the principal's id, `_`, 32 secret bytes in hexadecimal), or the certificate of
//! his connection.

use crate::denied::Denied;
use keys::{Zeroizing, equal};
use parties::Trouble;
use parties::bank::phones::Caller;
use scheme::moment::Moment;
use server::{Act, Books, Principal, Proof};
use sha2::{Digest, Sha256};

/// A key that somebody sent.
pub struct SentKey {
    /// Id of the principal.
    pub id: String,
    secret: Zeroizing<[u8; 32]>,
}

/// What somebody shows.
pub enum Shown {
    /// A key.
    Key(SentKey),
    /// A certificate, by SHA-256 of its DER; TLS has proved that he has its private key.
    Certificate([u8; 32]),
    /// Nothing: it is a line of this server's own, under whose id its requests are kept.
    Service(String),
    /// Nothing: a phone's own session has proved which one it is, and that it is there.
    Phone(Caller, Act),
}

impl SentKey {
    /// Reads one; `None`: it has not the form of a key.
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("gk_")?.split_once('_')?;
        let is_id = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut bytes = Zeroizing::new([0; 32]);
        (is_id && hex::decode_to_slice(secret, &mut *bytes).is_ok())
            .then(|| SentKey { id: id.to_owned(), secret: bytes })
    }

    /// The same key, to be shown once more for another step of what its owner asked.
    pub fn again(&self) -> Self {
        SentKey { id: self.id.clone(), secret: self.secret.clone() }
    }

    /// Reads that of an `Authorization` header.
    pub fn bearer(header: &str) -> Option<Self> {
        let (scheme, key) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") { SentKey::read(key.trim()) } else { None }
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(*self.secret).into()
    }

    /// The principal whose key it is. It takes as long whether the id is known or not.
    ///
    /// # Errors
    /// The books cannot be read; the inner one: nobody was given this key, or it is not good any more.
    pub fn whose(&self, books: &dyn Books, at: Moment) -> Result<Result<Principal, Denied>, Trouble> {
        let found = books.principal(&self.id)?.filter(|principal| principal.proof == Proof::Key);
        let kept = found.as_ref().map_or([0; 32], |principal| principal.hash);
        let same = equal(&self.hash(), &kept);
        Ok(match found {
            Some(principal) if same => good(principal, at),
            _ => Err(Denied::Key),
        })
    }
}

impl Shown {
    /// What is shown, as it can be remembered: no secret can be told from it.
    pub fn hash(&self) -> [u8; 32] {
        match self {
            Shown::Key(key) => key.hash(),
            Shown::Certificate(hash) => *hash,
            Shown::Service(_) => [0; 32],
            // No address tries phones: what is none is met with silence before it comes here.
            Shown::Phone(..) => [0; 32],
        }
    }

    /// Whom it says to be, for the log: an id, or a certificate's hash.
    pub fn words(&self) -> String {
        match self {
            Shown::Key(key) => key.id.clone(),
            Shown::Certificate(hash) => format!("certificate {}", hex::encode(hash)),
            Shown::Service(id) => id.clone(),
            Shown::Phone(caller, _) => format!("phone {}", hex::encode(caller.name)),
        }
    }

    /// The principal that shows this.
    ///
    /// # Errors
    /// As [`SentKey::whose`].
    pub fn whose(&self, books: &dyn Books, at: Moment) -> Result<Result<Principal, Denied>, Trouble> {
        match self {
            Shown::Key(key) => key.whose(books, at),
            Shown::Certificate(hash) => Ok(match books.principal_of_certificate(hash)? {
                Some(principal) => good(principal, at),
                None => Err(Denied::Key),
            }),
            Shown::Service(_) => Ok(Err(Denied::Key)),
            // A phone is let in by what its customer has now, not by a key.
            Shown::Phone(..) => Ok(Err(Denied::Key)),
        }
    }
}

fn good(principal: Principal, at: Moment) -> Result<Principal, Denied> {
    if principal.is_good(at) { Ok(principal) } else { Err(Denied::KeyEnded(principal.id)) }
}
