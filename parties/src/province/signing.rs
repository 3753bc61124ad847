//! The province's signing root: its certificate, what it certified, and the acts that certify [docs/specs/signatures.md 5].

use super::folder::{record, signing_file};
use super::keystore;
use crate::cards::CardHandle;
use crate::certificates::{CertificateReport, fingerprint};
use crate::home::{self, Home, Party};
use crate::issuing;
use crate::log::{self, Noted};
use crate::people;
use crate::places::must_be_free;
use crate::revoked;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use disk::Lock;
use issue::keyset::Roots;
use issue::signing;
use issue::source::{Authority, SoftSource, Target};
use keys::sign::{Curve, PUBLIC_LEN, PublicKey, SigningKey};
use office::audit::{Card, LogEvent};
use reader::driver::fmcos::Fmcos;
use scheme::certificate::{Certificate, CertificateNumber, KeyUse, Subject};
use scheme::chance::random;
use scheme::numbers::{DeviceNumber, PROVINCE, RegionCode};
use scheme::order::Serial8;
use scheme::profile::{CardKind, State};
use scheme::signing::{ISSUER_SPAN, own_use};
use scheme::{CardRef, Kind};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use wire::{Channel, typed};

/// First field of the register.
const FORMAT: &str = "gridcard signing 1";
/// Years the root's certificate is good for: longer than any meter stands.
const ROOT_YEARS: u16 = 40;
/// Number of the root's certificate.
const ROOT: CertificateNumber = CertificateNumber(1);

/// The root's certificate and what it certified, as the province keeps it: nothing of it is secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    what: String,
    /// The province's epoch, which only rises.
    epoch: u16,
    /// City issuers that were given a number.
    issuers: u32,
    /// Payment servers that were given one.
    #[serde(default)]
    servers: u32,
    /// The root's certificate.
    root: Hex,
    /// Certificates the root gave, in their order.
    certificates: Vec<Hex>,
}

/// A certificate in hexadecimal digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Hex(String);

impl Hex {
    fn of(certificate: &Certificate) -> Self {
        Hex(hex::encode_upper(certificate.to_bytes()))
    }

    fn read(&self, path: &Path) -> Result<Certificate> {
        let bytes = hex::decode(&self.0).ok().with_context(|| format!("{} is damaged", path.display()))?;
        Certificate::parse(&bytes).with_context(|| path.display().to_string())
    }
}

impl Register {
    fn load(folder: &Path) -> Result<Self> {
        let path = signing_file(folder);
        if !path.exists() {
            return Err(refused("this province has no signing root")
                .hint("make one with `gridcard kdc signing init`; a new province has one from its ceremony")
                .into());
        }
        let register: Register = serde_json::from_str(&home::read_text(&path)?)
            .with_context(|| format!("{} is damaged", path.display()))?;
        if register.what == FORMAT {
            return Ok(register);
        }
        Err(refused(format!("{} is no register of certificates: {:?}", path.display(), register.what)).into())
    }

    fn keep(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        home::write(&signing_file(folder), format!("{text}\n").as_bytes())
    }

    fn root(&self, folder: &Path) -> Result<Certificate> {
        self.root.read(&signing_file(folder))
    }
}

/// Makes the root's certificate of a province that has a signing root, and the register with nothing in it.
fn found(session: &Session, folder: &Path, signing: &SigningKey, roots: &Roots) -> Result<Certificate> {
    let public = signing.public().context("the signing root")?;
    let subject = Subject {
        key_use: KeyUse::Root,
        region: PROVINCE,
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch: 1,
        validity: issuing::validity_of(session.now()?, ROOT_YEARS)?,
    };
    let extra = random(&mut *session.chance("certificate of the signing root"));
    let root = Certificate::issue(roots.suite(), subject, ROOT, public, ROOT, signing, &extra)
        .context("the signing root")?;
    let register = Register {
        what: FORMAT.to_owned(),
        epoch: 1,
        issuers: 0,
        servers: 0,
        root: Hex::of(&root),
        certificates: Vec::new(),
    };
    let facts = [("certificate", root.about()), ("fingerprint", fingerprint(&root))];
    log::note(session, folder, Noted { facts: &facts, ..Noted::of(LogEvent::SigningRoot) })?;
    register.keep(folder)?;
    Ok(root)
}

