//! The PSAMs of a desk that serves many: each in a thread of its own, with what is known of it. Whoever keeps the desk has them asked,
//! and lets the books keep what they answered.

use super::asking::{
    Answer, AskPsam, Besides, Busy, Heard, InHand, OnlineFault, OnlineSaid, Opened, Question, Seated, Stand,
    Unfit,
};
use super::pins::PinChoice;
use super::pool::Member;
use super::remote::Remote;
use super::stall::{Errand, Stall};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use scheme::moment::Moment;
use scheme::numbers::DeviceNumber;
use scheme::order::OrderId;
use scheme::profile::CardInfo;
use server::{Books, Chain, OrderSealer, SealError, Terms};
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

/// What may wait for one PSAM.
pub const QUEUE: usize = 64;
/// Failures in a row after which a PSAM is left alone for a time.
const FAILURES: u32 = 3;
/// The first such time; each further failure doubles it.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);

/// One PSAM, as the desk knows it.
struct Known {
    member: Member,
    queue: Sender<Errand>,
    thread: JoinHandle<Result<()>>,
    /// It sits, and so it stands as far as its answers are known.
    seat: Option<Seated>,
    /// How often it stopped, as far as is known.
    stops: u32,
    /// Orders that it was asked for and has not answered, in their sequence.
    seals: Vec<OrderId>,
    /// Questions that wait for it.
    waiting: usize,
    /// How many orders it was asked to seal since the desk opened.
    asked: u64,
    failures: u32,
    /// Until then it is left alone, by the desk's time.
    until: Duration,
    /// Why it failed the last time; none since it worked.
    unfit: Option<Unfit>,
    /// What it answered could not be kept, so no answer of it is until its chain was compared anew.
    doubted: bool,
    /// It was told that little is left of its limits.
    told_low: bool,
}

/// What is to be known of a PSAM by whoever watches the desk.
#[derive(Debug, Clone)]
pub struct PsamState {
    /// It is open, and its PIN verified.
    pub sits: bool,
    /// Why it failed the last time; none since it worked.
    pub unfit: Option<Unfit>,
    /// It is left alone for so long from now.
    pub pause: Option<Duration>,
    /// Questions that wait for it.
    pub waiting: usize,
    /// Orders it may still seal, where it has a limit and sits.
    pub orders: Option<u32>,
    /// Value in fen that it may still seal, likewise.
    pub fen: Option<u64>,
    /// A tenth of one of its limits or less is left.
    pub is_low: bool,
}

impl PsamState {
    /// In one word.
    pub fn name(&self) -> &'static str {
        match (&self.unfit, self.pause) {
            _ if self.sits => "open",
            (Some(unfit), _) if unfit.is_pin() => "pin-refused",
            (_, Some(_)) => "paused",
            (Some(_), None) => "lost",
            (None, None) => "idle",
        }
    }
}

/// All of them.
pub struct Stalls {
    session: Session,
    pin: PinChoice,
    known: BTreeMap<DeviceNumber, Known>,
    /// The PSAM whose PIN stands in the file that names none: the first that was opened.
    unnamed: Option<DeviceNumber>,
    /// A time that only rises.
    now: Duration,
    /// What PSAMs said to the act that is being done.
    pub(super) hand: InHand,
    /// PSAMs whose answers were kept since the books kept anything for good.
    touched: Vec<DeviceNumber>,
}

impl Stalls {
    /// None has begun to work yet.
    pub fn new(session: Session, pin: PinChoice) -> Self {
        Stalls {
            session,
            pin,
            known: BTreeMap::new(),
            unnamed: None,
            now: Duration::ZERO,
            hand: InHand::default(),
            touched: Vec::new(),
        }
    }

    /// The desk's time, which only rises.
    pub const fn at(&mut self, now: Duration) {
        self.now = now;
    }

    /// The act that is done next has this in hand; what the one before had comes back.
    pub fn take(&mut self, hand: InHand) -> InHand {
        std::mem::replace(&mut self.hand, hand)
    }

    /// Whether an order is being sealed by one of them.
    pub fn is_under_way(&self, id: OrderId) -> bool {
        self.known.values().any(|known| known.seals.contains(&id))
    }

