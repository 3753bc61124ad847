//! The verbs of the bank asked of a running server (`--url`): the same words, objects and exit codes as in the bank's own folder, and
//! what goes wrong on the way.

mod cards;
mod faults;
mod lost;
mod rows;
mod secured;
mod story;

use crate::command::{Call, Ran};
use crate::service::{Server, key};
use crate::world::{Party, World, text};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// When the bank acts, in its folder and at its server.
const NOON: &str = "2026-11-23 12:00:00";

/// A key in a file that nobody else reads.
pub fn key_file(world: &World, name: &str, role: &str, more: &[&str]) -> (PathBuf, String) {
    let key = key(world, role, more);
    let file = world.file(name, format!("{key}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    (file, key)
}

/// A command of a clerk who has no bank's folder, in the world's folder; nothing says whom it asks.
pub fn clerk(world: &World, args: &[&str]) -> Call {
    let home = world.path("clerk");
    Call::plain(&world.path(""), args).with(&["--home", text(&home)])
}

/// A server of a world at noon, with the keys of a supervisor and of a clerk.
struct Office {
    world: World,
    server: Server,
    url: String,
    supervisor: (PathBuf, String),
    other: (PathBuf, String),
}

impl Office {
    fn open(world: World) -> Self {
        Office::with(world, &[])
    }

    /// Whose server is told more.
    fn with(world: World, more: &[&str]) -> Self {
        let supervisor = key_file(&world, "supervisor.key", "supervisor", &[]);
        let other = key_file(&world, "clerk.key", "clerk", &[]);
        let server = serve(&world, "127.0.0.1:0", more);
        let url = format!("http://{}", server.address);
        Office { world, server, url, supervisor, other }
    }

    /// A command that asks it, by both persons.
    fn ask(&self, args: &[&str]) -> Call {
        let (first, second) = (text(&self.supervisor.0), text(&self.other.0));
        let line = ["--url", &self.url, "--key-file", first, "--second-key-file", second];
        clerk(&self.world, args).with(&line)
    }

    /// As [`Office::ask`], by one person alone.
    fn ask_alone(&self, args: &[&str]) -> Call {
        clerk(&self.world, args).with(&["--url", &self.url, "--key-file", text(&self.supervisor.0)])
    }

    /// Requests that are written down and not answered.
    fn waiting(&self) -> Vec<PathBuf> {
        let found = std::fs::read_dir(self.world.path("clerk/unanswered"));
        found.map(|all| all.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }
}

/// A server at noon.
fn serve(world: &World, listen: &str, more: &[&str]) -> Server {
    let run = ["server", "run", "--listen", listen, "--pin-file", "pin"];
    Server::of(near(world, &run).with(more))
}

/// A command in the bank's own folder at noon.
fn near(world: &World, args: &[&str]) -> Call {
    Call::earnest(&world.path(""), &world.home(Party::Bank), NOON.parse().unwrap(), args)
}

/// What a command said, without what differs from run to run: ids, hashes, who acted, where files are, how wide columns are.
#[derive(Debug, PartialEq)]
struct Said {
    code: i32,
    words: String,
    error: String,
}

impl Said {
    /// The names in it alone, of what is drawn.
    fn names(&self) -> Vec<&str> {
        self.words.lines().map(|line| line.trim().split([' ', ':']).next().unwrap()).collect()
    }
}

/// What stands for what, on one side.
struct Side {
    names: Vec<(String, &'static str)>,
}

impl Side {
    fn plain(&self, words: &str) -> String {
        let mut words = words.to_owned();
        for (name, stands) in &self.names {
            words = words.replace(name, stands);
        }
        let (mut out, mut token) = (String::new(), String::new());
        for c in words.chars().chain(std::iter::once('\n')) {
            if c.is_ascii_alphanumeric() {
                token.push(c);
                continue;
            }
            let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
            out.push_str(match token.len() {
                16 if is_hex => "ID",
                64 if is_hex => "HASH",
                352 if is_hex => "RECORD",
                _ => &token,
            });
            token.clear();
            if c != ' ' || !out.ends_with(' ') {
                out.push(c);
            }
        }
        out.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    fn object(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.plain(&text).into(),
            Value::Array(values) => values.into_iter().map(|value| self.object(value)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.object(value))).collect()
            }
            other => other,
        }
    }

    /// What a command said; `json`: it said one object.
    fn said(&self, ran: &Ran, json: bool) -> Said {
        let words = if json {
            let mut object = ran.object();
            // Where the log of the bank stood says what else was done there.
            if let Some(log) = object.get_mut("log") {
                *log = "somewhere".into();
            }
            format!("{:#}", self.object(object))
        } else {
            self.plain(&ran.stdout)
        };
        let told = ran.stderr.lines().filter(|line| {
            ["error: ", "hint: ", "rejected: ", "registered all the same", "column "]
                .iter()
                .any(|begin| line.starts_with(begin))
        });
        Said { code: ran.code, words, error: self.plain(&told.collect::<Vec<_>>().join("\n")) }
    }
}
