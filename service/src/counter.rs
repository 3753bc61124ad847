//! The counter: one thread that owns the books. It takes what waits in rounds, each kept with one commit; PSAMs and the customers' bank
//! are asked by threads of their own, and what asked for them goes on with their answers.

use crate::denied::Denied;
use crate::figures::{self, Figures};
use crate::gate::Gate;
use crate::job::Job;
use crate::let_in::LetIn;
use crate::reply::{Judged, Reply, is_gone};
use crate::round::{self, Due, Ground};
use crate::teller::{Task, Teller};
use office::audit::Head;
use parties::bank::Desk;
use parties::bank::asking::{AskPsam, Heard, InHand, Question};
use parties::bank::payment;
use parties::bank::pins::PinChoice;
use parties::bank::stalls::PsamState;
use parties::log::Held;
use parties::people::{Person, acts_by_key};
use parties::{Deed, Result, Session, Trouble};
use scheme::numbers::DeviceNumber;
use scheme::order::OrderId;
use server::{BankAnswer, BankCall, Books, StoreError};
use std::collections::{BTreeMap, VecDeque};
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
    /// A person comes with a visit of his own; whoever sent it tells him what came of it. And the way back to the counter.
    Visit(Visit, SyncSender<Call>),
    /// It may be time to ask the bank again; what it answers comes back this way.
    Due(SyncSender<Call>),
    /// The bank was asked.
    Answered(Box<Answered>),
    /// A PSAM was asked.
    Heard(Box<(Heard, Waiting)>),
    /// Somebody looks into the books as they are in this round; whoever sent it tells him what he saw.
    Look(Visit),
    /// A request goes on.
    Again(Box<Waiting>),
}

/// A request that goes on when something became of what it waits for.
pub type Waiting = round::Waiting<Call>;

/// A PSAM is to be asked something.
pub type Ask = round::Ask<Call>;

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
    /// What comes to it.
    pub calls: Receiver<Call>,
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
    /// What came and is done after what is done now, and how it stands with the round.
    pub course: Course,
}

/// What happens at the counter.
#[derive(Default)]
pub struct Course {
    /// The round.
    pub round: round::Round<Call>,
    /// Where the log ends, when the books do not keep it yet.
    pub log_end: Option<Head>,
    /// The log of a round that was kept, with lines that could not be written: nothing that needs a line is done before they are.
    pub unwritten: Option<Arc<Held>>,
    /// What came while a person was served.
    pub aside: VecDeque<Call>,
    /// Requests about orders that are being sealed for another.
    pub parked: BTreeMap<OrderId, Vec<Waiting>>,
    /// Who was let in lately.
    pub let_in: LetIn,
    /// The way back to the counter, while a person is served.
    pub back: Option<SyncSender<Call>>,
}

/// What comes of a request.
pub enum Next {
    /// The answer, and what it stands on.
    Reply(Reply, Ground),
    /// The bank is asked first.
    Bank(BankCall),
    /// A PSAM is asked first; and what PSAMs said to it before.
    Psam(AskPsam, InHand),
}

/// What a person does at the counter.
pub type Visit = Box<dyn FnOnce(&mut Counter) + Send>;

/// Opens books that are not the bank's own file.
pub type Connect = Box<dyn Fn() -> Result<Box<dyn Books>>>;

/// Calls that one round takes.
const ROUND: usize = 64;
/// How long figures of the books are good for.
const FIGURES_TIME: Duration = Duration::from_secs(5);

