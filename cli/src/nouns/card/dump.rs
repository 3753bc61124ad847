//! `gridcard card dump` and `card diff`: all that a card's image holds, and what differs between two.

use crate::prelude::*;
use lens::anatomy::{Anatomy, compare, json, text};
use parties::places;
use scheme::zone::spoken;
use vcard::Image;

/// The anatomy of a card file; `doing` what is done with it.
fn anatomy(call: &Call, card: &CardRef, doing: &str) -> Result<Anatomy> {
    let file = places::image(call, card, doing)?;
    Anatomy::of(&Image::load(&file).map_err(Trouble::new)?, &file).map_err(Trouble::new)
}

/// Shows all that a card holds.
pub fn run(call: &Call, card: &CardRef) -> Result<()> {
    let anatomy = anatomy(call, card, "card dump")?;
    answer(call, &spoken(&text::of(&anatomy)), json::of(&anatomy));
    Ok(())
}

/// Compares two cards: exit code 1 when they differ, as `diff` does.
pub fn diff(call: &Call, cards: &[CardRef; 2]) -> Result<()> {
    let [before, after] = cards;
    let changes = compare::changes(&anatomy(call, before, "card diff")?, &anatomy(call, after, "card diff")?);
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let objects: Vec<_> = changes.iter().map(compare::Change::object).collect();
    let object = serde_json::json!({ "same": changes.is_empty(), "changes": objects });
    answer(call, &spoken(&lines.join("\n")), object);
    if changes.is_empty() {
        return Ok(());
    }
    Err(refused(format!("{before} and {after} differ in {} place(s)", changes.len())).into())
}
