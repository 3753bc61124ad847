//! The numbers of a subscription: MSISDN, IMSI, IMEI, ICCID. Whoever reads one from a person, a file or a card reads it here.

use crate::damage::{Damage, LOST_ZEROS, instead_of};
use crate::fault::Hint;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use wire::bcd::{self, luhn_check_digit};

/// What is wrong with a number that was typed or read from a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A character that does not belong.
    #[error("has {found:?} at place {place}; only digits belong there")]
    NotADigit {
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// A character that does not belong into an ICCID.
    #[error("has {found:?} at place {place}; only digits and the letters A to F belong there")]
    NotHexadecimal {
        /// 1-based place.
        place: usize,
        /// The character.
        found: char,
    },
    /// Too short or too long.
    #[error("has {found} digits, it must have {wanted}")]
    Length {
        /// Digits there.
        found: usize,
        /// Digits wanted, in words.
        wanted: &'static str,
    },
    /// The last digit does not fit the others (Luhn).
    #[error("ends in {found}, its check digit would be {wanted}: a digit was mistyped")]
    CheckDigit {
        /// The digit there.
        found: char,
        /// The digit that would fit.
        wanted: char,
    },
    /// Not a Chinese mobile number.
    #[error("must begin with +86 and go on with a mobile number (1...)")]
    Country,
    /// A telephone number that does not say its country and is no Chinese mobile number.
    #[error(
        "does not say its country: only a Chinese mobile number (1..., 11 or 13 digits) may stand without it"
    )]
    NoCountry,
    /// Another program damaged it.
    #[error("{0}")]
    Damaged(Damage),
}

impl crate::Fault for NumberFault {
    fn code(&self) -> &str {
        match self {
            NumberFault::Empty => "subscription-empty",
            NumberFault::NotADigit { .. } => "subscription-not-a-digit",
            NumberFault::NotHexadecimal { .. } => "subscription-not-hexadecimal",
            NumberFault::Length { .. } => "subscription-length",
            NumberFault::CheckDigit { .. } => "subscription-check-digit",
            NumberFault::Country => "subscription-country",
            NumberFault::NoCountry => "subscription-no-country",
            NumberFault::Damaged(_) => "subscription-damaged",
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                NumberFault::NoCountry => {
                    "write + and the country's code before it, as +8657495598; the 0 of a Chinese area code falls away"
                }
                NumberFault::NotADigit { found, .. } | NumberFault::NotHexadecimal { found, .. } => {
                    return instead_of(*found);
                }
                // IMSI and IMEI may begin with zeros; a telephone number and an ICCID do not.
                NumberFault::Length { found, wanted: "15" } if *found < 15 => LOST_ZEROS,
                _ => return None,
            }
            .into(),
        )
    }
}

/// Every character a decimal digit; `at` is the number of characters before `digits` in what was typed.
fn only_digits(digits: &str, at: usize) -> Result<(), NumberFault> {
    match digits.chars().enumerate().find(|(_, c)| !c.is_ascii_digit()) {
        Some((i, found)) => Err(NumberFault::NotADigit { place: at + i + 1, found }),
        None => Ok(()),
    }
}

fn length(digits: &str, allowed: &[usize], wanted: &'static str) -> Result<(), NumberFault> {
    if allowed.contains(&digits.len()) {
        Ok(())
    } else {
        Err(NumberFault::Length { found: digits.len(), wanted })
    }
}

/// The last digit must be the Luhn digit of the others.
fn check_digit(digits: &str) -> Result<(), NumberFault> {
    let (body, last) = digits.split_at(digits.len() - 1);
    let wanted = luhn_check_digit(body);
    let found = last.chars().next().unwrap_or('?');
    if found == wanted { Ok(()) } else { Err(NumberFault::CheckDigit { found, wanted }) }
}

/// A newtype over the one form in which a number is kept; `$read` makes it of what was typed.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $read:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// As it is kept and written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NumberFault;

            fn from_str(text: &str) -> Result<Self, NumberFault> {
                if text.is_empty() {
                    return Err(NumberFault::Empty);
                }
                if let Some(damage) = Damage::of(text) {
                    return Err(NumberFault::Damaged(damage));
                }
                let read: fn(&str) -> Result<String, NumberFault> = $read;
                read(text).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

number!(
    /// A telephone number in international form: `+`, the country's code, the number; at most 15 digits [docs/specs/sim.md, numbers].
    ///
    /// | what was typed | read as |
    /// |---|---|
    /// | `+8613900000001` | as it stands |
    /// | `008613900000001` | `00` is `+` |
    /// | `8613900000001`, `8657495598` | ten digits or more that begin with 86: the plus sign is put before them |
    /// | `13900000001`, `1064912345678` | 11 digits from 13 to 19, or 13 digits from 1: a Chinese mobile number, `+86` is put before it |
    /// | anything else | refused: it does not say its country |
    PhoneNumber,
    international
);

/// Shortest Chinese number that is taken for an international one without its plus sign. A local number has eight digits
/// at most, so that none is mistaken.
const LONG_ENOUGH: usize = 10;

fn international(text: &str) -> Result<String, NumberFault> {
    let (country, at) = match text.strip_prefix('+') {
        Some(rest) => (Some(rest), 1),
        None => (text.strip_prefix("00"), 2),
    };
    if let Some(digits) = country {
        only_digits(digits, at)?;
        return stated(digits);
    }
    only_digits(text, 0)?;
    if text.starts_with("86") && text.len() >= LONG_ENOUGH {
        stated(text)
    } else if is_mobile(text) {
        Ok(format!("+86{text}"))
    } else {
        Err(NumberFault::NoCountry)
    }
}

/// A number that begins with its country's code.
fn stated(digits: &str) -> Result<String, NumberFault> {
    if digits.starts_with('0') {
        return Err(NumberFault::NoCountry);
    }
    match digits.strip_prefix("86") {
        // Area code 10 is Peking's; 13 digits from 10 are a machine's.
        Some(number) if number.starts_with("10") => {
            length(number, &[7, 8, 9, 10, 13], "7 to 10 or 13 after +86")?
        }
        Some(number) if number.starts_with('1') => length(number, &[11, 13], "11 or 13 after +86")?,
        Some(number) if number.starts_with('0') => return Err(NumberFault::NoCountry),
        Some(number) => length(number, &[7, 8, 9, 10, 11, 12], "7 to 12 after +86")?,
        None => length(digits, &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], "5 to 15")?,
    }
    Ok(format!("+{digits}"))
}

