//! The world under way: its days, and what goes wrong in them.

use super::report::{Years, YearsReport};
use super::wish::Phone;
use crate::bare::{Bank, Entry, House, Site};
use crate::proof::board::Progress;
use crate::queue::Queue;
use crate::stick::Stick;
use client::talk::Wanted;
use parties::trouble::Result;
use scheme::Moment;
use scheme::chance::random;
use scheme::money::Fen;
use scheme::order::OrderId;
use scheme::signing::Mode;
use std::collections::BTreeMap;
use vcard::SeededChance;
use wire::sms::record::Records;

pub(super) const DAY_S: i64 = 86_400;
/// The last days of a world have no faults, so that everything comes through.
const QUIET_DAYS: u32 = 60;

/// Something that is going to happen.
pub(super) enum Event {
    /// An order's message reaches its customer's SIM.
    Order(usize, Records),
    /// A customer puts his SIM into a meter.
    Insert(usize),
    /// The phone sends the receipt that waits.
    Send(usize),
    /// A receipt reaches the server.
    Receipt(usize, Records),
    /// A customer whose order came to nothing asks at the counter.
    Complain(usize, u32),
    /// A customer tries again what his telephone did not bring to its end.
    Online(usize),
    /// A customer's bank is asked about a payment.
    AskHouse(usize, OrderId),
    /// A customer looks what became of his purchase by phone.
    Phone(usize),
    /// Somebody comes to a meter that something is wrong with.
    Visit(usize),
}

/// How a customer buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In cash; the order comes as a message.
    Cash,
    /// In cash; the order is a file on a flash disk.
    Storage,
    /// By his bank; the order comes as a message.
    Account,
    /// By phone, from his account; the phone fetches the order.
    Phone,
    /// In cash, the order through a telephone into the meter.
    Online,
    /// The same by the field's frames.
    Frames,
}

impl Way {
    /// As the report tells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Way::Cash => "in cash, by message",
            Way::Storage => "in cash, by flash disk",
            Way::Account => "by bank, by message",
            Way::Phone => "by phone",
            Way::Online => "online",
            Way::Frames => "by the field's frames",
        }
    }

    /// Of the ways that a meter takes, one after another.
    pub(super) fn of(site: &Site) -> Self {
        match (site.n % 7, site.mode) {
            (1 | 5, _) | (3, Mode::Signed) => Way::Online,
            (2, _) => Way::Account,
            (3, _) => Way::Frames,
            (4, _) => Way::Phone,
            (6, _) => Way::Storage,
            _ => Way::Cash,
        }
    }
}

/// What a customer has, and what is believed of him.
pub(super) struct Household {
    pub(super) site: Site,
    /// Seconds his meter's clock is wrong.
    pub(super) drift: i64,
    /// Version of his SIM.
    pub(super) sim: u32,
    /// The order he waits for.
    pub(super) waiting: Option<u32>,
    /// Amounts of the orders of each count that were sealed: the meter may credit one of them.
    pub(super) sold: BTreeMap<u32, Vec<Fen>>,
    pub(super) credited: u64,
    pub(super) count: u32,
    /// What was taken from his meter's purse, in fen, when it was last looked at.
    pub(super) spent: u32,
    /// The last order that was credited, by its count, and for how much.
    pub(super) gained: (u32, u32),
    /// How he buys.
    pub(super) way: Way,
    /// Times that a telephone did not bring it to its end.
    pub(super) tries: u32,
    /// What his bank is asked for.
    pub(super) paying: Option<OrderId>,
    /// His phone, and what he wants by it.
    pub(super) phone: Phone,
    /// His flash disk.
    pub(super) stick: Stick,
}

impl Household {
    /// Whether something that he bought is on its way.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some() || self.paying.is_some() || self.phone.wants()
    }
}

/// The world under way.
pub(super) struct Under<'p> {
    pub(super) what: Years,
    pub(super) bank: Bank,
    pub(super) households: Vec<Household>,
    pub(super) queue: Queue<Event>,
    pub(super) chance: SeededChance,
    pub(super) now: Moment,
    pub(super) quiet: bool,
    /// What customers paid in cash.
    pub(super) cash: i64,
    /// The customers' bank.
    pub(super) house: House,
    /// Whose a payment is whose end the bank's books have not seen.
    pub(super) payers: BTreeMap<OrderId, usize>,
    /// The bank's entry for phones.
    pub(super) entry: Entry,
    /// What phones were offered, by whose phone it is.
    pub(super) offered: BTreeMap<String, Wanted>,
    pub(super) report: YearsReport,
    pub(super) progress: Progress<'p>,
}

