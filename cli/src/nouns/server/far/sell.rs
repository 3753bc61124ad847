//! Orders, asked of a running server.

use super::super::change::{Basis, ChangeMeter, tell_change};
use super::super::hand_over::{self, HandOver, HandOvers};
use super::super::sell::{
    Correct, Order, Reissue, ReissueReason, Resume, Reverse, To, Void, tell, tell_resumed, tell_void,
};
use super::record;
use crate::far::{Far, no_pin, option_is_near};
use parties::bank::look::CustomerReport;
use parties::bank::{ChangeReport, ResumeReport};
use parties::trouble::{Failure, Result};
use scheme::Kind;
use serde::Deserialize;
use serde_json::{Value, json};
use service::client::Request;

/// What is asked of an order of a customer, with him and the meter that is meant.
fn of(to: &To, mut fields: Value) -> Value {
    fields["customer"] = json!(to.customer);
    fields["meter"] = json!(to.meter);
    fields
}

/// Runs `server hand-overs`.
pub fn hand_overs(far: &Far<'_>, options: &HandOvers) -> Result<()> {
    let request = Request::to("hand-overs")?.query("customer", options.customer.as_ref());
    hand_over::tell_list(far.call, &far.look(&request)?);
    Ok(())
}

/// Runs `server hand-over`.
pub fn hand_over(far: &Far<'_>, options: &HandOver) -> Result<()> {
    let fields = json!({ "meter": options.meter, "customer": options.to, "note": options.note });
    hand_over::tell(far.call, &far.change(&Request::to("hand-over")?.fields(fields))?);
    Ok(())
}

/// Runs `server order`.
pub fn order(far: &Far<'_>, options: &Order) -> Result<()> {
    no_pin(&options.to.pin)?;
    if options.bank.address.is_some() {
        return Err(option_is_near("--bank", "a running server asks the customers' bank itself"));
    }
    let pay = options.bank_account.as_ref().map(|account| json!({ "bank_account": account.as_str() }));
    let amount = options.amount.map(|fen| fen.0);
    let fields = json!({ "amount_fen": amount, "pay": pay });
    let request = Request::to("sell")?.fields(of(&options.to, fields));
    tell(far.call, &record::order(far, &request, &options.to)?);
    Ok(())
}

/// Runs `server correct`.
pub fn correct(far: &Far<'_>, options: &Correct) -> Result<()> {
    no_pin(&options.to.pin)?;
    let fields = json!({ "amount_fen": options.amount.0 });
    let request = Request::to("correct")?.fields(of(&options.to, fields));
    tell(far.call, &record::order(far, &request, &options.to)?);
    Ok(())
}

/// Runs `server reverse`.
pub fn reverse(far: &Far<'_>, options: &Reverse) -> Result<()> {
    no_pin(&options.to.pin)?;
    let request = Request::to("reverse")?.fields(of(&options.to, json!({})));
    tell(far.call, &record::order(far, &request, &options.to)?);
    Ok(())
}

/// Runs `server reissue`.
pub fn reissue(far: &Far<'_>, options: &Reissue) -> Result<()> {
    no_pin(&options.to.pin)?;
    let reason = options.reason.map(|reason| match reason {
        ReissueReason::KeyChange => "key-change",
        ReissueReason::ChipReplaced => "chip-replaced",
    });
    let request = Request::to("reissue")?.fields(of(&options.to, json!({ "reason": reason })));
    tell(far.call, &record::order(far, &request, &options.to)?);
    Ok(())
}

/// What a server says of an order that it finished.
#[derive(Deserialize)]
struct Resumed {
    resumed: usize,
    copies: Vec<u32>,
}

/// Runs `server resume`.
pub fn resume(far: &Far<'_>, options: &Resume) -> Result<()> {
    no_pin(&options.pin)?;
    let Some(customer) = options.customer else {
        return Err(Failure::new(
            Kind::Usage,
            "a running server finishes the order of one customer at a time",
        )
        .hint("name him with --customer NUMBER")
        .code("url-customer")
        .into());
    };
    let request = Request::to("resume")?.fields(json!({ "customer": customer, "meter": options.meter }));
    let ticket = far.ticket(&request.digest())?;
    let done: Resumed = far.send(&request, &ticket)?;
    let mut report = ResumeReport { resumed: done.resumed, records: Vec::new(), copies: done.copies };
    let known: CustomerReport =
        far.look(&Request::to("customer")?.place("customer", customer).query("meter", options.meter))?;
    if let (1.., Some(order)) = (done.resumed, known.outstanding) {
        let name = record::name(customer, options.meter.filter(|_| known.holds.len() > 1), order.count);
        let file = record::keep(far, order.order, (customer, &name), None, report.copies.first().copied())?;
        report.records.push(file.display().to_string());
    }
    ticket.forget()?;
    tell_resumed(far.call, options, &report);
    Ok(())
}

/// Runs `server void`.
pub fn void(far: &Far<'_>, options: &Void) -> Result<()> {
    let request =
        Request::to("void")?.fields(json!({ "customer": options.customer, "meter": options.meter }));
    tell_void(far.call, &far.change(&request)?);
    Ok(())
}

/// Runs `server change-meter`.
pub fn change_meter(far: &Far<'_>, options: &ChangeMeter) -> Result<()> {
    no_pin(&options.pin)?;
    let (balance, count, note) = (options.balance.0, options.count, &options.note);
    let fields = json!({ "balance_fen": balance, "count": count, "note": note });
    let request = match options.finish {
        Some(change) => Request::to("finish-change")?.place("change", change).fields(fields),
        None => {
            let mut fields = fields;
            fields["customer"] = json!(options.customer);
            fields["old_meter"] = json!(options.old_meter);
            fields["meter"] = json!(options.meter);
            fields["basis"] = match options.basis {
                Basis::Read => "read".into(),
                Basis::Workshop => "workshop".into(),
                Basis::Burnt => "burnt".into(),
            };
            Request::to("change-meter")?.fields(fields)
        }
    };
    let out = options.out.as_deref();
    let ticket = record::begin(far, &request, out)?;
    let mut report: ChangeReport = far.send(&request, &ticket)?;
    if let Some(sealed) = &mut report.sealed {
        let named = options.old_meter.and(Some(sealed.meter));
        record::hand_out(far, sealed, out, named)?;
    }
    ticket.forget()?;
    tell_change(far.call, &report);
    Ok(())
}
