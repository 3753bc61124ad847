//! The key store: the roots at rest, opened by several custodians together.

use super::folder::{keystore, record};
use crate::home::{self, Home, Party};
use crate::issuing::CheckValues;
use crate::log::{self, Noted};
use crate::secret;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use ::kdc::ceremony::script::same_person;
use ::kdc::keystore::{Cost, Custodian, KeyStore, KeyStoreError, Opened, Passphrase};
use issue::keyset::Roots;
use keys::sign::SigningKey;
use office::audit::LogEvent;
use scheme::Kind;
use scheme::profile::State;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Who opens a key store, as its head says.
#[derive(Debug, Clone, Serialize)]
pub struct KeyStoreReport {
    /// State of its roots.
    pub state: &'static str,
    /// Their suite.
    pub suite: &'static str,
    /// How many custodians open it.
    pub threshold: u8,
    /// Their names.
    pub custodians: Vec<String>,
    /// Its set.
    pub set: String,
    /// How often it was sealed anew.
    pub generation: u32,
    /// What trying a passphrase costs, in words.
    #[serde(skip)]
    pub cost: String,
}

/// The roots of a key store are those of the ceremony.
#[derive(Debug, Clone, Serialize)]
pub struct KeyStoreChecked {
    /// Their check values.
    pub check_values: CheckValues,
}

/// A key store that was sealed anew.
#[derive(Debug, Clone, Serialize)]
pub struct SealedReport {
    /// How often it was.
    pub generation: u32,
    /// Its set.
    pub set: String,
}

impl SealedReport {
    fn of(store: &KeyStore) -> Self {
        SealedReport { generation: store.generation(), set: store.set() }
    }
}

fn folder(session: &Session) -> Result<PathBuf> {
    Home::new(session).party(Party::Province, "opening the key store")
}

fn load(folder: &Path) -> Result<KeyStore> {
    let path = keystore(folder);
    let bytes = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(refused(format!("this province has no key store: {} is not there", path.display()))
                .hint("a key store is made at the ceremony, with --custodians N --threshold M")
                .into());
        }
        other => other.with_context(|| format!("cannot read {}", path.display()))?,
    };
    KeyStore::parse(&bytes).with_context(|| path.display().to_string())
}

/// Writes a store, whole or not at all, and notes it in the audit log first.
fn keep(session: &Session, folder: &Path, store: &KeyStore, what: &str) -> Result<()> {
    let custodians = store.custodians().collect::<Vec<_>>().join(", ");
    let facts = [
        ("what", what.to_owned()),
        ("set", store.set()),
        ("generation", store.generation().to_string()),
        ("custodians", format!("{} of {custodians}", store.threshold())),
    ];
    log::note(session, folder, Noted { facts: &facts, ..Noted::of(LogEvent::KeyStore) })?;
    home::write(&keystore(folder), &store.to_bytes())
}

/// Makes the store of a new province; gives the id of its set.
pub(super) fn make(
    session: &Session,
    folder: &Path,
    roots: &Roots,
    custodians: &[Custodian],
    threshold: u8,
) -> Result<String> {
    let mut source = session.chance("key store");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = KeyStore::make(roots, custodians, threshold, Cost::STANDARD, &mut random)?;
    keep(session, folder, &store, "made")?;
    Ok(store.set())
}

/// Custodians open the store, one after another.
fn open<'s>(session: &Session, folder: &Path, store: &'s KeyStore, why: &str) -> Result<Opened<'s>> {
    // The clock before anybody types a passphrase.
    drop(log::begin(session, folder)?);
    let mut opening = store.opening();
    let mut who = Vec::new();
    while opening.missing() > 0 {
        let name = secret::patiently(session, || {
            let waiting: Vec<&str> =
                store.custodians().filter(|name| opening.expects(name).is_ok()).collect();
            let words = format!("custodian ({}), {} still needed", waiting.join(", "), opening.missing());
            let name = session.secrets.ask_openly(&words)?;
            if name.is_empty() {
                return Err(Failure::new(Kind::Usage, "no custodian was named").into());
            }
            opening.expects(&name)?;
            Ok(name)
        })?;
        secret::patiently(session, || {
            let typed = session.secrets.ask(&format!("passphrase of {name}"))?;
            Ok(opening.add(&name, &Passphrase::attempt(typed))?)
        })?;
        who.push(name);
    }
    let opened = opening.finish()?;
    let facts = [("custodians", who.join(", ")), ("for", why.to_owned())];
    log::note(session, folder, Noted { facts: &facts, ..Noted::of(LogEvent::OpenKeyStore) })?;
    Ok(opened)
}

