//! The audit log of a party: the one place where acts get into it.

pub mod reading;

pub use crate::held::Held;

use crate::held::Line;
use crate::people::enter::{one, whoever};
use crate::people::who::Person;
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble};
use crate::vouch::ends;
use issue::keyset::RoleCheck;
use office::audit::{Anchor, Audit, Card, Ending, LOG, LogEvent};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// The fact that says where the ledger stood when an act of a bank was noted.
pub const LEDGER: &str = "ledger";
/// Name of the fact that says that a copy of the books was put back, and where the ledger stood in it.
pub const RESTORED: &str = "restored";

/// Asks who acts, and looks at the log and the clock, before anything of an act is done: a log that was cut or a clock that
/// went back is no time to begin.
///
/// # Errors
/// Nobody logs in; the log was cut; the clock went back.
pub fn enter(session: &Session, folder: &Path) -> Result<()> {
    let who = one(session, folder)?;
    if let Some(held) = held(session, folder) {
        return held.clock(&who.to_string(), &session.now()?.to_string(), clock_may_go_back(session));
    }
    let kept = ends::kept(folder)?;
    if kept.is_empty() && !folder.join(LOG).exists() {
        return Ok(());
    }
    let mut audit = open(session, &who, folder, true)?;
    kept.iter().try_for_each(|anchor| audit.must_have(&anchor.by, anchor.head))?;
    Ok(audit.clock(&session.now()?.to_string(), clock_may_go_back(session))?)
}

/// Opens a folder's log before an act: tells of what a crash tore, and refuses a clock that went back.
///
/// # Errors
/// As [`enter`]; the log cannot be opened.
pub fn begin(session: &Session, folder: &Path) -> Result<Audit> {
    begin_as(session, folder, true)
}

/// As [`begin`], for a batch: lines are written at once, and are on the disk when it is synced or closed.
///
/// # Errors
/// As [`begin`].
pub fn batch(session: &Session, folder: &Path) -> Result<Audit> {
    begin_as(session, folder, false)
}

fn begin_as(session: &Session, folder: &Path, every_line: bool) -> Result<Audit> {
    session.course.noted.store(true, Ordering::Relaxed);
    let who = one(session, folder)?;
    let mut audit = open(session, &who, folder, every_line)?;
    audit.clock(&session.now()?.to_string(), clock_may_go_back(session))?;
    Ok(audit)
}

/// Opens a folder's log for acts that are kept together: their lines wait in it. Its end is compared with what others keep of it, as
/// before any act.
///
/// # Errors
/// The log was cut, or another program writes into it.
pub fn hold(session: &Session, folder: &Path, kept: &[Anchor]) -> Result<Held> {
    let audit = open(session, &Person::service(), folder, false)?;
    kept.iter().try_for_each(|anchor| audit.must_have(&anchor.by, anchor.head))?;
    Ok(Held::new(folder, audit))
}

/// The log of a folder, where lines of this session are held back.
fn held<'s>(session: &'s Session, folder: &Path) -> Option<&'s Held> {
    session.held.as_deref().filter(|held| held.is_of(folder))
}

fn clock_may_go_back(session: &Session) -> bool {
    session.allow_clock_back || session.deed.asks_no_clock()
}

fn open(session: &Session, who: &Person, folder: &Path, every_line: bool) -> Result<Audit> {
    let path = folder.join(LOG);
    let audit = Audit::open(&path, &who.to_string(), every_line).context("the audit log")?;
    if let Some(torn) = audit.torn() {
        session.say(format!(
            "{}: the last {} byte(s) were torn by a crash and count for nothing",
            path.display(),
            torn.bytes
        ));
    }
    Ok(audit)
}

/// What is noted of an act that ended well.
pub struct Noted<'a> {
    /// The act.
    pub act: LogEvent,
    /// The card it was about.
    pub card: Option<Card>,
    /// Check values.
    pub keys: &'a [RoleCheck],
    /// What else is to be known.
    pub facts: &'a [(&'a str, String)],
}

impl Noted<'_> {
    /// An act and nothing else.
    pub const fn of(act: LogEvent) -> Self {
        Noted { act, card: None, keys: &[], facts: &[] }
    }
}

/// Notes an act in a log that is open.
///
/// # Errors
/// The line cannot be written.
pub fn add(session: &Session, audit: &mut Audit, noted: Noted<'_>) -> Result<()> {
    let keys = Line::keys(noted.keys);
    let at = session.now()?.to_string();
    Ok(audit.add(&at, noted.act, noted.card, &keys, Ending::Done, noted.facts)?)
}

