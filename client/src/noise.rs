//! Noise with the patterns IKpsk1 and IKpsk2 over X25519, AES-256-GCM and SHA-256 [docs/specs/client.md 2]. Both sides; messages in and out, nothing else.

mod aead;
mod pattern;
mod phone;
mod server;
mod symmetric;

pub use aead::{open, seal};
pub use pattern::{Keypair, Pattern};
pub use phone::Initiator;
pub use server::{Heard, Responder};
pub use symmetric::Split;

/// Bytes of a tag.
pub const TAG: usize = 16;
/// Bytes of a key.
pub const KEY: usize = 32;

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    /// It has not the length of its kind.
    #[error("the message has {0} bytes, which none of its kind has")]
    Length(usize),
    /// A tag is wrong: another key, another psk, another prologue, or a byte that was changed.
    #[error("the message is not from whom it should be, or was changed")]
    Tag,
    /// A public key with which X25519 gives zeros.
    #[error("the other side's public key is none")]
    ZeroKey,
    /// No nonce is left.
    #[error("no nonce is left")]
    Nonce,
}
