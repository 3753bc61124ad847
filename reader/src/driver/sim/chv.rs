//! Codes of the SIM: CHV1, CHV2, ADM, and the unblock codes [docs/specs/sim.md].

use super::{CLA, DirAnswer, Sim, SimError};
use crate::error::CardError;
use wire::Command;

/// Which code a command means; the value is P2 of VERIFY CHV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Chv {
    /// The holder's PIN.
    Chv1 = 0x01,
    /// The holder's second PIN.
    Chv2 = 0x02,
    /// The administrative code of the issuer, given by VERIFY CHV with P2 0A.
    Adm = 0x0A,
}

impl Sim<'_> {
    /// VERIFY CHV with the code as it is typed: 4 to 8 ASCII digits for a CHV, which are padded with FF here.
    ///
    /// # Errors
    /// [`SimError::ChvWrong`] with the tries left, [`SimError::ChvBlocked`].
    pub fn verify_chv(&mut self, which: Chv, code: &[u8]) -> Result<(), SimError> {
        self.give("VERIFY CHV", 0x20, which, which as u8, &[code])
    }

    /// The administrative code, 8 bytes as the issuer gave them.
    pub fn verify_adm(&mut self, code: &[u8; 8]) -> Result<(), SimError> {
        self.give("VERIFY ADM", 0x20, Chv::Adm, Chv::Adm as u8, &[code])
    }

    /// CHANGE CHV.
    pub fn change_chv(&mut self, which: Chv, old: &[u8], new: &[u8]) -> Result<(), SimError> {
        self.give("CHANGE CHV", 0x24, which, which as u8, &[old, new])
    }

    /// DISABLE CHV: CHV1 is not asked for any more.
    pub fn disable_chv1(&mut self, code: &[u8]) -> Result<(), SimError> {
        self.give("DISABLE CHV", 0x26, Chv::Chv1, 0x01, &[code])
    }

    /// ENABLE CHV: CHV1 is asked for again.
    pub fn enable_chv1(&mut self, code: &[u8]) -> Result<(), SimError> {
        self.give("ENABLE CHV", 0x28, Chv::Chv1, 0x01, &[code])
    }

    /// UNBLOCK CHV: the unblock code (PUK) and a new code.
    pub fn unblock_chv(&mut self, which: Chv, unblock: &[u8], new: &[u8]) -> Result<(), SimError> {
        // CHV1 is 00 here, unlike everywhere else [docs/specs/sim.md].
        let p2 = if which == Chv::Chv2 { 0x02 } else { 0x00 };
        let step = "UNBLOCK CHV";
        match self.give(step, 0x2C, which, p2, &[unblock, new]) {
            // The tries that count here are those of the unblock code.
            Err(SimError::ChvWrong { .. }) => {
                let state = self.status()?;
                let tries = if which == Chv::Chv2 { state.unblock2.tries } else { state.unblock1.tries };
                Err(SimError::ChvWrong { step, tries })
            }
            other => other,
        }
    }

    /// True when the SIM asks for CHV1: enabled. Says nothing of whether it was given since the reset.
    pub fn chv1_enabled(&mut self) -> Result<bool, SimError> {
        Ok(self.status()?.chv1_enabled)
    }

    fn give(
        &mut self,
        step: &'static str,
        ins: u8,
        which: Chv,
        p2: u8,
        codes: &[&[u8]],
    ) -> Result<(), SimError> {
        let mut data = Vec::with_capacity(16);
        for code in codes {
            data.extend_from_slice(&padded(step, code)?);
        }
        match self.send(step, &Command::new(CLA, ins, 0x00, p2).data(&data)) {
            Err(SimError::ChvNeeded { .. }) => Err(self.wrong(step, which)),
            other => other.map(drop),
        }
    }

    /// The word 9804 does not tell the tries left, STATUS does. An ADM code's tries are nowhere told.
    fn wrong(&mut self, step: &'static str, which: Chv) -> SimError {
        match (which, self.status()) {
            (Chv::Chv1, Ok(DirAnswer { chv1, .. })) => SimError::ChvWrong { step, tries: chv1.tries },
            (Chv::Chv2, Ok(DirAnswer { chv2, .. })) => SimError::ChvWrong { step, tries: chv2.tries },
            _ => SimError::ChvNeeded { step },
        }
    }
}

/// Eight bytes, FF behind the code.
fn padded(step: &'static str, code: &[u8]) -> Result<[u8; 8], CardError> {
    if !(4..=8).contains(&code.len()) {
        return Err(CardError::malformed(step, format!("a code has 4 to 8 characters, not {}", code.len())));
    }
    let mut out = [0xFF; 8];
    out[..code.len()].copy_from_slice(code);
    Ok(out)
}
