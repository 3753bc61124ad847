//! A card's signing key and its certificates: GENERATE KEY PAIR, READ and STORE CERTIFICATE; on an issuing card CERTIFY and SEAL ROOT
//! [docs/specs/signatures.md 5].

use super::fmcos::Fmcos;
use super::issuing::{IssuingCard, Target};
use crate::error::CardError;
use keys::sign::PUBLIC_LEN;
use scheme::certificate::{Certificate, KeyUse};
use scheme::moment::Validity;
use scheme::signing::{CERTIFY_CHALLENGE, CERTIFY_PROOF, GENERATE, PROOF_LEN, STORE_ROOT};
use wire::{Command, Sw};

/// A public key, and the MAC by which the card one level up knows whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// `x || y`.
    pub public: [u8; PUBLIC_LEN],
    /// Over the issuing card's challenge, the header of GENERATE KEY PAIR and the key.
    pub mac: [u8; PROOF_LEN],
}

/// READ CERTIFICATE.
fn read(p1: u8, p2: u8, len: usize) -> Command {
    Command::new(0x80, 0x76, p1, p2).le(len as u16) // a certificate has 168 bytes
}

/// Words for "there is none": no such certificate, no such file, no such command, a card of an older make.
fn is_none(error: &CardError) -> bool {
    let none = [Sw::KEY_NOT_FOUND, Sw::FILE_NOT_FOUND, Sw::INS_UNKNOWN, Sw::CONDITIONS];
    error.sw().is_some_and(|sw| none.contains(&sw))
}

impl Fmcos<'_> {
    /// GENERATE KEY PAIR, for the challenge that the card one level up gave.
    pub fn generate_key_pair(&mut self, challenge: [u8; 8]) -> Result<Proof, CardError> {
        let [cla, ins, p1, p2, _] = GENERATE;
        let command = Command::new(cla, ins, p1, p2).data(&challenge);
        let answer = self.send("GENERATE KEY PAIR", &command)?;
        let whole: [u8; PUBLIC_LEN + PROOF_LEN] = super::exactly("GENERATE KEY PAIR", &answer)?;
        Ok(Proof { public: super::take(&whole, 0), mac: super::take(&whole, PUBLIC_LEN) })
    }

    /// READ CERTIFICATE of the public key; `None` of a card that has none.
    pub fn public_key(&mut self) -> Result<Option<[u8; PUBLIC_LEN]>, CardError> {
        let step = "READ CERTIFICATE";
        match self.send(step, &read(0x00, 0x00, PUBLIC_LEN)) {
            Ok(answer) => super::exactly(step, &answer).map(Some),
            Err(error) if is_none(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// READ CERTIFICATE of a use; `None` of a card that has none. Nothing is checked: who believes it has its issuer's.
    pub fn certificate(&mut self, key_use: KeyUse) -> Result<Option<Certificate>, CardError> {
        let step = "READ CERTIFICATE";
        let answer = match self.send(step, &read(0x01, key_use.code(), Certificate::LEN)) {
            Ok(answer) => answer,
            Err(error) if is_none(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let parsed =
            Certificate::parse(&answer).map_err(|error| CardError::malformed(step, error.to_string()));
        parsed.map(Some)
    }

    /// STORE CERTIFICATE of the root: `field` is what the card one level up sealed for the challenge this one just gave.
    pub fn store_root(&mut self, field: &[u8]) -> Result<(), CardError> {
        let [cla, ins, p1, p2, _] = STORE_ROOT;
        self.send("STORE CERTIFICATE", &Command::new(cla, ins, p1, p2).data(field)).map(drop)
    }

    /// STORE CERTIFICATE of another use. 6988: the card does not believe it; 9E41: it has a newer one.
    pub fn store_certificate(&mut self, certificate: &Certificate) -> Result<(), CardError> {
        let command = Command::new(0x80, STORE_ROOT[1], 0x00, certificate.subject.key_use.code());
        self.send("STORE CERTIFICATE", &command.data(&certificate.to_bytes())).map(drop)
    }
}

impl IssuingCard<'_> {
    /// CERTIFY, its first half: the challenge that the target is to answer.
    pub fn challenge_for(&mut self, target: &Target) -> Result<[u8; 8], CardError> {
        let step = "CERTIFY";
        let command = Command::new(0x80, 0x7A, target.p1(), CERTIFY_CHALLENGE).data(&target.identity());
        super::exactly(step, &self.fmcos().send(step, &command)?)
    }

    /// CERTIFY, its second half: the certificate of a key whose card proved that it is its own.
    pub fn certify(
        &mut self,
        target: &Target,
        validity: Validity,
        proof: &Proof,
    ) -> Result<Certificate, CardError> {
        let step = "CERTIFY";
        let data = [
            &target.identity()[..],
            &validity.from().bytes(),
            &validity.to().bytes(),
            &proof.public,
            &proof.mac,
        ]
        .concat();
        let command = Command::new(0x80, 0x7A, target.p1(), CERTIFY_PROOF).data(&data);
        let answer = self.fmcos().send(step, &command)?;
        Certificate::parse(&answer).map_err(|error| CardError::malformed(step, error.to_string()))
    }

    /// SEAL ROOT: the data field of the target's STORE CERTIFICATE for the root, for the challenge it just gave.
    pub fn seal_root(&mut self, target: &Target, challenge: [u8; 8]) -> Result<Vec<u8>, CardError> {
        let data = [&challenge[..], &target.identity()].concat();
        self.fmcos().send("SEAL ROOT", &Command::new(0x80, 0x7C, target.p1(), 0x00).data(&data))
    }
}
