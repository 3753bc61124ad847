//! Receipts that came back, and what follows for the money.

use super::asking::Unfit;
use super::desk::Desk;
use super::known;
use super::pins::{PinChoice, Pins};
use super::pool::Pool;
use super::selling::two_people;
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use crate::vouch;
use crate::words::{register, yuan};
use scheme::money::Fen;
use scheme::names;
use scheme::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use scheme::order::Serial8;
use scheme::record_file::Message;
use serde::{Deserialize, Serialize};
use server::{Books, Incoming, Origin, Refusal, SettleError, Settled, Settlement, SimKey};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Receipts that came back.
#[derive(Debug, Clone)]
pub struct SettleRequest {
    /// Record files with receipts.
    pub receipts: Vec<PathBuf>,
    /// Whose they are; `None`: of the SIM that each file names.
    pub origin: Option<Origin>,
    /// The PSAM and its PIN.
    pub pin: PinChoice,
}

/// What became of receipts.
#[derive(Debug, Serialize)]
pub struct SettleReport {
    /// Each, in the order they were named.
    pub receipts: Vec<ReceiptLine>,
    /// Where the bank's log stands, where somebody knows.
    pub log: Option<vouch::Origin>,
    /// Why the last that was not taken was not.
    #[serde(skip)]
    failed: Option<Trouble>,
}

impl SettleReport {
    /// Of what became of each receipt, where somebody else settled them; `failed` is why the last that was not taken was not.
    pub const fn of(receipts: Vec<ReceiptLine>, log: Option<vouch::Origin>, failed: Option<Trouble>) -> Self {
        SettleReport { receipts, log, failed }
    }

    /// Whether every receipt was taken.
    ///
    /// # Errors
    /// Why the last that was not taken was not.
    pub fn verdict(self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

/// What became of one receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// Its file.
    #[serde(default)]
    pub file: String,
    /// `settled`, `already settled`, `held` or `refused`.
    pub result: Cow<'static, str>,
    /// Its order, where somebody knows.
    pub order: Option<String>,
    /// In words.
    pub detail: String,
    /// Why it was refused, or which finding keeps it, by a stable name.
    pub code: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
    /// In figures.
    #[serde(rename = "more")]
    pub facts: Option<ReceiptFacts>,
}

impl ReceiptLine {
    /// Of a receipt that was not taken.
    pub fn refused(file: &Path, error: &Trouble) -> Self {
        ReceiptLine {
            file: file.display().to_string(),
            result: "refused".into(),
            order: None,
            detail: error.to_string(),
            code: Some(error.code().to_owned()),
            hint: error.hint().map(Into::into),
            facts: None,
        }
    }

    /// Why it was not taken although it is genuine; `None`: it was taken.
    pub fn held(&self) -> Option<Trouble> {
        let Some(ReceiptFacts::Held { finding, .. }) = self.facts else { return None };
        let words = format!("a genuine receipt settles nothing and is kept as {}", self.detail);
        let hint = format!(
            "nothing is sold for its meter until two people have looked: `gridcard server findings`, then `gridcard server \
             clear {finding}`"
        );
        Some(refused(words).hint(hint).into())
    }
}

/// What a genuine receipt says, or the finding that keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ReceiptFacts {
    /// It settles nothing and is kept.
    Held {
        /// As this finding.
        finding: i64,
        /// Of this kind.
        kind: Cow<'static, str>,
    },
    /// It settled its order.
    Settled {
        /// The meter.
        meter: MeterNumber,
        /// Its chip.
        #[serde(with = "names::text")]
        serial: Serial8,
        /// The purchase count.
        count: u32,
        /// What was credited.
        #[serde(with = "names::fen")]
        credited_fen: Fen,
        /// The balance after.
        #[serde(with = "names::fen")]
        balance_fen: Fen,
        /// Paid and not credited.
        refund_due_fen: i64,
        /// What was strange about it.
        findings: Vec<i64>,
    },
}

/// What was paid back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefundReport {
    /// To whom.
    pub customer: CustomerNumber,
    /// How much.
    pub refunded_fen: i64,
}

/// A receipt that is not settled yet, and the PSAMs that may still open it, likeliest first.
struct Pending {
    at: usize,
    message: Message,
    origin: Origin,
    openers: Vec<DeviceNumber>,
}

/// What became of each file, in the order they were named.
struct Outcomes {
    lines: Vec<Option<ReceiptLine>>,
    failed: Option<Trouble>,
}

