//! The counter: one thread that owns the books and the PSAMs, and does one request after another.

use crate::asked::Means;
use crate::bucket::Buckets;
use crate::call::{Answered, Call, Job};
use crate::denied::Denied;
use crate::figures::Figures;
use crate::mailbox::Mailbox;
use crate::reply::{Judged, Reply};
use crate::routes::Work;
use crate::teller::{Task, Teller};
use parties::bank::Desk;
use parties::bank::payment::{self, AskBank};
use parties::bank::pins::PinChoice;
use parties::people::{Person, acts_by_key, operators};
use parties::{Deed, Result, Session, Trouble};
use scheme::chance::random;
use scheme::order::OrderId;
use serde_json::Value;
use server::{Actor, BankCall, Books, Channel, Claim, Claimed, OrderState, Principal, Role, StoreError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Instant;

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

/// Opens books that are not the bank's own file.
pub type Connect = Box<dyn Fn() -> Result<Box<dyn Books>>>;

/// Who asks, and the second person of an act that wants two.
struct Askers {
    first: Principal,
    second: Option<Principal>,
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
                teller.ask(Task { call, job: Some(job), back });
            }
            (Next::Ask(_), None) => {
                let reply = self.told(&Trouble::new(Denied::NoBank), true, job.id.as_deref());
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
                        teller.ask(Task { call, job: None, back: back.clone() });
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
                let reply = self.told(&error, true, job.id.as_deref());
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

    fn waited(&self) {
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    fn answer(&mut self, job: &Job, again: bool) -> Next {
        let id = job.id.as_deref();
        if let Err(error) = self.reconnect() {
            return Next::Reply(self.told(&error, again, id));
        }
        let askers = match self.askers(job, again) {
            Ok(Ok(askers)) => askers,
            Ok(Err(denied)) => return Next::Reply(Reply::denied(&denied, id)),
            Err(error) => return Next::Reply(self.told(&error, again, id)),
        };
        match id.filter(|_| job.route.changes()) {
            None => Next::Reply(self.look(job)),
            Some(id) => self.change(job, &askers, id),
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
        if !job.route.roles.contains(&first.role) {
            let allowed: Vec<&str> = job.route.roles.iter().map(|role| role.name()).collect();
            return Ok(Err(Denied::Role { role: first.role.name(), allowed: allowed.join(", ") }));
        }
        let second = match &job.second {
            None => None,
            Some(key) => match key.whose(self.desk.books(), at)? {
                Ok(second) if second.id != first.id => Some(second),
                _ => return Ok(Err(Denied::SecondKey)),
            },
        };
        Ok(Ok(Askers { first, second }))
    }

    fn look(&mut self, job: &Job) -> Reply {
        let desk = &self.desk;
        let done = self.session.anew(Deed::Look).act(|session| match job.route.work {
            Work::Look(work) => Ok(Reply::json(&work(session, desk, &job.asked)?)),
            Work::Text(work) => Ok(Reply::text("text/plain", work(session, desk, &job.asked)?)),
            // Only what changes nothing comes without an id.
            Work::Book(..) | Work::Cards(..) => Err(Trouble::new(Denied::NoId)),
        });
        match done {
            Ok(reply) => reply,
            Err(error) => self.told(&error, false, None),
        }
    }

    fn change(&mut self, job: &Job, askers: &Askers, id: &str) -> Next {
        match self.claim(job, askers, id) {
            Ok((Claimed::Answered(answer), _)) => {
                self.figures.again.fetch_add(1, Ordering::Relaxed);
                Next::Reply(Reply::again(answer))
            }
            Ok((_, claim)) => self.act(job, askers, &claim),
            Err(error) => Next::Reply(self.told(&error, false, Some(id))),
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

    fn act(&mut self, job: &Job, askers: &Askers, claim: &Claim) -> Next {
        let (deed, work, together) = match job.route.work {
            Work::Book(deed, work) => (deed, work, true),
            Work::Cards(deed, work) => (deed, work, false),
            Work::Look(_) | Work::Text(_) => return Next::Reply(self.look(job)),
        };
        let mailbox = Arc::new(Mailbox::default());
        let (pin, bank) = (self.pin.clone(), self.teller.is_some());
        let means = Means { pin, order: Some(claim.order), mailbox: mailbox.clone(), bank };
        let mut session = self.session.anew(deed);
        session.carrier = mailbox;
        let desk = &mut self.desk;
        let done = session.act(|session| {
            let (first, second) = (person(&askers.first), askers.second.as_ref().map(person));
            acts_by_key(session, desk.place(), first, second)?;
            desk.enter(session)?;
            desk.act_at(actor(&askers.first));
            let done = if together {
                desk.together(|desk| finish(desk, claim, &mut |desk| work(session, desk, &job.asked, &means)))
            } else {
                finish(desk, claim, &mut |desk| work(session, desk, &job.asked, &means))
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
