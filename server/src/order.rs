//! Orders: what they are and where they stand.
//!
//! A purchase is a life of a meter and a count. It may have several orders, one after another: for another SIM, for
//! another amount, for nothing at all. All carry the same count, so a meter takes exactly one of them, and the
//! receipt's digest tells which. An order's life is written down before and after the security module is asked:
//!
//! ```text
//! prepared -> sealed -> settled
//!     |          |
//!     |          +----> superseded -> settled | void
//!     +----> void (the security module was never asked, or refused it for certain)
//! ```

use crate::engine::{About, Question, Row, params};
use crate::error::StoreError;
use crate::order_error::OrderError;
use crate::order_state::OrderState;
use crate::rows::{self, bytes, column, parsed, time};
use crate::store::View;
use core::ops::ControlFlow;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use scheme::subscription::Imsi;
use wire::sms::record::Records;

/// Why an order was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A sale: the first order of its purchase.
    Sale,
    /// Another one of the same amount: for another SIM, after its validity, under other keys, for another chip.
    Reissue,
    /// Another one of another amount.
    Correction,
    /// Another one of nothing: it takes the count and credits nothing.
    Reversal,
}

impl Reason {
    const ALL: [Reason; 4] = [Reason::Sale, Reason::Reissue, Reason::Correction, Reason::Reversal];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Sale => "sale",
            Reason::Reissue => "reissue",
            Reason::Correction => "correction",
            Reason::Reversal => "reversal",
        }
    }
}

/// A purchase that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRequest {
    /// The meter to be credited.
    pub meter: MeterNumber,
    /// What is paid, 0.01 to 999999.99 yuan.
    pub amount: Fen,
    /// Now, UTC+8.
    pub now: Moment,
    /// Eight fresh random bytes; an order id is never used twice.
    pub id: OrderId,
}

/// An order with what the server knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// What the order says. It names the customer of the chip's account; whoever has the meter may be another.
    pub order: Order,
    /// The customer whose order it is.
    pub customer: CustomerNumber,
    /// The life its count belongs to.
    pub(crate) life: i64,
    /// Version of the keys it is sealed under.
    pub key_version: u8,
    /// Why it was made.
    pub reason: Reason,
    /// Where it stands.
    pub state: OrderState,
    /// The SIM it was made for.
    pub sim: MadeFor,
    /// The order whose place it took.
    pub replaces: Option<OrderId>,
    /// Its EF_SMS record, once sealed; of a signed order both.
    pub record: Option<Records>,
    /// A security module was asked, and did not refuse for certain.
    pub asked: bool,
}

impl PlacedOrder {
    /// Whether it may be sealed: nobody can be sure that it is not.
    pub fn may_be_sealed(&self) -> bool {
        self.asked || self.record.is_some()
    }

    /// Whether it is prepared or sealed: neither settled nor replaced nor given up.
    pub(crate) const fn is_usable(&self) -> bool {
        matches!(self.state, OrderState::Prepared | OrderState::Sealed)
    }
}

/// The SIM an order was made for, or the user card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFor {
    /// Number of the SIM; of a user card `user card ` and its number.
    pub iccid: String,
    /// IMSI of the card of that number as it is registered; `None` where none is any more.
    pub imsi: Option<Imsi>,
}

/// What stands before the number of a user card where else a SIM's stands. No SIM's number begins so.
pub(crate) const CARD: &str = "user card ";

impl MadeFor {
    /// Number of the user card it was made for; `None`: for a SIM.
    pub fn card(&self) -> Option<&str> {
        self.iccid.strip_prefix(CARD)
    }
}

/// An order on its way to a SIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedOrder {
    /// What the order says.
    pub order: Order,
    /// The EF_SMS record, status 03 (`docs/specs/purchase.md` section 3); of a signed order both.
    pub record: Records,
    /// The SIM it is for.
    pub sim: MadeFor,
    /// What the clerk is to hear, though it was sold.
    pub warning: Option<String>,
}

