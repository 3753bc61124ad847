//! The bank's books in SQLite: [`Store`] behind the seam of [`Books`](crate::Books).

use crate::books::{Control, Figures, Receipts, Registry, Requests, Sales};
use crate::chain::Chain;
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared, Finding};
use crate::incoming::Incoming;
use crate::key_choice::Keys;
use crate::ledger_chain::Head;
use crate::meters::{Delivered, Esam};
use crate::modules::Reconciled;
use crate::order::{OrderRequest, PlacedOrder, SealedOrder};
use crate::order_error::OrderError;
use crate::place::Anew;
use crate::pool::Opener;
use crate::principal::Principal;
use crate::receipt::{Origin, SettleError};
use crate::register::{RegisterError, ReplaceError, Replaced, Report};
use crate::registration::{Customer, Registration, Sim, SimKey};
use crate::renewal::RenewalError;
use crate::report::StatementLine;
use crate::request::{Answer, Claim, Claimed, RequestError};
use crate::roster::Roster;
use crate::sealer::OrderSealer;
use crate::settle::Settlement;
use crate::store::Store;
use crate::terms::Terms;
use crate::training_error::TrainingError;
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{OrderId, Serial8};

impl Registry for Store {
    fn terms(&self) -> Result<Option<Terms>, StoreError> {
        self.read(|view| view.terms())
    }

    fn set_terms(&mut self, terms: &Terms) -> Result<(), StoreError> {
        self.batch(|act| act.set_terms(terms))
    }

    fn is_older_make(&self) -> Result<bool, StoreError> {
        self.read(|view| view.is_older_make())
    }

    fn register(&mut self, roster: Roster<'_>) -> Result<Report, RegisterError> {
        // The transaction is the whole act: a savepoint inside it would keep every page it touches in memory.
        self.batch(|act| act.register_lines(roster))
    }

    fn customer(&self, customer: CustomerNumber) -> Result<Option<Customer>, StoreError> {
        self.read(|view| view.customer(customer))
    }

    fn of_meter(&self, meter: MeterNumber) -> Result<Option<Registration>, StoreError> {
        self.read(|view| view.meter(meter))
    }

    fn of_sim(&self, sim: &SimKey) -> Result<Option<Customer>, StoreError> {
        self.read(|view| match view.customer_of_sim(sim)? {
            Some(customer) => view.customer(customer),
            None => Ok(None),
        })
    }

    fn replace_sim(
        &mut self,
        customer: CustomerNumber,
        sim: &Sim,
        now: Moment,
    ) -> Result<Replaced, ReplaceError> {
        self.batch(|act| act.replace_sim(customer, sim, now))
    }

    fn take_meters(&mut self, esams: &[Esam], now: Moment) -> Result<Delivered, TrainingError> {
        self.batch(|act| act.take_meters(esams, now))
    }

    fn keys_of(&self, meter: MeterNumber) -> Result<Keys, OrderError> {
        self.read(|view| view.keys_of(meter))
    }

    fn sells_formal(&self) -> Result<bool, StoreError> {
        self.read(|view| view.sells_formal())
    }
}

impl Sales for Store {
    fn guard_clock(&mut self, now: Moment, allowed: bool) -> Result<(), OrderError> {
        self.batch(|act| act.guard_clock(now, allowed))
    }

    fn reconcile(&mut self, psam: &str, chain: &Chain, now: Moment) -> Result<Reconciled, StoreError> {
        self.batch(|act| act.reconcile(psam, chain, now))
    }

    fn purchase(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        Store::purchase(self, sealer, request, terms)
    }

    fn correct(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        Store::correct(self, sealer, request, terms)
    }

    fn reissue(
        &mut self,
        sealer: &mut dyn OrderSealer,
        meter: MeterNumber,
        now: Moment,
        id: OrderId,
        anew: Anew,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        Store::reissue(self, sealer, meter, now, id, anew, terms)
    }

    fn seal(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        now: Moment,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        Store::seal(self, sealer, id, now, terms)
    }

    fn void_order(&mut self, id: OrderId, now: Moment) -> Result<(), OrderError> {
        self.batch(|act| act.void_order(id, now))
    }

    fn each_order(&self, each: &mut dyn FnMut(&PlacedOrder) -> ControlFlow<()>) -> Result<(), StoreError> {
        self.read(|view| view.each_order(each))
    }

    fn orders_after(&self, after: Option<OrderId>, most: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        self.read(|view| view.orders_after(after, most))
    }

    fn order(&self, id: OrderId) -> Result<Option<PlacedOrder>, StoreError> {
        self.read(|view| view.order(id))
    }

    fn orders_of_customer(&self, customer: CustomerNumber) -> Result<Vec<PlacedOrder>, StoreError> {
        self.read(|view| view.orders_of_customer(customer))
    }

    fn outstanding(&self, meter: MeterNumber) -> Result<Option<PlacedOrder>, StoreError> {
        self.read(|view| view.outstanding(meter))
    }

    fn interrupted(&self) -> Result<Vec<PlacedOrder>, StoreError> {
        self.read(|view| view.interrupted())
    }

    fn asked_of(&self, placed: &PlacedOrder) -> Result<(Keys, Vec<String>), OrderError> {
        self.read(|view| Ok((view.keys_of_order(placed)?, view.psams_of(placed.order.id)?)))
    }

