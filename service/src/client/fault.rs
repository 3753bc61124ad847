//! Why a server was not asked, or what it says when it does not do what it was asked for.

use parties::Trouble;
use scheme::Kind;
use scheme::fault::{Fault, Hint};
use serde_json::Value;
use std::path::PathBuf;

/// Why a server was not asked, or gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It is no address of a server.
    #[error("{0:?} is no address of a server: https://HOST:PORT, or http://HOST:PORT on this machine")]
    Address(String),
    /// It is no way to a server for a phone.
    #[error(
        "{0:?} is no address for a phone: tcp:HOST:PORT, ws://HOST:PORT, http://HOST:PORT or https://HOST:PORT"
    )]
    PhoneAddress(String),
    /// It is on another machine, and the key would go in clear.
    #[error("{0} is not on this machine, and the key would go over the network in clear")]
    Plain(String),
    /// Nobody says whose certificate is believed.
    #[error("https wants the certificate that is believed")]
    NoTrust,
    /// The file of certificates is none.
    #[error("{file}: {words}", file = file.display())]
    Trust {
        /// It.
        file: PathBuf,
        /// Why.
        words: String,
    },
    /// Nobody says who asks.
    #[error("a running server wants a key")]
    NoKey,
    /// The file has no key.
    #[error("{file}: {words}", file = file.display())]
    Key {
        /// It.
        file: PathBuf,
        /// Why, without what stands there.
        words: String,
    },
    /// Others can read the key.
    #[error("others can read {}, which holds a key", .0.display())]
    Open(PathBuf),
    /// An id that no request has.
    #[error("the id of a request has 1 to 64 letters, digits, dots, dashes and underscores")]
    Id,
    /// Nobody is there; nothing was sent.
    #[error("no server answers at {url}: {words}")]
    Away {
        /// Where.
        url: String,
        /// Why.
        words: String,
    },
    /// Another one answers there; nothing was sent.
    #[error("whoever answers at {url} has not the certificate that is believed: {words}")]
    Untrusted {
        /// Where.
        url: String,
        /// Why.
        words: String,
    },
    /// A look was not answered.
    #[error("the server did not answer: {0}")]
    Unanswered(String),
    /// A change was not answered.
    #[error("the server did not answer: {words}; whether it was done is not known")]
    Lost {
        /// Why.
        words: String,
        /// The id of the request.
        id: String,
    },
    /// A request of long ago was never answered.
    #[error("the same was asked for at {at} and never answered; whether it was done is not known")]
    Old {
        /// When.
        at: String,
        /// The id of the request.
        id: String,
    },
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Trouble::new(error)
    }
}

/// What to do where it is not known whether something was done.
fn the_same(id: &str) -> String {
    format!(
        "the same command again finds out and finishes it; it sends the same request ({id}), so that nothing is done twice"
    )
}

