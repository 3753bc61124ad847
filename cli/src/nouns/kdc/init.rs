//! `kdc init`: the province's roots, and what holds them.
//!
//! Everything is made in a folder beside the province's, which takes its place at the very end: a province is there
//! whole or not at all, and a ceremony that was killed is held again from its first step.

use super::options::Options;
use super::walk::{Gathered, Walk};
use super::{checks_json, checks_table, keystore};
use crate::args::Global;
use crate::audit::{self, Noted};
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::clock::{chip_serial, entropy, now};
use crate::factory;
use crate::fail::refused;
use crate::home::{self, Home, Party};
use crate::issue::{self, Wish};
use crate::lock::CardLock;
use crate::output::{answer, say};
use ::issue::card::Issued;
use ::issue::keyset::Roots;
use ::issue::source::SoftSource;
use ::kdc::ceremony::{CeremonyRecord, script};
use ::office::audit::Act;
use ::scheme::numbers::{DeviceNumber, PROVINCE};
use ::scheme::pin::Pins;
use clap::Args;
use keys::Role;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use scheme::profile::{CardKind, State};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Options of `kdc init`.
#[derive(Debug, Args)]
pub struct Init {
    #[command(flatten)]
    pub ceremony: Options,
    /// Show the steps and the APDUs, secrets hidden, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Where the province keeps its main control card.
pub fn main_card(folder: &Path) -> PathBuf {
    folder.join("main-control.card")
}

/// Holds the ceremony and makes the province.
pub fn init(global: &Global, options: &Init) -> Result<()> {
    if options.dry_run { dry_run(global, &options.ceremony) } else { hold(global, &options.ceremony, false) }
}

/// What would be done; nothing is asked for and nothing written.
fn dry_run(global: &Global, options: &Options) -> Result<()> {
    let shape = options.shape()?;
    let mut text = String::new();
    for (i, step) in script::script(&shape).iter().filter(|step| step.is_the_programs()).enumerate() {
        text.push_str(&format!("{:>3}. {} ({})\n", i + 1, step.title, step.role));
    }
    let mut apdus = String::new();
    if shape.main_card {
        // A plan carries no key, so any roots of the suite will do for it.
        let source = SoftSource::province(Roots::test(options.suite));
        apdus =
            issue::plan(&Wish::new(CardKind::MainControl, options.number, PROVINCE), &source, now(global)?)?
                .dry_run()
                .to_string();
        text.push_str(&format!("\nthe main control card:\n{apdus}"));
    }
    let steps: Vec<_> = script::script(&shape)
        .into_iter()
        .filter(script::Step::is_the_programs)
        .map(|step| step.title)
        .collect();
    answer(global, text.trim_end(), json!({ "steps": steps, "plan": apdus }));
    Ok(())
}

/// Holds a ceremony, with or without the steps that people do.
pub fn hold(global: &Global, options: &Options, attended: bool) -> Result<()> {
    let mut walk = Walk::new(global, options, attended)?;
    options.must_have_a_place_for_shares(global.json)?;
    let home = Home::new(global)?;
    let folder = home.place(Party::Province, "holding the ceremony")?;
    must_be_new(&folder)?;
    let gathered = walk.gather()?;
    // Only now: a ceremony that failed leaves nothing behind.
    let making = Making::begin(&folder);
    let made = making.and_then(|making| making.make(global, options, &mut walk, gathered));
    if made.is_err() {
        walk.abandon();
    }
    let Made { record, head, protocol } = made?;
    let text = format!(
        "{}\n\n{}",
        facts(&shown(&folder, &walk, &record, &head, protocol.as_deref())),
        checks_table(&record.roots),
    );
    answer(
        global,
        &text,
        json!({
            "state": record.state.name(), "suite": record.suite.name(), "rehearsal": record.rehearsal,
            "card": walk.shape().main_card.then(|| card_ref::shown(&main_card(&folder))),
            "keystore": walk.shape().custodians.map(|_| keystore::path(&folder).display().to_string()),
            "check_value": record.check_value.map(|value| value.to_string()),
            "audit_head": head, "check_values": checks_json(&record.roots),
        }),
    );
    Ok(())
}

fn shown(
    folder: &Path,
    walk: &Walk<'_>,
    record: &CeremonyRecord,
    head: &str,
    protocol: Option<&Path>,
) -> Vec<(&'static str, String)> {
    let rehearsal = if record.rehearsal { ", a rehearsal" } else { "" };
    let mut lines = vec![("root", format!("{} ({}){rehearsal}", record.state.name(), record.suite.name()))];
    if walk.shape().main_card {
        lines.push(("main control card", card_ref::shown(&main_card(folder))));
    }
    if let Some((threshold, total)) = walk.shape().custodians {
        let path = keystore::path(folder);
        lines.push(("key store", format!("{}, {threshold} of {total} custodians", path.display())));
    }
    if let Some(shares) = &record.shares {
        let count = shares.shares.len();
        lines.push(("backup", format!("set {}, {} of {count} shares", shares.set, shares.threshold)));
    }
    let whole = record.check_value.map_or("-".into(), |value| value.to_string());
    lines.push(("check value of the whole", whole));
    lines.push(("audit log, head", head.to_owned()));
    if let Some(protocol) = protocol {
        lines.push(("protocol", protocol.display().to_string()));
    }
    lines
}

/// A province has its roots once.
pub fn must_be_new(folder: &Path) -> Result<()> {
    let holders = [main_card(folder), keystore::path(folder), record_file(folder)];
    let Some(there) = holders.iter().find(|path| card_ref::taken(path)) else { return Ok(()) };
    let there = card_ref::shown(there);
    if record_file(folder).exists() {
        return Err(refused(format!("{there} is there: this province has its roots")).into());
    }
    let words = format!("{there} is there without its ceremony.json");
    Err(refused(words)
        .hint("put the record back; a province of an older program whose `kdc init` was interrupted, and that made no card yet, is removed by hand")
        .into())
}

/// Where the province keeps the record of its ceremony.
pub fn record_file(folder: &Path) -> PathBuf {
    folder.join("ceremony.json")
}

/// Where the province keeps the protocol of its ceremony.
fn protocol_file(folder: &Path) -> PathBuf {
    folder.join("ceremony-protocol.md")
}

/// Keeps the record of the ceremony.
pub fn keep_record(folder: &Path, record: &CeremonyRecord) -> Result<()> {
    home::write(&record_file(folder), format!("{}\n", serde_json::to_string_pretty(record)?).as_bytes())
}

/// A province in the making, in a folder beside its own.
struct Making {
    place: PathBuf,
    folder: PathBuf,
    _lock: CardLock,
}

/// What making a province gave.
struct Made {
    record: CeremonyRecord,
    /// Head of the audit log.
    head: String,
    protocol: Option<PathBuf>,
}

impl Making {
    /// Makes the folder; what a killed ceremony left there goes.
    fn begin(folder: &Path) -> Result<Self> {
        let parent =
            folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        disk::create_folder(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let lock = CardLock::take(folder, Duration::ZERO)?;
        // Another ceremony may have ended while this one was held.
        must_be_new(folder)?;
        must_be_empty(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let place = folder.with_file_name(format!(".{name}.making"));
        if place.exists() {
            std::fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
            say(
                "an earlier ceremony was killed before its end: what it left is removed, and this one begins anew",
            );
        }
        disk::create_folder(&place).with_context(|| format!("cannot make {}", place.display()))?;
        Ok(Making { place, folder: folder.to_owned(), _lock: lock })
    }

    fn make(
        self,
        global: &Global,
        options: &Options,
        walk: &mut Walk<'_>,
        gathered: Gathered,
    ) -> Result<Made> {
        let made = self.fill(global, options, walk, gathered);
        let done = made.and_then(|made| self.take_place().map(|()| made));
        if done.is_err() {
            let _ = std::fs::remove_dir_all(&self.place); // the error that matters is the first
        }
        done
    }

    fn fill(
        &self,
        global: &Global,
        options: &Options,
        walk: &mut Walk<'_>,
        gathered: Gathered,
    ) -> Result<Made> {
        let Gathered { founding, custodians, pins } = gathered;
        let place = &self.place;
        home::mark(place, Party::Province)?;
        let mut held = founding.hold(&now(global)?.to_string());
        note_ceremony(global, place, &held.record)?;
        let mut entries = Vec::new();
        if let Some((threshold, _)) = walk.shape().custodians {
            let set = keystore::make(global, place, &held.roots, &custodians, threshold)?;
            entries.push(("key store, set".to_owned(), set));
        }
        if let Some([pin, second]) = pins {
            let serial = chip_serial(&mut *entropy(global, "main control serial"));
            let pins = Pins::both(&pin, &second);
            let blank = options.blank()?;
            let roots = held.roots.clone();
            let issued = make_main_card(global, place, roots, options.number, serial, pins, blank.as_ref())?;
            entries.push(("main control card, serial".to_owned(), issued.serial.to_string()));
        }
        walk.wrote(entries)?;
        let head = audit::head(global, place)?;
        walk.conclude(head.clone())?;
        (held.record.people, held.record.notes) = walk.record();
        keep_record(place, &held.record)?;
        let mut protocol = None;
        if !held.record.notes.is_empty() {
            let sheet = script::sheet(walk.shape(), options.suite.name(), Some(&held.record));
            home::write(&protocol_file(place), sheet.as_bytes())?;
            protocol = Some(protocol_file(&self.folder));
        }
        Ok(Made { record: held.record, head, protocol })
    }

    /// The last act of a province's beginning.
    fn take_place(&self) -> Result<()> {
        if self.folder.exists() {
            must_be_empty(&self.folder)?;
            std::fs::remove_dir_all(&self.folder)
                .with_context(|| format!("cannot replace {}", self.folder.display()))?;
        }
        std::fs::rename(&self.place, &self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))
    }
}

/// Makes a province whose roots are in a token: `record` says which.
#[cfg(feature = "hsm")]
pub fn found(global: &Global, folder: &Path, record: &CeremonyRecord) -> Result<()> {
    let making = Making::begin(folder)?;
    let filled = home::mark(&making.place, Party::Province)
        .and_then(|()| note_ceremony(global, &making.place, record))
        .and_then(|()| keep_record(&making.place, record))
        .and_then(|()| making.take_place());
    if filled.is_err() {
        let _ = std::fs::remove_dir_all(&making.place); // the error that matters is the first
    }
    filled
}

/// A folder that holds the province's mark and nothing else may be replaced.
fn must_be_empty(folder: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let name = entry.with_context(|| format!("cannot read {}", folder.display()))?.file_name();
        if name != home::MARKER {
            let words = format!(
                "{} holds {}: a province begins in an empty folder",
                folder.display(),
                name.display()
            );
            return Err(refused(words).into());
        }
    }
    Ok(())
}

fn note_ceremony(global: &Global, folder: &Path, record: &CeremonyRecord) -> Result<()> {
    let mut facts = vec![
        ("state", record.state.name().to_owned()),
        ("suite", record.suite.name().to_owned()),
        ("rehearsal", record.rehearsal.to_string()),
    ];
    if let Some(whole) = record.check_value {
        facts.push(("whole", whole.to_string()));
    }
    if let Some(shares) = &record.shares {
        facts
            .push(("shares", format!("{} of {}, set {}", shares.threshold, shares.shares.len(), shares.set)));
    }
    let noted = Noted { keys: &record.roots, facts: &facts, ..Noted::of(Act::Ceremony) };
    audit::note(global, folder, noted)
}

/// Makes the main control card: a blank, then the roots by protected WRITE KEY. `blank` is one in a reader; without, the
/// factory gives a virtual one. The card maker agreed on the transport root, so the blank is under it.
pub fn make_main_card(
    global: &Global,
    folder: &Path,
    roots: Roots,
    number: DeviceNumber,
    serial: [u8; 8],
    pins: Pins<'_>,
    blank: Option<&CardRef>,
) -> Result<Issued> {
    let path = main_card(folder);
    match blank {
        Some(blank) => hand_over(blank, &path)?,
        None => {
            let (formal, source) = (roots.state() == State::Formal, entropy(global, "main control factory"));
            let transport = roots.get(Role::Transport);
            factory::blank(transport, CardKind::MainControl, serial, formal, source)?
                .save_new(&path, true)
                .map_err(parties::Trouble::new)?;
        }
    }
    let mut card = Bay::open(global, &path, CardKind::MainControl)?;
    let wish = Wish { pins, ..Wish::new(CardKind::MainControl, number, PROVINCE) };
    let mut journal = issue::journal(global, folder)?;
    let mut source = SoftSource::province(roots);
    let issued = issue::issue(&wish, &mut card, &mut source, &mut journal, now(global)?, &mut ())?;
    card.close()?;
    Ok(issued)
}
