//! A record of EF_SMS: status, service centre address, TPDU, filler FF [TS 51.011 10.5.3].

use alloc::vec::Vec;

use thiserror::Error;

use super::tpdu::{
    Address, Direction, Field, Note, Oddity, Tpdu, TpduError, read_service_centre, service_centre_bytes,
};

/// Length of every record of EF_SMS.
pub const RECORD_LEN: usize = 176;

/// Messages that a packet of ours goes in at most, and so records.
pub const MOST_PARTS: u8 = 2;

const USED: u8 = 0x01;
const ORIGINATED: u8 = 0x04;
const SENT: u8 = 0x05;
const SENT_REPORT_MASK: u8 = 0x18;
/// Bits that tell the state; those of the report belong to a message that was sent alone.
const STATE_MASK: u8 = 0x07;
const RESERVED: u8 = 0xE0;
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
}

impl RecordStatus {
    /// Every byte that means this state alone: what a search by the first byte can look for.
    pub const EXACT: [u8; 8] = [0x00, 0x01, 0x03, 0x07, 0x05, 0x0D, 0x15, 0x1D];

    /// The state a status byte tells; bits that mean nothing are passed over.
    #[must_use]
    pub fn from_byte(byte: u8) -> Self {
        match byte & STATE_MASK {
            0x01 => Self::Read,
            0x03 => Self::Unread,
            0x05 => Self::Sent(SENT | (byte & SENT_REPORT_MASK)),
            0x07 => Self::ToBeSent,
            _ => Self::Free,
        }
    }

    /// The status byte, without bits that mean nothing.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Free => 0x00,
            Self::Read => 0x01,
            Self::Unread => 0x03,
            Self::ToBeSent => 0x07,
            Self::Sent(byte) => SENT | (byte & SENT_REPORT_MASK),
        }
    }

    /// The status byte of this state over one that stood there: bits that mean nothing stay as they were.
    #[must_use]
    pub fn over(self, byte: u8) -> u8 {
        self.byte() | (byte & RESERVED)
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
    /// Every byte is FF: nobody has ever written the record.
    #[error("SMS record of FF alone: never written, and not marked as free")]
    Unformatted,
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
    /// Reads a record of 176 bytes; `None` when it is free.
    ///
    /// # Errors
    /// There is no message in it, or none whose fields can be told apart.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, RecordError> {
        Ok(Self::read(bytes)?.map(|(record, _)| record))
    }

    /// As [`SmsRecord::parse`]; also gives what is odd about the record, by its place in it.
    pub fn read(bytes: &[u8]) -> Result<Option<(Self, Vec<Note>)>, RecordError> {
        let (first, rest) = match bytes.split_first() {
            Some(split) if bytes.len() == RECORD_LEN => split,
            _ => return Err(RecordError::Length { found: bytes.len() }),
        };
        let status = RecordStatus::from_byte(*first);
        let Some(direction) = status.direction() else { return Ok(None) };
        if bytes.iter().all(|byte| *byte == FILLER) {
            return Err(RecordError::Unformatted);
        }
        let mut notes = Vec::new();
        if status.byte() != *first {
            notes.push(Note { field: Field::Status, offset: 0, oddity: Oddity::ReservedBits(*first) });
        }
        let (service_centre, used, odd) = read_service_centre(rest).map_err(RecordError::ServiceCentre)?;
        let at = 1 + used;
        notes.extend(moved(odd, 1));
        let message = bytes.get(at..).unwrap_or_default();
        let (tpdu, used, odd) =
            Tpdu::read(message, direction).map_err(|source| RecordError::Tpdu { at, source })?;
        notes.extend(moved(odd, at));
        let end = at + used;
        if let Some(place) = bytes.iter().skip(end).position(|byte| *byte != FILLER) {
            notes.push(Note { field: Field::Filler, offset: end + place, oddity: Oddity::NotFiller });
        }
        Ok(Some((Self { status, service_centre, tpdu }, notes)))
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
}

/// Notes whose offsets count from `at`, counted from the start of the record.
fn moved(notes: Vec<Note>, at: usize) -> impl Iterator<Item = Note> {
    notes.into_iter().map(move |note| Note { offset: at + note.offset, ..note })
}

/// What an order or a receipt stands in: one record of EF_SMS, or two, the first part first. As bytes they stand one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records(Vec<u8>);

impl Records {
    /// Reads 176 bytes, or 352: what is in them is not looked at.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (records, rest) = bytes.as_chunks::<RECORD_LEN>();
        let fits = rest.is_empty() && (1..=usize::from(MOST_PARTS)).contains(&records.len());
        fits.then(|| Records(bytes.to_vec()))
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[[u8; RECORD_LEN]] {
        self.0.as_chunks().0
    }
}

impl From<[u8; RECORD_LEN]> for Records {
    fn from(record: [u8; RECORD_LEN]) -> Self {
        Records(record.to_vec())
    }
}

impl core::ops::Deref for Records {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Records {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A free record: 00, then FF.
#[must_use]
pub fn free_record() -> [u8; RECORD_LEN] {
    let mut out = [FILLER; RECORD_LEN];
    out[0] = RecordStatus::Free.byte();
    out
}
