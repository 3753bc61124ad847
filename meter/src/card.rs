//! A classic purchase card is put into the meter: from the supply to the two beeps [docs/specs/user-card.md 5].
//!
//! The rules are the field's: what is on the card is compared with the account, the counts decide about money, and whatever the end is
//! the meter writes back to a card that is its own. The card may be pulled between any two commands: before INCREASE nothing has happened,
//! after it the count says so to the next insertion.

use crate::card_slot::{card_fault, power, prove};
use crate::fault::{BrokenOff, esam_fault};
use crate::insertion::{CreditReport, InsertionReport};
use crate::mcu::Meter;
use crate::messages;
use crate::outcome::Outcome;
use crate::session::EsamSession;
use crate::source::Course;
use crate::step::Step;
use core::cmp::Ordering;
use reader::CardError;
use reader::count::Counter;
use reader::driver::esam::{Esam, EsamParameters};
use reader::driver::field::FieldEsam;
use reader::driver::user_card::{CardPurse, UserCard};
use scheme::field::Span;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::order::{OrderKind, Serial8};
use scheme::profile::{CardKind, field_file};
use scheme::refusal::Refusal;
use scheme::user_card::{Information, WriteBack, kind_of_frame};
use wire::Sw;
use wire::channel::Channel;

/// Lowest supply at which a card is touched, in percent of what it should be.
pub const LOWEST_SUPPLY: u8 = 75;
/// EF_IMSI in the run information when no SIM brings the money.
const NO_SIM: [u8; 9] = [0; 9];

/// What a meter's beeper says, in milliseconds a tone.
pub const fn beeps(outcome: &Outcome) -> &'static [u16] {
    match outcome {
        Outcome::Refused { .. } => &[125, 125, 125],
        Outcome::Credited { .. }
        | Outcome::ReceiptRepeated { .. }
        | Outcome::Certified { .. }
        | Outcome::Produced { .. } => &[625],
    }
}

/// What was done with a card.
enum Done {
    /// Its money is in the purse.
    Credited,
    /// Nothing of it was new.
    Nothing,
}

struct CardRun<'s, 'c> {
    session: EsamSession<'s, 'c>,
    card: UserCard<'c>,
    course: &'s Course,
    now: Moment,
    serial: Serial8,
}

/// What the ESAM has against what a card gave it.
fn taken_fault(step: Step, error: &CardError) -> BrokenOff {
    let refusal = match error.sw().and_then(Refusal::from_sw) {
        Some(Refusal::Mac) => Refusal::CardMac,
        Some(Refusal::CustomerNumber) => Refusal::CardCustomer,
        Some(Refusal::SimChanged) => Refusal::CardSerial,
        Some(Refusal::NotOpened) => Refusal::CardNotOpened,
        Some(Refusal::ReplacementNotOpened) => Refusal::CardReplacement,
        Some(Refusal::CountOlder | Refusal::CountSkipped | Refusal::AlreadyOpened) => Refusal::CardCount,
        Some(Refusal::OverCeiling) => Refusal::CardCeiling,
        Some(Refusal::Unsigned) => Refusal::Unsigned,
        _ => Refusal::Esam,
    };
    esam_fault(step, refusal, error)
}

