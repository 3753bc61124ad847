//! Directories and files.

use super::fact::Fact;
use super::item::{Content, Facts, Item, Record};
use super::view::View;
use super::{keyring, sim_names, wallet};
use cos::files::{BLOCKED, CARD_DEAD, DEAD, FileKind, HEADER, LEVELS, Node};
use cos::rights::Right;
use cos::sim::{self, AccessMode, access};
use scheme::profile::{self, CardKind, EsamFiles, Fid, Make, field_file, production_file, user_card_file};

/// Mark of a record that was written.
const PRESENT: u8 = 1;
/// Short file identifiers.
const SFI: std::ops::RangeInclusive<u16> = 1..=0x1E;

/// A directory with all that stands in it.
pub fn directory(view: &View<'_, '_>, dir: &Node, above: &str, level: usize) -> Item {
    let path = join(above, dir.fid());
    let mut end = dir.body();
    let mut children = Vec::new();
    let too_deep = level + 1 >= LEVELS;
    for node in dir.children(view.memory) {
        end = node.end();
        if !node.is_dir() {
            children.push(file(view, dir, &node, &path));
        } else if !too_deep {
            children.push(directory(view, &node, &path, level + 1));
        }
    }
    let mut facts =
        vec![("size", Fact::Bytes(dir.size())), ("free", Fact::Bytes(dir.end().saturating_sub(end)))];
    if !view.is_sim() {
        facts.push(("create", Right(dir.header[5]).to_string().into()));
        facts.push(("erase", Right(dir.header[6]).to_string().into()));
        facts.push(("application id", format!("{:02X}", dir.header[7]).into()));
    }
    facts.push(("state", blocks(dir.blocks()).into()));
    // The list of files ends with 00, or where no header fits any more.
    if end + HEADER <= dir.end() && view.memory.byte(end) != 0 {
        facts.push(("damaged", format!("no file can be read beyond address {end:04X}").into()));
    }
    Item { path, kind: "directory", name: dir_name(view, dir), facts, content: Content::None, children }
}

fn dir_name(view: &View<'_, '_>, dir: &Node) -> Option<String> {
    if view.is_sim() {
        return sim_names::dir(dir.fid()).map(str::to_owned);
    }
    let name = dir.name(view.memory);
    if name.is_empty() {
        return (dir.fid() == Fid::MF).then(|| "master file".to_owned());
    }
    let printable = name.iter().all(|byte| (0x20..0x7F).contains(byte));
    let text = if printable { format!(" ({})", String::from_utf8_lossy(&name)) } else { String::new() };
    Some(format!("{}{text}", hex::encode_upper(&name)))
}

fn blocks(flags: u8) -> String {
    let words = [
        (CARD_DEAD, "the card is blocked for good"),
        (DEAD, "blocked for good"),
        (BLOCKED, "blocked until it is unblocked"),
    ];
    let found: Vec<&str> =
        words.into_iter().filter(|(flag, _)| flags & flag != 0).map(|(_, words)| words).collect();
    if found.is_empty() { "open".to_owned() } else { found.join(", ") }
}

fn file(view: &View<'_, '_>, dir: &Node, node: &Node, above: &str) -> Item {
    let path = if node.kind() == FileKind::Keys { format!("{above}/KEY") } else { join(above, node.fid()) };
    let kind = match node.kind() {
        FileKind::Keys => return keyring::file(view, node, path, above),
        FileKind::Dir => "directory",
        FileKind::Binary => "binary",
        FileKind::Fixed => "fixed records",
        FileKind::Variable => "variable records",
        FileKind::Cyclic => "cyclic records",
        FileKind::Wallet => return wallet::file(view, node, path),
        FileKind::Link => return link(view, dir, node, path),
    };
    let is_log = wallet::is_log(view, dir, node);
    let name = match file_name(view, dir.fid(), node.fid()) {
        None if is_log => Some("log of the wallet"),
        known => known,
    };
    let content = match node.kind() {
        FileKind::Binary if view.is_sim() && sim_names::is_secret(dir.fid(), node.fid()) => {
            Content::Secret(keys::Zeroizing::new(view.body(node, node.size())))
        }
        // A signing key, whoever's card it is.
        FileKind::Binary if !view.is_sim() && node.fid() == profile::EF_SIGNING_KEY => {
            Content::Secret(keys::Zeroizing::new(view.body(node, node.size())))
        }
        FileKind::Binary => Content::Bytes(view.body(node, node.size())),
        FileKind::Variable => Content::Records(variable(view, node)),
        _ => Content::Records(numbered(view, node, is_log)),
    };
    let facts = file_facts(view, node, &content);
    Item { path, kind, name: name.map(str::to_owned), facts, content, children: Vec::new() }
}

