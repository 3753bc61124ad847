//! Certificates of signing keys, and the bytes that every signature of ours is made over [docs/specs/signatures.md].

use crate::fault::{Fault, Kind};
use crate::moment::{Day, Validity, ValidityError};
use crate::numbers::{NumberError, PROVINCE, RegionCode};
use crate::order::Serial8;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use keys::Suite;
use keys::sign::{Curve, EXTRA_LEN, PublicKey, SIGNATURE_LEN, SignError, Signature, SigningKey};

/// What a signature is about: the first of the signed bytes, so that none of one kind can be shown for one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// An order.
    Order,
    /// A receipt.
    Receipt,
    /// A request of an online meter.
    Request,
    /// A certificate.
    Certificate,
    /// A list of certificates that ended.
    Revocation,
    /// The head of a ledger.
    Head,
}

impl Label {
    /// The words at the beginning of the signed bytes.
    pub const fn words(self) -> &'static str {
        match self {
            Label::Order => "gridcard order 1",
            Label::Receipt => "gridcard receipt 1",
            Label::Request => "gridcard request 1",
            Label::Certificate => "gridcard cert 1",
            Label::Revocation => "gridcard revocation 1",
            Label::Head => "gridcard head 1",
        }
    }
}

impl Label {
    /// Uses of the keys that sign it.
    const fn signers(self) -> &'static [KeyUse] {
        match self {
            // The server's key, or that of the PSAM that seals for it.
            Label::Order => &[KeyUse::Server, KeyUse::Psam],
            Label::Receipt | Label::Request => &[KeyUse::Esam],
            Label::Certificate => &[KeyUse::Root, KeyUse::CityIssuer],
            Label::Revocation => &[KeyUse::Root],
            Label::Head => &[KeyUse::Server],
        }
    }
}

/// Number of a certificate, unique in its province.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateNumber(pub u32);

impl fmt::Display for CertificateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08X}", self.0)
    }
}

/// What stands before the objects in the signed bytes: label, a zero, the suite, the number of the signer's certificate.
fn head(suite: Suite, signer: CertificateNumber) -> [u8; 6] {
    let [a, b, c, d] = signer.0.to_be_bytes();
    [0, suite.code(), a, b, c, d]
}

/// The bytes that a signature is over, for other software: label, a zero, suite, number, objects.
pub fn signed_bytes(label: Label, signer: &Certificate, objects: &[u8]) -> Vec<u8> {
    [label.words().as_bytes(), &head(signer.suite, signer.number), objects].concat()
}

/// Signs objects as encoded.
///
/// # Errors
/// [`SignError`], of no key that was made or read here.
pub fn sign(
    label: Label,
    suite: Suite,
    signer: CertificateNumber,
    key: &SigningKey,
    objects: &[u8],
    extra: &[u8; EXTRA_LEN],
) -> Result<Signature, SignError> {
    key.sign(&[label.words().as_bytes(), &head(suite, signer), objects], extra)
}

/// Whether a signature over objects as encoded is that of a certificate's key, and of one that signs such objects.
///
/// # Errors
/// [`CertificateError::NotFor`], [`SignError`].
pub fn verify(
    label: Label,
    certificate: &Certificate,
    objects: &[u8],
    signature: &Signature,
) -> Result<(), CertificateError> {
    let key_use = certificate.subject.key_use;
    if !label.signers().contains(&key_use) {
        return Err(CertificateError::NotFor { number: certificate.number, key_use, label });
    }
    let head = head(certificate.suite, certificate.number);
    Ok(certificate.key.verify(&[label.words().as_bytes(), &head, objects], signature)?)
}

/// What a certified key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyUse {
    /// The province's signing root.
    Root = 0,
    /// A city's issuer, in its ESAM issuing card.
    CityIssuer = 1,
    /// The payment server.
    Server = 2,
    /// An ESAM.
    Esam = 3,
    /// A PSAM.
    Psam = 4,
}

impl KeyUse {
    const ALL: [KeyUse; 5] = [KeyUse::Root, KeyUse::CityIssuer, KeyUse::Server, KeyUse::Esam, KeyUse::Psam];

    /// The byte of a certificate.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The use of a byte.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|key_use| key_use.code() == code)
    }

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            KeyUse::Root => "signing root",
            KeyUse::CityIssuer => "city issuer",
            KeyUse::Server => "payment server",
            KeyUse::Esam => "ESAM",
            KeyUse::Psam => "PSAM",
        }
    }

    /// Whose certificate signs one of this use.
    pub const fn issuer(self) -> KeyUse {
        match self {
            KeyUse::Root | KeyUse::CityIssuer | KeyUse::Server => KeyUse::Root,
            KeyUse::Esam | KeyUse::Psam => KeyUse::CityIssuer,
        }
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose key is certified, and from when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What it is for.
    pub key_use: KeyUse,
    /// The city; zeros for the province.
    pub region: RegionCode,
    /// Number of the card or meter, 6 bytes packed BCD; zeros where there is none.
    pub device: [u8; 6],
    /// Serial of the chip; zeros where there is none.
    pub serial: Serial8,
    /// The province's epoch when it was certified, which only rises.
    pub epoch: u16,
    /// First and last day.
    pub validity: Validity,
}

