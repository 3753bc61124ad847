//! The server as a whole: its address, its thread at the counter, its end.

use crate::bucket::Buckets;
use crate::console::Peer;
use crate::counter::{Call, Connect, Counter};
use crate::denied::Denied;
use crate::figures::Figures;
use crate::http::{Shared, router};
use crate::teller::Teller;
use axum::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use parties::bank::Desk;
use parties::bank::pins::PinChoice;
use parties::trouble::Context;
use parties::{Result, Session, Trouble};
use server::{Bank, BankHost, Books, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

/// What a server is told at its start. It is not shown: a connection string may hold a password.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0: any that is free.
    pub listen: SocketAddr,
    /// The PSAMs' PINs, from files.
    pub pin: PinChoice,
    /// Connection string of books in PostgreSQL; `None`: those of the bank's folder.
    pub database: Option<String>,
    /// The name under which it books, where several servers share the books.
    pub server: String,
    /// Requests a minute of one key.
    pub rate: u32,
    /// The customers' bank; `None`: sales are paid in cash alone.
    pub bank: Option<BankLine>,
}

/// Where a bank host is, and how long it is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// Its address.
    pub address: String,
    /// What it does not answer within this time, it has not answered.
    pub patience: Duration,
}

/// What ended a server in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to end.
    Asked,
    /// Somebody interrupted it.
    Interrupted,
}

/// Requests that wait for the counter.
const QUEUE: usize = 64;
/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 256;
/// How long the head of a request may take to come.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How often it is looked whether the bank is to be asked again.
const BANK_TIME: Duration = Duration::from_secs(1);
/// How long connections have to end what they began, once the server is asked to end.
const END_TIME: Duration = Duration::from_secs(5);

/// Serves until a signal comes. `ready` is called with the address once it listens and the books are open.
///
/// # Errors
/// Keys would go over a network in clear; the address is taken; there is no bank here, or its books cannot be opened; the thread
/// at the counter ended.
pub fn serve(session: &Session, config: &Config, ready: impl FnOnce(SocketAddr)) -> Result<Ended> {
    if !config.listen.ip().is_loopback() {
        return Err(Trouble::new(Denied::Plain(config.listen)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let bank = config.bank.as_ref().map(|line| BankHost::new(&line.address, line.patience)).transpose()?;
    let bank = bank.map(|host| Arc::new(host) as Arc<dyn Bank>);
    let teller = bank.as_ref().map(Teller::open).transpose()?;
    let asks = teller.is_some();
    let figures = Arc::new(Figures::default());
    let (calls, received) = sync_channel(QUEUE);
    let (opened, is_open) = oneshot::channel();
    let (here, gone) = oneshot::channel();
    let begin = Begin { figures: figures.clone(), teller, signs: Signs { opened, here } };
    let counter = counter(session, config, received, begin)?;
    let served = runtime.block_on(async {
        // The counter tells its own error.
        if is_open.await.is_err() {
            return Ok(Ended::Asked);
        }
        let taken = |source| Trouble::new(Denied::Listen { address: config.listen, source });
        let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
        ready(listener.local_addr()?);
        if asks {
            tokio::spawn(ask_in_time(calls.clone()));
        }
        accept(listener, Shared { calls, figures }, gone).await
    });
    // What waits in connections that are cut now waits for nothing.
    drop(runtime);
    match counter.join() {
        Ok(done) => done?,
        Err(_) => {
            return Err(parties::Failure::new(scheme::Kind::Absent, "the thread at the counter ended").into());
        }
    }
    served
}

/// What the thread at the counter shows: it opened, and, as long as it is not dropped, it is there.
struct Signs {
    opened: oneshot::Sender<()>,
    here: oneshot::Sender<()>,
}

/// What the counter begins with.
struct Begin {
    figures: Arc<Figures>,
    teller: Option<Teller>,
    signs: Signs,
}

/// Reminds the counter of what the bank is to be asked. A counter that has too much to do is reminded again soon.
async fn ask_in_time(calls: SyncSender<Call>) {
    loop {
        let _ = calls.try_send(Call::Due(calls.clone()));
        tokio::time::sleep(BANK_TIME).await;
    }
}

/// Opens the counter in a thread of its own, which tells when it is open.
fn counter(
    session: &Session,
    config: &Config,
    received: Receiver<Call>,
    begin: Begin,
) -> Result<JoinHandle<Result<()>>> {
    let (mut session, config) = (session.clone(), config.clone());
    // Nobody sits there: findings stand in the books, warnings in the answers.
    (session.notes, session.secrets) = (Arc::new(()), Arc::new(()));
    let thread = std::thread::Builder::new().name("counter".into());
    let thread = thread.spawn(move || {
        let Begin { figures, teller, signs: Signs { opened, here: _here } } = begin;
        let connect = config.database.map(|url| {
            Box::new(move || Ok(Box::new(Store::connect(&url, &config.server)?) as Box<dyn Books>)) as Connect
        });
        let books = connect.as_ref().map(|connect| connect()).transpose()?;
        let desk = Desk::keep(&session, books)?;
        let _ = opened.send(());
        let (pin, buckets) = (config.pin, Buckets::new(config.rate));
        Counter { session, desk, pin, buckets, figures, opened: Instant::now(), connect, lost: false, teller }
            .work(&received)
    });
    thread.context("cannot begin the thread at the counter")
}

/// Accepts connections until a signal comes, and lets them end what they began.
async fn accept(listener: TcpListener, shared: Shared, mut gone: oneshot::Receiver<()>) -> Result<Ended> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (graceful, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    let ended = loop {
        let next = async {
            let place = room.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            _ = term.recv() => break Ended::Asked,
            _ = int.recv() => break Ended::Interrupted,
            _ = &mut gone => break Ended::Asked,
            next = next => next,
        };
        // A connection that went before it was accepted is nobody's.
        let Ok((stream, from)) = accepted else { continue };
        let connection = graceful.watch(connection(stream, Peer(from.ip()), &shared));
        tokio::spawn(async move {
            // Whoever breaks off in the middle hears nothing more.
            let _ = connection.await;
            drop(place);
        });
    };
    drop(listener);
    // Whoever is slower asks again.
    let _ = timeout(END_TIME, graceful.shutdown()).await;
    Ok(ended)
}

fn connection(
    stream: TcpStream,
    peer: Peer,
    shared: &Shared,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<axum::Router>> {
    http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).serve_connection(
        TokioIo::new(stream),
        TowerToHyperService::new(router(shared.clone()).layer(Extension(peer))),
    )
}
