//! What the data of an answer says, where it is known.

use super::files;
use reader::driver::fmcos::KeyInformation;
use reader::driver::sim::{CodeState, Selected, Structure};
use scheme::money::Fen;
use scheme::profile::{self, CardInfo, CardKind, Fid};
use scheme::sim::{EF_ICCID, EF_IMSI, EF_SMS};
use wire::sms::record::{Ours, RecordStatus, SmsRecord};
use wire::sms::text;
use wire::tlv;

/// Data objects nested deeper are shown as bytes.
const DEPTH: usize = 4;

/// Data objects of FCI and FCP [ISO 7816-4; TS 102 221].
pub fn objects(data: &[u8], depth: usize) -> Vec<String> {
    let Ok(objects) = tlv::objects(data) else { return Vec::new() };
    let mut lines = Vec::new();
    for object in &objects {
        let indent = "  ".repeat(depth);
        let inner = if object.tag & 0x20 != 0 && depth + 1 < DEPTH {
            self::objects(&object.value, depth + 1)
        } else {
            Vec::new()
        };
        let words = tag(object.tag);
        if inner.is_empty() {
            lines.push(format!("{indent}{:02X} {words}: {}", object.tag, value(object.tag, &object.value)));
        } else {
            lines.push(format!("{indent}{:02X} {words}", object.tag));
            lines.extend(inner);
        }
    }
    lines
}

fn tag(tag: u8) -> &'static str {
    match tag {
        0x62 => "file control parameters",
        0x6F => "file control information",
        0x80 => "size of the data",
        0x81 => "size in all",
        0x82 => "file descriptor",
        0x83 => "file identifier",
        0x84 => "name",
        0x88 => "short file identifier",
        0x8A => "life cycle",
        0x8B | 0x8C => "rights",
        0xA5 => "proprietary",
        0xC6 => "state of PINs",
        _ => "object",
    }
}

fn value(tag: u8, bytes: &[u8]) -> String {
    let hex = hex::encode_upper(bytes);
    let printable = !bytes.is_empty() && bytes.iter().all(|byte| (0x20..0x7F).contains(byte));
    match (tag, bytes) {
        (0x84, _) if printable => format!("{hex} ({})", String::from_utf8_lossy(bytes)),
        (0x80 | 0x81, [hi, lo]) => format!("{hex} ({} bytes)", u16::from_be_bytes([*hi, *lo])),
        (0x82, [first, ..]) => format!("{hex} ({})", descriptor(*first, bytes)),
        (0x8A, [5 | 7]) => format!("{hex} (in use)"),
        (0x8A, [4 | 6]) => format!("{hex} (deactivated)"),
        _ => hex,
    }
}

fn descriptor(first: u8, bytes: &[u8]) -> String {
    match (first & 0x3F, bytes) {
        (0x38, _) => "directory".into(),
        (byte, _) if byte & 0x07 == 1 => "transparent".into(),
        (byte, [_, _, hi, lo, count]) if byte & 0x07 == 2 => {
            format!("{count} records of {} bytes", u16::from_be_bytes([*hi, *lo]))
        }
        (byte, _) if byte & 0x07 == 6 => "cyclic records".into(),
        _ => "file".into(),
    }
}

/// What SELECT or STATUS of class A0 answers.
pub fn selected(answer: &Selected) -> Vec<String> {
    match answer {
        Selected::Dir(dir) => vec![
            format!(
                "directory {:04X}, CHV1 {}",
                dir.fid.0,
                if dir.chv1_enabled { "asked for" } else { "off" }
            ),
            format!(
                "CHV1 {}, unblock {}; CHV2 {}, unblock {}",
                code(dir.chv1),
                code(dir.unblock1),
                code(dir.chv2),
                code(dir.unblock2)
            ),
        ],
        Selected::File(file) => {
            let shape = match file.structure {
                Structure::Transparent => format!("transparent, {} bytes", file.size),
                Structure::LinearFixed => format!("{} records of {} bytes", file.records(), file.record_len),
                Structure::Cyclic => {
                    format!("cyclic, {} records of {} bytes", file.records(), file.record_len)
                }
            };
            let state = if file.valid { "" } else { ", invalidated" };
            let (read, update) = (files::condition(file.read), files::condition(file.update));
            vec![format!("file {:04X}, {shape}{state}; read: {read}; update: {update}", file.fid.0)]
        }
    }
}

