//! The answer to reset [ISO 7816-3]: `TS T0 TAi TBi TCi TDi .. T1..TK [TCK]`.
//!
//! TS gives the convention. The high nibble of T0 and of every TDi says which of TA, TB, TC, TD of the next
//! level follow; the low nibble of T0 counts the historical bytes T1..TK, that of a TDi names a protocol.
//! TCK is there only when a protocol other than T=0 is named, and makes the XOR of T0..TCK zero.

use alloc::vec::Vec;
use core::fmt;

/// Most characters of an answer to reset, TS included.
pub const MAX_LEN: usize = 33;
/// Most historical bytes: their count is one nibble.
pub const MAX_HISTORICAL: usize = 15;

/// Historical bytes in front of the serial number of a contactless FMCOS card: COS version 20, maker 90,
/// reserved 00.
const FMCOS_MARK: [u8; 3] = [0x20, 0x90, 0x00];
/// Maker bytes of a meter's security module; ours have the first.
const ESAM_MAKERS: [u8; 2] = [0x43, 0x41];
/// Interface bytes of a meter's security module: no programming voltage, no extra guard time.
const ESAM_LEVEL: Level = Level { ta: None, tb: Some(0x00), tc: Some(0x00) };

/// Name of one byte of an answer to reset, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtrByte {
    /// Initial character: the convention.
    Ts,
    /// Format character.
    T0,
    /// TAi, with i from 1.
    Ta(u8),
    /// TBi, with i from 1.
    Tb(u8),
    /// TCi, with i from 1.
    Tc(u8),
    /// TDi, with i from 1.
    Td(u8),
    /// Historical byte Ti, with i from 1.
    Historical(u8),
    /// Check character.
    Tck,
}

impl fmt::Display for AtrByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtrByte::Ts => f.write_str("TS"),
            AtrByte::T0 => f.write_str("T0"),
            AtrByte::Ta(i) => write!(f, "TA{i}"),
            AtrByte::Tb(i) => write!(f, "TB{i}"),
            AtrByte::Tc(i) => write!(f, "TC{i}"),
            AtrByte::Td(i) => write!(f, "TD{i}"),
            AtrByte::Historical(i) => write!(f, "historical byte T{i}"),
            AtrByte::Tck => f.write_str("TCK"),
        }
    }
}

/// Why bytes are not an answer to reset, or a structure cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    /// The bytes end before this one.
    #[error("the answer to reset ends where {0} should stand")]
    Missing(AtrByte),
    /// TS is neither 3B nor 3F.
    #[error("TS is {0:02X}; 3B (direct) or 3F (inverse) begins an answer to reset")]
    Convention(u8),
    /// TCK does not make the XOR of T0 to TCK zero.
    #[error("TCK is {found:02X}, the bytes before it give {expected:02X}")]
    Check {
        /// TCK as it stands.
        found: u8,
        /// XOR of T0 to the last historical byte.
        expected: u8,
    },
    /// Bytes after the end.
    #[error("{0} byte(s) follow the end of the answer to reset")]
    Trailing(usize),
    /// More than [`MAX_LEN`] bytes in all.
    #[error("an answer to reset has at most 33 bytes, this has {0}")]
    TooLong(usize),
    /// More than [`MAX_HISTORICAL`] historical bytes.
    #[error("T0 counts at most 15 historical bytes, these are {0}")]
    Historical(usize),
    /// A protocol number above 15 does not fit the low nibble of this TDi.
    #[error("{byte} names protocols 0 to 15, not {protocol}")]
    Protocol {
        /// The TDi.
        byte: AtrByte,
        /// The number that does not fit.
        protocol: u8,
    },
    /// The byte has a value the standard keeps for later.
    #[error("{byte} = {value:02X} is reserved")]
    Reserved {
        /// Which byte.
        byte: AtrByte,
        /// Its value.
        value: u8,
    },
}

/// How the bits of a character travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// 3B: high is 1, least significant bit first.
    Direct,
    /// 3F: low is 1, most significant bit first.
    Inverse,
}

impl Convention {
    /// TS.
    pub const fn ts(self) -> u8 {
        match self {
            Convention::Direct => 0x3B,
            Convention::Inverse => 0x3F,
        }
    }
}

