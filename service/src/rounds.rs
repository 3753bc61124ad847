//! How a round begins and ends, and how a person at the counter waits for a PSAM.

use crate::counter::{Ask, Call, Counter, Next, Waiting, task};
use crate::denied::Denied;
use crate::gate::Askers;
use crate::job::Wanted;
use crate::reply::Reply;
use crate::round::{Due, Ground};
use parties::bank::asking::{AskPsam, Heard, InHand, Question, Unfit};
use parties::log::Held;
use parties::people::{Person, acts_by_key};
use parties::{Deed, Result, Trouble};
use scheme::numbers::DeviceNumber;
use server::BankCall;
use std::sync::Arc;

/// What a round that could not be kept is to the log.
const NOT_KEPT: &str = "server round";

impl Counter {
    /// Opens the books' transaction of the round.
    pub fn begin_books(&mut self) -> Result<()> {
        if self.course.round.is_open {
            return Ok(());
        }
        self.desk.books_mut().begin_together()?;
        self.course.round.is_open = true;
        if let Some(end) = self.course.log_end.take() {
            self.course.round.log_end = Some(end);
            self.desk.keep_log_end(end)?;
        }
        Ok(())
    }

    /// Opens the log of the round.
    pub fn begin_log(&mut self) -> Result<()> {
        self.write_what_waits()?;
        if self.course.round.log.is_none() {
            let log = Arc::new(self.desk.hold_log(&self.session)?);
            self.session.held = Some(log.clone());
            self.course.round.log = Some(log);
        }
        Ok(())
    }

    /// Keeps what was done in the round; then PSAMs and the bank are asked, the lines of the log are written, and the answers go out.
    /// Gives the error that kept the round from being kept.
    pub fn end_round(&mut self) -> Option<Trouble> {
        let mut round = std::mem::take(&mut self.course.round);
        self.session.held = None;
        let mut log = round.log.take();
        let kept =
            if round.is_open { self.desk.books_mut().keep_together().map_err(Trouble::from) } else { Ok(()) };
        if let Some(stalls) = self.desk.stalls() {
            stalls.kept(kept.is_ok());
        }
        let error = match kept {
            Ok(()) => {
                for Ask { psam, question, waiting } in round.asks {
                    if let Some(stalls) = self.desk.stalls() {
                        stalls.ask(psam, question, comes_back(waiting));
                    }
                }
                for (call, job, back) in round.calls {
                    if let Some(teller) = &mut self.teller {
                        teller.ask(task(call, job, back));
                    }
                }
                None
            }
            Err(error) => {
                self.heed(&error);
                self.course.log_end = round.log_end;
                let requests = round.replies.len() + round.asks.len() + round.calls.len();
                self.note_not_kept(log.take(), &error, requests);
                for Ask { psam, question, waiting } in round.asks {
                    self.give_up(psam, &question, waiting, &error);
                }
                for job in round.calls.into_iter().filter_map(|(_, job, _)| job) {
                    let reply = self.told(&error, true, job.what.id.as_deref());
                    let _ = job.reply.send(reply);
                }
                Some(error)
            }
        };
        let log = log.filter(|_| error.is_none()).map_or(Ok(()), |log| self.write(log));
        for Due { to, reply, id, ground } in round.replies {
            let reply = match (&error, &log, ground) {
                (Some(error), _, Ground::Books | Ground::Log) | (None, Err(error), Ground::Log) => {
                    self.told(error, true, id.as_deref())
                }
                _ => reply,
            };
            // Whoever has gone meanwhile gets the same answer when he asks again.
            let _ = to.send(reply);
        }
        error
    }

    /// Writes the lines of a round. Those that cannot be written stay, and the log with them: no other program comes before them.
    fn write(&mut self, log: Arc<Held>) -> Result<()> {
        let written = log.write();
        match &written {
            Ok(Some(end)) => self.course.log_end = Some(*end),
            Ok(None) => {}
            Err(error) => {
                tracing::error!("lines of a round wait for the audit log: {error}");
                self.course.unwritten = Some(log);
            }
        }
        written.map(drop)
    }

    /// Writes lines of a round before that could not be written then.
    ///
    /// # Errors
    /// They still cannot.
    pub fn write_what_waits(&mut self) -> Result<()> {
        match self.course.unwritten.take() {
            Some(log) => self.write(log),
            None => Ok(()),
        }
    }

