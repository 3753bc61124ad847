//! What vouches for a party's log: its store or its books, its cards' counters, the list of operators, and the files
//! that other parties gave or got [docs/specs/audit.md 4].

pub(crate) mod ends;

pub use ends::{keep, kept};

use crate::bank::books::{self, database};
use crate::bank::pool;
use crate::cards::CardHandle;
use crate::city::issuing_card;
use crate::home::{self, Party};
use crate::log;
use crate::places::{self, card_at};
use crate::session::Session;
use crate::trouble::{Context, Result};
use office::audit::{Anchor, AuditFinding, Entry, Hash, Head, LogEvent, head_of};
use office::store::{FILE, Store};
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use scheme::profile::CardKind;
use serde::{Deserialize, Serialize};
use server::OrderSealer;
use std::path::{Path, PathBuf};

/// Where a party's log stood when it gave something out: what every file that crosses between parties carries as `log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The party, by the name of its folder.
    pub party: String,
    /// Lines of its log.
    pub lines: u64,
    /// Hash of the last.
    pub hash: Hash,
}

/// Name of the fact by which a receiver's log keeps an [`Origin`].
pub const RECEIVED: &str = "received";

impl Origin {
    /// Of a party's folder, as its log stands now.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn of(folder: &Path) -> Result<Self> {
        let party = home::owner(folder)?.map_or_else(|| "nobody".to_owned(), Party::folder);
        let head = head_of(&folder.join(office::audit::LOG))?.unwrap_or_default();
        Ok(Origin { party, lines: head.lines, hash: head.hash })
    }

    /// What a file carries as `log`.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn value(folder: &Path) -> Result<serde_json::Value> {
        Ok(serde_json::to_value(Origin::of(folder)?)?)
    }

    /// Notes in the receiver's line of the log that a file of this origin came.
    pub fn received(&self, session: &Session) {
        log::fact(session, RECEIVED, self.words());
    }

    /// As the log keeps it: `party lines hash`.
    pub fn words(&self) -> String {
        format!("{} {} {}", self.party, self.lines, self.hash)
    }

    fn parse(words: &str) -> Option<Self> {
        let mut words = words.split(' ');
        let origin = Origin {
            party: words.next()?.to_owned(),
            lines: words.next()?.parse().ok()?,
            hash: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(origin)
    }
}

/// Notes in the receiver's line of the log what a file carries as `log`; of a file without one nothing.
pub fn received(session: &Session, log: &serde_json::Value) {
    if let Ok(origin) = serde_json::from_value::<Origin>(log.clone()) {
        origin.received(session);
    }
}

/// What the files given say of this party's log: objects with a `log`, or logs of others with what they received.
///
/// # Errors
/// A file that cannot be read, or that says nothing of any log.
pub fn files(party: Party, files: &[PathBuf]) -> Result<Vec<Anchor>> {
    let mut anchors = Vec::new();
    for file in files {
        let text = home::read_text(file)?;
        let found = origins(&text);
        if found.is_empty() {
            let words = format!("{} says nothing of anybody's log", file.display());
            return Err(crate::trouble::refused(words)
                .hint("name files that came from this party, or logs of parties that took something from it")
                .into());
        }
        let own = found.into_iter().filter(|origin| origin.party == party.folder() && origin.lines > 0);
        anchors.extend(own.map(|origin| Anchor {
            by: file.display().to_string(),
            head: Head { lines: origin.lines, hash: origin.hash },
        }));
    }
    Ok(anchors)
}

fn origins(text: &str) -> Vec<Origin> {
    #[derive(Deserialize)]
    struct Carrier {
        log: Origin,
    }
    if let Ok(carrier) = serde_json::from_str::<Carrier>(text) {
        return vec![carrier.log];
    }
    let mut found = Vec::new();
    for line in text.lines() {
        let Ok(entry) = serde_json::from_str::<Entry>(line) else { continue };
        let received = entry.facts.get(RECEIVED).map_or("", String::as_str);
        found.extend(received.split(", ").filter_map(Origin::parse));
    }
    found
}

