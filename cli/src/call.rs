//! One call of the command: its options, and the session built from them.

use crate::clock::{self, SystemClock};
use crate::terminal::Terminal;
use clap::Args;
use parties::places::Everywhere;
use parties::session::Actors;
use parties::{Result, Session};
use reader::cards::Readers;
use scheme::{Chances, Clock, Moment};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use vcard::{CardFiles, OsChance, SeededChances};

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Folder of the parties (province, city-CODE, bank, meters, sims, phones), or of one of them.
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
}

/// What the words of a command line say beside its options.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// Noun and verb.
    pub command: String,
    /// Its arguments, as a request for a second person keeps them; empty when it asks for nobody.
    pub arguments: Vec<String>,
    /// Nothing is to be done.
    pub rehearsal: bool,
}

/// One call of the command: what it was asked, and the session built from that, which its acts get.
#[derive(Clone)]
pub struct Call {
    /// What it was asked, whatever its noun.
    pub options: Options,
    /// The session of the act.
    pub session: Session,
    /// The virtual cards of this machine.
    pub files: CardFiles,
    /// Whether the one JSON object is out; an error after it has only stderr left.
    pub answered: Arc<AtomicBool>,
    /// Whether a signal ended what would have gone on.
    pub interrupted: Arc<AtomicBool>,
    /// Whether the answer could not be written; the command has failed then, whatever it did.
    pub unheard: Arc<AtomicBool>,
}

/// An act takes the call for its session.
impl Deref for Call {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Call {
    /// A call of these options and of the words of its command line.
    ///
    /// # Errors
    /// The home is no path.
    pub fn new(options: Options, line: Line) -> Result<Self> {
        let chances: Arc<dyn Chances + Send + Sync> = match options.seed {
            Some(seed) => Arc::new(SeededChances(seed)),
            None => Arc::new(OsChance),
        };
        let files = CardFiles::new(chances.clone(), options.patience(), line.command.clone());
        let session = options.session(line, chances, files.clone())?;
        let [answered, interrupted, unheard] = [(); 3].map(|()| Arc::default());
        Ok(Call { options, session, files, answered, interrupted, unheard })
    }

    /// The same call with another session.
    #[must_use]
    pub fn with(&self, session: Session) -> Self {
        Call { session, ..self.clone() }
    }
}

impl Options {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.wait.into())
    }

    /// The one session that an act gets.
    fn session(
        &self,
        line: Line,
        chances: Arc<dyn Chances + Send + Sync>,
        files: CardFiles,
    ) -> Result<Session> {
        let clock: Arc<dyn Clock + Send + Sync> = match self.at {
            Some(at) => Arc::new(at),
            None => Arc::new(SystemClock),
        };
        let cards = Arc::new(Everywhere::new(files, Readers { patience: self.patience() }));
        let terminal = Arc::new(Terminal { json: self.json });
        Ok(Session {
            notes: terminal.clone(),
            secrets: terminal,
            actors: Actors {
                operator: self.operator.clone(),
                password_file: self.operator_password_file.clone(),
                second: self.second_operator.clone(),
                second_password_file: self.second_password_file.clone(),
                request: self.request,
            },
            allow_clock_back: self.allow_clock_back,
            patience: self.patience(),
            trace: self.trace.clone(),
            rehearsal: line.rehearsal,
            arguments: line.arguments,
            ..Session::new(clock::home(self.home.as_deref())?, clock, chances, cards)
        })
    }
}
