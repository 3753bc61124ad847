//! A formal province for one ESAM: what an operator's PIN may do there, and must not.

use super::cards::{issue, number, open, plan_of, region, serial, target};
use super::seed::Seed;
use crate::place::PIN;
use issue::keyset::Roots;
use issue::life::{self, Leave, LifeChange, Passage, Planned};
use issue::source::{SoftSource, Target};
use kdc::ceremony::{Ceremony, Component};
use keys::{Key, Role, Suite, Zeroizing};
use parties::trouble::{Context, Result, refused};
use reader::driver::fmcos::Fmcos;
use scheme::numbers::DeviceNumber;
use scheme::pin::Pin;
use scheme::profile::{CardKind, State};
use vcard::Slot;
use wire::{Channel, Command, Response, Sw};

/// An issuing card of formal ESAMs, one of its ESAMs, and the keys, which nobody else knows.
pub struct Formal {
    /// Suite of all keys.
    pub suite: Suite,
    /// The roots of a ceremony.
    pub roots: Roots,
    /// The issuing card of ESAMs; of its PINs the operator's alone was given.
    pub issuing: Slot,
    /// An ESAM that became formal.
    pub esam: Slot,
    /// That ESAM, as the issuing card is told of it.
    pub target: Target,
    /// The ESAM's own master key.
    pub master: Key,
    seed: Seed,
}

/// What an act does with a card.
type Act<'a> = &'a mut dyn FnMut(&mut dyn Channel) -> Result<()>;

/// Stands between a card and an act: is given both, and has the act done.
pub type Listener<'l> = &'l mut dyn FnMut(&mut Slot, Act<'_>) -> Result<()>;

/// The number of its ESAM.
const ESAM: u32 = 42;

fn roots(suite: Suite, seed: Seed) -> Result<Roots> {
    let mut ceremony = Ceremony::new(suite, 2)?;
    for n in 1..=2 {
        let bytes = Zeroizing::new(seed.bytes(&format!("component {n}")));
        let component = Component::from_entropy(suite, bytes).context("a component")?;
        let check = component.check_value().to_string();
        ceremony.add_component(n, component.written().as_str(), &check)?;
    }
    Ok(ceremony.finish("2026-01-05 09:00:00")?.roots)
}

impl Formal {
    /// A province whose ESAM was made in test state and became formal.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn new(suite: Suite, seed: Seed) -> Result<Self> {
        Formal::heard(suite, seed, &mut |esam, pass| pass(esam))
    }

    /// As [`Formal::new`]; `listen` stands on the line of the ESAM while it passes from test to formal state.
    ///
    /// # Errors
    /// A step that did not go as it should.
    pub fn heard(suite: Suite, seed: Seed, listen: Listener<'_>) -> Result<Self> {
        let (roots, kind, of_esam) = (roots(suite, seed)?, CardKind::EsamIssuing, number(ESAM)?);
        let mut issuing = seed.blank(kind, suite, "formal issuing")?;
        let mut province = SoftSource::province(roots.clone());
        issue(&plan_of(State::Formal, 1, kind, suite, number(12)?)?, &mut issuing, &mut province)?;
        let mut esam = seed.blank(CardKind::Esam, suite, "formal esam")?;
        let mut city = SoftSource::city(Roots::test(suite).city(region()?));
        issue(&plan_of(State::Test, 1, CardKind::Esam, suite, of_esam)?, &mut esam, &mut city)?;
        let mut source = open(&mut issuing, kind)?;
        let seen = life::look(&mut esam)?;
        let leave = Leave { forfeit: false, spend_last_try: false };
        let Planned::Due(passage) =
            Passage::plan(LifeChange::Formal, &seen, &issue::source::KeySource::about(&source), leave)?
        else {
            return Err(refused("an ESAM is formal already").into());
        };
        listen(&mut esam, &mut |card| Ok(passage.run(card, &mut source).map(drop)?))?;
        let (target, master) = (
            target(CardKind::Esam, of_esam, serial(&mut esam)?)?,
            roots.city(region()?).meter(Role::Master, of_esam),
        );
        let mut formal = Formal { suite, roots, issuing, esam, target, master, seed };
        formal.operator()?;
        Ok(formal)
    }

    /// The operator's PIN, and nobody else's, after a reset of the issuing card.
    ///
    /// # Errors
    /// The card does not take it.
    pub fn operator(&mut self) -> Result<()> {
        self.issuing.reset()?;
        Fmcos::new(&mut self.issuing).verify_pin(0, Pin::from_digits(PIN)?.expose())?;
        Ok(())
    }

    /// Serial, number and city of the ESAM, as the issuing card's commands have them.
    pub fn identity(&self) -> Vec<u8> {
        [&self.target.serial[..], &self.target.number, &self.target.region].concat()
    }

    /// A command of the issuing card's own.
    ///
    /// # Errors
    /// The card does not answer.
    pub fn ask(&mut self, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<Response> {
        let command = Command::new(0x80, ins, p1, p2).data(data);
        Ok(Fmcos::new(&mut self.issuing).ask("a command of an issuing card", &command)?)
    }

    /// SEAL ACTIVATION for a challenge and a body of the operator's choice.
    ///
    /// # Errors
    /// The card does not answer.
    pub fn seal(&mut self, p1: u8, challenge: [u8; 8], body: [u8; 6]) -> Result<Response> {
        let data = [&challenge[..], &self.identity(), &body].concat();
        self.ask(0x4C, p1, 0, &data)
    }

    /// AUTHENTICATE TARGET: any 8 bytes under the ESAM's own master.
    ///
    /// # Errors
    /// The card does not answer.
    pub fn oracle(&mut self, block: [u8; 8]) -> Result<Vec<u8>> {
        let data = [&block[..], &self.identity()].concat();
        Ok(self.ask(0x46, 0x51, 0, &data)?.data)
    }

    /// EXPORT KEY of a role under the ESAM's own master, for a challenge and a header of the operator's choice.
    ///
    /// # Errors
    /// The card does not answer, or refuses.
    pub fn export(&mut self, role: u8, header: [u8; 5], challenge: [u8; 8]) -> Result<Vec<u8>> {
        let data = [&challenge[..], &header, &self.identity()].concat();
        let answer = self.ask(0x44, 0x51, role, &data)?;
        (answer.sw == Sw::OK).then_some(answer.data).context("an issuing card exports what it is there for")
    }

    /// A copy of the ESAM to which its master key was proved.
    ///
    /// # Errors
    /// It is not taken.
    pub fn proved(&mut self) -> Result<Slot> {
        let mut esam = self.seed.copy(&self.esam)?;
        esam.reset()?;
        self.prove(&mut esam)?;
        Ok(esam)
    }

    /// Proves the master key to a card, by the issuing card.
    ///
    /// # Errors
    /// It is not taken.
    pub fn prove(&mut self, esam: &mut Slot) -> Result<()> {
        let challenge = Fmcos::new(esam).challenge8()?;
        let cryptogram = self.oracle(challenge)?;
        Ok(Fmcos::new(esam).external_authenticate(0, &cryptogram)?)
    }

    /// The number of the ESAM.
    pub fn number(&self) -> DeviceNumber {
        DeviceNumber(self.target.number)
    }
}
