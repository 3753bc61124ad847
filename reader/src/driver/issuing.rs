//! Cards that give keys to other cards: the main control card and both issuing cards
//! [docs/specs/cards.md 6, 7].

use super::fmcos::{Fmcos, KeyInformation};
use crate::error::CardError;
use wire::Command;
use wire::channel::Channel;
use wire::profile::{CardInfo, Recipient};

/// The card (or meter MCU) a key is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Its kind.
    pub recipient: Recipient,
    /// False while it holds the factory's transport key, true once it holds its own master key.
    pub own_master: bool,
    /// Chip serial, as its ATR ends.
    pub serial: [u8; 8],
    /// Device number, packed BCD.
    pub number: [u8; 6],
    /// Region code, packed BCD.
    pub region: [u8; 4],
}

impl Target {
    /// P1 of both commands: kind, then which master key the target has now.
    const fn p1(&self) -> u8 {
        self.recipient.code() << 4 | self.own_master as u8
    }

    /// Serial, number, region: 18 bytes.
    fn identity(&self) -> Vec<u8> {
        [&self.serial[..], &self.number, &self.region].concat()
    }
}

/// A main control card or an issuing card, its MF selected.
pub struct IssuingCard<'c> {
    fmcos: Fmcos<'c>,
}

impl<'c> IssuingCard<'c> {
    /// Speaks over a channel; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        IssuingCard { fmcos: Fmcos::new(channel) }
    }

    /// The FMCOS card underneath.
    pub fn fmcos(&mut self) -> &mut Fmcos<'c> {
        &mut self.fmcos
    }

    /// Card information.
    pub fn card_info(&mut self) -> Result<CardInfo, CardError> {
        self.fmcos.card_info()
    }

    /// The operator's PIN, 3A/00, as it stands in the card. A wrong one costs a try.
    pub fn verify_pin(&mut self, pin: &[u8]) -> Result<(), CardError> {
        self.fmcos.verify_pin(0x00, pin)
    }

    /// AUTHENTICATE TARGET: the cryptogram, one block, that the target's EXTERNAL AUTHENTICATE expects for
    /// the challenge it just gave.
    pub fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, CardError> {
        let step = "AUTHENTICATE TARGET";
        let data = [&challenge[..], &target.identity()].concat();
        let answer = self.fmcos.send(step, &Command::new(0x80, 0x46, target.p1(), 0x00).data(&data))?;
        match answer.len() {
            8 | 16 => Ok(answer),
            n => Err(CardError::malformed(
                step,
                format!("a cryptogram has 8 or 16 bytes, the card answered {n}"),
            )),
        }
    }

    /// EXPORT KEY: the data field of the target's WRITE KEY, sealed for the challenge the target just gave
    /// and for the header (`84 D4 P1 id Lc`) that will carry it.
    pub fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, CardError> {
        let step = "EXPORT KEY";
        let data = [&challenge[..], &header5, &target.identity()].concat();
        let field = self.fmcos.send(step, &Command::new(0x80, 0x44, target.p1(), role).data(&data))?;
        if field.len() == usize::from(header5[4]) {
            return Ok(field);
        }
        let what = format!("the header announces {} byte(s), the card answered {}", header5[4], field.len());
        Err(CardError::malformed(step, what))
    }

    /// KEY INFORMATION of a hierarchy key (`F5`/role) of this card.
    pub fn key_information(&mut self, kind: u8, id: u8) -> Result<KeyInformation, CardError> {
        self.fmcos.key_information(kind, id)
    }
}
