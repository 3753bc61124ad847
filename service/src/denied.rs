//! Why a request is not even worked on.

use scheme::Kind;
use scheme::fault::{Fault, Hint};

/// What keeps a request from being worked on; nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No key, or one that nobody was given.
    #[error("this wants a key that this bank gave out")]
    Key,
    /// The key was good once.
    #[error("the key {0} is not good any more")]
    KeyEnded(String),
    /// The second key of an act that wants two people.
    #[error(
        "the second key is none that this bank gave out, is the first one again, or is no clerk's and no supervisor's"
    )]
    SecondKey,
    /// The role may not.
    #[error("a key of the role {role} may not do this; one of these may: {allowed}")]
    Role {
        /// Its role.
        role: &'static str,
        /// Those that may.
        allowed: String,
    },
    /// Too many requests.
    #[error("more requests came under this key than it may send")]
    Rate,
    /// Too many keys that were none came from an address.
    #[error("more keys that are none came from this address than it may show")]
    Tries,
    /// An act about the whole bank.
    #[error("this is about the whole bank, and the key is of one office")]
    Office,
    /// Too much is waiting.
    #[error("the server has more to do than it lets wait")]
    Busy,
    /// A change without an id.
    #[error(
        "a request that changes something has an id of 1 to 64 letters, digits, dots, dashes and underscores"
    )]
    NoId,
    /// The body is too long.
    #[error("a body has at most {0} bytes")]
    TooLarge(usize),
    /// The body did not come.
    #[error("the body did not come in time")]
    Slow,
    /// What was sent is not what is asked for.
    #[error("{0}")]
    Malformed(String),
    /// Nothing is there.
    #[error("there is nothing at this path")]
    NoRoute,
    /// Not this way.
    #[error("this path is not asked with this method")]
    NoMethod,
    /// There is no bank to ask.
    #[error("this server has no bank that could debit an account")]
    NoBank,
    /// The certificate cannot be offered.
    #[error("{file}: {words}", file = file.display())]
    Tls {
        /// The file.
        file: std::path::PathBuf,
        /// Why.
        words: String,
    },
    /// Somebody outside could listen.
    #[error("{0} is no address of this machine alone, and keys would go over the network in clear")]
    Plain(std::net::SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// It.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl Denied {
    /// Its status.
    pub const fn status(&self) -> u16 {
        match self {
            Denied::Key | Denied::KeyEnded(_) => 401,
            Denied::SecondKey | Denied::Role { .. } | Denied::Office => 403,
            Denied::Rate | Denied::Tries => 429,
            Denied::Busy | Denied::NoBank | Denied::Tls { .. } | Denied::Plain(_) | Denied::Listen { .. } => {
                503
            }
            Denied::NoId | Denied::Malformed(_) => 400,
            Denied::TooLarge(_) => 413,
            Denied::Slow => 408,
            Denied::NoRoute => 404,
            Denied::NoMethod => 405,
        }
    }

    /// Whether the same request may be sent again as it is.
    pub const fn may_repeat(&self) -> bool {
        matches!(self, Denied::Rate | Denied::Tries | Denied::Busy | Denied::Slow | Denied::NoBank)
    }
}

impl Fault for Denied {
    fn kind(&self) -> Kind {
        match self {
            Denied::Plain(_) => Kind::Security,
            Denied::Listen { .. } => Kind::Absent,
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            Denied::Key => "send `Authorization: Bearer gk_..`; `gridcard server key add` makes one".into(),
            Denied::KeyEnded(_) => "`gridcard server key add` makes another".into(),
            Denied::SecondKey => "send the key of another clerk or supervisor in `Gridcard-Second`".into(),
            Denied::NoId => {
                "send it in `Idempotency-Key`; make it once, keep it, and send it again with every retry"
                    .into()
            }
            Denied::Office => "a key of the head office may do it: one that was given without --office".into(),
            Denied::Tls { .. } => "name PEM files of a certificate and its private key".into(),
            Denied::Rate | Denied::Tries | Denied::Busy => {
                "wait as long as `Retry-After` says, then send the same request again".into()
            }
            Denied::NoRoute | Denied::NoMethod => "`/openapi.json` says what can be asked".into(),
            Denied::NoBank => {
                "name it at the server's start: `gridcard server run --bank ADDRESS`; or sell for cash".into()
            }
            Denied::Plain(_) => {
                "name a certificate and its key (--tls-certificate, --tls-key), or listen on 127.0.0.1 or [::1] behind a proxy"
                    .into()
            }
            Denied::Listen { .. } => "end what listens there, or name another port with --listen".into(),
            Denied::Role { .. } | Denied::TooLarge(_) | Denied::Slow | Denied::Malformed(_) => return None,
        })
    }

    fn code(&self) -> &str {
        match self {
            Denied::Key => "key-unknown",
            Denied::KeyEnded(_) => "key-ended",
            Denied::SecondKey => "second-key",
            Denied::Role { .. } => "role-refused",
            Denied::Rate => "rate-limited",
            Denied::Tries => "key-tries",
            Denied::Office => "office-refused",
            Denied::Tls { .. } => "tls-file",
            Denied::Busy => "server-busy",
            Denied::NoId => "request-id-missing",
            Denied::TooLarge(_) => "body-too-large",
            Denied::Slow => "body-slow",
            Denied::Malformed(_) => "request-malformed",
            Denied::NoRoute => "no-such-path",
            Denied::NoMethod => "no-such-method",
            Denied::NoBank => "no-bank",
            Denied::Plain(_) => "listen-plain",
            Denied::Listen { .. } => "listen-taken",
        }
    }
}
