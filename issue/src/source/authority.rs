//! What a provincial source certifies with.

use super::{Proof, SourceError, Target};
use keys::hierarchy::{Use, use_key};
use keys::sign::{Curve, EXTRA_LEN, PublicKey, SigningKey};
use keys::{Key, mac, seal};
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::moment::{Day, Validity};
use scheme::numbers::RegionCode;
use scheme::order::Serial8;
use scheme::signing::{GENERATE, STORE_ROOT};

/// A signing root with its certificate, for one certificate it gives.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The signing root.
    pub key: SigningKey,
    /// Its certificate.
    pub root: Certificate,
    /// The number of the certificate it is to give.
    pub number: CertificateNumber,
    /// The province's epoch.
    pub epoch: u16,
    /// The challenge for the card whose key it is.
    pub challenge: [u8; 8],
    /// Random bytes for the signature.
    pub extra: [u8; EXTRA_LEN],
}

impl Authority {
    /// The data field of STORE CERTIFICATE for the root, sealed under a target's own master.
    pub(super) fn seal_root(&self, master: &Key, challenge: &[u8; 8]) -> Vec<u8> {
        let root = self.root.to_bytes();
        [&root[..], &seal::bound_mac(master, challenge, &STORE_ROOT, &root)].concat()
    }

    /// The certificate of a city's issuing card whose proof is right under its own master.
    pub(super) fn certify(
        &self,
        master: &Key,
        target: &Target,
        from: Day,
        proof: &Proof,
    ) -> Result<Certificate, SourceError> {
        let proof_key = use_key(master, Use::Mac);
        if !keys::equal(&mac::bound(&proof_key, &self.challenge, &GENERATE, &proof.public), &proof.mac) {
            return Err(SourceError::NotItsKey);
        }
        let suite = self.root.suite;
        let public =
            PublicKey::from_bytes(Curve::of(suite), &proof.public).map_err(|_| SourceError::NotItsKey)?;
        let to = self.root.subject.validity.to();
        let subject = Subject {
            key_use: KeyUse::CityIssuer,
            region: RegionCode(target.region),
            device: target.number,
            serial: Serial8(target.serial),
            epoch: self.epoch,
            validity: Validity::new(from, to).map_err(|_| SourceError::CertificateOver { last: to })?,
        };
        let made =
            Certificate::issue(suite, subject, self.number, public, self.root.number, &self.key, &self.extra);
        made.map_err(|_| SourceError::NotCertified)
    }
}