/// A new province's: `kept` says that a key store keeps its roots. Published roots need no keeping.
pub(super) fn begin(session: &Session, folder: &Path, roots: &Roots, kept: bool) -> Result<()> {
    match roots.signing() {
        Some(signing) if kept || roots.state() == State::Test => {
            found(session, folder, signing, roots).map(drop)
        }
        _ => Ok(()),
    }
}

/// The province's roots: the published ones, or those of its key store.
fn roots(session: &Session, folder: &Path, why: &str) -> Result<Roots> {
    let record = record(folder)?;
    match record.state {
        State::Test => Ok(Roots::test(record.suite)),
        State::Formal | State::Retired => keystore::roots(session, folder, why),
    }
}

/// The signing root and what it certified.
#[derive(Debug, Clone, Serialize)]
pub struct SigningReport {
    /// What signs.
    pub curve: &'static str,
    /// Everybody can compute the key.
    pub published: bool,
    /// The province's epoch.
    pub epoch: u16,
    /// The root's certificate.
    pub root: CertificateReport,
    /// What it certified.
    pub certificates: Vec<CertificateReport>,
}

fn report(folder: &Path, register: &Register) -> Result<SigningReport> {
    let root = register.root(folder)?;
    let path = signing_file(folder);
    let certificates = register.certificates.iter();
    Ok(SigningReport {
        curve: Curve::of(root.suite).name(),
        published: record(folder)?.state == State::Test,
        epoch: register.epoch,
        root: CertificateReport::of(&root),
        certificates: certificates
            .map(|hex| Ok(CertificateReport::of(&hex.read(&path)?)))
            .collect::<Result<_>>()?,
    })
}

/// Gives a province that stands its signing root: drawn now and kept in its key store; of a test province the published one.
///
/// # Errors
/// It has one; a formal province has no key store; the key store does not open.
pub fn init(session: &Session) -> Result<SigningReport> {
    let folder = Home::new(session).party(Party::Province, "making a signing root")?;
    if signing_file(&folder).exists() {
        return Err(refused("this province has its signing root")
            .hint("see `gridcard kdc signing show`")
            .into());
    }
    let record = record(&folder)?;
    let roots = match record.state {
        State::Test => Roots::test(record.suite),
        State::Formal | State::Retired => {
            session.must_be_unseeded("a signing root")?;
            let mut source = session.chance("signing root");
            let key = SigningKey::generate(Curve::of(record.suite), &mut |bytes| source.fill(bytes));
            keystore::keep_signing(session, &folder, key)?
        }
    };
    let signing = roots.signing().context("the key store keeps a signing root")?;
    found(session, &folder, signing, &roots)?;
    show(session)
}

/// Looks at the signing root and what it certified.
///
/// # Errors
/// There is none, or the register is damaged.
pub fn show(session: &Session) -> Result<SigningReport> {
    let folder = Home::new(session).party(Party::Province, "showing the signing root")?;
    report(&folder, &Register::load(&folder)?)
}

/// Raises the province's epoch: servers that are certified from now on have the new one, and an ESAM that has met one of them takes none of
/// an older any more. `None`: a request for the second person was written in its place.
///
/// # Errors
/// There is no root; one person, where two are wanted; the epoch is the last there is.
pub fn raise_epoch(session: &Session) -> Result<Option<EpochReport>> {
    let folder = Home::new(session).party(Party::Province, "raising the epoch")?;
    let _lock = lock(session, &folder)?;
    let mut register = Register::load(&folder)?;
    let before = register.epoch;
    let state = record(&folder)?.state;
    let Some(two) = people::two(session, &folder, "raising the epoch", state)? else { return Ok(None) };
    register.epoch = before.checked_add(1).context("the epoch is the last there is")?;
    register.keep(&folder)?;
    log::fact(session, "epoch", register.epoch);
    log::second(session, two.second());
    Ok(Some(EpochReport { before, epoch: register.epoch }))
}

