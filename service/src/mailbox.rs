//! Messages of one request: they come and go in its body, and lie in no file.

use parties::carrier::Carrier;
use parties::trouble::{Context, Result};
use scheme::record_file::Message;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one request brought and takes away.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<BTreeMap<PathBuf, Message>>);

impl Mailbox {
    fn open(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Mailbox {
    fn send(&self, name: &Path, message: &Message) -> Result<()> {
        self.open().insert(name.to_owned(), message.clone());
        Ok(())
    }

    fn fetch(&self, name: &Path) -> Result<Message> {
        self.open().get(name).cloned().context("the request brought no such message")
    }

    fn is_taken(&self, name: &Path) -> bool {
        self.open().contains_key(name)
    }
}
