//! The bank over HTTP: `/debits`, `/reversals`, `/days/{day}`, and what a teller would look at, `/accounts/{account}` and `/ours`.

use super::books::{Entry, Event, Opening, Said};
use super::faults::{Fault, Faults};
use super::journal::Kept;
use crate::denied::Denied;
use crate::listen::Ended;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as At, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{get, post};
use disk::table::TableWriter;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parties::{Result, Session, Trouble};
use scheme::chance::Chance;
use scheme::clock::Clock;
use scheme::moment::Day;
use serde_json::{Value, json};
use server::BankAccount;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

/// What a simulated bank is told at its start.
#[derive(Debug, Clone)]
pub struct BankConfig {
    /// Where it listens; port 0: any that is free.
    pub listen: SocketAddr,
    /// Its journal.
    pub state: PathBuf,
    /// Accounts to open that are not there yet.
    pub accounts: Vec<Opening>,
    /// What it does wrong.
    pub faults: Faults,
}

/// The bank at work.
struct Desk {
    kept: Kept,
    faults: Faults,
    chance: Box<dyn Chance + Send>,
    clock: Arc<dyn Clock + Send + Sync>,
}

/// The desk, and the end of the connection that asks.
#[derive(Clone)]
struct Host {
    desk: Arc<Mutex<Desk>>,
    cut: Arc<Notify>,
}

/// What the other side hears.
enum Heard {
    /// An answer.
    Answer(u16, Value),
    /// The end of the connection.
    Cut,
    /// Nothing, for as long as it listens.
    Nothing,
}

/// Serves until a signal comes. `ready` is called with the address once it listens and its books are open.
///
/// # Errors
/// Its journal cannot be opened, the address is taken or not of this machine.
pub fn simulate_bank(
    session: &Session,
    config: &BankConfig,
    ready: impl FnOnce(SocketAddr),
) -> Result<Ended> {
    if !config.listen.ip().is_loopback() {
        return Err(Trouble::new(Denied::Plain(config.listen)));
    }
    let mut kept = Kept::open(&config.state)?;
    let fresh = |opening: &&Opening| kept.books.balance(opening.account.as_str()).is_none();
    let opened: Vec<Event> = config
        .accounts
        .iter()
        .filter(fresh)
        .map(|Opening { account, fen }| Event::Opened { account: account.as_str().to_owned(), fen: *fen })
        .collect();
    kept.keep(&opened)?;
    let (chance, clock) = (session.chance("faults of the bank"), session.clock.clone());
    let desk = Arc::new(Mutex::new(Desk { kept, faults: config.faults.clone(), chance, clock }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        let taken = |source| Trouble::new(Denied::Listen { address: config.listen, source });
        let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
        ready(listener.local_addr()?);
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        loop {
            tokio::select! {
                _ = term.recv() => return Ok(Ended::Asked),
                _ = int.recv() => return Ok(Ended::Interrupted),
                accepted = listener.accept() => {
                    // A connection that went before it was accepted is nobody's.
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(connection(stream, desk.clone()));
                    }
                }
            }
        }
    })
}

async fn connection(stream: TcpStream, desk: Arc<Mutex<Desk>>) {
    let cut = Arc::new(Notify::new());
    let host = Host { desk, cut: cut.clone() };
    let router = Router::new()
        .route("/debits", post(debit))
        .route("/debits/{reference}", get(look))
        .route("/reversals", post(reverse))
        .route("/days/{day}", get(day))
        .route("/accounts/{account}", get(account))
        .route("/ours", get(ours))
        .with_state(host);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::select! {
        // Whoever breaks off in the middle hears nothing more.
        _ = served => {}
        () = cut.notified() => {}
    }
}

impl Host {
    /// Does something at the desk, and lets the other side hear what comes of it.
    async fn hears(&self, work: impl FnOnce(&mut Desk) -> Result<Heard>) -> Response<Body> {
        let heard = work(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner));
        match heard {
            Ok(Heard::Answer(status, value)) => answer(status, "application/json", format!("{value}\n")),
            Ok(Heard::Cut) => {
                self.cut.notify_one();
                std::future::pending().await
            }
            Ok(Heard::Nothing) => std::future::pending().await,
            // Its disk is full, say: nothing was booked.
            Err(error) => {
                answer(503, "application/json", format!("{}\n", json!({ "error": error.to_string() })))
            }
        }
    }
}

