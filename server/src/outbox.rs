//! What the power company is told. The rows of [`Event`]s are written by the schema's triggers, in the transaction of what they tell.

use crate::company::{Event, EventKind};
use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::inbox::maybe;
use crate::rows::{self, column, parsed, time};
use crate::store::View;
use scheme::order::OrderId;

fn event(row: &Row<'_>) -> Result<Event, StoreError> {
    let kind: String = column(row, "kind")?;
    let kind = EventKind::from_name(&kind)
        .ok_or_else(|| StoreError::Value { place: "company_event.kind", detail: kind.clone() })?;
    let order: Option<Vec<u8>> = column(row, "order_id")?;
    let chip: Option<Vec<u8>> = column(row, "chip")?;
    let serial: Option<String> = column(row, "serial")?;
    let reads = kind == EventKind::Reading;
    Ok(Event {
        number: column(row, "number")?,
        kind,
        at: time(row, "at")?,
        office: column(row, "office")?,
        customer: maybe(row, "customer", parsed)?,
        meter: maybe(row, "meter", parsed)?,
        serial: serial.or_else(|| chip.map(hex::encode_upper)),
        order: order.map(|id| rows::exactly(&id, "order_id").map(OrderId)).transpose()?,
        count: column(row, "count")?,
        amount_fen: if reads { None } else { column(row, "amount")? },
        balance_fen: column(row, "balance")?,
        register: if reads { column(row, "register")? } else { None },
        at_meter: maybe(row, "at_meter", time)?,
        former: maybe(row, "former", parsed)?,
        former_customer: maybe(row, "former_customer", parsed)?,
    })
}

impl View<'_> {
    /// What the company is told after the event of a number, oldest first, at most `limit` events.
    pub fn events(&self, after: i64, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.conn.all(
            "SELECT e.number AS number, CASE WHEN e.former_customer IS NULL THEN e.kind ELSE 'hand-over' END AS kind, e.at AS at, e.office AS office, \
             coalesce(e.customer, o.given_up_by, p.customer) AS customer, e.former_customer AS former_customer, coalesce(e.meter, l.meter) AS meter, l.serial AS chip, \
             e.serial AS serial, coalesce(t.order_id, s.order_id) AS order_id, p.count AS count, \
             coalesce(t.amount, s.credited) AS amount, s.balance AS balance, s.register AS register, \
             s.at_meter AS at_meter, e.former AS former \
             FROM company_event e LEFT JOIN transfer t ON t.id = e.transfer \
             LEFT JOIN settlement s ON s.life = e.life AND s.count = e.count \
             LEFT JOIN purchase p ON p.life = coalesce(t.life, e.life) AND p.count = coalesce(t.count, e.count) \
             LEFT JOIN life l ON l.id = p.life LEFT JOIN purchase_order o ON o.id = t.order_id WHERE e.number > ?1 ORDER BY e.number LIMIT ?2",
            params![after, i64::from(limit)],
            event,
        )
    }

    /// The number of the last event; 0 before the first.
    pub fn last_event(&self) -> Result<i64, StoreError> {
        self.conn.one("SELECT coalesce(max(number), 0) AS number FROM company_event", params![])
    }
}
