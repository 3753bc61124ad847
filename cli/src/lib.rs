#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// The command is what prints: data on stdout, talk on stderr, both through `output`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod anatomy;
mod apdu_words;
pub mod args;
mod bay;
mod clock;
mod demo;
mod factory;
mod fail;
mod home;
mod issue;
mod nouns;
mod output;
mod records;
mod script;
mod secret;

use args::Cli;
use clap::Parser;
use fail::Exit;
use std::ffi::OsString;
use std::sync::atomic::Ordering;

/// Runs one command line (program name first) and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no faults; clap writes them to stdout.
            let code = if error.use_stderr() { Exit::Usage.code() } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    let (json, answered) = (cli.global.json, cli.global.answered.clone());
    match nouns::run(cli) {
        Ok(()) => 0,
        Err(error) => fail::report(&error, json && !answered.load(Ordering::Relaxed)).code(),
    }
}
