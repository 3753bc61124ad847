//! What the tests of issuing ask for: here, and where a store stands behind it.

use issue::plan::{Plan, Request};
use keys::Suite;
use scheme::moment::Validity;
use scheme::profile::{CardKind, State};

/// Number of every card made in these tests.
pub const NUMBER: &str = "000000000042";
/// The city of these tests.
pub const REGION: &str = "33020000";
/// Serial of the chip of these tests.
pub const SERIAL: &str = "0102030405060708";

/// A test-state request of a kind.
pub fn request(kind: CardKind, suite: Suite) -> Request {
    let region = if kind == CardKind::MainControl { "00000000" } else { REGION };
    Request {
        kind,
        number: NUMBER.parse().unwrap(),
        region: region.parse().unwrap(),
        suite,
        state: State::Test,
        validity: Validity::new("20260101".parse().unwrap(), "2035-12-31".parse().unwrap()).unwrap(),
        ceiling: None,
        version: 1,
        previous: None,
        limit: None,
        value: None,
        unnumbered: false,
        signs: false,
    }
}

/// The plan of [`request`].
pub fn plan(kind: CardKind, suite: Suite) -> Plan {
    Plan::new(&request(kind, suite)).unwrap()
}
