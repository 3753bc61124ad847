//! A log or a ledger cut short, changed, or put back to what it was, by whoever has the bank's disk. What speaks against him: the log's own head
//! file, the books, the PSAM's chain.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::Seed;
use crate::people;
use crate::place::World;
use crate::town::Town;
use disk::Durability;
use keys::Suite;
use parties::bank::{self, Desk};
use parties::log::reading::{self, VerifyRequest, Which};
use parties::trouble::{Context, Result};
use parties::{Deed, Party};
use scheme::money::Fen;
use server::Registration;
use std::path::{Path, PathBuf};

/// What stands in the bank's folder for its log, for where the log ends, and for its books.
const LOG: &str = "audit.jsonl";
const HEAD: &str = "audit.head";
const BOOKS: [&str; 3] = ["server.sqlite", "server.sqlite-wal", "server.sqlite-shm"];
/// Lines that are cut off the log's end, at most.
const CUT: usize = 6;

/// Both.
pub fn rows(suite: Suite, seed: Seed) -> Result<Vec<Row>> {
    // Files, since that is what somebody cuts; a folder of its own, which goes with it.
    let home = std::env::temp_dir().join(format!("gridcard-proof-{}-{}", std::process::id(), suite.name()));
    let world = World::new(&home, crate::bare::BEGIN, Some(seed.0));
    let tried = Town::new(world, people::made_up(2)?, suite).and_then(|town| tried(&town));
    let removed = std::fs::remove_dir_all(&home);
    let rows = tried?;
    removed.with_context(|| format!("cannot remove {}", home.display()))?;
    Ok(rows)
}

/// A file of the bank's as it was.
type Kept = Vec<(PathBuf, Option<Vec<u8>>)>;

fn keep(folder: &Path, names: &[&str]) -> Result<Kept> {
    let mut kept = Vec::new();
    for name in names {
        let path = folder.join(name);
        let bytes = match path.exists() {
            true => Some(std::fs::read(&path).with_context(|| path.display().to_string())?),
            false => None,
        };
        kept.push((path, bytes));
    }
    Ok(kept)
}

fn put_back(kept: &Kept) -> Result<()> {
    for (path, bytes) in kept {
        match bytes {
            Some(bytes) => {
                disk::replace(path, bytes, Durability::Soon).with_context(|| path.display().to_string())?
            }
            None if path.exists() => {
                std::fs::remove_file(path).with_context(|| path.display().to_string())?
            }
            None => {}
        }
    }
    Ok(())
}

fn tried(town: &Town) -> Result<Vec<Row>> {
    town.settle_down()?;
    let folder = town.folder(Party::Bank);
    let [first, second] = town.people() else {
        return Err(parties::trouble::refused("two customers").into());
    };
    town.sell(first, Fen(20_00))?;
    let all = [&[LOG, HEAD][..], &BOOKS].concat();
    let before = keep(&folder, &all)?;
    town.world().clock().later(3600);
    town.sell(second, Fen(30_00))?;
    Ok(vec![logs(town, &folder)?, ledgers(town, &folder, &before, second)?])
}

/// What the bank's own `audit verify` says; the codes of what it finds.
fn said_of_log(town: &Town, folder: &Path) -> Result<Vec<String>> {
    let request = VerifyRequest { which: Which::Own(folder.to_owned()), head: None, against: Vec::new() };
    match town.world().act(Deed::Look, |session| reading::check(session, &request)) {
        Ok(report) => Ok(report.findings.iter().map(|found| found.code.to_string()).collect()),
        Err(error) => Ok(vec![error.code().to_owned()]),
    }
}

