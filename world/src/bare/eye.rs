//! The eye of a bare meter, as a line ends at it.

use super::site::Site;
use meter::port::{Guard, Way, serve};
use parties::trouble::Result;
use reader::driver::esam::{Esam, Purse};
use scheme::Chance;
use scheme::moment::Moment;
use std::collections::VecDeque;
use std::time::Duration;
use vcard::SeededChance;
use wire::dlt645::Receiver;
use wire::{ByteLink, LinkError};

/// A meter's eye: whoever stands before it has proved nothing. The meter has power as long as it is there.
pub struct Eye<'s> {
    site: &'s mut Site,
    guard: Guard,
    now: Moment,
    chance: SeededChance,
    receiver: Receiver,
    said: VecDeque<u8>,
}

impl<'s> Eye<'s> {
    /// The eye of a customer's meter at a moment.
    pub fn new(site: &'s mut Site, now: Moment) -> Self {
        let chance = site.seed.chance("the eye");
        let (guard, receiver, said) = Default::default();
        Eye { site, guard, now, chance, receiver, said }
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
}

impl ByteLink for Eye<'_> {
    fn send(&mut self, bytes: &[u8]) -> core::result::Result<(), LinkError> {
        let found = if bytes.is_empty() { self.receiver.silence() } else { self.receiver.push(bytes) };
        let Site { meter, esam, .. } = &mut *self.site;
        for frame in found.into_iter().flatten() {
            let chance = &mut self.chance;
            let mut random = |bytes: &mut [u8]| chance.fill(bytes);
            let said = serve(meter, esam, &mut self.guard, Way::Infrared, &frame, self.now, &mut random);
            if let Some(said) = said {
                self.said.extend(said.to_bytes().map_err(|error| LinkError::Failed(error.to_string()))?);
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> core::result::Result<usize, LinkError> {
        Ok(line::spent::hand_over(&mut self.said, buffer))
    }
}
