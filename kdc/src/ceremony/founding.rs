//! What a ceremony gathers until the roots are made.

use super::Held;
use super::record::{self, CeremonyRecord, ComponentRecord, Origin, ShareRecord};
use super::shares::{Secret, Share};
use issue::keyset::Roots;
use keys::{Key, Role, Suite};
use scheme::numbers::CheckValue;
use scheme::profile::State;

/// A province about to begin: where its secret comes from, and what goes with it.
#[derive(Debug)]
pub struct Founding {
    suite: Suite,
    origin: Origin,
    rehearsal: bool,
    secret: Option<Secret>,
    components: Vec<ComponentRecord>,
    transport: Option<(Key, Vec<ComponentRecord>)>,
    shares: Option<ShareRecord>,
}

impl Founding {
    /// Of a secret from `origin`; without a secret the roots are the published test roots.
    pub const fn new(suite: Suite, origin: Origin, secret: Option<Secret>) -> Self {
        Founding {
            suite,
            origin,
            rehearsal: false,
            secret,
            components: Vec::new(),
            transport: None,
            shares: None,
        }
    }

    /// Of the published test root.
    pub const fn test(suite: Suite) -> Self {
        Founding::new(suite, Origin::TestRoot, None)
    }

    /// With the record of the components of the secret.
    pub fn with_components(mut self, components: Vec<ComponentRecord>) -> Self {
        self.components = components;
        self
    }

    /// As a rehearsal: everything is done as in earnest, and the roots are the published test roots.
    pub const fn rehearsal(mut self, rehearsal: bool) -> Self {
        self.rehearsal = rehearsal;
        self
    }

    /// With a transport root agreed with the card maker, given by its own components. Test roots may have one too: a maker who
    /// tries out meters that become formal makes them of chips of the province's.
    pub fn with_transport(mut self, root: &Secret, components: Vec<ComponentRecord>) -> Self {
        self.transport = Some((root.clone().into_key(self.suite), components));
        self
    }

    /// Notes the shares that were made and proved.
    pub fn note_shares(&mut self, shares: &[Share]) {
        self.shares = ShareRecord::of(shares);
    }

    /// The secret, if the ceremony has one.
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The suite.
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// State of what comes of it.
    pub const fn state(&self) -> State {
        if self.rehearsal || self.secret.is_none() { State::Test } else { State::Formal }
    }

    /// Check value of the secret.
    pub fn check_value(&self) -> Option<CheckValue> {
        self.secret.as_ref().map(|secret| secret.check_value(self.suite))
    }

    /// The roots.
    pub fn roots(&self) -> Roots {
        let roots = match &self.secret {
            _ if self.rehearsal => return Roots::test(self.suite),
            Some(secret) => Roots::from_secret(self.suite, &secret.0),
            None => Roots::test(self.suite),
        };
        match &self.transport {
            Some((key, _)) => roots.with_transport(key.clone()),
            None => roots,
        }
    }

    /// The roots and the record. `at` is the time for the record.
    pub fn hold(&self, at: &str) -> Held {
        let roots = self.roots();
        let transport = self.transport.as_ref().map(|(key, components)| record::TransportRecord {
            components: components.clone(),
            check_value: CheckValue(key.kcv()),
        });
        let record = CeremonyRecord {
            record: record::FORMAT.to_owned(),
            at: at.to_owned(),
            suite: self.suite,
            state: self.state(),
            origin: self.origin,
            rehearsal: self.rehearsal,
            components: self.components.clone(),
            check_value: self.check_value(),
            transport,
            shares: self.shares.clone(),
            people: Vec::new(),
            notes: Vec::new(),
            roots: roots.check_values(),
        };
        Held { roots, record }
    }
}

/// Check value of the transport root that goes with the published test root.
pub fn published_transport(suite: Suite) -> CheckValue {
    CheckValue(keys::hierarchy::test_root(suite, Role::Transport).kcv())
}
