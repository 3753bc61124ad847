//! Purchases that a customer's bank pays: each step an act of the books, and the bank asked between two.

use super::bank::{Bank, terms};
use super::house::House;
use super::site::Site;
use parties::trouble::{Context, Result};
use scheme::money::Fen;
use scheme::order::OrderId;
use server::bank::Booked;
use server::{BankAnswer, DebitAnswer, OrderRequest, Payment, Payments as _};

impl Bank {
    /// Writes a purchase down that is paid by a debit. `id`: of its order, where somebody drew it before.
    ///
    /// # Errors
    /// What may not be sold for this meter now.
    pub fn begin_paid(&mut self, site: &Site, amount: Fen, id: Option<OrderId>) -> Result<OrderId> {
        let (meter, now) = (site.meter.state().config.number, self.now);
        let id = id.unwrap_or_else(|| self.id());
        let account = format!("account-{}", site.n).parse()?;
        self.store.begin_payment(&OrderRequest { meter, amount, now, id }, &account, &terms()?)?;
        Ok(id)
    }

    /// Asks the customers' bank whatever a payment wants it asked, and keeps its answer; `twice`: that comes twice.
    ///
    /// # Errors
    /// There is no such payment, or the answer cannot be kept.
    pub fn ask_house(&mut self, id: OrderId, house: &House, twice: bool) -> Result<Payment> {
        let payment = self.store.payment(id)?.context("a payment")?;
        let Some(call) = payment.call() else { return Ok(payment) };
        let answer = call.ask(house);
        if twice {
            self.store.bank_answered(id, &answer, self.now)?;
        }
        Ok(self.store.bank_answered(id, &answer, self.now)?)
    }

    /// What the customers' bank says unasked: that it took money after all.
    ///
    /// # Errors
    /// As [`Bank::ask_house`].
    pub fn told_late(&mut self, id: OrderId, booked: Booked) -> Result<Payment> {
        Ok(self.store.bank_answered(id, &BankAnswer::Debit(DebitAnswer::Done(booked)), self.now)?)
    }

    /// The customer wants it no more.
    ///
    /// # Errors
    /// It may be credited, or was refused.
    pub fn leave(&mut self, id: OrderId) -> Result<Payment> {
        Ok(self.store.leave_payment(id, self.now)?)
    }
}
