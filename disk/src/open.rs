//! Files that are written in place: logs, locks, traces, databases.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Opens a file to read it and to append to it, makes it when it is not there (0600), and brings one of a wider mode to
/// 0600.
///
/// # Errors
/// A symbolic link is not followed, and what is no regular file is refused: [`io::ErrorKind::InvalidInput`], with words.
pub fn open_to_append(path: &Path) -> io::Result<File> {
    must_be_plain(path)?;
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    private(&mut options);
    let file = options.open(path)?;
    tighten(&file)?;
    Ok(file)
}

/// Prepares the place of an SQLite database: the file is there with mode 0600 before SQLite opens it, so that what SQLite
/// lays beside it (`-wal`, `-shm`) takes that mode; one that lies there already gets it.
///
/// # Errors
/// As [`open_to_append`].
pub fn prepare_database(path: &Path) -> io::Result<()> {
    for end in ["-wal", "-shm", "-journal"] {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(end);
        let beside: PathBuf = path.with_file_name(name);
        if fs::symlink_metadata(&beside).is_ok() {
            open_to_append(&beside)?;
        }
    }
    open_to_append(path).map(drop)
}

/// What a new content may take the place of, and what may be written in place: nothing, or a regular file.
pub(crate) fn must_be_plain(path: &Path) -> io::Result<()> {
    let no = |words| Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_symlink() => no("it is a symbolic link, and a link is not followed to write"),
        Ok(found) if !found.is_file() => no("it is no regular file"),
        Ok(_) => Ok(()),
    }
}

/// For the owner alone, and never through a symbolic link, should one take the name after we looked.
pub(crate) fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW;
        options.mode(0o600).custom_flags(flags.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// A file of a wider mode is brought to 0600.
pub(crate) fn tighten(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let found = file.metadata()?;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            // Best effort: who may write another's file may not change its mode, and some media know none.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
