//! The meter's ESAM by the commands of the field, as its MCU sends them for a station [docs/specs/esam.md].

use super::esam::Esam;
use super::take;
use crate::error::CardError;
use scheme::field::{MAC_LEN, Span, statement_header};
use wire::{Command, Sw};

/// What the ESAM states with its MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The bytes.
    pub data: Vec<u8>,
    /// Their MAC.
    pub mac: [u8; MAC_LEN],
}

/// An ESAM in a session of the field.
pub struct FieldEsam<'e, 'c> {
    esam: &'e mut Esam<'c>,
}

impl<'e, 'c> FieldEsam<'e, 'c> {
    /// Speaks to an ESAM; sends nothing yet.
    pub fn new(esam: &'e mut Esam<'c>) -> Self {
        FieldEsam { esam }
    }

    /// Its number: file 19.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn number(&mut self) -> Result<[u8; 8], CardError> {
        self.read(Span::NUMBER).map(|bytes| take(&bytes, 0))
    }

    /// What 8 bytes become under the key of a factor.
    ///
    /// # Errors
    /// 6A80: it is another meter's factor; the channel.
    pub fn identity(&mut self, factor: &[u8; 8], random: &[u8; 8]) -> Result<[u8; 8], CardError> {
        self.send("derive the key of an identity", [0x80, 0xFA, 0x00, 0x03], factor)?;
        let step = "encipher for an identity";
        super::exactly(step, &self.send(step, [0x80, 0xFA, 0x00, 0x00], random)?)
    }

    /// 4 random bytes: a new session.
    ///
    /// # Errors
    /// The channel.
    pub fn random4(&mut self) -> Result<[u8; 4], CardError> {
        self.esam.fmcos().challenge4()
    }

    /// 8 random bytes for an infrared reader.
    ///
    /// # Errors
    /// The channel.
    pub fn random8(&mut self) -> Result<[u8; 8], CardError> {
        self.esam.fmcos().challenge8()
    }

    /// Whether an infrared reader's proof is right; it spends the random bytes.
    ///
    /// # Errors
    /// 6985: there are none; the channel.
    pub fn infrared(&mut self, proof: &[u8; 8]) -> Result<bool, CardError> {
        match self.send("prove an infrared reader", [0x00, 0x82, 0x00, 0x08], proof) {
            Ok(_) => Ok(true),
            Err(error) if error.sw() == Some(Sw::NOT_VERIFIED) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A command with its MAC, as a station made it; gives what it answers.
    ///
    /// # Errors
    /// 6988: the MAC is wrong; what else the ESAM says; the channel.
    pub fn send(&mut self, step: &'static str, header: [u8; 4], data: &[u8]) -> Result<Vec<u8>, CardError> {
        let [cla, ins, p1, p2] = header;
        self.esam.fmcos().send(step, &Command::new(cla, ins, p1, p2).data(data))
    }

    /// Bytes of a file.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn read(&mut self, span: Span) -> Result<Vec<u8>, CardError> {
        let Span { file, offset, len } = span;
        let step = "read a file of the field";
        let bytes =
            self.esam.fmcos().send(step, &Command::new(0x00, 0xB0, 0x80 | file, offset).le(len.into()))?;
        if bytes.len() == usize::from(len) {
            Ok(bytes)
        } else {
            Err(CardError::malformed(step, format!("{len} bytes were asked for, {} came", bytes.len())))
        }
    }

    /// Bytes of a file with their MAC, for the station that gave the random 4 bytes.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn state(
        &mut self,
        file: u8,
        offset: u8,
        len: u8,
        random: [u8; 4],
        factor: &[u8; 8],
    ) -> Result<Stated, CardError> {
        self.stated([0x04, 0xB0, 0x80 | file, offset], offset, len, random, factor)
    }

    /// Record 1 or 3 of the purse with its MAC.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn state_purse(
        &mut self,
        record: u8,
        random: [u8; 4],
        factor: &[u8; 8],
    ) -> Result<Stated, CardError> {
        self.stated([0x04, 0xB2, record, 0x0C], 0, 4, random, factor)
    }

    fn stated(
        &mut self,
        header: [u8; 4],
        offset: u8,
        len: u8,
        random: [u8; 4],
        factor: &[u8; 8],
    ) -> Result<Stated, CardError> {
        let step = "read with a MAC";
        let towards = statement_header(offset, len.into())
            .ok_or_else(|| CardError::malformed(step, format!("{len} bytes are too many for one command")))?;
        let mut data = self.send(step, header, &[&random[..], &towards, factor].concat())?;
        if data.len() != usize::from(len) + MAC_LEN {
            return Err(CardError::malformed(step, format!("{} bytes are not data and a MAC", data.len())));
        }
        let mac = take(&data, len.into());
        data.truncate(len.into());
        Ok(Stated { data, mac })
    }
}
