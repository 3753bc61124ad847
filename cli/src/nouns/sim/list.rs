//! `gridcard sim list`.

use super::message;
use super::one::One;
use crate::prelude::*;
use parties::sims::{self, ListedMessage};

/// Columns of a table of messages.
pub const HEADING: [&str; 6] = ["record", "status", "whose", "from or to", "time", "what"];

/// Lists the messages: one line a message, however many records it takes.
pub fn run(call: &Call, options: &One) -> Result<()> {
    let report = sims::list(call, &options.get())?;
    answer(call, &table(&HEADING, rows(&report.messages)), &report);
    for note in report.messages.iter().flat_map(|listed| &listed.message.notes) {
        say(format!("note: {note}"));
    }
    say(format!("{} of {} records are free", report.free, report.records));
    Ok(())
}

/// Messages as lines of a table.
pub fn rows(messages: &[ListedMessage]) -> Vec<Vec<String>> {
    let row = |ListedMessage { message, .. }: &ListedMessage| {
        let whose = if message.whose == "ours" { "ours" } else { "user's" };
        let (other, what) = (message::in_a_line(&message.from_or_to), message::in_a_line(&message.what));
        let time = message.time.as_deref().unwrap_or_default();
        row![message::numbers(&message.records), message.status, whose, other, time, what]
    };
    messages.iter().map(row).collect()
}
