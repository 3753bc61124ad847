//! What people look at: customers found by a few digits, purchases with what became of them, what is still on its way, days.

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::finding::Finding;
use crate::meters::Esam;
use crate::order::PlacedOrder;
use crate::order_state::OrderState;
use crate::registration::Customer;
use crate::report::Day;
use crate::rows::{column, exactly, parsed, time};
use crate::store::{Store, View};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// What a meter said when it credited a purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credited {
    /// The order it took; `None` of one that is none of ours.
    pub order: Option<OrderId>,
    /// What it credited.
    pub credited: Fen,
    /// Its balance then.
    pub balance: Fen,
    /// Its register then, in units of 0.01 kWh or m3.
    pub register: u32,
    /// When that was by its own clock.
    pub at_meter: Moment,
    /// When its receipt was settled.
    pub settled: Moment,
}

/// One purchase of a customer: orders of one count, of which his meter takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    /// Its count.
    pub count: u32,
    /// The meter.
    pub meter: MeterNumber,
    /// Its orders, in the order of their making.
    pub orders: Vec<PlacedOrder>,
    /// What the meter said.
    pub credited: Option<Credited>,
}

/// A customer somebody may have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Who.
    pub customer: Customer,
    /// What is known of each of his meters.
    pub meters: Vec<FoundMeter>,
}

/// A meter of such a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMeter {
    /// The meter.
    pub meter: MeterNumber,
    /// What it last said.
    pub last: Option<Credited>,
    /// The order that is outstanding for it.
    pub outstanding: Option<PlacedOrder>,
    /// What stops sales for it.
    pub frozen: Option<Finding>,
}

/// Orders of one day that await their receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The day they were made on, YYYYMMDD.
    pub day: String,
    /// How many.
    pub orders: u32,
    /// Their amounts, in fen.
    pub fen: i64,
}

/// Looks at the books for people.
pub trait Glances {
    /// Customers by what somebody types: a whole number, or a part of one, of a customer, meter, telephone, SIM, the id of an order,
    /// a part of a name. At most `most`.
    ///
    /// # Errors
    /// The books cannot be read.
    fn find(&self, text: &str, most: u32) -> Result<Vec<Found>, StoreError>;

    /// The purchases of a customer, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn purchases_of(&self, customer: CustomerNumber) -> Result<Vec<Bought>, StoreError>;

    /// The chip in a meter.
    ///
    /// # Errors
    /// The books cannot be read.
    fn chip_in(&self, meter: MeterNumber) -> Result<Option<Esam>, StoreError>;

    /// What a meter last said.
    ///
    /// # Errors
    /// The books cannot be read.
    fn last_credit(&self, meter: MeterNumber) -> Result<Option<Credited>, StoreError>;

    /// The last `most` orders, newest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn last_orders(&self, most: u32) -> Result<Vec<PlacedOrder>, StoreError>;

    /// Orders that await their receipts, by the day they were made on, oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn awaited(&self) -> Result<Vec<Awaited>, StoreError>;

    /// The `most` oldest of them.
    ///
    /// # Errors
    /// The books cannot be read.
    fn oldest_awaited(&self, most: u32) -> Result<Vec<PlacedOrder>, StoreError>;

    /// Days with business from one day to another, both in it, each YYYYMMDD; oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn days(&self, from: &str, to: &str) -> Result<Vec<Day>, StoreError>;
}

const SETTLED: &str = "SELECT s.life AS life, s.count AS count, s.order_id AS order_id, s.credited AS credited, s.balance AS balance, \
     s.register AS register, s.at_meter AS at_meter, s.settled AS settled FROM settlement s";

fn credited(row: &Row<'_>) -> Result<Credited, StoreError> {
    let order: Option<Vec<u8>> = column(row, "order_id")?;
    Ok(Credited {
        order: order.map(|id| exactly(&id, "order_id").map(OrderId)).transpose()?,
        credited: Fen(column(row, "credited")?),
        balance: Fen(column(row, "balance")?),
        register: column(row, "register")?,
        at_meter: time(row, "at_meter")?,
        settled: time(row, "settled")?,
    })
}

/// Where a text is looked for: in numbers, in names.
const BY_NUMBER: &str = "SELECT DISTINCT customer FROM (\
     SELECT customer FROM customer WHERE customer LIKE ?1 UNION \
     SELECT customer FROM holding WHERE meter LIKE ?1 AND until IS NULL UNION \
     SELECT customer FROM sim WHERE msisdn LIKE ?1 OR iccid LIKE ?1) AS found ORDER BY customer LIMIT ?2";
const BY_NAME: &str =
    "SELECT customer FROM customer WHERE lower(name) LIKE ?1 ESCAPE '!' ORDER BY customer LIMIT ?2";