/// The province's epoch, raised.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EpochReport {
    /// What it was.
    pub before: u16,
    /// What it is.
    pub epoch: u16,
}

/// The root as others need it.
#[derive(Debug, Clone, Serialize)]
pub struct ExportReport {
    /// The certificate, 168 bytes in hexadecimal digits.
    pub certificate: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its public key as other software reads it.
    pub pem: String,
    /// Files that were written.
    pub files: Vec<String>,
}

/// Gives out the root: its certificate, and its public key as other software reads it; into a file and a file `.pem` beside it
/// where one is named.
///
/// # Errors
/// There is no root; a file cannot be written.
pub fn export(session: &Session, out: Option<&Path>) -> Result<ExportReport> {
    let folder = Home::new(session).party(Party::Province, "giving out the signing root")?;
    let root = Register::load(&folder)?.root(&folder)?;
    let (certificate, pem) = (hex::encode_upper(root.to_bytes()), root.key.to_pem());
    let mut files = Vec::new();
    if let Some(path) = out {
        home::write(path, format!("{certificate}\n").as_bytes())?;
        let beside = path.with_extension("pem");
        home::write(&beside, pem.as_bytes())?;
        files = vec![path.display().to_string(), beside.display().to_string()];
    }
    Ok(ExportReport { certificate, fingerprint: fingerprint(&root), pem, files })
}

/// Certifies the signing key of a city's issuing card, which draws it now. From then on the ESAMs or PSAMs that it makes sign.
///
/// # Errors
/// It is no such card, or revoked, of another state or suite, or was made before cards signed; the roots do not open.
pub fn certify(session: &Session, card: &CardRef) -> Result<CertificateReport> {
    let folder = Home::new(session).party(Party::Province, "certifying issuing cards")?;
    let _lock = lock(session, &folder)?;
    let mut register = Register::load(&folder)?;
    let root = register.root(&folder)?;
    let (mut handle, kind) = CardHandle::open_any(session, card)?;
    if own_use(kind) != Some(KeyUse::CityIssuer) {
        let words = format!("{card} is a {}: the root certifies issuing cards of cities", kind.title());
        return Err(refused(words)
            .hint("a city certifies its ESAMs and PSAMs with its issuing card: `gridcard esam certify`, `gridcard psam certify`")
            .into());
    }
    let (info, serial) = {
        let atr = handle.reset()?;
        let serial = wire::atr::serial_of(&atr).context("the card's ATR carries no serial")?;
        let mut fmcos = Fmcos::new(&mut handle);
        fmcos.select_mf()?;
        (fmcos.current_info("certify its signing key")?, serial)
    };
    let number = DeviceNumber(info.number);
    revoked::must_not_be(&folder, kind, number)?;
    let record = record(&folder)?;
    if (info.state, info.suite) != (record.state, record.suite.code()) {
        let words =
            format!("{card} is a {} card, the province is {}", info.state.name(), record.state.name());
        return Err(Failure::new(Kind::Security, words).into());
    }
    handle.must_take(info.state)?;
    let roots = roots(session, &folder, &format!("the certificate of {} {number}", kind.title()))?;
    let key = roots.signing().cloned().context("the key store keeps no signing root")?;
    register.issuers += 1;
    let own = register.issuers.checked_mul(ISSUER_SPAN).filter(|own| u32::MAX - own >= ISSUER_SPAN - 1);
    let own = CertificateNumber(own.context("this province has certified all the issuing cards it can")?);
    // A number is given once, whatever becomes of the card.
    register.keep(&folder)?;
    let mut chance = session.chance(&format!("certificate {own}"));
    let (challenge, extra) = (random(&mut *chance), random(&mut *chance));
    let authority = Authority { key, root, number: own, epoch: register.epoch, challenge, extra };
    let target = Target::finished(serial, &info);
    let mut source = SoftSource::certifying(roots, authority);
    let certificate = signing::equip(&mut handle, &mut source, &target, session.now()?.day())?;
    handle.close()?;
    register.certificates.push(Hex::of(&certificate));
    register.keep(&folder)?;
    note(session, &folder, kind, &certificate)?;
    Ok(CertificateReport::of(&certificate))
}

