//! The founding of a province: what a ceremony does to keys, cards and files, once its people gave what they have.
//!
//! Everything is made in a folder beside the province's, which takes its place at the very end: a province is there
//! whole or not at all, and a ceremony that was killed is held again from its first step.

use super::folder::{self, main_card, must_be_new, record_file};
use super::{keystore, signing};
use crate::cards::CardHandle;
use crate::home::{self, Home, Party};
use crate::issuing::{self, CheckValues, IssueRequest};
use crate::log::{self, Noted};
use crate::places::{self, card_at, hand_over};
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, Trouble, refused};
use ::kdc::ceremony::{CeremonyRecord, Founding};
use ::kdc::keystore::Custodian;
use disk::{Lock, LockError};
use issue::card::Issued;
use issue::keyset::Roots;
use issue::source::SoftSource;
use keys::{Role, Suite};
use office::audit::LogEvent;
use scheme::cards::NewChip;
use scheme::chance::chip_serial;
use scheme::numbers::{DeviceNumber, PROVINCE, Serial};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, State};
use scheme::{CardRef, Kind};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the people of a ceremony gave.
pub struct FoundRequest {
    /// The roots to be.
    pub founding: Founding,
    /// Custodians of the key store, and how many of them open it; `None`: there is none.
    pub custodians: Option<(Vec<Custodian>, u8)>,
    /// PINs of the main control card's two officers; `None`: there is none.
    pub pins: Option<[Pin; 2]>,
    /// Number of the main control card.
    pub number: DeviceNumber,
    /// The blank in a reader that becomes the main control card; `None`: a virtual one is made.
    pub blank: Option<CardRef>,
}

/// A province that was founded.
#[derive(Debug, Clone, Serialize)]
pub struct FoundReport {
    /// State of its roots.
    pub state: &'static str,
    /// Their suite.
    pub suite: &'static str,
    /// It is a rehearsal's.
    pub rehearsal: bool,
    /// Its main control card.
    pub card: Option<String>,
    /// Its key store.
    pub keystore: Option<String>,
    /// Check value of the whole secret.
    pub check_value: Option<String>,
    /// Head of its log.
    pub audit_head: String,
    /// Check values of its roots.
    pub check_values: CheckValues,
    /// Custodians of its key store: those who open it, all of them.
    #[serde(skip)]
    pub custodians: Option<(u8, usize)>,
    /// The backup: set, shares needed, shares in all.
    #[serde(skip)]
    pub backup: Option<(String, u8, usize)>,
    /// The filled in protocol.
    #[serde(skip)]
    pub protocol: Option<PathBuf>,
}

/// What was made and is not in its place yet.
pub struct Filled {
    /// The record, as it will be kept.
    pub record: CeremonyRecord,
    /// Set of the key store.
    pub keystore_set: Option<String>,
    /// Its custodians: those who open it, all of them.
    pub custodians: Option<(u8, usize)>,
    /// Chip of the main control card.
    pub main_serial: Option<Serial>,
    /// Head of the log.
    pub head: String,
}

/// A province in the making, in a folder beside its own. Dropped before its end it leaves nothing behind.
pub struct Beginning<'s> {
    session: &'s Session,
    place: PathBuf,
    folder: PathBuf,
    over: bool,
    _lock: Lock,
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        if !self.over {
            let _ = std::fs::remove_dir_all(&self.place); // the error that matters is the first
        }
    }
}

/// The folder a new province will have.
///
/// # Errors
/// A province is there; the home is another party's.
pub fn place(session: &Session) -> Result<PathBuf> {
    let folder = Home::new(session).place(Party::Province, "holding the ceremony")?;
    must_be_new(session, &folder)?;
    Ok(folder)
}

/// Founds a province without asking anybody anything.
///
/// # Errors
/// Those of [`Beginning`].
pub fn found(session: &Session, request: &FoundRequest) -> Result<FoundReport> {
    let beginning = Beginning::begin(session, &place(session)?)?;
    let filled = beginning.fill(request)?;
    beginning.end(&filled, None)
}

