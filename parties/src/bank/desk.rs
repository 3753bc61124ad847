//! Where the bank's acts are done: its books, open, and its PSAMs, whose sessions may stay open from act to act.

use super::asking::{Heard, InHand, OnlineOrder, Question, Unfit};
use super::books::database;
use super::office;
use super::pins::{PinChoice, Pins};
use super::pool::{Member, Pool, prove};
use super::seat::sit_down;
use super::stalls::{PsamState, Stalls};
use super::{books, folder};
use crate::cards::CardHandle;
use crate::log::{self, Held};
use crate::people;
use crate::places::card_at;
use crate::session::{Course, Deed, Session};
use crate::trouble::{Result, refused};
use crate::vouch::ends;
use ::office::audit::{Anchor, Head};
use reader::driver::psam::Psam;
use scheme::numbers::DeviceNumber;
use scheme::order::OrderId;
use scheme::profile::{CardInfo, CardKind};
use server::{Actor, Books, Chain, OrderSealer, Settlement};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bank's books and PSAMs, as acts take them. A command has one for its one act; a service keeps one for all.
pub struct Desk {
    books: Box<dyn Books>,
    /// The books are those of the bank's folder, and no other program's connection is needed to keep the end of its log in them.
    has_own: bool,
    seats: Seats,
    /// Where what is done here counts for.
    actor: Actor,
    /// The bank's folder, and the run in which it was entered.
    entered: (Arc<Course>, PathBuf),
}

impl Desk {
    /// The desk of one act.
    ///
    /// # Errors
    /// There is no bank here, or its books cannot be opened.
    pub fn open(session: &Session) -> Result<Self> {
        let folder = folder(session)?;
        let books = books::store(&folder)?;
        Ok(Desk::of(session, folder, books, Seats::Here))
    }

    /// The desk of one act over other books than those of the bank's folder.
    ///
    /// # Errors
    /// There is no bank here.
    pub fn over(session: &Session, books: Box<dyn Books>) -> Result<Self> {
        Ok(Desk::of(session, folder(session)?, books, Seats::Here))
    }

