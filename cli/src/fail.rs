//! How a command fails: exit code, words, and a hint what to do.

use crate::apdu_words;
use crate::args::{Global, Lost};
use crate::output::{put, say};
use ::meter::MeterError;
use ::server::renewal::RenewalError;
use ::server::{OrderError, Refusal, SettleError};
use kdc::messages::{AuditError, JournalError, LifeError, SourceError, StoreError};
use reader::CardError;
use reader::driver::guard::PinError;
use reader::pcsc::{FindError, PcscError};
use std::error::Error;
use std::fmt;
use std::sync::atomic::Ordering;
use vcard::ImageError;
use wire::ChannelError;
use wire::profile::CardKind;

/// Exit codes of the command. Every act is whole or can be repeated, so most commands leave a Ctrl-C to the system (which
/// gives 130 too); a batch ends its card first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The card or the data said no.
    Refused,
    /// The command line makes no sense.
    Usage,
    /// Reader or card absent or lost.
    Absent,
    /// Security stop.
    Security,
    /// A signal ended it, in order.
    Interrupted,
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Absent => 3,
            Exit::Security => 4,
            Exit::Interrupted => 130,
        }
    }
}

/// A failure with its exit code and hint; other errors get theirs from what they are.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure with an exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure { exit, message: message.into(), hint: None }
    }

    /// Its exit code.
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// With a hint what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Shorthand: the card or the data said no.
pub fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Refused, message)
}

/// Shorthand: a security stop.
pub fn security(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Security, message)
}

/// What the audit log itself had to say, in a cause of an error.
pub fn of_the_log<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e AuditError> {
    let store = |error: &'e StoreError| match error {
        StoreError::Audit(error) => Some(error),
        _ => None,
    };
    cause.downcast_ref::<AuditError>().or_else(|| cause.downcast_ref::<StoreError>().and_then(store)).or_else(
        || match cause.downcast_ref::<JournalError>() {
            Some(JournalError::Audit(error)) => Some(error),
            Some(JournalError::Store(error)) => store(error),
            _ => None,
        },
    )
}

/// A log that is not what was written, or not all of it, is a security stop.
fn is_touched(error: &AuditError) -> bool {
    match error {
        AuditError::End { .. }
        | AuditError::Head { .. }
        | AuditError::HeadFile { .. }
        | AuditError::HeadGone { .. }
        | AuditError::Vouched { .. } => true,
        AuditError::Io { .. } | AuditError::Busy { .. } | AuditError::ClockBack { .. } => false,
    }
}

/// Exit code of an error, from the first in its chain that decides it.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if of_the_log(cause).is_some_and(is_touched) {
            return Exit::Security;
        }
        if let Some(channel) = cause.downcast_ref::<ChannelError>() {
            return match channel {
                ChannelError::Storage(_) => Exit::Refused,
                _ => Exit::Absent,
            };
        }
        if let Some(pcsc) = cause.downcast_ref::<PcscError>() {
            return match pcsc {
                PcscError::Find(FindError::Several { .. }) => Exit::Usage,
                _ => Exit::Absent,
            };
        }
        // An empty slot, for a virtual card.
        if let Some(ImageError::Io { source, .. }) = cause.downcast_ref::<ImageError>()
            && source.kind() == std::io::ErrorKind::NotFound
        {
            return Exit::Absent;
        }
        if let Some(CardError::OlderMake { .. }) = cause.downcast_ref::<CardError>() {
            return Exit::Security;
        }
        if cause.downcast_ref::<OrderError>().is_some_and(OrderError::is_security)
            || cause.downcast_ref::<RenewalError>().is_some_and(RenewalError::is_security)
            || matches!(cause.downcast_ref::<SettleError>(), Some(SettleError::OlderMake))
            || matches!(cause.downcast_ref(), Some(LifeError::OlderMake | LifeError::NoBirthKey))
        {
            return Exit::Security;
        }
        if let Some(SourceError::NoSecondPin { .. }) = cause.downcast_ref::<SourceError>() {
            return Exit::Security;
        }
        if let Some(MeterError::State { .. }) = cause.downcast_ref::<MeterError>() {
            return Exit::Security;
        }
        if keeps_the_last_try(cause) {
            return Exit::Security;
        }
    }
    Exit::Refused
}

/// Whether the last try of a PIN or a key was kept: a security stop, nothing was tried.
fn keeps_the_last_try(cause: &(dyn Error + 'static)) -> bool {
    use kdc::messages::{LifeError, RecordedError, TokenError};
    matches!(cause.downcast_ref(), Some(PinError::LastTry(_)))
        || matches!(cause.downcast_ref(), Some(RecordedError::LastTry { .. }))
        || matches!(cause.downcast_ref(), Some(LifeError::LastTry { .. }))
        || matches!(cause.downcast_ref(), Some(TokenError::LastTry))
}

/// What to do about an error, when it knows.
pub fn hint_of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let own = cause.downcast_ref::<Failure>().and_then(|failure| failure.hint.clone());
        own.or_else(|| {
            let pcsc = cause.downcast_ref::<PcscError>().map(PcscError::hint);
            let older = cause.downcast_ref::<CardError>().and_then(older_make);
            let order = cause.downcast_ref::<OrderError>().and_then(OrderError::hint);
            let renewal = cause.downcast_ref::<RenewalError>().and_then(RenewalError::hint);
            let fixed = || kdc_hint(cause).or(pcsc).or(renewal).or(older).or_else(|| settle_hint(cause));
            order.or_else(|| fixed().map(str::to_owned))
        })
    })
}

