//! Frames of CJ/T 188, the protocol of water, gas and heat meters [docs/specs/cjt188.md].
//!
//! `68 T A0..A6 C L DATA CS 16`: T what is measured, address least significant byte first, nothing added to DATA, CS the sum of all
//! bytes before it, modulo 256. Bytes FE before a frame wake the receiver.

pub mod values;

use crate::frames::{Begun, FrameError, Framed, START, closed};
use alloc::vec::Vec;
use core::fmt;

/// Finds frames on a line.
pub type Receiver = crate::frames::Receiver<Frame>;

/// Bytes of a frame around its DATA.
const AROUND: usize = 13;
/// The longest frame.
pub const FRAME_MAX: usize = AROUND + u8::MAX as usize;

/// What a meter measures: T.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub u8);

impl Kind {
    /// Cold water.
    pub const WATER: Kind = Kind(0x10);
    /// Gas.
    pub const GAS: Kind = Kind(0x30);
    /// Whatever hears it. UNSPECIFIED: programs of the field send it with the open address.
    pub const ANY: Kind = Kind(0xAA);

    /// Whether a byte can be one: 10 to 19 water, 20 to 29 heat, 30 to 39 gas, 40 to 49 others.
    pub const fn is_one(self) -> bool {
        matches!(self.0, 0x10..=0x19 | 0x20..=0x29 | 0x30..=0x39 | 0x40..=0x49 | 0xAA)
    }

    /// Whether a request of this kind is for a meter of that one.
    pub fn reaches(self, meter: Kind) -> bool {
        self == meter || self == Kind::ANY
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({:02X})", self.0)
    }
}

/// Address of a meter: 7 bytes as they are read, A6 to A0: the maker's A6 and A5, then ten digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 7]);

impl Address {
    /// Whoever hears it.
    pub const WILDCARD: Address = Address([0xAA; 7]);

    /// The address of a meter with a number of 12 digits. UNSPECIFIED: an address has 10 digits and a maker's code; the first two digits
    /// stand in the place of the code, with 00 before them.
    pub const fn of(number: [u8; 6]) -> Self {
        let [a, b, c, d, e, f] = number;
        Address([0, a, b, c, d, e, f])
    }

    /// The 12 digits of such an address; `None` where A6 is not 00.
    pub const fn number(self) -> Option<[u8; 6]> {
        let [head, a, b, c, d, e, f] = self.0;
        if head == 0 { Some([a, b, c, d, e, f]) } else { None }
    }

    /// Whether a frame to this address is meant for a meter of that one.
    pub fn reaches(self, meter: Address) -> bool {
        self == meter || self == Address::WILDCARD
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// What a frame asks for: the six low bits of its control byte.
pub mod function {
    /// Read data.
    pub const READ: u8 = 0x01;
    /// Read the address.
    pub const READ_ADDRESS: u8 = 0x03;
    /// Write data.
    pub const WRITE: u8 = 0x04;
    /// Read the version of the key.
    pub const READ_KEY: u8 = 0x09;
    /// Write the address.
    pub const WRITE_ADDRESS: u8 = 0x15;
    /// Write where the register begins.
    pub const SYNC: u8 = 0x16;
}

/// The control byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Control(pub u8);

impl Control {
    const ANSWER: u8 = 0x80;
    const ERROR: u8 = 0x40;

    /// A request.
    pub const fn request(function: u8) -> Self {
        Control(function & 0x3F)
    }

    /// An answer.
    pub const fn answer(function: u8) -> Self {
        Control(Self::ANSWER | function & 0x3F)
    }

    /// A refusal.
    pub const fn refusal(function: u8) -> Self {
        Control(Self::ANSWER | Self::ERROR | function & 0x3F)
    }

    /// What it asks for, or answers.
    pub const fn function(self) -> u8 {
        self.0 & 0x3F
    }

    /// A meter says it.
    pub const fn is_answer(self) -> bool {
        self.0 & Self::ANSWER != 0
    }

    /// A meter refuses.
    pub const fn is_refusal(self) -> bool {
        self.0 & Self::ERROR != 0
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:02X})", self.0)
    }
}

/// In which order the two bytes of an identifier stand on the line. Programs and meters of the field do either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// `90 1F`.
    HighFirst,
    /// `1F 90`.
    LowFirst,
}

/// A data identifier, as it is written: `901F`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(pub u16);

