//! Files of a user card in the frame `68 kind length2 data CS 16` [docs/specs/user-card.md 2].

use crate::money::Fen;
use crate::numbers::{CustomerNumber, MeterNumber};
use crate::order::OrderKind;

const BEGIN: u8 = 0x68;
const END: u8 = 0x16;
/// Bytes before the data.
const HEAD: usize = 4;
/// Sum and end.
const TAIL: usize = 2;

/// Why bytes are no file of a user card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not as long as such a file.
    #[error("the file has {wanted} bytes, this has {found}")]
    Length {
        /// Bytes it has.
        wanted: usize,
        /// Bytes there are.
        found: usize,
    },
    /// It does not begin with 68 and its length, or does not end with 16.
    #[error("the file is not framed by 68, its length and 16")]
    Frame,
    /// Its second byte names another file.
    #[error("the file is of kind {found:02X}, wanted is {wanted:02X}")]
    Kind {
        /// Kind that belongs here.
        wanted: u8,
        /// Kind that is named.
        found: u8,
    },
    /// Its sum is wrong.
    #[error("the sum of the file is {found:02X}, and should be {wanted:02X}")]
    Sum {
        /// By its bytes.
        wanted: u8,
        /// As it stands there.
        found: u8,
    },
    /// A number in it is none.
    #[error("the {0} in the file is no number")]
    Number(&'static str),
}

impl crate::Fault for FrameError {
    fn code(&self) -> &str {
        match self {
            FrameError::Length { .. } => "user-card-length",
            FrameError::Frame => "user-card-frame",
            FrameError::Kind { .. } => "user-card-kind",
            FrameError::Sum { .. } => "user-card-sum",
            FrameError::Number(_) => "user-card-number",
        }
    }

    fn hint(&self) -> crate::fault::Hint {
        Some("it was written by somebody else, or damaged: have the bank write the card anew".into())
    }
}

/// The kind byte of a frame that begins with these bytes; `None` when it does not begin with 68.
pub const fn kind_of_frame(head: &[u8; HEAD]) -> Option<u8> {
    if head[0] == BEGIN { Some(head[1]) } else { None }
}

/// Puts begin, kind, length, sum and end around the data that stand in a file.
pub(crate) fn frame<const N: usize>(file: &mut [u8; N], kind: u8) {
    let [hi, lo] = ((N - HEAD - TAIL) as u16).to_be_bytes();
    file[..HEAD].copy_from_slice(&[BEGIN, kind, hi, lo]);
    file[N - TAIL] = sum(file);
    file[N - 1] = END;
}

/// Sum of all bytes behind the first, up to the sum.
fn sum(file: &[u8]) -> u8 {
    let summed = file.get(1..file.len().saturating_sub(TAIL)).unwrap_or_default();
    summed.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

pub(crate) fn framed<const N: usize>(bytes: &[u8], kind: u8) -> Result<&[u8; N], FrameError> {
    let file: &[u8; N] =
        bytes.try_into().map_err(|_| FrameError::Length { wanted: N, found: bytes.len() })?;
    let [hi, lo] = ((N - HEAD - TAIL) as u16).to_be_bytes();
    if file[0] != BEGIN || file[2..HEAD] != [hi, lo] || file[N - 1] != END {
        return Err(FrameError::Frame);
    }
    let (wanted, found) = (sum(file), file[N - TAIL]);
    if wanted != found {
        return Err(FrameError::Sum { wanted, found });
    }
    if file[1] == kind { Ok(file) } else { Err(FrameError::Kind { wanted: kind, found: file[1] }) }
}

/// `N` bytes of a file whose length was checked.
fn part<const N: usize>(file: &[u8], at: usize) -> [u8; N] {
    core::array::from_fn(|i| file.get(at + i).copied().unwrap_or_default())
}

/// A number as packed BCD; what does not fit is all nines.
pub(crate) fn packed<const N: usize>(number: u64) -> [u8; N] {
    let mut rest = number.min(10_u64.pow(2 * N as u32) - 1);
    let mut out = [0; N];
    for byte in out.iter_mut().rev() {
        let pair = (rest % 100) as u8;
        *byte = ((pair / 10) << 4) | (pair % 10);
        rest /= 100;
    }
    out
}

fn unpacked(bytes: &[u8], name: &'static str) -> Result<u32, FrameError> {
    bytes.iter().try_fold(0_u32, |number, byte| {
        let (tens, ones) = (byte >> 4, byte & 0x0F);
        let pair = u32::from(tens) * 10 + u32::from(ones);
        let next = number.checked_mul(100).and_then(|number| number.checked_add(pair));
        next.filter(|_| tens <= 9 && ones <= 9).ok_or(FrameError::Number(name))
    })
}

/// File 01: for whom the card is and what it does. Offsets are those of the ESAM's file 02.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Information {
    /// 04: kind of user.
    pub user: u8,
    /// 05: what else the card brings; bit 0 tariff, 1 spare tariff, 2 steps, 3 spare steps, 7 other parameters.
    pub updates: u8,
    /// 06: version of the parameters. UNSPECIFIED: what the four bytes are.
    pub version: [u8; 4],
    /// 0A: when the spare tariff takes over, `YYMMDDhhmm`.
    pub switch: [u8; 5],
    /// 10, 14: amounts that set the two alarms off, packed BCD.
    pub alarms: [[u8; 4]; 2],
    /// 18, 1B: ratios of current and voltage, packed BCD.
    pub ratios: [[u8; 3]; 2],
    /// 1E: meter.
    pub meter: MeterNumber,
    /// 24: customer.
    pub customer: CustomerNumber,
    /// 2A: 01 opening, 02 purchase, 03 replacement.
    pub kind: OrderKind,
}

