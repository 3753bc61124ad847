//! What the books say.

use super::desk::Desk;
use super::{known, text};
use crate::home;
use crate::session::Session;
use crate::trouble::{Result, refused};
use crate::vouch::Origin;
use disk::table::TableWriter;
use scheme::fault::Told;
use scheme::moment::{Moment, iso};
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, Serial8};
use serde::{Deserialize, Serialize};
use server::{Fault, Figures, OrderState, PlacedOrder, StatementLine};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// One order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its id.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// The meter it is for.
    pub meter: MeterNumber,
    /// The chip it is for.
    #[serde(with = "names::text")]
    pub serial: Serial8,
    /// Version of the keys it is sealed under.
    pub key_version: u8,
    /// Its purchase count.
    pub count: u32,
    /// Its amount.
    #[serde(with = "names::fen")]
    pub amount_fen: Fen,
    /// Why it was made.
    pub made_as: Cow<'static, str>,
    /// What it does to the account of the meter.
    pub kind: Cow<'static, str>,
    /// Where it stands.
    pub state: Cow<'static, str>,
    /// Its receipt came.
    pub settled: bool,
    /// When it was made.
    #[serde(with = "names::text")]
    pub issued: Moment,
    /// Until when meters take it.
    #[serde(with = "names::text")]
    pub valid_until: Moment,
    /// A meter with the right time refuses it by now.
    pub expired: bool,
    /// The order whose place it took.
    #[serde(with = "text::maybe")]
    pub replaces: Option<OrderId>,
    /// Number of the user card it is for; `None`: it is for a SIM.
    #[serde(default)]
    pub card: Option<String>,
}

impl OrderLine {
    pub(super) fn of(placed: &PlacedOrder, at: Moment) -> Self {
        let order = &placed.order;
        let awaited = matches!(placed.state, OrderState::Prepared | OrderState::Sealed);
        OrderLine {
            order: order.id,
            customer: placed.customer,
            meter: order.meter,
            serial: order.serial,
            key_version: placed.key_version,
            count: order.count,
            amount_fen: order.amount,
            made_as: placed.reason.name().into(),
            kind: order.kind.name().into(),
            state: placed.state.name().into(),
            settled: placed.state == OrderState::Settled,
            issued: order.issued,
            valid_until: order.valid_until,
            expired: awaited && at > order.valid_until,
            replaces: placed.replaces,
            card: placed.sim.card().map(str::to_owned),
        }
    }

    /// As [`COLUMNS`] has it.
    fn row(&self) -> [String; COLUMNS.len()] {
        [
            self.order.to_string(),
            self.customer.to_string(),
            self.meter.to_string(),
            self.serial.to_string(),
            self.key_version.to_string(),
            self.count.to_string(),
            self.amount_fen.0.to_string(),
            self.made_as.to_string(),
            self.kind.to_string(),
            self.state.to_string(),
            iso(&self.issued.to_string()),
            iso(&self.valid_until.to_string()),
            self.expired.to_string(),
            self.replaces.map(|id| id.to_string()).unwrap_or_default(),
            self.card.clone().unwrap_or_default(),
        ]
    }
}

/// The house in figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BooksReport {
    /// Registered customers.
    pub customers: u32,
    /// Orders that stand: prepared, sealed or settled.
    pub orders: u32,
    /// Orders with a receipt.
    pub settled: u32,
    /// Orders that await their receipt.
    pub sealed: u32,
    /// Orders that no PSAM has answered for.
    pub prepared: u32,
    /// Orders whose place another took.
    pub superseded: u32,
    /// Orders that were given up.
    pub void: u32,
    /// Taken over the counter and by customers' banks.
    pub sold_fen: i64,
    /// Confirmed by meters.
    pub settled_fen: i64,
    /// Sold and not yet confirmed.
    pub outstanding_fen: i64,
    /// On its way from a meter that was changed to the one in its place; in no other figure.
    pub transferred_fen: i64,
    /// Due to customers.
    pub refund_due_fen: i64,
    /// Paid back.
    pub refunded_fen: i64,
    /// Confirmed by meters and never paid for.
    pub loss_fen: i64,
    /// Came and belongs to no purchase.
    pub suspense_fen: i64,
    /// Paid for services.
    pub fee_fen: i64,
    /// Taken for the power company.
    pub company_fen: i64,
    /// What pending transfers would move; in no other figure.
    pub pending_fen: i64,
    /// What came in less everything it became: nothing, if the books are in order.
    pub unaccounted_fen: i64,
    /// The account of money taken.
    pub bank_cash_fen: i64,
    /// The account of what customers' banks have debited.
    pub bank_clearing_fen: i64,
    /// The accounts of drawers.
    pub drawer_fen: i64,
    /// The account of what drawers or the bank have less than the books say.
    pub difference_fen: i64,
    /// The accounts of claims.
    pub prepaid_fen: i64,
    /// The account of what was confirmed.
    pub delivered_fen: i64,
    /// All accounts together: nothing, if the books are in order.
    pub sum_fen: i64,
    /// Findings to clear.
    pub findings: usize,
    /// Those of them that stop sales.
    pub findings_stopping: usize,
    /// What cannot be.
    pub faults: Vec<Told>,
    /// The books are of the older make.
    pub older_make: bool,
    /// Every page of the database and every reference in it was looked at; otherwise only that the sums agree.
    pub file_checked: bool,
    /// Where the bank's log stands.
    pub log: Origin,
}

impl BooksReport {
    /// Whether the books are in order.
    ///
    /// # Errors
    /// What cannot be.
    pub fn verdict(&self) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(refused(Told::line(&self.faults)).code("books-wrong").into())
    }
}

