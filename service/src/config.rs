//! A server's configuration file: TOML, every key of it known. What is secret stands in files of its own, which it names.

use crate::messages::MessagesLine;
use crate::watch::Level;
use parties::Trouble;
use scheme::Kind;
use scheme::fault::{Fault, Hint};
use scheme::subscription::PhoneNumber;
use serde::Deserialize;
use smpp::{Account, Number};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What a configuration file may say. What it does not say stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// Where the server listens.
    pub listen: Option<SocketAddr>,
    /// The name under which it books.
    pub server: Option<String>,
    /// Requests a minute that one key may send.
    pub rate: Option<u32>,
    /// How much is told: off, error, warn, info, debug.
    #[serde(default, deserialize_with = "level")]
    pub log: Option<Level>,
    /// Files with the PINs of PSAMs: FILE, or NUMBER=FILE.
    #[serde(default)]
    pub pin_files: Vec<String>,
    /// File with the connection string of books in PostgreSQL, which may hold a password.
    pub database_file: Option<PathBuf>,
    /// Where customers' phones are listened to on lines of their own.
    pub phone_listen: Option<SocketAddr>,
    /// The paper's variant of their sessions is taken as well.
    #[serde(default)]
    pub paper_phones: bool,
    /// Meters that call.
    pub netmeters: Option<NetMetersConfig>,
    /// The certificate.
    pub tls: Option<TlsConfig>,
    /// The message centre.
    pub messages: Option<MessagesConfig>,
    /// Multimedia messages.
    pub multimedia: Option<MultimediaConfig>,
}

/// What it says of meters that call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetMetersConfig {
    /// Where they are listened to.
    pub listen: SocketAddr,
}

/// What it says of multimedia messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultimediaConfig {
    /// The folder in whose `in` and `out` a gateway lays and fetches them.
    pub folder: PathBuf,
}

/// What it says of a message centre.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessagesConfig {
    /// Where it is, `HOST:PORT`.
    pub centre: String,
    /// The server's system id there.
    pub name: String,
    /// File with the password.
    pub password_file: PathBuf,
    /// The number that the server sends from and is reached by.
    pub number: String,
}

impl MessagesConfig {
    /// The line it speaks of.
    ///
    /// # Errors
    /// The password's file cannot be read; name, password or number are none.
    pub fn line(&self, file: &Path) -> Result<MessagesLine, Trouble> {
        let words = "number in [messages] is no telephone number";
        let wrong = || ConfigError::Value { file: file.to_owned(), words };
        let number: PhoneNumber = self.number.parse().map_err(|_| Trouble::new(wrong()))?;
        let number = Number::international(number.as_str()).ok_or_else(|| Trouble::new(wrong()))?;
        let password = secret(&self.password_file).map_err(Trouble::new)?;
        let account = Account::new(&self.name, &password, number).map_err(Trouble::new)?;
        Ok(MessagesLine { centre: self.centre.clone(), account })
    }
}

/// What it says of TLS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// Certificate, and those between it and a root, in PEM.
    pub certificate: PathBuf,
    /// Private key, in PEM.
    pub key: PathBuf,
}

fn level<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Level>, D::Error> {
    let name = String::deserialize(deserializer)?;
    match Level::from_name(&name) {
        Some(level) => Ok(Some(level)),
        None => Err(serde::de::Error::custom(format!("{name:?} is none of off, error, warn, info, debug"))),
    }
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}", file = file.display())]
    File {
        /// It.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or says what nobody knows.
    #[error("{file}, line {line}: {words}", file = file.display())]
    Malformed {
        /// It.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, without what stands there.
        words: String,
    },
    /// A number is none that may be.
    #[error("{file}: {words}", file = file.display())]
    Value {
        /// It.
        file: PathBuf,
        /// What is wrong.
        words: &'static str,
    },
}

impl Fault for ConfigError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Hint {
        match self {
            ConfigError::File { .. } => None,
            ConfigError::Malformed { .. } | ConfigError::Value { .. } => {
                Some("the keys stand in docs/guide/server.md, and an example in deploy/server.toml".into())
            }
        }
    }

    fn code(&self) -> &str {
        match self {
            ConfigError::File { .. } => "config-file",
            ConfigError::Malformed { .. } => "config-malformed",
            ConfigError::Value { .. } => "config-value",
        }
    }
}

fn text(file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file).map_err(|source| ConfigError::File { file: file.to_owned(), source })
}

impl FileConfig {
    /// Reads one.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, has a key that nobody knows or a value that cannot be.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = text(file)?;
        let config: FileConfig = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            ConfigError::Malformed { file: file.to_owned(), line, words: error.message().to_owned() }
        })?;
        if config.rate == Some(0) {
            return Err(ConfigError::Value { file: file.to_owned(), words: "rate is at least 1" });
        }
        Ok(config)
    }
}

/// A file that is read later can be read now.
///
/// # Errors
/// It cannot.
pub fn must_be_readable(file: &Path) -> Result<(), ConfigError> {
    match std::fs::File::open(file) {
        Ok(_) => Ok(()),
        Err(source) => Err(ConfigError::File { file: file.to_owned(), source }),
    }
}

/// The first line of a file that holds a secret.
///
/// # Errors
/// It cannot be read.
pub fn secret(file: &Path) -> Result<keys::Zeroizing<String>, ConfigError> {
    let text = keys::Zeroizing::new(text(file)?);
    Ok(keys::Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}
