//! The seam of payments: what whoever asks banks needs of the books, whatever keeps them.

use crate::bank::{BankAccount, BankAnswer};
use crate::bank_day::{Compared, Difference};
use crate::bank_file::BankFile;
use crate::bank_files::TakenFile;
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared};
use crate::order::OrderRequest;
use crate::order_error::OrderError;
use crate::payment::{Payment, Step, Which};
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::order::OrderId;

/// Payments through customers' banks: what was asked, what was answered. The bank is asked between these acts, never in one.
pub trait Payments {
    /// Writes down the next order of a meter and that it is paid by a debit. The bank may be asked when this has returned.
    ///
    /// # Errors
    /// What may not be sold for this meter now.
    fn begin_payment(
        &mut self,
        request: &OrderRequest,
        account: &BankAccount,
        terms: &Terms,
    ) -> Result<Payment, OrderError>;

    /// Keeps what the bank answered. The same answer again changes nothing; whatever order answers come in, money that was taken is
    /// in the books once.
    ///
    /// # Errors
    /// There is no such payment, or the answer cannot be kept.
    fn bank_answered(&mut self, id: OrderId, answer: &BankAnswer, now: Moment)
    -> Result<Payment, OrderError>;

    /// Gives a payment up, with its order: from now on the bank is told until it confirms.
    ///
    /// # Errors
    /// A module was asked to seal for it, or it was refused.
    fn leave_payment(&mut self, id: OrderId, now: Moment) -> Result<Payment, OrderError>;

    /// The payment of an order.
    ///
    /// # Errors
    /// The books cannot be read.
    fn payment(&self, id: OrderId) -> Result<Option<Payment>, StoreError>;

    /// What a payment went through, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn payment_steps(&self, id: OrderId) -> Result<Vec<Step>, StoreError>;

    /// Payments, in the order of their asking.
    ///
    /// # Errors
    /// The books cannot be read.
    fn payments(&self, which: Which) -> Result<Vec<Payment>, StoreError>;

    /// Compares the bank's file of a day with the books. The same file again changes nothing.
    ///
    /// # Errors
    /// It cannot be kept.
    fn take_bank_file(&mut self, file: &BankFile, now: Moment) -> Result<Compared, OrderError>;

    /// The bank's files that were taken, the newest day first, at most so many.
    ///
    /// # Errors
    /// The books cannot be read.
    fn bank_files(&self, most: u32) -> Result<Vec<TakenFile>, StoreError>;

    /// A file of the bank that was taken, by its number, with the differences that it showed.
    ///
    /// # Errors
    /// The books cannot be read.
    fn bank_file(&self, id: i64) -> Result<Option<(TakenFile, Vec<Difference>)>, StoreError>;

    /// Clears a difference with the bank, and books it where that is wanted. What was booked, in fen: what the bank has more.
    ///
    /// # Errors
    /// No such difference, one that was cleared, one person alone.
    fn clear_difference(&mut self, id: i64, cleared: &Cleared, book: bool) -> Result<i64, ClearError>;
}
