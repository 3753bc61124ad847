//! A message centre in a process of its own: servers bind to it, phones of the home are its network [docs/specs/smpp.md 5].

use super::post::{Counts, Goes, Room};
use super::slips::Slips;
use crate::denied::Denied;
use crate::listen::Ended;
use parties::phones::Exchange;
use parties::{Result, Session, Trouble};
use scheme::subscription::PhoneNumber;
use smpp::{Account, NoAccount, Number};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// Between two looks into the network.
const LOOK: Duration = Duration::from_millis(100);
/// Lines at once; more wait to be accepted.
const LINES: usize = 64;

/// A centre that is to run.
#[derive(Debug, Clone)]
pub struct CentreConfig {
    /// Where it listens: an address of this machine alone, as passwords come in clear.
    pub listen: SocketAddr,
    /// Who may bind.
    pub accounts: Vec<Account>,
    /// Its own number, without a plus sign.
    pub number: String,
    /// Whether the home's phones are its network; else there is no phone.
    pub phones: bool,
    /// What it does wrong.
    pub faults: Slips,
}

impl CentreConfig {
    /// Who may bind.
    ///
    /// # Errors
    /// A name or a password that has no place in a bind.
    pub fn account(name: &str, password: &str, number: &PhoneNumber) -> Result<Account> {
        let number = Number::international(number.as_str()).ok_or(NoAccount::Name(number.to_string()));
        number.and_then(|number| Account::new(name, password, number)).map_err(Trouble::new)
    }
}

/// What passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CentreReport {
    /// What ended it.
    pub ended: Ended,
    /// Messages taken from servers.
    pub taken: u64,
    /// Messages and receipts that servers took.
    pub delivered: u64,
    /// Octets of both.
    pub octets: u64,
}

/// Runs a centre until a signal comes. `ready` is called with the address once it listens.
///
/// # Errors
/// The address is taken or not of this machine; the home has no phones, or another centre runs there.
pub fn simulate_centre(
    session: &Session,
    config: &CentreConfig,
    ready: impl FnOnce(SocketAddr),
) -> Result<CentreReport> {
    if !config.listen.ip().is_loopback() {
        return Err(Trouble::new(Denied::Plain(config.listen)));
    }
    let numbers: Vec<&str> = config.accounts.iter().map(|account| account.number().digits.as_str()).collect();
    let exchange = match config.phones {
        true => Some(Exchange::open(session, &numbers, &config.number)?),
        false => None,
    };
    let room = Room::new(session.clone(), exchange, config.accounts.clone(), config.faults.clone());
    let desk = Desk { room: Arc::new(Mutex::new(room)), begun: Instant::now() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let ended = runtime.block_on(async {
        let taken = |source| Trouble::new(Denied::Listen { address: config.listen, source });
        let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        ready(listener.local_addr()?);
        let places = Arc::new(Semaphore::new(LINES));
        let mut looks = tokio::time::interval(LOOK);
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            };
            tokio::select! {
                _ = term.recv() => return Ok(Ended::Asked),
                _ = int.recv() => return Ok(Ended::Interrupted),
                _ = looks.tick() => desk.look()?,
                (accepted, place) = next => {
                    // A connection that went before it was accepted is nobody's.
                    let Ok((stream, _)) = accepted else { continue };
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        desk.line(stream).await;
                        drop(place);
                    });
                }
            }
        }
    });
    let ended: Result<Ended> = ended;
    let Counts { taken, delivered, octets } = desk.with(|room, _| room.counts);
    Ok(CentreReport { ended: ended?, taken, delivered, octets })
}

#[derive(Clone)]
struct Desk {
    room: Arc<Mutex<Room>>,
    begun: Instant,
}

impl Desk {
    fn with<T>(&self, work: impl FnOnce(&mut Room, Duration) -> T) -> T {
        work(&mut self.room.lock().unwrap_or_else(PoisonError::into_inner), self.begun.elapsed())
    }

    fn look(&self) -> Result<()> {
        self.with(Room::look)
    }

    /// One line, until either end has enough.
    async fn line(&self, mut stream: TcpStream) {
        let number = self.with(Room::open);
        let mut buffer = [0; 4096];
        loop {
            // Nothing read within a moment: there may be something to say.
            let heard = match tokio::time::timeout(LOOK, stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(length)) => buffer.get(..length).unwrap_or_default(),
                Err(_) => &[],
            };
            let (said, goes) = match self.with(|room, now| room.hear(number, heard, now)) {
                Ok(Ok(said)) => said,
                // Its disk is full, say: the line ends, and what was not answered is sent again.
                Ok(Err(error)) => {
                    tracing::error!("the message centre cannot go on: {error}");
                    break;
                }
                Err(_) => break,
            };
            if stream.write_all(&said).await.is_err() || goes == Goes::Cut {
                break;
            }
        }
        self.with(|room, _| room.close(number));
    }
}
