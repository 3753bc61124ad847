//! The attacks that the formats were made against, one after another: what an operator asks of an issuing card, what is put into a card
//! before it is finished, what a listener has, what comes to a meter's port, what becomes of two orders of one count.

mod counts;
mod issuing;
mod keeping;
mod lives;
mod making;
mod phones;
mod port;
mod records;
mod signing;
mod valve;

use super::board::{Progress, Row};
use crate::bare::Seed;
use keys::Suite;
use parties::trouble::Result;

/// All of them.
///
/// # Errors
/// The parties cannot be set up.
pub fn protocols(suite: Suite, seed: Seed, progress: Progress<'_>) -> Result<Vec<Row>> {
    progress("issuing cards");
    let mut rows = issuing::rows(suite, seed)?;
    progress("cards in the making");
    rows.extend(making::rows(suite, seed)?);
    progress("a meter's port");
    rows.push(port::frames(suite, seed)?);
    rows.push(port::parameter_mac(suite, seed)?);
    progress("a gas meter's valve");
    rows.push(valve::row(suite, seed)?);
    progress("signatures");
    rows.extend(signing::rows(suite, seed)?);
    progress("two orders of one count");
    rows.extend(counts::rows(suite, seed)?);
    progress("an ESAM's life");
    rows.extend(lives::rows(suite, seed)?);
    progress("customers' phones");
    rows.extend(phones::rows(suite, seed)?);
    progress("books");
    rows.push(records::books_of_yesterday(suite, seed)?);
    progress("logs and ledgers");
    rows.extend(keeping::rows(suite, seed)?);
    Ok(rows)
}
