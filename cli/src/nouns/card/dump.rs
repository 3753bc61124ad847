//! `gridcard card dump`: all that a card's image holds.

use crate::global::Global;
use crate::output::answer;
use crate::zone::spoken;
use clap::Args;
use lens::anatomy::{Anatomy, json, text};
use parties::places;
use parties::trouble::Result;
use scheme::CardRef;
use vcard::Image;

/// Options of `card dump`.
#[derive(Debug, Args)]
pub struct Dump {
    /// Card file.
    pub file: CardRef,
}

/// Shows it.
pub fn run(global: &Global, options: &Dump) -> Result<()> {
    let file = places::image(global, &options.file, "card dump")?;
    let anatomy = Anatomy::of(&Image::load(&file).map_err(parties::Trouble::new)?, &file)
        .map_err(parties::Trouble::new)?;
    answer(global, &spoken(&text::of(&anatomy)), json::of(&anatomy));
    Ok(())
}
