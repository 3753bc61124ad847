//! The phone's own file: its keys, and what it says of itself. For its owner alone.

use super::error::CustomerError;
use crate::home::files;
use crate::trouble::{Context, Result, Trouble};
use ::keys::Zeroizing;
use client::talk::Psk;
use client::{Keypair, Marks, Mode, Stamp, marks};
use scheme::numbers::CustomerNumber;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// First field of the file.
const FORMAT: &str = "gridcard phone 1";

/// A purchase that was begun and is not at its end as far as the phone knows: the same words go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPurchase {
    /// Its name, 16 hexadecimal digits.
    pub purchase: String,
    /// SHA-256 of what was asked for.
    pub asked: String,
}

/// Text that is overwritten when it is not wanted any more.
struct Hidden(Zeroizing<String>);

impl Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Hidden(Zeroizing::new(text)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    what: String,
    mode: String,
    server_url: String,
    server_key: String,
    secret: Hidden,
    psk: Hidden,
    name: String,
    customer: CustomerNumber,
    msisdn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imsi: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imei: Option<String>,
    user: String,
    last: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<OpenPurchase>,
}

/// What a new file is made of.
pub(super) struct Fresh {
    pub mode: Mode,
    pub server_url: String,
    pub server: [u8; 32],
    pub own: Keypair,
    pub psk: Psk,
    pub name: [u8; 8],
    pub customer: CustomerNumber,
    pub said: (String, Option<String>, Option<String>, String),
    pub last: Stamp,
}

/// A phone that is known to a server.
pub struct PhoneFile {
    /// The file.
    path: PathBuf,
    /// How it proves who it is.
    pub mode: Mode,
    /// Where the server is.
    pub server_url: String,
    /// The server's static key.
    pub server: [u8; 32],
    /// The phone's own.
    pub own: Keypair,
    /// What its sessions begin with.
    pub psk: Psk,
    /// The server's name for it.
    pub name: [u8; 8],
    /// Whose it is.
    pub customer: CustomerNumber,
    /// Its number.
    pub msisdn: String,
    /// The subscriber of its SIM, where it knows him.
    pub imsi: Option<String>,
    /// Its own identity, where it knows it.
    pub imei: Option<String>,
    /// The user name.
    pub user: String,
    /// The last time it sent.
    pub last: Stamp,
    /// A purchase that is not at its end.
    pub open: Option<OpenPurchase>,
}

fn array<const N: usize>(path: &Path, name: &str, text: &str) -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    hex::decode_to_slice(text, &mut bytes[..])
        .map_err(|_| wrong(path, format!("{name} has {} hexadecimal digits", 2 * N)))?;
    Ok(bytes)
}

fn wrong(path: &Path, words: impl Into<String>) -> Trouble {
    Trouble::new(CustomerError::File { file: path.to_owned(), words: words.into() })
}

impl PhoneFile {
    /// A phone that has just become known.
    pub(super) fn new(path: &Path, of: Fresh) -> Self {
        let Fresh { mode, server_url, server, own, psk, name, customer, said, last } = of;
        let (msisdn, imsi, imei, user) = said;
        PhoneFile {
            path: path.to_owned(),
            mode,
            server_url,
            server,
            own,
            psk,
            name,
            customer,
            msisdn,
            imsi,
            imei,
            user,
            last,
            open: None,
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is not there, is open to others, or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let private =
            disk::is_private(path).map_err(|error| wrong(path, format!("cannot be read: {error}")))?;
        if !private {
            return Err(Trouble::new(CustomerError::Open(path.to_owned())));
        }
        let text = Zeroizing::new(files::read_text(path)?);
        let kept: Kept = serde_json::from_str(&text)
            .map_err(|error| wrong(path, format!("line {} is not as it should be", error.line())))?;
        if kept.what != FORMAT {
            return Err(wrong(path, "it is no file of a phone"));
        }
        let mode = match kept.mode.as_str() {
            "noise" => Mode::Noise,
            "paper" => Mode::Paper,
            _ => return Err(wrong(path, "mode is noise or paper")),
        };
        let last = Stamp::read(*array(path, "last", &kept.last)?);
        Ok(PhoneFile {
            path: path.to_owned(),
            mode,
            server: *array(path, "server_key", &kept.server_key)?,
            own: Keypair::new(&*array::<32>(path, "secret", &kept.secret.0)?),
            psk: Psk(array(path, "psk", &kept.psk.0)?),
            name: *array(path, "name", &kept.name)?,
            last: last.ok_or_else(|| wrong(path, "last is no time"))?,
            server_url: kept.server_url,
            customer: kept.customer,
            msisdn: kept.msisdn,
            imsi: kept.imsi,
            imei: kept.imei,
            user: kept.user,
            open: kept.open,
        })
    }

    /// Writes it, whole or not at all, for its owner alone.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self) -> Result<()> {
        let hidden = |bytes: &[u8]| Hidden(Zeroizing::new(hex::encode(bytes)));
        let kept = Kept {
            what: FORMAT.to_owned(),
            mode: if self.mode == Mode::Noise { "noise" } else { "paper" }.to_owned(),
            server_url: self.server_url.clone(),
            server_key: hex::encode(self.server),
            secret: hidden(&self.own.secret()[..]),
            psk: hidden(&self.psk.0[..]),
            name: hex::encode(self.name),
            customer: self.customer,
            msisdn: self.msisdn.clone(),
            imsi: self.imsi.clone(),
            imei: self.imei.clone(),
            user: self.user.clone(),
            last: hex::encode(self.last.bytes()),
            open: self.open.clone(),
        };
        let mut text = Zeroizing::new(serde_json::to_vec_pretty(&kept)?);
        text.push(b'\n');
        files::write(&self.path, &text)
    }

    /// Takes the file away: the phone is not known any more.
    ///
    /// # Errors
    /// It cannot be taken away.
    pub fn remove(self) -> Result<()> {
        std::fs::remove_file(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }

    /// What it says of itself.
    pub fn marks(&self) -> Marks {
        Marks::of(&marks::Said {
            msisdn: &self.msisdn,
            imsi: self.imsi.as_deref(),
            imei: self.imei.as_deref(),
            user: &self.user,
        })
    }
}

impl std::fmt::Debug for PhoneFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PhoneFile({})", self.path.display())
    }
}
