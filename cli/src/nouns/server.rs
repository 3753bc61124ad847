//! `gridcard server`: the bank's payment server.

use crate::args::Global;
use crate::bay::{Bay, hand_over};
use crate::card_ref::{self, CardRef};
use crate::clock::{entropy, now, random};
use crate::fail::refused;
use crate::home::{Home, Party};
use crate::nouns::kdc::out;
use crate::output::{answer, facts, say, table};
use crate::records;
use crate::secret;
use ::server::{
    Incoming, Options, OrderRequest, OrderState, Origin, PlacedOrder, Roster, SealedOrder, Settlement, Sim,
    Store, Terms,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reader::driver::psam::Psam;
use serde_json::{Value, json};
use std::fs::File;
use std::path::{Path, PathBuf};
use wire::bcd::{CustomerNumber, MeterNumber};
use wire::money::Fen;
use wire::order::OrderId;
use wire::profile::CardKind;
use wire::sms::record::RECORD_LEN;

/// Verbs of the server.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take the bank's PSAM into use: a card file moves into the bank's folder, of a card in a reader a link is kept there.
    Open(Open),
    /// Register customers from a CSV.
    Register(Register),
    /// Sell: make an order and write its record for the customer's SIM.
    Order(Order),
    /// Give a customer another SIM.
    ReplaceSim(ReplaceSim),
    /// Make the outstanding order of a customer anew, for a replaced SIM or after its validity.
    Reissue(Reissue),
    /// Finish orders whose sealing was interrupted, or write the record of an outstanding order again.
    Resume(Resume),
    /// Settle a receipt that came back.
    Settle(Settle),
    /// List orders.
    Orders,
    /// Totals, trial balance, and a check of the books.
    Report,
    /// What a customer paid and what was confirmed.
    Statement(Statement),
}

/// Options of `server open`.
#[derive(Debug, Args)]
pub struct Open {
    /// PSAM: its card file, or a card in a reader (pcsc:READER, pcsc:SERIAL).
    pub psam: CardRef,
}

/// The PSAM's PIN.
#[derive(Debug, Args)]
pub struct Pin {
    /// File with the PIN of the PSAM (`-`: stdin). Default: a prompt.
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
}

/// Options of `server register`.
#[derive(Debug, Args)]
pub struct Register {
    /// CSV: customer, meter, msisdn, imsi, imei, iccid, and if you like name and first_purchase.
    pub csv: PathBuf,
}

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

/// Options of `server replace-sim`.
#[derive(Debug, Args)]
pub struct ReplaceSim {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
    /// New telephone number.
    #[arg(long)]
    pub msisdn: String,
    /// New IMSI.
    #[arg(long)]
    pub imsi: String,
    /// New ICCID.
    #[arg(long)]
    pub iccid: String,
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

/// Options of `server settle`.
#[derive(Debug, Args)]
pub struct Settle {
    /// Record files with receipts.
    #[arg(required = true)]
    pub receipts: Vec<PathBuf>,
    /// The meter they come from, when it is known; else every meter that owes a receipt is tried.
    #[arg(long)]
    pub meter: Option<MeterNumber>,
    /// The PSAM's PIN.
    #[command(flatten)]
    pub pin: Pin,
}

/// Options of `server statement`.
#[derive(Debug, Args)]
pub struct Statement {
    /// Customer number.
    #[arg(long)]
    pub customer: CustomerNumber,
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => open(global, &options),
        Verb::Register(options) => register(global, &options),
        Verb::Order(options) => order(global, &options),
        Verb::ReplaceSim(options) => replace_sim(global, &options),
        Verb::Reissue(options) => reissue(global, &options),
        Verb::Resume(options) => resume(global, &options),
        Verb::Settle(options) => settle(global, &options),
        Verb::Orders => orders(global),
        Verb::Report => report(global),
        Verb::Statement(options) => statement(global, &options),
    }
}

/// Where the bank keeps its PSAM.
pub fn psam_card(folder: &Path) -> PathBuf {
    folder.join("psam.card")
}

/// The bank's database.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("server.sqlite")
}

fn bank(global: &Global) -> Result<PathBuf> {
    Home::new(global)?.party(Party::Bank, "the payment server's work")
}

fn store(folder: &Path) -> Result<Store> {
    let path = database(folder);
    Store::open(&path, Options::default()).with_context(|| format!("{}", path.display()))
}

