//! Completions and man pages, made from the command line's own description.

use crate::global::Global;
use crate::manual;
use crate::output::{answer, put_as_it_is};
use clap::{Args, Command};
use clap_complete::Shell;
use parties::trouble::{Context, Result};
use serde_json::json;
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
        let script = String::from_utf8_lossy(&script);
        let shell = self.shell.to_string();
        if global.json {
            answer(global, "", json!({ "shell": shell, "script": script }));
        } else {
            // Ours, to the last tab: a shell reads it, no person.
            put_as_it_is(global, script.trim_end());
        }
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
    pub fn run(&self, global: &Global, command: Command) -> Result<()> {
        let (folder, pages) = (&self.folder, manual::pages(command)?);
        disk::create_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (name, text) in &pages {
            disk::publish(&folder.join(name), text)
                .with_context(|| format!("cannot write man pages to {}", folder.display()))?;
        }
        answer(global, "", json!({ "folder": folder, "pages": pages.len() }));
        Ok(())
    }
}
