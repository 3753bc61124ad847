//! Contracts, codes and limits, asked of a running server.

use super::super::contract::{
    Apply, Code, Customer, Limits, Scope, tell_applied, tell_code, tell_customer, tell_limits, tell_used,
};
use super::super::phone::{Phone, tell, tell_list};
use crate::far::Far;
use parties::bank::look::{CustomerReport, Whose};
use parties::bank::phones::PhoneChange;
use parties::bank::{ApplyReport, CodeReport};
use parties::trouble::{Result, Trouble, refused};
use serde_json::{Map, Value, json};
use service::client::Request;

/// What is shown once stood in an answer that did not come.
fn shown_before(what: &str, again: &str) -> Trouble {
    refused(format!(
        "it was done before, and {what} stood in the answer that did not come; it is kept nowhere"
    ))
    .hint(again)
    .code("shown-before")
    .into()
}

/// Runs `server apply`.
pub fn apply(far: &Far<'_>, options: &Apply) -> Result<()> {
    let mut fields: Map<String, Value> =
        options.registration().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let more = [
        ("first_purchase_fen", json!(options.first_purchase.map(|fen| fen.0))),
        ("paper", json!(options.paper)),
        ("paper_number", json!(options.paper_number)),
        ("address", json!(options.address)),
        ("bill", json!(options.bill)),
        ("bank", json!(options.bank)),
        ("scan_sha256", json!(options.scan)),
    ];
    fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let report: ApplyReport = far.change(&Request::to("apply")?.fields(fields.into()))?;
    if report.agreement.is_empty() {
        return Err(shown_before(
            "the agreement",
            "the same command again writes another application down, and prints its agreement",
        ));
    }
    tell_applied(far.call, &report);
    Ok(())
}

/// Runs `server customer`.
pub fn customer(far: &Far<'_>, options: &Customer) -> Result<()> {
    let find = || Request::to("find-customer");
    let by_other = match options.whose()? {
        Whose::Customer(customer) => Ok(customer),
        Whose::Meter(meter) => Err(find()?.query("meter", Some(meter))),
        Whose::Phone(phone) => Err(find()?.query("msisdn", Some(phone))),
        Whose::Bill(bill) => Err(find()?.query("bill", Some(bill))),
    };
    let customer = match by_other {
        Ok(customer) => customer,
        Err(request) => far.look::<CustomerReport>(&request)?.customer,
    };
    tell_customer(far.call, &far.look(&Request::to("customer-contract")?.place("customer", customer))?);
    Ok(())
}

/// Runs a verb of authorisation codes.
pub fn code(far: &Far<'_>, verb: &Code) -> Result<()> {
    match verb {
        Code::New(options) => {
            let fields = json!({ "customer": options.customer, "reason": options.reason });
            let report: CodeReport = far.change(&Request::to("give-code")?.fields(fields))?;
            if report.authorisation_code.is_empty() {
                return Err(shown_before(
                    "the code",
                    "the same command again gives another code, and ends this one",
                ));
            }
            tell_code(far.call, &report);
        }
        Code::Use(options) => {
            let code = options.code(far.call)?;
            let fields = json!({ "slip": options.slip, "authorisation_code": code.as_str() });
            tell_used(far.call, &far.change(&Request::to("use-code")?.fields(fields))?);
        }
    }
    Ok(())
}

/// Runs a verb of phones.
pub fn phone(far: &Far<'_>, verb: &Phone) -> Result<()> {
    if let Phone::List(options) = verb {
        tell_list(far.call, &far.look(&Request::to("phones")?.place("customer", options.customer))?);
    }
    if let Some((which, change)) = verb.change() {
        let route = match change {
            PhoneChange::Freeze => "freeze-phone",
            PhoneChange::Thaw => "thaw-phone",
            PhoneChange::Forget => "forget-phone",
        };
        let request = Request::to(route)?.place("phone", &which.phone);
        tell(far.call, &far.change(&request.fields(json!({ "reason": which.reason })))?);
    }
    Ok(())
}

/// Runs a verb of limits.
pub fn limits(far: &Far<'_>, verb: &Limits) -> Result<()> {
    let report = match verb {
        Limits::Show => far.look(&Request::to("limits")?)?,
        Limits::Set(options) => {
            let scope = match options.of {
                Scope::Order => "order",
                Scope::CustomerDay => "customer-day",
                Scope::OfficeDay => "office-day",
            };
            let amount = options.amount.filter(|_| !options.none).map(|fen| fen.0);
            let fields = json!({ "scope": scope, "office": options.office, "limit_fen": amount });
            far.change(&Request::to("set-limit")?.fields(fields))?
        }
    };
    tell_limits(far.call, &report);
    Ok(())
}
