//! What stays in the province's folder after a ceremony: check values, never a secret.

use crate::ids::CheckValue;
use crate::keyset::{RoleCheck, Roots};
use crate::messages::CeremonyError;
use keys::Suite;
use serde::{Deserialize, Serialize};
use wire::profile::State;

/// First field of every record.
pub const FORMAT: &str = "gridcard ceremony 1";

/// One component in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRecord {
    /// Number of the component, from 1.
    pub number: u8,
    /// Its check value under the suite.
    pub check_value: CheckValue,
}

/// The record of a ceremony. A later ceremony with the same papers must agree with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeremonyRecord {
    /// [`FORMAT`].
    pub record: String,
    /// When the ceremony was held, as the caller wrote it.
    pub at: String,
    /// Suite of the roots.
    #[serde(with = "crate::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "crate::names::state")]
    pub state: State,
    /// The components, by number; none for the published test root.
    pub components: Vec<ComponentRecord>,
    /// Check value of the whole secret; absent for the published test root.
    pub check_value: Option<CheckValue>,
    /// Check values of the roots, by role.
    pub roots: Vec<RoleCheck>,
}

impl CeremonyRecord {
    /// The record of a province that lives on the published test root.
    pub fn of_test_root(suite: Suite, at: &str) -> Self {
        CeremonyRecord {
            record: FORMAT.to_owned(),
            at: at.to_owned(),
            suite,
            state: State::Test,
            components: Vec::new(),
            check_value: None,
            roots: Roots::test(suite).check_values(),
        }
    }

    /// Whether `roots` are the ones this record was written for; the error names the first difference.
    pub fn confirm(&self, roots: &Roots) -> Result<(), CeremonyError> {
        if self.record != FORMAT {
            return Err(CeremonyError::RecordFormat { found: self.record.clone() });
        }
        if (self.suite, self.state) != (roots.suite(), roots.state()) {
            return Err(CeremonyError::RecordKind {
                recorded: (self.suite, self.state),
                found: (roots.suite(), roots.state()),
            });
        }
        for now in roots.check_values() {
            let recorded = self.roots.iter().find(|then| then.role == now.role).map(|then| then.check_value);
            if recorded != Some(now.check_value) {
                return Err(CeremonyError::RecordRoot { role: now.role, recorded, found: now.check_value });
            }
        }
        Ok(())
    }
}
