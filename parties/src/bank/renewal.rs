//! Other limits for a PSAM of the bank, by files that cross between bank and city [docs/specs/renewal.md].

use super::pool::Pool;
use super::selling::two_people;
use super::{folder, store};
use crate::cards::CardHandle;
use crate::session::Session;
use crate::trouble::{Context, Result, refused, security};
use crate::vouch::{self, Origin};
use crate::{home, log};
use issue::life::{SealedLimit, take_limit};
use issue::source::Counter;
use reader::driver::psam::Psam;
use scheme::names;
use scheme::numbers::DeviceNumber;
use scheme::profile::CardKind;
use scheme::psam::Limits;
use serde::Serialize;
use server::renewal::{Answer, ExchangeFile, Renewal, Request, Stand};
use server::{Books, OrderSealer};
use std::path::{Path, PathBuf};

/// A city's request for a statement.
#[derive(Debug, Clone)]
pub struct PsamStatementRequest {
    /// The city's file.
    pub asked: PathBuf,
    /// File for the statement and the orders.
    pub out: PathBuf,
}

/// A statement that was written.
#[derive(Debug, Clone, Serialize)]
pub struct PsamStatementReport {
    /// Number of the PSAM.
    pub number: String,
    /// Orders it sealed.
    pub sealed: u32,
    /// Their value.
    pub value_fen: u64,
    /// Orders that stand in the file.
    pub listed: usize,
    /// Head of its chain.
    #[serde(serialize_with = "names::bytes::serialize")]
    pub chain: [u8; 32],
    /// The file.
    pub file: String,
}

/// A limit that a PSAM took.
#[derive(Debug, Clone, Serialize)]
pub struct PsamLimitReport {
    /// Number of the PSAM.
    pub number: DeviceNumber,
    /// Orders it sealed.
    pub sealed: u32,
    /// Orders it may seal in all.
    pub limit: Option<u32>,
    /// Orders it may seal still.
    pub left: Option<u32>,
    /// Value it may seal in all.
    pub value_limit_fen: u64,
    /// Its count of orders.
    #[serde(skip)]
    pub counter: Counter,
}

/// The bank's PSAM that a file is about.
fn module(session: &Session, folder: &Path, number: &str) -> Result<CardHandle> {
    let pool = Pool::open(session, folder)?;
    let member = pool.member(number.parse().context("the number of a PSAM")?)?;
    let mut handle = CardHandle::open(session, &member.card, CardKind::Psam)?;
    member.must_be(session, Psam::open(&mut handle)?.info().number)?;
    Ok(handle)
}

/// Answers a city's request with the PSAM's statement and the orders the books have of it: the way to another limit without the
/// card.
///
/// # Errors
/// A PSAM that is not here, that the books do not agree with, or that is of an older make.
pub fn psam_statement(session: &Session, request: &PsamStatementRequest) -> Result<PsamStatementReport> {
    let folder = folder(session)?;
    let asked = Request::parse(&home::read_text(&request.asked)?)
        .with_context(|| request.asked.display().to_string())?;
    let mut books = store(&folder)?;
    let mut handle = module(session, &folder, &asked.psam)?;
    let mut psam = Psam::open(&mut handle)?;
    must_agree(session, &mut *books, &mut psam, &asked.psam)?;
    let stated = psam.statement(asked.challenge)?;
    let limit_challenge = psam.limit_challenge()?.ok_or_else(|| {
        refused(format!("PSAM {} was made before limits could come by files", asked.psam))
            .hint("bring it to its city: `gridcard psam limit CARD`")
    })?;
    let chain = stated.chain;
    let said = Answer {
        format: Answer::FORMAT.to_owned(),
        psam: asked.psam.clone(),
        challenge: asked.challenge,
        stand: Stand { orders: chain.count, value_fen: chain.value, chain: chain.head },
        chain_before: chain.before,
        mac: stated.mac,
        limit_challenge,
        since: asked.since,
        order_list: books.sealed_since(&asked.psam, asked.since.orders)?,
        log: Origin::value(&folder)?,
    };
    handle.close()?;
    home::write(&request.out, said.to_json()?.as_bytes())?;
    vouch::received(session, &asked.log);
    log::fact(session, "psam", &asked.psam);
    log::fact(session, "orders", chain.count);
    log::fact(session, "value_fen", chain.value);
    log::fact(session, "chain", hex::encode_upper(chain.head));
    Ok(PsamStatementReport {
        number: asked.psam,
        sealed: chain.count,
        value_fen: chain.value,
        listed: said.order_list.len(),
        chain: chain.head,
        file: request.out.display().to_string(),
    })
}

/// The books must know what the PSAM sealed: a list that does not make its chain would only come back refused.
fn must_agree(session: &Session, books: &mut dyn Books, psam: &mut Psam<'_>, number: &str) -> Result<()> {
    let Some(chain) = OrderSealer::chain(psam)? else { return Ok(()) };
    let at = session.now()?;
    let found = books.reconcile(number, &chain, at)?;
    match found.finding {
        Some(finding) if finding.freezes => Err(security(finding.detail)
            .hint(format!(
                "`gridcard server findings` shows it; two people clear it with `gridcard server clear {}`",
                finding.id
            ))
            .into()),
        _ => Ok(()),
    }
}

/// Puts a limit into the PSAM that its city sealed for it.
///
/// # Errors
/// A PSAM that is not here, or a limit that was sealed for another one, or for another challenge of it.
pub fn psam_limit(session: &Session, limit: &Path) -> Result<Option<PsamLimitReport>> {
    let folder = folder(session)?;
    let act = "putting another limit into a PSAM";
    let Some(two) = two_people(session, &folder, &*store(&folder)?, act)? else { return Ok(None) };
    log::second(session, two.second());
    let renewal = Renewal::parse(&home::read_text(limit)?).with_context(|| limit.display().to_string())?;
    let number: DeviceNumber = renewal.psam.parse().with_context(|| limit.display().to_string())?;
    let mut handle = module(session, &folder, &renewal.psam)?;
    let limits = Limits { count: renewal.orders, value: renewal.value_fen };
    let sealed = SealedLimit { number, challenge: renewal.challenge, limits, mac: renewal.mac };
    take_limit(&mut handle, &sealed)?;
    let counter = Psam::open(&mut handle)?.counter()?;
    handle.close()?;
    vouch::received(session, &renewal.log);
    log::fact(session, "psam", number);
    log::fact(session, "orders", limits.count);
    log::fact(session, "value_fen", limits.value);
    Ok(Some(PsamLimitReport {
        number,
        sealed: counter.made,
        limit: counter.limit,
        left: counter.left(),
        value_limit_fen: limits.value,
        counter,
    }))
}
