//! Backups: one file out, a whole home back.

use super::{files, is_card, is_database};
use crate::home::{self, Home};
use crate::log::{self, Noted};
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, refused};
use disk::{Durability, Lock, LockError};
use office::audit::{Hash, LOG, LogEvent, head_of};
use scheme::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Builder, EntryType, Header};

const FORMAT: &str = "gridcard backup 1";
/// Name of the list in front of the archive.
const LIST: &str = "gridcard-backup.json";
/// Bytes of the list that are read at most.
const LONGEST_LIST: u64 = 64 << 20;

/// A party in an archive: where its log ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Lines of its log.
    pub lines: u64,
    /// Hash of the last.
    pub hash: Hash,
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    bytes: u64,
    sha256: String,
}

/// The list in front of an archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: String,
    at: String,
    parties: BTreeMap<String, Kept>,
    files: BTreeMap<String, Member>,
}

/// What a backup holds.
#[derive(Debug, Clone, Serialize)]
pub struct BackupReport {
    /// The archive.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// When it was made.
    pub at: String,
    /// The parties in it, and where their logs ended.
    pub parties: BTreeMap<String, Kept>,
    /// Files in it.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// A home that was put back.
#[derive(Debug, Clone, Serialize)]
pub struct RestoreReport {
    /// The home.
    pub home: String,
    /// When its backup was made.
    pub at: String,
    /// The parties in it, and where their logs ended.
    pub parties: BTreeMap<String, Kept>,
    /// Files put back.
    pub files: usize,
}

/// A copy of a database while an archive is written; it goes with this value.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // a leftover is hidden, and goes with the next act of its party
    }
}

fn sha256(file: &mut File) -> std::io::Result<(u64, String)> {
    use sha2::{Digest, Sha256};
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    file.seek(SeekFrom::Start(0))?;
    Ok((bytes, hex::encode(hash.finalize())))
}

/// Writes every file of every party of the home into one archive. Every card is held meanwhile, a database is copied as of one
/// moment, and the logs come last: they may be longer than what vouches for them, never shorter.
///
/// # Errors
/// There is no party; a card is in use; a file cannot be read or written; the archive is there already.
pub fn backup(session: &Session, out: &Path) -> Result<BackupReport> {
    let home = Home::new(session);
    let folders = home.some_folders()?;
    if std::fs::symlink_metadata(out).is_ok() {
        return Err(refused(format!("{} is there already", out.display()))
            .hint("a backup never overwrites another")
            .into());
    }
    let mut found = Vec::new();
    for folder in &folders {
        found.extend(files(folder)?);
    }
    let _locks: Vec<Lock> =
        found.iter().filter(|path| is_card(path)).map(|path| hold(session, path)).collect::<Result<_>>()?;
    // Databases first, logs last.
    found.sort_by_key(|path| (!is_database(path), path.file_name().is_some_and(|name| name == LOG)));
    let at = session.now()?.to_string();
    let (mut opened, mut copies) = (Vec::new(), Vec::new());
    let mut list =
        List { format: FORMAT.to_owned(), at: at.clone(), parties: BTreeMap::new(), files: BTreeMap::new() };
    for path in &found {
        let name = name_of(home.root(), path)?;
        let source = if is_database(path) {
            let copy = Copy(beside(out, copies.len()));
            office::database::copy(path, &copy.0)?;
            let source = copy.0.clone();
            copies.push(copy);
            source
        } else {
            path.clone()
        };
        let mut file = File::open(&source).with_context(|| format!("cannot read {}", path.display()))?;
        let (bytes, sha256) = sha256(&mut file).with_context(|| format!("cannot read {}", path.display()))?;
        list.files.insert(name.clone(), Member { bytes, sha256 });
        opened.push((name, bytes, file));
    }
    for folder in &folders {
        let party = crate::home::owner(folder)?.map_or_else(|| "nobody".to_owned(), crate::Party::folder);
        let head = head_of(&folder.join(LOG))?.unwrap_or_default();
        list.parties.insert(party, Kept { lines: head.lines, hash: head.hash });
    }
    let text = serde_json::to_vec_pretty(&list)?;
    disk::replace_with(out, Durability::Synced, |file| -> std::io::Result<()> {
        let mut archive = Builder::new(file);
        archive.append_data(&mut header(text.len() as u64), LIST, &text[..])?;
        for (name, bytes, file) in &mut opened {
            // A log that grew meanwhile is kept as far as its hash says.
            archive.append_data(&mut header(*bytes), &*name, file.take(*bytes))?;
        }
        archive.finish()
    })
    .with_context(|| format!("cannot write {}", out.display()))?;
    let mut written = File::open(out).with_context(|| format!("cannot read {}", out.display()))?;
    let (bytes, sha256) = sha256(&mut written).with_context(|| format!("cannot read {}", out.display()))?;
    let facts = [("backup", out.display().to_string()), ("sha256", sha256.clone())];
    for folder in &folders {
        note(session, folder, "home backup", &facts)?;
    }
    Ok(BackupReport {
        file: out.display().to_string(),
        sha256,
        at,
        parties: list.parties,
        files: list.files.len(),
        bytes,
    })
}

