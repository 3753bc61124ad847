//! The command line, as data.

#[cfg(unix)]
use crate::nouns::slot;
use crate::nouns::{
    Deed, apdu, card, city, esam, issue, kdc, meter, operator, psam, reader, server, shell, sim, stock,
    test_card, trace,
};
use crate::people::People;
use clap::{Args, Parser, Subcommand};
use scheme::moment::Moment;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Cards and SIMs of prepayment electricity meters: keys, issuing, purchase, meter and settlement.
#[derive(Debug, Parser)]
#[command(name = "gridcard", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// Noun.
    #[command(subcommand)]
    pub noun: Noun,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the card or the data said no, 2 usage, 3 reader or card absent or \
lost, 4 security stop (another role's act, formal keys where they do not belong), 130 interrupted.\n\n\
Data goes to stdout, talk to stderr.";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Folder of the parties (province, city-CODE, bank, meters, sims), or of one of them.
    #[arg(long, global = true, env = "GRIDCARD_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// One JSON object on stdout instead of words and tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// The time to act at, UTC+8, as 2026-11-22T08:00:00; default: now.
    #[arg(long, global = true, value_name = "TIME")]
    pub at: Option<Moment>,
    /// Append every APDU to this file, secrets hidden.
    #[arg(long, global = true, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Tell how long the cards' lines would take at 9600 bit/s, processing aside: on stderr, or as `wire_time`.
    #[arg(long, global = true)]
    pub wire_time: bool,
    /// Take random numbers from this seed, so that a run repeats. For tests and demos, never for money.
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// The operator who acts; his password is asked. Default: the operator that the user of the machine is, or in a home
    /// without operators that user.
    #[arg(long, global = true, env = "GRIDCARD_OPERATOR", value_name = "NAME")]
    pub operator: Option<String>,
    /// File with that operator's password (`-`: stdin). Default: a prompt.
    #[arg(long, global = true, value_name = "FILE")]
    pub operator_password_file: Option<PathBuf>,
    /// The second operator of an act that wants two people.
    #[arg(long, global = true, value_name = "NAME")]
    pub second_operator: Option<String>,
    /// File with the second operator's password (`-`: stdin). Default: a prompt.
    #[arg(long, global = true, value_name = "FILE")]
    pub second_password_file: Option<PathBuf>,
    /// Of an act that wants two people write a request; it is done when another operator says `gridcard approve`.
    #[arg(long, global = true)]
    pub request: bool,
    /// Act although the clock stands before the last act; the audit log has both times.
    #[arg(long, global = true)]
    pub allow_clock_back: bool,
    /// How long to wait for a card or a store that another program holds, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10)]
    pub wait: u32,
    /// What the command is: a look, or an act of one person or of two.
    #[arg(skip)]
    pub deed: Deed,
    /// The arguments as they were given, the program's name first.
    #[arg(skip)]
    pub argv: Arc<Vec<std::ffi::OsString>>,
    /// What the act's line in the log will say beside its name.
    #[arg(skip)]
    pub facts: Arc<Mutex<Vec<(&'static str, String)>>>,
    /// Whether the act has a line of its own in the log already.
    #[arg(skip)]
    pub noted: Arc<AtomicBool>,
    /// Who acts, once he was asked.
    #[arg(skip)]
    pub people: Arc<People>,
    /// The folder of the party that acts, once a command has found it.
    #[arg(skip)]
    pub acting: Arc<Mutex<Option<PathBuf>>>,
    /// What all cards of this run exchanged.
    #[arg(skip)]
    pub traffic: Arc<Traffic>,
    /// Whether the one JSON object is out; an error after it has only stderr left.
    #[arg(skip)]
    pub answered: Arc<AtomicBool>,
    /// Whether a signal ended what would have gone on.
    #[arg(skip)]
    pub interrupted: Arc<AtomicBool>,
    /// Whether the answer could not be written; the command has failed then, whatever it did.
    #[arg(skip)]
    pub unheard: Arc<AtomicBool>,
}

impl Global {
    /// How long to wait for what another program holds.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }
}

/// APDUs and bytes between cards and their terminals.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Commands.
    pub apdus: AtomicU64,
    /// Bytes of commands and answers, ATRs among them.
    pub bytes: AtomicU64,
    /// Resets.
    pub resets: AtomicU64,
    /// Least time on the cards' lines, in etu.
    pub etu: AtomicU64,
    /// The first command whose answer got lost with its card.
    lost: Mutex<Option<Lost>>,
}

impl Traffic {
    /// Keeps a command whose answer got lost; the first stays.
    pub fn lose(&self, lost: Lost) {
        if let Ok(mut first) = self.lost.lock() {
            first.get_or_insert(lost);
        }
    }

    /// The command whose answer got lost.
    pub fn lost(&self) -> Option<Lost> {
        self.lost.lock().ok()?.clone()
    }
}

/// A command under way when its card was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Which card, in words.
    pub card: String,
    /// CLA INS P1 P2, without any data.
    pub header: Vec<u8>,
}

impl Lost {
    /// A command to a card.
    pub fn of(card: &str, command: &[u8]) -> Self {
        Lost { card: card.to_owned(), header: command[..command.len().min(4)].to_vec() }
    }
}

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
    /// The bank's payment server: register, sell, settle.
    #[command(subcommand)]
    Server(server::Verb),
    /// Operators of a party: who may act in its home, and which requests wait for a second person.
    #[command(subcommand)]
    Operator(operator::Verb),
    /// Approve an act that another operator asked for with --request, and do it.
    Approve(operator::Approve),
    /// Readers: which there are, what comes and goes, what is missing.
    #[command(subcommand)]
    Reader(reader::Verb),
    /// Send raw commands to any card and say what they and their answers mean.
    Apdu(apdu::Options),
    /// Traces of APDUs.
    #[command(subcommand)]
    Trace(trace::Verb),
    /// The whole offline life on virtual cards, as a timeline.
    Demo(crate::demo::Options),
    /// Shell completions on stdout.
    Completions(shell::Completions),
    /// Man pages into a folder.
    Man(shell::Man),
}
