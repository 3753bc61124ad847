//! What is done at meters: energy is taken, SIMs are put in and pulled out, supplies fail.

use super::pipes::drawn;
use super::under::{DAY_S, Event, Under, draw};
use meter::Outcome;
use parties::trouble::Result;
use reader::driver::esam::Purse;
use scheme::money::Fen;
use vcard::{Pull, SupplyCut, Torn};

impl Under<'_> {
    pub(super) fn consume(&mut self, n: usize) -> Result<()> {
        self.report.events += 1;
        let hundredths = u64::from(300 + draw(&mut self.chance, 900));
        let cut = self.fault("supply of an ESAM cut while it debits", 400);
        let (after, household) = (draw(&mut self.chance, 12), &mut self.households[n]);
        if cut {
            household.site.esam.cut(SupplyCut { after, torn: Torn::Noise(1) });
        }
        let now = self.now.add_seconds(household.drift).unwrap_or(self.now);
        let (before, wanted) = {
            let state = household.site.meter.state();
            (state.register.hundredths, drawn(state.profile(), hundredths))
        };
        let was_closed = household.site.meter.state().relay_open
            && household.site.meter.state().actuator.stuck().is_none();
        household.site.meter.consume(&mut household.site.esam, wanted, now);
        self.flowed(n, before, was_closed);
        let household = &mut self.households[n];
        if cut {
            household.site.power_off()?;
        }
        // The purse is read on a tenth of the days: reading it costs as much as the day.
        if cut || draw(&mut self.chance, 10) == 0 { self.check(n) } else { Ok(()) }
    }

    pub(super) fn insert(&mut self, n: usize) -> Result<()> {
        if self.fault("SIM in another customer's meter", 100) {
            self.wrong_meter(n)?;
        }
        let pulled = self.fault("SIM pulled", 25);
        let cut = self.fault("supply of an ESAM cut while it credits", 25);
        let flash = self.fault("meter without power while it credits", 50);
        let (at, writes) = (draw(&mut self.chance, 40), draw(&mut self.chance, 40));
        let household = &mut self.households[n];
        let before = household.site.purse()?;
        if pulled || flash {
            household.site.sim.pull(Pull::AfterAnswering(at));
        }
        if cut {
            household.site.esam.cut(SupplyCut { after: writes, torn: Torn::Old });
        }
        let now = self.now.add_seconds(household.drift).unwrap_or(self.now);
        let (report, kept) = household.site.insert_and_stop(now)?;
        if pulled || cut || flash {
            household.site.power_off()?;
            if flash && matches!(report.outcome, Outcome::Refused { .. }) {
                household.site.restart(&kept)?;
            }
        }
        self.gained(n, &before)?;
        match report.outcome {
            Outcome::Refused { .. } if pulled || cut || flash => {
                self.later(600, DAY_S as u32, Event::Insert(n));
                Ok(())
            }
            _ => {
                self.later(600, DAY_S as u32, Event::Send(n));
                Ok(())
            }
        }
    }

    /// What a meter was credited since: an order of an amount that was sold, once, or nothing.
    pub(super) fn gained(&mut self, n: usize, before: &Purse) -> Result<()> {
        let household = &mut self.households[n];
        let purse = household.site.purse()?;
        let gained = purse.total_credited.0.wrapping_sub(before.total_credited.0);
        let counts = purse.count.wrapping_sub(before.count);
        let allowed = household.sold.get(&purse.count).cloned().unwrap_or_default();
        household.credited += u64::from(gained);
        household.count = purse.count;
        self.report.credited_fen += i64::from(gained);
        match counts {
            0 if gained == 0 => {}
            1 if allowed.contains(&Fen(gained)) => household.gained = (purse.count, gained),
            _ => self.violation(n, format!("{counts} counts and {gained} fen at once, sold {allowed:?}")),
        }
        self.check(n)
    }

    /// A customer tries his neighbour's meter: nothing of either changes.
    fn wrong_meter(&mut self, n: usize) -> Result<()> {
        let other = (n + 1) % self.households.len();
        if other == n {
            return Ok(());
        }
        let mut site = self.households[other].site.copy()?;
        site.sim = self.households[n].site.copy()?.sim;
        let before = site.purse()?;
        let report = site.insert(self.now);
        let after = site.purse()?;
        // What the other meter consumed and could not take is taken now, as at any insertion: its own money, and no other.
        if (after.total_credited, after.count) != (before.total_credited, before.count)
            || after.balance > before.balance
        {
            let words =
                format!("its order changed another meter: {before:?}, then {after:?}: {:?}", report.outcome);
            self.violation(n, words);
        }
        Ok(())
    }
}
