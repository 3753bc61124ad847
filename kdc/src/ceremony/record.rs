//! What stays in the province's folder after a ceremony: check values, never a secret.

use super::error::CeremonyError;
use super::shares::Share;
use issue::keyset::{RoleCheck, Roots};
use keys::Suite;
use scheme::numbers::CheckValue;
use scheme::profile::State;
use serde::{Deserialize, Serialize};

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

/// Where the secret of a ceremony came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The published test root: no secret at all.
    TestRoot,
    /// Components typed in by their custodians.
    #[default]
    Components,
    /// The random source of the machine.
    Entropy,
    /// Shares of an earlier ceremony.
    Shares,
    /// A token, which made the roots itself.
    Token,
}

/// A transport root agreed with the card maker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportRecord {
    /// Its components; none when it came in a file.
    pub components: Vec<ComponentRecord>,
    /// Its check value.
    pub check_value: CheckValue,
}

/// The shares of the secret, made for backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRecord {
    /// Id of the set, 8 hexadecimal digits.
    pub set: String,
    /// Shares that restore the secret.
    pub threshold: u8,
    /// The shares, by number, with the check values of their papers.
    pub shares: Vec<ComponentRecord>,
}

impl ShareRecord {
    /// Of shares of one set; `None` of none.
    pub fn of(shares: &[Share]) -> Option<Self> {
        let set = shares.first()?.set();
        let record =
            |share: &Share| ComponentRecord { number: share.number(), check_value: share.check_value() };
        let shares = shares.iter().map(record).collect();
        Some(ShareRecord { set: set.name(), threshold: set.threshold, shares })
    }
}

/// Who took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// In which role.
    pub role: String,
    /// By name.
    pub name: String,
}

/// What was noted at a step of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Number of the step.
    pub step: usize,
    /// When it was done.
    pub at: String,
    /// What was asked, and what was answered.
    pub entries: Vec<(String, String)>,
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
    #[serde(with = "scheme::names::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "scheme::names::state")]
    pub state: State,
    /// Where the secret came from.
    #[serde(default)]
    pub origin: Origin,
    /// Whether it was a rehearsal: all steps as in earnest, on the published test root.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rehearsal: bool,
    /// The components, by number; none for the published test root.
    pub components: Vec<ComponentRecord>,
    /// Check value of the whole secret; absent for the published test root.
    pub check_value: Option<CheckValue>,
    /// The transport root, when it is not the published one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportRecord>,
    /// The shares made for backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<ShareRecord>,
    /// Who took part, when the script was walked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Person>,
    /// What was noted, when the script was walked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Check values of the roots, by role.
    pub roots: Vec<RoleCheck>,
}

impl CeremonyRecord {
    /// The record of a province that lives on the published test root.
    pub fn of_test_root(suite: Suite, at: &str) -> Self {
        super::Founding::test(suite).hold(at).record
    }

    /// The record of a province whose roots a token made by itself.
    pub fn of_token(suite: Suite, at: &str, roots: Vec<RoleCheck>) -> Self {
        let held = super::Founding::test(suite).hold(at).record;
        CeremonyRecord { state: State::Formal, origin: Origin::Token, roots, ..held }
    }

    /// Whether check values, as a token computes them, are those of this record; the error names the first difference.
    pub fn confirm_values(
        &self,
        suite: Suite,
        state: State,
        values: &[RoleCheck],
    ) -> Result<(), CeremonyError> {
        if self.record != FORMAT {
            return Err(CeremonyError::RecordFormat { found: self.record.clone() });
        }
        if (self.suite, self.state) != (suite, state) {
            let recorded = (self.suite, self.state);
            return Err(CeremonyError::RecordKind { recorded, found: (suite, state) });
        }
        for now in values {
            let recorded = self.roots.iter().find(|then| then.role == now.role).map(|then| then.check_value);
            if recorded != Some(now.check_value) {
                return Err(CeremonyError::RecordRoot { role: now.role, recorded, found: now.check_value });
            }
        }
        Ok(())
    }

    /// Whether `roots` are the ones this record was written for; the error names the first difference.
    pub fn confirm(&self, roots: &Roots) -> Result<(), CeremonyError> {
        self.confirm_values(roots.suite(), roots.state(), &roots.check_values())
    }
}
