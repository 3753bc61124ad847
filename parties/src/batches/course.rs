//! The course of a batch: request, plan, question, run, result.

use super::common::Common;
use super::end::{BatchEnd, finish};
use super::forecast::{Forecast, LineCost};
use super::issuer::{Issuer, must_be_allowed};
use super::report::summary;
use super::request::BatchRequest;
use super::{in_slot, packed};
use crate::home::{Home, Party};
use crate::issuing::validity;
use crate::log;
use crate::secret;
use crate::session::Session;
use crate::trouble::{Context, Failure, Result, Trouble, refused};
use office::batch::request::read as read_request;
use office::batch::{BatchError, Control, Ended, NewBatch, Summary, Watch, hash_of};
use office::store::{Durability, FILE, ItemKind, Store};
use scheme::numbers::{PROVINCE, RegionCode};
use scheme::profile::CardKind;
use scheme::subscription::Iccid;
use scheme::{CardRef, Kind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Cards of a transaction, at most.
const GROUP: usize = 1024;
/// Time until a transaction, at most.
const EVERY: Duration = Duration::from_millis(250);

/// Whoever has a batch made: he sees the plan, says whether it shall begin, stops it when he wants to, and sees what is kept
/// ([`Watch`]).
pub trait Overseer: Watch {
    /// What is going to be made.
    fn plan(&mut self, plan: &Forecast) {
        let _ = plan;
    }

    /// Whether it shall begin.
    ///
    /// # Errors
    /// Nobody is there to say so.
    fn shall_begin(&mut self, plan: &Forecast) -> Result<bool> {
        let _ = plan;
        Ok(true)
    }

    /// The first card is made now. What this gives ends the batch, once it is true, after the cards under way.
    ///
    /// # Errors
    /// Nobody could stop the batch.
    fn begins(&mut self, plan: &Forecast) -> Result<Arc<AtomicBool>> {
        let _ = plan;
        Ok(Arc::default())
    }

    /// No more cards are made; `kept` says whether the store has kept all that were.
    fn ends(&mut self, kept: bool) {
        let _ = kept;
    }
}

/// Somebody who lets a batch run.
impl Overseer for () {}

/// Looks at what a batch would do, and does nothing.
///
/// # Errors
/// Lines with faults, each of which is told; an issuing card that may not or will not make such cards.
pub fn plan(session: &Session, request: &BatchRequest) -> Result<Forecast> {
    let looked = Looked::at(session, request)?;
    looked.ready(session, request).map(|(_, forecast)| forecast)
}

/// Makes a batch, or goes on with one.
///
/// # Errors
/// As [`plan`]; the overseer does not want it; the store failed. How the run itself ended is in the report.
pub fn run(session: &Session, request: &BatchRequest, overseer: &mut dyn Overseer) -> Result<BatchEnd> {
    let looked = Looked::at(session, request)?;
    let (common, forecast) = looked.ready(session, request)?;
    overseer.plan(&forecast);
    forecast.must_suffice()?;
    if !overseer.shall_begin(&forecast)? {
        return Err(refused("the batch was not confirmed; nothing was begun").into());
    }
    let audit = log::batch(session, &looked.folder)?;
    let Looked { folder, region, mut store, batch, known } = looked;
    let batch = if known { batch } else { begin(session, request, region, &batch.sha256, &mut store)? };
    let store = store.audited(audit)?;
    let stop = overseer.begins(&forecast)?;
    let ended = make(&common, &batch, store, &stop, overseer);
    overseer.ends(ended.is_ok());
    finish(&folder, request, batch.id, ended?)
}

/// A request and the batch it is, or will be: before somebody said so nothing of it is kept.
struct Looked {
    folder: PathBuf,
    region: RegionCode,
    store: Store,
    batch: Summary,
    /// Whether the store knows it: it was begun before, and goes on.
    known: bool,
}

impl Looked {
    fn at(session: &Session, request: &BatchRequest) -> Result<Self> {
        if request.kind == CardKind::Sim && request.by_hand() {
            return Err(Failure::new(Kind::Usage, "a SIM of plastic comes with its mask from its maker")
                .hint("batches of SIMs are virtual: leave --reader and --blanks out")
                .into());
        }
        let home = Home::new(session);
        let (region, folder) = match request.kind {
            CardKind::Sim => (PROVINCE, home.make(Party::Sims, "making SIMs")?),
            CardKind::Psam => home.city(request.city, "issuing PSAMs")?,
            _ => home.city(request.city, "issuing ESAMs")?,
        };
        let mut store = Store::open(&folder.join(FILE), Durability::Now)?;
        let known = request.resume;
        let batch = if known {
            resumed(request, region, &store)?
        } else {
            let sha256 = hash_of(&request.file)?;
            let batch =
                with_new(session, request, region, &sha256, |new| store.try_batch(new, &request.file))?;
            if request.kind == CardKind::Sim {
                say_doubts(session, &request.file)?;
            }
            batch
        };
        Ok(Looked { folder, region, store, batch, known })
    }

    /// Everything before the question: the issuing card and what it may do, and the forecast.
    fn ready<'a>(&self, session: &'a Session, request: &'a BatchRequest) -> Result<(Common<'a>, Forecast)> {
        let time = session.now()?;
        self.store.check_clock(&time.to_string())?;
        let issuer = match request.kind {
            CardKind::Esam => {
                let whose = "the ESAM issuing card";
                Some(Issuer::open(session, &self.folder, CardKind::EsamIssuing, whose, request)?)
            }
            CardKind::Psam => {
                let whose = "the PSAM issuing card";
                let mut issuer = Issuer::open(session, &self.folder, CardKind::PsamIssuing, whose, request)?;
                issuer.card_pin = Some(secret::new_pin(session, &request.card_pin, "the PSAMs to be made")?);
                Some(issuer)
            }
            _ => None,
        };
        must_be_allowed(issuer.as_ref(), request)?;
        let common = Common { session, request, region: self.region, validity: validity(time)?, issuer };
        let line = match (&common.issuer, &self.batch.first) {
            (Some(issuer), Some(first)) => Some(LineCost::of(&common.plan(issuer, first, None)?)),
            _ => None,
        };
        let in_stock = self.store.in_stock(self.batch.kind)?;
        let left = common.issuer.as_ref().and_then(|issuer| issuer.left);
        let forecast = Forecast::new(&self.batch, in_stock, left, line, request.by_hand());
        Ok((common, forecast))
    }
}

