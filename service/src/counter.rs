//! The counter: one thread that owns the books and the PSAMs, and does one request after another.

use crate::asked::{Asked, Means};
use crate::bucket::Buckets;
use crate::denied::Denied;
use crate::figures::Figures;
use crate::key::SentKey;
use crate::mailbox::Mailbox;
use crate::reply::{Judged, Reply};
use crate::routes::{Route, Work};
use crate::teller::{Task, Teller};
use parties::bank::Desk;
use parties::bank::payment::{self, AskBank};
use parties::bank::pins::PinChoice;
use parties::people::{Person, acts_by_key, operators};
use parties::{Deed, Result, Session, Trouble};
use scheme::chance::random;
use scheme::order::OrderId;
use serde_json::Value;
use server::{
    Actor, BankAnswer, BankCall, Books, Channel, Claim, Claimed, OrderState, Principal, Role, StoreError,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;
use tokio::sync::oneshot;

/// What somebody asks.
pub struct Wanted {
    /// Which act.
    pub route: &'static Route,
    /// In detail.
    pub asked: Asked,
    /// The id of the request, of one that changes something.
    pub id: Option<String>,
    /// SHA-256 of what is asked.
    pub body: [u8; 32],
}

/// A request on its way to the counter.
pub struct Job {
    /// What is asked.
    pub what: Wanted,
    /// Who asks.
    pub key: SentKey,
    /// The second person.
    pub second: Option<SentKey>,
    /// Who waits for the answer.
    pub reply: oneshot::Sender<Reply>,
    /// The way back to the counter, for what comes of it later.
    pub back: SyncSender<Call>,
}

/// What comes to the counter.
pub enum Call {
    /// Somebody asks.
    Ask(Box<Job>),
    /// Somebody wants to know whether the books can be read.
    Ready(oneshot::Sender<bool>),
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
    pub payment: OrderId,
    /// What it said.
    pub answer: BankAnswer,
    /// The request that goes on now.
    pub job: Option<Box<Job>>,
}

/// Who works there, and with what.
pub struct Counter {
    /// The session that those of the acts are made from.
    pub session: Session,
    /// Books and PSAMs.
    pub desk: Desk,
    /// The PSAMs' PINs.
    pub pin: PinChoice,
    /// How often each key may ask.
    pub buckets: Buckets,
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

/// One who asks.
pub struct Asker {
    /// The id under which his requests are kept.
    pub principal: String,
    /// As the bank's log knows him.
    pub person: Person,
    /// Where he acts.
    pub actor: Actor,
}

impl Asker {
    fn by_key(principal: &Principal) -> Self {
        Asker { principal: principal.id.clone(), person: person(principal), actor: actor(principal) }
    }
}

/// Who asks, and the second person of an act that wants two.
pub struct Askers {
    /// Who asks.
    pub first: Asker,
    /// The other one.
    pub second: Option<Person>,
}

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
                Call::Ask(job) => {
                    self.waited();
                    self.serve(job, false);
                }
                Call::Due(back) => self.ask_what_is_due(&back),
                Call::Answered(answered) => self.go_on(*answered),
                Call::Visit(visit) => {
                    visit(&mut self);
                    self.figures.sessions.store(self.desk.sessions() as u64, Ordering::Relaxed);
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
    fn serve(&mut self, job: Box<Job>, again: bool) {
        let next = self.answer(&job, again);
        self.figures.sessions.store(self.desk.sessions() as u64, Ordering::Relaxed);
        match (next, &mut self.teller) {
            (Next::Reply(reply), _) => {
                // Whoever has gone meanwhile gets the same answer when he asks again.
                let _ = job.reply.send(reply);
            }
            (Next::Ask(call), Some(teller)) => {
                let back = job.back.clone();
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
        let Answered { payment, answer, job } = answered;
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
            (Some(job), None) => self.serve(job, true),
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
        let lost = error.find::<StoreError>();
        self.lost |= matches!(lost, Some(StoreError::Gone { .. } | StoreError::Unknown { .. }));
    }

    /// Opens books anew whose connection was lost.
    fn reconnect(&mut self) -> Result<()> {
        if let (true, Some(connect)) = (self.lost, &self.connect) {
            self.desk.reopen(connect()?);
            self.lost = false;
        }
        Ok(())
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

    fn answer(&mut self, job: &Job, again: bool) -> Next {
        let id = job.what.id.as_deref();
        if let Err(error) = self.reconnect() {
            return Next::Reply(self.told(&error, again, id));
        }
        let askers = match self.askers(job, again) {
            Ok(Ok(askers)) => askers,
            Ok(Err(denied)) => return Next::Reply(Reply::denied(&denied, id)),
            Err(error) => return Next::Reply(self.told(&error, again, id)),
        };
        self.next(&job.what, &askers)
    }

    /// Does what a person asks at the counter. Nobody there has a bank asked: who pays by his account is sold to by a program.
    pub fn ask(&mut self, what: &Wanted, askers: &Askers) -> Reply {
        match self.next(what, askers) {
            Next::Reply(reply) => reply,
            Next::Ask(_) => self.told(&Trouble::new(Denied::NoBank), true, what.id.as_deref()),
        }
    }

    /// Does what somebody may ask.
    fn next(&mut self, what: &Wanted, askers: &Askers) -> Next {
        match what.id.as_deref().filter(|_| what.route.changes()) {
            None => Next::Reply(self.look(what)),
            Some(id) => self.change(what, askers, id),
        }
    }

    /// Who asks, and whether he may. A request that goes on `again` was counted before.
    fn askers(&mut self, job: &Job, again: bool) -> Result<Result<Askers, Denied>> {
        let at = self.session.now()?;
        let first = match job.key.whose(self.desk.books(), at)? {
            Ok(first) => first,
            Err(denied) => return Ok(Err(denied)),
        };
        if !again && !self.buckets.take(&first.id, self.opened.elapsed()) {
            return Ok(Err(Denied::Rate));
        }
        if !job.what.route.roles.contains(&first.role) {
            let allowed: Vec<&str> = job.what.route.roles.iter().map(|role| role.name()).collect();
            return Ok(Err(Denied::Role { role: first.role.name(), allowed: allowed.join(", ") }));
        }
        let second = match &job.second {
            None => None,
            Some(key) => match key.whose(self.desk.books(), at)? {
                Ok(second) if second.id != first.id => Some(person(&second)),
                _ => return Ok(Err(Denied::SecondKey)),
            },
        };
        Ok(Ok(Askers { first: Asker::by_key(&first), second }))
    }

    fn look(&mut self, what: &Wanted) -> Reply {
        let desk = &self.desk;
        let done = self.session.anew(Deed::Look).act(|session| match what.route.work {
            Work::Look(work) => Ok(Reply::json(&work(session, desk, &what.asked)?)),
            Work::Text(work) => Ok(Reply::text("text/plain", work(session, desk, &what.asked)?)),
            // Only what changes nothing comes without an id.
            Work::Book(..) | Work::Cards(..) => Err(Trouble::new(Denied::NoId)),
        });
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
            Work::Look(_) | Work::Text(_) => return Next::Reply(self.look(what)),
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
        let _ = back.send(Call::Answered(Box::new(Answered { payment, answer, job })));
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

/// Where what a principal does counts for.
/// A person who logged in: his cash goes into his own drawer.
pub fn at_the_counter(name: &str) -> Actor {
    Actor { office: String::new(), channel: Channel::Counter, clerk: Some(name.to_owned()) }
}

fn actor(principal: &Principal) -> Actor {
    let channel = match principal.role {
        Role::Clerk | Role::Supervisor | Role::Auditor => Channel::Counter,
        Role::Bank => Channel::Bank,
        Role::Company => Channel::Company,
    };
    Actor { office: principal.office.clone(), channel, clerk: None }
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
