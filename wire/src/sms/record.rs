//! A record of EF_SMS: status, service centre address, TPDU, filler FF [TS 51.011 10.5.3].

use alloc::vec::Vec;

use thiserror::Error;

use super::tpdu::{
    Address, Direction, IE_COMMAND_PACKET, IE_RESPONSE_PACKET, Tpdu, TpduError, UserData,
    parse_service_centre, service_centre_bytes,
};
use crate::packet::TAR;

/// Length of every record of EF_SMS.
pub const RECORD_LEN: usize = 176;

/// Where TAR stands in a command packet: after CPL 2, CHL 1, SPI 2, KIc 1, KID 1.
const TAR_IN_COMMAND: usize = 7;
/// Where TAR stands in a response packet: after RPL 2, RHL 1.
const TAR_IN_RESPONSE: usize = 3;

const USED: u8 = 0x01;
const ORIGINATED: u8 = 0x04;
const SENT: u8 = 0x05;
const SENT_REPORT_MASK: u8 = 0x18;
const FILLER: u8 = 0xFF;

/// State of a record, its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordStatus {
    /// Nothing in it (bit 1 clear); the rest of the record has no meaning.
    Free,
    /// 01: received and read.
    Read,
    /// 03: received, to be read.
    Unread,
    /// 07: to be sent.
    ToBeSent,
    /// 05, 0D, 15, 1D: sent; the byte tells what became of the status report.
    Sent(u8),
    /// In use, with bits set that have no meaning yet; bit 3 still tells the direction.
    Unknown(u8),
}

impl RecordStatus {
    /// The state a status byte tells.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            _ if byte & USED == 0 => Self::Free,
            0x01 => Self::Read,
            0x03 => Self::Unread,
            0x07 => Self::ToBeSent,
            _ if byte & !SENT_REPORT_MASK == SENT => Self::Sent(byte),
            _ => Self::Unknown(byte),
        }
    }

    /// The status byte.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Free => 0x00,
            Self::Read => 0x01,
            Self::Unread => 0x03,
            Self::ToBeSent => 0x07,
            Self::Sent(byte) => SENT | (byte & SENT_REPORT_MASK),
            Self::Unknown(byte) => byte,
        }
    }

    /// Which way the message of the record travels; none when the record is free.
    #[must_use]
    pub fn direction(self) -> Option<Direction> {
        let byte = self.byte();
        if byte & USED == 0 {
            None
        } else if byte & ORIGINATED == 0 {
            Some(Direction::FromNetwork)
        } else {
            Some(Direction::ToNetwork)
        }
    }
}

/// Why a record could not be read or built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The record has another length than 176.
    #[error("SMS record of {found} bytes, must be {RECORD_LEN}")]
    Length {
        /// Bytes given.
        found: usize,
    },
    /// The service centre address cannot be read.
    #[error("SMS record, byte 1: {0}")]
    ServiceCentre(#[source] TpduError),
    /// The message cannot be read; the offsets inside count from `at`.
    #[error("SMS record, message from byte {at}: {source}")]
    Tpdu {
        /// Where the message begins in the record, from 0.
        at: usize,
        /// What is wrong with it.
        source: TpduError,
    },
    /// Status, address and message together need more than a record has.
    #[error("SMS record would need {needed} bytes, has {RECORD_LEN}")]
    TooLong {
        /// Bytes needed.
        needed: usize,
    },
    /// The status is free, or tells another direction than the message has.
    #[error("SMS record: status {status:02X} does not fit the message")]
    Status {
        /// The status byte.
        status: u8,
    },
}

/// A message of the purchase protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// A command packet: top-up order for a meter.
    Order,
    /// A response packet: a meter's receipt.
    Receipt,
}

/// A record in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsRecord {
    /// State; must fit the direction of `tpdu`.
    pub status: RecordStatus,
    /// Service centre address; none writes length 00.
    pub service_centre: Option<Address>,
    /// The message.
    pub tpdu: Tpdu,
}

impl SmsRecord {
    /// Reads a record of 176 bytes; `None` when it is free. What follows the message is not
    /// looked at.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, RecordError> {
        let (first, rest) = match bytes.split_first() {
            Some(split) if bytes.len() == RECORD_LEN => split,
            _ => return Err(RecordError::Length { found: bytes.len() }),
        };
        let status = RecordStatus::from_byte(*first);
        let Some(direction) = status.direction() else { return Ok(None) };
        let (service_centre, used) = parse_service_centre(rest).map_err(RecordError::ServiceCentre)?;
        let message = rest.get(used..).unwrap_or_default();
        let (tpdu, _) =
            Tpdu::parse(message, direction).map_err(|source| RecordError::Tpdu { at: 1 + used, source })?;
        Ok(Some(Self { status, service_centre, tpdu }))
    }

    /// The record, filled up with FF. A SUBMIT with the longest addresses, a seven-byte validity
    /// period and 140 octets of data needs 177 bytes: that is an error, not a cut message.
    pub fn to_bytes(&self) -> Result<[u8; RECORD_LEN], RecordError> {
        let status = self.status.byte();
        if self.status.direction() != Some(self.tpdu.direction()) {
            return Err(RecordError::Status { status });
        }
        let mut used: Vec<u8> = Vec::with_capacity(RECORD_LEN);
        used.push(status);
        match &self.service_centre {
            Some(address) => used.extend(service_centre_bytes(address)),
            None => used.push(0),
        }
        used.extend(self.tpdu.to_bytes());
        let mut out = [FILLER; RECORD_LEN];
        out.get_mut(..used.len()).ok_or(RecordError::TooLong { needed: used.len() })?.copy_from_slice(&used);
        Ok(out)
    }

    /// Whether the message is of the purchase protocol, and which one.
    #[must_use]
    pub fn ours(&self) -> Option<Ours> {
        ours(self.tpdu.user_data())
    }
}

/// Tells by header element and TAR only (docs/specs/purchase.md, 3): the packet itself is not
/// opened, so that any record can be asked without keys. Continuation segments carry neither
/// and are nobody's.
fn ours(user_data: &UserData) -> Option<Ours> {
    // Packed septets hold no packet.
    if user_data.septets().is_some() {
        return None;
    }
    let has_tar_at = |at: usize| user_data.body().get(at..at + TAR.len()) == Some(&TAR[..]);
    if user_data.element(IE_COMMAND_PACKET).is_some() && has_tar_at(TAR_IN_COMMAND) {
        Some(Ours::Order)
    } else if user_data.element(IE_RESPONSE_PACKET).is_some() && has_tar_at(TAR_IN_RESPONSE) {
        Some(Ours::Receipt)
    } else {
        None
    }
}

/// Whether a new order may replace this record: a receipt of ours that was sent.
///
/// A free record is not "reusable"; a record that cannot be read belongs to somebody else.
#[must_use]
pub fn reusable(bytes: &[u8]) -> bool {
    match SmsRecord::parse(bytes) {
        Ok(Some(record)) => {
            matches!(record.status, RecordStatus::Sent(_)) && record.ours() == Some(Ours::Receipt)
        }
        Ok(None) | Err(_) => false,
    }
}

/// A free record: 00, then FF.
#[must_use]
pub fn free_record() -> [u8; RECORD_LEN] {
    let mut out = [FILLER; RECORD_LEN];
    out[0] = RecordStatus::Free.byte();
    out
}
