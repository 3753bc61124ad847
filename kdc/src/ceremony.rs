//! The ceremony: custodians type their components, the province's roots come out.
//!
//! Each custodian holds one component of 16 random bytes and its check value, on paper. The secret of the
//! province is the XOR of all components, so that all custodians are needed and any one short of all of them
//! knows nothing. The secret may also come from a random source, or back from the shares of a backup. The roots are
//! derived from the secret [docs/specs/ceremony.md 2].

pub mod component;
mod error;
mod founding;
mod gf256;
pub mod record;
pub mod script;
mod share_error;
pub mod shares;
mod steps;
mod words;

pub use component::Component;
pub use error::CeremonyError;
pub use founding::{Founding, published_transport};
pub use record::{CeremonyRecord, ComponentRecord, Note, Origin, Person, ShareRecord};
pub use share_error::ShareError;
pub use shares::{Secret, Share};

use component::LEN;
use issue::keyset::Roots;
use keys::{Suite, Zeroizing};
use scheme::numbers::CheckValue;
use std::fmt;

/// Fewest and most components of a ceremony.
pub const COMPONENTS: std::ops::RangeInclusive<u8> = 2..=8;

/// A ceremony under way: which components were entered, and what is still missing.
///
/// `Debug` shows numbers and check values, never a component.
pub struct Ceremony {
    suite: Suite,
    total: u8,
    entered: Vec<(u8, Component)>,
}

/// What a ceremony leaves: the roots, for the cards, and the record, for the folder of the province.
#[derive(Debug)]
pub struct Held {
    /// The roots of the province.
    pub roots: Roots,
    /// Check values of everything, no secret.
    pub record: CeremonyRecord,
}

/// What components come to.
#[derive(Debug)]
pub struct Joined {
    /// Their XOR.
    pub secret: Secret,
    /// Their check values.
    pub components: Vec<ComponentRecord>,
}

impl Ceremony {
    /// A ceremony of `total` components (2 to 8) for keys of `suite`.
    pub fn new(suite: Suite, total: u8) -> Result<Self, CeremonyError> {
        if !COMPONENTS.contains(&total) {
            return Err(CeremonyError::Count { found: total });
        }
        Ok(Ceremony { suite, total, entered: Vec::new() })
    }

    /// Of one part only: a key that comes whole, with its check value, as a card maker's transport root in a file.
    pub const fn single(suite: Suite) -> Self {
        Ceremony { suite, total: 1, entered: Vec::new() }
    }

    /// Takes component `number` (1 to the total) as typed: 32 hexadecimal digits in any grouping, and the
    /// check value from the same paper, 6 hexadecimal digits. Returns the check value.
    ///
    /// Nothing is taken when anything is wrong: number, length, a digit, the check value, a component that
    /// is zero or that was entered under another number.
    pub fn add_component(
        &mut self,
        number: u8,
        typed: &str,
        expected: &str,
    ) -> Result<CheckValue, CeremonyError> {
        if number == 0 || number > self.total {
            return Err(CeremonyError::Number { number, total: self.total });
        }
        if self.entered.iter().any(|(n, _)| *n == number) {
            return Err(CeremonyError::AlreadyEntered { number });
        }
        let expected: CheckValue =
            expected.trim().parse().map_err(|source| CeremonyError::CheckValueText { number, source })?;
        let component = Component::parse(self.suite, number, typed)?;
        let found = component.check_value();
        if found != expected {
            return Err(CeremonyError::CheckValue { number, expected, found });
        }
        if let Some((other, _)) = self.entered.iter().find(|(_, c)| c.same_as(&component)) {
            return Err(CeremonyError::Same { number, other: *other });
        }
        self.entered.push((number, component));
        Ok(found)
    }

    /// Takes a component back out (a custodian brought the wrong paper); true if it was there.
    pub fn withdraw(&mut self, number: u8) -> bool {
        let before = self.entered.len();
        self.entered.retain(|(n, _)| *n != number);
        self.entered.len() != before
    }

    /// Numbers of the components still to come, ascending.
    pub fn missing(&self) -> Vec<u8> {
        (1..=self.total).filter(|number| !self.entered.iter().any(|(n, _)| n == number)).collect()
    }

    /// Joins the components: the secret, and what the record says of them.
    ///
    /// On success the ceremony is empty again; while components are missing it keeps what it has.
    pub fn join(&mut self) -> Result<Joined, CeremonyError> {
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(CeremonyError::Missing { numbers: missing });
        }
        let mut secret = Zeroizing::new([0; LEN]);
        for (_, component) in &self.entered {
            component.xor_into(&mut secret);
        }
        // Three or more distinct components can still cancel out; nobody would do so by chance.
        let secret = Secret::from_entropy(secret).ok_or(CeremonyError::ZeroSecret)?;
        let mut components: Vec<ComponentRecord> = self
            .entered
            .iter()
            .map(|(number, component)| ComponentRecord {
                number: *number,
                check_value: component.check_value(),
            })
            .collect();
        components.sort_by_key(|component| component.number);
        self.entered.clear();
        Ok(Joined { secret, components })
    }

    /// Joins the components to the roots of a formal province and the record of the ceremony. `at` is the time for
    /// the record, as the house writes it (`YYYY-MM-DD hh:mm:ss`).
    pub fn finish(&mut self, at: &str) -> Result<Held, CeremonyError> {
        let Joined { secret, components } = self.join()?;
        Ok(Founding::new(self.suite, Origin::Components, Some(secret)).with_components(components).hold(at))
    }
}

impl fmt::Debug for Ceremony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entered = self.entered.iter().map(|(number, component)| (number, component.check_value()));
        f.debug_struct("Ceremony")
            .field("suite", &self.suite.name())
            .field("total", &self.total)
            .field("entered", &entered.collect::<Vec<_>>())
            .finish()
    }
}
