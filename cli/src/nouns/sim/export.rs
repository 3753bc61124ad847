//! `gridcard sim export`: all that a SIM tells over its channel.

use super::message::Inbox;
use super::{One, list, open, with_hint};
use crate::args::Global;
use crate::output::{answer, put, say, table};
use applets::sim::Profile;
use clap::{Args, ValueEnum};
use lens::anatomy::sim_names;
use lens::facts::facts;
use parties::trouble::Result;
use reader::driver::sim::{FileAnswer, FileContent, Selected, Sim, SimError, Structure};
use scheme::profile::Fid;
use scheme::sim::{DF_TELECOM, EF_MSISDN};
use serde_json::{Map, Value, json};

/// Options of `sim export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The SIM.
    #[command(flatten)]
    pub sim: One,
    /// One table as comma-separated values instead of all in words.
    #[arg(long, value_enum, value_name = "TABLE", conflicts_with = "json")]
    pub csv: Option<Table>,
}

/// Tables of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// One line a file, or a record of one.
    Files,
    /// One line a message.
    Messages,
}

/// A file, and what became of reading it.
struct Entry {
    path: String,
    name: &'static str,
    answer: Option<FileAnswer>,
    content: Result<FileContent, String>,
}

/// Exports.
pub fn run(global: &Global, options: &Export) -> Result<()> {
    let mut bay = open(global, &options.sim)?;
    let mut sim = Sim::new(&mut bay);
    let mut identity = identity(&mut sim)?;
    let files = files(&mut sim)?;
    let inbox = match sim.sms_list() {
        Ok(stored) => Inbox::of(&stored),
        Err(error) => {
            say(format!("messages not read: {}", with_hint(error)));
            Inbox::of(&[])
        }
    };
    // Last, since it is another application's.
    match sim.usim_imsi() {
        Ok(Some(file)) => identity.push(("usim_imsi", digits(scheme::sim::imsi_digits(&file)))),
        Ok(None) => {}
        Err(error) => say(format!("IMSI of the USIM not read: {}", with_hint(error))),
    }
    bay.close()?;
    let not_read = files.iter().filter(|file| file.content.is_err()).count();
    if not_read > 0 {
        say(format!("{not_read} file(s) not read; some may ask for a PIN (--chv1-file)"));
    }
    match options.csv {
        Some(Table::Files) => put(global, &csv(&FILE_HEADING, file_rows(&files))),
        Some(Table::Messages) => put(global, &csv(&MESSAGE_HEADING, list::rows(&inbox))),
        None => {
            let named: Vec<_> = identity.iter().map(|(name, value)| (*name, value.clone())).collect();
            let text = [
                facts(&named),
                table(&FILE_HEADING, file_rows(&files)),
                table(&MESSAGE_HEADING, list::rows(&inbox)),
            ];
            answer(global, &text.join("\n\n"), object(&identity, &files, &inbox));
        }
    }
    Ok(())
}

const FILE_HEADING: [&str; 5] = ["file", "name", "record", "size", "content"];
const MESSAGE_HEADING: [&str; 6] = ["record", "status", "whose", "from or to", "time", "what"];

type Identity = Vec<(&'static str, String)>;

/// Digits of a file, or what is wrong with it.
fn digits(file: Result<String, scheme::sim::ImsiError>) -> String {
    file.unwrap_or_else(|error| error.to_string())
}

/// ICCID, IMSI, number and state, as far as the SIM tells them without a code it was not given.
fn identity(sim: &mut Sim<'_>) -> Result<Identity> {
    let mut found = Identity::new();
    found.push(("iccid", digits(scheme::sim::iccid_digits(&sim.iccid()?))));
    match sim.imsi() {
        Ok(file) => found.push(("imsi", digits(scheme::sim::imsi_digits(&file)))),
        Err(error) => say(format!("IMSI not read: {}", with_hint(error))),
    }
    if let Ok(Selected::File(file)) = sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])
        && let Ok(record) = sim.read_record(1, file.record_len)
        && let Some(number) = scheme::sim::msisdn_digits(&record)
    {
        found.push(("msisdn", number));
    }
    if let Some(state) = sim.grid_state()? {
        found.push(("state", state.name().into()));
    }
    Ok(found)
}

