//! Receipts, asked of a running server.

use super::super::settle::{Refund, Settle, tell_refunded, tell_settled};
use crate::far::{Far, is_about_all, no_pin, option_is_near};
use parties::bank::{ReceiptLine, SettleReport};
use parties::carrier::{Carrier, Files};
use parties::trouble::{Context, Result};
use parties::vouch::Origin;
use scheme::subscription::{Iccid, Msisdn};
use serde::Deserialize;
use serde_json::json;
use service::client::Request;
use sha2::{Digest, Sha256};

/// What a server says of a receipt.
#[derive(Deserialize)]
struct Settled {
    #[serde(flatten)]
    line: ReceiptLine,
    log: Option<Origin>,
}

/// Runs `server settle`: each receipt is a request of its own.
pub fn settle(far: &Far<'_>, options: &Settle) -> Result<()> {
    no_pin(&options.pin)?;
    if options.search {
        return Err(option_is_near(
            "--search",
            "a running server is told which SIM or meter a receipt is of",
        ));
    }
    let from = options.from.as_deref().map(str::parse::<Msisdn>).transpose().context("--from")?;
    let requests: Vec<Result<Request>> = options
        .receipts
        .iter()
        .map(|file| {
            let message = Files.fetch(file)?;
            // What a card shows that is no ICCID is none.
            let known = message.sim.iccid.filter(|iccid| iccid.parse::<Iccid>().is_ok());
            let iccid = known.filter(|_| from.is_none() && options.meter.is_none());
            let fields = json!({
                "record": hex::encode_upper(message.record),
                "msisdn": from.as_ref().map(ToString::to_string),
                "iccid": iccid,
                "meter": options.meter,
            });
            Ok(Request::to("settle")?.fields(fields))
        })
        .collect();
    let ticket = far.ticket(&whole(&requests))?;
    let (mut lines, mut log, mut failed) = (Vec::new(), None, None);
    for (n, (file, request)) in (1..).zip(options.receipts.iter().zip(requests)) {
        match request.and_then(|request| far.send_row::<Settled>(&request, &ticket, n)) {
            Ok(settled) => {
                let line = ReceiptLine { file: file.display().to_string(), ..settled.line };
                failed = line.held().or(failed);
                log = settled.log.or(log);
                lines.push(line);
            }
            Err(error) if is_about_all(&error) => return Err(error),
            Err(error) => {
                lines.push(ReceiptLine::refused(file, &error));
                failed = Some(error);
            }
        }
    }
    ticket.forget()?;
    tell_settled(far.call, SettleReport::of(lines, log, failed))
}

/// What tells these receipts from any others.
fn whole(requests: &[Result<Request>]) -> [u8; 32] {
    let mut all = Sha256::new();
    for request in requests {
        all.update(request.as_ref().map_or([0; 32], Request::digest));
    }
    all.finalize().into()
}

/// Runs `server refund`.
pub fn refund(far: &Far<'_>, options: &Refund) -> Result<()> {
    let request = Request::to("refund")?.fields(json!({ "customer": options.customer }));
    tell_refunded(far.call, &far.change(&request)?);
    Ok(())
}