fn note(session: &Session, folder: &Path, act: &str, facts: &[(&str, String)]) -> Result<()> {
    log::note(session, folder, Noted { facts, ..Noted::of(LogEvent::Other(act.to_owned())) })
}

fn hold(session: &Session, card: &Path) -> Result<Lock> {
    Lock::take(card, session.patience, "home backup", |_| false).map_err(|error| match error {
        LockError::Held(holder) => {
            let who = holder.name().map(|(pid, name)| format!(": process {pid}, gridcard {name}"));
            Failure::new(
                Kind::Absent,
                format!("{} is in use by another command{}", card.display(), who.unwrap_or_default()),
            )
            .hint("end that command; a backup holds every card while it is made")
            .into()
        }
        LockError::Io(error) => {
            crate::Trouble::from(error).context(format!("cannot lock {}", card.display()))
        }
    })
}

/// A hidden name beside the archive for a copy.
fn beside(out: &Path, number: usize) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!(".{name}.{}-{number}.database", std::process::id()))
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(bytes);
    header
}

/// A file's name in the archive: its path from the home, with slashes.
fn name_of(root: &Path, path: &Path) -> Result<String> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
    let parts = parts.with_context(|| format!("{} has a name that is not UTF-8", path.display()))?;
    Ok(parts.join("/"))
}

/// A path of an archive: below the home, and nowhere else.
fn inside(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !name.is_empty()).then(|| path.to_owned())
}

/// Puts a whole home back where none is: every file of the archive's list with the hash it has there, or nothing at all.
///
/// # Errors
/// Something is there already; it is no backup; a file is missing, another, or more.
pub fn restore(session: &Session, archive: &Path) -> Result<RestoreReport> {
    let root = &session.home;
    if root.exists() && std::fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(refused(format!("{} is not empty", root.display()))
            .hint("name a folder that is not there yet with --home DIR")
            .into());
    }
    let named = || archive.display().to_string();
    let file = File::open(archive).with_context(|| format!("cannot read {}", archive.display()))?;
    let mut members = Archive::new(file);
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let new = root.with_file_name(format!(".{name}.{}.restore", std::process::id()));
    let put = unpack(&mut members, &new).with_context(named).and_then(|list| {
        if root.exists() {
            std::fs::remove_dir(root).with_context(|| format!("cannot replace {}", root.display()))?;
        }
        std::fs::rename(&new, root).with_context(|| format!("cannot make {}", root.display()))?;
        Ok(list)
    });
    let list = put.inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&new); // the error that matters is the first
    })?;
    let facts = [("backup", archive.display().to_string()), ("made", list.at.clone())];
    for folder in Home::new(session).folders()? {
        note(session, &folder, "home restore", &facts)?;
    }
    Ok(RestoreReport {
        home: root.display().to_string(),
        at: list.at,
        parties: list.parties,
        files: list.files.len(),
    })
}

fn unpack(archive: &mut Archive<File>, to: &Path) -> Result<List> {
    let mut list: Option<List> = None;
    let mut left: BTreeMap<String, Member> = BTreeMap::new();
    for member in archive.entries().context("it is no archive")? {
        let mut member = member.context("it is no archive, or was cut")?;
        let name = member.path().context("it is no archive")?.to_string_lossy().into_owned();
        let Some(known) = &list else {
            if name != LIST {
                return Err(refused("it is no backup of a home: its list is missing").into());
            }
            let mut text = Vec::new();
            member.by_ref().take(LONGEST_LIST).read_to_end(&mut text).context("its list cannot be read")?;
            let read: List = serde_json::from_slice(&text).context("its list cannot be read")?;
            if read.format != FORMAT {
                let words = format!("it is of format {:?}, this program knows {FORMAT:?}", read.format);
                return Err(refused(words).hint("use the program that made it").into());
            }
            left.clone_from(&read.files);
            home::make_folder(to)?;
            list = Some(read);
            continue;
        };
        let (Some(expected), Some(path)) = (left.remove(&name), inside(&name)) else {
            let twice = known.files.contains_key(&name);
            let words = if twice { "twice" } else { "and its list does not name it" };
            return Err(refused(format!("{name} is in it {words}")).into());
        };
        let path = to.join(path);
        if let Some(folder) = path.parent() {
            home::make_folder(folder)?;
        }
        disk::replace_with(&path, Durability::Synced, |file| std::io::copy(&mut member, file).map(drop))
            .with_context(|| format!("cannot write {}", path.display()))?;
        let mut written = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let (bytes, sha256) =
            sha256(&mut written).with_context(|| format!("cannot read {}", path.display()))?;
        if (bytes, &sha256) != (expected.bytes, &expected.sha256) {
            return Err(refused(format!("{name} is not what its list says: it was changed or cut"))
                .hint("take another backup; this one is damaged")
                .into());
        }
    }
    let list = list.ok_or_else(|| refused("it is no backup of a home: it is empty"))?;
    match left.keys().next() {
        Some(name) => Err(refused(format!("{name} is missing in it: it was cut"))
            .hint("take another backup; this one is damaged")
            .into()),
        None => Ok(list),
    }
}
