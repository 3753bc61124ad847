//! `gridcard server psam-statement` and `psam-limit`: other limits for the bank's PSAM by files that cross between bank and city
//! [docs/specs/renewal.md].

use super::pool::Pool;
use super::{bank, store};
use crate::args::Global;
use crate::bay::Bay;
use crate::clock::now;
use crate::fail::{refused, security};
use crate::output::answer;
use crate::vouch::{self, Origin};
use crate::{audit, home};
use ::issue::life::{SealedLimit, take_limit};
use ::scheme::numbers::DeviceNumber;
use ::server::renewal::{Answer, Paper, Renewal, Request, Stand};
use ::server::{OrderSealer, Store};
use clap::Args;
use lens::facts::facts;
use parties::trouble::{Context, Result};
use reader::driver::psam::Psam;
use scheme::profile::CardKind;
use scheme::psam::Limits;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Options of `server psam-statement`.
#[derive(Debug, Args)]
pub struct PsamStatement {
    /// The city's request, as `gridcard psam statement-request` wrote it.
    #[arg(value_name = "REQUEST")]
    pub asked: PathBuf,
    /// File for the statement and the orders; the city takes it with `gridcard psam limit --statement`.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `server psam-limit`.
#[derive(Debug, Args)]
pub struct PsamLimit {
    /// The sealed limit, as `gridcard psam limit --statement` wrote it.
    pub limit: PathBuf,
}

/// The bank's PSAM that a file is about.
fn module(global: &Global, folder: &Path, number: &str) -> Result<Bay> {
    let pool = Pool::open(global, folder)?;
    let member = pool.member(number.parse().context("the number of a PSAM")?)?;
    let mut bay = Bay::open(global, &member.card, CardKind::Psam)?;
    member.must_be(Psam::open(&mut bay)?.info().number)?;
    Ok(bay)
}

/// Answers a city's request with the PSAM's statement and the orders the books have of it.
pub fn statement(global: &Global, options: &PsamStatement) -> Result<()> {
    let folder = bank(global)?;
    let request = Request::parse(&home::read_text(&options.asked)?)
        .with_context(|| options.asked.display().to_string())?;
    let mut store = store(&folder)?;
    let mut bay = module(global, &folder, &request.psam)?;
    let mut psam = Psam::open(&mut bay)?;
    must_agree(global, &mut store, &mut psam, &request.psam)?;
    let stated = psam.statement(request.challenge)?;
    let limit_challenge = psam.limit_challenge()?.ok_or_else(|| {
        refused(format!("PSAM {} was made before limits could come by files", request.psam))
            .hint("bring it to its city: `gridcard psam limit CARD`")
    })?;
    let chain = stated.chain;
    let said = Answer {
        format: Answer::FORMAT.to_owned(),
        psam: request.psam.clone(),
        challenge: request.challenge,
        stand: Stand { orders: chain.count, value_fen: chain.value, chain: chain.head },
        chain_before: chain.before,
        mac: stated.mac,
        limit_challenge,
        since: request.since,
        order_list: store.read(|view| view.sealed_since(&request.psam, request.since.orders))?,
        log: Origin::value(&folder)?,
    };
    bay.close()?;
    home::write(&options.out, said.to_json()?.as_bytes())?;
    vouch::received(global, &request.log);
    audit::fact(global, "psam", &request.psam);
    audit::fact(global, "orders", chain.count);
    audit::fact(global, "value_fen", chain.value);
    audit::fact(global, "chain", hex::encode_upper(chain.head));
    let text = facts(&[
        ("PSAM", request.psam.clone()),
        ("orders sealed", chain.count.to_string()),
        ("of them listed", said.order_list.len().to_string()),
        ("chain", hex::encode_upper(chain.head)),
        ("statement", options.out.display().to_string()),
    ]);
    let object = json!({
        "number": request.psam, "sealed": chain.count, "value_fen": chain.value, "listed": said.order_list.len(),
        "chain": hex::encode_upper(chain.head), "file": options.out.display().to_string(),
    });
    answer(global, &text, object);
    Ok(())
}

/// The books must know what the PSAM sealed: a list that does not make its chain would only come back refused.
fn must_agree(global: &Global, store: &mut Store, psam: &mut Psam<'_>, number: &str) -> Result<()> {
    let Some(chain) = OrderSealer::chain(psam)? else { return Ok(()) };
    let at = now(global)?;
    let session = store.batch(|act| act.begin_session(number, &chain, at))?;
    match session.finding {
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
pub fn limit(global: &Global, options: &PsamLimit) -> Result<()> {
    let folder = bank(global)?;
    let renewal = Renewal::parse(&home::read_text(&options.limit)?)
        .with_context(|| options.limit.display().to_string())?;
    let number: DeviceNumber = renewal.psam.parse().with_context(|| options.limit.display().to_string())?;
    let mut bay = module(global, &folder, &renewal.psam)?;
    let limits = Limits { count: renewal.orders, value: renewal.value_fen };
    let sealed = SealedLimit { number, challenge: renewal.challenge, limits, mac: renewal.mac };
    take_limit(&mut bay, &sealed)?;
    let counter = Psam::open(&mut bay)?.counter()?;
    bay.close()?;
    vouch::received(global, &renewal.log);
    audit::fact(global, "psam", number);
    audit::fact(global, "orders", limits.count);
    audit::fact(global, "value_fen", limits.value);
    let text = facts(&[
        ("PSAM", number.to_string()),
        ("orders", crate::issue::counter_words(&counter)),
        ("value it may seal", super::yuan(i64::try_from(limits.value).unwrap_or(i64::MAX))),
    ]);
    let object = json!({
        "number": number.to_string(), "sealed": counter.made, "limit": counter.limit, "left": counter.left(),
        "value_limit_fen": limits.value,
    });
    answer(global, &text, object);
    Ok(())
}