impl Identifier {
    /// What is metered now, with time and state.
    pub const METERED: Identifier = Identifier(0x901F);
    /// Prices and the amounts between them.
    pub const PRICES: Identifier = Identifier(0x8102);
    /// Purchases: number, last, all, what is left.
    pub const PURCHASES: Identifier = Identifier(0x8105);
    /// Version of the key.
    pub const KEY_VERSION: Identifier = Identifier(0x8106);
    /// Address.
    pub const ADDRESS: Identifier = Identifier(0x810A);
    /// The valve.
    pub const VALVE: Identifier = Identifier(0xA017);
    /// A frame of DL/T 645 inside; an identifier of our own [docs/specs/cjt188.md 5].
    pub const CARRIED: Identifier = Identifier(0xF645);

    /// First bytes of identifiers: no identifier has one of them as its second.
    const GROUPS: [u8; 6] = [0x81, 0x90, 0xA0, 0xA1, 0xD1, 0xF6];

    /// As it stands in DATA.
    pub const fn bytes(self, order: ByteOrder) -> [u8; 2] {
        match order {
            ByteOrder::HighFirst => self.0.to_be_bytes(),
            ByteOrder::LowFirst => self.0.to_le_bytes(),
        }
    }

    /// The identifier at the beginning of DATA, the order it stands in, and what follows; `None` when DATA is shorter.
    pub fn split(data: &[u8]) -> Option<(Self, ByteOrder, &[u8])> {
        let (head, rest) = data.split_first_chunk::<2>()?;
        if Self::GROUPS.contains(&head[0]) {
            return Some((Identifier(u16::from_be_bytes(*head)), ByteOrder::HighFirst, rest));
        }
        Some((Identifier(u16::from_le_bytes(*head)), ByteOrder::LowFirst, rest))
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({self})")
    }
}

/// Units of what is metered.
pub mod unit {
    /// Cubic metres.
    pub const CUBIC_METRE: u8 = 0x2C;
    /// Litres.
    pub const LITRE: u8 = 0x29;
    /// kWh.
    pub const KWH: u8 = 0x05;
}

/// What a command to a valve is.
pub mod valve {
    /// Open it.
    pub const OPEN: u8 = 0x55;
    /// Close it.
    pub const CLOSE: u8 = 0x99;
}

/// State of a meter: ST. The first byte is the standard's, as far as sources agree; the second is its maker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// What the valve is: 00 open, 01 closed, 11 (3) it does not move.
    pub valve: u8,
    /// The battery is low.
    pub battery_low: bool,
    /// The maker's byte.
    pub maker: u8,
}

impl Status {
    /// As it stands in DATA.
    pub const fn bytes(self) -> [u8; 2] {
        [self.valve & 0x03 | if self.battery_low { 1 << 2 } else { 0 }, self.maker]
    }

    /// From DATA.
    pub const fn of([first, maker]: [u8; 2]) -> Self {
        Status { valve: first & 0x03, battery_low: first & 1 << 2 != 0, maker }
    }
}

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What is measured.
    pub kind: Kind,
    /// Whom it is for, or who answers.
    pub address: Address,
    /// What it is.
    pub control: Control,
    /// Identifier, serial number of the request, what follows; at most 255 bytes.
    pub data: Vec<u8>,
}

impl Frame {
    /// A request about an identifier, with the number that its answer has as well.
    pub fn request(
        (kind, address): (Kind, Address),
        function: u8,
        (about, order): (Identifier, ByteOrder),
        number: u8,
        rest: &[u8],
    ) -> Self {
        let mut data = about.bytes(order).to_vec();
        data.push(number);
        data.extend_from_slice(rest);
        Frame { kind, address, control: Control::request(function), data }
    }

    /// As it stands on the line, without bytes FE before it.
    ///
    /// # Errors
    /// [`FrameError::TooLong`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, FrameError> {
        let len = u8::try_from(self.data.len()).map_err(|_| FrameError::TooLong(self.data.len()))?;
        let mut out = Vec::with_capacity(AROUND + self.data.len());
        out.extend([START, self.kind.0]);
        out.extend(self.address.0.iter().rev());
        out.extend([self.control.0, len]);
        out.extend_from_slice(&self.data);
        Ok(closed(out))
    }
}

impl Framed for Frame {
    fn begun(bytes: &[u8]) -> Begun {
        match bytes {
            // Nothing that is measured has this letter: no frame begins here.
            [_, kind, ..] if !Kind(*kind).is_one() => Begun::Nothing,
            [_, rest @ ..] if rest.len() >= 10 => Begun::Whole(AROUND + usize::from(rest[9])),
            _ => Begun::More,
        }
    }

    fn of(body: &[u8]) -> Self {
        let mut address: [u8; 7] = core::array::from_fn(|i| body[2 + i]);
        address.reverse();
        let (kind, control) = (Kind(body[1]), Control(body[9]));
        Frame { kind, address: Address(address), control, data: body[11..].to_vec() }
    }
}
