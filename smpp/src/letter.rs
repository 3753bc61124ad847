//! A short message as it travels between a server and a centre.

use scheme::fault::{Fault, Kind};
use wire::sms::tpdu::{MAX_USER_DATA, TpduError, UserData};

/// Type of number: international.
pub const INTERNATIONAL: u8 = 1;
/// Numbering plan: telephone.
pub const TELEPHONE: u8 = 1;
/// Most digits of a number here: 20, and a zero behind them.
const DIGITS_MAX: usize = 20;

/// A telephone number, or what else may stand in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan.
    pub npi: u8,
    /// Digits, without a plus sign; letters where the type says so.
    pub digits: String,
}

impl Number {
    /// An international number, with or without a plus sign; `None`: it is none.
    #[must_use]
    pub fn international(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let plain =
            (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Number { ton: INTERNATIONAL, npi: TELEPHONE, digits: digits.to_owned() })
    }

    /// A number that is reached in one country or network alone, as one of a service: digits, of an unknown type.
    #[must_use]
    pub fn short(digits: &str) -> Option<Self> {
        Number::international(digits).map(|number| Number { ton: 0, ..number })
    }

    /// With a plus sign where it is international.
    #[must_use]
    pub fn text(&self) -> String {
        if self.ton == INTERNATIONAL { format!("+{}", self.digits) } else { self.digits.clone() }
    }

    /// Whether both reach the same: other ends leave the type out.
    #[must_use]
    pub fn is(&self, other: &Number) -> bool {
        let bare =
            |number: &Number| number.digits.trim_start_matches('+').trim_start_matches("00").to_owned();
        bare(self) == bare(other)
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whom it is from.
    pub from: Number,
    /// Whom it is for.
    pub to: Number,
    /// User data begin with a header.
    pub has_header: bool,
    /// TP-PID.
    pub pid: u8,
    /// TP-DCS.
    pub dcs: u8,
    /// TP-UD: header and body.
    pub data: Vec<u8>,
    /// Whoever sends it wants to know what became of it.
    pub wants_receipt: bool,
}

/// A message that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// It is longer than a short message.
    #[error("a short message of {found} bytes, has at most {MAX_USER_DATA}")]
    Length {
        /// Bytes it has.
        found: usize,
    },
    /// Its header is none.
    #[error("the header of a short message: {0}")]
    Header(TpduError),
    /// A number that has no place in one.
    #[error("the number of a short message: {0}")]
    Number(TpduError),
}

impl Fault for LetterError {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn code(&self) -> &str {
        match self {
            LetterError::Length { .. } => "smpp-letter-length",
            LetterError::Header(_) => "smpp-letter-header",
            LetterError::Number(_) => "smpp-letter-number",
        }
    }
}

impl Letter {
    /// Its user data, read as 8-bit data.
    ///
    /// # Errors
    /// Too long for one message, or a header that goes beyond it.
    pub fn user_data(&self) -> Result<UserData, LetterError> {
        let found = self.data.len();
        if found > MAX_USER_DATA {
            return Err(LetterError::Length { found });
        }
        UserData::from_octets(&self.data, self.has_header).map_err(LetterError::Header)
    }
}