impl<'s> Beginning<'s> {
    /// Makes the folder; what a killed ceremony left there goes.
    ///
    /// # Errors
    /// Another ceremony is being held; a province is there, or something else is in its folder.
    pub fn begin(session: &'s Session, folder: &Path) -> Result<Self> {
        let parent =
            folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        home::make_folder(parent)?;
        let lock = lock(session, folder)?;
        // Another ceremony may have ended while this one was held.
        must_be_new(session, folder)?;
        must_be_empty(folder)?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let place = folder.with_file_name(format!(".{name}.making"));
        if place.exists() {
            std::fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
            session.say(
                "an earlier ceremony was killed before its end: what it left is removed, and this one begins anew",
            );
        }
        home::make_folder(&place)?;
        Ok(Beginning { session, place, folder: folder.to_owned(), over: false, _lock: lock })
    }

    /// Makes what holds the roots, with the log of it.
    ///
    /// # Errors
    /// Key store, card, log or files cannot be made.
    pub fn fill(&self, request: &FoundRequest) -> Result<Filled> {
        let (session, place) = (self.session, &self.place);
        home::mark(place, Party::Province)?;
        let held = request.founding.hold(&session.now()?.to_string());
        note_ceremony(session, place, &held.record)?;
        let mut keystore_set = None;
        if let Some((custodians, threshold)) = &request.custodians {
            keystore_set = Some(keystore::make(session, place, &held.roots, custodians, *threshold)?);
        }
        signing::begin(session, place, &held.roots, keystore_set.is_some())?;
        let mut main_serial = None;
        if let Some([pin, second]) = &request.pins {
            let serial = chip_serial(&mut *session.chance("main control serial"));
            let card = MainCard { number: request.number, serial, pins: Pins::both(pin, second) };
            let issued = make_main_card(session, place, held.roots, card, request.blank.as_ref())?;
            main_serial = Some(issued.serial);
        }
        let head = log::head(session, place)?;
        let custodians = request.custodians.as_ref().map(|(all, threshold)| (*threshold, all.len()));
        Ok(Filled { record: held.record, keystore_set, custodians, main_serial, head })
    }

    /// The last act of a province's beginning: keeps the record and, where people took part, the filled in protocol, and puts
    /// everything into its place.
    ///
    /// # Errors
    /// Files cannot be written or moved.
    pub fn end(mut self, filled: &Filled, protocol: Option<&str>) -> Result<FoundReport> {
        const PROTOCOL: &str = "ceremony-protocol.md";
        let record = &filled.record;
        keep_record(&self.place, record)?;
        if let Some(text) = protocol {
            home::write(&self.place.join(PROTOCOL), text.as_bytes())?;
        }
        self.take_place()?;
        let folder = &self.folder;
        let main = main_card(folder);
        // A card that is no file did not move with the folder.
        if filled.main_serial.is_some() && !places::taken(self.session, &main) {
            hand_over(self.session, &main_card(&self.place), &main)?;
        }
        Ok(FoundReport {
            state: record.state.name(),
            suite: record.suite.name(),
            rehearsal: record.rehearsal,
            card: filled.main_serial.map(|_| places::shown(self.session, &main)),
            keystore: filled.keystore_set.as_ref().map(|_| folder::keystore(folder).display().to_string()),
            check_value: record.check_value.map(|value| value.to_string()),
            audit_head: filled.head.clone(),
            check_values: CheckValues::of_roots(&record.roots),
            custodians: filled.custodians,
            backup: record.shares.as_ref().map(|made| (made.set.clone(), made.threshold, made.shares.len())),
            protocol: protocol.map(|_| folder.join(PROTOCOL)),
        })
    }

