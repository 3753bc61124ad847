//! Why a phone did not get what it asked for.

use client::talk::Status;
use scheme::Kind;
use scheme::fault::{Fault, Hint};
use std::path::PathBuf;

/// Why a phone did not get what it asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustomerError {
    /// Nothing was heard.
    #[error("the server says nothing to {0}")]
    Silent(&'static str),
    /// What came is none of the server's.
    #[error("what came is no answer of the server: {0}")]
    Foreign(String),
    /// The server's key is none.
    #[error("the server's key has 64 hexadecimal digits, and is not {0:?}")]
    ServerKey(String),
    /// The slip's number.
    #[error("the number of a slip has 8 hexadecimal digits, and is not {0:?}")]
    Slip(String),
    /// The one word.
    #[error("the server refuses it")]
    Refused,
    /// It is not known whether it was bought.
    #[error("whether the bank has paid is not known yet")]
    UnderWay,
    /// The server does not understand it.
    #[error("the server does not understand what was asked")]
    NotUnderstood,
    /// Nothing was offered.
    #[error("the server knows no such purchase of this phone in this session")]
    NoOffer,
    /// The server cannot now.
    #[error("the server cannot do it now")]
    Later,
    /// The business says no.
    #[error("the bank's server says no: {0}")]
    No(String),
    /// The phone's file.
    #[error("{file}: {words}", file = file.display())]
    File {
        /// It.
        file: PathBuf,
        /// What is wrong, without what stands there.
        words: String,
    },
    /// Others can read it.
    #[error("others can read {}, which holds the keys of a phone", .0.display())]
    Open(PathBuf),
}

impl CustomerError {
    /// Of a status that is not done.
    pub fn of(status: Status, why: Option<String>) -> Self {
        match status {
            Status::Refused => CustomerError::Refused,
            Status::UnderWay => CustomerError::UnderWay,
            Status::NotUnderstood | Status::Done => CustomerError::NotUnderstood,
            Status::NoOffer => CustomerError::NoOffer,
            Status::Later => CustomerError::Later,
            Status::No => CustomerError::No(why.unwrap_or_else(|| "no reason is told".to_owned())),
        }
    }
}

impl Fault for CustomerError {
    fn kind(&self) -> Kind {
        match self {
            CustomerError::Silent(_) | CustomerError::UnderWay | CustomerError::Later => Kind::Absent,
            CustomerError::ServerKey(_) | CustomerError::Slip(_) => Kind::Usage,
            CustomerError::Refused | CustomerError::Foreign(_) | CustomerError::Open(_) => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            CustomerError::Silent("the enrolment") => {
                "the address, the server's key, the slip's number or the code is wrong, or the slip is at its end: the office gives another".into()
            }
            CustomerError::Silent(_) => {
                "the address is wrong, or the phone is not known any more: ask at the bank".into()
            }
            CustomerError::Refused => "ask at the bank, whose log has the reason".into(),
            CustomerError::UnderWay | CustomerError::Later => {
                "the same command again goes on with it; nothing is paid twice".into()
            }
            CustomerError::NoOffer => "the same command again offers it anew".into(),
            CustomerError::NotUnderstood | CustomerError::Foreign(_) => {
                "program and server have to speak the same version".into()
            }
            CustomerError::No(_) => "docs/specs/errors.md says what this name means".into(),
            CustomerError::ServerKey(_) | CustomerError::Slip(_) => "it stands on the slip".into(),
            CustomerError::File { .. } => "`gridcard phone enrol` makes one".into(),
            CustomerError::Open(_) => "take the rights of others away: chmod 600".into(),
        })
    }

    fn code(&self) -> &str {
        match self {
            CustomerError::Silent(_) => "phone-silent",
            CustomerError::Foreign(_) => "phone-foreign",
            CustomerError::ServerKey(_) => "phone-server-key",
            CustomerError::Slip(_) => "phone-slip",
            CustomerError::Refused => "phone-refused",
            CustomerError::UnderWay => "phone-under-way",
            CustomerError::NotUnderstood => "phone-not-understood",
            CustomerError::NoOffer => "phone-no-offer",
            CustomerError::Later => "phone-later",
            // As the server named it.
            CustomerError::No(why) => why,
            CustomerError::File { .. } => "phone-file",
            CustomerError::Open(_) => "phone-file-open",
        }
    }
}
