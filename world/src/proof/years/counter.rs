//! What is done at the bank: purchases, receipts, complaints, and a server that breaks off in the middle.

use super::under::{DAY_S, Event, Under, Way, draw};
use parties::trouble::Result;
use scheme::money::Fen;
use server::{CommitFault, FindingKind, SealedOrder, Settlement};
use vcard::{SupplyCut, Torn};
use wire::sms::record::Records;

/// A balance at which a customer buys.
const LOW: Fen = Fen(30_00);

impl Under<'_> {
    pub(super) fn maybe_buy(&mut self, n: usize) -> Result<()> {
        let household = &self.households[n];
        let wants = household.site.meter.state().balance <= LOW || self.is_silenced(n);
        if household.waits() || !wants {
            return Ok(());
        }
        let amount = Fen(50_00 + 10_00 * draw(&mut self.chance, 25));
        match self.households[n].way {
            Way::Cash | Way::Storage => self.buy_at_counter(n, amount),
            Way::Account => self.buy_by_account(n, amount, None).map(drop),
            Way::Phone => self.buy_by_phone(n, amount),
            // By the field's frames an account cannot be opened.
            Way::Frames if self.households[n].count == 0 => self.buy_at_counter(n, amount),
            Way::Online | Way::Frames => self.online(n, Some(amount)),
        }
    }

    pub(super) fn buy_at_counter(&mut self, n: usize, amount: Fen) -> Result<()> {
        self.bank.next_psam();
        let cut = self.server_fault();
        let mut sold = self.bank.buy(&self.households[n].site, amount);
        if cut {
            self.server_back()?;
            if sold.is_err() {
                sold = self.sold_after_all(n, amount);
            }
        }
        let sold = sold?;
        self.cash += i64::from(amount.0);
        self.is_sold(n, &sold, amount);
        self.send(n, sold.record);
        if self.fault("order corrected while it was on its way", 60) {
            let other = Fen(amount.0 - 10_00);
            let corrected = self.bank.correct(&self.households[n].site, other)?;
            self.sold(n, &corrected);
            self.send(n, corrected.record);
        }
        Ok(())
    }

    /// One purchase more, that was paid.
    pub(super) fn is_sold(&mut self, n: usize, sold: &SealedOrder, amount: Fen) {
        self.report.orders += 1;
        *self.report.ways.entry(self.households[n].way.name()).or_default() += 1;
        self.report.sold_fen += i64::from(amount.0);
        self.sold(n, sold);
    }

    /// The server's machine loses its supply at one of the next commits, or its disk its room. Says whether that was planned.
    pub(super) fn server_fault(&mut self) -> bool {
        for (name, once_in, fault) in [
            ("server's supply cut before a commit", 120, CommitFault::Lost),
            ("server's supply cut after a commit", 120, CommitFault::Kept),
            ("server's disk full", 120, CommitFault::Full),
        ] {
            if self.fault(name, once_in) {
                self.bank.store.plan_fault(draw(&mut self.chance, 3), fault);
                return true;
            }
        }
        let cut = self.fault("supply of a PSAM cut", 120);
        if cut {
            let after = draw(&mut self.chance, 12);
            self.bank.psam.cut(SupplyCut { after, torn: Torn::Old });
        }
        cut
    }

    /// The server and its PSAMs are on again, with room on its disk, whatever was planned.
    pub(super) fn server_back(&mut self) -> Result<()> {
        self.bank.store.power_on();
        self.bank.psam_again()
    }

    /// After a sale that broke the server goes on with what is written down, or the customer is sold to anew.
    fn sold_after_all(&mut self, n: usize, amount: Fen) -> Result<SealedOrder> {
        let site = &self.households[n].site;
        if self.bank.outstanding_order(site)? { self.bank.resume(site) } else { self.bank.buy(site, amount) }
    }

    /// An order that its meter may credit.
    fn sold(&mut self, n: usize, sealed: &SealedOrder) {
        let household = &mut self.households[n];
        let count = sealed.order.count;
        household.sold.entry(count).or_default().push(sealed.order.amount);
        household.waiting = Some(count);
        self.later(15 * DAY_S as u32, 16 * DAY_S as u32, Event::Complain(n, count));
    }

    /// An order on its way: late, lost, doubled.
    pub(super) fn send(&mut self, n: usize, records: Records) {
        if self.fault("message lost", 30) {
            return;
        }
        let most = if self.fault("message late", 30) { 5 * DAY_S } else { 600 };
        if self.fault("message doubled", 30) {
            self.later(5, 3 * DAY_S as u32, Event::Order(n, records.clone()));
        }
        self.later(5, most as u32, Event::Order(n, records));
    }

    pub(super) fn settle(&mut self, n: usize, records: &Records) -> Result<()> {
        // Whichever sealed it: any of the same keys opens it.
        self.bank.next_psam();
        let cut = self.server_fault();
        let mut settled = self.bank.settle(&self.households[n].site, records);
        if cut {
            self.server_back()?;
        }
        if cut && settled.is_err() {
            // The receipt comes again, as it would from a phone that heard nothing.
            settled = self.bank.settle(&self.households[n].site, records);
            if let Ok(Settlement::AlreadySettled(Some(_))) = settled {
                return self.settled_unheard(n, records);
            }
        }
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) => {
                self.violation(n, format!("a genuine receipt is refused: {error}"));
                return Ok(());
            }
        };
        self.is_settled(n, &settled);
        Ok(())
    }

    /// What the bank said to a receipt.
    pub(super) fn is_settled(&mut self, n: usize, settled: &Settlement) {
        match settled {
            Settlement::Settled(settled) => {
                let count = settled.receipt.count;
                self.report.settled_fen += i64::from(settled.amount.0);
                self.report.refunded_fen += settled.refund_due_fen;
                let strange = settled.findings.iter().map(|finding| finding.kind);
                let bad: Vec<FindingKind> = strange.filter(|kind| kind.freezes()).collect();
                if !bad.is_empty() {
                    self.violation(n, format!("findings {bad:?}"));
                }
                self.waits_no_more(n, count);
            }
            Settlement::AlreadySettled(_) => {}
            Settlement::Held(finding) => self.violation(n, format!("held: {}", finding.detail)),
        }
    }

    fn waits_no_more(&mut self, n: usize, count: u32) {
        let household = &mut self.households[n];
        if household.waiting == Some(count) {
            household.waiting = None;
            household.sold.remove(&count);
        }
    }

    /// It was settled in a commit that nobody heard of: for what the meter credited. What is due beyond that the books alone know.
    fn settled_unheard(&mut self, n: usize, records: &Records) -> Result<()> {
        let said = self.bank.open(&self.households[n].site, records)?;
        self.settled_for(n, said.count, said.amount)
    }

    pub(super) fn settled_for(&mut self, n: usize, count: u32, amount: Fen) -> Result<()> {
        // A receipt that came twice was heard of the first time.
        if self.households[n].waiting != Some(count) {
            return Ok(());
        }
        self.report.settled_fen += i64::from(amount.0);
        self.report.refunded_fen = self.bank.store.read(|view| view.totals())?.refund_due_fen;
        self.waits_no_more(n, count);
        Ok(())
    }

    /// What is bought and not confirmed after a while: a new SIM where his is gone, else the order made anew or handed out again.
    pub(super) fn complain(&mut self, n: usize, count: u32) -> Result<()> {
        if self.households[n].waiting != Some(count) {
            return Ok(());
        }
        if self.fault("SIM lost and replaced", 6) {
            let version = self.households[n].sim + 1;
            let sim = self.households[n].site.replace_sim(version)?;
            self.households[n].sim = version;
            self.bank.replace_sim(&self.households[n].site, &sim)?;
            let anew = self.bank.reissue(&self.households[n].site)?;
            self.sold(n, &anew);
            self.send(n, anew.record);
            return Ok(());
        }
        let again = match self.bank.outstanding(&self.households[n].site)? {
            Some(records) => records,
            None => {
                self.violation(n, "what he paid for is not outstanding, and not settled");
                return Ok(());
            }
        };
        let household = &mut self.households[n];
        household.site.make_room()?;
        self.later(5 * DAY_S as u32, 6 * DAY_S as u32, Event::Complain(n, count));
        self.send(n, again);
        Ok(())
    }
}
