//! One question to a SIM through its modem, and its answer.

use super::error::ModemError;
use super::line::{Modem, Wanted};
use wire::Sw;
use wire::at::sim::{csim, read_crsm, read_csim};

/// One command over +CSIM.
pub(super) fn csim_of(modem: &mut Modem, command: &[u8]) -> Result<Vec<u8>, ModemError> {
    let lines = modem.ask_sim(&csim(command), Wanted::Prefixed("+CSIM:"))?;
    let answer = lines.iter().find_map(|line| read_csim(line));
    answer.ok_or_else(|| ModemError::Malformed { modem: modem.name().to_owned(), command: "+CSIM".into() })
}

/// One command of +CRSM.
pub(super) fn crsm_of(modem: &mut Modem, command: &str) -> Result<(Vec<u8>, Sw), ModemError> {
    let lines = modem.ask_sim(command, Wanted::Prefixed("+CRSM:"))?;
    let answer = lines.iter().find_map(|line| read_crsm(line));
    answer.ok_or_else(|| ModemError::Malformed { modem: modem.name().to_owned(), command: "+CRSM".into() })
}