    /// How much waits for a PSAM.
    ///
    /// # Errors
    /// Why it does not come into question now.
    pub fn fit(&self, number: DeviceNumber) -> Result<usize, Unfit> {
        if let Some((_, unfit)) = self.hand.failed.iter().find(|(failed, _)| *failed == number) {
            return Err(unfit.clone());
        }
        let Some(known) = self.known.get(&number) else { return Ok(0) };
        if let Some(unfit) = known.unfit.as_ref().filter(|unfit| unfit.is_pin() || self.now < known.until) {
            return Err(unfit.clone());
        }
        if known.waiting >= QUEUE {
            return Err(Unfit::of(&Trouble::new(Busy(number))));
        }
        // One whose limit is used up comes last: it refuses.
        let is_used_up =
            known.seat.as_ref().is_some_and(|seat| seat.stand.orders == Some(0) || seat.stand.fen == Some(0));
        Ok(known.waiting + if is_used_up { QUEUE } else { 0 })
    }

    /// Works with a PSAM that sits; what it is asked stops the act, unless the answer is in hand.
    ///
    /// `online`: what it seals for beside the record.
    pub(super) fn with<T>(
        &mut self,
        member: &Member,
        online: Option<Besides>,
        work: impl FnOnce(&CardInfo, &mut dyn OrderSealer) -> Result<T>,
    ) -> Result<T> {
        let psam = member.number;
        self.fit(psam).map_err(Trouble::new)?;
        let seat = self.known.get(&psam).and_then(|known| Some((known.seat.as_ref()?, known)));
        let Some((seat, known)) = seat else {
            return Err(Trouble::new(AskPsam::Ask { psam, question: Question::Sit }));
        };
        // The books can be compared with what it sealed when all its answers are in them.
        let chain = if known.seals.is_empty() { seat.stand.chain } else { None };
        let under_way: Vec<OrderId> =
            self.known.values().flat_map(|known| known.seals.iter().copied()).collect();
        let mut remote = Remote::new(psam, seat.keys, chain, &under_way, &self.hand, online);
        let info = seat.info;
        let done = work(&info, &mut remote);
        match remote.stop() {
            Some(stop) => Err(Trouble::new(stop)),
            None => done,
        }
    }

    /// What a PSAM that sits says to a message of an online purchase; asked for it, unless its answer is in hand.
    pub(super) fn online(
        &mut self,
        member: &Member,
        question: Question,
    ) -> Result<Result<OnlineSaid, OnlineFault>> {
        let psam = member.number;
        let heard = self.hand.online.iter().find(|(asked, before, _)| (*asked, before) == (psam, &question));
        if let Some((.., said)) = heard {
            return Ok(said.clone());
        }
        self.fit(psam).map_err(Trouble::new)?;
        let sits = self.known.get(&psam).is_some_and(|known| known.seat.is_some());
        let question = if sits { question } else { Question::Sit };
        Err(Trouble::new(AskPsam::Ask { psam, question }))
    }

    /// Where a PSAM's chain stands; and whether all its answers are in the books.
    pub(super) fn chain_of(&self, member: &Member) -> Result<(Option<Chain>, bool)> {
        let psam = member.number;
        let known = self.known.get(&psam);
        if let Some(known) = known.filter(|known| !known.seals.is_empty())
            && let Some(seat) = &known.seat
        {
            return Ok((seat.stand.chain, false));
        }
        let asked = known.map_or(0, |known| known.asked);
        match self.hand.looked.iter().find(|(number, _, at)| *number == psam && *at == asked) {
            Some((_, chain, _)) => Ok((*chain, true)),
            // One that could not be looked at is not looked at for ever.
            None if self.hand.failed.iter().any(|(failed, _)| *failed == psam) => {
                self.fit(psam).map_err(Trouble::new).map(|_| (None, false))
            }
            None => Err(Trouble::new(AskPsam::Ask { psam, question: Question::Look })),
        }
    }

    /// Something will be asked of a PSAM: an order counts as under way from now on.
    ///
    /// # Errors
    /// A thread cannot begin.
    pub(super) fn plan(&mut self, member: &Member, question: &Question) -> Result<()> {
        if !self.known.contains_key(&member.number) {
            let first = *self.unnamed.get_or_insert(member.number);
            let session = self.session.clone();
            let (queue, thread) = Stall::begin(session, member.clone(), self.pin.clone(), Some(first))?;
            let known = Known {
                member: member.clone(),
                queue,
                thread,
                seat: None,
                stops: 0,
                seals: Vec::new(),
                waiting: 0,
                asked: 0,
                failures: 0,
                until: Duration::ZERO,
                unfit: None,
                doubted: false,
                told_low: false,
            };
            self.known.insert(member.number, known);
        }
        if let Some(known) = self.known.get_mut(&member.number) {
            known.waiting += 1;
            if let Question::Seal { id, .. } = question {
                known.seals.push(*id);
                known.asked += 1;
            }
        }
        Ok(())
    }

