//! The meter's half of the paper's online purchase [docs/specs/online.md]: what the server's messages go through on their way to the
//! ESAM, and back. Between the two halves the ESAM keeps its session, or the purchase is over.

use crate::fault::BrokenOff;
use crate::mcu::Meter;
use crate::outcome::Outcome;
use crate::session::{EsamSession, online_fault};
use crate::source::{Caller, Course};
use crate::step::Step;
use reader::driver::esam::Esam;
use scheme::moment::Moment;
use scheme::money::Fen;
use wire::Sw;
use wire::channel::Channel;

/// A purchase that waits for the server's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineAsked {
    /// S1, for the server.
    pub request: Vec<u8>,
    /// Purchases the ESAM had taken before.
    pub count: u32,
}

/// What comes of it at the meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineReport {
    /// S3, for the server, who alone can read it; `None` when it broke off before.
    pub answer: Option<Vec<u8>>,
    /// The ESAM took an order: its count went up. It does so for an order of amount 0 too, and not for one that it had before.
    pub taken: bool,
    /// Money added, also when it broke off afterwards.
    pub credited: Fen,
    /// What was consumed beyond the purse before and was taken off it now, in fen.
    pub debt_paid: u64,
    /// The ESAM did not take the message for the server's.
    pub forged: bool,
    /// Why it broke off, before the answer or after it.
    pub broken: Option<BrokenOff>,
}

/// What an online purchase has brought so far.
#[derive(Default)]
struct Said {
    answer: Option<Vec<u8>>,
    taken: bool,
    forged: bool,
}

impl Meter {
    /// Begins an online purchase: S0 in, S1 out. `random` fills a buffer with random bytes. What is due is taken off the purse first.
    ///
    /// # Errors
    /// Why it broke off: nothing was asked for. It leaves no event: whoever has a line to the meter could fill its log.
    pub fn begin_online(
        &mut self,
        esam: &mut dyn Channel,
        caller: Caller<'_>,
        now: Moment,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<OnlineAsked, BrokenOff> {
        EsamSession::new(self, Esam::new(esam), &Course::default(), now).begin(caller, random)
    }

    /// Ends it: S2 in, S3 out, over the same session of the ESAM. `before`: what [`Meter::begin_online`] gave.
    ///
    /// Never fails as such: whatever goes wrong is in the report.
    pub fn end_online(
        &mut self,
        esam: &mut dyn Channel,
        order: &[u8],
        before: u32,
        now: Moment,
    ) -> OnlineReport {
        let (due, debt, course) = (self.state.due.fen, self.debt(), Course::default());
        let mut session = EsamSession::new(self, Esam::new(esam), &course, now);
        let mut said = Said::default();
        let broken = session.end(order, before, &mut said).err();
        let credited = session.credited;
        if said.taken {
            let outcome = Outcome::Credited { orders: 1, amount: credited, balance: self.state.balance };
            self.record(now, &outcome);
        }
        // Else the receipt as it was, or a refusal, which stands under seal; or a message of nobody, which leaves no event either.
        OnlineReport {
            answer: said.answer,
            taken: said.taken,
            credited,
            debt_paid: debt.min(due.saturating_sub(self.state.due.fen)),
            forged: said.forged,
            broken,
        }
    }
}

impl EsamSession<'_, '_> {
    fn begin(
        &mut self,
        caller: Caller<'_>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<OnlineAsked, BrokenOff> {
        self.open()?;
        self.prove(random)?;
        self.write_run_info(caller.imsi)?;
        let (request, count) = self.ask(caller)?;
        self.settle_after()?;
        Ok(OnlineAsked { request, count })
    }

    fn end(&mut self, order: &[u8], before: u32, said: &mut Said) -> Result<(), BrokenOff> {
        let taken = self.take(order);
        said.forged = taken.as_ref().is_err_and(|error| error.sw() == Some(Sw::SM_WRONG));
        said.answer = Some(taken.map_err(|error| online_fault(Step::Envelope, &error))?);
        self.status()?;
        said.taken = self.count()? > before;
        self.settle_after()
    }
}
