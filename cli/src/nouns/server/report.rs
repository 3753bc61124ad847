//! `gridcard server orders`, `report`, `statement`: what the books say.

use crate::call::Call;
use crate::output::{Listing, answer};
use crate::screen::{facts, say, table};
use clap::Args;
use parties::bank::{
    self, BookedLine, BooksReport, Desk, Look, OrderLine, OrdersFile, StatementReport, TakeOrder,
};
use parties::trouble::Result;
use parties::words::yuan;
use scheme::numbers::CustomerNumber;
use std::path::PathBuf;

/// Options of `server statement`.
#[derive(Debug, Args)]
pub struct Statement {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

/// Options of `server orders`.
#[derive(Debug, Args)]
pub struct Orders {
    /// Write all of them to a CSV file.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// Options of `server report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Read the whole database as well, every page and every reference in it: as slow as the disk.
    #[arg(long)]
    pub check: bool,
}

/// Runs `server orders`.
pub fn orders(call: &Call, options: &Orders) -> Result<()> {
    if let Some(path) = &options.csv {
        tell_file(call, &bank::orders_into(call, &Desk::open(call)?, path)?);
        return Ok(());
    }
    list(call, |each| bank::orders(call, &Desk::open(call)?, each))
}

/// Tells of a file of orders.
pub fn tell_file(call: &Call, report: &OrdersFile) {
    let text = format!("{} order(s) in {}", report.count, report.file.display());
    answer(call, &text, report);
}

/// Lists orders as they come: `all` hands out each.
pub fn list(call: &Call, all: impl FnOnce(TakeOrder<'_>) -> Result<()>) -> Result<()> {
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
    let mut list = Listing::new(call, "orders", &heading);
    let mut expired = false;
    all(&mut |order| {
        expired |= order.expired;
        list.line(order, || order_row(order))
    })?;
    list.end();
    if expired {
        say(
            "an expired order is refused by its meter and made anew with `gridcard server reissue`; that it expired does not \
             prove that nothing was credited before",
        );
    }
    Ok(())
}

fn order_row(order: &OrderLine) -> Vec<String> {
    let expired = if order.expired { ", expired" } else { "" };
    vec![
        order.order.to_string(),
        order.customer.to_string(),
        order.meter.to_string(),
        order.count.to_string(),
        order.amount_fen.to_string(),
        order.made_as.to_string(),
        order.kind.to_string(),
        format!("{}{expired}", order.state),
        order.issued.to_string(),
        order.valid_until.to_string(),
    ]
}

/// Runs `server report`.
pub fn report(call: &Call, options: &Report) -> Result<()> {
    let look = if options.check { Look::WholeFile } else { Look::Books };
    tell_report(call, &bank::report(call, &Desk::open(call)?, look)?)
}

/// Tells what the books say.
pub fn tell_report(call: &Call, report: &BooksReport) -> Result<()> {
    let file = if report.file_checked { "whole" } else { "not looked through; --check does" };
    let text = facts(&[
        ("customers", report.customers.to_string()),
        ("orders", format!("{}, {} of them settled", report.orders, report.settled)),
        ("replaced or void", (report.superseded + report.void).to_string()),
        ("sold", yuan(report.sold_fen)),
        ("settled", yuan(report.settled_fen)),
        ("outstanding", yuan(report.outstanding_fen)),
        ("between two meters", yuan(report.transferred_fen)),
        ("due to customers", yuan(report.refund_due_fen)),
        ("paid back", yuan(report.refunded_fen)),
        ("credited, never paid", yuan(report.loss_fen)),
        ("in suspense", yuan(report.suspense_fen)),
        ("pending", yuan(report.pending_fen)),
        ("sum of all accounts", yuan(report.sum_fen)),
        (
            "findings to clear",
            format!("{}, {} of them stop sales", report.findings, report.findings_stopping),
        ),
        ("faults in the books", report.faults.len().to_string()),
        ("database file", file.to_owned()),
    ]);
    answer(call, &text, report);
    if report.older_make {
        say(
            "these books are of the older make: they are read and reported, and nothing is sold or settled in them",
        );
    }
    report.verdict()
}

/// Runs `server statement`.
pub fn statement(call: &Call, options: &Statement) -> Result<()> {
    tell_statement(call, &bank::statement(call, &Desk::open(call)?, options.customer)?);
    Ok(())
}

/// Tells what a customer paid, and what became of it.
pub fn tell_statement(call: &Call, report: &StatementReport) {
    let heading = ["time", "kind", "meter", "count", "order", "amount", "not confirmed", "due"];
    answer(call, &table(&heading, report.lines.iter().map(statement_row).collect()), report);
}

fn statement_row(line: &BookedLine) -> Vec<String> {
    vec![
        line.at.to_string(),
        line.kind.to_string(),
        line.meter.to_string(),
        line.count.to_string(),
        line.order.map(|id| id.to_string()).unwrap_or_default(),
        yuan(line.amount_fen),
        yuan(line.not_confirmed_fen),
        yuan(line.due_fen),
    ]
}
