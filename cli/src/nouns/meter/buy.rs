//! `gridcard meter buy`: a telephone between a meter's line and a running server, without a key of its own.

use super::pipe::Protocol;
use crate::far::{Far, Remote};
use crate::prelude::*;
use crate::shared::By;
use crate::way::Ahead;
use parties::bank::online::{MessageReport, ResultReport};
use parties::bank::recharge::RechargeReport;
use parties::frames;
use parties::pipe::{self, OnlineServer, PipeReport, RechargeServer, Telephone, Wanted};
use reader::security::BankAsked;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::order::OrderId;
use scheme::subscription::{Imei, Imsi, Msisdn};
use serde_json::json;
use server::BankAccount;
use service::client::Request;
use wire::ByteLink;

/// Options of `meter buy`.
#[derive(Debug, Args)]
pub struct Buy {
    #[command(flatten)]
    pub ahead: Ahead,
    /// Who buys.
    #[arg(long, value_name = "NUMBER")]
    pub customer: CustomerNumber,
    /// For which of his meters. Default: the only one he has.
    #[arg(long, value_name = "NUMBER")]
    pub meter: Option<MeterNumber>,
    /// Amount in yuan. Default: what is outstanding for the meter, which is brought and not sold again; else the first purchase of the
    /// registration.
    #[arg(long, value_name = "YUAN")]
    pub amount: Option<Fen>,
    /// The account that is debited, by the bank's token. Default: it is paid in cash.
    #[arg(long, value_name = "TOKEN")]
    pub bank_account: Option<BankAccount>,
    /// What goes between meter and server. A recharge by the field's frames says nothing of the telephone.
    #[arg(long, value_enum, default_value = "session")]
    pub by: By,
    /// Number of the telephone.
    #[arg(long, value_name = "NUMBER", required_if_eq("by", "session"))]
    pub msisdn: Option<Msisdn>,
    /// Subscriber of the SIM in it.
    #[arg(long, value_name = "NUMBER", required_if_eq("by", "session"))]
    pub imsi: Option<Imsi>,
    /// The telephone's own identity.
    #[arg(long, value_name = "NUMBER", required_if_eq("by", "session"))]
    pub imei: Option<Imei>,
    /// What the meter speaks; what is carried goes inside.
    #[arg(long, value_enum, default_value = "645")]
    pub protocol: Protocol,
    #[command(flatten)]
    pub remote: Remote,
}

/// What a customer wants, as the server is told.
fn fields(wanted: &Wanted) -> serde_json::Value {
    let pay = wanted.account.as_ref().map(|account| json!({ "bank_account": account.as_str() }));
    json!({
        "customer": wanted.customer,
        "meter": wanted.meter,
        "amount_fen": wanted.amount.map(|fen| fen.0),
        "pay": pay,
    })
}

impl OnlineServer for Far<'_> {
    fn begin(&mut self, wanted: &Wanted) -> Result<MessageReport> {
        self.change(&Request::to("begin-online")?.fields(fields(wanted)))
    }

    fn request(&mut self, purchase: OrderId, message: &str) -> Result<MessageReport> {
        let request = Request::to("online-request")?.place("purchase", purchase);
        self.change(&request.fields(json!({ "message": message })))
    }

    fn result(&mut self, purchase: OrderId, message: &str) -> Result<ResultReport> {
        let request = Request::to("online-result")?.place("purchase", purchase);
        self.change(&request.fields(json!({ "message": message })))
    }
}

impl RechargeServer for Far<'_> {
    fn recharge(&mut self, wanted: &Wanted, said: &BankAsked) -> Result<RechargeReport> {
        let mut fields = fields(wanted);
        fields["esam"] = hex::encode_upper(said.esam).into();
        fields["random"] = hex::encode_upper(said.random).into();
        fields["count"] = said.count.into();
        self.change(&Request::to("recharge")?.fields(fields))
    }
}

/// Carries a purchase to its end, and shows what was passed on.
pub fn run(call: &Call, options: &Buy) -> Result<()> {
    options.remote.must_be_named()?;
    let mut far = options.remote.line(call)?;
    let wanted = Wanted {
        customer: options.customer,
        meter: options.meter,
        amount: options.amount,
        account: options.bank_account.clone(),
    };
    let carry = |link: &mut dyn ByteLink| match (options.by, &options.msisdn, &options.imsi, &options.imei) {
        (By::Session, Some(msisdn), Some(imsi), Some(imei)) => {
            let telephone = Telephone { msisdn: msisdn.clone(), imsi: imsi.clone(), imei: imei.clone() };
            pipe::pass(link, &mut far, &wanted, &telephone)
        }
        _ => frames::pass(link, &mut far, &wanted),
    };
    let carried = options.ahead.reach(call, |link| options.protocol.speak(link, carry))?;
    carried.tell(call, &words(call, &carried.report));
    carried.report.verdict()
}

fn words(call: &Call, report: &PipeReport) -> String {
    let PipeReport { purchase, receipt, passed, line } = report;
    let head = facts(&[
        ("purchase", purchase.purchase.to_string()),
        ("customer", purchase.customer.to_string()),
        ("meter", purchase.meter.to_string()),
        ("order", format!("{} of {}", purchase.order, purchase.amount_fen)),
        ("receipt", format!("{}: {}", receipt.result, receipt.detail)),
    ]);
    let rows = passed.iter().map(|passed| {
        let [came, went] = &passed.sha256;
        let same = if came == went { "as it came" } else { "CHANGED" };
        row![passed.message, passed.way, passed.bytes[0], passed.bytes[1], &came[..16], same]
    });
    let mut text = format!(
        "{head}\n\n{}",
        table(&["", "from and to", "bytes in", "out", "SHA-256 begins", ""], rows.collect())
    );
    if call.options.wire_time {
        text.push_str(&format!(
            "\n\nthe meter's line: {} bytes to it, {} from it, asked {} times: {} ms at {} bit/s, {} ms at {};\n\
             the messages alone would take {} ms and {} ms",
            line.sent,
            line.received,
            line.turns,
            line.ms_1200,
            pipe::SLOW,
            line.ms_9600,
            pipe::FAST,
            line.least_ms_1200,
            line.least_ms_9600,
        ));
    }
    text
}
