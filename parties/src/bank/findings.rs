//! What is not as it should be: told, cleared, looked for.

use super::desk::Desk;
use super::selling::two_people;
use super::text;
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, security};
use office::audit::LOG;
use scheme::fault::Told;
use scheme::moment::Moment;
use scheme::names;
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::order::OrderId;
use serde::{Deserialize, Serialize};
use server::{Books, Chain, ClearError, Cleared, Fault, Finding, FindingKind, Head};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// Findings of the bank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindingsReport {
    /// Each, oldest first.
    pub findings: Vec<FindingLine>,
}

/// One finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindingLine {
    /// Its number.
    pub finding: i64,
    /// What it is: its stable name.
    pub code: Cow<'static, str>,
    /// The same.
    pub kind: Cow<'static, str>,
    /// The meter it is about.
    pub meter: Option<MeterNumber>,
    /// The PSAM it is about.
    pub psam: Option<String>,
    /// The order it is about.
    #[serde(with = "text::maybe")]
    pub order: Option<OrderId>,
    /// When it was found.
    #[serde(with = "names::text")]
    pub found: Moment,
    /// It stops sales until two people clear it.
    pub stops_sales: bool,
    /// What was found, in words.
    pub what: String,
    /// The genuine receipt it keeps.
    #[serde(with = "names::maybe_bytes")]
    pub receipt: Option<Vec<u8>>,
    /// Who cleared it.
    pub cleared: Option<ClearedBy>,
}

/// Who cleared a finding.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClearedBy {
    /// When.
    #[serde(with = "names::text")]
    pub at: Moment,
    /// Who.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
    /// What was found out.
    pub note: String,
}

impl FindingLine {
    fn of(finding: Finding) -> Self {
        let cleared = |Cleared { at, by, second, note }| ClearedBy { at, by, second, note };
        FindingLine {
            finding: finding.id,
            code: finding.kind.name().into(),
            kind: finding.kind.name().into(),
            meter: finding.meter,
            psam: finding.psam,
            order: finding.order,
            found: finding.at,
            stops_sales: finding.freezes,
            what: finding.detail,
            receipt: finding.receipt,
            cleared: finding.cleared.map(cleared),
        }
    }
}

/// A finding that is to be cleared.
#[derive(Debug, Clone)]
pub struct ClearRequest {
    /// Its number.
    pub finding: i64,
    /// What was found out about it.
    pub note: String,
}

/// A finding that was cleared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClearReport {
    /// Its number.
    pub finding: i64,
    /// What it is.
    pub kind: Cow<'static, str>,
    /// Who cleared it.
    pub by: String,
    /// The second person.
    pub second: Option<String>,
}

/// Books and PSAMs, compared.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VerifyReport {
    /// The PSAMs.
    pub psams: Vec<SealedLine>,
    /// Nothing is wrong.
    pub agree: bool,
    /// Where the ledger stands: of each server that books, its transfers and the hash the last one carries.
    pub ledger: Vec<LedgerLine>,
    /// What is wrong.
    pub wrong: Vec<Told>,
    /// Findings that wait for somebody.
    pub findings: usize,
}

/// The chain of one server through the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LedgerLine {
    /// The server.
    pub server: String,
    /// Transfers it booked.
    pub transfers: i64,
    /// The hash the last one carries, 64 hexadecimal digits.
    pub head: String,
}

impl LedgerLine {
    fn of(head: Head) -> Self {
        LedgerLine { server: head.server, transfers: head.number, head: hex::encode(head.hash) }
    }
}

/// What a PSAM says it sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SealedLine {
    /// Its number.
    pub psam: DeviceNumber,
    /// Orders; `None` of one that keeps no chain.
    pub sealed: Option<u32>,
    /// Their value.
    pub sealed_fen: Option<u64>,
}

impl VerifyReport {
    /// Whether they agree.
    ///
    /// # Errors
    /// A security stop where they do not.
    pub fn verdict(&self) -> Result<()> {
        if self.agree {
            return Ok(());
        }
        Err(security(Told::line(&self.wrong))
            .hint("`gridcard server findings` has it; find out before two people clear it with `gridcard server clear`")
            .into())
    }
}

/// What waits for somebody; with `all`, what was cleared as well.
///
/// # Errors
/// The books cannot be read.
pub fn findings(session: &Session, desk: &Desk, all: bool) -> Result<FindingsReport> {
    desk.folder(session)?;
    let findings = desk.books().findings(all)?;
    Ok(FindingsReport { findings: findings.into_iter().map(FindingLine::of).collect() })
}

