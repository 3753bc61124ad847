//! A city, as a province makes it.

use super::bank::Bank;
use super::cards::{
    card, certify, issue, number, open, paired, plan, region, serial, server_certificate, target,
};
use super::pool::Module;
use super::seed::{BEGIN, FIRST_METER, Seed};
use super::site::{Site, roster};
use issue::keyset::Roots;
use issue::signing;
use issue::source::SoftSource;
use keys::Suite;
use keys::sign::SigningKey;
use meter::{Meter, MeterConfig};
use parties::trouble::{Context, Result, refused};
use scheme::certificate::Certificate;
use scheme::money::Fen;
use scheme::order::Serial8;
use scheme::profile::CardKind;
use scheme::signing::Mode;
use server::{Certified, KeyState, Roster, Store};
use std::collections::VecDeque;
use vcard::Slot;

/// Price of a kWh.
const PRICE: Fen = Fen(55);
/// Load of a customer's appliances, in watts.
const LOAD_W: u32 = 1000;

/// Number of a city's first PSAM; the others follow it.
const FIRST_PSAM: u32 = 4;

/// The cards of a city, and what signs for its province.
pub struct City {
    /// Suite of all keys.
    pub suite: Suite,
    pub(super) seed: Seed,
    pub(super) esam_issuing: Slot,
    psam_issuing: Slot,
    psams: Vec<Module>,
    pub(super) server: (Certificate, SigningKey),
}

impl City {
    /// A city whose issuing cards are certified.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut main = card(seed, CardKind::MainControl, suite, 11)?;
        let mut roots = SoftSource::province(Roots::test(suite));
        issue(&plan(CardKind::MainControl, suite, number(11)?)?, &mut main, &mut roots)?;
        let mut issuing = Vec::new();
        for (kind, n) in [(CardKind::PsamIssuing, 2), (CardKind::EsamIssuing, 3)] {
            let mut made = card(seed, kind, suite, n)?;
            issue(&plan(kind, suite, number(n)?)?, &mut made, &mut open(&mut main, CardKind::MainControl)?)?;
            certify(suite, &mut made, number(n)?, n - 1)?;
            issuing.push(made);
        }
        let (Some(esam_issuing), Some(psam_issuing)) = (issuing.pop(), issuing.pop()) else {
            return Err(refused("a city has two issuing cards").into());
        };
        let server = server_certificate(suite)?;
        let mut city = City { suite, seed, esam_issuing, psam_issuing, psams: Vec::new(), server };
        city.make_psam()?;
        Ok(city)
    }

    /// One PSAM more for the banks to come.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn make_psam(&mut self) -> Result<()> {
        let n = FIRST_PSAM + u32::try_from(self.psams.len()).unwrap_or(0);
        let made = Module::made((self.suite, self.seed, 1), &mut self.psam_issuing, n, &self.server.0)?;
        self.psams.push(made);
        Ok(())
    }

    /// The n-th customer's meter with its ESAM, and his SIM. `mode`: which orders it takes.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn site(&mut self, n: u32, mode: Mode) -> Result<Site> {
        self.site_with(n, mode, "")
    }

    /// As [`City::site`], with another chip for each `chip`.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn site_with(&mut self, n: u32, mode: Mode, chip: &str) -> Result<Site> {
        let (suite, seed, meter) = (self.suite, self.seed, number(FIRST_METER + n)?);
        let mut esam = seed.blank(CardKind::Esam, suite, &format!("esam {meter}{chip}"))?;
        let mut source = open(&mut self.esam_issuing, CardKind::EsamIssuing)?;
        let issued = issue(&plan(CardKind::Esam, suite, meter)?, &mut esam, &mut source)?;
        let file = issue::pairing::make(&mut source, meter, region()?, &issued.keys)?;
        let certified = if mode.signs() {
            let to = target(CardKind::Esam, meter, serial(&mut esam)?)?;
            signing::equip(&mut esam, &mut source, &to, BEGIN.day())?;
            let [issuer, own] = signing::set_mode(&mut esam, &mut source, &to, Some(&self.server.0), mode)?;
            Some(Certified { issuer: issuer.to_bytes(), own: own.to_bytes() })
        } else {
            None
        };
        let pairing = paired(&file)?;
        let config = MeterConfig {
            number: pairing.number(),
            state: pairing.state(),
            suite,
            price: PRICE,
            load_w: LOAD_W,
        };
        Ok(Site {
            n,
            seed,
            meter: Meter::new(config, pairing)?,
            serial: Serial8(serial(&mut esam)?),
            esam: seed.copy(&esam)?,
            sim: seed.sim(n, 0)?,
            mode,
            certified,
            key_version: 1,
            key_state: KeyState::Test,
        })
    }

    /// A copy of the issuing card of its ESAMs.
    ///
    /// # Errors
    /// Its image is none.
    pub fn issuing_card(&self) -> Result<Slot> {
        self.seed.copy(&self.esam_issuing)
    }

    /// A bank for so many customers, which knows their meters.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn bank(&self, sites: &[Site]) -> Result<Bank> {
        self.bank_with(Store::in_memory()?, sites)
    }

    /// As [`City::bank`], with books that stand somewhere.
    ///
    /// # Errors
    /// A step that did not go as it should; books of somebody else's.
    pub fn bank_with(&self, mut store: Store, sites: &[Site]) -> Result<Bank> {
        let customers = sites.iter().map(|site| site.n + 1).max().unwrap_or_default();
        if !store.read(|view| view.registrations())?.is_empty() {
            return Err(refused("these books have customers already: a proof begins with empty ones").into());
        }
        let csv = roster(customers);
        let roster = Roster::read(csv.as_bytes())?;
        store.batch(|act| act.register(roster))?;
        let mut pool =
            self.psams.iter().map(|module| module.copy(self.seed)).collect::<Result<VecDeque<_>>>()?;
        let Module { slot, number, key } = pool.pop_front().context("a city has a PSAM")?;
        let mut bank = Bank {
            store,
            psam: slot,
            seed: self.seed,
            server_key: key,
            number,
            pool,
            seated: None,
            server: self.server.clone(),
            now: BEGIN,
            drawn: 0,
        };
        bank.tell(sites)?;
        Ok(bank)
    }
}
