//! What every error of the house says of itself: its kind, what to do about it, and a name that programs can rely on.
//!
//! An error stands beside the code that raises it and implements [`Fault`]. Whoever joins errors of several crates takes
//! nothing else, so that none can lose its kind or its hint on the way to the user.

use alloc::borrow::Cow;
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

    /// Its stable name, where programs may have to tell it from others.
    fn code(&self) -> Option<&'static str> {
        None
    }
}

impl Fault for wire::ChannelError {
    fn kind(&self) -> Kind {
        match self {
            wire::ChannelError::Storage(_) => Kind::Refused,
            _ => Kind::Absent,
        }
    }
}

impl Fault for wire::sms::record::RecordError {}

impl Fault for serde_json::Error {}

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
