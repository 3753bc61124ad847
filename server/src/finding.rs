//! Findings: what is not as it should be, kept until somebody clears it.

use crate::engine::{Question, Row, params};
use crate::error::StoreError;
use crate::rows::{bytes, column, parsed, time, time_text};
use crate::store::{Transaction, View};
use core::fmt;
use scheme::moment::Moment;
use scheme::numbers::MeterNumber;
use scheme::order::OrderId;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingKind {
    /// A genuine receipt of an order that was never placed here: minted past the server.
    UnknownOrder,
    /// A genuine receipt that names our order, of another amount, serial, count or content.
    OtherOrder,
    /// A genuine receipt that does not say "credited".
    NotCredited,
    /// A second genuine receipt of one count, for another order or with other words.
    SecondReceipt,
    /// A genuine receipt of an order that no security module was asked for.
    NeverSealed,
    /// A security module sealed what the books do not have, or has not what they have.
    Chain,
    /// A security module that had sealed before it came to this bank.
    UsedBefore,
    /// The meter's time does not fit the order's.
    Clock,
    /// The balance is below what was credited.
    Balance,
    /// A purchase before this one has no receipt.
    EarlierMissing,
    /// A receipt, genuine by its MAC, is not signed by the chip whose it is.
    Signature,
    /// A receipt is signed with a certificate the city has not told of.
    Certificate,
    /// A receipt came for a purchase whose money two people had moved to another chip.
    CreditedAfterMove,
    /// The bank took another amount than was asked for, or gave back another than it took.
    BankAmount,
    /// The bank says otherwise than it said before.
    BankContradicts,
    /// The books have what the bank's file of the day has not.
    BankOursOnly,
    /// The bank's file has what the books have not.
    BankTheirsOnly,
    /// The bank's file has another amount than the books.
    BankOtherAmount,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [FindingKind; 18] = [
        FindingKind::UnknownOrder,
        FindingKind::OtherOrder,
        FindingKind::NotCredited,
        FindingKind::SecondReceipt,
        FindingKind::NeverSealed,
        FindingKind::Chain,
        FindingKind::UsedBefore,
        FindingKind::Clock,
        FindingKind::Balance,
        FindingKind::EarlierMissing,
        FindingKind::Signature,
        FindingKind::Certificate,
        FindingKind::CreditedAfterMove,
        FindingKind::BankAmount,
        FindingKind::BankContradicts,
        FindingKind::BankOursOnly,
        FindingKind::BankTheirsOnly,
        FindingKind::BankOtherAmount,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            FindingKind::UnknownOrder => "unknown-order",
            FindingKind::OtherOrder => "other-order",
            FindingKind::NotCredited => "not-credited",
            FindingKind::SecondReceipt => "second-receipt",
            FindingKind::NeverSealed => "never-sealed",
            FindingKind::Chain => "order-chain",
            FindingKind::UsedBefore => "psam-used-before",
            FindingKind::Clock => "meter-clock",
            FindingKind::Balance => "balance",
            FindingKind::EarlierMissing => "earlier-missing",
            FindingKind::Signature => "signature",
            FindingKind::Certificate => "certificate",
            FindingKind::CreditedAfterMove => "credited-after-move",
            FindingKind::BankAmount => "bank-amount",
            FindingKind::BankContradicts => "bank-contradicts",
            FindingKind::BankOursOnly => "bank-ours-only",
            FindingKind::BankTheirsOnly => "bank-theirs-only",
            FindingKind::BankOtherAmount => "bank-other-amount",
        }
    }

    /// Whether nothing may be sold until two people have cleared it.
    pub const fn freezes(self) -> bool {
        match self {
            FindingKind::UnknownOrder
            | FindingKind::OtherOrder
            | FindingKind::NotCredited
            | FindingKind::SecondReceipt
            | FindingKind::NeverSealed
            | FindingKind::Signature
            | FindingKind::Chain
            | FindingKind::CreditedAfterMove => true,
            FindingKind::UsedBefore
            | FindingKind::Clock
            | FindingKind::Balance
            | FindingKind::EarlierMissing
            | FindingKind::Certificate
            | FindingKind::BankAmount
            | FindingKind::BankContradicts
            | FindingKind::BankOursOnly
            | FindingKind::BankTheirsOnly
            | FindingKind::BankOtherAmount => false,
        }
    }

    /// Whether it is a difference between the books and a file of the bank: cleared by an entry that names it, or by the word that
    /// none is wanted.
    pub const fn is_difference(self) -> bool {
        matches!(self, FindingKind::BankOursOnly | FindingKind::BankTheirsOnly | FindingKind::BankOtherAmount)
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who cleared a finding, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    /// When.
    pub at: Moment,
    /// Who.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// Why.
    pub note: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: FindingKind,
    /// The meter it is about.
    pub meter: Option<MeterNumber>,
    /// The security module it is about, 12 digits.
    pub psam: Option<String>,
    /// The order it is about, ours or not.
    pub order: Option<OrderId>,
    /// When it was found.
    pub at: Moment,
    /// What was found, in words.
    pub detail: String,
    /// Whether it stops sales until two people clear it.
    pub freezes: bool,
    /// The genuine receipt it keeps, `E2 ..`, when it settled nothing.
    pub receipt: Option<Vec<u8>>,
    /// Who cleared it.
    pub cleared: Option<Cleared>,
}

