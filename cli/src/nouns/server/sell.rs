//! `gridcard server order`, `reissue`, `resume`: orders on their way to a SIM.

use super::{Pin, bank, meter_of, store, with_psam};
use crate::args::Global;
use crate::audit;
use crate::clock::{entropy, now, random};
use crate::fail::refused;
use crate::nouns::kdc::out;
use crate::nouns::revoked;
use crate::output::{answer, facts, say};
use crate::records;
use ::kdc::ids::DeviceNumber;
use ::server::{OrderRequest, PlacedOrder, SealedOrder, Terms};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use wire::bcd::CustomerNumber;
use wire::money::Fen;
use wire::order::OrderId;
use wire::profile::CardKind;
use wire::sms::record::RECORD_LEN;

/// Options of `server order`.
#[derive(Debug, Args)]
pub struct Order {
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Amount in yuan, as in 50 or 50.00. Default: the first purchase of the registration.
    #[arg(long)]
    pub amount: Option<Fen>,
    /// Record file for the SIM. Default: CUSTOMER-COUNT.sms in the bank's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server reissue`.
#[derive(Debug, Args)]
pub struct Reissue {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Record file for the SIM.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server resume`.
#[derive(Debug, Args)]
pub struct Resume {
    /// The order that this customer has outstanding, sealed or not; default: all that were interrupted.
    #[arg(long)]
    pub customer: Option<CustomerNumber>,
    /// The PSAM's PIN, not asked for when nothing has to be sealed.
    #[command(flatten)]
    pub pin: Pin,
}

/// Runs `server order`.
pub fn order(global: &Global, options: &Order) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let registration = meter_of(&store, options.customer)?;
    // An ESAM that was revoked gets no more money; what it has is credited and settled.
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(registration.meter.0))?;
    let amount = options.amount.or(registration.first_purchase);
    let amount = amount.ok_or_else(|| refused("no amount").hint("say how much with --amount YUAN"))?;
    let request = OrderRequest {
        meter: registration.meter,
        amount,
        now: now(global)?,
        id: OrderId(random(&mut *entropy(global, &format!("order {} {}", options.customer, now(global)?)))),
    };
    let sealed = with_psam(global, &folder, &options.pin, |psam| {
        let sealed = store.purchase(psam, &request, &Terms::default())?;
        if let Some(left) = psam.counter()?.left() {
            say(format!("the PSAM can seal {left} more order(s)"));
        }
        Ok(sealed)
    })?;
    hand_out(global, &folder, options.customer, &sealed, options.out.as_deref())
}

fn hand_out(
    global: &Global,
    folder: &Path,
    customer: CustomerNumber,
    sealed: &SealedOrder,
    file: Option<&Path>,
) -> Result<()> {
    let order = &sealed.order;
    let path = match file {
        Some(path) => path.to_path_buf(),
        None => out(folder)?.join(format!("{customer}-{}.sms", order.count)),
    };
    records::write(&path, &sealed.record).map_err(|error| {
        refused(format!("{error:#}")).hint(format!(
            "the order is kept: `gridcard server resume --customer {customer}` writes its record"
        ))
    })?;
    for (name, value) in [
        ("order", order.id.to_string()),
        ("customer", customer.to_string()),
        ("meter", order.meter.to_string()),
        ("amount_fen", order.amount.0.to_string()),
        ("count", order.count.to_string()),
    ] {
        audit::fact(global, name, value);
    }
    let text = facts(&[
        ("order", order.id.to_string()),
        ("for", format!("customer {customer}, meter {}", order.meter)),
        ("amount", format!("{} ({}, purchase {})", order.amount, order.kind.name(), order.count)),
        ("valid until", order.valid_until.to_string()),
        ("SIM", sealed.iccid.clone()),
        ("record", path.display().to_string()),
    ]);
    answer(
        global,
        &text,
        json!({
            "order": order.id.to_string(), "customer": customer.to_string(), "meter": order.meter.to_string(),
            "amount_fen": order.amount.0, "count": order.count, "kind": order.kind.name(), "iccid": sealed.iccid,
            "record": path.display().to_string(),
        }),
    );
    Ok(())
}

/// Runs `server reissue`.
pub fn reissue(global: &Global, options: &Reissue) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let meter = meter_of(&store, options.customer)?.meter;
    let at = now(global)?;
    let id = OrderId(random(&mut *entropy(global, &format!("reissue {} {at}", options.customer))));
    let sealed = with_psam(global, &folder, &options.pin, |psam| {
        Ok(store.reissue(psam, meter, at, id, &Terms::default())?)
    })?;
    hand_out(global, &folder, options.customer, &sealed, options.out.as_deref())
}

/// Runs `server resume`.
pub fn resume(global: &Global, options: &Resume) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let open = match options.customer {
        Some(customer) => {
            let meter = meter_of(&store, customer)?.meter;
            store.read(|view| view.outstanding(meter))?.into_iter().collect()
        }
        None => store.read(|view| view.interrupted())?,
    };
    if open.is_empty() {
        let words = options.customer.map_or("no order was interrupted", |_| "no order is outstanding");
        answer(global, words, json!({ "resumed": 0 }));
        return Ok(());
    }
    let mut files = Vec::new();
    let mut keep = |placed: &PlacedOrder, record: &[u8; RECORD_LEN]| -> Result<()> {
        let path = out(&folder)?.join(format!("{}-{}.sms", placed.order.customer, placed.order.count));
        records::write(&path, record)?;
        files.push(path.display().to_string());
        Ok(())
    };
    let (sealed, unsealed): (Vec<_>, Vec<_>) = open.into_iter().partition(|placed| placed.record.is_some());
    for placed in &sealed {
        placed.record.as_ref().map_or(Ok(()), |record| keep(placed, record))?;
    }
    if !unsealed.is_empty() {
        with_psam(global, &folder, &options.pin, |psam| {
            for placed in &unsealed {
                let sealed = store.seal(psam, placed.order.id, &Terms::default())?;
                keep(placed, &sealed.record)?;
            }
            Ok(())
        })?;
    }
    answer(global, &files.join("\n"), json!({ "resumed": files.len(), "records": files }));
    Ok(())
}
