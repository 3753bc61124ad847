//! Meters at their ports: who reads them, and what they answer.

use super::place::{MeterPlace, folder};
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Failure, Result};
use meter::port::{self, Facts, Guard, Way, answer, serves};
use reader::dlt645::Line;
use reader::driver::esam::Esam;
use scheme::Kind;
use scheme::numbers::MeterNumber;
use scheme::profile::CardKind;
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Frame, Receiver};
use wire::{ByteLink, LinkError};

/// A pause within a frame ends it; so often somebody looks whether it is all over.
const PAUSE: Duration = Duration::from_millis(500);

/// What was done at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PortReport {
    /// Whole frames that came.
    pub frames: u64,
    /// Frames that were answered.
    pub answered: u64,
    /// Broken frames.
    pub broken: u64,
}

/// Lets meters answer at one line until it is over; `way`: which eye of theirs the line ends at. Each is looked at anew for every frame,
/// so that what it was credited or consumed meanwhile shows.
///
/// # Errors
/// A meter that is not there; the line ended or failed; a damaged flash.
pub fn serve(
    session: &Session,
    numbers: &[MeterNumber],
    way: Way,
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
) -> Result<PortReport> {
    match serve_until_lost(session, numbers, way, link, is_over)? {
        (report, None) => Ok(report),
        (_, Some(lost)) => Err(lost.into()),
    }
}

/// As [`serve`]; what ended the line is told beside what was done on it.
///
/// # Errors
/// A meter that is not there; a damaged flash.
pub(super) fn serve_until_lost(
    session: &Session,
    numbers: &[MeterNumber],
    way: Way,
    link: &mut dyn ByteLink,
    is_over: &dyn Fn() -> bool,
) -> Result<(PortReport, Option<LinkError>)> {
    let (mut ports, mut buffer, mut lost) = (Ports::open(session, numbers, way)?, [0; 512], None);
    while lost.is_none() && !is_over() {
        match link.receive(&mut buffer, PAUSE) {
            Err(error) => lost = Some(error),
            Ok(length) => ports.hear(&buffer[..length], &mut |answer| {
                // Whoever asked has gone; what the meter did for him is kept.
                if let Err(error) = link.send(answer) {
                    lost.get_or_insert(error);
                }
                Ok(())
            })?,
        }
    }
    Ok((ports.close()?, lost))
}

/// Meters at the near end of a line that has no other: what is sent to it they hear at once, and what they say is there to be received.
pub struct Near<'s> {
    ports: Ports<'s>,
    said: VecDeque<u8>,
}

impl<'s> Near<'s> {
    /// These meters, asked this way.
    ///
    /// # Errors
    /// A meter that is not there, or twice.
    pub fn open(session: &'s Session, numbers: &[MeterNumber], way: Way) -> Result<Self> {
        Ok(Near { ports: Ports::open(session, numbers, way)?, said: VecDeque::new() })
    }

    /// What has begun on the line will not end.
    ///
    /// # Errors
    /// As of a frame that is heard.
    pub(super) fn silence(&mut self) -> core::result::Result<(), LinkError> {
        self.send(&[])
    }

    /// Lets the cards go.
    ///
    /// # Errors
    /// A virtual card cannot be written.
    pub fn close(self) -> Result<PortReport> {
        self.ports.close()
    }
}

impl ByteLink for Near<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        let said = &mut self.said;
        let heard = self.ports.hear(bytes, &mut |answer| {
            said.extend(answer);
            Ok(())
        });
        heard.map_err(|error| LinkError::Failed(error.to_string()))
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        let length = buffer.len().min(self.said.len());
        for (place, byte) in buffer.iter_mut().zip(self.said.drain(..length)) {
            *place = byte;
        }
        Ok(length)
    }
}

/// The meters of a line, and what was heard on it.
struct Ports<'s> {
    session: &'s Session,
    places: Vec<Served>,
    receiver: Receiver,
    report: PortReport,
}

impl<'s> Ports<'s> {
    fn open(session: &'s Session, numbers: &[MeterNumber], way: Way) -> Result<Self> {
        let meters = folder(session)?;
        let served = |number: &MeterNumber| Served {
            number: *number,
            way,
            place: MeterPlace::new(&meters, *number),
            guard: Guard::default(),
            esam: None,
        };
        let places: Vec<Served> = numbers.iter().map(served).collect();
        for (at, served) in places.iter().enumerate() {
            served.place.load()?;
            let number = served.number;
            if places[..at].iter().any(|other| other.number == number) {
                return Err(
                    Failure::new(Kind::Usage, format!("meter {number} stands in the list twice")).into()
                );
            }
        }
        Ok(Ports { session, places, receiver: Receiver::new(), report: PortReport::default() })
    }