impl Outcomes {
    fn refuse(&mut self, at: usize, path: &Path, error: Trouble) {
        self.lines[at] = Some(ReceiptLine::refused(path, &error));
        self.failed = Some(error);
    }

    fn settle(&mut self, session: &Session, at: usize, path: &Path, settlement: &Settlement) {
        let line = line(session, path, settlement);
        if let Some(held) = line.held() {
            self.failed = Some(held);
        }
        log::fact(session, result(settlement), line.order.as_deref().unwrap_or_default());
        self.lines[at] = Some(line);
    }
}

/// Settles receipts: each PSAM that may open one of them has one session, for all that it may open.
///
/// # Errors
/// No PSAM that could open them, one that does not answer, a file with a PIN that does not say whose it is. A receipt that is not
/// taken is told in the report ([`SettleReport::verdict`]).
pub fn settle(session: &Session, desk: &mut Desk, request: &SettleRequest) -> Result<SettleReport> {
    let folder = desk.folder(session)?;
    let at = session.now()?;
    let pool = desk.pool(session)?;
    let (books, seats) = desk.parts();
    let fit = |psam| seats.fit(psam);
    let mut outcomes = Outcomes { lines: request.receipts.iter().map(|_| None).collect(), failed: None };
    let mut pending = Vec::new();
    for (n, path) in request.receipts.iter().enumerate() {
        match wait_for(session, books, &pool, request, path, &fit) {
            Ok((message, origin, openers)) => pending.push(Pending { at: n, message, origin, openers }),
            Err(error) => outcomes.refuse(n, path, error),
        }
    }
    let mut pins = Pins::new(session, &request.pin);
    let openers: Vec<DeviceNumber> = pending.iter().flat_map(|one: &Pending| one.openers.clone()).collect();
    pins.must_say_whose(&openers)?;
    while let Some(number) = pending.first().and_then(|first| first.openers.first().copied()) {
        let member = pool.member(number)?;
        let (theirs, others): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|one: &Pending| one.openers.contains(&number));
        pending = others;
        let mut left = Vec::new();
        seats.with(session, member, &mut pins, |_, psam| {
            for mut one in theirs {
                let path = &request.receipts[one.at];
                match books.settle(psam, Incoming::Record(&one.message.record), &one.origin, at) {
                    Ok(settlement) => outcomes.settle(session, one.at, path, &settlement),
                    Err(error) if one.openers.len() > 1 && is_under_other_keys(&error) => {
                        one.openers.retain(|opener| *opener != number);
                        left.push(one);
                    }
                    Err(error) => outcomes.refuse(one.at, path, error.into()),
                }
            }
            Ok(())
        })?;
        pending.extend(left);
        pending.sort_by_key(|one| one.at);
    }
    Ok(SettleReport {
        receipts: outcomes.lines.into_iter().flatten().collect(),
        log: Some(vouch::Origin::of(&folder)?),
        failed: outcomes.failed,
    })
}

/// What a receipt waits for: where it comes from, and who may open it.
fn wait_for(
    session: &Session,
    books: &dyn Books,
    pool: &Pool,
    request: &SettleRequest,
    path: &Path,
    fit: &dyn Fn(DeviceNumber) -> Result<usize, Unfit>,
) -> Result<(Message, Origin, Vec<DeviceNumber>)> {
    let message = session.carrier.fetch(path)?;
    let origin = match (&request.origin, &message.sim.iccid) {
        (Some(origin), _) => origin.clone(),
        // It only saves work: what a card shows that is no ICCID is none.
        (None, iccid) => match iccid.as_deref().map(str::parse) {
            Some(Ok(iccid)) => Origin::Sim(SimKey::Iccid(iccid)),
            _ => Origin::Unknown,
        },
    };
    let openers = books.openers(Incoming::Record(&message.record), &origin)?;
    let members = pool.opening(request.pin.psam, &openers, fit)?;
    Ok((message, origin, members.into_iter().map(|member| member.number).collect()))
}

