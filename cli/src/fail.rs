//! How a command fails: exit code, words, and a hint what to do.

use crate::call::Call;
use crate::output::put_object;
use crate::screen::{put_early, say};
use parties::cards::Lost;
use parties::trouble::Trouble;
pub use parties::trouble::refused;
pub use scheme::Kind;
use scheme::{shown, zone};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wire::ChannelError;

/// Tells the user, and gives the exit code. With `--json` on stdout, as the command's one object, unless that is out
/// already.
pub fn report(error: &Trouble, call: &Call) -> u8 {
    let json = call.options.json && !call.answered.load(Ordering::Relaxed);
    let exit = error.kind().exit();
    let mut words = error.to_string();
    let mut hint = error.hint();
    let lost = if error.kind() == Kind::Absent { call.course.traffic.lost() } else { None };
    if let Some(lost) = &lost {
        words.push_str(&lost_words(lost));
        hint = hint.or_else(|| Some(lost_hint(error).into()));
    }
    if json {
        put_object(call, &object(error, &words, hint.as_deref()));
    } else {
        tell(&words, hint.as_deref());
    }
    exit
}

/// As [`report`], before there is a session.
pub fn report_early(error: &Trouble, json: bool) -> u8 {
    let (words, hint) = (error.to_string(), error.hint());
    if json {
        put_early(&shown::json(&object(error, &words, hint.as_deref()).to_string()));
    } else {
        tell(&words, hint.as_deref());
    }
    error.kind().exit()
}

/// The object of every error.
fn object(error: &Trouble, words: &str, hint: Option<&str>) -> Value {
    let (exit, kind, code) = (error.kind().exit(), error.kind().name(), error.code());
    zone::in_json(
        json!({ "schema": 1, "error": words, "kind": kind, "exit": exit, "code": code, "hint": hint }),
    )
}

fn tell(words: &str, hint: Option<&str>) {
    say(format!("error: {words}"));
    if let Some(hint) = hint {
        say(format!("hint: {hint}"));
    }
}

/// What to do when a card was lost in the middle of an act.
fn lost_hint(error: &Trouble) -> String {
    let first = match error.find::<ChannelError>() {
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
    let (name, _) = lens::apdu::command(&lost.header);
    let header = hex::encode_upper(&lost.header);
    let doubt = if lens::apdu::changes_nothing(&lost.header) {
        "which changes nothing on it"
    } else {
        "and whether the card did it is unknown"
    };
    format!("; under way on {} was {name} ({header}), {doubt}", lost.card)
}
