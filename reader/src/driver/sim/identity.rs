//! Who a SIM is: ICCID, IMSI, and our own state file [docs/specs/cards.md 8].

use super::{Sim, SimError};
use crate::error::CardError;
use scheme::profile::{Fid, State};
use scheme::sim::{DF_GSM, DF_TELECOM, EF_GRID, EF_ICCID, EF_IMSI};

/// Structure version of EF_GRID this program knows.
const GRID_VERSION: u8 = 0x01;

impl Sim<'_> {
    /// EF_ICCID content, 10 bytes of swapped BCD. Always free to read.
    pub fn iccid(&mut self) -> Result<[u8; 10], SimError> {
        self.enter(Fid::MF)?;
        self.enter(EF_ICCID)?;
        Ok(super::super::exactly("read EF_ICCID", &self.read_binary(0, 10)?)?)
    }

    /// EF_IMSI content, 9 bytes: length, then the digits as swapped BCD. Wants CHV1 unless it is disabled.
    pub fn imsi(&mut self) -> Result<[u8; 9], SimError> {
        self.enter(Fid::MF)?;
        self.imsi_from_mf()
    }

    /// As [`Sim::imsi`], right after a reset, when the MF is current anyway.
    pub fn imsi_from_mf(&mut self) -> Result<[u8; 9], SimError> {
        self.enter(DF_GSM)?;
        self.enter(EF_IMSI)?;
        Ok(super::super::exactly("read EF_IMSI", &self.read_binary(0, 9)?)?)
    }

    /// State of a SIM we issued; `None` when the file is missing, as on a SIM of an operator.
    pub fn grid_state(&mut self) -> Result<Option<State>, SimError> {
        self.enter(Fid::MF)?;
        self.enter(DF_TELECOM)?;
        self.grid_state_here()
    }

    /// As [`Sim::grid_state`] with DF_TELECOM current.
    pub fn grid_state_here(&mut self) -> Result<Option<State>, SimError> {
        let step = "read EF_GRID";
        match self.enter(EF_GRID) {
            Err(SimError::NotFound { .. }) => return Ok(None),
            other => other?,
        }
        let [state, version] = super::super::exactly(step, &self.read_binary(0, 2)?)?;
        if version != GRID_VERSION {
            let what = format!("structure version {version:02X}, this program knows {GRID_VERSION:02X}");
            return Err(CardError::malformed(step, what).into());
        }
        match State::from_code(state) {
            Some(state @ (State::Test | State::Formal)) => Ok(Some(state)),
            Some(State::Retired) | None => {
                Err(CardError::malformed(step, format!("unknown state {state:02X}")).into())
            }
        }
    }
}
