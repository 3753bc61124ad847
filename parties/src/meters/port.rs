//! Meters at their ports: who reads them, and what they answer.

use super::pipes::Piped;
use super::place::{MeterPlace, folder};
use super::served::Served;
use crate::session::Session;
use crate::trouble::{Failure, Result};
use meter::port::Way;
use reader::dlt645::Line;
use scheme::Kind;
use scheme::numbers::MeterNumber;
use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::items::Item;
use wire::dlt645::{Address, Receiver};
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
    /// Those that speak DL/T 645.
    places: Vec<Served>,
    /// Those that speak CJ/T 188.
    pipes: Vec<Piped>,
    receiver: Receiver,
    report: PortReport,
}

impl<'s> Ports<'s> {
    fn open(session: &'s Session, numbers: &[MeterNumber], way: Way) -> Result<Self> {
        let meters = folder(session)?;
        let (mut places, mut pipes) = (Vec::new(), Vec::new());
        for (at, number) in numbers.iter().enumerate() {
            let served = Served::new(*number, way, MeterPlace::new(&meters, *number));
            let profile = served.place.load()?.state().profile();
            if numbers[..at].contains(number) {
                return Err(
                    Failure::new(Kind::Usage, format!("meter {number} stands in the list twice")).into()
                );
            }
            if profile.has_valve() {
                pipes.push(Piped::new(served));
            } else {
                places.push(served);
            }
        }
        Ok(Ports { session, places, pipes, receiver: Receiver::new(), report: PortReport::default() })
    }

    /// Bytes came, or none for as long as a pause within a frame may last.
    fn hear(&mut self, bytes: &[u8], say: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        for pipe in &mut self.pipes {
            let heard = pipe.hear(self.session, bytes)?;
            self.report.frames += heard.frames;
            self.report.broken += heard.broken;
            for answered in &heard.said {
                say(answered)?;
                self.report.answered += 1;
            }
            pipe.served.let_go(self.session)?;
        }
        // On a line of pipes alone nobody speaks the other protocol.
        if self.places.is_empty() {
            return Ok(());
        }
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
                    && let Some(answered) = served.said(self.session, &frame)?
                {
                    say(&answered.to_bytes()?)?;
                    self.report.answered += 1;
                }
            }
        }
        self.places.iter_mut().try_for_each(|served| served.let_go(self.session))
    }

    fn close(mut self) -> Result<PortReport> {
        self.pipes.iter_mut().try_for_each(|pipe| pipe.served.close())?;
        self.places.iter_mut().try_for_each(Served::close)?;
        Ok(self.report)
    }
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
