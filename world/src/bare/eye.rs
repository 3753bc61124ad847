//! A meter's port with a line at it that somebody may cut, or that says things twice; of a meter on a pipe, which sleeps, its own protocol.

use super::site::Site;
use meter::cjt188::{Asked, Facts, Sleep, answer, asked, carry, valve};
use meter::port::{Guard, Way, serve};
use parties::trouble::Result;
use reader::driver::esam::{Esam, Purse};
use scheme::Chance;
use scheme::moment::Moment;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::{Frame, Receiver};
use wire::frames::FrameError;
use wire::{ByteLink, LinkError, cjt188};

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineFault {
    /// It is cut after so many frames, both ways counted: the next is on its way, and comes nowhere.
    pub cut_after: Option<u32>,
    /// The frame after so many comes to the meter twice. What the meter says to the second is heard by nobody.
    pub twice_after: Option<u32>,
}

/// What a port hears.
enum Ear {
    /// Frames of DL/T 645.
    Current(Receiver),
    /// Those of CJ/T 188, when it was called.
    Pipe(Sleep, cjt188::Receiver),
}

/// A frame that came: of DL/T 645, or of CJ/T 188.
enum Came {
    Current(Frame),
    Pipe(cjt188::Frame),
}

impl Ear {
    fn hear(&mut self, bytes: &[u8], now: Moment) -> Vec<Came> {
        match self {
            Ear::Current(receiver) => {
                let found = if bytes.is_empty() { receiver.silence() } else { receiver.push(bytes) };
                found.into_iter().flatten().map(Came::Current).collect()
            }
            Ear::Pipe(sleep, receiver) => {
                let mut found = if bytes.is_empty() { receiver.silence() } else { Vec::new() };
                for byte in bytes {
                    if sleep.hears(*byte, now) {
                        found.extend(receiver.push(&[*byte]));
                    } else {
                        *receiver = cjt188::Receiver::new();
                    }
                }
                found.into_iter().flatten().map(Came::Pipe).collect()
            }
        }
    }
}

/// The near end of a line at a meter's port.
pub struct Eye<'s> {
    site: &'s mut Site,
    way: Way,
    now: Moment,
    fault: LineFault,
    guard: Guard,
    ear: Ear,
    said: VecDeque<u8>,
    passed: u32,
}

impl<'s> Eye<'s> {
    /// A line at a meter's port, with what becomes of it.
    pub fn new(site: &'s mut Site, way: Way, now: Moment, fault: LineFault) -> Self {
        let ear = match site.meter.state().pipe {
            None => Ear::Current(Receiver::new()),
            Some(_) => Ear::Pipe(Sleep::default(), cjt188::Receiver::new()),
        };
        Eye { site, way, now, fault, guard: Guard::default(), ear, said: VecDeque::new(), passed: 0 }
    }

    /// What is in the purse, by another look at the card as it is: the session that the port keeps goes on.
    ///
    /// # Errors
    /// The ESAM is gone.
    pub fn purse(&self) -> Result<Purse> {
        let mut card = self.site.seed.copy(&self.site.esam)?;
        let mut esam = Esam::new(&mut card);
        esam.reset()?;
        Ok(esam.purse()?)
    }

    /// What the meter says to a frame, if it says something.
    fn answer(&mut self, came: &Came, before: u32) -> Option<core::result::Result<Vec<u8>, FrameError>> {
        let Site { meter, esam, seed, .. } = &mut *self.site;
        let mut chance = seed.chance(&format!("port {} {before}", self.now));
        let mut random = |bytes: &mut [u8]| chance.fill(bytes);
        let (guard, way, now) = (&mut self.guard, self.way, self.now);
        match came {
            Came::Current(frame) => {
                serve(meter, esam, guard, way, frame, now, &mut random).map(|said| said.to_bytes())
            }
            Came::Pipe(frame) => {
                let said = match asked(meter.state(), frame)? {
                    Asked::Look => {
                        let facts = Facts { state: meter.state(), now, purse: None, key_version: None };
                        answer(&facts, frame)
                    }
                    Asked::Carried(inside) => {
                        let said = serve(meter, esam, guard, way, &inside, now, &mut random)?;
                        carry(meter.state(), frame, &said)?
                    }
                    Asked::Valve => valve(meter, esam, (guard, way), frame, now),
                };
                Some(said.to_bytes())
            }
        }
    }

    /// One frame more; an error where it comes nowhere.
    fn pass(&mut self) -> core::result::Result<u32, LinkError> {
        let before = self.passed;
        self.passed += 1;
        match self.fault.cut_after {
            Some(most) if before >= most => Err(LinkError::Closed),
            _ => Ok(before),
        }
    }
}

impl ByteLink for Eye<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        for came in self.ear.hear(bytes, self.now) {
            let before = self.pass()?;
            let answer = self.answer(&came, before);
            if self.fault.twice_after == Some(before) {
                self.answer(&came, before);
            }
            if let Some(answer) = answer {
                self.pass()?;
                self.said.extend(answer.map_err(|error| LinkError::Failed(error.to_string()))?);
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        if self.fault.cut_after.is_some_and(|most| self.passed > most) {
            return Err(LinkError::Closed);
        }
        Ok(line::spent::hand_over(&mut self.said, buffer))
    }
}
