//! Acts that a bank takes part in, as a command does them: one after the other, and the command waits for the bank.

use super::desk::Desk;
use super::orders::{self, OrderReport, SellRequest};
use super::payment::{self, AskBank, PaymentLine, answered, due};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use serde::Serialize;
use server::Bank;

/// What the bank was asked.
#[derive(Debug, Clone, Serialize)]
pub struct AskedReport {
    /// Where each payment stands now.
    pub payments: Vec<PaymentLine>,
}

/// Sells and has it paid by a bank: asks it once, and says when the outcome is not known.
///
/// # Errors
/// Those of [`orders::sell`]; the bank refuses, or says nothing.
pub fn sell(
    session: &Session,
    desk: &mut Desk,
    bank: &dyn Bank,
    request: &SellRequest,
) -> Result<OrderReport> {
    // The act that goes on when the bank was asked finds its order by its id.
    let id = orders::draw(session, "order", &request.to)?;
    let mut request = request.clone();
    request.to.id = Some(id);
    let error = match orders::sell(session, desk, &request) {
        Ok(report) => return Ok(report),
        Err(error) => error,
    };
    let Some(AskBank(call)) = error.find::<AskBank>() else { return Err(error) };
    session.say(format!("payment {}: the bank is asked", call.reference()));
    let line = answered(session, desk, call.reference(), &call.ask(bank))?;
    match payment::unknown(&line) {
        Some(unknown) => Err(Trouble::new(unknown)),
        None => orders::sell(session, desk, &request),
    }
}

/// Asks the bank whatever it is to be asked by now, or, `at_once`, whatever it has not answered yet.
///
/// # Errors
/// The books cannot be read or written; what was answered before stands.
pub fn ask(session: &Session, desk: &mut Desk, bank: &dyn Bank, at_once: bool) -> Result<AskedReport> {
    let mut payments = Vec::new();
    for call in due(session, desk, at_once)? {
        payments.push(answered(session, desk, call.reference(), &call.ask(bank))?);
    }
    Ok(AskedReport { payments })
}
