//! The course of a batch: request, plan, question, run, result.

use super::plan::{self, Forecast};
use super::progress::Progress;
use super::{Batch, batch_json, fed, packed, result};
use crate::args::Global;
use crate::bay::Bay;
use crate::card_ref::CardRef;
use crate::clock::now;
use crate::fail::{Failure, Kind, refused, security};
use crate::home::{Home, Party};
use crate::issue::{self, Wish, validity};
use crate::nouns::city::issuing_card;
use crate::nouns::kdc::out;
use crate::output::{answer, say};
use crate::{audit, in_force, secret, transport};
use ::issue::plan::Plan;
use ::issue::source::{About, CardSource, KeySource};
use ::office::batch::{BatchError, Control, Ended, NewBatch, Summary, hash_of};
use ::office::store::{Durability, FILE, ItemKind, Store};
use ::scheme::moment::Validity;
use ::scheme::numbers::PROVINCE;
use ::scheme::pin::{Pin, Pins};
use keys::Key;
use parties::trouble::{Context, Result, Trouble};
use reader::driver::issuing::IssuingCard;
use scheme::numbers::RegionCode;
use scheme::profile::{CardKind, State};
use serde_json::json;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wire::{Channel, ChannelError};

/// Cards of a transaction, at most.
const GROUP: usize = 512;
/// Time until a transaction, at most.
const EVERY: Duration = Duration::from_millis(250);

/// The issuing card of a batch: one card in one slot, used from several threads, one command at a time.
#[derive(Clone)]
pub struct Issuing(Arc<Mutex<Bay>>);

impl Issuing {
    fn open(global: &Global, folder: &std::path::Path, kind: CardKind) -> Result<Self> {
        // What changes in it reaches its file before the cards it made are kept, group by group.
        let keep = vcard::slot::Keep::AtClose;
        let bay = Bay::open_keeping(global, &issuing_card(folder, kind), kind, keep)?;
        Ok(Issuing(Arc::new(Mutex::new(bay))))
    }

    /// Saves the card.
    pub fn keep_now(&self) -> Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keep_now()
    }
}

impl Channel for Issuing {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).transmit(command)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reset()
    }
}

/// What all cards of a batch have in common.
pub struct Common<'a> {
    /// Options of the command.
    pub global: &'a Global,
    /// Options of the batch.
    pub options: &'a Batch,
    /// Kind of the cards.
    pub kind: CardKind,
    /// Their city.
    pub region: RegionCode,
    /// Their validity.
    pub validity: Validity,
    /// The issuing card, for cards that need one.
    pub issuing: Option<Issuer>,
}

/// An issuing card that is ready.
pub struct Issuer {
    /// The card.
    pub card: Issuing,
    /// What it is.
    pub about: About,
    /// Its PIN.
    pub pin: Pin,
    /// The PIN the cards will have.
    pub card_pin: Option<Pin>,
    /// Cards it may make still.
    pub left: Option<u32>,
    /// The transport root of virtual blanks for the pack.
    pub transport: Option<Key>,
}

