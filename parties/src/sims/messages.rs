//! What the messages on a SIM are.

use super::access::{SimAccess, with_hint};
use crate::session::Session;
use crate::trouble::Result;
use reader::driver::sim::{Sim, StoredMessage};
use serde::Serialize;
use wire::sms::join::{Joined, Piece, join};
use wire::sms::outside::Outside;
use wire::sms::record::{Ours, RecordError, RecordStatus, SmsRecord, reusable};
use wire::sms::text;
use wire::sms::tpdu::{Timestamp, Tpdu};

/// Whose a record is, and what becomes of it when it is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Nobody's: it is free.
    Nobody,
    /// Ours, and done with: a receipt that was sent.
    Settled,
    /// Ours, and not done with: an order, or a receipt still to be sent.
    Pending,
    /// The user's own.
    User,
}

impl Whose {
    /// Whose this record is; what cannot be read is the user's.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match SmsRecord::parse(bytes) {
            Ok(None) => Whose::Nobody,
            _ if reusable(bytes) => Whose::Settled,
            Ok(Some(record)) if record.ours().is_some() => Whose::Pending,
            Ok(Some(_)) | Err(_) => Whose::User,
        }
    }
}

/// The messages of a SIM, long ones put together, and the records that cannot be read.
pub(super) struct Inbox {
    /// Readable records by number.
    pub(super) records: Vec<(u8, SmsRecord)>,
    /// What they make.
    pub(super) messages: Vec<Joined>,
    /// Records that cannot be read.
    pub(super) damaged: Vec<(u8, RecordError)>,
}

impl Inbox {
    /// Sorts what a SIM stores.
    pub(super) fn of(stored: &[StoredMessage]) -> Self {
        let (mut records, mut damaged) = (Vec::new(), Vec::new());
        for message in stored {
            match SmsRecord::parse(&message.bytes) {
                Ok(Some(record)) => records.push((message.number, record)),
                Ok(None) => {}
                Err(error) => damaged.push((message.number, error)),
            }
        }
        let messages = join(&records);
        Inbox { records, messages, damaged }
    }

    /// The first record of a message that is there.
    pub(super) fn first(&self, message: &Joined) -> Option<&SmsRecord> {
        let number = message.records.first()?;
        self.records.iter().find(|(found, _)| found == number).map(|(_, record)| record)
    }

    /// The messages as reports, damaged records behind them.
    pub(super) fn listed(&self) -> Vec<ListedMessage> {
        let messages = self.messages.iter().filter_map(|message| {
            let record = message.records.first().map(u8::to_string);
            Some(ListedMessage { record, message: MessageReport::of(self.first(message)?, message) })
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
    /// `order`, `receipt`, `packet`, `text`, `data`, or `unreadable`.
    pub kind: &'static str,
    /// Who sent it, or whom it is for.
    pub from_or_to: String,
    /// The service centre's time of a received message, as 2026-11-22 08:00:00+08:00.
    pub time: Option<String>,
    /// What it says.
    pub what: String,
    /// Parts of a long message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<u8>,
    /// Parts that are not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<u8>>,
}

impl MessageReport {
    /// A message; `record` is the one whose status and addresses are told.
    pub(super) fn of(record: &SmsRecord, message: &Joined) -> Self {
        let is_long = message.total > 1;
        MessageReport {
            records: message.records.clone(),
            status: status(record.status),
            whose: if message.ours.is_some() { "ours" } else { "user" },
            kind: kind(record, message),
            from_or_to: text::address(record.tpdu.address()),
            time: time(&record.tpdu),
            what: says(message),
            parts: is_long.then_some(message.total),
            missing: is_long.then(|| message.missing().collect()),
        }
    }

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
        RecordStatus::Unknown(_) => "unknown",
    }
}

/// What a message says, in one string.
fn says(message: &Joined) -> String {
    match message.ours {
        Some(Ours::Order) => "an order for electricity".to_owned(),
        Some(Ours::Receipt) => "a receipt of a meter".to_owned(),
        None => pieces(&message.pieces, message.total),
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

/// The service centre's time of a received message; a message to be sent has none.
fn time(tpdu: &Tpdu) -> Option<String> {
    let Tpdu::Deliver(deliver) = tpdu else { return None };
    Some(stamp(&deliver.timestamp))
}

fn stamp(stamp: &Timestamp) -> String {
    let Ok(at) = stamp.parts() else { return format!("unreadable: {}", hex::encode_upper(stamp.0)) };
    let sign = if at.quarters < 0 { '-' } else { '+' };
    let away = at.quarters.unsigned_abs();
    // QUIRK(century): a time stamp has two digits of the year; short messages are younger than 2000.
    let (hours, minutes) = (away / 4, away % 4 * 15);
    format!(
        "20{:02}-{:02}-{:02} {:02}:{:02}:{:02}{sign}{hours:02}:{minutes:02}",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

fn kind(record: &SmsRecord, message: &Joined) -> &'static str {
    let is_text = |piece: &Piece| matches!(piece, Piece::Text(_) | Piece::Missing(_));
    match message.ours {
        Some(Ours::Order) => "order",
        Some(Ours::Receipt) => "receipt",
        None if Outside::of(record.tpdu.user_data()).is_some() => "packet",
        None if message.pieces.iter().all(is_text) => "text",
        None => "data",
    }
}
