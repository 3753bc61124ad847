//! One story: a province makes its keys, a city its cards, customers buy twice, everything comes back and is settled.
//!
//! What the figures say of money is counted at both ends: what the server sold and settled comes from its books, what was credited
//! from the purses of the ESAMs.

use crate::figures::Report;
use crate::timeline::Timeline;
use crate::town::{ISSUING_CARDS, MESSAGES, Town};
use meter::{Consumption, InsertionReport, Outcome};
use parties::bank::ReceiptFacts;
use parties::carrier::Carrier;
use parties::home;
use parties::trouble::{Context, Result};
use parties::words::{paid_before, yuan};
use scheme::money::Fen;
use scheme::numbers::DeviceNumber;
use scheme::record_file;
use server::Registration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Second purchase of everyone.
const SECOND: Fen = Fen(30_00);
/// Commands a SIM answers before the one that would write the receipt: five SELECTs, three reads, three GET RESPONSEs and two SEEKs
/// among them.
const PULL_AT: u32 = 13;
/// Customers that are named one by one in the timeline.
const NAMED: usize = 3;
/// Seconds a message is under way.
const DELIVERY_S: i64 = 30;

/// A story that was lived.
#[derive(Debug, Clone)]
pub struct Lived {
    /// Its figures.
    pub report: Report,
    /// Who did what, when, and what follows from it.
    pub timeline: String,
}

/// A story under way.
pub struct Life<'t> {
    town: &'t Town,
    /// Every order and receipt is kept here too.
    records: Option<PathBuf>,
    /// Orders that are under way: whose, and what they are kept as.
    orders: BTreeMap<PathBuf, (usize, String)>,
    timeline: Timeline,
    refused: usize,
    sold_to: Vec<u64>,
}