/// Every file of our masks that this SIM has and class A0 sees.
fn files(sim: &mut Sim<'_>) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for dir in Profile::Uicc.dirs().iter().filter(|dir| dir.aid.is_empty()) {
        for file in dir.files {
            let path: &[Fid] =
                if dir.fid == Fid::MF { &[Fid::MF, file.fid] } else { &[Fid::MF, dir.fid, file.fid] };
            let answer = match sim.select(path) {
                Ok(Selected::File(answer)) => answer,
                Ok(Selected::Dir(_)) | Err(SimError::NotFound { .. }) => continue,
                Err(error) if error.is_gone() => return Err(error.into()),
                Err(error) => {
                    let content = Err(error.to_string());
                    found.push(Entry { path: shown(path), name: file.name, answer: None, content });
                    continue;
                }
            };
            let content = match sim.read_whole(&answer) {
                _ if sim_names::is_secret(dir.fid, file.fid) => Err("hidden: a session key".to_owned()),
                Ok(content) => Ok(content),
                Err(error) if error.is_gone() => return Err(error.into()),
                Err(error) => Err(error.to_string()),
            };
            found.push(Entry { path: shown(path), name: file.name, answer: Some(answer), content });
        }
    }
    Ok(found)
}

fn shown(path: &[Fid]) -> String {
    path.iter().map(|fid| format!("{:04X}", fid.0)).collect::<Vec<_>>().join("/")
}

/// One row a transparent file or a record; records of FF alone are left out.
fn file_rows(files: &[Entry]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for file in files {
        let size = file.answer.map_or(String::new(), |answer| answer.size.to_string());
        let row = |record: String, content: String| {
            vec![file.path.clone(), file.name.to_owned(), record, size.clone(), content]
        };
        match &file.content {
            Ok(FileContent::Bytes(bytes)) => rows.push(row(String::new(), hex::encode_upper(bytes))),
            Ok(FileContent::Records(records)) => {
                for (n, record) in records.iter().enumerate().filter(|(_, record)| !is_blank(record)) {
                    rows.push(row((n + 1).to_string(), hex::encode_upper(record)));
                }
            }
            Err(words) => rows.push(row(String::new(), words.clone())),
        }
    }
    rows
}

/// All FF, as a new record is, or a free record of EF_SMS.
fn is_blank(record: &[u8]) -> bool {
    let rest = match record {
        [0x00, rest @ ..] if rest.len() > 1 => rest,
        all => all,
    };
    rest.iter().all(|byte| *byte == 0xFF)
}

fn object(identity: &Identity, files: &[Entry], inbox: &Inbox) -> Value {
    let identity: Map<String, Value> =
        identity.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let files: Vec<Value> = files.iter().map(file_object).collect();
    json!({ "identity": identity, "files": files, "messages": list::objects(inbox) })
}

fn file_object(file: &Entry) -> Value {
    let mut object = Map::new();
    object.insert("path".into(), file.path.clone().into());
    object.insert("name".into(), file.name.into());
    if let Some(answer) = &file.answer {
        let structure = match answer.structure {
            Structure::Transparent => "transparent",
            Structure::LinearFixed => "linear fixed",
            Structure::Cyclic => "cyclic",
        };
        object.insert("structure".into(), structure.into());
        object.insert("size".into(), answer.size.into());
        object.insert("record_length".into(), answer.record_len.into());
        object.insert("read".into(), format!("{:X}", answer.read).into());
        object.insert("update".into(), format!("{:X}", answer.update).into());
        object.insert("valid".into(), answer.valid.into());
    }
    match &file.content {
        Ok(FileContent::Bytes(bytes)) => {
            object.insert("content".into(), hex::encode_upper(bytes).into());
        }
        Ok(FileContent::Records(records)) => {
            object.insert("records".into(), records.iter().map(hex::encode_upper).collect());
        }
        Err(words) => {
            object.insert("not_read".into(), words.clone().into());
        }
    }
    object.into()
}

/// Comma-separated values: a heading, and every field in quotes where it needs them.
fn csv(heading: &[&str], rows: Vec<Vec<String>>) -> String {
    let quoted = |field: &str| match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    };
    let line = |fields: Vec<String>| fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(",");
    let first = heading.iter().map(|name| name.replace(' ', "_")).collect();
    [vec![line(first)], rows.into_iter().map(line).collect()].concat().join("\n")
}