const SELECT: &str = "SELECT o.id AS id, o.life AS life, coalesce(o.given_up_by, p.customer) AS customer, \
     (SELECT f.customer FROM purchase f WHERE f.life = o.life ORDER BY f.count LIMIT 1) AS account, l.meter AS meter, l.serial AS serial, o.kind AS kind, \
     o.count AS count, o.amount AS amount, o.issued AS issued, o.valid_until AS valid_until, o.binding AS binding, \
     o.iccid AS iccid, (SELECT i.imsi FROM sim i WHERE i.iccid = o.iccid ORDER BY i.id DESC LIMIT 1) AS imsi, \
     o.replaces AS replaces, o.reason AS reason, o.key_version AS key_version, o.state AS state, \
     o.record AS record, o.part AS part, EXISTS (SELECT 1 FROM ask WHERE ask.order_id = o.id) \
     OR EXISTS (SELECT 1 FROM seal WHERE seal.order_id = o.id) AS asked \
     FROM purchase_order o JOIN purchase p ON p.life = o.life AND p.count = o.count JOIN life l ON l.id = o.life";

/// The order of an id.
pub(crate) fn order_of(id: OrderId) -> Question {
    Question::new(format!("{SELECT} WHERE o.id = ?1"), params![id.0])
}

/// What [`View::outstanding`] gives.
pub(crate) fn outstanding_of(meter: MeterNumber) -> Question {
    let sql = format!(
        "{SELECT} WHERE l.meter = ?1 AND o.state IN ('prepared', 'sealed') ORDER BY o.life DESC LIMIT 1"
    );
    Question::new(sql, params![meter.to_string()]).about(About::Meter(meter))
}

/// All orders of a purchase in the order of their making.
pub(crate) fn orders_of(life: i64, count: u32) -> Question {
    let sql = format!("{SELECT} WHERE o.life = ?1 AND o.count = ?2 ORDER BY o.seq");
    Question::new(sql, params![life, count]).about(About::Life(life)).whole()
}

/// The last settlement of a life, and the SIM its order was for.
pub(crate) fn last_settled_of(life: i64) -> Question {
    Question::new(
        "SELECT s.count AS count, o.binding AS binding FROM settlement s LEFT \
         JOIN purchase_order o ON o.id = s.order_id WHERE s.life = ?1 ORDER BY s.count DESC LIMIT 1",
        params![life],
    )
    .about(About::Life(life))
}

impl PlacedOrder {
    /// What is about it in the books.
    pub(crate) const fn subjects(&self) -> [About; 3] {
        [About::Meter(self.order.meter), About::Life(self.life), About::Order(self.order.id)]
    }
}

pub(crate) fn placed(row: &Row<'_>) -> Result<PlacedOrder, StoreError> {
    let fault = |place, detail: String| StoreError::Value { place, detail };
    let state: String = column(row, "state")?;
    let reason: String = column(row, "reason")?;
    let kind: u8 = column(row, "kind")?;
    let replaces: Option<Vec<u8>> = column(row, "replaces")?;
    let (record, part): (Option<Vec<u8>>, Option<Vec<u8>>) = (column(row, "record")?, column(row, "part")?);
    let serial: Option<Vec<u8>> = column(row, "serial")?;
    Ok(PlacedOrder {
        order: Order {
            meter: parsed(row, "meter")?,
            customer: parsed(row, "account")?,
            amount: Fen(column(row, "amount")?),
            count: column(row, "count")?,
            issued: time(row, "issued")?,
            id: OrderId(bytes(row, "id")?),
            kind: OrderKind::from_code(kind).ok_or_else(|| fault("kind", kind.to_string()))?,
            binding: SimBinding(bytes(row, "binding")?),
            valid_until: time(row, "valid_until")?,
            // An order of the older make named no chip.
            serial: Serial8(serial.map_or(Ok([0; 8]), |serial| rows::exactly(&serial, "serial"))?),
        },
        customer: parsed(row, "customer")?,
        life: column(row, "life")?,
        key_version: column(row, "key_version")?,
        reason: Reason::ALL
            .into_iter()
            .find(|known| known.name() == reason)
            .ok_or_else(|| fault("reason", reason))?,
        state: OrderState::from_name(&state).ok_or_else(|| fault("state", state))?,
        sim: MadeFor {
            iccid: column(row, "iccid")?,
            imsi: column::<Option<String>>(row, "imsi")?.and_then(|imsi| imsi.parse().ok()),
        },
        replaces: replaces.map(|id| rows::exactly(&id, "replaces").map(OrderId)).transpose()?,
        record: record
            .map(|record| [record, part.unwrap_or_default()].concat())
            .map(|bytes| Records::parse(&bytes).ok_or_else(|| fault("record", bytes.len().to_string())))
            .transpose()?,
        asked: column(row, "asked")?,
    })
}

