//! People who log in to the payment server: password, code, session, and how often somebody may try [docs/specs/console.md 2].
//!
//! A password is compared outside the bank's desk, since it takes long ([`crate::people::by_password`]); what is done here is quick.

use super::desk::Desk;
use super::folder;
use crate::log;
use crate::people::operators::{Operator, Operators, Role};
use crate::people::{self, Person, acts_by_key};
use crate::session::{Deed, Session};
use crate::trouble::{Result, Trouble, refused};
use ::keys::{Zeroizing, totp};
use scheme::Kind;
use scheme::chance::random;
use scheme::fault::{Fault, Hint};
use scheme::moment::Moment;
use scheme::profile::State;
use serde::Serialize;
use server::{Books, WebSession};
use sha2::{Digest, Sha256};

/// Seconds somebody may do nothing.
pub const IDLE_S: i64 = 15 * 60;
/// Seconds after which he logs in anew, whatever he did.
pub const LONGEST_S: i64 = 12 * 3600;
/// A session is noted as seen so often at most, so that looking does not write every time.
const SEEN_S: i64 = 30;
/// Failed tries of a name from one address before it waits there.
const FREE_OF_BOTH: u32 = 4;
/// The same of an address, behind which many people may sit.
const FREE_OF_ADDRESS: u32 = 20;
/// The same of a name, wherever it is tried: high, so that nobody keeps somebody else out from afar.
const FREE_OF_NAME: u32 = 100;
/// The longest wait.
const LONGEST_WAIT_S: i64 = 15 * 60;
/// Failed tries are forgotten after so long without another.
const FORGOTTEN_S: i64 = 24 * 3600;
/// What the log says of a login.
const LOGIN: &str = "console login";

/// Why somebody is not let in. No word of it says which of the three was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Name, password or code.
    #[error("name, password or code is not right")]
    Wrong,
    /// Too many tries before this one, which was not looked at.
    #[error("too many logins failed; the next is looked at in {seconds} second(s)")]
    Wait {
        /// So long.
        seconds: i64,
    },
    /// No session, or one that has ended.
    #[error("nobody is logged in here")]
    Nobody,
}

impl Fault for LoginError {
    fn kind(&self) -> Kind {
        Kind::Security
    }

    fn hint(&self) -> Hint {
        Some(match self {
            LoginError::Wrong => "type all three again; a code is good for half a minute, and once; who has no codes yet gets them by \
                                  `gridcard operator totp` at the bank"
                .into(),
            LoginError::Wait { .. } => "wait, then log in; nobody waits longer than 15 minutes".into(),
            LoginError::Nobody => "log in".into(),
        })
    }

