//! The socket of a `card serve`: one request line and one answer line a connection, both JSON.

use super::Rack;
use crate::args::Global;
use crate::fail::{Failure, Kind, refused};
use crate::home::Home;
use parties::trouble::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
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

/// What another command asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
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
    pub act: Act,
    /// With which card; nothing for [`Act::List`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// The socket, open until [`Control::close`].
pub struct Control {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Where the serving command's socket is by default; two of them differ in their first port.
pub fn default_path(global: &Global, port: u16) -> Result<PathBuf> {
    let home = Home::new(global)?;
    disk::create_folder(home.root()).with_context(|| format!("cannot make {}", home.root().display()))?;
    Ok(home.root().join(format!("serve-{port}.sock")))
}

impl Control {
    /// Opens the socket, for its owner alone. One that a killed command left behind is replaced.
    pub fn open(path: &Path, rack: Arc<Rack>) -> Result<Self> {
        let cannot = || format!("cannot open the control socket {}", path.display());
        if UnixStream::connect(path).is_ok() {
            return Err(Failure::new(
                Kind::Absent,
                format!("{} serves another command already", path.display()),
            )
            .hint("end that one first, or choose other ports with --port")
            .into());
        }
        use std::os::unix::fs::FileTypeExt;
        if fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
            fs::remove_file(path).with_context(cannot)?;
        }
        let listener = UnixListener::bind(path).map_err(|error| {
            let long = error.kind() == ErrorKind::InvalidInput;
            let failure = refused(format!("{}: {error}", cannot()));
            if long {
                failure.hint("a socket's path may have some 100 characters; name another with --control")
            } else {
                failure
            }
        })?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).with_context(cannot)?;
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
                    let _ = thread::Builder::new().spawn(move || answer(stream, &rack));
                }
            }
        });
        Ok(Control { path: path.to_owned(), ending, thread: thread.with_context(cannot)? })
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

/// Answers one request; a client that goes away gets none.
fn answer(stream: UnixStream, rack: &Rack) {
    let answer = match receive::<Request>(&stream).and_then(|request| act(&request, rack)) {
        Ok(done) => json!({ "done": done }),
        Err(error) => {
            json!({ "error": error.to_string(), "exit": crate::fail::exit_code(error.kind()), "hint": error.hint() })
        }
    };
    let _ = send(&stream, &answer);
}

fn act(request: &Request, rack: &Rack) -> Result<Value> {
    let card = || request.card.as_deref().ok_or_else(|| refused("the request names no card"));
    match request.act {
        Act::List => Ok(rack.list().into()),
        Act::Insert => rack.insert(card()?),
        Act::Remove => rack.remove(card()?),
        Act::Cycle => rack.cycle(card()?),
        Act::Reset => rack.reset(card()?),
    }
}

fn send(mut stream: &UnixStream, value: &impl Serialize) -> Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(stream.write_all(&line)?)
}

fn receive<T: for<'a> Deserialize<'a>>(stream: &UnixStream) -> Result<T> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream).take(LONGEST).read_line(&mut line)?;
    serde_json::from_str(&line).context("that is no line of this protocol")
}

/// Asks a serving command; its refusal comes back as it was.
pub fn ask(path: &Path, request: &Request) -> Result<Value> {
    let stream = UnixStream::connect(path)
        .map_err(|_| nobody(&format!("nothing serves cards at {}", path.display())))?;
    let lost = || format!("no answer from {}", path.display());
    send(&stream, request).with_context(lost)?;
    let mut answer: Value = receive(&stream).with_context(lost)?;
    let Some(error) = answer["error"].as_str() else { return Ok(answer["done"].take()) };
    let exit = match answer["exit"].as_u64() {
        Some(3) => Kind::Absent,
        Some(4) => Kind::Security,
        _ => Kind::Refused,
    };
    let failure = Failure::new(exit, error);
    Err(match answer["hint"].as_str() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
    .into())
}

/// The socket of the one command that serves cards from this home.
pub fn find(global: &Global) -> Result<PathBuf> {
    let home = Home::new(global)?;
    let mut live = Vec::new();
    for entry in fs::read_dir(home.root()).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("serve-") && name.ends_with(".sock") && UnixStream::connect(&path).is_ok() {
            live.push(path);
        }
    }
    live.sort();
    match &live[..] {
        [path] => Ok(path.clone()),
        [] => Err(nobody(&format!("nothing serves cards from {}", home.root().display())).into()),
        several => {
            let several: Vec<_> = several.iter().map(|path| path.display().to_string()).collect();
            Err(Failure::new(Kind::Usage, format!("several commands serve cards: {}", several.join(", ")))
                .hint("say which with --control PATH")
                .into())
        }
    }
}

fn nobody(words: &str) -> Failure {
    Failure::new(Kind::Absent, words)
        .hint("serve cards with `gridcard card serve CARD...`, or name its socket with --control PATH")
}
