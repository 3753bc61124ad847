//! Where the image of a card is kept while the card works: its pages are written in their places, as a chip programs its own,
//! and the card's journal mends what a crash leaves of them [docs/specs/image.md].

use disk::{Durability, InPlace};
use std::io;
use std::path::{Path, PathBuf};

/// A medium that keeps the image of one card.
///
/// Between two calls of [`Medium::sync`] it may lose any of the writes when the machine stops, keep them in part, and take them
/// in any order; what was written before the last one stays.
pub trait Medium: Send {
    /// All it holds.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when it holds nothing yet; another when it cannot be read and written.
    fn content(&mut self) -> io::Result<Vec<u8>>;

    /// Puts another content in the place of all it holds, as a whole or not at all, and waits for it.
    ///
    /// # Errors
    /// It was not done.
    fn replace(&mut self, content: &[u8]) -> io::Result<()>;

    /// Writes bytes in a place of its content.
    ///
    /// # Errors
    /// Any of them may be written or not.
    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until all that was written is kept, whoever wrote it.
    ///
    /// # Errors
    /// Any of it may be kept or not.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file, opened when it is first needed.
pub(crate) struct ImageFile {
    path: PathBuf,
    open: Option<InPlace>,
}

impl ImageFile {
    pub(crate) fn at(path: &Path) -> Self {
        ImageFile { path: path.to_path_buf(), open: None }
    }

    fn open(&mut self) -> io::Result<&mut InPlace> {
        let open = match self.open.take() {
            Some(open) => open,
            None => InPlace::open(&self.path)?,
        };
        Ok(self.open.insert(open))
    }
}

impl Medium for ImageFile {
    fn content(&mut self) -> io::Result<Vec<u8>> {
        self.open()?.content()
    }

    fn replace(&mut self, content: &[u8]) -> io::Result<()> {
        self.open = None; // it would be the old one
        disk::replace(&self.path, content, Durability::Synced)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.open()?.write(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.open()?.sync()
    }
}

/// The medium of a card that works, and how far it is with it.
pub(crate) struct Kept {
    medium: Box<dyn Medium>,
    /// What stands before the EEPROM.
    header: Vec<u8>,
    /// The medium is known to hold the card, and nothing of it is still under way.
    begun: bool,
    /// Something was written since the last wait.
    unsynced: bool,
    /// Why it does not take anything any more.
    failed: Option<io::Error>,
    /// Something was refused since [`Kept::refused`] was asked.
    refused: bool,
}

/// The medium failed; the card is without power.
pub(crate) struct Failed;

impl Kept {
    pub(crate) fn on(medium: Box<dyn Medium>, header: Vec<u8>) -> Self {
        Kept { medium, header, begun: false, unsynced: false, failed: None, refused: false }
    }

    /// Why something was refused since this was asked last.
    pub(crate) fn refused(&mut self) -> Option<&io::Error> {
        self.failed.as_ref().filter(|_| core::mem::take(&mut self.refused))
    }

    /// False when it failed after it took something: then it may hold what the card does not know, and lack what it knows.
    pub(crate) const fn is_sound(&self) -> bool {
        !self.begun || self.failed.is_none()
    }

    /// Writes a part of the EEPROM; `eeprom` is all of it, as it is before that.
    pub(crate) fn write(&mut self, eeprom: &[u8], at: usize, bytes: &[u8]) -> Result<(), Failed> {
        self.attempt(|kept| {
            kept.begin(eeprom)?;
            kept.unsynced = true;
            kept.medium.write((kept.header.len() + at) as u64, bytes)
        })
    }

    /// Waits for what was written since the last wait.
    pub(crate) fn sync(&mut self) -> Result<(), Failed> {
        if !self.unsynced {
            return Ok(());
        }
        self.attempt(|kept| {
            kept.medium.sync()?;
            kept.unsynced = false;
            Ok(())
        })
    }

    /// Before the first write. An image of an older version and one that is not there are put there whole. One that holds the card
    /// may hold it in the hands of the system alone, when a killed program wrote it.
    fn begin(&mut self, eeprom: &[u8]) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        let there = match self.medium.content() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            content => Some(content?),
        };
        let holds =
            |there: &Vec<u8>| there.split_at_checked(self.header.len()) == Some((&self.header, eeprom));
        if there.as_ref().is_some_and(holds) {
            self.medium.sync()?;
        } else {
            self.medium.replace(&[&self.header, eeprom].concat())?;
        }
        self.begun = true;
        Ok(())
    }

    fn attempt(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<(), Failed> {
        if self.failed.is_none() {
            self.failed = act(self).err();
        }
        self.refused |= self.failed.is_some();
        if self.refused { Err(Failed) } else { Ok(()) }
    }
}
