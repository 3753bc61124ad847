//! One file a noun.

pub mod apdu;
pub mod bank;
pub mod card;
pub mod city;
#[cfg(feature = "service")]
pub mod company;
pub mod demo;
pub mod esam;
pub mod explain;
pub mod home;
pub mod issue;
pub mod kdc;
pub mod meter;
pub mod operator;
#[cfg(unix)]
pub mod phone;
pub mod production_card;
pub mod prove;
pub mod psam;
pub mod reader;
pub mod receipt;
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
pub mod user_card;

use crate::args::{Cli, Noun};
use crate::prelude::*;
use clap::{CommandFactory, Parser};
#[cfg(feature = "service")]
use parties::Deed;
use parties::people::request::{self, Approved};
use parties::session::Session;

/// Runs a command line.
pub fn run(call: &Call, noun: Noun) -> Result<()> {
    let Task { deed, run } = task(noun);
    let call = call.with(Session { deed, ..call.session.clone() });
    call.act(|_| run(&call))?;
    if let Some(request) = call.requested() {
        let words = format!(
            "request {}: {}, asked by {}; nothing is done yet\nnext: another operator says `gridcard approve {}`",
            request.request, request.act, request.by, request.request
        );
        answer(&call, &words, &request);
    }
    Ok(())
}

/// Does what was asked for and is approved now: the same command, in its own folder, by both persons.
fn approve(call: &Call, id: &str) -> Result<()> {
    let Approved { args, folder, mut session } = request::approve(call, id)?;
    let args = std::iter::once("gridcard".to_owned()).chain(args);
    let cli = Cli::try_parse_from(args)
        .map_err(|error| refused(error.to_string()))
        .context("the request is of another version of this program")?;
    std::env::set_current_dir(&folder).with_context(|| format!("cannot go to {}", folder.display()))?;
    session.trace = cli.options.trace;
    run(&call.with(session), cli.noun)
}

/// What a command is, and what does it.
fn task(noun: Noun) -> Task {
    match noun {
        Noun::Kdc(verb) => verb.task(),
        Noun::City(verb) => verb.task(),
        Noun::Card(verb) => verb.task(),
        Noun::Psam(verb) => verb.task(),
        Noun::Esam(verb) => verb.task(),
        Noun::Issue(verb) => verb.task(),
        Noun::Stock(verb) => verb.task(),
        Noun::TestCard(verb) => verb.task(),
        Noun::UserCard(verb) => verb.task(),
        Noun::ProductionCard(verb) => verb.task(),
        Noun::Sim(verb) => verb.task(),
        #[cfg(unix)]
        Noun::Slot(verb) => verb.task(),
        Noun::Meter(verb) => verb.task(),
        #[cfg(unix)]
        Noun::Phone(verb) => verb.task(),
        Noun::Receipt(verb) => verb.task(),
        Noun::Prove(options) => prove::task(options),
        Noun::Server(server) => server.task(),
        Noun::Bank(bank) => bank.task(),
        #[cfg(feature = "service")]
        Noun::Company(company) => company.task(),
        // A party that is none of the home's.
        #[cfg(feature = "service")]
        Noun::Simulate(verb) => Task { deed: Deed::Look, run: Box::new(|call| simulate::run(call, verb)) },
        Noun::Operator(verb) => verb.task(),
        // The act that is approved is noted as what it is.
        Noun::Approve { id } => one("approve", id, |call, id| approve(call, id)),
        Noun::Home(verb) => verb.task(),
        Noun::Reader(verb) => verb.task(),
        Noun::Explain(options) => explain::task(options),
        Noun::Apdu(options) => look(options, apdu::run),
        Noun::Trace(verb) => verb.task(),
        Noun::Demo(options) => look(options, demo::run),
        Noun::Completions { shell } => {
            look(shell, |call, shell| shell::completions(call, *shell, Cli::command()))
        }
        Noun::Man { folder } => look(folder, |call, folder| shell::man(call, folder, Cli::command())),
    }
}
