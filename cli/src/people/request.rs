//! Requests: an act that wants two people, asked for by one and approved by another later.
//!
//! A request is a file in the party's folder, `requests/ID.json`: the command's arguments without secrets and without
//! anybody's login. Its hash stands in the audit log in a line of who asked, so a request that was put there or changed
//! by hand is none; the line of its approval makes it spent.

use super::{Person, Two, login, must_be_two, operators};
use crate::args::{Cli, Global};
use crate::audit;
use crate::clock::{entropy, now, random};
use crate::fail::{refused, security};
use crate::home::{self, Home};
use crate::output::answer;
use clap::Parser;
use office::audit::{Act, Entry, Hash, LOG, Outcome, verify};
use parties::trouble::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};

const FORMAT: &str = "gridcard request 1";

/// An act that waits for its second person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    format: String,
    /// Eight hexadecimal digits.
    pub id: String,
    /// What is to be done, in words.
    pub act: String,
    /// Arguments of the command, without the program's name.
    pub args: Vec<String>,
    /// The folder its relative paths start from.
    folder: PathBuf,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: String,
}

/// A request with what the log says of it.
pub struct Waiting {
    /// The request.
    pub request: Request,
    /// The folder of its party.
    pub party: PathBuf,
    hash: Hash,
}

fn place(party: &Path, id: &str) -> PathBuf {
    party.join("requests").join(format!("{id}.json"))
}

/// Options that are the asking person's or the moment's, and whether a value follows.
const NOT_KEPT: [(&str, bool); 9] = [
    ("--operator", true),
    ("--operator-password-file", true),
    ("--second-operator", true),
    ("--second-password-file", true),
    ("--request", false),
    ("--at", true),
    ("--home", true),
    ("--json", false),
    ("--allow-clock-back", false),
];

/// The arguments of a command as a request keeps them.
fn kept(args: &[std::ffi::OsString]) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    let mut args = args.iter().skip(1);
    while let Some(arg) = args.next() {
        let arg = arg.to_str().ok_or_else(|| refused("a request keeps arguments in UTF-8 alone"))?;
        let name = arg.split('=').next().unwrap_or(arg);
        match NOT_KEPT.iter().find(|(option, _)| *option == name) {
            Some((_, true)) if name == arg => drop(args.next()),
            Some(_) => {}
            None => kept.push(arg.to_owned()),
        }
    }
    Ok(kept)
}

/// Writes a request for what this command would do, and says how it goes on.
pub(super) fn write(global: &Global, party: &Path, act: &str, by: &Person) -> Result<()> {
    let id = hex::encode(random::<4>(&mut *entropy(global, "request")));
    let at = now(global)?.to_string();
    let request = Request {
        format: FORMAT.to_owned(),
        id: id.clone(),
        act: act.to_owned(),
        args: kept(&global.argv)?,
        folder: std::env::current_dir().context("the folder this command runs in")?,
        by: by.to_string(),
        at,
    };
    let text = format!("{}\n", serde_json::to_string_pretty(&request)?);
    let facts = [
        ("request", id.clone()),
        ("asks", act.to_owned()),
        ("sha256", Hash::of(text.as_bytes()).to_string()),
    ];
    audit::note(global, party, audit::Noted { facts: &facts, ..audit::Noted::of(Act::Request) })?;
    let path = place(party, &id);
    if let Some(folder) = path.parent() {
        disk::create_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    home::write(&path, text.as_bytes())?;
    let words = format!(
        "request {id}: {act}, asked by {by}; nothing is done yet\nnext: another operator says `gridcard approve {id}`"
    );
    answer(
        global,
        &words,
        json!({ "request": id, "act": act, "by": by.to_string(), "file": path.display().to_string() }),
    );
    Ok(())
}

/// The requests of a party that wait, with what its log says.
pub fn waiting(party: &Path) -> Result<Vec<Waiting>> {
    let Ok(files) = std::fs::read_dir(party.join("requests")) else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    let log = party.join(LOG);
    if log.exists() {
        verify(&log, None, |entry| entries.push(entry.clone()))?;
    }
    let mut found = Vec::new();
    for file in files {
        let path = file.with_context(|| format!("cannot read {}", party.display()))?.path();
        let text = home::read_text(&path)?;
        let Ok(request) = serde_json::from_str::<Request>(&text) else { continue };
        let hash = Hash::of(text.as_bytes());
        if vouched(&entries, &request, hash) && !spent(&entries, &request.id) {
            found.push(Waiting { request, party: party.to_owned(), hash });
        }
    }
    found.sort_by(|a, b| a.request.at.cmp(&b.request.at));
    Ok(found)
}

fn fact<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    entry.facts.get(name).map(String::as_str)
}

