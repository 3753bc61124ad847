//! Signatures that anybody can check: SM2 with SM3 in the `sm4` suite, ECDSA on P-256 with SHA-256 in the others
//! [GB/T 32918; FIPS 186-5; docs/specs/signatures.md].
//!
//! A signature is `r || s`, 64 bytes, most significant byte first, and a public key `x || y`, 64 bytes. Nonces follow RFC 6979 with
//! 32 random bytes as additional input, so neither a poor source of chance nor a fault that repeats a calculation gives a key
//! away.

use crate::suite::Suite;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use p256::ecdsa as p256_ecdsa;
use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::ecdsa::signature::rand_core::{TryCryptoRng, TryRng};
use p256::ecdsa::signature::{MultipartVerifier, RandomizedMultipartSigner};
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use sm2::dsa as sm2_dsa;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Bytes of a public key: `x || y`.
pub const PUBLIC_LEN: usize = 64;
/// Bytes of a signature: `r || s`.
pub const SIGNATURE_LEN: usize = 64;
/// Bytes of a public key as other software reads it.
pub const SPKI_LEN: usize = 91;
/// Random bytes that every signature takes.
pub const EXTRA_LEN: usize = 32;
/// The identity that goes into every SM2 signature, the default of GM/T 0009: so a third party needs to know no other.
pub const SM2_ID: &str = "1234567812345678";

/// What signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// ECDSA on P-256 with SHA-256.
    P256,
    /// SM2 with SM3.
    Sm2,
}

impl Curve {
    /// The curve of a suite.
    pub const fn of(suite: Suite) -> Self {
        match suite {
            Suite::TripleDes | Suite::Aes128 => Curve::P256,
            Suite::Sm4 => Curve::Sm2,
        }
    }

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Curve::P256 => "P-256",
            Curve::Sm2 => "SM2",
        }
    }

    /// DER of a SubjectPublicKeyInfo up to the point: `id-ecPublicKey` and the curve's identifier, a bit string of 66 bytes and the
    /// mark of an uncompressed point [RFC 5480 2].
    const fn spki_head(self) -> &'static [u8] {
        match self {
            Curve::P256 => &[
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
                0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
            ],
            Curve::Sm2 => &[
                0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
                0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D, 0x03, 0x42, 0x00, 0x04,
            ],
        }
    }
}

/// Why bytes are no key or no signature, or a signature is not the key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Bytes that are no point of the curve.
    #[error("these {PUBLIC_LEN} bytes are no public key of {name}: they name no point of the curve", name = .0.name())]
    NoPoint(Curve),
    /// Bytes that are no public key as other software writes them.
    #[error("these bytes are no SubjectPublicKeyInfo of P-256 or SM2 with an uncompressed point, which has {len} bytes",
        len = SPKI_LEN)]
    NoSpki,
    /// Bytes that are no number a key may be.
    #[error("these bytes are no signing key of {name}: it is a number of 32 bytes above zero and below the order of the curve",
        name = .0.name())]
    NoScalar(Curve),
    /// Bytes that are no signature of the curve.
    #[error("these bytes are no signature of {name}: {why}", name = .0.name(), why = .1)]
    NoSignature(Curve, &'static str),
    /// The signature does not belong to the key and these bytes.
    #[error("the signature is not this key's over these bytes")]
    Wrong,
}

/// 32 bytes of chance as the source the signing crates ask. They ask for no more; if they did, they would get zeros, and the
/// nonce would still depend on key and message.
struct Extra<'a>(&'a [u8]);

impl TryRng for Extra<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let (now, rest) = self.0.split_at(out.len().min(self.0.len()));
        out.fill(0);
        out[..now.len()].copy_from_slice(now);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Extra<'_> {}

/// A signature, `r || s`. No logic compares two of them: of one message there are many good ones.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    bytes: [u8; SIGNATURE_LEN],
}

impl Signature {
    /// A signature as it came, which [`PublicKey::verify`] judges.
    pub const fn from_bytes(bytes: [u8; SIGNATURE_LEN]) -> Self {
        Signature { bytes }
    }

    /// `r || s`.
    pub const fn bytes(&self) -> &[u8; SIGNATURE_LEN] {
        &self.bytes
    }

