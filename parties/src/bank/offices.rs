//! Offices that are apart: whose customer something is, and the one answer where it is another's.

use super::desk::Desk;
use super::{known, unknown};
use crate::log;
use crate::session::Session;
use crate::trouble::{Result, Trouble, refused};
use scheme::numbers::CustomerNumber;
use serde::{Deserialize, Serialize};
use server::{
    ChangeRefusal, ClearError, ContractError, Named, OnlineError, OrderError, PhoneError, Refusal,
    SettleError, SimKey,
};

/// What is said of what is not there. An office that asks for another's hears the same.
pub fn not_there(named: &Named) -> Trouble {
    let nobody = |what: String| unknown(format!("nobody is registered with {what}")).into();
    match named {
        Named::Customer(customer) => unknown(format!("customer {customer} is not registered")).into(),
        Named::Meter(meter) => nobody(format!("meter {meter}")),
        Named::Sim(SimKey::Msisdn(phone)) => nobody(format!("telephone number {phone}")),
        Named::Sim(SimKey::Imsi(imsi)) => nobody(format!("IMSI {imsi}")),
        Named::Sim(SimKey::Iccid(iccid)) => nobody(format!("SIM {iccid}")),
        Named::Order(order) => OrderError::UnknownOrder(*order).into(),
        Named::Finding(finding) => ClearError::Unknown(*finding).into(),
        Named::Receipt(_) | Named::Packet(_) => SettleError::Refused(Refusal::UnknownSim).into(),
        Named::Contract(contract) => no_contract(contract),
        Named::Payment(order) => OrderError::UnknownPayment(*order).into(),
        Named::Online(sid) => OnlineError::Unknown(*sid).into(),
        Named::Change(change) => OrderError::from(ChangeRefusal::Unknown(*change)).into(),
        Named::Slip(number) => ContractError::no_slip(*number).into(),
        Named::Phone(name) => PhoneError::Unknown(hex::encode(name)).into(),
        Named::Bill(bill) => nobody(format!("bill number {bill}")),
    }
}

/// Nobody said anything of a contract.
pub(super) fn no_contract(contract: &str) -> Trouble {
    refused(format!("no contract has the number {contract}")).code("unknown-contract").into()
}

/// What something is, for a line of the log.
pub fn words(named: &Named) -> String {
    match named {
        Named::Customer(customer) => format!("customer {customer}"),
        Named::Meter(meter) => format!("meter {meter}"),
        Named::Sim(SimKey::Msisdn(phone)) => format!("msisdn {phone}"),
        Named::Sim(SimKey::Imsi(imsi)) => format!("imsi {imsi}"),
        Named::Sim(SimKey::Iccid(iccid)) => format!("iccid {iccid}"),
        Named::Order(order) => format!("order {order}"),
        Named::Finding(finding) => format!("finding {finding}"),
        Named::Receipt(_) | Named::Packet(_) => "a receipt".to_owned(),
        Named::Contract(contract) => format!("contract {contract}"),
        Named::Payment(order) => format!("payment {order}"),
        Named::Online(sid) => format!("online purchase {sid}"),
        Named::Change(change) => format!("change {change}"),
        Named::Slip(number) => format!("slip {}", hex::encode_upper(number)),
        Named::Phone(name) => format!("phone {}", hex::encode(name)),
        Named::Bill(bill) => format!("bill {bill}"),
    }
}

/// A customer of another office.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MoveReport {
    /// The customer.
    pub customer: CustomerNumber,
    /// His office.
    pub office: String,
}

/// The longest name of an office, in characters.
pub const OFFICE_MAX: usize = 64;

/// Gives a customer to another office; `""` is the head office.
///
/// # Errors
/// Nobody has this number; the name is too long.
pub fn give(
    session: &Session,
    desk: &mut Desk,
    customer: CustomerNumber,
    office: &str,
) -> Result<MoveReport> {
    desk.folder(session)?;
    known(desk.books(), customer)?;
    must_be_office(office)?;
    desk.books_mut().give_to_office(customer, office)?;
    log::fact(session, "customer", customer);
    log::fact(session, "office", office);
    Ok(MoveReport { customer, office: office.to_owned() })
}

/// An office's name has a form.
///
/// # Errors
/// It is too long, or has control characters.
pub fn must_be_office(office: &str) -> Result<()> {
    if office.chars().count() <= OFFICE_MAX && !office.chars().any(char::is_control) {
        return Ok(());
    }
    Err(refused(format!(
        "the name of an office has at most {OFFICE_MAX} characters, and no control characters"
    ))
    .code("office-malformed")
    .into())
}
