//! A customer's classic purchase card, as a bank loads it and a meter takes from it [docs/specs/user-card.md].

use super::fmcos::{Fmcos, current};
use super::{exactly, take};
use crate::error::CardError;
use scheme::field::{INCREASE, MAC_LEN};
use scheme::money::Fen;
use scheme::numbers::DeviceNumber;
use scheme::order::Serial8;
use scheme::profile::{CardInfo, CardKind, DF_PURCHASE};
use scheme::user_card::{Information, LOAD, TELL, WRITE, WriteBack};
use wire::channel::Channel;
use wire::{Command, Sw};

/// Short identifiers of the files, as READ BINARY names them.
const INFORMATION: u8 = 0x81;
const PURSE: u8 = 0x82;
const WRITE_BACK: u8 = 0x85;
const RECEIPT: u8 = 0x86;
/// Type and id of the bank's key.
const BANK: (u8, u8) = (0x35, 0x05);
/// Longest receipt that file 06 takes.
const MOST: usize = 0xC8 - 1;

/// What is loaded onto a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardPurse {
    /// What is to be credited.
    pub amount: Fen,
    /// Purchase count.
    pub count: u32,
}

/// A user card.
pub struct UserCard<'c> {
    fmcos: Fmcos<'c>,
}

impl<'c> UserCard<'c> {
    /// Speaks to a card; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        UserCard { fmcos: Fmcos::new(channel) }
    }

    /// The card underneath.
    pub(super) fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// Powers it anew; gives the serial number in its ATR, where one is.
    ///
    /// # Errors
    /// The channel.
    pub fn reset(&mut self) -> Result<Option<Serial8>, CardError> {
        Ok(wire::atr::serial_of(&self.fmcos.reset()?).map(Serial8))
    }

    /// Card information, of the MF.
    ///
    /// # Errors
    /// It is no card of ours, or not finished; the channel.
    pub fn card_info(&mut self) -> Result<CardInfo, CardError> {
        self.fmcos.card_info()
    }

    /// Selects the application.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn select(&mut self) -> Result<(), CardError> {
        self.fmcos.select_fid(DF_PURCHASE).map(drop)
    }

    /// Opens a finished user card for its bank: number and serial number, and its application is selected.
    ///
    /// # Errors
    /// It is another kind of card, or not finished; the channel.
    pub fn open(&mut self) -> Result<(CardInfo, Serial8), CardError> {
        let step = "open user card";
        let serial =
            self.reset()?.ok_or_else(|| CardError::malformed(step, "its ATR shows no serial number"))?;
        let info = self.card_info()?;
        if info.kind != CardKind::UserCard {
            return Err(CardError::WrongKind { step, expected: CardKind::UserCard, found: info.kind });
        }
        current(&info, step)?;
        self.select()?;
        Ok((info, serial))
    }

    /// Version of the bank's key on it; free to read.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn key_version(&mut self) -> Result<u8, CardError> {
        Ok(self.fmcos.key_information(BANK.0, BANK.1)?.version)
    }

    /// The first 4 bytes of the command information. 6B00: nothing was loaded yet.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn information_head(&mut self) -> Result<[u8; 4], CardError> {
        self.read("read the command information", INFORMATION)
    }

    /// The command information, as it stands there.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn information(&mut self) -> Result<[u8; Information::LEN], CardError> {
        self.read("read the command information", INFORMATION)
    }

    /// What is loaded.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn purse(&mut self) -> Result<CardPurse, CardError> {
        let bytes: [u8; 8] = self.read("read the card's purse", PURSE)?;
        let number = |at| u32::from_be_bytes(take(&bytes, at));
        Ok(CardPurse { amount: Fen(number(0)), count: number(4) })
    }

    /// What was written back, as it stands there; `None` when nothing was since the last purchase was loaded.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn write_back(&mut self) -> Result<Option<[u8; WriteBack::LEN]>, CardError> {
        let bytes: [u8; WriteBack::LEN] = self.read("read what was written back", WRITE_BACK)?;
        Ok(WriteBack::is_written(bytes[0]).then_some(bytes))
    }

    /// Whether a meter wrote back since the last purchase was loaded.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn is_written_back(&mut self) -> Result<bool, CardError> {
        let [first] = self.read("read what was written back", WRITE_BACK)?;
        Ok(WriteBack::is_written(first))
    }

    /// The receipt that a meter left; empty before.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn receipt(&mut self) -> Result<Vec<u8>, CardError> {
        let step = "read the receipt";
        let [len] = self.read(step, RECEIPT)?;
        if len == 0 {
            return Ok(Vec::new());
        }
        let command = Command::new(0x00, 0xB0, RECEIPT, 1).le(len.into());
        let bytes = self.fmcos.send(step, &command)?;
        if bytes.len() == usize::from(len) {
            Ok(bytes)
        } else {
            Err(CardError::malformed(step, format!("{len} bytes were asked for, {} came", bytes.len())))
        }
    }

    fn read<const N: usize>(&mut self, step: &'static str, file: u8) -> Result<[u8; N], CardError> {
        let command = Command::new(0x00, 0xB0, file, 0).le(N as u16);
        exactly(step, &self.fmcos.send(step, &command)?)
    }

    /// GET CHALLENGE, 8 bytes.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn challenge8(&mut self) -> Result<[u8; 8], CardError> {
        self.fmcos.challenge8()
    }

    /// GET CHALLENGE, 4 bytes, for what is written back.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn challenge4(&mut self) -> Result<[u8; 4], CardError> {
        self.fmcos.challenge4()
    }

    /// INTERNAL AUTHENTICATE: the card proves itself.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn prove(&mut self, random: &[u8; 8]) -> Result<[u8; 8], CardError> {
        let step = "INTERNAL AUTHENTICATE";
        exactly(step, &self.fmcos.send(step, &Command::new(0x00, 0x88, 0x00, 0x01).data(random))?)
    }

    /// EXTERNAL AUTHENTICATE: whether the card believes the meter.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn meter_proves(&mut self, cryptogram: &[u8; 8]) -> Result<bool, CardError> {
        let command = Command::new(0x00, 0x82, 0x00, 0x02).data(cryptogram);
        match self.fmcos.send("EXTERNAL AUTHENTICATE", &command) {
            Ok(_) => Ok(true),
            Err(error) if error.sw() == Some(Sw::NOT_VERIFIED) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Customer and kind with their MAC, for the ESAM that drew the random.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn tell(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        self.give(INFORMATION, TELL[3], random, &TELL)
    }

    /// Amount and count with their MAC, for the ESAM that drew the random.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn purchase(&mut self, random: [u8; 4]) -> Result<Vec<u8>, CardError> {
        self.give(PURSE, 0, random, &INCREASE)
    }

    /// Bytes of a file with their MAC, for the ESAM that drew the random; `header` is what it takes them under.
    pub(super) fn give(
        &mut self,
        file: u8,
        at: u8,
        random: [u8; 4],
        header: &[u8; 5],
    ) -> Result<Vec<u8>, CardError> {
        let step = "read with a MAC";
        let data = [&random[..], header].concat();
        let bytes = self.fmcos.send(step, &Command::new(0x04, 0xB0, file, at).data(&data))?;
        if bytes.len() == usize::from(header[4]) {
            return Ok(bytes);
        }
        let what = format!("{} bytes are not {} of data and a MAC", bytes.len(), header[4]);
        Err(CardError::malformed(step, what))
    }

    /// Writes back what an ESAM stated for the challenge given just before: the file, then its MAC. 6988: another ESAM's.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn write(&mut self, stated: &[u8; WriteBack::LEN + MAC_LEN]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = WRITE;
        self.fmcos.send("write back", &Command::new(cla, ins, p1, p2).data(stated)).map(drop)
    }

    /// Leaves the ESAM's receipt.
    ///
    /// # Errors
    /// It is longer than the file; the card, or its channel.
    pub fn leave_receipt(&mut self, receipt: &[u8]) -> Result<(), CardError> {
        let step = "write the receipt";
        let len = u8::try_from(receipt.len()).ok().filter(|_| receipt.len() <= MOST);
        let len = len.ok_or_else(|| {
            CardError::malformed(step, format!("a receipt has at most {MOST} bytes, not {}", receipt.len()))
        })?;
        let data = [&[len], receipt].concat();
        self.fmcos.send(step, &Command::new(0x00, 0xD6, RECEIPT, 0).data(&data)).map(drop)
    }

    /// LOAD PURCHASE: what a PSAM sealed for the challenge given just before. 6988: it was sealed for another card or challenge.
    ///
    /// # Errors
    /// The card, or its channel.
    pub fn load(&mut self, sealed: &[u8]) -> Result<(), CardError> {
        let [cla, ins, p1, p2] = LOAD;
        self.fmcos.send("LOAD PURCHASE", &Command::new(cla, ins, p1, p2).data(sealed)).map(drop)
    }
}

/// For which card something is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardAsk {
    /// Its challenge.
    pub challenge: [u8; 8],
    /// Its number.
    pub number: DeviceNumber,
    /// Serial number of its chip.
    pub serial: Serial8,
}

impl CardAsk {
    /// As SEAL CARD has it.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [&self.challenge[..], &self.number.0, &self.serial.0].concat()
    }
}