/// Opens the PSAM and verifies its PIN, then works with it.
fn with_psam<T>(
    global: &Global,
    folder: &Path,
    pin: &Pin,
    work: impl FnOnce(&mut Psam<'_>) -> Result<T>,
) -> Result<T> {
    let pin = secret::pin(pin.pin_file.as_deref(), "the PSAM")?;
    let mut bay = Bay::open(global, &psam_card(folder), CardKind::Psam)?;
    let done = {
        let mut psam = Psam::open(&mut bay)?;
        psam.verify_pin(pin.expose())?;
        work(&mut psam)
    };
    bay.close()?;
    done
}

fn open(global: &Global, options: &Open) -> Result<()> {
    let info = super::city::info_of(global, &options.psam)?;
    if info.kind != CardKind::Psam {
        return Err(refused(format!(
            "{} is a card of kind {}, the server works with a PSAM",
            options.psam,
            info.kind.name()
        ))
        .into());
    }
    let folder = Home::new(global)?.make(Party::Bank, "opening the bank")?;
    hand_over(&options.psam, &psam_card(&folder))?;
    store(&folder)?;
    let text = format!(
        "the bank works with this PSAM ({}): {}",
        info.state.name(),
        card_ref::shown(&psam_card(&folder))
    );
    answer(
        global,
        &text,
        json!({ "psam": card_ref::shown(&psam_card(&folder)), "state": info.state.name() }),
    );
    Ok(())
}

fn register(global: &Global, options: &Register) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let file = File::open(&options.csv).with_context(|| format!("cannot read {}", options.csv.display()))?;
    let roster = Roster::read(file).with_context(|| format!("{}", options.csv.display()))?;
    let report = store.batch(|act| act.register(&roster))?;
    let rejected: Vec<String> = report.rejected.iter().map(ToString::to_string).collect();
    let text = facts(&[
        ("registered", report.registered.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("rejected", rejected.len().to_string()),
    ]);
    answer(
        global,
        &text,
        json!({
            "registered": report.registered, "unchanged": report.unchanged, "rejected": rejected,
            "unknown_columns": report.unknown_columns,
        }),
    );
    report
        .unknown_columns
        .iter()
        .for_each(|name| say(format!("column {name:?} is not known and was left out")));
    rejected.iter().for_each(|line| say(format!("rejected: {line}")));
    if rejected.is_empty() {
        Ok(())
    } else {
        Err(refused(format!("{} line(s) were rejected", rejected.len())).into())
    }
}

fn meter_of(store: &Store, customer: CustomerNumber) -> Result<::server::Registration> {
    let found = store.read(|view| view.customer(customer))?;
    found.ok_or_else(|| {
        refused(format!("customer {customer} is not registered"))
            .hint("`gridcard server register FILE.csv` registers customers")
            .into()
    })
}

fn order(global: &Global, options: &Order) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let registration = meter_of(&store, options.customer)?;
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

fn replace_sim(global: &Global, options: &ReplaceSim) -> Result<()> {
    let mut store = store(&bank(global)?)?;
    let sim = Sim {
        msisdn: options.msisdn.parse().context("--msisdn")?,
        imsi: options.imsi.parse().context("--imsi")?,
        iccid: options.iccid.parse().context("--iccid")?,
    };
    let replaced = store.batch(|act| act.replace_sim(options.customer, &sim))?;
    let outstanding = replaced.outstanding.map(|id| id.to_string());
    let text = format!("customer {} has SIM {} now", options.customer, options.iccid);
    answer(
        global,
        &text,
        json!({ "customer": options.customer.to_string(), "iccid": options.iccid, "outstanding": outstanding }),
    );
    if let Some(id) = outstanding {
        say(format!(
            "order {id} was made for the old SIM: `gridcard server reissue --customer {}` makes it anew",
            options.customer
        ));
    }
    Ok(())
}

fn reissue(global: &Global, options: &Reissue) -> Result<()> {
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

fn resume(global: &Global, options: &Resume) -> Result<()> {
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

fn settle(global: &Global, options: &Settle) -> Result<()> {
    let folder = bank(global)?;
    let mut store = store(&folder)?;
    let origin = options.meter.map_or(Origin::Outstanding, Origin::Meter);
    let at = now(global)?;
    let mut rows = Vec::new();
    let mut failed = None;
    with_psam(global, &folder, &options.pin, |psam| {
        for path in &options.receipts {
            let settled = records::read(path).and_then(|record| {
                let incoming = Incoming::Record(&record);
                Ok(store.settle(psam, incoming, &origin, at, &Terms::default())?)
            });
            match settled {
                Ok(settlement) => rows.push(settlement_row(path, &settlement)),
                Err(error) => {
                    rows.push(vec![
                        path.display().to_string(),
                        "refused".into(),
                        String::new(),
                        format!("{error:#}"),
                    ]);
                    failed = Some(error);
                }
            }
        }
        Ok(())
    })?;
    let object = json!({ "receipts": rows.iter().map(|row| json!({ "file": row[0], "result": row[1], "order": row[2], "detail": row[3] })).collect::<Vec<_>>() });
    answer(global, &table(&["receipt", "result", "order", "detail"], rows), object);
    failed.map_or(Ok(()), Err)
}

fn settlement_row(path: &Path, settlement: &Settlement) -> Vec<String> {
    let file = path.display().to_string();
    match settlement {
        Settlement::AlreadySettled(order) => {
            vec![file, "already settled".into(), order.to_string(), "nothing changed".into()]
        }
        Settlement::Settled(settled) => {
            let receipt = &settled.receipt;
            let detail = format!(
                "{} credited by meter {} at {}, balance {}, register {}",
                settled.amount,
                receipt.meter,
                receipt.time,
                receipt.balance,
                super::meter::energy(receipt.register),
            );
            vec![file, "settled".into(), settled.order.to_string(), detail]
        }
    }
}

fn orders(global: &Global) -> Result<()> {
    let store = store(&bank(global)?)?;
    let orders = store.read(|view| view.orders(None))?;
    let object = json!({ "orders": orders.iter().map(order_json).collect::<Vec<_>>() });
    let row = |placed: &PlacedOrder| {
        let order = &placed.order;
        vec![
            order.id.to_string(),
            order.customer.to_string(),
            order.meter.to_string(),
            order.count.to_string(),
            order.amount.to_string(),
            order.kind.name().to_owned(),
            placed.state.name().to_owned(),
            order.issued.to_string(),
        ]
    };
    let heading = ["order", "customer", "meter", "count", "amount", "kind", "state", "issued"];
    answer(global, &table(&heading, orders.iter().map(row).collect()), object);
    Ok(())
}

fn order_json(placed: &PlacedOrder) -> Value {
    let order = &placed.order;
    json!({
        "order": order.id.to_string(), "customer": order.customer.to_string(), "meter": order.meter.to_string(),
        "count": order.count, "amount_fen": order.amount.0, "kind": order.kind.name(), "state": placed.state.name(),
        "settled": placed.state == OrderState::Settled, "issued": order.issued.to_string(),
    })
}

fn report(global: &Global) -> Result<()> {
    let store = store(&bank(global)?)?;
    store.check()?;
    let (totals, balance, findings) = store
        .read(|view| Ok::<_, ::server::StoreError>((view.totals()?, view.trial_balance()?, view.audit()?)))?;
    let yuan = |fen: i64| {
        format!("{}{}.{:02} yuan", if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100)
    };
    let text = facts(&[
        ("customers", totals.customers.to_string()),
        ("orders", totals.orders.to_string()),
        ("sold", yuan(totals.sold_fen)),
        ("settled", yuan(totals.settled_fen)),
        ("outstanding", yuan(totals.outstanding_fen)),
        ("bank cash", yuan(balance.bank_cash)),
        ("prepaid", yuan(balance.prepaid)),
        ("delivered", yuan(balance.delivered)),
        ("sum of all accounts", balance.sum().to_string()),
        ("findings", findings.len().to_string()),
    ]);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    answer(
        global,
        &text,
        json!({
            "customers": totals.customers, "orders": totals.orders, "sold_fen": totals.sold_fen,
            "settled_fen": totals.settled_fen, "outstanding_fen": totals.outstanding_fen, "bank_cash_fen": balance.bank_cash,
            "prepaid_fen": balance.prepaid, "delivered_fen": balance.delivered, "sum_fen": balance.sum().to_string(),
            "findings": findings,
        }),
    );
    if findings.is_empty() { Ok(()) } else { Err(refused(findings.join("; ")).into()) }
}

fn statement(global: &Global, options: &Statement) -> Result<()> {
    let store = store(&bank(global)?)?;
    meter_of(&store, options.customer)?;
    let lines = store.read(|view| view.statement(options.customer))?;
    let yuan = |fen: i64| format!("{}.{:02}", fen / 100, (fen % 100).abs());
    let row = |line: &::server::StatementLine| {
        vec![
            line.at.to_string(),
            line.kind.name().to_owned(),
            line.order.to_string(),
            line.count.to_string(),
            yuan(line.amount_fen),
            yuan(line.prepaid_fen),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let object = json!({ "customer": options.customer.to_string(), "lines": rows });
    answer(global, &table(&["time", "kind", "order", "count", "yuan", "not confirmed"], rows), object);
    Ok(())
}
