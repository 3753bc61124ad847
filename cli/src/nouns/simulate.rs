//! `gridcard simulate`: other parties' machines, to try ours against.

use crate::call::Call;
use crate::output::answer;
use crate::screen::say;
use clap::{Args, Subcommand};
use parties::trouble::Result;
use serde_json::json;
use service::{BankConfig, Ended, Faults, Opening};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Verbs of simulated parties.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// A bank whose customers pay by debit: accounts, balances, a journal on the disk, the file of a day, and faults on demand.
    Bank(Bank),
}

/// Options of `simulate bank`.
#[derive(Debug, Args)]
pub struct Bank {
    /// Where it listens: an address of this machine alone. Port 0: any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// Its journal; made when it is not there.
    #[arg(long, value_name = "FILE")]
    pub state: PathBuf,
    /// Open an account that is not there yet, with so much on it; more than once.
    #[arg(long = "account", value_name = "TOKEN=YUAN")]
    pub accounts: Vec<Opening>,
    /// What it does wrong, and when: KIND@N at the Nth new debit (or reversal) since the start, KIND=P% at so many of a hundred (--seed
    /// repeats which), several with commas. Kinds: cut, timeout, late, late-after, twice, amount, amount-told, down, reverse-cut,
    /// reverse-down.
    #[arg(long, value_name = "SPEC", default_value = "")]
    pub faults: Faults,
}

/// Runs a verb.
pub fn run(call: &Call, verb: Verb) -> Result<()> {
    let Verb::Bank(options) = verb;
    let config = BankConfig {
        listen: options.listen,
        state: options.state,
        accounts: options.accounts,
        faults: options.faults,
    };
    let ended = service::simulate_bank(call, &config, |address| {
        let text = format!("http://{address}");
        say(format!("the bank listens on {text}; Ctrl-C ends"));
        answer(call, &text, json!({ "pid": std::process::id(), "address": address.to_string() }));
    })?;
    say("ended: what was booked is kept");
    if ended == Ended::Interrupted {
        call.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}
