//! The server as a whole: its address, its thread at the counter, its end.

use crate::config;
use crate::counter::{Call, Connect, Counter, Course};
use crate::denied::Denied;
use crate::figures::Figures;
use crate::gate::Gate;
use crate::http::{Shared, refused, router};
use crate::messages::{self, MessagesLine};
use crate::multimedia::{self, MultimediaFolder};
use crate::netmeters::{self, NetMeters};
use crate::notify::{self, Word};
use crate::peer::{Peer, must_be_plain};
use crate::phones::{self, Phones};
use crate::room::{Room, Stay};
use crate::teller::Teller;
use crate::tls::{self, Tls, TlsFiles};
use crate::watch::{self, Level};
use crate::whither::Whither;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parties::bank::Desk;
use parties::bank::phones::server_key;
use parties::bank::pins::{PinChoice, PinFile};
use parties::trouble::Context as _;
use parties::{Deed, Result, Session, Trouble};
use server::{Bank, BankHost, Books, Store};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch as signal_to};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// What a server is told at its start. It is not shown: a connection string may hold a password.
#[derive(Clone)]
pub struct Config {
    /// Where it listens; port 0: any that is free.
    pub listen: SocketAddr,
    /// The PSAMs' PINs, from files.
    pub pin: PinChoice,
    /// Connection string of books in PostgreSQL; `None`: those of the bank's folder.
    pub database: Option<keys::Zeroizing<String>>,
    /// The name under which it books, where several servers share the books.
    pub server: String,
    /// Requests a minute of one key.
    pub rate: u32,
    /// The certificate it shows; `None`: it speaks plainly, to this machine alone.
    pub tls: Option<TlsFiles>,
    /// How much is told of what goes on.
    pub log: Level,
    /// The customers' bank; `None`: sales are paid in cash alone.
    pub bank: Option<BankLine>,
    /// The message centre by which orders go to phones; `None`: people carry them.
    pub messages: Option<MessagesLine>,
    /// The folder of a gateway for multimedia messages; `None`: there is none.
    pub multimedia: Option<MultimediaFolder>,
    /// How customers' phones come to it, beside HTTP.
    pub phones: PhoneLines,
    /// Where meters that call are listened to; port 0: any that is free.
    pub netmeters: Option<SocketAddr>,
}

/// How customers' phones come to a server. Their frames are sealed by themselves, so a line needs no certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhoneLines {
    /// Where phones are listened to on lines of their own; port 0: any that is free.
    pub listen: Option<SocketAddr>,
    /// The paper's variant is taken as well.
    pub paper: bool,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// For HTTP.
    pub address: SocketAddr,
    /// For phones on lines of their own.
    pub phones: Option<SocketAddr>,
    /// For meters that call.
    pub netmeters: Option<SocketAddr>,
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
/// Connections at once. One on which nothing is worked on gives way, of the address that has most of them ([`Room`]).
const CONNECTIONS: usize = 256;
/// How long one waits for a descriptor.
const REST: Duration = Duration::from_millis(50);
/// How long the head of a request may take to come.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long a connection is kept, for one request after another; whoever is cut off in the middle asks again.
const CONNECTION_TIME: Duration = Duration::from_secs(600);
/// How often it is looked whether the bank is to be asked again.
const BANK_TIME: Duration = Duration::from_secs(1);
/// How long connections have to end what they began, once the server is asked to end.
const END_TIME: Duration = Duration::from_secs(5);

