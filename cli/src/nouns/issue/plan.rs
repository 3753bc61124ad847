//! What a batch is going to do, and the question whether it shall.

use crate::fail::{Failure, Kind};
use crate::output::say;
use crate::secret;
use ::issue::inspect;
use ::issue::plan::Plan;
use ::issue::plan::cost::{Cost, Share};
use ::issue::source::KeySource;
use ::office::batch::Summary;
use lens::facts::facts;
use parties::trouble::Result;
use reader::count::Etu;
use serde_json::{Value, json};
use std::io::IsTerminal;

/// Line speed of a card's slot, in bit/s.
pub const BAUD: u32 = 9600;
/// Virtual cards a second that this program makes at least, for the estimate.
const VIRTUAL_A_SECOND: i64 = 1500;
/// Seconds a hand takes to change a card.
const HAND_S: i64 = 6;

/// Figures of a batch before it begins.
pub struct Forecast {
    /// Lines that want a card now.
    pub todo: i64,
    /// Blanks of the kind in stock.
    pub in_stock: i64,
    /// Cards the issuing card may make still; `None` when it does not count.
    pub counter_left: Option<u32>,
    /// Whether cards come by hand.
    pub by_hand: bool,
    /// What a card costs on the line of a reader.
    pub line: Option<Cost>,
}

impl Forecast {
    /// Seconds it will take, roughly.
    fn seconds(&self) -> i64 {
        match self.line {
            Some(line) if self.by_hand => {
                let card = i64::try_from(line.total().micros(BAUD) / 1000).unwrap_or(i64::MAX);
                self.todo.saturating_mul(card.saturating_add(HAND_S * 1000)) / 1000
            }
            _ => self.todo / VIRTUAL_A_SECOND + 1,
        }
    }

    /// The plan in words.
    pub fn text(&self, batch: &Summary) -> String {
        let mut lines = vec![
            ("batch", format!("{} of kind {}", batch.id, batch.kind.name())),
            ("request", format!("{}, SHA-256 {}", batch.file, batch.sha256)),
            ("cards", format!("{} to make of {} asked for", self.todo, batch.counts.asked)),
            (
                "numbers",
                format!(
                    "{} to {}",
                    batch.first.as_deref().unwrap_or("-"),
                    batch.last.as_deref().unwrap_or("-")
                ),
            ),
            ("blanks", self.blanks()),
        ];
        if let Some(line) = self.line {
            let left = self.counter_left.map(|left| format!("may make {left} card(s) still"));
            lines.push(("issuing card", left.unwrap_or_else(|| "has no limit".to_owned())));
            lines.push(("on the line", share(&line.sum())));
            lines.push(("the least", share(&line.least)));
            lines.push(("safety", share(&line.safety)));
            lines.push(("checks", share(&line.check)));
        }
        lines.push(("time", format!("about {}", duration(self.seconds()))));
        facts(&lines)
    }

    fn blanks(&self) -> String {
        let from = if self.by_hand { "fed by hand" } else { "virtual, from the factory" };
        match self.in_stock {
            0 => format!("{} needed, {from}", self.todo),
            n => format!("{} needed, {from}; {n} in stock", self.todo),
        }
    }

    /// The plan as JSON.
    pub fn json(&self, batch: &Summary) -> Value {
        json!({
            "batch": batch.id, "kind": batch.kind.name(), "asked": batch.counts.asked, "todo": self.todo,
            "first": batch.first, "last": batch.last, "blanks_in_stock": self.in_stock,
            "issuing_card_left": self.counter_left, "line": self.line.map(|line| json!({
                "sum": share_json(&line.sum()), "least": share_json(&line.least),
                "safety": share_json(&line.safety), "checks": share_json(&line.check),
            })),
            "seconds": self.seconds(), "sha256": batch.sha256,
        })
    }

    /// Refuses what cannot be finished.
    pub fn must_suffice(&self) -> Result<()> {
        match self.counter_left {
            Some(left) if i64::from(left) < self.todo => Err(crate::fail::refused(format!(
                "the issuing card may make {left} card(s) still, {} are to be made",
                self.todo
            ))
            .hint("let the province make its successor, or split the request")
            .into()),
            _ => Ok(()),
        }
    }
}

fn millis(line: Etu) -> String {
    let micros = line.micros(BAUD);
    format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000)
}

/// A time for people.
pub fn duration(seconds: i64) -> String {
    match seconds {
        s if s < 90 => format!("{s} s"),
        s if s < 5400 => format!("{} min", (s + 30) / 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}

/// What a card of a plan costs on a T=0 line, from the commands it will take, the inspection among them.
pub fn line_cost(plan: &Plan) -> Cost {
    let mut cost = plan.line();
    cost.check += inspect::cost(plan);
    cost
}

fn share(share: &Share) -> String {
    format!(
        "{} commands, {} bytes, {}, {} at {BAUD} bit/s",
        share.apdus,
        share.bytes,
        share.line,
        millis(share.line)
    )
}

fn share_json(share: &Share) -> Value {
    json!({ "apdus": share.apdus, "bytes": share.bytes, "etu": share.line.0 })
}

/// How many cards the source may make still.
pub fn counter_left(source: &mut dyn KeySource) -> Result<Option<u32>> {
    Ok(source.counter()?.and_then(|counter| counter.left()))
}

/// Asks whether the batch shall begin; the answer is the number of cards.
pub fn confirm(todo: i64, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Kind::Usage, "nobody is there to confirm the batch")
            .hint("say --yes in a script, --dry-run to see the plan alone")
            .into());
    }
    let typed = secret::ask_openly(&format!("type the number of cards, {todo}, to begin"))?;
    if typed == todo.to_string() {
        return Ok(true);
    }
    say("not begun");
    Ok(false)
}
