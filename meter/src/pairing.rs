//! The pairing: the two keys by which MCU and ESAM know each other, as the pairing file brought them
//! [docs/specs/cards.md 5, 7].

use keys::{Key, Role, Suite, Zeroizing, hierarchy, seal};
use scheme::numbers::MeterNumber;
use scheme::pairing::PairingFile;
use scheme::profile::{Recipient, State};

/// Why a pairing file is not one for this meter.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// The transport key is of another suite than the file.
    #[error("the pairing file is of suite {file}, the transport key of suite {key}", file = file.name(), key = key.name())]
    Suite {
        /// Suite of the file.
        file: Suite,
        /// Suite of the key.
        key: Suite,
    },
    /// A key is missing.
    #[error("the pairing file has no {} key", .0.name())]
    Missing(Role),
    /// A key is there twice.
    #[error("the pairing file has the {} key twice", .0.name())]
    Twice(Role),
    /// A key that an MCU does not take.
    #[error("a meter takes no {} key", .0.name())]
    Foreign(Role),
    /// The header is not that of the role's WRITE KEY.
    #[error("the {} key was wrapped for another place than a meter's", .0.name())]
    Header(Role),
    /// The field does not open: another transport key, another meter, or damage.
    #[error("the {role} key does not open: {source}", role = role.name())]
    Seal {
        /// The role.
        role: Role,
        /// What the opening found.
        #[source]
        source: seal::SealError,
    },
    /// The key has another check value than the file says.
    #[error("the {} key has not the check value the file tells", .0.name())]
    CheckValue(Role),
}

/// The opened pairing: number and state it was made for, and its two keys, which cannot be printed and are
/// wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Pairing {
    number: MeterNumber,
    state: State,
    int_auth: Key,
    ext_auth: Key,
}

impl Pairing {
    /// Opens the keys with the transport key the MCU was given at production. The challenge of the wrapping
    /// is `0F 00 || number`, so a file opens for its own meter alone.
    pub fn open(file: &PairingFile, transport: &Key) -> Result<Self, PairingError> {
        if transport.suite() != file.suite {
            return Err(PairingError::Suite { file: file.suite, key: transport.suite() });
        }
        let allowed = [Role::IntAuth, Role::ExtAuth];
        if let Some(foreign) = file.keys.iter().find(|key| !allowed.contains(&key.role)) {
            return Err(PairingError::Foreign(foreign.role));
        }
        Ok(Pairing {
            number: MeterNumber(file.number.0),
            state: file.state,
            int_auth: key(file, Role::IntAuth, transport)?,
            ext_auth: key(file, Role::ExtAuth, transport)?,
        })
    }

    /// The pairing of the published keys of a number: what every meter in test state of that number has.
    pub(crate) fn published(suite: Suite, region: [u8; 4], version: u8, number: MeterNumber) -> Self {
        let key = |role| hierarchy::test_meter_key(suite, role, region, version, number.0);
        Pairing { number, state: State::Test, int_auth: key(Role::IntAuth), ext_auth: key(Role::ExtAuth) }
    }

    /// Number of the meter.
    pub fn number(&self) -> MeterNumber {
        self.number
    }

    /// Suite of the ESAM.
    pub fn suite(&self) -> Suite {
        self.int_auth.suite()
    }

    /// Test or formal.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the paired ESAM answers so to INTERNAL AUTHENTICATE with this random number.
    pub(crate) fn answers(&self, random: &[u8; 8], answer: &[u8]) -> bool {
        keys::equal(&self.internal(random).1, answer)
    }

    /// What INTERNAL AUTHENTICATE must be sent for a random number, and what the paired ESAM answers.
    pub(crate) fn internal(&self, random: &[u8; 8]) -> (Vec<u8>, Vec<u8>) {
        let mut block = random.to_vec();
        block.resize(self.suite().block(), 0);
        (block, seal::cryptogram(&self.int_auth, random))
    }

    /// Cryptogram for the ESAM's challenge.
    pub(crate) fn external(&self, challenge: &[u8; 8]) -> Vec<u8> {
        seal::cryptogram(&self.ext_auth, challenge)
    }

    /// Both keys in clear, for the flash image.
    pub(crate) fn expose(&self) -> [Zeroizing<String>; 2] {
        [&self.int_auth, &self.ext_auth].map(|key| Zeroizing::new(hex::encode_upper(key.expose())))
    }

    pub(crate) fn from_parts(number: MeterNumber, state: State, int_auth: Key, ext_auth: Key) -> Self {
        Pairing { number, state, int_auth, ext_auth }
    }
}

/// The key of a role.
fn key(file: &PairingFile, role: Role, transport: &Key) -> Result<Key, PairingError> {
    let mut found = file.keys.iter().filter(|key| key.role == role);
    let wrapped = found.next().ok_or(PairingError::Missing(role))?;
    if found.next().is_some() {
        return Err(PairingError::Twice(role));
    }
    let row = Recipient::Mcu.key(role.code()).ok_or(PairingError::Foreign(role))?;
    let header: [u8; 5] = wrapped.header[..].try_into().map_err(|_| PairingError::Header(role))?;
    if header[..4] != [0x84, 0xD4, 0x01, row.id] || usize::from(header[4]) != wrapped.field.len() {
        return Err(PairingError::Header(role));
    }
    let challenge = keys::hierarchy::mcu_serial(file.number.0);
    let (head, key) = seal::unwrap(transport, &challenge, &header, &wrapped.field)
        .map_err(|source| PairingError::Seal { role, source })?;
    let [kind, use_right, change_right, ..] = head;
    if (kind, use_right, change_right) != (row.kind, row.use_right, row.change_right) {
        return Err(PairingError::Header(role));
    }
    match &wrapped.check_value {
        Some(told) if told.0 != key.kcv() => Err(PairingError::CheckValue(role)),
        _ => Ok(key),
    }
}

impl scheme::Fault for PairingError {
    fn code(&self) -> &str {
        match self {
            PairingError::Suite { .. } => "pairing-suite",
            PairingError::Missing(_) => "pairing-missing",
            PairingError::Twice(_) => "pairing-twice",
            PairingError::Foreign(_) => "pairing-foreign",
            PairingError::Header(_) => "pairing-header",
            PairingError::Seal { .. } => "pairing-seal",
            PairingError::CheckValue(_) => "pairing-check-value",
        }
    }
}
