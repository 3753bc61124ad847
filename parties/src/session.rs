//! What an act is given: the time, chance, the cards, a carrier, somebody to talk to, and who acts.

mod act;

use crate::cards::traffic::Traffic;
use crate::carrier::{Carrier, Files};
use crate::held::Held;
use crate::people::requested::Requested;
use crate::people::who::People;
use crate::trouble::{Context, Result, Trouble, refused, security};
use keys::Zeroizing;
use scheme::{Cards, Chance, Chances, Clock, Moment};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Somebody to talk to while an act goes on; what it gives in the end is its report.
pub trait Notes: Send + Sync {
    /// One thing that is worth knowing, without a line break at its end.
    fn say(&self, words: &str);
}

/// Nobody listens.
impl Notes for () {
    fn say(&self, _: &str) {}
}

/// Somebody who knows what no file says.
pub trait Secrets: Send + Sync {
    /// A line that nobody else sees.
    ///
    /// # Errors
    /// Nobody answered.
    fn ask(&self, prompt: &str) -> Result<Zeroizing<String>>;

    /// A line that is no secret; empty where nobody answers.
    ///
    /// # Errors
    /// The line cannot be read.
    fn ask_openly(&self, prompt: &str) -> Result<String>;

    /// Whether a person sits there, who may try again after a mistake.
    fn is_person(&self) -> bool;

    /// Whether a secret can be shown to the person alone.
    fn can_show(&self) -> bool {
        false
    }

    /// Shows a secret to the person alone.
    ///
    /// # Errors
    /// There is no screen that is only his.
    fn show(&self, _secret: &str) -> Result<()> {
        Err(refused("there is no screen to show a secret on").into())
    }

    /// Wipes what was shown.
    ///
    /// # Errors
    /// The screen cannot be written.
    fn wipe(&self) -> Result<()> {
        Ok(())
    }
}

/// Nobody is there to be asked.
impl Secrets for () {
    fn ask(&self, prompt: &str) -> Result<Zeroizing<String>> {
        Err(crate::trouble::Failure::new(
            scheme::Kind::Usage,
            format!("nobody was there to be asked: {prompt}"),
        )
        .into())
    }

    fn ask_openly(&self, _: &str) -> Result<String> {
        Ok(String::new())
    }

    fn is_person(&self) -> bool {
        false
    }
}

/// What a command is to its party's log, and to whoever runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deed {
    /// It looks, or makes nothing that belongs to a party.
    #[default]
    Look,
    /// It changes nothing of the party's business, and the log keeps by this fixed name who did it: a login, a look at a customer.
    Seen(&'static str),
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
            Deed::Seen(name) | Deed::One(name) | Deed::Two(name) => Some(name),
        }
    }

    /// Whether it does something that an auditor may not.
    pub const fn is_act(self) -> bool {
        matches!(self, Deed::One(_) | Deed::Two(_))
    }

    /// Whether it goes on when the clock went back: money follows MAC and count, and a bank's word, never a clock, and a look changes nothing.
    pub fn asks_no_clock(self) -> bool {
        matches!(self, Deed::Seen(_))
            || matches!(self.name(), Some("server settle" | "bank answer" | "bank ask"))
    }
}

/// Who acts, as far as he says it himself.
#[derive(Debug, Clone, Default)]
pub struct Actors {
    /// The operator who acts; default: the one that the user of the machine is.
    pub operator: Option<String>,
    /// File with his password.
    pub password_file: Option<PathBuf>,
    /// The second operator of an act that wants two.
    pub second: Option<String>,
    /// File with his password.
    pub second_password_file: Option<PathBuf>,
    /// Write a request instead, for a second person who comes later.
    pub request: bool,
}

/// What an act is given. Clones share what happens during it.
#[derive(Clone)]
pub struct Session {
    /// Folder of the parties, or of one of them.
    pub home: PathBuf,
    /// The time to act at.
    pub clock: Arc<dyn Clock + Send + Sync>,
    /// Random numbers.
    pub chances: Arc<dyn Chances + Send + Sync>,
    /// The cards.
    pub cards: Arc<dyn Cards>,
    /// Whoever carries orders and receipts.
    pub carrier: Arc<dyn Carrier>,
    /// Somebody to talk to.
    pub notes: Arc<dyn Notes>,
    /// Somebody to ask.
    pub secrets: Arc<dyn Secrets>,
    /// Who acts.
    pub actors: Actors,
    /// What it is.
    pub deed: Deed,
    /// Act although the clock stands before the last act.
    pub allow_clock_back: bool,
    /// How long to wait for what another program holds.
    pub patience: Duration,
    /// Every APDU goes into this file, secrets hidden.
    pub trace: Option<PathBuf>,
    /// Arguments of the command, as a request for a second person keeps them: no secret, nobody's login.
    pub arguments: Vec<String>,
    /// Nothing is done: the act leaves no line in the log.
    pub rehearsal: bool,
    /// The log in which the lines of acts that are kept together wait; `None`: an act's line is written when it is done.
    pub held: Option<Arc<Held>>,
    /// What happens during the act.
    pub course: Arc<Course>,
}

