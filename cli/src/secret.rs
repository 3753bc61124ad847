//! Secrets come by prompt, file or stdin, never by argument.

use crate::fail::{Failure, Kind, refused};
use kdc::keystore::{KeyStoreError, Passphrase};
use keys::Zeroizing;
use parties::trouble::{Context, Result};
use scheme::pin::Pin;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// Asks for a line without showing it; reads a line of stdin when that is no terminal.
pub fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{prompt}: "))
            .map(Zeroizing::new)
            .context("no answer at the prompt");
    }
    let mut line = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().read_line(&mut line).context("cannot read stdin")?;
    if read == 0 {
        return Err(Failure::new(Kind::Usage, format!("stdin ended where this was asked: {prompt}")).into());
    }
    Ok(Zeroizing::new(line.trim().to_owned()))
}

/// Asks for a line that is no secret. Where stdin has ended the answer is empty.
pub fn ask_openly(prompt: &str) -> Result<String> {
    if std::io::stdin().is_terminal() {
        let _ = write!(std::io::stderr(), "{prompt}: "); // a prompt that is not seen is still a prompt
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read stdin")?;
    Ok(line.trim().to_owned())
}

/// How often a person may try again at a terminal.
const PATIENCE: u32 = 5;

/// Lets a person try again at a terminal; lines that come from elsewhere are taken once.
pub fn patiently<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let tries = if std::io::stdin().is_terminal() { PATIENCE } else { 1 };
    for left in (1..tries).rev() {
        match attempt() {
            Ok(done) => return Ok(done),
            // An end of the input is no mistake that a second attempt mends.
            Err(error) if error.kind() == Kind::Usage => {
                return Err(error);
            }
            Err(error) => crate::output::say(format!("{error:#}; {left} more")),
        }
    }
    attempt()
}

/// A new passphrase, typed twice; `theirs` says whose it is already: two custodians with one passphrase are one custodian.
pub fn new_passphrase(name: &str, theirs: &dyn Fn(&Passphrase) -> bool) -> Result<Passphrase> {
    patiently(|| {
        let first = Passphrase::new(ask(&format!("new passphrase of {name}"))?)?;
        // Before it is typed again, and before anything rests on it.
        if theirs(&first) {
            let failure = refused(format!("the passphrase of {name} is another custodian's as well"));
            return Err(failure.hint("each custodian chooses a passphrase that nobody else knows").into());
        }
        let second = Passphrase::attempt(ask(&format!("new passphrase of {name}, again"))?);
        if first.same_as(&second) {
            Ok(first)
        } else {
            Err(KeyStoreError::PassphraseDiffers { name: name.to_owned() }.into())
        }
    })
}

/// A new password of an operator, typed twice.
pub fn new_password(name: &str) -> Result<Passphrase> {
    patiently(|| {
        let first = Passphrase::new(ask(&format!("new password of {name}"))?)?;
        let second = Passphrase::attempt(ask(&format!("new password of {name}, again"))?);
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

/// What a file holds (`-`: a line of stdin), or a person types; surrounding white space does not count.
pub fn text(file: Option<&Path>, whose: &str) -> Result<Zeroizing<String>> {
    match file {
        Some(path) if path.as_os_str() != "-" => {
            let text = Zeroizing::new(
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
            );
            Ok(Zeroizing::new(text.trim().to_owned()))
        }
        _ => ask(whose),
    }
}

/// As [`text`], for something new: typed twice at a prompt, for nobody sees what he types. A file gives it once.
pub fn new_text(file: Option<&Path>, whose: &str) -> Result<Zeroizing<String>> {
    if file.is_some() {
        return text(file, whose);
    }
    patiently(|| {
        let first = ask(&format!("new: {whose}"))?;
        let second = ask(&format!("new: {whose}, again"))?;
        if keys::equal(first.as_bytes(), second.as_bytes()) {
            Ok(first)
        } else {
            Err(refused(format!("{whose}: the second time was not the same")).into())
        }
    })
}

/// A PIN from a file (`-` for stdin), or by prompt.
pub fn pin(file: Option<&Path>, whose: &str) -> Result<Pin> {
    Pin::from_digits(&text(file, &format!("PIN of {whose}"))?).with_context(|| format!("PIN of {whose}"))
}

/// A new PIN from a file (`-` for stdin), or by prompt, twice.
pub fn new_pin(file: Option<&Path>, whose: &str) -> Result<Pin> {
    Pin::from_digits(&new_text(file, &format!("PIN of {whose}"))?).with_context(|| format!("PIN of {whose}"))
}
