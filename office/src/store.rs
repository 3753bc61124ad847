//! The office's store: one SQLite file in the folder of a party that says of every chip and number what became
//! of it (`docs/specs/store.md`).
//!
//! It is the one truth for "was this serial, was this number issued": the journal of single acts
//! ([`crate::journal`]), batches ([`crate::batch`]) and the stock ([`crate::stock`]) are views of it. It holds no
//! key but inside the images of virtual cards, which say so themselves.
//!
//! A store is opened to *issue* ([`Store::open`], one program at a time) or to *look and move*
//! ([`Store::visit`], as many as like). A commit is on the medium when it returns, unless the caller said
//! [`Durability::Soon`].

mod base;
pub(crate) mod batches;
mod claims;
pub(crate) mod delivery;
pub(crate) mod error;
mod import;
pub(crate) mod items;
mod lines;
pub mod pack;
pub(crate) mod query;
mod results;

pub(crate) use base::read_only;
pub use base::{Durability, FILE, SCHEMA_VERSION, Store};
pub use delivery::{Delivered, Particulars};
pub use error::StoreError;
pub use items::{Item, ItemKind, Stage};

use std::fs::{File, TryLockError};
use std::path::Path;

impl Store {
    /// Opens the store at `path` to issue, or begins one; takes over a `journal.jsonl` of an older version that
    /// stands beside it. Fails when another program issues from it.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let lock = lock(path)?;
        let mut store = Store::connect(path, durability, Some(lock))?;
        import::old_journal(&mut store)?;
        Ok(store)
    }

    /// Opens the store at `path`, or begins one, to look and to move what is in it while somebody else may issue.
    ///
    /// On a read-only medium a store that is there can be read, and one that is not is empty.
    pub fn visit(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() && disk::is_read_only(path) {
            return Store::in_memory();
        }
        let begun = !path.exists() || import::waits(path);
        if begun {
            return Store::open(path, Durability::Now).map(|mut store| {
                store._lock = None;
                store
            });
        }
        Store::connect(path, Durability::Now, None)
    }
}

/// The file that says who issues; it stays, empty, when nobody does.
fn lock(path: &Path) -> Result<File, StoreError> {
    let io = |source| StoreError::Io { path: path.to_owned(), doing: "lock", source };
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    let file = disk::open_to_append(&path.with_file_name(name)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Issuing { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}
