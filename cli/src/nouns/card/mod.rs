//! `gridcard card`: virtual cards as things.

mod dump;
#[cfg(unix)]
mod line;
mod new;
mod personalise;
#[cfg(unix)]
mod serve;

use crate::files::cards_below;
use crate::prelude::*;
use parties::cards;
use vcard::Image;

/// Verbs of cards.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take a chip from the factory: a blank of one of our kinds in its transport state, or a plain FMCOS card.
    New(new::New),
    /// Play an APDU script on a card.
    Personalise(personalise::Personalise),
    /// Let virtual cards stand in the slots of pcscd's vpcd driver, where any PC/SC program finds them, until Ctrl-C.
    #[cfg(unix)]
    Serve(serve::Serve),
    /// Show all that a card's image holds: files, keys by their check values, wallets. No APDU is sent.
    Dump {
        /// Card file.
        file: CardRef,
    },
    /// Tell what differs between two card images; exit code 1 when something does.
    Diff {
        /// Card file before.
        before: CardRef,
        /// Card file after.
        after: CardRef,
    },
    /// Put a card on a T=0 line, for a terminal that speaks T=0 itself: one byte a character.
    #[cfg(unix)]
    Line(line::LineOptions),
    /// List the card files of a folder and the folders below it.
    List {
        /// Folder; default: here.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Show what a card is: ATR, kind, number, state, keys by their check values.
    Show {
        /// Card file, a card in a reader (pcsc:READER, pcsc:SERIAL), or a SIM in a modem (at:DEVICE).
        card: CardRef,
    },
}

impl Verb {
    /// What each verb is, and what does it: tools for any card, of no party.
    pub fn task(self) -> Task {
        match self {
            Verb::New(options) => look(options, new::run),
            Verb::Personalise(options) => look(options, personalise::run),
            #[cfg(unix)]
            Verb::Serve(options) => look(options, serve::run),
            Verb::Dump { file } => look(file, dump::run),
            Verb::Diff { before, after } => look([before, after], dump::diff),
            #[cfg(unix)]
            Verb::Line(options) => look(options, line::run),
            Verb::List { folder } => look(folder, |call, folder| list(call, folder)),
            Verb::Show { card } => look(card, show),
        }
    }
}

fn list(call: &Call, folder: &Path) -> Result<()> {
    let files = cards_below(folder)?;
    let mut rows = Vec::new();
    for file in &files {
        let (kind, memory) = match Image::load(file) {
            Ok(image) => (image.kind.name(), format!("{} bytes", image.eeprom.len())),
            Err(error) => ("unreadable", error.to_string()),
        };
        rows.push(row![file.display(), kind, memory]);
    }
    let object = json!({ "cards": rows.iter().map(|row| json!({ "file": row[0], "kind": row[1] })).collect::<Vec<_>>() });
    answer(call, &table(&["file", "kind", "memory"], rows), object);
    Ok(())
}

fn show(call: &Call, card: &CardRef) -> Result<()> {
    reply(call, cards::show(call, card), |report| {
        let lines: Vec<_> = report.facts.iter().map(|fact| (fact.name, fact.text.clone())).collect();
        let mut text = facts(&lines);
        if !report.keys.is_empty() {
            let rows = report.keys.iter().map(|key| {
                row![key.role, key.kind, key.id, key.version.as_deref().unwrap_or("-"), key.check_value]
            });
            let heading = ["role", "type", "id", "version", "check value"];
            text = format!("{text}\n\n{}", table(&heading, rows.collect()));
        }
        text
    })
}