/// Serves until a signal comes. `ready` is called with the addresses once it listens and the books are open.
///
/// # Errors
/// Keys would go over a network in clear; the certificate cannot be read; the address is taken; there is no bank here, or its books cannot be opened; the thread
/// at the counter ended.
pub fn serve(session: &Session, config: &Config, ready: impl FnOnce(Listening)) -> Result<Ended> {
    if !config.listen.ip().is_loopback() && config.tls.is_none() {
        return Err(Trouble::new(Denied::Plain(config.listen)));
    }
    // A PIN that cannot be read is said now, not at the first sale.
    for file in config.pin.files.iter().map(PinFile::file) {
        config::must_be_readable(file).map_err(Trouble::new)?;
    }
    watch::begin(config.log);
    let tls = config.tls.as_ref().map(Tls::read).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let bank = config.bank.as_ref().map(|line| BankHost::new(&line.address, line.patience)).transpose()?;
    let bank = bank.map(|host| Arc::new(host) as Arc<dyn Bank>);
    let teller = bank.as_ref().map(Teller::open).transpose()?;
    let asks = teller.is_some();
    let figures = Arc::new(Figures::default());
    let (calls, received) = sync_channel(QUEUE);
    let own = server_key(&session.anew(Deed::Look))?;
    let phones = Phones::new(session, own, config.phones.paper, calls.clone(), figures.clone());
    let netmeters = NetMeters::new(session, calls.clone(), figures.clone());
    let (opened, is_open) = oneshot::channel();
    let (here, gone) = oneshot::channel();
    let begin = Begin { figures: figures.clone(), teller, signs: Signs { opened, here } };
    let counter = counter(session, config, received, begin)?;
    let served = runtime.block_on(async {
        // The counter tells its own error.
        if is_open.await.is_err() {
            return Ok(Ended::Asked);
        }
        let listener = bind(config.listen).await?;
        let of_phones = bind_maybe(config.phones.listen).await?;
        let of_meters = bind_maybe(config.netmeters).await?;
        // From now on a signal ends it in order, whoever hears that it is ready first.
        let signals = Signals::new()?;
        let at = |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::local_addr).transpose();
        let (phones_at, netmeters_at) = (at(&of_phones)?, at(&of_meters)?);
        ready(Listening { address: listener.local_addr()?, phones: phones_at, netmeters: netmeters_at });
        notify::tell(Word::Ready);
        if asks {
            tokio::spawn(ask_in_time(calls.clone()));
        }
        let whither = Whither::default();
        if let Some(folder) = &config.multimedia {
            tokio::spawn(multimedia::answer(phones.clone(), whither.clone(), folder.clone()));
        }
        if let Some(line) = &config.messages {
            let (calls, figures, phones) = (calls.clone(), figures.clone(), phones.clone());
            let sides = messages::Sides { calls, figures, phones, whither };
            tokio::spawn(messages::speak(sides, line.clone()));
        }
        if let Some(listener) = of_phones {
            tokio::spawn(phones::listen(listener, phones.clone()));
        }
        if let Some(listener) = of_meters {
            tokio::spawn(netmeters::listen(listener, netmeters.clone()));
        }
        Ok(accept(listener, Shared::new(calls, figures, phones, netmeters), tls.as_ref(), signals, gone)
            .await)
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

/// Listens somewhere.
async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| Trouble::new(Denied::Listen { address, source }))
}

/// Listens where something is named.
async fn bind_maybe(address: Option<SocketAddr>) -> Result<Option<TcpListener>> {
    match address {
        Some(address) => bind(address).await.map(Some),
        None => Ok(None),
    }
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
        let desk = Desk::keep(&session, books, &config.pin)?;
        let _ = opened.send(());
        let (pin, gate) = (config.pin, Gate::new(config.rate));
        Counter {
            calls: received,
            session,
            desk,
            pin,
            gate,
            told: 0,
            gauged: None,
            figures,
            opened: Instant::now(),
            connect,
            lost: false,
            teller,
            course: Course::default(),
        }
        .work()
    });
    thread.context("cannot begin the thread at the counter")
}

/// What a server hears from outside.
struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Signals {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hup: signal(SignalKind::hangup())?,
        })
    }
}

