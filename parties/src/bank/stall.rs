//! A PSAM that works in a thread of its own: its session is kept, and what it is asked waits in a queue.
//!
//! It seals in the sequence in which it is asked, and stops at what it refuses or does not answer: what waited to be sealed is handed
//! back then. So the orders that it sealed are always the first ones of those it was asked for, which the books rely on.

use super::asking::{Answer, Besides, Heard, OnlineFault, OnlineSaid, Question, Seated, Stand, Unfit};
use super::pins::{PinChoice, Pins};
use super::pool::{Member, prove};
use super::seat::{Seat, sit_down};
use crate::cards::CardHandle;
use crate::places::card_at;
use crate::session::Session;
use crate::trouble::{Context, Result, Trouble};
use reader::CardError;
use reader::driver::psam::Psam;
use scheme::numbers::DeviceNumber;
use scheme::profile::{CardKind, NO_LIMIT};
use scheme::signing::Mode;
use server::sealer::in_mode;
use server::{OrderSealer, SealError};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use wire::Sw;

/// Orders that are sealed one after the other while a receipt or a meter waits.
const SEALS_IN_A_ROW: u32 = 8;

/// Something a PSAM is to be asked.
pub struct Errand {
    /// What.
    pub question: Question,
    /// How often the PSAM had stopped, as far as whoever asks knew.
    pub stops: u32,
    /// Who is asked.
    psam: DeviceNumber,
    /// What is done with what becomes of it, once.
    then: Option<Box<dyn FnOnce(Heard) + Send>>,
}

impl Errand {
    /// A question to a PSAM, asked by somebody who knows how often it had stopped.
    pub fn new(
        psam: DeviceNumber,
        question: Question,
        stops: u32,
        then: Box<dyn FnOnce(Heard) + Send>,
    ) -> Self {
        Errand { question, stops, psam, then: Some(then) }
    }

    fn done(mut self, answer: Answer, stops: u32) {
        if let Some(then) = self.then.take() {
            then(Heard { psam: self.psam, question: self.question.clone(), answer, stops });
        }
    }
}

impl Drop for Errand {
    /// Whoever waits hears something whatever happens.
    fn drop(&mut self) {
        if let Some(then) = self.then.take() {
            let answer = Answer::Lost(SealError::Lost("the thread of the PSAM ended".to_owned()));
            let (question, stops) = (self.question.clone(), self.stops.saturating_add(1));
            then(Heard { psam: self.psam, question, answer, stops });
        }
    }
}

/// The thread of one PSAM.
pub struct Stall {
    session: Session,
    member: Member,
    pin: PinChoice,
    /// Whose PIN a file without a number is.
    unnamed: Option<DeviceNumber>,
    seat: Option<Seat>,
    stops: u32,
    /// Why it could not be opened the last time.
    unfit: Option<Unfit>,
}

impl Stall {
    /// Begins the thread of a PSAM. It ends, and closes the card, when nobody can ask it any more.
    ///
    /// # Errors
    /// A thread cannot begin.
    pub fn begin(
        session: Session,
        member: Member,
        pin: PinChoice,
        unnamed: Option<DeviceNumber>,
    ) -> Result<(Sender<Errand>, std::thread::JoinHandle<Result<()>>)> {
        let (queue, errands) = channel();
        let thread = std::thread::Builder::new().name(format!("psam {}", member.number));
        let mut stall = Stall { session, member, pin, unnamed, seat: None, stops: 0, unfit: None };
        let thread = thread
            .spawn(move || {
                stall.work(&errands);
                stall.seat.take().map_or(Ok(()), |seat| seat.card.close())
            })
            .context("cannot begin the thread of a PSAM")?;
        Ok((queue, thread))
    }

    fn work(&mut self, errands: &Receiver<Errand>) {
        let (mut seals, mut others) = (VecDeque::new(), VecDeque::new());
        let mut in_a_row = 0;
        loop {
            if seals.is_empty() && others.is_empty() {
                match errands.recv() {
                    Ok(errand) => put(errand, &mut seals, &mut others),
                    Err(_) => return,
                }
            }
            while let Ok(errand) = errands.try_recv() {
                put(errand, &mut seals, &mut others);
            }
            let waits = others.iter().position(|errand| {
                matches!(
                    errand.question,
                    Question::Open { .. } | Question::Begin { .. } | Question::Hear(_) | Question::Finish(_)
                )
            });
            let next = if seals.is_empty() {
                others.pop_front()
            } else if let (Some(at), SEALS_IN_A_ROW..) = (waits, in_a_row) {
                others.remove(at)
            } else {
                seals.pop_front()
            };
            let Some(errand) = next else { continue };
            in_a_row = if matches!(errand.question, Question::Seal { .. }) { in_a_row + 1 } else { 0 };
            let answer = self.answer(&errand.question, errand.stops, seals.is_empty());
            errand.done(answer, self.stops);
        }
    }

