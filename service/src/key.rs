//! Keys as they are sent: `gk_`, the principal's id, `_`, 32 secret bytes in hexadecimal.

use crate::denied::Denied;
use keys::{Zeroizing, equal};
use parties::Trouble;
use scheme::moment::Moment;
use server::{Books, Principal};
use sha2::{Digest, Sha256};

/// A key that somebody sent.
pub struct SentKey {
    /// Id of the principal.
    pub id: String,
    secret: Zeroizing<[u8; 32]>,
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

    /// Reads that of an `Authorization` header.
    pub fn bearer(header: &str) -> Option<Self> {
        let (scheme, key) = header.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") { SentKey::read(key.trim()) } else { None }
    }

    /// The principal whose key it is. It takes as long whether the id is known or not.
    ///
    /// # Errors
    /// The books cannot be read; the inner one: nobody was given this key, or it is not good any more.
    pub fn whose(&self, books: &dyn Books, at: Moment) -> Result<Result<Principal, Denied>, Trouble> {
        let found = books.principal(&self.id)?;
        let hash: [u8; 32] = Sha256::digest(*self.secret).into();
        let kept = found.as_ref().map_or([0; 32], |principal| principal.hash);
        Ok(match found {
            Some(principal) if equal(&hash, &kept) => {
                if principal.is_good(at) {
                    Ok(principal)
                } else {
                    Err(Denied::KeyEnded(principal.id))
                }
            }
            _ => Err(Denied::Key),
        })
    }
}
