//! A city that changes keys: issuing cards of the next version, the ESAMs they lead over, a PSAM of that version. And the end of an ESAM.

use super::bank::Bank;
use super::cards::{card, certify, issue, number, open, paired, plan_of, region};
use super::city::City;
use super::pool::Module;
use super::site::Site;
use issue::keyset::Roots;
use issue::life::{self, Leave, LifeChange, Passage, Planned};
use issue::source::{KeySource, SoftSource};
use parties::trouble::{Result, refused};
use scheme::profile::{CardKind, State};
use server::KeyState;
use vcard::Slot;

/// The version that follows.
const NEXT: u8 = 2;
/// Numbers of the issuing cards of that version, and of its PSAM.
const NUMBERS: [u32; 3] = [22, 23, 24];

/// Leads an ESAM on.
fn pass(site: &mut Site, act: LifeChange, source: &mut dyn KeySource) -> Result<()> {
    let seen = life::look(&mut site.esam)?;
    let leave = Leave { forfeit: true, spend_last_try: false };
    let Planned::Due(passage) = Passage::plan(act, &seen, &source.about(), leave)? else {
        return Err(refused("this was done to the ESAM before").into());
    };
    passage.run(&mut site.esam, source)?;
    site.esam = site.seed.copy(&site.esam)?;
    Ok(())
}

impl City {
    /// An issuing card of the next version.
    fn next_issuing(&self, kind: CardKind, n: u32) -> Result<Slot> {
        let mut made = card(self.seed, kind, self.suite, n)?;
        let plan = plan_of(State::Test, NEXT, kind, self.suite, number(n)?)?;
        issue(&plan, &mut made, &mut SoftSource::province(Roots::test(self.suite)))?;
        certify(self.suite, &mut made, number(n)?, n)?;
        Ok(made)
    }

    /// The ESAM of a meter gets the keys of the next version, and the meter the pairing that goes with them.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn change_keys(&self, site: &mut Site) -> Result<()> {
        let [n, ..] = NUMBERS;
        let mut issuing = self.next_issuing(CardKind::EsamIssuing, n)?;
        let mut source = open(&mut issuing, CardKind::EsamIssuing)?;
        pass(site, LifeChange::ChangeKeys, &mut source)?;
        let of = scheme::numbers::DeviceNumber(site.holder().meter.0);
        site.meter.expect(paired(&issue::pairing::make(&mut source, of, region()?, &[])?)?)?;
        site.key_version = NEXT;
        Ok(())
    }

    /// A bank gets a PSAM of the next version beside those it has.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn give_next_psam(&self, bank: &mut Bank) -> Result<()> {
        let [_, issuing, n] = NUMBERS;
        let mut issuing = self.next_issuing(CardKind::PsamIssuing, issuing)?;
        let made = Module::made((self.suite, self.seed, NEXT), &mut issuing, n, &self.server.0)?;
        bank.pool.push_back(made.copy(self.seed)?);
        Ok(())
    }

    /// The ESAM of a meter is retired: it credits nothing any more.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn retire(&mut self, site: &mut Site) -> Result<()> {
        let mut source = open(&mut self.esam_issuing, CardKind::EsamIssuing)?;
        pass(site, LifeChange::Retire, &mut source)?;
        site.key_state = KeyState::Retired;
        Ok(())
    }
}
