//! What stands in suspense, and how two people end it [docs/specs/bank.md 7].
//!
//! Money comes there with a debit before its sale, and with a difference that was booked. A sale, or the bank's word that it gave the
//! money back, takes it out again. What neither takes out stands there until two people say where it goes.

use crate::engine::{Row, params};
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared, FindingKind};
use crate::payment::{Payment, PaymentState};
use crate::rows::{column, time, time_text};
use crate::store::{Store, Transaction, View};
use crate::transfer::{Account, Code, Purchase, Standing, Transfer};
use core::fmt;
use core::str::FromStr;
use scheme::fault::{Fault, Hint, Kind};
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;

/// What a rest belongs to: its subject in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RestId {
    /// A payment.
    Payment(OrderId),
    /// A difference with the bank that was booked, by its finding.
    Finding(i64),
}

/// No subject of a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what stands in suspense is named by the 16 hexadecimal digits of a payment, or as finding:NUMBER")]
pub struct NoRestId;

impl fmt::Display for RestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RestId::Payment(order) => write!(f, "{order}"),
            RestId::Finding(id) => write!(f, "finding:{id}"),
        }
    }
}

impl FromStr for RestId {
    type Err = NoRestId;

    fn from_str(text: &str) -> Result<Self, NoRestId> {
        match text.strip_prefix("finding:") {
            Some(number) if number.len() <= 9 && number.chars().all(|c| c.is_ascii_digit()) => {
                number.parse().map(RestId::Finding).map_err(|_| NoRestId)
            }
            Some(_) => Err(NoRestId),
            None => text.parse().map(RestId::Payment).map_err(|_| NoRestId),
        }
    }
}

/// Why something stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestWhy {
    /// The bank took it, and its order is not sealed yet.
    NotSealed,
    /// It is not wanted any more, and the bank has not confirmed that yet.
    Leaving,
    /// The bank has had the last word, and gave back another amount than it took, or nothing.
    NotReturned,
    /// Two people booked that the bank has it, and it is of no payment or of one that was paid before.
    Difference,
}

impl RestWhy {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            RestWhy::NotSealed => "not-sealed",
            RestWhy::Leaving => "leaving",
            RestWhy::NotReturned => "not-returned",
            RestWhy::Difference => "difference",
        }
    }

    /// What that means, and what is to be done.
    pub const fn advice(self) -> &'static str {
        match self {
            RestWhy::NotSealed => "the bank has paid: finish the order, or let the customer leave",
            RestWhy::Leaving => "given up: the bank is told until it gives it back",
            RestWhy::NotReturned => {
                "the bank had its last word, and did not give back what it took: ask it, then end it"
            }
            RestWhy::Difference => "booked after a file of the bank: find out whose it is, then end it",
        }
    }

    /// Whether nothing takes it out any more but two people.
    pub const fn is_at_rest(self) -> bool {
        matches!(self, RestWhy::NotReturned | RestWhy::Difference)
    }
}

/// What stands in suspense for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// What it belongs to.
    pub id: RestId,
    /// How much, in fen; below zero: the bank gave back more than it took.
    pub fen: i64,
    /// Since when.
    pub since: Moment,
    /// Why.
    pub why: RestWhy,
    /// The customer whose payment it is of; of a difference that names no payment there is none.
    pub customer: Option<CustomerNumber>,
    payment: Option<Payment>,
}

impl Rest {
    /// Whether two people may have it go that way.
    pub fn may_go(&self, way: Way) -> bool {
        self.why.is_at_rest() && no_way(self, way).is_none()
    }
}

/// Where a rest goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Over the counter, to the customer.
    Refund,
    /// To the bank, which took it back or will.
    Bank,
    /// It stays: nobody's claim, booked as a fee.
    Income,
    /// The bank has it and will not give it back: the house's difference.
    Difference,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 4] = [Way::Refund, Way::Bank, Way::Income, Way::Difference];

    /// As it is typed, and kept.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Refund => "refund",
            Way::Bank => "bank",
            Way::Income => "income",
            Way::Difference => "difference",
        }
    }

    /// The way of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Way::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// A rest that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// It, as it stood.
    pub rest: Rest,
    /// Findings about its payment that were cleared with it.
    pub cleared: Vec<i64>,
}

