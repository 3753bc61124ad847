//! `gridcard server`: the bank's payment server.

mod findings;
mod pins;
pub mod pool;
mod psams;
mod renewal;
mod report;
mod sell;
mod settle;
mod setup;

use super::{Deed, audit};
use crate::args::Global;
use crate::clock::now;
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::in_force;
use crate::output::say;
use crate::people::{self, Two};
use ::keys::Zeroizing;
use ::server::{Keys, Options, OrderError, OrderSealer, ServerKey, Store, Terms};
use clap::Subcommand;
use parties::trouble::{Context, Result};
use pins::{Pin, Pins};
use pool::Pool;
use reader::driver::psam::Psam;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::profile::State;
use std::path::{Path, PathBuf};

/// Verbs of the server.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take the bank's PSAM into use: a card file moves into the bank's folder, of a card in a reader a link is kept there.
    Open(psams::Add),
    /// The bank's PSAMs: one for each key version that is out there.
    #[command(subcommand)]
    Psam(psams::Verb),
    /// The bank's own numbers and times: who sends its orders, how long they last.
    Settings(setup::Settings),
    /// Take a city's delivery list: which ESAM is in which meter, its keys, its ceiling.
    Meters(setup::Meters),
    /// Register customers from a CSV.
    Register(setup::Register),
    /// Sell: make an order and write its record for the customer's SIM.
    Order(sell::Order),
    /// Make the outstanding order of a customer of another amount: a second order of the same purchase.
    Correct(sell::Correct),
    /// Take the outstanding order of a customer back, by a second order of the same purchase and of nothing.
    Reverse(sell::Reverse),
    /// Give a customer another SIM.
    ReplaceSim(setup::ReplaceSim),
    /// Make the outstanding order of a customer anew, for a replaced SIM, after its validity, under other keys.
    Reissue(sell::Reissue),
    /// Finish orders whose sealing was interrupted, or write the record of an outstanding order again.
    Resume(sell::Resume),
    /// Give up the outstanding order of a customer, while no PSAM can have sealed it.
    Void(sell::Void),
    /// Settle a receipt that came back.
    Settle(settle::Settle),
    /// Pay back what a customer paid and no meter will credit.
    Refund(settle::Refund),
    /// What is not as it should be and waits for somebody: strange clocks, receipts that fit no order, a PSAM past this server.
    Findings(findings::Findings),
    /// Clear a finding; one that stops sales wants two people.
    Clear(findings::Clear),
    /// Recompute the order chain from the books and compare it with the PSAM.
    Verify(findings::Verify),
    /// List orders.
    Orders,
    /// Totals, trial balance, and a check of the books.
    Report,
    /// What a customer paid, what was confirmed, what was paid back.
    Statement(report::Statement),
    /// Answer a city's request for a statement of the PSAM, with the orders it sealed: the way to another limit without the card.
    PsamStatement(renewal::PsamStatement),
    /// Put a limit into the PSAM that its city sealed for it.
    PsamLimit(renewal::PsamLimit),
    /// Take the city's list of revoked cards; the bank's PSAM checks it.
    Revoked(setup::RevokedList),
    /// The bank's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Open(_) => Deed::One("server open"),
            Verb::Psam(verb) => verb.deed(),
            Verb::Register(_) => Deed::One("server register"),
            Verb::Order(_) => Deed::One("server order"),
            Verb::ReplaceSim(_) => Deed::One("server replace-sim"),
            Verb::Settings(_) => Deed::One("server settings"),
            Verb::Meters(_) => Deed::One("server meters"),
            Verb::Correct(_) => Deed::One("server correct"),
            Verb::Reverse(_) => Deed::One("server reverse"),
            Verb::Reissue(sell::Reissue { reason: Some(sell::ReissueReason::ChipReplaced), .. }) => {
                Deed::Two("server reissue")
            }
            Verb::Reissue(_) => Deed::One("server reissue"),
            Verb::Void(_) => Deed::One("server void"),
            Verb::Refund(_) => Deed::One("server refund"),
            Verb::Clear(_) => Deed::Two("server clear"),
            Verb::Verify(_) => Deed::One("server verify"),
            Verb::Resume(_) => Deed::One("server resume"),
            Verb::Settle(_) => Deed::One("server settle"),
            Verb::Revoked(_) => Deed::One("server revoked"),
            Verb::PsamStatement(_) => Deed::One("server psam-statement"),
            Verb::PsamLimit(_) => Deed::One("server psam-limit"),
            Verb::Findings(_) | Verb::Orders | Verb::Report | Verb::Statement(_) | Verb::Audit(_) => {
                Deed::Look
            }
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => psams::open(global, &options),
        Verb::Psam(verb) => psams::run(global, &verb),
        Verb::Settings(options) => setup::settings(global, &options),
        Verb::Meters(options) => setup::meters(global, &options),
        Verb::Register(options) => setup::register(global, &options),
        Verb::Order(options) => sell::order(global, &options),
        Verb::Correct(options) => sell::correct(global, &options),
        Verb::Reverse(options) => sell::reverse(global, &options),
        Verb::ReplaceSim(options) => setup::replace_sim(global, &options),
        Verb::Reissue(options) => sell::reissue(global, &options),
        Verb::Resume(options) => sell::resume(global, &options),
        Verb::Void(options) => sell::void(global, &options),
        Verb::Settle(options) => settle::settle(global, &options),
        Verb::Refund(options) => settle::refund(global, &options),
        Verb::Findings(options) => findings::findings(global, &options),
        Verb::Clear(options) => findings::clear(global, &options),
        Verb::Verify(options) => findings::verify(global, &options),
        Verb::Orders => report::orders(global),
        Verb::Report => report::report(global),
        Verb::Statement(options) => report::statement(global, &options),
        Verb::PsamStatement(options) => renewal::statement(global, &options),
        Verb::PsamLimit(options) => renewal::limit(global, &options),
        Verb::Revoked(options) => setup::revoked(global, &options),
        Verb::Audit(verb) => audit::run(global, &verb, || bank(global)),
    }
}

