//! The meter's half of the paper's online purchase [docs/specs/online.md]: what the server's messages go through on their way to the
//! ESAM, and back. The phone that carries them stays from the first to the last, or the purchase ends.

use crate::display::Display;
use crate::fault::BrokenOff;
use crate::mcu::Meter;
use crate::messages;
use crate::outcome::Outcome;
use crate::session::EsamSession;
use crate::source::{Caller, Course};
use reader::driver::esam::Esam;
use scheme::moment::Moment;
use scheme::money::Fen;
use wire::channel::Channel;

/// What comes of it at the meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineReport {
    /// S3, for the server, who alone can read it; `None` when it broke off before, or the phone went.
    pub answer: Option<Vec<u8>>,
    /// The ESAM took an order: its count went up. It does so for an order of amount 0 too, and not for one that it had before.
    pub taken: bool,
    /// Money added, also when it broke off afterwards.
    pub credited: Fen,
    /// What was consumed beyond the purse before and was taken off it now, in fen.
    pub debt_paid: u64,
    /// Why it broke off, before the answer or after it.
    pub broken: Option<BrokenOff>,
    /// What the display shows now.
    pub display: Display,
}

/// What an online purchase has brought so far.
#[derive(Default)]
struct Said {
    answer: Option<Vec<u8>>,
    taken: bool,
}

impl Meter {
    /// An online purchase. `carry` takes S1 to the server and brings S2; `None` when the phone has gone. `random` fills a buffer with
    /// random bytes.
    ///
    /// Never fails as such: whatever goes wrong is in the report.
    pub fn buy_online(
        &mut self,
        esam: &mut dyn Channel,
        caller: Caller<'_>,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
        carry: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> OnlineReport {
        let (due, debt, course) = (self.state.due.fen, self.debt(), Course::default());
        let mut session = EsamSession::new(self, Esam::new(esam), &course, now);
        let mut said = Said::default();
        let broken = session.buy(caller, random, carry, &mut said).err();
        let credited = session.credited;
        let display = if said.taken {
            let outcome = Outcome::Credited { orders: 1, amount: credited, balance: self.state.balance };
            self.record(now, &outcome);
            Display::after(&outcome, &self.state, messages::TAKE_SIM_BACK)
        } else if let Some(broken) = &broken {
            let outcome = Outcome::Refused { refusal: broken.refusal, step: broken.step };
            self.record(now, &outcome);
            Display::after(&outcome, &self.state, messages::TAKE_SIM_BACK)
        } else {
            // The receipt as it was, a refusal, or nothing: which stands under seal, and nothing changed.
            self.display()
        };
        OnlineReport {
            answer: said.answer,
            taken: said.taken,
            credited,
            debt_paid: debt.min(due.saturating_sub(self.state.due.fen)),
            broken,
            display,
        }
    }
}

impl EsamSession<'_, '_> {
    fn buy(
        &mut self,
        caller: Caller<'_>,
        random: &mut dyn FnMut(&mut [u8]),
        carry: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
        said: &mut Said,
    ) -> Result<(), BrokenOff> {
        self.open()?;
        self.prove(random)?;
        self.write_run_info(caller.imsi)?;
        let (request, before) = self.ask(caller)?;
        // A phone that has gone took nothing with it.
        let Some(order) = carry(&request) else { return self.settle_after() };
        said.answer = Some(self.take(&order)?);
        self.status()?;
        said.taken = self.count()? > before;
        self.settle_after()
    }
}
