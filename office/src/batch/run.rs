//! How a batch runs, and the way of virtual cards.

use super::{Attempt, BatchError, Done, Job, LineEnd, Summary};
use crate::store::Store;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use wire::channel::Channel;

/// Lines handed to a worker at once.
const PORTION: usize = 8;
/// Lines under way at most: what a batch holds in memory, whatever its length. While a group is kept, and the program waits for the
/// medium, the workers go on with as many again.
const UNDER_WAY: usize = 2048;
/// Cards of a run that may clash with others: of random serials none ever does.
const CLASHES: usize = 16;
/// How often a run looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Makes virtual cards, on a thread of its own.
pub trait Maker: Send {
    /// Makes the card of each line that `next` gives and hands it to `done`, until there is no more line or nobody
    /// wants it. Nothing of a card may be seen outside before the store has it.
    fn work(&mut self, next: &mut dyn FnMut() -> Option<Job>, done: &mut dyn FnMut(Job, Attempt) -> bool);
}

/// Where cards that exist outside come from, one by one.
pub trait Feeder {
    /// Waits for the next card. False: there are no more, or the operator stops.
    fn next(&mut self) -> Result<bool, String>;

    /// The card that is there.
    fn card(&mut self) -> &mut dyn Channel;

    /// The card is done with: tells its fate and waits until it is gone.
    fn leave(&mut self, fate: &str) -> Result<(), String>;
}

/// Whoever watches a batch.
pub trait Watch {
    /// These are kept now: on the medium, for good.
    fn kept(&mut self, outcomes: &[LineEnd]);

    /// Something the operator should know.
    fn say(&mut self, words: &str) {
        let _ = words;
    }
}

/// Nobody watches.
impl Watch for () {
    fn kept(&mut self, _: &[LineEnd]) {}
}

/// How a batch is run.
pub struct Control<'c> {
    /// Whether the operator wants to stop; asked all the time.
    pub stop: &'c (dyn Fn() -> bool + Sync),
    /// Ends the run after so many chips spoiled one after another.
    pub stop_after: u32,
    /// The time for the store.
    pub now: &'c dyn Fn() -> String,
    /// Cards of a transaction, at most.
    pub group: usize,
    /// Time until a transaction, at most.
    pub every: Duration,
    /// Where the cards are said to be.
    pub place: &'c str,
    /// What must be on the medium before the cards are (the issuing card with its counter).
    pub before_commit: &'c mut dyn FnMut() -> Result<(), String>,
    /// Whoever watches.
    pub watch: &'c mut dyn Watch,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// No line is open.
    Done,
    /// The operator stopped it.
    Stopped,
    /// There are no more cards.
    NoCards,
    /// Too many chips were spoiled one after another.
    Failures {
        /// How many.
        count: u32,
        /// Why the last one.
        last: String,
    },
    /// A card, the reader or the key source went away or refused.
    Lost {
        /// What and why.
        why: String,
        /// Whether it is gone, rather than refusing.
        gone: bool,
    },
}

/// Runs the open lines of a batch with virtual cards, each worker on a thread of its own.
///
/// # Errors
/// The store failed: what was not kept was not reported, and its lines are open still.
pub fn run_packed<M: Maker>(
    store: &mut Store,
    batch: &Summary,
    workers: &mut [M],
    control: &mut Control<'_>,
) -> Result<Ended, BatchError> {
    store.check_clock(&(control.now)())?;
    store.reconcile(batch.id)?;
    let (jobs, todo) = channel::<Vec<Job>>();
    let (done, results) = channel::<(Job, Attempt)>();
    let (todo, halt) = (Mutex::new(todo), AtomicBool::new(false));
    let ended = std::thread::scope(|scope| {
        for worker in workers.iter_mut() {
            let (todo, halt, done) = (&todo, &halt, done.clone());
            scope.spawn(move || work(worker, todo, halt, &done));
        }
        drop(done);
        let mut line =
            Line { store, batch, jobs: Some(jobs), after: 0, again: VecDeque::new(), under_way: 0 };
        let ended = collect(&mut line, &results, &halt, control);
        // After an error of the store nothing more is to be made.
        halt.store(true, Ordering::Relaxed);
        ended
    })?;
    finish(store, batch, ended, control)
}

fn work<M: Maker>(
    worker: &mut M,
    todo: &Mutex<Receiver<Vec<Job>>>,
    halt: &AtomicBool,
    done: &Sender<(Job, Attempt)>,
) {
    let mut portion = Vec::new().into_iter();
    let mut next = || {
        // What was not begun stays with its line.
        if halt.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(job) = portion.next() {
            return Some(job);
        }
        // A poisoned lock: another worker panicked, and the run ends.
        portion = todo.lock().ok()?.recv().ok()?.into_iter();
        portion.next()
    };
    worker.work(&mut next, &mut |job, made| done.send((job, made)).is_ok());
}

/// The open lines on their way to the workers.
struct Line<'s> {
    store: &'s mut Store,
    batch: &'s Summary,
    jobs: Option<Sender<Vec<Job>>>,
    /// Last line read from the store.
    after: i64,
    /// Lines whose chip was spoiled.
    again: VecDeque<Job>,
    under_way: usize,
}

