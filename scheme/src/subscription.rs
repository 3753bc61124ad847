//! The numbers of a subscription: MSISDN, IMSI, IMEI, ICCID.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;
use wire::bcd::luhn_check_digit;

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
    /// Not a Chinese number in international form.
    #[error("must begin with +86 and go on with a mobile number (1...)")]
    Country,
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

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// As it is written.
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
                let check: fn(&str) -> Result<(), NumberFault> = $check;
                check(text)?;
                Ok($name(text.to_owned()))
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
    /// A telephone number in international form: `+86`, then 11 digits of a person's or 13 of a machine's
    /// subscription, the first a 1.
    Msisdn,
    |text| {
        let digits = text.strip_prefix("+86").ok_or(NumberFault::Country)?;
        only_digits(digits, 3)?;
        if !digits.starts_with('1') {
            return Err(NumberFault::Country);
        }
        length(digits, &[11, 13], "11 or 13 after +86")
    }
);

impl Msisdn {
    /// The digits after the plus sign, country code first.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

number!(
    /// The subscriber's identity in a network: 15 digits, country and network code first.
    Imsi,
    |text| {
        only_digits(text, 0)?;
        length(text, &[15], "15")
    }
);

number!(
    /// The identity of a telephone: 15 digits, the last a check digit.
    Imei,
    |text| {
        only_digits(text, 0)?;
        length(text, &[15], "15")?;
        check_digit(text)
    }
);

number!(
    /// The number of a SIM card: 19 or 20 digits, the last a check digit.
    Iccid,
    |text| {
        only_digits(text, 0)?;
        length(text, &[19, 20], "19 or 20")?;
        check_digit(text)
    }
);

/// A customer or meter number: exactly 12 digits.
///
/// # Errors
/// What is wrong, in the words of the other numbers.
pub fn twelve_digits<T: FromStr>(text: &str) -> Result<T, NumberFault> {
    if text.is_empty() {
        return Err(NumberFault::Empty);
    }
    only_digits(text, 0)?;
    length(text, &[12], "12")?;
    text.parse().map_err(|_| NumberFault::Length { found: text.len(), wanted: "12" })
}

impl crate::Fault for NumberFault {
    fn code(&self) -> &str {
        match self {
            NumberFault::Empty => "subscription-empty",
            NumberFault::NotADigit { .. } => "subscription-not-a-digit",
            NumberFault::Length { .. } => "subscription-length",
            NumberFault::CheckDigit { .. } => "subscription-check-digit",
            NumberFault::Country => "subscription-country",
        }
    }
}
