//! The counter: one thread that owns the books and the PSAMs, and does one request after another.

use crate::asked::Means;
use crate::denied::Denied;
use crate::figures::{self, Figures};
use crate::gate::{Askers, Gate, Kept};
use crate::job::Job;
use crate::mailbox::Mailbox;
use crate::offices::{must_be_theirs, named, shows_people};
use crate::reply::{Judged, Reply, is_gone};
use crate::routes::Work;
use parties::bank::Desk;
use parties::bank::offices::words;
use parties::bank::pins::PinChoice;
use parties::people::{Person, acts_by_key, operators};
use parties::{Deed, Result, Session, Trouble, log};
use scheme::chance::random;
use scheme::order::OrderId;
use serde_json::Value;
use server::{Books, Claim, Claimed, Named, Principal, Role};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What comes to the counter.
pub enum Call {
    /// Somebody asks.
    Ask(Box<Job>),
    /// Somebody wants to know whether the books can be read.
    Ready(oneshot::Sender<bool>),
    /// Somebody wants figures of the books.
    Figures(oneshot::Sender<String>),
}

/// Who works there, and with what.
pub struct Counter {
    /// The session that those of the acts are made from.
    pub session: Session,
    /// Books and PSAMs.
    pub desk: Desk,
    /// The PSAMs' PINs.
    pub pin: PinChoice,
    /// Who may ask, and how often.
    pub gate: Gate,
    /// The last event that the power company has by its own words.
    pub told: i64,
    /// Figures of the books, and when they were counted.
    pub gauged: Option<(Duration, String)>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// When it opened.
    pub opened: Instant,
    /// How books that are not the bank's own file are opened.
    pub connect: Option<Connect>,
    /// The connection to the books was lost.
    pub lost: bool,
}

/// Opens books that are not the bank's own file.
pub type Connect = Box<dyn Fn() -> Result<Box<dyn Books>>>;

