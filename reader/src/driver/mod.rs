//! Typed drivers, one per card: methods in, status words and shapes checked, named errors out.
//!
//! Every driver borrows a [`Channel`] and keeps nothing that the card does not tell again. Commands with
//! data go out without Le (see [`crate::exchange()`]).

mod activation;
pub mod esam;
pub mod field;
pub mod fmcos;
pub mod guard;
pub mod issuing;
pub mod production_card;
pub mod psam;
pub mod signing;
pub mod sim;
pub mod user_card;

use crate::error::CardError;
use crate::exchange::exchange;
use wire::channel::Channel;
use wire::status::Dialect;
use wire::{Command, Response};

/// A channel and the dialect spoken over it.
pub(crate) struct Link<'c> {
    channel: &'c mut dyn Channel,
    dialect: Dialect,
}

impl<'c> Link<'c> {
    pub(crate) fn new(channel: &'c mut dyn Channel, dialect: Dialect) -> Self {
        Link { channel, dialect }
    }

    pub(crate) fn channel(&mut self) -> &mut dyn Channel {
        &mut *self.channel
    }

    pub(crate) fn reset(&mut self) -> Result<Vec<u8>, CardError> {
        self.channel.reset().map_err(|source| CardError::Channel { step: "RESET", source })
    }

    /// Whatever the card answers.
    pub(crate) fn ask(&mut self, step: &'static str, command: &Command) -> Result<Response, CardError> {
        exchange(self.channel, command).map_err(|source| CardError::Channel { step, source })
    }

    /// The data of an answer that ends in 9000.
    pub(crate) fn send(&mut self, step: &'static str, command: &Command) -> Result<Vec<u8>, CardError> {
        let answer = self.ask(step, command)?;
        if answer.sw.is_ok() { Ok(answer.data) } else { Err(self.refused(step, answer.sw)) }
    }

    /// As [`Link::send`], for an answer of a fixed length.
    pub(crate) fn send_for<const N: usize>(
        &mut self,
        step: &'static str,
        command: &Command,
    ) -> Result<[u8; N], CardError> {
        exactly(step, &self.send(step, command)?)
    }

    pub(crate) fn refused(&self, step: &'static str, sw: wire::Sw) -> CardError {
        CardError::Refused { step, sw, dialect: self.dialect }
    }
}

/// The answer as an array, or a named error.
pub(crate) fn exactly<const N: usize>(step: &'static str, data: &[u8]) -> Result<[u8; N], CardError> {
    data.try_into().map_err(|_| {
        CardError::malformed(step, format!("the card answered {} byte(s) where {N} belong", data.len()))
    })
}

/// The next `N` bytes of a field whose length was checked before.
pub(crate) fn take<const N: usize>(field: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&field[at..at + N]);
    out
}
