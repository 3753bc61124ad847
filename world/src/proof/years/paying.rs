//! Purchases that a customer's bank pays: it refuses, takes money and does not say so, says yes too late, hears nothing. Whatever it took is a
//! purchase, on its way back, or in suspense.

use super::under::{Event, Under};
use crate::bare::Whim;
use parties::trouble::{Context, Result};
use scheme::money::Fen;
use scheme::order::OrderId;
use server::{Payment, PaymentState, Payments as _};

/// What the bank does wrong with a debit, once in so many.
const DEBITS: [(&str, u32, Whim); 5] = [
    ("bank refuses a debit", 20, Whim::Refuses),
    ("bank takes a debit and says nothing", 20, Whim::SaysNothing),
    ("bank does not hear of a debit", 20, Whim::HearsNothing),
    ("bank takes a debit late", 30, Whim::Late),
    ("bank takes a debit late, though it was taken back", 40, Whim::LateAfterAll),
];
/// What it does wrong with an advice.
const ADVICES: [(&str, u32, Whim); 2] = [
    ("bank gives back and says nothing", 6, Whim::SaysNothing),
    ("bank does not hear of a reversal", 6, Whim::HearsNothing),
];

impl Under<'_> {
    /// A customer's bank is to pay. `id`: of the order, where it was drawn before. `None`: nothing came of it.
    pub(super) fn buy_by_account(
        &mut self,
        n: usize,
        amount: Fen,
        id: Option<OrderId>,
    ) -> Result<Option<OrderId>> {
        let cut = self.server_fault();
        let mut begun = self.bank.begin_paid(&self.households[n].site, amount, id);
        if cut {
            self.server_back()?;
            if begun.is_err() {
                // Perhaps it was kept and nobody heard of it.
                let meter = self.households[n].site.holder().meter;
                match self.bank.store.read(|view| view.outstanding(meter))? {
                    Some(placed) => begun = Ok(placed.order.id),
                    None => return Ok(None),
                }
            }
        }
        let id = begun?;
        self.households[n].paying = Some(id);
        self.payers.insert(id, n);
        self.later(10, 60, Event::AskHouse(n, id));
        Ok(Some(id))
    }

    /// The bank is asked, or goes on with what it said.
    pub(super) fn ask_house(&mut self, n: usize, id: OrderId) -> Result<()> {
        let payment = self.bank.store.payment(id)?.context("a payment")?;
        let payment = if payment.call().is_some() { self.asked(id, &payment)? } else { payment };
        self.check_payment(n, &payment);
        match payment.state {
            PaymentState::Unknown if self.fault("customer leaves while his bank is silent", 3) => {
                let left = self.bank.leave(id)?;
                self.check_payment(n, &left);
                self.is_given_up(n, id);
                self.later(10, 600, Event::AskHouse(n, id));
            }
            PaymentState::Asked | PaymentState::Unknown | PaymentState::Leaving => {
                self.later(60, 4 * 3600, Event::AskHouse(n, id));
            }
            PaymentState::Paid | PaymentState::Spent => self.seal_paid(n, id, payment.amount)?,
            PaymentState::Refused | PaymentState::Reversed => {
                self.is_given_up(n, id);
                self.payers.remove(&id);
            }
        }
        Ok(())
    }

    fn asked(&mut self, id: OrderId, payment: &Payment) -> Result<Payment> {
        let whims: &[_] = if payment.state == PaymentState::Leaving { &ADVICES } else { &DEBITS };
        let whim = whims.iter().find(|(name, once_in, _)| self.fault(name, *once_in));
        let twice = self.fault("bank's answer doubled", 20);
        let cut = self.server_fault();
        self.house.plan(whim.map(|(.., whim)| *whim));
        let asked = self.bank.ask_house(id, &self.house, twice);
        self.house.plan(None);
        if cut {
            self.server_back()?;
            if asked.is_err() {
                return self.bank.store.payment(id)?.context("a payment");
            }
        }
        asked
    }

    fn is_given_up(&mut self, n: usize, id: OrderId) {
        if self.households[n].paying == Some(id) {
            self.households[n].paying = None;
        }
    }

    /// What was paid becomes an order.
    fn seal_paid(&mut self, n: usize, id: OrderId, amount: Fen) -> Result<()> {
        if self.households[n].paying != Some(id) {
            return Ok(());
        }
        self.bank.next_psam();
        let cut = self.server_fault();
        let sealed = self.bank.resume(&self.households[n].site);
        if cut {
            self.server_back()?;
            if sealed.is_err() {
                self.later(60, 600, Event::AskHouse(n, id));
                return Ok(());
            }
        }
        let sealed = sealed?;
        self.is_given_up(n, id);
        self.payers.remove(&id);
        self.is_sold(n, &sealed, amount);
        if !self.households[n].phone.wants() {
            self.send(n, sealed.record);
        }
        Ok(())
    }

    /// The bank's day is over: what it put aside is done, and told.
    pub(super) fn evening(&mut self) -> Result<()> {
        for (id, booked) in self.house.evening(self.now.day()) {
            self.report.events += 1;
            let payment = self.bank.told_late(id, booked)?;
            let meter = payment.meter;
            let n = self.households.iter().position(|household| household.site.holder().meter == meter);
            let n = n.context("a payment is somebody's")?;
            self.payers.insert(id, n);
            self.check_payment(n, &payment);
            self.later(10, 600, Event::AskHouse(n, id));
        }
        Ok(())
    }

    /// What the customers' bank has is what the books say of it, as far as they can know.
    fn check_payment(&mut self, n: usize, payment: &Payment) {
        let (has, whole) = (self.house.has(payment.order), i64::from(payment.amount.0));
        let fits = match payment.state {
            PaymentState::Paid | PaymentState::Spent => has == whole,
            PaymentState::Refused | PaymentState::Reversed => has == 0,
            PaymentState::Asked | PaymentState::Unknown | PaymentState::Leaving => has == 0 || has == whole,
        };
        if !fits {
            let words = format!(
                "payment {} is {}, and the bank has {has} fen of it",
                payment.order,
                payment.state.name()
            );
            self.violation(n, words);
        }
    }
}
