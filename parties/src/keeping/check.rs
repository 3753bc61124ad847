//! Looking a home over, and bringing its stores up to this program's schemas.

use super::{files, is_card, is_database};
use crate::bank;
use crate::cards::CardHandle;
use crate::home::{self, Home, MARKER};
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use crate::vouch;
use office::audit::{LOG, verify_against};
use office::store::{FILE, Store};
use reader::driver::fmcos::Fmcos;
use scheme::fault::Told;
use serde::Serialize;
use std::path::Path;

/// A database of a party.
#[derive(Debug, Clone, Serialize)]
pub struct StoreCheck {
    /// Its file.
    pub file: String,
    /// Version of its schema.
    pub schema: i64,
    /// The version this program writes.
    pub known: i64,
}

/// What was found in a party's folder.
#[derive(Debug, Clone, Serialize)]
pub struct PartyCheck {
    /// The party.
    pub party: String,
    /// Its folder.
    pub folder: String,
    /// Its databases.
    pub stores: Vec<StoreCheck>,
    /// Lines of its log.
    pub log_lines: u64,
    /// Virtual cards in it.
    pub cards: usize,
    /// Cards of the older make, which are read and no more.
    pub older: Vec<String>,
    /// What is wrong, each with the file it is about.
    pub findings: Vec<Told>,
}

/// A home that was looked over.
#[derive(Debug, Clone, Serialize)]
pub struct CheckReport {
    /// The home.
    pub home: String,
    /// Its parties.
    pub parties: Vec<PartyCheck>,
    /// Findings of all.
    pub findings: usize,
}

/// Looks a home over: owners and modes, schemas and whole databases, the log against those who vouch for it, every virtual card.
/// Nothing is changed.
///
/// # Errors
/// There is no party; a folder cannot be read.
pub fn check(session: &Session) -> Result<CheckReport> {
    let home = Home::new(session);
    let folders = home.some_folders()?;
    let parties = folders.iter().map(|folder| party(session, folder)).collect::<Result<Vec<PartyCheck>>>()?;
    let findings = parties.iter().map(|party| party.findings.len()).sum();
    Ok(CheckReport { home: home.root().display().to_string(), parties, findings })
}

fn party(session: &Session, folder: &Path) -> Result<PartyCheck> {
    let owner = home::owner(folder)?.context("a folder of a home is a party's")?;
    let mut found = PartyCheck {
        party: owner.folder(),
        folder: folder.display().to_string(),
        stores: Vec::new(),
        log_lines: 0,
        cards: 0,
        older: Vec::new(),
        findings: Vec::new(),
    };
    modes(folder, &mut found);
    for path in files(folder)? {
        modes(&path, &mut found);
        let named = |code: &str, words: String| Told::new(code, format!("{}: {words}", path.display()));
        if is_database(&path) {
            match database(&path) {
                Ok((store, damage)) => {
                    found.findings.extend(damage.map(|words| named("home-store-damaged", words)));
                    if store.schema > store.known {
                        found.findings.push(named("home-store-newer", "it is of a newer program".to_owned()));
                    }
                    found.stores.push(store);
                }
                Err(error) => found.findings.push(error.told()),
            }
        } else if is_card(&path) {
            found.cards += 1;
            match is_older(session, &path) {
                Ok(true) => found.older.push(path.display().to_string()),
                Ok(false) => {}
                Err(error) => found.findings.push(error.told()),
            }
        }
    }
    the_log(folder, &mut found);
    if !folder.join(MARKER).exists() {
        found
            .findings
            .push(Told::new("home-no-role", format!("{}: nothing says whose it is", folder.display())));
    }
    Ok(found)
}

/// A folder or file of a party is its owner's alone to read.
fn modes(path: &Path, found: &mut PartyCheck) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(data) = std::fs::metadata(path)
            && data.permissions().mode() & 0o077 != 0
        {
            let mode = data.permissions().mode() & 0o777;
            let words = format!("{}: others may read it (mode {mode:o})", path.display());
            found.findings.push(Told::new("home-mode", words));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, found);
}

fn database(path: &Path) -> Result<(StoreCheck, Option<String>)> {
    let known = if path.file_name().is_some_and(|name| name == FILE) {
        office::store::SCHEMA_VERSION
    } else {
        server::schema::SCHEMA_VERSION
    };
    let schema = office::database::look(path)?.schema;
    let damage = office::database::damage(path)?;
    Ok((StoreCheck { file: path.display().to_string(), schema, known }, damage))
}

fn is_older(session: &Session, path: &Path) -> Result<bool> {
    let (mut card, kind) = CardHandle::open_any(session, path)?;
    let older = if kind.is_sim() {
        false
    } else {
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.reset()?;
        // A blank, and a plain card, have no card information, and are of no make.
        fmcos.select_mf().and_then(|_| fmcos.card_info()).is_ok_and(|info| info.is_older_make())
    };
    card.close()?;
    Ok(older)
}

fn the_log(folder: &Path, found: &mut PartyCheck) {
    let looked = vouch::kept(folder)
        .and_then(|anchors| Ok(verify_against(&folder.join(LOG), None, &anchors, |_| {})?));
    match looked {
        Ok(report) => {
            found.log_lines = report.head.lines;
            found.findings.extend(report.findings.iter().map(Told::of));
        }
        // A party that did nothing yet has no log.
        Err(_) if !folder.join(LOG).exists() => {}
        Err(error) => found.findings.push(error.told()),
    }
}

/// Stores before and after.
#[derive(Debug, Clone, Serialize)]
pub struct UpgradeReport {
    /// The home.
    pub home: String,
    /// Each store: its file, and the version it had and has.
    pub stores: Vec<Upgraded>,
    /// Cards of the older make: no program makes a card of now of one.
    pub older: Vec<String>,
}

/// A store that was looked at, and migrated where that was due.
#[derive(Debug, Clone, Serialize)]
pub struct Upgraded {
    /// Its file.
    pub file: String,
    /// Version before.
    pub from: i64,
    /// Version now.
    pub to: i64,
}

/// Brings the stores of every party up to this program's schemas. A store of a newer program stops it before anything is changed.
///
/// # Errors
/// A store of a newer program, or a damaged one.
pub fn upgrade(session: &Session) -> Result<UpgradeReport> {
    let report = check(session)?;
    for party in &report.parties {
        if let Some(store) = party.stores.iter().find(|store| store.schema > store.known) {
            return Err(refused(format!(
                "{} is of schema version {}, this program knows up to {}",
                store.file, store.schema, store.known
            ))
            .hint("use the newer program")
            .into());
        }
    }
    let mut stores = Vec::new();
    for party in &report.parties {
        let folder = Path::new(&party.folder);
        for store in &party.stores {
            let path = Path::new(&store.file);
            if path.file_name().is_some_and(|name| name == FILE) {
                Store::visit(path)?;
            } else {
                bank::store(folder)?;
            }
            let to = office::database::look(path)?.schema;
            stores.push(Upgraded { file: store.file.clone(), from: store.schema, to });
        }
        let changed: Vec<(&str, String)> = stores
            .iter()
            .filter(|store| Path::new(&store.file).starts_with(folder) && store.from != store.to)
            .map(|store| ("store", format!("{}: {} to {}", store.file, store.from, store.to)))
            .collect();
        if !changed.is_empty() {
            let act = office::audit::LogEvent::Other("home upgrade".to_owned());
            log::note(session, folder, log::Noted { facts: &changed, ..log::Noted::of(act) })?;
        }
    }
    let older = report.parties.into_iter().flat_map(|party| party.older).collect();
    Ok(UpgradeReport { home: report.home, stores, older })
}
