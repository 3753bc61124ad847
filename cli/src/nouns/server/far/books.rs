//! What the books say and what is not as it should be, asked of a running server.

use super::super::change::{Ageing, tell_ageing};
use super::super::findings::{Clear, Findings, Verify, tell_cleared, tell_findings, tell_verified};
use super::super::report::{self, Orders, Report, Statement, tell_report, tell_statement};
use crate::far::{Far, option_is_near};
use parties::bank::look::OrdersPage;
use parties::bank::{self, TakeOrder};
use parties::trouble::Result;
use scheme::order::OrderId;
use serde_json::json;
use service::client::Request;

/// Runs `server findings`.
pub fn findings(far: &Far<'_>, options: &Findings) -> Result<()> {
    let request = Request::to("findings")?.query("all", options.all.then_some(true));
    tell_findings(far.call, &far.look(&request)?);
    Ok(())
}

/// Runs `server clear`.
pub fn clear(far: &Far<'_>, options: &Clear) -> Result<()> {
    let request = Request::to("clear")?.place("finding", options.finding);
    tell_cleared(far.call, &far.change(&request.fields(json!({ "note": options.note })))?);
    Ok(())
}

/// Runs `server verify`.
pub fn verify(far: &Far<'_>, _: &Verify) -> Result<()> {
    tell_verified(far.call, &far.change(&Request::to("verify")?.fields(json!({})))?)
}

/// Hands out all orders of a running server, a page at a time.
fn each_order(far: &Far<'_>, each: TakeOrder<'_>) -> Result<()> {
    let mut last: Option<OrderId> = None;
    loop {
        let page: OrdersPage = far.look(&Request::to("all-orders")?.query("order", last))?;
        let Some(end) = page.orders.last() else { return Ok(()) };
        last = Some(end.order);
        for order in &page.orders {
            if each(order).is_break() {
                return Ok(());
            }
        }
    }
}

/// Runs `server orders`.
pub fn orders(far: &Far<'_>, options: &Orders) -> Result<()> {
    match &options.csv {
        Some(path) => {
            report::tell_file(far.call, &bank::write_orders(path, |each| each_order(far, each))?);
            Ok(())
        }
        None => report::list(far.call, |each| each_order(far, each)),
    }
}

/// Runs `server report`.
pub fn report(far: &Far<'_>, options: &Report) -> Result<()> {
    if options.check {
        return Err(option_is_near(
            "--check",
            "it reads the whole database, and a server has others to serve",
        ));
    }
    tell_report(far.call, &far.look(&Request::to("report")?)?)
}

/// Runs `server statement`.
pub fn statement(far: &Far<'_>, options: &Statement) -> Result<()> {
    let request = Request::to("statement")?.place("customer", options.customer);
    tell_statement(far.call, &far.look(&request)?);
    Ok(())
}

/// Runs `server ageing`.
pub fn ageing(far: &Far<'_>, options: &Ageing) -> Result<()> {
    tell_ageing(far.call, &far.look(&Request::to("ageing")?.query("office", options.office.as_ref()))?);
    Ok(())
}