impl View<'_> {
    /// The order of an id.
    pub fn order(&self, id: OrderId) -> Result<Option<PlacedOrder>, StoreError> {
        self.conn.answer(&order_of(id), placed)
    }

    /// The orders of a customer, in the order of their making.
    pub fn orders_of_customer(&self, customer: CustomerNumber) -> Result<Vec<PlacedOrder>, StoreError> {
        self.conn.all(
            &format!(
                "{SELECT} WHERE o.seq IN (SELECT x.seq FROM purchase q JOIN purchase_order x ON x.life = q.life \
                 AND x.count = q.count WHERE q.customer = ?1 AND x.given_up_by IS NULL \
                 UNION SELECT y.seq FROM purchase_order y WHERE y.given_up_by = ?1) ORDER BY o.seq"
            ),
            params![customer.to_string()],
            placed,
        )
    }

    /// The order of a meter that awaits its receipt, prepared or sealed: of the chip that is in it now, or else of the
    /// one before.
    pub fn outstanding(&self, meter: MeterNumber) -> Result<Option<PlacedOrder>, StoreError> {
        self.conn.answer(&outstanding_of(meter), placed)
    }

    /// Orders of all meters that the security module has not answered for: to be resumed. One that a bank has not paid for is
    /// none of them.
    pub fn interrupted(&self) -> Result<Vec<PlacedOrder>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE o.state = 'prepared' AND NOT EXISTS (SELECT 1 FROM payment y WHERE y.life = o.life \
             AND y.count = o.count AND y.state IN ('asked', 'unknown')) ORDER BY o.seq"
        );
        self.conn.all(&sql, params![], placed)
    }

    /// Hands out all orders in the order of their making, one by one, as long as `each` wants another.
    pub fn each_order(
        &self,
        each: &mut dyn FnMut(&PlacedOrder) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.conn.each(&format!("{SELECT} ORDER BY o.seq"), params![], &mut |row| Ok(each(&placed(row)?)))?;
        Ok(())
    }

    /// At most so many orders that were made after one of them, or from the first on, in the order of their making.
    pub fn orders_after(&self, after: Option<OrderId>, most: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        let Some(after) = after else { return self.some_orders("ORDER BY o.seq LIMIT ?1", most) };
        let sql = format!(
            "{SELECT} WHERE o.seq > (SELECT seq FROM purchase_order WHERE id = ?1) ORDER BY o.seq LIMIT ?2"
        );
        self.conn.all(&sql, params![after.0, most], placed)
    }

    /// Some of them; `which` says which, and how many with its first place.
    pub(crate) fn some_orders(&self, which: &str, most: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        self.conn.all(&format!("{SELECT} {which}"), params![most], placed)
    }

    /// All of them at once, where they are few.
    pub fn orders(&self) -> Result<Vec<PlacedOrder>, StoreError> {
        let mut all = Vec::new();
        self.each_order(&mut |placed| {
            all.push(placed.clone());
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// All orders of a purchase in the order of their making.
    pub(crate) fn orders_of(&self, life: i64, count: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        self.conn.answers(&orders_of(life, count), placed)
    }

    /// Orders a security module was asked for, with no answer known, in the sequence in which it was asked.
    pub(crate) fn open_asks(&self, psam: &str) -> Result<Vec<PlacedOrder>, StoreError> {
        self.conn.all(
            &format!("{SELECT} JOIN ask a ON a.order_id = o.id WHERE a.psam = ?1 ORDER BY a.turn, o.seq"),
            params![psam],
            placed,
        )
    }

    /// The last settled purchase of a life: its count, and the SIM the meter has stored since. No binding when the order
    /// was none of ours.
    pub(crate) fn last_settled(&self, life: i64) -> Result<Option<(u32, Option<SimBinding>)>, StoreError> {
        self.conn.answer(&last_settled_of(life), |row| {
            let binding: Option<Vec<u8>> = column(row, "binding")?;
            let binding =
                binding.map(|binding| rows::exactly(&binding, "binding").map(SimBinding)).transpose()?;
            Ok((column(row, "count")?, binding))
        })
    }

    /// The order of `id`, when it is prepared or sealed.
    pub(crate) fn usable(&self, id: OrderId) -> Result<PlacedOrder, OrderError> {
        let placed = self.order(id)?.ok_or(OrderError::UnknownOrder(id))?;
        if placed.is_usable() {
            return Ok(placed);
        }
        Err(OrderError::NotOutstanding { order: id, state: placed.state })
    }
}
