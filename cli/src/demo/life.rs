//! The life, phase by phase.

use super::Options;
use super::figures::Report;
use super::timeline::Timeline;
use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::clock::{chip_serial, entropy, random};
use crate::home::{Home, Party};
use crate::issue::{self, Allowed, Wish};
use crate::nouns::city::issuing_card;
use crate::nouns::meter::{Place, paid_before, pair};
use crate::nouns::psam::equip;
use crate::nouns::server::{database, pool};
use crate::nouns::{esam, kdc as province, sim};
use crate::transport::Transport;
use crate::{audit, records};
use ::issue::keyset::Roots;
use ::issue::source::CardSource;
use applets::sim::Profile;
use kdc::ceremony::CeremonyRecord;
use meter::{Consumption, InsertionReport, MeterConfig, Outcome};
use office::devices::Device;
use office::journal::Journal;
use parties::trouble::{Context, Result, Trouble};
use reader::driver::esam::Esam;
use reader::driver::issuing::IssuingCard;
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::DeviceNumber;
use scheme::numbers::RegionCode;
use scheme::order::{OrderId, Serial8};
use scheme::pin::{Pin, Pins};
use scheme::profile::{CardKind, State};
use scheme::psam::Limits;
use server::{
    Incoming, Options as StoreOptions, OrderRequest, OrderSealer, Origin, Registration, Settlement, Store,
    Terms,
};
use std::path::{Path, PathBuf};
use vcard::slot::{Keep, Pull};
use wire::sms::record::RECORD_LEN;

/// PIN of every card of a demo. TEST PIN, published here.
const DEMO_PIN: &str = "123456";
/// PIN of the second officer of a demo. TEST PIN, published here.
const DEMO_OFFICER_PIN: &str = "654321";
/// Cards an issuing card of a demo may make.
const MADE: u32 = 1_000_000;
/// Ningbo.
const REGION: &str = "33020000";
/// Number of the bank's PSAM.
const PSAM: &str = "330200000001";
/// Price of a kWh.
const PRICE: Fen = Fen(55);
/// Load of a customer's appliances, in watts.
const LOAD_W: u32 = 1000;
/// Second purchase of everyone.
const SECOND: Fen = Fen(30_00);
/// Message records of a SIM.
const MESSAGES: u8 = 20;
/// Commands a SIM of the demo answers before the one that would write the receipt: five SELECTs, three reads,
/// three GET RESPONSEs and two SEEKs among them.
const PULL_AT: u32 = 13;
/// Customers that are named one by one in the timeline.
const NAMED: usize = 3;
/// The server's telephone number of a demo: the field's sample.
const SERVER_NUMBER: &str = scheme::profile::SERVER_NUMBER;
/// The service centre of a demo: the field's sample.
const SERVICE_CENTRE: &str = scheme::profile::SERVICE_CENTRE;

fn demo_terms() -> Result<Terms> {
    Ok(Terms::new(SERVER_NUMBER, SERVICE_CENTRE)?)
}

/// Folders of the parties.
struct Folders {
    city: PathBuf,
    bank: PathBuf,
    meters: PathBuf,
    sims: PathBuf,
    records: Option<PathBuf>,
}

/// A life under way.
pub struct Life<'g> {
    global: &'g Global,
    options: &'g Options,
    home: Home,
    folders: Folders,
    people: Vec<Registration>,
    pin: Pin,
    /// The second officer's, of main control card and ESAM issuing card.
    officer: Pin,
    region: RegionCode,
    now: Moment,
    timeline: Timeline,
    refused: usize,
    sold_to: Vec<u64>,
}

impl<'g> Life<'g> {
    /// A life of these people in a home.
    pub fn new(
        global: &'g Global,
        options: &'g Options,
        home: &Path,
        people: Vec<Registration>,
    ) -> Result<Self> {
        let parties = Home::new(global)?;
        let region: RegionCode = REGION.parse()?;
        let records = options.keep_records.then(|| home.join("records"));
        if let Some(records) = &records {
            disk::create_folder(records).with_context(|| format!("cannot make {}", records.display()))?;
        }
        let folders = Folders {
            city: parties.make(Party::City(region), "the demo")?,
            bank: parties.make(Party::Bank, "the demo")?,
            meters: parties.make(Party::Meters, "the demo")?,
            sims: parties.make(Party::Sims, "the demo")?,
            records,
        };
        Ok(Life {
            global,
            options,
            home: parties,
            folders,
            sold_to: vec![0; people.len()],
            people,
            pin: Pin::from_digits(DEMO_PIN)?,
            officer: Pin::from_digits(DEMO_OFFICER_PIN)?,
            region,
            now: crate::clock::now(global)?,
            timeline: Timeline::default(),
            refused: 0,
        })
    }

