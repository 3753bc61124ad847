//! A command line that makes no sense, as an error like any other: its kind, its stable name, what to do.

use clap::error::ErrorKind;
use scheme::fault::{Fault, Hint, Kind};
use std::ffi::OsString;
use std::fmt;

/// What clap says of a command line.
#[derive(Debug)]
pub struct UsageError(pub clap::Error);

impl UsageError {
    /// Its paragraphs, each in one line.
    fn paragraphs(&self) -> Vec<String> {
        let text = self.0.render().to_string();
        let one_line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
        text.split("\n\n").map(one_line).filter(|part| !part.is_empty()).collect()
    }

    /// A command that stands without its verb; clap's words are all verbs there are.
    fn is_cut(&self) -> bool {
        matches!(
            self.0.kind(),
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        )
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_cut() {
            return f.write_str("the command line ends before its command");
        }
        let paragraphs = self.paragraphs();
        let first = paragraphs.first().map(String::as_str).unwrap_or_default();
        f.write_str(first.strip_prefix("error: ").unwrap_or(first))
    }
}

impl std::error::Error for UsageError {}

impl Fault for UsageError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hint(&self) -> Hint {
        let paragraphs = self.paragraphs();
        let begins = |word: &str| paragraphs.iter().find_map(|part| part.strip_prefix(word));
        let usage = || begins("Usage: ").map(|usage| format!("usage: {usage}"));
        // The last of its paragraphs says where more is said.
        let more = || paragraphs.get(1..)?.last().cloned();
        begins("tip: ").map(str::to_owned).or_else(usage).or_else(more).map(Into::into)
    }

    fn code(&self) -> &str {
        match self.0.kind() {
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage-value",
            ErrorKind::UnknownArgument => "usage-unknown-argument",
            ErrorKind::InvalidSubcommand => "usage-unknown-command",
            ErrorKind::NoEquals | ErrorKind::TooManyValues | ErrorKind::TooFewValues => "usage-values",
            ErrorKind::WrongNumberOfValues => "usage-values",
            ErrorKind::ArgumentConflict => "usage-conflict",
            ErrorKind::MissingRequiredArgument => "usage-missing",
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                "usage-no-command"
            }
            ErrorKind::InvalidUtf8 => "not-utf8",
            _ => "usage",
        }
    }
}

/// Whether a command line that was not understood asks for JSON.
pub fn wants_json(argv: &[OsString]) -> bool {
    argv.iter().skip(1).take_while(|arg| *arg != "--").any(|arg| arg == "--json")
}