    /// Asks what was planned; orders of one PSAM in the sequence in which their intents were written down.
    pub fn ask(&self, psam: DeviceNumber, question: Question, then: Box<dyn FnOnce(Heard) + Send>) {
        let Some(known) = self.known.get(&psam) else { return };
        // A thread that has gone drops what comes of it, and whoever waits hears that.
        let _ = known.queue.send(Errand::new(psam, question, known.stops, then));
    }

    /// What was planned is not asked: what was intended with it was not kept.
    pub fn give_up(&mut self, psam: DeviceNumber, question: &Question) {
        if let Some(known) = self.known.get_mut(&psam) {
            known.answered(question);
        }
    }

    /// Lets the books keep what a PSAM said, and takes it into the hand of the act that goes on, where there is one.
    ///
    /// # Errors
    /// The books cannot keep it. What the PSAM sealed is found by its chain then.
    pub(super) fn hear(
        &mut self,
        books: &mut dyn Books,
        terms: Option<&Terms>,
        heard: Heard,
        hand: &mut InHand,
        at: Moment,
    ) -> Result<()> {
        let psam = heard.psam;
        let kept = self.keep(books, terms, heard, hand, at);
        if let Some(known) = self.known.get_mut(&psam).filter(|_| kept.is_err()) {
            known.doubt();
        }
        kept
    }

    fn keep(
        &mut self,
        books: &mut dyn Books,
        terms: Option<&Terms>,
        heard: Heard,
        hand: &mut InHand,
        at: Moment,
    ) -> Result<()> {
        let Heard { psam, question, answer, stops } = heard;
        let now = self.now;
        let Some(known) = self.known.get_mut(&psam) else { return Ok(()) };
        known.answered(&question);
        // Several may hear of one failure.
        let is_new = std::mem::replace(&mut known.stops, stops) != stops;
        let number = psam.to_string();
        // What is not in the books is found by comparing, so nothing that came after it may be written down before.
        let answer = match answer {
            Answer::Sealed { .. } if known.doubted => {
                Answer::Lost(SealError::Lost("what it answered before could not be kept".to_owned()))
            }
            answer => answer,
        };
        if !matches!(answer, Answer::Opened(_) | Answer::Online(_) | Answer::Looked(_) | Answer::Failed(_)) {
            self.touched.push(psam);
        }
        match (question, answer) {
            (_, Answer::Seated(seated)) => {
                // While orders are under way its chain is not yet what the books can be compared with: it is asked again when they
                // have come back.
                if known.seat.is_none() && known.seals.is_empty() {
                    if let Some(chain) = &seated.stand.chain {
                        books.reconcile(&number, chain, at)?;
                    }
                    known.seat = Some(*seated);
                    known.doubted = false;
                }
            }
            (Question::Seal { id, .. }, Answer::Sealed { data, online, stand }) => {
                let terms = terms.ok_or(server::OrderError::NoTerms)?;
                books.keep_answer(&number, id, &data, terms)?;
                hand.sealed.push((id, psam, online));
                known.works(stand);
            }
            (Question::Seal { id, .. }, Answer::Refused(cause, stand)) => {
                books.forget_asking(&number, id)?;
                known.stands(stand);
                let error = Trouble::from(server::OrderError::Seal { order: id, cause });
                hand.failed.push((psam, Unfit::of(&error)));
            }
            (Question::Seal { id, .. }, Answer::NotAsked) => books.forget_asking(&number, id)?,
            (question, Answer::Online(said)) => {
                known.works(None);
                hand.online.push((psam, question, said));
            }
            (Question::Open { meter, packet }, Answer::Opened(receipt)) => {
                hand.opened.push(Opened { psam, meter, packet, receipt: Ok(receipt) });
                known.works(None);
            }
            (Question::Open { meter, packet }, Answer::Refused(error, _)) => {
                hand.opened.push(Opened { psam, meter, packet, receipt: Err(error) });
            }
            (question, Answer::Lost(cause)) => {
                known.seat = None;
                let error = match question {
                    Question::Seal { id, .. } => server::OrderError::Seal { order: id, cause }.into(),
                    _ => Trouble::from(server::SettleError::Sealer(cause)),
                };
                let unfit = Unfit::of(&error);
                if is_new {
                    known.fails(now, &unfit);
                }
                // It is asked once more: what it says then is certain.
                if hand.lost.contains(&psam) {
                    hand.failed.push((psam, unfit));
                } else {
                    hand.lost.push(psam);
                }
            }
            (_, Answer::Looked(chain)) => hand.looked.push((psam, chain, known.asked)),
            (_, Answer::Failed(unfit)) => {
                if is_new {
                    known.fails(now, &unfit);
                }
                hand.failed.push((psam, unfit));
            }
            // It had lost its session: the act is done again, and opens it.
            (_, Answer::NotAsked | Answer::Sealed { .. } | Answer::Opened(_) | Answer::Refused(..)) => {}
        }
        Ok(())
    }

