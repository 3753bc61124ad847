//! The socket of served cards: one request line and one answer line a connection, both JSON.

use super::{Opener, Rack, RackError, SlotReport};
use scheme::fault::{Fault, Hint, Kind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Bytes of a line, at most.
const LONGEST: u64 = 64 * 1024;
/// Who takes longer to say something is not talking to us.
const PATIENCE: Duration = Duration::from_secs(10);
/// How to get a socket where none is.
const SERVE: &str = "serve cards with `gridcard card serve CARD...`, or name its socket with --control PATH";

/// What another program asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotAct {
    /// Tell all slots.
    List,
    /// Put a card in.
    Insert,
    /// Take it out.
    Remove,
    /// Out and in.
    Cycle,
    /// Reset it.
    Reset,
}

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    /// What to do.
    pub act: SlotAct,
    /// With which card; nothing for [`SlotAct::List`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// What was done: all slots, or the one of the request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Done {
    /// All slots.
    All(Vec<SlotReport>),
    /// One.
    One(Box<SlotReport>),
}

/// An answer line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Answer {
    Done { done: Done },
    Refused { error: String, exit: u8, code: String, hint: Option<String> },
}

/// Why a socket is not open, or brings no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Another program has it.
    #[error("{} serves another command already", .0.display())]
    Taken(PathBuf),
    /// It cannot be opened.
    #[error("cannot open the control socket {}: {source}", path.display())]
    Open {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Nobody is there.
    #[error("nothing serves cards at {}", .0.display())]
    Nobody(PathBuf),
    /// Nobody serves from a folder.
    #[error("nothing serves cards from {}", .0.display())]
    NobodyIn(PathBuf),
    /// Several do.
    #[error("several commands serve cards: {}", .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    Several(Vec<PathBuf>),
    /// No answer.
    #[error("no answer from {}: {source}", path.display())]
    Silent {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It refused, in its own words.
    #[error("{words}")]
    Refused {
        /// What it said.
        words: String,
        /// Of what kind that is.
        kind: Kind,
        /// Its stable name.
        code: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl Fault for ControlError {
    fn kind(&self) -> Kind {
        match self {
            ControlError::Taken(_) | ControlError::Nobody(_) | ControlError::NobodyIn(_) => Kind::Absent,
            ControlError::Several(_) => Kind::Usage,
            ControlError::Open { .. } | ControlError::Silent { .. } => Kind::Refused,
            ControlError::Refused { kind, .. } => *kind,
        }
    }

    fn hint(&self) -> Hint {
        let hint: Cow<'static, str> = match self {
            ControlError::Taken(_) => "end that one first, or choose other ports with --port".into(),
            ControlError::Open { source, .. } if source.kind() == ErrorKind::InvalidInput => {
                "a socket's path may have some 100 characters; name another with --control".into()
            }
            ControlError::Nobody(_) | ControlError::NobodyIn(_) => SERVE.into(),
            ControlError::Several(_) => "say which with --control PATH".into(),
            ControlError::Refused { hint, .. } => return hint.clone().map(Into::into),
            ControlError::Open { .. } | ControlError::Silent { .. } => return None,
        };
        Some(hint)
    }

    fn code(&self) -> &str {
        match self {
            ControlError::Taken(_) => "control-taken",
            ControlError::Open { .. } => "control-open",
            ControlError::Nobody(_) => "control-nobody",
            ControlError::NobodyIn(_) => "control-nobody-in",
            ControlError::Several(_) => "control-several",
            ControlError::Silent { .. } => "control-silent",
            ControlError::Refused { code, .. } => code,
        }
    }
}

/// The socket, open until [`Control::close`].
pub struct Control {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Where the socket is by default; two programs that serve from one folder differ in their first port.
pub fn default_path(home: &Path, port: u16) -> PathBuf {
    home.join(format!("serve-{port}.sock"))
}

impl Control {
    /// Opens the socket, for its owner alone. One that a killed program left behind is replaced.
    ///
    /// # Errors
    /// Another program has it, or it cannot be made there.
    pub fn open<O: Opener + 'static>(path: &Path, rack: Arc<Rack<O>>) -> Result<Self, ControlError> {
        let cannot = |source| ControlError::Open { path: path.to_owned(), source };
        if UnixStream::connect(path).is_ok() {
            return Err(ControlError::Taken(path.to_owned()));
        }
        if fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
            fs::remove_file(path).map_err(cannot)?;
        }
        let listener = UnixListener::bind(path).map_err(cannot)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(cannot)?;
        let ending = Arc::new(AtomicBool::new(false));
        let ends = ending.clone();
        let thread = thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let rack = rack.clone();
                // A connection that fails, or cannot have a thread, is its client's to repeat.
                if let Ok(stream) = stream {
                    let _ = thread::Builder::new().spawn(move || answer(&stream, &rack));
                }
            }
        });
        Ok(Control { path: path.to_owned(), ending, thread: thread.map_err(cannot)? })
    }

    /// Closes the socket and takes it away.
    pub fn close(self) {
        self.ending.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for a connection.
        if UnixStream::connect(&self.path).is_ok() {
            let _ = self.thread.join();
        }
        let _ = fs::remove_file(&self.path); // somebody may have done so
    }
}

