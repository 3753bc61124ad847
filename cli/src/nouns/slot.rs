//! `gridcard slot`: the slots of a `card serve` in another terminal.

use crate::prelude::*;
use vcard::rack::SlotReport;
use vcard::rack::control::{self, Done, Request, SlotAct};

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

impl Verb {
    /// What each verb is, and what does it.
    pub fn task(self) -> Task {
        let (act, card, which) = match self {
            Verb::List(which) => (SlotAct::List, None, which),
            Verb::Insert(one) => (SlotAct::Insert, Some(one.slot), one.which),
            Verb::Remove(one) => (SlotAct::Remove, Some(one.slot), one.which),
            Verb::Cycle(one) => (SlotAct::Cycle, Some(one.slot), one.which),
            Verb::Reset(one) => (SlotAct::Reset, Some(one.slot), one.which),
        };
        look((Request { act, card }, which), ask)
    }
}

fn ask(call: &Call, (request, which): &(Request, Which)) -> Result<()> {
    let path = match &which.control {
        Some(path) => path.clone(),
        None => control::find(&call.home).map_err(Trouble::new)?,
    };
    match control::ask(&path, request).map_err(Trouble::new)? {
        Done::All(slots) => {
            let rows = slots.iter();
            let rows =
                rows.map(|slot| row![slot.slot, slot.card, slot.kind, slot.port, slot.state, slot.commands]);
            let text = table(&["slot", "card", "kind", "port", "state", "commands"], rows.collect());
            answer(call, &text, json!({ "slots": slots, "control": path.display().to_string() }));
        }
        Done::One(slot) => {
            let text = format!("slot {} ({}): {}", slot.slot, slot.card, state(&slot, request.act));
            answer(call, &text, slot);
        }
    }
    Ok(())
}

fn state(slot: &SlotReport, act: SlotAct) -> String {
    match (act, slot.state.as_str()) {
        (SlotAct::Reset, _) => "the card was reset".into(),
        (_, "in") => "the card is in its reader".into(),
        (_, "out") => "the card is out, its file is free".into(),
        (_, "no reader") => "the card is in; it waits for a reader".into(),
        (_, "reader silent") => "the card is in; its reader does not ask for it yet".into(),
        (_, other) => other.to_owned(),
    }
}
