//! Placing orders: the next one of a meter, another one for a lost SIM, giving one up.

use crate::error::StoreError;
use crate::message;
use crate::order::{OrderError, OrderRequest, OrderState, PlacedOrder};
use crate::register::Registration;
use crate::roster::MAX_AMOUNT;
use crate::rows::time_text;
use crate::store::Act;
use crate::terms::Terms;
use rusqlite::params;
use wire::bcd::{BcdTime, MeterNumber};
use wire::order::{Order, OrderId, OrderKind, SimBinding};

const DAY_S: i64 = 86_400;

impl Act<'_> {
    /// Writes down the next order of a meter, prepared for sealing.
    ///
    /// Kind and count follow from the history: the first order opens the account, an order for the SIM
    /// the meter knows is a recharge, one for another SIM makes the meter know that one.
    pub fn place_order(&self, request: &OrderRequest, terms: &Terms) -> Result<PlacedOrder, OrderError> {
        let OrderRequest { meter, amount, .. } = *request;
        let registration = self.meter(meter)?.ok_or(OrderError::UnknownMeter(meter))?;
        if amount.0 == 0 || amount > MAX_AMOUNT {
            return Err(OrderError::Amount(amount));
        }
        if let Some(PlacedOrder { order, state, .. }) = self.outstanding(meter)? {
            let Order { id: order, amount, count, .. } = order;
            return Err(OrderError::Outstanding { meter, order, amount, count, state });
        }
        let last = self.last_settled(meter)?.map_or(0, |(count, _)| count);
        let count = last.checked_add(1).ok_or(OrderError::CountEnd(meter))?;
        self.write_order(request, &registration, count, None, terms)
    }

    /// Writes down another order of the outstanding purchase of a meter, for the SIM the customer has now
    /// or because the order before has expired: same count, same amount, other id.
    ///
    /// The order before is superseded, not void: if the meter credited it, its receipt still settles.
    pub fn reissue_order(
        &self,
        meter: MeterNumber,
        now: BcdTime,
        id: OrderId,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        let registration = self.meter(meter)?.ok_or(OrderError::UnknownMeter(meter))?;
        let old = self.outstanding(meter)?.ok_or(OrderError::NothingOutstanding(meter))?.order;
        if old.binding == binding_of(&registration)? && now <= old.valid_until {
            return Err(OrderError::NoNeed(old.id));
        }
        let request = OrderRequest { meter, amount: old.amount, now, id };
        self.whole(|| {
            self.set_state(old.id, OrderState::Superseded)?;
            self.write_order(&request, &registration, old.count, Some(old.id), terms)
        })
    }

    /// Gives up an order that the security module has refused, so that another can be placed.
    ///
    /// Any other order stays: a meter may have credited it.
    pub fn void_order(&self, id: OrderId) -> Result<(), OrderError> {
        let placed = self.usable(id)?;
        // An order that took another's place leaves that other one alive: giving it up frees nothing.
        let never_sealed =
            placed.state == OrderState::Prepared && placed.asked == 0 && placed.replaces.is_none();
        if !never_sealed {
            return Err(OrderError::MayBeCredited(id));
        }
        Ok(self.set_state(id, OrderState::Void)?)
    }

    fn write_order(
        &self,
        request: &OrderRequest,
        registration: &Registration,
        count: u32,
        replaces: Option<OrderId>,
        terms: &Terms,
    ) -> Result<PlacedOrder, OrderError> {
        if self.order(request.id)?.is_some() {
            return Err(OrderError::IdTaken(request.id));
        }
        let binding = binding_of(registration)?;
        let serial = registration.esam.ok_or(OrderError::NoSerial(request.meter))?;
        // The meter keeps the binding of the order it credited last; a recharge for another SIM it refuses.
        let kind = match self.last_settled(request.meter)? {
            None => OrderKind::Open,
            Some((_, known)) if known == binding => OrderKind::Recharge,
            Some(_) => OrderKind::Replacement,
        };
        let life = i64::from(terms.validity_days) * DAY_S;
        let order = Order {
            meter: request.meter,
            customer: registration.customer,
            amount: request.amount,
            count,
            issued: request.now,
            id: request.id,
            kind,
            binding,
            valid_until: request.now.add_seconds(life).ok_or(OrderError::Calendar)?,
            serial,
        };
        let iccid = registration.sim.iccid.to_string();
        self.insert_order(&order, &iccid, replaces)?;
        Ok(PlacedOrder { order, state: OrderState::Prepared, iccid, replaces, record: None, asked: 0 })
    }

    fn insert_order(&self, order: &Order, iccid: &str, replaces: Option<OrderId>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO purchase_order (id, customer, meter, kind, count, amount, issued, valid_until, \
                 binding, iccid, replaces, serial, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'prepared')",
            )?
            .execute(params![
                order.id.0,
                order.customer.to_string(),
                order.meter.to_string(),
                order.kind.code(),
                order.count,
                order.amount.0,
                time_text(order.issued),
                time_text(order.valid_until),
                order.binding.0,
                iccid,
                replaces.map(|id| id.0),
                order.serial.0,
            ])?;
        Ok(())
    }

    pub(crate) fn set_state(&self, id: OrderId, state: OrderState) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("UPDATE purchase_order SET state = ?2 WHERE id = ?1")?
            .execute(params![id.0, state.name()])?;
        Ok(())
    }
}

fn binding_of(registration: &Registration) -> Result<SimBinding, OrderError> {
    message::binding(&registration.sim.imsi).map_err(OrderError::Imsi)
}
