//! The line to a server.

use super::fault::{ClientError, Problem};
use super::request::Request;
use super::trust::{self, NoHandshake, Secured};
use crate::key::SentKey;
use keys::Zeroizing;
use parties::{Result, Session, Trouble};
use serde::de::DeserializeOwned;
use server::bank_host::is_this_machine;
use sha2::{Digest, Sha256};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024 * 1024;
/// How long an answer may take: longer than any bank that the server asks meanwhile.
const ANSWER_TIME: Duration = Duration::from_secs(330);

/// Where a server is, who asks it, and whom to believe that it is it.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Its address: https://HOST:PORT, or http:// on this machine.
    pub url: String,
    /// File with the key of who asks.
    pub key: Option<PathBuf>,
    /// File with the key of a second person.
    pub second: Option<PathBuf>,
    /// PEM file with its certificate or that of its issuer.
    pub trust: Option<PathBuf>,
}

/// The line to a server.
pub struct Link {
    base: String,
    agent: ureq::Agent,
    key: Zeroizing<String>,
    second: Option<Zeroizing<String>>,
    patience: Duration,
}

impl Link {
    /// To a server. Nothing is sent yet.
    ///
    /// # Errors
    /// It is no address, or a plain one of another machine; a file is missing, has no key or no certificate, or is open to others.
    pub fn open(session: &Session, access: &Access) -> Result<Self> {
        let base = access.url.trim_end_matches('/');
        let no_address = || Trouble::new(ClientError::Address(access.url.clone()));
        let uri: ureq::http::Uri = base.parse().map_err(|_| no_address())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(no_address()) };
        let is_bare =
            uri.query().is_none() && uri.authority().is_none_or(|whole| !whole.as_str().contains('@'));
        let trust = match (scheme, &access.trust) {
            _ if !is_bare => return Err(no_address()),
            ("http", _) if is_this_machine(host) => None,
            ("http", _) => return Err(Trouble::new(ClientError::Plain(host.to_owned()))),
            ("https", Some(file)) => Some(trust::believing(file, &certificates(file)?)?),
            ("https", None) => return Err(Trouble::new(ClientError::NoTrust)),
            _ => return Err(no_address()),
        };
        let key = read_key(access.key.as_deref().ok_or_else(|| Trouble::new(ClientError::NoKey))?)?;
        let second = access.second.as_deref().map(read_key).transpose()?;
        // A proxy of the environment would hear the key.
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(session.patience))
            .timeout_global(Some(ANSWER_TIME))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build();
        let connector = ().chain(TcpConnector::default()).chain(Secured(trust));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        Ok(Link { base: base.to_owned(), agent, key, second, patience: session.patience })
    }

    /// What tells what is asked over this line from what is asked over another: server and persons, and no secret.
    pub fn label(&self, asked: &[u8]) -> Vec<u8> {
        let second = self.second.as_deref().map(|key| id_of(key)).unwrap_or_default();
        let whole =
            format!("{} {} {second} {}", self.base, id_of(&self.key), hex::encode(Sha256::digest(asked)));
        whole.into_bytes()
    }

    /// Looks, and reads the report.
    ///
    /// # Errors
    /// The server says no, or does not answer.
    pub fn look<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        Ok(serde_json::from_str(&self.text(request)?)?)
    }

    /// Looks, and gives the text of the answer.
    ///
    /// # Errors
    /// As [`Link::look`].
    pub fn text(&self, request: &Request) -> Result<String> {
        self.send(request, None)
    }

    /// Has something done under an id, and reads the report. The same under the same id is done once.
    ///
    /// # Errors
    /// As [`Link::look`]; whether it was done may not be known.
    pub fn change<T: DeserializeOwned>(&self, request: &Request, id: &str) -> Result<T> {
        Ok(serde_json::from_str(&self.send(request, Some(id))?)?)
    }

    /// Sends a request, again while the server has too much to do.
    fn send(&self, request: &Request, id: Option<&str>) -> Result<String> {
        let begun = Instant::now();
        loop {
            let (status, wait, text) = self.once(request, id)?;
            if status == 200 {
                return Ok(text);
            }
            let Some(problem) = Problem::read(status, &text, id) else {
                let words = format!("it says {status}, and not as a payment server does");
                return Err(Trouble::new(unanswered(words, id)));
            };
            if !problem.is_of_the_moment() || begun.elapsed() + wait > self.patience {
                return Err(Trouble::new(problem));
            }
            std::thread::sleep(wait);
        }
    }

    /// Sends a request once: status, after how long it may be sent again, and text.
    fn once(&self, request: &Request, id: Option<&str>) -> Result<(u16, Duration, String), ClientError> {
        let bearer = Zeroizing::new(format!("Bearer {}", *self.key));
        let mut head = ureq::http::Request::builder()
            .method(request.method())
            .uri(format!("{}{}", self.base, request.target()))
            .header("authorization", bearer.as_str());
        if let Some(id) = id {
            head = head.header("idempotency-key", id);
        }
        // A second person stands for changes alone.
        if let (Some(second), true) = (&self.second, request.changes()) {
            head = head.header("gridcard-second", second.as_str());
        }
        let whole =
            head.body(request.body().to_vec()).map_err(|_| ClientError::Address(self.base.clone()))?;
        let mut response = self.agent.run(whole).map_err(|error| self.failed(&error, id))?;
        let status = response.status().as_u16();
        let after = response.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
        let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
        let text = text.map_err(|error| unanswered(error.to_string(), id))?;
        Ok((status, Duration::from_secs(after.unwrap_or(1)), text))
    }

    /// Why there is no answer, and whether anything can have been done.
    fn failed(&self, error: &ureq::Error, id: Option<&str>) -> ClientError {
        let (url, words) = (self.base.clone(), error.to_string());
        if let ureq::Error::Io(error) = error {
            let handshake = error.get_ref().and_then(|inner| inner.downcast_ref::<NoHandshake>());
            let of_tls =
                handshake.and_then(|NoHandshake(error)| error.get_ref()?.downcast_ref::<rustls::Error>());
            if let Some(rustls::Error::InvalidCertificate(_)) = of_tls {
                return ClientError::Untrusted { url, words };
            }
            let refused = matches!(
                error.kind(),
                ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable
            );
            if handshake.is_some() || refused {
                return ClientError::Away { url, words };
            }
        }
        match error {
            ureq::Error::HostNotFound
            | ureq::Error::ConnectionFailed
            | ureq::Error::Tls(_)
            | ureq::Error::TlsRequired
            | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                ClientError::Away { url, words }
            }
            _ => unanswered(words, id),
        }
    }
}

/// No answer: of a look nothing follows, of a change it is not known whether it was done.
fn unanswered(words: String, id: Option<&str>) -> ClientError {
    match id {
        None => ClientError::Unanswered(words),
        Some(id) => ClientError::Lost { words, id: id.to_owned() },
    }
}

fn certificates(file: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(file).map_err(|error| ClientError::Trust {
        file: file.to_owned(),
        words: format!("cannot be read: {error}"),
    })
}

/// The key of a file that nobody else can read.
fn read_key(file: &Path) -> Result<Zeroizing<String>> {
    let wrong = |words: String| Trouble::new(ClientError::Key { file: file.to_owned(), words });
    if !disk::is_private(file).map_err(|error| wrong(format!("cannot be read: {error}")))? {
        return Err(Trouble::new(ClientError::Open(file.to_owned())));
    }
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let text = Zeroizing::new(text);
    let key = Zeroizing::new(text.trim().to_owned());
    if SentKey::read(&key).is_none() {
        return Err(wrong("there is no key in it".to_owned()));
    }
    Ok(key)
}

/// The id in a key, which is no secret.
fn id_of(key: &str) -> String {
    SentKey::read(key).map(|key| key.id).unwrap_or_default()
}
