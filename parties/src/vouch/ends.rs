//! Those beside a log who keep its end: the store and the books of its folder.

use crate::bank::books::{self, database};
use crate::trouble::Result;
use office::audit::{Anchor, Head};
use office::store::{FILE, Store};
use server::Books;
use std::path::Path;

/// Those in the folder itself who keep the end of its log.
///
/// # Errors
/// The store or the books cannot be read.
pub fn kept(folder: &Path) -> Result<Vec<Anchor>> {
    let mut anchors: Vec<Anchor> = by_store(folder)?.into_iter().collect();
    if database(folder).exists() {
        anchors.extend(by_books(&*books::store(folder)?)?);
    }
    Ok(anchors)
}

/// What the store of a folder keeps of its log.
///
/// # Errors
/// It cannot be read.
pub fn by_store(folder: &Path) -> Result<Option<Anchor>> {
    let store = folder.join(FILE);
    let head = if store.exists() { Store::visit(&store)?.log_end()? } else { None };
    Ok(head.map(|head| Anchor { by: "the store".to_owned(), head }))
}

/// What a bank's books keep of the log of its folder.
///
/// # Errors
/// They cannot be read.
pub fn by_books(books: &dyn Books) -> Result<Option<Anchor>> {
    let Some((lines, hash)) = books.log_end()? else { return Ok(None) };
    let head = hash.parse().ok().map(|hash| Head { lines, hash });
    Ok(head.map(|head| Anchor { by: "the books".to_owned(), head }))
}

/// Lets the store and the books of a folder keep the end of its log.
///
/// # Errors
/// They cannot be written.
pub fn keep(folder: &Path, head: Head) -> Result<()> {
    keep_in_store(folder, head)?;
    let books = database(folder);
    if books.exists() {
        books::store(folder)?.keep_log_end(head.lines, &head.hash.to_string())?;
    }
    Ok(())
}

/// Lets the store of a folder keep the end of its log.
///
/// # Errors
/// It cannot be written.
pub fn keep_in_store(folder: &Path, head: Head) -> Result<()> {
    let store = folder.join(FILE);
    if store.exists() {
        Store::visit(&store)?.keep_log_end(head)?;
    }
    Ok(())
}
