//! Limits of what is sold: in an order, to a customer in a day, in an office in a day [docs/specs/books.md 18].

use crate::engine::{Question, Row, params};
use crate::error::StoreError;
use crate::limit_error::{LimitReached, Scope};
use crate::order::OrderRequest;
use crate::order_error::OrderError;
use crate::rows::{column, time, time_text};
use crate::rules;
use crate::store::{Store, Transaction, View};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;

/// A limit that two people have set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub scope: Scope,
    /// The office it holds for; empty: every office that has none of its own.
    pub office: String,
    /// How much.
    pub fen: Fen,
    /// When it was set.
    pub at: Moment,
    /// Who set it.
    pub by: String,
    /// The second person.
    pub second: String,
}

/// A limit, and how much of it is used for a customer in an office now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Of what.
    pub scope: Scope,
    /// The limit, in fen.
    pub limit_fen: i64,
    /// How much of it is sold or asked for today, in fen; of an order nothing is.
    pub used_fen: i64,
}

/// The limits, behind the seam of [`Books`](crate::Books).
pub trait Limits {
    /// All of them.
    ///
    /// # Errors
    /// The books cannot be read.
    fn limits(&self) -> Result<Vec<Limit>, StoreError>;

    /// The limits that a sale for a meter in an office meets now, with what is used of each.
    ///
    /// # Errors
    /// The books cannot be read.
    fn rooms(&self, meter: MeterNumber, office: &str, now: Moment) -> Result<Vec<Room>, StoreError>;

    /// Sets a limit in the place of the one of its scope and office.
    ///
    /// # Errors
    /// It cannot be kept.
    fn set_limit(&mut self, limit: &Limit) -> Result<(), StoreError>;

    /// Takes a limit away; `false`: there was none.
    ///
    /// # Errors
    /// It cannot be kept.
    fn end_limit(&mut self, scope: Scope, office: &str) -> Result<bool, StoreError>;
}

impl Limits for Store {
    fn limits(&self) -> Result<Vec<Limit>, StoreError> {
        self.read(|view| {
            let sql =
                "SELECT scope, office, fen, set_at, set_by, second FROM sale_limit ORDER BY scope, office";
            view.conn.all(sql, params![], limit)
        })
    }

    fn rooms(&self, meter: MeterNumber, office: &str, now: Moment) -> Result<Vec<Room>, StoreError> {
        self.read(|view| view.rooms(meter, office, now))
    }

    fn set_limit(&mut self, limit: &Limit) -> Result<(), StoreError> {
        self.batch(|act| {
            act.conn.write(
                "INSERT INTO sale_limit (scope, office, fen, set_at, set_by, second) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (scope, office) DO UPDATE SET fen = excluded.fen, set_at = excluded.set_at, \
                 set_by = excluded.set_by, second = excluded.second",
                params![
                    limit.scope.name(),
                    limit.office,
                    limit.fen.0,
                    time_text(limit.at),
                    limit.by,
                    limit.second
                ],
            )?;
            Ok(())
        })
    }

    fn end_limit(&mut self, scope: Scope, office: &str) -> Result<bool, StoreError> {
        self.batch(|act| {
            let sql = "DELETE FROM sale_limit WHERE scope = ?1 AND office = ?2";
            Ok(act.conn.change(sql, params![scope.name(), office])? == 1)
        })
    }
}

/// The limit of a scope that holds for an office.
fn limit_of(scope: Scope, office: &str) -> Question {
    let sql =
        "SELECT fen FROM sale_limit WHERE scope = ?1 AND office IN ('', ?2) ORDER BY office DESC LIMIT 1";
    Question::new(sql, params![scope.name(), office])
}

/// All limits that hold for an office.
pub(crate) fn limits_of(office: &str) -> Vec<Question> {
    Scope::ALL.into_iter().map(|scope| limit_of(scope, office)).collect()
}

fn limit(row: &Row<'_>) -> Result<Limit, StoreError> {
    let scope: String = column(row, "scope")?;
    Ok(Limit {
        scope: Scope::from_name(&scope)
            .ok_or(StoreError::Value { place: "sale_limit.scope", detail: scope })?,
        office: column(row, "office")?,
        fen: Fen(column(row, "fen")?),
        at: time(row, "set_at")?,
        by: column(row, "set_by")?,
        second: column(row, "second")?,
    })
}

impl View<'_> {
    /// The limit of a scope that holds for an office.
    fn limit_of(&self, scope: Scope, office: &str) -> Result<Option<i64>, StoreError> {
        self.conn.answer(&limit_of(scope, office), |row| column(row, "fen"))
    }

    /// What was sold to the customer of a meter on a day, in fen.
    fn sold_to(&self, meter: MeterNumber, day: &str) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM holding h \
             JOIN account ON account.customer = h.customer AND account.kind = 'prepaid' \
             JOIN transfer t ON account.id IN (t.debit, t.credit) JOIN booking b ON b.transfer = t.id \
             WHERE h.meter = ?1 AND h.until IS NULL AND b.day = ?2 AND t.code IN ('sale', 'correction', 'cancelled')",
            params![meter.to_string(), day],
        )
    }

    /// What an office sold on a day, in fen.
    fn sold_in(&self, office: &str, day: &str) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(CASE code WHEN 'cancelled' THEN -fen ELSE fen END), 0) FROM rollup \
             WHERE day = ?1 AND office = ?2 AND code IN ('sale', 'correction', 'cancelled')",
            params![day, office],
        )
    }

    /// What an office asked customers' banks for, and is not sold yet, in fen: it will be, whenever the bank says yes.
    fn asked_for_in(&self, office: &str) -> Result<i64, StoreError> {
        self.conn.one(
            "SELECT coalesce(sum(p.amount), 0) FROM payment p JOIN order_origin o ON o.order_id = p.order_id \
             WHERE o.office = ?1 AND p.state IN ('asked', 'unknown', 'paid')",
            params![office],
        )
    }
}

impl View<'_> {
    /// The limits that a sale for a meter in an office meets now.
    fn rooms(&self, meter: MeterNumber, office: &str, now: Moment) -> Result<Vec<Room>, StoreError> {
        let (day, mut rooms) = (self.open_day(now)?, Vec::new());
        for scope in Scope::ALL {
            let Some(limit_fen) = self.limit_of(scope, office)? else { continue };
            let used_fen = match scope {
                Scope::Order => 0,
                Scope::CustomerDay => self.sold_to(meter, &day)?,
                Scope::OfficeDay => self.sold_in(office, &day)?.max(0) + self.asked_for_in(office)?,
            };
            rooms.push(Room { scope, limit_fen, used_fen });
        }
        Ok(rooms)
    }
}

impl Transaction<'_> {
    /// Refuses what passes a limit. Nothing is sold yet: what is paid of `amount` is told by what was paid before.
    pub(crate) fn must_be_within(&self, request: &OrderRequest, paid: i64) -> Result<(), OrderError> {
        let OrderRequest { meter, amount, now, .. } = *request;
        let more = rules::still_to_pay(paid, amount);
        for Room { scope, limit_fen, used_fen } in self.rooms(meter, &self.actor.office, now)? {
            let asked = if scope == Scope::Order { i64::from(amount.0) } else { more };
            let left = (limit_fen - used_fen).max(0);
            if asked > left {
                let fen = |amount: i64| Fen(u32::try_from(amount).unwrap_or(u32::MAX));
                let (limit, left, asked) = (fen(limit_fen), fen(left), fen(asked));
                return Err(OrderError::Limit(LimitReached { scope, limit, left, asked }));
            }
        }
        Ok(())
    }
}
