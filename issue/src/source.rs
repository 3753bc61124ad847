//! Where keys come from: an issuing card, or a software store that gives the same bytes.
//!
//! A source never hands out a key. It answers with what a target card wants to see: the cryptogram of its
//! EXTERNAL AUTHENTICATE and the data field of its WRITE KEY, both bound to the challenge the target gave a
//! moment before [docs/specs/cards.md 7].

mod authority;
mod card;
mod error;
pub mod soft;

pub use authority::Authority;
pub use card::CardSource;
pub use error::SourceError;
pub use reader::driver::issuing::{Activation, Counter, Current, Target};
pub use reader::driver::signing::Proof;
pub use soft::SoftSource;

use keys::{Role, Suite, hierarchy};
use reader::error::CardError;
use scheme::certificate::Certificate;
use scheme::moment::Day;
use scheme::numbers::{CheckValue, RegionCode};
use scheme::pin::Pin;
use scheme::profile::{CardKind, Recipient, State};
use scheme::psam::{Limits, Statement};

/// Level of a source in the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Holds the roots: makes main control cards and issuing cards.
    Province,
    /// Holds a city's keys: makes PSAMs, ESAMs and meter pairings of its own region.
    City(RegionCode),
}

impl Level {
    /// "provincial" or "city".
    pub const fn name(self) -> &'static str {
        match self {
            Level::Province => "provincial",
            Level::City(_) => "city",
        }
    }
}

/// What a source is, as far as a plan can be checked against it before a card is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its level.
    pub level: Level,
    /// The card it is, if it is one: an issuing card makes only its own kind of target.
    pub card: Option<CardKind>,
    /// Its suite; a target's chip must be of the same.
    pub suite: Suite,
    /// Test or formal.
    pub state: State,
    /// Version of its keys; of a provincial source that of the roots.
    pub version: u8,
    /// The earlier version whose ESAMs it reaches.
    pub previous: Option<u8>,
    /// Whether it certifies the signing keys of the cards it makes.
    pub signs: bool,
}

impl About {
    /// Whether the source makes this recipient [docs/specs/cards.md 7].
    pub const fn makes(&self, recipient: Recipient) -> bool {
        use CardKind::{
            Esam, EsamIssuing, MainControl, ProductionCard, Psam, PsamIssuing, TestCard, TestIssuing,
            UserCard,
        };
        match (self.card, self.level, recipient) {
            // The roots leave the ceremony once, for the main control card; a card never gives them on.
            (None, Level::Province, Recipient::Card(MainControl)) => true,
            (
                None | Some(MainControl),
                Level::Province,
                Recipient::Card(PsamIssuing | EsamIssuing | TestIssuing),
            ) => true,
            (None, Level::City(_), Recipient::Card(TestCard)) => matches!(self.state, State::Test),
            (Some(TestIssuing), Level::City(_), Recipient::Card(TestCard)) => true,
            (None | Some(PsamIssuing), Level::City(_), Recipient::Card(Psam | UserCard)) => true,
            (
                None | Some(EsamIssuing),
                Level::City(_),
                Recipient::Card(Esam | ProductionCard) | Recipient::Mcu,
            ) => true,
            _ => false,
        }
    }
}

/// What is known beforehand of a key that a target will hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Version of the key; 01 is the first.
    pub version: u8,
    /// Its check value, where the source can tell: the software store always, an issuing card only for keys it
    /// passes on as they are.
    pub check_value: Option<CheckValue>,
}

/// What a source says that was asked for what it has no key for.
fn may_not<T>(about: About, target: &Target) -> Result<T, SourceError> {
    Err(SourceError::MayNotMake { level: about.level, target: target.recipient })
}

/// A source of keys for other cards.
pub trait KeySource {
    /// What the source is.
    fn about(&self) -> About;

    /// The cryptogram, one block, that satisfies the target's EXTERNAL AUTHENTICATE 39/00 for `challenge`
    /// under the master key it has now.
    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError>;

    /// The data field of the target's WRITE KEY for the key of a role (00: the target's own master): cipher
    /// text and MAC under the master key it has now. `header5` is CLA INS P1 P2 Lc of that command.
    fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, SourceError>;

    /// What the target's KEY INFORMATION should say of the key of a role.
    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError>;

