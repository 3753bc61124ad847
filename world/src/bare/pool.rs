//! The PSAMs of a bank: each with a number and a server's key of its own, made by its city.

use super::cards::{GRANTED, card, issue, number, open, plan_of, serial, target};
use super::seed::{BEGIN, Seed};
use crate::place::PIN;
use keys::Suite;
use parties::trouble::Result;
use reader::driver::psam::Psam;
use scheme::certificate::Certificate;
use scheme::numbers::DeviceNumber;
use scheme::pin::Pin;
use scheme::profile::{CardKind, State};
use scheme::psam::Limits;
use server::ServerKey;
use vcard::Slot;

/// A PSAM, and what the server proves to it with.
pub(super) struct Module {
    pub(super) slot: Slot,
    pub(super) number: DeviceNumber,
    pub(super) key: ServerKey,
}

impl Module {
    /// Made by a city's issuing card, with the keys of its version, paired with the server, and told the server's certificate.
    pub(super) fn made(
        (suite, seed, version): (Suite, Seed, u8),
        issuing: &mut Slot,
        n: u32,
        server: &Certificate,
    ) -> Result<Self> {
        let number = number(n)?;
        let mut slot = card(seed, CardKind::Psam, suite, n)?;
        issue(
            &plan_of(State::Test, version, CardKind::Psam, suite, number)?,
            &mut slot,
            &mut open(issuing, CardKind::PsamIssuing)?,
        )?;
        let pin = Pin::from_digits(PIN)?;
        let limits = Limits { count: u32::MAX, value: GRANTED };
        let key = {
            let mut source = open(issuing, CardKind::PsamIssuing)?;
            let key = issue::life::pair(&mut slot, &mut source, &pin)?;
            issue::life::raise(&mut slot, &mut source, limits, [5; 8])?;
            ServerKey::new(Psam::open(&mut slot)?.info().number, suite, *key)
        };
        let to = target(CardKind::Psam, number, serial(&mut slot)?)?;
        let mut source = open(issuing, CardKind::PsamIssuing)?;
        issue::signing::equip(&mut slot, &mut source, &to, BEGIN.day())?;
        Psam::open(&mut slot)?.fmcos().store_certificate(server)?;
        Ok(Module { slot, number, key })
    }

    /// The card as it is, in another slot.
    pub(super) fn copy(&self, seed: Seed) -> Result<Self> {
        Ok(Module { slot: seed.copy(&self.slot)?, number: self.number, key: self.key.clone() })
    }
}
