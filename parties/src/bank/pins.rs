//! PINs of the bank's PSAMs: each has its own, and none is tried on another's card.

use crate::secret;
use crate::session::Session;
use crate::trouble::Result;
use crate::trouble::refused;
use reader::driver::guard::LastTry;
use scheme::numbers::DeviceNumber;
use scheme::pin::Pin as CardPin;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The PSAM a command works with, and its PIN.
#[derive(Debug, Clone, Default)]
pub struct PinChoice {
    /// Files with PINs of PSAMs; one that says no number is the first PSAM's. Default: somebody is asked.
    pub files: Vec<PinFile>,
    /// Work with this PSAM of the bank. Default: the one with the keys of the meter.
    pub psam: Option<DeviceNumber>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the PSAM.
    pub spend_last_try: bool,
}

/// A file with a PIN, and whose it is when somebody said so.
#[derive(Debug, Clone)]
pub struct PinFile {
    psam: Option<DeviceNumber>,
    file: PathBuf,
}

impl PinFile {
    /// `FILE`, or `NUMBER=FILE`: any text names a file.
    pub fn named(text: &str) -> Self {
        let named = text.split_once('=');
        let named = named.and_then(|(number, file)| Some((number.parse::<DeviceNumber>().ok()?, file)));
        match named {
            Some((number, file)) => PinFile { psam: Some(number), file: file.into() },
            None => PinFile { psam: None, file: text.into() },
        }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl FromStr for PinFile {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(PinFile::named(text))
    }
}

/// Who has which PIN in one command: a file that names no PSAM is the first one's.
pub struct Pins<'a> {
    session: &'a Session,
    pin: &'a PinChoice,
    unnamed: Option<DeviceNumber>,
}

impl<'a> Pins<'a> {
    /// None was asked for yet.
    pub const fn new(session: &'a Session, pin: &'a PinChoice) -> Self {
        Pins { session, pin, unnamed: None }
    }

    /// As [`Pins::new`], of a service that goes on after it asked before: a file that names no PSAM is that of `unnamed`.
    pub const fn after(session: &'a Session, pin: &'a PinChoice, unnamed: Option<DeviceNumber>) -> Self {
        Pins { session, pin, unnamed }
    }

    /// Where several PSAMs may be worked with, a file has to say whose PIN it holds: a wrong one costs a try.
    ///
    /// # Errors
    /// A file that does not say it.
    pub fn must_say_whose(&self, numbers: &[DeviceNumber]) -> Result<()> {
        let mut several: Vec<DeviceNumber> = Vec::new();
        numbers.iter().for_each(|number| {
            if !several.contains(number) {
                several.push(*number);
            }
        });
        if several.len() < 2 || self.pin.files.iter().all(|file| file.psam.is_some()) {
            return Ok(());
        }
        let named = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        let words = format!("this may be for PSAM {named}, and the file does not say whose PIN it holds");
        Err(refused(words)
            .hint("say it with --pin-file NUMBER=FILE, once for each, or work with one: --psam NUMBER --pin-file FILE")
            .into())
    }

    /// The PIN of a PSAM: of its file, or as it is typed.
    ///
    /// # Errors
    /// No file has it; it is no PIN.
    pub fn of(&mut self, number: DeviceNumber) -> Result<CardPin> {
        let whose = format!("PSAM {number}");
        let files = &self.pin.files;
        if let Some(named) = files.iter().find(|file| file.psam == Some(number)) {
            return secret::pin(self.session, Some(named.file.as_path()), &whose);
        }
        match files.iter().find(|file| file.psam.is_none()) {
            Some(file) if self.unnamed.is_none_or(|first| first == number) => {
                self.unnamed = Some(number);
                secret::pin(self.session, Some(file.file.as_path()), &whose)
            }
            // Another PSAM's PIN is not tried on this one: it would cost a try.
            _ if !files.is_empty() => Err(refused(format!("no file with the PIN of {whose} was named"))
                .hint(format!(
                    "add --pin-file {number}=FILE, or work with it alone: --psam {number} --pin-file FILE"
                ))
                .into()),
            _ => secret::pin(self.session, secret::SecretFrom::Asked, &whose),
        }
    }

    /// What may be done with a last try.
    pub fn last(&self) -> LastTry {
        self.pin.spend_last_try.into()
    }
}
