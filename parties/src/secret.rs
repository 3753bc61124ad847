//! Secrets come from a file or from somebody who is asked, never by argument.

use crate::session::Session;
use crate::trouble::{Context, Result};
use crate::trouble::{Failure, refused};
use kdc::keystore::{KeyStoreError, Passphrase};
use keys::Zeroizing;
use scheme::Kind;
use scheme::pin::Pin;
use std::path::{Path, PathBuf};

/// Where a secret comes from.
#[derive(Clone, Default)]
pub enum SecretFrom {
    /// Somebody is asked.
    #[default]
    Asked,
    /// Somebody is asked once, also for something new: a line of stdin.
    Line,
    /// A file holds it.
    File(PathBuf),
    /// The caller knows it: a test, a world, a service that asked itself.
    Known(Zeroizing<String>),
}

impl std::fmt::Debug for SecretFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SecretFrom::Asked => "SecretFrom::Asked",
            SecretFrom::Line => "SecretFrom::Line",
            SecretFrom::File(_) => "SecretFrom::File(..)",
            SecretFrom::Known(_) => "SecretFrom::Known(hidden)",
        })
    }
}

impl From<Option<PathBuf>> for SecretFrom {
    /// A file; `-`: a line; none: somebody is asked.
    fn from(file: Option<PathBuf>) -> Self {
        match file {
            Some(path) if path.as_os_str() != "-" => SecretFrom::File(path),
            Some(_) => SecretFrom::Line,
            None => SecretFrom::Asked,
        }
    }
}

impl From<Option<&Path>> for SecretFrom {
    fn from(file: Option<&Path>) -> Self {
        file.map(Path::to_path_buf).into()
    }
}

impl From<&str> for SecretFrom {
    /// A secret the caller knows.
    fn from(known: &str) -> Self {
        SecretFrom::Known(Zeroizing::new(known.to_owned()))
    }
}

impl From<&SecretFrom> for SecretFrom {
    fn from(from: &SecretFrom) -> Self {
        from.clone()
    }
}

/// How often a person may try again at a terminal.
const PATIENCE: u32 = 5;

/// Lets a person try again at a terminal; lines that come from elsewhere are taken once.
pub fn patiently<T>(session: &Session, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let tries = if session.secrets.is_person() { PATIENCE } else { 1 };
    for left in (1..tries).rev() {
        match attempt() {
            Ok(done) => return Ok(done),
            // An end of the input is no mistake that a second attempt mends.
            Err(error) if error.kind() == Kind::Usage => {
                return Err(error);
            }
            Err(error) => session.say(format!("{error}; {left} more")),
        }
    }
    attempt()
}

/// A new passphrase, typed twice; `theirs` says whose it is already: two custodians with one passphrase are one custodian.
pub fn new_passphrase(
    session: &Session,
    name: &str,
    theirs: &dyn Fn(&Passphrase) -> bool,
) -> Result<Passphrase> {
    patiently(session, || {
        let first = Passphrase::new(session.secrets.ask(&format!("new passphrase of {name}"))?)?;
        // Before it is typed again, and before anything rests on it.
        if theirs(&first) {
            let failure = refused(format!("the passphrase of {name} is another custodian's as well"));
            return Err(failure.hint("each custodian chooses a passphrase that nobody else knows").into());
        }
        let second = Passphrase::attempt(session.secrets.ask(&format!("new passphrase of {name}, again"))?);
        if first.same_as(&second) {
            Ok(first)
        } else {
            Err(KeyStoreError::PassphraseDiffers { name: name.to_owned() }.into())
        }
    })
}

/// A new password of an operator, typed twice.
pub fn new_password(session: &Session, name: &str) -> Result<Passphrase> {
    patiently(session, || {
        let first = Passphrase::new(session.secrets.ask(&format!("new password of {name}"))?)?;
        let second = Passphrase::attempt(session.secrets.ask(&format!("new password of {name}, again"))?);
        if first.same_as(&second) {
            Ok(first)
        } else {
            Err(KeyStoreError::PassphraseDiffers { name: name.to_owned() }.into())
        }
    })
}

/// Two officers with one PIN are one officer.
pub fn must_differ(first: &Pin, second: &Pin) -> Result<()> {
    if first != second {
        return Ok(());
    }
    let failure = Failure::new(Kind::Refused, "both PINs are the same: two officers need two");
    Err(failure.hint("let each officer choose a PIN the other does not know").into())
}

/// What a file holds, or a person types; surrounding white space does not count.
///
/// # Errors
/// The file cannot be read; nobody answers.
pub fn text(session: &Session, from: impl Into<SecretFrom>, whose: &str) -> Result<Zeroizing<String>> {
    match from.into() {
        SecretFrom::Known(known) => Ok(known),
        SecretFrom::File(path) => {
            let text = Zeroizing::new(
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?,
            );
            Ok(Zeroizing::new(text.trim().to_owned()))
        }
        SecretFrom::Asked | SecretFrom::Line => session.secrets.ask(whose),
    }
}

/// As [`text`], for something new: typed twice by a person, for nobody sees what he types. A file gives it once.
///
/// # Errors
/// As [`text`]; the second time was not the same.
pub fn new_text(session: &Session, from: impl Into<SecretFrom>, whose: &str) -> Result<Zeroizing<String>> {
    let from = from.into();
    if !matches!(from, SecretFrom::Asked) {
        return text(session, from, whose);
    }
    patiently(session, || {
        let first = session.secrets.ask(&format!("new: {whose}"))?;
        let second = session.secrets.ask(&format!("new: {whose}, again"))?;
        if keys::equal(first.as_bytes(), second.as_bytes()) {
            Ok(first)
        } else {
            Err(refused(format!("{whose}: the second time was not the same")).into())
        }
    })
}

/// A PIN from where it comes from.
///
/// # Errors
/// As [`text`]; it is no PIN.
pub fn pin(session: &Session, from: impl Into<SecretFrom>, whose: &str) -> Result<Pin> {
    Pin::from_digits(&text(session, from, &format!("PIN of {whose}"))?)
        .with_context(|| format!("PIN of {whose}"))
}

/// A new PIN; a person types it twice.
///
/// # Errors
/// As [`new_text`]; it is no PIN.
pub fn new_pin(session: &Session, from: impl Into<SecretFrom>, whose: &str) -> Result<Pin> {
    Pin::from_digits(&new_text(session, from, &format!("PIN of {whose}"))?)
        .with_context(|| format!("PIN of {whose}"))
}