/// A party's folder that an act made, where there was none.
#[derive(Debug, Clone)]
pub(crate) struct Begun {
    /// It.
    pub folder: PathBuf,
    /// The first folder above it that the act made too, the home or one above that.
    pub home: Option<PathBuf>,
}

/// What happens during an act.
#[derive(Default)]
pub struct Course {
    /// What the act's line in the log will say beside its name.
    pub(crate) facts: Mutex<Vec<(&'static str, String)>>,
    /// Whether the act has a line of its own in the log already.
    pub(crate) noted: AtomicBool,
    /// Who acts, once he was asked.
    pub(crate) people: People,
    /// The folder of the party that acts, once it was found.
    pub(crate) acting: Mutex<Option<PathBuf>>,
    /// The folder of a party that the act made, where there was none.
    pub(crate) begun: Mutex<Option<Begun>>,
    /// The request that was written in the place of the act.
    pub(crate) requested: Mutex<Option<Requested>>,
    /// What all cards exchanged.
    pub traffic: Traffic,
}

impl Session {
    /// A session in a home, with messages in files and nobody to talk to or to ask.
    pub fn new(
        home: impl Into<PathBuf>,
        clock: Arc<dyn Clock + Send + Sync>,
        chances: Arc<dyn Chances + Send + Sync>,
        cards: Arc<dyn Cards>,
    ) -> Self {
        Session {
            home: home.into(),
            clock,
            chances,
            cards,
            carrier: Arc::new(Files),
            notes: Arc::new(()),
            secrets: Arc::new(()),
            actors: Actors::default(),
            deed: Deed::Look,
            allow_clock_back: false,
            patience: Duration::from_secs(10),
            trace: None,
            arguments: Vec::new(),
            rehearsal: false,
            held: None,
            course: Arc::default(),
        }
    }

    /// The same for another act: nobody was asked yet, nothing is noted.
    #[must_use]
    pub fn anew(&self, deed: Deed) -> Self {
        Session { deed, course: Arc::default(), ..self.clone() }
    }

    /// The time to act at.
    ///
    /// # Errors
    /// The clock tells none.
    pub fn now(&self) -> Result<Moment> {
        Ok(self.clock.now()?)
    }

    /// Random numbers for one use; `label` keeps the streams of a seed apart.
    pub fn chance(&self, label: &str) -> Box<dyn Chance + Send> {
        self.chances.stream(label)
    }

    /// A security stop when a seed was given for an act that must not repeat: a seed never makes formal keys, never answers
    /// for a card that holds some, and never makes a challenge that protects money. `what` is the act, or the card.
    ///
    /// # Errors
    /// There is a seed.
    pub fn must_be_unseeded(&self, what: &str) -> Result<()> {
        if !self.chances.is_seeded() {
            return Ok(());
        }
        Err(security(format!("--seed is for test keys: whoever knows it repeats {what}"))
            .hint("leave --seed out; with --test-root, or in a rehearsal, it may stay")
            .into())
    }

    /// Says something to whoever listens.
    pub fn say(&self, words: impl AsRef<str>) {
        self.notes.say(words.as_ref());
    }

    /// The folder of the party that acts, once it was found.
    pub fn acting(&self) -> Option<PathBuf> {
        self.course.acting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The request that was written in the place of the act, if one was: the act is not done.
    pub fn requested(&self) -> Option<Requested> {
        self.course.requested.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_noted(&self) -> bool {
        self.course.noted.load(Ordering::Relaxed)
    }
}

/// A folder where a party lays what it hands out.
///
/// # Errors
/// It cannot be made.
pub fn out(folder: &Path) -> Result<PathBuf> {
    let out = folder.join("out");
    disk::create_folder(&out)
        .map_err(Trouble::from)
        .with_context(|| format!("cannot make {}", out.display()))?;
    Ok(out)
}
