//! A telephone between a meter and the payment server: it carries the messages of an online purchase and has no key to any of them
//! [docs/specs/online.md 7, 8]. What it says of itself is the customer's word, which the server compares with the contract.

use crate::bank::ReceiptLine;
use crate::bank::bring::PurchaseReport;
use crate::bank::online::{MessageReport, ResultReport, meter_refused};
use crate::bank::recharge::RechargeReport;
use crate::trouble::{Context, Failure, Result, Trouble};
use reader::counted::{Counted, LineUse, ms};
use reader::dlt645::Line;
use reader::driver::esam::Wish;
use reader::security::{BankAsked, SecureLine};
use scheme::Kind;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::online::{HELLO_LEN, Hello, digits};
use scheme::order::OrderId;
use scheme::subscription::{Imei, Imsi, Msisdn};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::time::Duration;
use wire::ByteLink;
use wire::dlt645::Address;
use wire::typed;

/// A meter answers when its ESAM has: real ones take seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The infrared eye's speed.
pub const SLOW: u32 = 1200;
/// What a port on wires is turned up to.
pub const FAST: u32 = 9600;

/// The payment server, as a telephone reaches it.
pub trait OnlineServer {
    /// Begins a purchase.
    ///
    /// # Errors
    /// What the server says; it does not answer.
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport>;

    /// Brings what the meter asks for, in hexadecimal.
    ///
    /// # Errors
    /// As [`OnlineServer::begin`].
    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport>;

    /// Brings what the meter said at the end, in hexadecimal.
    ///
    /// # Errors
    /// As [`OnlineServer::begin`].
    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport>;
}

/// One that makes recharges by the field's frames as well.
pub trait RechargeServer: OnlineServer {
    /// Has a recharge by the field's frames made, for what the meter said.
    ///
    /// # Errors
    /// As [`OnlineServer::begin`].
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport>;
}

/// What a customer wants to buy.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Who buys.
    pub customer: CustomerNumber,
    /// For which of his meters; may be missing where he has one alone.
    pub meter: Option<MeterNumber>,
    /// How much. Default: what is outstanding, else the first purchase of the registration.
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token. Default: it is paid in cash.
    pub account: Option<server::BankAccount>,
}

/// The telephone, as it says itself.
#[derive(Debug, Clone)]
pub struct Telephone {
    /// Its number.
    pub msisdn: Msisdn,
    /// The subscriber of the SIM in it.
    pub imsi: Imsi,
    /// Its own identity.
    pub imei: Imei,
}

/// A message that was passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// S0 to S3.
    pub message: &'static str,
    /// From whom to whom.
    pub way: &'static str,
    /// Bytes that came in, and that went out.
    pub bytes: [usize; 2],
    /// SHA-256 of what came in, and of what went out.
    pub sha256: [String; 2],
}

/// What a line took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LineTimes {
    /// Bytes to the meter.
    pub sent: u64,
    /// Bytes from it.
    pub received: u64,
    /// Times that it was asked.
    pub turns: u64,
    /// All of it at 1200 bit/s.
    pub ms_1200: u64,
    /// All of it at 9600 bit/s.
    pub ms_9600: u64,
    /// What the messages alone take at 1200 bit/s, without frames and without waiting: the least there is.
    pub least_ms_1200: u64,
    /// The same at 9600 bit/s.
    pub least_ms_9600: u64,
}

impl LineTimes {
    fn of(used: LineUse, messages: u64) -> Self {
        LineTimes {
            sent: used.sent,
            received: used.received,
            turns: used.turns,
            ms_1200: used.ms(SLOW),
            ms_9600: used.ms(FAST),
            least_ms_1200: ms(messages, SLOW),
            least_ms_9600: ms(messages, FAST),
        }
    }
}

/// A purchase that was carried to its end.
#[derive(Debug, Clone, Serialize)]
pub struct PipeReport {
    /// The purchase.
    pub purchase: PurchaseReport,
    /// What became of the receipt; or the meter's refusal.
    pub receipt: ReceiptLine,
    /// What was passed on.
    pub passed: Vec<Passed>,
    /// What the meter's line took.
    pub line: LineTimes,
}

impl PipeReport {
    /// Of what the server said in the end, the messages that were carried, and the meter's line.
    pub(crate) fn of(result: ResultReport, passed: Vec<Passed>, used: LineUse) -> Self {
        let line = LineTimes::of(used, bytes(&passed));
        PipeReport { purchase: result.purchase, receipt: result.receipt, passed, line }
    }

