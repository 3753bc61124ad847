//! A card of production is put into a meter that is being made: it gets its number, what its purse begins with, or its formal keys
//! [docs/specs/production-cards.md 7].
//!
//! In test state alone. The card may be pulled between any two commands, and the same card put in again goes on: a number card knows
//! whom it gave a number, a key card whose keys it gave, an ESAM that it was preset, and the MCU takes its number and its keys after its
//! ESAM.

use crate::card::LOWEST_SUPPLY;
use crate::card_slot::{card_fault, power, prove};
use crate::events::EventKind;
use crate::fault::{BrokenOff, esam_fault};
use crate::insertion::{CreditReport, InsertionReport};
use crate::mcu::Meter;
use crate::messages;
use crate::outcome::{Outcome, Produced};
use crate::pairing::Pairing;
use crate::session::EsamSession;
use crate::source::Course;
use crate::step::Step;
use keys::{Key, hierarchy};
use reader::CardError;
use reader::count::Counter;
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use reader::driver::production_card::ProductionCard;
use scheme::field::MAC_LEN;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{MeterNumber, RegionCode};
use scheme::order::Serial8;
use scheme::pairing::{PairingFile, WrappedKey};
use scheme::production::{KeySet, NUMBER, PARAMETERS, PRODUCTION, PURSE, Preset, Work};
use scheme::profile::{CardInfo, CardKind, MCU_KEYS, State};
use scheme::refusal::Refusal;
use wire::Sw;
use wire::channel::Channel;

struct ProductionRun<'s, 'c> {
    session: EsamSession<'s, 'c>,
    card: ProductionCard<'c>,
    course: &'s Course,
    now: Moment,
    /// The root of the MCU's transport key, which the MCU has from production.
    transport: Option<&'s Key>,
    /// Chip and city of the ESAM.
    esam: (Serial8, RegionCode),
}

/// A meter's supply, and the root of its MCU's transport key.
#[derive(Clone, Copy)]
pub struct Conditions<'k> {
    /// In percent of what it should be.
    pub supply: u8,
    /// Of a meter that is to take formal keys.
    pub transport: Option<&'k Key>,
}

impl Meter {
    /// Puts a production card in. Otherwise as [`Meter::insert`].
    pub fn insert_production(
        &mut self,
        esam: &mut dyn Channel,
        card: &mut dyn Channel,
        conditions: Conditions<'_>,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> InsertionReport {
        let course = Course::default();
        let (mut esam, mut card) =
            (Counter::marked(esam, course.mark()), Counter::marked(card, course.mark()));
        let report = self.produce(&mut esam, &mut card, conditions, &course, now, random);
        InsertionReport::new(report, course, esam, Some(card))
    }

    fn produce(
        &mut self,
        esam: &mut dyn Channel,
        card: &mut dyn Channel,
        conditions: Conditions<'_>,
        course: &Course,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> CreditReport {
        let owed = self.owed();
        let session = EsamSession::new(self, Esam::new(esam), course, now);
        let mut run = ProductionRun {
            session,
            card: ProductionCard::new(card),
            course,
            now,
            transport: conditions.transport,
            esam: (Serial8([0; 8]), RegionCode([0; 4])),
        };
        let end = run.run(conditions.supply, random);
        let balance = self.state.balance;
        let end = end.map(|(produced, again)| Outcome::Produced { produced, again, balance });
        // What a meter begins with was not bought.
        self.ended(end, Fen(0), owed, now, messages::NEXT_METER)
    }

    /// Takes a number, and the pairing of the published keys of that number.
    fn renumber(&mut self, number: MeterNumber, pairing: Pairing, now: Moment) {
        self.state.config.number = number;
        self.pairing = pairing;
        self.next = None;
        self.state.events.push(now, EventKind::Numbered { number: number.to_string() });
    }
}

impl ProductionRun<'_, '_> {
    fn run(&mut self, supply: u8, random: &mut dyn FnMut(&mut [u8])) -> Result<(Produced, bool), BrokenOff> {
        let step = self.course.enter(Step::Supply);
        if supply <= LOWEST_SUPPLY {
            return Err(BrokenOff::plain(step, Refusal::LowVoltage));
        }
        let followed = self.follow()?;
        self.session.open()?;
        power(self.card.basics(), self.course)?;
        let work = self.work()?;
        let step = self.course.enter(Step::EsamInfo);
        let account = self.session.esam.parameters();
        let account = account.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        let purse = self.session.esam.purse();
        let purse = purse.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        let end = |refusal| Err(BrokenOff::plain(Step::CardFiles, refusal));
        let is_new = !account.opened && purse.count == 0;
        match work {
            Work::Number if followed => return Ok((Produced::Number(account.meter), true)),
            Work::Number if !account.waits => return end(Refusal::HasNumber),
            Work::Number | Work::Preset if !is_new => return end(Refusal::InUse),
            Work::Preset if account.preset => return Ok((Produced::Preset(purse.balance), true)),
            Work::Key if account.waits => return end(Refusal::NoNumber),
            _ => {}
        }
        self.session.prove(random)?;
        prove(&mut self.session, self.card.basics(), PRODUCTION, self.course, random)?;
        let produced = match work {
            Work::Number => self.number()?,
            Work::Preset => self.preset()?,
            Work::Key => self.keys(account.meter)?,
        };
        Ok((produced, false))
    }

