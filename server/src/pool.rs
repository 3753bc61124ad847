//! Which security module an order wants, which one may open a receipt, and what keeps one from leaving.
//!
//! A module holds the keys of one city, one state and one version. It seals for chips of the same and opens what chips made under
//! them, so a bank keeps the modules of an older version until nothing they sealed is unsettled.

use crate::engine::{About, Question, Row, params};
use crate::error::StoreError;
use crate::incoming::Incoming;
use crate::key_choice::Keys;
use crate::meters::{Esam, KeyState, city};
use crate::order::PlacedOrder;
use crate::order_error::OrderError;
use crate::receipt::{Origin, Refusal, SettleError};
use crate::rows::{bytes, column};
use crate::store::{Transaction, View};
use scheme::numbers::MeterNumber;
use scheme::order::OrderId;

/// Whoever can open a receipt, likeliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opener {
    /// Modules that sealed the order the receipt may be of, or were asked to.
    pub psams: Vec<String>,
    /// The keys it was sealed under; any module that holds them opens it as well. `None`: not known.
    pub keys: Option<Keys>,
}

impl Esam {
    /// Its keys; refused for a chip that takes no orders any more.
    fn keys(&self) -> Result<Keys, OrderError> {
        match self.state {
            KeyState::Retired => Err(OrderError::Retired { meter: self.meter, serial: self.serial }),
            state => Ok(Keys { state, version: self.key_version, city: self.city }),
        }
    }
}

/// The modules that were asked for an order.
pub(crate) fn asked_of(order: OrderId) -> Question {
    let sql = "SELECT psam FROM seal WHERE order_id = ?1 UNION SELECT psam FROM ask WHERE order_id = ?1 \
               ORDER BY psam";
    Question::new(sql, params![order.0]).whole()
}

/// The orders of a meter that await a receipt, and the newest of each of its chips.
pub(crate) fn receipts_due(meter: MeterNumber) -> Question {
    let sql = "SELECT o.id AS id, o.key_version AS key_version, l.key_state AS key_state, e.city AS city \
               FROM purchase_order o JOIN life l ON l.id = o.life LEFT JOIN esam e ON e.serial = l.serial WHERE l.meter = ?1 \
               AND (o.state IN ('prepared', 'sealed', 'superseded') OR o.seq = (SELECT n.seq \
               FROM purchase_order n WHERE n.life = l.id ORDER BY n.count DESC, n.seq DESC LIMIT 1)) \
               ORDER BY o.seq DESC";
    Question::new(sql, params![meter.to_string()]).about(About::Meter(meter)).whole()
}

/// One of them, and the keys it is under.
pub(crate) fn due(row: &Row<'_>) -> Result<(OrderId, Option<Keys>), StoreError> {
    let state: String = column(row, "key_state")?;
    let version = column(row, "key_version")?;
    let city = city(row)?;
    let keys = KeyState::from_name(&state).map(|state| Keys { state, version, city });
    Ok((OrderId(bytes(row, "id")?), keys))
}

