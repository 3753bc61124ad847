//! Where the bank's acts are done: its books, open, and its PSAMs, whose sessions may stay open from act to act.

use super::office;
use super::pins::Pins;
use super::pool::{Member, Pool, prove};
use super::{books, folder};
use crate::cards::CardHandle;
use crate::log;
use crate::people;
use crate::places::card_at;
use crate::session::{Course, Session};
use crate::trouble::Result;
use reader::driver::psam::Psam;
use scheme::Kind;
use scheme::numbers::DeviceNumber;
use scheme::profile::{CardInfo, CardKind};
use server::{Actor, Books, Chain, OrderSealer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bank's books and PSAMs, as acts take them. A command has one for its one act; a service keeps one for all.
pub struct Desk {
    books: Box<dyn Books>,
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
        Ok(Desk::of(session, folder, books, false))
    }

    /// The desk of one act over other books than those of the bank's folder.
    ///
    /// # Errors
    /// There is no bank here.
    pub fn over(session: &Session, books: Box<dyn Books>) -> Result<Self> {
        Ok(Desk::of(session, folder(session)?, books, false))
    }

    /// A desk that is kept for many acts: each PSAM's PIN is verified once, and its session stays open until it is lost.
    /// `books`: those of the bank's folder, unless it has others.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub fn keep(session: &Session, books: Option<Box<dyn Books>>) -> Result<Self> {
        let folder = folder(session)?;
        let books = match books {
            Some(books) => books,
            None => books::store(&folder)?,
        };
        Ok(Desk::of(session, folder, books, true))
    }

    fn of(session: &Session, folder: PathBuf, books: Box<dyn Books>, keep: bool) -> Self {
        let seats = Seats { keep, open: BTreeMap::new() };
        let actor = Actor { office: office::of(&folder), ..Actor::default() };
        let mut desk =
            Desk { books, seats, actor: Actor::default(), entered: (session.course.clone(), folder) };
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

    /// How many sessions with PSAMs stand open.
    pub fn sessions(&self) -> usize {
        self.seats.open.len()
    }

    /// How many orders each PSAM whose session stands open can still seal, where it has a limit. One that does not answer is left out.
    pub fn left(&mut self) -> Vec<(DeviceNumber, u32)> {
        let left = |seat: &mut Seat| Psam::go_on(&mut seat.card, seat.info).counter().ok()?.left();
        self.seats.open.iter_mut().filter_map(|(number, seat)| Some((*number, left(seat)?))).collect()
    }

    /// Ends the sessions with PSAMs.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn close(mut self) -> Result<()> {
        let open = std::mem::take(&mut self.seats.open);
        open.into_values().try_for_each(|seat| seat.card.close())
    }
}

/// A PSAM that was opened and its PIN verified.
struct Seat {
    card: CardHandle,
    info: CardInfo,
}

/// The PSAMs that stand open.
pub(super) struct Seats {
    keep: bool,
    open: BTreeMap<DeviceNumber, Seat>,
}

impl Seats {
    /// Works with a PSAM whose PIN is verified and whose orders are proved: in the session that stands open, else in a new one. One
    /// that was lost since is opened anew; in the middle of the work it is lost for this act.
    ///
    /// # Errors
    /// Its PIN, another card in its place, and what the work says.
    pub fn with<T>(
        &mut self,
        session: &Session,
        member: &Member,
        pins: &mut Pins<'_>,
        work: impl FnOnce(&mut Psam<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut seat = match self.take(member.number) {
            Some(seat) => seat,
            None => sit_down(session, member, pins)?,
        };
        let done = {
            let mut psam = Psam::go_on(&mut seat.card, seat.info);
            prove(&mut psam, &member.card).and_then(|()| work(&mut psam))
        };
        let lost = done.as_ref().is_err_and(|error| error.kind() == Kind::Absent);
        if self.keep && !lost {
            self.open.insert(member.number, seat);
            return done;
        }
        seat.card.close()?;
        done
    }

    /// The session of a PSAM, if it stands open and the card still answers in it.
    fn take(&mut self, number: DeviceNumber) -> Option<Seat> {
        let mut seat = self.open.remove(&number)?;
        let answers = Psam::go_on(&mut seat.card, seat.info).chain().is_ok();
        answers.then_some(seat)
    }

    /// Where a PSAM's chain stands; free to read, and no PIN is tried.
    ///
    /// # Errors
    /// The PSAM is not there, or another card is in its place.
    pub fn chain_of(&mut self, session: &Session, member: &Member) -> Result<Option<Chain>> {
        if let Some(mut seat) = self.take(member.number) {
            let chain = OrderSealer::chain(&mut Psam::go_on(&mut seat.card, seat.info))?;
            self.open.insert(member.number, seat);
            return Ok(chain);
        }
        let mut handle = CardHandle::open(session, &card_at(&member.card), CardKind::Psam)?;
        let mut psam = Psam::open(&mut handle)?;
        member.must_be(session, psam.info().number)?;
        let chain = OrderSealer::chain(&mut psam)?;
        handle.close()?;
        Ok(chain)
    }
}

/// Opens a PSAM and verifies its PIN.
fn sit_down(session: &Session, member: &Member, pins: &mut Pins<'_>) -> Result<Seat> {
    let pin = pins.of(member.number)?;
    let mut card = CardHandle::open(session, &card_at(&member.card), CardKind::Psam)?;
    let mut psam = Psam::open(&mut card)?;
    let info = psam.info();
    member.must_be(session, info.number)?;
    psam.verify(pin.expose(), pins.last())?;
    Ok(Seat { card, info })
}