pub(super) fn draw(chance: &mut SeededChance, below: u32) -> u32 {
    u32::from_be_bytes(random(chance)) % below.max(1)
}

impl Under<'_> {
    pub(super) fn live_to_the_end(&mut self) -> Result<()> {
        self.live()?;
        self.end()
    }

    fn live(&mut self) -> Result<()> {
        let mut day = 0;
        loop {
            if day >= self.what.days {
                // Quiet days until nothing is under way any more.
                self.quiet = true;
                let waits = self.households.iter().any(Household::waits) || !self.payers.is_empty();
                if day >= self.what.days + QUIET_DAYS || (!waits && self.queue.is_empty()) {
                    break;
                }
            }
            self.day(day)?;
            day += 1;
            if day % 10 == 0 {
                let r = &self.report;
                let faults = i64::try_from(r.faults_in_all()).unwrap_or(i64::MAX);
                let line = [r.sold_fen, r.credited_fen, r.settled_fen, self.consumed(), faults];
                self.report.course.push(line);
                self.money()?;
                (self.progress)(&format!("day {day} of {}", self.what.days));
            }
        }
        self.report.days = day;
        Ok(())
    }

    /// What was taken from all purses, in fen.
    pub(super) fn consumed(&self) -> i64 {
        self.households.iter().map(|household| i64::from(household.spent)).sum()
    }

    /// One day of everybody: what is due happens at its time, and in the evening each meter takes what was consumed.
    fn day(&mut self, day: u32) -> Result<()> {
        let evening = self.at(DAY_S);
        while let Some((at, event)) = self.queue.due(evening) {
            self.now = at.max(self.now);
            self.bank.now = self.now;
            self.report.events += 1;
            self.happen(event)?;
        }
        self.now = evening;
        self.bank.now = evening;
        self.evening()?;
        for n in 0..self.households.len() {
            self.consume(n)?;
            self.wear(n)?;
            if day < self.what.days {
                self.maybe_buy(n)?;
            }
        }
        Ok(())
    }

    pub(super) fn at(&self, seconds: i64) -> Moment {
        self.now.add_seconds(seconds).unwrap_or(self.now)
    }

    /// Whether something goes wrong that does so once in so many times.
    pub(super) fn fault(&mut self, name: &'static str, once_in: u32) -> bool {
        if self.quiet || draw(&mut self.chance, once_in) != 0 {
            return false;
        }
        *self.report.faults.entry(name).or_default() += 1;
        true
    }

    pub(super) fn later(&mut self, least_s: u32, most_s: u32, event: Event) {
        let seconds = least_s + draw(&mut self.chance, most_s - least_s);
        self.queue.put(self.at(i64::from(seconds)), event);
    }

    fn happen(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Order(n, records) if self.households[n].way == Way::Storage => {
                self.onto_stick(n, records)?;
                self.later(600, 2 * DAY_S as u32, Event::Insert(n));
                Ok(())
            }
            Event::Order(n, records) => {
                let site = &mut self.households[n].site;
                // A SIM that is full, or gone, takes nothing; its customer complains.
                if site.deliver(&records).is_err() {
                    *self.report.faults.entry("SIM full").or_default() += 1;
                }
                self.later(600, 2 * DAY_S as u32, Event::Insert(n));
                Ok(())
            }
            Event::Insert(n) if self.households[n].way == Way::Storage => self.insert_stick(n),
            Event::Insert(n) => self.insert(n),
            Event::Send(n) => {
                let receipts = match self.households[n].way {
                    Way::Storage => self.off_stick(n)?,
                    _ => self.households[n].site.take_receipt()?.into_iter().collect(),
                };
                receipts.into_iter().for_each(|records| self.send_receipt(n, records));
                Ok(())
            }
            Event::Receipt(n, records) => self.settle(n, &records),
            Event::Complain(n, count) => self.complain(n, count),
            Event::Online(n) => self.try_online(n),
            Event::AskHouse(n, id) => self.ask_house(n, id),
            Event::Phone(n) => self.at_phone(n),
            Event::Visit(n) => self.visit(n),
        }
    }

    fn send_receipt(&mut self, n: usize, records: Records) {
        if self.fault("receipt lost", 30) {
            return;
        }
        if self.fault("receipt doubled", 30) {
            self.later(5, 3 * DAY_S as u32, Event::Receipt(n, records.clone()));
        }
        self.later(5, 7200, Event::Receipt(n, records));
    }
}
