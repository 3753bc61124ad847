//! What was sold and is not settled, by its age; changes of meters that are provisional [docs/specs/books.md 15].

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::order_state::OrderState;
use crate::rows::{bytes, column, parsed, time};
use crate::store::Store;
use scheme::moment::Moment;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;

/// How long something waits, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Age {
    /// Less than a day.
    Fresh,
    /// One day or two.
    Day,
    /// Three to six.
    ThreeDays,
    /// Seven to twenty-nine.
    Week,
    /// Thirty and more.
    Month,
}

impl Age {
    /// All of them, the youngest first.
    pub const ALL: [Age; 5] = [Age::Fresh, Age::Day, Age::ThreeDays, Age::Week, Age::Month];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Age::Fresh => "under 1 day",
            Age::Day => "1 day",
            Age::ThreeDays => "3 days",
            Age::Week => "7 days",
            Age::Month => "30 days",
        }
    }

    /// The age of so many whole days.
    pub const fn of_days(days: i64) -> Self {
        match days {
            ..1 => Age::Fresh,
            1..3 => Age::Day,
            3..7 => Age::ThreeDays,
            7..30 => Age::Week,
            _ => Age::Month,
        }
    }
}

/// What is to be done next about a purchase that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextStep {
    /// No PSAM has sealed it yet.
    Resume,
    /// Its meter is stopped by a finding.
    Clear,
    /// Its SIM was replaced since.
    NewSim,
    /// It came to its end: the meter refuses it from now on, and may have credited it before.
    Proof,
    /// Nothing but wait for the receipt.
    Wait,
    /// The customer is asked to put the SIM or the card into the meter, and to bring or send the receipt.
    Ask,
    /// Somebody goes to the meter.
    Visit,
}

impl NextStep {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            NextStep::Resume => "resume",
            NextStep::Clear => "clear",
            NextStep::NewSim => "new-sim",
            NextStep::Proof => "proof",
            NextStep::Wait => "wait",
            NextStep::Ask => "ask",
            NextStep::Visit => "visit",
        }
    }

    /// What is done, in words.
    pub const fn words(self) -> &'static str {
        match self {
            NextStep::Resume => "no PSAM has sealed it: `gridcard server resume`",
            NextStep::Clear => "a finding stops its meter: two people clear it, `gridcard server findings`",
            NextStep::NewSim => "made for a SIM that was replaced: `gridcard server reissue`",
            NextStep::Proof => {
                "expired, proof wanted: read the meter's count or settle its receipt, then `gridcard server reissue`"
            }
            NextStep::Wait => "wait for its receipt",
            NextStep::Ask => {
                "ask the customer to put the SIM or card into the meter and to send or bring the receipt"
            }
            NextStep::Visit => "visit the meter: put the SIM or card in, collect the receipt",
        }
    }
}

/// A purchase that was paid and is not settled. However many orders it has, it is counted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The order that stands for it.
    pub order: OrderId,
    /// Who bought.
    pub customer: CustomerNumber,
    /// The meter.
    pub meter: MeterNumber,
    /// The purchase count.
    pub count: u32,
    /// Prepared or sealed.
    pub state: OrderState,
    /// What was paid, in fen.
    pub paid_fen: i64,
    /// When its first order was made.
    pub since: Moment,
    /// Whole days since then.
    pub days: i64,
    /// Until when meters take the order that stands.
    pub valid_until: Moment,
    /// Where it was sold; empty: not known.
    pub office: String,
    /// What is to be done.
    pub next: NextStep,
}

/// The ageing list, behind the seam of [`Books`](crate::Books).
pub trait Ageing {
    /// What waits at a moment, the oldest first: of one office, or of all.
    ///
    /// # Errors
    /// The books cannot be read.
    fn waiting(&self, at: Moment, office: Option<&str>) -> Result<Vec<Waiting>, StoreError>;

    /// Counts that an order's record is handed out once more, and says which copy that is: 1 for the first.
    ///
    /// # Errors
    /// It cannot be kept.
    fn reprint(&mut self, order: OrderId, at: Moment, by: &str) -> Result<u32, StoreError>;