/// A finding to be written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub kind: FindingKind,
    pub meter: Option<MeterNumber>,
    pub psam: Option<&'a str>,
    pub order: Option<OrderId>,
    pub at: Moment,
    pub detail: &'a str,
    /// Packet and receipt of what is kept.
    pub kept: Option<(&'a [u8], &'a [u8])>,
}

/// Why a finding is not cleared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClearError {
    /// No such finding.
    #[error("there is no finding {0}")]
    Unknown(i64),
    /// Somebody was there before.
    #[error("finding {id} was cleared at {at} by {by}")]
    Cleared {
        /// The finding.
        id: i64,
        /// When.
        at: Moment,
        /// By whom.
        by: String,
    },
    /// One person alone, or twice the same.
    #[error("two different people clear finding {0}")]
    TwoPeople(i64),
    /// A difference, without a word whether it is booked.
    #[error("finding {0} is a difference with the bank: whoever clears it says whether it is booked")]
    Difference(i64),
    /// No difference.
    #[error("finding {0} is no difference with the bank: nothing of it can be booked")]
    NoDifference(i64),
    /// A difference that is none any more.
    #[error("finding {0} is no difference any more: what was missing has come since, and is in the books")]
    InBooks(i64),
    /// The store failed.
    #[error("{0}")]
    Store(#[from] StoreError),
}

const SELECT: &str = "SELECT id, kind, meter, psam, order_id, at, detail, freezes, receipt, cleared, cleared_by, second, note \
     FROM finding";

/// The finding that keeps a message.
pub(crate) fn kept_with(packet: &[u8]) -> Question {
    Question::new(format!("{SELECT} WHERE packet = ?1"), params![packet])
}

/// The first finding that freezes a meter.
pub(crate) fn freezing(meter: MeterNumber) -> Question {
    let sql = format!("{SELECT} WHERE meter = ?1 AND cleared IS NULL AND freezes = 1 ORDER BY id LIMIT 1");
    Question::new(sql, params![meter.to_string()])
}

/// The first finding that stops sales through a module.
pub(crate) fn stopping(psam: &str) -> Question {
    let sql = format!("{SELECT} WHERE psam = ?1 AND cleared IS NULL AND freezes = 1 ORDER BY id LIMIT 1");
    Question::new(sql, params![psam])
}