    /// Bytes came, or none for as long as a pause within a frame may last.
    fn hear(&mut self, bytes: &[u8], say: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        for frame in found {
            let Ok(frame) = frame else {
                self.report.broken += 1;
                continue;
            };
            self.report.frames += 1;
            for served in &mut self.places {
                // A frame to nobody here is no reason to look at the meter.
                if frame.address.reaches(Address(served.number.0))
                    && let Some(answered) = said(self.session, served, &frame)?
                {
                    say(&answered.to_bytes()?)?;
                    self.report.answered += 1;
                }
            }
        }
        self.places.iter_mut().try_for_each(|served| served.let_go(self.session))
    }

    fn close(mut self) -> Result<PortReport> {
        self.places.iter_mut().try_for_each(Served::close)?;
        Ok(self.report)
    }
}

/// A meter on the line.
struct Served {
    number: MeterNumber,
    way: Way,
    place: MeterPlace,
    guard: Guard,
    /// Its ESAM, while somebody is authenticated: the random that his MACs are bound to lives in it.
    esam: Option<CardHandle>,
}

impl Served {
    /// Lets the ESAM go when nobody is authenticated any more.
    fn let_go(&mut self, session: &Session) -> Result<()> {
        if self.esam.is_some() && !self.guard.holds(session.now()?) { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<()> {
        self.esam.take().map_or(Ok(()), CardHandle::close)
    }

    /// The ESAM: the one that is held, or opened now. `None` while somebody else works with it.
    fn open(&mut self, session: &Session) -> Option<CardHandle> {
        self.esam.take().or_else(|| CardHandle::open(session, &self.place.esam(), CardKind::Esam).ok())
    }
}

/// What one meter says.
fn said(session: &Session, served: &mut Served, frame: &Frame) -> Result<Option<Frame>> {
    if serves(frame.control.function()) {
        return secured(session, served, frame);
    }
    let meter = served.place.load()?;
    // The ESAM's part; while somebody else works with it, the meter has no such data.
    let mut esam = served.open(session);
    let parameters = esam.as_mut().and_then(|esam| Esam::new(esam).parameters().ok());
    let now = session.now()?;
    let facts = Facts {
        state: meter.state(),
        now,
        customer: parameters.as_ref().map(|found| found.customer),
        ceiling: parameters.as_ref().map(|found| found.ceiling),
        open: served.guard.may_read(served.way, now),
    };
    let said = answer(&facts, frame);
    if served.guard.holds(now) {
        served.esam = esam;
    } else {
        // Nothing was written, so nothing can be lost with it.
        drop(esam.map(CardHandle::close));
    }
    Ok(said)
}

/// What a meter says to a frame of security, control or writing: whoever holds the ESAM holds the meter, so its flash is read under it.
/// While somebody else works with it, the meter is silent.
fn secured(session: &Session, served: &mut Served, frame: &Frame) -> Result<Option<Frame>> {
    let Some(mut esam) = served.open(session) else { return Ok(None) };
    let mut meter = served.place.load_to_act(session)?;
    let (now, mut chance) = (session.now()?, session.chance("meter"));
    let mut random = |bytes: &mut [u8]| chance.fill(bytes);
    let said = port::serve(&mut meter, &mut esam, &mut served.guard, served.way, frame, now, &mut random);
    served.esam = Some(esam);
    served.place.save(&meter)?;
    served.let_go(session)?;
    Ok(said)
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadLine {
    /// Its identifier.
    pub identifier: String,
    /// Its name.
    pub name: &'static str,
    /// What it is, as people write it; none when the meter has no such data.
    pub value: Option<String>,
    /// Why there is none.
    pub refused: Option<String>,
}

/// What was read from a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// Its address.
    pub address: String,
    /// Item by item.
    pub items: Vec<ReadLine>,
}

/// What is read when nothing is named: what a customer would look for.
pub fn usual() -> Vec<&'static Item> {
    const USUAL: [&str; 10] = [
        "meter-number",
        "customer-number",
        "clock",
        "energy",
        "balance",
        "overdraft",
        "price",
        "voltage-a",
        "power",
        "status-3",
    ];
    USUAL.into_iter().filter_map(Item::named).collect()
}

/// Reads items from a meter at the other end of a line. `address`: none asks for that of the one meter there. What a meter refuses is told
/// and stops nothing.
///
/// # Errors
/// The line; no answer, or one that is none.
pub fn read(
    link: &mut dyn ByteLink,
    address: Option<Address>,
    items: &[&'static Item],
) -> Result<ReadReport> {
    let mut line = Line::new(link);
    let address = match address {
        Some(address) => address,
        None => line.address()?,
    };
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let (value, refused) = match line.show(address, item) {
            Ok(value) => (Some(value), None),
            Err(refused @ reader::dlt645::AskError::Refused(_)) => (None, Some(refused.to_string())),
            Err(error) => return Err(error.into()),
        };
        out.push(ReadLine { identifier: item.id.to_string(), name: item.name, value, refused });
    }
    Ok(ReadReport { address: address.to_string(), items: out })
}
