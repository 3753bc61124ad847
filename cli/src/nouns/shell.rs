//! Completions and man pages, made from the command line's own description.

use crate::manual;
use crate::output::put_as_it_is;
use crate::prelude::*;
use clap::Command;
use clap_complete::Shell;

/// Writes completions to stdout.
pub fn completions(call: &Call, shell: Shell, mut command: Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "gridcard", &mut script);
    let script = String::from_utf8_lossy(&script);
    if call.options.json {
        answer(call, "", json!({ "shell": shell.to_string(), "script": script }));
    } else {
        // Ours, to the last tab: a shell reads it, no person.
        put_as_it_is(call, script.trim_end());
    }
    Ok(())
}

/// Writes one page a command.
pub fn man(call: &Call, folder: &Path, command: Command) -> Result<()> {
    let pages = manual::pages(command)?;
    disk::create_folder(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, text) in &pages {
        disk::publish(&folder.join(name), text)
            .with_context(|| format!("cannot write man pages to {}", folder.display()))?;
    }
    answer(call, "", json!({ "folder": folder, "pages": pages.len() }));
    Ok(())
}
