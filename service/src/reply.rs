//! Answers: what is sent back, and how a failure is told.

use crate::denied::Denied;
use parties::Trouble;
use scheme::fault::{Fault, Kind};
use serde_json::{Value, json};
use server::Answer;

/// What is sent back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Its media type.
    pub media: &'static str,
    /// Its text.
    pub body: String,
    /// Seconds after which the same may be asked again.
    pub retry_after: Option<u32>,
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// What is known of what a request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is as told, and stays so.
    Final,
    /// It may have been done in part: the same request again finds out and finishes it.
    Unknown,
}

/// How an error of an act is told.
pub struct Judged {
    status: u16,
    outcome: Outcome,
    /// The same request may be sent again.
    retry: bool,
}

impl Judged {
    /// Of an error; `begun`: an order was written down for the request.
    pub fn of(error: &Trouble, begun: bool) -> Self {
        if let Some(denied) = error.find::<Denied>() {
            return Judged { status: denied.status(), outcome: Outcome::Final, retry: denied.may_repeat() };
        }
        let lost = |outcome| Judged { status: 503, outcome, retry: true };
        if is_of_the_clock(error.code()) && !begun {
            return lost(Outcome::Final);
        }
        if is_of_the_house(error.code()) || begun {
            return lost(Outcome::Unknown);
        }
        // The meter is away, and not anything of the server's: it may be there in a moment.
        if error.code() == "netmeter-absent" {
            return Judged { status: 409, outcome: Outcome::Final, retry: true };
        }
        let status = match (error.code(), error.kind()) {
            ("request-id-reused" | "company-message-reused", _) => 409,
            (
                "unknown-customer" | "unknown-order" | "unknown-payment" | "finding-unknown"
                | "unknown-contract" | "change-unknown" | "online-unknown" | "phone-unknown",
                _,
            ) => 404,
            (_, Kind::Refused) => 422,
            (_, Kind::Security) => 403,
            // The server is not set up, or something it needs is away: nothing was done.
            (_, Kind::Usage | Kind::Absent | Kind::Interrupted) => return lost(Outcome::Final),
        };
        Judged { status, outcome: Outcome::Final, retry: false }
    }

    /// Whether the same request is answered so for ever.
    pub const fn is_for_ever(&self) -> bool {
        matches!(self.outcome, Outcome::Final) && !self.retry
    }
}

/// Whether an error, by its name, says that the clock went back: it is looked at before anything is done.
fn is_of_the_clock(code: &str) -> bool {
    matches!(code, "clock-back" | "log-clock-back")
}

/// Whether an error, by its name, is one of the books, the log or a disk, and not of what was asked: the same request may be done when
/// the house is in order again.
fn is_of_the_house(code: &str) -> bool {
    const OTHERS: [&str; 5] = ["channel-storage", "image-read-only", "io", "medium-full", "read-only"];
    code.starts_with("books-") || code.starts_with("log-") || OTHERS.contains(&code)
}

/// Whether an error, by its name, says that the connection to the books was lost.
pub fn is_gone(code: &str) -> bool {
    matches!(code, "books-gone" | "books-unknown")
}

impl Reply {
    /// What was asked for.
    pub fn json(value: &Value) -> Self {
        Reply { status: 200, media: JSON, body: format!("{value}\n"), retry_after: None }
    }

    /// Plain text.
    pub fn text(media: &'static str, body: String) -> Self {
        Reply { status: 200, media, body, retry_after: None }
    }

    /// An answer that was given before, to the byte.
    pub fn again(answer: Answer) -> Self {
        let media = if answer.status < 400 { JSON } else { PROBLEM };
        Reply { status: answer.status, media, body: answer.body, retry_after: None }
    }

    /// As the books keep it.
    pub fn kept(&self) -> Answer {
        Answer { status: self.status, body: self.body.clone() }
    }

    /// A request that was not worked on.
    pub fn denied(denied: &Denied, id: Option<&str>) -> Self {
        let judged = Judged { status: denied.status(), outcome: Outcome::Final, retry: denied.may_repeat() };
        told(denied.code(), denied.kind(), &denied.to_string(), denied.hint().as_deref(), &judged, id)
    }

    /// An act that failed.
    pub fn failed(error: &Trouble, judged: &Judged, id: Option<&str>) -> Self {
        told(error.code(), error.kind(), &error.to_string(), error.hint().as_deref(), judged, id)
    }
}

fn told(code: &str, kind: Kind, words: &str, hint: Option<&str>, judged: &Judged, id: Option<&str>) -> Reply {
    let outcome = match judged.outcome {
        Outcome::Final => "final",
        Outcome::Unknown => "unknown",
    };
    let object = json!({
        "type": format!("urn:gridcard:error:{code}"),
        "title": code,
        "status": judged.status,
        "detail": words,
        "code": code,
        "kind": kind.name(),
        "hint": hint,
        "request_id": id,
        "outcome": outcome,
        "retry": judged.retry,
    });
    let retry_after = judged.retry.then_some(1);
    Reply { status: judged.status, media: PROBLEM, body: format!("{object}\n"), retry_after }
}
