//! A meter's port with a line at it that somebody may cut, or that says things twice.

use super::site::Site;
use meter::port::{Guard, Way, serve};
use parties::trouble::Result;
use reader::driver::esam::{Esam, Purse};
use scheme::Chance;
use scheme::moment::Moment;
use std::collections::VecDeque;
use std::time::Duration;
use wire::dlt645::Receiver;
use wire::{ByteLink, LinkError};

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineFault {
    /// It is cut after so many frames, both ways counted: the next is on its way, and comes nowhere.
    pub cut_after: Option<u32>,
    /// The frame after so many comes to the meter twice. What the meter says to the second is heard by nobody.
    pub twice_after: Option<u32>,
}

/// The near end of a line at a meter's port.
pub struct Eye<'s> {
    site: &'s mut Site,
    way: Way,
    now: Moment,
    fault: LineFault,
    guard: Guard,
    receiver: Receiver,
    said: VecDeque<u8>,
    passed: u32,
}

impl<'s> Eye<'s> {
    /// A line at a meter's port, with what becomes of it.
    pub fn new(site: &'s mut Site, way: Way, now: Moment, fault: LineFault) -> Self {
        let (guard, receiver) = (Guard::default(), Receiver::new());
        Eye { site, way, now, fault, guard, receiver, said: VecDeque::new(), passed: 0 }
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
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        for frame in found.into_iter().flatten() {
            let before = self.pass()?;
            let Site { meter, esam, seed, .. } = &mut *self.site;
            let mut chance = seed.chance(&format!("port {} {before}", self.now));
            let mut random = |bytes: &mut [u8]| chance.fill(bytes);
            let mut hear = || serve(meter, esam, &mut self.guard, self.way, &frame, self.now, &mut random);
            let answer = hear();
            if self.fault.twice_after == Some(before) {
                hear();
            }
            if let Some(answer) = answer {
                self.pass()?;
                self.said.extend(answer.to_bytes().map_err(|error| LinkError::Failed(error.to_string()))?);
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
