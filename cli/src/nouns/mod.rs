//! One file a noun.

pub mod apdu;
pub mod audit;
pub mod card;
pub mod city;
pub mod esam;
pub mod issue;
pub mod kdc;
pub mod meter;
pub mod operator;
pub mod psam;
pub mod reader;
pub mod revoked;
pub mod server;
pub mod shell;
pub mod sim;
#[cfg(unix)]
pub mod slot;
pub mod stock;
pub mod test_card;
pub mod trace;

use crate::args::{Cli, Global, Noun};
use crate::people;
use parties::trouble::Result;

/// What a command is to its party's log, and to whoever runs it. Each noun says it of each of its verbs, without a
/// default: a new verb does not compile until somebody has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deed {
    /// It looks, or makes nothing that belongs to a party.
    #[default]
    Look,
    /// It costs money, a key or a card: one person does it, and the log keeps it by this fixed name, a failure too.
    One(&'static str),
    /// The same, and it wants two people, always or in formal state.
    Two(&'static str),
}

impl Deed {
    /// Its name in the log; `None` for a look.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Deed::Look => None,
            Deed::One(name) | Deed::Two(name) => Some(name),
        }
    }

    /// Whether it goes on when the clock went back: money follows MAC and count, never a clock.
    pub fn asks_no_clock(self) -> bool {
        self.name() == Some("server settle")
    }
}

/// Runs a command line.
pub fn run(cli: Cli) -> Result<()> {
    let Cli { mut global, noun } = cli;
    global.deed = deed(&noun);
    people::must_fit(&global)?;
    let done = each(&global, noun)
        .and_then(|()| global.deed.name().map_or(Ok(()), |act| crate::audit::done(&global, act)));
    if let (Err(error), Some(act)) = (&done, global.deed.name()) {
        crate::audit::failed(&global, act, error);
    }
    done
}

/// What a command is.
fn deed(noun: &Noun) -> Deed {
    match noun {
        Noun::Kdc(verb) => verb.deed(),
        Noun::City(verb) => verb.deed(),
        Noun::Psam(verb) => verb.deed(),
        Noun::Esam(verb) => verb.deed(),
        Noun::Issue(verb) => verb.deed(),
        Noun::Stock(verb) => verb.deed(),
        Noun::TestCard(verb) => verb.deed(),
        Noun::Sim(verb) => verb.deed(),
        Noun::Meter(verb) => verb.deed(),
        Noun::Server(verb) => verb.deed(),
        Noun::Operator(verb) => verb.deed(),
        // The act that is approved is noted as what it is.
        Noun::Approve(_) => Deed::One("approve"),
        // Tools for any card, of no party.
        Noun::Card(_) | Noun::Reader(_) | Noun::Apdu(_) | Noun::Trace(_) => Deed::Look,
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
        Noun::Operator(verb) => operator::run(global, &verb),
        Noun::Approve(options) => operator::approve(global, &options),
        Noun::Reader(verb) => reader::run(global, verb),
        Noun::Apdu(options) => apdu::run(global, &options),
        Noun::Trace(verb) => trace::run(global, verb),
        Noun::Demo(options) => crate::demo::run(global, options),
        Noun::Completions(shell) => shell.run(global),
        Noun::Man(man) => man.run(),
    }
}
