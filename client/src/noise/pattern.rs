//! The two patterns, and key pairs.

use super::symmetric::Symmetric;
use super::{KEY, NoiseError};
use keys::Zeroizing;
use x25519_dalek::{PublicKey, StaticSecret};

/// Which handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The psk is mixed in at the end of the first message: who has not the code cannot make one that opens.
    IkPsk1,
    /// The psk is mixed in at the end of the second message: the server learns from the first whose it is.
    IkPsk2,
}

impl Pattern {
    /// The protocol's name, of exactly the hash's length.
    pub const fn name(self) -> &'static [u8; 32] {
        match self {
            Pattern::IkPsk1 => b"Noise_IKpsk1_25519_AESGCM_SHA256",
            Pattern::IkPsk2 => b"Noise_IKpsk2_25519_AESGCM_SHA256",
        }
    }
}

/// A key pair of X25519.
#[derive(Clone)]
pub struct Keypair {
    secret: StaticSecret,
    public: [u8; KEY],
}

impl Keypair {
    /// Of 32 secret bytes, any.
    pub fn new(secret: &[u8; KEY]) -> Self {
        let secret = StaticSecret::from(*secret);
        let public = PublicKey::from(&secret).to_bytes();
        Keypair { secret, public }
    }

    /// What everybody may know.
    pub const fn public(&self) -> &[u8; KEY] {
        &self.public
    }

    /// The secret bytes, for whoever keeps them.
    pub fn secret(&self) -> Zeroizing<[u8; KEY]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    /// The shared secret with somebody's public key.
    ///
    /// # Errors
    /// It is all zeros: the key is of small order.
    pub(super) fn agree(&self, public: &[u8; KEY]) -> Result<Zeroizing<[u8; KEY]>, NoiseError> {
        let shared = self.secret.diffie_hellman(&PublicKey::from(*public));
        if shared.was_contributory() {
            Ok(Zeroizing::new(shared.to_bytes()))
        } else {
            Err(NoiseError::ZeroKey)
        }
    }
}

impl core::fmt::Debug for Keypair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keypair(..)")
    }
}

/// Both sides' beginning: the server's static key is known before [docs/specs/client.md 2].
pub(super) fn begin(pattern: Pattern, prologue: &[u8], server: &[u8; KEY]) -> Symmetric {
    let mut state = Symmetric::new(pattern.name(), prologue);
    state.mix_hash(server);
    state
}

/// An ephemeral key in a handshake with a psk is mixed into the key as well [docs/specs/client.md 2].
pub(super) fn mix_ephemeral(state: &mut Symmetric, public: &[u8; KEY]) {
    state.mix_hash(public);
    state.mix_key(public);
}
