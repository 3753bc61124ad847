//! Backup shares of a ceremony as files, each for its custodian's eyes alone.

use crate::home;
use crate::trouble::Result;
use ::kdc::ceremony::Share;
use keys::Zeroizing;
use std::path::{Path, PathBuf};

/// A share in words, without its secret.
pub fn words(share: &Share) -> String {
    format!(
        "share {} of {}, {} needed, set {}, check value {}",
        share.number(),
        share.set().total,
        share.set().threshold,
        share.set().name(),
        share.check_value()
    )
}

/// Writes a share into a folder that was named for it; gives its file.
///
/// # Errors
/// It cannot be written.
pub fn keep(folder: &Path, share: &Share) -> Result<PathBuf> {
    home::make_folder(folder)?;
    let path = folder.join(format!("share-{}-{}.txt", share.set().name(), share.number()));
    let text = Zeroizing::new(format!("{}\n{}\n", share.written().as_str(), words(share)));
    home::write(&path, text.as_bytes())?;
    Ok(path)
}

/// Removes the shares of a ceremony that failed: they restore nothing that exists.
pub fn remove(files: &[PathBuf]) {
    for file in files {
        let _ = std::fs::remove_file(file); // the error that matters is the ceremony's
    }
}