impl Fault for ClientError {
    fn kind(&self) -> Kind {
        match self {
            ClientError::Address(_)
            | ClientError::PhoneAddress(_)
            | ClientError::NoTrust
            | ClientError::NoKey
            | ClientError::Id => Kind::Usage,
            ClientError::Plain(_) | ClientError::Open(_) | ClientError::Untrusted { .. } => Kind::Security,
            ClientError::Away { .. } | ClientError::Unanswered(_) | ClientError::Lost { .. } => Kind::Absent,
            ClientError::Trust { .. } | ClientError::Key { .. } | ClientError::Old { .. } => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        Some(match self {
            ClientError::Address(_) | ClientError::PhoneAddress(_) => return None,
            ClientError::Plain(_) => "name it with https:// and its certificate with --ca".into(),
            ClientError::NoTrust => "name the server's certificate, or that of its issuer, with --ca FILE (PEM)".into(),
            ClientError::Trust { .. } => "name a PEM file with the server's certificate or that of its issuer".into(),
            ClientError::NoKey => "name its file with --key-file FILE; `gridcard server key add` at the bank makes a key".into(),
            ClientError::Key { .. } => "it has one line, as `gridcard server key add` shows it".into(),
            ClientError::Open(file) => format!("chmod 600 {}", file.display()).into(),
            ClientError::Id => return None,
            ClientError::Away { .. } => "nothing was asked; look whether the server runs and the address is right".into(),
            ClientError::Untrusted { .. } => "nothing was asked; find out who answers there before anybody believes him".into(),
            ClientError::Unanswered(_) => "the same command again asks again".into(),
            ClientError::Lost { id, .. } => the_same(id).into(),
            ClientError::Old { id, .. } => format!(
                "the same command with --request-id {id} finds out and finishes it; after that the same can be asked for anew"
            )
            .into(),
        })
    }

    fn code(&self) -> &str {
        match self {
            ClientError::Address(_) | ClientError::PhoneAddress(_) => "url-address",
            ClientError::Plain(_) => "url-plain",
            ClientError::NoTrust => "ca-missing",
            ClientError::Trust { .. } => "ca-file",
            ClientError::NoKey => "key-file-missing",
            ClientError::Key { .. } => "key-file",
            ClientError::Open(_) => "key-file-open",
            ClientError::Id => "request-id-form",
            ClientError::Away { .. } => "server-away",
            ClientError::Untrusted { .. } => "server-untrusted",
            ClientError::Unanswered(_) => "server-unanswered",
            ClientError::Lost { .. } => "answer-lost",
            ClientError::Old { .. } => "request-old",
        }
    }
}

/// What a server says when it does not do what it was asked for: the same error as where it was raised, by its code, kind and hint.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The status.
    pub status: u16,
    /// Whether the same request may be sent again.
    pub retry: bool,
    kind: Kind,
    code: String,
    words: String,
    hint: Option<String>,
    /// The id of a request of which it is not known whether it was done.
    unknown: Option<String>,
}

const KINDS: [Kind; 5] = [Kind::Refused, Kind::Usage, Kind::Absent, Kind::Security, Kind::Interrupted];

impl Problem {
    /// Reads an answer that says no; `None`: it is none of this server.
    pub fn read(status: u16, text: &str, id: Option<&str>) -> Option<Self> {
        let object: Value = serde_json::from_str(text).ok()?;
        let word = |name: &str| object[name].as_str().map(str::to_owned);
        let kind = object["kind"].as_str()?;
        let unknown = match object["outcome"].as_str()? {
            "unknown" => Some(id.unwrap_or_default().to_owned()),
            _ => None,
        };
        Some(Problem {
            status,
            retry: object["retry"].as_bool()?,
            kind: KINDS.into_iter().find(|known| known.name() == kind)?,
            code: word("code")?,
            words: word("detail")?,
            hint: word("hint"),
            unknown,
        })
    }

    /// Whether it stays so: the same request would be answered the same for ever.
    pub const fn is_final(&self) -> bool {
        self.unknown.is_none() && !self.retry
    }

    /// Whether what was done is known: nothing.
    pub const fn is_known(&self) -> bool {
        self.unknown.is_none()
    }

    /// Whether the server had too much to do, and nothing was done.
    pub fn is_of_the_moment(&self) -> bool {
        self.retry && self.unknown.is_none() && matches!(&*self.code, "server-busy" | "rate-limited")
    }

    /// Whether it is about what was asked for, and not about who asks or how the server is.
    pub const fn is_about_it(&self) -> bool {
        self.is_final() && matches!(self.status, 400 | 404 | 409 | 422)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)?;
        match self.unknown {
            Some(_) => f.write_str("; whether it was done is not known"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Fault for Problem {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn hint(&self) -> Hint {
        match &self.unknown {
            Some(id) => Some(the_same(id).into()),
            None => self.hint.clone().map(Into::into),
        }
    }

    fn code(&self) -> &str {
        &self.code
    }
}