/// Clears a finding, which two people do. `None`: a request for the second was written in its place.
///
/// # Errors
/// No such finding, one that was cleared, one person where two are wanted.
pub fn clear(session: &Session, desk: &mut Desk, request: &ClearRequest) -> Result<Option<ClearReport>> {
    let folder = desk.folder(session)?;
    let id = request.finding;
    let finding = desk.books().finding(id)?.ok_or(ClearError::Unknown(id))?;
    let Some(two) = two_people(session, &folder, desk.books(), "clearing a finding")? else {
        return Ok(None);
    };
    log::fact(session, "finding", id);
    log::second(session, two.second());
    let (by, second) = (two.first.to_string(), Some(two.second()));
    let cleared = Cleared { at: session.now()?, by, second, note: request.note.clone() };
    desk.books_mut().clear_finding(id, &cleared)?;
    let Cleared { by, second, .. } = cleared;
    Ok(Some(ClearReport { finding: id, kind: finding.kind.name().into(), by, second }))
}

/// Recomputes the order chain from the books, compares it with the PSAMs, and keeps what differs as a finding.
///
/// # Errors
/// Damaged books, a PSAM that is not there. What differs is told in the report ([`VerifyReport::verdict`]).
pub fn verify(session: &Session, desk: &mut Desk) -> Result<VerifyReport> {
    let folder = desk.folder(session)?;
    desk.books().check()?;
    let at = session.now()?;
    let mut psams = Vec::new();
    let pool = desk.pool(session)?;
    let (books, seats) = desk.parts();
    for member in &pool.members {
        let (chain, is_whole) = seats.chain_of(session, member)?;
        psams.push((member.number, chain, is_whole));
    }
    let mut wrong: Vec<Told> = books.figures()?.faults.iter().map(Told::of).collect();
    let (heads, changed) = books.check_ledger()?;
    let cut = if changed.is_none() { cut_since(&folder, books)? } else { None };
    wrong.extend(changed.or(cut).map(|words| Told::of(&Fault::Ledger(words))));
    wrong.extend(super::closing::told(books)?);
    let chain = FindingKind::Chain.name();
    wrong.extend(books.check_chains(at)?.into_iter().map(|words| Told::new(chain, words)));
    for (number, chain, is_whole) in &psams {
        // One that is sealing now is compared when it has answered.
        let Some(chain) = chain.as_ref().filter(|_| *is_whole) else { continue };
        let found = books.reconcile(&number.to_string(), chain, at)?;
        let stops = found.finding.filter(|finding| finding.freezes);
        wrong.extend(stops.map(|finding| Told::new(finding.kind.name(), finding.detail)));
    }
    let findings = books.findings(false)?.len();
    let sealed = |(psam, chain, _): (DeviceNumber, Option<Chain>, bool)| SealedLine {
        psam,
        sealed: chain.map(|chain| chain.count),
        sealed_fen: chain.map(|chain| chain.value),
    };
    Ok(VerifyReport {
        psams: psams.into_iter().map(sealed).collect(),
        agree: wrong.is_empty(),
        ledger: heads.into_iter().map(LedgerLine::of).collect(),
        wrong,
        findings,
    })
}

/// A ledger that is shorter than the bank's log ever said, since a copy was put back the last time: the chain alone does not show
/// that its end was cut.
fn cut_since(folder: &Path, books: &dyn Books) -> Result<Option<String>> {
    let path = folder.join(LOG);
    // Of each server the longest its chain was said to be, and in which line.
    let mut longest: BTreeMap<String, (i64, u64, String)> = BTreeMap::new();
    if path.exists() {
        office::audit::verify(&path, None, |entry| {
            if entry.facts.contains_key(log::RESTORED) {
                longest.clear();
            }
            let Some(words) = entry.facts.get(log::LEDGER) else { return };
            let (server, number) =
                words.parse::<Head>().map_or((words.clone(), 0), |head| (head.server, head.number));
            if longest.get(&server).is_none_or(|(known, ..)| *known <= number) {
                longest.insert(server, (number, entry.no, words.clone()));
            }
        })?;
    }
    for (_, line, words) in longest.into_values() {
        let there = match words.parse::<Head>() {
            Ok(head) => books.has_transfer(&head)?,
            Err(_) => false,
        };
        if !there {
            return Ok(Some(format!(
                "line {line} of the bank's log says that the ledger stood at {words}, and no such transfer is there: it was cut"
            )));
        }
    }
    Ok(None)
}