    /// As other software writes signatures: DER of a sequence of two integers [RFC 3279 2.2.3].
    pub fn to_der(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(2 * 35);
        for number in self.bytes.chunks_exact(SIGNATURE_LEN / 2) {
            let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len() - 1);
            let number = &number[start..];
            // An integer whose first bit is set would be a negative one.
            let sign = usize::from(number[0] & 0x80 != 0);
            body.extend([0x02, (number.len() + sign) as u8]);
            body.extend(core::iter::repeat_n(0, sign));
            body.extend(number);
        }
        let mut der = Vec::with_capacity(body.len() + 2);
        der.extend([0x30, body.len() as u8]);
        der.extend(body);
        der
    }

    /// Reads a foreign signature. One of P-256 whose `s` is in the upper half is turned into its twin in the lower half, the only form
    /// that is taken here.
    ///
    /// # Errors
    /// [`SignError::NoSignature`].
    pub fn from_der(curve: Curve, der: &[u8]) -> Result<Self, SignError> {
        let no = |why| SignError::NoSignature(curve, why);
        let body = match der {
            [0x30, len, body @ ..] if usize::from(*len) == body.len() && *len < 0x80 => body,
            _ => return Err(no("they are not one DER sequence")),
        };
        let (first, rest) = integer(body).ok_or_else(|| no("the first integer is not DER"))?;
        let (second, rest) = integer(rest).ok_or_else(|| no("the second integer is not DER"))?;
        if !rest.is_empty() {
            return Err(no("something follows the second integer"));
        }
        let mut bytes = [0; SIGNATURE_LEN];
        bytes[..32].copy_from_slice(&first);
        bytes[32..].copy_from_slice(&second);
        match curve {
            Curve::Sm2 => Ok(Signature { bytes }),
            Curve::P256 => {
                let found = p256_ecdsa::Signature::from_slice(&bytes)
                    .map_err(|_| no("r or s is zero, or not below the order of the curve"))?;
                Ok(Signature { bytes: found.normalize_s().to_bytes().into() })
            }
        }
    }
}

/// The first integer of DER bytes, as 32 bytes, and what follows it.
fn integer(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let (head, rest) = der.split_at_checked(2)?;
    let (number, rest) = rest.split_at_checked(usize::from(head[1]))?;
    let number = match number {
        // The shortest form alone is DER; a zero before a clear first bit is longer than it need be.
        [0, next, ..] if next & 0x80 != 0 => &number[1..],
        [0] => number,
        [first, ..] if *first != 0 && first & 0x80 == 0 => number,
        _ => return None,
    };
    if head[0] != 0x02 || number.len() > 32 {
        return None;
    }
    let mut out = [0; 32];
    out[32 - number.len()..].copy_from_slice(number);
    Some((out, rest))
}

#[derive(Clone)]
enum Verifier {
    P256(p256_ecdsa::VerifyingKey),
    Sm2(sm2_dsa::VerifyingKey),
}

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    verifier: Verifier,
    bytes: [u8; PUBLIC_LEN],
}

impl PublicKey {
    /// The key of `x || y`.
    ///
    /// # Errors
    /// [`SignError::NoPoint`].
    pub fn from_bytes(curve: Curve, bytes: &[u8; PUBLIC_LEN]) -> Result<Self, SignError> {
        let mut point = [0x04; PUBLIC_LEN + 1];
        point[1..].copy_from_slice(bytes);
        let no = |_| SignError::NoPoint(curve);
        let verifier = match curve {
            Curve::P256 => Verifier::P256(p256_ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(no)?),
            Curve::Sm2 => Verifier::Sm2(sm2_dsa::VerifyingKey::from_sec1_bytes(SM2_ID, &point).map_err(no)?),
        };
        Ok(PublicKey { verifier, bytes: *bytes })
    }

    /// What it checks.
    pub const fn curve(&self) -> Curve {
        match self.verifier {
            Verifier::P256(_) => Curve::P256,
            Verifier::Sm2(_) => Curve::Sm2,
        }
    }

    /// `x || y`.
    pub const fn bytes(&self) -> &[u8; PUBLIC_LEN] {
        &self.bytes
    }

    /// As other software reads public keys: DER of a SubjectPublicKeyInfo, 91 bytes.
    pub fn to_spki(&self) -> Vec<u8> {
        [self.curve().spki_head(), &self.bytes].concat()
    }

