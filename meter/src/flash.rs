//! The MCU's non-volatile memory as a text: state and pairing keys.
//!
//! An emulated meter must keep its keys somewhere between two commands, as a real one keeps them in its
//! flash. They stand in it in clear, so the text is marked, is given only in memory that is wiped, and is
//! refused for formal keys unless they are asked for by name.

use crate::mcu::{Meter, MeterError, MeterState};
use crate::pairing::Pairing;
use keys::{Key, KeyError, Zeroizing};
use scheme::profile::State;
use serde::{Deserialize, Serialize};

/// First field of every flash text.
pub const FORMAT: &str = "gridcard meter flash 1";

/// Second field, for people who open the file.
const WARNING: &str = "holds the pairing keys of an emulated meter in clear";

/// Whether keys of a formal hierarchy may be written in clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FormalKeys {
    /// No.
    #[default]
    Refuse,
    /// Yes: the user asked for it by name.
    Allow,
}

/// Why a flash text was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum FlashError {
    /// The meter is in formal state.
    #[error("meter {0} holds formal keys, which an emulator keeps in clear; ask for it by name to do so")]
    Formal(scheme::numbers::MeterNumber),
    /// Not JSON, or not of the right fields. Tells the place alone: the text holds keys.
    #[error("not a meter's flash: broken at line {line}, column {column}")]
    Broken {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another format.
    #[error("the flash is of another format than \"{FORMAT}\"")]
    Format,
    /// A key is not of its length, or no hexadecimal text.
    #[error("the {0} key in the flash is damaged")]
    Key(&'static str),
    /// State and keys do not belong together.
    #[error(transparent)]
    Meter(#[from] MeterError),
}

#[derive(Serialize)]
struct Written<'a> {
    flash: &'a str,
    warning: &'a str,
    int_auth: &'a str,
    ext_auth: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Next<'a>>,
    state: &'a MeterState,
}

/// The pairing of a key change on its way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Next<'a> {
    #[serde(with = "scheme::names::state")]
    state: State,
    int_auth: &'a str,
    ext_auth: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    flash: &'a str,
    #[serde(rename = "warning")]
    _warning: &'a str,
    // Borrowed, so that reading leaves no copy of a key behind.
    int_auth: &'a str,
    ext_auth: &'a str,
    #[serde(default, borrow)]
    next: Option<Next<'a>>,
    state: MeterState,
}

impl Meter {
    /// The flash as JSON text.
    ///
    /// # Errors
    /// [`FlashError::Formal`] unless formal keys are allowed.
    pub fn to_flash(&self, formal: FormalKeys) -> Result<Zeroizing<String>, FlashError> {
        let holds_formal = self.state.config.state == State::Formal || self.expects() == Some(State::Formal);
        if holds_formal && formal == FormalKeys::Refuse {
            return Err(FlashError::Formal(self.state.config.number));
        }
        let [int_auth, ext_auth] = self.pairing.expose();
        let next = self.next.as_ref().map(|next| (next.state(), next.expose()));
        let flash = Written {
            flash: FORMAT,
            warning: WARNING,
            int_auth: &int_auth,
            ext_auth: &ext_auth,
            next: next.as_ref().map(|(state, [int_auth, ext_auth])| Next {
                state: *state,
                int_auth,
                ext_auth,
            }),
            state: &self.state,
        };
        serde_json::to_string_pretty(&flash).map(Zeroizing::new).map_err(broken)
    }

    /// A meter from its flash.
    pub fn from_flash(text: &str) -> Result<Self, FlashError> {
        let read: Read = serde_json::from_str(text).map_err(broken)?;
        if read.flash != FORMAT {
            return Err(FlashError::Format);
        }
        let config = &read.state.config;
        let key = |name, text: &str| {
            let bytes = Zeroizing::new(hex::decode(text).map_err(|_| FlashError::Key(name))?);
            Key::new(config.suite, &bytes).map_err(|_: KeyError| FlashError::Key(name))
        };
        let pairing = |state, int_auth, ext_auth| {
            let (int_auth, ext_auth) = (key("int-auth", int_auth)?, key("ext-auth", ext_auth)?);
            Ok::<_, FlashError>(Pairing::from_parts(config.number, state, int_auth, ext_auth))
        };
        let next = read.next.map(|next| pairing(next.state, next.int_auth, next.ext_auth)).transpose()?;
        let pairing = pairing(config.state, read.int_auth, read.ext_auth)?;
        let mut meter = Meter::from_state(read.state, pairing)?;
        meter.next = next;
        Ok(meter)
    }
}

/// serde_json's own words may quote the text.
fn broken(error: serde_json::Error) -> FlashError {
    FlashError::Broken { line: error.line(), column: error.column() }
}

impl scheme::Fault for FlashError {
    fn code(&self) -> &str {
        match self {
            FlashError::Formal(_) => "flash-formal",
            FlashError::Broken { .. } => "flash-damaged",
            FlashError::Format => "flash-format",
            FlashError::Key(_) => "flash-key",
            FlashError::Meter(error) => error.code(),
        }
    }
}
