//! Lines to meters and modems: sockets, serial ports, pseudo terminals.

use core::fmt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};
use wire::{ByteLink, LinkError};

pub use disk::line::{HeldPort, PortHolder, Serial};

/// How long a line may take an answer that nobody reads.
const SEND_PATIENCE: Duration = Duration::from_secs(10);

/// Where a line is: `HOST:PORT`, or the path of a serial port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A socket.
    Socket(String),
    /// A device.
    Device(PathBuf),
}

/// A text that names no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no line: write HOST:PORT, or the path of a serial port with its /")]
pub struct NoPlace(String);

impl scheme::Fault for NoPlace {
    fn kind(&self) -> scheme::Kind {
        scheme::Kind::Usage
    }

    fn code(&self) -> &str {
        "line-name"
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    /// A device has a `/` in its name, a socket ends in `:` and a port.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        if text.contains('/') {
            return Ok(Place::Device(text.into()));
        }
        match text.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
                Ok(Place::Socket(text.to_owned()))
            }
            _ => Err(NoPlace(text.to_owned())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Socket(name) => f.write_str(name),
            Place::Device(path) => write!(f, "{}", path.display()),
        }
    }
}

/// How long a socket may take to be connected.
const CONNECT: Duration = Duration::from_secs(5);

impl Place {
    /// Opens the line. `serial`: of a device.
    ///
    /// # Errors
    /// [`LinkError::Absent`].
    pub fn open(&self, serial: Serial) -> Result<Box<dyn ByteLink + Send>, LinkError> {
        let absent =
            |error: std::io::Error| LinkError::Absent { line: self.to_string(), why: error.to_string() };
        match self {
            Place::Socket(name) => {
                let mut why = std::io::Error::new(ErrorKind::NotFound, "there is no such host");
                for address in name.to_socket_addrs().map_err(absent)? {
                    match TcpStream::connect_timeout(&address, CONNECT) {
                        Ok(stream) => return Ok(Box::new(Socket::new(stream)?)),
                        Err(error) => why = error,
                    }
                }
                Err(absent(why))
            }
            Place::Device(path) => Ok(Box::new(Terminal::device(path, serial).map_err(absent)?)),
        }
    }
}

fn failed(error: &std::io::Error) -> LinkError {
    match error.kind() {
        ErrorKind::UnexpectedEof
        | ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted => LinkError::Closed,
        _ => LinkError::Failed(error.to_string()),
    }
}

/// Whether there is something to read, or nothing will come any more.
fn ready(line: BorrowedFd<'_>, wait: Duration) -> Result<PollFlags, LinkError> {
    let mut asked = [PollFd::from_borrowed_fd(line, PollFlags::IN)];
    let wait = Timespec::try_from(wait).map_err(|error| LinkError::Failed(error.to_string()))?;
    match poll(&mut asked, Some(&wait)) {
        Ok(_) => Ok(asked[0].revents()),
        // A signal: whoever waits looks whether it means him.
        Err(Errno::INTR) => Ok(PollFlags::empty()),
        Err(error) => Err(LinkError::Failed(std::io::Error::from(error).to_string())),
    }
}

/// A TCP connection.
pub struct Socket(TcpStream);

impl Socket {
    /// Takes a connection over.
    ///
    /// # Errors
    /// [`LinkError::Failed`].
    pub fn new(stream: TcpStream) -> Result<Self, LinkError> {
        // A request is short and waits for its answer.
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        // Who asks and never reads his answers holds nobody up.
        stream.set_write_timeout(Some(SEND_PATIENCE)).map_err(|error| failed(&error))?;
        Ok(Socket(stream))
    }
}