    /// Asks the card. `is_last`: nothing more waits to be sealed.
    fn answer(&mut self, question: &Question, stops: u32, is_last: bool) -> Answer {
        match question {
            Question::Sit => self.sit(stops),
            Question::Look => match self.look() {
                Ok(chain) => Answer::Looked(chain),
                Err(error) => Answer::Failed(Unfit::of(&error)),
            },
            // What was asked before it stopped is asked anew, where whoever asks knows what became of it.
            Question::Seal { .. } if stops != self.stops => Answer::NotAsked,
            Question::Seal { order, online, mode, .. } => self.seal(order, *online, *mode, is_last),
            Question::Begin { meter, sid, time } => {
                self.online(|psam| psam.begin_purchase(*meter, *sid, *time).map(OnlineSaid::Hello))
            }
            Question::Hear(message) => {
                self.online(|psam| psam.open_request(message).map(OnlineSaid::Request))
            }
            Question::Finish(message) => {
                self.online(|psam| psam.open_answer(message).map(OnlineSaid::Answer))
            }
            Question::Open { meter, packet } => {
                let opened = self.with(|psam| Ok(psam.open(*meter, packet)));
                match opened {
                    None => Answer::NotAsked,
                    Some(Ok(Ok(receipt))) => Answer::Opened(receipt),
                    Some(Ok(Err(error @ SealError::Lost(_)))) => self.lose(error),
                    Some(Ok(Err(error))) => Answer::Refused(error, None),
                    Some(Err(error)) => self.lose(SealError::Lost(error.to_string())),
                }
            }
        }
    }