/// Why a request means nothing.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    /// The act is one of a card, and no card is named.
    #[error("the request names no card")]
    NoCard,
    /// It is no request.
    #[error("that is no line of this protocol: {0}")]
    Line(io::Error),
}

impl Fault for RequestError {
    fn code(&self) -> &str {
        match self {
            RequestError::NoCard => "control-no-card",
            RequestError::Line(_) => "control-line",
        }
    }
}

/// Answers one request; a client that goes away gets none.
fn answer<O: Opener>(stream: &UnixStream, rack: &Rack<O>) {
    let refused = |error: &dyn Fault| Answer::Refused {
        error: error.to_string(),
        exit: error.kind().exit(),
        code: error.code().to_owned(),
        hint: error.hint().map(Cow::into_owned),
    };
    let answer = match receive::<Request>(stream) {
        Ok(request) => match act(&request, rack) {
            Ok(done) => Answer::Done { done },
            Err(Some(error)) => refused(&error),
            Err(None) => refused(&RequestError::NoCard),
        },
        Err(error) => refused(&RequestError::Line(error)),
    };
    let _ = send(stream, &answer);
}

fn act<O: Opener>(request: &Request, rack: &Rack<O>) -> Result<Done, Option<RackError>> {
    let card = || request.card.as_deref().ok_or(None);
    let one = |report: SlotReport| Done::One(Box::new(report));
    match request.act {
        SlotAct::List => Ok(Done::All(rack.list())),
        SlotAct::Insert => rack.insert(card()?).map(one).map_err(Some),
        SlotAct::Remove => rack.remove(card()?).map(one).map_err(Some),
        SlotAct::Cycle => rack.cycle(card()?).map(one).map_err(Some),
        SlotAct::Reset => rack.reset(card()?).map(one).map_err(Some),
    }
}

fn send(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn receive<T: for<'a> Deserialize<'a>>(stream: &UnixStream) -> io::Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream).take(LONGEST).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Asks a serving program; its refusal comes back as it was.
///
/// # Errors
/// Nobody is there, no answer came, or it refused.
pub fn ask(path: &Path, request: &Request) -> Result<Done, ControlError> {
    let stream = UnixStream::connect(path).map_err(|_| ControlError::Nobody(path.to_owned()))?;
    let silent = |source| ControlError::Silent { path: path.to_owned(), source };
    send(&stream, request).map_err(silent)?;
    match receive(&stream).map_err(silent)? {
        Answer::Done { done } => Ok(done),
        Answer::Refused { error, exit, code, hint } => {
            let kind = match exit {
                3 => Kind::Absent,
                4 => Kind::Security,
                _ => Kind::Refused,
            };
            Err(ControlError::Refused { words: error, kind, code, hint })
        }
    }
}

/// The socket of the one program that serves cards from a folder.
///
/// # Errors
/// Nobody does, or several.
pub fn find(home: &Path) -> Result<PathBuf, ControlError> {
    let mut live = Vec::new();
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with("serve-") && name.ends_with(".sock") && UnixStream::connect(&path).is_ok() {
            live.push(path);
        }
    }
    live.sort();
    match &live[..] {
        [path] => Ok(path.clone()),
        [] => Err(ControlError::NobodyIn(home.to_owned())),
        _ => Err(ControlError::Several(live)),
    }
}
