//! `gridcard sim erase`.

use super::message::{Inbox, Whose};
use super::{One, open, with_hint};
use crate::args::Global;
use crate::fail::{Failure, refused};
use crate::output::{answer, say};
use clap::Args;
use parties::trouble::Result;
use reader::driver::sim::{Sim, StoredMessage};
use serde_json::json;

/// Options of `sim erase`.
#[derive(Debug, Args)]
pub struct Erase {
    /// The SIM.
    #[command(flatten)]
    pub sim: One,
    /// Numbers of the records, from 1.
    #[arg(required = true, value_parser = clap::value_parser!(u8).range(1..))]
    pub records: Vec<u8>,
    /// Erase messages of the user's too.
    #[arg(long)]
    pub user: bool,
    /// Erase orders not yet in their meter and receipts not yet sent too.
    #[arg(long)]
    pub pending: bool,
    /// Only say what would be erased.
    #[arg(long)]
    pub dry_run: bool,
}

/// Erases records: all of them, or none when one of them may not be.
pub fn run(global: &Global, options: &Erase) -> Result<()> {
    let mut bay = open(global, &options.sim)?;
    let mut sim = Sim::new(&mut bay);
    let file = sim.sms_file().map_err(with_hint)?;
    let stored = sim.sms_list().map_err(with_hint)?;
    let mut wanted = options.records.clone();
    wanted.sort_unstable();
    wanted.dedup();
    let mut doomed = Vec::new();
    for number in wanted {
        if number > file.records {
            return Err(
                refused(format!("the SIM has {} message records, no record {number}", file.records)).into()
            );
        }
        if may_go(options, &stored, number)? {
            doomed.push(number);
        } else {
            say(format!("record {number} is free already"));
        }
    }
    tell_parts(&stored, &doomed);
    if !options.dry_run {
        for number in &doomed {
            sim.sms_erase(file, *number).map_err(with_hint)?;
        }
    }
    bay.close()?;
    let done = if options.dry_run { "would be erased" } else { "erased" };
    let names: Vec<String> = doomed.iter().map(u8::to_string).collect();
    let text = match names.is_empty() {
        true => "nothing to erase".to_owned(),
        false => format!("record(s) {} {done}", names.join(", ")),
    };
    answer(global, &text, json!({ "erased": doomed, "dry_run": options.dry_run }));
    Ok(())
}

/// Whether there is anything to erase in a record, and an error when the user did not say that it may go.
fn may_go(options: &Erase, stored: &[StoredMessage], number: u8) -> Result<bool, Failure> {
    let Some(message) = stored.iter().find(|message| message.number == number) else { return Ok(false) };
    match Whose::of(&message.bytes) {
        Whose::Nobody => Ok(false),
        Whose::User if !options.user => {
            Err(refused(format!("record {number} holds a message of the user's; nothing is erased"))
                .hint("`gridcard sim read` shows it; --user erases such messages too"))
        }
        Whose::Pending if !options.pending => Err(refused(format!(
            "record {number} holds a purchase not yet settled; nothing is erased"
        ))
        .hint("insert the SIM into its meter, or collect the receipt; --pending erases such messages too")),
        Whose::User | Whose::Pending | Whose::Settled => Ok(true),
    }
}

/// Says which messages lose a part and keep others.
fn tell_parts(stored: &[StoredMessage], doomed: &[u8]) {
    for message in Inbox::of(stored).messages {
        let (gone, kept): (Vec<u8>, Vec<u8>) =
            message.records.iter().partition(|number| doomed.contains(number));
        if !gone.is_empty() && !kept.is_empty() {
            let kept: Vec<String> = kept.iter().map(u8::to_string).collect();
            say(format!("note: record(s) {} hold other parts of the same message", kept.join(", ")));
        }
    }
}