fn finding(row: &Row<'_>) -> Result<Finding, StoreError> {
    let kind: String = column(row, "kind")?;
    let order: Option<Vec<u8>> = column(row, "order_id")?;
    let meter: Option<String> = column(row, "meter")?;
    let cleared = match column::<Option<String>>(row, "cleared_by")? {
        Some(by) => Some(Cleared {
            at: time(row, "cleared")?,
            by,
            second: column(row, "second")?,
            note: column::<Option<String>>(row, "note")?.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(Finding {
        id: column(row, "id")?,
        kind: FindingKind::from_name(&kind)
            .ok_or(StoreError::Value { place: "finding.kind", detail: kind })?,
        meter: meter.map(|_| parsed(row, "meter")).transpose()?,
        psam: column(row, "psam")?,
        order: order.map(|_| bytes(row, "order_id").map(OrderId)).transpose()?,
        at: time(row, "at")?,
        detail: column(row, "detail")?,
        freezes: column(row, "freezes")?,
        receipt: column(row, "receipt")?,
        cleared,
    })
}

impl View<'_> {
    /// Findings, oldest first: those nobody has cleared, or all.
    pub fn findings(&self, cleared_too: bool) -> Result<Vec<Finding>, StoreError> {
        let only = if cleared_too { "" } else { " WHERE cleared IS NULL" };
        self.conn.all(&format!("{SELECT}{only} ORDER BY id"), params![], finding)
    }

    /// One finding.
    pub fn finding(&self, id: i64) -> Result<Option<Finding>, StoreError> {
        self.conn.first(&format!("{SELECT} WHERE id = ?1"), params![id], finding)
    }

    /// The first finding that stops sales for a meter.
    pub fn frozen(&self, meter: MeterNumber) -> Result<Option<Finding>, StoreError> {
        self.conn.answer(&freezing(meter), finding)
    }

    /// The first finding that stops sales through a security module.
    pub fn stopped(&self, psam: &str) -> Result<Option<Finding>, StoreError> {
        self.conn.answer(&stopping(psam), finding)
    }

    /// The finding that keeps a receipt.
    pub(crate) fn held(&self, packet: &[u8]) -> Result<Option<Finding>, StoreError> {
        self.conn.answer(&kept_with(packet), finding)
    }
}

impl Transaction<'_> {
    pub(crate) fn write_finding(&self, found: &Found<'_>) -> Result<Finding, StoreError> {
        let id: i64 = self.conn.one(
            "INSERT INTO finding (kind, meter, psam, order_id, at, detail, freezes, packet, receipt) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
            params![
                found.kind.name(),
                found.meter.map(|meter| meter.to_string()),
                found.psam,
                found.order.map(|id| id.0),
                time_text(found.at),
                found.detail,
                found.kind.freezes(),
                found.kept.map(|(packet, _)| packet),
                found.kept.map(|(_, receipt)| receipt),
            ],
        )?;
        self.finding(id)?.ok_or(StoreError::Value { place: "finding.id", detail: id.to_string() })
    }

    /// Clears a finding, which two people do.
    ///
    /// A genuine receipt kept in it says that its count is used, whoever made the order. When that purchase has
    /// no settlement, it is settled with this receipt: what it credited beyond what was paid is the house's loss,
    /// what was paid beyond it is due to the customer, and the next order has the next count.
    pub fn clear_finding(&self, id: i64, cleared: &Cleared) -> Result<(), ClearError> {
        let finding = self.finding(id)?.ok_or(ClearError::Unknown(id))?;
        if finding.kind.is_difference() {
            return Err(ClearError::Difference(id));
        }
        self.clear(finding, cleared)
    }

    /// Clears a finding whose kind was looked at.
    pub(crate) fn clear(&self, finding: Finding, cleared: &Cleared) -> Result<(), ClearError> {
        let id = finding.id;
        if let Some(Cleared { at, by, .. }) = finding.cleared {
            return Err(ClearError::Cleared { id, at, by });
        }
        if cleared.second.as_ref().is_none_or(|second| *second == cleared.by) {
            return Err(ClearError::TwoPeople(id));
        }
        self.whole(|| {
            self.conn.write(
                "UPDATE finding SET cleared = ?2, cleared_by = ?3, second = ?4, note = ?5 WHERE id = ?1",
                params![id, time_text(cleared.at), cleared.by, cleared.second, cleared.note],
            )?;
            if let Some(receipt) = &finding.receipt {
                self.settle_held(id, receipt, cleared.at)?;
            }
            if let (FindingKind::Chain, Some(psam)) = (finding.kind, &finding.psam) {
                self.forget_chain(psam)?;
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(())
    }
}

impl scheme::Fault for ClearError {
    fn hint(&self) -> scheme::fault::Hint {
        match self {
            ClearError::Difference(id) => Some(
                format!("two people clear it with `gridcard bank clear {id} --book`, or `--no-entry`").into(),
            ),
            ClearError::InBooks(id) => {
                Some(format!("two people clear it with `gridcard bank clear {id} --no-entry`").into())
            }
            _ => None,
        }
    }

    fn code(&self) -> &str {
        match self {
            ClearError::Unknown(_) => "finding-unknown",
            ClearError::Cleared { .. } => "finding-cleared",
            ClearError::TwoPeople(_) => "finding-two-people",
            ClearError::Difference(_) => "finding-difference",
            ClearError::NoDifference(_) => "finding-no-difference",
            ClearError::InBooks(_) => "finding-in-books",
            ClearError::Store(error) => error.code(),
        }
    }
}