    /// The books cannot keep what a PSAM said: its chain is compared with them before they keep more of it.
    pub(super) fn not_heard(&mut self, psam: DeviceNumber, question: &Question) {
        if let Some(known) = self.known.get_mut(&psam) {
            known.answered(question);
            known.doubt();
        }
    }

    /// What the books kept since the last time is kept for good; or, where it is not, PSAMs whose answers were among it are compared
    /// with the books before they seal again.
    pub fn kept(&mut self, is_kept: bool) {
        for psam in std::mem::take(&mut self.touched) {
            if let Some(known) = self.known.get_mut(&psam).filter(|_| !is_kept) {
                known.doubt();
            }
        }
    }

    /// PSAMs of which little is left, each once.
    pub fn low(&mut self) -> Vec<(DeviceNumber, PsamState)> {
        let is_new =
            |known: &&mut Known| !known.told_low && known.seat.as_ref().is_some_and(|seat| seat.stand.is_low);
        let new = self.known.values_mut().filter(is_new);
        let numbers: Vec<DeviceNumber> = new
            .map(|known| {
                known.told_low = true;
                known.member.number
            })
            .collect();
        numbers.into_iter().filter_map(|number| Some((number, self.state(number)?))).collect()
    }

    /// How many sit.
    pub fn sitting(&self) -> usize {
        self.known.values().filter(|known| known.seat.is_some()).count()
    }

    /// What is to be known of a PSAM; `None` where it was not needed yet.
    pub fn state(&self, number: DeviceNumber) -> Option<PsamState> {
        let known = self.known.get(&number)?;
        let stand = known.seat.as_ref().map(|seat| seat.stand);
        Some(PsamState {
            sits: stand.is_some(),
            unfit: known.unfit.clone(),
            pause: known.until.checked_sub(self.now).filter(|left| !left.is_zero()),
            waiting: known.waiting,
            orders: stand.and_then(|stand| stand.orders),
            fen: stand.and_then(|stand| stand.fen),
            is_low: stand.is_some_and(|stand| stand.is_low),
        })
    }

    /// The PSAMs that work here.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.known.values().map(|known| &known.member)
    }

    /// Ends the threads once they did what they were asked, and closes the cards.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn close(self) -> Result<()> {
        let mut closed = Ok(());
        for Known { queue, thread, .. } in self.known.into_values() {
            drop(queue);
            // A thread that broke off has no card to close any more.
            closed = closed.and(thread.join().unwrap_or(Ok(())));
        }
        closed
    }
}

impl Known {
    fn doubt(&mut self) {
        self.doubted = true;
        self.seat = None;
    }

    fn answered(&mut self, question: &Question) {
        self.waiting = self.waiting.saturating_sub(1);
        if let Question::Seal { id, .. } = question {
            self.seals.retain(|under_way| under_way != id);
        }
    }

    fn stands(&mut self, stand: Option<Stand>) {
        if let (Some(seat), Some(stand)) = (&mut self.seat, stand) {
            seat.stand = stand;
        }
    }

    fn works(&mut self, stand: Option<Stand>) {
        self.stands(stand);
        (self.failures, self.unfit, self.until) = (0, None, Duration::ZERO);
    }

    fn fails(&mut self, now: Duration, unfit: &Unfit) {
        self.seat = None;
        self.failures = self.failures.saturating_add(1);
        self.unfit = Some(unfit.clone());
        if let Some(more) = self.failures.checked_sub(FAILURES) {
            self.until = now + PAUSE.saturating_mul(2_u32.saturating_pow(more)).min(LONGEST);
        }
    }
}