/// Interface bytes of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// TAi.
    pub ta: Option<u8>,
    /// TBi.
    pub tb: Option<u8>,
    /// TCi.
    pub tc: Option<u8>,
}

/// Fi and Di of TA1: etu = F / (D f).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Clock rate conversion integer F, in clock cycles.
    pub f: u16,
    /// Baud rate adjustment integer D.
    pub d: u8,
}

impl Clock {
    /// F 372, D 1: 9600 bit/s at 3.5712 MHz. In force until anything else is agreed on.
    pub const DEFAULT: Clock = Clock { f: 372, d: 1 };

    /// F and D of a TA1 byte; `None` for a reserved nibble.
    pub const fn from_ta1(ta1: u8) -> Option<Self> {
        let f = match ta1 >> 4 {
            0x0 | 0x1 => 372,
            0x2 => 558,
            0x3 => 744,
            0x4 => 1116,
            0x5 => 1488,
            0x6 => 1860,
            0x9 => 512,
            0xA => 768,
            0xB => 1024,
            0xC => 1536,
            0xD => 2048,
            _ => return None,
        };
        let d = match ta1 & 0x0F {
            0x1 => 1,
            0x2 => 2,
            0x3 => 4,
            0x4 => 8,
            0x5 => 16,
            0x6 => 32,
            0x7 => 64,
            0x8 => 12,
            0x9 => 20,
            _ => return None,
        };
        Some(Clock { f, d })
    }
}

/// An answer to reset, taken apart.
///
/// Each TDi is one entry of `further`: the protocol in its low nibble and the level it announces. The
/// nibbles that say what follows, the count of historical bytes and TCK are not kept: they follow from the
/// rest, so a value of this type cannot contradict itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Atr {
    /// TS.
    pub convention: Convention,
    /// TA1, TB1, TC1.
    pub first: Level,
    /// For TD1, TD2, ..: protocol and the interface bytes of the next level.
    pub further: Vec<(u8, Level)>,
    /// T1..TK.
    pub historical: Vec<u8>,
}

impl Atr {
    /// A direct-convention, T=0 only answer without interface bytes.
    pub fn new(historical: &[u8]) -> Self {
        let historical = historical.to_vec();
        Atr { convention: Convention::Direct, first: Level::default(), further: Vec::new(), historical }
    }

    /// Takes an answer to reset apart. Missing bytes, a wrong TCK and anything after the end are errors.
    pub fn parse(bytes: &[u8]) -> Result<Self, AtrError> {
        let (atr, mut faults) = Self::read(bytes)?;
        if faults.is_empty() { Ok(atr) } else { Err(faults.swap_remove(0)) }
    }

    /// Takes apart what is there, with all that is wrong with it in the order of the bytes: cards are used with such
    /// answers, and who looks at one wants to know both.
    ///
    /// # Errors
    /// Bytes that do not even begin as an answer to reset.
    pub fn read(bytes: &[u8]) -> Result<(Self, Vec<AtrError>), AtrError> {
        let mut faults = Vec::new();
        if bytes.len() > MAX_LEN {
            faults.push(AtrError::TooLong(bytes.len()));
        }
        let mut rest = Cursor(bytes);
        let convention = match rest.take(AtrByte::Ts)? {
            0x3B => Convention::Direct,
            0x3F => Convention::Inverse,
            other => return Err(AtrError::Convention(other)),
        };
        let t0 = rest.take(AtrByte::T0)?;
        let mut atr = Atr { convention, ..Atr::new(&[]) };
        if let Err(cut) = atr.take_rest(&mut rest, t0) {
            faults.push(cut);
            return Ok((atr, faults));
        }
        if atr.has_tck() {
            let expected = xor(&bytes[1..bytes.len() - rest.0.len()]);
            match rest.take(AtrByte::Tck) {
                Ok(found) if found == expected => {}
                Ok(found) => faults.push(AtrError::Check { found, expected }),
                Err(missing) => faults.push(missing),
            }
        }
        if !rest.0.is_empty() {
            faults.push(AtrError::Trailing(rest.0.len()));
        }
        Ok((atr, faults))
    }

