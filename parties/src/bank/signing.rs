//! The payment server's signing key: orders that anybody can check [docs/specs/signatures.md 6].
//!
//! The key is the server's own and never leaves its folder; what the province certifies is the public one. The root that a bank believes
//! is brought to it once, by hand, and its fingerprint compared: everything else follows from it.

use super::desk::Desk;
use super::pins::{PinChoice, Pins};
use super::registration;
use super::selling::{terms, two_people};
use super::server_signing::{ServerSigning, key_place};
use crate::certificates::{CertificateReport, read_certificate};
use crate::home;
use crate::log;
use crate::session::{Session, out};
use crate::trouble::{Context, Result, Trouble, refused};
use ::keys::Zeroizing;
use ::keys::sign::{Curve, SigningKey};
use scheme::certificate::KeyUse;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::SimBinding;
use scheme::record_file::{Message, SimNote};
use serde::Serialize;
use server::command_record;
use std::path::{Path, PathBuf};

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
    public_file: &Path,
) -> Result<Option<ServerSigningReport>> {
    let folder = desk.folder(session)?;
    crate::places::must_be_free(public_file)?;
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
    home::write(public_file, format!("{}\n", hex::encode_upper(public.bytes())).as_bytes())?;
    log::fact(session, "public_key", hex::encode(&public.bytes()[..8]));
    report(&signing, vec![public_file.display().to_string()]).map(Some)
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

/// A meter that is to learn the server's certificate.
#[derive(Debug, Clone)]
pub struct SendRequest {
    /// Whose meter.
    pub customer: CustomerNumber,
    /// Which of his; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// Record file for his SIM. Default: CUSTOMER-METER-certificate.sms in the bank's out.
    pub out: Option<PathBuf>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
}

/// A certificate on its way.
#[derive(Debug, Clone, Serialize)]
pub struct SendReport {
    /// The meter.
    pub meter: MeterNumber,
    /// The server's certificate.
    pub certificate: CertificateReport,
    /// The file with its records.
    pub record: String,
}

/// Writes the two messages that bring a meter the server's certificate, for its customer's SIM. The meter takes it by the root's signature;
/// whoever loses the messages loses nothing.
///
/// # Errors
/// This bank has no certified key; the meter's chip is not in the city's list; no PSAM has its keys, or the PSAM does not take the certificate.
pub fn send(session: &Session, desk: &mut Desk, request: &SendRequest) -> Result<SendReport> {
    let folder = desk.folder(session)?;
    let certificate = ServerSigning::of(&folder)?.ok_or_else(none)?.certificate;
    let certificate = certificate.ok_or_else(|| {
        refused("the server's key is not certified")
            .hint("`gridcard kdc signing certify-server` certifies it, `gridcard server signing take` takes the certificate")
    })?;
    let registration = registration(desk.books(), request.customer, request.meter)?;
    let (meter, at, terms) = (registration.meter, session.now()?, terms(desk.books())?);
    let keys = desk.books().keys_of(meter)?;
    let pool = desk.pool(session)?;
    let (_, seats) = desk.parts();
    let member = pool.sealing(request.pin.psam, keys, meter, &[], &|psam| seats.fit(psam))?;
    let mut pins = Pins::new(session, &request.pin);
    let user_data = seats.with(session, member, &mut pins, |_, psam| Ok(psam.seal_certificate(meter)?))?;
    let [.., reference] = certificate.number.0.to_be_bytes();
    let record = command_record(&user_data, reference, at, &terms)?;
    let (iccid, imsi) = (registration.sim.iccid.to_string(), registration.sim.imsi);
    let binding = Some(SimBinding::of(&imsi.file()));
    let message =
        Message { record, sim: SimNote { iccid: Some(iccid), binding, imsi: Some(imsi), copy: None } };
    let name = format!("{}-{meter}-certificate.sms", request.customer);
    let path = match &request.out {
        Some(path) => path.clone(),
        None => out(&folder)?.join(name),
    };
    session.carrier.send(&path, &message)?;
    log::fact(session, "meter", meter);
    log::fact(session, "certificate", certificate.number);
    let certificate = CertificateReport::of(&certificate);
    Ok(SendReport { meter, certificate, record: path.display().to_string() })
}

fn none() -> Trouble {
    refused("this bank has no signing key")
        .hint("`gridcard server signing init --root FILE --out FILE` makes one")
        .into()
}
