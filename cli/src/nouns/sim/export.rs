//! `gridcard sim export`: all that a SIM tells over its channel.

use super::list;
use super::one::One;
use crate::global::Global;
use crate::output::{answer, put};
use crate::screen::{facts, table};
use applets::sim::Profile;
use clap::{Args, ValueEnum};
use lens::anatomy::sim_names;
use parties::Result;
use parties::sims::{self, FileReport, IdentityReport, SimFile};
use scheme::profile::Fid;

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

/// Exports.
pub fn run(global: &Global, options: &Export) -> Result<()> {
    let report = sims::export(global, &options.sim.get(), &files())?;
    match options.csv {
        Some(Table::Files) => put(global, &csv(&FILE_HEADING, &file_rows(&report.files))),
        Some(Table::Messages) => put(global, &csv(&list::HEADING, &list::rows(&report.messages))),
        None => {
            let text = [
                facts(&identity(&report.identity)),
                table(&FILE_HEADING, file_rows(&report.files)),
                table(&list::HEADING, list::rows(&report.messages)),
            ];
            answer(global, &text.join("\n\n"), &report);
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

/// Every file of our masks that class A0 sees.
fn files() -> Vec<SimFile> {
    let dirs = Profile::Uicc.dirs().iter().filter(|dir| dir.aid.is_empty() && dir.within == Fid::MF);
    let all = dirs.flat_map(|dir| {
        dir.files.iter().map(|file| SimFile {
            path: if dir.fid == Fid::MF { vec![Fid::MF, file.fid] } else { vec![Fid::MF, dir.fid, file.fid] },
            name: file.name,
            hidden: sim_names::is_secret(dir.fid, file.fid),
        })
    });
    all.collect()
}

/// One row a transparent file or a record; records of FF alone are left out.
fn file_rows(files: &[FileReport]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for file in files {
        let size = file.form.as_ref().map_or(String::new(), |form| form.size.to_string());
        let row = |record: String, content: &str| {
            vec![file.path.clone(), file.name.to_owned(), record, size.clone(), content.to_owned()]
        };
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
