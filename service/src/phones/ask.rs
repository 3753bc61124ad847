//! What is done for a request in a session: looks and small acts at the counter by a visit, purchases as everybody's.

use super::answers::{of_reply, of_trouble};
use super::errands::{self, Buy, FromMeter};
use super::state::{Enrolling, Offered, Who, Whose, of_slip};
use crate::bucket::Buckets;
use crate::counter::{Call, Counter};
use crate::denied::Denied;
use crate::figures::Figures;
use crate::job::{Job, Wanted as Errand};
use crate::key::Shown;
use crate::peer::Peer;
use crate::reply::Reply;
use client::talk::{Answer, Claims, Op, PurchaseState, Request, Said, Status, Wanted, Way};
use parties::bank::phones::{self, Caller, Enrolment, Entered};
use parties::{Deed, Result, Session, Trouble};
use scheme::chance::random;
use scheme::money::Fen;
use scheme::order::OrderId;
use serde_json::Value;
use server::{Act, PhoneError};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::{Semaphore, oneshot};

/// What nobody here understands.
pub const NOT_UNDERSTOOD: Answer = Answer::Not(Status::NotUnderstood, None);
/// Seconds between China's clock, which moments have, and UTC.
const CHINA_S: i64 = 8 * 3600;

/// The way to the counter.
#[derive(Clone)]
pub struct Desk {
    /// Clock and chance.
    pub session: Session,
    /// The counter's queue.
    pub calls: SyncSender<Call>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Passwords that may be stretched now.
    pub stretching: Arc<Semaphore>,
    /// How often each phone may still ask.
    pub asked: Arc<Mutex<Buckets<[u8; 8]>>>,
    /// When it began.
    pub begun: Instant,
}

fn busy() -> Trouble {
    Trouble::new(Denied::Busy)
}

impl Desk {
    /// Seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// The clock tells none.
    pub fn now(&self) -> Result<i64> {
        Ok(self.session.now()?.seconds() - CHINA_S)
    }

