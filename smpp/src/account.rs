//! Who an ESME is to a centre.

use crate::letter::Number;
use core::fmt;
use keys::Zeroizing;
use scheme::fault::{Fault, Hint, Kind};

/// Longest system id, without the zero at its end.
const NAME_MAX: usize = 15;
/// Longest password, likewise.
const PASSWORD_MAX: usize = 8;

/// An ESME's account at a centre. The password is shown nowhere.
#[derive(Clone)]
pub struct Account {
    pub(crate) name: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) number: Number,
}

/// An account that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAccount {
    /// The name.
    #[error("{0:?} is no system id: 1 to {NAME_MAX} printable characters without blanks")]
    Name(String),
    /// The password, which is not told.
    #[error("the password of the message centre has 1 to {PASSWORD_MAX} printable characters")]
    Password,
}

impl Fault for NoAccount {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Hint {
        Some("SMPP 3.4 has no longer ones: ask whoever runs the centre for another".into())
    }

    fn code(&self) -> &str {
        match self {
            NoAccount::Name(_) => "smpp-name",
            NoAccount::Password => "smpp-password",
        }
    }
}

impl Account {
    /// An account: system id, password, and the number it sends from and is reached by.
    ///
    /// # Errors
    /// One that has no place in a bind.
    pub fn new(name: &str, password: &str, number: Number) -> Result<Self, NoAccount> {
        let plain = |text: &str, most| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !plain(name, NAME_MAX) {
            return Err(NoAccount::Name(name.to_owned()));
        }
        if !plain(password, PASSWORD_MAX) {
            return Err(NoAccount::Password);
        }
        Ok(Account { name: name.to_owned(), password: Zeroizing::new(password.to_owned()), number })
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> &Number {
        &self.number
    }

    /// Its system id.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is its password. It takes as long wherever they differ.
    #[must_use]
    pub fn is_password(&self, shown: &str) -> bool {
        // Both have at most eight characters: what is longer has come to no bind. The length stands behind them.
        let padded = |text: &str| {
            let mut bytes = Zeroizing::new([0; PASSWORD_MAX + 1]);
            text.bytes().zip(bytes.iter_mut()).for_each(|(byte, place)| *place = byte);
            bytes[PASSWORD_MAX] = u8::try_from(text.len()).unwrap_or(u8::MAX);
            bytes
        };
        shown.len() <= PASSWORD_MAX && keys::equal(&*padded(shown), &*padded(&self.password))
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
