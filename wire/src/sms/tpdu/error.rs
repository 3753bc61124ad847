//! What can be wrong with a message, and the cursor that says where.

use core::fmt;

use thiserror::Error;

/// The field of a message an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// First octet: message type and flags.
    FirstOctet,
    /// TP-Message-Reference of a SUBMIT.
    Reference,
    /// TP-Originating-Address or TP-Destination-Address.
    Address,
    /// TS-Service-Centre-Address in front of a TPDU in EF_SMS.
    ServiceCentre,
    /// TP-Protocol-Identifier.
    Protocol,
    /// TP-Data-Coding-Scheme.
    DataCoding,
    /// TP-Service-Centre-Time-Stamp.
    Timestamp,
    /// TP-Validity-Period.
    Validity,
    /// TP-User-Data-Length.
    UserDataLength,
    /// TP-User-Data.
    UserData,
    /// User data header: its length octet and its elements.
    Header,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstOctet => "first octet",
            Self::Reference => "message reference",
            Self::Address => "address",
            Self::ServiceCentre => "service centre address",
            Self::Protocol => "protocol identifier",
            Self::DataCoding => "data coding scheme",
            Self::Timestamp => "time stamp",
            Self::Validity => "validity period",
            Self::UserDataLength => "user data length",
            Self::UserData => "user data",
            Self::Header => "user data header",
        })
    }
}

/// Why a message could not be read or built. Offsets count from the first byte given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TpduError {
    /// The bytes end inside a field.
    #[error("{field} at byte {offset}: {needed} bytes needed, {left} left")]
    Truncated {
        /// Field that is cut.
        field: Field,
        /// Where the field begins.
        offset: usize,
        /// Bytes the field needs.
        needed: usize,
        /// Bytes there are.
        left: usize,
    },
    /// A length is larger than its field may be.
    #[error("{field} at byte {offset}: length {length}, at most {limit}")]
    TooLong {
        /// Field that is too long.
        field: Field,
        /// Where its length stands (0 when a message is being built).
        offset: usize,
        /// Length found, in the unit of the field (digits, octets, septets).
        length: usize,
        /// Largest length allowed.
        limit: usize,
    },
    /// The user data header, or an element of it, reaches beyond what contains it.
    #[error("user data header at byte {offset}: {needed} octets claimed, {available} available")]
    HeaderBeyond {
        /// Where the length of header or element stands.
        offset: usize,
        /// Octets claimed, length octets included.
        needed: usize,
        /// Octets the user data (or the header) has from there.
        available: usize,
    },
    /// The message type is not the one this direction allows (status reports included).
    #[error("message type {found} where {expected} was expected")]
    MessageType {
        /// TP-MTI found, 0 to 3.
        found: u8,
        /// TP-MTI expected.
        expected: u8,
    },
    /// A character of a telephone number is not a decimal digit.
    #[error("telephone number: character {position} is not a digit")]
    NotADigit {
        /// Position of the character, from 0, a leading `+` included.
        position: usize,
    },
    /// An address has no digits, or its parts contradict each other.
    #[error("address: {semi_octets} semi-octets in {octets} octets")]
    AddressShape {
        /// Semi-octets stated.
        semi_octets: u8,
        /// Octets given.
        octets: usize,
    },
    /// A date or time of day that does not exist, or is not BCD.
    #[error("time stamp: part {part} (0 year to 6 zone) is out of range")]
    TimestampPart {
        /// Index of the part in wire order.
        part: usize,
    },
}

pub(super) fn too_long(field: Field, offset: usize, length: usize, limit: usize) -> TpduError {
    TpduError::TooLong { field, offset, length, limit }
}

/// The bytes being read, and how far.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, field: Field, count: usize) -> Result<&'a [u8], TpduError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(TpduError::Truncated {
            field,
            offset: self.at,
            needed: count,
            left: rest.len(),
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn byte(&mut self, field: Field) -> Result<u8, TpduError> {
        Ok(self.array::<1>(field)?[0])
    }

    pub(super) fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N], TpduError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(field, N)?);
        Ok(out)
    }
}
