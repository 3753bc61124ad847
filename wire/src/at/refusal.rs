//! What a modem says when it does not do what was asked.

use alloc::format;
use alloc::string::String;
use core::fmt;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $prefix:literal { $($(#[$code_doc:meta])* $code:ident = $number:literal, $words:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub u16);

        impl $name {
            $($(#[$code_doc])* pub const $code: $name = $name($number);)*

            /// In words, as +CMEE=2 has them; none of a code without.
            #[must_use]
            pub const fn words(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($words),)*
                    _ => None,
                }
            }

            /// The code whose words these are, whatever their case.
            fn of_words(words: &str) -> Option<Self> {
                const ALL: &[(u16, &str)] = &[$(($number, $words)),*];
                ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(words)).map(|(number, _)| $name(*number))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.words() {
                    Some(words) => write!(f, "{}: {} ({words})", $prefix, self.0),
                    None => write!(f, "{}: {}", $prefix, self.0),
                }
            }
        }
    };
}

codes! {
    /// An error of the equipment or of its SIM.
    Cme, "+CME ERROR" {
        /// The phone failed.
        FAILURE = 0, "phone failure";
        /// Not now, or not by this way.
        NOT_ALLOWED = 3, "operation not allowed";
        /// There is no such thing.
        NOT_SUPPORTED = 4, "operation not supported";
        /// No SIM stands in it.
        NO_SIM = 10, "SIM not inserted";
        /// The SIM's PIN comes first.
        PIN = 11, "SIM PIN required";
        /// The SIM's unblock code comes first.
        PUK = 12, "SIM PUK required";
        /// The SIM does not work.
        SIM_FAILURE = 13, "SIM failure";
        /// The SIM is not ready: soon.
        SIM_BUSY = 14, "SIM busy";
        /// The SIM is of no use here.
        SIM_WRONG = 15, "SIM wrong";
        /// A wrong code.
        PASSWORD = 16, "incorrect password";
        /// The second PIN comes first.
        PIN2 = 17, "SIM PIN2 required";
        /// The unblock code of the second PIN comes first.
        PUK2 = 18, "SIM PUK2 required";
        /// No room.
        FULL = 20, "memory full";
        /// No such place.
        INDEX = 21, "invalid index";
        /// Nothing there.
        NOT_FOUND = 22, "not found";
        /// A text longer than it may be.
        LONG_TEXT = 24, "text string too long";
        /// Nobody to talk to.
        NO_NETWORK = 30, "no network service";
        /// Parameters that mean nothing.
        PARAMETERS = 50, "incorrect parameters";
        /// Anything else.
        UNKNOWN = 100, "unknown";
    }
}

codes! {
    /// An error of messages; 1 to 127 are causes of the network, 128 to 255 of the other side.
    Cms, "+CMS ERROR" {
        /// The phone failed.
        FAILURE = 300, "ME failure";
        /// Not now, or not this message.
        NOT_ALLOWED = 302, "operation not allowed";
        /// There is no such thing.
        NOT_SUPPORTED = 303, "operation not supported";
        /// A message that does not fit its length.
        PDU_PARAMETER = 304, "invalid PDU mode parameter";
        /// Parameters of text mode that mean nothing.
        TEXT_PARAMETER = 305, "invalid text mode parameter";
        /// No SIM stands in it.
        NO_SIM = 310, "SIM not inserted";
        /// The SIM's PIN comes first.
        PIN = 311, "SIM PIN required";
        /// The SIM does not work.
        SIM_FAILURE = 313, "SIM failure";
        /// The SIM is not ready: soon.
        SIM_BUSY = 314, "SIM busy";
        /// The SIM's unblock code comes first.
        PUK = 316, "SIM PUK required";
        /// The memory does not work.
        MEMORY = 320, "memory failure";
        /// No such place.
        INDEX = 321, "invalid memory index";
        /// No room.
        FULL = 322, "memory full";
        /// No service centre is known.
        NO_CENTRE = 330, "SMSC address unknown";
        /// Nobody to talk to.
        NO_NETWORK = 331, "no network service";
        /// Nobody waits for an acknowledgement.
        NO_ACKNOWLEDGEMENT = 340, "no +CNMA acknowledgement expected";
        /// Anything else.
        UNKNOWN = 500, "unknown error";
    }
}

/// What ends an answer to a command that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `ERROR`.
    Plain,
    /// Of the equipment or its SIM.
    Cme(Cme),
    /// Of messages.
    Cms(Cms),
    /// In words of the modem's own, without their prefix.
    Words(String),
}

impl Refusal {
    /// Reads the last line of an answer; none when it is no refusal.
    #[must_use]
    pub fn of(line: &str) -> Option<Self> {
        const WORDS: [&str; 6] =
            ["NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "COMMAND NOT SUPPORT", "TOO MANY PARAMETERS"];
        if line == "ERROR" {
            return Some(Refusal::Plain);
        }
        if let Some(what) = line.strip_prefix("+CME ERROR:") {
            let code = number(what).map(Cme).or_else(|| Cme::of_words(what.trim()));
            return Some(code.map_or_else(|| Refusal::Words(what.trim().into()), Refusal::Cme));
        }
        if let Some(what) = line.strip_prefix("+CMS ERROR:") {
            let code = number(what).map(Cms).or_else(|| Cms::of_words(what.trim()));
            return Some(code.map_or_else(|| Refusal::Words(what.trim().into()), Refusal::Cms));
        }
        WORDS.contains(&line).then(|| Refusal::Words(line.into()))
    }

    /// The line that says it. `mode`: what +CMEE is set to, 0 nothing more than ERROR of the equipment, 1 numbers, 2 words.
    #[must_use]
    pub fn line(&self, mode: u8) -> String {
        match (self, mode) {
            (Refusal::Plain, _) | (Refusal::Cme(_), 0) => "ERROR".into(),
            (Refusal::Cme(code), 2) if code.words().is_some() => {
                format!("+CME ERROR: {}", code.words().unwrap_or_default())
            }
            (Refusal::Cme(code), _) => format!("+CME ERROR: {}", code.0),
            // +CMEE says nothing of these words.
            (Refusal::Cms(code), _) => format!("+CMS ERROR: {}", code.0),
            (Refusal::Words(words), _) => words.clone(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Plain => f.write_str("ERROR"),
            Refusal::Cme(code) => code.fmt(f),
            Refusal::Cms(code) => code.fmt(f),
            Refusal::Words(words) => f.write_str(words),
        }
    }
}

fn number(text: &str) -> Option<u16> {
    text.trim().parse().ok()
}
