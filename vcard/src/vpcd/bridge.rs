//! One card in one reader: connect, answer, connect again.

use super::message::Request;
use super::{Contacts, Line};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use wire::ChannelError;

/// How a bridge connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Where the reader listens.
    pub address: SocketAddr,
    /// Pauses between tries while it does not.
    pub backoff: Backoff,
    /// How long one try may take.
    pub patience: Duration,
    /// A reader that asks nothing for so long after a connection is reported as [`Event::Silent`].
    pub silence: Duration,
    /// A reader that looks at the card for so long and gives it no power did not see the last one go: the card is taken
    /// out once, for `absence`, and put in again [docs/specs/vpcd.md 4].
    pub unpowered: Duration,
    /// How long a card must be away for its reader to see it go.
    pub absence: Duration,
    /// Whether to acknowledge what the reader sends at once. Without it every exchange waits some 40 ms for a timer
    /// of the network; a switch for measuring just that.
    pub quick_ack: bool,
}

/// pcscd looks for cards every 400 ms.
pub const ABSENCE: Duration = Duration::from_millis(700);

impl Settings {
    /// The usual settings for a reader at an address.
    pub const fn at(address: SocketAddr) -> Self {
        Settings {
            address,
            backoff: Backoff { first: Duration::from_millis(100), most: Duration::from_secs(2) },
            patience: Duration::from_secs(2),
            silence: Duration::from_secs(3),
            unpowered: Duration::from_millis(1500),
            absence: ABSENCE,
            quick_ack: true,
        }
    }
}

/// Pauses between tries: each twice as long as the one before, up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row, counted from 0.
    pub fn pause(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }
}

/// What a bridge has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// No reader listens; tries go on. Told once, until a reader has spoken.
    Seeking {
        /// Why the first try failed.
        reason: String,
    },
    /// Connected, but the reader asks nothing: its slot may hold another card. Told once, until it speaks.
    Silent,
    /// The reader spoke: the card is in.
    Connected,
    /// The reader is gone; tries to find it again go on.
    Lost {
        /// Why.
        reason: String,
        /// The card had carried out a command, and the reader went before it took the answer.
        unheard: bool,
    },
    /// The reader looked at the card and gave it no power; the card is taken out for a moment, so that it sees it come.
    Unpowered,
    /// The card left by itself; the connection is closed and stays so.
    Left {
        /// Why.
        error: ChannelError,
    },
}

/// Where a bridge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It looks for its reader.
    Seeking,
    /// Connected, and the reader has not spoken yet.
    Silent,
    /// The card is in the reader.
    Connected,
    /// The card left by itself.
    Left,
}

/// A card in a reader, from [`Bridge::insert`] to [`Bridge::remove`].
pub struct Bridge<C> {
    shared: Arc<Shared<C>>,
    thread: JoinHandle<()>,
}

struct Shared<C> {
    /// Held during an act of the card, never while waiting.
    card: Mutex<C>,
    life: Mutex<Life>,
    changed: Condvar,
    commands: AtomicU64,
}

struct Life {
    state: State,
    ending: bool,
    stream: Option<TcpStream>,
}

