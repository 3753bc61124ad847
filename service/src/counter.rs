//! The counter: one thread that owns the books and the PSAMs, and does one request after another.

use crate::asked::Means;
use crate::denied::Denied;
use crate::figures::{self, Figures};
use crate::gate::{Askers, Gate, Kept};
use crate::job::{Job, Wanted};
use crate::mailbox::Mailbox;
use crate::offices::{must_be_theirs, named, shows_people};
use crate::reply::{Judged, Reply, is_gone};
use crate::routes::{Route, Work};
use crate::teller::{Task, Teller};
use parties::bank::Desk;
use parties::bank::offices::words;
use parties::bank::payment::{self, AskBank};
use parties::bank::pins::PinChoice;
use parties::people::{Person, acts_by_key, operators};
use parties::{Deed, Result, Session, Trouble, log};
use scheme::chance::random;
use scheme::order::OrderId;
use serde_json::Value;
use server::{BankAnswer, BankCall, Books, Claim, Claimed, Named, OrderState};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What comes to the counter.
pub enum Call {
    /// Somebody asks; and the way back to the counter, for what comes of it later.
    Ask(Box<Job>, SyncSender<Call>),
    /// Somebody wants to know whether the books can be read.
    Ready(oneshot::Sender<bool>),
    /// Somebody wants figures of the books.
    Figures(oneshot::Sender<String>),
    /// A person comes with a visit of his own; whoever sent it tells him what came of it.
    Visit(Visit),
    /// It may be time to ask the bank again; what it answers comes back this way.
    Due(SyncSender<Call>),
    /// The bank was asked.
    Answered(Box<Answered>),
}

/// What the bank was asked and said.
pub struct Answered {
    /// The payment.
    payment: OrderId,
    /// What it said.
    answer: BankAnswer,
    /// The request that goes on now.
    job: Option<Box<Job>>,
    /// The way back to the counter.
    back: SyncSender<Call>,
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
    /// Who asks the customers' bank, where there is one.
    pub teller: Option<Teller>,
}

/// What comes of a request.
enum Next {
    /// The answer.
    Reply(Reply),
    /// The bank is asked first.
    Ask(BankCall),
}

