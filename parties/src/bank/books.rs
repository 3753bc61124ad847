//! The bank's books and where they are.

use crate::trouble::{Context, Result};
use server::{Books, Head, Options, Store};
use std::path::{Path, PathBuf};

/// The bank's database.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("server.sqlite")
}

/// Where the ledger of a folder stands; `None` where there are no books, or nothing in them.
///
/// # Errors
/// They cannot be read.
pub fn ledger_head(folder: &Path) -> Result<Option<Head>> {
    if database(folder).exists() { Ok(store(folder)?.ledger_head()?) } else { Ok(None) }
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
