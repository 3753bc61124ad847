//! How what the counter says becomes an answer to a phone.

use crate::denied::Denied;
use crate::reply::Reply;
use client::talk::{Answer, Status};
use parties::Trouble;
use serde_json::Value;
use server::PhoneError;

/// Of the names of errors those that a phone is told; the longest there is room for.
const WHY: usize = 64;

fn no(code: &str) -> Answer {
    let code: String = code.chars().filter(char::is_ascii_graphic).take(WHY).collect();
    Answer::Not(Status::No, Some(code))
}

/// An error of a look.
pub fn of_trouble(error: &Trouble) -> Answer {
    if error.find::<PhoneError>().is_some_and(PhoneError::is_hidden) {
        return Answer::REFUSED;
    }
    if error.find::<Denied>().is_some_and(Denied::may_repeat) {
        return Answer::Not(Status::Later, None);
    }
    match error.kind() {
        scheme::Kind::Refused | scheme::Kind::Security | scheme::Kind::Usage => no(error.code()),
        scheme::Kind::Absent | scheme::Kind::Interrupted => Answer::Not(Status::Later, None),
    }
}

/// A request that was not done.
pub fn of_reply(reply: &Reply) -> Answer {
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let code = said["code"].as_str().unwrap_or_default();
    if PhoneError::hides(code) {
        return Answer::REFUSED;
    }
    if said["outcome"] == "unknown" {
        return Answer::Not(Status::UnderWay, None);
    }
    if said["retry"] == true || reply.status >= 500 {
        return Answer::Not(Status::Later, None);
    }
    no(code)
}