/// Reads a file with a server key.
fn read_server_key(file: &Path) -> Result<ServerKey> {
    let text = Zeroizing::new(crate::home::read_text(file)?);
    ServerKey::from_json(&text).map_err(|error| {
        refused(format!("{}: {error}", file.display()))
            .hint("`gridcard psam pair` at the city makes a new one")
            .into()
    })
}

/// The bank's database.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("server.sqlite")
}

fn bank(global: &Global) -> Result<PathBuf> {
    Home::new(global)?.party(Party::Bank, "the payment server's work")
}

fn store(folder: &Path) -> Result<Store> {
    let path = database(folder);
    Store::open(&path, Options::default()).with_context(|| format!("{}", path.display()))
}

/// A PSAM that seals, and what for.
struct Sale<'a> {
    pin: &'a Pin,
    /// The meter, and what its chip has by the register.
    meter: MeterNumber,
    keys: Keys,
    /// Modules that were asked for the order before.
    asked: &'a [String],
}

impl<'a> Sale<'a> {
    /// Of an order that is about to be made for a meter.
    fn new(store: &Store, pin: &'a Pin, meter: MeterNumber) -> Result<Self> {
        let keys = store.read(|view| view.keys_of(meter))?;
        Ok(Sale { pin, meter, keys, asked: &[] })
    }
}

/// Works with the PSAM that has the keys of a meter to seal orders: only when the clock did not go back, and what the PSAM
/// has sealed is what the books say.
fn selling<T>(
    global: &Global,
    folder: &Path,
    store: &mut Store,
    sale: &Sale<'_>,
    work: impl FnOnce(&mut Store, &mut Psam<'_>) -> Result<T>,
) -> Result<T> {
    if store.read(|view| view.is_older_make())? {
        return Err(OrderError::OlderMake.into());
    }
    let at = now(global)?;
    store.batch(|act| act.guard_clock(at, global.allow_clock_back))?;
    let pool = Pool::open(global, folder)?;
    let member = pool.sealing(sale.pin.psam, sale.keys, sale.meter, sale.asked)?;
    member.with(global, &mut Pins::new(sale.pin), |psam| {
        in_force::must_seal(global, folder, &psam.info())?;
        if let Some(chain) = OrderSealer::chain(psam)? {
            let number = OrderSealer::number(psam);
            let session = store.batch(|act| act.begin_session(&number, &chain, at))?;
            if let Some(finding) = &session.finding {
                say(format!("finding {} ({}): {}", finding.id, finding.kind, finding.detail));
            }
        }
        let done = work(store, psam)?;
        if let Some(left) = psam.counter()?.left() {
            say(format!("the PSAM can seal {left} more order(s)"));
        }
        Ok(done)
    })
}

/// The bank's terms; without them nothing is sold. Books of the older make have none and need none: they sell nothing more.
fn terms(store: &Store) -> Result<Terms> {
    if store.read(|view| view.is_older_make())? {
        return Err(OrderError::OlderMake.into());
    }
    Ok(store.read(|view| view.terms())?.ok_or(OrderError::NoTerms)?)
}

/// The two people of an act that wants two; `None` when it was written down as a request.
fn two_people(global: &Global, folder: &Path, store: &Store, act: &str) -> Result<Option<Two>> {
    let state = if store.read(|view| view.sells_formal())? { State::Formal } else { State::Test };
    people::two(global, folder, act, state)
}

/// An amount in words.
fn yuan(fen: i64) -> String {
    format!("{}{}.{:02} yuan", if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100)
}

fn meter_of(store: &Store, customer: CustomerNumber) -> Result<::server::Registration> {
    let found = store.read(|view| view.customer(customer))?;
    found.ok_or_else(|| {
        refused(format!("customer {customer} is not registered"))
            .hint("`gridcard server register FILE.csv` registers customers")
            .into()
    })
}
