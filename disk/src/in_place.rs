//! A file whose bytes are changed where they stand, by whoever can mend what a crash leaves of that.

use crate::open::{must_be_plain, private, tighten};
use crate::wait::waits;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A file that is changed in its place, and keeps its length.
#[derive(Debug)]
pub struct InPlace(File);

impl InPlace {
    /// Opens a file that is there, and brings one of a wider mode to 0600.
    ///
    /// # Errors
    /// A symbolic link is not followed, and what is no regular file is refused: [`io::ErrorKind::InvalidInput`], with words.
    pub fn open(path: &Path) -> io::Result<Self> {
        must_be_plain(path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        private(&mut options);
        let file = options.open(path)?;
        tighten(&file)?;
        Ok(InPlace(file))
    }

    /// All it holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn content(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.0.seek(SeekFrom::Start(0))?;
        self.0.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Writes bytes at a place. They are the system's until [`InPlace::sync`]: a killed program loses none, a machine that stops
    /// may lose any of them.
    ///
    /// # Errors
    /// They cannot be written, or not all of them.
    pub fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(at))?;
        self.0.write_all(bytes)
    }

    /// Waits until all that was written is on the medium, whoever wrote it.
    ///
    /// # Errors
    /// The medium did not take it, or nobody will ever find it: the file has no name any more.
    pub fn sync(&self) -> io::Result<()> {
        if waits() {
            self.0.sync_data()?;
        }
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.0.metadata()?) == 0 {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "it was taken away while it was written; whoever did so put another in its place, or none",
            ));
        }
        Ok(())
    }
}
