//! Command and response APDUs, short form, cases 1 to 4 [ISO 7816-4].

use crate::status::Sw;
use alloc::vec::Vec;
use core::fmt;

/// A command APDU read in place: header, data, expected length. `Debug` hides the data, as that of [`Command`] does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CommandRef<'a> {
    /// Class byte.
    pub cla: u8,
    /// Instruction byte.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data, 0 to 255 bytes.
    pub data: &'a [u8],
    /// Expected length, 1 to 256 (`00` on the wire reads as 256); `None` when the command carries no Le.
    pub le: Option<u16>,
}

/// Why bytes are not a short command APDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApduError {
    /// Fewer than the four header bytes.
    #[error("a command has at least 4 bytes (CLA INS P1 P2), this has {0}")]
    Header(usize),
    /// Lc does not fit the bytes that follow.
    #[error("Lc says {lc} data bytes, {found} byte(s) follow it")]
    Length {
        /// The Lc byte.
        lc: u8,
        /// Bytes after Lc.
        found: usize,
    },
}

impl<'a> CommandRef<'a> {
    /// Reads a short APDU of any case. Extended lengths are refused: T=0 cards have none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ApduError> {
        let (&[cla, ins, p1, p2], body) =
            bytes.split_first_chunk::<4>().ok_or(ApduError::Header(bytes.len()))?;
        let (data, le): (&[u8], _) = match body {
            [] => (&[], None),
            [le] => (&[], Some(le_value(*le))),
            [lc, rest @ ..] => {
                let n = usize::from(*lc);
                match rest.len() {
                    // Lc 00 with bytes after it would be an extended length.
                    _ if n == 0 => return Err(ApduError::Length { lc: *lc, found: rest.len() }),
                    len if len == n => (rest, None),
                    len if len == n + 1 => (&rest[..n], Some(le_value(rest[n]))),
                    found => return Err(ApduError::Length { lc: *lc, found }),
                }
            }
        };
        Ok(CommandRef { cla, ins, p1, p2, data, le })
    }

    /// CLA INS P1 P2.
    pub const fn header(&self) -> [u8; 4] {
        [self.cla, self.ins, self.p1, self.p2]
    }

    /// P1 P2 as one big-endian number.
    pub const fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }
}

const fn le_value(byte: u8) -> u16 {
    if byte == 0 { 256 } else { byte as u16 }
}

/// A command APDU that owns its data: what a host builds.
///
/// ```
/// use gridcard_wire::apdu::Command;
/// let select = Command::new(0x00, 0xA4, 0x00, 0x00).data(&[0x3F, 0x00]);
/// assert_eq!(select.to_bytes(), [0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00]);
/// ```
///
/// `Debug` shows the header and how long the data is, never the data: it may be a PIN.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    header: [u8; 4],
    data: Vec<u8>,
    le: Option<u16>,
}

impl Command {
    /// A case 1 command: header only.
    pub const fn new(cla: u8, ins: u8, p1: u8, p2: u8) -> Self {
        Command { header: [cla, ins, p1, p2], data: Vec::new(), le: None }
    }

    /// With command data, at most 255 bytes: a short APDU carries no more. Callers keep to it; a debug build
    /// stops where one does not.
    pub fn data(mut self, data: &[u8]) -> Self {
        debug_assert!(data.len() <= 255, "short APDU data");
        self.data = data.to_vec();
        self
    }

    /// With an expected length of 1 to 256 bytes.
    pub const fn le(mut self, le: u16) -> Self {
        self.le = Some(le);
        self
    }

    /// CLA INS P1 P2.
    pub const fn header(&self) -> [u8; 4] {
        self.header
    }

    /// The command data.
    pub fn data_bytes(&self) -> &[u8] {
        &self.data
    }

    /// The expected length.
    pub const fn expected(&self) -> Option<u16> {
        self.le
    }

    /// As it travels: `CLA INS P1 P2 [Lc data] [Le]`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(6 + self.data.len());
        out.extend_from_slice(&self.header);
        if !self.data.is_empty() {
            out.push(self.data.len() as u8);
            out.extend_from_slice(&self.data);
        }
        if let Some(le) = self.le {
            out.push(le as u8); // 256 travels as 00
        }
        out
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.header, self.data.len(), self.le)
    }
}

impl fmt::Debug for CommandRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, self.header(), self.data.len(), self.le)
    }
}

fn show(f: &mut fmt::Formatter<'_>, header: [u8; 4], data: usize, le: Option<u16>) -> fmt::Result {
    let [cla, ins, p1, p2] = header;
    write!(f, "Command({cla:02X}{ins:02X}{p1:02X}{p2:02X}, {data} data byte(s), Le {le:?})")
}

/// A response APDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Response data without the status word.
    pub data: Vec<u8>,
    /// The status word.
    pub sw: Sw,
}

impl Response {
    /// Splits the last two bytes off as the status word; `None` when there are fewer than two.
    pub fn parse(mut bytes: Vec<u8>) -> Option<Self> {
        let sw = u16::from_be_bytes(*bytes.last_chunk::<2>()?);
        bytes.truncate(bytes.len() - 2);
        Some(Response { data: bytes, sw: Sw(sw) })
    }
}
