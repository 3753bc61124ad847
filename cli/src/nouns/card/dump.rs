//! `gridcard card dump`: all that a card's image holds.

use crate::anatomy::{Anatomy, json, text};
use crate::args::Global;
use crate::output::answer;
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use vcard::Image;

/// Options of `card dump`.
#[derive(Debug, Args)]
pub struct Dump {
    /// Card file.
    pub file: PathBuf,
}

/// Shows it.
pub fn run(global: &Global, options: &Dump) -> Result<()> {
    let anatomy = Anatomy::of(&Image::load(&options.file)?, &options.file)?;
    answer(global, &text::of(&anatomy), json::of(&anatomy));
    Ok(())
}
