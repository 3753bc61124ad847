//! The bank's PSAM: seals orders, opens receipts [docs/specs/cards.md 4, 6].

use super::fmcos::Fmcos;
use super::guard::{LastTry, PinError};
use super::issuing::Counter;
use crate::error::CardError;
use wire::bcd::MeterNumber;
use wire::channel::Channel;
use wire::profile::{CardInfo, CardKind, DF_PURCHASE, EF_LIMIT, EF_SEALED, NO_LIMIT};
use wire::status::Dialect;
use wire::{Command, Sw};

/// A PSAM with its purchase application selected.
pub struct Psam<'c> {
    fmcos: Fmcos<'c>,
    info: CardInfo,
}

impl<'c> Psam<'c> {
    /// Selects the MF, reads the card information, selects the purchase application.
    ///
    /// # Errors
    /// [`CardError::WrongKind`] when the card is no PSAM; a PSAM that was never issued refuses one of the
    /// three steps.
    pub fn open(channel: &'c mut dyn Channel) -> Result<Self, CardError> {
        Self::open_as(channel, CardKind::Psam, "open PSAM")
    }

    /// As [`Psam::open`], for a production test card, which seals and opens as a PSAM does, with published keys.
    pub fn open_test_card(channel: &'c mut dyn Channel) -> Result<Self, CardError> {
        Self::open_as(channel, CardKind::TestCard, "open test card")
    }

    fn open_as(
        channel: &'c mut dyn Channel,
        expected: CardKind,
        step: &'static str,
    ) -> Result<Self, CardError> {
        let mut fmcos = Fmcos::new(channel);
        fmcos.select_mf()?;
        let info = fmcos.card_info()?;
        if info.kind != expected {
            return Err(CardError::WrongKind { step, expected, found: info.kind });
        }
        fmcos.select_fid(DF_PURCHASE)?;
        Ok(Psam { fmcos, info })
    }

    /// The card information read when the card was opened.
    pub fn info(&self) -> CardInfo {
        self.info
    }

    /// The FMCOS card underneath.
    pub fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// The clerk's PIN, guarded: it is not tried when it could be the last time, unless `last` says so.
    pub fn verify(&mut self, pin: &[u8], last: LastTry) -> Result<(), PinError> {
        self.fmcos.verify_guarded(&self.info, 0x00, pin, last)
    }

    /// The clerk's PIN, 3A/00 of the purchase application, as it stands in the card. A wrong one costs a try; whatever a
    /// person typed goes through [`Psam::verify`].
    pub fn verify_pin(&mut self, pin: &[u8]) -> Result<(), CardError> {
        self.fmcos.verify_pin(0x00, pin)
    }

    /// SEAL ORDER: an order (`E1 ..`) in, the user data of its short message out: `02 70 00` and the command
    /// packet. Needs the PIN. 6A80 when the order is not complete.
    pub fn seal_order(&mut self, order: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "SEAL ORDER";
        super::fmcos::current(&self.info, step)?;
        let data = self.fmcos.send(step, &applet(step, 0x40, &[order])?)?;
        starts(step, data, &[0x02, 0x70, 0x00], "user data with a command packet")
    }

    /// OPEN RECEIPT: the user data of the meter's answer (`02 71 00 ..`) in, the receipt (`E2 ..`) out; the
    /// card has checked MAC and TAC. Needs the PIN. 6988 when one of them is wrong, 6A80 when the packet is
    /// not well formed or names another meter.
    pub fn open_receipt(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, CardError> {
        let step = "OPEN RECEIPT";
        let data = self.fmcos.send(step, &applet(step, 0x42, &[&meter.0, user_data])?)?;
        starts(step, data, &[0xE2], "a receipt")
    }

    /// Orders this card has sealed so far.
    pub fn sealed_count(&mut self) -> Result<u32, CardError> {
        let step = "read the count of sealed orders";
        // A file that only the card writes answers 6281 until it did so for the first time.
        match self.fmcos.read_number(step, EF_SEALED)? {
            Some(sealed) => Ok(sealed),
            None => Err(CardError::Refused { step, sw: Sw::FILE_NOT_FOUND, dialect: Dialect::Fmcos }),
        }
    }

    /// How many orders it may seal, and has sealed; without limit for a card of an older make.
    pub fn counter(&mut self) -> Result<Counter, CardError> {
        let limit = self.fmcos.read_number("read the limit of orders", EF_LIMIT)?;
        let made = self.sealed_count()?;
        Ok(Counter { limit: limit.filter(|limit| *limit != NO_LIMIT), made })
    }
}

/// A command of the purchase application with its data, which must fit one APDU.
fn applet(step: &'static str, ins: u8, parts: &[&[u8]]) -> Result<Command, CardError> {
    let data = parts.concat();
    if (1..=255).contains(&data.len()) {
        return Ok(Command::new(0x80, ins, 0x00, 0x00).data(&data));
    }
    Err(CardError::malformed(step, format!("a command carries 1 to 255 bytes, not {}", data.len())))
}

fn starts(step: &'static str, data: Vec<u8>, mark: &[u8], what: &str) -> Result<Vec<u8>, CardError> {
    if data.starts_with(mark) {
        return Ok(data);
    }
    Err(CardError::malformed(step, format!("the card's answer of {} byte(s) is not {what}", data.len())))
}
