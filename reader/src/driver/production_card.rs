//! A card of production, as its city writes it and a meter takes from it [docs/specs/production-cards.md].

use super::fmcos::{Fmcos, current};
use super::user_card::UserCard;
use super::{exactly, take};
use crate::error::CardError;
use scheme::field::{KEY_BLOCK, MAC_LEN};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::Serial8;
use scheme::production::{
    KEYS_LOADED, KeyInformation, KeySet, KeysAre, NumberRange, PARAMETERS, PURSE, Preset, STORE_RECORDS,
    TAKE_KEY, TAKE_NUMBER, Work,
};
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE, Fid, production_file};
use wire::Command;
use wire::channel::Channel;

/// Bytes that one command writes.
const CHUNK: usize = 200;

/// A production card. What it has in common with a user card, [`ProductionCard::basics`] does.
pub struct ProductionCard<'c> {
    card: UserCard<'c>,
}

/// What the purse begins with, as a preset card has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresetPurse {
    /// Money.
    pub amount: Fen,
    /// Purchases counted before: there are none.
    pub count: u32,
}

/// A line of a number card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered {
    /// The chip.
    pub serial: Serial8,
    /// Its number.
    pub number: MeterNumber,
}

/// A line of a key card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyed {
    /// The chip.
    pub serial: Serial8,
    /// Number of its meter.
    pub number: MeterNumber,
    /// How far its keys have come.
    pub are: KeysAre,
}

