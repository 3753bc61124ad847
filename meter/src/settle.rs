//! Consumption and its way off the purse.

use crate::events::EventKind;
use crate::mcu::{Meter, PendingDebit};
use crate::pipe::Pipe;
use crate::register::{Consumption, Drawn, Supply, draw};
use reader::CardError;
use reader::driver::esam::Esam;
use scheme::moment::Moment;
use scheme::money::Fen;
use wire::channel::Channel;

/// What came of a consumption.
#[derive(Debug)]
pub struct ConsumptionReport {
    /// What was drawn, and whether the supply was cut before the end.
    pub drawn: Drawn,
    /// Register afterwards, 0.01 kWh or 0.01 m3.
    pub register: u32,
    /// Purse afterwards, as the MCU knows it.
    pub balance: Fen,
    /// Consumed and not paid, in fen: an overdraft, or a debit that failed.
    pub due: u64,
    /// The customer has no supply now.
    pub relay_open: bool,
    /// Why the purse could not be debited; what is due stays due and is tried again.
    pub failure: Option<CardError>,
}

impl Meter {
    /// Draws energy or volume and takes its price off the purse in one debit; what was drawn at a load ends now, so that a table of
    /// prices which began meanwhile has its part of it.
    ///
    /// While the supply is cut nothing is drawn. When the purse runs out in between, it is cut at the next
    /// quarter of an hour of load: what was drawn beyond the purse is owed and taken off the next credit.
    pub fn consume(&mut self, esam: &mut dyn Channel, wanted: Consumption, now: Moment) -> ConsumptionReport {
        // A table that cannot be read now is read the next time.
        let _ = self.find_table(esam, now);
        // What flows is a reason to try again what did not move.
        if self.state.actuator.stuck().is_some() {
            self.switch_at_once(now);
        }
        let drawn = self.draw(wanted, now);
        let failure = self.settle_alone(esam, now).err();
        if failure.is_some() {
            self.state.events.push(now, EventKind::DebitFailed { due: self.state.due.fen });
        }
        self.switch_relay(now);
        ConsumptionReport {
            drawn,
            register: self.state.register.hundredths,
            balance: self.state.balance,
            due: self.state.due.fen,
            relay_open: self.state.relay_open,
            failure,
        }
    }

    /// Draws what passes: all of it while the customer is supplied; while he is not, what a closed valve lets through, or welded contacts.
    fn draw(&mut self, wanted: Consumption, now: Moment) -> Drawn {
        let state = &mut self.state;
        let (is_cut, leak) = (state.relay_open, state.actuator.leak);
        let is_valve = state.pipe.is_some();
        let load = match (is_cut, is_valve, wanted) {
            (false, ..) => state.config.load_w,
            (true, false, _) if state.actuator.is_jammed => state.config.load_w,
            (true, true, Consumption::Seconds(_)) if leak > 0 => leak,
            (true, ..) => {
                state.tariff.advance(now);
                return Drawn { load_seconds: 0, cut: true };
            }
        };
        let from = match wanted {
            Consumption::Seconds(seconds) => {
                Some(now.seconds().saturating_sub_unsigned(seconds)).filter(|_| load > 0)
            }
            Consumption::Energy(_) | Consumption::Volume(_) => None,
        };
        if let Some(pipe) = &mut state.pipe {
            pipe.settle(state.register.hundredths, now);
        }
        let closes = |pipe: &Pipe| {
            let flow_ends = from.map(|from| pipe.flow_ends(from, load));
            pipe.falls_silent().into_iter().chain(flow_ends).min()
        };
        let supply = Supply {
            load,
            price: state.config.price,
            balance: state.balance,
            now,
            until: state.pipe.as_ref().and_then(closes),
            obeys: !is_cut && state.obeys(),
        };
        let drawn = draw(&mut state.register, &mut state.due, &mut state.tariff, wanted, &supply);
        if let (Some(pipe), Some(from)) = (&mut state.pipe, from) {
            // What was asked for in seconds fits into them.
            let seconds = i64::try_from(drawn.load_seconds.div_ceil(load.into())).unwrap_or(i64::MAX);
            pipe.flowed(from, from.saturating_add(seconds), load);
            pipe.leaked |= is_cut && seconds > 0;
        }
        if is_cut && !is_valve && drawn.load_seconds > 0 {
            self.feel_current(now);
        }
        drawn
    }

    /// True when a debit is to be made or to be cleared up.
    pub(crate) fn owes(&self) -> bool {
        self.state.pending_debit.is_some() || (self.state.due.fen > 0 && self.state.balance.0 > 0)
    }

    /// Powers the ESAM, authenticates and settles; does nothing when nothing is due.
    fn settle_alone(&mut self, channel: &mut dyn Channel, now: Moment) -> Result<(), CardError> {
        if !self.owes() {
            return Ok(());
        }
        let mut esam = Esam::new(channel);
        esam.reset()?;
        self.meet(&mut esam, now)?;
        if !self.owes() {
            return Ok(());
        }
        self.prove_mcu(&mut esam)?;
        self.settle(&mut esam)
    }

    /// While a key change is on its way: asks the ESAM, which was just reset, which of the two pairings is its own, and takes
    /// the new one when it is that. Costs no try; the proof of either side comes afterwards.
    pub(crate) fn meet(&mut self, esam: &mut Esam<'_>, now: Moment) -> Result<(), CardError> {
        let Some(next) = self.next.clone() else { return Ok(()) };
        let random = esam.challenge()?;
        let answer = match esam.internal_authenticate(&next.internal(&random).0) {
            Err(error) if error.sw().is_some() => return Ok(()), // it holds no such key; the next step will say so
            other => other?,
        };
        let state = esam.card_info()?.state;
        if next.answers(&random, &answer) && next.state() == state {
            self.adopt(next, now);
            self.state.balance = esam.balance()?;
            self.keep().map_err(|source| CardError::Channel { step: "keep the meter's flash", source })?;
        }
        Ok(())
    }

    /// EXTERNAL AUTHENTICATE: the ESAM gives the meter's rights.
    pub(crate) fn prove_mcu(&self, esam: &mut Esam<'_>) -> Result<(), CardError> {
        let challenge = esam.challenge()?;
        esam.external_authenticate(&self.pairing.external(&challenge))
    }

    /// Takes what is due off the purse, as far as it reaches. Needs the meter's rights.
    ///
    /// A debit cut short by a loss of power was done or not; the balance tells which.
    pub(crate) fn settle(&mut self, esam: &mut Esam<'_>) -> Result<(), CardError> {
        let balance = esam.balance()?;
        if let Some(pending) = self.state.pending_debit.take()
            && pending.before.0.checked_sub(pending.amount.0) == Some(balance.0)
        {
            self.state.due.fen = self.state.due.fen.saturating_sub(u64::from(pending.amount.0));
        }
        self.state.balance = balance;
        let amount = Fen(u32::try_from(self.state.due.fen).unwrap_or(u32::MAX).min(balance.0));
        if amount.0 == 0 {
            return Ok(());
        }
        self.state.pending_debit = Some(PendingDebit { amount, before: balance });
        self.keep().map_err(|source| CardError::Channel { step: "keep the meter's flash", source })?;
        let debited = esam.debit(amount);
        // A status word says that nothing was debited; without one nobody knows.
        if !matches!(debited, Err(CardError::Channel { .. })) {
            self.state.pending_debit = None;
        }
        debited?;
        self.state.due.fen -= u64::from(amount.0);
        self.state.balance = Fen(balance.0 - amount.0);
        Ok(())
    }
}
