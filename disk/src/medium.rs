//! Files on a medium that people carry: read with a limit, listed without what the user did not put there, and known to be gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a regular file; `None` when none is there, or it has more than `most`. Whatever else has the name, a pipe or a link to
/// somewhere, is not waited for and not followed.
///
/// # Errors
/// It cannot be read; something else has the name: [`io::ErrorKind::InvalidInput`], with words.
pub fn read_at_most(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(found) if found.is_symlink() => {
            return Err(other("it is a symbolic link, and a link is not followed"));
        }
        Ok(_) => {}
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() <= most))
}

fn other(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, words)
}

/// Names of the regular files in a folder, in no order: without folders, links, hidden files, and names that are no text.
///
/// # Errors
/// The folder cannot be read.
pub fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_file = entry.file_type()?.is_file();
        names.extend(entry.file_name().into_string().ok().filter(|name| is_file && !name.starts_with('.')));
    }
    Ok(names)
}

/// Whether an error means that the medium of a folder is gone: pulled, or its folder taken away.
pub fn is_gone(folder: &Path, error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        if matches!(Errno::from_io_error(error), Some(Errno::IO | Errno::NODEV | Errno::NXIO | Errno::STALE))
        {
            return true;
        }
    }
    #[cfg(not(unix))]
    let _ = error;
    !folder.is_dir()
}
