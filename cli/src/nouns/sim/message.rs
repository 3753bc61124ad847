//! What a message on a SIM is, in words: the one place for them.

use reader::driver::sim::StoredMessage;
use serde_json::{Map, Value, json};
use wire::packet::Spi;
use wire::sms::join::{Joined, Piece, join};
use wire::sms::outside::Outside;
use wire::sms::record::{Ours, RecordError, RecordStatus, SmsRecord, reusable};
use wire::sms::text;
use wire::sms::tpdu::{Timestamp, Tpdu};

/// Whose a record is, and what becomes of it when it is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
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
    pub fn of(bytes: &[u8]) -> Self {
        match SmsRecord::parse(bytes) {
            Ok(None) => Whose::Nobody,
            _ if reusable(bytes) => Whose::Settled,
            Ok(Some(record)) if record.ours().is_some() => Whose::Pending,
            Ok(Some(_)) | Err(_) => Whose::User,
        }
    }

    /// "ours" or "user".
    pub const fn name(self) -> &'static str {
        match self {
            Whose::Nobody => "nobody",
            Whose::Settled | Whose::Pending => "ours",
            Whose::User => "user",
        }
    }
}

/// The messages of a SIM, long ones put together, and the records that cannot be read.
pub struct Inbox {
    /// Readable records by number.
    pub records: Vec<(u8, SmsRecord)>,
    /// What they make.
    pub messages: Vec<Joined>,
    /// Records that cannot be read.
    pub damaged: Vec<(u8, RecordError)>,
}

impl Inbox {
    /// Sorts what a SIM stores.
    pub fn of(stored: &[StoredMessage]) -> Self {
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
    pub fn first(&self, message: &Joined) -> Option<&SmsRecord> {
        let number = message.records.first()?;
        self.records.iter().find(|(found, _)| found == number).map(|(_, record)| record)
    }
}

/// A status in words.
pub fn status(status: RecordStatus) -> &'static str {
    match status {
        RecordStatus::Free => "free",
        RecordStatus::Read => "read",
        RecordStatus::Unread => "unread",
        RecordStatus::ToBeSent => "to be sent",
        RecordStatus::Sent(_) => "sent",
        RecordStatus::Unknown(_) => "unknown",
    }
}

/// Record numbers as they are shown: `5+2+9`.
pub fn numbers(records: &[u8]) -> String {
    records.iter().map(u8::to_string).collect::<Vec<_>>().join("+")
}

/// Text of others as it may stand in a terminal: no control character but, where `lines` says so, the line's end.
pub fn shown(text: &str, lines: bool) -> String {
    let clean = |c: char| match c {
        '\n' if lines => c,
        '\n' | '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().filter(|c| *c != '\r').map(clean).collect()
}

/// What a message says, in one string.
pub fn says(message: &Joined) -> String {
    match message.ours {
        Some(Ours::Order) => "an order for electricity".to_owned(),
        Some(Ours::Receipt) => "a receipt of a meter".to_owned(),
        None => pieces(&message.pieces, message.total),
    }
}

/// Pieces in order; data in hexadecimal digits, gaps by their numbers.
pub fn pieces(pieces: &[Piece], total: u8) -> String {
    let say = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Data(bytes) => hex::encode_upper(bytes),
        Piece::Missing(part) => format!("[part {part} of {total} is missing]"),
    };
    pieces.iter().map(say).collect()
}

/// The service centre's time of a received message, as 2026-11-22 08:00:00+08:00; a message to be sent has none.
pub fn time(tpdu: &Tpdu) -> Option<String> {
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

/// What kind of message it is, for programs: order, receipt, packet, text, data.
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

/// A message for programs. Of ours the packet stays out: it is in the SIM, and no text.
pub fn object(record: &SmsRecord, message: &Joined) -> Map<String, Value> {
    let whose = if message.ours.is_some() { "ours" } else { Whose::User.name() };
    let mut object = Map::new();
    object.insert("record".into(), message.records.first().map(u8::to_string).into());
    object.insert("records".into(), json!(message.records));
    object.insert("status".into(), status(record.status).into());
    object.insert("whose".into(), whose.into());
    object.insert("kind".into(), kind(record, message).into());
    object.insert("from_or_to".into(), text::address(record.tpdu.address()).into());
    object.insert("time".into(), time(&record.tpdu).into());
    object.insert("what".into(), says(message).into());
    if message.total > 1 {
        object.insert("parts".into(), message.total.into());
        object.insert("missing".into(), json!(message.missing().collect::<Vec<_>>()));
    }
    object
}

/// The outside of a packet in words, `name, value`.
pub fn outside(outside: &Outside) -> Vec<(&'static str, String)> {
    match outside {
        Outside::Command { length, spi, kic, kid, tar } => vec![
            ("packet", format!("command, {length} bytes")),
            ("SPI", format!("{} ({})", hex::encode_upper(spi), protection(*spi))),
            ("KIc", key(*kic)),
            ("KID", key(*kid)),
            ("TAR", hex::encode_upper(tar)),
        ],
        Outside::Response { length, tar } => {
            vec![("packet", format!("response, {length} bytes")), ("TAR", hex::encode_upper(tar))]
        }
    }
}

fn protection(spi: [u8; 2]) -> String {
    let Ok(spi) = Spi::parse(spi) else { return "a protection this program does not read".to_owned() };
    let mut words = vec![if spi.command.cc { "checksum" } else { "no checksum" }];
    words.push(if spi.command.ciphered { "enciphered" } else { "in the clear" });
    words.push(match spi.counter {
        wire::packet::CounterMode::None => "no counter",
        wire::packet::CounterMode::Unchecked => "counter not checked",
        wire::packet::CounterMode::Higher => "counter must be higher",
        wire::packet::CounterMode::OneHigher => "counter must be one higher",
    });
    words.push(match spi.reply {
        wire::packet::Reply::No => "no response",
        wire::packet::Reply::Always => "response wanted",
        wire::packet::Reply::OnError => "response on error",
    });
    words.join(", ")
}

/// A KIc or KID byte: key set, and the algorithm its low nibble names [docs/specs/sim.md, messages].
fn key(byte: u8) -> String {
    let algorithm = match byte & 0x0F {
        0x0 => "algorithm known to both",
        0x1 => "DES",
        0x5 => "3DES, two keys",
        0x9 => "3DES, three keys",
        0xD => "DES in ECB",
        0x2 => "AES",
        0x3 => "proprietary",
        _ => "unknown algorithm",
    };
    format!("{byte:02X} (key set {}, {algorithm})", byte >> 4)
}