    /// Lives it; gives the figures and the timeline's text.
    pub fn live(mut self) -> Result<(Report, String)> {
        self.make_keys().context("the province makes its keys")?;
        self.issue_psam().context("the city issues the PSAM")?;
        self.issue_esams().context("the city issues the ESAMs")?;
        self.make_meters().context("the meters are produced")?;
        self.make_sims().context("the SIMs are made")?;
        let mut store = self.open_bank().context("the bank opens")?;
        let first = |person: &Registration| person.first_purchase.unwrap_or(SECOND);
        self.purchase_round(&mut store, first).context("the first purchases")?;
        self.run_dry().context("the meters consume")?;
        self.purchase_round(&mut store, |_| SECOND).context("the second purchases")?;
        let report = self.report(&store)?;
        Ok((report, self.timeline.text()))
    }

    fn later(&mut self, seconds: i64) {
        self.now = self.now.add_seconds(seconds).unwrap_or(self.now);
    }

    fn say(&mut self, who: &'static str, card: &str, what: impl Into<String>, conclusion: impl Into<String>) {
        self.timeline.add(self.now, who, card, what, conclusion);
    }

    fn make_keys(&mut self) -> Result<()> {
        let folder = self.home.make(Party::Province, "the demo")?;
        let serial = chip_serial(&mut *entropy(self.global, "main control serial"));
        let roots = Roots::test(self.options.suite);
        province::make_main_card(
            self.global,
            &folder,
            roots,
            "000000000010".parse()?,
            serial,
            Pins::both(&self.pin, &self.officer),
            None,
        )?;
        let record = CeremonyRecord::of_test_root(self.options.suite, &self.now.to_string());
        province::keep_record(&folder, &record)?;
        self.say(
            "province",
            "main control card",
            format!("ceremony: {} roots of the published test root", self.options.suite.name()),
            "test keys: these cards never meet formal meters",
        );
        let mut main = Bay::open(self.global, &province::main_card(&folder), CardKind::MainControl)?;
        let mut source = CardSource::open(IssuingCard::new(&mut main), Pins::both(&self.pin, &self.officer))?;
        let mut journal = issue::journal(self.global, &folder)?;
        for (kind, number) in
            [(CardKind::PsamIssuing, "000000000002"), (CardKind::EsamIssuing, "000000000003")]
        {
            let number: DeviceNumber = number.parse()?;
            // A supervisor beside the operator.
            let pins = Pins::both(&self.pin, &self.officer);
            let wish = Wish { pins, limit: Some(MADE), ..Wish::new(kind, number, self.region) };
            let path = province::out(&folder)?.join(format!("{}.card", kind.name()));
            let issued = province::issue_with(
                self.global,
                &mut source,
                &wish,
                (&path.clone().into(), &Transport::default()),
                &mut journal,
            )?;
            hand_over(&path, &issuing_card(&self.folders.city, kind))?;
            self.later(600);
            self.say(
                "province",
                "main control card",
                format!(
                    "makes {} card {number} for city {}, {} APDUs",
                    kind.name(),
                    self.region,
                    issued.apdus
                ),
                "the city can issue; no key of the province left the card",
            );
        }
        main.close()
    }

    /// Where the bank has its PSAM.
    fn psam(&self) -> Result<PathBuf> {
        Ok(pool::place(&self.folders.bank, PSAM.parse()?))
    }

