//! Orders, receipts and requests that anybody can check: two objects more, the certificate's number and the signature
//! [docs/specs/signatures.md 2].

use crate::certificate::{self, Certificate, CertificateError, CertificateNumber, Label};
use crate::order::FieldError;
use alloc::vec::Vec;
use keys::Suite;
use keys::sign::{EXTRA_LEN, SIGNATURE_LEN, SignError, Signature, SigningKey};
use wire::tlv;

/// Tag of the number of the signer's certificate, 4 bytes.
const CERTIFICATE: u8 = 0x9D;
/// Tag of the signature, r and s, 64 bytes.
const SIGNATURE: u8 = 0x9E;
/// Bytes of the signature's object.
const SIGNATURE_OBJECT: usize = 2 + SIGNATURE_LEN;
/// Bytes of both objects.
const LEN: usize = 2 + 4 + SIGNATURE_OBJECT;

/// Who signed, and the signature.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Number of the signer's certificate.
    pub certificate: CertificateNumber,
    /// The signature.
    pub signature: Signature,
}

/// A constructed object taken apart: what it says, and who signed it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The object as it would be without a signature: what it says, and what names it (8F, the chain of a PSAM). The same order signed
    /// anew is the same order.
    pub plain: Vec<u8>,
    /// Its objects up to and with 9D: what was signed.
    pub objects: Vec<u8>,
    /// Who signed; `None` when nobody did.
    pub proof: Option<Proof>,
}

impl Signed {
    /// Takes an encoded object of this tag apart.
    ///
    /// # Errors
    /// It is not well formed. One of both objects without the other stays where it is, for whoever reads the rest strictly.
    pub fn parse(bytes: &[u8], tag: u8) -> Result<Self, FieldError> {
        let content = tlv::only(bytes, tag)?;
        let objects = tlv::objects(&content)?;
        if let [.., number, signature] = objects.as_slice()
            && (number.tag, signature.tag) == (CERTIFICATE, SIGNATURE)
            && let (Ok(number), Ok(signature)) =
                (number.value.as_slice().try_into(), signature.value.as_slice().try_into())
        {
            let certificate = CertificateNumber(u32::from_be_bytes(number));
            let mut plain = Vec::with_capacity(bytes.len());
            // Their lengths are written in one byte each, as the reader demands.
            tlv::push(&mut plain, tag, &content[..content.len() - LEN]);
            return Ok(Signed {
                plain,
                objects: content[..content.len() - SIGNATURE_OBJECT].to_vec(),
                proof: Some(Proof { certificate, signature: Signature::from_bytes(signature) }),
            });
        }
        Ok(Signed { plain: bytes.to_vec(), objects: content, proof: None })
    }

    /// Whether the key of a certificate signed it.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn verify(&self, label: Label, certificate: &Certificate) -> Result<(), SignedError> {
        let proof = self.proof.as_ref().ok_or(SignedError::Unsigned)?;
        if proof.certificate != certificate.number {
            return Err(SignedError::Other { named: proof.certificate, given: certificate.number });
        }
        Ok(certificate::verify(label, certificate, &self.objects, &proof.signature)?)
    }
}

/// Signs an encoded object of this tag, which has no signature yet.
///
/// # Errors
/// It is no such object; the key cannot sign.
pub fn sign(
    plain: &[u8],
    tag: u8,
    label: Label,
    suite: Suite,
    (number, key): (CertificateNumber, &SigningKey),
    extra: &[u8; EXTRA_LEN],
) -> Result<Vec<u8>, SignedError> {
    let mut content = tlv::only(plain, tag).map_err(FieldError::from)?;
    tlv::push(&mut content, CERTIFICATE, &number.0.to_be_bytes());
    let signature = certificate::sign(label, suite, number, key, &content, extra)?;
    tlv::push(&mut content, SIGNATURE, signature.bytes());
    let mut out = Vec::with_capacity(content.len() + 3);
    tlv::push(&mut out, tag, &content);
    Ok(out)
}

/// Why nobody is known to have signed something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not well formed.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// It has no signature.
    #[error("it is not signed")]
    Unsigned,
    /// It names another certificate.
    #[error("it names certificate {named}, and was looked at with {given}")]
    Other {
        /// The one it names.
        named: CertificateNumber,
        /// The one it was looked at with.
        given: CertificateNumber,
    },
    /// The certificate is for something else, or the signature is wrong.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl crate::Fault for SignedError {
    fn kind(&self) -> crate::Kind {
        match self {
            SignedError::Field(error) => error.kind(),
            SignedError::Unsigned | SignedError::Other { .. } => crate::Kind::Refused,
            SignedError::Certificate(error) => error.kind(),
            SignedError::Sign(error) => error.kind(),
        }
    }

    fn code(&self) -> &str {
        match self {
            SignedError::Field(error) => error.code(),
            SignedError::Unsigned => "signed-not",
            SignedError::Other { .. } => "signed-other-certificate",
            SignedError::Certificate(error) => error.code(),
            SignedError::Sign(error) => error.code(),
        }
    }
}
