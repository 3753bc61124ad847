//! The bank's books and where they are.

use crate::trouble::{Context, Result};
use server::{Books, Options, Store};
use std::path::{Path, PathBuf};

/// The bank's database.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("server.sqlite")
}

/// The bank's books.
///
/// # Errors
/// They cannot be opened.
pub fn store(folder: &Path) -> Result<Box<dyn Books>> {
    let path = database(folder);
    let store = Store::open(&path, Options::default()).with_context(|| path.display().to_string())?;
    Ok(Box::new(store))
}