impl<'t> Life<'t> {
    /// A story in a town where nothing is made yet. With `keep_records` every order and receipt stays as a file in the home's
    /// `records`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(town: &'t Town, keep_records: bool) -> Result<Self> {
        let records = keep_records.then(|| town.world().home().join("records"));
        if let Some(records) = &records {
            disk::create_folder(records).with_context(|| format!("cannot make {}", records.display()))?;
        }
        town.world().post().takes(DELIVERY_S);
        Ok(Life {
            town,
            records,
            orders: BTreeMap::new(),
            timeline: Timeline::default(),
            refused: 0,
            sold_to: vec![0; town.people().len()],
        })
    }

    /// Lives it.
    ///
    /// # Errors
    /// An act that did not go as the story wants; what the acts did until then stays in the home.
    pub fn live(mut self) -> Result<Lived> {
        self.make_keys().context("the province makes its keys")?;
        self.issue_psam().context("the city issues the PSAM")?;
        self.issue_esams().context("the city issues the ESAMs")?;
        self.make_meters().context("the meters are produced")?;
        self.make_sims().context("the SIMs are made")?;
        self.open_bank().context("the bank opens")?;
        self.purchase_round(|person| person.first_purchase.unwrap_or(SECOND))
            .context("the first purchases")?;
        self.run_dry().context("the meters consume")?;
        self.purchase_round(|_| SECOND).context("the second purchases")?;
        Ok(Lived { report: self.report()?, timeline: self.timeline.text() })
    }

    fn people(&self) -> &'t [Registration] {
        self.town.people()
    }

    fn later(&self, seconds: i64) {
        self.town.world().clock().later(seconds);
    }

    fn say(&mut self, who: &'static str, card: &str, what: impl Into<String>, conclusion: impl Into<String>) {
        self.timeline.add(self.town.world().clock().time(), who, card, what, conclusion);
    }

    /// What happened to the customers that are not named one by one.
    fn rest(&mut self, who: &'static str, card: &str, what: &str) {
        let all = self.people().len();
        if all > NAMED {
            self.say(who, card, format!("the other {what}: {}", all - NAMED), "");
        }
    }

    fn make_keys(&mut self) -> Result<()> {
        self.town.make_keys()?;
        self.say(
            "province",
            "main control card",
            format!("ceremony: {} roots of the published test root", self.town.suite().name()),
            "test keys: these cards never meet formal meters",
        );
        for (kind, number) in ISSUING_CARDS {
            let number: DeviceNumber = number.parse()?;
            let issued = self.town.make_issuing_card(kind, number)?;
            self.later(600);
            let (name, city, apdus) = (kind.name(), self.town.region(), issued.apdus);
            self.say(
                "province",
                "main control card",
                format!("makes {name} card {number} for city {city}, {apdus} APDUs"),
                "the city can issue; no key of the province left the card",
            );
        }
        Ok(())
    }

    fn issue_psam(&mut self) -> Result<()> {
        let issued = self.town.issue_psam()?;
        self.later(600);
        self.say(
            "city",
            "PSAM issuing card",
            format!("issues PSAM {} to the bank: {}", issued.number, issued.check_values.line()),
            "check values agree with the issuing card; paired with the bank's server, whose proof it asks for each order",
        );
        Ok(())
    }

    fn issue_esams(&mut self) -> Result<()> {
        let issued = self.town.issue_esams()?;
        self.later(3600);
        let (n, apdus) = (issued.issued, issued.esams.iter().map(|esam| esam.apdus).sum::<u64>());
        self.say(
            "city",
            "ESAM issuing card",
            format!("issues {n} ESAMs with their pairing files, {} APDUs each", apdus / n as u64),
            "every ESAM was read back and authenticated; key and card travelled sealed",
        );
        Ok(())
    }

    fn make_meters(&mut self) -> Result<()> {
        self.people().iter().try_for_each(|person| self.town.make_meter(person))?;
        self.later(3600);
        let n = self.people().len();
        self.say(
            "factory",
            "ESAM",
            format!("{n} meters get their ESAM and its pairing keys"),
            "relays are open: no current before the first purchase",
        );
        Ok(())
    }

    fn make_sims(&mut self) -> Result<()> {
        self.people().iter().try_for_each(|person| self.town.make_sim(person))?;
        self.later(3600);
        let n = self.people().len();
        self.say("operator", "SIM", format!("{n} SIMs with {MESSAGES} message records each"), "");
        Ok(())
    }

    fn open_bank(&mut self) -> Result<()> {
        let registered = self.town.open_bank()?.registered;
        self.later(60);
        self.say("bank", "", format!("registers {registered} customers: meter, SIM, phone"), "");
        Ok(())
    }

    /// Everyone buys once, and everything comes back and is settled.
    fn purchase_round(&mut self, amount: impl Fn(&Registration) -> Fen) -> Result<()> {
        self.sell(&amount)?;
        self.deliver()?;
        self.insert_all()?;
        self.settle()
    }

    fn sell(&mut self, amount: &dyn Fn(&Registration) -> Fen) -> Result<()> {
        for (i, person) in self.people().iter().enumerate() {
            let order = self.town.sell(person, amount(person))?;
            self.sold_to[i] += u64::from(order.amount_fen.0);
            let kept_as = format!("{}-{}-order", order.meter, order.count);
            self.orders.insert(PathBuf::from(&order.record), (i, kept_as));
            if i < NAMED {
                let (amount, customer, kind, count) =
                    (order.amount_fen, order.customer, order.kind, order.count);
                self.say(
                    "bank",
                    "PSAM",
                    format!("sells {amount} to customer {customer} ({kind}, purchase {count})"),
                    format!("order {} goes out as an SMS for SIM {}", order.order, order.iccid),
                );
            }
        }
        self.rest("bank", "PSAM", "orders sold and sealed");
        self.later(60);
        Ok(())
    }

    /// Messages that arrived are stored on their SIMs.
    fn deliver(&mut self) -> Result<()> {
        let mut n = 0;
        while let Some(record) = self.town.world().post().arrived() {
            let (person, kept_as) = self.orders.remove(&record).context("a message for nobody")?;
            self.keep_record(&kept_as, &record)?;
            self.town.deliver(&self.people()[person], record)?;
            n += 1;
        }
        self.later(30);
        self.say(
            "phones",
            "SIM",
            format!("{n} messages of class 2 stored on the SIMs"),
            "no phone needs a program for this",
        );
        Ok(())
    }

    /// Every SIM goes into its meter; the first two customers have a mishap before.
    fn insert_all(&mut self) -> Result<()> {
        if self.people().len() > 1 {
            let wrong = self.insert(0, 1)?;
            self.tell(0, 1, &wrong);
            // The command in which the receipt would be written: the money is in, the receipt is not out.
            self.town.world().cards().pull(self.town.sim(&self.people()[1]), PULL_AT);
            let pulled = self.insert(1, 1)?;
            self.tell(1, 1, &pulled);
        }
        for i in 0..self.people().len() {
            let report = self.insert(i, i)?;
            if i < NAMED {
                self.tell(i, i, &report);
            }
        }
        self.rest("meters", "ESAM", "SIMs inserted");
        self.later(3600);
        Ok(())
    }

    fn insert(&mut self, person: usize, meter: usize) -> Result<InsertionReport> {
        let report = self.town.insert(&self.people()[person], &self.people()[meter])?.insertion;
        self.refused += usize::from(matches!(report.outcome, Outcome::Refused { .. }));
        self.later(20);
        Ok(report)
    }

    fn tell(&mut self, person: usize, meter: usize, report: &InsertionReport) {
        let (customer, number) = (self.people()[person].customer, self.people()[meter].meter);
        let what = format!("SIM of customer {customer} into meter {number}: {}", report.display.line1);
        let conclusion = match report.outcome {
            Outcome::Credited { balance, .. } if report.debt_paid > 0 => {
                format!("balance {balance}, {}; the receipt is on the SIM", paid_before(report.debt_paid))
            }
            Outcome::Credited { balance, .. } => {
                format!("balance {balance}, relay closes; the receipt is on the SIM")
            }
            Outcome::ReceiptRepeated { balance } => {
                format!("credited before, balance {balance}; only the receipt is written")
            }
            Outcome::Produced { produced, .. } => produced.name().to_owned(),
            Outcome::Certified { balance } => {
                format!("no order, balance {balance}; the server's certificate is taken")
            }
            Outcome::Refused { refusal, .. } => refusal.words().to_owned(),
        };
        self.say("meter", "ESAM + SIM", what, conclusion);
    }

    /// The phones send the receipts back, and the bank settles them.
    fn settle(&mut self) -> Result<()> {
        for person in self.people() {
            self.town.collect(person)?;
        }
        self.later(60);
        let post = self.town.world().post();
        let receipts: Vec<PathBuf> = std::iter::from_fn(|| post.arrived()).collect();
        self.say("phones", "SIM", format!("{} receipts sent back", receipts.len()), "");
        let report = self.town.settle(receipts)?;
        for (i, line) in report.receipts.iter().enumerate() {
            let Some(ReceiptFacts::Settled { meter, count, credited_fen, balance_fen, .. }) = &line.facts
            else {
                continue;
            };
            self.keep_record(&format!("{meter}-{count}-receipt"), Path::new(&line.file))?;
            if i < NAMED {
                self.say(
                    "bank",
                    "PSAM",
                    format!(
                        "opens the receipt of meter {meter}: {credited_fen} credited, balance {balance_fen}"
                    ),
                    format!("order {} is settled", line.order.as_deref().unwrap_or_default()),
                );
            }
        }
        report.verdict()?;
        self.rest("bank", "PSAM", "receipts opened and settled");
        self.later(60);
        Ok(())
    }

    fn keep_record(&self, name: &str, message: &Path) -> Result<()> {
        let Some(records) = &self.records else { return Ok(()) };
        let message = self.town.world().post().fetch(message)?;
        home::write(&records.join(format!("{name}.sms")), record_file::line(&message.record).as_bytes())
    }

    /// Everyone consumes until the purse is empty.
    fn run_dry(&mut self) -> Result<()> {
        self.later(86_400);
        for (i, person) in self.people().iter().enumerate() {
            let number = person.meter;
            // More than any purse of a story holds.
            let report = self.town.consume(person, Consumption::Energy(u64::from(u32::MAX)))?;
            if i < NAMED {
                self.say(
                    "meter",
                    "ESAM",
                    format!("meter {number} draws {} and runs dry", report.supplied.register()),
                    format!(
                        "balance {}, {} owed, relay {}: the customer must buy",
                        report.balance_fen,
                        yuan(i64::try_from(report.due_fen).unwrap_or(i64::MAX)),
                        if report.supplied.is_cut { "opens" } else { "stays closed" }
                    ),
                );
            }
        }
        self.rest("meters", "ESAM", "meters run dry");
        self.later(3600);
        Ok(())
    }

    /// Money counted at both ends.
    fn report(&self) -> Result<Report> {
        let books = self.town.books()?;
        let (mut credited, mut credited_fen, mut lost_fen, mut created_fen) = (0, 0, 0, 0);
        for (person, sold) in self.people().iter().zip(&self.sold_to) {
            let purse = self.town.meter(person)?;
            let into_purse = u64::from(purse.total_credited_fen.0);
            credited += purse.count as usize;
            credited_fen += into_purse;
            lost_fen += sold.saturating_sub(into_purse);
            created_fen += into_purse.saturating_sub(*sold);
        }
        let fen = |fen: i64| u64::try_from(fen).unwrap_or(0);
        Ok(Report {
            meters: self.people().len(),
            orders: books.orders as usize,
            credited,
            settled: books.settled as usize,
            refused: self.refused,
            sold_fen: fen(books.sold_fen),
            credited_fen,
            settled_fen: fen(books.settled_fen),
            lost_fen,
            created_fen,
        })
    }
}
