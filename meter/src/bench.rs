//! The production test: a meter in test state credits an order of a production test card, answers, and gives the money
//! back; wrong orders are refused [docs/specs/cards.md 11].
//!
//! Nothing is tried before meter, ESAM and test card have all said to be in test state.

mod report;

pub use report::{BenchError, Check, TestReport};

use crate::mcu::Meter;
use crate::outcome::Outcome;
use reader::CardError;
use reader::driver::esam::{Esam, EsamParameters, Purse};
use reader::driver::psam::Psam;
use reader::driver::sim::Sim;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber, RegionCode};
use scheme::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use scheme::profile::{CardKind, State};
use scheme::receipt::Receipt;
use scheme::refusal::Refusal;
use sha2::{Digest, Sha256};
use wire::channel::Channel;
use wire::sms::content::Content;
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Timestamp, Tpdu};

/// Money of the test, credited and taken back.
pub const AMOUNT: Fen = Fen(100);
/// Customer of an account that a test opens.
const CUSTOMER: CustomerNumber = CustomerNumber([0x99; 6]);
/// Who sends the test's orders; nobody answers there.
const SENDER: &str = "8600000000000";
const DAY: i64 = 86_400;

/// The bench a meter stands on: its ESAM, a SIM of the test's own, and a test card whose PIN was verified.
pub struct Bench<'b, 'p> {
    /// The meter.
    pub meter: &'b mut Meter,
    /// Its ESAM.
    pub esam: &'b mut dyn Channel,
    /// The SIM.
    pub sim: &'b mut dyn Channel,
    /// The test card.
    pub card: &'b mut Psam<'p>,
    /// The time.
    pub now: Moment,
    /// Random bytes, for challenges and order ids.
    pub random: &'b mut dyn FnMut(&mut [u8]),
}

/// The test under way.
struct Run<'r, 'b, 'p> {
    bench: &'r mut Bench<'b, 'p>,
    /// The order that shall be credited.
    order: Order,
    checks: Vec<Check>,
}

impl Bench<'_, '_> {
    /// Runs the test. What a meter does wrong is a check that fails; an error is what kept the test from being made.
    ///
    /// # Errors
    /// Anything formal, before anything is sent that could change it; cards that do not belong together or fail.
    pub fn run(&mut self) -> Result<TestReport, BenchError> {
        let version = self.admit()?;
        let (parameters, before) = self.look()?;
        let order = self.order(&parameters, &before)?;
        let mut run = Run { bench: self, order, checks: Vec::new() };
        run.wrong_orders()?;
        run.credit(before)?;
        run.give_back(before)?;
        let checks = run.checks;
        let (_, after) = self.look()?;
        Ok(TestReport {
            meter: self.meter.state().config.number.to_string(),
            at: self.now.to_string(),
            test_card: hex::encode(self.card.info().number),
            key_version: version,
            balance_fen: [before.balance.0, after.balance.0],
            checks,
        })
    }

    /// Everything is of the test hierarchy and belongs together; gives the key version.
    fn admit(&mut self) -> Result<u8, BenchError> {
        let test =
            |what, state| if state == State::Test { Ok(()) } else { Err(BenchError::State { what, state }) };
        let config = self.meter.state().config;
        test("meter", config.state)?;
        if let Some(next) = self.meter.expects() {
            test("meter's next pairing", next)?;
        }
        let card = self.card.info();
        test("test card", card.state)?;
        let mut esam = Esam::new(self.esam);
        esam.reset()?;
        let info = esam.current_info("look at the ESAM")?;
        test("ESAM", info.state)?;
        if info.kind != CardKind::Esam || info.number != config.number.0 || info.suite != config.suite.code()
        {
            return Err(BenchError::Foreign { meter: config.number });
        }
        if RegionCode(card.region) != RegionCode(info.region) {
            return Err(BenchError::Card { what: "city" });
        }
        if card.suite != info.suite {
            return Err(BenchError::Card { what: "suite" });
        }
        let version = esam.key_version()?;
        if self.card.fmcos().key_information(0x35, 0x04)?.version != version {
            return Err(BenchError::Card { what: "key version" });
        }
        let due = self.meter.state().due.fen;
        if due > 0 || self.meter.state().pending_debit.is_some() {
            return Err(BenchError::Owes { fen: due });
        }
        let mut sim = Sim::new(self.sim);
        sim.reset()?;
        if sim.sms_list()?.iter().any(|stored| Content::of(&stored.bytes).ours().is_some()) {
            return Err(BenchError::UsedSim);
        }
        Ok(version)
    }

    fn look(&mut self) -> Result<(EsamParameters, Purse), BenchError> {
        let mut esam = Esam::new(self.esam);
        esam.reset()?;
        Ok((esam.parameters()?, esam.purse()?))
    }

