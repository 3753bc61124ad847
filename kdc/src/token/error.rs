//! Words of a PKCS#11 token.

use issue::source::SourceError;
use keys::{Role, Suite};
use scheme::fault::{Fault, Hint, Kind};
use scheme::numbers::CheckValue;
use std::path::PathBuf;

/// Why a token did not do what was asked. Nothing here carries a PIN or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The library was not loaded.
    #[error("the token's library {} cannot be loaded: {said}", path.display())]
    Module {
        /// The library.
        path: PathBuf,
        /// What the system said.
        said: String,
    },
    /// No token of that label.
    #[error("there is no token {label:?}; there are: {}", have.join(", "))]
    NoToken {
        /// Asked for.
        label: String,
        /// Labels of those that are there.
        have: Vec<String>,
    },
    /// Wrong PIN.
    #[error("the PIN of the token is wrong{}", if *low { "; few tries are left" } else { "" })]
    Pin {
        /// Whether the token says that few tries are left.
        low: bool,
    },
    /// One try is left.
    #[error("the token has 1 try left for its PIN")]
    LastTry,
    /// No try is left.
    #[error("the PIN of the token is locked")]
    Locked,
    /// No token does this suite by a standard mechanism.
    #[error("PKCS#11 has no mechanism for the suite {}", suite.name())]
    Suite {
        /// The suite.
        suite: Suite,
    },
    /// The token does not offer a mechanism.
    #[error("the token does not offer {mechanism}, which the suite {} needs", suite.name())]
    Mechanism {
        /// The suite.
        suite: Suite,
        /// Name of the mechanism.
        mechanism: &'static str,
    },
    /// Roots are in it.
    #[error("the token holds a province's roots already")]
    Taken,
    /// No roots are in it.
    #[error("the token holds no province's roots")]
    Empty,
    /// A root is missing.
    #[error("the root of {} is missing in the token", role.name())]
    NoRoot {
        /// Its role.
        role: Role,
    },
    /// The description is not ours.
    #[error("what the token says of its roots is not what this program writes")]
    Description,
    /// A root is another than was noted.
    #[error("the token's root of {} has check value {found}, noted is {expected}", role.name())]
    Check {
        /// Its role.
        role: Role,
        /// Noted.
        expected: CheckValue,
        /// Computed by the token.
        found: CheckValue,
    },
    /// An answer of the wrong length.
    #[error("the token's answer has the wrong length")]
    Answer,
    /// The roots stay in the token.
    #[error("the roots do not leave the token: it makes no main control card")]
    Stays,
    /// The token said no.
    #[error("the token did not {doing}: {said}")]
    Token {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        said: String,
    },
}

impl Fault for TokenError {
    fn kind(&self) -> Kind {
        match self {
            TokenError::LastTry => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(
            match self {
                TokenError::Suite { .. } => "use 3des or aes128, or keep sm4 roots in a key store",
                TokenError::LastTry => {
                    "--spend-last-try tries all the same; a wrong PIN then locks the token"
                }
                TokenError::Locked => "the token's security officer sets a new PIN",
                TokenError::Taken => "use another token, or initialise this one with its own program",
                TokenError::Empty => "load the roots with `gridcard kdc hsm init`",
                TokenError::Stays => "make it at the ceremony, before the roots go into a token alone",
                _ => return None,
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            TokenError::Module { .. } => "token-module",
            TokenError::NoToken { .. } => "token-missing",
            TokenError::Pin { .. } => "token-pin",
            TokenError::LastTry => "token-last-try",
            TokenError::Locked => "token-locked",
            TokenError::Suite { .. } => "token-suite",
            TokenError::Mechanism { .. } => "token-mechanism",
            TokenError::Taken => "token-taken",
            TokenError::Empty => "token-empty",
            TokenError::NoRoot { .. } => "token-no-root",
            TokenError::Description => "token-description",
            TokenError::Check { .. } => "token-check",
            TokenError::Answer => "token-answer",
            TokenError::Stays => "token-stays",
            TokenError::Token { .. } => "token-failed",
        }
    }
}

impl From<TokenError> for SourceError {
    fn from(error: TokenError) -> Self {
        SourceError::Elsewhere {
            words: error.to_string(),
            kind: error.kind(),
            hint: error.hint(),
            code: error.code().to_owned(),
        }
    }
}