    fn issue_psam(&mut self) -> Result<()> {
        let mut issuing = Bay::open(
            self.global,
            &issuing_card(&self.folders.city, CardKind::PsamIssuing),
            CardKind::PsamIssuing,
        )?;
        let mut source = CardSource::open(IssuingCard::new(&mut issuing), &self.pin)?;
        let number: DeviceNumber = PSAM.parse()?;
        let wish = Wish { pins: (&self.pin).into(), ..Wish::new(CardKind::Psam, number, self.region) };
        let mut journal = issue::journal(self.global, &self.folders.city)?;
        let place = self.psam()?;
        place.parent().map_or(Ok(()), disk::create_folder).context("cannot make the folder of the PSAMs")?;
        let issued = province::issue_with(
            self.global,
            &mut source,
            &wish,
            (&place.clone().into(), &Transport::default()),
            &mut journal,
        )?;
        let limits = Limits { count: u32::MAX, value: Limits::GRANTS };
        let mut bay = Bay::open(self.global, &place, CardKind::Psam)?;
        let file = pool::server_key(&place);
        equip(self.global, &mut bay, &mut source, &self.pin, limits, &file, &mut journal)?;
        bay.close()?;
        self.later(600);
        self.say(
            "city",
            "PSAM issuing card",
            format!("issues PSAM {number} to the bank: {}", issue::keys_line(&issued.keys)),
            "check values agree with the issuing card; paired with the bank's server, whose proof it asks for each order",
        );
        issuing.close()
    }

    fn issue_esams(&mut self) -> Result<()> {
        let out = province::out(&self.folders.city)?;
        let mut issuing = Bay::open(
            self.global,
            &issuing_card(&self.folders.city, CardKind::EsamIssuing),
            CardKind::EsamIssuing,
        )?;
        let mut source = CardSource::open(IssuingCard::new(&mut issuing), &self.pin)?;
        // A demo is repeated as a whole, so the disk need not keep up with every card.
        let mut journal = Journal::open_batch(&self.folders.city.join(issue::JOURNAL))?
            .audited(audit::batch(self.global, &self.folders.city)?)?;
        let mut apdus = 0;
        for (line, person) in self.people.iter().enumerate() {
            let device =
                Device { line: line as u64 + 1, meter: person.meter.into(), serial: None, ceiling: None };
            let issued = esam::issue_one(
                self.global,
                &mut source,
                &esam::wish(&device, self.region, Allowed::default()),
                &out,
                &mut journal,
                Keep::AtClose,
            )?;
            apdus += issued.apdus;
        }
        journal.sync()?;
        issuing.close()?;
        self.later(3600);
        let n = self.people.len();
        self.say(
            "city",
            "ESAM issuing card",
            format!("issues {n} ESAMs with their pairing files, {} APDUs each", apdus / n as u64),
            "every ESAM was read back and authenticated; key and card travelled sealed",
        );
        Ok(())
    }

    fn make_meters(&mut self) -> Result<()> {
        let out = province::out(&self.folders.city)?;
        for person in &self.people {
            let number = DeviceNumber::from(person.meter);
            let pairing = out.join(esam::pairing_name(number));
            let text = crate::home::read_text(&pairing)?;
            let meter = pair(&text, &Transport::default(), |file| MeterConfig {
                number: person.meter,
                state: State::Test,
                suite: file.suite,
                price: PRICE,
                load_w: LOAD_W,
            })?;
            let place = Place::new(&self.folders.meters, person.meter);
            place.make()?;
            hand_over(&out.join(esam::card_name(number)), &place.esam())?;
            place.save(&meter, Keep::AtClose)?;
        }
        self.later(3600);
        let n = self.people.len();
        self.say(
            "factory",
            "ESAM",
            format!("{n} meters get their ESAM and its pairing keys"),
            "relays are open: no current before the first purchase",
        );
        Ok(())
    }

    fn make_sims(&mut self) -> Result<()> {
        for person in &self.people {
            let card = sim::Person {
                iccid: person.sim.iccid.as_str(),
                imsi: person.sim.imsi.as_str(),
                msisdn: Some(person.sim.msisdn.as_str()),
                state: State::Test,
                profile: Profile::Sim,
            };
            sim::personalised(self.global, &card, MESSAGES, None)?
                .save(&self.sim_path(person), false)
                .map_err(parties::Trouble::new)?;
        }
        self.later(3600);
        let n = self.people.len();
        self.say("operator", "SIM", format!("{n} SIMs with {MESSAGES} message records each"), "");
        Ok(())
    }