    /// Looks into the books, in the round that goes on.
    ///
    /// # Errors
    /// Those of the look; the counter has too much to do.
    pub async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Counter, &Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.sent(work, |visit, _| Call::Look(visit)).await
    }

    /// Does something small, and is told when it is kept.
    ///
    /// # Errors
    /// Those of the work; the counter has too much to do.
    pub async fn visit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Counter, &Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.sent(work, Call::Visit).await
    }

    async fn sent<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Counter, &Session) -> Result<T> + Send + 'static,
        call: impl FnOnce(crate::counter::Visit, SyncSender<Call>) -> Call,
    ) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let visit = Box::new(move |counter: &mut Counter| {
            let session = counter.session.anew(Deed::Look);
            let _ = tell.send(counter.with_books(|counter| work(counter, &session)));
        });
        self.calls.try_send(call(visit, self.calls.clone())).map_err(|_| busy())?;
        told.await.map_err(|_| busy())?
    }

    /// Has an act done as everybody has it done.
    async fn errand(&self, caller: Caller, act: Act, what: Errand) -> Reply {
        let (tell, told) = oneshot::channel();
        let route = what.route.name;
        let peer = Peer { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), certificate: None, secured: true };
        let job = Job { what, shown: Shown::Phone(caller, act), peer, second: None, reply: tell };
        self.figures.waiting.fetch_add(1, Ordering::Relaxed);
        if self.calls.try_send(Call::Ask(Box::new(job), self.calls.clone())).is_err() {
            self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
            return Reply::denied(&Denied::Busy, None);
        }
        // The counter went away in the middle: the same request finds out whether it was done.
        let reply = told.await.unwrap_or_else(|_| Reply::denied(&Denied::Busy, None));
        self.figures.answered(route, reply.status);
        reply
    }

    /// Answers a request; `None`: a later session of the phone is in use, and this one is over.
    pub async fn ask(&self, whose: &Whose, request: Request) -> Option<Answer> {
        let later = Some(Answer::Not(Status::Later, None));
        let Some(_place) = whose.place() else { return later };
        if !self.may_ask(whose.who()) {
            return later;
        }
        match (whose.who(), request) {
            (Who::Enrols(enrolling), Request::Enrol(claims)) => Some(self.enrol(enrolling, claims).await),
            (Who::Enrols(_), _) | (Who::Phone(_), Request::Enrol(_)) => Some(NOT_UNDERSTOOD),
            (Who::Phone(caller), request) => self.of_phone(whose, *caller, request).await,
        }
    }

    /// Whether one more request of a phone, or of a slip, is worked on now: what only looks passes no gate at the counter.
    fn may_ask(&self, who: &Who) -> bool {
        let of = match who {
            Who::Phone(caller) => caller.name,
            Who::Enrols(enrolling) => of_slip(enrolling.slip),
        };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.take(&of, self.begun.elapsed())
    }

    async fn enrol(&self, enrolling: &Enrolling, claims: Claims) -> Answer {
        let Enrolling { slip, mode, public, time, marks } = *enrolling;
        let salt = random(&mut *self.session.chance(&format!("phone salt {}", hex::encode(slip))));
        let password = claims.password.clone();
        let Ok(password) = self.stretched(move || phones::hashed(&password, salt)).await else {
            return Answer::Not(Status::Later, None);
        };
        let wanted = Enrolment { slip, mode, public, time, marks, claims, password };
        match self.visit(move |counter, session| phones::enrol(session, &mut counter.desk, &wanted)).await {
            Ok(enrolled) => Answer::Done(Said::Enrolled(enrolled)),
            Err(error) => of_trouble(&error),
        }
    }

    /// Stretches a password, away from everybody else.
    async fn stretched<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _place = self.stretching.acquire().await;
        tokio::task::spawn_blocking(work).await.map_err(|_| busy())?
    }

    async fn of_phone(&self, whose: &Whose, caller: Caller, request: Request) -> Option<Answer> {
        if !whose.is_begun() {
            match self.visit(move |counter, session| phones::begin(session, &mut counter.desk, &caller)).await
            {
                Ok(true) => whose.begin(),
                Ok(false) => return None,
                Err(error) => return Some(of_trouble(&error)),
            }
        }
        let op = request.op();
        let done = match request {
            Request::Offer(wanted) => self.offer(whose, caller, wanted).await,
            Request::Confirm { purchase, amount } => self.confirm(whose, caller, purchase, amount).await,
            Request::Pipe { purchase, message } => self.pipe(whose, caller, purchase, message).await,
            Request::Receipt(record) => self.receipt(caller, record).await,
            Request::Forget => self.forget(caller).await,
            looks => self.told(caller, looks).await,
        };
        match done {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.note(caller, op, &error).await;
                // A session that another one has taken the place of is over.
                if matches!(error.find(), Some(PhoneError::Old)) { None } else { Some(of_trouble(&error)) }
            }
        }
    }

    /// The reason of what was refused goes into the log.
    async fn note(&self, caller: Caller, op: Op, error: &Trouble) {
        let Some(why) = error.find::<PhoneError>().and_then(PhoneError::reason) else { return };
        let noted = self.visit(move |counter, session| {
            phones::refused(session, &mut counter.desk, &caller, name(op), why);
            Ok(())
        });
        if let Err(error) = noted.await {
            tracing::error!("a refusal is not in the audit log: {error}");
        }
    }

    /// What only looks.
    async fn told(&self, caller: Caller, request: Request) -> Result<Answer> {
        let said = self.look(move |counter, session| {
            let desk = &counter.desk;
            let entered = phones::let_in(desk, &caller, Act::Look)?;
            match request {
                Request::Contracts => phones::contracts(desk, &entered).map(Some),
                Request::Records { many, before } => phones::records(desk, &entered, many, before).map(Some),
                Request::Balance(meter) => phones::balance(desk, &entered, meter).map(Some),
                Request::State(purchase) => Ok(state(session, desk, &entered, purchase)?.map(Said::Purchase)),
                Request::Fetch(purchase) => match phones::bought(session, desk, &entered, purchase)? {
                    Some(bought) => phones::fetch(session, desk, &bought).map(Some),
                    None => Ok(None),
                },
                _ => Ok(None),
            }
        });
        Ok(said.await?.map_or(Answer::Not(Status::NoOffer, None), Answer::Done))
    }

    async fn offer(&self, whose: &Whose, caller: Caller, wanted: Wanted) -> Result<Answer> {
        let asked = wanted.clone();
        let (act, kept, priced) = self
            .look(move |counter, session| {
                let desk = &counter.desk;
                let entered = phones::let_in(desk, &caller, Act::Buy)?;
                let priced = phones::offer(session, desk, &entered, &asked)?;
                let registered = phones::account_of(desk, &entered, None).ok();
                let another = asked.account.is_some() && registered.as_ref() != Some(&priced.account);
                let act = if another { Act::BuyFromAnother } else { Act::Buy };
                Ok((act, another.then_some(entered.phone), priced))
            })
            .await?;
        if let Some(phone) = kept {
            self.must_know_the_password(&phone, &wanted).await?;
        }
        let now = self.now()?;
        whose.offer(Offered::new(wanted, priced.offer.meter, priced.account, act, now));
        Ok(Answer::Done(Said::Offer(priced.offer)))
    }

    /// Compares the password of somebody who wants to buy from another account, and counts it.
    async fn must_know_the_password(&self, phone: &server::Phone, wanted: &Wanted) -> Result<()> {
        let typed = wanted.account.as_ref().and_then(|account| account.password.clone());
        let kept = phone.password.clone().filter(|_| phone.tries > 0);
        let (Some(typed), Some(kept)) = (typed, kept) else { return Err(PhoneError::Password.into()) };
        let good = self.stretched(move || phones::is_password(&typed, &kept)).await?;
        let name = phone.name;
        self.visit(move |counter, _| {
            let phone = counter.desk.books().phone(name)?.ok_or(PhoneError::Password)?;
            phones::count_password(&mut counter.desk, &phone, good)
        })
        .await
    }

    async fn confirm(&self, whose: &Whose, caller: Caller, purchase: [u8; 8], amount: Fen) -> Result<Answer> {
        let offered = whose.offered(purchase, self.now()?).filter(|offered| offered.wanted.amount == amount);
        let Some(offered) = offered else { return Ok(Answer::Not(Status::NoOffer, None)) };
        let act = offered.act;
        // What does not agree is refused before the request is kept.
        let entered = self.look(move |counter, _| phones::let_in(&counter.desk, &caller, act)).await?;
        let buy = Buy {
            customer: entered.phone.customer,
            meter: offered.meter,
            amount,
            account: offered.account,
            online: offered.wanted.way == Way::Online,
        };
        let reply = self.errand(caller, act, errands::buy(purchase, &buy)).await;
        if reply.status >= 400 {
            return Ok(of_reply(&reply));
        }
        whose.confirm(purchase);
        self.stands(caller, purchase).await
    }

    /// A purchase as it stands.
    async fn stands(&self, caller: Caller, purchase: [u8; 8]) -> Result<Answer> {
        let said = self.look(move |counter, session| {
            let entered = phones::let_in(&counter.desk, &caller, Act::Look)?;
            state(session, &counter.desk, &entered, purchase)
        });
        let said = said.await?.map(Said::Purchase);
        Ok(said.map_or(Answer::Not(Status::NoOffer, None), Answer::Done))
    }

    async fn pipe(
        &self,
        whose: &Whose,
        caller: Caller,
        purchase: [u8; 8],
        message: Vec<u8>,
    ) -> Result<Answer> {
        let Some(which) = FromMeter::of(&message) else { return Ok(NOT_UNDERSTOOD) };
        if !whose.is_confirmed(purchase) {
            return Ok(Answer::Not(Status::NoOffer, None));
        }
        let sid = self.look(move |counter, session| {
            let entered = phones::let_in(&counter.desk, &caller, Act::Buy)?;
            Ok(phones::bought(session, &counter.desk, &entered, purchase)?.and_then(|bought| bought.online))
        });
        let Some(sid) = sid.await? else { return Ok(Answer::Not(Status::NoOffer, None)) };
        let reply = self.errand(caller, Act::Buy, errands::pipe(sid, which, &message)).await;
        if reply.status >= 400 {
            return Ok(of_reply(&reply));
        }
        self.stands(caller, purchase).await
    }

    async fn receipt(&self, caller: Caller, record: Vec<u8>) -> Result<Answer> {
        let entered = self.look(move |counter, _| phones::let_in(&counter.desk, &caller, Act::Look)).await?;
        let msisdn = entered.customer.sim.msisdn.clone();
        let reply = self.errand(caller, Act::Look, errands::settle(&record, &msisdn)).await;
        if reply.status >= 400 {
            return Ok(of_reply(&reply));
        }
        let said: Value = serde_json::from_str(&reply.body)?;
        let order = said["order"].as_str().and_then(|order| order.parse::<OrderId>().ok());
        let (Some(order), true) = (order, said["result"] != "held") else {
            // What fits no order is kept, and somebody at the bank clears it.
            return Ok(Answer::Not(Status::No, said["code"].as_str().map(str::to_owned)));
        };
        let credited = self.look(move |counter, _| phones::credited(&counter.desk, order)).await?;
        Ok(Answer::Done(Said::Receipt { state: PurchaseState::Settled, order, amount: credited }))
    }

    async fn forget(&self, caller: Caller) -> Result<Answer> {
        self.visit(move |counter, session| {
            phones::let_in(&counter.desk, &caller, Act::Forget)?;
            phones::forget(session, &mut counter.desk, &caller)
        })
        .await?;
        Ok(Answer::Done(Said::Forgotten))
    }
}

fn state(
    session: &Session,
    desk: &parties::bank::Desk,
    entered: &Entered,
    purchase: [u8; 8],
) -> Result<Option<client::talk::Purchase>> {
    Ok(phones::bought(session, desk, entered, purchase)?.map(|bought| bought.purchase))
}

/// What the log calls what a phone asked.
const fn name(op: Op) -> &'static str {
    match op {
        Op::Enrol => "enrol",
        Op::Contracts => "contracts",
        Op::Offer => "offer",
        Op::Confirm => "confirm",
        Op::State => "state",
        Op::Records => "records",
        Op::Balance => "balance",
        Op::Fetch => "fetch",
        Op::Pipe => "pipe",
        Op::Receipt => "receipt",
        Op::Forget => "forget",
    }
}
