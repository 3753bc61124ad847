#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod args;
mod audit;
mod clock;
mod ended;
mod fail;
mod files;
mod global;
mod memory;
mod nouns;
mod output;
mod pin;
mod revocation;
mod screen;
#[cfg(unix)]
mod served;
mod shared;
mod terminal;
mod wire_time;
mod words;
mod zone;

use args::Cli;
use clap::Parser;
use global::Global;
use scheme::Kind;
use std::ffi::OsString;
use std::sync::atomic::Ordering;

/// Runs one command line (program name first) and gives its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    memory::keep_private();
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no faults; clap writes them to stdout.
            let code = if error.use_stderr() { Kind::Usage.exit() } else { 0 };
            let _ = error.print();
            return code;
        }
    };
    let Cli { options, noun } = cli;
    let line = words::line(&args, options.request);
    let global = match line.and_then(|line| Global::new(&options, line)) {
        Ok(global) => global,
        Err(error) => return fail::report_early(&error, options.json),
    };
    let done = nouns::run(&global, noun);
    if global.wire_time && !global.json {
        screen::say(wire_time::summary(&global.course.traffic));
    }
    match done {
        Ok(()) if global.unheard.load(Ordering::Relaxed) => Kind::Refused.exit(),
        Ok(()) if global.interrupted.load(Ordering::Relaxed) => Kind::Interrupted.exit(),
        Ok(()) => 0,
        Err(error) => fail::report(&error, &global),
    }
}