fn file_facts(view: &View<'_, '_>, node: &Node, content: &Content) -> Facts {
    let mut facts = Facts::new();
    let short = match view.is_sim() {
        true => sim::sfi(node),
        false => SFI.contains(&node.fid().0).then_some(node.fid().0 as u8), // at most 1E
    };
    if let Some(sfi) = short {
        facts.push(("SFI", format!("{sfi:02X}").into()));
    }
    let there = match content {
        Content::Records(records) => records.len(),
        Content::None | Content::Bytes(_) | Content::Secret(_) => 0,
    };
    facts.push(("size", Fact::Bytes(node.size())));
    match node.kind() {
        FileKind::Fixed | FileKind::Cyclic => {
            facts.push(("records", Fact::Number(node.record_count() as u64)));
            facts.push(("record length", Fact::Bytes(node.record_len())));
        }
        FileKind::Variable => facts.push(("used", Fact::Bytes(node.used().min(node.size())))),
        _ => {}
    }
    if node.kind() != FileKind::Binary {
        facts.push(("written records", Fact::Number(there as u64)));
    }
    if view.is_sim() {
        return [facts, sim_facts(node)].concat();
    }
    facts.push(("read", Right(node.header[5]).to_string().into()));
    facts.push(("write", Right(node.header[6]).to_string().into()));
    facts.push(("protection", protection(node).into()));
    facts.push(("state", if node.is_written() { "written" } else { "never written" }.into()));
    facts
}

/// Access conditions of a SIM's file, and whether it is invalidated; what no mask of old had is left out where it says "never".
fn sim_facts(node: &Node) -> Facts {
    let words = |act| Fact::from(condition(sim::condition(node, act)));
    let mut facts = vec![("read", words(AccessMode::Read)), ("update", words(AccessMode::Update))];
    let others = [
        ("increase", AccessMode::Increase),
        ("invalidate", AccessMode::Invalidate),
        ("rehabilitate", AccessMode::Rehabilitate),
    ];
    for (name, act) in others {
        if sim::condition(node, act) != access::NEV {
            facts.push((name, words(act)));
        }
    }
    if sim::is_invalidated(node) {
        let how = if sim::is_readable_when_invalidated(node) { ", but readable" } else { "" };
        facts.push(("state", format!("invalidated{how}").into()));
    }
    facts
}

/// Another name of an EF that stands elsewhere.
fn link(view: &View<'_, '_>, dir: &Node, node: &Node, path: String) -> Item {
    let to = match node.resolved(view.memory) {
        Some(target) => format!("the file at address {:04X}", target.at),
        None => "no file".to_owned(),
    };
    let mut facts = vec![("stands for", to.into())];
    if let Some(home) = sim_names::link(dir.fid(), node.fid()) {
        facts = vec![("stands for", format!("{:04X}/{:04X}", home.0, node.fid().0).into())];
    }
    let name = file_name(view, dir.fid(), node.fid()).map(str::to_owned);
    Item { path, kind: "link", name, facts, content: Content::None, children: Vec::new() }
}

/// Which protected commands a file asks for, and with which line keys [docs/specs/fmcos.md, secure messaging of files].
fn protection(node: &Node) -> String {
    let (type_byte, access) = (node.header[0], node.header[7]);
    let key = |shift: u8| format!("36/{:02X}", 3 - ((access >> shift) & 0x03));
    let mut words = Vec::new();
    if type_byte & 0x80 != 0 {
        words.push(format!("writes with MAC under {}", key(0)));
    }
    if access & 0x80 == 0 {
        words.push(format!("reads with MAC under {}", key(2)));
    }
    if type_byte & 0x40 != 0 {
        words.push("enciphered where protected".to_owned());
    }
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// An access condition of a SIM in words [TS 51.011 9.3].
fn condition(nibble: u8) -> String {
    match nibble {
        access::ALW => "always".to_owned(),
        access::CHV1 => "CHV1".to_owned(),
        access::CHV2 => "CHV2".to_owned(),
        access::NEV => "never".to_owned(),
        level => format!("ADM {level:X}"),
    }
}

/// What a file is for, on the cards whose files are ours or a standard's.
fn file_name(view: &View<'_, '_>, dir: Fid, fid: Fid) -> Option<&'static str> {
    let in_mf = dir == Fid::MF;
    match (view.chip.kind, fid) {
        (CardKind::Sim | CardKind::Uicc, _) => sim_names::file(dir, fid),
        (CardKind::Fmcos, _) => None,
        (_, profile::EF_CARD_INFO) if in_mf => Some("card information"),
        (_, profile::EF_SIGNING_KEY) if in_mf => Some("signing key"),
        (_, profile::EF_CERTIFICATES) if in_mf => Some("certificates"),
        (CardKind::Psam | CardKind::TestCard, profile::EF_TERMINAL) if in_mf => Some("terminal number"),
        (CardKind::Psam | CardKind::TestCard, profile::EF_LIMIT) if !in_mf => Some("orders it may seal"),
        (CardKind::Psam | CardKind::TestCard, profile::EF_SEALED) if !in_mf => Some("orders sealed"),
        (CardKind::Psam | CardKind::TestCard, profile::EF_LIMIT_CHALLENGE) if !in_mf => {
            Some("challenge for a limit")
        }
        (kind, profile::EF_LIMIT) if kind.is_city_issuing() => Some("cards it may make"),
        (kind, profile::EF_ISSUED) if kind.is_city_issuing() => Some("cards made"),
        (CardKind::UserCard, fid) if !in_mf => user_card_file_name(fid),
        (CardKind::ProductionCard, fid) if !in_mf => production_file_name(fid),
        (CardKind::Esam, profile::EF_PURSE) => Some("purse"),
        (CardKind::Esam, _) => esam_file(make(view), fid),
        _ => None,
    }
}

