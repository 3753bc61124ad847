//! Folders: 0700, and known to the medium.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::Path;

/// Makes a folder and those above it that are missing, for their owner alone (0700). One that is there stays as it is.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Brings a folder that is there to 0700: homes made by an older version, or under a wide umask. Best effort: a folder
/// that is not ours to change is not ours to close.
pub fn keep_folder_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let wide = |found: &fs::Metadata| found.is_dir() && found.permissions().mode() & 0o077 != 0;
        if fs::symlink_metadata(path).is_ok_and(|found| wide(&found)) {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Waits until the names in the folder of `path` are on the medium. Best effort: not every system lets a folder be synced.
pub fn sync_folder(path: &Path) {
    if !crate::wait::waits() {
        return;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
