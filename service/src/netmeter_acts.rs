//! What is asked about meters that called: who is there, and the form of a purchase for one. What is done at a meter is in [`crate::netmeters`].

use crate::asked::Asked;
use crate::fields::{Field, FieldKind, may, must};
use crate::lines::LineFacts;
use crate::payments;
use parties::bank::Desk;
use parties::{Result, Session};
use serde_json::{Value, json};

/// Fields of a purchase at a meter on a line.
pub const BUY: &[Field] = &[
    must("customer", FieldKind::Text, "customer number, 12 digits"),
    payments::AMOUNT,
    payments::HOW,
    may(
        "by",
        FieldKind::Text,
        "session: sealed messages; recharge: the field's frames; session when it is missing",
    ),
];

/// The lines of meters, for whoever may see the whole house.
pub fn listed(_: &Session, _: &Desk, asked: &Asked) -> Result<Value> {
    let line = |facts: LineFacts| {
        json!({
            "meter": facts.meter,
            "from": facts.from.to_string(),
            "since_s": facts.since_s,
            "silent_s": facts.silent_s,
            "frames": facts.frames,
            "proved": facts.proved,
        })
    };
    Ok(json!({ "lines": asked.lines.facts().into_iter().map(line).collect::<Vec<_>>() }))
}