/// A payment server whose key is to be certified.
#[derive(Debug, Clone)]
pub struct ServerRequest {
    /// File with its public key, 128 hexadecimal digits.
    pub key: PathBuf,
    /// The city it serves; `None`: all of the province.
    pub city: Option<RegionCode>,
    /// Years its certificate is good for.
    pub years: u16,
    /// File for the certificate.
    pub out: PathBuf,
}

/// Certifies the signing key of a payment server. Nothing here proves whose key it is: the custodians compare it with what the bank shows.
///
/// # Errors
/// The file is no key of the province's curve; the file for the certificate is there; the roots do not open.
pub fn certify_server(session: &Session, request: &ServerRequest) -> Result<CertificateReport> {
    let folder = Home::new(session).party(Party::Province, "certifying a payment server")?;
    must_be_free(&request.out)?;
    let _lock = lock(session, &folder)?;
    let mut register = Register::load(&folder)?;
    let root = register.root(&folder)?;
    let path = &request.key;
    let bytes = typed::bytes(home::read_text(path)?.trim()).ok();
    let bytes: Option<[u8; PUBLIC_LEN]> = bytes.and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| {
        refused(format!("{} is no public key: 128 hexadecimal digits", path.display()))
            .hint("the bank makes it with `gridcard server signing init`")
    })?;
    let key =
        PublicKey::from_bytes(Curve::of(root.suite), &bytes).with_context(|| path.display().to_string())?;
    let roots = roots(session, &folder, "the certificate of a payment server")?;
    let signing = roots.signing().cloned().context("the key store keeps no signing root")?;
    register.servers += 1;
    let number = register.servers.checked_add(ROOT.0).filter(|number| *number < ISSUER_SPAN);
    let number = CertificateNumber(number.context("this province has certified all the servers it can")?);
    // A number is given once, whatever becomes of the certificate.
    register.keep(&folder)?;
    let subject = Subject {
        key_use: KeyUse::Server,
        region: request.city.unwrap_or(PROVINCE),
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch: register.epoch,
        validity: issuing::validity_of(session.now()?, request.years)?,
    };
    let extra = random(&mut *session.chance(&format!("certificate {number}")));
    let certificate = Certificate::issue(root.suite, subject, number, key, root.number, &signing, &extra)
        .context("the signing root")?;
    home::write(&request.out, format!("{}\n", hex::encode_upper(certificate.to_bytes())).as_bytes())?;
    register.certificates.push(Hex::of(&certificate));
    register.keep(&folder)?;
    let facts = [("certificate", certificate.about()), ("fingerprint", fingerprint(&certificate))];
    log::note(session, &folder, Noted { facts: &facts, ..Noted::of(LogEvent::Certify) })?;
    Ok(CertificateReport::of(&certificate))
}

/// Two that certify at once would give one number twice.
fn lock(session: &Session, folder: &Path) -> Result<Lock> {
    Lock::take(&signing_file(folder), session.patience, "kdc signing certify", |_| false)
        .map_err(|_| Failure::new(Kind::Absent, "another command certifies for this province").into())
}

/// Notes a certificate that a party gave.
pub(crate) fn note(
    session: &Session,
    folder: &Path,
    kind: CardKind,
    certificate: &Certificate,
) -> Result<()> {
    let subject = &certificate.subject;
    let card = Card {
        kind: kind.name().to_owned(),
        number: Some(hex::encode(subject.device)),
        serial: Some(subject.serial.to_string()),
        region: Some(subject.region.to_string()),
    };
    let facts = [("certificate", certificate.number.to_string()), ("fingerprint", fingerprint(certificate))];
    log::note(session, folder, Noted { card: Some(card), facts: &facts, ..Noted::of(LogEvent::Certify) })
}
