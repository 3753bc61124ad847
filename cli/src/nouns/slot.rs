//! `gridcard slot`: the slots of a `card serve` in another terminal.

use crate::args::Global;
use crate::output::{answer, table};
use crate::serve::control::{self, Act, Request};
use clap::{Args, Subcommand};
use parties::trouble::Result;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Verbs of slots.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the slots: card, port, whether the card is in.
    List(Which),
    /// Put a card in, loaded from its file, and wait for its reader to see it.
    Insert(One),
    /// Take a card out; its file is saved, and free for other commands until it is put in again.
    Remove(One),
    /// Take a card out and put it in again: the reader sees it go and come.
    Cycle(One),
    /// Reset a card under its reader's hands, as a glitch on the reset line would; the reader is not told.
    Reset(One),
}

/// Whose slots.
#[derive(Debug, Args)]
pub struct Which {
    /// Socket of the serving command. Default: the one that serves from this home.
    #[arg(long, value_name = "PATH")]
    pub control: Option<PathBuf>,
}

/// A slot.
#[derive(Debug, Args)]
pub struct One {
    /// Number of the slot, or name of the card's file.
    pub slot: String,
    /// Whose slots.
    #[command(flatten)]
    pub which: Which,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    let (act, card, which) = match verb {
        Verb::List(which) => (Act::List, None, which),
        Verb::Insert(one) => (Act::Insert, Some(one.slot), one.which),
        Verb::Remove(one) => (Act::Remove, Some(one.slot), one.which),
        Verb::Cycle(one) => (Act::Cycle, Some(one.slot), one.which),
        Verb::Reset(one) => (Act::Reset, Some(one.slot), one.which),
    };
    let path = match which.control {
        Some(path) => path,
        None => control::find(global)?,
    };
    let done = control::ask(&path, &Request { act, card })?;
    if act == Act::List {
        let rows = done.as_array().into_iter().flatten().map(row).collect();
        let text = table(&["slot", "card", "kind", "port", "state", "commands"], rows);
        answer(global, &text, json!({ "slots": done, "control": path.display().to_string() }));
    } else {
        let text = format!("slot {} ({}): {}", done["slot"], text(&done["card"]), state(&done, act));
        answer(global, &text, done);
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn row(slot: &Value) -> Vec<String> {
    ["slot", "card", "kind", "port", "state", "commands"].map(|name| text(&slot[name])).to_vec()
}

fn state(slot: &Value, act: Act) -> String {
    match (act, slot["state"].as_str()) {
        (Act::Reset, _) => "the card was reset".into(),
        (_, Some("in")) => "the card is in its reader".into(),
        (_, Some("out")) => "the card is out, its file is free".into(),
        (_, Some("no reader")) => "the card is in; it waits for a reader".into(),
        (_, Some("reader silent")) => "the card is in; its reader does not ask for it yet".into(),
        (_, other) => other.unwrap_or("unknown").to_owned(),
    }
}
