//! Orders whose sealing was interrupted, or whose record got lost: finished, and written again.

use super::desk::Desk;
use super::look::must_be_for_a_sim;
use super::orders::{message, record_place};
use super::payment::must_be_paid;
use super::pins::PinChoice;
use super::registration;
use super::selling::{Sale, selling, terms};
use crate::log;
use crate::session::Session;
use crate::trouble::Result;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::record_file::Message;
use serde::{Deserialize, Serialize};
use server::{Books, Keys, PlacedOrder};
use std::collections::BTreeMap;
use std::path::Path;
use wire::sms::record::Records;

/// Orders that are to be finished.
#[derive(Debug, Clone)]
pub struct ResumeRequest {
    /// The order that this customer has outstanding, sealed or not; default: all that were interrupted.
    pub customer: Option<CustomerNumber>,
    /// For which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// The PSAM and its PIN, which is not asked for when nothing has to be sealed.
    pub pin: PinChoice,
    /// There is a bank that can be asked: of a customer's order whose payment waits for its word it is asked first.
    pub bank: bool,
}

/// What was finished.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResumeReport {
    /// Orders.
    pub resumed: usize,
    /// Files with their records; none where there was no order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<String>,
    /// Of a record that was handed out before, which copy this is; marked in its file as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<u32>,
}

/// Records of finished orders.
struct Written<'a> {
    session: &'a Session,
    folder: &'a Path,
    files: Vec<String>,
    orders: usize,
}

impl Written<'_> {
    fn keep(
        &mut self,
        books: &dyn Books,
        placed: &PlacedOrder,
        record: &Records,
        copy: Option<u32>,
    ) -> Result<()> {
        self.orders += 1;
        // It is sealed, and goes onto its card when that is written.
        if must_be_for_a_sim(placed).is_err() {
            return Ok(());
        }
        let path = record_place(books, self.folder, placed.customer, &placed.order)?;
        let mut message = message(record, &placed.order, &placed.sim);
        message.sim.copy = copy;
        self.session.carrier.send(&path, &message)?;
        self.files.push(path.display().to_string());
        Ok(())
    }
}

/// Finishes orders whose sealing was interrupted, or writes the record of an outstanding order again.
///
/// # Errors
/// As of a sale; what was finished before stays finished; the bank is to be asked first.
pub fn resume(session: &Session, desk: &mut Desk, request: &ResumeRequest) -> Result<ResumeReport> {
    let folder = desk.folder(session)?;
    let open: Vec<PlacedOrder> = match request.customer {
        Some(customer) => {
            let meter = registration(desk.books(), customer, request.meter)?.meter;
            desk.books().outstanding(meter)?.into_iter().collect()
        }
        None => desk.books().interrupted()?,
    };
    if request.customer.is_some() {
        open.iter().try_for_each(must_be_for_a_sim)?;
    }
    let mut written = Written { session, folder: &folder, files: Vec::new(), orders: 0 };
    let (sealed, unsealed): (Vec<_>, Vec<_>) = open
        .into_iter()
        .partition(|placed| placed.record.is_some() && !desk.has_just_sealed(placed.order.id));
    let mut copies = Vec::new();
    for placed in &sealed {
        let Some(record) = &placed.record else { continue };
        let (at, by) = (session.now()?, desk.clerk(session)?);
        let copy = desk.books_mut().reprint(placed.order.id, at, &by)?;
        log::fact(session, "copy", format!("{} {copy}", placed.order.id));
        written.keep(desk.books(), placed, record, Some(copy))?;
        copies.push(copy);
    }
    if request.bank && request.customer.is_some() {
        unsealed.iter().try_for_each(|placed| must_be_paid(desk, placed.order.id))?;
    }
    // One session for all orders of one PSAM. Who was asked before is asked again: by its chain it tells what became of it.
    let mut sessions: BTreeMap<(Keys, Vec<String>), Vec<&PlacedOrder>> = BTreeMap::new();
    for placed in &unsealed {
        sessions.entry(desk.books().asked_of(placed)?).or_default().push(placed);
    }
    for ((keys, asked), orders) in sessions {
        let (terms, at) = (terms(desk.books())?, session.now()?);
        let Some(meter) = orders.first().map(|placed| placed.order.meter) else { continue };
        let sale = Sale { pin: &request.pin, meter, keys, asked: &asked, online: None };
        selling(session, &folder, desk, &sale, |books, psam| {
            for placed in orders {
                let sealed = books.seal(psam, placed.order.id, at, &terms)?;
                written.keep(books, placed, &sealed.record, None)?;
            }
            Ok(())
        })?;
    }
    Ok(ResumeReport { resumed: written.orders, records: written.files, copies })
}

/// The record of an order that is sealed, handed out once more; and which copy it is.
///
/// # Errors
/// There is no such order, or no PSAM has sealed it yet.
pub fn reprint(session: &Session, desk: &mut Desk, id: OrderId) -> Result<(Message, u32)> {
    let mut record = super::look::record(session, desk, id)?;
    let (at, by) = (session.now()?, desk.clerk(session)?);
    let copy = desk.books_mut().reprint(id, at, &by)?;
    record.sim.copy = Some(copy);
    log::fact(session, "copy", format!("{id} {copy}"));
    Ok((record, copy))
}
