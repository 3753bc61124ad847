//! `gridcard server orders`, `report`, `statement`: what the books say.

use super::{bank, meter_of, store};
use crate::args::Global;
use crate::fail::refused;
use crate::output::{answer, facts, table};
use ::server::{OrderState, PlacedOrder};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use wire::bcd::CustomerNumber;

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
    let orders = store.read(|view| view.orders(None))?;
    let object = json!({ "orders": orders.iter().map(order_json).collect::<Vec<_>>() });
    let row = |placed: &PlacedOrder| {
        let order = &placed.order;
        vec![
            order.id.to_string(),
            order.customer.to_string(),
            order.meter.to_string(),
            order.count.to_string(),
            order.amount.to_string(),
            order.kind.name().to_owned(),
            placed.state.name().to_owned(),
            order.issued.to_string(),
        ]
    };
    let heading = ["order", "customer", "meter", "count", "amount", "kind", "state", "issued"];
    answer(global, &table(&heading, orders.iter().map(row).collect()), object);
    Ok(())
}

fn order_json(placed: &PlacedOrder) -> Value {
    let order = &placed.order;
    json!({
        "order": order.id.to_string(), "customer": order.customer.to_string(), "meter": order.meter.to_string(),
        "count": order.count, "amount_fen": order.amount.0, "kind": order.kind.name(), "state": placed.state.name(),
        "settled": placed.state == OrderState::Settled, "issued": order.issued.to_string(),
    })
}

/// Runs `server report`.
pub fn report(global: &Global) -> Result<()> {
    let store = store(&bank(global)?)?;
    store.check()?;
    let (totals, balance, findings) = store
        .read(|view| Ok::<_, ::server::StoreError>((view.totals()?, view.trial_balance()?, view.audit()?)))?;
    let yuan = |fen: i64| {
        format!("{}{}.{:02} yuan", if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100)
    };
    let text = facts(&[
        ("customers", totals.customers.to_string()),
        ("orders", totals.orders.to_string()),
        ("sold", yuan(totals.sold_fen)),
        ("settled", yuan(totals.settled_fen)),
        ("outstanding", yuan(totals.outstanding_fen)),
        ("bank cash", yuan(balance.bank_cash)),
        ("prepaid", yuan(balance.prepaid)),
        ("delivered", yuan(balance.delivered)),
        ("sum of all accounts", balance.sum().to_string()),
        ("findings", findings.len().to_string()),
    ]);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    answer(
        global,
        &text,
        json!({
            "customers": totals.customers, "orders": totals.orders, "sold_fen": totals.sold_fen,
            "settled_fen": totals.settled_fen, "outstanding_fen": totals.outstanding_fen, "bank_cash_fen": balance.bank_cash,
            "prepaid_fen": balance.prepaid, "delivered_fen": balance.delivered, "sum_fen": balance.sum().to_string(),
            "findings": findings,
        }),
    );
    if findings.is_empty() { Ok(()) } else { Err(refused(findings.join("; ")).into()) }
}

/// Runs `server statement`.
pub fn statement(global: &Global, options: &Statement) -> Result<()> {
    let store = store(&bank(global)?)?;
    meter_of(&store, options.customer)?;
    let lines = store.read(|view| view.statement(options.customer))?;
    let yuan = |fen: i64| format!("{}.{:02}", fen / 100, (fen % 100).abs());
    let row = |line: &::server::StatementLine| {
        vec![
            line.at.to_string(),
            line.kind.name().to_owned(),
            line.order.to_string(),
            line.count.to_string(),
            yuan(line.amount_fen),
            yuan(line.prepaid_fen),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let object = json!({ "customer": options.customer.to_string(), "lines": rows });
    answer(global, &table(&["time", "kind", "order", "count", "yuan", "not confirmed"], rows), object);
    Ok(())
}
