//! The place where all parties are.

use crate::cards::Hands;
use crate::carrier::Post;
use crate::clock::WorldClock;
use keys::Zeroizing;
use parties::cards::Traffic;
use parties::places::Everywhere;
use parties::trouble::Result;
use parties::{Deed, Secrets, Session};
use reader::cards::Readers;
use scheme::{Chance, Chances, Moment};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use vcard::{CardFiles, CardsInMemory, OsChance, SeededChances};

/// PIN of every card of a world. TEST PIN, published here.
pub const PIN: &str = "123456";
/// PIN of the second person at every card of a world that wants two. TEST PIN, published here.
pub const SECOND_PIN: &str = "654321";

/// All parties in one home, with a clock, cards and a network of their own. Acts are done one after another.
pub struct World {
    session: Session,
    clock: WorldClock,
    cards: Arc<Hands>,
    post: Arc<Post>,
    /// Kept apart from that of the cards: the labels of an act begin with its number.
    chances: Arc<dyn Chances + Send + Sync>,
    acts: AtomicU64,
    traffic: Traffic,
}

impl World {
    /// A world at a moment, whose cards and messages are in memory; its logs and books are in a home. With a seed everything in it
    /// happens again, byte for byte. A world is repeated as a whole, so from now on nothing in this process waits for the medium
    /// ([`disk::wait_for_nothing`]).
    pub fn new(home: impl Into<PathBuf>, at: Moment, seed: Option<u64>) -> Self {
        let home = home.into();
        let (chances, clock) = (chances(seed, &home), WorldClock::at(at));
        let cards = Arc::new(CardsInMemory::new(chances.clone()));
        let post = Post::new(clock.clone());
        World::of(home, clock, chances, cards, post)
    }

    /// The same for a home that is kept: its cards and messages are files in it, or the cards stand in readers. `program` is what others hear who wait for a
    /// card it holds.
    pub fn kept(home: impl Into<PathBuf>, at: Moment, seed: Option<u64>, program: &str) -> Self {
        let home = home.into();
        let (chances, clock, patience) = (chances(seed, &home), WorldClock::at(at), Duration::from_secs(10));
        let files = CardFiles::new(chances.clone(), patience, program);
        let cards = Arc::new(Everywhere::new(files, Readers { patience }));
        let post = Post::in_files(clock.clone());
        World::of(home, clock, chances, cards, post)
    }

    fn of(
        home: PathBuf,
        clock: WorldClock,
        chances: Arc<dyn Chances + Send + Sync>,
        cards: Arc<dyn scheme::Cards>,
        post: Post,
    ) -> Self {
        disk::wait_for_nothing();
        let (cards, post) = (Arc::new(Hands::new(cards)), Arc::new(post));
        let mut session = Session::new(home, Arc::new(clock.clone()), chances.clone(), cards.clone());
        session.secrets = Arc::new(Published);
        session.carrier = post.clone();
        World { session, clock, cards, post, chances, acts: AtomicU64::new(0), traffic: Traffic::default() }
    }

    /// The same, and every APDU goes into a file, secrets hidden.
    #[must_use]
    pub fn traced(mut self, trace: Option<PathBuf>) -> Self {
        self.session.trace = trace;
        self
    }

    /// The clock, which stands until somebody moves it.
    pub const fn clock(&self) -> &WorldClock {
        &self.clock
    }

    /// The cards, which somebody may pull.
    pub fn cards(&self) -> &Hands {
        &self.cards
    }

    /// The network between bank and SIMs.
    pub fn post(&self) -> &Post {
        &self.post
    }

    /// The home of all parties.
    pub fn home(&self) -> &Path {
        &self.session.home
    }

    /// Does an act of a party, with the line of its log.
    ///
    /// # Errors
    /// Those of the act, and of a log that cannot be kept.
    pub fn act<T>(&self, deed: Deed, act: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        let mut session = self.session.anew(deed);
        let number = self.acts.fetch_add(1, Ordering::Relaxed);
        session.chances = Arc::new(OfAct { number, chances: self.chances.clone() });
        let done = session.act(act);
        self.traffic.add(&session.course.traffic);
        done
    }

    /// The end of it: its home is removed, with every card in it.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn remove(self) -> std::io::Result<()> {
        std::fs::remove_dir_all(&self.session.home)
    }

    /// What all acts so far exchanged with cards.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

fn chances(seed: Option<u64>, home: &Path) -> Arc<dyn Chances + Send + Sync> {
    match seed {
        Some(seed) => Arc::new(InHome { home: home.display().to_string(), chances: SeededChances(seed) }),
        None => Arc::new(OsChance),
    }
}

/// Streams of a seed for what stands in a home, wherever that is: a card is named by its place, and the place of a world's home is
/// chance of another kind.
struct InHome {
    home: String,
    chances: SeededChances,
}

impl Chances for InHome {
    fn stream(&self, label: &str) -> Box<dyn Chance + Send> {
        self.chances.stream(&label.replace(&self.home, "home"))
    }

    fn is_seeded(&self) -> bool {
        self.chances.is_seeded()
    }
}

/// Streams of one act: two acts that use the same label get different bytes of one seed.
struct OfAct {
    number: u64,
    chances: Arc<dyn Chances + Send + Sync>,
}

impl Chances for OfAct {
    fn stream(&self, label: &str) -> Box<dyn Chance + Send> {
        self.chances.stream(&format!("act {}: {label}", self.number))
    }

    fn is_seeded(&self) -> bool {
        self.chances.is_seeded()
    }
}

/// Whoever is asked for a PIN says the published one.
struct Published;

impl Secrets for Published {
    fn ask(&self, prompt: &str) -> Result<Zeroizing<String>> {
        let second = prompt.contains("second officer") || prompt.contains("supervisor");
        Ok(Zeroizing::new(if second { SECOND_PIN } else { PIN }.to_owned()))
    }

    fn ask_openly(&self, _: &str) -> Result<String> {
        Ok(String::new())
    }

    fn is_person(&self) -> bool {
        false
    }
}