    /// A desk that is kept for many acts, at which PSAMs work in threads of their own: each PSAM's PIN is verified once, and its
    /// session stays open until it is lost. `books`: those of the bank's folder, unless it has others; `pin`: the PSAMs' PINs.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub fn keep(session: &Session, books: Option<Box<dyn Books>>, pin: &PinChoice) -> Result<Self> {
        let folder = folder(session)?;
        let (books, has_own) = match books {
            Some(books) => (books, false),
            None => (books::store(&folder)?, true),
        };
        let stalls = Stalls::new(session.anew(Deed::Look), pin.clone());
        let seats = Seats::Apart(Box::new(stalls));
        Ok(Desk { has_own, ..Desk::of(session, folder, books, seats) })
    }

    fn of(session: &Session, folder: PathBuf, books: Box<dyn Books>, seats: Seats) -> Self {
        let actor = Actor { office: office::of(&folder), ..Actor::default() };
        let entered = (session.course.clone(), folder);
        let mut desk = Desk { books, has_own: false, seats, actor: Actor::default(), entered };
        desk.act_at(actor);
        desk
    }

    /// From now on what is done here counts for this office and channel.
    pub fn act_at(&mut self, actor: Actor) {
        self.books.act_at(actor.clone());
        self.actor = actor;
    }

    /// The office that what is done here counts for; may be empty.
    pub fn office(&self) -> &str {
        &self.actor.office
    }

    /// Whoever acts, as his drawer is called.
    ///
    /// # Errors
    /// Nobody may act.
    pub(super) fn clerk(&self, session: &Session) -> Result<String> {
        let name = people::one(session, &self.folder(session)?)?.to_string();
        Ok(name.chars().map(|c| if c == '|' { '/' } else { c }).take(64).collect())
    }

    /// Cash of the acts to come goes into the drawer of whoever acts, while he has one open.
    ///
    /// # Errors
    /// Nobody may act.
    pub(super) fn take_cash(&mut self, session: &Session) -> Result<()> {
        let clerk = Some(self.clerk(session)?);
        self.act_at(Actor { clerk, ..self.actor.clone() });
        Ok(())
    }

    /// The books, to look into.
    pub fn books(&self) -> &dyn Books {
        &*self.books
    }

    /// The books, to change.
    pub fn books_mut(&mut self) -> &mut dyn Books {
        &mut *self.books
    }

    /// Goes on over books that were opened anew, because a connection to them was lost.
    pub fn reopen(&mut self, books: Box<dyn Books>) {
        self.books = books;
        self.books.act_at(self.actor.clone());
    }

    /// The bank's folder, which an act enters once.
    pub(super) fn folder(&self, session: &Session) -> Result<PathBuf> {
        let (course, entered) = &self.entered;
        if Arc::ptr_eq(course, &session.course) { Ok(entered.clone()) } else { folder(session) }
    }

    /// Enters the bank's folder for an act of a desk that is kept, so that no part of the act does it again.
    ///
    /// # Errors
    /// As [`Desk::open`]; nobody may act.
    pub fn enter(&mut self, session: &Session) -> Result<()> {
        self.entered = (session.course.clone(), folder(session)?);
        Ok(())
    }

    /// Does what changes the books alone, and keeps all of it or nothing.
    ///
    /// # Errors
    /// Those of the work; the books cannot be written.
    pub fn together<T>(&mut self, work: impl FnOnce(&mut Desk) -> Result<T>) -> Result<T> {
        self.books.begin_together()?;
        let done = work(self);
        if done.is_ok() {
            self.books.keep_together()?;
        } else {
            self.books.forget_together();
        }
        done
    }

    /// Tells the act's line in the log where the ledger stands in these books.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn note_ledger(&self, session: &Session) -> Result<()> {
        if let Some(head) = self.books.ledger_head()? {
            log::fact(session, log::LEDGER, head);
        }
        Ok(())
    }

    /// The bank's PSAMs, as they stand now: one may have come since the last act.
    pub(super) fn pool(&self, session: &Session) -> Result<Pool> {
        Pool::open(session, &self.folder(session)?)
    }

    /// Books and PSAMs, to work with both.
    pub(super) fn parts(&mut self) -> (&mut dyn Books, &mut Seats) {
        (&mut *self.books, &mut self.seats)
    }

    /// The bank's folder.
    pub fn place(&self) -> &Path {
        &self.entered.1
    }

    /// Whether an order was sealed for the act that goes on now: its record was handed out to nobody yet.
    pub(super) fn has_just_sealed(&self, id: OrderId) -> bool {
        self.seats.has_just_sealed(id)
    }

    /// What an order was sealed for beside its record, for the act that goes on now, and by which PSAM; or why there is none.
    pub(super) fn sealed_online(&self, id: OrderId) -> Option<(DeviceNumber, OnlineOrder)> {
        let Seats::Apart(stalls) = &self.seats else { return None };
        let sealed = stalls.hand.sealed.iter().rev().filter(|(sealed, ..)| *sealed == id);
        sealed.filter_map(|(_, psam, online)| Some((*psam, online.clone()?))).next()
    }

    /// Whether this is a desk that is kept for many acts.
    pub(super) const fn is_kept(&self) -> bool {
        matches!(self.seats, Seats::Apart(_))
    }

    /// The act that goes on now settled a receipt: should it stop, it is done again, and finds it settled.
    pub(super) fn note_settled(&mut self, packet: &[u8], settlement: &Settlement) {
        if let Seats::Apart(stalls) = &mut self.seats {
            stalls.hand.settled.push((packet.to_vec(), settlement.clone()));
        }
    }

    /// What the act that goes on now settled by a receipt, before it stopped the last time.
    pub(super) fn settled_just_now(&self, packet: &[u8]) -> Option<Settlement> {
        let Seats::Apart(stalls) = &self.seats else { return None };
        let found = stalls.hand.settled.iter().rev().find(|(settled, _)| settled == packet);
        found.map(|(_, settlement)| settlement.clone())
    }

    /// The PSAMs in threads of their own; `None` at the desk of one act.
    pub fn stalls(&mut self) -> Option<&mut Stalls> {
        match &mut self.seats {
            Seats::Here => None,
            Seats::Apart(stalls) => Some(stalls),
        }
    }

    /// How a PSAM stands in its thread; `None` where it was not needed yet, or has none.
    pub fn psam_state(&self, number: DeviceNumber) -> Option<PsamState> {
        match &self.seats {
            Seats::Here => None,
            Seats::Apart(stalls) => stalls.state(number),
        }
    }

    /// What PSAMs said to the act that is done next; what they said to the one before comes back.
    pub fn take_in_hand(&mut self, hand: InHand) -> InHand {
        self.stalls().map_or_else(InHand::default, |stalls| stalls.take(hand))
    }

    /// A PSAM will be asked something, once what is intended with it is kept.
    ///
    /// # Errors
    /// The bank has it no more; a thread cannot begin.
    pub fn plan(&mut self, session: &Session, psam: DeviceNumber, question: &Question) -> Result<()> {
        let pool = self.pool(session)?;
        let member = pool.member(psam)?;
        self.stalls().map_or(Ok(()), |stalls| stalls.plan(member, question))
    }

    /// Keeps what a PSAM said, and takes it into the hand of the act that goes on.
    ///
    /// # Errors
    /// The books cannot keep it.
    pub fn hear(&mut self, session: &Session, heard: Heard, hand: &mut InHand) -> Result<()> {
        let known = session.now().and_then(|at| Ok((at, self.books.terms()?)));
        match (known, &mut self.seats) {
            (_, Seats::Here) => Ok(()),
            (Ok((at, terms)), Seats::Apart(stalls)) => {
                stalls.hear(&mut *self.books, terms.as_ref(), heard, hand, at)
            }
            (Err(error), Seats::Apart(stalls)) => {
                stalls.not_heard(heard.psam, &heard.question);
                Err(error)
            }
        }
    }

    /// The books could not be had when a PSAM had said something.
    pub fn not_heard(&mut self, psam: DeviceNumber, question: &Question) {
        if let Some(stalls) = self.stalls() {
            stalls.not_heard(psam, question);
        }
    }

    /// Opens the bank's log for acts that are kept together: their lines wait in it.
    ///
    /// # Errors
    /// The log was cut, or another program writes into it.
    pub fn hold_log(&self, session: &Session) -> Result<Held> {
        let folder = self.place();
        let mut kept: Vec<Anchor> = ends::by_store(folder)?.into_iter().collect();
        if self.has_own {
            kept.extend(ends::by_books(&*self.books)?);
        } else if database(folder).exists() {
            kept.extend(ends::by_books(&*books::store(folder)?)?);
        }
        log::hold(session, folder, &kept)
    }

    /// Lets those beside the log keep its end.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn keep_log_end(&mut self, head: Head) -> Result<()> {
        if !self.has_own {
            return ends::keep(self.place(), head);
        }
        ends::keep_in_store(self.place(), head)?;
        Ok(self.books.keep_log_end(head.lines, &head.hash.to_string())?)
    }

    /// Ends the threads of the PSAMs, and closes the cards.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn close(self) -> Result<()> {
        match self.seats {
            Seats::Here => Ok(()),
            Seats::Apart(stalls) => stalls.close(),
        }
    }
}