/// Files of a user card's application.
pub fn user_card_file_name(fid: Fid) -> Option<&'static str> {
    Some(match fid {
        user_card_file::INFORMATION => "command information",
        user_card_file::PURSE => "amount and count",
        user_card_file::TARIFF => "tariff",
        user_card_file::SPARE_TARIFF => "tariff that waits",
        user_card_file::WRITE_BACK => "written back by the meter",
        user_card_file::RECEIPT => "receipt",
        _ => return None,
    })
}

/// Files of a production card's application.
pub fn production_file_name(fid: Fid) -> Option<&'static str> {
    Some(match fid {
        production_file::INFORMATION => "what the card brings",
        production_file::RETURN => "next number, or ESAMs it may load",
        production_file::RECORDS => "numbers given, or sealed keys",
        production_file::PURSE => "what a purse begins with",
        _ => return None,
    })
}

/// Of which make an ESAM is, by where its parameters are.
fn make(view: &View<'_, '_>) -> Make {
    let current = |mf: Node| mf.child(view.memory, |node| node.fid() == EsamFiles::CURRENT.parameters);
    if Node::mf(view.memory).and_then(current).is_some() { Make::Current } else { Make::Older }
}

/// A file of an ESAM: its own, as it is made now or as the older make had it, or the field's, which are where that had its own.
pub fn esam_file(make: Make, fid: Fid) -> Option<&'static str> {
    match make {
        Make::Current => own_file(make, fid).or_else(|| field_file_name(fid)),
        Make::Older => own_file(make, fid),
    }
}

/// Files of the field's dialect.
fn field_file_name(fid: Fid) -> Option<&'static str> {
    Some(match fid {
        field_file::PARAMETERS => "field parameters",
        field_file::TARIFF => "tariff",
        field_file::SPARE_TARIFF => "spare tariff",
        field_file::KEY_STATE => "key state word",
        field_file::RUN_INFO => "field run information",
        field_file::CONTROL => "control command",
        fid if field_file::ENCIPHERED.contains(&fid) => "enciphered parameters",
        field_file::CLEAR_METER => "command to clear the meter",
        field_file::KEY_FRAME => "MAC of a frame of keys",
        field_file::CLEAR_EVENTS => "command to clear demand or events",
        field_file::SERIAL => "number of the ESAM",
        field_file::CHIP => "chip information",
        _ => return None,
    })
}

fn own_file(make: Make, fid: Fid) -> Option<&'static str> {
    let files = EsamFiles::of(make);
    match fid {
        fid if fid == files.parameters => Some("parameters"),
        fid if fid == files.run_info => Some("run information"),
        fid if fid == files.receipt => Some("last receipt"),
        fid if fid == files.life => Some("key changes"),
        _ => None,
    }
}

/// The records of a fixed or cyclic file that were written; of a cyclic one 1 is the newest.
fn numbered(view: &View<'_, '_>, node: &Node, is_log: bool) -> Vec<Record> {
    let places = (1..=node.record_count()).filter_map(|number| Some((number, node.record(number)?)));
    let written = places.filter(|(_, at)| view.memory.byte(*at) == PRESENT);
    let record = |(number, at): (usize, usize)| {
        let mut bytes = Vec::new();
        view.memory.append_to(at + 1, node.record_len(), &mut bytes);
        let words = if is_log { wallet::log_words(&bytes) } else { None };
        Record { number, bytes, words }
    };
    written.map(record).collect()
}

/// The records of a variable file: one-byte tag, one-byte length, value.
fn variable(view: &View<'_, '_>, node: &Node) -> Vec<Record> {
    let all = view.body(node, node.used().min(node.size()));
    let (mut rest, mut records) = (&all[..], Vec::new());
    while let [_, len, ..] = rest {
        let Some((record, behind)) = rest.split_at_checked(2 + usize::from(*len)) else { break };
        records.push(Record { number: records.len() + 1, bytes: record.to_vec(), words: None });
        rest = behind;
    }
    records
}

fn join(above: &str, fid: Fid) -> String {
    if above.is_empty() { format!("{:04X}", fid.0) } else { format!("{above}/{:04X}", fid.0) }
}
