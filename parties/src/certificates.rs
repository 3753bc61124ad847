//! Certificates as parties show them to people, and as they cross in files.

use crate::home;
use crate::trouble::{Context, Result};
use office::audit::Hash;
use scheme::certificate::{Certificate, Subject};
use scheme::numbers::RegionCode;
use serde::Serialize;
use std::path::Path;
use wire::typed;

/// First 8 bytes of SHA-256 over a certificate, for people who compare it.
pub fn fingerprint(certificate: &Certificate) -> String {
    Hash::of(&certificate.to_bytes()).to_string()[..16].to_uppercase()
}

/// A certificate as reports have it.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateReport {
    /// Its number.
    pub number: String,
    /// What its key is for.
    #[serde(rename = "use")]
    pub key_use: &'static str,
    /// City, or the province.
    pub region: RegionCode,
    /// Number of the card, zeros where there is none.
    pub device: String,
    /// Serial of the chip, zeros where there is none.
    pub serial: String,
    /// Epoch.
    pub epoch: u16,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// First 8 bytes of SHA-256 over it.
    pub fingerprint: String,
    /// The 168 bytes in hexadecimal digits.
    pub certificate: String,
}

impl CertificateReport {
    /// Of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let Subject { key_use, region, device, serial, epoch, validity } = &certificate.subject;
        CertificateReport {
            number: certificate.number.to_string(),
            key_use: key_use.name(),
            region: *region,
            device: hex::encode(device),
            serial: serial.to_string(),
            epoch: *epoch,
            from: validity.from().to_string(),
            to: validity.to().to_string(),
            fingerprint: fingerprint(certificate),
            certificate: hex::encode_upper(certificate.to_bytes()),
        }
    }
}

/// Reads a certificate out of a file of hexadecimal digits, as it is given out here. Nothing but its form is checked.
///
/// # Errors
/// It is none.
pub fn read_certificate(path: &Path) -> Result<Certificate> {
    let bytes = typed::bytes(home::read_text(path)?.trim()).ok();
    let bytes = bytes.with_context(|| format!("{} is no line of hexadecimal digits", path.display()))?;
    Certificate::parse(&bytes).with_context(|| path.display().to_string())
}
