//! Purchases by phone: a session with the bank over a carrier that loses, doubles, delays and repeats; a slip typed in wrong, a clock that is
//! a year ahead, a bank whose sessions are gone. What is confirmed is bought once, and the order comes over the session.

use super::under::{DAY_S, Event, Under};
use super::wish::Wish;
use crate::bare::{Came, Handset, Slipped, Wants};
use client::talk::{
    Answer, MadeFor, Named, Offer, Purchase, PurchaseState, Request, Said, Status, Wanted, Way,
};
use parties::trouble::{Context, Result};
use scheme::chance::random;
use scheme::money::Fen;
use scheme::order::OrderId;
use server::{Claim, Claimed, OrderState, PaymentState, Payments as _, Registry as _, Requests as _};
use sha2::{Digest, Sha256};
use wire::sms::record::Records;

/// Seconds of a year.
const YEAR_S: i64 = 365 * 86_400;
/// Times that a phone sends the same before it hangs up.
const TRIES: u32 = 3;

const REFUSED: Answer = Answer::Not(Status::Refused, None);
const NO_OFFER: Answer = Answer::Not(Status::NoOffer, None);

/// The phone's end.
impl Under<'_> {
    pub(super) fn buy_by_phone(&mut self, n: usize, amount: Fen) -> Result<()> {
        let purchase = random(&mut self.chance);
        self.households[n].phone.wish = Some(Wish { purchase, amount, confirmed: false });
        self.at_phone(n)
    }

    /// The customer has his phone in his hand: he goes on where he is.
    pub(super) fn at_phone(&mut self, n: usize) -> Result<()> {
        let Some(wish) = self.households[n].phone.wish else { return Ok(()) };
        let stands = if self.is_in_session(n)? { self.stands(n, wish)? } else { None };
        let Some(stands) = stands else {
            self.later(600, DAY_S as u32, Event::Phone(n));
            return Ok(());
        };
        let done = match stands.state {
            PurchaseState::Made => self.fetch(n, wish.purchase)?,
            PurchaseState::Settled | PurchaseState::Ended | PurchaseState::Refused => true,
            PurchaseState::Offered | PurchaseState::Asked | PurchaseState::Waits => false,
        };
        if done {
            self.households[n].phone.wish = None;
        } else {
            self.later(600, 6 * 3600, Event::Phone(n));
        }
        Ok(())
    }

    /// Where a purchase stands; confirms it first, where the bank has not said that it was. `None`: nobody answers.
    fn stands(&mut self, n: usize, wish: Wish) -> Result<Option<Purchase>> {
        let Wish { purchase, amount, confirmed } = wish;
        let answer = if confirmed {
            self.talk(n, &Request::State(purchase))?
        } else {
            let contract = Named::Meter(self.households[n].site.holder().meter);
            let wanted = Wanted { purchase, contract, amount, way: Way::Sim, account: None };
            match self.talk(n, &Request::Offer(wanted))? {
                Some(Answer::Done(Said::Offer(offer)))
                    if (offer.purchase, offer.amount) == (purchase, amount) =>
                {
                    self.talk(n, &Request::Confirm { purchase, amount })?
                }
                Some(Answer::Done(said)) => {
                    self.violation(n, format!("a phone was offered {said:?}"));
                    None
                }
                other => other,
            }
        };
        match answer {
            Some(Answer::Done(Said::Purchase(stands))) => {
                if let Some(wish) = &mut self.households[n].phone.wish {
                    wish.confirmed = true;
                }
                Ok(Some(stands))
            }
            Some(answer) if answer == REFUSED => {
                // Another SIM: it has to be made known anew.
                self.households[n].phone.handset = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Fetches the order and writes it to the SIM. Says whether it is there.
    fn fetch(&mut self, n: usize, purchase: [u8; 8]) -> Result<bool> {
        let Some(Answer::Done(Said::Order { record, .. })) = self.talk(n, &Request::Fetch(purchase))? else {
            return Ok(false);
        };
        let records = Records::parse(&record);
        self.later(5, 60, Event::Order(n, records.context("one record or two")?));
        Ok(true)
    }

    /// A session, where there is none; before it the phone is made known, where it is not. `false`: nobody answers.
    fn is_in_session(&mut self, n: usize) -> Result<bool> {
        let (of, sim) = (self.households[n].site.n, self.households[n].sim);
        let fits = self.households[n].phone.handset.as_ref().is_some_and(|handset| handset.sim() == sim);
        if !fits {
            let phone = &mut self.households[n].phone;
            phone.keys += 1;
            phone.handset = Some(Handset::new(self.what.seed, of, sim, phone.keys));
            phone.late = None;
        }
        let is_known = self.handset(n).is_some_and(|handset| handset.is_known());
        if !is_known && !self.is_enrolled(n)? {
            return Ok(false);
        }
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        if handset.is_in_session(&self.bank) {
            return Ok(true);
        }
        if self.fault("phone's clock a year ahead", 15) {
            self.is_met_with_silence(n, Slipped { ahead_s: YEAR_S, ..Slipped::default() })?;
        }
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        let Some(opening) = handset.begin(&self.bank, &self.entry, Slipped::default())? else {
            return Ok(false);
        };
        let Some(answer) = self.exchanged(n, opening.frame())? else { return Ok(false) };
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        Ok(handset.opened(&opening, &answer, &self.bank))
    }

    fn handset(&self, n: usize) -> Option<&Handset> {
        self.households[n].phone.handset.as_ref()
    }

    /// Makes a phone known by a slip.
    fn is_enrolled(&mut self, n: usize) -> Result<bool> {
        let paper = self.bank.print_slip(&self.households[n].site, &self.entry)?;
        if self.fault("wrong code typed in", 4) {
            let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
            let wrong = Slipped { code: true, ..Slipped::default() };
            let opening = handset.enrol(&paper, &self.bank, &self.entry, wrong)?;
            if self.heard(n, opening.frame())?.is_some() {
                self.violation(n, "a wrong code is answered");
            }
        }
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        let opening = handset.enrol(&paper, &self.bank, &self.entry, Slipped::default())?;
        let Some(answer) = self.exchanged(n, opening.frame())? else { return Ok(false) };
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        if !handset.opened(&opening, &answer, &self.bank) {
            return Ok(false);
        }
        let claims = handset.claims()?;
        let said = self.talk(n, &claims)?;
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(false) };
        if let Some(Answer::Done(Said::Enrolled(enrolled))) = said {
            handset.enrolled(&enrolled);
            return Ok(true);
        }
        // It may be known and not know it: with another slip it is another phone, of another key.
        self.households[n].phone.handset = None;
        Ok(false)
    }

    /// A first message that must not be answered.
    fn is_met_with_silence(&mut self, n: usize, slipped: Slipped) -> Result<()> {
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(()) };
        let Some(opening) = handset.begin(&self.bank, &self.entry, slipped)? else { return Ok(()) };
        if self.heard(n, opening.frame())?.is_some() {
            self.violation(n, "a first message of next year is answered");
        }
        Ok(())
    }

    /// Asks something in the session; `None`: nobody answers, and the session is given up.
    fn talk(&mut self, n: usize, request: &Request) -> Result<Option<Answer>> {
        let Some(handset) = &mut self.households[n].phone.handset else { return Ok(None) };
        let Some(frame) = handset.ask(request, &self.bank) else { return Ok(None) };
        let mut answer = None;
        if let Some(frame) = self.exchanged(n, &frame)? {
            // What was on its way comes first: the answer to another request changes nothing.
            let late = self.households[n].phone.late.take();
            let Some(handset) = &mut self.households[n].phone.handset else { return Ok(None) };
            answer = late.and_then(|late| handset.hear(&late, &self.bank));
            answer = answer.or_else(|| handset.hear(&frame, &self.bank));
        }
        if answer.is_none()
            && let Some(handset) = &mut self.households[n].phone.handset
        {
            handset.hang_up();
        }
        Ok(answer)
    }

    /// Sends a frame until there is an answer, over a carrier that does what it likes. Every answer to the same frame is the same.
    fn exchanged(&mut self, n: usize, frame: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.fault("bank's sessions with phones gone", 60) {
            self.entry.restart();
        }
        if self.fault("old message of a phone sent again", 30)
            && let Some(old) = self.households[n].phone.sent.clone()
        {
            self.heard(n, &old)?;
        }
        for _ in 0..TRIES {
            if self.fault("phone's message lost", 20) {
                continue;
            }
            let answer = self.heard(n, frame)?;
            self.households[n].phone.sent = Some(frame.to_vec());
            if self.fault("phone's message doubled", 20)
                && answer.is_some()
                && self.heard(n, frame)? != answer
            {
                self.violation(n, "a phone's message that came twice has two answers");
            }
            if self.fault("bank's answer to a phone lost", 20) {
                continue;
            }
            if self.fault("bank's answer to a phone late", 30) {
                self.households[n].phone.late = answer;
                continue;
            }
            return Ok(answer);
        }
        Ok(None)
    }
}

