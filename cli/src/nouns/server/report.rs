//! `gridcard server orders`, `report`, `statement`: what the books say.

use super::{bank, meter_of, store, yuan};
use crate::args::Global;
use crate::clock::now;
use crate::fail::refused;
use crate::output::{answer, say, table};
use crate::vouch::Origin;
use ::server::{OrderState, PlacedOrder, StatementLine, StoreError};
use clap::Args;
use lens::facts::facts;
use parties::trouble::Result;
use scheme::moment::Moment;
use scheme::numbers::CustomerNumber;
use serde_json::{Value, json};

/// Options of `server statement`.
#[derive(Debug, Args)]
pub struct Statement {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

/// Runs `server orders`.
pub fn orders(global: &Global) -> Result<()> {
    let store = store(&bank(global)?)?;
    let at = now(global)?;
    let orders = store.read(|view| view.orders(None))?;
    let object = json!({ "orders": orders.iter().map(|placed| order_json(placed, at)).collect::<Vec<_>>() });
    let row = |placed: &PlacedOrder| {
        let order = &placed.order;
        vec![
            order.id.to_string(),
            order.customer.to_string(),
            order.meter.to_string(),
            order.count.to_string(),
            order.amount.to_string(),
            placed.reason.name().to_owned(),
            order.kind.name().to_owned(),
            state(placed, at),
            order.issued.to_string(),
            order.valid_until.to_string(),
        ]
    };
    let heading = [
        "order",
        "customer",
        "meter",
        "count",
        "amount",
        "made as",
        "kind",
        "state",
        "issued",
        "valid until",
    ];
    answer(global, &table(&heading, orders.iter().map(row).collect()), object);
    if orders.iter().any(|placed| expired(placed, at)) {
        say(
            "an expired order is refused by its meter and made anew with `gridcard server reissue`; that it expired does not \
             prove that nothing was credited before",
        );
    }
    Ok(())
}

/// Whether a meter with the right time refuses it by now.
fn expired(placed: &PlacedOrder, at: Moment) -> bool {
    matches!(placed.state, OrderState::Prepared | OrderState::Sealed) && at > placed.order.valid_until
}

fn state(placed: &PlacedOrder, at: Moment) -> String {
    let expired = if expired(placed, at) { ", expired" } else { "" };
    format!("{}{expired}", placed.state.name())
}

fn order_json(placed: &PlacedOrder, at: Moment) -> Value {
    let order = &placed.order;
    json!({
        "order": order.id.to_string(), "customer": order.customer.to_string(), "meter": order.meter.to_string(),
        "serial": order.serial.to_string(), "key_version": placed.key_version, "count": order.count,
        "amount_fen": order.amount.0, "made_as": placed.reason.name(), "kind": order.kind.name(),
        "state": placed.state.name(), "settled": placed.state == OrderState::Settled, "issued": order.issued.to_string(),
        "valid_until": order.valid_until.to_string(), "expired": expired(placed, at),
        "replaces": placed.replaces.map(|id| id.to_string()),
    })
}

/// Runs `server report`.
pub fn report(global: &Global) -> Result<()> {
    let folder = bank(global)?;
    let store = store(&folder)?;
    store.check()?;
    let (totals, balance, faults, findings, older) = store.read(|view| {
        let findings = view.findings(false)?;
        Ok::<_, StoreError>((
            view.totals()?,
            view.trial_balance()?,
            view.audit()?,
            findings,
            view.is_older_make()?,
        ))
    })?;
    let stops = findings.iter().filter(|finding| finding.freezes).count();
    let text = facts(&[
        ("customers", totals.customers.to_string()),
        ("orders", format!("{}, {} of them settled", totals.orders, totals.settled)),
        ("replaced or void", (totals.superseded + totals.void).to_string()),
        ("sold", yuan(totals.sold_fen)),
        ("settled", yuan(totals.settled_fen)),
        ("outstanding", yuan(totals.outstanding_fen)),
        ("due to customers", yuan(totals.refund_due_fen)),
        ("paid back", yuan(totals.refunded_fen)),
        ("credited, never paid", yuan(totals.loss_fen)),
        ("sum of all accounts", yuan(i64::try_from(balance.sum()).unwrap_or(i64::MAX))),
        ("findings to clear", format!("{}, {stops} of them stop sales", findings.len())),
        ("faults in the books", faults.len().to_string()),
    ]);
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    answer(
        global,
        &text,
        json!({
            "customers": totals.customers, "orders": totals.orders, "settled": totals.settled, "sealed": totals.sealed,
            "prepared": totals.prepared, "superseded": totals.superseded, "void": totals.void,
            "sold_fen": totals.sold_fen, "settled_fen": totals.settled_fen, "outstanding_fen": totals.outstanding_fen,
            "refund_due_fen": totals.refund_due_fen, "refunded_fen": totals.refunded_fen, "loss_fen": totals.loss_fen,
            "bank_cash_fen": balance.bank_cash, "prepaid_fen": -balance.prepaid, "delivered_fen": -balance.delivered,
            "sum_fen": i64::try_from(balance.sum()).unwrap_or(i64::MAX),
            "findings": findings.len(), "findings_stopping": stops, "faults": faults, "older_make": older,
            "log": Origin::value(&folder)?,
        }),
    );
    if older {
        say(
            "these books are of the older make: they are read and reported, and nothing is sold or settled in them",
        );
    }
    if faults.is_empty() { Ok(()) } else { Err(refused(faults.join("; ")).into()) }
}

/// Runs `server statement`.
pub fn statement(global: &Global, options: &Statement) -> Result<()> {
    let store = store(&bank(global)?)?;
    meter_of(&store, options.customer)?;
    let lines = store.read(|view| view.statement(options.customer))?;
    let order = |line: &StatementLine| line.order.map(|id| id.to_string());
    let row = |line: &StatementLine| {
        vec![
            line.at.to_string(),
            line.kind.name().to_owned(),
            line.meter.to_string(),
            line.count.to_string(),
            order(line).unwrap_or_default(),
            yuan(line.amount_fen),
            yuan(line.prepaid_fen),
            yuan(line.refund_due_fen),
        ]
    };
    let objects = lines.iter().map(|line| {
        json!({
            "at": line.at.to_string(), "kind": line.kind.name(), "meter": line.meter.to_string(), "count": line.count,
            "order": order(line), "amount_fen": line.amount_fen, "not_confirmed_fen": line.prepaid_fen,
            "due_fen": line.refund_due_fen,
        })
    });
    let object = json!({ "customer": options.customer.to_string(), "lines": objects.collect::<Vec<_>>() });
    let heading = ["time", "kind", "meter", "count", "order", "amount", "not confirmed", "due"];
    answer(global, &table(&heading, lines.iter().map(row).collect()), object);
    Ok(())
}
