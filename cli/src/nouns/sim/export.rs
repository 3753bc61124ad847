//! `gridcard sim export`: all that a SIM tells over its channel.

use super::list;
use super::one::One;
use crate::output::put;
use crate::prelude::*;
use clap::ValueEnum;
use lens::anatomy::sim_names;
use parties::sims::{self, FileReport, IdentityReport, SimFile};

/// Options of `sim export`.
#[derive(Debug, Args)]
pub struct Export {
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

/// Exports.
pub fn run(call: &Call, options: &Export) -> Result<()> {
    let files: Vec<_> =
        sim_names::files().map(|(path, name, hidden)| SimFile { path, name, hidden }).collect();
    let report = sims::export(call, &options.sim.get(), &files)?;
    match options.csv {
        Some(Table::Files) => put(call, &csv(&FILE_HEADING, &file_rows(&report.files))),
        Some(Table::Messages) => put(call, &csv(&list::HEADING, &list::rows(&report.messages))),
        None => {
            let text = [
                facts(&identity(&report.identity)),
                table(&FILE_HEADING, file_rows(&report.files)),
                table(&list::HEADING, list::rows(&report.messages)),
            ];
            answer(call, &text.join("\n\n"), &report);
        }
    }
    Ok(())
}

const FILE_HEADING: [&str; 5] = ["file", "name", "record", "size", "content"];

fn identity(identity: &IdentityReport) -> Vec<(&'static str, String)> {
    let rest = [
        ("imsi", identity.imsi.clone()),
        ("msisdn", identity.msisdn.clone()),
        ("state", identity.state.map(str::to_owned)),
        ("usim_imsi", identity.usim_imsi.clone()),
    ];
    let mut lines = vec![("iccid", identity.iccid.clone().unwrap_or_else(|| "-".into()))];
    lines.extend(rest.into_iter().filter_map(|(name, value)| Some((name, value?))));
    lines
}

/// One row a transparent file or a record; records of FF alone are left out.
fn file_rows(files: &[FileReport]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for file in files {
        let size = file.form.as_ref().map_or(String::new(), |form| form.size.to_string());
        let row = |record: String, content: &str| row![file.path, file.name, record, size, content];
        rows.extend(file.content.iter().chain(&file.not_read).map(|text| row(String::new(), text)));
        for (n, record) in file.records.iter().flatten().enumerate().filter(|(_, record)| !is_blank(record)) {
            rows.push(row((n + 1).to_string(), record));
        }
    }
    rows
}

/// All FF, as a new record is, or a free record of EF_SMS.
fn is_blank(record: &str) -> bool {
    let rest = record.strip_prefix("00").filter(|rest| !rest.is_empty()).unwrap_or(record);
    rest.bytes().all(|digit| digit == b'F')
}

/// A table for a spreadsheet; blanks in the names of its columns are underscores.
fn csv(heading: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<String> = heading.iter().map(|name| name.replace(' ', "_")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    disk::table::to_text(&names, rows)
}