    /// A message of an online purchase.
    fn online(&mut self, work: impl FnOnce(&mut Psam<'_>) -> Result<OnlineSaid, CardError>) -> Answer {
        match self.with(|psam| Ok(work(psam))) {
            None => Answer::NotAsked,
            Some(Ok(Ok(said))) => Answer::Online(Ok(said)),
            Some(Ok(Err(error))) => match fault(&error) {
                Some(fault) => Answer::Online(Err(fault)),
                None => self.lose(SealError::Lost(error.to_string())),
            },
            Some(Err(error)) => self.lose(SealError::Lost(error.to_string())),
        }
    }

    fn seal(&mut self, order: &[u8], online: Option<Besides>, mode: Mode, is_last: bool) -> Answer {
        let (session, card) = (self.session.clone(), self.member.card.clone());
        let sealed = self.with(|psam| {
            prove(&session, psam, &card)?;
            // Signed once, where it is signed, for the record and for what goes beside it.
            let order = in_mode(psam, order, mode);
            let sealed = order.and_then(|order| {
                let sealed = OrderSealer::seal(psam, &order, Mode::Symmetric)?;
                Ok((sealed, order))
            });
            // The same order once more counts nothing: nothing came between.
            let message = match (online, &sealed) {
                (Some(Besides::Online(sid)), Ok((_, order))) => Some(psam.seal_for_purchase(sid, order)),
                (Some(Besides::Recharge(random)), Ok((_, order))) => {
                    Some(psam.seal_recharge(random, order).map(|made| made.to_bytes().to_vec()))
                }
                (Some(Besides::Card(ask)), Ok((_, order))) => Some(psam.seal_card(ask, order)),
                _ => None,
            };
            let sealed = sealed.map(|(sealed, _)| sealed);
            let message = match message {
                Some(Err(error)) => match fault(&error).map(|fault| beside(online, fault, &error)) {
                    Some(fault) => Some(Err(fault)),
                    None => return Err(error.into()),
                },
                Some(Ok(message)) => Some(Ok(message)),
                None => None,
            };
            let tells = is_last || matches!(sealed, Err(SealError::Refused(_)));
            let stand =
                if tells && !matches!(sealed, Err(SealError::Lost(_))) { Some(stand(psam)) } else { None };
            Ok((sealed, message, stand.transpose()))
        });
        match sealed {
            None => Answer::NotAsked,
            // It was never asked: without the server's proof it seals nothing.
            Some(Err(error)) if error.find::<CardError>().is_none() => {
                self.stops += 1;
                Answer::Refused(SealError::Refused(error.to_string()), None)
            }
            Some(Err(error)) => self.lose(SealError::Lost(error.to_string())),
            Some(Ok((Ok(data), online, Ok(stand)))) => Answer::Sealed { data, online, stand },
            Some(Ok((Err(error @ SealError::Refused(_)), _, Ok(stand)))) => {
                self.stops += 1;
                Answer::Refused(error, stand)
            }
            Some(Ok((Err(error), ..))) => self.lose(error),
            Some(Ok((Ok(_), _, Err(error)))) => self.lose(SealError::Lost(error.to_string())),
        }
    }

    /// The session is lost, and with it what waits to be sealed in it.
    fn lose(&mut self, error: SealError) -> Answer {
        self.seat = None;
        self.stops += 1;
        Answer::Lost(error)
    }

    /// Works with the PSAM in its session; `None` where it has none.
    fn with<T>(&mut self, work: impl FnOnce(&mut Psam<'_>) -> Result<T>) -> Option<Result<T>> {
        let seat = self.seat.as_mut()?;
        Some(work(&mut Psam::go_on(&mut seat.card, seat.info)))
    }

    /// Sits down, unless it sits. Whoever asked before he could know that it fails hears what the last one heard: no PIN is tried
    /// once for each who waits.
    fn sit(&mut self, stops: u32) -> Answer {
        if let Some(unfit) = self.unfit.as_ref().filter(|unfit| stops != self.stops || unfit.is_pin()) {
            return Answer::Failed(unfit.clone());
        }
        match self.seated() {
            Ok(seated) => {
                self.unfit = None;
                Answer::Seated(Box::new(seated))
            }
            Err(error) => {
                self.seat = None;
                self.stops += 1;
                let unfit = self.unfit.insert(Unfit::of(&error));
                Answer::Failed(unfit.clone())
            }
        }
    }

    fn seated(&mut self) -> Result<Seated> {
        let mut seat = match self.seat.take() {
            Some(seat) => seat,
            None => {
                let mut pins = Pins::after(&self.session, &self.pin, self.unnamed);
                sit_down(&self.session, &self.member, &mut pins)?
            }
        };
        let mut psam = Psam::go_on(&mut seat.card, seat.info);
        let (keys, stand) = (OrderSealer::keys(&mut psam)?, stand(&mut psam)?);
        let info = seat.info;
        self.seat = Some(seat);
        Ok(Seated { info, keys, stand })
    }

    fn look(&mut self) -> Result<Option<server::Chain>> {
        if let Some(chain) = self.with(|psam| OrderSealer::chain(psam).map_err(Trouble::from)) {
            return chain;
        }
        let mut handle = CardHandle::open(&self.session, &card_at(&self.member.card), CardKind::Psam)?;
        let mut psam = Psam::open(&mut handle)?;
        self.member.must_be(&self.session, psam.info().number)?;
        let chain = OrderSealer::chain(&mut psam)?;
        handle.close()?;
        Ok(chain)
    }
}

/// What a PSAM that answers has against a message of an online purchase; `None`: it does not answer.
fn fault(error: &CardError) -> Option<OnlineFault> {
    match error {
        CardError::Refused { sw: Sw::KEY_NOT_FOUND, .. } => Some(OnlineFault::Forgotten),
        CardError::Refused { sw: Sw::SM_WRONG, .. } => Some(OnlineFault::NotGenuine),
        CardError::Refused { .. } | CardError::WrongKind { .. } | CardError::OlderMake { .. } => {
            Some(OnlineFault::Refused(error.to_string()))
        }
        CardError::Channel { .. } | CardError::Malformed { .. } => None,
    }
}

/// The same, of what an order is sealed for: a card is no purchase that a PSAM could have forgotten, and sends no message.
fn beside(online: Option<Besides>, fault: OnlineFault, error: &CardError) -> OnlineFault {
    match online {
        Some(Besides::Card(_)) => OnlineFault::Refused(error.to_string()),
        _ => fault,
    }
}

fn put(errand: Errand, seals: &mut VecDeque<Errand>, others: &mut VecDeque<Errand>) {
    match errand.question {
        Question::Seal { .. } => seals.push_back(errand),
        _ => others.push_back(errand),
    }
}

/// Where a PSAM stands: free to read.
fn stand(psam: &mut Psam<'_>) -> Result<Stand> {
    let chain = OrderSealer::chain(psam)?;
    let limits = psam.limits()?;
    let (count, value) = chain.map_or((0, 0), |chain| (chain.count, chain.value));
    let orders = limits.as_ref().map(|limits| limits.count).filter(|limit| *limit != NO_LIMIT);
    let fen = limits.as_ref().map(|limits| limits.value).filter(|limit| *limit != u64::MAX);
    let left =
        (orders.map(|limit| limit.saturating_sub(count)), fen.map(|limit| limit.saturating_sub(value)));
    let is_low = orders.is_some_and(|limit| limit.saturating_sub(count) <= limit / 10)
        || fen.is_some_and(|limit| limit.saturating_sub(value) <= limit / 10);
    Ok(Stand { chain, orders: left.0, fen: left.1, is_low })
}
