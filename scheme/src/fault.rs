//! What every error of the house says of itself: its kind, what to do about it, and a name that programs can rely on.
//!
//! An error stands beside the code that raises it and implements [`Fault`]. Whoever joins errors of several crates takes
//! nothing else, so that none can lose its kind or its hint on the way to the user.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How bad it is, as far as a caller has to tell: the roof makes an exit code of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The card or the data said no.
    Refused,
    /// What was asked for makes no sense.
    Usage,
    /// Reader, card or service absent or lost.
    Absent,
    /// Security stop.
    Security,
    /// A signal ended it, in order.
    Interrupted,
}

impl Kind {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Refused => "refused",
            Kind::Usage => "usage",
            Kind::Absent => "absent",
            Kind::Security => "security",
            Kind::Interrupted => "interrupted",
        }
    }

    /// The exit code of a command that ends with it: stable, and in the log.
    pub const fn exit(self) -> u8 {
        match self {
            Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::Absent => 3,
            Kind::Security => 4,
            Kind::Interrupted => 130,
        }
    }
}

/// What to do about an error: one clause without a full stop; `None` when the error says all there is to say.
pub type Hint = Option<Cow<'static, str>>;

/// Something that was found, as reports and their JSON have it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// Its stable name.
    pub code: String,
    /// What it is, in words.
    pub what: String,
}

impl Told {
    /// By its name and in its words.
    pub fn new(code: &str, what: impl Into<String>) -> Self {
        Told { code: code.to_owned(), what: what.into() }
    }

    /// An error that is told and ends nothing.
    pub fn of(error: &(impl Fault + ?Sized)) -> Self {
        Told::new(error.code(), error.to_string())
    }

    /// Several, in one line.
    pub fn line(told: &[Told]) -> String {
        let words: Vec<&str> = told.iter().map(|told| told.what.as_str()).collect();
        words.join("; ")
    }
}

/// What to do where something is read-only.
pub const READ_ONLY: &str = "make it writable, or copy the home to a medium that can be written and name that with --home DIR; reports and shows work as it is";

/// An error that says what kind it is and what to do about it.
pub trait Fault: core::error::Error {
    /// Its kind.
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    /// What to do about it.
    fn hint(&self) -> Hint {
        None
    }

    /// Its stable name, by which programs tell it from others: small letters, digits and dashes. An error that only carries
    /// another gives that one's. A code is never renamed; `docs/specs/errors.md` has them all.
    fn code(&self) -> &str;
}

impl Fault for wire::ChannelError {
    fn kind(&self) -> Kind {
        match self {
            wire::ChannelError::Storage(_)
            | wire::ChannelError::Endless { .. }
            | wire::ChannelError::Modem(_) => Kind::Refused,
            _ => Kind::Absent,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            wire::ChannelError::Storage(_) => {
                Some("make room where the card's file is, or put it where it can be written".into())
            }
            wire::ChannelError::Modem(_) => {
                Some("`gridcard reader doctor at:DEVICE` looks at the modem".into())
            }
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            wire::ChannelError::Absent => "channel-absent",
            wire::ChannelError::Removed => "channel-removed",
            wire::ChannelError::Reset => "channel-reset",
            wire::ChannelError::Unpowered => "channel-unpowered",
            wire::ChannelError::Unplugged => "channel-unplugged",
            wire::ChannelError::ServiceStopped => "channel-service-stopped",
            wire::ChannelError::Busy => "channel-busy",
            wire::ChannelError::Mute => "channel-mute",
            wire::ChannelError::Short(_) => "channel-short",
            wire::ChannelError::Endless { .. } => "channel-endless",
            wire::ChannelError::Storage(_) => "channel-storage",
            wire::ChannelError::Reader(_) => "channel-reader",
            wire::ChannelError::Modem(_) => "channel-modem",
        }
    }
}

impl Fault for wire::LinkError {
    fn kind(&self) -> Kind {
        Kind::Absent
    }

    fn hint(&self) -> Hint {
        match self {
            wire::LinkError::Absent { .. } => Some("look whether it is there and nobody else has it".into()),
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            wire::LinkError::Closed => "line-closed",
            wire::LinkError::Absent { .. } => "line-absent",
            wire::LinkError::Failed(_) => "line-failed",
        }
    }
}

impl Fault for wire::dlt645::FrameError {
    fn code(&self) -> &str {
        match self {
            wire::dlt645::FrameError::TooLong(_) => "frame-too-long",
            wire::dlt645::FrameError::Sum { .. } => "frame-sum",
            wire::dlt645::FrameError::End(_) => "frame-end",
        }
    }
}

impl Fault for wire::sms::tpdu::TpduError {
    fn code(&self) -> &str {
        match self {
            wire::sms::tpdu::TpduError::TooLong { .. } => "message-too-long",
            _ => "message-malformed",
        }
    }
}

impl Fault for wire::sms::record::RecordError {
    fn code(&self) -> &str {
        match self {
            wire::sms::record::RecordError::Length { .. } => "record-length",
            wire::sms::record::RecordError::Unformatted => "record-unformatted",
            wire::sms::record::RecordError::ServiceCentre(_) => "record-service-centre",
            wire::sms::record::RecordError::Tpdu { .. } => "record-tpdu",
            wire::sms::record::RecordError::TooLong { .. } => "record-too-long",
            wire::sms::record::RecordError::Status { .. } => "record-status",
        }
    }
}

impl Fault for serde_json::Error {
    fn code(&self) -> &str {
        "json"
    }
}

/// An error and what to do about it in one sentence, for a list of many.
pub fn told(fault: &dyn Fault) -> String {
    fault.hint().map_or_else(|| fault.to_string(), |hint| format!("{fault} ({hint})"))
}

/// `1, 2 and 5`.
pub fn list(numbers: &[u8]) -> String {
    match numbers {
        [] => String::new(),
        [one] => one.to_string(),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(u8::to_string).collect();
            format!("{} and {last}", rest.join(", "))
        }
    }
}
