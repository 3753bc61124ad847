//! `gridcard trace`: traces of APDUs, in words.

use crate::apdu_words;
use crate::args::Global;
use crate::home;
use crate::output::{answer, say};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::trace::{Bytes, TraceLine, parse_trace};
use serde_json::json;
use std::path::PathBuf;
use wire::Sw;
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
                let (words, of) = apdu_words::command(&bytes.before);
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

fn status(bytes: &Bytes, dialect: Dialect) -> &'static str {
    let end = if bytes.hidden > 0 { &bytes.after } else { &bytes.before };
    match end[..] {
        [.., sw1, sw2] => Sw(u16::from_be_bytes([sw1, sw2])).explain(dialect),
        _ => "",
    }
}
