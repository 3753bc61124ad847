//! `gridcard sim list`.

use super::message;
use super::one::One;
use crate::global::Global;
use crate::output::answer;
use crate::screen::{say, table};
use parties::Result;
use parties::sims::{self, ListedMessage};

/// Columns of a table of messages.
pub const HEADING: [&str; 6] = ["record", "status", "whose", "from or to", "time", "what"];

/// Lists the messages: one line a message, however many records it takes.
pub fn run(global: &Global, options: &One) -> Result<()> {
    let report = sims::list(global, &options.get())?;
    answer(global, &table(&HEADING, rows(&report.messages)), &report);
    for note in report.messages.iter().flat_map(|listed| &listed.message.notes) {
        say(format!("note: {note}"));
    }
    say(format!("{} of {} records are free", report.free, report.records));
    Ok(())
}

/// Messages as lines of a table.
pub fn rows(messages: &[ListedMessage]) -> Vec<Vec<String>> {
    let row = |ListedMessage { message, .. }: &ListedMessage| {
        vec![
            message::numbers(&message.records),
            message.status.to_owned(),
            if message.whose == "ours" { "ours" } else { "user's" }.to_owned(),
            message::in_a_line(&message.from_or_to),
            message.time.clone().unwrap_or_default(),
            message::in_a_line(&message.what),
        ]
    };
    messages.iter().map(row).collect()
}