/// Why a rest is not ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuspenseError {
    /// Nothing stands there for it.
    #[error("nothing stands in suspense for {0}")]
    Nothing(RestId),
    /// It leaves suspense by itself.
    #[error("what stands in suspense for {0} is on its way: {1}")]
    OnItsWay(RestId, &'static str),
    /// The bank's file of a day says otherwise about the same payment, and nobody has looked.
    #[error(
        "finding {finding} about payment {payment} is a difference with the bank that nobody has cleared"
    )]
    Open {
        /// The payment.
        payment: OrderId,
        /// The finding.
        finding: i64,
    },
    /// That is no way for it.
    #[error("what stands in suspense for {id} cannot go to {}: {why}", .way.name())]
    NoWay {
        /// It.
        id: RestId,
        /// The way.
        way: Way,
        /// Why not.
        why: &'static str,
    },
    /// One person alone, or twice the same.
    #[error("two different people end what stands in suspense for {0}")]
    TwoPeople(RestId),
    /// A finding about it cannot be cleared.
    #[error("{0}")]
    Clear(#[from] ClearError),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl Fault for SuspenseError {
    fn kind(&self) -> Kind {
        match self {
            SuspenseError::Clear(error) => error.kind(),
            SuspenseError::Store(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hint(&self) -> Hint {
        match self {
            SuspenseError::Nothing(_) => Some("`gridcard bank suspense` lists what stands there".into()),
            SuspenseError::Open { finding, .. } => {
                Some(format!("two people clear it with `gridcard bank clear {finding}` first").into())
            }
            SuspenseError::Clear(error) => error.hint(),
            SuspenseError::Store(error) => error.hint(),
            SuspenseError::OnItsWay(..) | SuspenseError::NoWay { .. } | SuspenseError::TwoPeople(_) => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            SuspenseError::Nothing(_) => "suspense-nothing",
            SuspenseError::OnItsWay(..) => "suspense-on-its-way",
            SuspenseError::Open { .. } => "suspense-difference-open",
            SuspenseError::NoWay { .. } => "suspense-no-way",
            SuspenseError::TwoPeople(_) => "suspense-two-people",
            SuspenseError::Clear(error) => error.code(),
            SuspenseError::Store(error) => error.code(),
        }
    }
}

/// What stands in suspense, behind the seam of [`Books`](crate::Books).
pub trait Suspense {
    /// What stands there, the oldest first.
    ///
    /// # Errors
    /// The books cannot be read.
    fn suspense(&self) -> Result<Vec<Rest>, StoreError>;

    /// Two people say where a rest goes; what was found about its payment is cleared with it.
    ///
    /// # Errors
    /// Nothing stands there, it is on its way, that way is none for it, one person alone.
    fn end_suspense(&mut self, id: RestId, way: Way, cleared: &Cleared) -> Result<Ended, SuspenseError>;
}

const SUMS: &str = "SELECT t.subject AS subject, sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END) AS fen, \
     min(t.at) AS since FROM account JOIN transfer t ON account.id IN (t.debit, t.credit) \
     WHERE account.kind = 'suspense' AND t.moved > 0 AND t.subject IS NOT NULL";
const STANDS: &str = "HAVING sum(CASE account.id WHEN t.credit THEN t.moved ELSE -t.moved END) <> 0";

fn sum(row: &Row<'_>) -> Result<(RestId, i64, Moment), StoreError> {
    let subject: String = column(row, "subject")?;
    let id = subject.parse().map_err(|_| StoreError::Value { place: "transfer.subject", detail: subject })?;
    Ok((id, column(row, "fen")?, time(row, "since")?))
}

impl View<'_> {
    fn suspense(&self) -> Result<Vec<Rest>, StoreError> {
        let sums = self.conn.all(
            &format!("{SUMS} GROUP BY t.subject {STANDS} ORDER BY min(t.at), t.subject"),
            params![],
            sum,
        )?;
        sums.into_iter().map(|sum| self.rest(sum)).collect()
    }

    /// What stands there for one subject.
    fn rest_of(&self, id: RestId) -> Result<Option<Rest>, StoreError> {
        let found = self.conn.first(
            &format!("{SUMS} AND t.subject = ?1 GROUP BY t.subject {STANDS}"),
            params![id.to_string()],
            sum,
        )?;
        found.map(|sum| self.rest(sum)).transpose()
    }

    fn rest(&self, (id, fen, since): (RestId, i64, Moment)) -> Result<Rest, StoreError> {
        let payment = match id {
            RestId::Payment(order) => self.payment(order)?,
            RestId::Finding(finding) => self.payment_of_difference(finding)?,
        };
        let why = match (id, payment.as_ref().map(|payment| payment.state)) {
            (RestId::Finding(_), _) => RestWhy::Difference,
            (RestId::Payment(_), Some(PaymentState::Leaving)) => RestWhy::Leaving,
            (RestId::Payment(_), Some(PaymentState::Reversed | PaymentState::Refused) | None) => {
                RestWhy::NotReturned
            }
            (RestId::Payment(_), Some(_)) => RestWhy::NotSealed,
        };
        let customer = payment.as_ref().map(|payment| payment.customer);
        Ok(Rest { id, fen, since, why, customer, payment })
    }

    /// The payment that a difference with the bank names, if it names one.
    fn payment_of_difference(&self, finding: i64) -> Result<Option<Payment>, StoreError> {
        let reference: Option<String> = self.conn.first(
            "SELECT reference FROM bank_difference WHERE finding = ?1",
            params![finding],
            |row| column(row, "reference"),
        )?;
        match reference.and_then(|reference| reference.parse().ok()) {
            Some(order) => self.payment(order),
            None => Ok(None),
        }
    }

    /// The findings about a payment that wait for somebody: those that its rest explains, and the first that is a difference of a day.
    fn findings_about(&self, payment: OrderId) -> Result<(Vec<i64>, Option<i64>), StoreError> {
        let all = self.conn.all(
            "SELECT id, kind FROM finding WHERE order_id = ?1 AND cleared IS NULL ORDER BY id",
            params![payment.0],
            |row| Ok((column::<i64>(row, "id")?, column::<String>(row, "kind")?)),
        )?;
        let of = |kinds: &[FindingKind]| -> Vec<i64> {
            let named = |kind: &str| kinds.iter().any(|known| known.name() == kind);
            all.iter().filter(|(_, kind)| named(kind)).map(|(id, _)| *id).collect()
        };
        let open =
            of(&[FindingKind::BankOursOnly, FindingKind::BankTheirsOnly, FindingKind::BankOtherAmount]);
        Ok((of(&[FindingKind::BankAmount, FindingKind::BankContradicts]), open.first().copied()))
    }
}

/// Why a rest cannot go a way; `None`: it can.
fn no_way(rest: &Rest, way: Way) -> Option<&'static str> {
    match (way, rest.fen > 0) {
        (Way::Difference, true) => Some("the bank took it, so nothing is missing"),
        (Way::Difference, false) => None,
        (_, false) => Some("the bank gave back more than it took, which is a difference"),
        (Way::Refund, true) if rest.customer.is_none() => Some("nobody knows whose it is"),
        (Way::Refund | Way::Bank | Way::Income, true) => None,
    }
}

impl Transaction<'_> {
    /// Two people say where a rest goes.
    fn end_suspense(&self, id: RestId, way: Way, cleared: &Cleared) -> Result<Ended, SuspenseError> {
        let rest = self.rest_of(id)?.ok_or(SuspenseError::Nothing(id))?;
        if !rest.why.is_at_rest() {
            return Err(SuspenseError::OnItsWay(id, rest.why.advice()));
        }
        let Some(second) = cleared.second.as_ref().filter(|second| **second != cleared.by) else {
            return Err(SuspenseError::TwoPeople(id));
        };
        if let Some(why) = no_way(&rest, way) {
            return Err(SuspenseError::NoWay { id, way, why });
        }
        let (about, open) = match id {
            RestId::Payment(payment) => self.findings_about(payment)?,
            RestId::Finding(_) => Default::default(),
        };
        if let (RestId::Payment(payment), Some(finding)) = (id, open) {
            return Err(SuspenseError::Open { payment, finding });
        }
        self.whole(|| {
            self.book_end(&rest, way, cleared.at)?;
            let (order, finding) = match id {
                RestId::Payment(order) => (Some(order.0), None),
                RestId::Finding(finding) => (None, Some(finding)),
            };
            self.conn.write(
                "INSERT INTO suspense_end (order_id, finding, way, fen, at, made_by, second, note) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    order,
                    finding,
                    way.name(),
                    rest.fen,
                    time_text(cleared.at),
                    cleared.by,
                    second,
                    cleared.note
                ],
            )?;
            for finding in &about {
                self.clear_finding(*finding, cleared)?;
            }
            Ok::<_, SuspenseError>(())
        })?;
        Ok(Ended { rest, cleared: about })
    }

    fn book_end(&self, rest: &Rest, way: Way, at: Moment) -> Result<(), StoreError> {
        let subject = rest.id.to_string();
        let purchase = rest.payment.as_ref().map(|payment| Purchase {
            life: payment.life,
            count: payment.count,
            order: Some(payment.order),
        });
        let book = |code: Code, [debit, credit]: [Account<'_>; 2], subject: Option<&str>| {
            let (amount, standing) = (rest.fen.abs(), Standing::Posted);
            self.book_transfer(&Transfer { code, at, purchase, debit, credit, amount, standing, subject })
        };
        match way {
            Way::Refund => {
                book(Code::SuspenseRefund, [Account::Suspense, Account::Refunded], Some(&subject))?;
                let cash = self.cash()?;
                if cash != Account::BankCash {
                    book(Code::DrawerOut, [Account::BankCash, cash], None)?;
                }
            }
            Way::Bank => {
                book(Code::SuspenseEnd, [Account::Suspense, Account::BankClearing], Some(&subject))?;
            }
            Way::Income => {
                book(Code::SuspenseEnd, [Account::Suspense, Account::Fee], Some(&subject))?;
            }
            Way::Difference => {
                book(Code::SuspenseEnd, [Account::Difference, Account::Suspense], Some(&subject))?;
            }
        }
        Ok(())
    }
}

impl Suspense for Store {
    fn suspense(&self) -> Result<Vec<Rest>, StoreError> {
        self.read(|view| view.suspense())
    }

    fn end_suspense(&mut self, id: RestId, way: Way, cleared: &Cleared) -> Result<Ended, SuspenseError> {
        self.batch(|act| act.end_suspense(id, way, cleared))
    }
}
