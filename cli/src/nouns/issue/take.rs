//! `issue take`: virtual cards out of the pack, as card files.

use super::{Office, office_folder, visit};
use crate::args::Global;
use crate::clock::now;
use crate::fail::{Failure, Kind, refused};
use crate::home;
use crate::nouns::card::must_not_exist;
use crate::nouns::esam::pairing_name;
use crate::nouns::kdc::out;
use crate::output::{answer, say};
use ::office::store::{ItemKind, Stage, Store};
use clap::Args;
use parties::trouble::{Context, Result};
use scheme::profile::CardKind;
use serde_json::json;
use std::path::{Path, PathBuf};
use vcard::Image;

/// Options of `issue take`.
#[derive(Debug, Args)]
pub struct Take {
    /// Numbers of the cards.
    #[arg(required_unless_present_any = ["batch", "all"], conflicts_with_all = ["batch", "all"])]
    pub numbers: Vec<String>,
    /// All cards of a batch.
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    pub batch: Option<i64>,
    /// All cards of the kind.
    #[arg(long)]
    pub all: bool,
    /// Kind of the cards: esam, psam or sim.
    #[arg(long, default_value = "esam", value_parser = kind)]
    pub kind: CardKind,
    /// Folder for KIND-NUMBER.card and pairing-NUMBER.json. Default: the office's out.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub office: Office,
}

fn kind(text: &str) -> Result<CardKind, String> {
    match CardKind::from_name(text) {
        Some(kind @ (CardKind::Esam | CardKind::Psam | CardKind::Sim)) => Ok(kind),
        _ => Err("a batch makes esam, psam or sim".into()),
    }
}

/// Numbers read from the store at once.
const PORTION: usize = 500;

/// Takes cards out.
pub fn take(global: &Global, options: &Take) -> Result<()> {
    let office =
        Office { sims: options.office.sims || options.kind == CardKind::Sim, ..options.office.clone() };
    let folder = office_folder(global, &office)?;
    let to = match &options.out {
        Some(out) => {
            disk::create_folder(out).with_context(|| format!("cannot make {}", out.display()))?;
            out.clone()
        }
        None => out(&folder)?,
    };
    let mut store = visit(&folder)?;
    let at = now(global)?.to_string();
    let mut taken = Taking { kind: options.kind, to, at, files: Vec::new(), count: 0 };
    if options.numbers.is_empty() {
        let (kind, mut after) = (ItemKind::Card(options.kind), String::new());
        loop {
            let numbers = store.packed_numbers(kind, options.batch, &after, PORTION)?;
            let Some(last) = numbers.last() else { break };
            after.clone_from(last);
            for number in &numbers {
                taken.one(&mut store, number)?;
            }
        }
    }
    for number in &options.numbers {
        taken.one(&mut store, number)?;
    }
    let folder = taken.to.display().to_string();
    let text = format!("{} card(s) taken out to {folder}", taken.count);
    answer(global, &text, json!({ "taken": taken.count, "out": folder, "files": taken.files }));
    if taken.count == 0 {
        say("the pack holds none of these cards");
    }
    Ok(())
}

struct Taking {
    kind: CardKind,
    to: PathBuf,
    at: String,
    /// The first of the files.
    files: Vec<String>,
    count: u64,
}

impl Taking {
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
        let card = self.to.join(name);
        if let Some(bytes) = &packed.image {
            let image = Image::from_bytes(bytes, &card).map_err(parties::Trouble::new)?;
            self.place(&card, &image)?;
        }
        if let (Some(paper), Ok(meter)) = (&packed.paper, number.parse()) {
            let place = self.to.join(pairing_name(meter));
            if home::read_text(&place).is_ok_and(|found| found != *paper) {
                must_not_exist(&place)?;
            }
            home::write(&place, paper.as_bytes())?;
        }
        store.taken_out(kind, number, &card.display().to_string(), &self.at)?;
        self.count += 1;
        if self.files.len() < PORTION {
            self.files.push(card.display().to_string());
        }
        Ok(())
    }

    /// Writes the card; one that an interrupted run left there, the same to the byte, stays.
    fn place(&self, path: &Path, image: &Image) -> Result<()> {
        if path.exists() && Image::load(path).is_ok_and(|found| found == *image) {
            return Ok(());
        }
        must_not_exist(path)?;
        image.save_new(path, true).map_err(parties::Trouble::new)
    }

    fn not_here(&self, store: &Store, number: &str) -> Result<Failure> {
        let kind = ItemKind::Card(self.kind);
        Ok(match store.numbered(kind, number)? {
            Some(item) if item.stage >= Stage::Issued => {
                refused(format!("the pack holds no image of {} {number} any more", self.kind.name()))
                    .hint(format!("`gridcard stock show {number}` tells where it went"))
            }
            _ => Failure::new(Kind::Refused, format!("no {} {number} was issued here", self.kind.name())),
        })
    }
}
