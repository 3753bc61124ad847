//! Requests: an act that wants two people, asked for by one and approved by another later.
//!
//! A request is a file in the party's folder, `requests/ID.json`: the command's arguments without secrets and without
//! anybody's login. Its hash stands in the audit log in a line of who asked, so a request that was put there or changed
//! by hand is none; the line of its approval makes it spent.

pub use super::requested::Requested;

use super::enter::operators;
use super::login;
use super::pair::{must_be_two, same};
use super::who::{Person, Two};
use crate::home::{self, Home};
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result};
use crate::trouble::{refused, security};
use office::audit::{Ending, Entry, Hash, LOG, LogEvent, verify};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

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

/// Writes a request for what this command would do, and says how it goes on.
pub(super) fn write(session: &Session, party: &Path, act: &str, by: &Person) -> Result<()> {
    let id = hex::encode(scheme::chance::random::<4>(&mut *session.chance("request")));
    let at = session.now()?.to_string();
    let request = Request {
        format: FORMAT.to_owned(),
        id: id.clone(),
        act: act.to_owned(),
        args: session.arguments.clone(),
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
    log::note(session, party, log::Noted { facts: &facts, ..log::Noted::of(LogEvent::Request) })?;
    let path = place(party, &id);
    if let Some(folder) = path.parent() {
        disk::create_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    home::write(&path, text.as_bytes())?;
    let requested =
        Requested { request: id, act: act.to_owned(), by: by.to_string(), file: path.display().to_string() };
    *session.course.requested.lock().unwrap_or_else(PoisonError::into_inner) = Some(requested);
    Ok(())
}

/// The requests of a party that wait, with what its log says.
///
/// # Errors
/// A file or the log cannot be read.
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
            entry.act == LogEvent::Request
                && entry.outcome == Ending::Done
                && entry.who == request.by
                && fact(entry, "request") == Some(&request.id)
                && fact(entry, "sha256") == Some(&hash.to_string())
        })
}

fn spent(entries: &[Entry], id: &str) -> bool {
    entries.iter().any(|entry| entry.act == LogEvent::Approve && fact(entry, "request") == Some(id))
}

/// The request with this id, wherever in the home it is.
fn find(session: &Session, id: &str) -> Result<Waiting> {
    for party in Home::new(session).folders()? {
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

/// A request that was approved: what is to be done now, and the session to do it in.
pub struct Approved {
    /// Arguments of the command, without the program's name.
    pub args: Vec<String>,
    /// The folder its relative paths start from.
    pub folder: PathBuf,
    /// The session of the party, with both persons.
    pub session: Session,
}

/// Approves a request: the second person logs in; the act is the caller's to do.
///
/// # Errors
/// No such request; the same person; a wrong password.
pub fn approve(session: &Session, id: &str) -> Result<Approved> {
    let waiting = find(session, id)?;
    let (request, party) = (&waiting.request, &waiting.party);
    session.say(format!(
        "{} asked on {}: {}\n  gridcard {}",
        request.by,
        request.at,
        request.act,
        request.args.join(" ")
    ));
    let operators = operators(party)?;
    let name = session
        .actors
        .operator
        .clone()
        .map_or_else(|| session.secrets.ask_openly("operator who approves"), Ok)?;
    let first = operators.named(&request.by).map_err(|error| security(error.to_string()))?;
    let first = Person { name: first.name.clone(), role: Some(first.role), logged_in: false, by_key: false };
    if name == first.name {
        return Err(same(&request.act, &first).into());
    }
    let second = login::login(session, &operators, &name, session.actors.password_file.as_deref())?;
    must_be_two(&request.act, &first, &second)?;
    session.course.people.keep(party, &second);
    let facts = [
        ("request", request.id.clone()),
        ("asks", request.act.clone()),
        ("asked_by", request.by.clone()),
        ("sha256", waiting.hash.to_string()),
    ];
    // The line first: a request is spent when it is tried.
    log::note(session, party, log::Noted { facts: &facts, ..log::Noted::of(LogEvent::Approve) })?;
    let home = party.canonicalize().with_context(|| party.display().to_string())?;
    let mut approved = Session { home, ..session.clone() };
    (approved.actors.operator, approved.actors.password_file) = (None, None);
    approved.course.people.approve(Two { first, second: Some(second) });
    Ok(Approved { args: request.args.clone(), folder: request.folder.clone(), session: approved })
}