fn code(state: CodeState) -> String {
    if state.initialised { format!("{} tries left", state.tries) } else { "not there".into() }
}

/// What was read: all of a file from its beginning, or a whole record.
pub fn content(kind: Option<CardKind>, fid: Fid, record: Option<u8>, data: &[u8]) -> Vec<String> {
    if files::is_sim(kind) {
        return of_sim(fid, data);
    }
    match (kind, fid) {
        (_, profile::EF_CARD_INFO) => {
            CardInfo::parse(data).map_or_else(|_| Vec::new(), |info| card_info(&info))
        }
        (Some(CardKind::Esam), profile::EF_PURSE) => purse(record, data),
        _ => Vec::new(),
    }
}

fn card_info(info: &CardInfo) -> Vec<String> {
    let suite = keys::Suite::from_code(info.suite).map_or("unknown suite", keys::Suite::name);
    let make = if info.is_older_make() { ", of the older make" } else { "" };
    vec![format!(
        "{} card {}{make}, city {}, {} state, {suite}, valid {} to {}",
        info.kind.name(),
        hex::encode(info.number),
        hex::encode(info.region),
        info.state.name(),
        hex::encode(info.valid_from),
        hex::encode(info.valid_to),
    )]
}

fn purse(record: Option<u8>, data: &[u8]) -> Vec<String> {
    let Ok(bytes) = <[u8; 4]>::try_from(data) else { return Vec::new() };
    let value = u32::from_be_bytes(bytes);
    match record {
        Some(1) => vec![format!("balance {}", Fen(value))],
        Some(2) => vec![format!("credited in all {}", Fen(value))],
        Some(3) => vec![format!("purchase count {value}")],
        _ => Vec::new(),
    }
}

/// GET BALANCE.
pub fn balance(data: &[u8]) -> Vec<String> {
    match <[u8; 4]>::try_from(data) {
        Ok(bytes) => vec![format!("balance {}", Fen(u32::from_be_bytes(bytes)))],
        Err(_) => Vec::new(),
    }
}

/// KEY INFORMATION: version and algorithm of the types that have them.
pub fn key(data: &[u8]) -> Vec<String> {
    let Ok([kind, version, algorithm, kcv @ ..]) = <[u8; 6]>::try_from(data) else { return Vec::new() };
    let key = KeyInformation { kind, version, algorithm, kcv };
    let head = match key.has_version() {
        true => format!("version {version:02X}, algorithm {algorithm:02X}"),
        false => format!("header bytes {version:02X} {algorithm:02X}"),
    };
    vec![format!("key of type {kind:02X}, {head}, check value {}", hex::encode_upper(kcv))]
}

fn of_sim(fid: Fid, data: &[u8]) -> Vec<String> {
    let digits = |what: &str, digits: Result<String, scheme::sim::ImsiError>| {
        digits.map_or_else(|_| Vec::new(), |digits| vec![format!("{what} {digits}")])
    };
    match fid {
        EF_ICCID => digits("ICCID", scheme::sim::iccid_digits(data)),
        EF_IMSI => digits("IMSI", scheme::sim::imsi_digits(data)),
        EF_SMS => message(data),
        _ => Vec::new(),
    }
}

fn message(data: &[u8]) -> Vec<String> {
    match SmsRecord::parse(data) {
        Ok(None) => vec!["a free record".into()],
        Ok(Some(record)) => {
            let status = match record.status {
                RecordStatus::Free => "free",
                RecordStatus::Read => "read",
                RecordStatus::Unread => "unread",
                RecordStatus::ToBeSent => "to be sent",
                RecordStatus::Sent(_) => "sent",
                RecordStatus::Unknown(_) => "of unknown state",
            };
            let what = match record.ours() {
                Some(Ours::Order) => "an order for electricity".to_owned(),
                Some(Ours::Receipt) => "a receipt of a meter".to_owned(),
                None => format!("{:?}", text::text(record.tpdu.user_data(), record.tpdu.dcs())),
            };
            vec![format!("{status}, {}: {what}", text::address(record.tpdu.address()))]
        }
        Err(_) => Vec::new(),
    }
}