    /// Interface bytes and historical bytes, as many as there are.
    fn take_rest(&mut self, rest: &mut Cursor<'_>, t0: u8) -> Result<(), AtrError> {
        let mut td = rest.level(t0 >> 4, 1, &mut self.first)?;
        let mut index = 1;
        while let Some(byte) = td {
            index = u8::saturating_add(index, 1);
            let mut level = Level::default();
            let next = rest.level(byte >> 4, index, &mut level);
            self.further.push((byte & 0x0F, level));
            td = next?;
        }
        for i in 1..=(t0 & 0x0F) {
            self.historical.push(rest.take(AtrByte::Historical(i))?);
        }
        Ok(())
    }

    /// The bytes as the card sends them, TCK included when one is due.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AtrError> {
        if self.historical.len() > MAX_HISTORICAL {
            return Err(AtrError::Historical(self.historical.len()));
        }
        for (i, &(protocol, _)) in self.further.iter().enumerate() {
            if protocol > 15 {
                return Err(AtrError::Protocol { byte: AtrByte::Td(i as u8 + 1), protocol });
            }
        }
        let out = self.encode();
        if out.len() > MAX_LEN { Err(AtrError::TooLong(out.len())) } else { Ok(out) }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_LEN);
        let mut low = self.historical.len() as u8;
        let mut level = self.first;
        let mut further = self.further.iter();
        out.push(self.convention.ts());
        loop {
            let next = further.next();
            out.push(presence(level, next.is_some()) | low);
            out.extend([level.ta, level.tb, level.tc].into_iter().flatten());
            let Some(&(protocol, announced)) = next else { break };
            (low, level) = (protocol, announced);
        }
        out.extend_from_slice(&self.historical);
        if self.has_tck() {
            out.push(xor(&out[1..]));
        }
        out
    }

    /// True when a protocol other than T=0 is named, so that TCK ends the answer.
    pub fn has_tck(&self) -> bool {
        self.further.iter().any(|&(protocol, _)| protocol != 0)
    }

    /// The protocols offered, first the one in force without PPS. T=0 when none is named; T=15 marks global
    /// bytes and is no protocol.
    pub fn protocols(&self) -> Vec<u8> {
        let mut named = Vec::with_capacity(2);
        for &(protocol, _) in &self.further {
            if protocol != 15 && !named.contains(&protocol) {
                named.push(protocol);
            }
        }
        if named.is_empty() {
            named.push(0);
        }
        named
    }

    /// Extra guard time N from TC1, 0 when TC1 is absent. [`Atr::guard_etu`] is what a sender keeps.
    pub fn extra_guard(&self) -> u8 {
        self.first.tc.unwrap_or(0)
    }

    /// Least etu between the leading edges of two characters towards a T=0 card: 12 + N, and 12 for N = 255.
    pub fn guard_etu(&self) -> u16 {
        match self.extra_guard() {
            255 => 12,
            n => 12 + u16::from(n),
        }
    }

    /// F and D the card offers in TA1, [`Clock::DEFAULT`] when TA1 is absent.
    ///
    /// An offer only: a reader that asks for nothing (PPS) stays at the default.
    pub fn clock(&self) -> Result<Clock, AtrError> {
        let Some(value) = self.first.ta else { return Ok(Clock::DEFAULT) };
        Clock::from_ta1(value).ok_or(AtrError::Reserved { byte: AtrByte::Ta(1), value })
    }

    /// Waiting time integer WI of T=0 from TC2, 10 when absent. WWT = 960 WI etu at D = 1.
    pub fn waiting_integer(&self) -> u8 {
        self.further.first().and_then(|&(_, level)| level.tc).unwrap_or(10)
    }
}