/// What a customer paid, what was confirmed, what was paid back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatementReport {
    /// The customer.
    pub customer: CustomerNumber,
    /// Oldest first.
    pub lines: Vec<BookedLine>,
}

/// One line of a customer's statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BookedLine {
    /// When it was booked.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// What happened.
    pub kind: Cow<'static, str>,
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// The order that stands for the purchase.
    #[serde(with = "text::maybe")]
    pub order: Option<OrderId>,
    /// What it was about.
    pub amount_fen: i64,
    /// Paid for and not confirmed after this line.
    pub not_confirmed_fen: i64,
    /// Due to the customer after this line.
    pub due_fen: i64,
}

impl BookedLine {
    fn of(line: &StatementLine) -> Self {
        BookedLine {
            at: line.at,
            kind: line.kind.name().into(),
            meter: line.meter,
            count: line.count,
            order: line.order,
            amount_fen: line.amount_fen,
            not_confirmed_fen: line.prepaid_fen,
            due_fen: line.refund_due_fen,
        }
    }
}

/// Hands out all orders in the order of their making, one by one, as long as `each` wants another: there may be more of them than
/// fit into memory.
///
/// # Errors
/// The books cannot be read; what was handed out before stands.
pub fn orders(session: &Session, desk: &Desk, each: TakeOrder<'_>) -> Result<()> {
    desk.folder(session)?;
    let at = session.now()?;
    Ok(desk.books().each_order(&mut |placed| each(&OrderLine::of(placed, at)))?)
}

/// The columns of a file of orders.
const COLUMNS: [&str; 15] = [
    "order",
    "customer",
    "meter",
    "serial",
    "key_version",
    "count",
    "amount_fen",
    "made_as",
    "kind",
    "state",
    "issued",
    "valid_until",
    "expired",
    "replaces",
    "card",
];

/// A file of orders that was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrdersFile {
    /// How many orders it has.
    pub count: u64,
    /// Where it is.
    pub file: PathBuf,
}

/// Takes the next order; breaks when it wants no other.
pub type TakeOrder<'a> = &'a mut dyn FnMut(&OrderLine) -> ControlFlow<()>;

/// Writes all orders into a CSV file, in the order of their making.
///
/// # Errors
/// The books cannot be read, or the file not be written.
pub fn orders_into(session: &Session, desk: &Desk, path: &Path) -> Result<OrdersFile> {
    write_orders(path, |each| orders(session, desk, each))
}

/// As [`orders_into`], of orders that come from elsewhere: `all` hands out each.
///
/// # Errors
/// Those of `all`; the file cannot be written.
pub fn write_orders(path: &Path, all: impl FnOnce(TakeOrder<'_>) -> Result<()>) -> Result<OrdersFile> {
    let mut count = 0_u64;
    home::write_with(path, |file| {
        let mut table = TableWriter::new(std::io::BufWriter::new(file));
        table.row(COLUMNS)?;
        let mut written = Ok(());
        all(&mut |order| {
            count += 1;
            written = table.row(order.row());
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        written?;
        table.finish()?;
        Ok(())
    })?;
    Ok(OrdersFile { count, file: path.to_owned() })
}

/// What of the bank's database is looked at for a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// The sums, and whether the books agree with each other.
    #[default]
    Books,
    /// Also every page of the file, every reference between its rows and the ledger's chain, which takes as long as reading all of it.
    WholeFile,
}

/// Totals, trial balance, and a check of the books.
///
/// # Errors
/// A damaged file. What cannot be is told in the report ([`BooksReport::verdict`]).
pub fn report(session: &Session, desk: &Desk, look: Look) -> Result<BooksReport> {
    let folder = desk.folder(session)?;
    let books = desk.books();
    let Figures { totals, balance, mut faults, findings } = books.figures()?;
    if look == Look::WholeFile {
        books.check()?;
        faults.extend(books.check_ledger()?.1.map(Fault::Ledger));
    }
    Ok(BooksReport {
        customers: totals.customers,
        orders: totals.orders,
        settled: totals.settled,
        sealed: totals.sealed,
        prepared: totals.prepared,
        superseded: totals.superseded,
        void: totals.void,
        sold_fen: totals.sold_fen,
        settled_fen: totals.settled_fen,
        outstanding_fen: totals.outstanding_fen,
        transferred_fen: totals.transferred_fen,
        refund_due_fen: totals.refund_due_fen,
        refunded_fen: totals.refunded_fen,
        loss_fen: totals.loss_fen,
        suspense_fen: totals.suspense_fen,
        fee_fen: totals.fee_fen,
        company_fen: totals.company_fen,
        pending_fen: totals.pending_fen,
        unaccounted_fen: i64::try_from(totals.unaccounted()).unwrap_or(i64::MAX),
        bank_cash_fen: balance.bank_cash,
        bank_clearing_fen: balance.bank_clearing,
        drawer_fen: balance.drawer,
        difference_fen: balance.difference,
        prepaid_fen: -balance.prepaid,
        delivered_fen: -balance.delivered,
        sum_fen: i64::try_from(balance.sum()).unwrap_or(i64::MAX),
        findings: findings.len(),
        findings_stopping: findings.iter().filter(|finding| finding.freezes).count(),
        faults: faults.iter().map(Told::of).collect(),
        older_make: books.is_older_make()?,
        file_checked: look == Look::WholeFile,
        log: Origin::of(&folder)?,
    })
}

/// What a customer paid, what was confirmed, what was paid back.
///
/// # Errors
/// Nobody has this number.
pub fn statement(session: &Session, desk: &Desk, customer: CustomerNumber) -> Result<StatementReport> {
    desk.folder(session)?;
    let books = desk.books();
    known(books, customer)?;
    let lines = books.statement(customer)?;
    Ok(StatementReport { customer, lines: lines.iter().map(BookedLine::of).collect() })
}
