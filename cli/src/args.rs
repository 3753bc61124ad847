//! The command line, as data.

use crate::call::Options;
use crate::nouns::{
    apdu, bank, card, city, demo, esam, explain, home, issue, kdc, meter, operator, production_card, prove,
    psam, reader, receipt, server, sim, stock, test_card, trace, user_card,
};
#[cfg(feature = "service")]
use crate::nouns::{company, simulate};
#[cfg(unix)]
use crate::nouns::{phone, slot};
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Cards and SIMs of prepayment electricity meters: keys, issuing, purchase, meter and settlement.
#[derive(Debug, Parser)]
#[command(name = "gridcard", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub options: Options,
    /// Noun.
    #[command(subcommand)]
    pub noun: Noun,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the card or the data said no, 2 usage, 3 reader or card absent or \
lost, 4 security stop (another role's act, formal keys where they do not belong), 130 interrupted.\n\n\
Data goes to stdout, talk to stderr.";

/// What a command is about.
#[derive(Debug, Subcommand)]
pub enum Noun {
    /// The province: ceremony, main control card, issuing cards.
    #[command(subcommand)]
    Kdc(kdc::Verb),
    /// A city office: takes its issuing cards into use.
    #[command(subcommand)]
    City(city::Verb),
    /// Virtual cards: new ones, scripts of APDUs, what a card holds.
    #[command(subcommand)]
    Card(card::Verb),
    /// PSAMs of bank offices, issued by a city.
    #[command(subcommand)]
    Psam(psam::Verb),
    /// ESAMs of meters, issued by a city.
    #[command(subcommand)]
    Esam(esam::Verb),
    /// Batches: many cards of one request, made, checked and kept, whatever interrupts them.
    #[command(subcommand)]
    Issue(issue::Verb),
    /// The stock of an office: chips and meters from blank to retired, where each is, what happened to it.
    #[command(subcommand)]
    Stock(stock::Verb),
    /// Production test cards, issued by a city.
    #[command(subcommand)]
    TestCard(test_card::Verb),
    /// Customers' classic purchase cards, issued by a city.
    #[command(subcommand)]
    UserCard(user_card::Verb),
    /// Cards that number, preset and key meters while they are made, issued and written by a city.
    #[command(subcommand)]
    ProductionCard(production_card::Verb),
    /// Customers' SIMs: make, read, write, carry.
    #[command(subcommand)]
    Sim(sim::Verb),
    /// The slots of a running `card serve`: put cards in, take them out, reset them.
    #[cfg(unix)]
    #[command(subcommand)]
    Slot(slot::Verb),
    /// Meters: pair, insert a SIM, consume.
    #[command(subcommand)]
    Meter(meter::Verb),
    /// Try what is claimed: cuts, tampering, guessing, years of a whole world. Prints a scoreboard.
    Prove(prove::Options),
    /// Phones: a SIM behind AT commands, and the network between them.
    #[cfg(unix)]
    #[command(subcommand)]
    Phone(phone::Verb),
    /// Signed receipts, for whoever has to believe them.
    #[command(subcommand)]
    Receipt(receipt::Verb),
    /// The bank's payment server: register, sell, settle.
    Server(server::Server),
    /// Payments through customers' banks, and the bank's day.
    Bank(bank::Bank),
    /// Other parties' machines, to try ours against.
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Simulate(simulate::Verb),
    /// The power company: contracts, tariffs and blocks in, what was sold and settled out.
    #[cfg(feature = "service")]
    Company(company::Company),
    /// Operators of a party: who may act in its home, and which requests wait for a second person.
    #[command(subcommand)]
    Operator(operator::Verb),
    /// Approve an act that another operator asked for with --request, and do it.
    Approve {
        /// The request, 8 hexadecimal digits.
        id: String,
    },
    /// A home: look it over, back it up, put it back, bring it up to date.
    #[command(subcommand)]
    Home(home::Verb),
    /// Readers: which there are, what comes and goes, what is missing.
    #[command(subcommand)]
    Reader(reader::Verb),
    /// Say what a file, a card or some bytes are, what they say, and the first check they fail.
    Explain(explain::Options),
    /// Send raw commands to any card and say what they and their answers mean.
    Apdu(apdu::Options),
    /// Traces of APDUs.
    #[command(subcommand)]
    Trace(trace::Verb),
    /// The whole offline life on virtual cards, as a timeline.
    Demo(demo::Options),
    /// Shell completions on stdout.
    Completions {
        /// Shell.
        shell: Shell,
    },
    /// Man pages into a folder.
    Man {
        /// Folder for the pages.
        folder: PathBuf,
    },
}
