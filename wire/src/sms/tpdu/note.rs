//! What is odd about a message that is read all the same [docs/specs/sim.md, bytes that should not be there].

use core::fmt;

use super::field::Field;

/// Something a sender, a network or a phone should not have written, and how it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// The field it stands in.
    pub field: Field,
    /// Where, from the first byte given.
    pub offset: usize,
    /// What it is.
    pub oddity: Oddity,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.offset, self.oddity)
    }
}

/// What is odd, and how it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// Bits that mean nothing are set in this byte.
    ReservedBits(u8),
    /// The message goes the other way than the status of its record tells.
    OtherWay,
    /// Message type 3 [TS 23.040 9.2.3.1].
    ReservedType,
    /// A length of 1: an address type and no address.
    OnlyType,
    /// More digits than the ten octets of an address hold.
    ManyDigits(usize),
    /// Bit 8 of the type octet, this one, is 0.
    TypeBit(u8),
    /// A filler stands among the digits; the number ends before it.
    NumberEnds,
    /// The half octet behind an odd number of digits is this.
    NoFiller(u8),
    /// A name counted in whole octets has an `@` too many.
    NameEnds,
    /// A digit above 9 in this byte; it counts as 0 [TS 23.040 9.2.3.11].
    NoDigit(u8),
    /// A date or time of day that does not exist.
    NoSuchTime([u8; 7]),
    /// A time zone of so many quarters of an hour, in which nobody lives.
    Zone(i8),
    /// A coding without meaning, read as the default alphabet [TS 23.038 4].
    ReservedCoding(u8),
    /// Compressed text, which is not read [TS 23.042].
    Compressed,
    /// Fewer octets are there than the length says.
    Cut {
        /// Octets the length says.
        stated: usize,
        /// Octets there are.
        there: usize,
    },
    /// A length, in octets or septets, that no message may have.
    TooMuch {
        /// As it says.
        stated: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The header is said to be longer than the user data; the octets are shown as they are.
    HeaderBeyond {
        /// Octets claimed, the length octet included.
        needed: usize,
        /// Octets there are.
        available: usize,
    },
    /// The elements do not come out even with the header: all of them are ignored.
    HeaderIgnored,
    /// An element of the wrong length for its kind is passed over.
    ElementLength(u8),
    /// An element whose numbers make no sense is passed over.
    ElementValue(u8),
    /// An element is overruled by one further on: the last counts.
    ElementAgain(u8),
    /// Half a character, or an escape to another table with nothing behind it, stands at the end.
    HalfCharacter,
    /// The text begins as if its bytes were in the other order.
    OtherByteOrder,
    /// A status of a report that has no meaning, read as "service rejected" [TS 23.040 9.2.3.15].
    ReservedStatus(u8),
    /// Bytes other than FF follow the message.
    NotFiller,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ReservedBits(byte) => write!(f, "{byte:02X} has bits that mean nothing"),
            Self::OtherWay => f.write_str("the message goes the other way than the status tells"),
            Self::ReservedType => f.write_str("type 3 is reserved, read as a received message"),
            Self::OnlyType => f.write_str("a type and no number, read as none"),
            Self::ManyDigits(count) => write!(f, "{count} digits, where 20 may be"),
            Self::TypeBit(byte) => write!(f, "bit 8 of the type {byte:02X} is 0"),
            Self::NumberEnds => f.write_str("a filler stands among the digits, the number ends there"),
            Self::NoFiller(half) => write!(f, "the unused half octet is {half:X}, not F"),
            Self::NameEnds => f.write_str("the name is counted in octets, an @ at its end is none"),
            Self::NoDigit(byte) => write!(f, "{byte:02X} has a digit above 9, read as 0"),
            Self::NoSuchTime(raw) => write!(f, "no such time ({})", hex::encode_upper(raw)),
            Self::Zone(quarters) => write!(f, "no zone is {quarters:+} quarters of an hour from UTC"),
            Self::ReservedCoding(byte) => write!(f, "{byte:02X} is reserved, read as the default alphabet"),
            Self::Compressed => f.write_str("compressed text, shown in digits"),
            Self::Cut { stated, there } => write!(f, "{stated} octets said, {there} there"),
            Self::TooMuch { stated, limit } => write!(f, "length {stated}, where {limit} may be"),
            Self::HeaderBeyond { needed, available } => {
                write!(f, "{needed} octets claimed, {available} there; shown in digits")
            }
            Self::HeaderIgnored => f.write_str("its elements do not fit, all are ignored"),
            Self::ElementLength(id) => write!(f, "element {id:02X} has a wrong length and is passed over"),
            Self::ElementValue(id) => write!(f, "element {id:02X} makes no sense and is passed over"),
            Self::ElementAgain(id) => write!(f, "element {id:02X} is overruled by a later one"),
            Self::HalfCharacter => f.write_str("half a character at the end is left out"),
            Self::OtherByteOrder => f.write_str("FFFE at the beginning: written in the other byte order"),
            Self::ReservedStatus(byte) => write!(f, "{byte:02X} is reserved, read as a refusal"),
            Self::NotFiller => f.write_str("other bytes than FF follow the message"),
        }
    }
}
