//! What the messages on a SIM are.

use super::access::{SimAccess, with_hint};
use crate::session::Session;
use crate::trouble::Result;
use reader::driver::sim::{Sim, StoredMessage};
use serde::Serialize;
use wire::sms::content::{Content, Message, Ours};
use wire::sms::join::{Joined, Piece, join};
use wire::sms::outside::Outside;
use wire::sms::record::{RecordError, RecordStatus, SmsRecord};
use wire::sms::text;
use wire::sms::tpdu::{Timestamp, Tpdu};

/// A record with a message that can be read.
pub(super) struct Entry {
    /// Record number, from 1.
    pub(super) number: u8,
    /// Its status byte, as it stands there.
    pub(super) status_byte: u8,
    /// What of ours it is.
    pub(super) ours: Option<Ours>,
    /// The message.
    pub(super) message: Message,
}

/// The messages of a SIM, long ones put together, and the records that cannot be read.
pub(super) struct Inbox {
    /// Readable records by number.
    pub(super) entries: Vec<Entry>,
    /// What they make.
    pub(super) messages: Vec<Joined>,
    /// Records that cannot be read.
    pub(super) damaged: Vec<(u8, RecordError)>,
}

impl Inbox {
    /// Sorts what a SIM stores.
    pub(super) fn of(stored: &[StoredMessage]) -> Self {
        let (mut entries, mut damaged) = (Vec::new(), Vec::new());
        for StoredMessage { number, bytes } in stored {
            let content = Content::of(bytes);
            let ours = content.ours();
            match content {
                Content::Damaged(error) => damaged.push((*number, error)),
                content => entries.extend(content.into_message().map(|message| {
                    let status_byte = bytes.first().copied().unwrap_or_default();
                    Entry { number: *number, status_byte, ours, message }
                })),
            }
        }
        let records: Vec<(u8, &SmsRecord)> =
            entries.iter().map(|entry| (entry.number, &entry.message.record)).collect();
        let messages = join(&records);
        Inbox { entries, messages, damaged }
    }

    /// The message of a record.
    pub(super) fn entry(&self, number: u8) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// The first record of a message that is there.
    pub(super) fn first(&self, message: &Joined) -> Option<&Entry> {
        self.entry(*message.records.first()?)
    }

    /// What is odd about the records of a message, in words.
    pub(super) fn notes(&self, message: &Joined) -> Vec<String> {
        let entries = message.records.iter().filter_map(|number| self.entry(*number));
        let say = |entry: &Entry| {
            let number = entry.number;
            entry.message.notes.iter().map(move |note| format!("record {number}: {note}")).collect::<Vec<_>>()
        };
        entries.flat_map(say).collect()
    }

    /// A message as a report; `entry` is the record whose status and addresses are told.
    pub(super) fn report(&self, entry: &Entry, message: &Joined) -> MessageReport {
        let (record, is_long) = (&entry.message.record, message.total > 1);
        MessageReport {
            records: message.records.clone(),
            status: status(record.status),
            whose: if entry.ours.is_some() { "ours" } else { "user" },
            kind: kind(entry, message),
            from_or_to: text::address(record.tpdu.address()),
            time: record.tpdu.timestamp().and_then(|at| stamp(&at)),
            what: says(entry, message),
            parts: is_long.then_some(message.total),
            missing: is_long.then(|| message.missing().collect()),
            notes: self.notes(message),
        }
    }

    /// The messages as reports, damaged records behind them.
    pub(super) fn listed(&self) -> Vec<ListedMessage> {
        let messages = self.messages.iter().filter_map(|message| {
            let record = message.records.first().map(u8::to_string);
            Some(ListedMessage { record, message: self.report(self.first(message)?, message) })
        });
        let damaged = self.damaged.iter().map(|(number, error)| ListedMessage {
            record: Some(number.to_string()),
            message: MessageReport::damaged(*number, error),
        });
        messages.chain(damaged).collect()
    }
}