    /// The MAC of an ESAM's ACTIVATE KEYS, for the challenge it gave a moment before [docs/specs/cards.md 10].
    fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        let _ = (challenge, activation);
        may_not(self.about(), target)
    }

    /// The MAC of a target's SET LIMIT, for the challenge it gave a moment before; a PSAM's statement with it
    /// [docs/specs/cards.md 9].
    fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        statement: Option<&Statement>,
    ) -> Result<[u8; 4], SourceError> {
        let _ = (challenge, limits, statement);
        may_not(self.about(), target)
    }

    /// The data field of the target's SET PIN for its PIN 3A/`id`, for the challenge it gave a moment before
    /// [docs/specs/cards.md 12].
    fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &Pin,
    ) -> Result<Vec<u8>, SourceError> {
        let _ = (challenge, id, pin);
        may_not(self.about(), target)
    }

    /// The data field of the target's STORE CERTIFICATE for the root, for the challenge it gave a moment before
    /// [docs/specs/signatures.md 5].
    fn seal_root(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        let _ = challenge;
        may_not(self.about(), target)
    }

    /// Certifies the target's signing key from a day on. `prove` has the target draw its key and answer the source's challenge.
    fn certify(
        &mut self,
        target: &Target,
        from: Day,
        prove: &mut dyn FnMut([u8; 8]) -> Result<Proof, CardError>,
    ) -> Result<Certificate, SourceError> {
        let _ = (from, prove);
        may_not(self.about(), target)
    }

    /// The certificate it certifies with; `None` of the province, whose is the root itself.
    fn issuer(&mut self) -> Result<Option<Certificate>, SourceError> {
        Ok(None)
    }

    /// Check value of the transport root, which the blanks of this source must be made under; `None` when the source
    /// cannot tell.
    fn transport_root(&mut self) -> Result<Option<CheckValue>, SourceError> {
        Ok(None)
    }

    /// How many cards it may make and has made; `None` for a source that does not count.
    fn counter(&mut self) -> Result<Option<Counter>, SourceError> {
        Ok(None)
    }
}

impl<S: KeySource + ?Sized> KeySource for &mut S {
    fn about(&self) -> About {
        (**self).about()
    }

    fn authenticate_target(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        (**self).authenticate_target(target, challenge)
    }

    fn export_key(
        &mut self,
        target: &Target,
        role: u8,
        challenge: [u8; 8],
        header5: [u8; 5],
    ) -> Result<Vec<u8>, SourceError> {
        (**self).export_key(target, role, challenge, header5)
    }

    fn expected(&mut self, target: &Target, role: u8) -> Result<Expected, SourceError> {
        (**self).expected(target, role)
    }

    fn seal_activation(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        activation: Activation,
    ) -> Result<[u8; 4], SourceError> {
        (**self).seal_activation(target, challenge, activation)
    }

    fn seal_limit(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        limits: Limits,
        statement: Option<&Statement>,
    ) -> Result<[u8; 4], SourceError> {
        (**self).seal_limit(target, challenge, limits, statement)
    }

    fn seal_pin(
        &mut self,
        target: &Target,
        challenge: [u8; 8],
        id: u8,
        pin: &Pin,
    ) -> Result<Vec<u8>, SourceError> {
        (**self).seal_pin(target, challenge, id, pin)
    }

    fn seal_root(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, SourceError> {
        (**self).seal_root(target, challenge)
    }

    fn certify(
        &mut self,
        target: &Target,
        from: Day,
        prove: &mut dyn FnMut([u8; 8]) -> Result<Proof, CardError>,
    ) -> Result<Certificate, SourceError> {
        (**self).certify(target, from, prove)
    }

    fn issuer(&mut self) -> Result<Option<Certificate>, SourceError> {
        (**self).issuer()
    }

    fn transport_root(&mut self) -> Result<Option<CheckValue>, SourceError> {
        (**self).transport_root()
    }

    fn counter(&mut self) -> Result<Option<Counter>, SourceError> {
        (**self).counter()
    }
}

/// What KEY INFORMATION says of a key of the published test hierarchy.
fn published(target: &Target, suite: Suite, code: u8) -> Expected {
    let role = Role::from_code(code);
    let root = |role| hierarchy::test_root(suite, role);
    let (key, version) = match (target.recipient, role) {
        (Recipient::Card(CardKind::TestIssuing), None) => {
            (hierarchy::device_key(&root(Role::Master), target.recipient.code(), target.number), 1)
        }
        (Recipient::Card(CardKind::TestIssuing), Some(role)) => {
            let version = target.version.unwrap_or(1);
            let key = if role == Role::Transport {
                root(role)
            } else {
                hierarchy::city_key(&root(role), target.region, version)
            };
            (key, version)
        }
        (_, role) => {
            let role = role.unwrap_or(Role::Master);
            (hierarchy::test_meter_key(suite, role, target.region, 1, target.number), 1)
        }
    };
    Expected { version, check_value: Some(CheckValue(key.kcv())) }
}