    fn unsettled_of(&self, psam: &str) -> Result<u64, StoreError> {
        self.read(|view| view.unsettled_of(psam))
    }

    fn sealed_since(&self, psam: &str, since: u32) -> Result<Vec<String>, RenewalError> {
        self.read(|view| view.sealed_since(psam, since))
    }
}

impl Receipts for Store {
    fn openers(&self, incoming: Incoming<'_>, origin: &Origin) -> Result<Vec<Opener>, SettleError> {
        self.read(|view| view.openers(incoming, origin))
    }

    fn settle(
        &mut self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: Moment,
    ) -> Result<Settlement, SettleError> {
        Store::settle(self, sealer, incoming, origin, now)
    }

    fn receipt_of(&self, order: OrderId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|view| view.receipt_of(order))
    }

    fn esam(&self, serial: Serial8) -> Result<Option<Esam>, StoreError> {
        self.read(|view| view.esam(serial))
    }

    fn refund(&mut self, customer: CustomerNumber, now: Moment) -> Result<i64, StoreError> {
        self.batch(|act| act.refund(customer, now))
    }

    fn statement(&self, customer: CustomerNumber) -> Result<Vec<StatementLine>, StoreError> {
        self.read(|view| view.statement(customer))
    }
}

impl Control for Store {
    fn figures(&self) -> Result<Figures, StoreError> {
        self.read(|view| {
            Ok(Figures {
                totals: view.totals()?,
                balance: view.trial_balance()?,
                faults: view.audit()?,
                findings: view.findings(false)?,
            })
        })
    }

    fn findings(&self, all: bool) -> Result<Vec<Finding>, StoreError> {
        self.read(|view| view.findings(all))
    }

    fn finding(&self, id: i64) -> Result<Option<Finding>, StoreError> {
        self.read(|view| view.finding(id))
    }

    fn clear_finding(&mut self, id: i64, cleared: &Cleared) -> Result<(), ClearError> {
        self.batch(|act| act.clear_finding(id, cleared))
    }

    fn check_chains(&mut self, now: Moment) -> Result<Vec<String>, StoreError> {
        self.batch(|act| {
            let mut wrong = Vec::new();
            for psam in act.modules()? {
                if let Some(words) = act.recompute(&psam)? {
                    act.chain_finding(&psam, &words, now)?;
                    wrong.push(words);
                }
            }
            Ok(wrong)
        })
    }

    fn explained_of(&self, psam: &str) -> Result<u64, StoreError> {
        self.read(|view| view.explained_of(psam))
    }

    fn check(&self) -> Result<(), StoreError> {
        Store::check(self)
    }

    fn check_ledger(&self) -> Result<(Vec<Head>, Option<String>), StoreError> {
        self.read(|view| view.recompute_ledger())
    }

    fn ledger_head(&self) -> Result<Option<Head>, StoreError> {
        self.read(|view| view.chain_head(self.server()))
    }

    fn has_transfer(&self, head: &Head) -> Result<bool, StoreError> {
        self.read(|view| Ok(view.chain_at(&head.server, head.number)? == Some(head.hash)))
    }

    fn log_end(&self) -> Result<Option<(u64, String)>, StoreError> {
        self.read(|view| view.log_end())
    }

    fn keep_log_end(&mut self, lines: u64, hash: &str) -> Result<(), StoreError> {
        self.batch(|act| act.keep_log_end(lines, hash))
    }
}

impl Requests for Store {
    fn principal(&self, id: &str) -> Result<Option<Principal>, StoreError> {
        self.read(|view| view.principal(id))
    }

    fn principal_of_certificate(&self, hash: &[u8; 32]) -> Result<Option<Principal>, StoreError> {
        self.read(|view| view.principal_of_certificate(hash))
    }

    fn principals(&self) -> Result<Vec<Principal>, StoreError> {
        self.read(|view| view.principals())
    }

    fn add_principal(&mut self, new: &Principal) -> Result<(), StoreError> {
        self.batch(|act| act.add_principal(new))
    }

    fn end_principal(&mut self, id: &str, at: Moment) -> Result<bool, StoreError> {
        self.batch(|act| act.end_principal(id, at))
    }

    fn claim(&mut self, claim: &Claim) -> Result<Claimed, RequestError> {
        self.batch(|act| act.claim(claim))
    }

    fn asked(&self, principal: &str, id: &str) -> Result<Option<(OrderId, Option<Answer>)>, StoreError> {
        self.read(|view| view.asked(principal, id))
    }

    fn answered(&self, principal: &str, id: &str) -> Result<Option<Answer>, StoreError> {
        self.read(|view| view.answered(principal, id))
    }

    fn answer(&mut self, principal: &str, id: &str, answer: &Answer) -> Result<(), StoreError> {
        self.batch(|act| act.answer(principal, id, answer))
    }

    fn act_at(&mut self, actor: crate::actor::Actor) {
        Store::act_at(self, actor);
    }

    fn begin_together(&mut self) -> Result<(), StoreError> {
        Store::begin_together(self)
    }

    fn keep_together(&mut self) -> Result<(), StoreError> {
        Store::keep_together(self)
    }

    fn forget_together(&mut self) {
        Store::forget_together(self);
    }
}