impl ByteLink for Socket {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.0.write_all(bytes).map_err(|error| failed(&error))
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        if ready(self.0.as_fd(), wait)?.is_empty() {
            return Ok(0);
        }
        match self.0.read(buffer) {
            Ok(0) => Err(LinkError::Closed),
            Ok(length) => Ok(length),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// A serial port, or our end of a pseudo terminal.
pub struct Terminal {
    file: File,
    /// It is our end: when nobody has the other open, somebody may come.
    ours: bool,
    /// What keeps other programs from it.
    _held: Option<HeldPort>,
    /// The other end, kept open.
    _device: Option<File>,
}

impl Terminal {
    fn device(path: &Path, serial: Serial) -> std::io::Result<Self> {
        let file = disk::line::serial_port(path, serial)?;
        Ok(Terminal { file, ours: false, _held: None, _device: None })
    }

    /// A serial port for this program alone, waiting at most so long for another that has it.
    ///
    /// # Errors
    /// [`LinkError::Absent`]; `Ok(Err(_))` when another program has it still.
    pub fn alone(
        path: &Path,
        serial: Serial,
        patience: Duration,
    ) -> Result<Result<Self, PortHolder>, LinkError> {
        let absent = |error: std::io::Error| LinkError::Absent {
            line: path.display().to_string(),
            why: error.to_string(),
        };
        let terminal = Terminal::device(path, serial).map_err(absent)?;
        let held = disk::patiently(patience, |_| true, || disk::line::hold_port(&terminal.file, path));
        Ok(held.map(|held| Terminal { _held: Some(held), ..terminal }))
    }

    /// A pseudo terminal, with the device that others open.
    ///
    /// # Errors
    /// [`LinkError::Absent`].
    pub fn pseudo() -> Result<(Self, PathBuf), LinkError> {
        let absent = |error: std::io::Error| LinkError::Absent {
            line: "a pseudo terminal".into(),
            why: error.to_string(),
        };
        let (file, device) = disk::line::pseudo_terminal().map_err(absent)?;
        disk::line::make_raw(&file).map_err(absent)?;
        Ok((Terminal { file, ours: true, _held: None, _device: None }, device))
    }

    /// A pseudo terminal whose device this program keeps open: programs that come and go find it as the one before left it.
    ///
    /// # Errors
    /// [`LinkError::Absent`].
    pub fn pseudo_kept() -> Result<(Self, PathBuf), LinkError> {
        let (terminal, device) = Terminal::pseudo()?;
        let kept = disk::line::keep_open(&device).map_err(|error| LinkError::Absent {
            line: device.display().to_string(),
            why: error.to_string(),
        })?;
        Ok((Terminal { _device: Some(kept), ..terminal }, device))
    }
}

impl ByteLink for Terminal {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let (mut rest, begun) = (bytes, Instant::now());
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(LinkError::Closed),
                Ok(sent) => rest = &rest[sent..],
                // The line is slower than we are.
                Err(error) if error.kind() == ErrorKind::WouldBlock && begun.elapsed() < SEND_PATIENCE => {
                    std::thread::sleep(Duration::from_millis(1))
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        let events = ready(self.file.as_fd(), wait)?;
        if events.contains(PollFlags::IN) {
            return match self.file.read(buffer) {
                Ok(0) => Err(LinkError::Closed),
                Ok(length) => Ok(length),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
                Err(error) => Err(failed(&error)),
            };
        }
        if !events.contains(PollFlags::HUP) {
            return Ok(0);
        }
        if !self.ours {
            return Err(LinkError::Closed);
        }
        // Whoever opens the device next gets the system's modes first, and poll does not wait meanwhile.
        let _ = disk::line::make_raw(&self.file);
        std::thread::sleep(wait.min(Duration::from_millis(5)));
        Ok(0)
    }
}

/// A socket that takes one connection after another, as a meter behind a converter does. One that has said nothing for half a minute
/// makes room for the next that comes.
pub struct Listener {
    listener: TcpListener,
    /// The one there is, and when it last said something.
    line: Option<(Socket, Instant)>,
    idle: Duration,
}

/// How long one that says nothing keeps the next from the line.
const IDLE: Duration = Duration::from_secs(30);
/// How long nobody is taken after one could not be.
const REST: Duration = Duration::from_millis(100);

impl Listener {
    /// Listens at `HOST:PORT`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`LinkError::Absent`].
    pub fn open(address: &str) -> Result<Self, LinkError> {
        let absent =
            |error: std::io::Error| LinkError::Absent { line: address.to_owned(), why: error.to_string() };
        Ok(Listener { listener: TcpListener::bind(address).map_err(absent)?, line: None, idle: IDLE })
    }

    /// Has whoever said nothing for so long make room, in the place of half a minute.
    pub fn patient(self, idle: Duration) -> Self {
        Listener { idle, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// [`LinkError::Failed`].
    pub fn address(&self) -> Result<std::net::SocketAddr, LinkError> {
        self.listener.local_addr().map_err(|error| failed(&error))
    }
}

impl Listener {
    /// Takes the next connection, if one waits.
    fn take_next(&mut self, wait: Duration) -> Result<(), LinkError> {
        if ready(self.listener.as_fd(), wait)?.is_empty() {
            return Ok(());
        }
        // One that went before it was taken, or that there was no descriptor for, is no reason to let the meters fall silent.
        match self
            .listener
            .accept()
            .map_err(|error| failed(&error))
            .and_then(|(stream, _)| Socket::new(stream))
        {
            Ok(socket) => self.line = Some((socket, Instant::now())),
            Err(_) => std::thread::sleep(wait.min(REST)),
        }
        Ok(())
    }
}

impl ByteLink for Listener {
    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let Some((line, _)) = &mut self.line else { return Ok(()) };
        // Whoever asked has gone: the next one comes.
        if line.send(bytes).is_err() {
            self.line = None;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LinkError> {
        if self.line.as_ref().is_some_and(|(_, last)| last.elapsed() >= self.idle) {
            self.take_next(Duration::ZERO)?;
        }
        let Some((line, last)) = &mut self.line else {
            self.take_next(wait)?;
            return Ok(0);
        };
        match line.receive(buffer, wait) {
            Ok(length) => {
                if length > 0 {
                    *last = Instant::now();
                }
                Ok(length)
            }
            Err(_) => {
                self.line = None;
                Ok(0)
            }
        }
    }
}
