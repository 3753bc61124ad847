//! Copies of the books: made while the bank works, put back, moved into a database server.

use super::books::database;
use super::desk::Desk;
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::{Context, Result, refused};
use scheme::moment::Moment;
use scheme::names;
use serde::Serialize;
use server::{Copies, Options, Store, Sums, Training, TrainingError};
use std::path::{Path, PathBuf};

/// Books that were copied, put back or moved, and what both say.
#[derive(Debug, Clone, Serialize)]
pub struct CopyReport {
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Where they are.
    pub file: PathBuf,
    /// Tables.
    pub tables: usize,
    /// Rows of all of them.
    pub rows: i64,
    /// Transfers.
    pub transfers: i64,
    /// Money that came in.
    pub sold_fen: i64,
    /// All accounts together: nothing, if the books are in order.
    pub sum_fen: i64,
    /// Where each server's chain through the ledger stands: `SERVER:NUMBER:HASH`, a blank between two.
    pub heads: String,
    /// Of books that were put back: where those are that were there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<PathBuf>,
}

impl CopyReport {
    fn of(session: &Session, file: &Path, sums: &Sums) -> Result<Self> {
        let heads: Vec<String> = sums.heads.iter().map(ToString::to_string).collect();
        let report = CopyReport {
            at: session.now()?,
            file: file.to_owned(),
            tables: sums.rows.len(),
            rows: sums.rows.values().sum(),
            transfers: sums.rows.get("transfer").copied().unwrap_or_default(),
            sold_fen: sums.balance.money_in(),
            sum_fen: i64::try_from(sums.balance.sum()).unwrap_or(i64::MAX),
            heads: heads.join(" "),
            before: None,
        };
        log::fact(session, "copy_heads", &report.heads);
        Ok(report)
    }
}

/// Copies the books into a new file, as they are at one moment, and compares the sums of both.
///
/// # Errors
/// The file is there; the copy cannot be written, or does not say the same.
pub fn back_up(session: &Session, desk: &Desk, to: &Path) -> Result<CopyReport> {
    desk.folder(session)?;
    let sums = desk.books().back_up(to).with_context(|| to.display().to_string())?;
    CopyReport::of(session, to, &sums)
}

/// Puts a copy of the books into the bank's folder. The books that are there, if any, are laid beside it. What was sealed since
/// the copy was made, the PSAMs tell at the next sale. Two people do it: an older copy takes back what was settled, paid back and
/// ended since. `None`: a request for the second was written in its place.
///
/// # Errors
/// One person; the copy is damaged, or is none; somebody works with the books.
pub fn restore(session: &Session, from: &Path) -> Result<Option<CopyReport>> {
    let folder = super::folder(session)?;
    let place = database(&folder);
    if !from.exists() {
        return Err(refused(format!("there is no file {}", from.display())).into());
    }
    let copy = Store::open(from, Options::default()).with_context(|| from.display().to_string())?;
    copy.check().with_context(|| from.display().to_string())?;
    let wanted = copy.sums().with_context(|| from.display().to_string())?;
    // Of damaged books it cannot be asked what they were.
    if place.exists()
        && let Ok(now) = Store::open(&place, Options::default())
        && now.is_training()? != copy.is_training()?
    {
        return Err(TrainingError::Mixed.into());
    }
    let Some(two) = two_people(session, &folder, &copy, "putting back the books")? else {
        return Ok(None);
    };
    log::second(session, two.second());
    let before = if place.exists() { Some(aside(session, &folder)?) } else { None };
    match &before {
        None => drop(copy.back_up(&place).with_context(|| place.display().to_string())?),
        Some(aside) => put_over(&copy, &place, aside)?,
    }
    let sums = Store::open(&place, Options::default())
        .and_then(|books| books.sums())
        .with_context(|| place.display().to_string())?;
    if sums != wanted {
        return Err(refused("the books that were put back do not say what the copy says")
            .code("copy-differs")
            .into());
    }
    let mut report = CopyReport::of(session, &place, &sums)?;
    log::fact(session, log::RESTORED, &report.heads);
    report.before = before;
    Ok(Some(report))
}

/// Where books are laid that were there before.
fn aside(session: &Session, folder: &Path) -> Result<PathBuf> {
    let at: String = session.now()?.to_string().chars().filter(char::is_ascii_digit).collect();
    Ok(folder.join(format!("server-before-{at}.sqlite")))
}

/// Lays the books at a place beside it, and puts the copy there: in one step for whoever works with them. Damaged ones, with which
/// nobody can work, go as they are.
fn put_over(copy: &Store, place: &Path, aside: &Path) -> Result<()> {
    if let Ok(mut books) = Store::open(place, Options::default())
        && books.check().is_ok()
    {
        books.back_up(aside).with_context(|| aside.display().to_string())?;
        return books.take_from(copy).with_context(|| place.display().to_string());
    }
    for end in ["", "-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        if with(place).exists() {
            std::fs::rename(with(place), with(aside))
                .with_context(|| format!("cannot lay {} aside", place.display()))?;
        }
    }
    drop(copy.back_up(place).with_context(|| place.display().to_string())?);
    Ok(())
}

/// Moves the books of a SQLite file into new ones in a database server, every row as it is, and compares the sums of both. The
/// file stays as it was.
///
/// # Errors
/// The books there are not new, a row cannot be written, or the sums differ; nothing is kept there then.
pub fn move_books(session: &Session, from: &Path, to: &mut Store) -> Result<CopyReport> {
    super::folder(session)?;
    if !from.exists() {
        return Err(refused(format!("there is no file {}", from.display())).into());
    }
    let books = Store::open(from, Options::default()).with_context(|| from.display().to_string())?;
    let sums = books.move_into(to)?;
    CopyReport::of(session, from, &sums)
}