fn answer(status: u16, media: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    response
}

fn wrong(words: &str) -> Heard {
    Heard::Answer(400, json!({ "error": words }))
}

/// What is said of a debit.
fn said(said: &Said) -> Heard {
    match said {
        Said::Done(entry, told) => Heard::Answer(
            200,
            json!({ "outcome": "done", "entry": entry.entry, "day": entry.day, "amount_fen": told }),
        ),
        Said::Refused(reason) => Heard::Answer(422, json!({ "outcome": "refused", "reason": reason })),
        Said::Pending => Heard::Answer(200, json!({ "outcome": "pending" })),
        Said::NotKnown => Heard::Answer(404, json!({ "outcome": "not-known" })),
        Said::Reused => Heard::Answer(409, json!({ "error": "the reference is of another debit" })),
    }
}

/// A reference: 1 to 64 plain characters.
fn reference(value: &Value) -> Option<&str> {
    let text = value["reference"].as_str()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

impl Desk {
    fn today(&self) -> Result<Day> {
        Ok(self.clock.now()?.day())
    }

    /// An entry that is about to be booked; `more`: so many others are, before it.
    fn entry(&self, kind: &str, reference: &str, fen: u32, more: usize) -> Result<Entry> {
        Ok(Entry {
            entry: self.kept.books.number(more),
            day: self.today()?,
            kind: kind.to_owned(),
            reference: reference.to_owned(),
            fen,
        })
    }

    /// Notes that a request named a debit, and books what was put aside long enough.
    fn named(&mut self, reference: Option<&str>) -> Result<()> {
        if let Some(reference) =
            reference.filter(|reference| self.kept.books.said(reference) == Said::Pending)
        {
            self.kept.keep(&[Event::Named { reference: reference.to_owned() }])?;
        }
        for (reference, fen) in self.kept.books.ripe() {
            let entry = self.entry("debit", &reference, fen, 0)?;
            self.kept.keep(&[Event::Debited { entry, told: Some(fen) }])?;
        }
        Ok(())
    }

    fn debit(&mut self, body: &[u8]) -> Result<Heard> {
        let Ok(asked) = serde_json::from_slice::<Value>(body) else { return Ok(wrong("no JSON")) };
        let Some(reference) = reference(&asked) else { return Ok(wrong("no reference")) };
        let account = asked["account"].as_str().unwrap_or_default();
        if account.parse::<BankAccount>().is_err() {
            return Ok(wrong("no account"));
        }
        let fen = asked["amount_fen"].as_u64().and_then(|fen| u32::try_from(fen).ok()).filter(|fen| *fen > 0);
        let Some(fen) = fen else { return Ok(wrong("no amount_fen")) };
        self.named(Some(reference))?;
        if let Some(known) = self.kept.books.asked(reference, account, fen) {
            return Ok(said(&known));
        }
        let fault = self.faults.of_debit(&mut *self.chance);
        if fault == Some(Fault::Down) {
            return Ok(Heard::Answer(503, json!({ "error": "the bank is down" })));
        }
        let is = || reference.to_owned();
        let asked = Event::Asked { reference: is(), account: account.to_owned(), fen };
        if let Some(reason) = self.kept.books.obstacle(account, fen) {
            self.kept.keep(&[asked, Event::Refused { reference: is(), reason: reason.into() }])?;
            return Ok(said(&self.kept.books.said(reference)));
        }
        match fault {
            Some(Fault::Late | Fault::LateAfter) => {
                let even_after = fault == Some(Fault::LateAfter);
                self.kept.keep(&[asked, Event::Queued { reference: is(), even_after }])?;
                return Ok(Heard::Cut);
            }
            Some(Fault::Twice) => {
                let (first, second) =
                    (self.entry("debit", reference, fen, 0)?, self.entry("debit", reference, fen, 1)?);
                let first = Event::Debited { entry: first, told: Some(fen) };
                self.kept.keep(&[asked, first, Event::Debited { entry: second, told: None }])?;
            }
            _ => {
                let more = u32::from(matches!(fault, Some(Fault::Amount | Fault::AmountTold)));
                let told = if fault == Some(Fault::AmountTold) { fen + more } else { fen };
                let entry = self.entry("debit", reference, fen + more, 0)?;
                self.kept.keep(&[asked, Event::Debited { entry, told: Some(told) }])?;
            }
        }
        Ok(match fault {
            Some(Fault::Cut) => Heard::Cut,
            Some(Fault::Timeout) => Heard::Nothing,
            _ => said(&self.kept.books.said(reference)),
        })
    }

    fn look(&mut self, reference: &str) -> Result<Heard> {
        self.named(Some(reference))?;
        Ok(said(&self.kept.books.said(reference)))
    }

    fn reverse(&mut self, body: &[u8]) -> Result<Heard> {
        let Ok(asked) = serde_json::from_slice::<Value>(body) else { return Ok(wrong("no JSON")) };
        let Some(reference) = reference(&asked) else { return Ok(wrong("no reference")) };
        let number = asked["number"].as_u64().and_then(|number| u8::try_from(number).ok());
        let Some(number) = number.filter(|number| *number > 0) else { return Ok(wrong("no number")) };
        let fault = self.faults.of_reversal(&mut *self.chance);
        if fault == Some(Fault::ReverseDown) {
            return Ok(Heard::Answer(503, json!({ "error": "the bank is down" })));
        }
        if self.kept.books.advised(reference, number).is_none() {
            let entry = match self.kept.books.debit_and_return(reference) {
                (Some(debit), None) => Some(self.entry("reversal", reference, debit.fen, 0)?),
                _ => None,
            };
            self.kept.keep(&[Event::Reversed { reference: reference.to_owned(), number, entry }])?;
        }
        if fault == Some(Fault::ReverseCut) {
            return Ok(Heard::Cut);
        }
        let books = &self.kept.books;
        // What an advice was answered stays so, whatever came to light since.
        let gave = books.advised(reference, number).is_some_and(Option::is_some);
        Ok(match books.debit_and_return(reference) {
            (Some(debit), Some(back)) if gave => Heard::Answer(
                200,
                json!({
                    "outcome": "reversed", "debited": true,
                    "entry": back.entry, "day": back.day, "amount_fen": back.fen,
                    "debit": { "entry": debit.entry, "day": debit.day, "amount_fen": debit.fen },
                }),
            ),
            _ => Heard::Answer(200, json!({ "outcome": "reversed", "debited": false })),
        })
    }

    fn day(&mut self, day: Day) -> Result<String> {
        self.named(None)?;
        let mut text = Vec::new();
        let mut table = TableWriter::new(&mut text);
        table.row(["day", "entry", "reference", "kind", "amount_fen"])?;
        for entry in self.kept.books.of_day(day) {
            let (day, fen) = (entry.day.to_string(), entry.fen.to_string());
            table.row([day, entry.entry.clone(), entry.reference.clone(), entry.kind.clone(), fen])?;
        }
        table.finish()?;
        Ok(String::from_utf8(text)?)
    }
}

async fn debit(State(host): State<Host>, body: Bytes) -> Response<Body> {
    host.hears(|desk| desk.debit(&body)).await
}

async fn look(State(host): State<Host>, At(reference): At<String>) -> Response<Body> {
    host.hears(|desk| desk.look(&reference)).await
}

async fn reverse(State(host): State<Host>, body: Bytes) -> Response<Body> {
    host.hears(|desk| desk.reverse(&body)).await
}

async fn day(State(host): State<Host>, At(day): At<String>) -> Response<Body> {
    let Ok(day) = day.parse::<Day>() else { return host.hears(|_| Ok(wrong("no day"))).await };
    let text = host.desk.lock().unwrap_or_else(PoisonError::into_inner).day(day);
    match text {
        Ok(text) => answer(200, "text/csv", text),
        Err(error) => host.hears(|_| Err(error)).await,
    }
}

async fn account(State(host): State<Host>, At(account): At<String>) -> Response<Body> {
    host.hears(|desk| {
        desk.named(None)?;
        Ok(match desk.kept.books.balance(&account) {
            Some(fen) => Heard::Answer(200, json!({ "account": account, "balance_fen": fen })),
            None => Heard::Answer(404, json!({ "error": "no such account" })),
        })
    })
    .await
}

async fn ours(State(host): State<Host>) -> Response<Body> {
    host.hears(|desk| {
        desk.named(None)?;
        Ok(Heard::Answer(200, json!({ "balance_fen": desk.kept.books.ours() })))
    })
    .await
}
