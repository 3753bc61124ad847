//! Orders on their way to phones as short messages: which are to be sent, and what was said of those that were [docs/specs/smpp.md 6].
//!
//! What is to be sent stands in no table of its own: it is every order that is outstanding and not all of whose messages a centre has
//! answered. So nothing is forgotten when a server ends between a sale and its message.

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::rows::{column, exactly, parsed, time_text};
use crate::store::{Store, Transaction, View};
use scheme::moment::Moment;
use scheme::order::OrderId;
use scheme::subscription::Msisdn;
use wire::sms::record::Records;

/// An order that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLetter {
    /// The order.
    pub order: OrderId,
    /// The number that its SIM has by the register.
    pub to: Msisdn,
    /// Its records, one a message.
    pub records: Records,
    /// Parts that a centre has answered.
    pub answered: Vec<u8>,
}

/// What a message centre answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The order.
    pub order: OrderId,
    /// Which of its messages, from 1.
    pub part: u8,
    /// When.
    pub at: Moment,
    /// 0: it was taken; else the status with which it was refused for good.
    pub status: u32,
    /// What the centre calls it.
    pub name: Option<String>,
}

/// Messages to phones.
pub trait Letters {
    /// Orders that are outstanding and not wholly sent, oldest first. Not those whose SIM the customer has no more, nor those that a
    /// meter asks for itself.
    ///
    /// # Errors
    /// The books cannot be read.
    fn letters_due(&self, limit: u32) -> Result<Vec<DueLetter>, StoreError>;

    /// Keeps what a centre answered; the first answer stays.
    ///
    /// # Errors
    /// It cannot be kept.
    fn note_letter(&mut self, posted: &Posted) -> Result<(), StoreError>;

    /// Keeps what became of the newest message that a centre calls by one of these names; false: it is none of an order.
    ///
    /// # Errors
    /// It cannot be kept.
    fn note_fate(&mut self, names: &[String], fate: &str, at: Moment) -> Result<bool, StoreError>;

    /// What became of the messages of an order by a centre's word: part, status, fate.
    ///
    /// # Errors
    /// The books cannot be read.
    fn letters_of(&self, order: OrderId) -> Result<Vec<(u8, u32, Option<String>)>, StoreError>;
}

impl Letters for Store {
    fn letters_due(&self, limit: u32) -> Result<Vec<DueLetter>, StoreError> {
        self.read(|view| view.letters_due(limit))
    }

    fn note_letter(&mut self, posted: &Posted) -> Result<(), StoreError> {
        self.batch(|act| act.note_letter(posted))
    }

    fn note_fate(&mut self, names: &[String], fate: &str, at: Moment) -> Result<bool, StoreError> {
        self.batch(|act| act.note_fate(names, fate, at))
    }

    fn letters_of(&self, order: OrderId) -> Result<Vec<(u8, u32, Option<String>)>, StoreError> {
        self.read(|view| {
            let sql = "SELECT part, status, fate FROM order_letter WHERE order_id = ?1 ORDER BY part";
            view.conn.all(sql, params![order.0], |row| {
                Ok((column(row, "part")?, column(row, "status")?, column(row, "fate")?))
            })
        })
    }
}

fn due(row: &Row<'_>) -> Result<DueLetter, StoreError> {
    let mut record: Vec<u8> = column(row, "record")?;
    record.extend(column::<Option<Vec<u8>>>(row, "part")?.unwrap_or_default());
    let wrong =
        || StoreError::Value { place: "purchase_order.record", detail: "of another length".to_owned() };
    let answered = [(1, "has_first"), (2, "has_second")].into_iter();
    let answered = answered.filter_map(|(part, name)| match column::<bool>(row, name) {
        Ok(true) => Some(Ok(part)),
        Ok(false) => None,
        Err(error) => Some(Err(error)),
    });
    Ok(DueLetter {
        order: OrderId(exactly(&column::<Vec<u8>>(row, "id")?, "id")?),
        to: parsed(row, "msisdn")?,
        records: Records::parse(&record).ok_or_else(wrong)?,
        answered: answered.collect::<Result<_, _>>()?,
    })
}

impl View<'_> {
    fn letters_due(&self, limit: u32) -> Result<Vec<DueLetter>, StoreError> {
        self.conn.all(
            "SELECT o.id AS id, o.record AS record, o.part AS part, i.msisdn AS msisdn, \
             EXISTS (SELECT 1 FROM order_letter m WHERE m.order_id = o.id AND m.part = 1) AS has_first, \
             EXISTS (SELECT 1 FROM order_letter m WHERE m.order_id = o.id AND m.part = 2) AS has_second \
             FROM purchase_order o JOIN purchase p ON p.life = o.life AND p.count = o.count \
             JOIN sim i ON i.customer = coalesce(o.given_up_by, p.customer) AND i.iccid = o.iccid AND i.current = 1 \
             WHERE o.state = 'sealed' AND (SELECT count(*) FROM order_letter m WHERE m.order_id = o.id) \
             < CASE WHEN o.part IS NULL THEN 1 ELSE 2 END \
             AND NOT EXISTS (SELECT 1 FROM online_purchase n WHERE n.order_id = o.id AND n.state <> 'refused') \
             ORDER BY o.seq LIMIT ?1",
            params![i64::from(limit)],
            due,
        )
    }
}

impl Transaction<'_> {
    fn note_letter(&self, posted: &Posted) -> Result<(), StoreError> {
        let Posted { order, part, at, status, name } = posted;
        self.conn.write(
            "INSERT INTO order_letter (order_id, part, at, status, name) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (order_id, part) DO NOTHING",
            params![order.0, *part, time_text(*at), *status, name.clone()],
        )?;
        Ok(())
    }

    fn note_fate(&self, names: &[String], fate: &str, at: Moment) -> Result<bool, StoreError> {
        for name in names {
            let sql = "SELECT order_id, part FROM order_letter WHERE name = ?1 ORDER BY at DESC LIMIT 1";
            let found: Option<(Vec<u8>, u8)> = self
                .conn
                .first(sql, params![name], |row| Ok((column(row, "order_id")?, column(row, "part")?)))?;
            if let Some((order, part)) = found {
                self.conn.write(
                    "UPDATE order_letter SET fate = ?3, told = ?4 WHERE order_id = ?1 AND part = ?2",
                    params![order, part, fate, time_text(at)],
                )?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
