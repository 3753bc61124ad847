//! The meter's ESAM by the commands of the field, as its MCU sends them for a station [docs/specs/esam.md].

use super::esam::Esam;
use super::{exactly, take};
use crate::error::CardError;
use scheme::field::{INCREASE, KEY_BLOCK, MAC_LEN, Span, statement_header};
use scheme::order::Serial8;
use scheme::production::load_formal;
use scheme::user_card::{TELL, WRITE, WriteBack};
use wire::{Command, Sw};

/// What the ESAM states with its MAC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// The bytes.
    pub data: Vec<u8>,
    /// Their MAC.
    pub mac: [u8; MAC_LEN],
}

/// Who proves himself by a key that meter and user card share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Proof {
    /// The card.
    OfCard = 1,
    /// The meter.
    OfMeter = 2,
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
        exactly(step, &self.send(step, [0x80, 0xFA, 0x00, 0x00], random)?)
    }

    /// What 8 bytes become under a key that is shared with a user card; the session is that card's from then on.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn for_card(&mut self, whose: Proof, card: Serial8, random: &[u8; 8]) -> Result<[u8; 8], CardError> {
        self.send("derive a key of a user card", [0x80, 0xFA, 0x00, whose as u8], &card.0)?;
        let step = "encipher for a user card";
        exactly(step, &self.send(step, [0x80, 0xFA, 0x00, 0x00], random)?)
    }

    /// Customer and kind as a user card gave them, with its MAC.
    ///
    /// # Errors
    /// 6988: the MAC is wrong; what else the ESAM says; the channel.
    pub fn take_from_card(&mut self, told: &[u8]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = TELL;
        self.send("take the customer of a user card", [cla, ins, p1, p2], told).map(drop)
    }

    /// INCREASE: amount and count with a MAC.
    ///
    /// # Errors
    /// 6988: the MAC is wrong; what else the ESAM says; the channel.
    pub fn increase(&mut self, purchase: &[u8]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = INCREASE;
        self.send("INCREASE", [cla, ins, p1, p2], purchase).map(drop)
    }

    /// What a production card gave, with its MAC, under the header it is for.
    ///
    /// # Errors
    /// 6988: the MAC is wrong; 6985: not in this state; what else the ESAM says; the channel.
    pub fn take_from_production(&mut self, header: [u8; 5], given: &[u8]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = header;
        self.send("take from a production card", [cla, ins, p1, p2], given).map(drop)
    }

    /// LOAD FORMAL KEY: the n-th key of a formal set, counted from 0. With the last one the ESAM is formal.
    ///
    /// # Errors
    /// 6988: it is another chip's or meter's; 9E41: its version is not higher; what else the ESAM says; the channel.
    pub fn load_formal(&mut self, n: usize, key: &[u8; KEY_BLOCK]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = load_formal(n);
        self.send("LOAD FORMAL KEY", [cla, ins, p1, p2], key).map(drop)
    }

    /// File 07 with its MAC, for the user card of a serial number that gave the random 4 bytes.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn state_for_card(
        &mut self,
        random: [u8; 4],
        card: Serial8,
    ) -> Result<[u8; WriteBack::LEN + MAC_LEN], CardError> {
        let step = "read with a MAC for a user card";
        let data = [&random[..], &WRITE, &card.0].concat();
        exactly(step, &self.send(step, [0x04, 0xB0, 0x87, 0x00], &data)?)
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
