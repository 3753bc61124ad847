//! The steps of a plan, done.

use super::error::{IssueError, NotNoted, StepFault};
use super::probe::{self, Condition, IfOpen};
use crate::headers;
use crate::plan::{Content, Master, Plan, Step, words};
use crate::signing;
use crate::source::KeySource;
use keys::Role;
use reader::driver::fmcos::Fmcos;
use reader::error::CardError;
use scheme::certificate::Certificate;
use scheme::numbers::{CheckValue, Serial};
use scheme::pin::Pins;
use scheme::profile::{Fid, FileRow, KeyRow, PinRow};
use wire::atr::serial_of;
use wire::{Channel, Sw};

/// What a caller may watch while a plan runs. `()` watches nothing.
pub trait Observer {
    /// Step `number` of `total` begins.
    fn step(&mut self, number: usize, total: usize, step: &Step) {
        let _ = (number, total, step);
    }

    /// The card has just taken its own master key. An error stops the run.
    fn own_master(&mut self) -> Result<(), NotNoted> {
        Ok(())
    }
}

impl Observer for () {}

/// A key seen on the finished card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCheck {
    /// Its role.
    pub role: Role,
    /// Its check value, as the card says.
    pub check_value: CheckValue,
    /// Whether the source knew the check value and it was the same.
    pub confirmed: bool,
}

/// A card that was looked at, and its plan.
pub(super) struct Probed<'p> {
    pub(super) plan: &'p Plan,
    pub(super) card: &'p mut dyn Channel,
    pub(super) serial: Serial,
    pub(super) condition: Condition,
}

/// A run under way.
struct Run<'r> {
    plan: &'r Plan,
    card: Fmcos<'r>,
    source: &'r mut dyn KeySource,
    pins: Pins<'r>,
    serial: Serial,
    /// The master key the card holds now.
    master: Master,
    condition: Condition,
    /// Whether the key the card holds is still a guess that another run may make otherwise.
    open: bool,
    /// The master key to try when the card refuses the first one.
    other: Option<Master>,
    keys: Vec<KeyCheck>,
    /// The certificate it was given.
    certificate: Option<Certificate>,
}

/// Does all steps; the answer is what CHECK KEY saw, and the certificate the card was given.
pub(super) fn all(
    probed: Probed<'_>,
    source: &mut dyn KeySource,
    pins: Pins<'_>,
    if_open: IfOpen,
    observer: &mut dyn Observer,
) -> Result<(Vec<KeyCheck>, Option<Certificate>), IssueError> {
    let Probed { plan, card, serial, condition } = probed;
    let total = plan.steps().len();
    let mut run = Run {
        plan,
        card: Fmcos::new(card),
        source,
        pins,
        serial,
        master: condition.master(if_open),
        condition,
        open: condition == Condition::Open,
        other: (if_open.then_other && condition == Condition::Open).then(|| if_open.first.other()),
        keys: Vec::new(),
        certificate: None,
    };
    for (i, step) in plan.steps().iter().enumerate() {
        let number = i + 1;
        observer.step(number, total, step);
        run.step(step, observer).map_err(|fault| {
            let what = words::words(step);
            IssueError::Step { number, total, what, fault }
        })?;
    }
    Ok((run.keys, run.certificate))
}

