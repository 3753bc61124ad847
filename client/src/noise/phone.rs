//! The side that begins.

use super::pattern::{Keypair, Pattern, begin, mix_ephemeral};
use super::symmetric::{Split, Symmetric};
use super::{KEY, NoiseError};
use alloc::vec::Vec;
use keys::Zeroizing;

/// A handshake whose first message is made. It is kept until a second one fits: what somebody else sends in its place ends nothing.
#[derive(Clone)]
pub struct Initiator {
    pattern: Pattern,
    state: Symmetric,
    own: Keypair,
    ephemeral: Keypair,
    psk: Zeroizing<[u8; KEY]>,
}

impl Initiator {
    /// Makes the first message. `ephemeral`: 32 random bytes, never used twice.
    ///
    /// # Errors
    /// The server's key is none.
    pub fn begin(
        pattern: Pattern,
        prologue: &[u8],
        own: &Keypair,
        server: &[u8; KEY],
        psk: &[u8; KEY],
        ephemeral: &[u8; KEY],
        payload: &[u8],
    ) -> Result<(Self, Vec<u8>), NoiseError> {
        let ephemeral = Keypair::new(ephemeral);
        let mut state = begin(pattern, prologue, server);
        let mut message = ephemeral.public().to_vec();
        mix_ephemeral(&mut state, ephemeral.public());
        state.mix_key(&ephemeral.agree(server)?[..]);
        message.extend(state.seal(own.public())?);
        state.mix_key(&own.agree(server)?[..]);
        if pattern == Pattern::IkPsk1 {
            state.mix_psk(psk);
        }
        message.extend(state.seal(payload)?);
        let psk = Zeroizing::new(*psk);
        Ok((Initiator { pattern, state, own: own.clone(), ephemeral, psk }, message))
    }

    /// Reads the second message: its payload, and the keys.
    ///
    /// # Errors
    /// It does not belong to the first, or is not the server's.
    pub fn end(&self, message: &[u8]) -> Result<(Vec<u8>, Split), NoiseError> {
        let (theirs, sealed) = message.split_first_chunk::<KEY>().ok_or(NoiseError::Length(message.len()))?;
        let mut state = self.state.clone();
        mix_ephemeral(&mut state, theirs);
        state.mix_key(&self.ephemeral.agree(theirs)?[..]);
        state.mix_key(&self.own.agree(theirs)?[..]);
        if self.pattern == Pattern::IkPsk2 {
            state.mix_psk(&self.psk);
        }
        let payload = state.open(sealed)?;
        Ok((payload, state.split()))
    }
}

impl core::fmt::Debug for Initiator {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Initiator(..)")
    }
}