impl<'c> ProductionCard<'c> {
    /// Speaks to a card; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        ProductionCard { card: UserCard::new(channel) }
    }

    /// Reset, card information, challenges and the two proofs.
    pub fn basics(&mut self) -> &mut UserCard<'c> {
        &mut self.card
    }

    fn fmcos(&mut self) -> &mut Fmcos<'c> {
        self.card.fmcos()
    }

    /// Opens a finished production card for its city; its MF is selected.
    ///
    /// # Errors
    /// It is another kind of card, or not finished; the channel.
    pub fn open(&mut self) -> Result<(CardInfo, Serial8), CardError> {
        let step = "open production card";
        let none = || CardError::malformed(step, "its ATR shows no serial number");
        let serial = self.card.reset()?.ok_or_else(none)?;
        let info = self.card.card_info()?;
        if info.kind != CardKind::ProductionCard {
            return Err(CardError::WrongKind { step, expected: CardKind::ProductionCard, found: info.kind });
        }
        current(&info, step)?;
        Ok((info, serial))
    }

    /// What the card brings; `None` of one whose type byte no production card has. 6B00: nothing was written onto it yet.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn work(&mut self) -> Result<Option<Work>, CardError> {
        let [_, code, ..]: [u8; 4] = self.read(production_file::INFORMATION.0, 0)?;
        Ok(Work::from_code(code))
    }

    /// File 01, as many bytes as the frame of its work has.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn information<const N: usize>(&mut self) -> Result<[u8; N], CardError> {
        self.read(production_file::INFORMATION.0, 0)
    }

    /// What the purse begins with.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn purse(&mut self) -> Result<PresetPurse, CardError> {
        let bytes: [u8; 8] = self.read(production_file::PURSE.0, 0)?;
        let number = |at| u32::from_be_bytes(take(&bytes, at));
        Ok(PresetPurse { amount: Fen(number(0)), count: number(4) })
    }

    /// How many ESAMs a key card may still load.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn left(&mut self) -> Result<u32, CardError> {
        Ok(u32::from_be_bytes(self.read(production_file::RETURN.0, 0)?))
    }

    /// Who has which number, in the order in which they got it.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn numbered(&mut self, range: &NumberRange) -> Result<Vec<Numbered>, CardError> {
        let mut lines = Vec::new();
        for place in 0..range.len() {
            let at = place as usize * NumberRange::LINE; // at most 1000 lines
            let line: [u8; NumberRange::LINE] = self.record(at)?;
            let serial = Serial8(take(&line, 0));
            if serial == Serial8([0; 8]) {
                break;
            }
            lines.push(Numbered { serial, number: MeterNumber(take(&line, 8)) });
        }
        Ok(lines)
    }

    /// Whose keys the card has.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn keyed(&mut self) -> Result<Vec<Keyed>, CardError> {
        let mut lines = Vec::new();
        for n in 0..KeySet::MOST {
            let head: [u8; KeySet::ARE + 1] = self.record(n * KeySet::LEN)?;
            let Some(are) = KeysAre::from_code(head[KeySet::ARE]) else { break };
            lines.push(Keyed { serial: Serial8(take(&head, 0)), number: MeterNumber(take(&head, 8)), are });
        }
        Ok(lines)
    }

    fn record<const N: usize>(&mut self, at: usize) -> Result<[u8; N], CardError> {
        let at = u16::try_from(at).unwrap_or(u16::MAX);
        exactly("read a record", &self.fmcos().read_binary(production_file::RECORDS, at, N as u16)?)
    }

    fn read<const N: usize>(&mut self, file: u16, at: u8) -> Result<[u8; N], CardError> {
        let step = "read a file of the production card";
        let command = Command::new(0x00, 0xB0, 0x80 | file as u8, at).le(N as u16); // files 01 to 05
        exactly(step, &self.fmcos().send(step, &command)?)
    }

    /// Writes a file from its beginning, once the card's own master is proved and the application is selected.
    ///
    /// # Errors
    /// 6982 it is not proved; the card, or its channel.
    pub fn write(&mut self, file: Fid, data: &[u8]) -> Result<(), CardError> {
        if file != production_file::RECORDS {
            return self.fmcos().update_binary(file, 0, data);
        }
        let [cla, ins] = STORE_RECORDS;
        for (n, part) in data.chunks(CHUNK).enumerate() {
            let [p1, p2] = u16::try_from(n * CHUNK).unwrap_or(u16::MAX).to_be_bytes();
            self.fmcos().send("STORE RECORDS", &Command::new(cla, ins, p1, p2).data(part))?;
        }
        Ok(())
    }

    /// Proves the own master: the answer to [`UserCard::challenge8`]. The MF must be selected.
    ///
    /// # Errors
    /// 63Cx it is wrong; the card, or its channel.
    pub fn prove_master(&mut self, cryptogram: &[u8]) -> Result<(), CardError> {
        self.fmcos().external_authenticate(0x00, cryptogram)
    }

    /// The parameters of a preset card with their MAC, for the ESAM that drew the random.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn give_parameters(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        self.card.give(0x80 | production_file::INFORMATION.0 as u8, Preset::AT as u8, random, &PARAMETERS)
    }

    /// What the purse begins with and its MAC, for the ESAM that drew the random.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn give_purse(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        self.card.give(0x80 | production_file::PURSE.0 as u8, 0, random, &PURSE)
    }

    /// TAKE NUMBER: a number and its MAC, for the ESAM of a serial number that drew the random. 9402 none is left.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn take_number(&mut self, serial: Serial8, random: [u8; 4]) -> Result<[u8; 6 + MAC_LEN], CardError> {
        let step = "TAKE NUMBER";
        let [cla, ins, p1, p2] = TAKE_NUMBER;
        let data = [&serial.0[..], &random].concat();
        exactly(step, &self.fmcos().send(step, &Command::new(cla, ins, p1, p2).data(&data))?)
    }

    /// TAKE KEY: the n-th key for the ESAM of a serial number. 9402 no ESAM is left, 6A88 there are no keys for it.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn take_key(&mut self, serial: Serial8, n: u8) -> Result<[u8; KEY_BLOCK], CardError> {
        exactly("TAKE KEY", &self.part(serial, n)?)
    }

    /// TAKE KEY: `int-auth` (0) or `ext-auth` (1) for the MCU of the meter with that ESAM.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn take_pairing(&mut self, serial: Serial8, n: u8) -> Result<Vec<u8>, CardError> {
        self.part(serial, KeySet::KEYS as u8 + n)
    }

    fn part(&mut self, serial: Serial8, n: u8) -> Result<Vec<u8>, CardError> {
        let [cla, ins, p1] = TAKE_KEY;
        self.fmcos().send("TAKE KEY", &Command::new(cla, ins, p1, n).data(&serial.0))
    }

    /// Says that the ESAM of a serial number has its keys.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn keys_loaded(&mut self, serial: Serial8) -> Result<(), CardError> {
        let [cla, ins, p1, p2] = KEYS_LOADED;
        self.fmcos().send("KEYS LOADED", &Command::new(cla, ins, p1, p2).data(&serial.0)).map(drop)
    }

    /// What keys a key card brings.
    ///
    /// # Errors
    /// It is none, or damaged; the card, or its channel.
    pub fn key_information(&mut self) -> Result<KeyInformation, CardError> {
        let file: [u8; KeyInformation::LEN] = self.information()?;
        KeyInformation::parse(&file)
            .map_err(|error| CardError::malformed("read a file of the production card", error.to_string()))
    }

    /// Numbers that a number card gives.
    ///
    /// # Errors
    /// It is none, or damaged; the card, or its channel.
    pub fn range(&mut self) -> Result<NumberRange, CardError> {
        let file: [u8; NumberRange::LEN] = self.information()?;
        NumberRange::parse(&file)
            .map_err(|error| CardError::malformed("read a file of the production card", error.to_string()))
    }

    /// Selects the application.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn select(&mut self) -> Result<(), CardError> {
        self.fmcos().select_fid(DF_PURCHASE).map(drop)
    }
}
