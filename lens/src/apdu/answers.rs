//! What the data of an answer says, where it is known.

use super::{files, objects, tags::Template};
use reader::driver::sim::{CodeState, Selected, Structure};
use scheme::money::Fen;
use scheme::profile::{self, CardInfo, CardKind, Fid};
use scheme::sim::{EF_ARR, EF_ARR_OF_USIM, EF_DIR, EF_ICCID, EF_IMSI, EF_SMS};
use wire::sms::record::{Ours, RecordStatus, SmsRecord};
use wire::sms::text;

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

/// KEY INFORMATION.
pub fn key(data: &[u8]) -> Vec<String> {
    match data {
        [kind, version, algorithm, check @ ..] if check.len() == 3 => vec![format!(
            "key of type {kind:02X}, version {version:02X}, algorithm {algorithm:02X}, check value {}",
            hex::encode_upper(check)
        )],
        _ => Vec::new(),
    }
}

fn of_sim(fid: Fid, data: &[u8]) -> Vec<String> {
    let digits = |what: &str, digits: Result<String, scheme::sim::ImsiError>| {
        digits.map_or_else(|_| Vec::new(), |digits| vec![format!("{what} {digits}")])
    };
    match fid {
        EF_ICCID => digits("ICCID", scheme::sim::iccid_digits(data)),
        EF_IMSI => digits("IMSI", scheme::sim::imsi_digits(data)),
        EF_SMS => message(data),
        EF_DIR => objects::explain(data),
        EF_ARR | EF_ARR_OF_USIM => objects::explain_content(data, Template::Rules),
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