impl Run<'_> {
    fn step(&mut self, step: &Step, observer: &mut dyn Observer) -> Result<(), StepFault> {
        match step {
            Step::Reset => self.reset(),
            Step::SelectMf => Ok(self.card.select_mf().map(drop)?),
            Step::Select(fid) => Ok(self.card.select_fid(*fid).map(drop)?),
            Step::Authenticate(_) => self.authenticate_either(observer),
            Step::Create(row) => self.create(row),
            Step::WriteKey(row) if row.role == 0 => self.write_own_master(row, observer),
            Step::WriteKey(row) => {
                let changes = self.resumed() && probe::key_exists(&mut self.card, row)?;
                self.write_key(row, changes)
            }
            Step::WritePin(row) => self.write_pin(row),
            Step::Update { fid, bytes, .. } => Ok(self.card.update_binary(*fid, 0, bytes)?),
            Step::Check { fid, bytes, what } => self.check(*fid, bytes, *what),
            Step::CheckKey(row) => self.check_key(row),
            Step::VerifyPin(row) => self.verify_pin(row),
            Step::StoreRoot => {
                let target = self.target();
                Ok(signing::store_root(&mut self.card, self.source, &target)?)
            }
            Step::Certify(_) => {
                let (target, from) = (self.target(), self.plan.first_day());
                let made = signing::certify(&mut self.card, self.source, &target, from)?;
                self.certificate = Some(made);
                Ok(())
            }
            Step::CheckCertificate(_) => match &self.certificate {
                Some(certificate) => Ok(signing::shows(&mut self.card, certificate)?),
                None => Ok(()),
            },
        }
    }

    fn resumed(&self) -> bool {
        self.condition != Condition::Blank
    }

    fn reset(&mut self) -> Result<(), StepFault> {
        let atr = self.card.reset()?;
        match serial_of(&atr).map(Serial) {
            Some(found) if found != self.serial => Err(StepFault::Swapped { began: self.serial, found }),
            Some(_) => Ok(()),
            None => {
                let what = format!("the ATR {} carries no serial", hex::encode_upper(&atr));
                Err(CardError::Malformed { step: "RESET", what }.into())
            }
        }
    }

    /// With the master key the card holds now. Where neither card nor journal knows which, the other one follows while a
    /// wrong one could not block the card.
    fn authenticate_either(&mut self, observer: &mut dyn Observer) -> Result<(), StepFault> {
        let other = self.other.take();
        match (self.authenticate(), other) {
            (Err(StepFault::Authentication { tries, .. }), Some(other)) if tries >= 2 => {
                self.master = other;
                self.open = false;
                self.authenticate()?;
                if other == Master::Own { Ok(observer.own_master()?) } else { Ok(()) }
            }
            (result, _) => result,
        }
    }

    /// One attempt with the master key the card holds now; a resumed card may hold another than a blank one.
    fn authenticate(&mut self) -> Result<(), StepFault> {
        let challenge = self.card.challenge8()?;
        let cryptogram = self.source.authenticate_target(&self.target(), challenge)?;
        let master = self.master;
        self.card.external_authenticate(0x00, &cryptogram).map_err(|error| match error.tries_left() {
            Some(0) if error.sw() == Some(Sw::BLOCKED) => StepFault::Blocked { master },
            Some(tries) => StepFault::Authentication { master, tries, open: self.open },
            None => StepFault::Card(error),
        })
    }

    fn target(&self) -> crate::source::Target {
        self.plan.target(self.serial, self.master)
    }

    fn create(&mut self, row: &FileRow) -> Result<(), StepFault> {
        match self.card.create_file(row) {
            // 6A86: it exists. Only a run before can have made it, from the same table.
            Err(error) if self.resumed() && error.sw() == Some(Sw::WRONG_P1P2) => Ok(()),
            other => Ok(other?),
        }
    }

    fn write_own_master(&mut self, row: &KeyRow, observer: &mut dyn Observer) -> Result<(), StepFault> {
        if self.master == Master::Own {
            return Ok(());
        }
        self.write_key(row, true)?;
        self.master = Master::Own;
        Ok(observer.own_master()?)
    }

    fn write_key(&mut self, row: &KeyRow, changes: bool) -> Result<(), StepFault> {
        let suite = self.plan.suite();
        let header = if changes { headers::change(row, suite) } else { headers::add(row, suite) };
        // The challenge lives for the next command of this card only; the source is another card.
        let challenge = self.card.challenge8()?;
        let target = self.plan.target_for(self.serial, self.master, row.role);
        let field = self.source.export_key(&target, row.role, challenge, header)?;
        Ok(self.card.write_key_wrapped(header, &field)?)
    }

    fn write_pin(&mut self, row: &PinRow) -> Result<(), StepFault> {
        let Some(pin) = self.pins.of(row) else { return Ok(()) }; // `fits` made sure that a plan with a PIN has one
        match self.card.write_key_plain(0x01, row.id, row.header, pin.expose()) {
            // 6A86: a run before wrote one. VERIFY, later in the plan, shows whether it is the same.
            Err(error) if self.resumed() && error.sw() == Some(Sw::WRONG_P1P2) => Ok(()),
            other => Ok(other?),
        }
    }

    fn verify_pin(&mut self, row: &PinRow) -> Result<(), StepFault> {
        let Some(pin) = self.pins.of(row) else { return Ok(()) };
        self.card.verify_pin(row.id, pin.expose()).map_err(|error| match error.tries_left() {
            Some(tries) => StepFault::Pin { tries },
            None => StepFault::Card(error),
        })
    }

    fn check(&mut self, fid: Fid, bytes: &[u8], what: Content) -> Result<(), StepFault> {
        let found = self.card.read_binary(fid, 0, bytes.len() as u16)?; // files of a plan are short
        if found == bytes { Ok(()) } else { Err(StepFault::Content { what }) }
    }

    fn check_key(&mut self, row: &KeyRow) -> Result<(), StepFault> {
        let seen = self.card.key_information(row.kind, row.id)?;
        let target = self.plan.target_for(self.serial, self.master, row.role);
        let expected = self.source.expected(&target, row.role)?;
        let [kind, _, _, version, algorithm] = row.header(expected.version);
        let header = [kind, version, algorithm];
        let found = [seen.kind, seen.version, seen.algorithm];
        if header != found {
            return Err(StepFault::KeyHeader { code: row.role, expected: header, found });
        }
        let check_value = CheckValue(seen.kcv);
        if let Some(expected) = expected.check_value
            && expected != check_value
        {
            return Err(StepFault::KeyCheck { code: row.role, expected, found: check_value });
        }
        if let Some(role) = Role::from_code(row.role) {
            self.keys.push(KeyCheck { role, check_value, confirmed: expected.check_value.is_some() });
        }
        Ok(())
    }
}