impl Meter {
    /// Puts a user card in, while the supply stands at so many percent of what it should be. Otherwise as [`Meter::insert`].
    pub fn insert_card(
        &mut self,
        esam: &mut dyn Channel,
        card: &mut dyn Channel,
        supply: u8,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> InsertionReport {
        let course = Course::default();
        let (mut esam, mut card) =
            (Counter::marked(esam, course.mark()), Counter::marked(card, course.mark()));
        let report = self.take_card(&mut esam, &mut card, (supply, now), &course, random);
        InsertionReport::new(report, course, esam, Some(card))
    }

    fn take_card(
        &mut self,
        esam: &mut dyn Channel,
        card: &mut dyn Channel,
        (supply, now): (u8, Moment),
        course: &Course,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> CreditReport {
        let owed = self.owed();
        let session = EsamSession::new(self, Esam::new(esam), course, now);
        let mut run = CardRun { session, card: UserCard::new(card), course, now, serial: Serial8([0; 8]) };
        let end = run.run(supply, random);
        let credited = run.session.credited;
        let balance = self.state.balance;
        let end = end.map(|done| match done {
            Done::Credited => Outcome::Credited { orders: 1, amount: credited, balance },
            Done::Nothing => Outcome::ReceiptRepeated { balance },
        });
        self.ended(end, credited, owed, now, messages::KEEP_CARD)
    }
}

impl CardRun<'_, '_> {
    fn run(&mut self, supply: u8, random: &mut dyn FnMut(&mut [u8])) -> Result<Done, BrokenOff> {
        let step = self.course.enter(Step::Supply);
        if supply <= LOWEST_SUPPLY {
            return Err(BrokenOff::plain(step, Refusal::LowVoltage));
        }
        self.session.open()?;
        self.serial = power(&mut self.card, self.course)?;
        let information = self.information()?;
        let account = self.account()?;
        self.belongs(&information, &account)?;
        self.session.prove(random)?;
        self.session.write_run_info(&NO_SIM)?;
        prove(&mut self.session, &mut self.card, self.serial, self.course, random)?;
        let done = self.take(&information)?;
        self.session.settle_after()?;
        Ok(done)
    }

    /// What card it is, and for whom.
    fn information(&mut self) -> Result<Information, BrokenOff> {
        let step = self.course.enter(Step::CardFiles);
        let end = |refusal| BrokenOff::plain(step, refusal);
        let info = match self.card.card_info() {
            Err(CardError::Refused { .. } | CardError::Malformed { .. }) => {
                return Err(end(Refusal::CardUnissued));
            }
            info => info.map_err(|error| card_fault(step, Refusal::CardCommand, &error))?,
        };
        if info.kind != CardKind::UserCard {
            return Err(end(Refusal::CardType));
        }
        // QUIRK(test-state): in the field a user card works with formal keys alone; ours works in a meter of its own state.
        let config = self.session.meter.state.config;
        if info.state != config.state || info.suite != config.suite.code() {
            return Err(end(Refusal::KeyState));
        }
        let broken = |error: CardError| match error.sw() {
            Some(Sw::WRONG_OFFSET) => end(Refusal::CardUnissued),
            _ => card_fault(step, Refusal::CardCommand, &error),
        };
        self.card.select().map_err(broken)?;
        let head = self.card.information_head().map_err(broken)?;
        match kind_of_frame(&head) {
            Some(Information::TYPE) => {}
            // Of the field's other cards, for keys, parameters, checks and production, a meter of ours takes none.
            Some(_) => return Err(end(Refusal::CardType)),
            None => return Err(end(Refusal::CardFile)),
        }
        let file = self.card.information().map_err(broken)?;
        Information::parse(&file).map_err(|error| BrokenOff {
            refusal: Refusal::CardFile,
            step,
            cause: Some(error.to_string()),
        })
    }

    fn account(&mut self) -> Result<EsamParameters, BrokenOff> {
        let step = self.course.enter(Step::EsamInfo);
        self.session.esam.parameters().map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    fn knows_card(&self) -> bool {
        self.session.meter.state.card.as_deref() == Some(&self.serial.0[..])
    }

    /// Whether the card is one for this meter and its customer.
    fn belongs(&mut self, card: &Information, account: &EsamParameters) -> Result<(), BrokenOff> {
        let refusal = if card.meter != account.meter {
            Some(Refusal::CardMeter)
        } else if account.opened && card.customer != account.customer {
            Some(Refusal::CardCustomer)
        } else {
            match (card.kind, account.opened) {
                (OrderKind::Recharge, true) if !self.knows_card() => Some(Refusal::CardSerial),
                (OrderKind::Recharge, false) => Some(Refusal::CardNotOpened),
                (OrderKind::Replacement, false) => Some(Refusal::CardReplacement),
                _ => None,
            }
        };
        refusal.map_or(Ok(()), |refusal| Err(BrokenOff::plain(Step::CardFiles, refusal)))
    }

    /// The counts decide.
    fn take(&mut self, card: &Information) -> Result<Done, BrokenOff> {
        let step = self.course.enter(Step::CardFiles);
        let broken = |error: CardError| card_fault(step, Refusal::CardCommand, &error);
        let loaded = self.card.purse().map_err(broken)?;
        let written = self.card.is_written_back().map_err(broken)?;
        let count = self.session.count()?;
        let end = |refusal| BrokenOff::plain(step, refusal);
        if card.kind == OrderKind::Open && loaded.count > 1 {
            return Err(end(Refusal::CardCount));
        }
        let is_first = card.kind != OrderKind::Recharge;
        let done = match loaded.count.cmp(&count) {
            Ordering::Less => {
                if is_first {
                    self.learn();
                }
                Done::Nothing
            }
            Ordering::Equal if !written => {
                self.learn();
                Done::Nothing
            }
            Ordering::Equal if is_first && !self.knows_card() => return Err(end(Refusal::CardSerial)),
            Ordering::Equal => Done::Nothing,
            Ordering::Greater if count.checked_add(1) != Some(loaded.count) => {
                self.write_back(card, false)?;
                return Err(end(Refusal::CardCount));
            }
            Ordering::Greater if written => {
                self.write_back(card, false)?;
                return Err(end(Refusal::CardUsed));
            }
            Ordering::Greater => {
                self.credit(loaded)?;
                if is_first {
                    self.learn();
                }
                Done::Credited
            }
        };
        // The receipt the ESAM keeps is of its last purchase: the one on this card, or a later one that is not the card's.
        self.write_back(card, loaded.count >= count)?;
        Ok(done)
    }

    /// The meter knows this card from now on.
    fn learn(&mut self) {
        self.session.meter.state.card = Some(self.serial.0.to_vec());
    }

    /// Customer, kind and money from the card into the ESAM.
    fn credit(&mut self, loaded: CardPurse) -> Result<(), BrokenOff> {
        let step = self.course.enter(Step::Transfer);
        let broken = |error: CardError| card_fault(step, Refusal::CardCommand, &error);
        let taken = |error: CardError| taken_fault(step, &error);
        let random = FieldEsam::new(&mut self.session.esam).random4();
        let random = random.map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        let told = self.card.tell(random).map_err(broken)?;
        let purchase = self.card.purchase(random).map_err(broken)?;
        let mut field = FieldEsam::new(&mut self.session.esam);
        field.take_from_card(&told).map_err(taken)?;
        if let Err(error) = field.increase(&purchase) {
            // It may have been done all the same: the count tells.
            let count = self.session.count()?;
            if count != loaded.count {
                return Err(taken_fault(step, &error));
            }
        }
        self.session.status().map(drop)
    }

    /// What the meter says of itself goes onto the card, and the receipt of its purchase before that: a card that was written back has it.
    fn write_back(&mut self, card: &Information, receipt: bool) -> Result<(), BrokenOff> {
        let step = self.course.enter(Step::WriteBack);
        let esam = |error: CardError| esam_fault(step, Refusal::Esam, &error);
        let broken = |error: CardError| card_fault(step, Refusal::CardCommand, &error);
        if receipt {
            let receipt = self.session.esam.last_receipt().map_err(esam)?;
            self.card.leave_receipt(&receipt).map_err(broken)?;
        }
        let keys = FieldEsam::new(&mut self.session.esam).read(Span::KEY_STATE).map_err(esam)?;
        let state = &self.session.meter.state;
        let owed = state.due.fen.saturating_sub(u64::from(state.balance.0));
        let Moment([_, year, month, day, hour, minute, _]) = self.now;
        let file = WriteBack {
            user: card.user,
            ratios: card.ratios,
            meter: state.config.number,
            // The ESAM puts its own account in.
            customer: card.customer.0,
            remaining: state.balance,
            count: 0,
            overdraft: Fen(u32::try_from(owed).unwrap_or(u32::MAX)),
            keys: keys.try_into().unwrap_or_default(),
            illegal: state.illegal_insertions,
            time: [year, month, day, hour, minute],
        };
        let card_esam = self.session.esam.fmcos();
        card_esam.update_binary(field_file::RUN_INFO, 0, &file.to_bytes()).map_err(esam)?;
        let random = self.card.challenge4().map_err(broken)?;
        let mut field = FieldEsam::new(&mut self.session.esam);
        let stated = field.state_for_card(random, self.serial).map_err(esam)?;
        self.card.write(&stated).map_err(broken)
    }
}
