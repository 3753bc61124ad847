//! Message records set free.

use super::access::{SimAccess, with_hint};
use super::messages::Inbox;
use crate::session::Session;
use crate::trouble::{Failure, Result, refused};
use reader::driver::sim::{Sim, StoredMessage, second_of};
use serde::Serialize;
use wire::sms::content::Content;

/// Which records, and what of them may go.
#[derive(Debug, Clone)]
pub struct EraseRequest {
    /// The SIM.
    pub sim: SimAccess,
    /// Numbers of the records, from 1.
    pub records: Vec<u8>,
    /// Erase messages of the user's too.
    pub user: bool,
    /// Erase orders not yet in their meter and receipts not yet sent too.
    pub pending: bool,
    /// Only say what would be erased.
    pub dry_run: bool,
}

/// What was erased, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EraseReport {
    /// The records.
    pub erased: Vec<u8>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// Erases records: all of them, or none when one of them may not be.
///
/// # Errors
/// A record that may not go.
pub fn erase(session: &Session, request: &EraseRequest) -> Result<EraseReport> {
    let mut handle = request.sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    let file = sim.sms_file().map_err(with_hint)?;
    let stored = sim.sms_list().map_err(with_hint)?;
    let mut wanted = request.records.clone();
    wanted.sort_unstable();
    wanted.dedup();
    let mut doomed = Vec::new();
    for number in wanted {
        if number > file.records {
            let words = format!("the SIM has {} message records, no record {number}", file.records);
            return Err(refused(words).into());
        }
        if may_go(request, &stored, number)? {
            doomed.push(number);
        } else {
            session.say(format!("record {number} is free already"));
        }
    }
    tell_parts(session, &stored, &doomed);
    if !request.dry_run {
        for number in &doomed {
            sim.sms_erase(file, *number).map_err(with_hint)?;
        }
    }
    handle.close()?;
    Ok(EraseReport { erased: doomed, dry_run: request.dry_run })
}

/// Whether there is anything to erase in a record, and an error when nobody said that it may go.
fn may_go(request: &EraseRequest, stored: &[StoredMessage], number: u8) -> Result<bool, Failure> {
    let Some(message) = stored.iter().find(|message| message.number == number) else { return Ok(false) };
    // The second part of a purchase says not by itself what it is.
    let content = Content::of(&second_of(stored, message).unwrap_or(message).bytes);
    match content {
        Content::Free => Ok(false),
        Content::Other(_) | Content::Damaged(_) if !request.user => {
            Err(refused(format!("record {number} holds a message of the user's; nothing is erased"))
                .hint("`gridcard sim read` shows it; --user erases such messages too"))
        }
        Content::Order(_) | Content::Receipt(_) if !request.pending => Err(refused(format!(
            "record {number} holds a purchase not yet settled; nothing is erased"
        ))
        .hint("insert the SIM into its meter, or collect the receipt; --pending erases such messages too")),
        _ => Ok(true),
    }
}

/// Says which messages lose a part and keep others.
fn tell_parts(session: &Session, stored: &[StoredMessage], doomed: &[u8]) {
    for message in Inbox::of(stored).messages {
        let (gone, kept): (Vec<u8>, Vec<u8>) =
            message.records.iter().partition(|number| doomed.contains(number));
        if !gone.is_empty() && !kept.is_empty() {
            let kept: Vec<String> = kept.iter().map(u8::to_string).collect();
            session.say(format!("note: record(s) {} hold other parts of the same message", kept.join(", ")));
        }
    }
}
