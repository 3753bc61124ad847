//! One file a noun.

pub mod apdu;
pub mod card;
pub mod city;
pub mod esam;
pub mod issue;
pub mod kdc;
pub mod meter;
pub mod psam;
pub mod reader;
pub mod server;
pub mod shell;
pub mod sim;
#[cfg(unix)]
pub mod slot;
pub mod stock;
pub mod test_card;
pub mod trace;

use crate::args::{Cli, Global, Noun};
use anyhow::Result;

/// Runs a command line.
pub fn run(cli: Cli) -> Result<()> {
    let Cli { global, noun } = cli;
    let act = act(&noun);
    let done = each(&global, noun);
    if let (Err(error), Some(act)) = (&done, act) {
        crate::audit::failed(&global, &act, error);
    }
    done
}

/// The name of an act whose failure the audit log of its party keeps: whatever issuing parties do but look.
fn act(noun: &Noun) -> Option<String> {
    const LOOKS: [&str; 8] = ["status", "audit", "component", "show", "list", "report", "ceremony", "init"];
    let (noun, verb) = match noun {
        Noun::Kdc(verb) => ("kdc", format!("{verb:?}")),
        Noun::City(verb) => ("city", format!("{verb:?}")),
        Noun::Psam(verb) => ("psam", format!("{verb:?}")),
        Noun::Esam(verb) => ("esam", format!("{verb:?}")),
        Noun::TestCard(verb) => ("test-card", format!("{verb:?}")),
        Noun::Issue(verb) => ("issue", format!("{verb:?}")),
        _ => return None,
    };
    // `IssueCard(..)` is issue-card.
    let mut name = String::new();
    for c in verb.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    (!LOOKS.contains(&name.as_str())).then(|| format!("{noun} {name}"))
}

fn each(global: &Global, noun: Noun) -> Result<()> {
    match noun {
        Noun::Kdc(verb) => kdc::run(global, verb),
        Noun::City(verb) => city::run(global, verb),
        Noun::Card(verb) => card::run(global, verb),
        Noun::Psam(verb) => psam::run(global, verb),
        Noun::Esam(verb) => esam::run(global, verb),
        Noun::Issue(verb) => issue::run(global, verb),
        Noun::Stock(verb) => stock::run(global, verb),
        Noun::TestCard(verb) => test_card::run(global, verb),
        Noun::Sim(verb) => sim::run(global, verb),
        #[cfg(unix)]
        Noun::Slot(verb) => slot::run(global, verb),
        Noun::Meter(verb) => meter::run(global, verb),
        Noun::Server(verb) => server::run(global, verb),
        Noun::Reader(verb) => reader::run(global, verb),
        Noun::Apdu(options) => apdu::run(global, &options),
        Noun::Trace(verb) => trace::run(global, verb),
        Noun::Demo(options) => crate::demo::run(global, options),
        Noun::Completions(shell) => shell.run(global),
        Noun::Man(man) => man.run(),
    }
}