/// The batch that was begun with a request.
fn resumed(request: &BatchRequest, region: RegionCode, store: &Store) -> Result<Summary> {
    let sha256 = hash_of(&request.file)?;
    let known = store.batch_of(&sha256)?.ok_or(BatchError::Unknown { sha256 });
    let known = known.with_context(|| request.file.display().to_string())?;
    if known.kind != ItemKind::Card(request.kind) || known.region != region.to_string() {
        let (id, kind, region) = (known.id, known.kind.name(), known.region);
        return Err(BatchError::OtherBatch { id, kind, region }.into());
    }
    Ok(known)
}

/// Begins the batch of a request, which must still be the file that was looked at.
fn begin(
    session: &Session,
    request: &BatchRequest,
    region: RegionCode,
    sha256: &str,
    store: &mut Store,
) -> Result<Summary> {
    let id = with_new(session, request, region, sha256, |new| store.begin_batch(new, &request.file))?;
    summary(store, id)
}

/// Does something with a request as a new batch, and tells which of its lines have faults.
fn with_new<T>(
    session: &Session,
    request: &BatchRequest,
    region: RegionCode,
    sha256: &str,
    with: impl FnOnce(&NewBatch<'_>) -> Result<T, BatchError>,
) -> Result<T> {
    let path = &request.file;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (at, region) = (session.now()?.to_string(), region.to_string());
    let new = NewBatch { kind: request.kind, region: &region, file: &file, sha256, at: &at };
    with(&new).map_err(|error| match error {
        BatchError::Lines { first, total } => {
            first.iter().for_each(|fault| session.say(fault.to_string()));
            let hidden = total.saturating_sub(first.len() as u64);
            if hidden > 0 {
                session.say(format!("and {hidden} more"));
            }
            let words = first.first().map(ToString::to_string).unwrap_or_default();
            let error = BatchError::Lines { first, total };
            Trouble::from(error).context(format!("{}: {words}", path.display()))
        }
        error => Trouble::from(error).context(path.display()),
    })
}

/// Says how many ICCIDs of a request something speaks against, and which is the first.
fn say_doubts(session: &Session, path: &Path) -> Result<()> {
    let mut first = None;
    let mut count = 0_u64;
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    read_request(CardKind::Sim, file, |line, row| {
        let iccid = row.ok().and_then(|row| row.number.parse::<Iccid>().ok());
        if let Some(doubt) = iccid.and_then(|iccid| iccid.doubt()) {
            count += 1;
            first.get_or_insert((line, doubt));
        }
        Ok(())
    })?;
    if let Some((line, doubt)) = first {
        session.say(format!("{count} ICCID(s) may be mistyped; the first, in line {line}, {doubt}"));
    }
    Ok(())
}

fn make(
    common: &Common<'_>,
    batch: &Summary,
    store: Store,
    stop: &AtomicBool,
    overseer: &mut dyn Overseer,
) -> Result<Ended> {
    let request = common.request;
    let time = || common.session.now().map(|time| time.to_string()).unwrap_or_default();
    let mut keep_issuing = || match &common.issuer {
        Some(issuer) => issuer.card.keep_now().map_err(|error| error.to_string()),
        None => Ok(()),
    };
    let place = match request.reader.as_ref().and_then(CardRef::reader) {
        Some(name) => format!("issued in {name}"),
        None if request.by_hand() => "house".to_owned(),
        None => "pack".to_owned(),
    };
    let mut control = Control {
        stop: &|| stop.load(Ordering::Relaxed),
        stop_after: request.stop_after,
        now: &time,
        group: GROUP,
        every: EVERY,
        place: &place,
        before_commit: &mut keep_issuing,
        watch: overseer,
    };
    if request.by_hand() {
        in_slot::run(common, batch, store, &mut control)
    } else {
        packed::run(common, batch, store, &mut control)
    }
}