impl View<'_> {
    fn find(&self, text: &str, most: u32) -> Result<Vec<Found>, StoreError> {
        let numbers: Vec<CustomerNumber> = self.found(text, most)?;
        let mut found = Vec::new();
        for number in numbers {
            let Some(customer) = self.customer(number)? else { continue };
            let mut meters = Vec::new();
            for held in &customer.meters {
                let meter = held.meter;
                meters.push(FoundMeter {
                    meter,
                    last: self.last_credit(meter)?,
                    outstanding: self.outstanding(meter)?,
                    frozen: self.frozen(meter)?,
                });
            }
            found.push(Found { customer, meters });
        }
        Ok(found)
    }

    fn found(&self, text: &str, most: u32) -> Result<Vec<CustomerNumber>, StoreError> {
        let by = |row: &Row<'_>| parsed(row, "customer");
        // No number and no name has any, and engines read a zero byte each in its own way.
        if text.chars().any(char::is_control) {
            return Ok(Vec::new());
        }
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let id: Option<[u8; 8]> = hex::decode(&plain).ok().and_then(|bytes| bytes.try_into().ok());
        if let Some(order) = id.map(OrderId).map(|id| self.order(id)).transpose()?.flatten() {
            return Ok(vec![order.customer]);
        }
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        if digits.len() >= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.conn.all(BY_NUMBER, params![format!("%{digits}%"), most], by);
        }
        let name: String = text.trim().to_lowercase();
        if name.is_empty() || digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Vec::new());
        }
        let escaped: String = name
            .chars()
            .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
            .collect();
        self.conn.all(BY_NAME, params![format!("%{escaped}%"), most], by)
    }

    fn purchases_of(&self, customer: CustomerNumber) -> Result<Vec<Bought>, StoreError> {
        let said = self.conn.all(
            &format!(
                "{SETTLED} JOIN purchase p ON p.life = s.life AND p.count = s.count WHERE p.customer = ?1"
            ),
            params![customer.to_string()],
            |row| Ok(((column::<i64>(row, "life")?, column::<u32>(row, "count")?), credited(row)?)),
        )?;
        let mut out: Vec<((i64, u32), Bought)> = Vec::new();
        for placed in self.orders_of_customer(customer)? {
            let key = (placed.life, placed.order.count);
            match out.iter_mut().find(|(known, _)| *known == key) {
                Some((_, bought)) => bought.orders.push(placed),
                None => {
                    let credited = said.iter().find(|(of, _)| *of == key).map(|(_, said)| *said);
                    let (count, meter) = (placed.order.count, placed.order.meter);
                    out.push((key, Bought { count, meter, orders: vec![placed], credited }));
                }
            }
        }
        Ok(out.into_iter().map(|(_, bought)| bought).collect())
    }

    fn last_credit(&self, meter: MeterNumber) -> Result<Option<Credited>, StoreError> {
        self.conn.first(
            &format!(
                "{SETTLED} JOIN life l ON l.id = s.life WHERE l.meter = ?1 ORDER BY s.life DESC, s.count DESC LIMIT 1"
            ),
            params![meter.to_string()],
            credited,
        )
    }

    fn awaited(&self) -> Result<Vec<Awaited>, StoreError> {
        self.conn.all(
            "SELECT substr(issued, 1, 8) AS day, count(*) AS n, sum(amount) AS fen FROM purchase_order \
             WHERE state IN ('prepared', 'sealed') GROUP BY substr(issued, 1, 8) ORDER BY day",
            params![],
            |row| {
                Ok(Awaited { day: column(row, "day")?, orders: column(row, "n")?, fen: column(row, "fen")? })
            },
        )
    }
}

impl Glances for Store {
    fn find(&self, text: &str, most: u32) -> Result<Vec<Found>, StoreError> {
        self.read(|view| view.find(text, most))
    }

    fn purchases_of(&self, customer: CustomerNumber) -> Result<Vec<Bought>, StoreError> {
        self.read(|view| view.purchases_of(customer))
    }

    fn chip_in(&self, meter: MeterNumber) -> Result<Option<Esam>, StoreError> {
        self.read(|view| view.esam_of(meter))
    }

    fn last_credit(&self, meter: MeterNumber) -> Result<Option<Credited>, StoreError> {
        self.read(|view| view.last_credit(meter))
    }

    fn last_orders(&self, most: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        self.read(|view| view.some_orders("ORDER BY o.seq DESC LIMIT ?1", most))
    }

    fn awaited(&self) -> Result<Vec<Awaited>, StoreError> {
        self.read(|view| view.awaited())
    }

    fn oldest_awaited(&self, most: u32) -> Result<Vec<PlacedOrder>, StoreError> {
        self.read(|view| {
            view.some_orders("WHERE o.state IN ('prepared', 'sealed') ORDER BY o.seq LIMIT ?1", most)
        })
    }

    fn days(&self, from: &str, to: &str) -> Result<Vec<Day>, StoreError> {
        self.read(|view| view.days_between(from, to))
    }
}

impl Bought {
    /// The order that stands for it: the one that was credited, or else the last that was not given up.
    pub fn standing(&self) -> Option<&PlacedOrder> {
        let credited = self.credited.and_then(|said| said.order);
        let taken = self.orders.iter().find(|placed| Some(placed.order.id) == credited);
        taken
            .or_else(|| self.orders.iter().rev().find(|placed| placed.state != OrderState::Void))
            .or(self.orders.last())
    }
}
