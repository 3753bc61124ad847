//! PINs of the bank's PSAMs: each has its own, and none is tried on another's card.

use crate::fail::refused;
use crate::secret;
use ::scheme::numbers::DeviceNumber;
use ::scheme::pin::Pin as CardPin;
use clap::Args;
use clap::builder::{OsStringValueParser, TryMapValueParser, TypedValueParser, ValueParserFactory};
use parties::trouble::Result;
use reader::driver::guard::LastTry;
use std::ffi::OsString;
use std::path::PathBuf;

/// The PSAM a command works with, and its PIN.
#[derive(Debug, Args)]
pub struct Pin {
    /// File with the PIN of the PSAM (`-`: stdin). Several PSAMs have one each: NUMBER=FILE, more than once. Default: a prompt.
    #[arg(long = "pin-file", value_name = "FILE")]
    pub files: Vec<PinFile>,
    /// Work with this PSAM of the bank. Default: the one with the keys of the meter.
    #[arg(long, value_name = "NUMBER")]
    pub psam: Option<DeviceNumber>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the PSAM.
    #[arg(long)]
    pub spend_last_try: bool,
}

/// A file with a PIN, and whose it is when somebody said so.
#[derive(Debug, Clone)]
pub struct PinFile {
    psam: Option<DeviceNumber>,
    file: PathBuf,
}

impl ValueParserFactory for PinFile {
    type Parser = TryMapValueParser<OsStringValueParser, fn(OsString) -> Result<PinFile, String>>;

    fn value_parser() -> Self::Parser {
        OsStringValueParser::new().try_map(|text| {
            let named = text.to_str().and_then(|text| text.split_once('='));
            let named = named
                .and_then(|(number, file)| Some((number.parse::<DeviceNumber>().ok()?, file.to_owned())));
            Ok(match named {
                Some((number, file)) => PinFile { psam: Some(number), file: file.into() },
                None => PinFile { psam: None, file: text.into() },
            })
        })
    }
}

/// Who has which PIN in one command: a file that names no PSAM is the first one's.
pub struct Pins<'a> {
    pin: &'a Pin,
    unnamed: Option<DeviceNumber>,
}

impl<'a> Pins<'a> {
    /// None was asked for yet.
    pub const fn new(pin: &'a Pin) -> Self {
        Pins { pin, unnamed: None }
    }

    /// Where several PSAMs may be worked with, a file has to say whose PIN it holds: a wrong one costs a try.
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
    pub fn of(&mut self, number: DeviceNumber) -> Result<CardPin> {
        let whose = format!("PSAM {number}");
        let files = &self.pin.files;
        if let Some(named) = files.iter().find(|file| file.psam == Some(number)) {
            return secret::pin(Some(&named.file), &whose);
        }
        match files.iter().find(|file| file.psam.is_none()) {
            Some(file) if self.unnamed.is_none_or(|first| first == number) => {
                self.unnamed = Some(number);
                secret::pin(Some(&file.file), &whose)
            }
            // Another PSAM's PIN is not tried on this one: it would cost a try.
            _ if !files.is_empty() => Err(refused(format!("no file with the PIN of {whose} was named"))
                .hint(format!(
                    "add --pin-file {number}=FILE, or work with it alone: --psam {number} --pin-file FILE"
                ))
                .into()),
            _ => secret::pin(None, &whose),
        }
    }

    /// What may be done with a last try.
    pub fn last(&self) -> LastTry {
        self.pin.spend_last_try.into()
    }
}