    fn take_place(&mut self) -> Result<()> {
        if self.folder.exists() {
            must_be_empty(&self.folder)?;
            std::fs::remove_dir_all(&self.folder)
                .with_context(|| format!("cannot replace {}", self.folder.display()))?;
        }
        std::fs::rename(&self.place, &self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        self.over = true;
        Ok(())
    }

    /// Makes a province whose roots are in a token: `record` says which.
    #[cfg(feature = "hsm")]
    pub(super) fn of_token(mut self, record: &CeremonyRecord) -> Result<()> {
        home::mark(&self.place, Party::Province)?;
        note_ceremony(self.session, &self.place, record)?;
        keep_record(&self.place, record)?;
        self.take_place()
    }
}

/// One ceremony at a time makes a province; nobody waits for another's end.
fn lock(session: &Session, folder: &Path) -> Result<Lock> {
    let name = session.deed.name().unwrap_or("a ceremony");
    Lock::take(folder, Duration::ZERO, name, |_| false).map_err(|error| match error {
        LockError::Held(holder) => {
            let who = holder.name().map(|(pid, name)| format!(": process {pid}, gridcard {name}"));
            let words = format!(
                "a ceremony is being held for {} by another command{}",
                folder.display(),
                who.unwrap_or_default()
            );
            Failure::new(Kind::Absent, words).hint("wait until that command has ended").into()
        }
        LockError::Io(error) => Trouble::from(error).context(format!("cannot lock {}", folder.display())),
    })
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

fn keep_record(folder: &Path, record: &CeremonyRecord) -> Result<()> {
    home::write(&record_file(folder), format!("{}\n", serde_json::to_string_pretty(record)?).as_bytes())
}

fn note_ceremony(session: &Session, folder: &Path, record: &CeremonyRecord) -> Result<()> {
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
    let noted = Noted { keys: &record.roots, facts: &facts, ..Noted::of(LogEvent::Ceremony) };
    log::note(session, folder, noted)
}

/// The main control card to be.
struct MainCard<'a> {
    number: DeviceNumber,
    /// Of a virtual one.
    serial: [u8; 8],
    pins: Pins<'a>,
}

/// Makes the main control card: a blank, then the roots by protected WRITE KEY. `blank` is one in a reader; without, the
/// factory gives a virtual one. The card maker agreed on the transport root, so the blank is under it.
fn make_main_card(
    session: &Session,
    folder: &Path,
    roots: Roots,
    card: MainCard<'_>,
    blank: Option<&CardRef>,
) -> Result<Issued> {
    let path = main_card(folder);
    match blank {
        Some(blank) => hand_over(session, blank, &path)?,
        None => {
            let (formal, root) = (roots.state() == State::Formal, roots.get(Role::Transport));
            let chip = NewChip { kind: CardKind::MainControl, serial: card.serial, root, formal };
            session.cards.make(&card_at(&path), &chip)?;
        }
    }
    let mut handle = CardHandle::open(session, &path, CardKind::MainControl)?;
    let request =
        IssueRequest { pins: card.pins, ..IssueRequest::new(CardKind::MainControl, card.number, PROVINCE) };
    let mut journal = issuing::journal(session, folder)?;
    let mut source = SoftSource::province(roots);
    let now = session.now()?;
    let issued = issuing::issue(session, &request, &mut handle, &mut source, &mut journal, now, &mut ())?;
    handle.close()?;
    Ok(issued)
}

/// What the main control card's making would send, secrets hidden; nothing is done.
///
/// # Errors
/// No card can be planned so.
pub fn plan_main_card(session: &Session, suite: Suite, number: DeviceNumber) -> Result<String> {
    // A plan carries no key, so any roots of the suite will do for it.
    let source = SoftSource::province(Roots::test(suite));
    let request = IssueRequest::new(CardKind::MainControl, number, PROVINCE);
    Ok(issuing::plan(&request, &source, session.now()?)?.dry_run().to_string())
}