/// Runs a batch.
pub fn run(global: &Global, kind: CardKind, options: &Batch) -> Result<()> {
    if kind == CardKind::Sim && (options.reader.is_some() || options.blanks.is_some()) {
        return Err(Failure::new(Kind::Usage, "a SIM of plastic comes with its mask from its maker")
            .hint("batches of SIMs are virtual: leave --reader and --blanks out")
            .into());
    }
    let (region, folder) = office(global, kind, options)?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut store = Store::open(&folder.join(FILE), Durability::Now)?;
    let (batch, begun) = request(global, kind, region, options, &mut store)?;
    let go = ready(global, kind, region, &folder, options, &store, &batch);
    let (common, forecast) = match go {
        Ok(ready) => ready,
        Err(error) => return Err(forget(&mut store, &batch, begun, error)),
    };
    say(forecast.text(&batch));
    if options.dry_run {
        forget_batch(&mut store, &batch, begun)?;
        answer(global, "", json!({ "plan": forecast.json(&batch) }));
        return Ok(());
    }
    match forecast.must_suffice().and_then(|()| plan::confirm(forecast.todo, options.yes)) {
        Ok(true) => {}
        Ok(false) => {
            forget_batch(&mut store, &batch, begun)?;
            return Err(refused("the batch was not confirmed; nothing was begun").into());
        }
        Err(error) => return Err(forget(&mut store, &batch, begun, error)),
    }
    let store = match audit::batch(global, &folder) {
        Ok(audit) => store.audited(audit)?,
        Err(error) => return Err(forget(&mut store, &batch, begun, error)),
    };
    listen(&stop)?;
    let mut progress = Progress::new(forecast.todo);
    let ended = make(&common, &batch, store, &stop, &mut progress);
    let (good, seconds) = progress.end();
    let ended = ended?;
    if seconds > 0.0 && good > 0 {
        say(format!("{good} card(s) in {seconds:.1} s, {:.0} a second", good as f64 / seconds));
    }
    finish(global, &folder, options, &batch, &ended)
}

fn office(global: &Global, kind: CardKind, options: &Batch) -> Result<(RegionCode, PathBuf)> {
    let home = Home::new(global)?;
    match kind {
        CardKind::Sim => Ok((PROVINCE, home.make(Party::Sims, "making SIMs")?)),
        CardKind::Psam => home.city(options.city, "issuing PSAMs"),
        _ => home.city(options.city, "issuing ESAMs"),
    }
}

/// Reads the request, or finds the batch that was begun with it. Gives whether it begins now.
fn request(
    global: &Global,
    kind: CardKind,
    region: RegionCode,
    options: &Batch,
    store: &mut Store,
) -> Result<(Summary, bool)> {
    let path = &options.batch;
    let sha256 = hash_of(path)?;
    let named = || format!("{}", path.display());
    if options.resume {
        let known = store.batch_of(&sha256)?.ok_or(BatchError::Unknown { sha256 }).with_context(named)?;
        let region = region.to_string();
        if known.kind != ItemKind::Card(kind) || known.region != region {
            return Err(BatchError::OtherBatch {
                id: known.id,
                kind: known.kind.name(),
                region: known.region,
            }
            .into());
        }
        return Ok((known, false));
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (at, region) = (now(global)?.to_string(), region.to_string());
    let new = NewBatch { kind, region: &region, file: &file, sha256: &sha256, at: &at };
    let begun = store.begin_batch(&new, path);
    let id = match begun {
        Ok(id) => id,
        Err(BatchError::Lines { first, total }) => {
            first.iter().for_each(|fault| say(fault.to_string()));
            let hidden = total.saturating_sub(first.len() as u64);
            if hidden > 0 {
                say(format!("and {hidden} more"));
            }
            let words: Vec<String> = first.iter().map(ToString::to_string).collect();
            let first_words = words.first().cloned().unwrap_or_default();
            let error = BatchError::Lines { first, total };
            return Err(Trouble::from(error).context(format!("{}: {first_words}", path.display())));
        }
        Err(error) => return Err(Trouble::from(error).context(named())),
    };
    let batch = store.batch(id)?.ok_or(BatchError::NoBatch { id })?;
    Ok((batch, true))
}

/// Everything before the question: the issuing card and what it may do, and the forecast.
fn ready<'a>(
    global: &'a Global,
    kind: CardKind,
    region: RegionCode,
    folder: &std::path::Path,
    options: &'a Batch,
    store: &Store,
    batch: &Summary,
) -> Result<(Common<'a>, Forecast)> {
    let time = now(global)?;
    store.check_clock(&time.to_string())?;
    let issuing = match kind {
        CardKind::Esam => {
            Some(issuer(global, folder, CardKind::EsamIssuing, "the ESAM issuing card", options)?)
        }
        CardKind::Psam => {
            let mut issuer = issuer(global, folder, CardKind::PsamIssuing, "the PSAM issuing card", options)?;
            issuer.card_pin =
                Some(secret::new_pin(options.card_pin_file.as_deref(), "the PSAMs to be made")?);
            Some(issuer)
        }
        _ => None,
    };
    must_be_allowed(issuing.as_ref(), options)?;
    let common = Common { global, options, kind, region, validity: validity(time)?, issuing };
    let by_hand = options.reader.is_some() || options.blanks.is_some();
    let line = match (&common.issuing, &batch.first) {
        (Some(issuer), Some(first)) => Some(plan::line_cost(&common.plan(issuer, first, None)?)),
        _ => None,
    };
    let forecast = Forecast {
        todo: batch.counts.open,
        in_stock: store.in_stock(batch.kind)?,
        counter_left: common.issuing.as_ref().and_then(|issuer| issuer.left),
        by_hand,
        line,
    };
    Ok((common, forecast))
}

