//! Those beside a log who keep its end: the store and the books of its folder.

use crate::bank::books::{self, database};
use crate::trouble::Result;
use office::audit::{Anchor, Head};
use office::store::{FILE, Store};
use std::path::Path;

/// Those in the folder itself who keep the end of its log.
///
/// # Errors
/// The store or the books cannot be read.
pub fn kept(folder: &Path) -> Result<Vec<Anchor>> {
    let mut anchors = Vec::new();
    let store = folder.join(FILE);
    if store.exists()
        && let Some(head) = Store::visit(&store)?.log_end()?
    {
        anchors.push(Anchor { by: "the store".to_owned(), head });
    }
    let books = database(folder);
    if books.exists()
        && let Some((lines, hash)) = books::store(folder)?.log_end()?
        && let Ok(hash) = hash.parse()
    {
        anchors.push(Anchor { by: "the books".to_owned(), head: Head { lines, hash } });
    }
    Ok(anchors)
}

/// Lets the store and the books of a folder keep the end of its log.
///
/// # Errors
/// They cannot be written.
pub fn keep(folder: &Path, head: Head) -> Result<()> {
    let store = folder.join(FILE);
    if store.exists() {
        Store::visit(&store)?.keep_log_end(head)?;
    }
    let books = database(folder);
    if books.exists() {
        books::store(folder)?.keep_log_end(head.lines, &head.hash.to_string())?;
    }
    Ok(())
}