/// What the cards in a party's folder count against what its store and its books can explain; cards that are not there are
/// named.
///
/// # Errors
/// The store or the books cannot be read.
pub fn cards(session: &Session, folder: &Path) -> Result<(Vec<AuditFinding>, Vec<String>)> {
    let (mut findings, mut absent) = (Vec::new(), Vec::new());
    let store = folder.join(FILE);
    let made_by = [
        (CardKind::PsamIssuing, &[CardKind::Psam, CardKind::UserCard][..]),
        (CardKind::EsamIssuing, &[CardKind::Esam, CardKind::ProductionCard]),
        (CardKind::TestIssuing, &[CardKind::TestCard]),
    ];
    for (issuing, kinds) in made_by {
        let place = issuing_card(folder, issuing);
        if !places::taken(session, &place) {
            continue;
        }
        let Some(made) = look(&mut absent, issuing.name(), || made(session, &place, issuing)) else {
            continue;
        };
        let mut known = 0;
        if store.exists() {
            let store = Store::visit(&store)?;
            for kind in kinds {
                known += store.begun(kind.code())?;
            }
        }
        if made > known {
            findings.push(AuditFinding::Card { card: format!("the {} card", issuing.name()), made, known });
        }
    }
    for place in pool::places(session, folder)? {
        let Some((number, made)) = look(&mut absent, "psam", || sealed(session, &place)) else { continue };
        let books = database(folder);
        let known = if books.exists() { books::store(folder)?.explained_of(&number)? } else { 0 };
        if made > known {
            findings.push(AuditFinding::Card { card: format!("PSAM {number}"), made, known });
        }
    }
    Ok((findings, absent))
}

fn look<T>(absent: &mut Vec<String>, name: &str, at: impl FnOnce() -> Result<T>) -> Option<T> {
    match at() {
        Ok(made) => Some(made),
        Err(error) => {
            absent.push(format!("{name} ({})", error));
            None
        }
    }
}

/// Cards an issuing card has made; it is free to read.
fn made(session: &Session, place: &Path, kind: CardKind) -> Result<u64> {
    let mut handle = CardHandle::open(session, &card_at(place), kind)?;
    let mut card = IssuingCard::new(&mut handle);
    card.fmcos().reset()?;
    card.fmcos().select_mf()?;
    let made = card.counter()?.map_or(0, |counter| u64::from(counter.made));
    handle.close()?;
    Ok(made)
}

/// A PSAM's number, and the orders it has sealed; free to read.
fn sealed(session: &Session, place: &Path) -> Result<(String, u64)> {
    let mut card = CardHandle::open(session, &card_at(place), CardKind::Psam)?;
    let mut psam = Psam::open(&mut card)?;
    let (number, made) = (OrderSealer::number(&psam), psam.sealed_count()?);
    card.close()?;
    Ok((number, u64::from(made)))
}

/// The list of operators against the last line that changed it: the line and the hash it says, as the log was read.
///
/// # Errors
/// The list cannot be read.
pub fn operators(folder: &Path, said: Option<(u64, Hash)>) -> Result<Option<AuditFinding>> {
    let path = folder.join(crate::people::operators::FILE);
    let there = path
        .exists()
        .then(|| std::fs::read(&path))
        .transpose()
        .with_context(|| path.display().to_string())?;
    let there = there.map(|bytes| Hash::of(&bytes));
    let same = there == said.map(|(_, hash)| hash);
    Ok((!same).then(|| AuditFinding::Operators { line: said.map_or(0, |(line, _)| line) }))
}

/// What a line says of the list of operators.
pub fn operators_line(entry: &Entry) -> Option<(u64, Hash)> {
    let hash = entry.facts.get("sha256")?.parse().ok()?;
    (entry.act == LogEvent::Operator).then_some((entry.no, hash))
}
