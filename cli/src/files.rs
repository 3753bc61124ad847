//! What the command itself does with files: lines it appends, and card files it looks for. Parties keep their own.

use parties::trouble::{Context, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file that lines are appended to.
pub type Appended = Box<dyn Write + Send>;

/// Opens a trace to append to.
pub fn trace(path: &Path) -> Result<Appended> {
    let file = disk::open_to_append(path);
    Ok(Box::new(file.with_context(|| format!("cannot write the trace {}", path.display()))?))
}

/// The card files in a folder and below, in the order of their names.
pub fn cards_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.is_dir() && !path.is_symlink() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "card") {
            files.push(path);
        }
    }
    Ok(())
}

/// All that stands in a file, whatever it is.
///
/// # Errors
/// It cannot be read.
pub fn whole(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