impl View<'_> {
    /// The keys an order for a meter has to be sealed under: those of the chip that is in it by the register.
    pub fn keys_of(&self, meter: MeterNumber) -> Result<Keys, OrderError> {
        self.esam_of(meter)?.ok_or(OrderError::NoSerial(meter))?.keys()
    }

    /// The keys an order that is written down has to be sealed under; refused when its chip got others meanwhile.
    pub fn keys_of_order(&self, placed: &PlacedOrder) -> Result<Keys, OrderError> {
        let order = &placed.order;
        let keys = self.esam(order.serial)?.ok_or(OrderError::NoSerial(order.meter))?.keys()?;
        if keys.version != placed.key_version {
            return Err(OrderError::KeysChanged { order: order.id, was: placed.key_version, now: keys });
        }
        Ok(keys)
    }

    /// Modules that sealed an order, or were asked to and gave no certain answer.
    pub fn psams_of(&self, order: OrderId) -> Result<Vec<String>, StoreError> {
        self.conn.answers(&asked_of(order), |row| column(row, "psam"))
    }

    /// Who may open a receipt: by the orders of its meter that await one, and the newest of each of its chips. Nobody in
    /// particular when the same bytes were opened before.
    pub fn openers(&self, incoming: Incoming<'_>, origin: &Origin) -> Result<Vec<Opener>, SettleError> {
        if self.seen(incoming)?.is_some() {
            return Ok(Vec::new());
        }
        let meters = match origin {
            Origin::Meter(meter) => vec![*meter],
            Origin::Sim(sim) => self.meters_of_sim(sim)?,
            Origin::Unknown => return Err(Refusal::NoOrigin.into()),
            Origin::Outstanding => {
                let psams = self.awaiting()?;
                return Ok(vec![Opener { psams, keys: None }]);
            }
        };
        if meters.is_empty() {
            return Err(Refusal::UnknownSim.into());
        }
        let mut openers = Vec::new();
        for meter in &meters {
            for opener in self.openers_of(*meter)? {
                if !openers.contains(&opener) {
                    openers.push(opener);
                }
            }
        }
        for meter in meters {
            if let Ok(keys) = self.keys_of(meter) {
                let opener = Opener { psams: Vec::new(), keys: Some(keys) };
                if !openers.contains(&opener) {
                    openers.push(opener);
                }
            }
        }
        Ok(openers)
    }

    fn openers_of(&self, meter: MeterNumber) -> Result<Vec<Opener>, StoreError> {
        let orders = self.conn.answers(&receipts_due(meter), due)?;
        orders.into_iter().map(|(id, keys)| Ok(Opener { psams: self.psams_of(id)?, keys })).collect()
    }

    /// Modules with an order that awaits its receipt.
    fn awaiting(&self) -> Result<Vec<String>, StoreError> {
        self.conn.all(
            "SELECT s.psam AS psam FROM purchase_order o JOIN seal s ON s.order_id = o.id \
             WHERE o.state IN ('prepared', 'sealed', 'superseded') UNION SELECT a.psam FROM purchase_order o \
             JOIN ask a ON a.order_id = o.id WHERE o.state IN ('prepared', 'sealed', 'superseded') \
             ORDER BY psam",
            params![],
            |row| column(row, "psam"),
        )
    }

    /// Orders that a module sealed, or may have, and that no receipt has settled: as long as there is one, it stays.
    pub fn unsettled_of(&self, psam: &str) -> Result<u64, StoreError> {
        Ok(self
            .conn
            .one::<i64>(
                "SELECT count(*) AS n FROM purchase_order o WHERE o.state IN ('prepared', 'sealed', \
             'superseded') AND ?1 IN (SELECT s.psam FROM seal s WHERE s.order_id = o.id UNION SELECT \
             a.psam FROM ask a WHERE a.order_id = o.id)",
                params![psam],
            )?
            .unsigned_abs())
    }

    /// Orders that these books can explain a module's count with: those it sealed, and those it may have. Books of the
    /// older make did not write down who sealed what, so there it is all of them.
    pub fn explained_of(&self, psam: &str) -> Result<u64, StoreError> {
        let sql = if self.is_older_make()? {
            "SELECT count(*) AS n FROM purchase_order WHERE ?1 = ?1"
        } else {
            "SELECT (SELECT count(*) FROM seal WHERE psam = ?1) + (SELECT count(*) FROM ask WHERE psam = ?1) AS n"
        };
        Ok(self.conn.one::<i64>(sql, params![psam])?.unsigned_abs())
    }
}

impl Transaction<'_> {
    /// Compares a module's keys with those an order wants, before it is asked: under others the meter would refuse it, and
    /// nobody could say that it was never sealed. `None`: a module that does not say which it has.
    pub(crate) fn must_fit(
        &self,
        psam: &str,
        has: Option<Keys>,
        placed: &PlacedOrder,
    ) -> Result<(), OrderError> {
        let needs = self.keys_of_order(placed)?;
        match has {
            Some(has) if !has.fit(&needs) => {
                let (psam, meter) = (psam.to_owned(), placed.order.meter);
                Err(OrderError::WrongKeys { meter, needs, psam, has })
            }
            _ => Ok(()),
        }
    }
}