    /// A round that could not be kept leaves one line, with how many requests were in it.
    fn note_not_kept(&mut self, log: Option<Arc<Held>>, error: &Trouble, requests: usize) {
        let Some(log) = log else { return };
        log.forget();
        drop(log);
        tracing::error!(requests, "a round could not be kept: {error}");
        let (desk, why) = (&mut self.desk, Unfit::of(error));
        let noted: Result<()> = self.session.anew(Deed::One(NOT_KEPT)).act(|session| {
            acts_by_key(session, desk.place(), Person::service(), None)?;
            parties::log::fact(session, "requests", requests);
            desk.enter(session)?;
            Err(Trouble::new(why))
        });
        // It is the failure, which each of them is told.
        drop(noted);
    }

    /// What was intended with a PSAM was not kept: it is not asked, and whoever waits hears that.
    fn give_up(&mut self, psam: DeviceNumber, question: &Question, waiting: Waiting, error: &Trouble) {
        if let Some(stalls) = self.desk.stalls() {
            stalls.give_up(psam, question);
        }
        if let Question::Seal { id, .. } = question {
            for waiting in self.course.parked.remove(id).unwrap_or_default() {
                self.course.aside.push_back(Call::Again(Box::new(waiting)));
            }
        }
        if let Some(job) = waiting.job {
            let reply = self.told(error, true, job.what.id.as_deref());
            let _ = job.reply.send(reply);
        }
    }

    /// Does what a person asks at the counter, who waits there for the PSAM too.
    ///
    /// # Errors
    /// The bank is asked first, and what is intended is kept: whoever came has it asked ([`Counter::have_asked`]), waits elsewhere, and
    /// comes again.
    pub fn ask(&mut self, what: &Wanted, askers: &Askers) -> std::result::Result<Reply, BankCall> {
        let id = what.id.as_deref();
        let mut hand = InHand::default();
        loop {
            let done = match self.next(what, askers, std::mem::take(&mut hand)) {
                Next::Psam(stop, before) => match self.wait_for(stop, before) {
                    Ok(heard) => {
                        hand = heard;
                        continue;
                    }
                    Err(error) => return Ok(self.told(&error, true, id)),
                },
                Next::Bank(call) => Err(call),
                Next::Reply(reply, _) => Ok(reply),
            };
            return match self.end_round() {
                None => done,
                Some(error) => Ok(self.told(&error, true, id)),
            };
        }
    }

    /// Waits at the counter for a PSAM. What else comes meanwhile is done afterwards.
    fn wait_for(&mut self, stop: AskPsam, hand: InHand) -> Result<InHand> {
        let back = self.course.back.clone().ok_or_else(|| Trouble::new(Denied::Busy))?;
        let awaited = match stop {
            AskPsam::Ask { psam, question } => {
                self.desk.plan(&self.session, psam, &question)?;
                let waiting = Waiting { job: None, back, hand };
                self.course.round.asks.push(Ask { psam, question, waiting });
                None
            }
            AskPsam::Await(id) => Some((id, hand)),
        };
        if let Some(error) = self.end_round() {
            return Err(error);
        }
        loop {
            match self.calls.recv() {
                Ok(Call::Heard(heard)) => {
                    let (heard, mut waiting) = *heard;
                    let of = heard.question.clone();
                    let kept = self.keep_heard(heard, &mut waiting.hand);
                    let lost = self.end_round();
                    if waiting.job.is_none() {
                        return kept.and(lost.map_or(Ok(()), Err)).map(|()| waiting.hand);
                    }
                    // Whether or not it could be kept, the request finds out when it goes on.
                    self.course.aside.push_back(Call::Again(Box::new(waiting)));
                    let Question::Seal { id, .. } = of else { continue };
                    for parked in self.course.parked.remove(&id).unwrap_or_default() {
                        self.course.aside.push_back(Call::Again(Box::new(parked)));
                    }
                    if let Some((_, hand)) = awaited.as_ref().filter(|(awaited, _)| *awaited == id) {
                        return Ok(hand.clone());
                    }
                }
                Ok(call) => self.course.aside.push_back(call),
                Err(_) => return Err(Trouble::new(Denied::Busy)),
            }
        }
    }
}

/// What is done with what becomes of a question: it comes to the counter, with the request that waits for it.
fn comes_back(waiting: Waiting) -> Box<dyn FnOnce(Heard) + Send> {
    Box::new(move |heard| {
        let back = waiting.back.clone();
        // A counter that has gone finds by the PSAM's chain what it sealed.
        let _ = back.send(Call::Heard(Box::new((heard, waiting))));
    })
}