    fn code(&self) -> &str {
        match self {
            LoginError::Wrong => "login-wrong",
            LoginError::Wait { .. } => "login-wait",
            LoginError::Nobody => "login-nobody",
        }
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Name.
    pub name: String,
    /// What he may do.
    pub role: Role,
    /// The id under which he asks.
    pub principal: String,
    /// When he is logged out at the latest.
    pub ends: Moment,
}

impl LoggedIn {
    /// As acts know him.
    pub fn person(&self) -> Person {
        Person::by_login(&self.name, self.role)
    }
}

/// Somebody who tries to log in, or shows again who he is.
#[derive(Debug, Clone)]
pub struct Try {
    /// The name he types.
    pub name: String,
    /// Where he is.
    pub address: String,
}

impl Try {
    /// Under what its failures are counted, and how many are free; the first two are forgotten after a good one.
    fn counted(&self) -> [(String, u32); 3] {
        let name: String = self.name.chars().take(64).collect();
        let hidden = hex::encode(&Sha256::digest(name.as_bytes())[..16]);
        // A name that nobody has is counted like one that somebody has; what was typed is kept nowhere: it may be a password.
        let address = &self.address;
        [
            (format!("name {hidden} at {address}"), FREE_OF_BOTH),
            (format!("name {hidden}"), FREE_OF_NAME),
            (format!("address {address}"), FREE_OF_ADDRESS),
        ]
    }
}

/// Seconds to wait after so many failures, `free` of which cost nothing: 30 seconds, then twice as long each time.
fn wait(times: u32, free: u32) -> i64 {
    match times.checked_sub(free) {
        None | Some(0) => 0,
        Some(over) => (30_i64 << (over - 1).min(10)).min(LONGEST_WAIT_S),
    }
}

/// Whether a try may be looked at now. One that may not counts for nothing, so waiting always ends.
///
/// # Errors
/// How long to wait; the books cannot be read.
pub fn may_try(desk: &Desk, one: &Try, at: Moment) -> Result<()> {
    let mut longest = 0;
    for (whose, free) in one.counted() {
        let Some(failed) = desk.books().failed_logins(&whose)? else { continue };
        let passed = at.seconds() - failed.last.seconds();
        // After a clock that went back the wait begins anew.
        longest = longest.max((wait(failed.times, free) - passed.max(0)).max(0));
    }
    if longest > 0 {
        return Err(Trouble::new(LoginError::Wait { seconds: longest }));
    }
    Ok(())
}

/// Looks at the code of somebody whose password was compared: `found` is whose it is. Every failure is counted and stands in the log.
///
/// # Errors
/// Password or code are not right; the books or the log cannot be written.
pub fn show(
    session: &Session,
    desk: &mut Desk,
    one: &Try,
    found: Option<&Operator>,
    code: &str,
) -> Result<()> {
    let at = session.now()?;
    let counted = one.counted();
    for (whose, _) in &counted {
        let old = desk.books().failed_logins(whose)?;
        if old.is_some_and(|failed| at.seconds() - failed.last.seconds() > FORGOTTEN_S) {
            desk.books_mut().forget_failed_logins(whose)?;
        }
    }
    let good = match found {
        None => Err(LoginError::Wrong),
        Some(operator) => look_at_code(desk.books_mut(), &operator.name, code, at)?,
    };
    match good {
        Ok(()) => {
            counted[..2].iter().try_for_each(|(whose, _)| desk.books_mut().forget_failed_logins(whose))?;
            Ok(())
        }
        Err(error) => {
            for (whose, _) in &counted {
                desk.books_mut().note_failed_login(whose, at)?;
            }
            let error = Trouble::new(error);
            failed(session, one, found, &error)?;
            Err(error)
        }
    }
}

fn look_at_code(books: &mut dyn Books, name: &str, code: &str, at: Moment) -> Result<Result<(), LoginError>> {
    // That somebody has no codes yet would tell whoever guesses that name and password are right.
    let Some(known) = books.code_secret(name)? else { return Ok(Err(LoginError::Wrong)) };
    let secret = Zeroizing::new(known.secret);
    let step = totp::check(&*secret, code, totp::step(unix(at)), known.last);
    let taken = match step {
        Some(step) => books.take_code(name, step)?,
        None => false,
    };
    Ok(if taken { Ok(()) } else { Err(LoginError::Wrong) })
}

/// Seconds since 1970, UTC, of a moment, which is in China's time.
fn unix(at: Moment) -> u64 {
    u64::try_from(at.seconds() - 8 * 3600).unwrap_or(0)
}

/// The line in the log. Nobody acts yet, so it is the server's own; the name is told only when an operator has it.
fn failed(session: &Session, one: &Try, found: Option<&Operator>, error: &Trouble) -> Result<()> {
    let session = session.anew(Deed::Look);
    let place = folder(&session)?;
    let known = found.is_some() || people::operators(&place)?.named(&one.name).is_ok();
    log::fact(&session, "operator", if known { &one.name } else { "nobody's name" });
    log::fact(&session, "address", &one.address);
    log::failed(&session, LOGIN, error);
    Ok(())
}

/// Begins a session for somebody who has shown who he is. What his browser keeps is given back, and only its hash kept.
///
/// # Errors
/// The books or the log cannot be written.
pub fn begin(
    session: &Session,
    desk: &mut Desk,
    one: &Try,
    operator: &Operator,
) -> Result<Zeroizing<[u8; 32]>> {
    let person = Person::by_login(&operator.name, operator.role);
    let session = session.anew(Deed::Seen(LOGIN));
    session.act(|session| {
        acts_by_key(session, desk.place(), person, None)?;
        desk.enter(session)?;
        let at = session.now()?;
        let ends = at.add_seconds(LONGEST_S).ok_or_else(|| refused("the calendar ends"))?;
        let token = Zeroizing::new(random::<32>(&mut *session.chance("web session")));
        desk.books_mut().begin_web_session(&WebSession {
            hash: Sha256::digest(*token).into(),
            operator: operator.name.clone(),
            mark: operator.mark().to_owned(),
            address: one.address.clone(),
            made: at,
            seen: at,
            ends,
        })?;
        log::fact(session, "address", &one.address);
        desk.note_ledger(session)?;
        Ok(token)
    })
}

/// Who is logged in with what a browser keeps. He must be an operator still, with the same password.
///
/// # Errors
/// Nobody; the books cannot be read.
pub fn whose(
    session: &Session,
    desk: &mut Desk,
    operators: &Operators,
    token: &[u8; 32],
) -> Result<LoggedIn> {
    let at = session.now()?;
    let hash: [u8; 32] = Sha256::digest(token).into();
    let nobody = || Trouble::new(LoginError::Nobody);
    let found = desk.books().web_session(&hash)?.ok_or_else(nobody)?;
    let idle = at.seconds() - found.seen.seconds();
    let operator = operators.named(&found.operator).map_err(|_| nobody())?;
    // A clock that stands before the login says nothing about how long it was.
    let over = at > found.ends || idle > IDLE_S || at < found.made || operator.mark() != found.mark;
    if over {
        desk.books_mut().end_web_session(&hash)?;
        return Err(nobody());
    }
    if idle > SEEN_S {
        desk.books_mut().see_web_session(&hash, at)?;
    }
    let id = hex::encode(random::<4>(&mut *session.chance("person")));
    let principal = desk.books_mut().person(&id, &operator.name, operator.role.name(), at)?;
    Ok(LoggedIn { name: operator.name.clone(), role: operator.role, principal, ends: found.ends })
}

/// Ends a session.
///
/// # Errors
/// The books or the log cannot be written.
pub fn leave(session: &Session, desk: &mut Desk, who: &LoggedIn, token: &[u8; 32]) -> Result<()> {
    noted(session, desk, who, "console logout", |_, desk| {
        let hash: [u8; 32] = Sha256::digest(token).into();
        Ok(desk.books_mut().end_web_session(&hash)?)
    })
}

/// Forgets the session of a browser that somebody logs in with anew.
///
/// # Errors
/// The books cannot be written.
pub fn end(desk: &mut Desk, token: &[u8; 32]) -> Result<()> {
    let hash: [u8; 32] = Sha256::digest(token).into();
    Ok(desk.books_mut().end_web_session(&hash)?)
}

/// Does something small that the log is to have, under the name of somebody who is logged in.
///
/// # Errors
/// Those of the work; the log cannot be written.
pub fn noted<T>(
    session: &Session,
    desk: &mut Desk,
    who: &LoggedIn,
    act: &'static str,
    work: impl FnOnce(&Session, &mut Desk) -> Result<T>,
) -> Result<T> {
    session.anew(Deed::Seen(act)).act(|session| {
        acts_by_key(session, desk.place(), who.person(), None)?;
        desk.enter(session)?;
        let done = work(session, desk)?;
        // The books are open here: nobody opens them a second time for the line in the log.
        desk.note_ledger(session)?;
        Ok(done)
    })
}

/// Codes that an operator's telephone makes from now on: the only time that they are shown.
#[derive(Serialize)]
pub struct CodesReport {
    /// Whose.
    pub name: String,
    /// What his telephone is told, as it stands in the picture that such programs read.
    pub uri: String,
    /// The secret alone, to be typed.
    pub secret: String,
}

impl std::fmt::Debug for CodesReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CodesReport({}, hidden)", self.name)
    }
}