    /// How often an order's record was handed out once more.
    ///
    /// # Errors
    /// The books cannot be read.
    fn reprints(&self, order: OrderId) -> Result<u32, StoreError>;
}

const WAITING: &str = "SELECT o.id AS id, p.customer AS customer, l.meter AS meter, o.count AS count, o.state AS state, \
     o.valid_until AS valid_until, \
     (SELECT min(f.issued) FROM purchase_order f WHERE f.life = o.life AND f.count = o.count) AS since, \
     (SELECT coalesce(sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END), 0) FROM transfer t \
     JOIN account ON account.id IN (t.debit, t.credit) \
     WHERE t.life = o.life AND t.count = o.count AND account.kind = 'prepaid') AS paid, \
     coalesce((SELECT g.office FROM order_origin g JOIN purchase_order f ON f.id = g.order_id \
     WHERE f.life = o.life AND f.count = o.count ORDER BY f.seq LIMIT 1), '') AS office, \
     EXISTS (SELECT 1 FROM finding n WHERE n.meter = l.meter AND n.cleared IS NULL AND n.freezes = 1) AS frozen, \
     o.iccid NOT LIKE 'user card %' AND \
     NOT EXISTS (SELECT 1 FROM sim WHERE sim.customer = p.customer AND sim.current = 1 AND sim.iccid = o.iccid) AS other_sim \
     FROM purchase_order o JOIN purchase p ON p.life = o.life AND p.count = o.count JOIN life l ON l.id = o.life \
     WHERE o.state IN ('prepared', 'sealed') ORDER BY since, o.seq";

fn waiting(row: &Row<'_>, at: Moment) -> Result<Waiting, StoreError> {
    let state: String = column(row, "state")?;
    let state = OrderState::from_name(&state)
        .ok_or(StoreError::Value { place: "purchase_order.state", detail: state })?;
    let (since, valid_until) = (time(row, "since")?, time(row, "valid_until")?);
    let days = (at.seconds() - since.seconds()).div_euclid(86_400);
    let (frozen, other_sim): (bool, bool) = (column(row, "frozen")?, column(row, "other_sim")?);
    let next = match (state, frozen, other_sim, at > valid_until, Age::of_days(days)) {
        (_, true, ..) => NextStep::Clear,
        (OrderState::Prepared, ..) => NextStep::Resume,
        (_, _, true, ..) => NextStep::NewSim,
        (_, _, _, true, _) => NextStep::Proof,
        (.., Age::Fresh) => NextStep::Wait,
        (.., Age::Day | Age::ThreeDays) => NextStep::Ask,
        (.., Age::Week | Age::Month) => NextStep::Visit,
    };
    Ok(Waiting {
        order: OrderId(bytes(row, "id")?),
        customer: parsed(row, "customer")?,
        meter: parsed(row, "meter")?,
        count: column(row, "count")?,
        state,
        paid_fen: column(row, "paid")?,
        since,
        days,
        valid_until,
        office: column(row, "office")?,
        next,
    })
}

impl Ageing for Store {
    fn waiting(&self, at: Moment, office: Option<&str>) -> Result<Vec<Waiting>, StoreError> {
        let mut all = self.read(|view| view.conn.all(WAITING, params![], |row| waiting(row, at)))?;
        all.retain(|one| office.is_none_or(|office| one.office == office));
        Ok(all)
    }

    fn reprint(&mut self, order: OrderId, at: Moment, by: &str) -> Result<u32, StoreError> {
        self.batch(|act| {
            act.conn.one(
                "INSERT INTO reprint (order_id, copy, at, made_by) \
                 SELECT ?1, coalesce(max(copy), 0) + 1, ?2, ?3 FROM reprint WHERE order_id = ?1 RETURNING copy",
                params![order.0, crate::rows::time_text(at), by],
            )
        })
    }

    fn reprints(&self, order: OrderId) -> Result<u32, StoreError> {
        self.read(|view| view.conn.one("SELECT count(*) FROM reprint WHERE order_id = ?1", params![order.0]))
    }
}
