//! What a watcher of the server looks at again and again: cheap to count, whatever the books have grown to.

use crate::engine::params;
use crate::error::StoreError;
use crate::rows::{column, time_text};
use crate::store::{Store, View};
use scheme::moment::Moment;

/// Days after which an order that has no receipt is counted as old.
pub const AGES: [u32; 4] = [1, 3, 7, 30];

const DAY_S: i64 = 86_400;

/// Figures of a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Orders that have no receipt, by their state.
    pub open: Vec<(String, i64)>,
    /// Orders that have one.
    pub settled: i64,
    /// Orders without a receipt that were issued more than so many days ago: one for each of [`AGES`].
    pub older: [i64; AGES.len()],
    /// The last event for the power company.
    pub last_event: i64,
}

/// What a watcher looks at.
pub trait Watched {
    /// The figures now.
    ///
    /// # Errors
    /// The books cannot be read.
    fn gauges(&self, now: Moment) -> Result<Gauges, StoreError>;
}

impl Watched for Store {
    fn gauges(&self, now: Moment) -> Result<Gauges, StoreError> {
        self.read(|view| view.gauges(now))
    }
}

impl View<'_> {
    /// The figures now.
    pub fn gauges(&self, now: Moment) -> Result<Gauges, StoreError> {
        let open = self.conn.all(
            "SELECT state, count(*) AS n FROM purchase_order WHERE state IN ('prepared', 'sealed', 'superseded') \
             GROUP BY state ORDER BY state",
            params![],
            |row| Ok((column(row, "state")?, column(row, "n")?)),
        )?;
        let mut older = [0; AGES.len()];
        for (count, days) in older.iter_mut().zip(AGES) {
            let Some(before) = now.add_seconds(-i64::from(days) * DAY_S) else { continue };
            *count = self.conn.one(
                "SELECT count(*) FROM purchase_order WHERE state IN ('prepared', 'sealed', 'superseded') AND issued < ?1",
                params![time_text(before)],
            )?;
        }
        Ok(Gauges {
            open,
            settled: self
                .conn
                .one("SELECT count(*) FROM purchase_order WHERE state = 'settled'", params![])?,
            older,
            last_event: self.last_event()?,
        })
    }
}