impl Information {
    /// Bytes of the file.
    pub const LEN: usize = 0x2D;
    /// Place of the customer; the kind stands behind him.
    pub const CUSTOMER: usize = 0x24;
    /// Type byte of a user card.
    pub const TYPE: u8 = 0x01;

    /// A purchase that brings no parameters.
    pub const fn of(meter: MeterNumber, customer: CustomerNumber, kind: OrderKind) -> Self {
        Information {
            user: 0,
            updates: 0,
            version: [0; 4],
            switch: [0; 5],
            alarms: [[0; 4]; 2],
            ratios: [[0, 0, 1]; 2],
            meter,
            customer,
            kind,
        }
    }

    /// The file.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut file = [0; Self::LEN];
        file[0x04] = self.user;
        file[0x05] = self.updates;
        file[0x06..0x0A].copy_from_slice(&self.version);
        file[0x0A..0x0F].copy_from_slice(&self.switch);
        file[0x10..0x14].copy_from_slice(&self.alarms[0]);
        file[0x14..0x18].copy_from_slice(&self.alarms[1]);
        file[0x18..0x1B].copy_from_slice(&self.ratios[0]);
        file[0x1B..0x1E].copy_from_slice(&self.ratios[1]);
        file[0x1E..0x24].copy_from_slice(&self.meter.0);
        file[0x24..0x2A].copy_from_slice(&self.customer.0);
        file[0x2A] = self.kind.code();
        frame(&mut file, Self::TYPE);
        file
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let file = framed::<{ Self::LEN }>(bytes, Self::TYPE)?;
        let kind = OrderKind::from_code(file[0x2A]).ok_or(FrameError::Number("kind of card"))?;
        Ok(Information {
            user: file[0x04],
            updates: file[0x05],
            version: part(file, 0x06),
            switch: part(file, 0x0A),
            alarms: [part(file, 0x10), part(file, 0x14)],
            ratios: [part(file, 0x18), part(file, 0x1B)],
            meter: MeterNumber::new(part(file, 0x1E)).map_err(|_| FrameError::Number("meter number"))?,
            customer: CustomerNumber::new(part(file, Self::CUSTOMER))
                .map_err(|_| FrameError::Number("customer number"))?,
            kind,
        })
    }
}

/// File 05: what a meter says of itself when it has done with the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteBack {
    /// 04: kind of user.
    pub user: u8,
    /// 05, 08: ratios of current and voltage, packed BCD.
    pub ratios: [[u8; 3]; 2],
    /// 0B: meter.
    pub meter: MeterNumber,
    /// 11: customer of its account; zeros of none.
    pub customer: [u8; 6],
    /// 17: what is in the purse.
    pub remaining: Fen,
    /// 1B: purchases credited.
    pub count: u32,
    /// 1F: what is owed, packed BCD.
    pub overdraft: Fen,
    /// 23: key state word.
    pub keys: [u8; 4],
    /// 27: illegal insertions, packed BCD.
    pub illegal: u32,
    /// 2A: the meter's time, `YYMMDDhhmm`.
    pub time: [u8; 5],
}

impl WriteBack {
    /// Bytes of the file.
    pub const LEN: usize = 0x31;
    /// Type byte of what is written back.
    pub const TYPE: u8 = 0x11;
    /// Where the account stands that an ESAM vouches for: meter, customer, money, count.
    pub const ACCOUNT: usize = 0x0B;

    /// Whether a file that begins with this byte was written back.
    pub const fn is_written(first: u8) -> bool {
        first == BEGIN
    }

    /// The file.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut file = [0; Self::LEN];
        file[0x04] = self.user;
        file[0x05..0x08].copy_from_slice(&self.ratios[0]);
        file[0x08..0x0B].copy_from_slice(&self.ratios[1]);
        file[0x0B..0x11].copy_from_slice(&self.meter.0);
        file[0x11..0x17].copy_from_slice(&self.customer);
        file[0x17..0x1B].copy_from_slice(&self.remaining.0.to_be_bytes());
        file[0x1B..0x1F].copy_from_slice(&self.count.to_be_bytes());
        file[0x1F..0x23].copy_from_slice(&packed::<4>(self.overdraft.0.into()));
        file[0x23..0x27].copy_from_slice(&self.keys);
        file[0x27..0x2A].copy_from_slice(&packed::<3>(self.illegal.into()));
        file[0x2A..0x2F].copy_from_slice(&self.time);
        frame(&mut file, Self::TYPE);
        file
    }

    /// Puts another account into a file, and frames it anew: what an ESAM states is its own.
    pub fn with_account(file: &mut [u8; Self::LEN], account: &[u8; 20]) {
        file[Self::ACCOUNT..Self::ACCOUNT + 20].copy_from_slice(account);
        frame(file, Self::TYPE);
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What it is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameError> {
        let file = framed::<{ Self::LEN }>(bytes, Self::TYPE)?;
        Ok(WriteBack {
            user: file[0x04],
            ratios: [part(file, 0x05), part(file, 0x08)],
            meter: MeterNumber::new(part(file, 0x0B)).map_err(|_| FrameError::Number("meter number"))?,
            customer: part(file, 0x11),
            remaining: Fen(u32::from_be_bytes(part(file, 0x17))),
            count: u32::from_be_bytes(part(file, 0x1B)),
            overdraft: Fen(unpacked(&file[0x1F..0x23], "overdraft")?),
            keys: part(file, 0x23),
            illegal: unpacked(&file[0x27..0x2A], "count of illegal insertions")?,
            time: part(file, 0x2A),
        })
    }
}
