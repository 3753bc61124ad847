//! The keys of one level: the roots of a province, the keys of a city [docs/specs/cards.md 2].

use hmac::{Hmac, KeyInit, Mac};
use keys::sign::{Curve, SigningKey};
use keys::{Key, Role, Suite, Zeroize, hierarchy};
use scheme::numbers::{CheckValue, DeviceNumber, RegionCode, Serial};
use scheme::profile::{CardKind, Recipient, State};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// The check value of one role's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleCheck {
    /// The role.
    #[serde(with = "scheme::names::role")]
    pub role: Role,
    /// Check value of the key.
    pub check_value: CheckValue,
}

/// One key for each role, all of one suite and one version. Each key wipes itself when dropped.
#[derive(Clone)]
struct KeySet {
    suite: Suite,
    state: State,
    keys: [Key; 9],
}

impl KeySet {
    fn make(suite: Suite, state: State, make: impl FnMut(Role) -> Key) -> Self {
        KeySet { suite, state, keys: Role::ALL.map(make) }
    }

    fn get(&self, role: Role) -> &Key {
        // Role codes run from 1 to 9 without a gap, in the order of `Role::ALL`.
        &self.keys[usize::from(role.code()) - 1]
    }

    fn check_values(&self) -> Vec<RoleCheck> {
        let check = |role| RoleCheck { role, check_value: CheckValue(self.get(role).kcv()) };
        Role::ALL.into_iter().map(check).collect()
    }
}

/// The roots of a province, one key a role, and the signing root beside them. `Debug` shows suite and state only.
#[derive(Clone)]
pub struct Roots {
    set: KeySet,
    /// The signing root, of a province that has one.
    signing: Option<SigningKey>,
}

impl Roots {
    /// The published test roots of a suite: everybody can compute them, they never protect money.
    pub fn test(suite: Suite) -> Self {
        let set = KeySet::make(suite, State::Test, |role| hierarchy::test_root(suite, role));
        Roots { set, signing: Some(hierarchy::test_signing_root(suite)) }
    }

    /// Formal roots from the secret of a province: for each role the first 16 bytes of HMAC-SHA-256 under the
    /// secret over the ASCII text `gridcard root 1|<suite>|<role>`; `transport` is the published root, which the
    /// factory's blanks carry, until another one is agreed. The signing root is the first number of HMAC-SHA-256 under the secret
    /// over `gridcard signing root 1|<suite>|<n>`, n = 0, 1 .., that is a key of the suite's curve: whoever restores the secret from
    /// its shares has it again.
    pub fn from_secret(suite: Suite, secret: &[u8; 16]) -> Self {
        // HMAC fills a short key with zeros to its 64-byte block; done here it cannot be of a wrong length.
        let mut block = [0; 64];
        block[..16].copy_from_slice(secret);
        let mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        block.zeroize();
        let set = KeySet::make(suite, State::Formal, |role| {
            // The transport root is the card maker's, not the province's secret: blanks are made before it.
            if role == Role::Transport {
                return hierarchy::test_root(suite, role);
            }
            let text = format!("gridcard root 1|{}|{}", suite.name(), role.name());
            let mut full = mac.clone().chain_update(text).finalize().into_bytes();
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&full[..16]);
            full.as_mut_slice().zeroize();
            let key = Key::from_16(suite, bytes);
            bytes.zeroize();
            key
        });
        let mut n: u32 = 0;
        let signing = SigningKey::generate(Curve::of(suite), &mut |bytes| {
            let text = format!("gridcard signing root 1|{}|{n}", suite.name());
            let mut full = mac.clone().chain_update(text).finalize().into_bytes();
            bytes.copy_from_slice(&full);
            full.as_mut_slice().zeroize();
            n += 1;
        });
        Roots { set, signing: Some(signing) }
    }

    /// With a transport root agreed with the card maker in the place of the published one.
    pub fn with_transport(mut self, root: Key) -> Self {
        self.set.keys[usize::from(Role::Transport.code()) - 1] = root;
        self
    }

    /// Of keys that were kept, one for each role in the order of the role codes, and the signing root that was kept with them. Test
    /// roots have the published one, whatever was kept.
    pub fn kept(suite: Suite, state: State, keys: [Key; 9], signing: Option<SigningKey>) -> Self {
        let signing = match state {
            State::Test => Some(hierarchy::test_signing_root(suite)),
            State::Formal | State::Retired => signing,
        };
        Roots { set: KeySet { suite, state, keys }, signing }
    }

    /// With a signing root in the place of the one it has, or of none.
    pub fn with_signing(mut self, signing: SigningKey) -> Self {
        self.signing = Some(signing);
        self
    }

    /// The signing root; `None` of a formal province that was founded before there were any.
    pub const fn signing(&self) -> Option<&SigningKey> {
        self.signing.as_ref()
    }

    /// The suite of all roots.
    pub fn suite(&self) -> Suite {
        self.set.suite
    }

    /// Test or formal.
    pub fn state(&self) -> State {
        self.set.state
    }

    /// The root of a role.
    pub fn get(&self, role: Role) -> &Key {
        self.set.get(role)
    }

    /// Check values of all roots, in the order of the roles.
    pub fn check_values(&self) -> Vec<RoleCheck> {
        self.set.check_values()
    }

    /// The keys of a city: each diversified from its root by the region; `transport` stays the root itself,
    /// because blanks are not made for a city.
    pub fn city(&self, region: RegionCode) -> CityKeys {
        self.city_of_version(region, 1)
    }

    /// The keys of a city of a version, 01 to FF.
    pub fn city_of_version(&self, region: RegionCode, version: u8) -> CityKeys {
        let set = KeySet::make(self.suite(), self.state(), |role| match role {
            Role::Transport => self.get(role).clone(),
            _ => hierarchy::city_key(self.get(role), region.0, version),
        });
        CityKeys { set, region, version, previous: None }
    }

    /// Own master of a provincial or issuing card, from the card's kind and number.
    pub fn own_master(&self, kind: CardKind, number: DeviceNumber) -> Key {
        hierarchy::device_key(self.get(Role::Master), kind.code(), number.0)
    }

    /// Transport key of a blank.
    pub fn transport(&self, serial: Serial) -> Key {
        hierarchy::transport_key(self.get(Role::Transport), serial.0)
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({}, {})", self.suite().name(), self.state().name())
    }
}

