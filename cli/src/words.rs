//! The words of a command line: which command it is, and what of it a request for a second person keeps.

use crate::call::Line;
use crate::fail::refused;
use clap::ArgMatches;
use parties::Result;
use std::ffi::OsString;

/// What the words of a command line say beside its options, as it was read in `matches`; `request` says that a second person will read
/// them.
pub fn line(argv: &[OsString], matches: &ArgMatches, request: bool) -> Result<Line> {
    Ok(Line {
        command: command(matches),
        arguments: if request { kept(argv)? } else { Vec::new() },
        rehearsal: argv.iter().any(|arg| arg == "--dry-run"),
    })
}

/// Noun and verb of a command line, without any of its arguments.
fn command(matches: &ArgMatches) -> String {
    let (mut words, mut at) = (Vec::new(), matches);
    while let Some((word, below)) = at.subcommand() {
        words.push(word);
        at = below;
    }
    words.join(" ")
}

/// Options that are the asking person's or the moment's, and whether a value follows.
const NOT_KEPT: [(&str, bool); 9] = [
    ("--operator", true),
    ("--operator-password-file", true),
    ("--second-operator", true),
    ("--second-password-file", true),
    ("--request", false),
    ("--at", true),
    ("--home", true),
    ("--json", false),
    ("--allow-clock-back", false),
];

/// The arguments of a command as a request keeps them.
///
/// # Errors
/// One is not UTF-8.
fn kept(argv: &[OsString]) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    let mut args = argv.iter().skip(1);
    while let Some(arg) = args.next() {
        let arg = arg.to_str().ok_or_else(|| refused("a request keeps arguments in UTF-8 alone"))?;
        let name = arg.split('=').next().unwrap_or(arg);
        match NOT_KEPT.iter().find(|(option, _)| *option == name) {
            Some((_, true)) if name == arg => drop(args.next()),
            Some(_) => {}
            None => kept.push(arg.to_owned()),
        }
    }
    Ok(kept)
}