/// A certificate, 168 bytes.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The suite of its province.
    pub suite: Suite,
    /// Whose it is.
    pub subject: Subject,
    /// Its own number.
    pub number: CertificateNumber,
    /// Number of the certificate that signed it; its own, of the root.
    pub issuer: CertificateNumber,
    /// The key.
    pub key: PublicKey,
    /// The issuer's signature.
    pub signature: Signature,
}

/// Why bytes are no certificate, or one is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Another length.
    #[error("a certificate has {len} bytes, this has {0}", len = Certificate::LEN)]
    Length(usize),
    /// Another version.
    #[error("a certificate of version {0:02X}; this program knows version 01")]
    Version(u8),
    /// An unknown suite.
    #[error("the certificate names an unknown suite {0:02X}")]
    Suite(u8),
    /// An unknown use.
    #[error("the certificate names an unknown use {0:02X}")]
    Use(u8),
    /// A reserved byte that is not zero.
    #[error("a reserved byte of the certificate is {0:02X}, not 00")]
    Reserved(u8),
    /// A number or a day that is none.
    #[error("the certificate's {what}: {error}")]
    Number {
        /// Which.
        what: &'static str,
        /// Why.
        error: NumberError,
    },
    /// It ends before it begins.
    #[error("{0}")]
    Validity(#[from] ValidityError),
    /// Key or signature.
    #[error("{0}")]
    Sign(#[from] SignError),
    /// Its key signs other things.
    #[error("certificate {number} is of a {key_use}, which does not sign what begins with \"{words}\"", words = label.words())]
    NotFor {
        /// Whose.
        number: CertificateNumber,
        /// What its key is for.
        key_use: KeyUse,
        /// What was signed.
        label: Label,
    },
    /// Its signature is not its issuer's.
    #[error("certificate {number} of a {key_use} is not signed by certificate {issuer}")]
    NotSigned {
        /// Its number.
        number: CertificateNumber,
        /// Its use.
        key_use: KeyUse,
        /// The issuer it was tried with.
        issuer: CertificateNumber,
    },
    /// The issuer may not certify such a key.
    #[error("certificate {number} of a {key_use} cannot be signed by that of a {issuer}{why}")]
    NotAllowed {
        /// Its number.
        number: CertificateNumber,
        /// Its use.
        key_use: KeyUse,
        /// The use of the issuer's.
        issuer: KeyUse,
        /// What beside the use stands against it.
        why: &'static str,
    },
}

impl Fault for CertificateError {
    fn kind(&self) -> Kind {
        match self {
            CertificateError::NotSigned { .. }
            | CertificateError::NotAllowed { .. }
            | CertificateError::NotFor { .. } => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn code(&self) -> &str {
        match self {
            CertificateError::Length(_) => "certificate-length",
            CertificateError::Version(_) => "certificate-version",
            CertificateError::Suite(_) => "certificate-suite",
            CertificateError::Use(_) => "certificate-use",
            CertificateError::Reserved(_) => "certificate-reserved",
            CertificateError::Number { .. } => "certificate-number",
            CertificateError::Validity(error) => error.code(),
            CertificateError::Sign(error) => error.code(),
            CertificateError::NotSigned { .. } => "certificate-not-signed",
            CertificateError::NotAllowed { .. } => "certificate-not-allowed",
            CertificateError::NotFor { .. } => "certificate-not-for",
        }
    }
}

impl Fault for SignError {
    fn kind(&self) -> Kind {
        match self {
            SignError::Wrong => Kind::Security,
            _ => Kind::Refused,
        }
    }

    fn code(&self) -> &str {
        match self {
            SignError::NoPoint(_) => "sign-no-point",
            SignError::NoSpki => "sign-no-spki",
            SignError::NoScalar(_) => "sign-no-scalar",
            SignError::NoSignature(..) => "sign-no-signature",
            SignError::Wrong => "sign-wrong",
        }
    }
}

const VERSION: u8 = 1;
/// Length of what is signed: all but the signature.
const BODY: usize = Certificate::LEN - SIGNATURE_LEN;

impl Certificate {
    /// Length in bytes.
    pub const LEN: usize = 168;

    /// Certifies a key. `issuer`: number of the certificate whose key `by` is; the root certifies itself with its own number.
    ///
    /// # Errors
    /// [`SignError`], of no key that was made or read here.
    pub fn issue(
        suite: Suite,
        subject: Subject,
        number: CertificateNumber,
        key: PublicKey,
        issuer: CertificateNumber,
        by: &SigningKey,
        extra: &[u8; EXTRA_LEN],
    ) -> Result<Self, SignError> {
        let unsigned = Signature::from_bytes([0; SIGNATURE_LEN]);
        let made = Certificate { suite, subject, number, issuer, key, signature: unsigned };
        let signature = sign(Label::Certificate, suite, issuer, by, &made.body(), extra)?;
        Ok(Certificate { signature, ..made })
    }

    fn body(&self) -> [u8; BODY] {
        let Subject { key_use, region, device, serial, epoch, validity } = &self.subject;
        let mut out = [0; BODY];
        out[..3].copy_from_slice(&[VERSION, self.suite.code(), *key_use as u8]);
        out[3..7].copy_from_slice(&region.0);
        out[7..13].copy_from_slice(device);
        out[13..21].copy_from_slice(&serial.0);
        out[21..23].copy_from_slice(&epoch.to_be_bytes());
        out[23..27].copy_from_slice(&validity.from().bytes());
        out[27..31].copy_from_slice(&validity.to().bytes());
        out[31..35].copy_from_slice(&self.number.0.to_be_bytes());
        out[35..39].copy_from_slice(&self.issuer.0.to_be_bytes());
        out[40..].copy_from_slice(self.key.bytes());
        out
    }

    /// `version1 | suite1 | use1 | region4 | device6 | serial8 | epoch2 | from4 | to4 | number4 | issuer4 | 00 | key64 | signature64`;
    /// numbers most significant byte first, region, device and days packed BCD.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..BODY].copy_from_slice(&self.body());
        out[BODY..].copy_from_slice(self.signature.bytes());
        out
    }

    /// Reads a certificate; whether it is to be trusted says [`Certificate::verify`].
    ///
    /// # Errors
    /// [`CertificateError`], of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| CertificateError::Length(bytes.len()))?;
        if bytes[0] != VERSION {
            return Err(CertificateError::Version(bytes[0]));
        }
        if bytes[39] != 0 {
            return Err(CertificateError::Reserved(bytes[39]));
        }
        let suite = Suite::from_code(bytes[1]).ok_or(CertificateError::Suite(bytes[1]))?;
        let key_use = KeyUse::from_code(bytes[2]).ok_or(CertificateError::Use(bytes[2]))?;
        let region = RegionCode::new(part(bytes, 3));
        let region = region.map_err(|error| CertificateError::Number { what: "region code", error })?;
        let validity = Validity::new(day(bytes, 23, "first day")?, day(bytes, 27, "last day")?)?;
        Ok(Certificate {
            suite,
            subject: Subject {
                key_use,
                region,
                device: part(bytes, 7),
                serial: Serial8(part(bytes, 13)),
                epoch: u16::from_be_bytes(part(bytes, 21)),
                validity,
            },
            number: CertificateNumber(u32::from_be_bytes(part(bytes, 31))),
            issuer: CertificateNumber(u32::from_be_bytes(part(bytes, 35))),
            key: PublicKey::from_bytes(Curve::of(suite), &part(bytes, 40))?,
            signature: Signature::from_bytes(part(bytes, BODY)),
        })
    }

    /// Whether the key of `issuer`, which is trusted already, certified this one. Days are for the caller: a meter's clock refuses
    /// nothing that is genuine.
    ///
    /// # Errors
    /// [`CertificateError::NotAllowed`], [`CertificateError::NotSigned`].
    pub fn verify(&self, issuer: &Certificate) -> Result<(), CertificateError> {
        let not_allowed = |why| {
            Err(CertificateError::NotAllowed {
                number: self.number,
                key_use: self.subject.key_use,
                issuer: issuer.subject.key_use,
                why,
            })
        };
        if issuer.subject.key_use != self.subject.key_use.issuer() {
            return not_allowed("");
        }
        if issuer.suite != self.suite {
            return not_allowed(" of another suite");
        }
        if issuer.subject.key_use == KeyUse::CityIssuer && issuer.subject.region != self.subject.region {
            return not_allowed(" of another city");
        }
        if self.subject.key_use == KeyUse::Root
            && (self.number != self.issuer || self.subject.region != PROVINCE)
        {
            return not_allowed(": a root names itself as issuer, and no city");
        }
        if self.issuer != issuer.number
            || verify(Label::Certificate, issuer, &self.body(), &self.signature).is_err()
        {
            return Err(CertificateError::NotSigned {
                number: self.number,
                key_use: self.subject.key_use,
                issuer: issuer.number,
            });
        }
        Ok(())
    }

    /// In one line: what it is for, whose, and until when.
    pub fn about(&self) -> String {
        let Subject { key_use, region, serial, epoch, validity, .. } = &self.subject;
        alloc::format!(
            "certificate {} of a {key_use}, region {region}, serial {serial}, epoch {epoch}, {} to {}",
            self.number,
            validity.from(),
            validity.to()
        )
    }
}

fn part<const N: usize>(bytes: &[u8; Certificate::LEN], at: usize) -> [u8; N] {
    core::array::from_fn(|i| bytes[at + i])
}

fn day(bytes: &[u8; Certificate::LEN], at: usize, what: &'static str) -> Result<Day, CertificateError> {
    Day::new(part(bytes, at)).map_err(|error| CertificateError::Number { what, error })
}