    /// An MCU whose ESAM took a number when the card was pulled takes it now. Only in test state, and only where it has published keys
    /// itself: there is nothing that another ESAM in its place could gain.
    fn follow(&mut self) -> Result<bool, BrokenOff> {
        let step = self.course.enter(Step::EsamReset);
        let esam = &mut self.session.esam;
        let atr = esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        let step = self.course.enter(Step::EsamInfo);
        let broken = |error: CardError| esam_fault(step, Refusal::Esam, &error);
        let serial = wire::atr::serial_of(&atr).ok_or(BrokenOff::plain(step, Refusal::Esam))?;
        let info = esam.card_info().map_err(broken)?;
        self.esam = (Serial8(serial), RegionCode(info.region));
        let config = self.session.meter.state.config;
        let found = MeterNumber(info.number);
        let fits = info.kind == CardKind::Esam && info.suite == config.suite.code();
        if !fits || found == config.number || (info.state, config.state) != (State::Test, State::Test) {
            return Ok(false);
        }
        let version = self.session.esam.key_version().map_err(broken)?;
        let published = |number| Pairing::published(config.suite, info.region, version, number);
        if self.session.meter.pairing != published(config.number) {
            return Ok(false);
        }
        self.renumber(found, published(found), step)?;
        Ok(true)
    }

    fn renumber(&mut self, number: MeterNumber, pairing: Pairing, step: Step) -> Result<(), BrokenOff> {
        self.session.meter.renumber(number, pairing, self.now);
        self.keep(step)
    }

    fn keep(&mut self, step: Step) -> Result<(), BrokenOff> {
        self.session.meter.keep().map_err(|error| BrokenOff {
            refusal: Refusal::Esam,
            step,
            cause: Some(error.to_string()),
        })
    }

    /// What card it is, and whether this meter may take it.
    fn work(&mut self) -> Result<Work, BrokenOff> {
        let step = self.course.enter(Step::CardFiles);
        let end = |refusal| BrokenOff::plain(step, refusal);
        let info: CardInfo = match self.card.basics().card_info() {
            Err(CardError::Refused { .. } | CardError::Malformed { .. }) => {
                return Err(end(Refusal::CardUnissued));
            }
            info => info.map_err(|error| card_fault(step, Refusal::CardCommand, &error))?,
        };
        let config = self.session.meter.state.config;
        if info.kind != CardKind::ProductionCard {
            return Err(end(Refusal::CardType));
        }
        if config.state != State::Test || info.suite != config.suite.code() {
            return Err(end(Refusal::KeyState));
        }
        if info.region != self.esam.1.0 {
            return Err(end(Refusal::CardCity));
        }
        let broken = |error: CardError| match error.sw() {
            Some(Sw::WRONG_OFFSET) => end(Refusal::CardUnissued),
            _ => card_fault(step, Refusal::CardCommand, &error),
        };
        self.card.select().map_err(broken)?;
        self.card.work().map_err(broken)?.ok_or(end(Refusal::CardType))
    }

