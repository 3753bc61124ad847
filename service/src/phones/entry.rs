//! The one entry for frames, whatever brought them.

use super::ask::Desk;
use super::state::{Enrolling, Who, Whose, of_slip};
use crate::bucket::Buckets;
use crate::counter::Call;
use crate::figures::Figures;
use client::{Board, First, Heard, Keypair, Who as Named};
use parties::Session;
use parties::bank::phones::{self, Caller};
use scheme::subscription::Msisdn;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Semaphore;

/// What brought a frame. It is a hint for whoever looks for faults, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// A request over HTTP.
    Http,
    /// A TCP connection.
    Tcp,
    /// A WebSocket.
    WebSocket,
    /// A short message, and whom it says to be from.
    Sms(Option<Msisdn>),
    /// A multimedia message, and whom it says to be from.
    Mms(Option<Msisdn>),
}

impl Carrier {
    const fn name(&self) -> &'static str {
        match self {
            Carrier::Http => "http",
            Carrier::Tcp => "tcp",
            Carrier::WebSocket => "websocket",
            Carrier::Sms(_) => "sms",
            Carrier::Mms(_) => "mms",
        }
    }
}

/// What goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// A frame.
    pub bytes: Vec<u8>,
    /// The customer's registered number: where an answer by message goes, whoever the question was from. `None`: a repeat that is not
    /// looked up again, to be answered where the first answer went, or not at all.
    pub to: Option<Msisdn>,
}

/// All sessions with phones. Clones are of the same sessions.
#[derive(Clone)]
pub struct Phones {
    board: Arc<Mutex<Board<Whose>>>,
    desk: Desk,
    strangers: Arc<Semaphore>,
}

/// Requests of a phone in a minute: a person asks for a few.
const REQUESTS: u32 = 120;
/// Passwords that are stretched at once: each takes 64 MiB.
const STRETCHING: usize = 2;
/// First messages whose sender the counter is asked for at once. Anybody can make one, and the counter's queue is for all: whoever finds
/// no place meets with silence, and sends the same again.
const STRANGERS: usize = 8;

impl Phones {
    /// None yet. `own`: the server's static key; `paper`: the paper's variant is taken as well.
    pub fn new(
        session: &Session,
        own: Keypair,
        paper: bool,
        calls: SyncSender<Call>,
        figures: Arc<Figures>,
    ) -> Self {
        let stretching = Arc::new(Semaphore::new(STRETCHING));
        let asked = Arc::new(Mutex::new(Buckets::new(REQUESTS)));
        let desk =
            Desk { session: session.clone(), calls, figures, stretching, asked, begun: Instant::now() };
        let strangers = Arc::new(Semaphore::new(STRANGERS));
        Phones { board: Arc::new(Mutex::new(Board::new(own, paper))), desk, strangers }
    }

    /// Takes a frame, and gives the frame that answers it. `None`: silence. It goes on to its end when whoever brought the frame
    /// does not wait for it.
    pub async fn hear(&self, carrier: &Carrier, bytes: &[u8]) -> Option<Said> {
        let (phones, carrier, bytes) = (self.clone(), carrier.clone(), bytes.to_vec());
        // A carrier that breaks off must not leave a request under way for ever.
        tokio::spawn(async move { phones.heard(&carrier, &bytes).await }).await.ok().flatten()
    }

    fn board(&self) -> MutexGuard<'_, Board<Whose>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn heard(&self, carrier: &Carrier, bytes: &[u8]) -> Option<Said> {
        let now = self.desk.now().ok()?;
        let heard = self.board().hear(bytes, now);
        let kind = bytes.first().copied().unwrap_or_default();
        match heard {
            Heard::Silence => {
                tracing::debug!(carrier = carrier.name(), kind, bytes = bytes.len(), "silence");
                None
            }
            Heard::Answer(bytes) => Some(Said { bytes, to: None }),
            Heard::First(first) => self.first(first, now).await,
            Heard::Asked(asked) => {
                let whose = asked.whose.clone();
                let answer = match asked.request {
                    Err(_) => Some(super::ask::NOT_UNDERSTOOD),
                    Ok(request) => self.desk.ask(&whose, request).await,
                };
                let mut board = self.board();
                let Some(answer) = answer else {
                    // A later session of the same phone is in use: this one is over.
                    board.end(asked.place);
                    return None;
                };
                let bytes = board.answer(asked.place, asked.number, &answer, now)?;
                Some(Said { bytes, to: whose.msisdn() })
            }
        }
    }

    /// Answers a first message, if it is of somebody who is known. Nothing is done for it, but that a wrong code is counted.
    async fn first(&self, first: First, now: i64) -> Option<Said> {
        let _place = self.strangers.try_acquire().ok()?;
        let (who, mode, known_by) = (first.who(), first.mode(), first.digest());
        let whom = self.desk.look(move |counter, session| {
            let Some(whom) = phones::whom(session, &counter.desk, &who, mode)? else { return Ok(None) };
            let customer = counter.desk.books().customer(whom.customer)?;
            Ok(Some((whom, customer.map(|customer| customer.sim.msisdn))))
        });
        let (whom, msisdn) = whom.await.ok().flatten()?;
        let admitted = match first.admit(&whom.secret, whom.last, now) {
            Ok(admitted) => admitted,
            Err(unfit) => {
                tracing::debug!("{unfit}");
                let fresh = self.board().did_not_open(known_by, now);
                if let (Named::Slip(slip, _), true, client::Unfit::Secret) = (who, fresh, unfit) {
                    let spent = self.desk.visit(move |counter, session| {
                        phones::code_was_wrong(session, &mut counter.desk, slip)
                    });
                    // What could not be counted is said in the log of the server; outside there is silence all the same.
                    if let Err(error) = spent.await {
                        tracing::error!("a wrong code was not counted: {error}");
                    }
                }
                return None;
            }
        };
        let (time, marks) = (admitted.time, admitted.marks);
        let (of, who) = match (whom.name, who) {
            (Some(name), _) => (name, Who::Phone(Caller { name, time, marks })),
            (None, Named::Slip(slip, public)) => {
                (of_slip(slip), Who::Enrols(Enrolling { slip, mode, public, time, marks }))
            }
            (None, _) => return None,
        };
        let mut chance = self.desk.session.chance(&format!("handshake {}", hex::encode(known_by)));
        let whose = Whose::new(who, msisdn.clone());
        let bytes = self.board().begin(admitted, of, whose, &mut *chance, now)?;
        Some(Said { bytes, to: msisdn })
    }

    /// Sessions there are.
    pub fn sessions(&self) -> usize {
        self.board().sessions()
    }
}