    /// The next order this ESAM takes from this SIM.
    fn order(&mut self, parameters: &EsamParameters, purse: &Purse) -> Result<Order, BenchError> {
        let atr = Esam::new(self.esam).reset()?;
        let serial = wire::atr::serial_of(&atr).map(Serial8).ok_or(BenchError::Card { what: "chip" })?;
        let mut sim = Sim::new(self.sim);
        sim.reset()?;
        let hash: [u8; 32] = Sha256::digest(sim.imsi_from_mf()?).into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        let binding = SimBinding([a, b, c, d, e, f, g, h]);
        let kind = match parameters {
            parameters if !parameters.opened => OrderKind::Open,
            parameters if parameters.binding == binding => OrderKind::Recharge,
            _ => OrderKind::Replacement,
        };
        Ok(Order {
            meter: self.meter.state().config.number,
            customer: if parameters.opened { parameters.customer } else { CUSTOMER },
            amount: AMOUNT,
            count: purse.count.wrapping_add(1),
            issued: self.now,
            id: self.id(),
            kind,
            binding,
            valid_until: later(self.now, DAY)?,
            serial,
        })
    }

    fn id(&mut self) -> OrderId {
        let mut id = [0; 8];
        (self.random)(&mut id);
        OrderId(id)
    }
}

fn later(time: Moment, seconds: i64) -> Result<Moment, BenchError> {
    time.add_seconds(seconds).ok_or_else(|| BenchError::Message("the time leaves the calendar".into()))
}

/// An order's record: an unread SMS-DELIVER.
fn record(user_data: &[u8], issued: Moment) -> Result<[u8; RECORD_LEN], BenchError> {
    let fail = |error: &dyn std::fmt::Display| BenchError::Message(error.to_string());
    let sender = Address::international(SENDER).map_err(|error| fail(&error))?;
    let sent = Timestamp::china(issued.0).map_err(|error| fail(&error))?;
    let deliver = Deliver::secured(sender, sent, user_data).map_err(|error| fail(&error))?;
    let record =
        SmsRecord { status: RecordStatus::Unread, service_centre: None, tpdu: Tpdu::Deliver(deliver) };
    record.to_bytes().map_err(|error| fail(&error))
}

