//! What can be wrong with a message.

use thiserror::Error;

use super::field::Field;

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
    /// The message type is not the one that is to be read.
    #[error("message type {found} where {expected} was expected")]
    MessageType {
        /// TP-MTI found, 0 to 3.
        found: u8,
        /// TP-MTI expected.
        expected: u8,
    },
    /// A message type that is in no record: a command to the service centre, or a reserved one.
    #[error("message type {0} of a message to the network: neither text nor data for anyone")]
    NoMessage(u8),
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
