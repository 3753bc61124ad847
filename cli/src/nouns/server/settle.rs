//! `gridcard server settle` and `refund`: receipts that came back, and what follows for the money.

use super::pins::{Pin, Pins};
use super::pool::Pool;
use super::{bank, meter_of, store, yuan};
use crate::args::Global;
use crate::clock::now;
use crate::fail::refused;
use crate::nouns::meter::energy;
use crate::output::{answer, say, table};
use crate::records::{self, Filed};
use crate::{audit, vouch};
use ::scheme::numbers::DeviceNumber;
use ::server::{Incoming, Origin, Refusal, SettleError, Settlement, SimKey, Store};
use clap::Args;
use parties::trouble::{Context, Result, Trouble};
use scheme::numbers::{CustomerNumber, MeterNumber};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Options of `server settle`.
#[derive(Debug, Args)]
pub struct Settle {
    /// Record files with receipts. One that `sim collect` wrote says which SIM it is from.
    #[arg(required = true)]
    pub receipts: Vec<PathBuf>,
    /// The meter they come from.
    #[arg(long, conflicts_with_all = ["from", "search"])]
    pub meter: Option<MeterNumber>,
    /// The telephone number they were sent from, as +8613800138000.
    #[arg(long, value_name = "MSISDN", conflicts_with = "search")]
    pub from: Option<String>,
    /// Try every meter that owes a receipt: one opening by the PSAM for each.
    #[arg(long)]
    pub search: bool,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server refund`.
#[derive(Debug, Args)]
pub struct Refund {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

/// What became of one file.
struct Line {
    file: String,
    result: &'static str,
    order: String,
    detail: String,
    more: Value,
}

impl Settle {
    fn origin(&self, iccid: Option<String>) -> Result<Origin> {
        if let Some(meter) = self.meter {
            return Ok(Origin::Meter(meter));
        }
        if let Some(msisdn) = &self.from {
            return Ok(Origin::Sim(SimKey::Msisdn(msisdn.parse().context("--from")?)));
        }
        if self.search {
            return Ok(Origin::Outstanding);
        }
        Ok(match iccid {
            Some(iccid) => Origin::Sim(SimKey::Iccid(iccid.parse().context("the ICCID in the file")?)),
            None => Origin::Unknown,
        })
    }
}

/// A receipt that is not settled yet, and the PSAMs that may still open it, likeliest first.
struct Pending {
    at: usize,
    filed: Filed,
    origin: Origin,
    openers: Vec<DeviceNumber>,
}

/// What became of each file, in the order they were named.
struct Outcomes {
    lines: Vec<Option<Line>>,
    failed: Option<Trouble>,
}

impl Outcomes {
    fn refuse(&mut self, at: usize, path: &Path, error: Trouble) {
        self.lines[at] = Some(Line {
            file: path.display().to_string(),
            result: "refused",
            order: String::new(),
            detail: format!("{error:#}"),
            more: Value::Null,
        });
        self.failed = Some(error);
    }

    fn settle(&mut self, global: &Global, at: usize, path: &Path, settlement: &Settlement) {
        if let Settlement::Held(finding) = settlement {
            self.failed = Some(held(finding));
        }
        let line = line(path, settlement);
        audit::fact(global, line.result, &line.order);
        self.lines[at] = Some(line);
    }
}

/// Runs `server settle`: each PSAM that may open one of the receipts has one session, for all that it may open.
pub fn settle(global: &Global, options: &Settle) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let at = now(global)?;
    let pool = Pool::open(global, &folder)?;
    let mut outcomes = Outcomes { lines: options.receipts.iter().map(|_| None).collect(), failed: None };
    let mut pending = Vec::new();
    for (n, path) in options.receipts.iter().enumerate() {
        match wait_for(&store, &pool, options, path) {
            Ok((filed, origin, openers)) => pending.push(Pending { at: n, filed, origin, openers }),
            Err(error) => outcomes.refuse(n, path, error),
        }
    }
    let mut pins = Pins::new(&options.pin);
    let openers: Vec<DeviceNumber> = pending.iter().flat_map(|one: &Pending| one.openers.clone()).collect();
    pins.must_say_whose(&openers)?;
    while let Some(number) = pending.first().and_then(|first| first.openers.first().copied()) {
        let member = pool.member(number)?;
        let (theirs, others): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|one: &Pending| one.openers.contains(&number));
        pending = others;
        let mut left = Vec::new();
        let session = member.with(global, &mut pins, |psam| {
            for mut one in theirs {
                let path = &options.receipts[one.at];
                match store.settle(psam, Incoming::Record(&one.filed.record), &one.origin, at) {
                    Ok(settlement) => outcomes.settle(global, one.at, path, &settlement),
                    Err(error) if one.openers.len() > 1 && is_under_other_keys(&error) => {
                        one.openers.retain(|opener| *opener != number);
                        left.push(one);
                    }
                    Err(error) => outcomes.refuse(one.at, path, error.into()),
                }
            }
            Ok(())
        });
        session?;
        pending.extend(left);
        pending.sort_by_key(|one| one.at);
    }
    let Outcomes { lines, failed } = outcomes;
    let lines: Vec<Line> = lines.into_iter().flatten().collect();
    let object = json!({
        "receipts": lines.iter().map(object).collect::<Vec<_>>(), "log": vouch::Origin::value(&folder)?,
    });
    let rows = lines.into_iter().map(|line| vec![line.file, line.result.into(), line.order, line.detail]);
    answer(global, &table(&["receipt", "result", "order", "detail"], rows.collect()), object);
    failed.map_or(Ok(()), Err)
}

/// What a receipt waits for: where it comes from, and who may open it.
fn wait_for(
    store: &Store,
    pool: &Pool,
    options: &Settle,
    path: &Path,
) -> Result<(Filed, Origin, Vec<DeviceNumber>)> {
    let filed = records::read(path)?;
    let origin = options.origin(filed.sim.iccid.clone())?;
    let openers = store.read(|view| view.openers(Incoming::Record(&filed.record), &origin))?;
    let members = pool.opening(options.pin.psam, &openers)?;
    Ok((filed, origin, members.into_iter().map(|member| member.number).collect()))
}

/// Another PSAM may open what this one could not.
fn is_under_other_keys(error: &SettleError) -> bool {
    matches!(error, SettleError::Refused(Refusal::NotGenuine(_) | Refusal::Malformed(_) | Refusal::NoMeter))
}

fn held(finding: &::server::Finding) -> Trouble {
    let words = format!(
        "a genuine receipt settles nothing and is kept as finding {}: {}",
        finding.id, finding.detail
    );
    refused(words)
        .hint(format!(
            "nothing is sold for its meter until two people have looked: `gridcard server findings`, then `gridcard server \
             clear {}`",
            finding.id
        ))
        .into()
}

fn object(line: &Line) -> Value {
    json!({ "file": line.file, "result": line.result, "order": line.order, "detail": line.detail, "more": line.more })
}

fn line(path: &Path, settlement: &Settlement) -> Line {
    let file = path.display().to_string();
    match settlement {
        Settlement::AlreadySettled(order) => Line {
            file,
            result: "already settled",
            order: order.map(|id| id.to_string()).unwrap_or_default(),
            detail: "nothing changed".into(),
            more: Value::Null,
        },
        Settlement::Held(finding) => Line {
            file,
            result: "held",
            order: finding.order.map(|id| id.to_string()).unwrap_or_default(),
            detail: format!("finding {}: {}", finding.id, finding.detail),
            more: json!({ "finding": finding.id, "kind": finding.kind.name() }),
        },
        Settlement::Settled(settled) => {
            let receipt = &settled.receipt;
            let mut detail = format!(
                "{} credited by meter {} at {}, balance {}, register {}",
                settled.amount,
                receipt.meter,
                receipt.time,
                receipt.balance,
                energy(receipt.register),
            );
            if settled.refund_due_fen > 0 {
                detail.push_str(&format!("; {} due to the customer", yuan(settled.refund_due_fen)));
            }
            for finding in &settled.findings {
                say(format!("finding {} ({}): {}", finding.id, finding.kind, finding.detail));
            }
            let findings: Vec<i64> = settled.findings.iter().map(|finding| finding.id).collect();
            let more = json!({
                "meter": receipt.meter.to_string(), "serial": receipt.serial.to_string(), "count": receipt.count,
                "credited_fen": receipt.amount.0, "balance_fen": receipt.balance.0,
                "refund_due_fen": settled.refund_due_fen, "findings": findings,
            });
            Line { file, result: "settled", order: settled.order.to_string(), detail, more }
        }
    }
}

/// Runs `server refund`.
pub fn refund(global: &Global, options: &Refund) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let customer = options.customer;
    meter_of(&store, customer)?;
    let at = now(global)?;
    let fen = store.batch(|act| act.refund(customer, at))?;
    if fen == 0 {
        return Err(refused(format!("nothing is due to customer {customer}"))
            .hint(
                "something is due when a genuine receipt is settled for less than was paid; `gridcard server reverse` takes \
                 an order back, and its receipt tells whether it was in time",
            )
            .into());
    }
    audit::fact(global, "customer", customer);
    audit::fact(global, "refunded_fen", fen);
    let text = format!("{} are paid back to customer {customer}", yuan(fen));
    answer(global, &text, json!({ "customer": customer.to_string(), "refunded_fen": fen }));
    Ok(())
}