impl Run<'_, '_, '_> {
    fn check(&mut self, name: &'static str, passed: bool, seen: impl Into<String>) {
        self.checks.push(Check { name, passed, seen: seen.into() });
    }

    /// Puts an order on the SIM and the SIM into the meter; gives the outcome and the record it stands in.
    fn insert(&mut self, bytes: &[u8; RECORD_LEN]) -> Result<(crate::InsertionReport, u8), BenchError> {
        let mut sim = Sim::new(self.bench.sim);
        sim.reset()?;
        let number = sim.deliver(&[*bytes])?[0];
        let bench = &mut *self.bench;
        Ok((bench.meter.insert(bench.esam, bench.sim, bench.now, bench.random), number))
    }

    /// Frees a record of the SIM.
    fn free(&mut self, number: u8) -> Result<(), BenchError> {
        let mut sim = Sim::new(self.bench.sim);
        sim.reset()?;
        sim.sms_file()?;
        let mut free = [0xFF; RECORD_LEN];
        free[0] = RecordStatus::Free.byte();
        Ok(sim.update_record(number, &free)?)
    }

    fn seal(&mut self, order: &Order) -> Result<Vec<u8>, BenchError> {
        Ok(self.bench.card.seal_order(&order.to_bytes())?)
    }

    /// Orders that a meter must refuse, each with the first check that fails.
    fn wrong_orders(&mut self) -> Result<(), BenchError> {
        let right = self.order.clone();
        let (now, mut elsewhere) = (self.bench.now, right.meter.0);
        elsewhere[5] ^= 0x01;
        let mut other_sim = right.binding;
        other_sim.0[0] ^= 0x01;
        let mut other_chip = right.serial;
        other_chip.0[7] ^= 0x01;
        let yesterday = later(now, -DAY)?;
        let wrong = [
            ("refuses a changed order", right.clone(), true, Refusal::Mac),
            (
                "refuses another meter's order",
                Order { meter: MeterNumber(elsewhere), ..right.clone() },
                false,
                Refusal::Mac,
            ),
            (
                "refuses another ESAM's order",
                Order { serial: other_chip, ..right.clone() },
                false,
                Refusal::EsamSerial,
            ),
            (
                "refuses another SIM's order",
                Order { binding: other_sim, ..right.clone() },
                false,
                Refusal::SimBinding,
            ),
            (
                "refuses a skipped order",
                Order { count: right.count.wrapping_add(1), ..right.clone() },
                false,
                Refusal::CountSkipped,
            ),
            (
                "refuses an expired order",
                Order { issued: later(now, -2 * DAY)?, valid_until: yesterday, ..right },
                false,
                Refusal::Expired,
            ),
        ];
        for (name, order, flipped, wanted) in wrong {
            let mut user_data = self.seal(&order)?;
            if let (true, Some(last)) = (flipped, user_data.last_mut()) {
                *last ^= 0x01;
            }
            let (report, number) = self.insert(&record(&user_data, order.issued)?)?;
            let passed = matches!(report.outcome, Outcome::Refused { refusal, .. } if refusal == wanted)
                && report.credited == Fen(0);
            self.check(name, passed, words(&report.outcome));
            self.free(number)?;
        }
        Ok(())
    }

    /// The right order: money, display, relay, receipt; and once more, without money.
    fn credit(&mut self, before: Purse) -> Result<(), BenchError> {
        let order = self.order.clone();
        let user_data = self.seal(&order)?;
        let bytes = record(&user_data, order.issued)?;
        let (report, number) = self.insert(&bytes)?;
        let credited =
            matches!(report.outcome, Outcome::Credited { orders: 1, amount, .. } if amount == AMOUNT);
        self.check("credits its own order", credited, words(&report.outcome));
        let line = format!("{} | {}", report.display.line1, report.display.line2);
        self.check("shows the credit", report.display.line1.contains(&AMOUNT.to_string()), line);
        let relay_open = self.bench.meter.state().relay_open;
        self.check("closes its relay", !relay_open, if relay_open { "open" } else { "closed" });
        self.receipt(number, before)?;
        self.free(number)?;
        let (report, number) = self.insert(&bytes)?;
        let repeated = matches!(report.outcome, Outcome::ReceiptRepeated { .. }) && report.credited == Fen(0);
        self.check("credits an order once", repeated, words(&report.outcome));
        self.free(number)
    }

    /// What the meter wrote over the order.
    fn receipt(&mut self, number: u8, before: Purse) -> Result<(), BenchError> {
        let name = "answers with a right receipt";
        let mut sim = Sim::new(self.bench.sim);
        sim.reset()?;
        let file = sim.sms_file()?;
        let bytes = sim.read_record(number, file.record_len)?;
        let Content::Receipt(message) = Content::of(&bytes) else {
            self.check(name, false, "no receipt on the SIM");
            return Ok(());
        };
        let user_data = message.record.tpdu.user_data_bytes();
        let opened = self.bench.card.open_receipt(self.order.meter, &user_data);
        let receipt = match opened {
            Ok(bytes) => Receipt::parse(&bytes).ok(),
            Err(error @ CardError::Channel { .. }) => return Err(error.into()),
            Err(error) => {
                self.check(name, false, error.to_string());
                return Ok(());
            }
        };
        let wanted = before.balance.0.checked_add(AMOUNT.0);
        let fits = receipt.as_ref().is_some_and(|receipt| {
            (receipt.order, receipt.count, receipt.amount, receipt.digest)
                == (self.order.id, self.order.count, self.order.amount, self.order.digest())
                && Some(receipt.balance.0) == wanted
        });
        let seen = receipt.map_or("not a receipt".to_owned(), |receipt| {
            format!("MAC and TAC right, count {}, balance {}", receipt.count, receipt.balance)
        });
        self.check(name, fits, seen);
        Ok(())
    }

    /// Takes the test's money off the purse again, as consumption is.
    fn give_back(&mut self, before: Purse) -> Result<(), BenchError> {
        let credited = self.checks.iter().any(|check| check.name == "credits its own order" && check.passed);
        if !credited {
            return Ok(());
        }
        let now = self.bench.now;
        let mut esam = Esam::new(self.bench.esam);
        esam.reset()?;
        self.bench.meter.prove_mcu(&mut esam)?;
        esam.debit(AMOUNT)?;
        let balance = esam.balance()?;
        self.bench.meter.state.balance = balance;
        self.bench.meter.switch_relay(now);
        self.check("gives the money back", balance == before.balance, format!("balance {balance}"));
        let (open, wanted) = (self.bench.meter.state().relay_open, balance == Fen(0));
        self.check(
            "opens its relay when the purse is empty",
            open == wanted,
            if open { "open" } else { "closed" },
        );
        Ok(())
    }
}

/// An outcome in words.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Credited { amount, balance, .. } => format!("credited {amount}, balance {balance}"),
        Outcome::ReceiptRepeated { balance } => format!("receipt repeated, balance {balance}"),
        Outcome::Certified { balance } => format!("server's certificate taken, balance {balance}"),
        Outcome::Produced { produced, balance, .. } => format!("{}, balance {balance}", produced.name()),
        Outcome::Refused { refusal, .. } => format!("{}: {}", refusal.display(), refusal.name()),
    }
}