    /// Bytes of the messages alone, as they went on.
    pub fn bytes(&self) -> u64 {
        bytes(&self.passed)
    }

    /// Whether money came in and is settled.
    ///
    /// # Errors
    /// The meter refused, or the bank keeps the receipt as a finding.
    pub fn verdict(&self) -> Result<()> {
        verdict_of(&self.receipt)
    }
}

/// Whether a receipt says that money came in and is settled.
///
/// # Errors
/// The meter refused, or the bank keeps the receipt as a finding.
pub fn verdict_of(receipt: &ReceiptLine) -> Result<()> {
    if let Some(held) = receipt.held() {
        return Err(held);
    }
    if receipt.result == "refused" {
        return Err(meter_refused(receipt.detail.clone()));
    }
    Ok(())
}

fn bytes(passed: &[Passed]) -> u64 {
    passed.iter().map(|passed| passed.bytes[1] as u64).sum()
}

/// Carries a purchase between a server and the meter at the other end of a line.
///
/// # Errors
/// What the server says, what the meter refuses, and a line that breaks. Whatever was not finished goes on with the next purchase:
/// an order is credited once and paid once.
pub fn pass(
    link: &mut dyn ByteLink,
    server: &mut dyn OnlineServer,
    wanted: &Wanted,
    telephone: &Telephone,
) -> Result<PipeReport> {
    let begun = server.begin(wanted).context("the server begins the purchase")?;
    let (id, meter, amount) = (begun.purchase.purchase, begun.purchase.meter, begun.purchase.amount_fen);
    let mut passed = Vec::new();
    let hello = received(&begun.message)?;
    let hello: [u8; HELLO_LEN] = hello.try_into().map_err(|_| no_message())?;
    if Hello::parse(&hello).is_none_or(|hello| hello.meter != meter) {
        return Err(no_message());
    }
    let wish =
        Wish { amount, imei: digits(telephone.imei.as_str()), msisdn: digits(telephone.msisdn.as_str()) };
    let mut counted = Counted::new(link);
    let result = {
        let mut line = Line::new(&mut counted).patient(PATIENCE);
        let mut line = SecureLine::new(&mut line, Address(meter.0), [0; 4]);
        let asked =
            line.online_request(&hello, &wish, &telephone.imsi.file()).context("the meter is asked")?;
        passed.push(Passed::down("S0", &begun.message, &hello));
        let text = hex::encode_upper(&asked);
        let sealed = match server.request(id, &text) {
            Ok(sealed) => sealed,
            Err(error) => {
                // The meter need not wait for what does not come; when it does not hear this, its time runs out.
                let _ = line.online_order(&[]);
                return Err(error.context("the server answers the meter's request"));
            }
        };
        passed.push(Passed::up("S1", &asked, &text));
        let order = received(&sealed.message)?;
        let answer = line.online_order(&order).context(UNKNOWN)?;
        passed.push(Passed::down("S2", &sealed.message, &order));
        let text = hex::encode_upper(&answer);
        let result = server.result(id, &text).context(NOT_TOLD)?;
        passed.push(Passed::up("S3", &answer, &text));
        result
    };
    Ok(PipeReport::of(result, passed, counted.used()))
}

/// What is told when the meter does not answer the order.
pub(crate) const UNKNOWN: &str =
    "whether the meter took the order is not known: the same command again tells, and nothing is paid twice";
/// What is told when the server does not take the meter's answer.
pub(crate) const NOT_TOLD: &str =
    "the meter has answered, and the server was not told: the same command again tells it";

/// A message of the server, out of its text.
pub(crate) fn received(text: &str) -> Result<Vec<u8>> {
    typed::bytes(text).map_err(|_| no_message())
}

pub(crate) fn no_message() -> Trouble {
    Failure::new(Kind::Refused, "what the server sent is no message for this meter")
        .hint("program and server have to speak the same version")
        .code("online-message")
        .into()
}

impl Passed {
    fn of(message: &'static str, way: &'static str, came: &[u8], went: &[u8]) -> Self {
        let digest = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        Passed { message, way, bytes: [came.len(), went.len()], sha256: [digest(came), digest(went)] }
    }

    /// It came as text and went as bytes.
    pub(crate) fn down(message: &'static str, came: &str, went: &[u8]) -> Self {
        Passed::of(message, "server to meter", &typed::bytes(came).unwrap_or_default(), went)
    }

    /// It came as bytes and went as text.
    pub(crate) fn up(message: &'static str, came: &[u8], went: &str) -> Self {
        Passed::of(message, "meter to server", came, &typed::bytes(went).unwrap_or_default())
    }
}