/// A message on a SIM. Of ours the packet stays out: it is in the SIM, and no text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageReport {
    /// The records it stands in, from 1.
    pub records: Vec<u8>,
    /// What its first record says of it.
    pub status: &'static str,
    /// `ours`, or `user`.
    pub whose: &'static str,
    /// `order`, `receipt`, `packet`, `report`, `text`, `data`, or `unreadable`.
    pub kind: &'static str,
    /// Who sent it, or whom it is for.
    pub from_or_to: String,
    /// The service centre's time of a received message, as 2026-11-22 08:00:00+08:00; none when there is no such time.
    pub time: Option<String>,
    /// What it says.
    pub what: String,
    /// Parts of a long message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u8>,
    /// Parts that are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<u8>>,
    /// What should not be there, and how it was read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl MessageReport {
    fn damaged(number: u8, error: &RecordError) -> Self {
        MessageReport {
            records: vec![number],
            status: "unreadable",
            whose: "user",
            kind: "unreadable",
            from_or_to: String::new(),
            time: None,
            what: error.to_string(),
            parts: None,
            missing: None,
            notes: Vec::new(),
        }
    }
}

/// A message of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedMessage {
    /// Its first record.
    pub record: Option<String>,
    /// What it is.
    #[serde(flatten)]
    pub message: MessageReport,
}

/// The messages of a SIM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InboxReport {
    /// Records for messages.
    pub records: u8,
    /// Records that are free.
    pub free: usize,
    /// The messages.
    pub messages: Vec<ListedMessage>,
}

/// Lists the messages: one entry a message, however many records it takes.
///
/// # Errors
/// The SIM refuses.
pub fn list(session: &Session, sim: &SimAccess) -> Result<InboxReport> {
    let mut handle = sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    let records = sim.sms_file().map_err(with_hint)?.records;
    let stored = sim.sms_list().map_err(with_hint)?;
    handle.close()?;
    let free = usize::from(records) - stored.len();
    Ok(InboxReport { records, free, messages: Inbox::of(&stored).listed() })
}

/// A status in words.
pub(super) const fn status(status: RecordStatus) -> &'static str {
    match status {
        RecordStatus::Free => "free",
        RecordStatus::Read => "read",
        RecordStatus::Unread => "unread",
        RecordStatus::ToBeSent => "to be sent",
        RecordStatus::Sent(_) => "sent",
    }
}

/// What a message says, in one string.
fn says(entry: &Entry, message: &Joined) -> String {
    let text = pieces(&message.pieces, message.total);
    match (entry.ours, &entry.message.record.tpdu) {
        (Some(Ours::Order), _) => "an order for electricity".to_owned(),
        (Some(Ours::Receipt), _) => "a receipt of a meter".to_owned(),
        (None, Tpdu::Report(report)) => {
            let of = format!("report of message {}: {}", report.reference, report.outcome());
            if text.is_empty() { of } else { format!("{of}: {text}") }
        }
        (None, Tpdu::Deliver(_) | Tpdu::Submit(_)) => text,
    }
}

/// Pieces in order; data in hexadecimal digits, gaps by their numbers.
pub(super) fn pieces(pieces: &[Piece], total: u8) -> String {
    let say = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Data(bytes) => hex::encode_upper(bytes),
        Piece::Missing(part) => format!("[part {part} of {total} is missing]"),
    };
    pieces.iter().map(say).collect()
}

/// A time stamp as it is shown; none when there is no such time.
pub(super) fn stamp(stamp: &Timestamp) -> Option<String> {
    let at = stamp.parts().ok()?;
    // QUIRK(century): a time stamp has two digits of the year; short messages are younger than 2000.
    let local = format!(
        "20{:02}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    );
    if !at.is_zone() {
        return Some(format!("{local} {:+} quarters", at.quarters));
    }
    let sign = if at.quarters < 0 { '-' } else { '+' };
    let away = at.quarters.unsigned_abs();
    let (hours, minutes) = (away / 4, away % 4 * 15);
    Some(format!("{local}{sign}{hours:02}:{minutes:02}"))
}

fn kind(entry: &Entry, message: &Joined) -> &'static str {
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_) | Piece::Missing(_));
    let tpdu = &entry.message.record.tpdu;
    match entry.ours {
        Some(Ours::Order) => "order",
        Some(Ours::Receipt) => "receipt",
        None if matches!(tpdu, Tpdu::Report(_)) => "report",
        None if Outside::of(tpdu).is_some() => "packet",
        None if message.pieces.iter().all(is_text) => "text",
        None => "data",
    }
}