/// A Chinese mobile number without its country: a person's of 11 digits, or a machine's of 13.
fn is_mobile(digits: &str) -> bool {
    match digits.len() {
        11 => matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]),
        13 => digits.starts_with('1'),
        _ => false,
    }
}

impl PhoneNumber {
    /// The digits after the plus sign, country code first.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

number!(
    /// The telephone number of a customer's SIM: a [`PhoneNumber`], and a Chinese mobile one: `+86`, then 11 digits of a person's
    /// or 13 of a machine's subscription, the first a 1.
    Msisdn,
    |text| {
        let number = match international(text) {
            Err(NumberFault::NoCountry) => return Err(NumberFault::Country),
            other => other?,
        };
        let digits = number.strip_prefix("+86").ok_or(NumberFault::Country)?;
        if is_mobile(digits) { Ok(number) } else { Err(NumberFault::Country) }
    }
);

impl From<&Msisdn> for PhoneNumber {
    fn from(number: &Msisdn) -> Self {
        PhoneNumber(number.0.clone())
    }
}

number!(
    /// The subscriber's identity in a network: 15 digits, country and network code first.
    // UNSPECIFIED: the standard allows fewer digits; no network that our SIMs meet uses them, and a digit is easily lost.
    Imsi,
    |text| {
        only_digits(text, 0)?;
        length(text, &[15], "15")?;
        Ok(text.to_owned())
    }
);

impl Imsi {
    /// The bytes of EF_IMSI: their number, then the digits swapped behind a nibble that says they are odd in number
    /// [TS 51.011 10.3.2].
    pub fn file(&self) -> [u8; 9] {
        let mut file = [0x08; 9];
        for (byte, packed) in file[1..].iter_mut().zip(bcd::swapped(&format!("9{}", self.0))) {
            *byte = packed;
        }
        file
    }
}

number!(
    /// The identity of a telephone: 15 digits, the last a check digit.
    Imei,
    |text| {
        only_digits(text, 0)?;
        length(text, &[15], "15")?;
        check_digit(text)?;
        Ok(text.to_owned())
    }
);

number!(
    /// The number of a SIM card: 19 or 20 characters from 0 to 9 and A to F, kept in capitals [docs/specs/sim.md, numbers].
    ///
    /// Chinese carriers put letters into the digits for maker and year, and many give no check digit; so a last digit that does
    /// not fit is a [`Doubt`] and no fault. The F that fills a number of 19 up is left out. Twenty characters that begin with 98
    /// are the bytes of EF_ICCID as a card has them, and are read so.
    Iccid,
    |text| {
        if let Some((i, found)) = text.chars().enumerate().find(|(_, c)| !c.is_ascii_hexdigit()) {
            return Err(NumberFault::NotHexadecimal { place: i + 1, found });
        }
        let mut number = text.to_ascii_uppercase();
        if number.len() == 20 && number.starts_with("98") {
            let digits = number.as_bytes().chunks(2).flat_map(|pair| pair.iter().rev());
            number = digits.map(|digit| char::from(*digit)).collect();
        }
        number.truncate(number.trim_end_matches('F').len());
        length(&number, &[19, 20], "19 or 20")?;
        Ok(number)
    }
);

/// Why an ICCID may be mistyped although a card may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// All digits, and the last is not the check digit of the others.
    #[error(
        "ends in {found}, a check digit would be {wanted}: a digit was mistyped, or its carrier gives no check digit"
    )]
    CheckDigit {
        /// The digit there.
        found: char,
        /// The digit that would fit.
        wanted: char,
    },
    /// No check digit, and zeros where a spreadsheet has lost the digits.
    #[error(
        "ends in zeros behind its 15th digit, where a spreadsheet loses digits; compare it with the card"
    )]
    Rounded,
    /// SIMs of all telephone networks begin with 89.
    #[error("does not begin with 89, as the number of every SIM of a telephone network does")]
    NoTelephone,
}

/// Digits that a spreadsheet keeps of a number.
const KEPT: usize = 15;

impl Iccid {
    /// What speaks against it; `None` when nothing does.
    pub fn doubt(&self) -> Option<Doubt> {
        if !self.0.starts_with("89") {
            return Some(Doubt::NoTelephone);
        }
        if only_digits(&self.0, 0).is_err() {
            return None;
        }
        match check_digit(&self.0) {
            Err(NumberFault::CheckDigit { .. }) if self.0.bytes().skip(KEPT).all(|digit| digit == b'0') => {
                Some(Doubt::Rounded)
            }
            Err(NumberFault::CheckDigit { found, wanted }) => Some(Doubt::CheckDigit { found, wanted }),
            _ => None,
        }
    }

    /// The bytes of EF_ICCID: digits swapped, F-filled [TS 51.011 10.1.1].
    pub fn file(&self) -> [u8; 10] {
        let mut file = [0xFF; 10];
        for (byte, packed) in file.iter_mut().zip(bcd::swapped(&self.0)) {
            *byte = packed;
        }
        file
    }
}