    fn sim_path(&self, person: &Registration) -> PathBuf {
        self.folders.sims.join(format!("{}.card", person.sim.iccid.as_str()))
    }

    fn open_bank(&mut self) -> Result<Store> {
        let mut store = Store::open(&database(&self.folders.bank), StoreOptions::default())?;
        let roster = server::Roster {
            lines: self
                .people
                .iter()
                .enumerate()
                .map(|(i, person)| (i as u64 + 2, Ok(person.clone())))
                .collect(),
            unknown_columns: Vec::new(),
        };
        let report = store.batch(|act| act.register(&roster))?;
        if let Some(line) = report.rejected.into_iter().next() {
            return Err(line.into());
        }
        let esams = self.delivery_list()?;
        let at = self.now;
        store.batch(|act| {
            act.set_terms(&demo_terms()?)?;
            act.take_meters(&esams, at).map_err(Trouble::from)
        })?;
        self.later(60);
        self.say("bank", "", format!("registers {} customers: meter, SIM, phone", report.registered), "");
        Ok(store)
    }

    /// What the city tells the bank of its ESAMs.
    fn delivery_list(&self) -> Result<Vec<server::Esam>> {
        let office = office::store::Store::visit(&self.folders.city.join(office::store::FILE))?;
        let told = |esam: office::store::Delivered| -> Result<server::Esam> {
            Ok(server::Esam {
                serial: Serial8(esam.serial.0),
                meter: esam.number.parse()?,
                key_version: esam.key_version.unwrap_or(1),
                state: server::KeyState::Test,
                ceiling: esam.ceiling,
                valid_to: None,
                state_since: esam.state_since.unwrap_or(0),
            })
        };
        office.delivered()?.into_iter().map(told).collect()
    }

    /// Everyone buys once, and everything comes back and is settled.
    fn purchase_round(&mut self, store: &mut Store, amount: impl Fn(&Registration) -> Fen) -> Result<()> {
        let orders = self.sell(store, &amount)?;
        self.carry(&orders)?;
        self.insert_all()?;
        self.settle(store)
    }

    fn sell(
        &mut self,
        store: &mut Store,
        amount: &dyn Fn(&Registration) -> Fen,
    ) -> Result<Vec<[u8; RECORD_LEN]>> {
        let mut bay = Bay::open_keeping(self.global, &self.psam()?, CardKind::Psam, Keep::AtClose)?;
        let terms = demo_terms()?;
        let mut chance = entropy(self.global, &format!("orders {}", self.now));
        let requests: Vec<_> = self
            .people
            .iter()
            .map(|person| OrderRequest {
                meter: person.meter,
                amount: amount(person),
                now: self.now,
                id: OrderId(random(&mut *chance)),
            })
            .collect();
        let sold = {
            let mut psam = Psam::open(&mut bay)?;
            psam.verify_pin(self.pin.expose())?;
            pool::prove(&mut psam, &self.psam()?)?;
            let (number, chain, at) = (OrderSealer::number(&psam), OrderSealer::chain(&mut psam)?, self.now);
            store.batch(|act| {
                if let Some(chain) = chain {
                    act.begin_session(&number, &chain, at)?;
                }
                requests
                    .iter()
                    .map(|request| act.purchase(&mut psam, request, &terms))
                    .collect::<Result<Vec<_>, _>>()
            })?
        };
        bay.close()?;
        let mut records = Vec::with_capacity(sold.len());
        for (i, sealed) in sold.iter().enumerate() {
            let order = &sealed.order;
            self.sold_to[i] += u64::from(order.amount.0);
            self.keep_record(&format!("{}-{}-order", order.meter, order.count), &sealed.record)?;
            records.push(sealed.record);
            if i < NAMED {
                self.say(
                    "bank",
                    "PSAM",
                    format!(
                        "sells {} to customer {} ({}, purchase {})",
                        order.amount,
                        order.customer,
                        order.kind.name(),
                        order.count
                    ),
                    format!("order {} goes out as an SMS for SIM {}", order.id, sealed.iccid),
                );
            }
        }
        self.rest("bank", "PSAM", sold.len(), "orders sold and sealed");
        self.later(60);
        Ok(records)
    }

