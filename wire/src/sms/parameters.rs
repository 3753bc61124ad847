//! What a SIM keeps for a phone that sends messages: EF_SMSP and EF_SMSS [TS 51.011 10.5.6, 10.5.7].

use super::tpdu::{Address, parse_service_centre};

/// Bytes of a record of EF_SMSP behind its name.
const FIXED: usize = 28;
/// Bytes of an address field.
const ADDRESS: usize = 12;
/// Bits of the indicator: 0 says that the parameter is there.
const NO_DESTINATION: u8 = 0x01;
const NO_SERVICE_CENTRE: u8 = 0x02;
const NO_PID: u8 = 0x04;
const NO_DCS: u8 = 0x08;
const NO_VALIDITY: u8 = 0x10;

/// A record of EF_SMSP: what a phone takes for a message when its user does not say. A parameter that is not announced is absent,
/// whatever stands in its place; so is an address that is announced and has no length a number may have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// TP-Destination-Address.
    pub destination: Option<Address>,
    /// TS-Service-Centre-Address.
    pub service_centre: Option<Address>,
    /// TP-Protocol-Identifier.
    pub pid: Option<u8>,
    /// TP-Data-Coding-Scheme.
    pub dcs: Option<u8>,
    /// TP-Validity-Period in the relative format.
    pub validity: Option<u8>,
}

impl Parameters {
    /// Reads a record; the name in front takes what is more than 28 bytes. `None` for fewer bytes.
    #[must_use]
    pub fn parse(record: &[u8]) -> Option<Self> {
        let name = record.len().checked_sub(FIXED)?;
        let &[indicator, ref fields @ ..] = record.get(name..)?.first_chunk::<FIXED>()?;
        let is_there = |bit: u8| indicator & bit == 0;
        let (destination, rest) = fields.split_at_checked(ADDRESS)?;
        let (service_centre, rest) = rest.split_at_checked(ADDRESS)?;
        let &[pid, dcs, validity] = rest.first_chunk()?;
        Some(Self {
            destination: is_there(NO_DESTINATION).then(|| number(destination)).flatten(),
            service_centre: is_there(NO_SERVICE_CENTRE).then(|| centre(service_centre)).flatten(),
            pid: is_there(NO_PID).then_some(pid),
            dcs: is_there(NO_DCS).then_some(dcs),
            validity: is_there(NO_VALIDITY).then_some(validity),
        })
    }
}

/// An address whose length counts digits.
fn number(field: &[u8]) -> Option<Address> {
    let &[digits, ton_npi, ref value @ ..] = field else { return None };
    let value = value.get(..usize::from(digits).div_ceil(2)).filter(|value| !value.is_empty())?;
    Address::from_wire(ton_npi, digits, value).ok()
}

/// An address whose length counts octets.
fn centre(field: &[u8]) -> Option<Address> {
    parse_service_centre(field).ok()?.0
}

/// EF_SMSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingState {
    /// TP-Message-Reference of the message that was sent last.
    pub reference: u8,
    /// A message was turned away because the SIM was full: bit 1 of byte 2 is 0. The other bits mean nothing.
    pub was_full: bool,
}

impl SendingState {
    /// Reads the file; bytes behind the second mean nothing. `None` for fewer than two.
    #[must_use]
    pub fn parse(file: &[u8]) -> Option<Self> {
        let &[reference, flags] = file.first_chunk()?;
        Some(Self { reference, was_full: flags & 0x01 == 0 })
    }
}