/// Accepts connections until a signal comes, and lets them end what they began. At a hangup the certificate is read anew.
async fn accept(
    listener: TcpListener,
    shared: Shared,
    tls: Option<&Tls>,
    mut signals: Signals,
    mut gone: oneshot::Receiver<()>,
) -> Ended {
    let ((end, ending), room) = (signal_to::channel(()), Room::new(CONNECTIONS));
    let router = router(shared);
    let ended = loop {
        let next = async {
            let Ok((stream, from)) = listener.accept().await else {
                tokio::time::sleep(REST).await;
                return None;
            };
            let works = Stay::default();
            let place = room.enter(from.ip(), works.word()).await;
            Some((stream, from.ip(), works, place))
        };
        let accepted = tokio::select! {
            _ = signals.term.recv() => break Ended::Asked,
            _ = signals.int.recv() => break Ended::Interrupted,
            _ = signals.hup.recv() => {
                renew(tls);
                continue;
            }
            _ = &mut gone => break Ended::Asked,
            next = next => next,
        };
        // A connection that went before it was accepted is nobody's.
        let Some((stream, address, works, place)) = accepted else { continue };
        let (tls, ways) =
            (tls.map(Tls::acceptor), Ways { router: router.clone(), works, ending: ending.clone() });
        tokio::spawn(place.keeps(async move {
            // Whoever breaks off in the middle hears nothing more.
            match tls {
                None => converse(stream, Peer { address, certificate: None, secured: false }, ways).await,
                Some(acceptor) => secured(stream, address, acceptor, ways).await,
            }
        }));
    };
    notify::tell(Word::Stopping);
    drop(listener);
    // Whoever is slower asks again.
    drop(ending);
    let _ = end.send(());
    let _ = timeout(END_TIME, end.closed()).await;
    ended
}

/// Offers what stands in the certificate's files by now. What cannot be read leaves the one before.
fn renew(tls: Option<&Tls>) {
    let Some(tls) = tls else { return };
    match tls.reload() {
        Ok(()) => tracing::info!("the certificate was read anew"),
        Err(error) => tracing::error!("the certificate stays as it was: {error}"),
    }
}

/// What tells a connection that the server ends; as long as one is kept, its connection goes on.
type Ending = signal_to::Receiver<()>;

/// What a connection is given.
struct Ways {
    router: axum::Router,
    /// A request is worked on.
    works: Stay,
    ending: Ending,
}

/// A connection over TLS.
async fn secured(stream: TcpStream, address: IpAddr, acceptor: TlsAcceptor, ways: Ways) {
    match timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = Peer { address, certificate: shown.map(tls::hash), secured: true };
            converse(stream, peer, ways).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, "no handshake: {error}"),
        Err(_) => tracing::debug!(%address, "no handshake in time"),
    }
}

/// Answers one request after another.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    Ways { router, works, mut ending }: Ways,
) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, works) = (router.clone(), works.clone());
        async move {
            // From when all of it has come until its answer is there: whoever is slow to send or to read gives way.
            works.set(request.body().is_end_stream());
            let request = request.map(|body| Coming { body, works: works.clone() });
            let answer = answered(router, peer, request).await;
            works.set(false);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), service)
        // a telephone's WebSocket is one
        .with_upgrades();
    let conversation = async {
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            // What was begun is answered, and nothing after it.
            _ = ending.changed() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    };
    // Whoever reads nothing of his answers keeps no place for ever.
    let _ = timeout(CONNECTION_TIME, conversation).await;
}

/// A body that comes, and says when it has.
struct Coming {
    body: Incoming,
    works: Stay,
}

impl hyper::body::Body for Coming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.works.set(true);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn answered(
    router: TowerToHyperService<axum::Router>,
    peer: Peer,
    request: Request<Coming>,
) -> Result<Response<Body>, Infallible> {
    let (mut head, body) = request.into_parts();
    if let Err(denied) = must_be_plain(&head) {
        return Ok(refused(&denied));
    }
    let peer = peer.behind(&head.headers);
    head.extensions.insert(peer);
    router.call(Request::from_parts(head, body)).await
}
