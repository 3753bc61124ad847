//! Completions and man pages, made from the command line's own description.

use crate::global::Global;
use crate::output::put_as_it_is;
use clap::{Args, Command};
use clap_complete::Shell;
use parties::trouble::{Context, Result};
use std::path::PathBuf;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Shell.
    pub shell: Shell,
}

impl Completions {
    /// Writes them to stdout.
    pub fn run(&self, global: &Global, mut command: Command) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "gridcard", &mut script);
        put_as_it_is(global, String::from_utf8_lossy(&script).trim_end());
        Ok(())
    }
}

/// Options of `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Folder for the pages.
    pub folder: PathBuf,
}

impl Man {
    /// Writes one page a command.
    pub fn run(&self, command: Command) -> Result<()> {
        disk::create_folder(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        clap_mangen::generate_to(command, &self.folder)
            .with_context(|| format!("cannot write man pages to {}", self.folder.display()))
    }
}