    fn random4(&mut self, step: Step) -> Result<[u8; 4], BrokenOff> {
        let random = FieldEsam::new(&mut self.session.esam).random4();
        random.map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// The next number, from the card into the ESAM, and then into the MCU.
    fn number(&mut self) -> Result<Produced, BrokenOff> {
        let step = self.course.enter(Step::Transfer);
        let random = self.random4(step)?;
        let given = self.card.take_number(self.esam.0, random).map_err(|error| asked_fault(step, &error))?;
        let [a, b, c, d, e, f, ..]: [u8; 6 + MAC_LEN] = given;
        let number =
            MeterNumber::new([a, b, c, d, e, f]).map_err(|_| BrokenOff::plain(step, Refusal::CardFile))?;
        let version = self.session.esam.key_version();
        let version = version.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        let mut field = FieldEsam::new(&mut self.session.esam);
        field.take_from_production(NUMBER, &given).map_err(|error| taken_fault(step, &error))?;
        let suite = self.session.meter.state.config.suite;
        self.renumber(number, Pairing::published(suite, self.esam.1.0, version, number), step)?;
        Ok(Produced::Number(number))
    }

    /// Parameters, then what the purse begins with.
    fn preset(&mut self) -> Result<Produced, BrokenOff> {
        let step = self.course.enter(Step::CardFiles);
        let broken = |error: CardError| card_fault(step, Refusal::CardCommand, &error);
        let file: [u8; Preset::LEN] = self.card.information().map_err(broken)?;
        Preset::check(&file).map_err(|error| BrokenOff {
            refusal: Refusal::CardFile,
            step,
            cause: Some(error.to_string()),
        })?;
        let purse = self.card.purse().map_err(broken)?;
        if purse.count != 0 {
            return Err(BrokenOff::plain(step, Refusal::CardFile));
        }
        let step = self.course.enter(Step::Transfer);
        let random = self.random4(step)?;
        let broken = |error: CardError| card_fault(step, Refusal::CardCommand, &error);
        let parameters = self.card.give_parameters(random).map_err(broken)?;
        let money = self.card.give_purse(random).map_err(broken)?;
        let mut field = FieldEsam::new(&mut self.session.esam);
        let taken = |error: CardError| taken_fault(step, &error);
        field.take_from_production(PARAMETERS, &parameters).map_err(taken)?;
        field.take_from_production(PURSE, &money).map_err(taken)?;
        self.balance(step)?;
        Ok(Produced::Preset(purse.amount))
    }

    fn balance(&mut self, step: Step) -> Result<(), BrokenOff> {
        let balance = self.session.esam.balance();
        let balance = balance.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        self.session.meter.state.balance = balance;
        Ok(())
    }

    /// The MCU's pairing first, which waits; then the keys. With the last one the ESAM is formal, and the MCU finds its pairing right.
    fn keys(&mut self, number: MeterNumber) -> Result<Produced, BrokenOff> {
        let step = self.course.enter(Step::CardFiles);
        let information = self.card.key_information();
        let information = information.map_err(|error| card_fault(step, Refusal::CardFile, &error))?;
        if (information.state, usize::from(information.count)) != (State::Formal, KeySet::KEYS) {
            return Err(BrokenOff::plain(step, Refusal::CardFile));
        }
        let pairing = self.pairing(number, step)?;
        let unfit = |error: crate::mcu::MeterError| BrokenOff {
            refusal: Refusal::CardPairing,
            step,
            cause: Some(error.to_string()),
        };
        self.session.meter.expect(pairing).map_err(unfit)?;
        self.keep(step)?;
        let step = self.course.enter(Step::Transfer);
        let serial = self.esam.0;
        for n in 0..KeySet::KEYS {
            let key = self.card.take_key(serial, n as u8).map_err(|error| asked_fault(step, &error))?;
            let mut field = FieldEsam::new(&mut self.session.esam);
            field.load_formal(n, &key).map_err(|error| taken_fault(step, &error))?;
        }
        let session = &mut self.session;
        let met = session.meter.meet(&mut session.esam, self.now);
        met.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        self.balance(step)?;
        let step = self.course.enter(Step::WriteBack);
        let told = self.card.keys_loaded(serial);
        told.map_err(|error| card_fault(step, Refusal::CardCommand, &error))?;
        Ok(Produced::Keys { version: information.version })
    }

    /// The MCU's two keys, under the transport key it has from production.
    fn pairing(&mut self, number: MeterNumber, step: Step) -> Result<Pairing, BrokenOff> {
        let mut keys = Vec::new();
        for (row, n) in MCU_KEYS.iter().zip(0..) {
            let field = self.card.take_pairing(self.esam.0, n).map_err(|error| asked_fault(step, &error))?;
            let role = keys::Role::from_code(row.role).ok_or(BrokenOff::plain(step, Refusal::CardFile))?;
            // At most 40 bytes.
            let header = vec![0x84, 0xD4, 0x01, row.id, field.len() as u8];
            keys.push(WrappedKey { role, header, field, check_value: None });
        }
        let suite = self.session.meter.state.config.suite;
        let file = PairingFile::new(number.into(), self.esam.1, suite, State::Formal, keys);
        let unpaired = |cause: Option<String>| BrokenOff { refusal: Refusal::CardPairing, step, cause };
        let root = self.transport.ok_or_else(|| unpaired(None))?;
        let key = hierarchy::transport_key(root, hierarchy::mcu_serial(number.0));
        Pairing::open(&file, &key).map_err(|error| unpaired(Some(error.to_string())))
    }
}

/// What a card says that is asked for something it has not.
fn asked_fault(step: Step, error: &CardError) -> BrokenOff {
    let refusal = match error.sw() {
        Some(Sw::COUNTER_END) => Refusal::CardSpent,
        Some(Sw::KEY_NOT_FOUND) => Refusal::CardKeys,
        _ => Refusal::CardCommand,
    };
    card_fault(step, refusal, error)
}

/// What the ESAM has against what a card gave it.
fn taken_fault(step: Step, error: &CardError) -> BrokenOff {
    let refusal = match error.sw() {
        Some(Sw::SM_WRONG) => Refusal::CardMac,
        Some(Sw::VERSION_NOT_HIGHER) => Refusal::KeysOlder,
        Some(sw) if Refusal::from_sw(sw) == Some(Refusal::OverCeiling) => Refusal::CardCeiling,
        _ => Refusal::Esam,
    };
    esam_fault(step, refusal, error)
}
