//! `gridcard trace`: traces of APDUs, in words.

use crate::global::Global;
use crate::output::answer;
use crate::screen::say;
use crate::shared::kind;
use crate::zone::spoken;
use clap::{Args, Subcommand};
use lens::apdu::{Decoder, Shown};
use parties::home;
use parties::trouble::{Context, Result};
use reader::trace::{TraceLine, parse_trace};
use scheme::profile::CardKind;
use serde_json::json;
use std::path::PathBuf;

/// Verbs of traces.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show a trace with the name of each command, the file it means and the meaning of each answer.
    Show(Show),
}

/// Options of `trace show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Trace file.
    pub file: PathBuf,
    /// Kind of the cards in it, where they do not tell: main-control, psam-issuing, esam-issuing, psam, esam or sim.
    #[arg(long, value_parser = kind)]
    pub kind: Option<CardKind>,
    /// Show PINs and keys, if the trace has them; traces made with --trace have none.
    #[arg(long)]
    pub reveal: bool,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let Verb::Show(options) = verb;
    let text = home::read_text(&options.file)?;
    let lines = parse_trace(&text).with_context(|| format!("{}", options.file.display()))?;
    let mut shown = Vec::with_capacity(lines.len());
    // A trace holds one card after another; each begins with a comment of its own.
    let mut decoder = Decoder::new(options.kind, options.reveal);
    for line in &lines {
        if matches!(line, TraceLine::Comment(text) if text.starts_with("card ")) {
            decoder = Decoder::new(options.kind, options.reveal);
        }
        shown.push(decoder.line(line));
    }
    let apdus = shown.iter().filter(|line| line.mark == '>').count();
    let text: Vec<String> = shown.iter().flat_map(Shown::lines).collect();
    let exchanges: Vec<_> = shown.iter().map(Shown::object).collect();
    answer(global, &spoken(&text.join("\n")), json!({ "apdus": apdus, "lines": text, "session": exchanges }));
    say(format!("{apdus} APDUs"));
    Ok(())
}
