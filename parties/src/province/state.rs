//! What the province holds.

use super::folder::record;
use crate::home::{Home, Party};
use crate::issuing::{self, CheckValues};
use crate::revoked;
use crate::session::Session;
use crate::trouble::Result;
use ::kdc::revocation::Revoked;
use serde::Serialize;

/// What the province holds.
#[derive(Debug, Clone, Serialize)]
pub struct StatusReport {
    /// State of its roots.
    pub state: &'static str,
    /// Their suite.
    pub suite: &'static str,
    /// When the ceremony was held.
    pub ceremony: String,
    /// Cards issued.
    pub cards_issued: i64,
    /// Cards revoked.
    pub revoked: Vec<Revoked>,
    /// Check values of the roots.
    pub check_values: CheckValues,
}

/// Looks at what the province holds.
///
/// # Errors
/// There is no province, or its files are damaged.
pub fn status(session: &Session) -> Result<StatusReport> {
    let folder = Home::new(session).party(Party::Province, "showing the province's state")?;
    let record = record(&folder)?;
    Ok(StatusReport {
        state: record.state.name(),
        suite: record.suite.name(),
        ceremony: record.at,
        cards_issued: issuing::look(&folder)?.issued()?,
        revoked: revoked::own(&folder)?.map_or_else(Vec::new, |list| list.revoked),
        check_values: CheckValues::of_roots(&record.roots),
    })
}
