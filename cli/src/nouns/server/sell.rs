//! `gridcard server order`, `correct`, `reverse`, `reissue`, `resume`, `void`: orders on their way to a SIM.

use super::pins::Pin;
use super::{Sale, bank, meter_of, selling, store, terms, two_people};
use crate::args::Global;
use crate::audit;
use crate::clock::{entropy, now, random};
use crate::fail::refused;
use crate::nouns::kdc::out;
use crate::nouns::revoked;
use crate::output::{answer, say};
use crate::records::{self, SimNote};
use ::scheme::numbers::DeviceNumber;
use ::server::{Anew, Keys, OrderError, OrderRequest, PlacedOrder, SealedOrder};
use clap::{Args, ValueEnum};
use lens::facts::facts;
use parties::trouble::Result;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::order::{Order as Purchase, OrderId};
use scheme::profile::CardKind;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wire::sms::record::RECORD_LEN;

/// Whose order, and where it goes.
#[derive(Debug, Args)]
pub struct To {
    /// Customer number, 12 digits.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// Record file for the SIM. Default: CUSTOMER-COUNT.sms in the bank's out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server order`.
#[derive(Debug, Args)]
pub struct Order {
    /// Amount in yuan, as in 50 or 50.00. Default: the first purchase of the registration.
    #[arg(long)]
    pub amount: Option<Fen>,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server correct`.
#[derive(Debug, Args)]
pub struct Correct {
    /// The right amount in yuan.
    #[arg(long)]
    pub amount: Fen,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server reverse`.
#[derive(Debug, Args)]
pub struct Reverse {
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Options of `server reissue`.
#[derive(Debug, Args)]
pub struct Reissue {
    /// Why, when it is not the SIM or the validity.
    #[arg(long, value_enum)]
    pub reason: Option<ReissueReason>,
    /// Whose order it is.
    #[command(flatten)]
    pub to: To,
}

/// Why an order is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReissueReason {
    /// The ESAM got other keys.
    KeyChange,
    /// Another ESAM is in the meter; two people know that the old one credits nothing any more.
    ChipReplaced,
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

/// Options of `server void`.
#[derive(Debug, Args)]
pub struct Void {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

fn draw(global: &Global, what: &str, customer: CustomerNumber) -> Result<OrderId> {
    let at = now(global)?;
    Ok(OrderId(random(&mut *entropy(global, &format!("{what} {customer} {at}")))))
}

/// Runs `server order`.
pub fn order(global: &Global, options: &Order) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let to = &options.to;
    let registration = meter_of(&store, to.customer)?;
    // An ESAM that was revoked gets no more money; what it has is credited and settled.
    revoked::must_not_be(&folder, CardKind::Esam, DeviceNumber(registration.meter.0))?;
    let amount = options.amount.or(registration.first_purchase);
    let amount = amount.ok_or_else(|| refused("no amount").hint("say how much with --amount YUAN"))?;
    let (meter, now, id) = (registration.meter, now(global)?, draw(global, "order", to.customer)?);
    let terms = terms(&store)?;
    let request = OrderRequest { meter, amount, now, id };
    let sale = Sale::new(&store, &to.pin, meter)?;
    let sealed = selling(global, &folder, &mut store, &sale, |store, psam| {
        Ok(store.purchase(psam, &request, &terms)?)
    })?;
    hand_out(global, &folder, to, &sealed)
}

/// Runs `server correct`.
pub fn correct(global: &Global, options: &Correct) -> Result<()> {
    if options.amount.0 == 0 {
        return Err(refused("a correction has an amount")
            .hint("an order that should not have been is taken back with `gridcard server reverse`")
            .into());
    }
    second_order(global, &options.to, options.amount)
}

/// Runs `server reverse`.
pub fn reverse(global: &Global, options: &Reverse) -> Result<()> {
    second_order(global, &options.to, Fen(0))
}

fn second_order(global: &Global, to: &To, amount: Fen) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let meter = meter_of(&store, to.customer)?.meter;
    let (now, id) = (now(global)?, draw(global, "correct", to.customer)?);
    let terms = terms(&store)?;
    let request = OrderRequest { meter, amount, now, id };
    let sale = Sale::new(&store, &to.pin, meter)?;
    let sealed =
        selling(
            global,
            &folder,
            &mut store,
            &sale,
            |store, psam| Ok(store.correct(psam, &request, &terms)?),
        )?;
    hand_out(global, &folder, to, &sealed)?;
    say(
        "the meter takes this order or the one before, whichever it sees first; its receipt tells which, and what is due then",
    );
    Ok(())
}

/// Runs `server reissue`.
pub fn reissue(global: &Global, options: &Reissue) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let to = &options.to;
    let meter = meter_of(&store, to.customer)?.meter;
    let anew = match options.reason {
        None => Anew::Needed,
        Some(ReissueReason::KeyChange) => Anew::KeyChange,
        Some(ReissueReason::ChipReplaced) => {
            let act = "moving what was paid to another chip";
            let Some(two) = two_people(global, &folder, &store, act)? else { return Ok(()) };
            audit::fact(global, "second", two.second());
            Anew::ChipReplaced
        }
    };
    let (at, id) = (now(global)?, draw(global, "reissue", to.customer)?);
    let terms = terms(&store)?;
    let sale = Sale::new(&store, &to.pin, meter)?;
    let sealed = selling(global, &folder, &mut store, &sale, |store, psam| {
        Ok(store.reissue(psam, meter, at, id, anew, &terms)?)
    })?;
    hand_out(global, &folder, to, &sealed)
}

/// What a record file says of the SIM its order is for.
fn its_sim(order: &Purchase, iccid: &str) -> SimNote {
    SimNote { iccid: Some(iccid.to_owned()), binding: Some(order.binding) }
}

fn hand_out(global: &Global, folder: &Path, to: &To, sealed: &SealedOrder) -> Result<()> {
    let (order, customer) = (&sealed.order, to.customer);
    let path = match &to.out {
        Some(path) => path.clone(),
        None => out(folder)?.join(format!("{customer}-{}.sms", order.count)),
    };
    records::write(&path, &sealed.record, &its_sim(order, &sealed.iccid)).map_err(|error| {
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
        ("for", format!("customer {customer}, meter {}, ESAM {}", order.meter, order.serial)),
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
            "serial": order.serial.to_string(), "amount_fen": order.amount.0, "count": order.count,
            "kind": order.kind.name(), "valid_until": order.valid_until.to_string(), "iccid": sealed.iccid,
            "record": path.display().to_string(), "warning": sealed.warning,
        }),
    );
    if let Some(warning) = &sealed.warning {
        say(format!("note: {warning}"));
    }
    Ok(())
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
        records::write(&path, record, &its_sim(&placed.order, &placed.iccid))?;
        files.push(path.display().to_string());
        Ok(())
    };
    let (sealed, unsealed): (Vec<_>, Vec<_>) = open.into_iter().partition(|placed| placed.record.is_some());
    for placed in &sealed {
        placed.record.as_ref().map_or(Ok(()), |record| keep(placed, record))?;
    }
    // One session for all orders of one PSAM. Who was asked before is asked again: by its chain it tells what became of it.
    let mut sessions: BTreeMap<(Keys, Vec<String>), Vec<&PlacedOrder>> = BTreeMap::new();
    for placed in &unsealed {
        let asked = store.read(|view| {
            Ok::<_, OrderError>((view.keys_of_order(placed)?, view.psams_of(placed.order.id)?))
        })?;
        sessions.entry(asked).or_default().push(placed);
    }
    for ((keys, asked), orders) in sessions {
        let (terms, at) = (terms(&store)?, now(global)?);
        let Some(meter) = orders.first().map(|placed| placed.order.meter) else { continue };
        let sale = Sale { pin: &options.pin, meter, keys, asked: &asked };
        selling(global, &folder, &mut store, &sale, |store, psam| {
            for placed in orders {
                let sealed = store.seal(psam, placed.order.id, at, &terms)?;
                keep(placed, &sealed.record)?;
            }
            Ok(())
        })?;
    }
    answer(global, &files.join("\n"), json!({ "resumed": files.len(), "records": files }));
    Ok(())
}

/// Runs `server void`.
pub fn void(global: &Global, options: &Void) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let meter = meter_of(&store, options.customer)?.meter;
    let placed = store.read(|view| view.outstanding(meter))?;
    let placed = placed.ok_or(OrderError::NothingOutstanding(meter))?;
    let (id, at) = (placed.order.id, now(global)?);
    store.batch(|act| act.void_order(id, at))?;
    audit::fact(global, "order", id);
    let text = format!("order {id} ({}, purchase {}) is void", placed.order.amount, placed.order.count);
    answer(
        global,
        &text,
        json!({ "order": id.to_string(), "amount_fen": placed.order.amount.0, "count": placed.order.count }),
    );
    Ok(())
}