    /// As [`PublicKey::to_spki`], in PEM [RFC 7468].
    pub fn to_pem(&self) -> String {
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        // 48 bytes are 64 characters, a line of PEM.
        for line in self.to_spki().chunks(48) {
            line.chunks(3).for_each(|bytes| base64(bytes, &mut pem));
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// Reads what [`PublicKey::to_spki`] writes, of either curve.
    ///
    /// # Errors
    /// [`SignError::NoSpki`], [`SignError::NoPoint`].
    pub fn from_spki(der: &[u8]) -> Result<Self, SignError> {
        for curve in [Curve::P256, Curve::Sm2] {
            if let Some(point) = der.strip_prefix(curve.spki_head())
                && let Ok(point) = point.try_into()
            {
                return PublicKey::from_bytes(curve, point);
            }
        }
        Err(SignError::NoSpki)
    }

    /// Whether a signature is this key's over the joined parts. Of P-256 the one with the lower `s` alone is good, so that nobody
    /// can make another out of it.
    ///
    /// # Errors
    /// [`SignError::NoSignature`], [`SignError::Wrong`].
    pub fn verify(&self, parts: &[&[u8]], signature: &Signature) -> Result<(), SignError> {
        const RANGE: &str = "r or s is zero, or not below the order of the curve";
        match &self.verifier {
            Verifier::P256(key) => {
                let found = p256_ecdsa::Signature::from_slice(&signature.bytes)
                    .map_err(|_| SignError::NoSignature(Curve::P256, RANGE))?;
                if found.normalize_s() != found {
                    let why = "s is in the upper half of its range, and the lower half alone is taken";
                    return Err(SignError::NoSignature(Curve::P256, why));
                }
                key.verify_prehash(&sha256(parts), &found).map_err(|_| SignError::Wrong)
            }
            Verifier::Sm2(key) => {
                let found = sm2_dsa::Signature::from_slice(&signature.bytes)
                    .map_err(|_| SignError::NoSignature(Curve::Sm2, RANGE))?;
                key.multipart_verify(parts, &found).map_err(|_| SignError::Wrong)
            }
        }
    }
}

/// Up to three bytes as four characters [RFC 4648 4].
fn base64(bytes: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let word = (0..3).fold(0_u32, |word, i| word << 8 | u32::from(bytes.get(i).copied().unwrap_or_default()));
    for i in 0..4 {
        let sextet = (word >> (18 - 6 * i) & 0x3F) as usize;
        out.push(if i <= bytes.len() { char::from(ALPHABET[sextet]) } else { '=' });
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, ", self.curve().name())?;
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))?;
        f.write_str(")")
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.curve() == other.curve() && self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// A signing key. `Debug` shows its curve alone; [`SigningKey::expose`] is the one way to its bytes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SigningKey {
    #[zeroize(skip)]
    curve: Curve,
    bytes: [u8; 32],
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.curve.name())
    }
}

impl SigningKey {
    /// Makes a key: 32 random bytes, drawn again in the rare case that they are no key.
    pub fn generate(curve: Curve, random: &mut dyn FnMut(&mut [u8])) -> Self {
        loop {
            let mut bytes = Zeroizing::new([0; 32]);
            random(&mut *bytes);
            if let Ok(key) = SigningKey::from_bytes(curve, &bytes) {
                return key;
            }
        }
    }

    /// The key of a number, most significant byte first.
    ///
    /// # Errors
    /// [`SignError::NoScalar`].
    pub fn from_bytes(curve: Curve, bytes: &[u8; 32]) -> Result<Self, SignError> {
        let is_key = match curve {
            Curve::P256 => p256::SecretKey::from_slice(bytes).is_ok(),
            // The last but one number of the field is no key of SM2: 1 + d has no inverse then.
            Curve::Sm2 => sm2::SecretKey::from_slice(bytes).is_ok() && *bytes != SM2_LAST,
        };
        if is_key { Ok(SigningKey { curve, bytes: *bytes }) } else { Err(SignError::NoScalar(curve)) }
    }

    /// The number itself, for a card's file or a vault.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// What it signs with.
    pub const fn curve(&self) -> Curve {
        self.curve
    }

    /// Its public key.
    ///
    /// # Errors
    /// None for a key that was made or read here.
    pub fn public(&self) -> Result<PublicKey, SignError> {
        let mut bytes = [0; PUBLIC_LEN];
        match self.curve {
            Curve::P256 => {
                let key = p256::SecretKey::from_slice(&self.bytes).map_err(|_| self.no_scalar())?;
                bytes.copy_from_slice(&key.public_key().to_sec1_point(false).as_bytes()[1..]);
            }
            Curve::Sm2 => {
                let key = sm2::SecretKey::from_slice(&self.bytes).map_err(|_| self.no_scalar())?;
                bytes.copy_from_slice(&key.public_key().to_sec1_point(false).as_bytes()[1..]);
            }
        }
        PublicKey::from_bytes(self.curve, &bytes)
    }

    const fn no_scalar(&self) -> SignError {
        SignError::NoScalar(self.curve)
    }

    /// Signs the joined parts. `extra`: random bytes, used for this signature alone.
    ///
    /// # Errors
    /// None for a key that was made or read here.
    pub fn sign(&self, parts: &[&[u8]], extra: &[u8; EXTRA_LEN]) -> Result<Signature, SignError> {
        let mut extra = Extra(extra);
        let bytes = match self.curve {
            Curve::P256 => {
                let key = p256_ecdsa::SigningKey::from_slice(&self.bytes).map_err(|_| self.no_scalar())?;
                let made: p256_ecdsa::Signature =
                    key.sign_prehash_with_rng(&mut extra, &sha256(parts)).map_err(|_| self.no_scalar())?;
                made.normalize_s().to_bytes().into()
            }
            Curve::Sm2 => {
                let key =
                    sm2_dsa::SigningKey::from_slice(SM2_ID, &self.bytes).map_err(|_| self.no_scalar())?;
                let made =
                    key.try_multipart_sign_with_rng(&mut extra, parts).map_err(|_| self.no_scalar())?;
                made.to_bytes().into()
            }
        };
        Ok(Signature { bytes })
    }
}

/// The order of SM2's curve, less one [GB/T 32918].
const SM2_LAST: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x72,
    0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x22,
];
