//! One file a noun.

pub mod card;
pub mod city;
pub mod esam;
pub mod issue;
pub mod kdc;
pub mod meter;
pub mod psam;
pub mod server;
pub mod shell;
pub mod sim;
#[cfg(unix)]
pub mod slot;
pub mod stock;
pub mod test_card;
pub mod trace;

use crate::args::{Cli, Noun};
use anyhow::Result;

/// Runs a command line.
pub fn run(cli: Cli) -> Result<()> {
    let Cli { global, noun } = cli;
    match noun {
        Noun::Kdc(verb) => kdc::run(&global, verb),
        Noun::City(verb) => city::run(&global, verb),
        Noun::Card(verb) => card::run(&global, verb),
        Noun::Psam(verb) => psam::run(&global, verb),
        Noun::Esam(verb) => esam::run(&global, verb),
        Noun::Issue(verb) => issue::run(&global, verb),
        Noun::Stock(verb) => stock::run(&global, verb),
        Noun::TestCard(verb) => test_card::run(&global, verb),
        Noun::Sim(verb) => sim::run(&global, verb),
        #[cfg(unix)]
        Noun::Slot(verb) => slot::run(&global, verb),
        Noun::Meter(verb) => meter::run(&global, verb),
        Noun::Server(verb) => server::run(&global, verb),
        Noun::Trace(verb) => trace::run(&global, verb),
        Noun::Demo(options) => crate::demo::run(&global, options),
        Noun::Completions(shell) => shell.run(&global),
        Noun::Man(man) => man.run(),
    }
}
