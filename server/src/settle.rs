//! Settling receipts: checked against their order, booked once.

use crate::error::StoreError;
use crate::ledger::{Entry, Purchase};
use crate::order::{OrderState, PlacedOrder};
use crate::receipt::{Incoming, Opened, Opening, Origin, Refusal, SettleError};
use crate::rows::{self, bytes, column, time_text};
use crate::sealer::OrderSealer;
use crate::store::{Act, Store, View};
use crate::terms::Terms;
use rusqlite::params;
use wire::bcd::{BcdTime, CustomerNumber};
use wire::money::Fen;
use wire::order::{Order, OrderId};
use wire::receipt::Receipt;

/// A receipt that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Its order is settled now.
    Settled(Settled),
    /// Its order was settled before with the same receipt; nothing changed.
    AlreadySettled(OrderId),
}

/// An order that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The order.
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// What was credited.
    pub amount: Fen,
    /// What the meter said: its number, the count, balance, register and time.
    pub receipt: Receipt,
    /// Other orders of the same purchase, which no meter will credit any more.
    pub voided: Vec<OrderId>,
}

impl Store {
    /// Opens a receipt and settles its order.
    pub fn settle(
        &mut self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: BcdTime,
        terms: &Terms,
    ) -> Result<Settlement, SettleError> {
        match self.read(|view| view.open_receipt(sealer, incoming, origin))? {
            Opening::Known(order) => Ok(Settlement::AlreadySettled(order)),
            Opening::Opened(opened) => self.batch(|act| act.settle_opened(&opened, now, terms)),
        }
    }
}

impl Act<'_> {
    /// Opens a receipt and settles its order, in this act.
    pub fn settle(
        &self,
        sealer: &mut dyn OrderSealer,
        incoming: Incoming<'_>,
        origin: &Origin,
        now: BcdTime,
        terms: &Terms,
    ) -> Result<Settlement, SettleError> {
        match self.open_receipt(sealer, incoming, origin)? {
            Opening::Known(order) => Ok(Settlement::AlreadySettled(order)),
            Opening::Opened(opened) => self.settle_opened(&opened, now, terms),
        }
    }

    /// Checks an opened receipt against its order and settles it. A refusal changes nothing.
    pub fn settle_opened(
        &self,
        opened: &Opened,
        now: BcdTime,
        terms: &Terms,
    ) -> Result<Settlement, SettleError> {
        let receipt = &opened.receipt;
        let placed = self.order(receipt.order)?.ok_or(Refusal::UnknownOrder(receipt.order))?;
        check(receipt, &placed.order, terms)?;
        match placed.state {
            OrderState::Settled => return self.settled_again(opened),
            OrderState::Void => return Err(self.why_void(&placed)?.into()),
            OrderState::Prepared | OrderState::Sealed | OrderState::Superseded => {}
        }
        let voided = self.whole(|| self.keep_settlement(opened, &placed.order, now))?;
        Ok(Settlement::Settled(Settled {
            order: placed.order.id,
            customer: placed.order.customer,
            amount: placed.order.amount,
            receipt: receipt.clone(),
            voided,
        }))
    }

    fn keep_settlement(
        &self,
        opened: &Opened,
        order: &Order,
        now: BcdTime,
    ) -> Result<Vec<OrderId>, StoreError> {
        let receipt = &opened.receipt;
        self.conn
            .prepare_cached(
                "INSERT INTO settlement (order_id, packet, receipt, balance, register, at_meter, settled) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                order.id.0,
                opened.packet,
                opened.bytes,
                receipt.balance.0,
                receipt.register,
                time_text(receipt.time),
                time_text(now),
            ])?;
        self.set_state(order.id, OrderState::Settled)?;
        let voided = self.others(order)?;
        for other in &voided {
            self.set_state(*other, OrderState::Void)?;
        }
        // A module whose answer was lost may have sealed an order that never came to be booked.
        self.book_sale(order)?;
        let purchase = Purchase { meter: order.meter, count: order.count, order: order.id };
        self.post(&Entry::delivery(now, purchase, order.customer, order.amount))?;
        Ok(voided)
    }

    /// The order is settled: the same receipt may come any number of times, another never.
    fn settled_again(&self, opened: &Opened) -> Result<Settlement, SettleError> {
        let id = opened.receipt.order;
        if self.kept_receipt(id)?.is_some_and(|kept| kept == opened.bytes) {
            Ok(Settlement::AlreadySettled(id))
        } else {
            Err(Refusal::Contradiction(id).into())
        }
    }
}

impl View<'_> {
    /// The receipt an order was settled with.
    fn kept_receipt(&self, order: OrderId) -> Result<Option<Vec<u8>>, StoreError> {
        let mut find = self.conn.prepare_cached("SELECT receipt FROM settlement WHERE order_id = ?1")?;
        rows::first(&mut find, [order.0], |row| column(row, "receipt"))
    }

    /// The other orders of an order's purchase that are still alive.
    fn others(&self, order: &Order) -> Result<Vec<OrderId>, StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT id FROM purchase_order WHERE meter = ?1 AND count = ?2 AND id <> ?3 \
             AND state IN ('prepared', 'sealed', 'superseded') ORDER BY seq",
        )?;
        rows::all(&mut find, params![order.meter.to_string(), order.count, order.id.0], |row| {
            bytes(row, "id").map(OrderId)
        })
    }

    fn why_void(&self, placed: &PlacedOrder) -> Result<Refusal, StoreError> {
        let Order { id: order, meter, count, .. } = placed.order;
        let mut find = self.conn.prepare_cached(
            "SELECT id FROM purchase_order WHERE meter = ?1 AND count = ?2 AND state = 'settled'",
        )?;
        let settled =
            rows::first(&mut find, params![meter.to_string(), count], |row| bytes(row, "id").map(OrderId))?;
        Ok(match settled {
            Some(settled) if placed.record.is_some() => Refusal::SettledOtherwise { order, count, settled },
            _ => Refusal::NeverSealed { order, state: placed.state },
        })
    }
}

/// Every field of a receipt against its order; the TAC is the security module's affair.
fn check(receipt: &Receipt, order: &Order, terms: &Terms) -> Result<(), Refusal> {
    let id = order.id;
    if receipt.meter != order.meter {
        return Err(Refusal::OtherMeter { order: id, receipt: receipt.meter, placed: order.meter });
    }
    if receipt.count != order.count {
        return Err(Refusal::Count { order: id, receipt: receipt.count, placed: order.count });
    }
    // The digest covers amount and serial; they are compared as well, for a receipt must not contradict itself.
    let digest = order.digest();
    if receipt.digest != digest || receipt.amount != order.amount || receipt.serial != order.serial {
        return Err(Refusal::OtherOrder {
            order: id,
            receipt: receipt.digest,
            ours: digest,
            credited: receipt.amount,
        });
    }
    if receipt.result != 0 {
        return Err(Refusal::Result { order: id, result: receipt.result });
    }
    if receipt.balance < order.amount {
        return Err(Refusal::Balance { balance: receipt.balance, amount: order.amount });
    }
    let early =
        receipt.time.add_seconds(i64::from(terms.clock_tolerance_s)).is_some_and(|time| time < order.issued);
    if early {
        return Err(Refusal::TooEarly { at_meter: receipt.time, issued: order.issued });
    }
    if receipt.time > order.valid_until {
        return Err(Refusal::TooLate { at_meter: receipt.time, valid_until: order.valid_until });
    }
    Ok(())
}
