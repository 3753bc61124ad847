//! `gridcard card dump`: all that a card's image holds.

use crate::anatomy::{Anatomy, json, text};
use crate::args::Global;
use crate::card_ref::CardRef;
use crate::output::answer;
use anyhow::Result;
use clap::Args;
use vcard::Image;

/// Options of `card dump`.
#[derive(Debug, Args)]
pub struct Dump {
    /// Card file.
    pub file: CardRef,
}

/// Shows it.
pub fn run(global: &Global, options: &Dump) -> Result<()> {
    let file = options.file.image("card dump")?;
    let anatomy = Anatomy::of(&Image::load(&file)?, &file)?;
    answer(global, &text::of(&anatomy), json::of(&anatomy));
    Ok(())
}
