//! What a batch is going to do.

use crate::trouble::{Result, refused};
use issue::inspect;
use issue::plan::Plan;
use issue::plan::cost::{Cost, Share};
use office::batch::Summary;
use reader::count::Etu;
use serde::{Serialize, Serializer};

/// Line speed of a card's slot, in bit/s.
pub const BAUD: u32 = 9600;
/// Virtual cards a second that this program makes at least, for the estimate.
const VIRTUAL_A_SECOND: i64 = 1500;
/// Seconds it takes to change a card by hand.
const CHANGE_S: i64 = 6;

/// Commands to a card and what they take on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineShare {
    /// Commands.
    pub apdus: u64,
    /// Bytes of commands and answers.
    pub bytes: u64,
    /// Time on the line.
    #[serde(serialize_with = "etu")]
    pub etu: Etu,
}

fn etu<S: Serializer>(etu: &Etu, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(etu.0)
}

impl From<&Share> for LineShare {
    fn from(share: &Share) -> Self {
        LineShare { apdus: share.apdus, bytes: share.bytes, etu: share.line }
    }
}

/// What a card costs on the line of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineCost {
    /// All of it.
    pub sum: LineShare,
    /// What no issuing can do without.
    pub least: LineShare,
    /// What is for safety.
    pub safety: LineShare,
    /// What is for checks.
    pub checks: LineShare,
    #[serde(skip)]
    millis: i64,
}

impl LineCost {
    /// From the commands a card of a plan will take, the inspection among them.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut cost: Cost = plan.line();
        cost.check += inspect::cost(plan);
        LineCost {
            sum: (&cost.sum()).into(),
            least: (&cost.least).into(),
            safety: (&cost.safety).into(),
            checks: (&cost.check).into(),
            millis: i64::try_from(cost.total().micros(BAUD) / 1000).unwrap_or(i64::MAX),
        }
    }
}

/// Figures of a batch before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Its number in its office.
    pub batch: i64,
    /// Kind of its cards.
    pub kind: &'static str,
    /// Lines of the request.
    pub asked: i64,
    /// Lines that want a card now.
    pub todo: i64,
    /// Lowest number.
    pub first: Option<String>,
    /// Highest number.
    pub last: Option<String>,
    /// Blanks of the kind in stock.
    pub blanks_in_stock: i64,
    /// Cards the issuing card may make still; `None` when it does not count.
    pub issuing_card_left: Option<u32>,
    /// What a card costs on the line of a reader; `None` for cards that no issuing card makes.
    pub line: Option<LineCost>,
    /// Seconds it will take, roughly.
    pub seconds: i64,
    /// SHA-256 of the request.
    pub sha256: String,
    /// Name of the request file.
    #[serde(skip)]
    pub request: String,
    /// Whether cards come one by one.
    #[serde(skip)]
    pub by_hand: bool,
}

impl Forecast {
    pub(super) fn new(
        batch: &Summary,
        blanks_in_stock: i64,
        issuing_card_left: Option<u32>,
        line: Option<LineCost>,
        by_hand: bool,
    ) -> Self {
        let todo = batch.counts.open;
        let seconds = match line {
            Some(line) if by_hand => todo.saturating_mul(line.millis.saturating_add(CHANGE_S * 1000)) / 1000,
            _ => todo / VIRTUAL_A_SECOND + 1,
        };
        Forecast {
            batch: batch.id,
            kind: batch.kind.name(),
            asked: batch.counts.asked,
            todo,
            first: batch.first.clone(),
            last: batch.last.clone(),
            blanks_in_stock,
            issuing_card_left,
            line,
            seconds,
            sha256: batch.sha256.clone(),
            request: batch.file.clone(),
            by_hand,
        }
    }

    /// Refuses what cannot be finished.
    pub(super) fn must_suffice(&self) -> Result<()> {
        match self.issuing_card_left {
            Some(left) if i64::from(left) < self.todo => Err(refused(format!(
                "the issuing card may make {left} card(s) still, {} are to be made",
                self.todo
            ))
            .hint("let the province make its successor, or split the request")
            .into()),
            _ => Ok(()),
        }
    }
}
