//! Records of orders that a running server sealed, written here for their SIMs.

use super::super::sell::To;
use crate::far::Far;
use crate::screen::say;
use parties::bank::OrderReport;
use parties::bank::look::CustomerReport;
use parties::carrier::{Carrier, Files, must_be_free};
use parties::records;
use parties::session;
use parties::trouble::{Result, refused};
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use service::client::{Request, Ticket};
use std::path::{Path, PathBuf};

/// Takes the ticket of an order, whose record file must be free: of a command that goes on with a request it may be written already.
///
/// # Errors
/// It is there.
pub fn begin(far: &Far<'_>, request: &Request, out: Option<&Path>) -> Result<Ticket> {
    let ticket = far.ticket(&request.digest())?;
    if let (Some(out), false) = (out, far.may_go_on(&ticket))
        && let Err(error) = must_be_free(&Files, out)
    {
        ticket.forget()?;
        return Err(error);
    }
    Ok(ticket)
}

/// Has an order made, and writes its record.
///
/// # Errors
/// What the server says; the record cannot be written.
pub fn order(far: &Far<'_>, request: &Request, to: &To) -> Result<OrderReport> {
    let out = to.out.as_deref();
    let ticket = begin(far, request, out)?;
    let mut report: OrderReport = far.send(request, &ticket)?;
    hand_out(far, &mut report, out, to.meter)?;
    ticket.forget()?;
    Ok(report)
}

/// Writes the record of an order, and names its file in the report. `named`: its meter, where somebody had to name one.
///
/// # Errors
/// As [`keep`].
pub fn hand_out(
    far: &Far<'_>,
    report: &mut OrderReport,
    out: Option<&Path>,
    named: Option<MeterNumber>,
) -> Result<()> {
    if let Some(warning) = &report.warning {
        say(format!("note: {warning}"));
    }
    let customer = report.customer;
    let several = match named.filter(|_| out.is_none()) {
        Some(_) => {
            let known: CustomerReport = far.look(&Request::to("customer")?.place("customer", customer))?;
            known.holds.len() > 1
        }
        None => false,
    };
    let name = name(customer, named.filter(|_| several), report.count);
    let file = keep(far, report.order, (customer, &name), out, None)?;
    report.record = file.display().to_string();
    Ok(())
}

/// What a record is called: as in the bank's own folder, with its meter where the customer has several.
pub fn name(customer: CustomerNumber, meter: Option<MeterNumber>, count: u32) -> String {
    match meter {
        Some(meter) => format!("{customer}-{meter}-{count}"),
        None => format!("{customer}-{count}"),
    }
}

/// Writes the record of an order: into `out`, else into a free place of the home's out. What is there is never written over. `copy`:
/// which one it is, of a record that was handed out before.
///
/// # Errors
/// The server does not give it; another record is in its place.
pub fn keep(
    far: &Far<'_>,
    order: OrderId,
    (customer, name): (CustomerNumber, &str),
    out: Option<&Path>,
    copy: Option<u32>,
) -> Result<PathBuf> {
    let text = far.text(&Request::to("record")?.place("order", order))?;
    let mut message = records::parse(&text, Path::new("the server's answer"))?;
    message.sim.copy = copy;
    // Of a command that goes on: what it wrote before its answer was final.
    let is_there = |place: &Path| records::read(place).is_ok_and(|there| there.record == message.record);
    let place = match out {
        Some(out) => out.to_owned(),
        None => {
            let folder = session::out(&far.call.home)?;
            let first = folder.join(format!("{name}.sms"));
            let more = (2..u32::MAX).map(|n| folder.join(format!("{name}-{n}.sms")));
            let free = |place: &PathBuf| !Files.is_taken(place) || (copy.is_none() && is_there(place));
            std::iter::once(first.clone()).chain(more).find(free).unwrap_or(first)
        }
    };
    if copy.is_none() && is_there(&place) {
        return Ok(place);
    }
    let written = must_be_free(&Files, &place).and_then(|()| Files.send(&place, &message));
    written.map_err(|error| {
        let words =
            format!("the order is kept: `gridcard server resume --customer {customer}` writes its record");
        refused(error.to_string()).hint(words)
    })?;
    Ok(place)
}
