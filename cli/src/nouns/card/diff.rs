//! `gridcard card diff`: what differs between two images.

use crate::fail::refused;
use crate::global::Global;
use crate::output::answer;
use crate::zone::spoken;
use clap::Args;
use lens::anatomy::{Anatomy, compare};
use parties::places;
use parties::trouble::Result;
use scheme::CardRef;
use serde_json::json;
use vcard::Image;

/// Options of `card diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// Card file before.
    pub before: CardRef,
    /// Card file after.
    pub after: CardRef,
}

/// Compares them: exit code 1 when they differ, as `diff` does.
pub fn run(global: &Global, options: &Diff) -> Result<()> {
    let anatomy = |card: &CardRef| -> Result<Anatomy> {
        let file = places::image(global, card, "card diff")?;
        Anatomy::of(&Image::load(&file).map_err(parties::Trouble::new)?, &file).map_err(parties::Trouble::new)
    };
    let (before, after) = (anatomy(&options.before)?, anatomy(&options.after)?);
    let changes = compare::changes(&before, &after);
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let objects: Vec<_> = changes.iter().map(compare::Change::object).collect();
    answer(global, &spoken(&lines.join("\n")), json!({ "same": changes.is_empty(), "changes": objects }));
    if changes.is_empty() {
        return Ok(());
    }
    let (before, after) = (&options.before, &options.after);
    Err(refused(format!("{before} and {after} differ in {} place(s)", changes.len())).into())
}
