//! Virtual cards out of the pack, each into its place with its pairing file.

use super::look::Office;
use crate::home;
use crate::places::{card_at, must_be_free};
use crate::session::{Session, out};
use crate::stock::visit;
use crate::trouble::{Context, Failure, Result, refused};
use office::store::{ItemKind, Stage, Store};
use scheme::pairing::file_name;
use scheme::profile::CardKind;
use scheme::subscription::Iccid;
use serde::Serialize;
use std::path::PathBuf;

/// Numbers read from the store at once.
const PORTION: usize = 500;

/// Which cards.
#[derive(Debug, Clone)]
pub struct TakeRequest {
    /// Numbers of the cards; none: all of the kind, or of the batch.
    pub numbers: Vec<String>,
    /// All cards of a batch.
    pub batch: Option<i64>,
    /// Kind of the cards.
    pub kind: CardKind,
    /// Folder for KIND-NUMBER.card and pairing-NUMBER.json. Default: the office's out.
    pub out: Option<PathBuf>,
    /// Whose.
    pub office: Office,
}

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeReport {
    /// How many cards.
    pub taken: u64,
    /// The folder they are in.
    pub out: PathBuf,
    /// The first of the cards.
    pub files: Vec<PathBuf>,
}

/// Takes cards out.
///
/// # Errors
/// A card is not in the pack; something else stands in its place.
pub fn take(session: &Session, request: &TakeRequest) -> Result<TakeReport> {
    let folder = request.office.folder(session)?;
    let to = match &request.out {
        Some(out) => {
            disk::create_folder(out).with_context(|| format!("cannot make {}", out.display()))?;
            out.clone()
        }
        None => out(&folder)?,
    };
    let mut store = visit(&folder)?;
    let at = session.now()?.to_string();
    let report = TakeReport { taken: 0, out: to, files: Vec::new() };
    let mut taking = Taking { session, kind: request.kind, at, report };
    if request.numbers.is_empty() {
        let (kind, mut after) = (ItemKind::Card(request.kind), String::new());
        loop {
            let numbers = store.packed_numbers(kind, request.batch, &after, PORTION)?;
            let Some(last) = numbers.last() else { break };
            after.clone_from(last);
            for number in &numbers {
                taking.one(&mut store, number)?;
            }
        }
    }
    for number in &request.numbers {
        // A SIM is kept under its ICCID in one form, however it is typed.
        let iccid = number.parse::<Iccid>().ok().filter(|_| request.kind == CardKind::Sim);
        taking.one(&mut store, iccid.as_ref().map_or(number, Iccid::as_str))?;
    }
    Ok(taking.report)
}

struct Taking<'s> {
    session: &'s Session,
    kind: CardKind,
    at: String,
    report: TakeReport,
}

impl Taking<'_> {
    fn one(&mut self, store: &mut Store, number: &str) -> Result<()> {
        let kind = ItemKind::Card(self.kind);
        let Some(packed) = store.packed(kind, number)? else {
            return Err(self.not_here(store, number)?.into());
        };
        let name = if self.kind == CardKind::Sim {
            format!("{number}.card")
        } else {
            format!("{}-{number}.card", self.kind.name())
        };
        let card = self.report.out.join(name);
        if let Some(image) = &packed.image {
            // A card that an interrupted run left there, the same to the byte, stays.
            self.session.cards.unpack(image, &card_at(&card))?;
        }
        if let (Some(pairing), Ok(meter)) = (&packed.pairing, number.parse()) {
            let place = self.report.out.join(file_name(meter));
            if home::read_text(&place).is_ok_and(|found| found != *pairing) {
                must_be_free(&place)?;
            }
            home::write(&place, pairing.as_bytes())?;
        }
        store.taken_out(kind, number, &card.display().to_string(), &self.at)?;
        self.report.taken += 1;
        if self.report.files.len() < PORTION {
            self.report.files.push(card);
        }
        Ok(())
    }

    fn not_here(&self, store: &Store, number: &str) -> Result<Failure> {
        let kind = ItemKind::Card(self.kind);
        Ok(match store.numbered(kind, number)? {
            Some(item) if item.stage >= Stage::Issued => {
                refused(format!("the pack holds no image of {} {number} any more", self.kind.name()))
                    .hint(format!("`gridcard stock show {number}` tells where it went"))
            }
            _ => refused(format!("no {} {number} was issued here", self.kind.name()))
                .hint("`gridcard stock list` shows what was; look at the number again"),
        })
    }
}