/// High nibble of T0 or TDi: which bytes of the level follow.
const fn presence(level: Level, td: bool) -> u8 {
    (level.ta.is_some() as u8) << 4
        | (level.tb.is_some() as u8) << 5
        | (level.tc.is_some() as u8) << 6
        | (td as u8) << 7
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn take(&mut self, name: AtrByte) -> Result<u8, AtrError> {
        let (byte, rest) = self.0.split_first().ok_or(AtrError::Missing(name))?;
        self.0 = rest;
        Ok(*byte)
    }

    fn take_if(&mut self, there: bool, name: AtrByte) -> Result<Option<u8>, AtrError> {
        if there { self.take(name).map(Some) } else { Ok(None) }
    }

    /// The bytes of level `i` that `y` announces, and its TD.
    fn level(&mut self, y: u8, i: u8, level: &mut Level) -> Result<Option<u8>, AtrError> {
        level.ta = self.take_if(y & 1 != 0, AtrByte::Ta(i))?;
        level.tb = self.take_if(y & 2 != 0, AtrByte::Tb(i))?;
        level.tc = self.take_if(y & 4 != 0, AtrByte::Tc(i))?;
        self.take_if(y & 8 != 0, AtrByte::Td(i))
    }
}

/// ATR of a contactless FMCOS card as PC/SC readers make it up: `3B 8B 80 01 20 90 00 serial TCK`.
///
/// TD1 and TD2 name T=0 and T=1; the historical bytes are those of the card's ATS.
pub fn fmcos_contactless(serial: [u8; 8]) -> Vec<u8> {
    let historical = [&FMCOS_MARK[..], &serial[..]].concat();
    let further = [(0, Level::default()), (1, Level::default())].into();
    Atr { further, ..Atr::new(&historical) }.encode()
}

/// ATR of a meter's security module: `3B 69 00 00 43 serial`.
///
/// TB1 = 00 (no programming voltage), TC1 = 00 (no extra guard time), maker 43, T=0 only, so no TCK.
pub fn esam(serial: [u8; 8]) -> Vec<u8> {
    let historical = [&ESAM_MAKERS[..1], &serial[..]].concat();
    Atr { first: ESAM_LEVEL, ..Atr::new(&historical) }.encode()
}

/// ATR of our SIM: `3B 0A 80 58 'GRIDCARD'`.
///
/// No interface bytes at all: direct convention, T=0 only, F 372 and D 1 (9600 bit/s at 3.5712 MHz), no
/// extra guard time, no TCK. Historical bytes: category 80 (compact TLV), then object 5 of 8 bytes (card
/// issuer's data), the name in ASCII. No serial: a SIM is known by EF_ICCID.
pub fn sim() -> Vec<u8> {
    Atr::new(b"\x80\x58GRIDCARD").encode()
}

/// Interface bytes of our UICC's first level: F 512 and D 16 on offer, 9600 bit/s at 3.5712 MHz until PPS.
const UICC_FIRST: Level = Level { ta: Some(0x95), tb: None, tc: None };
/// Global interface bytes of our UICC: the clock may stop, classes A, B and C.
const UICC_GLOBAL: Level = Level { ta: Some(0xC7), tb: None, tc: None };

/// ATR of our UICC: `3B 9C 95 80 1F C7 80 31 E0 73 F6 21 00 54 'GRID' TCK`.
///
/// TD1 names T=0, TD2 the global bytes (T=15), so TCK ends it. Historical bytes: category 80 (compact TLV), card service
/// data E0 (applications by whole and by part of the AID, EF_DIR in BER-TLV), card capabilities F6 21 00 (selection by
/// whole and part of the AID, path, identifier and short identifier, record numbers; no logical channels), card issuer's
/// data `GRID`. No serial, as on the SIM.
pub fn uicc() -> Vec<u8> {
    let further = [(0, Level::default()), (15, UICC_GLOBAL)].into();
    Atr { first: UICC_FIRST, further, ..Atr::new(b"\x80\x31\xE0\x73\xF6\x21\x00\x54GRID") }.encode()
}

/// Serial number in the ATR of a card of ours, from either FMCOS form ([`fmcos_contactless`], [`esam`]);
/// `None` for any other card, a SIM among them.
pub fn serial_of(atr: &[u8]) -> Option<[u8; 8]> {
    let parsed = Atr::parse(atr).ok()?;
    let serial = *parsed.historical.last_chunk::<8>()?;
    let maker = *parsed.historical.first()?;
    let module = Atr { first: ESAM_LEVEL, ..Atr::new(&[&[maker], &serial[..]].concat()) };
    let ours = atr == fmcos_contactless(serial) || (ESAM_MAKERS.contains(&maker) && parsed == module);
    ours.then_some(serial)
}
