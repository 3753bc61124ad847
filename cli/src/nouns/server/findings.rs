//! `gridcard server findings`, `clear`, `verify`: what is not as it should be.

use super::pool::{Member, Pool};
use super::{bank, store, two_people};
use crate::args::Global;
use crate::bay::Bay;
use crate::clock::now;
use crate::fail::security;
use crate::output::{answer, table};
use crate::{audit, people};
use ::server::{Chain, ClearError, Cleared, Finding, OrderSealer, Session, StoreError};
use clap::Args;
use lens::facts::facts;
use parties::trouble::Result;
use reader::driver::psam::Psam;
use scheme::profile::CardKind;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Options of `server findings`.
#[derive(Debug, Args)]
pub struct Findings {
    /// Those that were cleared as well.
    #[arg(long)]
    pub all: bool,
}

/// Options of `server clear`.
#[derive(Debug, Args)]
pub struct Clear {
    /// Number of the finding.
    pub finding: i64,
    /// What was found out about it.
    #[arg(long)]
    pub note: String,
}

/// Options of `server verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Taken from whoever still says it, and not read: what is compared is free to read.
    #[arg(long, value_name = "FILE", hide = true)]
    pub pin_file: Option<PathBuf>,
}

/// Runs `server findings`.
pub fn findings(global: &Global, options: &Findings) -> Result<()> {
    let store = store(&bank(global)?)?;
    let findings = store.read(|view| view.findings(options.all))?;
    let object = json!({ "findings": findings.iter().map(object).collect::<Vec<_>>() });
    let row = |finding: &Finding| {
        let about = finding.meter.map(|meter| meter.to_string()).or_else(|| finding.psam.clone());
        let cleared = finding.cleared.as_ref().map(|cleared| match &cleared.second {
            Some(second) => format!("{} and {second}", cleared.by),
            None => cleared.by.clone(),
        });
        vec![
            finding.id.to_string(),
            finding.kind.name().to_owned(),
            about.unwrap_or_default(),
            finding.at.to_string(),
            (if finding.freezes { "yes" } else { "" }).to_owned(),
            cleared.unwrap_or_default(),
            finding.detail.clone(),
        ]
    };
    if findings.is_empty() {
        answer(global, "nothing to clear", object);
        return Ok(());
    }
    let heading = ["finding", "kind", "about", "found", "stops sales", "cleared by", "what"];
    answer(global, &table(&heading, findings.iter().map(row).collect()), object);
    Ok(())
}

fn object(finding: &Finding) -> Value {
    let cleared = finding.cleared.as_ref().map(|cleared| {
        json!({ "at": cleared.at.to_string(), "by": cleared.by, "second": cleared.second, "note": cleared.note })
    });
    json!({
        "finding": finding.id, "kind": finding.kind.name(), "meter": finding.meter.map(|meter| meter.to_string()),
        "psam": finding.psam, "order": finding.order.map(|id| id.to_string()), "found": finding.at.to_string(),
        "stops_sales": finding.freezes, "what": finding.detail,
        "receipt": finding.receipt.as_ref().map(hex::encode_upper), "cleared": cleared,
    })
}

/// Runs `server clear`.
pub fn clear(global: &Global, options: &Clear) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let id = options.finding;
    let finding = store.read(|view| view.finding(id))?.ok_or(ClearError::Unknown(id))?;
    let (by, second) = if finding.freezes {
        let Some(two) = two_people(global, &folder, &store, "clearing a finding that stops sales")? else {
            return Ok(());
        };
        (two.first.to_string(), Some(two.second()))
    } else {
        (people::one(global, &folder)?.to_string(), None)
    };
    audit::fact(global, "finding", id);
    if let Some(second) = &second {
        audit::fact(global, "second", second);
    }
    let cleared = Cleared { at: now(global)?, by, second, note: options.note.clone() };
    store.batch(|act| act.clear_finding(id, &cleared))?;
    let text = format!("finding {id} ({}) is cleared", finding.kind);
    answer(
        global,
        &text,
        json!({ "finding": id, "kind": finding.kind.name(), "by": cleared.by, "second": cleared.second }),
    );
    Ok(())
}

/// Where a PSAM's chain stands; free to read, and no PIN is tried.
fn chain_of(global: &Global, member: &Member) -> Result<Option<Chain>> {
    let mut bay = Bay::open(global, &member.card, CardKind::Psam)?;
    let mut psam = Psam::open(&mut bay)?;
    member.must_be(psam.info().number)?;
    let chain = OrderSealer::chain(&mut psam)?;
    bay.close()?;
    Ok(chain)
}

/// Runs `server verify`.
pub fn verify(global: &Global, _: &Verify) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    store.check()?;
    let at = now(global)?;
    let mut psams = Vec::new();
    for member in &Pool::open(global, &folder)?.members {
        psams.push((member.number, chain_of(global, member)?));
    }
    let mut wrong: Vec<String> = store.read(|view| view.audit())?.iter().map(ToString::to_string).collect();
    for psam in store.read(|view| view.modules())? {
        if let Some(words) = store.read(|view| view.recompute(&psam))? {
            store.batch(|act| act.chain_finding(&psam, &words, at))?;
            wrong.push(words);
        }
    }
    for (number, chain) in &psams {
        let Some(chain) = chain else { continue };
        let Session { finding, .. } = store.batch(|act| act.begin_session(&number.to_string(), chain, at))?;
        wrong.extend(finding.filter(|finding| finding.freezes).map(|finding| finding.detail));
    }
    let open = store.read(|view| Ok::<_, StoreError>(view.findings(false)?.len()))?;
    let named = psams.iter().map(|(number, chain)| {
        let sealed = chain.map_or_else(|| "unknown".into(), |chain| chain.count.to_string());
        (format!("orders sealed by PSAM {number}"), sealed)
    });
    let named: Vec<(String, String)> = named.collect();
    let mut lines: Vec<(&str, String)> =
        named.iter().map(|(name, sealed)| (name.as_str(), sealed.clone())).collect();
    lines.extend([
        ("books and PSAM", if wrong.is_empty() { "agree".into() } else { "do not agree".into() }),
        ("findings to clear", open.to_string()),
    ]);
    let text = facts(&lines);
    let object = json!({
        "psams": psams.iter().map(|(number, chain)| json!({
            "psam": number.to_string(), "sealed": chain.map(|chain| chain.count),
            "sealed_fen": chain.map(|chain| chain.value),
        })).collect::<Vec<_>>(),
        "agree": wrong.is_empty(), "wrong": wrong, "findings": open,
    });
    answer(global, &text, object);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(security(wrong.join("; "))
        .hint("`gridcard server findings` has it; find out before two people clear it with `gridcard server clear`")
        .into())
}
