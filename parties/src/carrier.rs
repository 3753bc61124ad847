//! Who carries an order from the bank to a SIM, and a receipt back. Acts hand a message over under a name and ask for it by that
//! name; whether it is a file that somebody brings, or a network delivers it, is the business of whoever implements [`Carrier`].

use crate::records;
use crate::trouble::{Result, refused};
use scheme::record_file::Message;
use std::path::Path;

/// Carries messages.
pub trait Carrier: Send + Sync {
    /// Takes a message under a name. The same act done again sends its message again: the last one of a name counts.
    ///
    /// # Errors
    /// It cannot be taken.
    fn send(&self, name: &Path, message: &Message) -> Result<()>;

    /// The message of a name, where it is to arrive. It may be asked for again.
    ///
    /// # Errors
    /// There is none, it is no message, or it is still under way.
    fn fetch(&self, name: &Path) -> Result<Message>;

    /// Whether there is something of this name.
    fn is_taken(&self, name: &Path) -> bool;
}

/// Refuses a name that has a message already.
///
/// # Errors
/// It has.
pub fn must_be_free(carrier: &dyn Carrier, name: &Path) -> Result<()> {
    if carrier.is_taken(name) {
        return Err(refused(format!("{} is there already", name.display()))
            .hint("nothing is ever overwritten: name another file, or move that one away")
            .into());
    }
    Ok(())
}

/// Record files, whose names are their paths: people carry them.
#[derive(Debug, Clone, Copy)]
pub struct Files;

impl Carrier for Files {
    fn send(&self, name: &Path, message: &Message) -> Result<()> {
        records::write(name, message)
    }

    fn fetch(&self, name: &Path) -> Result<Message> {
        records::read(name)
    }

    fn is_taken(&self, name: &Path) -> bool {
        name.exists()
    }
}
