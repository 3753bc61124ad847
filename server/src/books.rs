//! The bank's books, whatever keeps them: the seam between what a bank does and the engine under it.
//!
//! Each method is one look at one consistent state, or one act that is kept as a whole before the method returns. No caller
//! holds a transaction. What an engine has to promise stands with the methods, and `tests/it/contract.rs` asks it of every
//! engine there is; so far that is SQLite ([`Store`](crate::Store)).

use crate::actor::Actor;
use crate::ageing::Ageing;
use crate::card::CardOrders;
use crate::chain::Chain;
use crate::change::Changes;
use crate::closing::Closings;
use crate::company::Company;
use crate::contract::Contracts;
use crate::copy::Copies;
use crate::drawer::Drawers;
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared, Finding};
use crate::foresight::Foresight;
use crate::gauges::Watched;
use crate::glance::Glances;
use crate::hand_over::HandOvers;
use crate::incoming::Incoming;
use crate::key_choice::Keys;
use crate::ledger::TrialBalance;
use crate::ledger_chain::Head;
use crate::letters::Letters;
use crate::limit::Limits;
use crate::meters::{Delivered, Esam};
use crate::modules::Reconciled;
use crate::office::Offices;
use crate::online::OnlinePurchases;
use crate::order::{OrderRequest, PlacedOrder, SealedOrder};
use crate::order_error::OrderError;
use crate::payments::Payments;
use crate::people::People;
use crate::person::Persons;
use crate::phone::Phones;
use crate::place::Anew;
use crate::pool::Opener;
use crate::principal::Principal;
use crate::receipt::{Origin, SettleError};
use crate::recharge::Recharges;
use crate::register::{RegisterError, ReplaceError, Replaced, Report};
use crate::registration::{Customer, Registration, Sim, SimKey};
use crate::renewal::RenewalError;
use crate::report::{Fault, StatementLine, Totals};
use crate::request::{Answer, Claim, Claimed, RequestError};
use crate::roster::Roster;
use crate::sealer::OrderSealer;
use crate::sealing::Sealing;
use crate::settle::Settlement;
use crate::statistics::Statistics;
use crate::suspense::Suspense;
use crate::terms::Terms;
use crate::training::Training;
use crate::training_error::TrainingError;
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, Serial8};

/// Who has what: the bank's terms, customers, SIMs, chips.
pub trait Registry {
    /// The bank's terms; `None` until it has said its numbers.
    ///
    /// # Errors
    /// The books cannot be read.
    fn terms(&self) -> Result<Option<Terms>, StoreError>;

    /// Sets the bank's terms for all orders to come.
    ///
    /// # Errors
    /// They cannot be kept.
    fn set_terms(&mut self, terms: &Terms) -> Result<(), StoreError>;

    /// Whether the books hold orders of the older make, which name no chip: nothing is sold in them any more.
    ///
    /// # Errors
    /// The books cannot be read.
    fn is_older_make(&self) -> Result<bool, StoreError>;

    /// Registers the good lines of a file. The same file again changes nothing. What it holds in memory does not grow with the
    /// good lines.
    ///
    /// # Errors
    /// The file cannot be read to its end, or nothing of it could be kept: nothing is registered then.
    fn register(&mut self, roster: Roster<'_>) -> Result<Report, RegisterError>;

    /// A customer, with the SIM in use and all his meters.
    ///
    /// # Errors
    /// The books cannot be read.
    fn customer(&self, customer: CustomerNumber) -> Result<Option<Customer>, StoreError>;

    /// The customer who has a meter, with that one and the SIM in use.
    ///
    /// # Errors
    /// The books cannot be read.
    fn of_meter(&self, meter: MeterNumber) -> Result<Option<Registration>, StoreError>;

    /// The customer that a SIM belongs to, or belonged to before it was replaced.
    ///
    /// # Errors
    /// The books cannot be read.
    fn of_sim(&self, sim: &SimKey) -> Result<Option<Customer>, StoreError>;

    /// Gives a customer another SIM. Receipts on the old one are still his.
    ///
    /// # Errors
    /// Nobody has this number, or somebody has this SIM.
    fn replace_sim(
        &mut self,
        customer: CustomerNumber,
        sim: &Sim,
        now: Moment,
    ) -> Result<Replaced, ReplaceError>;

    /// Takes a city's delivery list: from now on orders name these chips.
    ///
    /// # Errors
    /// Nothing of it could be kept.
    fn take_meters(&mut self, esams: &[Esam], now: Moment) -> Result<Delivered, TrainingError>;

    /// The keys an order for a meter has to be sealed under: those of the chip that is in it.
    ///
    /// # Errors
    /// No chip is known there, or it takes no orders any more.
    fn keys_of(&self, meter: MeterNumber) -> Result<Keys, OrderError>;

    /// Whether any chip known here has formal keys: then the bank's money is earnest.
    ///
    /// # Errors
    /// The books cannot be read.
    fn sells_formal(&self) -> Result<bool, StoreError>;
}

/// Orders: what was asked of security modules, and what they sealed.
///
/// An order is paid for and on the disk before a module is asked, and what came of it before its record leaves.
pub trait Sales {
    /// Looks at the clock before a sale, and remembers it.
    ///
    /// # Errors
    /// It stands before the last sale, and nobody `allowed` that.
    fn guard_clock(&mut self, now: Moment, allowed: bool) -> Result<(), OrderError>;