impl Line<'_> {
    /// Keeps the workers busy.
    fn feed(&mut self) -> Result<(), BatchError> {
        while self.under_way < UNDER_WAY {
            let mut portion: Vec<Job> = Vec::new();
            while portion.len() < PORTION
                && let Some(job) = self.again.pop_front()
            {
                portion.push(job);
            }
            if portion.is_empty() {
                portion = self.store.open_lines(self.batch.id, self.after, PORTION)?;
                if let Some(last) = portion.last() {
                    self.after = last.line;
                }
                // What was spoiled in earlier runs counts too, so that the next chip is another.
                if self.batch.counts.refused + self.batch.counts.scrapped > 0 {
                    for job in &mut portion {
                        job.attempt = self.store.attempts(self.batch.id, job.line)?;
                    }
                }
            }
            if portion.is_empty() {
                return Ok(());
            }
            self.under_way += portion.len();
            if let Some(jobs) = &self.jobs {
                // A send fails when all workers are gone; the results then end too.
                let _ = jobs.send(portion);
            }
        }
        Ok(())
    }
}

/// Takes results, keeps them group by group, and decides when to end. What is made when the end comes is kept still.
fn collect(
    line: &mut Line<'_>,
    results: &Receiver<(Job, Attempt)>,
    halt: &AtomicBool,
    control: &mut Control<'_>,
) -> Result<Ended, BatchError> {
    let mut group: Vec<LineEnd> = Vec::with_capacity(control.group);
    let mut since = Instant::now();
    let mut tally = Failures::new(control.stop_after);
    let (mut ended, mut clashes) = (None, 0);
    loop {
        if ended.is_none() && (control.stop)() {
            ended = Some(Ended::Stopped);
        }
        if ended.is_none() {
            line.feed()?;
        }
        let idle = line.under_way == 0;
        if !group.is_empty() && (idle || group.len() >= control.group || since.elapsed() >= control.every) {
            let again = keep(line, &mut group, control)?;
            clashes += again.len();
            if clashes > CLASHES {
                let why = "chip after chip has the serial or number of another card".into();
                ended = ended.or(Some(Ended::Lost { why, gone: false }));
            }
            line.again.extend(again);
            since = Instant::now();
            continue;
        }
        if idle && ended.is_none() {
            ended = Some(Ended::Done);
        }
        if ended.is_some() {
            halt.store(true, Ordering::Relaxed);
            line.jobs = None;
        }
        let (job, made) = match results.recv_timeout(LOOK.min(control.every)) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                if !group.is_empty() {
                    keep(line, &mut group, control)?;
                }
                return Ok(
                    ended.unwrap_or(Ended::Lost { why: "a worker of the program broke".into(), gone: false })
                );
            }
        };
        line.under_way -= 1;
        let outcome = |done| LineEnd { line: job.line, number: job.number.clone(), done };
        match made {
            Attempt::Good(good) => {
                tally.forget();
                group.push(outcome(Done::Good(good)));
            }
            Attempt::Spoiled { serial, begun, why } => {
                let failures = tally.spoiled(&why);
                ended = ended.or(failures);
                let for_good = job.serial.is_some();
                group.push(outcome(Done::Spoiled { serial, begun, why, for_good }));
                if !for_good {
                    line.again.push_back(Job { attempt: job.attempt + 1, ..job });
                }
            }
            Attempt::Lost { why, gone } => ended = Some(Ended::Lost { why, gone }),
        }
    }
}

/// Keeps a group: first what must be on the medium before it, then the cards, then the news. Gives the lines whose
/// card clashed and is to be made again.
fn keep(
    line: &mut Line<'_>,
    group: &mut Vec<LineEnd>,
    control: &mut Control<'_>,
) -> Result<Vec<Job>, BatchError> {
    (control.before_commit)().map_err(|what| BatchError::BeforeCommit { what })?;
    let clashes = line.store.keep(line.batch, control.place, group, &(control.now)())?;
    let mut again = Vec::new();
    for (number, why) in clashes {
        control.watch.say(&format!("line {number}: {why}; another chip is taken"));
        group.retain(|outcome| outcome.line != number);
        again.extend(line.store.open_lines(line.batch.id, number - 1, 1)?);
    }
    control.watch.kept(group);
    group.clear();
    for job in &mut again {
        job.attempt = job.attempt.wrapping_add(1000);
    }
    Ok(again)
}

/// Chips spoiled one after another.
pub(super) struct Failures {
    limit: u32,
    count: u32,
}

impl Failures {
    pub(super) const fn new(limit: u32) -> Self {
        Failures { limit, count: 0 }
    }

    /// A good one came between.
    pub(super) const fn forget(&mut self) {
        self.count = 0;
    }

    pub(super) fn spoiled(&mut self, why: &str) -> Option<Ended> {
        self.count += 1;
        (self.count >= self.limit.max(1)).then(|| Ended::Failures { count: self.count, last: why.to_owned() })
    }
}

pub(super) fn finish(
    store: &mut Store,
    batch: &Summary,
    ended: Ended,
    control: &mut Control<'_>,
) -> Result<Ended, BatchError> {
    (control.before_commit)().map_err(|what| BatchError::BeforeCommit { what })?;
    store.end_batch(batch.id, &(control.now)())?;
    Ok(ended)
}
