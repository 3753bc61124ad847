#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod args;
mod audit;
mod bay;
mod card_ref;
mod clock;
mod demo;
mod factory;
mod fail;
mod home;
mod in_force;
mod issue;
mod lock;
mod memory;
mod nouns;
mod output;
mod people;
mod pin;
mod real;
mod records;
mod retire;
mod secret;
#[cfg(unix)]
mod serve;
mod statement;
mod transport;
mod vouch;
mod wire_time;

use args::Cli;
use clap::Parser;
use fail::{Kind, exit_code};
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Runs one command line (program name first) and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    memory::keep_private();
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(mut cli) => {
            cli.global.argv = Arc::new(args);
            cli
        }
        Err(error) => {
            // Help and version are no faults; clap writes them to stdout.
            let code = if error.use_stderr() { exit_code(Kind::Usage) } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    let global = cli.global.clone();
    let done = nouns::run(cli);
    if global.wire_time && !global.json {
        output::say(wire_time::summary(&global.traffic));
    }
    match done {
        Ok(()) if global.unheard.load(Ordering::Relaxed) => exit_code(Kind::Refused),
        Ok(()) if global.interrupted.load(Ordering::Relaxed) => exit_code(Kind::Interrupted),
        Ok(()) => 0,
        Err(error) => fail::report(&error, &global),
    }
}