impl Counter {
    /// Works until nobody can ask any more; then ends the sessions with the PSAMs.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn work(mut self) -> Result<()> {
        while let Some(call) = self.wait() {
            let now = self.opened.elapsed();
            if let Some(stalls) = self.desk.stalls() {
                stalls.at(now);
            }
            let mut next = Some(call);
            // How many of those who wait the books have been told of.
            let mut told = 0;
            for taken in 0..ROUND {
                if let Some(call) = &mut next
                    && told == 0
                {
                    told = self.look_ahead(call, ROUND - taken);
                }
                told = told.saturating_sub(1);
                match next.take() {
                    // A person is served alone: what he sees and does is kept before he hears of it.
                    Some(Call::Visit(visit, back)) => {
                        self.end_round();
                        self.course.back = Some(back);
                        visit(&mut self);
                        self.course.back = None;
                        break;
                    }
                    Some(call) => self.take(call),
                    None => break,
                }
                next = self.course.aside.pop_front().or_else(|| self.calls.try_recv().ok());
            }
            if let Some(call) = next {
                self.course.aside.push_front(call);
            }
            self.end_round();
            if let Some(stalls) = self.desk.stalls() {
                self.figures.sessions.store(stalls.sitting() as u64, Ordering::Relaxed);
                for (psam, PsamState { orders, fen, .. }) in stalls.low() {
                    tracing::warn!(%psam, orders, fen, "a tenth or less of a limit of the PSAM is left");
                }
            }
        }
        // The last chance of lines that wait.
        let written = self.write_what_waits();
        self.desk.close()?;
        written
    }

    /// What comes next. While nothing does, the books keep where the log ends.
    fn wait(&mut self) -> Option<Call> {
        if let Some(call) = self.course.aside.pop_front() {
            return Some(call);
        }
        if self.course.log_end.is_some() {
            if let Ok(call) = self.calls.try_recv() {
                return Some(call);
            }
            // What cannot be kept now is kept with the next round.
            if self.reconnect().and_then(|()| self.begin_books()).is_ok() {
                self.end_round();
            }
        }
        self.calls.recv().ok()
    }

    fn take(&mut self, call: Call) {
        match call {
            // Whoever asked has gone, and nothing was done: he asks again.
            Call::Ask(job, _) if job.reply.is_closed() => self.waited(),
            Call::Ask(job, back) => {
                self.waited();
                self.serve(Waiting { job: Some(job), back, hand: InHand::default() }, false);
            }
            Call::Due(back) => self.ask_what_is_due(&back),
            Call::Answered(answered) => self.go_on(*answered),
            Call::Heard(heard) => {
                let (heard, waiting) = *heard;
                self.hear(heard, waiting);
            }
            Call::Again(waiting) => self.serve(*waiting, true),
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
            Call::Look(look) => look(self),
            Call::Visit(..) => {}
        }
    }

    /// Does what is asked, and has its answer wait for the end of the round; or has the bank or a PSAM asked first. `again`: it goes on.
    fn serve(&mut self, waiting: Waiting, again: bool) {
        let Waiting { job: Some(mut job), back, hand } = waiting else { return };
        match self.answer(&mut job, hand, again) {
            Next::Reply(reply, ground) => self.owe(job, reply, ground),
            Next::Bank(call) if self.teller.is_some() => {
                self.course.round.calls.push((call, Some(job), back));
            }
            Next::Bank(_) => {
                let reply = self.told(&Trouble::new(Denied::NoBank), true, job.what.id.as_deref());
                self.owe(job, reply, Ground::Books);
            }
            Next::Psam(AskPsam::Await(id), hand) => {
                let waiting = Waiting { job: Some(job), back, hand };
                self.course.parked.entry(id).or_default().push(waiting);
            }
            Next::Psam(AskPsam::Ask { psam, question }, hand) => {
                match self.desk.plan(&self.session, psam, &question) {
                    Ok(()) => {
                        let waiting = Waiting { job: Some(job), back, hand };
                        self.course.round.asks.push(Ask { psam, question, waiting });
                    }
                    Err(error) => {
                        let reply = self.told(&error, true, job.what.id.as_deref());
                        self.owe(job, reply, Ground::Books);
                    }
                }
            }
        }
    }

    /// An answer waits for the end of the round.
    fn owe(&mut self, job: Box<Job>, reply: Reply, ground: Ground) {
        let Job { reply: to, what, .. } = *job;
        self.course.round.replies.push(Due { to, reply, id: what.id, ground });
    }

    /// Keeps what a PSAM said, and goes on with what waited for it.
    fn hear(&mut self, heard: Heard, mut waiting: Waiting) {
        let sealed = match &heard.question {
            Question::Seal { id, .. } => Some(*id),
            _ => None,
        };
        let kept = self.keep_heard(heard, &mut waiting.hand);
        match (kept, waiting) {
            (Ok(()), waiting) => self.serve(waiting, true),
            (Err(error), Waiting { job: Some(job), .. }) => {
                let reply = self.told(&error, true, job.what.id.as_deref());
                self.owe(job, reply, Ground::Books);
            }
            (Err(error), Waiting { job: None, .. }) => self.heed(&error),
        }
        for waiting in sealed.and_then(|id| self.course.parked.remove(&id)).unwrap_or_default() {
            self.serve(waiting, true);
        }
    }

    /// Keeps what a PSAM said.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn keep_heard(&mut self, heard: Heard, hand: &mut InHand) -> Result<()> {
        if let Err(error) = self.reconnect().and_then(|()| self.begin_books()) {
            self.desk.not_heard(heard.psam, &heard.question);
            return Err(error);
        }
        self.desk.hear(&self.session, heard, hand)
    }

    /// Has the bank asked about every payment whose time has come, and that it is not being asked about.
    fn ask_what_is_due(&mut self, back: &SyncSender<Call>) {
        if self.teller.is_none() || self.reconnect().is_err() {
            return;
        }
        match payment::due(&self.session.anew(Deed::Look), &self.desk, false) {
            Ok(calls) => {
                let asks = |call: &BankCall| {
                    self.teller.as_ref().is_some_and(|teller| teller.asks(call.reference()))
                };
                let calls = calls.into_iter().filter(|call| !asks(call));
                self.course.round.calls.extend(calls.map(|call| (call, None, back.clone())));
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
        let error = match self.keep_answered(payment, &answer) {
            Ok(line) => payment::unknown(&line).map(Trouble::new),
            Err(error) => Some(error),
        };
        match (job, error) {
            (Some(job), None) => self.serve(Waiting { job: Some(job), back, hand: InHand::default() }, true),
            (Some(job), Some(error)) => {
                let reply = self.told(&error, true, job.what.id.as_deref());
                self.owe(job, reply, Ground::Books);
            }
            // What could not be kept is asked again when its time comes.
            (None, Some(error)) => self.heed(&error),
            (None, None) => {}
        }
    }

    fn keep_answered(&mut self, payment: OrderId, answer: &BankAnswer) -> Result<payment::PaymentLine> {
        self.reconnect()?;
        self.begin_books()?;
        self.begin_log()?;
        let desk = &mut self.desk;
        self.session.anew(Deed::One("bank answer")).act(|session| {
            acts_by_key(session, desk.place(), Person::service(), None)?;
            desk.enter(session)?;
            let line = payment::answered(session, desk, payment, answer)?;
            desk.note_ledger(session)?;
            Ok(line)
        })
    }

    /// Notes that the connection to the books was lost, if that is what an error says.
    pub fn heed(&mut self, error: &Trouble) {
        self.lost |= is_gone(error.code());
    }

    /// Opens books anew whose connection was lost. In the middle of a round they are not: what was done in it is gone, and nothing more is
    /// to be kept with it.
    ///
    /// # Errors
    /// They cannot be opened.
    pub fn reconnect(&mut self) -> Result<()> {
        if !self.lost {
            return Ok(());
        }
        if self.course.round.is_open {
            let detail = "the connection was lost while other requests were worked on".to_owned();
            return Err(StoreError::Gone { detail }.into());
        }
        if let Some(connect) = &self.connect {
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
                Ok(gauges) => figures::of_books(&gauges, self.told, &self.psams()),
                Err(error) => {
                    self.heed(&error);
                    String::new()
                }
            };
            self.gauged = Some((now, text));
        }
        self.gauged.as_ref().map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// How the PSAMs stand that were needed.
    fn psams(&mut self) -> Vec<(DeviceNumber, PsamState)> {
        let Some(stalls) = self.desk.stalls() else { return Vec::new() };
        let numbers = stalls.members().map(|member| member.number);
        numbers.filter_map(|number| Some((number, stalls.state(number)?))).collect()
    }

    /// Tells an error.
    pub fn told(&mut self, error: &Trouble, begun: bool, id: Option<&str>) -> Reply {
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

    fn waited(&self) {
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The bank is asked, and its answer comes to the counter with the request that waits for it.
pub fn task(call: BankCall, job: Option<Box<Job>>, back: SyncSender<Call>) -> Task {
    let payment = call.reference();
    let then = move |answer| {
        // A counter that has gone asks again when it is back.
        let _ = back.clone().send(Call::Answered(Box::new(Answered { payment, answer, job, back })));
    };
    Task { call, then: Box::new(then) }
}
