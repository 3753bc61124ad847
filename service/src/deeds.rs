//! What is done at the counter for one request: it is let in, looked up by its id, done, and its answer kept.

use crate::asked::Means;
use crate::counter::{Counter, Next};
use crate::denied::Denied;
use crate::gate::{Askers, Kept};
use crate::job::{Job, Wanted};
use crate::key::Shown;
use crate::mailbox::Mailbox;
use crate::offices::{must_be_theirs, named, shows_people};
use crate::reply::{Judged, Reply};
use crate::round::Ground;
use crate::routes::{Route, Work};
use parties::bank::Desk;
use parties::bank::asking::{AskPsam, InHand};
use parties::bank::offices::words;
use parties::bank::payment::AskBank;
use parties::people::{Person, acts_by_key, operators};
use parties::{Deed, Result, Session, Trouble, log};
use serde_json::Value;
use server::{Claim, Claimed, Named, OrderState};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Counter {
    /// Does what somebody asks, if he may.
    pub fn answer(&mut self, job: &mut Job, hand: InHand, again: bool) -> Next {
        let id = job.what.id.clone();
        let id = id.as_deref();
        if let Err(error) = self.reconnect() {
            return Next::Reply(self.told(&error, again, id), Ground::Nothing);
        }
        let askers = match self.askers(job, again) {
            Ok(Ok(askers)) => {
                self.course.let_in.note(&job.shown, true);
                askers
            }
            Ok(Err(kept)) => {
                self.course.let_in.note(&job.shown, false);
                return Next::Reply(self.keep_out(job, kept), Ground::Nothing);
            }
            Err(error) => return Next::Reply(self.told(&error, again, id), Ground::Nothing),
        };
        job.what.asked.office = askers.office().map(str::to_owned);
        self.next(&job.what, &askers, hand)
    }

    /// Does what somebody may ask.
    pub fn next(&mut self, what: &Wanted, askers: &Askers, hand: InHand) -> Next {
        match what.id.as_deref().filter(|_| what.route.changes()) {
            None => {
                let named = named(what.route, &what.asked);
                let is_noted = shows_people(what.route, &named);
                let ground = if is_noted { Ground::Log } else { Ground::Books };
                Next::Reply(self.look(what, askers, &named, is_noted), ground)
            }
            Some(id) => self.change(what, askers, id, hand),
        }
    }

    /// Who asks, and whether he may. A request that goes on `again` was counted before.
    fn askers(&mut self, job: &Job, again: bool) -> Result<Result<Askers, Kept>> {
        let at = self.session.now()?;
        if let Shown::Phone(caller, act) = &job.shown {
            let now = self.opened.elapsed();
            return self.gate.phone(&self.desk, (caller, *act), now, again).map(Ok);
        }
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
    fn look(&mut self, what: &Wanted, askers: &Askers, named: &[Named], is_noted: bool) -> Reply {
        if is_noted && let Err(error) = self.begin_log() {
            return self.told(&error, false, None);
        }
        let deed = if is_noted { Deed::Seen(LOOKED) } else { Deed::Look };
        let desk = &mut self.desk;
        let done = self.session.anew(deed).act(|session| {
            if is_noted {
                acts_by_key(session, desk.place(), askers.first.person.clone(), None)?;
                desk.enter(session)?;
                note(session, what.route, named);
                desk.note_ledger(session)?;
            }
            must_be_theirs(desk.books(), askers.office(), named)?;
            match what.route.work {
                Work::Look(work) => Ok(Reply::json(&work(session, desk, &what.asked)?)),
                Work::Text(work) => Ok(Reply::text("text/plain", work(session, desk, &what.asked)?)),
                // Only what changes nothing comes without an id.
                Work::Book(..) | Work::Cards(..) | Work::Line(_) => Err(Trouble::new(Denied::NoId)),
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

    /// Does what changes something: a step of the round, so that what fails takes nothing of another request with it.
    fn change(&mut self, what: &Wanted, askers: &Askers, id: &str, hand: InHand) -> Next {
        let begun = self.begin_books().and_then(|()| self.begin_log());
        let begun = begun.and_then(|()| Ok(self.desk.books_mut().begin_together()?));
        if let Err(error) = begun {
            return Next::Reply(self.told(&error, false, Some(id)), Ground::Books);
        }
        let next = self.changed(what, askers, id, hand);
        let books = self.desk.books_mut();
        let kept = match &next {
            Next::Psam(stop, _) if !stop.keeps() => {
                books.forget_together();
                Ok(())
            }
            _ => books.keep_together(),
        };
        match kept {
            Ok(()) => next,
            Err(error) => Next::Reply(self.told(&error.into(), true, Some(id)), Ground::Books),
        }
    }

    fn changed(&mut self, what: &Wanted, askers: &Askers, id: &str, hand: InHand) -> Next {
        let reply = match self.claim(what, askers, id) {
            Ok((Claimed::Answered(answer), _)) => {
                self.figures.again.fetch_add(1, Ordering::Relaxed);
                Reply::again(answer)
            }
            Ok((_, claim)) => return self.act(what, askers, &claim, hand),
            Err(error) => self.told(&error, false, Some(id)),
        };
        Next::Reply(reply, Ground::Books)
    }

    /// Writes the request down. Its claim names the order that is made for it, now or by whoever worked on it before.
    fn claim(&mut self, what: &Wanted, askers: &Askers, id: &str) -> Result<(Claimed, Claim)> {
        let at = self.session.now()?;
        let mut claim = Claim {
            principal: askers.first.principal.clone(),
            id: id.to_owned(),
            body: what.body,
            order: what.order.unwrap_or_else(|| self.draw(&askers.first.principal, id)),
            at,
        };
        let stands = self.desk.books_mut().claim(&claim)?;
        if let Claimed::UnderWay(order) = stands {
            claim.order = order;
        }
        Ok((stands, claim))
    }

    fn act(&mut self, what: &Wanted, askers: &Askers, claim: &Claim, hand: InHand) -> Next {
        let (deed, work, together) = match what.route.work {
            Work::Book(deed, work) => (deed, work, true),
            Work::Cards(deed, work) => (deed, work, false),
            // A route that looks has no id, and was looked at before; one of a line comes here in steps of other routes.
            Work::Look(_) | Work::Text(_) | Work::Line(_) => {
                return Next::Reply(Reply::denied(&Denied::NoId, Some(&claim.id)), Ground::Nothing);
            }
        };
        let mailbox = Arc::new(Mailbox::default());
        let (pin, bank) = (self.pin.clone(), self.teller.is_some());
        let means = Means { pin, order: Some(claim.order), mailbox: mailbox.clone(), bank };
        let mut session = self.session.anew(deed);
        session.carrier = mailbox;
        let desk = &mut self.desk;
        desk.take_in_hand(hand);
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
            // An act that goes on where it was left asks nobody again: whoever stands here with another has both in the line.
            if let Some(second) = &askers.second {
                log::second(session, second);
            }
            let done = if together {
                desk.together(|desk| {
                    finish(desk, claim, &mut |desk| work(session, desk, &what.asked, &means))
                })
            } else {
                finish(desk, claim, &mut |desk| work(session, desk, &what.asked, &means))
            };
            let next = match done {
                Ok(reply) => Next::Reply(reply, Ground::Books),
                // What is intended is kept, and goes on when the bank was asked.
                Err(error) => match error.find::<AskBank>() {
                    Some(AskBank(call)) => Next::Bank(call.clone()),
                    None => return Err(error),
                },
            };
            log::fact(session, "request", &claim.id);
            desk.note_ledger(session)?;
            Ok(next)
        });
        let hand = self.desk.take_in_hand(InHand::default());
        match done {
            Ok(next) => next,
            Err(error) => match error.find::<AskPsam>() {
                Some(stop) => Next::Psam(stop.clone(), hand),
                None => Next::Reply(self.failed(&error, claim), Ground::Books),
            },
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

/// Works, and keeps the answer. The request is claimed in the same step of the round.
fn finish(desk: &mut Desk, claim: &Claim, work: &mut dyn FnMut(&mut Desk) -> Result<Value>) -> Result<Reply> {
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
