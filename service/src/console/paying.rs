//! How a purchase is paid at the counter: in cash, or from the customer's account at his bank.

use super::form::FormError;
use super::visit::Visit;
use parties::Result;
use scheme::numbers::CustomerNumber;
use serde_json::{Value, json};
use server::BankAccount;

/// How a purchase is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In cash, into the drawer.
    Cash,
    /// From the account that his contract has.
    Contract,
    /// From an account whose token is typed on the page that confirms: it stands in no address.
    Token,
}

impl Way {
    const ALL: [Way; 3] = [Way::Cash, Way::Contract, Way::Token];

    /// Its name in forms and addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Cash => "cash",
            Way::Contract => "contract",
            Way::Token => "token",
        }
    }

    /// Its word.
    pub const fn key(self) -> &'static str {
        match self {
            Way::Cash => "sell2.cash",
            Way::Contract => "sell2.contract",
            Way::Token => "sell2.token",
        }
    }

    /// The way of a name; in cash where there is none.
    pub fn of(name: &str) -> Self {
        Way::ALL.into_iter().find(|way| way.name() == name).unwrap_or(Way::Cash)
    }
}

/// The ways there are for a customer at this counter; none where there is no choice.
///
/// # Errors
/// The books cannot be read.
pub fn ways(visit: &Visit<'_>, customer: CustomerNumber) -> Result<Vec<Way>> {
    if !visit.counter.has_bank() {
        return Ok(Vec::new());
    }
    let known = visit.books().contract_of(customer)?.bank.is_some();
    Ok(Way::ALL.into_iter().filter(|way| known || *way != Way::Contract).collect())
}

/// What a sale is asked with for a way of paying; nothing: it is paid in cash. The inner error: no account is known, or what was
/// typed is no token of one.
///
/// # Errors
/// The books cannot be read.
pub fn asked(
    visit: &Visit<'_>,
    customer: CustomerNumber,
    way: Way,
) -> Result<Result<Option<Value>, FormError>> {
    let token = match way {
        Way::Cash => return Ok(Ok(None)),
        Way::Contract => visit.books().contract_of(customer)?.bank.unwrap_or_default(),
        Way::Token => visit.form.get("account").to_owned(),
    };
    Ok(match token.parse::<BankAccount>() {
        Ok(_) => Ok(Some(json!({ "bank_account": token }))),
        Err(_) => Err(FormError::Account),
    })
}
