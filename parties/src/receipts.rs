//! Receipts that anybody can check: taken out of a bank's books, and looked at by whoever has the province's root certificate
//! [docs/specs/signatures.md 7].

use crate::bank::Desk;
use crate::certificates::{CertificateReport, read_certificate};
use crate::home;
use crate::places::must_be_free;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused, security};
use ::keys::sign::Curve;
use kdc::revocation::List;
use scheme::certificate::{Certificate, KeyUse, Label};
use scheme::names;
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::order::{FieldError, OrderDigest, OrderId, Serial8};
use scheme::profile::CardKind;
use scheme::receipt::{self, Receipt};
use scheme::signed::Signed;
use scheme::{Moment, money::Fen};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use wire::typed;

/// First field of an exported receipt.
const FORMAT: &str = "gridcard signed receipt 1";

/// A receipt with all that its check needs but the root, which whoever checks has from elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    what: String,
    /// The receipt (`E2 ..`), hexadecimal.
    receipt: String,
    /// Certificate of the city issuer, hexadecimal.
    issuer: String,
    /// Certificate of the ESAM, hexadecimal.
    certificate: String,
}

/// A receipt to be taken out of the books.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The order it settled.
    pub order: OrderId,
    /// File for it. Beside it go the signed bytes (`.bin`), the signature (`.der`) and the public key (`.pem`) for other software.
    pub out: PathBuf,
}

/// A receipt that was taken out.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// The order.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// The meter.
    pub meter: MeterNumber,
    /// Number of the certificate that it is signed with.
    pub certificate: String,
    /// The files, the receipt first.
    pub files: Vec<String>,
    /// How OpenSSL checks it.
    pub openssl: String,
}

/// Writes a settled order's receipt with the certificates it is checked by. Nothing of it is secret.
///
/// # Errors
/// The order is not settled; its receipt is not signed; the city's list named no certificate; a file is there.
pub fn export(session: &Session, desk: &Desk, request: &ExportRequest) -> Result<ExportReport> {
    crate::bank::folder(session)?;
    let order = request.order;
    let bytes = desk.books().receipt_of(order)?.ok_or_else(|| {
        refused(format!("order {order} is not settled, or no order of this bank"))
            .hint("`gridcard server orders` tells which are settled")
    })?;
    let receipt = read(&bytes, "the receipt in the books", Receipt::parse)?;
    let signed = read(&bytes, "the receipt in the books", taken_apart)?;
    let proof = signed.proof.as_ref().ok_or_else(|| {
        refused(format!("the receipt of order {order} is not signed"))
            .hint("a meter signs once its ESAM takes signed orders: `gridcard esam mode`")
    })?;
    let certified = desk.books().esam(receipt.serial)?.and_then(|esam| esam.certified);
    let certified = certified.ok_or_else(|| {
        refused(format!("the city's list names no certificate of ESAM {}", receipt.serial))
            .hint("take the city's newest list: `gridcard server meters FILE`")
    })?;
    let own = certified.own().context("the certificate in the books")?;
    let exported = Exported {
        what: FORMAT.to_owned(),
        receipt: hex::encode_upper(&bytes),
        issuer: hex::encode_upper(certified.issuer),
        certificate: hex::encode_upper(certified.own),
    };
    let beside = |extension: &str| request.out.with_extension(extension);
    let (signed_bytes, signature, key) = (beside("bin"), beside("der"), beside("pem"));
    let files = [&request.out, &signed_bytes, &signature, &key];
    files.iter().try_for_each(|file| must_be_free(file))?;
    home::write(&request.out, format!("{}\n", serde_json::to_string_pretty(&exported)?).as_bytes())?;
    home::write(&signed_bytes, &scheme::certificate::signed_bytes(Label::Receipt, &own, &signed.objects))?;
    home::write(&signature, &proof.signature.to_der())?;
    home::write(&key, own.key.to_pem().as_bytes())?;
    Ok(ExportReport {
        order,
        meter: receipt.meter,
        certificate: own.number.to_string(),
        files: files.iter().map(|file| file.display().to_string()).collect(),
        openssl: openssl(Curve::of(own.suite), &key, &signature, &signed_bytes),
    })
}

/// The command by which OpenSSL 3 checks a signature [docs/specs/signatures.md 4].
fn openssl(curve: Curve, key: &Path, signature: &Path, signed: &Path) -> String {
    let how = match curve {
        Curve::Sm2 => format!("-digest sm3 -pkeyopt distid:{}", ::keys::sign::SM2_ID),
        Curve::P256 => "-digest sha256".to_owned(),
    };
    format!(
        "openssl pkeyutl -verify -pubin -inkey {} -rawin {how} -sigfile {} -in {}",
        key.display(),
        signature.display(),
        signed.display()
    )
}

/// A receipt that was checked, and what it says.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    /// `verified`.
    pub result: &'static str,
    /// The meter.
    pub meter: MeterNumber,
    /// Its chip.
    #[serde(with = "names::text")]
    pub serial: Serial8,
    /// The order.
    #[serde(with = "names::text")]
    pub order: OrderId,
    /// Digest of the order.
    #[serde(with = "names::text")]
    pub digest: OrderDigest,
    /// The purchase count.
    pub count: u32,
    /// What was credited.
    #[serde(with = "names::fen")]
    pub credited_fen: Fen,
    /// The balance after.
    #[serde(with = "names::fen")]
    pub balance_fen: Fen,
    /// The meter's time.
    #[serde(with = "names::text")]
    pub time: Moment,
    /// The root that it was checked by.
    pub root: CertificateReport,
    /// The certificate it is signed with.
    pub certificate: CertificateReport,
}

