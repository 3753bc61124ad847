//! Payments in the books of an engine: [`Store`] behind the seam of [`Payments`].

use crate::bank::{BankAccount, BankAnswer};
use crate::bank_day::{Compared, Difference};
use crate::bank_file::BankFile;
use crate::bank_files::TakenFile;
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared};
use crate::order::OrderRequest;
use crate::order_error::OrderError;
use crate::payment::{Payment, Step, Which};
use crate::payments::Payments;
use crate::store::Store;
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::order::OrderId;

impl Payments for Store {
    fn begin_payment(
        &mut self,
        request: &OrderRequest,
        account: &BankAccount,
        terms: &Terms,
    ) -> Result<Payment, OrderError> {
        self.batch(|act| act.begin_payment(request, account, terms))
    }

    fn bank_answered(
        &mut self,
        id: OrderId,
        answer: &BankAnswer,
        now: Moment,
    ) -> Result<Payment, OrderError> {
        self.batch(|act| match answer {
            BankAnswer::Debit(answer) => act.debit_answered(id, answer, now),
            BankAnswer::Advice(answer) => act.advice_answered(id, answer, now),
        })
    }

    fn leave_payment(&mut self, id: OrderId, now: Moment) -> Result<Payment, OrderError> {
        self.batch(|act| act.leave_payment(id, now))
    }

    fn payment(&self, id: OrderId) -> Result<Option<Payment>, StoreError> {
        self.read(|view| view.payment(id))
    }

    fn payment_steps(&self, id: OrderId) -> Result<Vec<Step>, StoreError> {
        self.read(|view| view.payment_steps(id))
    }

    fn payments(&self, which: Which) -> Result<Vec<Payment>, StoreError> {
        self.read(|view| view.payments(which))
    }

    fn take_bank_file(&mut self, file: &BankFile, now: Moment) -> Result<Compared, OrderError> {
        self.batch(|act| act.take_bank_file(file, now))
    }

    fn bank_files(&self, most: u32) -> Result<Vec<TakenFile>, StoreError> {
        self.read(|view| view.bank_files(most))
    }

    fn bank_file(&self, id: i64) -> Result<Option<(TakenFile, Vec<Difference>)>, StoreError> {
        self.read(|view| match view.bank_file(id)? {
            Some(file) => Ok(Some((file, view.differences_of(id)?))),
            None => Ok(None),
        })
    }

    fn clear_difference(&mut self, id: i64, cleared: &Cleared, book: bool) -> Result<i64, ClearError> {
        self.batch(|act| act.clear_difference(id, cleared, book))
    }
}