/// Gives an operator the secret of his codes. His first one he gets by his own login; another in its place two people give, since
/// whoever has only his password must not get at his codes. `None`: a request for the second person was written in its place.
///
/// # Errors
/// Nobody of that name; one person where two are wanted; the books cannot be written.
pub fn give_codes(session: &Session, desk: &mut Desk, name: &str) -> Result<Option<CodesReport>> {
    let folder = desk.folder(session)?;
    session.must_be_unseeded("the codes of operators")?;
    people::operators(&folder)?.named(name)?;
    let actors = &session.actors;
    let own = actors.operator.as_deref() == Some(name) && !actors.request && actors.second.is_none();
    if own && desk.books().code_secret(name)?.is_none() {
        people::one(session, &folder)?;
    } else {
        let act = format!("giving {name} new codes");
        if !people::both(session, &folder, &act, State::Formal)? {
            return Ok(None);
        }
    }
    let secret = Zeroizing::new(random::<20>(&mut *session.chance("totp")));
    desk.books_mut().set_code_secret(name, &secret, session.now()?)?;
    log::fact(session, "operator", name);
    let text = totp::base32(&*secret);
    Ok(Some(CodesReport { name: name.to_owned(), uri: uri(name, &text), secret: text }))
}

/// As programs for codes read it: `otpauth://totp/ISSUER:NAME?secret=..&issuer=..`.
fn uri(name: &str, secret: &str) -> String {
    let mut label = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            label.push(char::from(byte));
        } else {
            label.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("otpauth://totp/gridcard:{label}?secret={secret}&issuer=gridcard")
}
