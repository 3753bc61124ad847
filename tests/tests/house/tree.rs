//! The source tree as the tests see it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A text file of the project.
pub struct File {
    /// Path from the root, with slashes.
    pub path: String,
    /// Its text; bytes that are no UTF-8 are replaced.
    pub text: String,
}

impl File {
    /// Part of the name behind the last dot of the last component; empty without one.
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|e| e.to_str()).unwrap_or_default()
    }
}

/// Every file that Git tracks or would track, in order of path.
pub fn files() -> Vec<File> {
    let output = Command::new("git")
        // a checkout that belongs to another user is still ours to read
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git must be there to list the project's files");
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let mut paths: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .split_terminator('\0')
        .map(str::to_owned)
        // a file that was deleted, but not in the index yet
        .filter(|path| root().join(path).is_file())
        .collect();
    paths.sort();
    paths.dedup();
    assert!(paths.len() > 50, "Git lists {} files only; is this the whole project?", paths.len());
    paths
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(root().join(&path)).unwrap();
            File { text: String::from_utf8_lossy(&bytes).into_owned(), path }
        })
        .collect()
}

/// Every crate's folder, from the root manifest.
pub fn crates() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members =
        manifest.lines().find_map(|line| line.strip_prefix("members = [")).expect("members on one line");
    members.trim_end_matches(']').split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

/// Fails with all the complaints, one a line, when there are any.
pub fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n  {}\n", complaints.join("\n  "));
}
