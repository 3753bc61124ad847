//! A meter at a line: what it remembers between two frames, and what it says to one.

use super::place::MeterPlace;
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::Result;
use meter::Meter;
use meter::port::{self, Facts, Guard, Way, answer, serves};
use reader::driver::esam::Esam;
use scheme::Moment;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use wire::dlt645::Frame;

/// A meter on the line.
pub(super) struct Served {
    pub(super) number: MeterNumber,
    pub(super) way: Way,
    pub(super) place: MeterPlace,
    pub(super) guard: Guard,
    /// Its ESAM, while somebody is authenticated: the random that his MACs are bound to lives in it.
    esam: Option<CardHandle>,
}

impl Served {
    pub(super) fn new(number: MeterNumber, way: Way, place: MeterPlace) -> Self {
        Served { number, way, place, guard: Guard::default(), esam: None }
    }

    /// Lets the ESAM go when nobody is authenticated any more.
    pub(super) fn let_go(&mut self, session: &Session) -> Result<()> {
        if self.esam.is_some() && !self.guard.holds(session.now()?) { self.close() } else { Ok(()) }
    }

    pub(super) fn close(&mut self) -> Result<()> {
        self.esam.take().map_or(Ok(()), CardHandle::close)
    }

    /// The ESAM: the one that is held, or opened now. `None` while somebody else works with it.
    fn open(&mut self, session: &Session) -> Option<CardHandle> {
        self.esam.take().or_else(|| CardHandle::open(session, &self.place.esam(), CardKind::Esam).ok())
    }

    /// What the meter says to a frame.
    pub(super) fn said(&mut self, session: &Session, frame: &Frame) -> Result<Option<Frame>> {
        if serves(frame.control.function()) {
            return self.secured(session, frame);
        }
        self.look(session, |meter, guard, way, esam, now| {
            let parameters = esam.and_then(|esam| Esam::new(esam).parameters().ok());
            let facts = Facts {
                state: meter.state(),
                now,
                customer: parameters.as_ref().map(|found| found.customer),
                ceiling: parameters.as_ref().map(|found| found.ceiling),
                open: guard.may_read(way, now),
            };
            answer(&facts, frame)
        })
    }

    /// Has the meter looked at, with its ESAM where nobody else works with it: nothing is changed.
    pub(super) fn look<T>(
        &mut self,
        session: &Session,
        look: impl FnOnce(&Meter, &mut Guard, Way, Option<&mut CardHandle>, Moment) -> T,
    ) -> Result<T> {
        let meter = self.place.load()?;
        let (mut esam, now) = (self.open(session), session.now()?);
        let seen = look(&meter, &mut self.guard, self.way, esam.as_mut(), now);
        if self.guard.holds(now) {
            self.esam = esam;
        } else {
            // Nothing was written, so nothing can be lost with it.
            drop(esam.map(CardHandle::close));
        }
        Ok(seen)
    }

    /// What a meter says to a frame of security, control or writing.
    fn secured(&mut self, session: &Session, frame: &Frame) -> Result<Option<Frame>> {
        let mut chance = session.chance("meter");
        let mut random = |bytes: &mut [u8]| chance.fill(bytes);
        let said = self.act(session, |meter, esam, guard, way, now| {
            port::serve(meter, esam, guard, way, frame, now, &mut random)
        })?;
        Ok(said.flatten())
    }

    /// Has the meter act: whoever holds the ESAM holds the meter, so its flash is read under it. While somebody else works with it, the
    /// meter is silent.
    pub(super) fn act<T>(
        &mut self,
        session: &Session,
        act: impl FnOnce(&mut Meter, &mut CardHandle, &mut Guard, Way, Moment) -> T,
    ) -> Result<Option<T>> {
        let Some(mut esam) = self.open(session) else { return Ok(None) };
        let mut meter = self.place.load_to_act(session)?;
        let now = session.now()?;
        let done = act(&mut meter, &mut esam, &mut self.guard, self.way, now);
        self.esam = Some(esam);
        self.place.save(&meter)?;
        self.let_go(session)?;
        Ok(Some(done))
    }
}
