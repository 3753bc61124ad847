//! The ESAM while money comes in: it proves itself, takes the run information and the orders, and gives receipts and its
//! status. Whoever carries the orders is not its business.

use crate::fault::{BrokenOff, esam_fault, external_fault};
use crate::mcu::Meter;
use crate::source::{Caller, CarriedOrder, Course};
use crate::step::Step;
use reader::CardError;
use reader::driver::esam::{EnvelopeError, Enveloped, Esam};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::profile::{CardInfo, CardKind, State};
use scheme::refusal::Refusal;

/// What the ESAM makes of an order.
pub(crate) enum Decision {
    /// Its receipt: the order was credited, now or before.
    Receipt(Vec<u8>),
    /// It is none: the server's certificate, and the ESAM has it now.
    Certificate,
    /// It takes no money from it.
    Refused(Refusal),
}

/// A message the ESAM did not take: another meter's or nobody's, or its own fault.
pub(crate) fn online_fault(step: Step, error: &CardError) -> BrokenOff {
    esam_fault(step, error.sw().and_then(Refusal::from_sw).unwrap_or(Refusal::Esam), error)
}

/// A meter and its ESAM, from the reset on.
pub(crate) struct EsamSession<'s, 'c> {
    pub(crate) meter: &'s mut Meter,
    pub(crate) esam: Esam<'c>,
    course: &'s Course,
    now: Moment,
    /// Money that came in.
    pub(crate) credited: Fen,
}

impl<'s, 'c> EsamSession<'s, 'c> {
    pub(crate) fn new(meter: &'s mut Meter, esam: Esam<'c>, course: &'s Course, now: Moment) -> Self {
        EsamSession { meter, esam, course, now, credited: Fen(0) }
    }

    /// The ESAM is there, is this meter's, and has what is due.
    pub(crate) fn open(&mut self) -> Result<(), BrokenOff> {
        self.meet()?;
        self.settle_before()?;
        self.power()
    }

