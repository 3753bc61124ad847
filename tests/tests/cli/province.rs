//! A province at work: the ceremony by its script, shares and what they restore, the key store, an agreed transport root, and
//! what a kill or a full disk leaves behind.

mod broken;
mod keystore;
mod script;
mod signing;

use crate::command::{Call, Ran, binary};
use crate::world::{Kind, REGION, World, text};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const FORMAL: Kind = Kind { apart: false, formal: true, suite: "3des" };
/// Names of the key store's custodians, with a passphrase each.
pub const CUSTODIANS: [(&str, &str); 3] =
    [("li ming", "seven grey geese"), ("wang fang", "a lamp without oil"), ("zhao wei", "the third bridge")];

/// A world with two PIN files and nothing else.
pub fn empty() -> World {
    let world = World::empty(FORMAL);
    world.file("pin", "123456");
    world.file("pin2", "654321");
    world
}

/// The files of both officers' PINs.
pub const PINS: [&str; 4] = ["--pin-file", "pin", "--second-pin-file", "pin2"];

fn home(world: &World, name: &str) -> String {
    text(&world.path(name)).to_owned()
}

/// A command in a home of its own.
pub fn call(world: &World, at: &str, args: &[&str]) -> Call {
    world.wait(60);
    Call::earnest(&world.path(""), &world.path(at), world.now(), args)
}

/// Lines for stdin.
fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What the key store's custodians type at a ceremony.
fn new_custodians() -> Vec<&'static str> {
    let names = CUSTODIANS.iter().map(|(name, _)| *name);
    names.chain(CUSTODIANS.iter().flat_map(|(_, phrase)| [*phrase, *phrase])).collect()
}

/// What two of them type to open it.
pub fn opening(one: usize, other: usize) -> String {
    let [(a, b), (c, d)] = [CUSTODIANS[one], CUSTODIANS[other]];
    lines(&[a, b, c, d])
}

/// A ceremony that is talked to while it runs.
pub struct Talk {
    child: Child,
    shares: PathBuf,
}

impl Talk {
    /// Begins a ceremony with shares in a folder.
    pub fn begin(world: &World, at: &str, shares: &str, args: &[&str]) -> Self {
        world.wait(60);
        let child = Command::new(binary())
            .args(args)
            .args(world.transport())
            .args(["--share-dir", shares, "--home", &home(world, at), "--at", &world.now().to_string()])
            .current_dir(world.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Talk { child, shares: world.path(shares) }
    }

    /// Says some lines.
    pub fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until so many shares are there; gives their first lines by number.
    pub fn papers(&mut self, total: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let found = papers(&self.shares);
            if found.len() == total {
                return found;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{} shares only", found.len());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        let _ = self.child.stderr.as_mut().unwrap().read_to_string(&mut text);
        text
    }

    /// Ends the input; gives exit code, stdout and stderr.
    pub fn end(mut self) -> (i32, String, String) {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

/// The shares in a folder, in order of their numbers.
fn papers(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    files
        .iter()
        .map(|path| fs::read_to_string(path).unwrap().lines().next().unwrap_or_default().to_owned())
        .collect()
}

/// Everything the script asks for up to the shares.
fn before_shares(world: &World) -> String {
    let people = [
        "Chen Key",
        "Wu Admin",
        "Sun Witness",
        "Component One",
        "Component Two",
        "Share One",
        "Share Two",
        "Share Three",
    ];
    let names: Vec<&str> = people.into_iter().chain(CUSTODIANS.iter().map(|(name, _)| *name)).collect();
    let typed = world.components();
    let papers: Vec<&str> = typed.lines().collect();
    let rest = [
        "room 7",
        "laptop 12",
        "08:00",
        papers[0],
        papers[1],
        "E-001",
        papers[2],
        papers[3],
        "E-002",
        "E-101",
        "E-102",
        "E-103",
    ];
    lines(&names) + &lines(&rest)
}

fn after_shares() -> String {
    // Drafts, three passphrases twice, the check values, the signing.
    let phrases: Vec<&str> = CUSTODIANS.iter().flat_map(|(_, phrase)| [*phrase, *phrase]).collect();
    lines(&[""]) + &lines(&phrases)
}

const RUN: [&str; 11] = [
    "kdc",
    "ceremony",
    "run",
    "--components",
    "2",
    "--shares",
    "2/3",
    "--custodians",
    "3",
    "--threshold",
    "2",
];

/// A whole ceremony by its script; gives what was on the shares, and the two streams.
pub fn by_the_script(world: &World, at: &str, shares: &str, more: &[&str]) -> (Vec<String>, String, String) {
    let args: Vec<&str> = RUN.iter().chain(more).copied().collect();
    let mut talk = Talk::begin(world, at, shares, &args);
    talk.say(&before_shares(world));
    let papers = talk.papers(3);
    talk.say(&lines(&papers.iter().map(String::as_str).collect::<Vec<_>>()));
    talk.say(&after_shares());
    if more.contains(&"--rehearsal") || more.contains(&"--formal-on-virtual") {
        talk.say("E-200\n"); // the card's envelope
    }
    talk.say("\n\n");
    let (code, stdout, stderr) = talk.end();
    assert_eq!(code, 0, "{stdout}\n{stderr}");
    (papers, stdout, stderr)
}

fn record(world: &World, at: &str) -> Value {
    let path = world.path(at).join("province/ceremony.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn checks(ran: &Ran) -> Value {
    ran.object()["check_values"].clone()
}

/// A ceremony with a key store and nothing else: custodians' names, then their passphrases.
fn found(world: &World, at: &str, args: &[&str]) -> Ran {
    let init = ["kdc", "init", "--custodians", "3", "--threshold", "2"];
    let transport = if args.contains(&"--test-root") { &[] } else { world.transport() };
    call(world, at, &init).with(args).with(transport).stdin(&lines(&new_custodians())).run()
}

fn issue_card<'a>(number: &'a str, card: &'a str) -> Vec<&'a str> {
    let mut args = vec!["kdc", "issue-card", "psam-issuing", "--city", REGION, "--number", number];
    args.extend(["--card", card, "--card-pin-file", "pin", "--card-second-pin-file", "pin2"]);
    args
}
