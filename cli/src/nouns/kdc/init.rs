//! `kdc init`: the province's roots and its main control card.

use super::ceremony::hold;
use super::{checks_json, checks_table, suite};
use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::clock::{entropy, now, random};
use crate::factory;
use crate::fail::{Exit, Failure, refused, security};
use crate::home::{self, Home, Party};
use crate::issue::{self, Wish};
use crate::output::{answer, facts};
use crate::secret;
use ::kdc::Roots;
use ::kdc::ceremony::CeremonyRecord;
use ::kdc::ids::{DeviceNumber, PROVINCE, Pins};
use ::kdc::source::SoftSource;
use anyhow::Result;
use clap::Args;
use keys::Suite;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::profile::{CardKind, State};

/// Options of `kdc init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Take the published test root: everybody can compute these keys.
    #[arg(long, conflicts_with = "components", required_unless_present = "components")]
    pub test_root: bool,
    /// Combine so many components, typed in by their custodians (or lines of stdin: component, check value).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=8))]
    pub components: Option<u8>,
    /// Cipher suite: 3des, aes128 or sm4.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// File with the PIN the main control card will have (4 to 12 digits; `-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// File with the second officer's PIN of the main control card, another one. Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub second_pin_file: Option<PathBuf>,
    /// Number of the main control card.
    #[arg(long, default_value = "000000000001")]
    pub number: DeviceNumber,
    /// Allow keys of a formal root in the image file of a virtual card, where they stand in clear.
    #[arg(long)]
    pub formal_on_virtual: bool,
    /// Make the main control card of a blank that stands in a reader (pcsc:READER, pcsc:SERIAL). Default: a virtual card
    /// in the province's folder.
    #[arg(long, value_name = "CARD")]
    pub card: Option<CardRef>,
}

/// Where the province keeps its main control card.
pub fn main_card(folder: &Path) -> PathBuf {
    folder.join("main-control.card")
}

/// Holds the ceremony and makes the main control card.
pub fn init(global: &Global, options: &Init) -> Result<()> {
    let blank = real_blank(options.card.as_ref())?;
    if options.components.is_some() && !options.formal_on_virtual && blank.is_none() {
        return Err(security(
            "a formal root does not belong on a virtual card: its image holds keys in clear",
        )
        .hint("use --test-root; or say --formal-on-virtual if you know what you do")
        .into());
    }
    let home = Home::new(global)?;
    let folder = home.place(Party::Province, "holding the ceremony")?;
    must_be_new(&folder)?;
    let at = now(global)?;
    let (roots, record) = match options.components {
        None => (Roots::test(options.suite), CeremonyRecord::of_test_root(options.suite, &at.to_string())),
        Some(total) => hold(options.suite, total, &at.to_string())?,
    };
    let pin = secret::pin(options.pin_file.as_deref(), "the main control card to be made, first officer")?;
    let second =
        secret::pin(options.second_pin_file.as_deref(), "the main control card to be made, second officer")?;
    secret::must_differ(&pin, &second)?;
    // Only now: a ceremony that failed leaves nothing behind.
    home.make(Party::Province, "holding the ceremony")?;
    let serial = random(&mut *entropy(global, "main control serial"));
    let pins = Pins::both(&pin, &second);
    make_main_card(global, &folder, roots.clone(), options.number, serial, pins, blank.as_ref())?;
    keep_record(&folder, &record)?;
    let text = format!(
        "{}\n\n{}",
        facts(&[
            ("root", format!("{} ({})", roots.state().name(), roots.suite().name())),
            ("main control card", card_ref::shown(&main_card(&folder))),
            ("check value of the whole", record.check_value.map_or("-".into(), |value| value.to_string())),
        ]),
        checks_table(&record.roots),
    );
    answer(
        global,
        &text,
        json!({
            "state": roots.state().name(), "suite": roots.suite().name(),
            "card": card_ref::shown(&main_card(&folder)), "check_values": checks_json(&record.roots),
        }),
    );
    Ok(())
}

/// A province has its roots once.
fn must_be_new(folder: &Path) -> Result<()> {
    let card = main_card(folder);
    if !card_ref::taken(&card) {
        return Ok(());
    }
    let card = card_ref::shown(&card);
    if record_file(folder).exists() {
        return Err(refused(format!("{card} is there: this province has its roots")).into());
    }
    let words = format!("{card} is there without its ceremony.json: `kdc init` was interrupted");
    Err(refused(words)
        .hint("if no card was made with it yet, remove it with the journal beside it and hold the ceremony again")
        .into())
}

/// Where the province keeps the record of its ceremony.
pub fn record_file(folder: &Path) -> PathBuf {
    folder.join("ceremony.json")
}

/// Keeps the record of the ceremony: the last act of a province's beginning.
pub fn keep_record(folder: &Path, record: &CeremonyRecord) -> Result<()> {
    home::write(&record_file(folder), format!("{}\n", serde_json::to_string_pretty(record)?).as_bytes())
}

/// The blank in a reader that shall become the main control card.
fn real_blank(card: Option<&CardRef>) -> Result<Option<CardRef>> {
    match card.map(CardRef::resolve).transpose()? {
        None => Ok(None),
        Some(card @ CardRef::Reader(_)) => Ok(Some(card)),
        Some(CardRef::File(path)) => {
            let words =
                format!("{}: a virtual main control card stands in the province's folder", path.display());
            Err(Failure::new(Exit::Usage, words).hint("leave --card out, or name a card in a reader").into())
        }
    }
}

/// Makes the main control card: a blank, then the roots by protected WRITE KEY. `blank` is one in a reader; without, the
/// factory gives a virtual one.
pub fn make_main_card(
    global: &Global,
    folder: &Path,
    roots: Roots,
    number: DeviceNumber,
    serial: [u8; 8],
    pins: Pins<'_>,
    blank: Option<&CardRef>,
) -> Result<()> {
    let path = main_card(folder);
    match blank {
        Some(blank) => hand_over(blank, &path)?,
        None => {
            let (formal, source) = (roots.state() == State::Formal, entropy(global, "main control factory"));
            factory::blank(CardKind::MainControl, roots.suite(), serial, formal, source)?
                .save_new(&path, true)?;
        }
    }
    let mut card = Bay::open(global, &path, CardKind::MainControl)?;
    let wish = Wish { pins, ..Wish::new(CardKind::MainControl, number, PROVINCE) };
    let mut journal = issue::journal(folder)?;
    issue::issue(&wish, &mut card, &mut SoftSource::province(roots), &mut journal, now(global)?, &mut ())?;
    card.close()
}