/// Settles one receipt that did not come in a file: of this meter, whatever carried it. What no PSAM could open is told apart from what
/// ended the act.
pub(super) fn settle_one(
    session: &Session,
    desk: &mut Desk,
    packet: &[u8],
    meter: MeterNumber,
    choice: &PinChoice,
) -> Result<Result<Settlement, SettleError>> {
    let (incoming, origin) = (Incoming::UserData(packet), Origin::Meter(meter));
    let (at, pool) = (session.now()?, desk.pool(session)?);
    let mut pins = Pins::new(session, choice);
    let (books, seats) = desk.parts();
    let openers = match books.openers(incoming, &origin) {
        Ok(openers) => openers,
        // What is no receipt at all is told like one that is not genuine.
        Err(error @ SettleError::Refused(_)) => return Ok(Err(error)),
        Err(error) => return Err(error.into()),
    };
    let members = pool.opening(choice.psam, &openers, &|psam| seats.fit(psam))?;
    let mut settled: Result<Settlement, SettleError> = Err(Refusal::NotGenuine(meter).into());
    for member in members {
        settled = seats
            .with(session, member, &mut pins, |_, psam| Ok(books.settle(psam, incoming, &origin, at)))?;
        if !settled.as_ref().is_err_and(is_under_other_keys) {
            break;
        }
    }
    Ok(settled)
}

/// Another PSAM may open what this one could not.
fn is_under_other_keys(error: &SettleError) -> bool {
    matches!(error, SettleError::Refused(Refusal::NotGenuine(_) | Refusal::Malformed(_) | Refusal::NoMeter))
}

/// What became of a genuine receipt, as reports and the log call it.
pub(super) const fn result(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::AlreadySettled(_) => "already settled",
        Settlement::Held(_) => "held",
        Settlement::Settled(_) => "settled",
    }
}

pub(super) fn line(session: &Session, path: &Path, settlement: &Settlement) -> ReceiptLine {
    let (file, result) = (path.display().to_string(), result(settlement).into());
    match settlement {
        Settlement::AlreadySettled(order) => ReceiptLine {
            file,
            result,
            order: order.map(|id| id.to_string()),
            detail: "nothing changed".into(),
            code: None,
            hint: None,
            facts: None,
        },
        Settlement::Held(finding) => ReceiptLine {
            file,
            result,
            order: finding.order.map(|id| id.to_string()),
            detail: format!("finding {}: {}", finding.id, finding.detail),
            code: Some(finding.kind.name().to_owned()),
            hint: None,
            facts: Some(ReceiptFacts::Held { finding: finding.id, kind: finding.kind.name().into() }),
        },
        Settlement::Settled(settled) => {
            for finding in &settled.findings {
                session.say(format!("finding {} ({}): {}", finding.id, finding.kind, finding.detail));
            }
            settled_line(file, result, settled)
        }
    }
}

fn settled_line(file: String, result: Cow<'static, str>, settled: &Settled) -> ReceiptLine {
    let receipt = &settled.receipt;
    let mut detail = format!(
        "{} credited by meter {} at {}, balance {}, register {}",
        settled.amount,
        receipt.meter,
        receipt.time,
        receipt.balance,
        register(receipt.register),
    );
    if settled.refund_due_fen > 0 {
        detail.push_str(&format!("; {} due to the customer", yuan(settled.refund_due_fen)));
    }
    let facts = ReceiptFacts::Settled {
        meter: receipt.meter,
        serial: receipt.serial,
        count: receipt.count,
        credited_fen: receipt.amount,
        balance_fen: receipt.balance,
        refund_due_fen: settled.refund_due_fen,
        findings: settled.findings.iter().map(|finding| finding.id).collect(),
    };
    let order = Some(settled.order.to_string());
    ReceiptLine { file, result, order, detail, code: None, hint: None, facts: Some(facts) }
}

/// Pays back what a customer paid and no meter will credit. `None`: a request for the second person was written in its place.
///
/// # Errors
/// Nothing is due.
pub fn refund(session: &Session, desk: &mut Desk, customer: CustomerNumber) -> Result<Option<RefundReport>> {
    let folder = desk.folder(session)?;
    known(desk.books(), customer)?;
    let at = session.now()?;
    let Some(two) = two_people(session, &folder, desk.books(), "paying back what is due")? else {
        return Ok(None);
    };
    desk.take_cash(session)?;
    let fen = desk.books_mut().refund(customer, at)?;
    if fen == 0 {
        return Err(refused(format!("nothing is due to customer {customer}"))
            .hint(
                "something is due when a genuine receipt is settled for less than was paid; `gridcard server reverse` takes \
                 an order back, and its receipt tells whether it was in time",
            )
            .into());
    }
    log::fact(session, "customer", customer);
    log::fact(session, "refunded_fen", fen);
    log::second(session, two.second());
    Ok(Some(RefundReport { customer, refunded_fen: fen }))
}