/// Keys of a formal root stand in clear in the image of a virtual card, and so in the pack.
fn must_be_allowed(issuing: Option<&Issuer>, options: &Batch) -> Result<()> {
    let formal = issuing.is_some_and(|issuer| issuer.about.state == State::Formal);
    if !formal || options.formal_on_virtual || options.reader.is_some() || options.blanks.is_some() {
        return Ok(());
    }
    Err(security("virtual cards of a formal root hold its keys in clear, and so does the pack")
        .hint("feed cards to a reader with --reader; or say --formal-on-virtual if you know what you do")
        .into())
}

fn issuer(
    global: &Global,
    folder: &std::path::Path,
    kind: CardKind,
    whose: &str,
    options: &Batch,
) -> Result<Issuer> {
    let pin = secret::pin(options.pin_file.as_deref(), whose)?;
    let card = Issuing::open(global, folder, kind)?;
    let mut channel = card.clone();
    in_force::must_make(global, folder, &mut channel)?;
    let pins = Pins { spend_last_try: options.allowed.spend_last_try, ..(&pin).into() };
    let opened = CardSource::open(IssuingCard::new(&mut channel), pins);
    // A try that was spent is spent, whatever becomes of the batch.
    card.keep_now()?;
    let mut source = opened?;
    transport::must_be_earnest(global, &mut source)?;
    // Before the first blank is made, and so before one loses a try.
    let packed = options.reader.is_none() && options.blanks.is_none();
    let root = if packed { Some(options.transport.root_for(&mut source)?) } else { None };
    let (about, left) = (source.about(), plan::counter_left(&mut source)?);
    Ok(Issuer { card, about, pin, card_pin: None, left, transport: root })
}

impl Common<'_> {
    /// The plan of a card.
    pub fn plan(&self, issuer: &Issuer, number: &str, ceiling_fen: Option<u32>) -> Result<Plan> {
        let wish = self.wish(number, ceiling_fen)?;
        issue::plan_of(&wish, &issuer.about, self.validity)
    }

    /// The wish for a card.
    fn wish(&self, number: &str, ceiling_fen: Option<u32>) -> Result<Wish<'static>> {
        Ok(Wish {
            ceiling: ceiling_fen.map(scheme::money::Fen),
            allowed: self.options.allowed,
            ..Wish::new(self.kind, number.parse()?, self.region)
        })
    }
}

/// The first Ctrl-C ends the batch after the cards under way; the second ends the program at once.
fn listen(stop: &Arc<AtomicBool>) -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(crate::fail::exit_code(Kind::Interrupted));
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(stop))?;
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