/// The bank's end.
impl Under<'_> {
    fn heard(&mut self, n: usize, frame: &[u8]) -> Result<Option<Vec<u8>>> {
        self.report.events += 1;
        match self.entry.hear(&mut self.bank, frame)? {
            Came::Silence => Ok(None),
            Came::Answer(answer) => Ok(Some(answer)),
            Came::Asked(wants) => {
                let answer = self.done(n, &wants)?;
                if answer.is_none() {
                    self.entry.give_up(&wants);
                }
                Ok(answer.and_then(|answer| self.entry.answer(&self.bank, &wants, &answer)))
            }
        }
    }

    /// Does what a phone asks for; `None`: the server broke off.
    fn done(&mut self, n: usize, wants: &Wants) -> Result<Option<Answer>> {
        Ok(Some(match &wants.request {
            Request::Offer(wanted) => {
                self.offered.insert(wants.principal.clone(), wanted.clone());
                let holder = self.households[n].site.holder();
                let known = self.bank.store.of_meter(holder.meter)?.context("a meter of ours")?;
                Answer::Done(Said::Offer(Offer {
                    purchase: wanted.purchase,
                    customer: known.customer,
                    meter: holder.meter,
                    amount: wanted.amount,
                    way: wanted.way,
                    account: "*".to_owned(),
                    state: PurchaseState::Offered,
                    name: None,
                    reported: None,
                }))
            }
            Request::Confirm { purchase, amount } => {
                let offered = self.offered.get(&wants.principal);
                if offered.is_none_or(|offered| (offered.purchase, offered.amount) != (*purchase, *amount)) {
                    return Ok(Some(NO_OFFER));
                }
                return self.confirmed(n, &wants.principal, *purchase, *amount);
            }
            Request::State(purchase) => self.state(&wants.principal, *purchase)?,
            Request::Fetch(purchase) => self.order(&wants.principal, *purchase)?,
            _ => Answer::Not(Status::NotUnderstood, None),
        }))
    }

    /// A purchase is a request of the phone's own: the same again is no second one.
    fn confirmed(
        &mut self,
        n: usize,
        principal: &str,
        purchase: [u8; 8],
        amount: Fen,
    ) -> Result<Option<Answer>> {
        let body = Sha256::digest([&purchase[..], &amount.0.to_be_bytes()].concat()).into();
        let (order, at) = (OrderId(random(&mut self.chance)), self.now);
        let claim = Claim { principal: principal.to_owned(), id: name_of(purchase), body, order, at };
        let order = match self.bank.store.claim(&claim)? {
            Claimed::New => order,
            Claimed::UnderWay(order) => order,
            Claimed::Answered(_) => return Ok(Some(REFUSED)),
        };
        if self.bank.store.payment(order)?.is_none() && self.buy_by_account(n, amount, Some(order))?.is_none()
        {
            return Ok(None);
        }
        self.state(principal, purchase).map(Some)
    }

    fn state(&mut self, principal: &str, purchase: [u8; 8]) -> Result<Answer> {
        let store = &self.bank.store;
        let Some((order, _)) = store.asked(principal, &name_of(purchase))? else { return Ok(NO_OFFER) };
        let Some(payment) = store.payment(order)? else { return Ok(NO_OFFER) };
        let placed = store.read(|view| view.order(order))?;
        let state = match payment.state {
            PaymentState::Asked | PaymentState::Unknown | PaymentState::Paid => PurchaseState::Asked,
            PaymentState::Refused | PaymentState::Leaving | PaymentState::Reversed => PurchaseState::Ended,
            PaymentState::Spent => match placed.map(|placed| placed.state) {
                Some(OrderState::Prepared) | None => PurchaseState::Asked,
                Some(OrderState::Settled) => PurchaseState::Settled,
                Some(OrderState::Sealed) => PurchaseState::Made,
                // Another order took its place, or none.
                Some(_) => PurchaseState::Ended,
            },
        };
        let order = Some(order);
        let amount = payment.amount;
        let stands =
            Purchase { purchase, state, amount, order, message: None, credited: None, refusal: None };
        Ok(Answer::Done(Said::Purchase(stands)))
    }

    fn order(&mut self, principal: &str, purchase: [u8; 8]) -> Result<Answer> {
        let store = &self.bank.store;
        let Some((order, _)) = store.asked(principal, &name_of(purchase))? else { return Ok(NO_OFFER) };
        let placed = store.read(|view| view.order(order))?;
        let Some(record) = placed.and_then(|placed| placed.record) else { return Ok(NO_OFFER) };
        let record = record.each().concat();
        Ok(Answer::Done(Said::Order { purchase, order, record, sim: MadeFor::default() }))
    }
}

fn name_of(purchase: [u8; 8]) -> String {
    format!("{:016x}", u64::from_be_bytes(purchase))
}