/// What the meter said, out of an exported receipt. Nothing is checked.
///
/// # Errors
/// It is none.
pub fn bytes_of(text: &str) -> Result<Vec<u8>> {
    let exported = exported(text, "this")?;
    hexadecimal(&exported.receipt, "the receipt")
}

fn exported(text: &str, shown: impl std::fmt::Display) -> Result<Exported> {
    let exported: Exported = serde_json::from_str(text)
        .map_err(|error| no_export(format!("{shown} is no exported receipt: {error}")))?;
    if exported.what != FORMAT {
        let words = format!("{shown} is no exported receipt: it says it is {:?}", exported.what);
        return Err(no_export(words).into());
    }
    Ok(exported)
}

/// Checks an exported receipt: from the root to the city's issuer, from it to the chip, from the chip's key to every word of the receipt;
/// and whether all three certificates held when the meter made it. `revoked`: a city's list of revoked cards, believed as it is: whoever
/// checks has it from the city. Needs no home, no card and no bank.
///
/// # Errors
/// Whatever of it is not as it should be, by name.
pub fn verify(file: &Path, root: &Path, revoked: Option<&Path>) -> Result<VerifyReport> {
    let shown = file.display();
    let root = read_certificate(root)?;
    root.verify(&root).context("the root")?;
    let exported = exported(&home::read_text(file)?, &shown)?;
    let issuer =
        certificate(&exported.issuer).with_context(|| format!("{shown}, the issuer's certificate"))?;
    let own =
        certificate(&exported.certificate).with_context(|| format!("{shown}, the ESAM's certificate"))?;
    let bytes = hexadecimal(&exported.receipt, &format!("{shown}, the receipt"))?;
    issuer.verify(&root).with_context(|| shown.to_string())?;
    own.verify(&issuer).with_context(|| shown.to_string())?;
    let signed = read(&bytes, &format!("{shown}, the receipt"), taken_apart)?;
    signed.verify(Label::Receipt, &own).with_context(|| format!("{shown}, the receipt"))?;
    let receipt = read(&bytes, &format!("{shown}, the receipt"), Receipt::parse)?;
    let subject = &own.subject;
    if (subject.key_use, subject.device, subject.serial) != (KeyUse::Esam, receipt.meter.0, receipt.serial) {
        return Err(security(format!(
            "{shown}: the receipt is of another meter than the key that signed it"
        ))
        .into());
    }
    for (whose, certificate) in [("root", &root), ("issuer", &issuer), ("ESAM", &own)] {
        must_have_held(&shown.to_string(), whose, certificate, receipt.time)?;
    }
    if let Some(list) = revoked {
        must_not_be_revoked(list, &own, &receipt)?;
    }
    Ok(VerifyReport {
        result: "verified",
        meter: receipt.meter,
        serial: receipt.serial,
        order: receipt.order,
        digest: receipt.digest,
        count: receipt.count,
        credited_fen: receipt.amount,
        balance_fen: receipt.balance,
        time: receipt.time,
        root: CertificateReport::of(&root),
        certificate: CertificateReport::of(&own),
    })
}

/// Whether a certificate held on the day of a receipt, by the meter's time.
fn must_have_held(shown: &str, whose: &str, certificate: &Certificate, at: Moment) -> Result<()> {
    let (day, validity) = (at.day(), certificate.subject.validity);
    if (validity.from()..=validity.to()).contains(&day) {
        return Ok(());
    }
    let words = format!(
        "{shown}: the receipt says {at}, and the {whose}'s certificate {} holds from {} to {}",
        certificate.number,
        validity.from(),
        validity.to()
    );
    Err(security(words)
        .hint("the signature is the chip's; the meter's clock was wrong, or the receipt was made before or after its time")
        .code("receipt-out-of-validity")
        .into())
}

/// Whether the chip was not revoked on the day of its receipt. The list must be that of the chip's city.
fn must_not_be_revoked(path: &Path, own: &Certificate, receipt: &Receipt) -> Result<()> {
    let list = List::parse(&home::read_text(path)?).with_context(|| path.display().to_string())?;
    let subject = &own.subject;
    if list.issuer != subject.region {
        let words = format!(
            "{} is the list of {}, and the chip is of {}",
            path.display(),
            list.issuer,
            subject.region
        );
        return Err(security(words).code("revocation-other-issuer").into());
    }
    let found = list.find(CardKind::Esam, DeviceNumber(subject.device));
    let found = found.filter(|found| found.serial.0 == subject.serial.0);
    match found.filter(|found| found.date <= receipt.time.day()) {
        None => Ok(()),
        Some(found) => Err(security(format!(
            "ESAM {} was revoked on {} ({}), and the receipt says {}",
            subject.serial, found.date, found.reason, receipt.time
        ))
        .code("receipt-of-revoked-chip")
        .into()),
    }
}

fn no_export(words: String) -> Failure {
    refused(words).hint("`gridcard receipt export` writes one at the bank").code("no-exported-receipt")
}

fn taken_apart(bytes: &[u8]) -> Result<Signed, FieldError> {
    Signed::parse(bytes, receipt::TAG)
}

/// Reads a receipt in one way or another; `what` names it.
fn read<T>(bytes: &[u8], what: &str, parse: fn(&[u8]) -> Result<T, FieldError>) -> Result<T> {
    parse(bytes)
        .map_err(|error| refused(format!("{what}: {error}")).code("exported-receipt-malformed").into())
}

fn hexadecimal(text: &str, what: &str) -> Result<Vec<u8>> {
    typed::bytes(text).map_err(|error| no_export(format!("{what}: {error}")).into())
}

fn certificate(text: &str) -> Result<Certificate> {
    Ok(Certificate::parse(&hexadecimal(text, "it")?)?)
}
