//! `kdc keystore`: the roots at rest, opened by several custodians together.

use super::{checks_json, checks_table, init};
use crate::args::Global;
use crate::audit::{self, Noted};
use crate::clock::{entropy, must_be_unseeded};
use crate::fail::{Failure, Kind, refused};
use crate::home::{self, Home, Party};
use crate::nouns::Deed;
use crate::output::{answer, say};
use crate::secret;
use ::issue::keyset::Roots;
use ::kdc::ceremony::CeremonyRecord;
use ::kdc::ceremony::script::same_person;
use ::kdc::keystore::{Cost, Custodian, KeyStore, Opened, Passphrase};
use ::office::audit::Act;
use clap::{Args, Subcommand};
use lens::facts::facts;
use parties::trouble::{Context, Result};
use scheme::profile::State;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verbs of the key store.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show who opens it, as its head says; no passphrase is asked for.
    Show,
    /// Open it, and compare its roots with the record of the ceremony.
    Check,
    /// Give a custodian a new passphrase; those who open it answer for that.
    Passphrase(NewPassphrase),
    /// Give it to other custodians, under a new store key: each sets a passphrase.
    Reshare(Reshare),
}

/// Options of `kdc keystore passphrase`.
#[derive(Debug, Args)]
pub struct NewPassphrase {
    /// The custodian.
    #[arg(long, value_name = "NAME")]
    pub custodian: String,
}

/// Options of `kdc keystore reshare`.
#[derive(Debug, Args)]
pub struct Reshare {
    /// The custodians from now on, all of them; once for each.
    #[arg(long = "custodian", value_name = "NAME", required = true)]
    pub custodians: Vec<String>,
    /// How many of them open it.
    #[arg(long, value_name = "M")]
    pub threshold: u8,
}

/// Where the province keeps its key store.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("roots.keystore")
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Passphrase(_) => Deed::One("kdc keystore passphrase"),
            Verb::Reshare(_) => Deed::One("kdc keystore reshare"),
            // The custodians open it: their line says so.
            Verb::Check => Deed::One("kdc keystore check"),
            Verb::Show => Deed::Look,
        }
    }
}

/// Runs a verb of the key store.
pub fn run(global: &Global, verb: &Verb) -> Result<()> {
    let folder = Home::new(global)?.party(Party::Province, "opening the key store")?;
    match verb {
        Verb::Show => show(global, &folder),
        Verb::Check => check(global, &folder),
        Verb::Passphrase(options) => passphrase(global, &folder, options),
        Verb::Reshare(options) => reshare(global, &folder, options),
    }
}

fn load(folder: &Path) -> Result<KeyStore> {
    let path = path(folder);
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
fn keep(global: &Global, folder: &Path, store: &KeyStore, what: &str) -> Result<()> {
    let custodians = store.custodians().collect::<Vec<_>>().join(", ");
    let facts = [
        ("what", what.to_owned()),
        ("set", store.set()),
        ("generation", store.generation().to_string()),
        ("custodians", format!("{} of {custodians}", store.threshold())),
    ];
    audit::note(global, folder, Noted { facts: &facts, ..Noted::of(Act::KeyStore) })?;
    home::write(&path(folder), &store.to_bytes())
}

/// Makes the store of a new province; gives the id of its set.
pub fn make(
    global: &Global,
    folder: &Path,
    roots: &Roots,
    custodians: &[Custodian],
    threshold: u8,
) -> Result<String> {
    let mut source = entropy(global, "key store");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = KeyStore::make(roots, custodians, threshold, Cost::STANDARD, &mut random)?;
    keep(global, folder, &store, "made")?;
    Ok(store.set())
}

/// Custodians open the store, one after another.
fn open<'s>(global: &Global, folder: &Path, store: &'s KeyStore, why: &str) -> Result<Opened<'s>> {
    // The clock before anybody types a passphrase.
    drop(audit::begin(global, folder)?);
    let mut opening = store.opening();
    let mut who = Vec::new();
    while opening.missing() > 0 {
        let name = secret::patiently(|| {
            let waiting: Vec<&str> =
                store.custodians().filter(|name| opening.expects(name).is_ok()).collect();
            let words = format!("custodian ({}), {} still needed", waiting.join(", "), opening.missing());
            let name = secret::ask_openly(&words)?;
            if name.is_empty() {
                return Err(Failure::new(Kind::Usage, "no custodian was named").into());
            }
            opening.expects(&name)?;
            Ok(name)
        })?;
        secret::patiently(|| {
            let typed = secret::ask(&format!("passphrase of {name}"))?;
            Ok(opening.add(&name, &Passphrase::attempt(typed))?)
        })?;
        who.push(name);
    }
    let opened = opening.finish()?;
    let facts = [("custodians", who.join(", ")), ("for", why.to_owned())];
    audit::note(global, folder, Noted { facts: &facts, ..Noted::of(Act::OpenKeyStore) })?;
    Ok(opened)
}