    /// What happened to the customers that are not named one by one.
    fn rest(&mut self, who: &'static str, card: &str, all: usize, what: &str) {
        if all > NAMED {
            self.say(who, card, format!("{} more {what}", all - NAMED), "");
        }
    }

    fn carry(&mut self, orders: &[[u8; RECORD_LEN]]) -> Result<()> {
        for (person, record) in self.people.iter().zip(orders) {
            let mut bay =
                Bay::open_keeping(self.global, &self.sim_path(person), CardKind::Sim, Keep::AtClose)?;
            let mut sim = Sim::new(&mut bay);
            sim.reset()?;
            sim.deliver(record)?;
            bay.close()?;
        }
        self.later(30);
        let n = orders.len();
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
        if self.people.len() > 1 {
            self.wrong_meter()?;
            self.pulled_sim()?;
        }
        for i in 0..self.people.len() {
            let report = self.insert(i, i, None)?;
            if i < NAMED {
                self.tell(i, i, &report);
            }
        }
        let n = self.people.len();
        self.rest("meters", "ESAM", n, "SIMs inserted");
        self.later(3600);
        Ok(())
    }

    fn wrong_meter(&mut self) -> Result<()> {
        let report = self.insert(0, 1, None)?;
        self.tell(0, 1, &report);
        Ok(())
    }

    fn pulled_sim(&mut self) -> Result<()> {
        // The command in which the receipt would be written: the money is in, the receipt is not out.
        let report = self.insert(1, 1, Some(Pull::Before(PULL_AT)))?;
        self.tell(1, 1, &report);
        Ok(())
    }

    fn insert(&mut self, person: usize, meter: usize, pull: Option<Pull>) -> Result<InsertionReport> {
        let place = Place::new(&self.folders.meters, self.people[meter].meter);
        let mut machine = place.load()?;
        let mut esam = Bay::open_keeping(self.global, &place.esam(), CardKind::Esam, Keep::AtClose)?;
        let mut sim = Bay::open_keeping(
            self.global,
            &self.sim_path(&self.people[person]),
            CardKind::Sim,
            Keep::AtClose,
        )?;
        if let Some(pull) = pull {
            sim.pull(pull);
        }
        let mut chance = entropy(self.global, &format!("meter {meter} {}", self.now));
        let report = machine.insert(&mut esam, &mut sim, self.now, &mut |bytes| chance.fill(bytes));
        place.save(&machine, Keep::AtClose)?;
        esam.close()?;
        sim.close()?;
        self.refused += usize::from(matches!(report.outcome, Outcome::Refused { .. }));
        self.later(20);
        Ok(report)
    }

