//! What the data of an answer says, where it is known.

use super::{files, objects, tags::Template};
use reader::driver::fmcos::KeyInformation;
use reader::driver::sim::{CodeState, Selected, Structure};
use scheme::certificate::Certificate;
use scheme::money::Fen;
use scheme::profile::{self, CardInfo, CardKind, Fid};
use scheme::sim::{EF_ARR, EF_ARR_OF_USIM, EF_DIR, EF_ICCID, EF_IMSI, EF_SMS, EF_SMSP, EF_SMSS};
use wire::sms::content::{Content, Message, Ours};
use wire::sms::join::{Piece, alone};
use wire::sms::parameters::{Parameters, SendingState};
use wire::sms::record::{RecordError, RecordStatus};
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

/// A certificate, as STORE CERTIFICATE and READ CERTIFICATE carry it.
pub fn certificate(data: &[u8]) -> Vec<String> {
    Certificate::parse(data).map_or_else(|_| Vec::new(), |certificate| vec![certificate.about()])
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
    let digits = |what: &str, digits: Option<String>| {
        vec![digits.map_or_else(|| format!("no {what}"), |digits| format!("{what} {digits}"))]
    };
    match fid {
        EF_ICCID => digits("ICCID", scheme::sim::iccid_digits(data)),
        EF_IMSI => digits("IMSI", scheme::sim::imsi_digits(data)),
        EF_SMS => message(data),
        EF_SMSP => parameters(data),
        EF_SMSS => sending_state(data),
        EF_DIR => objects::explain(data),
        EF_ARR | EF_ARR_OF_USIM => objects::explain_content(data, Template::Rules),
        _ => Vec::new(),
    }
}

fn message(data: &[u8]) -> Vec<String> {
    let content = Content::of(data);
    let ours = content.ours();
    match content {
        Content::Free => vec!["a free record".into()],
        // A piece of a record, as a short answer gives it, is nobody's fault.
        Content::Damaged(RecordError::Length { .. }) => Vec::new(),
        Content::Damaged(error) => vec![format!("no message: {error}")],
        content => content.into_message().map(|message| in_words(&message, ours)).unwrap_or_default(),
    }
}

fn in_words(message: &Message, ours: Option<Ours>) -> Vec<String> {
    let record = &message.record;
    let status = match record.status {
        RecordStatus::Free => "free",
        RecordStatus::Read => "read",
        RecordStatus::Unread => "unread",
        RecordStatus::ToBeSent => "to be sent",
        RecordStatus::Sent(_) => "sent",
    };
    let what = match ours {
        Some(Ours::Order) => "an order for electricity".to_owned(),
        Some(Ours::Receipt) => "a receipt of a meter".to_owned(),
        None => match alone(record) {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Data(bytes) => hex::encode_upper(bytes),
            Piece::Missing(_) => String::new(),
        },
    };
    let first = format!("{status}, {}: {what}", text::address(record.tpdu.address()));
    [first].into_iter().chain(message.notes.iter().map(ToString::to_string)).collect()
}

/// A record of EF_SMSP: what it announces.
fn parameters(data: &[u8]) -> Vec<String> {
    let Some(found) = Parameters::parse(data) else { return Vec::new() };
    let byte = |name: &str, value: Option<u8>| value.map(|value| format!("{name} {value:02X}"));
    [
        found.destination.as_ref().map(|to| format!("to {}", text::address(to))),
        found.service_centre.as_ref().map(|centre| format!("service centre {}", text::address(centre))),
        byte("PID", found.pid),
        byte("DCS", found.dcs),
        byte("validity period", found.validity),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sending_state(data: &[u8]) -> Vec<String> {
    let say = |state: SendingState| {
        let room =
            if state.was_full { "a message was turned away, the SIM was full" } else { "there was room" };
        vec![format!("last message sent: {}; {room}", state.reference)]
    };
    SendingState::parse(data).map(say).unwrap_or_default()
}
