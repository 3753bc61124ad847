//! The payment server's signing key: orders that anybody can check [docs/specs/signatures.md 6].
//!
//! The key is the server's own and never leaves its folder; what the province certifies is the public one. The root that a bank believes
//! is brought to it once, by hand, and its fingerprint compared: everything else follows from it.

use super::desk::Desk;
use super::selling::two_people;
use super::server_signing::{ServerSigning, key_place};
use crate::certificates::{CertificateReport, read_certificate};
use crate::home;
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble, refused};
use ::keys::Zeroizing;
use ::keys::sign::{Curve, SigningKey};
use scheme::certificate::KeyUse;
use serde::Serialize;
use std::path::Path;

/// The server's key as everybody may know it.
#[derive(Debug, Clone, Serialize)]
pub struct ServerSigningReport {
    /// What signs.
    pub curve: &'static str,
    /// The public key, `x || y` in hexadecimal digits: what the province certifies.
    pub public_key: String,
    /// The same as other software reads it.
    pub pem: String,
    /// The root that is believed.
    pub root: CertificateReport,
    /// The key's certificate, once there is one.
    pub certificate: Option<CertificateReport>,
    /// Files that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

fn report(signing: &ServerSigning, files: Vec<String>) -> Result<ServerSigningReport> {
    let public = signing.public()?;
    Ok(ServerSigningReport {
        curve: signing.key.curve().name(),
        public_key: hex::encode_upper(public.bytes()),
        pem: public.to_pem(),
        root: CertificateReport::of(&signing.root),
        certificate: signing.certificate.as_ref().map(CertificateReport::of),
        files,
    })
}

/// Draws the server's signing key and writes the public one for the province. `root` is the file of the province's root certificate: compare
/// its fingerprint with what the province says. A key that is there is replaced, by two people; orders signed before stay good.
///
/// # Errors
/// It is no root; the file for the province is there.
pub fn init(
    session: &Session,
    desk: &mut Desk,
    root: &Path,
    out: &Path,
) -> Result<Option<ServerSigningReport>> {
    let folder = desk.folder(session)?;
    crate::places::must_be_free(out)?;
    let root = read_certificate(root)?;
    root.verify(&root).context("the root")?;
    let Some(two) = two_people(session, &folder, desk.books(), "making the server's signing key")? else {
        return Ok(None);
    };
    log::second(session, two.second());
    let mut chance = session.chance("signing key of the server");
    let key = SigningKey::generate(Curve::of(root.suite), &mut |bytes| chance.fill(bytes));
    let signing = ServerSigning { root, certificate: None, key };
    // First what says that nothing vouches for the key: broken off here, the one before signs nothing.
    signing.keep(&folder)?;
    let text = Zeroizing::new(format!("{}\n", hex::encode(signing.key.expose())));
    home::write(&key_place(&folder), text.as_bytes())?;
    let public = signing.public()?;
    home::write(out, format!("{}\n", hex::encode_upper(public.bytes())).as_bytes())?;
    log::fact(session, "public_key", hex::encode(&public.bytes()[..8]));
    report(&signing, vec![out.display().to_string()]).map(Some)
}

/// Takes the certificate that the province gave for the key.
///
/// # Errors
/// It is another key's, or not signed by the root that is believed.
pub fn take(session: &Session, desk: &Desk, file: &Path) -> Result<ServerSigningReport> {
    let folder = desk.folder(session)?;
    let mut signing = ServerSigning::of(&folder)?.ok_or_else(none)?;
    let certificate = read_certificate(file)?;
    certificate.verify(&signing.root).with_context(|| file.display().to_string())?;
    if certificate.subject.key_use != KeyUse::Server || certificate.key != signing.public()? {
        return Err(refused(format!("{} certifies another key than this server's", file.display()))
            .hint("`gridcard server signing show` tells the key; `gridcard kdc signing certify-server` certifies it")
            .into());
    }
    log::fact(session, "certificate", certificate.number);
    signing.certificate = Some(certificate);
    signing.keep(&folder)?;
    report(&signing, Vec::new())
}

/// Shows the server's key and its certificate.
///
/// # Errors
/// There is none.
pub fn show(session: &Session, desk: &Desk) -> Result<ServerSigningReport> {
    let folder = desk.folder(session)?;
    report(&ServerSigning::of(&folder)?.ok_or_else(none)?, Vec::new())
}

fn none() -> Trouble {
    refused("this bank has no signing key")
        .hint("`gridcard server signing init --root FILE --out FILE` makes one")
        .into()
}
