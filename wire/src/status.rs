//! Status words.

use core::fmt;

/// A status word, SW1 in the high byte. Lossless: any two bytes a card answers fit.
///
/// `Display` gives four hex digits; [`Sw::explain`] gives words in a [`Dialect`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sw(pub u16);

/// Whose table of words [`Sw::explain`] uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// FMCOS/PBOC cards with the gridcard applets (`docs/specs/cards.md`).
    Fmcos,
    /// SIM, class A0 [TS 51.011 9.4].
    Gsm,
}

impl Sw {
    /// 9000: done.
    pub const OK: Sw = Sw(0x9000);
    /// 6281: part of the returned data may be corrupted (checksum of a file).
    pub const DATA_SUSPECT: Sw = Sw(0x6281);
    /// 6283: the selected file or key is invalid.
    pub const FILE_INVALID: Sw = Sw(0x6283);
    /// 6400: state of memory unchanged, execution error.
    pub const UNCHANGED: Sw = Sw(0x6400);
    /// 6581: memory failure.
    pub const MEMORY_FAILURE: Sw = Sw(0x6581);
    /// 6700: wrong length.
    pub const WRONG_LENGTH: Sw = Sw(0x6700);
    /// 6900: class does not fit the protection of the file.
    pub const CLASS_PROTECTION: Sw = Sw(0x6900);
    /// 6901: the command does not fit the state (second step without the first).
    pub const WRONG_STATE: Sw = Sw(0x6901);
    /// 6981: command does not fit the file or key kind.
    pub const WRONG_KIND: Sw = Sw(0x6981);
    /// 6982: security status not satisfied.
    pub const NOT_ALLOWED: Sw = Sw(0x6982);
    /// 6983: authentication method blocked.
    pub const BLOCKED: Sw = Sw(0x6983);
    /// 6985: conditions of use not satisfied.
    pub const CONDITIONS: Sw = Sw(0x6985);
    /// 6986: no current EF.
    pub const NO_CURRENT_EF: Sw = Sw(0x6986);
    /// 6987: secure messaging data missing.
    pub const SM_MISSING: Sw = Sw(0x6987);
    /// 6988: secure messaging data wrong.
    pub const SM_WRONG: Sw = Sw(0x6988);
    /// 6A80: wrong data field.
    pub const WRONG_DATA: Sw = Sw(0x6A80);
    /// 6A81: function not supported, card or application blocked.
    pub const FUNCTION_BLOCKED: Sw = Sw(0x6A81);
    /// 6A82: file not found.
    pub const FILE_NOT_FOUND: Sw = Sw(0x6A82);
    /// 6A83: record not found.
    pub const RECORD_NOT_FOUND: Sw = Sw(0x6A83);
    /// 6A84: not enough memory.
    pub const NO_SPACE: Sw = Sw(0x6A84);
    /// 6A86: wrong P1 P2.
    pub const WRONG_P1P2: Sw = Sw(0x6A86);
    /// 6A88: referenced key not found.
    pub const KEY_NOT_FOUND: Sw = Sw(0x6A88);
    /// 6B00: offset outside the file.
    pub const WRONG_OFFSET: Sw = Sw(0x6B00);
    /// 6D00: instruction not supported.
    pub const INS_UNKNOWN: Sw = Sw(0x6D00);
    /// 6E00: class not supported.
    pub const CLA_UNKNOWN: Sw = Sw(0x6E00);
    /// 6F00: no precise diagnosis.
    pub const UNKNOWN: Sw = Sw(0x6F00);
    /// 9302: MAC wrong.
    pub const MAC_WRONG: Sw = Sw(0x9302);
    /// 9303: application permanently blocked.
    pub const APP_DEAD: Sw = Sw(0x9303);
    /// 9401: not enough money.
    pub const NOT_ENOUGH: Sw = Sw(0x9401);
    /// 9402: transaction counter at its end.
    pub const COUNTER_END: Sw = Sw(0x9402);
    /// 9403: key index not supported.
    pub const KEY_INDEX: Sw = Sw(0x9403);
    /// 9406: MAC not available.
    pub const NO_PROOF: Sw = Sw(0x9406);

    /// `63Cx`: verification failed, `tries` (0 to 15) left.
    pub const fn tries_left(tries: u8) -> Sw {
        Sw(0x63C0 | (tries & 0x0F) as u16)
    }

    /// `61xx` / `9Fxx` builder: `n` bytes wait for GET RESPONSE.
    pub const fn more(n: u8) -> Sw {
        Sw(0x6100 | n as u16)
    }

    /// `6Cxx`: wrong Le, `n` is right (00 = 256).
    pub const fn wrong_le(n: u8) -> Sw {
        Sw(0x6C00 | n as u16)
    }

    /// SW1.
    pub const fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// SW2.
    pub const fn sw2(self) -> u8 {
        self.0 as u8
    }

    /// The two bytes as they travel.
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// True for 9000.
    pub const fn is_ok(self) -> bool {
        self.0 == 0x9000
    }

    /// Tries left, if this is `63Cx`.
    pub const fn tries(self) -> Option<u8> {
        if self.0 & 0xFFF0 == 0x63C0 { Some((self.0 & 0x0F) as u8) } else { None }
    }
}

impl fmt::Display for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sw({:04X})", self.0)
    }
}
