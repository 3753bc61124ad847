//! `gridcard server`: the bank's payment server.

mod report;
mod sell;
mod settle;
mod setup;

use super::{Deed, audit};
use crate::args::Global;
use crate::bay::Bay;
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::in_force;
use crate::secret;
use ::server::{Options, Store};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::driver::psam::Psam;
use std::path::{Path, PathBuf};
use wire::bcd::CustomerNumber;
use wire::profile::CardKind;

/// Verbs of the server.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take the bank's PSAM into use: a card file moves into the bank's folder, of a card in a reader a link is kept there.
    Open(setup::Open),
    /// Register customers from a CSV.
    Register(setup::Register),
    /// Sell: make an order and write its record for the customer's SIM.
    Order(sell::Order),
    /// Give a customer another SIM.
    ReplaceSim(setup::ReplaceSim),
    /// Make the outstanding order of a customer anew, for a replaced SIM or after its validity.
    Reissue(sell::Reissue),
    /// Finish orders whose sealing was interrupted, or write the record of an outstanding order again.
    Resume(sell::Resume),
    /// Settle a receipt that came back.
    Settle(settle::Settle),
    /// List orders.
    Orders,
    /// Totals, trial balance, and a check of the books.
    Report,
    /// What a customer paid and what was confirmed.
    Statement(report::Statement),
    /// Take the city's list of revoked cards; the bank's PSAM checks it.
    Revoked(setup::RevokedList),
    /// The bank's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
}

/// The PSAM's PIN.
#[derive(Debug, Args)]
pub struct Pin {
    /// File with the PIN of the PSAM (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// Try the PIN although it has 1 try left: a wrong one blocks the PSAM.
    #[arg(long)]
    pub spend_last_try: bool,
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Open(_) => Deed::One("server open"),
            Verb::Register(_) => Deed::One("server register"),
            Verb::Order(_) => Deed::One("server order"),
            Verb::ReplaceSim(_) => Deed::One("server replace-sim"),
            Verb::Reissue(_) => Deed::One("server reissue"),
            Verb::Resume(_) => Deed::One("server resume"),
            Verb::Settle(_) => Deed::One("server settle"),
            Verb::Revoked(_) => Deed::One("server revoked"),
            Verb::Orders | Verb::Report | Verb::Statement(_) | Verb::Audit(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => setup::open(global, &options),
        Verb::Register(options) => setup::register(global, &options),
        Verb::Order(options) => sell::order(global, &options),
        Verb::ReplaceSim(options) => setup::replace_sim(global, &options),
        Verb::Reissue(options) => sell::reissue(global, &options),
        Verb::Resume(options) => sell::resume(global, &options),
        Verb::Settle(options) => settle::settle(global, &options),
        Verb::Orders => report::orders(global),
        Verb::Report => report::report(global),
        Verb::Statement(options) => report::statement(global, &options),
        Verb::Revoked(options) => setup::revoked(global, &options),
        Verb::Audit(verb) => audit::run(global, &verb, || bank(global)),
    }
}

/// Where the bank keeps its PSAM.
pub fn psam_card(folder: &Path) -> PathBuf {
    folder.join("psam.card")
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

/// Whether an act has the PSAM seal: receipts are opened and settled whatever the day, and by a revoked PSAM too.
fn seals(deed: Deed) -> bool {
    !matches!(deed, Deed::One("server settle") | Deed::Two("server refund") | Deed::Look)
}

/// Opens the PSAM and verifies its PIN, then works with it.
fn with_psam<T>(
    global: &Global,
    folder: &Path,
    pin: &Pin,
    work: impl FnOnce(&mut Psam<'_>) -> Result<T>,
) -> Result<T> {
    let last = pin.spend_last_try.into();
    let pin = secret::pin(pin.pin_file.as_deref(), "the PSAM")?;
    let mut bay = Bay::open(global, &psam_card(folder), CardKind::Psam)?;
    let done = {
        let mut psam = Psam::open(&mut bay)?;
        if seals(global.deed) {
            in_force::must_seal(global, folder, &psam.info())?;
        }
        psam.verify(pin.expose(), last)?;
        work(&mut psam)
    };
    bay.close()?;
    done
}

fn meter_of(store: &Store, customer: CustomerNumber) -> Result<::server::Registration> {
    let found = store.read(|view| view.customer(customer))?;
    found.ok_or_else(|| {
        refused(format!("customer {customer} is not registered"))
            .hint("`gridcard server register FILE.csv` registers customers")
            .into()
    })
}
