//! `gridcard sim list`.

use super::message::{self, Inbox};
use super::{One, open, with_hint};
use crate::args::Global;
use crate::output::{answer, say, table};
use parties::trouble::Result;
use reader::driver::sim::Sim;
use serde_json::{Value, json};
use wire::sms::text;

/// Lists the messages: one line a message, however many records it takes.
pub fn run(global: &Global, options: &One) -> Result<()> {
    let mut bay = open(global, options)?;
    let mut sim = Sim::new(&mut bay);
    let records = sim.sms_file().map_err(with_hint)?.records;
    let stored = sim.sms_list().map_err(with_hint)?;
    bay.close()?;
    let inbox = Inbox::of(&stored);
    let free = usize::from(records) - stored.len();
    let object = json!({ "records": records, "free": free, "messages": objects(&inbox) });
    let heading = ["record", "status", "whose", "from or to", "time", "what"];
    answer(global, &table(&heading, rows(&inbox)), object);
    say(format!("{free} of {records} records are free"));
    Ok(())
}

/// The messages for programs, damaged records behind them.
pub fn objects(inbox: &Inbox) -> Vec<Value> {
    let messages = inbox
        .messages
        .iter()
        .filter_map(|message| Some(Value::Object(message::object(inbox.first(message)?, message))));
    let damaged = inbox.damaged.iter().map(|(number, error)| {
        json!({
            "record": number.to_string(), "records": [number], "status": "unreadable", "whose": "user",
            "kind": "unreadable", "from_or_to": "", "time": null, "what": error.to_string(),
        })
    });
    messages.chain(damaged).collect()
}

/// The same as lines of a table.
pub fn rows(inbox: &Inbox) -> Vec<Vec<String>> {
    let messages = inbox.messages.iter().filter_map(|message| {
        let record = inbox.first(message)?;
        let whose = if message.ours.is_some() { "ours" } else { "user's" };
        Some(vec![
            message::numbers(&message.records),
            message::status(record.status).to_owned(),
            whose.to_owned(),
            message::shown(&text::address(record.tpdu.address()), false),
            message::time(&record.tpdu).unwrap_or_default(),
            message::shown(&message::says(message), false),
        ])
    });
    let damaged = inbox.damaged.iter().map(|(number, error)| {
        let words = ["unreadable", "user's", "", ""].map(str::to_owned);
        [vec![number.to_string()], words.to_vec(), vec![error.to_string()]].concat()
    });
    messages.chain(damaged).collect()
}
