//! Frames of DL/T 645-2007, the protocol of a meter's ports [docs/specs/dlt645.md].
//!
//! `68 A0..A5 68 C L DATA CS 16`: address and every field least significant byte first, each byte of DATA plus 33h on the line, CS the sum
//! of all bytes before it, modulo 256. Up to four bytes FE wake the receiver before a frame; none need be there.

pub mod items;

pub use crate::frames::{END, FrameError, START, WAKE};

use crate::frames::{Begun, Framed, closed};
use alloc::vec::Vec;
use core::fmt;

/// Finds frames on a line.
pub type Receiver = crate::frames::Receiver<Frame>;

/// What is added to each byte of DATA on the line.
const OFFSET: u8 = 0x33;
/// Bytes of a frame around its DATA.
const AROUND: usize = 12;
/// The longest frame.
pub const FRAME_MAX: usize = AROUND + u8::MAX as usize;

/// Address of a meter: 6 bytes as they are read, most significant digits first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 6]);

impl Address {
    /// Whoever hears it: every digit A.
    pub const WILDCARD: Address = Address([0xAA; 6]);
    /// All meters, none of which answers.
    pub const BROADCAST: Address = Address([0x99; 6]);

    /// Whether a frame to this address is meant for a meter of that one. Leading bytes AA stand for any: an address may be given by its
    /// last digits alone.
    pub fn reaches(self, meter: Address) -> bool {
        let open = self.0.iter().take_while(|byte| **byte == 0xAA).count();
        self.0[open..] == meter.0[open..]
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

/// What a frame asks for: the five low bits of its control byte.
pub mod function {
    /// Security.
    pub const SECURITY: u8 = 0x03;
    /// The time, told to all.
    pub const BROADCAST_TIME: u8 = 0x08;
    /// Read data.
    pub const READ: u8 = 0x11;
    /// Read what did not fit into the answer before.
    pub const READ_ON: u8 = 0x12;
    /// Read the address.
    pub const READ_ADDRESS: u8 = 0x13;
    /// Write data.
    pub const WRITE: u8 = 0x14;
    /// Write the address.
    pub const WRITE_ADDRESS: u8 = 0x15;
    /// Freeze.
    pub const FREEZE: u8 = 0x16;
    /// Change the speed of the line.
    pub const SPEED: u8 = 0x17;
    /// Change a password.
    pub const PASSWORD: u8 = 0x18;
    /// Clear the greatest demand.
    pub const CLEAR_DEMAND: u8 = 0x19;
    /// Clear the meter.
    pub const CLEAR_METER: u8 = 0x1A;
    /// Clear events.
    pub const CLEAR_EVENTS: u8 = 0x1B;
    /// Trip, close, alarm, keep.
    pub const CONTROL: u8 = 0x1C;
}

/// The control byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Control(pub u8);

impl Control {
    const ANSWER: u8 = 0x80;
    const ERROR: u8 = 0x40;
    const MORE: u8 = 0x20;

    /// A request.
    pub const fn request(function: u8) -> Self {
        Control(function & 0x1F)
    }

    /// An answer; `more`: another frame has the rest.
    pub const fn answer(function: u8, more: bool) -> Self {
        Control(Self::ANSWER | if more { Self::MORE } else { 0 } | function & 0x1F)
    }

    /// A refusal.
    pub const fn refusal(function: u8) -> Self {
        Control(Self::ANSWER | Self::ERROR | function & 0x1F)
    }

    /// What it asks for, or answers.
    pub const fn function(self) -> u8 {
        self.0 & 0x1F
    }

    /// A meter says it.
    pub const fn is_answer(self) -> bool {
        self.0 & Self::ANSWER != 0
    }

    /// A meter refuses.
    pub const fn is_refusal(self) -> bool {
        self.0 & Self::ERROR != 0
    }

    /// Another frame has the rest.
    pub const fn has_more(self) -> bool {
        self.0 & Self::MORE != 0
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({:02X})", self.0)
    }
}

/// A data identifier, as it is written: `02010100` is DI3 = 02 to DI0 = 00. On the line DI0 comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(pub u32);

impl Identifier {
    /// As it stands at the beginning of DATA.
    pub const fn bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// The identifier at the beginning of DATA, and what follows it; `None` when DATA is shorter.
    pub fn split(data: &[u8]) -> Option<(Self, &[u8])> {
        let (head, rest) = data.split_first_chunk::<4>()?;
        Some((Identifier(u32::from_le_bytes(*head)), rest))
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}", self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({self})")
    }
}

/// A frame, its DATA as it was before the line: 33h is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whom it is for, or who answers.
    pub address: Address,
    /// What it is.
    pub control: Control,
    /// At most 255 bytes.
    pub data: Vec<u8>,
}

impl Frame {
    /// A request.
    pub const fn request(address: Address, function: u8, data: Vec<u8>) -> Self {
        Frame { address, control: Control::request(function), data }
    }

    /// As it stands on the line, without bytes FE before it.
    ///
    /// # Errors
    /// [`FrameError::TooLong`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, FrameError> {
        let len = u8::try_from(self.data.len()).map_err(|_| FrameError::TooLong(self.data.len()))?;
        let mut out = Vec::with_capacity(AROUND + self.data.len());
        out.push(START);
        out.extend(self.address.0.iter().rev());
        out.extend([START, self.control.0, len]);
        out.extend(self.data.iter().map(|byte| byte.wrapping_add(OFFSET)));
        Ok(closed(out))
    }
}

impl Framed for Frame {
    fn begun(bytes: &[u8]) -> Begun {
        match bytes {
            // The second 68 is not where it belongs: this one begins nothing.
            [_, rest @ ..] if rest.len() >= 7 && rest[6] != START => Begun::Nothing,
            [_, rest @ ..] if rest.len() >= 9 => Begun::Whole(AROUND + usize::from(rest[8])),
            _ => Begun::More,
        }
    }

    fn of(body: &[u8]) -> Self {
        let mut address: [u8; 6] = core::array::from_fn(|i| body[1 + i]);
        address.reverse();
        let data = body[10..].iter().map(|byte| byte.wrapping_sub(OFFSET)).collect();
        Frame { address: Address(address), control: Control(body[8]), data }
    }
}