/// Notes an act of a party that ended well.
///
/// # Errors
/// As [`begin`] and [`add`].
pub fn note(session: &Session, folder: &Path, noted: Noted<'_>) -> Result<()> {
    if let Some(held) = held(session, folder) {
        session.course.noted.store(true, Ordering::Relaxed);
        held.add(Line {
            who: one(session, folder)?.to_string(),
            at: session.now()?.to_string(),
            act: noted.act,
            card: noted.card,
            keys: Line::keys(noted.keys),
            outcome: Ending::Done,
            facts: noted.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        });
        return Ok(());
    }
    let mut audit = begin(session, folder)?;
    add(session, &mut audit, noted)?;
    ends::keep(folder, audit.head())
}

/// Says something of an act for its line in the log: a name, and what it is. No secret.
pub fn fact(session: &Session, name: &'static str, value: impl ToString) {
    session.course.facts.lock().unwrap_or_else(PoisonError::into_inner).push((name, value.to_string()));
}

/// Says who was the second person of an act. He stands once in its line, whether the act says it, whoever had it done, or both: an act
/// that goes on where it was left asks nobody again.
pub fn second(session: &Session, person: impl ToString) {
    let said = ("second", person.to_string());
    let mut facts = session.course.facts.lock().unwrap_or_else(PoisonError::into_inner);
    if !facts.contains(&said) {
        facts.push(said);
    }
}

/// What an act told; several values of one name stand in one line.
fn told(session: &Session) -> BTreeMap<&'static str, String> {
    let mut told: BTreeMap<&'static str, String> = BTreeMap::new();
    for (name, value) in session.course.facts.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        told.entry(name)
            .and_modify(|values| {
                values.push_str(", ");
                values.push_str(&value);
            })
            .or_insert(value);
    }
    told
}

/// Notes that an act was done, by its fixed name and with what it told ([`fact`]), unless it noted something itself. So no
/// act of a party can be forgotten.
///
/// # Errors
/// As [`note`].
pub fn done(session: &Session, act: &'static str) -> Result<()> {
    let acting = session.course.acting.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(folder) = acting.filter(|folder| folder.is_dir()) else { return Ok(()) };
    let facts = told(session);
    // Who was second stands nowhere else.
    let noted = session.is_noted() && !facts.contains_key("second");
    if session.rehearsal || noted {
        return Ok(());
    }
    let mut facts: Vec<(&str, String)> = facts.iter().map(|(name, value)| (*name, value.clone())).collect();
    // Whoever keeps a line of this log keeps the ledger's head with it.
    if facts.iter().all(|(name, _)| *name != LEDGER)
        && let Some(head) = crate::bank::books::ledger_head(&folder)?
    {
        facts.push((LEDGER, head.to_string()));
    }
    note(session, &folder, Noted { facts: &facts, ..Noted::of(LogEvent::Other(act.to_owned())) })
}

/// The head hash of a folder's log, as people write it down.
///
/// # Errors
/// The log cannot be opened.
pub fn head(session: &Session, folder: &Path) -> Result<String> {
    Ok(open(session, &whoever(session, folder), folder, true)?.head().hash.to_string())
}

/// Notes that a command failed, in the log of the party whose act it was. What cannot be noted is told on stderr: the
/// command has failed already.
pub fn failed(session: &Session, command: &str, error: &Trouble) {
    let acting = session.course.acting.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some(folder) = acting.filter(|folder| folder.is_dir() && !disk::is_read_only(folder)) else { return };
    // What the log itself could not take, or has already, is not noted twice.
    if office::audit::is_in(error.chain()) {
        return;
    }
    let who = whoever(session, &folder);
    let outcome = Ending::Refused { why: format!("{error}") };
    let mut facts: Vec<(&str, String)> = told(session).into_iter().collect();
    facts.extend([("command", command.to_owned()), ("exit", error.kind().exit().to_string())]);
    if let (Some(held), Ok(at)) = (held(session, &folder), session.now()) {
        let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (who, at, act) = (who.to_string(), at.to_string(), LogEvent::Command);
        held.add(Line { who, at, act, card: None, keys: Vec::new(), outcome, facts });
        return;
    }
    let noted = open(session, &who, &folder, true).and_then(|mut audit| {
        let at = session.now()?.to_string();
        audit.clock(&at, true)?; // it has failed already; the line says when the clock was wrong
        audit.add(&at, LogEvent::Command, None, &[], outcome, &facts)?;
        ends::keep(&folder, audit.head())
    });
    if let Err(fault) = noted {
        session.say(format!("the failure is not in the audit log: {fault}"));
    }
}
