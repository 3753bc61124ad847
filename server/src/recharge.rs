//! Recharges by the field's frames, as the books keep them [docs/specs/online.md 11]: beside the purchases of the paper's flow, without S0
//! and S1. The order is one like any other; its receipt names the recharge that the meter took, and the books know which order that was.

use crate::engine::params;
use crate::error::StoreError;
use crate::online::OnlinePurchase;
use crate::online_error::OnlineError;
use crate::order::PlacedOrder;
use crate::order_error::OrderError;
use crate::rows::{bytes, column, time_text};
use crate::store::{Store, Transaction, View};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::SessionId;
use scheme::order::{OrderId, OrderKind, Serial8, SimBinding};
use scheme::receipt::Receipt;
use scheme::recharge::Kept;
use scheme::signing::Mode;

/// What a meter says before it is recharged, and what the customer wants.
#[derive(Debug, Clone)]
pub struct RechargeAsk {
    /// Who buys.
    pub customer: CustomerNumber,
    /// For which of his meters.
    pub meter: MeterNumber,
    /// The chip that drew the random.
    pub serial: Serial8,
    /// Purchases it has taken, as it says without a proof.
    pub count: u32,
    /// How much; `None`: what is outstanding, or the first purchase of the registration.
    pub amount: Option<Fen>,
}

/// What there is to bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bring {
    /// A new order of this amount.
    New(Fen),
    /// The order that is outstanding.
    Outstanding(Box<PlacedOrder>),
}

/// A recharge that is to be kept before it goes to the meter.
#[derive(Debug, Clone)]
pub struct RechargeMade {
    /// Its id.
    pub sid: SessionId,
    /// Who buys.
    pub customer: CustomerNumber,
    /// The meter.
    pub meter: MeterNumber,
    /// The order it brings.
    pub order: OrderId,
    /// The order's amount.
    pub amount: Fen,
    /// The module that made it.
    pub psam: String,
    /// When.
    pub at: Moment,
    /// What goes to the meter.
    pub kept: Kept,
}

/// Recharges, behind the seam of [`Books`](crate::Books).
pub trait Recharges {
    /// What there is to bring to a meter.
    ///
    /// # Errors
    /// Another chip or customer than the books have; a count that they cannot explain; another amount is outstanding; an order that
    /// opens an account or brings another SIM; a chip that takes signed orders alone.
    fn recharge_of(&self, ask: &RechargeAsk) -> Result<Bring, OnlineError>;

    /// Keeps a recharge; one of the same id that is there already stays as it is.
    ///
    /// # Errors
    /// It cannot be kept.
    fn keep_recharge(&mut self, made: &RechargeMade) -> Result<OnlinePurchase, OnlineError>;

    /// Its receipt is settled.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_recharge(&mut self, sid: SessionId) -> Result<(), StoreError>;
}

impl Recharges for Store {
    fn recharge_of(&self, ask: &RechargeAsk) -> Result<Bring, OnlineError> {
        self.read(|view| view.recharge_of(ask))
    }

    fn keep_recharge(&mut self, made: &RechargeMade) -> Result<OnlinePurchase, OnlineError> {
        self.batch(|act| act.keep_recharge(made))
    }

    fn end_recharge(&mut self, sid: SessionId) -> Result<(), StoreError> {
        self.batch(|act| {
            act.conn.write(
                "UPDATE online_purchase SET state = 'settled' WHERE sid = ?1 AND state = 'sealed'",
                params![sid.0],
            )?;
            Ok(())
        })
    }
}