    fn tell(&mut self, person: usize, meter: usize, report: &InsertionReport) {
        let (customer, number) = (self.people[person].customer, self.people[meter].meter);
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
            Outcome::Refused { refusal, .. } => refusal.words().to_owned(),
        };
        self.say("meter", "ESAM + SIM", what, conclusion);
    }

    fn settle(&mut self, store: &mut Store) -> Result<()> {
        let mut receipts = Vec::with_capacity(self.people.len());
        for i in 0..self.people.len() {
            let person = &self.people[i];
            let mut bay =
                Bay::open_keeping(self.global, &self.sim_path(person), CardKind::Sim, Keep::AtClose)?;
            let mut sim = Sim::new(&mut bay);
            sim.reset()?;
            let mut taken = None;
            sim::take_receipt(&mut sim, |record| {
                taken = Some(*record);
                Ok(())
            })?;
            bay.close()?;
            let record =
                taken.with_context(|| format!("SIM {} carries no receipt", person.sim.iccid.as_str()))?;
            receipts.push((person.meter, record));
        }
        self.later(60);
        let n = receipts.len();
        self.say("phones", "SIM", format!("{n} receipts sent back"), "");
        let mut bay = Bay::open_keeping(self.global, &self.psam()?, CardKind::Psam, Keep::AtClose)?;
        let settled = {
            let mut psam = Psam::open(&mut bay)?;
            psam.verify_pin(self.pin.expose())?;
            store.batch(|act| {
                let settle = |(meter, record): &(_, [u8; RECORD_LEN])| {
                    act.settle(&mut psam, Incoming::Record(record), &Origin::Meter(*meter), self.now)
                };
                receipts.iter().map(settle).collect::<Result<Vec<_>, _>>()
            })?
        };
        bay.close()?;
        for (i, (settlement, (_, record))) in settled.iter().zip(&receipts).enumerate() {
            let Settlement::Settled(settled) = settlement else { continue };
            let receipt = &settled.receipt;
            self.keep_record(&format!("{}-{}-receipt", receipt.meter, receipt.count), record)?;
            if i < NAMED {
                self.say(
                    "bank",
                    "PSAM",
                    format!(
                        "opens the receipt of meter {}: {} credited, balance {}",
                        receipt.meter, settled.amount, receipt.balance
                    ),
                    format!("order {} is settled", settled.order),
                );
            }
        }
        self.rest("bank", "PSAM", n, "receipts opened and settled");
        self.later(60);
        Ok(())
    }

    fn keep_record(&self, name: &str, record: &[u8; RECORD_LEN]) -> Result<()> {
        match &self.folders.records {
            Some(folder) => {
                let file = folder.join(format!("{name}.sms"));
                crate::home::write_soon(&file, records::line(record).as_bytes())
            }
            None => Ok(()),
        }
    }

    /// Everyone consumes until the purse is empty.
    fn run_dry(&mut self) -> Result<()> {
        self.later(86_400);
        for i in 0..self.people.len() {
            let number = self.people[i].meter;
            let place = Place::new(&self.folders.meters, number);
            let mut machine = place.load()?;
            let mut esam = Bay::open_keeping(self.global, &place.esam(), CardKind::Esam, Keep::AtClose)?;
            // More than any purse of a demo holds.
            let report = machine.consume(&mut esam, Consumption::Energy(u64::from(u32::MAX)), self.now);
            place.save(&machine, Keep::AtClose)?;
            esam.close()?;
            if let Some(error) = report.failure {
                return Err(error).with_context(|| format!("meter {number}"));
            }
            if i < NAMED {
                self.say(
                    "meter",
                    "ESAM",
                    format!(
                        "meter {number} draws {} and runs dry",
                        crate::nouns::meter::energy(report.register)
                    ),
                    format!(
                        "balance {}, {} owed, relay {}: the customer must buy",
                        report.balance,
                        crate::nouns::meter::yuan(report.due),
                        if report.relay_open { "opens" } else { "stays closed" }
                    ),
                );
            }
        }
        let n = self.people.len();
        self.rest("meters", "ESAM", n, "meters run dry");
        self.later(3600);
        Ok(())
    }

    /// Money counted at both ends.
    fn report(&mut self, store: &Store) -> Result<Report> {
        let (totals, findings) =
            store.read(|view| Ok::<_, server::StoreError>((view.totals()?, view.audit()?)))?;
        if let Some(finding) = findings.into_iter().next() {
            return Err(finding.into());
        }
        let (mut credited, mut credited_fen, mut lost_fen, mut created_fen) = (0, 0, 0, 0);
        for (person, sold) in self.people.iter().zip(&self.sold_to) {
            let place = Place::new(&self.folders.meters, person.meter);
            let mut bay = Bay::open(self.global, &place.esam(), CardKind::Esam)?;
            let mut esam = Esam::new(&mut bay);
            esam.reset()?;
            let purse = esam.purse()?;
            bay.close()?;
            let into_purse = u64::from(purse.total_credited.0);
            credited += purse.count as usize;
            credited_fen += into_purse;
            lost_fen += sold.saturating_sub(into_purse);
            created_fen += into_purse.saturating_sub(*sold);
        }
        let fen = |fen: i64| u64::try_from(fen).unwrap_or(0);
        Ok(Report {
            meters: self.people.len(),
            orders: totals.orders as usize,
            credited,
            settled: totals.settled as usize,
            refused: self.refused,
            sold_fen: fen(totals.sold_fen),
            credited_fen,
            settled_fen: fen(totals.settled_fen),
            lost_fen,
            created_fen,
        })
    }
}
