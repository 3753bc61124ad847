//! Sealing orders: intent before, outcome after.

use crate::error::StoreError;
use crate::ledger::{Entry, Purchase};
use crate::message;
use crate::order::{OrderError, OrderRequest, PlacedOrder, SealedOrder};
use crate::sealer::{OrderSealer, SealError};
use crate::store::{Act, Store};
use crate::terms::Terms;
use rusqlite::params;
use wire::bcd::{BcdTime, MeterNumber};
use wire::order::{Order, OrderId};

impl Store {
    /// Places an order and seals it.
    ///
    /// The intent is on the disk before the security module is asked, the outcome before the record is
    /// handed out; after an interruption [`Store::seal`] goes on.
    pub fn purchase(
        &mut self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let placed = self.batch(|act| {
            let placed = act.place_order(request, terms)?;
            act.count_asking(request.id).map(|()| placed).map_err(OrderError::Store)
        })?;
        self.ask(sealer, &placed.order, terms)
    }

    /// Reissues the outstanding order of a meter ([`Act::reissue_order`]) and seals the new one.
    pub fn reissue(
        &mut self,
        sealer: &mut dyn OrderSealer,
        meter: MeterNumber,
        now: BcdTime,
        id: OrderId,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let placed = self.batch(|act| {
            let placed = act.reissue_order(meter, now, id, terms)?;
            act.count_asking(id).map(|()| placed).map_err(OrderError::Store)
        })?;
        self.ask(sealer, &placed.order, terms)
    }

    /// Seals an order that is prepared (again, after an interruption: the order keeps its id), or gives
    /// the record of one that is sealed.
    pub fn seal(
        &mut self,
        sealer: &mut dyn OrderSealer,
        id: OrderId,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        let placed = self.batch(|act| {
            let placed = act.usable(id)?;
            if placed.record.is_none() {
                act.count_asking(id)?;
            }
            Ok::<_, OrderError>(placed)
        })?;
        match sealed_before(&placed) {
            Some(sealed) => Ok(sealed),
            None => self.ask(sealer, &placed.order, terms),
        }
    }

    /// Asks the security module with no transaction open, so that other programs may write meanwhile.
    fn ask(
        &mut self,
        sealer: &mut dyn OrderSealer,
        order: &Order,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        match sealer.seal(&order.to_bytes()) {
            Ok(user_data) => self.batch(|act| act.keep_sealed(order.id, &user_data, terms)),
            Err(cause) => {
                if let SealError::Refused(_) = cause {
                    self.batch(|act| act.count_refusal(order.id))?;
                }
                Err(OrderError::Seal { order: order.id, cause })
            }
        }
    }
}

impl Act<'_> {
    /// Places an order and seals it, all in this act: nothing stays when it fails.
    ///
    /// The record may leave the house only when the act has been kept.
    pub fn purchase(
        &self,
        sealer: &mut dyn OrderSealer,
        request: &OrderRequest,
        terms: &Terms,
    ) -> Result<SealedOrder, OrderError> {
        self.whole(|| {
            let order = self.place_order(request, terms)?.order;
            self.count_asking(order.id)?;
            let user_data = sealer
                .seal(&order.to_bytes())
                .map_err(|cause| OrderError::Seal { order: order.id, cause })?;
            self.keep_sealed(order.id, &user_data, terms)
        })
    }

    /// Writes down a sealed order and books its sale.
    fn keep_sealed(&self, id: OrderId, user_data: &[u8], terms: &Terms) -> Result<SealedOrder, OrderError> {
        let placed = self.usable(id)?;
        // Another program may have sealed the same order meanwhile; its record is as good.
        if let Some(sealed) = sealed_before(&placed) {
            return Ok(sealed);
        }
        let record = message::order_record(user_data, placed.order.issued, terms)?;
        self.whole(|| {
            self.conn
                .prepare_cached("UPDATE purchase_order SET state = 'sealed', record = ?2 WHERE id = ?1")?
                .execute(params![id.0, record])?;
            self.book_sale(&placed.order)
        })?;
        Ok(SealedOrder { order: placed.order, record, iccid: placed.iccid })
    }

    /// Posts the sale of an order's purchase, unless an earlier order of it was sealed.
    pub(crate) fn book_sale(&self, order: &Order) -> Result<(), StoreError> {
        let mut find = self.conn.prepare_cached(
            "SELECT 1 FROM journal_entry WHERE kind = 'sale' AND meter = ?1 AND count = ?2",
        )?;
        if find.exists(params![order.meter.to_string(), order.count])? {
            return Ok(());
        }
        let purchase = Purchase { meter: order.meter, count: order.count, order: order.id };
        self.post(&Entry::sale(order.issued, purchase, order.customer, order.amount))
    }

    /// From now on the security module may have sealed the order.
    fn count_asking(&self, id: OrderId) -> Result<(), StoreError> {
        self.count(id, "UPDATE purchase_order SET asked = asked + 1 WHERE id = ?1")
    }

    /// The asking just counted was refused for certain.
    fn count_refusal(&self, id: OrderId) -> Result<(), StoreError> {
        self.count(id, "UPDATE purchase_order SET asked = asked - 1 WHERE id = ?1")
    }

    fn count(&self, id: OrderId, sql: &str) -> Result<(), StoreError> {
        self.conn.prepare_cached(sql)?.execute([id.0])?;
        Ok(())
    }
}

fn sealed_before(placed: &PlacedOrder) -> Option<SealedOrder> {
    let record = placed.record?;
    Some(SealedOrder { order: placed.order.clone(), record, iccid: placed.iccid.clone() })
}