    /// While a key change is on its way: which keys the ESAM has.
    fn meet(&mut self) -> Result<(), BrokenOff> {
        if self.meter.expects().is_none() {
            return Ok(());
        }
        let step = self.course.enter(Step::EsamReset);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        self.meter.meet(&mut self.esam, self.now).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Step 1: what was consumed and not yet paid.
    fn settle_before(&mut self) -> Result<(), BrokenOff> {
        if !self.meter.owes() {
            return Ok(());
        }
        let step = self.course.enter(Step::Settle);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        self.meter.prove_mcu(&mut self.esam).map_err(|error| external_fault(step, &error))?;
        self.meter.settle(&mut self.esam).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Step 2: the ESAM is there, is an ESAM, is this meter's, and lives in the same state.
    fn power(&mut self) -> Result<(), BrokenOff> {
        let step = self.course.enter(Step::EsamReset);
        self.esam.reset().map_err(|error| esam_fault(step, Refusal::EsamReset, &error))?;
        let step = self.course.enter(Step::EsamInfo);
        let broken = |error| esam_fault(step, Refusal::Esam, &error);
        let info = self.esam.card_info().map_err(broken)?;
        if let Some(refusal) = self.misfit(&info) {
            return Err(BrokenOff::plain(step, refusal));
        }
        self.meter.state.balance = self.esam.balance().map_err(broken)?;
        Ok(())
    }

    fn misfit(&self, info: &CardInfo) -> Option<Refusal> {
        let config = &self.meter.state.config;
        if info.kind != CardKind::Esam {
            Some(Refusal::Esam)
        } else if info.is_older_make() {
            Some(Refusal::OlderMake)
        } else if info.number != config.number.0 || info.suite != config.suite.code() {
            Some(Refusal::Pairing)
        } else if info.state == State::Retired {
            Some(Refusal::Retired)
        } else if info.state != config.state {
            Some(Refusal::KeyState)
        } else {
            None
        }
    }

    /// Step 5: both sides prove that they hold the pairing keys.
    pub(crate) fn prove(&mut self, random: &mut dyn FnMut(&mut [u8])) -> Result<(), BrokenOff> {
        let step = self.course.enter(Step::InternalAuthentication);
        let mut challenge = [0; 8];
        random(&mut challenge);
        let (block, expected) = self.meter.pairing.internal(&challenge);
        let answer = self
            .esam
            .internal_authenticate(&block)
            .map_err(|error| esam_fault(step, Refusal::InternalAuthentication, &error))?;
        if !keys::equal(&answer, &expected) {
            return Err(BrokenOff::plain(step, Refusal::InternalAuthentication));
        }
        let step = self.course.enter(Step::ExternalAuthentication);
        self.meter.prove_mcu(&mut self.esam).map_err(|error| external_fault(step, &error))
    }

    /// Step 6: what the receipts will carry, and the SIM of whoever brings the money.
    pub(crate) fn write_run_info(&mut self, imsi: &[u8; 9]) -> Result<(), BrokenOff> {
        let step = self.course.enter(Step::RunInfo);
        let register = self.meter.state.register.hundredths;
        self.esam
            .write_run_info(register, self.now, imsi)
            .map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }

    /// Step 7: an order.
    pub(crate) fn credit(&mut self, order: &CarriedOrder) -> Result<Decision, BrokenOff> {
        let step = self.course.enter(Step::Envelope);
        // Written down before it is sent: from now on the receipt may be in the ESAM and nowhere else.
        let earlier = self.meter.state.pending();
        self.meter.state.set_pending(Some(order.messages.clone()));
        if let Err(error) = self.meter.keep() {
            return Err(BrokenOff { refusal: Refusal::Esam, step, cause: Some(error.to_string()) });
        }
        match self.esam.envelope(&order.messages) {
            Ok(Enveloped::Receipt(receipt)) => Ok(Decision::Receipt(receipt)),
            // Nothing of it is in the ESAM alone: what waited before waits on.
            Ok(Enveloped::Certificate) => {
                self.meter.state.set_pending(earlier.filter(|pending| *pending != order.messages));
                Ok(Decision::Certificate)
            }
            Err(EnvelopeError::Refused(refusal)) => {
                self.meter.state.set_pending(earlier.filter(|pending| *pending != order.messages));
                Ok(Decision::Refused(refusal))
            }
            Err(EnvelopeError::Card(error)) => Err(esam_fault(step, Refusal::Esam, &error)),
        }
    }

    /// An online purchase: S0 and what is asked for in, S1 out, and the purchases the ESAM has taken.
    pub(crate) fn ask(&mut self, caller: Caller<'_>) -> Result<(Vec<u8>, u32), BrokenOff> {
        let count = self.count()?;
        let step = self.course.enter(Step::Envelope);
        let request = self.esam.online_request(caller.hello, caller.wish);
        let request = request.map_err(|error| online_fault(step, &error))?;
        Ok((request, count))
    }

    /// S2 in, S3 out.
    pub(crate) fn take(&mut self, order: &[u8]) -> Result<Vec<u8>, CardError> {
        self.course.enter(Step::Envelope);
        self.esam.online_order(order)
    }

    /// Purchases the ESAM has taken.
    pub(crate) fn count(&mut self) -> Result<u32, BrokenOff> {
        let step = self.course.enter(Step::Balance);
        let purse = self.esam.purse().map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        Ok(purse.count)
    }

    /// The receipt of the last order is where it belongs.
    pub(crate) fn delivered(&mut self) {
        self.meter.state.set_pending(None);
    }

    /// What is in the purse, as far as the MCU knows.
    pub(crate) const fn balance(&self) -> Fen {
        self.meter.state.balance
    }

    /// Reads the purse; what is more than the MCU knew came in now.
    pub(crate) fn status(&mut self) -> Result<Fen, BrokenOff> {
        let step = self.course.enter(Step::Balance);
        let balance = self.esam.balance().map_err(|error| esam_fault(step, Refusal::Esam, &error))?;
        let more = balance.0.saturating_sub(self.balance().0);
        self.credited.0 = self.credited.0.saturating_add(more);
        self.meter.state.balance = balance;
        Ok(balance)
    }

    /// An overdraft is paid from the credit at once.
    pub(crate) fn settle_after(&mut self) -> Result<(), BrokenOff> {
        if !self.meter.owes() {
            return Ok(());
        }
        let step = self.course.enter(Step::Balance);
        self.meter.settle(&mut self.esam).map_err(|error| esam_fault(step, Refusal::Esam, &error))
    }
}
