//! A folder on a flash disk, or a file in it, as what a meter calls a medium.

use crate::trouble::{Failure, Result, refused};
use disk::Durability;
use meter::{Medium, MediumError};
use scheme::Kind;
use std::io;
use std::path::{Path, PathBuf};

/// Where a customer's record files lie.
pub(super) struct Folder {
    folder: PathBuf,
    /// The one file that is meant.
    only: Option<String>,
}

impl Folder {
    /// Of the path of a file, or of a folder of them.
    ///
    /// # Errors
    /// There is nothing of that name.
    pub(super) fn of(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Ok(Folder { folder: path.to_owned(), only: None });
        }
        let shown = path.display();
        // A link that leads nowhere is there as well, and told as what it is.
        if std::fs::symlink_metadata(path).is_err() {
            let words = format!("there is no file {shown}");
            return Err(Failure::new(Kind::Absent, words)
                .code("no-medium")
                .hint("name the order's file as the bank wrote it, or the folder it lies in")
                .into());
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| refused(format!("the name of {shown} is no text")))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Folder { folder: folder.to_owned(), only: Some(name.to_owned()) })
    }

    pub(super) fn only(&self) -> Option<String> {
        self.only.clone()
    }

    /// Where a file of it stands, as reports name it.
    pub(super) fn place(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn error(&self, name: &str, error: &io::Error) -> MediumError {
        let words = format!("{}: {error}", self.place(name));
        if disk::is_gone(&self.folder, error) {
            MediumError::Gone(words)
        } else {
            MediumError::Refused(words)
        }
    }
}

impl Medium for Folder {
    fn names(&mut self) -> Result<Vec<String>, MediumError> {
        disk::file_names(&self.folder).map_err(|error| self.error("", &error))
    }

    fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, MediumError> {
        match disk::read_at_most(&self.folder.join(name), most) {
            Ok(None) if !self.folder.is_dir() => Err(self.error(name, &io::ErrorKind::NotFound.into())),
            read => read.map_err(|error| self.error(name, &error)),
        }
    }

    fn write(&mut self, name: &str, bytes: &[u8], over: bool) -> Result<(), MediumError> {
        let path = self.folder.join(name);
        let written = match over {
            true => disk::replace(&path, bytes, Durability::Synced),
            false => disk::create(&path, bytes, Durability::Synced),
        };
        written.map_err(|error| self.error(name, &error))
    }
}