    /// Compares a module's chain with the books before it is worked with. What it was asked for before an interruption is known
    /// afterwards: sealed, or not. What fits neither is a finding, and nothing is sealed through it until that is cleared.
    ///
    /// # Errors
    /// The books cannot be read, or the answer not be kept.
    fn reconcile(&mut self, psam: &str, chain: &Chain, now: Moment) -> Result<Reconciled, StoreError>;

    /// Places the next order of a meter and has it sealed.
    ///
    /// # Errors
    /// What may not be sold for this meter now; a module that gave no answer, with the order prepared and to be sealed again.
    fn purchase(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Another order beside the outstanding one of a meter, of another amount; of none, to take it back.
    ///
    /// # Errors
    /// Nothing is outstanding, and those of [`Sales::purchase`].
    fn correct(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Another order beside the outstanding one of a meter, of the same amount.
    ///
    /// # Errors
    /// Nothing is outstanding, nothing asks for it, and those of [`Sales::purchase`].
    fn reissue(
        &mut self,
        sealer: &mut dyn OrderSealer,
        meter: MeterNumber,
        now: Moment,
        id: OrderId,
        anew: Anew,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Has an order sealed that is prepared, or gives the record of one that is sealed: the same one, however often.
    ///
    /// # Errors
    /// An order that is not outstanding, and those of [`Sales::purchase`].
    fn seal(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError>;

    /// Gives up an order that nobody can have sealed; what was paid for it is given back.
    ///
    /// # Errors
    /// It may be sealed, or is not outstanding.
    fn void_order(&mut self, id: OrderId, now: Moment) -> Result<(), OrderError>;

    /// Hands out all orders in the order of their making, one by one, as long as `each` wants another. What it holds in memory
    /// does not grow with their number.
    ///
    /// # Errors
    /// The books cannot be read; what was handed out before stands.
    fn each_order(&self, each: &mut dyn FnMut(&PlacedOrder) -> ControlFlow<()>) -> Result<(), StoreError>;

    /// At most so many orders that were made after one of them, or from the first on, in the order of their making.
    ///
    /// # Errors
    /// The books cannot be read.
    fn orders_after(&self, after: Option<OrderId>, most: u32) -> Result<Vec<PlacedOrder>, StoreError>;

    /// The order of an id.
    ///
    /// # Errors
    /// The books cannot be read.
    fn order(&self, id: OrderId) -> Result<Option<PlacedOrder>, StoreError>;

    /// The orders of a customer, in the order of their making.
    ///
    /// # Errors
    /// The books cannot be read.
    fn orders_of_customer(&self, customer: CustomerNumber) -> Result<Vec<PlacedOrder>, StoreError>;

    /// The order of a meter that awaits its receipt.
    ///
    /// # Errors
    /// The books cannot be read.
    fn outstanding(&self, meter: MeterNumber) -> Result<Option<PlacedOrder>, StoreError>;

    /// Orders of all meters that no module has answered for.
    ///
    /// # Errors
    /// The books cannot be read.
    fn interrupted(&self) -> Result<Vec<PlacedOrder>, StoreError>;

    /// The keys an order that is written down has to be sealed under, and the modules that may have sealed it.
    ///
    /// # Errors
    /// Its chip got other keys meanwhile.
    fn asked_of(&self, placed: &PlacedOrder) -> Result<(Keys, Vec<String>), OrderError>;

    /// Orders that a module sealed, or may have, and that no receipt has settled: as long as there is one, it stays.
    ///
    /// # Errors
    /// The books cannot be read.
    fn unsettled_of(&self, psam: &str) -> Result<u64, StoreError>;

    /// The orders a module sealed after the first `since`, as it sealed them.
    ///
    /// # Errors
    /// The books begin later.
    fn sealed_since(&self, psam: &str, since: u32) -> Result<Vec<String>, RenewalError>;
}

/// Receipts, and the money that follows them.
pub trait Receipts {
    /// Who may open a receipt, likeliest first; nobody in particular when the same bytes were opened before.
    ///
    /// # Errors
    /// Nobody says whose it is, or nobody knows the SIM.
    fn openers(&self, incoming: Incoming<'_>, origin: &Origin) -> Result<Vec<Opener>, SettleError>;

    /// Opens a receipt and settles its order: once, whatever the clocks say. A genuine one that settles nothing is kept as a
    /// finding. Any number of copies change nothing.
    ///
    /// # Errors
    /// It is not genuine, or its module does not answer; nothing changes then.
    fn settle(
        &mut self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: Moment,
    ) -> Result<Settlement, SettleError>;

    /// The receipt (`E2 ..`) that an order was settled with, as its meter made it; `None` of one that is not settled.
    ///
    /// # Errors
    /// The books cannot be read.
    fn receipt_of(&self, order: OrderId) -> Result<Option<Vec<u8>>, StoreError>;

    /// A chip, as the city's lists tell of it.
    ///
    /// # Errors
    /// The books cannot be read.
    fn esam(&self, serial: Serial8) -> Result<Option<Esam>, StoreError>;

    /// Pays back what is due to a customer, and says how much it was, in fen.
    ///
    /// # Errors
    /// It cannot be kept.
    fn refund(&mut self, customer: CustomerNumber, now: Moment) -> Result<i64, StoreError>;

    /// What a customer paid, what was confirmed and what was paid back, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn statement(&self, customer: CustomerNumber) -> Result<Vec<StatementLine>, StoreError>;
}

/// The house in figures, all of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Sums and numbers.
    pub totals: Totals,
    /// The accounts.
    pub balance: TrialBalance,
    /// What cannot be.
    pub faults: Vec<Fault>,
    /// Findings that wait for somebody.
    pub findings: Vec<Finding>,
}

/// What is not as it should be, and what vouches for the rest.
pub trait Control {
    /// The house in figures.
    ///
    /// # Errors
    /// The books cannot be read.
    fn figures(&self) -> Result<Figures, StoreError>;

    /// Findings that wait for somebody, or `all` there ever were, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn findings(&self, all: bool) -> Result<Vec<Finding>, StoreError>;

    /// One finding.
    ///
    /// # Errors
    /// The books cannot be read.
    fn finding(&self, id: i64) -> Result<Option<Finding>, StoreError>;

    /// Clears a finding, and does what follows for the money.
    ///
    /// # Errors
    /// No such finding, one that was cleared, one person where two are wanted.
    fn clear_finding(&mut self, id: i64, cleared: &Cleared) -> Result<(), ClearError>;

    /// Recomputes each module's chain from the orders as they stand here. What does not fit is kept as a finding, and told.
    ///
    /// # Errors
    /// The books cannot be read, or a finding not be kept.
    fn check_chains(&mut self, now: Moment) -> Result<Vec<String>, StoreError>;

    /// Orders that these books can explain a module's count with.
    ///
    /// # Errors
    /// The books cannot be read.
    fn explained_of(&self, psam: &str) -> Result<u64, StoreError>;

    /// Reads everything there is, and names the first thing that is damaged.
    ///
    /// # Errors
    /// What is damaged.
    fn check(&self) -> Result<(), StoreError>;

    /// Recomputes the chains of the ledger: where each server's stands, and the first thing that does not fit.
    ///
    /// # Errors
    /// The books cannot be read.
    fn check_ledger(&self) -> Result<(Vec<Head>, Option<String>), StoreError>;

    /// Where the chain of the transfers stands that these books write; `None` before the first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn ledger_head(&self) -> Result<Option<Head>, StoreError>;

    /// Whether the ledger still has a transfer that somebody else keeps the head of.
    ///
    /// # Errors
    /// The books cannot be read.
    fn has_transfer(&self, head: &Head) -> Result<bool, StoreError>;

    /// Number and hash of the last line of the bank's log when an act was last noted; `None` before the first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn log_end(&self) -> Result<Option<(u64, String)>, StoreError>;

    /// Keeps the end of the bank's log; it only grows.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_log_end(&mut self, lines: u64, hash: &str) -> Result<(), StoreError>;
}

/// Programs that ask over the network, what each asked and what it was answered; and acts that are kept together.
pub trait Requests {
    /// The principal of an id.
    ///
    /// # Errors
    /// The books cannot be read.
    fn principal(&self, id: &str) -> Result<Option<Principal>, StoreError>;

    /// The principal that shows a certificate, by its SHA-256.
    ///
    /// # Errors
    /// The books cannot be read.
    fn principal_of_certificate(&self, hash: &[u8; 32]) -> Result<Option<Principal>, StoreError>;

    /// All principals, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn principals(&self) -> Result<Vec<Principal>, StoreError>;

    /// Takes a new principal in.
    ///
    /// # Errors
    /// It cannot be kept.
    fn add_principal(&mut self, new: &Principal) -> Result<(), StoreError>;

    /// Ends a principal's key; `false`: there is none of this id that is not ended yet.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_principal(&mut self, id: &str, at: Moment) -> Result<bool, StoreError>;

    /// Writes a request down before it is worked on, or says where it stands.
    ///
    /// # Errors
    /// The id is of another request.
    fn claim(&mut self, claim: &Claim) -> Result<Claimed, RequestError>;

    /// The answer that somebody was given to a request of his; `None`: it has none, or there is no such request.
    ///
    /// # Errors
    /// The books cannot be read.
    fn answered(&self, principal: &str, id: &str) -> Result<Option<Answer>, StoreError>;

    /// The id of the order that is, or would be, made for a request of somebody's, and the answer; `None`: he never asked it.
    ///
    /// # Errors
    /// The books cannot be read.
    fn asked(&self, principal: &str, id: &str) -> Result<Option<(OrderId, Option<Answer>)>, StoreError>;

    /// Keeps the answer of a request that has none yet; one that has keeps it.
    ///
    /// # Errors
    /// It cannot be kept.
    fn answer(&mut self, principal: &str, id: &str, answer: &Answer) -> Result<(), StoreError>;

    /// Where the acts to come are done.
    fn act_at(&mut self, actor: Actor);

    /// From now on acts are kept together, by [`Requests::keep_together`], or not at all; one that fails leaves nothing. No act
    /// that asks a security module to seal belongs here: its intent has to be kept first. Begun again before it was kept or
    /// forgotten it is a step of what was begun: kept with it, or forgotten alone.
    ///
    /// # Errors
    /// The books cannot be written.
    fn begin_together(&mut self) -> Result<(), StoreError>;

    /// Keeps the acts since [`Requests::begin_together`].
    ///
    /// # Errors
    /// They cannot be kept.
    fn keep_together(&mut self) -> Result<(), StoreError>;

    /// Forgets the acts since [`Requests::begin_together`].
    fn forget_together(&mut self);
}

/// Everything a bank does with its books.
pub trait Books:
    Registry
    + Sales
    + Sealing
    + Receipts
    + Foresight
    + Control
    + Requests
    + Changes
    + HandOvers
    + Ageing
    + Statistics
    + Drawers
    + Closings
    + Contracts
    + Limits
    + Payments
    + OnlinePurchases
    + Recharges
    + CardOrders
    + Suspense
    + People
    + Persons
    + Phones
    + Glances
    + Letters
    + Offices
    + Company
    + Watched
    + Copies
    + Training
{
}

impl<B> Books for B where
    B: Registry
        + Sales
        + Sealing
        + Receipts
        + Foresight
        + Control
        + Requests
        + Changes
        + HandOvers
        + Ageing
        + Statistics
        + Drawers
        + Closings
        + Contracts
        + Limits
        + Payments
        + OnlinePurchases
        + Recharges
        + CardOrders
        + Suspense
        + People
        + Persons
        + Phones
        + Glances
        + Letters
        + Offices
        + Company
        + Watched
        + Copies
        + Training
{
}