/// The log has this very request, by who is said to have asked.
fn vouched(entries: &[Entry], request: &Request, hash: Hash) -> bool {
    request.format == FORMAT
        && entries.iter().any(|entry| {
            entry.act == Act::Request
                && entry.outcome == Outcome::Done
                && entry.who == request.by
                && fact(entry, "request") == Some(&request.id)
                && fact(entry, "sha256") == Some(&hash.to_string())
        })
}

fn spent(entries: &[Entry], id: &str) -> bool {
    entries.iter().any(|entry| entry.act == Act::Approve && fact(entry, "request") == Some(id))
}

/// The request with this id, wherever in the home it is.
fn find(global: &Global, id: &str) -> Result<Waiting> {
    for party in Home::new(global)?.folders()? {
        let there = place(&party, id).exists();
        if let Some(found) = waiting(&party)?.into_iter().find(|waiting| waiting.request.id == id) {
            return Ok(found);
        }
        if there {
            let words = format!(
                "the request {id} is spent, or is not the one that was asked for: the audit log has no such line"
            );
            return Err(security(words).hint("let it be asked for again with --request").into());
        }
    }
    let fault = refused(format!("there is no request {id} in this home"));
    Err(fault.hint("`gridcard operator requests` lists those that wait").into())
}

/// Approves a request: the second person logs in, then the act is done as it was asked for.
pub fn approve(global: &Global, id: &str) -> Result<()> {
    let waiting = find(global, id)?;
    let (request, party) = (&waiting.request, &waiting.party);
    crate::output::say(format!(
        "{} asked on {}: {}\n  gridcard {}",
        request.by,
        request.at,
        request.act,
        request.args.join(" ")
    ));
    let operators = operators(party)?;
    let name =
        global.operator.clone().map_or_else(|| crate::secret::ask_openly("operator who approves"), Ok)?;
    let first = operators.named(&request.by).map_err(|error| security(error.to_string()))?;
    let first = Person { name: first.name.clone(), role: Some(first.role), logged_in: false };
    if name == first.name {
        return Err(super::same(&request.act, &first).into());
    }
    let second = login::login(&operators, &name, global.operator_password_file.as_deref())?;
    must_be_two(&request.act, &first, &second)?;
    global.people.keep(party, &second);
    let facts = [
        ("request", request.id.clone()),
        ("asks", request.act.clone()),
        ("asked_by", request.by.clone()),
        ("sha256", waiting.hash.to_string()),
    ];
    // The line first: a request is spent when it is tried.
    audit::note(global, party, audit::Noted { facts: &facts, ..audit::Noted::of(Act::Approve) })?;
    run(global, &waiting, Two { first, second: Some(second) })
}

fn run(global: &Global, waiting: &Waiting, two: Two) -> Result<()> {
    let party = waiting.party.canonicalize().with_context(|| waiting.party.display().to_string())?;
    let args = std::iter::once("gridcard".to_owned()).chain(waiting.request.args.iter().cloned());
    let mut cli = Cli::try_parse_from(args)
        .map_err(|error| refused(error.to_string()))
        .context("the request is of another version of this program")?;
    std::env::set_current_dir(&waiting.request.folder)
        .with_context(|| format!("cannot go to {}", waiting.request.folder.display()))?;
    cli.global = Global {
        home: Some(party),
        trace: cli.global.trace.clone(),
        operator: None,
        operator_password_file: None,
        ..global.clone()
    };
    cli.global.people.approve(two);
    crate::nouns::run(cli)
}
