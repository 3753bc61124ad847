//! The USIM application of a UICC, over class 00 [docs/specs/sim.md, selecting on a UICC].

use super::{Sim, SimError};
use crate::error::CardError;
use scheme::sim::{SFI_IMSI, USIM_AID};
use wire::status::Dialect;
use wire::{Command, Response, Sw};

/// SELECT by AID, no answer wanted.
const BY_AID: [u8; 2] = [0x04, 0x0C];
/// P1 of the binary commands: a short identifier follows in its low bits.
const SHORT: u8 = 0x80;

impl Sim<'_> {
    /// Enters the USIM application; false when the card has none, whatever word it says so with: a classic SIM does not even
    /// know the class. To be asked last: there are cards that answer class A0 no more until they are reset.
    pub fn enter_usim(&mut self) -> Result<bool, SimError> {
        let [p1, p2] = BY_AID;
        let answer = self.uicc("SELECT USIM", &Command::new(0x00, 0xA4, p1, p2).data(&USIM_AID))?;
        Ok(answer.sw.is_ok())
    }

    /// EF_IMSI of the USIM application, 9 bytes; `None` when the card has no such application. Wants PIN1 unless it is off.
    pub fn usim_imsi(&mut self) -> Result<Option<[u8; 9]>, SimError> {
        let step = "read EF_IMSI of the USIM";
        if !self.enter_usim()? {
            return Ok(None);
        }
        let answer = self.uicc(step, &Command::new(0x00, 0xB0, SHORT | SFI_IMSI, 0x00).le(9))?;
        match answer.sw {
            Sw::OK => Ok(Some(super::super::exactly(step, &answer.data)?)),
            sw => Err(refused(step, sw)),
        }
    }

    /// Writes EF_IMSI of the USIM application, which must be current. Wants ADM1.
    pub fn update_usim_imsi(&mut self, imsi: &[u8; 9]) -> Result<(), SimError> {
        let step = "write EF_IMSI of the USIM";
        let answer = self.uicc(step, &Command::new(0x00, 0xD6, SHORT | SFI_IMSI, 0x00).data(imsi))?;
        match answer.sw {
            Sw::OK => Ok(()),
            sw => Err(refused(step, sw)),
        }
    }

    fn uicc(&mut self, step: &'static str, command: &Command) -> Result<Response, SimError> {
        Ok(self.link.ask(step, command)?)
    }
}

fn refused(step: &'static str, sw: Sw) -> SimError {
    match sw {
        Sw::NOT_ALLOWED => SimError::ChvNeeded { step },
        Sw::BLOCKED => SimError::ChvBlocked { step },
        sw => CardError::Refused { step, sw, dialect: Dialect::Uicc }.into(),
    }
}
