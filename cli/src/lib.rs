#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod args;
mod audit;
mod call;
mod certified;
mod clock;
mod fail;
#[cfg(feature = "service")]
mod far;
mod files;
mod made;
pub mod manual;
mod memory;
mod nouns;
mod output;
mod physics;
mod pin;
mod prelude;
mod screen;
#[cfg(unix)]
mod served;
mod shared;
mod task;
mod terminal;
mod usage;
mod way;
mod wire_time;
mod words;

use args::Cli;
use call::Call;
use clap::{CommandFactory, FromArgMatches};
use parties::Trouble;
use scheme::Kind;
use std::ffi::OsString;
use std::sync::atomic::Ordering;
use usage::UsageError;

/// Runs one command line (program name first) and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    memory::keep_private();
    let args: Vec<OsString> = args.into_iter().collect();
    // What a help page says is written for whoever reads it: for a command that is simply done it would be nearly all of its time.
    let parsed = Cli::command()
        .try_get_matches_from(&args)
        .or_else(|_| manual::complete(Cli::command(), &args).try_get_matches_from(&args))
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (Cli { options, noun }, matches) = match parsed {
        Ok(parsed) => parsed,
        // Help and version are no faults; clap writes them to stdout.
        Err(error) if error.use_stderr() && usage::wants_json(&args) => {
            return fail::report_early(&Trouble::new(UsageError(error)), true);
        }
        Err(error) => {
            // Help and version are no faults, and are ours; a fault quotes what was typed.
            if error.use_stderr() {
                screen::say(error.render().to_string().trim_end());
                return Kind::Usage.exit();
            }
            let _ = error.print();
            return 0;
        }
    };
    let line = words::line(&args, &matches, options.request);
    let json = options.json;
    let call = match line.and_then(|line| Call::new(options, line)) {
        Ok(call) => call,
        Err(error) => return fail::report_early(&error, json),
    };
    let done = nouns::run(&call, noun);
    if call.options.wire_time && !call.options.json {
        screen::say(wire_time::summary(&call.course.traffic));
    }
    match done {
        Ok(()) if call.unheard.load(Ordering::Relaxed) => Kind::Refused.exit(),
        Ok(()) if call.interrupted.load(Ordering::Relaxed) => Kind::Interrupted.exit(),
        Ok(()) => 0,
        Err(error) => fail::report(&error, &call),
    }
}
