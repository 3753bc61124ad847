//! KEY files: every key by its check value, a PIN by its tries alone.

use super::fact::Fact;
use super::item::{Content, Facts, Item};
use super::view::View;
use cos::files::Node;
use cos::keyfile::{self, KeyRecord, kind};
use cos::rights::Right;
use cos::sim::access;
use scheme::profile::{CardKind, Recipient};

/// Bits of a type byte that make a key change under cipher text and MAC only.
const SEALED: u8 = 0xC0;

/// A KEY file with its records. `dir` is the path of its directory: keys are named by it.
pub fn file(view: &View<'_, '_>, node: &Node, path: String, dir: &str) -> Item {
    let records: Vec<KeyRecord> = keyfile::records(view.memory, node).collect();
    let used: usize = records.iter().map(|record| keyfile::OVERHEAD + record.len()).sum();
    let mut facts =
        vec![("size", Fact::Bytes(node.size())), ("free", Fact::Bytes(node.size().saturating_sub(used)))];
    if !view.is_sim() {
        facts.push(("add", Right(node.header[6]).to_string().into()));
        facts.push(("short id of the directory", format!("{:02X}", node.header[5]).into()));
    }
    let children = records.iter().map(|record| key(view, record, dir)).collect();
    Item { path, kind: "KEY file", name: None, facts, content: Content::None, children }
}

fn key(view: &View<'_, '_>, record: &KeyRecord, dir: &str) -> Item {
    let path = format!("{dir}/KEY/{:02X}/{:02X}", record.kind(), record.id());
    let mut facts = Facts::new();
    let is_secret_word = matches!(record.kind(), kind::PIN | kind::CHV | kind::PUK);
    if !view.is_sim() {
        facts.push(("use", record.use_right().to_string().into()));
        facts.push(("change", change(record).into()));
    }
    facts.extend(tail(record));
    let content = if is_secret_word {
        Content::Secret(record.bytes(view.memory))
    } else {
        let words = match record.key(view.memory, view.chip.suite) {
            Ok(key) => hex::encode_upper(key.kcv()),
            Err(_) => format!("none: {} are no key of this suite", Fact::Bytes(record.len())),
        };
        facts.push(("check value", words.into()));
        Content::None
    };
    Item { path, kind: kind_words(record), name: role(view, record), facts, content, children: Vec::new() }
}

fn change(record: &KeyRecord) -> String {
    let right = record.change_right();
    if record.type_byte() & SEALED != 0 {
        format!("{right}, by cipher text and MAC only")
    } else {
        right.to_string()
    }
}

/// What bytes 4 and 5 mean for the type [FMCOS UM 7.12.3].
fn tail(record: &KeyRecord) -> Facts {
    let tries = || ("tries", Fact::Tries { left: record.tries_left(), limit: record.byte5() >> 4 });
    let follow_up = || ("follow-up state", format!("{:X}", record.byte4() & 0x0F).into());
    match record.kind() {
        kind::EXTERNAL | kind::PIN => vec![follow_up(), tries()],
        kind::LINE | kind::UNBLOCK | kind::RELOAD => vec![tries()],
        kind::CHV if record.id() == 1 => {
            vec![("asked for", if record.byte4() == 1 { "yes" } else { "no" }.into()), tries()]
        }
        kind::CHV | kind::PUK => vec![tries()],
        kind::KI => Vec::new(),
        sam if sam & 0x30 == kind::SAM => vec![
            ("usage", format!("{:02X}", record.byte4() << 5 | (sam & 0x1F)).into()),
            ("algorithm", format!("{:02X}", record.byte5()).into()),
        ],
        _ => vec![
            ("version", format!("{:02X}", record.byte4()).into()),
            ("algorithm", format!("{:02X}", record.byte5()).into()),
        ],
    }
}

fn kind_words(record: &KeyRecord) -> &'static str {
    match record.kind() {
        kind::ENCRYPT => "internal authentication, enciphering key",
        kind::DECRYPT => "internal authentication, deciphering key",
        kind::MAC => "internal authentication, MAC key",
        kind::TAC => "TAC key",
        kind::APPLET => "key of the applet",
        kind::LINE => "line protection key",
        kind::UNBLOCK => "PIN unblocking key",
        kind::RELOAD => "PIN reloading key",
        kind::EXTERNAL if record.id() == 0 => "master key (external authentication)",
        kind::EXTERNAL => "external authentication key",
        kind::PIN => "PIN",
        kind::OVERDRAFT => "overdraft limit key",
        kind::UNLOAD => "unload key",
        kind::PURCHASE => "purchase key",
        kind::LOAD => "load key",
        kind::CHV if record.id() == access::ADM => "ADM1",
        kind::CHV => "CHV",
        kind::PUK => "UNBLOCK CHV",
        kind::KI => "subscriber's key Ki",
        sam if sam & 0x30 == kind::SAM => "SAM key",
        _ => "key of an unknown type",
    }
}

/// The role a key has on a card of ours.
fn role(view: &View<'_, '_>, record: &KeyRecord) -> Option<String> {
    if view.is_sim() || view.chip.kind == CardKind::Fmcos {
        return None;
    }
    let rows = Recipient::Card(view.chip.kind).keys();
    let row = rows.iter().find(|row| row.kind & 0x3F == record.kind() && row.id == record.id())?;
    // The card's own master says so by its type.
    (row.role != 0).then(|| row.name().to_owned())
}
