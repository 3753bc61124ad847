//! The pairing: the two keys by which MCU and ESAM know each other, and the file that brings them
//! [docs/specs/cards.md 5, 7].

use crate::text;
use keys::{Key, Role, Suite, Zeroizing, seal};
use serde::{Deserialize, Serialize};
use wire::bcd::MeterNumber;
use wire::profile::{Recipient, State};

/// First field of every pairing file this program reads.
pub const FORMAT: &str = "gridcard pairing 2";

/// A pairing file as it stands in JSON: keys wrapped under the MCU's transport key. The transport root is published, so
/// the wrapping keeps out accidents, not attackers [docs/specs/cards.md 2].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairingFile {
    /// [`FORMAT`].
    pub pairing: String,
    /// Number of the meter.
    #[serde(with = "text::number")]
    pub number: MeterNumber,
    /// Its city, 8 digits.
    pub region: String,
    /// Suite of its ESAM.
    #[serde(with = "text::suite")]
    pub suite: Suite,
    /// Test or formal.
    #[serde(with = "text::state")]
    pub state: State,
    /// The wrapped keys.
    pub keys: Vec<WrappedKey>,
}

/// One wrapped key of a pairing file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrappedKey {
    /// `int-auth` or `ext-auth`.
    #[serde(with = "text::role")]
    pub role: Role,
    /// Header of the WRITE KEY the field was made for, 5 bytes; its MAC covers it.
    #[serde(with = "text::bytes")]
    pub header: Vec<u8>,
    /// Cipher text and 4-byte MAC.
    #[serde(with = "text::bytes")]
    pub field: Vec<u8>,
    /// Check value of the key, 6 hex digits, where the maker knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_value: Option<String>,
}

/// Why a pairing file is not one for this meter.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// Not JSON, or not of the right fields.
    #[error("not a pairing file: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("the pairing file is of format {found:?}, this program knows \"{FORMAT}\"")]
    Format {
        /// The format it names.
        found: String,
    },
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

impl PairingFile {
    /// Reads a file; refuses another format by name.
    pub fn from_json(text: &str) -> Result<Self, PairingError> {
        let file: PairingFile = serde_json::from_str(text)?;
        if file.pairing == FORMAT { Ok(file) } else { Err(PairingError::Format { found: file.pairing }) }
    }

    /// Opens the keys with the transport key the MCU was given at production. The challenge of the wrapping
    /// is `0F 00 || number`, so a file opens for its own meter alone.
    pub fn open(&self, transport: &Key) -> Result<Pairing, PairingError> {
        if transport.suite() != self.suite {
            return Err(PairingError::Suite { file: self.suite, key: transport.suite() });
        }
        let allowed = [Role::IntAuth, Role::ExtAuth];
        if let Some(foreign) = self.keys.iter().find(|key| !allowed.contains(&key.role)) {
            return Err(PairingError::Foreign(foreign.role));
        }
        Ok(Pairing {
            number: self.number,
            state: self.state,
            int_auth: self.key(Role::IntAuth, transport)?,
            ext_auth: self.key(Role::ExtAuth, transport)?,
        })
    }

    fn key(&self, role: Role, transport: &Key) -> Result<Key, PairingError> {
        let mut found = self.keys.iter().filter(|key| key.role == role);
        let wrapped = found.next().ok_or(PairingError::Missing(role))?;
        if found.next().is_some() {
            return Err(PairingError::Twice(role));
        }
        let row = Recipient::Mcu.key(role.code()).ok_or(PairingError::Foreign(role))?;
        let header: [u8; 5] = wrapped.header[..].try_into().map_err(|_| PairingError::Header(role))?;
        if header[..4] != [0x84, 0xD4, 0x01, row.id] || usize::from(header[4]) != wrapped.field.len() {
            return Err(PairingError::Header(role));
        }
        let challenge = keys::hierarchy::mcu_serial(self.number.0);
        let (head, key) = seal::unwrap(transport, &challenge, &header, &wrapped.field)
            .map_err(|source| PairingError::Seal { role, source })?;
        let [kind, use_right, change_right, ..] = head;
        if (kind, use_right, change_right) != (row.kind, row.use_right, row.change_right) {
            return Err(PairingError::Header(role));
        }
        match &wrapped.check_value {
            Some(told) if !told.eq_ignore_ascii_case(&hex::encode(key.kcv())) => {
                Err(PairingError::CheckValue(role))
            }
            _ => Ok(key),
        }
    }
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