/// What to do with a card of the older make.
fn older_make(error: &CardError) -> Option<&'static str> {
    let CardError::OlderMake { kind, .. } = error else { return None };
    Some(match kind {
        CardKind::Esam => "the meter needs a new ESAM",
        CardKind::MainControl => {
            "a new ceremony makes a main control card of the present make (gridcard kdc init)"
        }
        _ => "have a new card made by whoever made this one; what this one holds can still be read",
    })
}

/// What to do about a receipt that is not taken.
fn settle_hint(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    match cause.downcast_ref::<SettleError>()? {
        SettleError::OlderMake => {
            Some("settle it with the program that sold it; a bank of the present make begins in another home")
        }
        SettleError::Refused(Refusal::NoOrigin) => Some(
            "name the meter with --meter, or the number the message came from with --from; `gridcard sim collect` writes \
             the SIM into its file",
        ),
        _ => None,
    }
}

/// The stable name of an error, where it has one.
fn code_of(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| cause.downcast_ref::<OrderError>().map(OrderError::code))
}

/// The kdc's errors carry hints of their own.
fn kdc_hint(cause: &(dyn Error + 'static)) -> Option<&'static str> {
    use kdc::Hint;
    fn of<T: Hint + Error + 'static>(cause: &(dyn Error + 'static)) -> Option<&'static str> {
        cause.downcast_ref::<T>().and_then(Hint::hint)
    }
    of::<kdc::messages::BatchError>(cause)
        .or_else(|| of::<kdc::messages::StoreError>(cause))
        .or_else(|| of::<kdc::messages::StockError>(cause))
        .or_else(|| of::<kdc::messages::RecordedError>(cause))
        .or_else(|| of::<kdc::messages::IssueError>(cause))
        .or_else(|| of::<kdc::messages::CeremonyError>(cause))
        .or_else(|| of::<kdc::messages::TokenError>(cause))
        .or_else(|| of::<kdc::messages::ShareError>(cause))
        .or_else(|| of::<kdc::messages::KeyStoreError>(cause))
        .or_else(|| of::<kdc::messages::AuditError>(cause))
        .or_else(|| of::<kdc::messages::JournalError>(cause))
        .or_else(|| of::<kdc::messages::SourceError>(cause))
        .or_else(|| of::<kdc::messages::PlanError>(cause))
        .or_else(|| of::<kdc::messages::LifeError>(cause))
        .or_else(|| of::<PinError>(cause))
        .or_else(|| of::<kdc::operators::OperatorError>(cause))
        .or_else(|| of::<kdc::revocation::RevocationError>(cause))
}

/// Tells the user, and gives the exit code. With `--json` on stdout, as the command's one object, unless that is out
/// already.
pub fn report(error: &anyhow::Error, global: &Global) -> Exit {
    let json = global.json && !global.answered.load(Ordering::Relaxed);
    let exit = exit_of(error);
    let mut words = words(error);
    let mut hint = hint_of(error);
    let lost = if exit == Exit::Absent { global.traffic.lost() } else { None };
    if let Some(lost) = &lost {
        words.push_str(&lost_words(lost));
        hint = hint.or_else(|| Some(lost_hint(error)));
    }
    if json {
        let object = serde_json::json!({ "schema": 1, "error": words, "exit": exit.code(), "code": code_of(error), "hint": hint });
        put(global, &object.to_string());
    } else {
        say(format!("error: {words}"));
    }
    if let (Some(hint), false) = (hint, json) {
        say(format!("hint: {hint}"));
    }
    exit
}

/// What to do when a card was lost in the middle of an act.
fn lost_hint(error: &anyhow::Error) -> String {
    let first = match error.chain().find_map(|cause| cause.downcast_ref::<ChannelError>()) {
        Some(ChannelError::Reset | ChannelError::Busy) => "end the other program that uses the card",
        Some(ChannelError::Unplugged) => "plug the reader in again",
        Some(ChannelError::ServiceStopped) => "wait until pcscd runs again (`gridcard reader doctor` tells)",
        _ => "put the card back",
    };
    format!(
        "{first} and repeat the same command: what is done already is found and not done twice (a script begins anew)"
    )
}

/// Which command was under way when a card was lost, and whether it may have been done.
fn lost_words(lost: &Lost) -> String {
    let (name, _) = apdu_words::command(&lost.header);
    let header = hex::encode_upper(&lost.header);
    let doubt = if apdu_words::changes_nothing(&lost.header) {
        "which changes nothing on it"
    } else {
        "and whether the card did it is unknown"
    };
    format!("; under way on {} was {name} ({header}), {doubt}", lost.card)
}

/// The chain of causes in one line; a cause that its error already quotes is not said twice.
pub fn words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if words.is_empty() {
            words = text;
        } else if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
    }
    words
}