/// The province's roots from its key store, for one act.
pub fn roots(global: &Global, folder: &Path, why: &str) -> Result<Roots> {
    let store = load(folder)?;
    let roots = open(global, folder, &store, why)?.into_roots();
    record(folder)?.confirm(&roots)?;
    Ok(roots)
}

fn record(folder: &Path) -> Result<CeremonyRecord> {
    let path = init::record_file(folder);
    serde_json::from_str(&home::read_text(&path)?).with_context(|| format!("{} is damaged", path.display()))
}

fn show(global: &Global, folder: &Path) -> Result<()> {
    let store = load(folder)?;
    let custodians: Vec<&str> = store.custodians().collect();
    let text = facts(&[
        ("root", format!("{} ({})", store.state().name(), store.suite().name())),
        ("custodians", format!("{} of {}", store.threshold(), custodians.join(", "))),
        ("set", store.set()),
        ("generation", store.generation().to_string()),
        ("cost of a passphrase", store.cost().to_string()),
    ]);
    let object = json!({
        "state": store.state().name(), "suite": store.suite().name(), "threshold": store.threshold(),
        "custodians": custodians, "set": store.set(), "generation": store.generation(),
    });
    answer(global, &text, object);
    Ok(())
}

fn check(global: &Global, folder: &Path) -> Result<()> {
    let roots = roots(global, folder, "a check")?;
    let checks = roots.check_values();
    let text = format!("the roots are those of the ceremony\n\n{}", checks_table(&checks));
    answer(global, &text, json!({ "check_values": checks_json(&checks) }));
    Ok(())
}

fn passphrase(global: &Global, folder: &Path, options: &NewPassphrase) -> Result<()> {
    let store = load(folder)?;
    must_be_sealed_in_earnest(global, &store)?;
    if !store.custodians().any(|name| name == options.custodian) {
        return Err(::kdc::keystore::KeyStoreError::NoCustodian.into());
    }
    let opened = open(global, folder, &store, "a new passphrase")?;
    let theirs = |typed: &Passphrase| store.is_anothers(&options.custodian, typed);
    let passphrase = secret::new_passphrase(&options.custodian, &theirs)?;
    let mut source = entropy(global, "key store passphrase");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = opened.with_passphrase(&options.custodian, &passphrase, &mut random)?;
    keep(global, folder, &store, &format!("new passphrase of {}", options.custodian))?;
    said(global, &store);
    Ok(())
}

/// Salts, nonces and shares of formal roots come from no seed.
fn must_be_sealed_in_earnest(global: &Global, store: &KeyStore) -> Result<()> {
    if store.state() == State::Formal { must_be_unseeded(global, "the seal of formal roots") } else { Ok(()) }
}

fn reshare(global: &Global, folder: &Path, options: &Reshare) -> Result<()> {
    let store = load(folder)?;
    must_be_sealed_in_earnest(global, &store)?;
    for (place, name) in options.custodians.iter().enumerate() {
        if options.custodians[..place].iter().any(|before| same_person(before, name)) {
            return Err(refused(format!("{name} is named twice: each custodian is another person"))
                .hint("name each custodian once, with --custodian NAME")
                .into());
        }
    }
    let opened = open(global, folder, &store, "other custodians")?;
    let mut custodians: Vec<Custodian> = Vec::new();
    for name in &options.custodians {
        let theirs = |typed: &Passphrase| custodians.iter().any(|before| before.passphrase.same_as(typed));
        let passphrase = secret::new_passphrase(name, &theirs)?;
        custodians.push(Custodian { name: name.clone(), passphrase });
    }
    let mut source = entropy(global, "key store reshare");
    let mut random = |bytes: &mut [u8]| source.fill(bytes);
    let store = opened.with_custodians(&custodians, options.threshold, &mut random)?;
    keep(global, folder, &store, "other custodians")?;
    say("copies of the file from before still open with the passphrases from before: destroy them");
    said(global, &store);
    Ok(())
}

fn said(global: &Global, store: &KeyStore) {
    let text = format!("the key store is sealed anew, generation {}", store.generation());
    answer(global, &text, json!({ "generation": store.generation(), "set": store.set() }));
}