/// What a person does at the counter.
pub type Visit = Box<dyn FnOnce(&mut Counter) + Send>;

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
                Call::Ask(job, _) if job.reply.is_closed() => self.waited(),
                Call::Ask(job, back) => {
                    self.waited();
                    self.serve(job, back, false);
                }
                Call::Due(back) => self.ask_what_is_due(&back),
                Call::Answered(answered) => self.go_on(*answered),
                Call::Visit(visit) => {
                    visit(&mut self);
                    self.figures.sessions.store(self.desk.sessions() as u64, Ordering::Relaxed);
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

    /// Does what is asked, and answers; or has the bank asked first. `again`: the bank was asked, and the request goes on.
    fn serve(&mut self, mut job: Box<Job>, back: SyncSender<Call>, again: bool) {
        let next = self.answer(&mut job, again);
        self.figures.sessions.store(self.desk.sessions() as u64, Ordering::Relaxed);
        match (next, &mut self.teller) {
            (Next::Reply(reply), _) => {
                // Whoever has gone meanwhile gets the same answer when he asks again.
                let _ = job.reply.send(reply);
            }
            (Next::Ask(call), Some(teller)) => {
                teller.ask(task(call, Some(job), back));
            }
            (Next::Ask(_), None) => {
                let reply = self.told(&Trouble::new(Denied::NoBank), true, job.what.id.as_deref());
                let _ = job.reply.send(reply);
            }
        }
    }

    /// Has the bank asked about every payment whose time has come, and that it is not being asked about.
    fn ask_what_is_due(&mut self, back: &SyncSender<Call>) {
        if self.teller.is_none() || self.reconnect().is_err() {
            return;
        }
        let due = payment::due(&self.session.anew(Deed::Look), &self.desk, false);
        match due {
            Ok(calls) => {
                for call in calls {
                    if let Some(teller) = self.teller.as_mut().filter(|teller| !teller.asks(call.reference()))
                    {
                        teller.ask(task(call, None, back.clone()));
                    }
                }
            }
            Err(error) => self.heed(&error),
        }
    }

    /// Keeps what the bank said, and goes on with the request that waited for it.
    fn go_on(&mut self, answered: Answered) {
        let Answered { payment, answer, job, back } = answered;
        if let Some(teller) = &mut self.teller {
            teller.asked(payment);
        }
        let kept = self.reconnect().and_then(|()| {
            let desk = &mut self.desk;
            self.session.anew(Deed::One("bank answer")).act(|session| {
                acts_by_key(session, desk.place(), Person::service(), None)?;
                desk.enter(session)?;
                let line = payment::answered(session, desk, payment, &answer)?;
                desk.note_ledger(session)?;
                Ok(line)
            })
        });
        let error = match kept {
            Ok(line) => payment::unknown(&line).map(Trouble::new),
            Err(error) => Some(error),
        };
        match (job, error) {
            (Some(job), None) => self.serve(job, back, true),
            (Some(job), Some(error)) => {
                let reply = self.told(&error, true, job.what.id.as_deref());
                let _ = job.reply.send(reply);
            }
            // What could not be kept is asked again when its time comes.
            (None, Some(error)) => self.heed(&error),
            (None, None) => {}
        }
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

    /// Works with the books for a person, once they can be reached.
    ///
    /// # Errors
    /// Those of the work; books that cannot be reached.
    pub fn with_books<T>(&mut self, work: impl FnOnce(&mut Counter) -> Result<T>) -> Result<T> {
        let done = self.reconnect().and_then(|()| work(self));
        if let Err(error) = &done {
            self.heed(error);
        }
        done
    }

    fn waited(&self) {
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn answer(&mut self, job: &mut Job, again: bool) -> Next {
        let id = job.what.id.clone();
        let id = id.as_deref();
        if let Err(error) = self.reconnect() {
            return Next::Reply(self.told(&error, again, id));
        }
        let askers = match self.askers(job, again) {
            Ok(Ok(askers)) => askers,
            Ok(Err(kept)) => return Next::Reply(self.keep_out(job, kept)),
            Err(error) => return Next::Reply(self.told(&error, again, id)),
        };
        job.what.asked.office = askers.office().map(str::to_owned);
        self.next(&job.what, &askers)
    }

    /// Does what a person asks at the counter.
    ///
    /// # Errors
    /// The bank is asked first: whoever came has it asked ([`Counter::have_asked`]), waits elsewhere, and comes again.
    pub fn ask(&mut self, what: &Wanted, askers: &Askers) -> std::result::Result<Reply, BankCall> {
        match self.next(what, askers) {
            Next::Reply(reply) => Ok(reply),
            Next::Ask(call) => Err(call),
        }
    }

    /// Has the bank asked for a person who waits elsewhere. He is told when its answer is on its way back to the counter, where it
    /// comes before he does.
    ///
    /// # Errors
    /// There is no bank to ask.
    pub fn have_asked(
        &mut self,
        call: BankCall,
        back: SyncSender<Call>,
        heard: oneshot::Sender<()>,
    ) -> Result<()> {
        let teller = self.teller.as_mut().ok_or_else(|| Trouble::new(Denied::NoBank))?;
        let Task { call, then } = task(call, None, back);
        let then = move |answer| {
            then(answer);
            // Whoever has gone finds the payment on the customer's page.
            let _ = heard.send(());
        };
        teller.ask(Task { call, then: Box::new(then) });
        Ok(())
    }

    /// Whether there is a bank that can be asked.
    pub const fn has_bank(&self) -> bool {
        self.teller.is_some()
    }

    /// Does what somebody may ask.
    fn next(&mut self, what: &Wanted, askers: &Askers) -> Next {
        match what.id.as_deref().filter(|_| what.route.changes()) {
            None => Next::Reply(self.look(what, askers)),
            Some(id) => self.change(what, askers, id),
        }
    }

    /// Who asks, and whether he may. A request that goes on `again` was counted before.
    fn askers(&mut self, job: &Job, again: bool) -> Result<Result<Askers, Kept>> {
        let at = self.session.now()?;
        self.gate.askers(self.desk.books(), job, at, self.opened.elapsed(), again)
    }

    /// Somebody may not; what looks like a guess is noted, without what he guessed.
    fn keep_out(&mut self, job: &Job, kept: Kept) -> Reply {
        let Kept { denied, noted } = kept;
        if matches!(denied, Denied::Key | Denied::KeyEnded(_) | Denied::Tries) {
            self.figures.refused.fetch_add(1, Ordering::Relaxed);
        }
        let reply = Reply::denied(&denied, job.what.id.as_deref());
        if noted {
            let (peer, whose) = (job.peer.address, job.shown.words());
            tracing::warn!(address = %peer, key = whose, route = job.what.route.name, "{denied}");
            let desk = &mut self.desk;
            let done: Result<()> = self.session.anew(Deed::One(ASKED)).act(|session| {
                acts_by_key(session, desk.place(), Person::by_key("unknown", operators::Role::Clerk), None)?;
                log::fact(session, "address", peer);
                log::fact(session, "key", whose);
                log::fact(session, "route", job.what.route.name);
                desk.enter(session)?;
                Err(Trouble::new(denied))
            });
            // It is the refusal, which has been told.
            drop(done);
        }
        reply
    }

    /// Looks. Who looks at somebody's data leaves a line in the log.
    fn look(&mut self, what: &Wanted, askers: &Askers) -> Reply {
        let named = named(what.route, &what.asked);
        let is_noted = shows_people(what.route, &named);
        let deed = if is_noted { Deed::Seen(LOOKED) } else { Deed::Look };
        let desk = &mut self.desk;
        let done = self.session.anew(deed).act(|session| {
            if is_noted {
                acts_by_key(session, desk.place(), askers.first.person.clone(), None)?;
                desk.enter(session)?;
                note(session, what.route, &named);
                desk.note_ledger(session)?;
            }
            must_be_theirs(desk.books(), askers.office(), &named)?;
            match what.route.work {
                Work::Look(work) => Ok(Reply::json(&work(session, desk, &what.asked)?)),
                Work::Text(work) => Ok(Reply::text("text/plain", work(session, desk, &what.asked)?)),
                // Only what changes nothing comes without an id.
                Work::Book(..) | Work::Cards(..) => Err(Trouble::new(Denied::NoId)),
            }
        });
        if askers.first.is_company && what.route.name == "events" {
            let after = what.asked.named.get("after").and_then(|after| after.parse().ok());
            // No further than there are any: who asks says the number.
            let last = self.desk.books().last_event().unwrap_or(0);
            self.told = self.told.max(after.unwrap_or(0).min(last));
        }
        match done {
            Ok(reply) => reply,
            Err(error) => self.told(&error, false, None),
        }
    }

    fn change(&mut self, what: &Wanted, askers: &Askers, id: &str) -> Next {
        match self.claim(what, askers, id) {
            Ok((Claimed::Answered(answer), _)) => {
                self.figures.again.fetch_add(1, Ordering::Relaxed);
                Next::Reply(Reply::again(answer))
            }
            Ok((_, claim)) => self.act(what, askers, &claim),
            Err(error) => Next::Reply(self.told(&error, false, Some(id))),
        }
    }

    /// Writes the request down. Its claim names the order that is made for it, now or by whoever worked on it before.
    fn claim(&mut self, what: &Wanted, askers: &Askers, id: &str) -> Result<(Claimed, Claim)> {
        let at = self.session.now()?;
        let label = format!("request {} {id}", askers.first.principal);
        let mut claim = Claim {
            principal: askers.first.principal.clone(),
            id: id.to_owned(),
            body: what.body,
            order: OrderId(random(&mut *self.session.chance(&label))),
            at,
        };
        let stands = self.desk.books_mut().claim(&claim)?;
        if let Claimed::UnderWay(order) = stands {
            claim.order = order;
        }
        Ok((stands, claim))
    }

    fn act(&mut self, what: &Wanted, askers: &Askers, claim: &Claim) -> Next {
        let (deed, work, together) = match what.route.work {
            Work::Book(deed, work) => (deed, work, true),
            Work::Cards(deed, work) => (deed, work, false),
            Work::Look(_) | Work::Text(_) => return Next::Reply(self.look(what, askers)),
        };
        let mailbox = Arc::new(Mailbox::default());
        let (pin, bank) = (self.pin.clone(), self.teller.is_some());
        let means = Means { pin, order: Some(claim.order), mailbox: mailbox.clone(), bank };
        let mut session = self.session.anew(deed);
        session.carrier = mailbox;
        let desk = &mut self.desk;
        let done = session.act(|session| {
            let (first, second) = (askers.first.person.clone(), askers.second.clone());
            acts_by_key(session, desk.place(), first, second)?;
            desk.enter(session)?;
            desk.act_at(askers.first.actor.clone());
            let named = named(what.route, &what.asked);
            if askers.office().is_some() {
                note(session, what.route, &named);
            }
            must_be_theirs(desk.books(), askers.office(), &named)?;
            // An act that wants two notes the second itself; one that is done by two all the same has both in its line too.
            if let (Deed::One(_), Some(second)) = (deed, &askers.second) {
                parties::log::fact(session, "second", second);
            }
            let done = if together {
                desk.together(|desk| {
                    finish(desk, claim, &mut |desk| work(session, desk, &what.asked, &means))
                })
            } else {
                finish(desk, claim, &mut |desk| work(session, desk, &what.asked, &means))
            };
            let next = match done {
                Ok(reply) => Next::Reply(reply),
                // What is intended is kept, and goes on when the bank was asked.
                Err(error) => match error.find::<AskBank>() {
                    Some(AskBank(call)) => Next::Ask(call.clone()),
                    None => return Err(error),
                },
            };
            parties::log::fact(session, "request", &claim.id);
            desk.note_ledger(session)?;
            Ok(next)
        });
        match done {
            Ok(next) => next,
            Err(error) => Next::Reply(self.failed(&error, claim)),
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
        // An order that was written down is finished by the same request, unless it was given up.
        let begun = match books.order(claim.order) {
            Ok(order) => order.is_some_and(|order| order.state != OrderState::Void),
            Err(_) => true,
        };
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

/// The bank is asked, and its answer comes to the counter with the request that waits for it.
fn task(call: BankCall, job: Option<Box<Job>>, back: SyncSender<Call>) -> Task {
    let payment = call.reference();
    let then = move |answer| {
        // A counter that has gone asks again when it is back.
        let _ = back.clone().send(Call::Answered(Box::new(Answered { payment, answer, job, back })));
    };
    Task { call, then: Box::new(then) }
}

/// Works, and keeps the answer, unless another server has answered meanwhile.
fn finish(desk: &mut Desk, claim: &Claim, work: &mut dyn FnMut(&mut Desk) -> Result<Value>) -> Result<Reply> {
    if let Claimed::Answered(answer) = desk.books_mut().claim(claim)? {
        return Ok(Reply::again(answer));
    }
    let mut value = work(desk)?;
    let reply = Reply::json(&value);
    for name in SHOWN_ONCE {
        if let Some(shown) = value.get_mut(name) {
            *shown = Value::Null;
        }
    }
    desk.books_mut().answer(&claim.principal, &claim.id, &Reply::json(&value).kept())?;
    Ok(reply)
}

/// Fields of answers that the books do not keep: a secret, and what is known of a person.
const SHOWN_ONCE: [&str; 2] = ["authorisation_code", "agreement"];

/// How long figures of the books are good for.
const FIGURES_TIME: Duration = Duration::from_secs(5);
/// What a look at somebody's data is to the log.
const LOOKED: &str = "server look";
/// What a key that is none is to the log.
const ASKED: &str = "server ask";

/// What was asked, for the line in the log.
fn note(session: &Session, route: &Route, named: &[Named]) {
    log::fact(session, "route", route.name);
    for one in named {
        log::fact(session, "asked", words(one));
    }
}
