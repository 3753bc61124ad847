//! Why there is no plan.

use super::parts::CEILING_MAX;
use scheme::fault::{Fault, Hint};
use scheme::money::Fen;
use scheme::numbers::RegionCode;
use scheme::profile::CardKind;

/// Why there is no plan for a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not a card that is personalised from blank.
    #[error("kind {} is not issued by an issuing plan", kind.name())]
    Kind {
        /// Kind asked for.
        kind: CardKind,
    },
    /// A region where none belongs, or none where one does.
    #[error("kind {} cannot be of region {region}", kind.name())]
    Region {
        /// Kind asked for.
        kind: CardKind,
        /// Region asked for.
        region: RegionCode,
    },
    /// A ceiling of nothing, or above the highest.
    #[error("the ceiling of a purse is 0.01 to {CEILING_MAX}, not {ceiling}")]
    Ceiling {
        /// Ceiling asked for.
        ceiling: Fen,
    },
    /// A kind that lives on the test hierarchy alone.
    #[error("kind {} is always of the test hierarchy", kind.name())]
    AlwaysTest {
        /// Kind asked for.
        kind: CardKind,
    },
    /// A limit for a card that makes nothing.
    #[error("kind {} makes neither cards nor orders, so it has no limit", kind.name())]
    LimitOf {
        /// Kind asked for.
        kind: CardKind,
    },
    /// No version of a key, or one that the kind cannot have.
    #[error("keys of kind {} cannot be of version {version:02X}", kind.name())]
    Version {
        /// Kind asked for.
        kind: CardKind,
        /// Version asked for.
        version: u8,
    },
    /// An earlier version that is none, or for a card that reaches none.
    #[error("kind {} of version {version:02X} cannot reach ESAMs of version {earlier:02X}", kind.name())]
    Previous {
        /// Kind asked for.
        kind: CardKind,
        /// Version asked for.
        version: u8,
        /// Earlier version asked for.
        earlier: u8,
    },
    /// A works number for what is no ESAM of test keys.
    #[error("a {} of these keys gets its number when it is made", kind.title())]
    Unnumbered {
        /// Kind asked for.
        kind: CardKind,
    },
    /// A ceiling for a card without a purse.
    #[error("kind {} has no purse, so no ceiling", kind.name())]
    CeilingOf {
        /// Kind asked for.
        kind: CardKind,
    },
}

impl Fault for PlanError {
    fn hint(&self) -> Hint {
        Some(
            match self {
                PlanError::Kind { .. } => {
                    "a SIM comes with its files in the chip and is written by the sim commands"
                }
                PlanError::Region { .. } => {
                    "region 00000000 is the province; only a main control card is of it"
                }
                PlanError::Ceiling { .. } => "leave the ceiling out for the highest one",
                PlanError::Version { .. } => {
                    "a version is 1 to 255; the roots of a main control card are of version 1"
                }
                PlanError::Previous { .. } => {
                    "only an ESAM issuing card reaches earlier ESAMs, of a version below its own"
                }
                PlanError::Unnumbered { .. } => {
                    "only an ESAM of test keys waits for a number: it is issued by a city of test keys"
                }
                PlanError::CeilingOf { .. } | PlanError::AlwaysTest { .. } | PlanError::LimitOf { .. } => {
                    return None;
                }
            }
            .into(),
        )
    }

    fn code(&self) -> &str {
        match self {
            PlanError::Kind { .. } => "plan-kind",
            PlanError::Region { .. } => "plan-region",
            PlanError::Ceiling { .. } => "plan-ceiling",
            PlanError::AlwaysTest { .. } => "plan-always-test",
            PlanError::LimitOf { .. } => "plan-limit-of",
            PlanError::Version { .. } => "plan-version",
            PlanError::Previous { .. } => "plan-previous",
            PlanError::Unnumbered { .. } => "plan-unnumbered",
            PlanError::CeilingOf { .. } => "plan-ceiling-of",
        }
    }
}
