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

/// Whether nobody but its owner, and whoever may do everything, can read or write a file. Where files have no modes: yes.
///
/// # Errors
/// It is not there.
pub fn is_private(path: &Path) -> io::Result<bool> {
    let found = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(found.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    {
        drop(found);
        Ok(true)
    }
}

/// How a database may be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// To read and to write.
    Write,
    /// To read alone; what stands in its write-ahead log is read with it.
    Read,
    /// To read alone, as a file that nobody changes: the name by which SQLite takes it so. On a read-only medium SQLite
    /// cannot lay its index beside the file, and without this word it opens none.
    Still(String),
}

/// Prepares the place of an SQLite database: the file is there with mode 0600 before SQLite opens it, so that what SQLite
/// lays beside it (`-wal`, `-shm`) takes that mode; one that lies there already gets it. A file that is there and cannot be
/// written, or whose folder cannot, is left alone and may be read.
///
/// # Errors
/// As [`open_to_append`].
pub fn prepare_database(path: &Path) -> io::Result<Access> {
    if path.is_file()
        && let read @ (Access::Read | Access::Still(_)) = how_readable(path)?
    {
        return Ok(read);
    }
    for end in ["-wal", "-shm", "-journal"] {
        let beside = with_end(path, end);
        if fs::symlink_metadata(&beside).is_ok() {
            make_private(&beside)?;
        }
    }
    make_private(path).map(|()| Access::Write)
}

/// Makes a file of a database, or brings it to 0600. One that is so already is not opened: whoever closes a file gives up every lock
/// that his process has on it, so also those by which SQLite keeps another connection of this process alone with it [POSIX fcntl].
fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let found = fs::symlink_metadata(path);
        if found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 == 0) {
            return Ok(());
        }
    }
    open_to_append(path).map(drop)
}

/// How a database that is there can be opened; nothing is prepared.
///
/// # Errors
/// Its name is none that SQLite takes.
pub fn how_readable(path: &Path) -> io::Result<Access> {
    if !is_read_only(path) && !is_read_only(folder_of(path)) {
        return Ok(Access::Write);
    }
    let waits = |found: fs::Metadata| found.len() > 0;
    let log_waits = fs::metadata(with_end(path, "-wal")).is_ok_and(waits);
    Ok(if log_waits { Access::Read } else { Access::Still(still(path)?) })
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(end);
    path.with_file_name(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The name of a file as an address that says it never changes; what means something in an address is written as `%XX`.
fn still(path: &Path) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    let text = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    let mut address = String::from("file://");
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                address.push(char::from(byte))
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(address + "?immutable=1")
}

/// Whether a file or a folder is read-only to us: it stands on a read-only medium, or its mode forbids us to write. Of one that is
/// not there yet the nearest folder above it answers.
pub fn is_read_only(path: &Path) -> bool {
    let there = path.ancestors().find(|path| path.as_os_str().is_empty() || path.exists());
    let there = there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let asked = rustix::fs::access(there, rustix::fs::Access::WRITE_OK);
        matches!(asked, Err(Errno::ROFS | Errno::ACCESS | Errno::PERM))
    }
    #[cfg(not(unix))]
    {
        fs::metadata(there).is_ok_and(|found| found.permissions().readonly())
    }
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
