//! One line of the log.

use scheme::numbers::CheckValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// SHA-256 of a line and of what stood before it; 64 hexadecimal digits in the file.
#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Of a line that follows a line with hash `self`: SHA-256 over that hash and the line's text up to its own
    /// hash.
    pub(super) fn next(&self, text: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update(self.0).chain_update(text).finalize().into())
    }

    /// Of any bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = wire::typed::bytes(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Hash).ok_or_else(|| "a head hash has 64 hexadecimal digits".to_owned())
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for Hash {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogEvent {
    /// A ceremony was held.
    Ceremony,
    /// The key store was made, or sealed anew for other custodians or passphrases.
    KeyStore,
    /// Custodians opened the key store.
    OpenKeyStore,
    /// A signing root got its certificate.
    SigningRoot,
    /// The signing key of a card, or of a server, was certified.
    Certify,
    /// Roots were loaded into a token, or made in it.
    Token,
    /// A card was issued.
    Issue,
    /// A card was taken into use.
    TakeCard,
    /// An operator was registered, put out, or got another password.
    Operator,
    /// Somebody asked for an act that wants two people.
    Request,
    /// A second person approved it.
    Approve,
    /// The log was exported.
    Export,
    /// A command failed.
    Command,
    /// The clock went back.
    Clock,
    /// What stands before this line was torn by a crash.
    Torn,
    /// Something this version has no name for; the words say what.
    #[serde(untagged)]
    Other(String),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Ending {
    /// Well.
    Done,
    /// Not done.
    Refused {
        /// The reason, in words without secrets.
        why: String,
    },
}

/// A card an act was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Name of its kind.
    pub kind: String,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Serial of its chip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Its city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Check values of an entry, by name.
type CheckValues = BTreeMap<String, CheckValue>;

/// A line without its own hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the line, from 1 without a gap; torn bytes have none.
    pub no: u64,
    /// The time, as the house writes it.
    pub at: String,
    /// The time of the act before, when the clock stands behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// The operator.
    pub who: String,
    /// What was done.
    pub act: LogEvent,
    /// The card it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// Check values of the keys it was about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub check_values: CheckValues,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Ending,
    /// What else is to be known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// Hash of the line before; zeros in the first.
    pub prev: Hash,
}

/// What stands between a line's text and its hash.
const SEAM: &[u8] = b",\"hash\":\"";

/// The line of an entry and its hash: the entry's JSON with the hash as its last field.
pub(super) fn line(entry: &Entry) -> Result<(Vec<u8>, Hash), serde_json::Error> {
    let mut text = serde_json::to_vec(entry)?;
    text.pop(); // the closing brace
    let hash = entry.prev.next(&text);
    text.extend_from_slice(SEAM);
    text.extend_from_slice(hash.to_string().as_bytes());
    text.extend_from_slice(b"\"}\n");
    Ok((text, hash))
}

/// A line read: the entry and the hash it states; whether that is its hash is another question.
pub(super) struct Read {
    pub entry: Entry,
    pub stated: Hash,
    pub computed: Hash,
}

/// Reads a line without its line end; `None` when it is none of ours.
pub(super) fn read(line: &[u8]) -> Option<Read> {
    let end = line.strip_suffix(b"\"}")?;
    let (text, digits) = end.split_at_checked(end.len().checked_sub(64)?)?;
    let text = text.strip_suffix(SEAM)?;
    let stated: Hash = std::str::from_utf8(digits).ok()?.parse().ok()?;
    // One way of writing a line: capitals are none of ours.
    if stated.to_string().as_bytes() != digits {
        return None;
    }
    let mut json = text.to_vec();
    json.push(b'}');
    let entry: Entry = serde_json::from_slice(&json).ok()?;
    let computed = entry.prev.next(text);
    Some(Read { entry, stated, computed })
}