/// The keys of a city, and the transport root it needs to reach blanks. `Debug` shows no key.
#[derive(Clone)]
pub struct CityKeys {
    set: KeySet,
    region: RegionCode,
    version: u8,
    /// The city's `master` of an earlier version.
    previous: Option<(u8, Key)>,
}

impl CityKeys {
    /// The city.
    pub const fn region(&self) -> RegionCode {
        self.region
    }

    /// The version of all keys.
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// With the `master` of an earlier version, to reach ESAMs that still have it.
    pub fn with_previous(mut self, earlier: &CityKeys) -> Self {
        self.previous = Some((earlier.version, earlier.get(Role::Master).clone()));
        self
    }

    /// The earlier version whose ESAMs can be reached.
    pub fn previous(&self) -> Option<u8> {
        self.previous.as_ref().map(|(version, _)| *version)
    }

    /// Own master of a device of the earlier version.
    pub(crate) fn previous_master(&self, target: Recipient, number: DeviceNumber) -> Option<Key> {
        self.previous.as_ref().map(|(_, master)| hierarchy::device_key(master, target.code(), number.0))
    }

    /// The suite of all keys.
    pub fn suite(&self) -> Suite {
        self.set.suite
    }

    /// Test or formal.
    pub fn state(&self) -> State {
        self.set.state
    }

    /// The city's key of a role; for `transport` the root.
    pub fn get(&self, role: Role) -> &Key {
        self.set.get(role)
    }

    /// Check values of all keys, in the order of the roles.
    pub fn check_values(&self) -> Vec<RoleCheck> {
        self.set.check_values()
    }

    /// A device's key of a role; a meter's MCU has those of its ESAM.
    pub fn device(&self, target: Recipient, role: Role, number: DeviceNumber) -> Key {
        hierarchy::device_key(self.get(role), target.code(), number.0)
    }

    /// A meter's key of a role: that of its ESAM.
    pub fn meter(&self, role: Role, number: DeviceNumber) -> Key {
        hierarchy::meter_key(self.get(role), number.0)
    }

    /// Transport key of a blank or of a meter's MCU.
    pub fn transport(&self, serial: Serial) -> Key {
        hierarchy::transport_key(self.get(Role::Transport), serial.0)
    }
}

impl fmt::Debug for CityKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CityKeys({}, {}, {})", self.region, self.suite().name(), self.state().name())
    }
}