/// The log cut, changed, put into another order, gone, with its head file and without.
fn logs(town: &Town, folder: &Path) -> Result<Row> {
    let mut row = Row::new(PROOF, "a log cut short or rewritten while its books and cards know more");
    let whole = keep(folder, &[LOG, HEAD])?;
    if !said_of_log(town, folder)?.is_empty() {
        row.went_through("a finding where nothing is wrong");
    }
    let path = folder.join(LOG);
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut touched: Vec<(String, String)> = Vec::new();
    for cut in 1..=CUT.min(lines.len().saturating_sub(1)) {
        touched.push((format!("{cut} line(s) cut off"), lines[..lines.len() - cut].concat()));
    }
    for at in 1..lines.len() {
        touched
            .push((format!("line {} taken out", at + 1), [&lines[..at], &lines[at + 1..]].concat().concat()));
        let mut swapped = lines.clone();
        swapped.swap(at - 1, at);
        touched.push((format!("lines {at} and {} changed over", at + 1), swapped.concat()));
        let mut changed = lines.clone();
        let other = changed[at].replacen("2026", "2025", 1);
        changed[at] = &other;
        touched.push((format!("line {} of another year", at + 1), changed.concat()));
    }
    for (what, text) in touched {
        for head_too in [false, true] {
            disk::replace(&path, text.as_bytes(), Durability::Soon)
                .with_context(|| path.display().to_string())?;
            if head_too {
                // What names the end goes with it: the books and the cards are left to speak.
                std::fs::remove_file(folder.join(HEAD)).with_context(|| HEAD.to_owned())?;
            }
            match said_of_log(town, folder)?.first() {
                Some(code) => row.stopped(code.clone()),
                None => row.went_through(format!("{what}, head file gone: {head_too}")),
            }
            put_back(&whole)?;
        }
    }
    for name in [LOG, HEAD] {
        std::fs::remove_file(folder.join(name)).with_context(|| name.to_owned())?;
    }
    match said_of_log(town, folder)?.first() {
        Some(code) => row.stopped(code.clone()),
        None => row.went_through("log and head file gone"),
    }
    put_back(&whole)?;
    Ok(row)
}

/// The ledger of before a sale in the place of the one of after it, alone and with the log of before: `server verify` and the next sale say so.
fn ledgers(town: &Town, folder: &Path, before: &Kept, buyer: &Registration) -> Result<Row> {
    let mut row = Row::new(PROOF, "a ledger cut short, or put back with its log, while the PSAM counts more");
    let all = [&[LOG, HEAD][..], &BOOKS].concat();
    let whole = keep(folder, &all)?;
    let verified = |town: &Town| -> Result<Option<String>> {
        let verified = town
            .world()
            .act(Deed::One("server verify"), |session| bank::verify(session, &mut Desk::open(session)?));
        Ok(match verified {
            Ok(report) if report.agree && report.wrong.is_empty() => None,
            Ok(report) => {
                Some(report.wrong.first().map_or("findings".to_owned(), |told| told.code.to_string()))
            }
            Err(error) => Some(error.code().to_owned()),
        })
    };
    match verified(town)? {
        None => row.stopped("nothing is found where nothing is wrong"),
        Some(found) => row.went_through(format!("found where nothing is wrong: {found}")),
    }
    let whole_after = keep(folder, &all)?;
    let is_books =
        |path: &Path| path.file_name().is_some_and(|name| BOOKS.iter().any(|books| name == *books));
    for with_log in [false, true] {
        let put: Kept = before.iter().filter(|(path, _)| with_log || is_books(path)).cloned().collect();
        put_back(&put)?;
        match verified(town)? {
            Some(found) => row.stopped(format!("server verify: {found}")),
            None => row.went_through(format!("server verify finds nothing, log put back too: {with_log}")),
        }
        put_back(&whole_after)?;
        put_back(&put)?;
        match town.sell(buyer, Fen(10_00)) {
            Err(error) => row.stopped(format!("the next sale: {}", error.code())),
            Ok(_) => row.went_through(format!("sold by books of before, log put back too: {with_log}")),
        }
        put_back(&whole_after)?;
    }
    put_back(&whole)?;
    Ok(row)
}
