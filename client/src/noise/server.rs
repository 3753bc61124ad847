//! The side that answers. It reads the first message in two steps: whose it is, and what it says; between them the server looks him up.

use super::pattern::{Keypair, Pattern, begin, mix_ephemeral};
use super::symmetric::{Split, Symmetric};
use super::{KEY, NoiseError, TAG};
use alloc::vec::Vec;
use keys::Zeroizing;

/// A first message of which is known whose it says to be. That is proved by what follows only.
#[derive(Clone)]
pub struct Heard {
    pattern: Pattern,
    state: Symmetric,
    own: Keypair,
    ephemeral: [u8; KEY],
    /// The static key of whoever speaks.
    pub theirs: [u8; KEY],
    sealed: Vec<u8>,
}

impl Heard {
    /// Reads a first message up to the static key.
    ///
    /// # Errors
    /// It is too short, or not for this server.
    pub fn read(
        pattern: Pattern,
        prologue: &[u8],
        own: &Keypair,
        message: &[u8],
    ) -> Result<Self, NoiseError> {
        let short = NoiseError::Length(message.len());
        let (ephemeral, rest) = message.split_first_chunk::<KEY>().ok_or(short)?;
        let (theirs, sealed) = rest.split_first_chunk::<{ KEY + TAG }>().ok_or(short)?;
        let mut state = begin(pattern, prologue, own.public());
        mix_ephemeral(&mut state, ephemeral);
        state.mix_key(&own.agree(ephemeral)?[..]);
        let theirs = state.open(theirs)?;
        let theirs = theirs.try_into().map_err(|_| short)?;
        Ok(Heard { pattern, state, own: own.clone(), ephemeral: *ephemeral, theirs, sealed: sealed.to_vec() })
    }

    /// Reads what it says. With [`Pattern::IkPsk1`] this proves that whoever speaks has the psk as well as the static key; with
    /// [`Pattern::IkPsk2`] the static key alone.
    ///
    /// # Errors
    /// He has them not.
    pub fn payload(self, psk: &[u8; KEY]) -> Result<(Responder, Vec<u8>), NoiseError> {
        let Heard { pattern, mut state, own, ephemeral, theirs, sealed } = self;
        state.mix_key(&own.agree(&theirs)?[..]);
        if pattern == Pattern::IkPsk1 {
            state.mix_psk(psk);
        }
        let payload = state.open(&sealed)?;
        let psk = Zeroizing::new(*psk);
        Ok((Responder { pattern, state, ephemeral, theirs, psk }, payload))
    }
}

/// A handshake whose first message was read.
pub struct Responder {
    pattern: Pattern,
    state: Symmetric,
    ephemeral: [u8; KEY],
    theirs: [u8; KEY],
    psk: Zeroizing<[u8; KEY]>,
}

impl Responder {
    /// Makes the second message. `ephemeral`: 32 random bytes, never used twice.
    ///
    /// # Errors
    /// The other side's keys are none.
    pub fn end(mut self, ephemeral: &[u8; KEY], payload: &[u8]) -> Result<(Vec<u8>, Split), NoiseError> {
        let ephemeral = Keypair::new(ephemeral);
        let mut message = ephemeral.public().to_vec();
        mix_ephemeral(&mut self.state, ephemeral.public());
        self.state.mix_key(&ephemeral.agree(&self.ephemeral)?[..]);
        self.state.mix_key(&ephemeral.agree(&self.theirs)?[..]);
        if self.pattern == Pattern::IkPsk2 {
            self.state.mix_psk(&self.psk);
        }
        message.extend(self.state.seal(payload)?);
        Ok((message, self.state.split()))
    }
}

impl core::fmt::Debug for Heard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Heard(..)")
    }
}

impl core::fmt::Debug for Responder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Responder(..)")
    }
}