impl View<'_> {
    fn recharge_of(&self, ask: &RechargeAsk) -> Result<Bring, OnlineError> {
        let RechargeAsk { customer, meter, serial, count, amount } = ask;
        let registration = self.meter(*meter)?.ok_or(OrderError::UnknownMeter(*meter))?;
        if registration.customer != *customer {
            return Err(OnlineError::Differs("customer than has the meter now"));
        }
        let esam = self.esam_of(*meter)?.ok_or(OrderError::NoSerial(*meter))?;
        if esam.serial != *serial {
            return Err(OnlineError::Differs("ESAM"));
        }
        if esam.mode == Mode::Signed {
            return Err(OnlineError::SignedAlone(*meter));
        }
        let wrong = |next| Err(OnlineError::Count { meter: *meter, meters: *count, next });
        if let Some(placed) = self.outstanding(*meter)? {
            let order = &placed.order;
            if amount.is_some_and(|amount| amount != order.amount) {
                let (id, amount, count, state) = (order.id, order.amount, order.count, placed.state);
                return Err(OrderError::Outstanding { meter: *meter, order: id, amount, count, state }.into());
            }
            if order.serial != *serial {
                let (order, serial) = (order.id, order.serial);
                return Err(OrderError::OtherChip { order, meter: *meter, serial }.into());
            }
            let next = order.count;
            // Of this count, it has taken the order already, and will say so when it is brought once more.
            let is_taken = *count == next && placed.may_be_sealed();
            if !is_taken && count.checked_add(1) != Some(next) {
                return wrong(next);
            }
            must_be_recharge(*meter, order.kind)?;
            self.may_be_brought(&placed)?;
            return Ok(Bring::Outstanding(Box::new(placed)));
        }
        let last = self.newest_life(*serial)?.map(|life| self.last_settled(life)).transpose()?.flatten();
        let settled = last.map_or(0, |(count, _)| count);
        if *count != settled {
            return wrong(settled.saturating_add(1));
        }
        let binding = SimBinding::of(&registration.sim.imsi.file());
        must_be_recharge(
            *meter,
            match last {
                None => OrderKind::Open,
                Some((_, Some(known))) if known == binding => OrderKind::Recharge,
                Some(_) => OrderKind::Replacement,
            },
        )?;
        let amount = amount.or(registration.first_purchase).filter(|amount| amount.0 > 0);
        Ok(Bring::New(amount.ok_or(OrderError::Nothing)?))
    }

    /// The order of ours that a receipt of a recharge is for, when its id is that of one.
    pub(crate) fn recharged(&self, receipt: &Receipt) -> Result<Option<PlacedOrder>, StoreError> {
        let made = self.conn.all(
            "SELECT p.order_id AS order_id, p.sealed AS sealed FROM purchase_order o JOIN life l ON l.id = o.life \
             JOIN online_purchase p ON p.order_id = o.id WHERE l.serial = ?1 AND o.count = ?2 \
             AND p.hello IS NULL AND p.sealed IS NOT NULL",
            params![receipt.serial.0, receipt.count],
            |row| Ok((OrderId(bytes(row, "order_id")?), column::<Vec<u8>>(row, "sealed")?)),
        )?;
        let named = (receipt.order, receipt.digest);
        let made =
            made.into_iter().find(|(_, kept)| Kept::parse(kept).is_some_and(|kept| kept.id() == named));
        made.map_or(Ok(None), |(order, _)| self.order(order))
    }
}

/// A recharge teaches the meter neither customer nor SIM.
fn must_be_recharge(meter: MeterNumber, kind: OrderKind) -> Result<(), OnlineError> {
    if kind == OrderKind::Recharge { Ok(()) } else { Err(OnlineError::Kind { meter, kind }) }
}

impl Transaction<'_> {
    fn keep_recharge(&self, made: &RechargeMade) -> Result<OnlinePurchase, OnlineError> {
        let RechargeMade { sid, customer, meter, order, amount, psam, at, kept } = made;
        self.conn.write(
            "INSERT INTO online_purchase (sid, customer, meter, order_id, amount, psam, begun, state, sealed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'sealed', ?8) ON CONFLICT (sid) DO NOTHING",
            params![
                sid.0,
                customer.to_string(),
                meter.to_string(),
                order.0,
                amount.0,
                psam,
                time_text(*at),
                &kept.to_bytes()[..],
            ],
        )?;
        self.online(*sid)?.ok_or(OnlineError::Unknown(*sid))
    }
}