impl Counter {
    /// Works until nobody can ask any more; then ends the sessions with the PSAMs.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn work(mut self, calls: &Receiver<Call>) -> Result<()> {
        while let Ok(call) = calls.recv() {
            match call {
                // Whoever asked has gone, and nothing was done: he asks again.
                Call::Ask(job) if job.reply.is_closed() => self.waited(),
                Call::Ask(mut job) => {
                    self.waited();
                    let reply = self.answer(&mut job);
                    self.figures.sessions.store(self.desk.sessions() as u64, Ordering::Relaxed);
                    // Whoever has gone meanwhile gets the same answer when he asks again.
                    let _ = job.reply.send(reply);
                }
                Call::Figures(asker) => {
                    let _ = asker.send(self.gauges());
                }
                Call::Ready(asker) => {
                    let can = self.reconnect().and_then(|()| Ok(self.desk.books().terms()?));
                    if let Err(error) = &can {
                        self.heed(error);
                    }
                    let _ = asker.send(can.is_ok());
                }
            }
        }
        self.desk.close()
    }

    /// Notes that the connection to the books was lost, if that is what an error says.
    fn heed(&mut self, error: &Trouble) {
        self.lost |= is_gone(error.code());
    }

    /// Opens books anew whose connection was lost.
    fn reconnect(&mut self) -> Result<()> {
        if let (true, Some(connect)) = (self.lost, &self.connect) {
            self.desk.reopen(connect()?);
            self.lost = false;
        }
        Ok(())
    }

    /// Figures of the books and the PSAMs; counted anew when those before are old. Where the books cannot be read there are none.
    fn gauges(&mut self) -> String {
        let now = self.opened.elapsed();
        if self.gauged.as_ref().is_none_or(|(at, _)| now.saturating_sub(*at) >= FIGURES_TIME) {
            let found = self.reconnect().and_then(|()| Ok(self.desk.books().gauges(self.session.now()?)?));
            let text = match found {
                Ok(gauges) => figures::of_books(&gauges, self.told, &self.desk.left()),
                Err(error) => {
                    self.heed(&error);
                    String::new()
                }
            };
            self.gauged = Some((now, text));
        }
        self.gauged.as_ref().map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Tells an error.
    fn told(&mut self, error: &Trouble, begun: bool, id: Option<&str>) -> Reply {
        self.heed(error);
        Reply::failed(error, &Judged::of(error, begun), id)
    }

    fn waited(&self) {
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn answer(&mut self, job: &mut Job) -> Reply {
        let id = job.id.clone();
        let id = id.as_deref();
        if let Err(error) = self.reconnect() {
            return self.told(&error, false, id);
        }
        let askers = match self.askers(job) {
            Ok(Ok(askers)) => askers,
            Ok(Err(kept)) => return self.keep_out(job, kept),
            Err(error) => return self.told(&error, false, id),
        };
        job.asked.office = askers.office().map(str::to_owned);
        match id.filter(|_| job.route.changes()) {
            None => self.look(job, &askers),
            Some(id) => self.change(job, &askers, id),
        }
    }

    fn askers(&mut self, job: &Job) -> Result<Result<Askers, Kept>> {
        let at = self.session.now()?;
        self.gate.askers(self.desk.books(), job, at, self.opened.elapsed())
    }

    /// Somebody may not; what looks like a guess is noted, without what he guessed.
    fn keep_out(&mut self, job: &Job, kept: Kept) -> Reply {
        let Kept { denied, noted } = kept;
        if matches!(denied, Denied::Key | Denied::KeyEnded(_) | Denied::Tries) {
            self.figures.refused.fetch_add(1, Ordering::Relaxed);
        }
        let reply = Reply::denied(&denied, job.id.as_deref());
        if noted {
            let (peer, whose) = (job.peer.address, job.shown.words());
            tracing::warn!(address = %peer, key = whose, route = job.route.name, "{denied}");
            let desk = &mut self.desk;
            let done: Result<()> = self.session.anew(Deed::One(ASKED)).act(|session| {
                acts_by_key(session, desk.place(), Person::by_key("unknown", operators::Role::Clerk), None)?;
                log::fact(session, "address", peer);
                log::fact(session, "key", whose);
                log::fact(session, "route", job.route.name);
                desk.enter(session)?;
                Err(Trouble::new(denied))
            });
            // It is the refusal, which has been told.
            drop(done);
        }
        reply
    }

    /// Looks. Who looks at somebody's data leaves a line in the log.
    fn look(&mut self, job: &Job, askers: &Askers) -> Reply {
        let named = named(job.route, &job.asked);
        let is_noted = shows_people(job.route, &named);
        let deed = if is_noted { Deed::One(LOOKED) } else { Deed::Look };
        let desk = &mut self.desk;
        let done = self.session.anew(deed).act(|session| {
            if is_noted {
                acts_by_key(session, desk.place(), person(&askers.first), None)?;
                desk.enter(session)?;
                note(session, job, &named);
                desk.note_ledger(session)?;
            }
            must_be_theirs(desk.books(), askers.office(), &named)?;
            match job.route.work {
                Work::Look(work) => Ok(Reply::json(&work(session, desk, &job.asked)?)),
                Work::Text(work) => Ok(Reply::text("text/plain", work(session, desk, &job.asked)?)),
                // Only what changes nothing comes without an id.
                Work::Book(..) | Work::Cards(..) => Err(Trouble::new(Denied::NoId)),
            }
        });
        if askers.first.role == Role::Company && job.route.name == "events" {
            let after = job.asked.named.get("after").and_then(|after| after.parse().ok());
            self.told = self.told.max(after.unwrap_or(0));
        }
        match done {
            Ok(reply) => reply,
            Err(error) => self.told(&error, false, None),
        }
    }

    fn change(&mut self, job: &Job, askers: &Askers, id: &str) -> Reply {
        match self.claim(job, askers, id) {
            Ok((Claimed::Answered(answer), _)) => {
                self.figures.again.fetch_add(1, Ordering::Relaxed);
                Reply::again(answer)
            }
            Ok((_, claim)) => self.act(job, askers, &claim),
            Err(error) => self.told(&error, false, Some(id)),
        }
    }

    /// Writes the request down. Its claim names the order that is made for it, now or by whoever worked on it before.
    fn claim(&mut self, job: &Job, askers: &Askers, id: &str) -> Result<(Claimed, Claim)> {
        let at = self.session.now()?;
        let label = format!("request {} {id}", askers.first.id);
        let mut claim = Claim {
            principal: askers.first.id.clone(),
            id: id.to_owned(),
            body: job.body,
            order: OrderId(random(&mut *self.session.chance(&label))),
            at,
        };
        let stands = self.desk.books_mut().claim(&claim)?;
        if let Claimed::UnderWay(order) = stands {
            claim.order = order;
        }
        Ok((stands, claim))
    }

    fn act(&mut self, job: &Job, askers: &Askers, claim: &Claim) -> Reply {
        let (deed, work, together) = match job.route.work {
            Work::Book(deed, work) => (deed, work, true),
            Work::Cards(deed, work) => (deed, work, false),
            Work::Look(_) | Work::Text(_) => return self.look(job, askers),
        };
        let mailbox = Arc::new(Mailbox::default());
        let means = Means { pin: self.pin.clone(), order: Some(claim.order), mailbox: mailbox.clone() };
        let mut session = self.session.anew(deed);
        session.carrier = mailbox;
        let desk = &mut self.desk;
        let done = session.act(|session| {
            let (first, second) = (person(&askers.first), askers.second.as_ref().map(person));
            acts_by_key(session, desk.place(), first, second)?;
            desk.enter(session)?;
            let named = named(job.route, &job.asked);
            if askers.office().is_some() {
                note(session, job, &named);
            }
            must_be_theirs(desk.books(), askers.office(), &named)?;
            let reply = if together {
                desk.together(|desk| finish(desk, claim, &mut |desk| work(session, desk, &job.asked, &means)))
            } else {
                finish(desk, claim, &mut |desk| work(session, desk, &job.asked, &means))
            }?;
            parties::log::fact(session, "request", &claim.id);
            desk.note_ledger(session)?;
            Ok(reply)
        });
        match done {
            Ok(reply) => reply,
            Err(error) => self.failed(&error, claim),
        }
    }

    /// Tells a failure, and keeps it as the answer when nothing can come of the same request any more.
    fn failed(&mut self, error: &Trouble, claim: &Claim) -> Reply {
        self.heed(error);
        if let Err(lost) = self.reconnect() {
            return self.told(&lost, false, Some(&claim.id));
        }
        let books = self.desk.books_mut();
        // What was done and answered before the failure, in the log say, stands.
        match books.claim(claim) {
            Ok(Claimed::Answered(answer)) => return Reply::again(answer),
            Ok(_) => {}
            // The books went away: what was done before is not known here.
            Err(lost) => return self.told(&lost.into(), false, Some(&claim.id)),
        }
        // An order that was written down is finished by the same request.
        let begun = !matches!(books.order(claim.order), Ok(None));
        let judged = Judged::of(error, begun);
        let reply = Reply::failed(error, &judged, Some(&claim.id));
        if judged.is_for_ever()
            && let Err(lost) = books.answer(&claim.principal, &claim.id, &reply.kept())
        {
            return self.told(&lost.into(), false, Some(&claim.id));
        }
        reply
    }
}

/// Works, and keeps the answer, unless another server has answered meanwhile.
fn finish(desk: &mut Desk, claim: &Claim, work: &mut dyn FnMut(&mut Desk) -> Result<Value>) -> Result<Reply> {
    if let Claimed::Answered(answer) = desk.books_mut().claim(claim)? {
        return Ok(Reply::again(answer));
    }
    let reply = Reply::json(&work(desk)?);
    desk.books_mut().answer(&claim.principal, &claim.id, &reply.kept())?;
    Ok(reply)
}

/// How long figures of the books are good for.
const FIGURES_TIME: Duration = Duration::from_secs(5);
/// What a look at somebody's data is to the log.
const LOOKED: &str = "server look";
/// What a key that is none is to the log.
const ASKED: &str = "server ask";

/// What was asked, for the line in the log.
fn note(session: &Session, job: &Job, named: &[Named]) {
    log::fact(session, "route", job.route.name);
    for one in named {
        log::fact(session, "asked", words(one));
    }
}

/// A principal as the bank's log knows people.
fn person(principal: &Principal) -> Person {
    let role = match principal.role {
        Role::Supervisor => operators::Role::Supervisor,
        Role::Auditor => operators::Role::Auditor,
        Role::Clerk | Role::Bank | Role::Company => operators::Role::Clerk,
    };
    Person::by_key(&principal.id, role)
}
