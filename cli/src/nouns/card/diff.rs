//! `gridcard card diff`: what differs between two images.

use crate::anatomy::{Anatomy, compare};
use crate::args::Global;
use crate::fail::refused;
use crate::output::answer;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use vcard::Image;

/// Options of `card diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// Card file before.
    pub before: PathBuf,
    /// Card file after.
    pub after: PathBuf,
}

/// Compares them: exit code 1 when they differ, as `diff` does.
pub fn run(global: &Global, options: &Diff) -> Result<()> {
    let before = Anatomy::of(&Image::load(&options.before)?, &options.before)?;
    let after = Anatomy::of(&Image::load(&options.after)?, &options.after)?;
    let changes = compare::changes(&before, &after);
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let objects: Vec<_> = changes.iter().map(compare::Change::object).collect();
    answer(global, &lines.join("\n"), json!({ "same": changes.is_empty(), "changes": objects }));
    if changes.is_empty() {
        return Ok(());
    }
    let (before, after) = (options.before.display(), options.after.display());
    Err(refused(format!("{before} and {after} differ in {} place(s)", changes.len())).into())
}
