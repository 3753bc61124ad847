//! The payment server's signing key where it stands, and what PSAMs do with it [docs/specs/signatures.md 6].

use crate::home;
use crate::session::Session;
use crate::trouble::{Context, Result, refused, security};
use ::keys::Zeroizing;
use ::keys::sign::{Curve, PublicKey, SigningKey};
use reader::driver::fmcos::Fmcos;
use reader::driver::psam::Psam;
use scheme::certificate::{Certificate, KeyUse, Label};
use scheme::chance::random;
use scheme::{order, signed};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// First field of the file.
const FORMAT: &str = "gridcard server signing 1";

/// What stands in the bank's folder beside the key: nothing of it is secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    what: String,
    /// The root that is believed, hexadecimal.
    root: String,
    /// The certificate of the key, once there is one.
    certificate: Option<String>,
}

/// The server's key, with what vouches for it.
pub(super) struct ServerSigning {
    /// The root that is believed.
    pub root: Certificate,
    /// The key's certificate.
    pub certificate: Option<Certificate>,
    /// The key.
    pub key: SigningKey,
}

fn place(folder: &Path) -> PathBuf {
    folder.join("signing.json")
}

/// Where the key is: 64 hexadecimal digits, for the owner alone.
pub(super) fn key_place(folder: &Path) -> PathBuf {
    folder.join("signing.key")
}

fn certificate_of(hexadecimal: &str, path: &Path) -> Result<Certificate> {
    let bytes = hex::decode(hexadecimal).ok().with_context(|| format!("{} is damaged", path.display()))?;
    Certificate::parse(&bytes).with_context(|| path.display().to_string())
}

impl ServerSigning {
    /// The bank's; `None` of one that signs nothing.
    pub fn of(folder: &Path) -> Result<Option<Self>> {
        let path = place(folder);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || {
            security(format!("{} is no signing key of a server", path.display()))
                .hint("restore it from a copy of the bank's folder, or make another one: `gridcard server signing init`")
        };
        let kept: Kept = serde_json::from_str(&home::read_text(&path)?).map_err(|_| damaged())?;
        if kept.what != FORMAT {
            return Err(damaged().into());
        }
        let root = certificate_of(&kept.root, &path)?;
        let mut bytes = Zeroizing::new([0; 32]);
        let text = Zeroizing::new(home::read_text(&key_place(folder))?);
        hex::decode_to_slice(text.trim(), &mut bytes[..]).map_err(|_| damaged())?;
        let key = SigningKey::from_bytes(Curve::of(root.suite), &bytes).map_err(|_| damaged())?;
        let certificate = kept.certificate.map(|text| certificate_of(&text, &path)).transpose()?;
        Ok(Some(ServerSigning { root, certificate, key }))
    }

    /// Keeps root and certificate.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let kept = Kept {
            what: FORMAT.to_owned(),
            root: hex::encode_upper(self.root.to_bytes()),
            certificate: self
                .certificate
                .as_ref()
                .map(|certificate| hex::encode_upper(certificate.to_bytes())),
        };
        home::write(&place(folder), format!("{}\n", serde_json::to_string_pretty(&kept)?).as_bytes())
    }

    /// The public key.
    pub fn public(&self) -> Result<PublicKey> {
        self.key.public().context("the server's signing key")
    }
}

/// From now on a PSAM's orders can be signed, where this bank has a certified key.
///
/// # Errors
/// The key cannot be read.
pub(super) fn sign_with(session: &Session, folder: &Path, psam: &mut Psam<'_>) -> Result<()> {
    let Some(signing) = ServerSigning::of(folder)? else { return Ok(()) };
    let Some(certificate) = signing.certificate.clone() else { return Ok(()) };
    let session = session.clone();
    psam.sign_with(Box::new(move |plain| {
        let extra = random(&mut *session.chance("signature of an order"));
        let signer = (certificate.number, &signing.key);
        signed::sign(plain, order::TAG, Label::Order, certificate.suite, signer, &extra)
            .map_err(|error| error.to_string())
    }));
    Ok(())
}

/// Gives a PSAM the server's certificate where it has another: by it the PSAM knows which orders are the server's.
///
/// # Errors
/// It does not answer.
pub(super) fn certify_psam(session: &Session, folder: &Path, psam: &mut Psam<'_>) -> Result<()> {
    let Some(signing) = ServerSigning::of(folder)? else { return Ok(()) };
    let Some(certificate) = signing.certificate else { return Ok(()) };
    let card: &mut Fmcos<'_> = psam.fmcos();
    let there = card.certificate(KeyUse::Server)?;
    if there.is_some_and(|there| there.to_bytes() == certificate.to_bytes()) {
        return Ok(());
    }
    // A PSAM of before signatures, or of a root that this bank does not know, seals what is not signed, as it did.
    if let Err(error) = card.store_certificate(&certificate) {
        if error.sw().is_none() {
            return Err(error.into());
        }
        session.say(format!("note: the PSAM does not take the server's certificate: {error}"));
    }
    Ok(())
}

/// The city issuers of a list's certificates must be the province's.
///
/// # Errors
/// This bank has no root, or they are signed by another.
pub(super) fn must_be_certified(folder: &Path, esams: &[server::Esam]) -> Result<()> {
    let mut known: Option<ServerSigning> = None;
    let mut checked: Vec<[u8; Certificate::LEN]> = Vec::new();
    for esam in esams {
        let Some(certified) = &esam.certified else { continue };
        if checked.contains(&certified.issuer) {
            continue;
        }
        if known.is_none() {
            known = ServerSigning::of(folder)?;
        }
        let Some(signing) = &known else {
            return Err(refused(format!(
                "meter {} takes signed orders, and this bank has no signing key",
                esam.meter
            ))
            .hint(
                "make one with `gridcard server signing init --root FILE`, and have the province certify it",
            )
            .into());
        };
        let issuer = certified.issuer().context("the list")?;
        issuer.verify(&signing.root).with_context(|| format!("the list, meter {}", esam.meter))?;
        checked.push(certified.issuer);
    }
    Ok(())
}
