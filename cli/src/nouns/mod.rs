//! One file a noun.

pub mod apdu;
pub mod bank;
pub mod card;
pub mod city;
#[cfg(feature = "service")]
pub mod company;
pub mod demo;
pub mod esam;
pub mod home;
pub mod issue;
pub mod kdc;
pub mod meter;
pub mod operator;
pub mod psam;
pub mod reader;
pub mod server;
pub mod shell;
pub mod sim;
#[cfg(feature = "service")]
pub mod simulate;
#[cfg(unix)]
pub mod slot;
pub mod stock;
pub mod test_card;
pub mod trace;

use crate::args::{Cli, Noun};
use crate::fail::refused;
use crate::global::Global;
use crate::output::answer;
use clap::{CommandFactory, Parser};
use parties::people::request::{self, Approved};
use parties::trouble::{Context, Result};
use parties::{Deed, Session};

/// Runs a command line.
pub fn run(global: &Global, noun: Noun) -> Result<()> {
    let global = global.with(Session { deed: deed(&noun), ..global.session.clone() });
    global.act(|_| each(&global, noun))?;
    if let Some(request) = global.requested() {
        let words = format!(
            "request {}: {}, asked by {}; nothing is done yet\nnext: another operator says `gridcard approve {}`",
            request.request, request.act, request.by, request.request
        );
        answer(&global, &words, serde_json::to_value(&request)?);
    }
    Ok(())
}

/// Does what was asked for and is approved now: the same command, in its own folder, by both persons.
fn run_approved(global: &Global, approved: Approved) -> Result<()> {
    let Approved { args, folder, mut session } = approved;
    let args = std::iter::once("gridcard".to_owned()).chain(args);
    let cli = Cli::try_parse_from(args)
        .map_err(|error| refused(error.to_string()))
        .context("the request is of another version of this program")?;
    std::env::set_current_dir(&folder).with_context(|| format!("cannot go to {}", folder.display()))?;
    session.trace = cli.options.trace;
    run(&global.with(session), cli.noun)
}

/// What a command is.
fn deed(noun: &Noun) -> Deed {
    match noun {
        Noun::Kdc(verb) => verb.deed(),
        Noun::City(verb) => verb.deed(),
        #[cfg(feature = "service")]
        Noun::Company(verb) => verb.deed(),
        Noun::Psam(verb) => verb.deed(),
        Noun::Esam(verb) => verb.deed(),
        Noun::Issue(verb) => verb.deed(),
        Noun::Stock(verb) => verb.deed(),
        Noun::TestCard(verb) => verb.deed(),
        Noun::Sim(verb) => verb.deed(),
        Noun::Meter(verb) => verb.deed(),
        Noun::Server(verb) => verb.deed(),
        Noun::Bank(verb) => verb.deed(),
        Noun::Operator(verb) => verb.deed(),
        Noun::Home(verb) => verb.deed(),
        // The act that is approved is noted as what it is.
        Noun::Approve(_) => Deed::One("approve"),
        // Tools for any card, of no party.
        Noun::Card(_) | Noun::Reader(_) | Noun::Apdu(_) | Noun::Trace(_) => Deed::Look,
        // A party that is none of the home's.
        #[cfg(feature = "service")]
        Noun::Simulate(_) => Deed::Look,
        #[cfg(unix)]
        Noun::Slot(_) => Deed::Look,
        Noun::Demo(_) | Noun::Completions(_) | Noun::Man(_) => Deed::Look,
    }
}

fn each(global: &Global, noun: Noun) -> Result<()> {
    match noun {
        Noun::Kdc(verb) => kdc::run(global, verb),
        Noun::City(verb) => city::run(global, verb),
        Noun::Card(verb) => card::run(global, verb),
        #[cfg(feature = "service")]
        Noun::Company(verb) => company::run(global, &verb),
        Noun::Psam(verb) => psam::run(global, verb),
        Noun::Esam(verb) => esam::run(global, verb),
        Noun::Issue(verb) => issue::run(global, verb),
        Noun::Stock(verb) => stock::run(global, verb),
        Noun::TestCard(verb) => test_card::run(global, verb),
        Noun::Sim(verb) => sim::run(global, verb),
        Noun::Home(verb) => home::run(global, verb),
        #[cfg(unix)]
        Noun::Slot(verb) => slot::run(global, verb),
        Noun::Meter(verb) => meter::run(global, verb),
        Noun::Server(verb) => server::run(global, verb),
        Noun::Bank(verb) => bank::run(global, verb),
        #[cfg(feature = "service")]
        Noun::Simulate(verb) => simulate::run(global, verb),
        Noun::Operator(verb) => operator::run(global, &verb),
        Noun::Approve(options) => run_approved(global, request::approve(global, &options.id)?),
        Noun::Reader(verb) => reader::run(global, verb),
        Noun::Apdu(options) => apdu::run(global, &options),
        Noun::Trace(verb) => trace::run(global, verb),
        Noun::Demo(options) => demo::run(global, options),
        Noun::Completions(shell) => shell.run(global, Cli::command()),
        Noun::Man(man) => man.run(global, Cli::command()),
    }
}