/// A panic elsewhere leaves a card or a state that is whole: both change in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Contacts + Send + 'static> Bridge<C> {
    /// Puts a card in: looks for the reader, and answers it, on a thread of its own. `observer` hears what happens,
    /// on that thread; it must not wait for the bridge.
    pub fn insert(
        card: C,
        settings: Settings,
        observer: impl FnMut(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let life = Life { state: State::Seeking, ending: false, stream: None };
        let shared = Arc::new(Shared {
            card: Mutex::new(card),
            life: Mutex::new(life),
            changed: Condvar::new(),
            commands: AtomicU64::new(0),
        });
        let mut server = Server { shared: shared.clone(), settings, observer, told: None };
        let thread = thread::Builder::new().name("vpcd".into()).spawn(move || server.run())?;
        Ok(Bridge { shared, thread })
    }

    /// Takes the card out: the reader sees it go, between two commands. Gives it back without power.
    pub fn remove(self) -> C {
        {
            let mut life = lock(&self.shared.life);
            life.ending = true;
            if let Some(stream) = &life.stream {
                let _ = stream.shutdown(Shutdown::Both); // it may be closed already
            }
            self.shared.changed.notify_all();
        }
        let _ = self.thread.join(); // a panic in there is told on stderr
        let mut shared = self.shared;
        // The thread has ended, and its share with it.
        let shared = loop {
            match Arc::try_unwrap(shared) {
                Ok(shared) => break shared,
                Err(held) => shared = held,
            }
            thread::yield_now();
        };
        let mut card = shared.card.into_inner().unwrap_or_else(PoisonError::into_inner);
        card.power_off();
        card
    }

    /// Does something to the card between two commands.
    pub fn with_card<T>(&self, act: impl FnOnce(&mut C) -> T) -> T {
        act(&mut lock(&self.shared.card))
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        lock(&self.shared.life).state
    }

    /// Waits until it stands there, or until `patience` ends; says where it stands then.
    pub fn wait_for(&self, state: State, patience: Duration) -> State {
        let end = Instant::now() + patience;
        let mut life = lock(&self.shared.life);
        while life.state != state {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            life = self.shared.changed.wait_timeout(life, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        life.state
    }

    /// Commands the card has answered since it was put in.
    pub fn commands(&self) -> u64 {
        self.shared.commands.load(Ordering::Relaxed)
    }
}

/// Why a connection ended.
enum End {
    /// [`Bridge::remove`].
    Removed,
    /// The reader went.
    Lost { reason: String, spoke: bool, unheard: bool },
    /// The reader holds on to what it thinks of the last card.
    Unpowered,
    /// The card went.
    Left(ChannelError),
}

/// What was told last of an outage, so that it is told once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastSaid {
    Seeking,
    Silent,
}

/// What passed over one connection.
#[derive(Clone, Copy)]
struct Session {
    /// The reader sent a message.
    spoke: bool,
    /// The last one was a command.
    commanded: bool,
    /// It gave the card power, or a command, or was helped to do so once.
    powered: bool,
}

struct Server<C, F> {
    shared: Arc<Shared<C>>,
    settings: Settings,
    observer: F,
    told: Option<LastSaid>,
}

impl<C: Contacts, F: FnMut(Event)> Server<C, F> {
    fn run(&mut self) {
        let (mut failures, mut helped) = (0, false);
        while !lock(&self.shared.life).ending {
            let Settings { address, patience, quick_ack, .. } = self.settings;
            let end = match Line::connect(address, patience, quick_ack) {
                Ok(line) => self.serve(line, helped),
                Err(error) => End::Lost { reason: words(&error), spoke: false, unheard: false },
            };
            match end {
                End::Removed => return,
                End::Left(error) => {
                    lock(&self.shared.card).power_off();
                    self.enter(State::Left);
                    (self.observer)(Event::Left { error });
                    return;
                }
                End::Unpowered => {
                    helped = true;
                    self.enter(State::Seeking);
                    (self.observer)(Event::Unpowered);
                    if self.pause(self.settings.absence) {
                        return;
                    }
                }
                End::Lost { reason, spoke, unheard } => {
                    self.enter(State::Seeking);
                    if spoke {
                        lock(&self.shared.card).power_off();
                        (failures, helped) = (0, false);
                        self.told = None;
                        (self.observer)(Event::Lost { reason, unheard });
                    } else {
                        self.tell_once(LastSaid::Seeking, Event::Seeking { reason });
                    }
                    if self.pause(self.settings.backoff.pause(failures)) {
                        return;
                    }
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Waits; true when the card is taken out meanwhile.
    fn pause(&self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        let mut life = lock(&self.shared.life);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if life.ending || left.is_zero() {
                return life.ending;
            }
            life = self.shared.changed.wait_timeout(life, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn enter(&self, state: State) {
        let mut life = lock(&self.shared.life);
        life.state = state;
        if matches!(state, State::Seeking | State::Left) {
            life.stream = None;
        }
        self.shared.changed.notify_all();
    }

    fn tell_once(&mut self, told: LastSaid, event: Event) {
        if self.told != Some(told) {
            self.told = Some(told);
            (self.observer)(event);
        }
    }

    /// Answers a reader until it goes, or the card does.
    fn serve(&mut self, mut line: Line, helped: bool) -> End {
        let mut session = Session { spoke: false, commanded: false, powered: helped };
        let begun = Instant::now();
        let ready = line.patience(Some(self.settings.silence)).and_then(|()| line.stream());
        match ready {
            Ok(stream) => lock(&self.shared.life).stream = Some(stream),
            Err(error) => return self.lost(&error, session),
        }
        // Taken out before there was a stream to shut down.
        if lock(&self.shared.life).ending {
            return End::Removed;
        }
        self.enter(State::Silent);
        loop {
            let first = !session.spoke;
            let answer = match line.receive() {
                Ok(Some(message)) => {
                    if first {
                        self.spoken();
                    }
                    let request = Request::of(message);
                    session.spoke = true;
                    session.commanded = matches!(request, Request::Command(_));
                    session.powered |= session.commanded || request == Request::PowerOn;
                    if !session.powered && begun.elapsed() > self.settings.unpowered {
                        return End::Unpowered;
                    }
                    self.act(request)
                }
                Ok(None) => return self.lost(&ErrorKind::UnexpectedEof.into(), session),
                Err(error)
                    if first && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    self.tell_once(LastSaid::Silent, Event::Silent);
                    continue;
                }
                Err(error) => return self.lost(&error, session),
            };
            let sent = match answer {
                Ok(None) => Ok(()),
                Ok(Some(answer)) => line.send(&answer),
                Err(error) => return End::Left(error),
            };
            // A reader that spoke may be silent as long as it likes.
            let ready = if first { sent.and_then(|()| line.patience(None)) } else { sent };
            if let Err(error) = ready {
                return self.lost(&error, session);
            }
        }
    }

    fn spoken(&mut self) {
        self.told = None;
        self.enter(State::Connected);
        (self.observer)(Event::Connected);
    }

    fn lost(&self, error: &io::Error, session: Session) -> End {
        if lock(&self.shared.life).ending {
            return End::Removed;
        }
        // A reader that closes with everything read ends the stream; one that goes with an answer unread breaks it.
        let unheard = session.commanded && error.kind() != ErrorKind::UnexpectedEof;
        End::Lost { reason: words(error), spoke: session.spoke, unheard }
    }

    /// Does what a reader asks. `None`: nothing is answered.
    fn act(&self, request: Request<'_>) -> Result<Option<Vec<u8>>, ChannelError> {
        let mut card = lock(&self.shared.card);
        match request {
            Request::Nothing | Request::Unknown(_) => Ok(None),
            Request::PowerOff => {
                card.power_off();
                Ok(None)
            }
            Request::PowerOn | Request::Reset => card.reset().map(|_| None),
            Request::Atr => Ok(Some(card.atr())),
            Request::Command(command) => {
                let answer = card.transmit(command)?;
                self.shared.commands.fetch_add(1, Ordering::Relaxed);
                Ok(Some(answer))
            }
        }
    }
}

/// Why a connection failed, in words about the reader.
fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there".into(),
        ErrorKind::UnexpectedEof => "it closed the connection".into(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "it broke the connection".into(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "it takes no answer".into(),
        _ => error.to_string(),
    }
}
