//! `gridcard trace`: traces of APDUs, in words.

use crate::args::Global;
use crate::home;
use crate::output::{answer, say};
use anyhow::{Context, Result};
use applets::program_of;
use clap::{Args, Subcommand};
use reader::trace::{Bytes, TraceLine, parse_trace};
use serde_json::json;
use std::path::PathBuf;
use wire::Sw;
use wire::profile::CardKind;
use wire::status::Dialect;

/// Verbs of traces.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show a trace with the name of each command and the meaning of each status word.
    Show(Show),
}

/// Options of `trace show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Trace file.
    pub file: PathBuf,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let Verb::Show(options) = verb;
    let text = home::read_text(&options.file)?;
    let lines = parse_trace(&text).with_context(|| format!("{}", options.file.display()))?;
    let mut dialect = Dialect::Fmcos;
    let (mut shown, mut apdus) = (Vec::new(), 0);
    for line in &lines {
        shown.push(match line {
            TraceLine::Command(bytes) => {
                apdus += 1;
                let (words, of) = command(bytes);
                dialect = of;
                format!("> {:40} {words}", hex(bytes))
            }
            TraceLine::Response(bytes) => format!("< {:40} {}", hex(bytes), status(bytes, dialect)),
            TraceLine::Atr(bytes) => format!("= {:40} reset", ::hex::encode_upper(bytes)),
            TraceLine::Comment(text) => format!("# {text}"),
            TraceLine::Failure(text) => format!("! {text}"),
        });
    }
    answer(global, &shown.join("\n"), json!({ "apdus": apdus, "lines": shown }));
    say(format!("{apdus} APDUs"));
    Ok(())
}

fn hex(bytes: &Bytes) -> String {
    let mut text = ::hex::encode_upper(&bytes.before);
    if bytes.hidden > 0 {
        text.push_str(&format!(" [{} bytes hidden] ", bytes.hidden));
        text.push_str(&::hex::encode_upper(&bytes.after));
    }
    text.trim_end().to_owned()
}

/// Name of a command, from the tables of all programs, and the dialect its answer is read in.
fn command(bytes: &Bytes) -> (&'static str, Dialect) {
    let [cla, ins, p1, p2] = match bytes.before[..] {
        [cla, ins, p1, p2, ..] => [cla, ins, p1, p2],
        _ => return ("not a command", Dialect::Fmcos),
    };
    let dialect = if cla == 0xA0 { Dialect::Gsm } else { Dialect::Fmcos };
    if ins == 0xC0 {
        return ("GET RESPONSE", dialect);
    }
    let rows = CardKind::ALL.into_iter().filter_map(program_of).flat_map(|program| program.rows());
    let fitting: Vec<_> = rows.filter(|row| row.class.fits(cla) && row.ins == ins).collect();
    let best = fitting.iter().find(|row| row.params.fit(p1, p2)).or(fitting.first());
    (best.map_or("unknown command", |row| row.name), dialect)
}

fn status(bytes: &Bytes, dialect: Dialect) -> &'static str {
    let end = if bytes.hidden > 0 { &bytes.after } else { &bytes.before };
    match end[..] {
        [.., sw1, sw2] => Sw(u16::from_be_bytes([sw1, sw2])).explain(dialect),
        _ => "",
    }
}
