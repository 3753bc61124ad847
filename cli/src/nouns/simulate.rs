//! `gridcard simulate`: other parties' machines, to try ours against.

use crate::call::Call;
use crate::output::answer;
use crate::screen::say;
use clap::{Args, Subcommand};
use parties::trouble::{Result, Trouble};
use scheme::subscription::PhoneNumber;
use serde_json::json;
use service::config::secret;
use service::{BankConfig, CentreConfig, Ended, Faults, Opening, Slips};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Verbs of simulated parties.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// A bank whose customers pay by debit: accounts, balances, a journal on the disk, the file of a day, and faults on demand.
    Bank(Bank),
    /// A message centre that servers bind to by SMPP 3.4: the phones of the home are its network, with faults on demand.
    Centre(Centre),
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

/// Options of `simulate centre`.
#[derive(Debug, Args)]
pub struct Centre {
    /// Where it listens: an address of this machine alone. Port 0: any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2775")]
    pub listen: SocketAddr,
    /// Who may bind: system id, the number it is reached by, and the file with its password; more than once.
    #[arg(long = "account", value_name = "NAME,NUMBER,FILE", required = true, value_parser = entry)]
    pub accounts: Vec<Entry>,
    /// The centre's own number, as messages have it that came over it.
    #[arg(long, value_name = "NUMBER", default_value = "+8613800250500")]
    pub number: PhoneNumber,
    /// Without phones: messages go from one account to another, and to nobody else.
    #[arg(long)]
    pub no_phones: bool,
    /// What it does wrong, and when: KIND@N at the Nth message since the start, KIND=P% at so many of a hundred (--seed repeats which),
    /// several with commas. Kinds, of messages from servers: throttle, full, down, late, cut, cut-before, receipt-first, lose, double,
    /// delay; of messages and receipts to servers: lose-back, double-back, delay-back, cut-back.
    #[arg(long, value_name = "SPEC", default_value = "")]
    pub faults: Slips,
}

/// Who may bind, before his password is read.
#[derive(Debug, Clone)]
pub struct Entry {
    name: String,
    number: PhoneNumber,
    password_file: PathBuf,
}

fn entry(text: &str) -> Result<Entry, String> {
    let mut parts = text.splitn(3, ',');
    let (Some(name), Some(number), Some(file)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("an account is NAME,NUMBER,FILE".to_owned());
    };
    let number = number.parse().map_err(|error| format!("{error}"))?;
    Ok(Entry { name: name.to_owned(), number, password_file: file.into() })
}

fn centre(call: &Call, options: &Centre) -> Result<Ended> {
    let account = |entry: &Entry| {
        let password = secret(&entry.password_file).map_err(Trouble::new)?;
        CentreConfig::account(&entry.name, &password, &entry.number)
    };
    let config = CentreConfig {
        listen: options.listen,
        accounts: options.accounts.iter().map(account).collect::<Result<_>>()?,
        number: options.number.digits().to_owned(),
        phones: !options.no_phones,
        faults: options.faults.clone(),
    };
    let report = service::simulate_centre(call, &config, |address| {
        let text = address.to_string();
        say(format!("the message centre listens on {text}; Ctrl-C ends"));
        answer(call, &text, json!({ "pid": std::process::id(), "address": text }));
    })?;
    say(format!(
        "ended: {} messages from servers, {} to them, {} octets",
        report.taken, report.delivered, report.octets
    ));
    Ok(report.ended)
}

/// Runs a verb.
pub fn run(call: &Call, verb: Verb) -> Result<()> {
    let ended = match verb {
        Verb::Bank(options) => bank(call, options)?,
        Verb::Centre(options) => centre(call, &options)?,
    };
    if ended == Ended::Interrupted {
        call.interrupted.store(true, Ordering::Relaxed);
    }
    Ok(())
}

fn bank(call: &Call, options: Bank) -> Result<Ended> {
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
    Ok(ended)
}