/// Where the PSAMs of a desk sit.
pub(super) enum Seats {
    /// Here: an act opens the one it needs, asks it, waits, and lets it go.
    Here,
    /// In threads of their own: an act that needs one stops, and goes on with its answer.
    Apart(Box<Stalls>),
}

impl Seats {
    /// Works with a PSAM whose PIN is verified and whose orders are proved.
    ///
    /// # Errors
    /// Its PIN, another card in its place, and what the work says; of a PSAM apart, what it has to be asked first
    /// ([`AskPsam`](super::asking::AskPsam)).
    pub fn with<T>(
        &mut self,
        session: &Session,
        member: &Member,
        pins: &mut Pins<'_>,
        work: impl FnOnce(&CardInfo, &mut dyn OrderSealer) -> Result<T>,
    ) -> Result<T> {
        if let Seats::Apart(stalls) = self {
            return stalls.with(member, None, work);
        }
        let mut seat = sit_down(session, member, pins)?;
        let done = {
            let mut psam = Psam::go_on(&mut seat.card, seat.info);
            let info = seat.info;
            prove(session, &mut psam, &member.card).and_then(|()| work(&info, &mut psam))
        };
        seat.card.close()?;
        done
    }

    /// The PSAMs in threads of their own, which keep online purchases from act to act.
    ///
    /// # Errors
    /// They are not: this is the desk of one act.
    pub fn apart(&mut self) -> Result<&mut Stalls> {
        match self {
            Seats::Apart(stalls) => Ok(stalls),
            Seats::Here => Err(refused(
                "an online purchase lives in the session of a PSAM, and this desk has none that lasts",
            )
            .hint("have a running server (`gridcard server run`) do it")
            .code("online-desk")
            .into()),
        }
    }

    /// How much waits for a PSAM.
    ///
    /// # Errors
    /// Why it does not come into question now.
    pub fn fit(&self, number: DeviceNumber) -> Result<usize, Unfit> {
        match self {
            Seats::Here => Ok(0),
            Seats::Apart(stalls) => stalls.fit(number),
        }
    }

    /// Where a PSAM's chain stands, and whether the books have all its answers, so that the two can be compared; free to read, and no
    /// PIN is tried.
    ///
    /// # Errors
    /// The PSAM is not there, or another card is in its place.
    pub fn chain_of(&mut self, session: &Session, member: &Member) -> Result<(Option<Chain>, bool)> {
        if let Seats::Apart(stalls) = self {
            return stalls.chain_of(member);
        }
        let mut handle = CardHandle::open(session, &card_at(&member.card), CardKind::Psam)?;
        let mut psam = Psam::open(&mut handle)?;
        member.must_be(session, psam.info().number)?;
        let chain = OrderSealer::chain(&mut psam)?;
        handle.close()?;
        Ok((chain, true))
    }

    /// Whether an order was sealed for the act that goes on now: its record was handed out to nobody yet.
    pub fn has_just_sealed(&self, id: OrderId) -> bool {
        match self {
            Seats::Here => false,
            Seats::Apart(stalls) => stalls.hand.sealed.iter().any(|(sealed, ..)| *sealed == id),
        }
    }
}
