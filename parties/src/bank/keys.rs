//! Keys of programs that ask the payment server over the network [docs/specs/api.md 2].

use super::desk::Desk;
use super::offices::must_be_office;
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, refused};
use ::keys::Zeroizing;
use scheme::chance::random;
use scheme::moment::Moment;
use scheme::names;
use serde::Serialize;
use server::{Principal, Proof, Role};
use sha2::{Digest, Sha256};

/// A program that gets a key.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// What it may ask for.
    pub role: Role,
    /// The office it stands in, in words.
    pub office: String,
    /// The last moment its key is good; `None`: no end.
    pub expires: Option<Moment>,
    /// SHA-256 of the certificate it shows; `None`: it gets a key.
    pub certificate: Option<[u8; 32]>,
    /// Customers buy through it by telephone, so that a SIM that is new stops it.
    pub by_phone: bool,
}

/// A key that was made: the only time that it is shown.
#[derive(Serialize)]
pub struct KeyReport {
    /// Id of the principal, 8 hexadecimal digits.
    pub id: String,
    /// What it may ask for.
    pub role: &'static str,
    /// The office it stands in.
    pub office: String,
    /// The last moment it is good.
    #[serde(with = "super::text::maybe")]
    pub expires: Option<Moment>,
    /// The key: `gk_`, the id, `_`, 64 hexadecimal digits; `None` of one that shows a certificate.
    pub key: Option<String>,
    /// SHA-256 of its certificate, 64 hexadecimal digits.
    pub certificate: Option<String>,
}

impl std::fmt::Debug for KeyReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyReport({}, hidden)", self.id)
    }
}

/// A principal, without its key.
#[derive(Debug, Clone, Serialize)]
pub struct KeyLine {
    /// Its id.
    pub id: String,
    /// What it shows: `key` or `certificate`.
    pub proof: &'static str,
    /// What it may ask for.
    pub role: &'static str,
    /// The office it stands in.
    pub office: String,
    /// Customers buy through it by telephone.
    pub by_phone: bool,
    /// When it got its key.
    #[serde(with = "names::text")]
    pub made: Moment,
    /// The last moment its key is good.
    #[serde(with = "super::text::maybe")]
    pub expires: Option<Moment>,
    /// When its key was ended.
    #[serde(with = "super::text::maybe")]
    pub ended: Option<Moment>,
}

/// The principals of a bank.
#[derive(Debug, Clone, Serialize)]
pub struct KeysReport {
    /// Each, oldest first.
    pub keys: Vec<KeyLine>,
}

/// A key that was ended.
#[derive(Debug, Clone, Serialize)]
pub struct EndReport {
    /// Its id.
    pub id: String,
}

/// Makes a key for a program. Only its hash is kept. Two people do it where the bank's money is earnest: whoever could give himself
/// two keys would be both persons of every act that wants two. `None`: a request for the second was written in its place.
///
/// # Errors
/// One person where two are wanted; the books cannot be written.
pub fn add(session: &Session, desk: &mut Desk, request: &KeyRequest) -> Result<Option<KeyReport>> {
    let folder = desk.folder(session)?;
    session.must_be_unseeded("the keys of programs")?;
    must_be_office(&request.office)?;
    if request.by_phone && request.role != Role::Bank {
        return Err(refused("customers buy by telephone through a program of the role bank")
            .hint("a clerk's program sells at a counter; leave --by-phone out")
            .code("key-by-phone")
            .into());
    }
    let Some(two) = two_people(session, &folder, desk.books(), "giving a program a key")? else {
        return Ok(None);
    };
    log::second(session, two.second());
    let made = session.now()?;
    let mut chance = session.chance("api key");
    let id = hex::encode(random::<4>(&mut *chance));
    let secret = Zeroizing::new(random::<32>(&mut *chance));
    let KeyRequest { role, office, expires, certificate, by_phone } = request.clone();
    if let Some(hash) = &certificate
        && let Some(other) = desk.books().principal_of_certificate(hash)?
    {
        return Err(refused(format!("the certificate is that of {} already", other.id))
            .hint("a program whose role changes gets another certificate")
            .code("certificate-taken")
            .into());
    }
    let (proof, hash) = match certificate {
        Some(hash) => (Proof::Certificate, hash),
        None => (Proof::Key, Sha256::digest(*secret).into()),
    };
    desk.books_mut().add_principal(&Principal {
        id: id.clone(),
        proof,
        hash,
        role,
        office: office.clone(),
        by_phone,
        made,
        expires,
        ended: None,
    })?;
    log::fact(session, "key", &id);
    log::fact(session, "role", role.name());
    log::fact(session, "office", &office);
    if by_phone {
        log::fact(session, "by_phone", true);
    }
    let key = certificate.is_none().then(|| format!("gk_{id}_{}", hex::encode(*secret)));
    let certificate = certificate.map(hex::encode);
    if let Some(certificate) = &certificate {
        log::fact(session, "certificate", certificate);
    }
    Ok(Some(KeyReport { id, role: role.name(), office, expires, key, certificate }))
}

/// The principals and where their keys stand.
///
/// # Errors
/// The books cannot be read.
pub fn list(session: &Session, desk: &Desk) -> Result<KeysReport> {
    desk.folder(session)?;
    let line = |Principal { id, proof, role, office, by_phone, made, expires, ended, .. }: Principal| {
        KeyLine { id, proof: proof.name(), role: role.name(), office, by_phone, made, expires, ended }
    };
    Ok(KeysReport { keys: desk.books().principals()?.into_iter().map(line).collect() })
}

/// Ends a key at once.
///
/// # Errors
/// There is none of this id, or it was ended before.
pub fn end(session: &Session, desk: &mut Desk, id: &str) -> Result<EndReport> {
    desk.folder(session)?;
    let at = session.now()?;
    if !desk.books_mut().end_principal(id, at)? {
        return Err(refused(format!("there is no key {id} that is good"))
            .hint("`gridcard server key list` shows them")
            .into());
    }
    log::fact(session, "key", id);
    Ok(EndReport { id: id.to_owned() })
}
