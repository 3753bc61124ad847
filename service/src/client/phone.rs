//! The ways of a phone's frames to a server: a line of its own, HTTP, a WebSocket [docs/specs/client.md 1]. Frames are sealed by
//! themselves, so none of them needs a certificate.

use super::fault::ClientError;
use super::trust::{Secured, believing};
use parties::customer::Frames;
use parties::{Result, Trouble};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};
use tungstenite::{Message, WebSocket};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

/// The longest frame.
const FRAME_MAX: usize = 4096;
/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a server may take that asks a bank meanwhile.
const PATIENCE: Duration = Duration::from_secs(15);

fn away(url: &str, words: impl ToString) -> Trouble {
    Trouble::new(ClientError::Away { url: url.to_owned(), words: words.to_string() })
}

/// Opens the way that an address names: `tcp:HOST:PORT`, `ws://HOST:PORT/phone`, `http://HOST:PORT`, `https://HOST:PORT`; `ca`: whose
/// certificate is believed, for the last.
///
/// # Errors
/// It is no address; nobody is there.
pub fn frames(url: &str, ca: Option<&Path>) -> Result<Box<dyn Frames>> {
    if let Some(address) = url.strip_prefix("tcp:") {
        let stream = connect(url, address.trim_start_matches("//"))?;
        return Ok(Box::new(Line { url: url.to_owned(), stream, got: Vec::new() }));
    }
    if let Some(rest) = url.strip_prefix("ws:").map(|rest| rest.trim_start_matches("//")) {
        let address = rest.split('/').next().unwrap_or_default();
        let stream = connect(url, address)?;
        let whole = if rest.contains('/') { format!("ws://{rest}") } else { format!("ws://{rest}/phone") };
        let (socket, _) = tungstenite::client(whole.as_str(), stream).map_err(|error| away(url, error))?;
        return Ok(Box::new(Socket { url: url.to_owned(), socket }));
    }
    if url.starts_with("http://") || url.starts_with("https://") {
        let trust = match (url.starts_with("https:"), ca) {
            (false, _) => None,
            (true, None) => return Err(Trouble::new(ClientError::NoTrust)),
            (true, Some(file)) => {
                let pem = std::fs::read(file).map_err(|error| ClientError::Trust {
                    file: file.to_owned(),
                    words: format!("cannot be read: {error}"),
                })?;
                Some(believing(file, &pem)?)
            }
        };
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIME))
            .timeout_global(Some(PATIENCE * 4))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        let to = format!("{}/v1/phone", url.trim_end_matches('/'));
        let connector = ().chain(TcpConnector::default()).chain(Secured(trust));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        return Ok(Box::new(Asking { agent, to, got: Vec::new() }));
    }
    Err(Trouble::new(ClientError::PhoneAddress(url.to_owned())))
}

fn connect(url: &str, address: &str) -> Result<TcpStream> {
    let mut places = address.to_socket_addrs().map_err(|error| away(url, error))?;
    let place = places.next().ok_or_else(|| away(url, "the host has no address"))?;
    let stream = TcpStream::connect_timeout(&place, CONNECT_TIME).map_err(|error| away(url, error))?;
    stream.set_nodelay(true).map_err(|error| away(url, error))?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(|error| away(url, error))?;
    Ok(stream)
}

/// Whether a read found nothing in its time.
fn is_nothing(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A time that a socket takes: none is for ever there.
fn some(left: Duration) -> Option<Duration> {
    Some(left.max(Duration::from_millis(1)))
}

/// A line: `length2 || frame`.
struct Line {
    url: String,
    stream: TcpStream,
    got: Vec<u8>,
}

impl Frames for Line {
    fn send(&mut self, frame: &[u8]) -> Result<()> {
        let length = u16::try_from(frame.len()).map_err(|_| away(&self.url, "the frame is too long"))?;
        let bytes = [&length.to_be_bytes()[..], frame].concat();
        self.stream.write_all(&bytes).map_err(|error| away(&self.url, error))
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            if let Some((length, rest)) = self.got.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length));
                if length > FRAME_MAX {
                    return Err(away(&self.url, "what comes is no frame"));
                }
                if let Some((frame, rest)) = rest.split_at_checked(length) {
                    let frame = frame.to_vec();
                    self.got = rest.to_vec();
                    return Ok(Some(frame));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Ok(None);
            }
            self.stream.set_read_timeout(some(left)).map_err(|error| away(&self.url, error))?;
            let mut buffer = [0; FRAME_MAX];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(away(&self.url, "the line was ended")),
                Ok(read) => self.got.extend_from_slice(buffer.get(..read).unwrap_or_default()),
                Err(error) if is_nothing(&error) => return Ok(None),
                Err(error) => return Err(away(&self.url, error)),
            }
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

/// A WebSocket: a binary message a frame.
struct Socket {
    url: String,
    socket: WebSocket<TcpStream>,
}

impl Frames for Socket {
    fn send(&mut self, frame: &[u8]) -> Result<()> {
        self.socket.send(Message::Binary(frame.to_vec().into())).map_err(|error| away(&self.url, error))
    }

    fn receive(&mut self, patience: Duration) -> Result<Option<Vec<u8>>> {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Ok(None);
            }
            self.socket.get_ref().set_read_timeout(some(left)).map_err(|error| away(&self.url, error))?;
            match self.socket.read() {
                Ok(Message::Binary(frame)) => return Ok(Some(frame.to_vec())),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if is_nothing(&error) => return Ok(None),
                Err(error) => return Err(away(&self.url, error)),
            }
        }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

/// HTTP: each frame is a request, and its answer the other's frame, or silence.
struct Asking {
    agent: ureq::Agent,
    to: String,
    got: Vec<Vec<u8>>,
}

impl Frames for Asking {
    fn send(&mut self, frame: &[u8]) -> Result<()> {
        let sent = self.agent.post(&self.to).content_type("application/octet-stream").send(frame);
        let mut response = match sent {
            Ok(response) => response,
            // It may have been heard: the same is sent again.
            Err(ureq::Error::Timeout(ureq::Timeout::Global | ureq::Timeout::RecvResponse)) => return Ok(()),
            Err(error) => return Err(away(&self.to, error)),
        };
        if response.status() == 200 {
            let limit = FRAME_MAX as u64;
            let frame = response.body_mut().with_config().limit(limit).read_to_vec();
            self.got.push(frame.map_err(|error| away(&self.to, error))?);
        }
        Ok(())
    }

    fn receive(&mut self, _: Duration) -> Result<Option<Vec<u8>>> {
        // Whatever is said was said when it was asked.
        Ok(self.got.pop())
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(200)
    }
}