fn make(
    common: &Common<'_>,
    batch: &Summary,
    store: Store,
    stop: &AtomicBool,
    progress: &mut Progress,
) -> Result<Ended> {
    let global = common.global;
    let time = || now(global).map(|time| time.to_string()).unwrap_or_default();
    let by_hand = common.options.reader.is_some() || common.options.blanks.is_some();
    let mut keep_issuing = || match &common.issuing {
        Some(issuer) => issuer.card.keep_now().map_err(|error| error.to_string()),
        None => Ok(()),
    };
    let place = match &common.options.reader {
        Some(CardRef::Reader(name)) => format!("issued in {}", name.as_str()),
        _ if by_hand => "house".to_owned(),
        _ => "pack".to_owned(),
    };
    let mut control = Control {
        stop: &|| stop.load(Ordering::Relaxed),
        stop_after: common.options.stop_after,
        now: &time,
        group: GROUP,
        every: EVERY,
        place: &place,
        before_commit: &mut keep_issuing,
        watch: progress,
    };
    if by_hand {
        fed::run(common, batch, store, &mut control)
    } else {
        packed::run(common, batch, store, &mut control)
    }
}

/// Forgets a batch that was not begun after all; the error that stopped it stays the error.
fn forget(store: &mut Store, batch: &Summary, begun: bool, error: Trouble) -> Trouble {
    let _ = forget_batch(store, batch, begun);
    error
}

fn forget_batch(store: &mut Store, batch: &Summary, begun: bool) -> Result<()> {
    if begun {
        store.drop_batch(batch.id)?;
    }
    Ok(())
}

/// Result file, figures, exit code.
fn finish(
    global: &Global,
    folder: &std::path::Path,
    options: &Batch,
    batch: &Summary,
    ended: &Ended,
) -> Result<()> {
    let store = super::visit(folder)?;
    let batch = store.batch(batch.id)?.ok_or(BatchError::NoBatch { id: batch.id })?;
    let path = match &options.result {
        Some(path) => path.clone(),
        None => out(folder)?.join(format!("batch-{}-result.csv", batch.id)),
    };
    result::write(&store, &batch, &path)?;
    let text = format!("{}\nresult: {}", result::reconciliation(&batch.counts), path.display());
    let mut object = batch_json(&batch);
    object["result"] = path.display().to_string().into();
    object["outcome"] = outcome(ended).into();
    answer(global, &text, object);
    if !batch.counts.reconciled() {
        return Err(
            refused("the figures of the batch do not add up: the store was changed by another hand").into()
        );
    }
    let again = "the same command with --resume goes on";
    match ended {
        Ended::Done if batch.counts.open > 0 => {
            let words =
                format!("{} line(s) wait for a chip that was begun and not finished", batch.counts.open);
            Err(refused(words)
                .hint("feed that chip again, or give it up with `gridcard stock scrap`; then go on with --resume")
                .into())
        }
        Ended::Done if batch.counts.failed == 0 => Ok(()),
        Ended::Done => Err(refused(format!("{} line(s) have no card", batch.counts.failed))
            .hint("the result file says why; ask for these numbers in another request")
            .into()),
        Ended::Stopped => {
            let words = format!("stopped; {} card(s) are left to make", batch.counts.open);
            Err(Failure::new(Kind::Interrupted, words).hint(again).into())
        }
        Ended::NoCards => {
            let words = format!("no more blanks; {} card(s) are left to make", batch.counts.open);
            Err(Failure::new(Kind::Absent, words).hint(again).into())
        }
        Ended::Failures { count, last } => {
            Err(refused(format!("{count} chip(s) were spoiled one after another; the last: {last}"))
                .hint("look for the reason first; then the same command with --resume goes on")
                .into())
        }
        Ended::Lost { why, gone } => {
            let exit = if *gone { Kind::Absent } else { Kind::Refused };
            Err(Failure::new(exit, why.clone()).hint(again).into())
        }
    }
}

const fn outcome(ended: &Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Stopped => "stopped",
        Ended::NoCards => "no-more-blanks",
        Ended::Failures { .. } => "too-many-failures",
        Ended::Lost { gone: true, .. } => "lost",
        Ended::Lost { gone: false, .. } => "refused",
    }
}
