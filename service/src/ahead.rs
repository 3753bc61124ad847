//! What waits at the counter, as the books can be told of it: they look up at once what all of it will ask.

use crate::asked::Asked;
use crate::card_acts;
use crate::counter::{Call, Counter};
use crate::job::Job;
use crate::key::Shown;
use parties::bank::CardReceipt;
use parties::bank::asking::{Answer, Heard, Question};
use scheme::chance::random;
use scheme::order::OrderId;
use scheme::receipt::Receipt;
use scheme::subscription::Iccid;
use server::{Ahead, Incoming, Origin, SimKey, receipt_user_data};
use wire::typed;

impl Counter {
    /// Takes what waits beside a call, `most` in all, and tells the books of it, where that saves ways. Asking again is all that follows
    /// where they cannot be told. Gives how many calls they were told of.
    pub fn look_ahead(&mut self, call: &mut Call, most: usize) -> usize {
        if !self.desk.books().is_far() {
            return most;
        }
        let aside = &mut self.course.aside;
        while aside.len() + 1 < most
            && let Ok(call) = self.calls.try_recv()
        {
            aside.push_back(call);
        }
        let mut waiting = std::mem::take(&mut self.course.aside);
        let ahead: Vec<Ahead> =
            [call].into_iter().chain(&mut waiting).flat_map(|call| self.of(call)).collect();
        self.course.aside = waiting;
        let calls = self.course.aside.len() + 1;
        // Who only looks takes no part in a round, and no writer's place in the books.
        if ahead.iter().all(|one| matches!(one, Ahead::Asker(_))) {
            return calls;
        }
        let told = self.reconnect().and_then(|()| self.begin_books());
        if let Err(error) = told.and_then(|()| Ok(self.desk.books().look_ahead(&ahead)?)) {
            self.heed(&error);
        }
        calls
    }

    /// The id of an order that is made for a request.
    pub fn draw(&self, principal: &str, id: &str) -> OrderId {
        OrderId(random(&mut *self.session.chance(&format!("request {principal} {id}"))))
    }

    fn of(&self, call: &mut Call) -> Vec<Ahead> {
        match call {
            Call::Ask(job, _) => self.of_job(job, true),
            Call::Again(waiting) => waiting.job.as_mut().map_or_else(Vec::new, |job| self.of_job(job, false)),
            Call::Heard(heard) => {
                let (heard, waiting) = &mut **heard;
                let mut ahead = of_heard(heard);
                if let Some(job) = &mut waiting.job {
                    ahead.extend(self.of_job(job, false));
                }
                ahead
            }
            Call::Ready(_)
            | Call::Figures(_)
            | Call::Visit(..)
            | Call::Due(_)
            | Call::Answered(_)
            | Call::Look(_) => Vec::new(),
        }
    }

    /// `anew`: it was not worked on before, so that its order is still to be made.
    fn of_job(&self, job: &mut Job, anew: bool) -> Vec<Ahead> {
        let Shown::Key(key) = &job.shown else { return Vec::new() };
        if !self.course.let_in.has(&job.shown) {
            return Vec::new();
        }
        let mut ahead = vec![Ahead::Asker(key.id.clone())];
        ahead.extend(job.second.as_ref().map(|key| Ahead::Asker(key.id.clone())));
        let Some(id) = &job.what.id else { return ahead };
        ahead.push(Ahead::Request(key.id.clone(), id.clone()));
        match job.what.route.name {
            "sell" if anew => {
                let order = *job.what.order.get_or_insert_with(|| self.draw(&key.id, id));
                ahead.extend(of_sale(&job.what.asked, order));
            }
            "settle" => ahead.extend(of_receipt(&job.what.asked)),
            "settle-card" => ahead.extend(of_card(&job.what.asked)),
            "sell-on-card" => {
                ahead.extend(of_card(&job.what.asked));
                if anew {
                    let order = *job.what.order.get_or_insert_with(|| self.draw(&key.id, id));
                    ahead.extend(of_sale(&job.what.asked, order));
                }
            }
            _ => {}
        }
        ahead
    }
}

fn of_sale(asked: &Asked, order: OrderId) -> Option<Ahead> {
    let (customer, meter) = (asked.field("customer").ok()?, asked.maybe_field("meter").ok()?);
    Some(Ahead::Order(customer, meter, order))
}

fn of_receipt(asked: &Asked) -> Option<Ahead> {
    let record = typed::bytes(asked.words("record")?).ok()?;
    let packet = receipt_user_data(Incoming::Record(&record)).ok()?;
    let origin = match (asked.maybe_field::<Iccid>("iccid").ok()?, asked.maybe_field("meter").ok()?) {
        (Some(iccid), _) => Origin::Sim(SimKey::Iccid(iccid)),
        (None, Some(meter)) => Origin::Meter(meter),
        (None, None) => Origin::Sim(SimKey::Msisdn(asked.field("msisdn").ok()?)),
    };
    Some(Ahead::Receipt(packet, origin))
}

fn of_card(asked: &Asked) -> Option<Ahead> {
    let CardReceipt { meter, packet } = card_acts::receipt(asked).ok()??;
    let packet = receipt_user_data(Incoming::UserData(&packet)).ok()?;
    Some(Ahead::Receipt(packet, Origin::Meter(meter)))
}

fn of_heard(heard: &Heard) -> Vec<Ahead> {
    match (&heard.question, &heard.answer) {
        (Question::Seal { id, .. }, Answer::Sealed { .. }) => {
            vec![Ahead::Sealed(heard.psam.to_string(), *id)]
        }
        (Question::Open { .. }, Answer::Opened(receipt)) => {
            Receipt::parse(receipt).map_or_else(|_| Vec::new(), |receipt| vec![Ahead::Opened(receipt.order)])
        }
        _ => Vec::new(),
    }
}
