//! Check values of roots as a table.

use crate::screen::table;
use parties::issuing::CheckValues;

/// A row for each root.
pub fn checks_table(checks: &CheckValues) -> String {
    let rows = checks.iter().map(|(role, value)| vec![role.name().to_owned(), value.to_string()]);
    table(&["root", "check value"], rows.collect())
}