/// The province's roots from its key store, for one act.
///
/// # Errors
/// It does not open, or its roots are not the ceremony's.
pub fn roots(session: &Session, folder: &Path, why: &str) -> Result<Roots> {
    let store = load(folder)?;
    let roots = open(session, folder, &store, why)?.into_roots();
    record(folder)?.confirm(&roots)?;
    Ok(roots)
}

/// Keeps a signing root beside the roots, and gives them all.
///
/// # Errors
/// The key store does not open, or keeps one.
pub(super) fn keep_signing(session: &Session, folder: &Path, key: SigningKey) -> Result<Roots> {
    let store = load(folder)?;
    let opened = open(session, folder, &store, "a signing root")?;
    record(folder)?.confirm(opened.roots())?;
    // A ceremony kept it, and was interrupted before its certificate was made.
    if opened.roots().signing().is_some() {
        return Ok(opened.into_roots());
    }
    let mut source = session.chance("key store signing root");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = opened.with_signing(key.clone(), &mut random)?;
    keep(session, folder, &store, "a signing root beside the roots")?;
    Ok(opened.into_roots().with_signing(key))
}

/// Looks who opens the key store; no passphrase is asked for.
///
/// # Errors
/// There is none, or it is damaged.
pub fn show(session: &Session) -> Result<KeyStoreReport> {
    let store = load(&folder(session)?)?;
    Ok(KeyStoreReport {
        state: store.state().name(),
        suite: store.suite().name(),
        threshold: store.threshold(),
        custodians: store.custodians().map(str::to_owned).collect(),
        set: store.set(),
        generation: store.generation(),
        cost: store.cost().to_string(),
    })
}

/// Opens the key store, and compares its roots with the record of the ceremony.
///
/// # Errors
/// As [`roots`].
pub fn check(session: &Session) -> Result<KeyStoreChecked> {
    let roots = roots(session, &folder(session)?, "a check")?;
    Ok(KeyStoreChecked { check_values: CheckValues::of_roots(&roots.check_values()) })
}

/// Gives a custodian a new passphrase; those who open the store answer for that.
///
/// # Errors
/// Nobody of that name; the store does not open.
pub fn new_passphrase(session: &Session, custodian: &str) -> Result<SealedReport> {
    let folder = folder(session)?;
    let store = load(&folder)?;
    must_be_sealed_in_earnest(session, &store)?;
    if !store.custodians().any(|name| name == custodian) {
        return Err(KeyStoreError::NoCustodian.into());
    }
    let opened = open(session, &folder, &store, "a new passphrase")?;
    let theirs = |typed: &Passphrase| store.is_anothers(custodian, typed);
    let passphrase = secret::new_passphrase(session, custodian, &theirs)?;
    let mut source = session.chance("key store passphrase");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = opened.with_passphrase(custodian, &passphrase, &mut random)?;
    keep(session, &folder, &store, &format!("new passphrase of {custodian}"))?;
    Ok(SealedReport::of(&store))
}

/// Salts, nonces and shares of formal roots come from no seed.
fn must_be_sealed_in_earnest(session: &Session, store: &KeyStore) -> Result<()> {
    if store.state() == State::Formal { session.must_be_unseeded("the seal of formal roots") } else { Ok(()) }
}

/// Gives the store to other custodians, under a new store key: each sets a passphrase.
///
/// # Errors
/// One is named twice; the store does not open.
pub fn reshare(session: &Session, names: &[String], threshold: u8) -> Result<SealedReport> {
    let folder = folder(session)?;
    let store = load(&folder)?;
    must_be_sealed_in_earnest(session, &store)?;
    for (place, name) in names.iter().enumerate() {
        if names[..place].iter().any(|before| same_person(before, name)) {
            return Err(refused(format!("{name} is named twice: each custodian is another person"))
                .hint("name each custodian once, with --custodian NAME")
                .into());
        }
    }
    let opened = open(session, &folder, &store, "other custodians")?;
    let mut custodians: Vec<Custodian> = Vec::new();
    for name in names {
        let theirs = |typed: &Passphrase| custodians.iter().any(|before| before.passphrase.same_as(typed));
        let passphrase = secret::new_passphrase(session, name, &theirs)?;
        custodians.push(Custodian { name: name.clone(), passphrase });
    }
    let mut source = session.chance("key store reshare");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = opened.with_custodians(&custodians, threshold, &mut random)?;
    keep(session, &folder, &store, "other custodians")?;
    session.say("copies of the file from before still open with the passphrases from before: destroy them");
    Ok(SealedReport::of(&store))
}
