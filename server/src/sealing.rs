//! Modules that are asked by somebody else: an order's intent is written down, and its answer is kept when it comes.

use crate::error::StoreError;
use crate::message;
use crate::meters::chip;
use crate::modules::{last_seal_of, module_of};
use crate::order::{SealedOrder, order_of};
use crate::order_error::OrderError;
use crate::payment::payment_for;
use crate::seal::last_balance_of;
use crate::store::Store;
use crate::terms::Terms;
use scheme::order::OrderId;

/// What comes of orders that modules were asked to seal.
pub trait Sealing {
    /// An order that a module has sealed, as it is handed out; `None`: none has yet, or there is no such order.
    ///
    /// # Errors
    /// The books cannot be read.
    fn sealed(&self, id: OrderId) -> Result<Option<SealedOrder>, OrderError>;

    /// Keeps what a module answered that was asked by somebody else, after its intent had been written down
    /// ([`SealError::Waits`](crate::SealError::Waits)). The answers of one module come in the sequence in which it was asked. An order
    /// that is not to be had any more gets no record.
    ///
    /// # Errors
    /// It cannot be kept; the module's chain tells then that it was sealed.
    fn keep_answer(
        &mut self,
        psam: &str,
        id: OrderId,
        user_data: &[u8],
        terms: &Terms,
    ) -> Result<(), OrderError>;

    /// A module has not sealed an order it was to be asked for: it refused for certain, or was never asked.
    ///
    /// # Errors
    /// It cannot be kept.
    fn forget_asking(&mut self, psam: &str, id: OrderId) -> Result<(), StoreError>;
}

impl Sealing for Store {
    fn sealed(&self, id: OrderId) -> Result<Option<SealedOrder>, OrderError> {
        self.read(|view| match view.order(id)? {
            Some(placed) => view.sealed(&placed),
            None => Ok(None),
        })
    }

    fn keep_answer(
        &mut self,
        psam: &str,
        id: OrderId,
        user_data: &[u8],
        terms: &Terms,
    ) -> Result<(), OrderError> {
        self.batch(|act| {
            act.conn.foresee(|| [order_of(id), module_of(psam), last_seal_of(psam)])?;
            let placed = act.order(id)?.ok_or(OrderError::UnknownOrder(id))?;
            act.conn.foresee(|| {
                // What whoever hands the order out asks next.
                let (life, count) = (placed.life, placed.order.count);
                [payment_for(life, count), chip(placed.order.serial), last_balance_of(life)]
            })?;
            act.note_answer(psam, &placed)?;
            if placed.record.is_none() && placed.is_usable() {
                act.keep_record(&placed, &message::order_record(user_data, &placed.order, terms)?)?;
            }
            Ok(())
        })
    }

    fn forget_asking(&mut self, psam: &str, id: OrderId) -> Result<(), StoreError> {
        self.batch(|act| act.forget_asking(psam, id, None))
    }
}
