//! What a phone is told: contracts, offers, purchases, balances, orders. Nothing here changes anything.

use super::enter::Entered;
use crate::bank::desk::Desk;
use crate::bank::known;
use crate::session::Session;
use crate::trouble::Result;
use client::talk::{Contract, MadeFor, Named, Offer, Purchase, PurchaseState, Reported, Said, Sold, Wanted};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::online::SessionId;
use scheme::order::OrderId;
use scheme::record_file::SimNote;
use server::{
    BankAccount, Books, OnlinePurchase, OnlineState, OrderState, PaymentState, PhoneError, PlacedOrder,
};

/// Characters of an account that are shown.
const SHOWN: usize = 4;
/// The longest name that is told.
const NAME: usize = 64;

/// What may be shown of an account: its last four characters.
fn shown(account: &str) -> String {
    let count = account.chars().count();
    let end: String = account.chars().skip(count.saturating_sub(SHOWN)).collect();
    format!("*{end}")
}

/// A name as far as it fits.
fn short(name: Option<&str>) -> Option<String> {
    let mut out = String::new();
    for c in name?.chars().filter(|c| !c.is_control()) {
        if out.len() + c.len_utf8() > NAME {
            break;
        }
        out.push(c);
    }
    (!out.is_empty()).then_some(out)
}

/// The customer's contracts: one for each of his meters.
///
/// # Errors
/// The books cannot be read.
pub fn contracts(desk: &Desk, entered: &Entered) -> Result<Said> {
    let contract = desk.books().contract_of(entered.phone.customer)?;
    let all = entered.customer.meters.iter().map(|held| Contract {
        meter: held.meter,
        msisdn: entered.customer.sim.msisdn.clone(),
        bill: contract.bill.clone(),
        name: short(entered.customer.name.as_deref()),
        account: contract.bank.as_deref().map(shown),
    });
    Ok(Said::Contracts(all.collect()))
}

/// The meter of the contract that is named: it has to be one of this customer's.
///
/// # Errors
/// It is not; he has several, and none was named.
fn meter_of(desk: &Desk, entered: &Entered, named: &Named) -> Result<MeterNumber> {
    let customer = &entered.customer;
    let is_his = match named {
        Named::Meter(meter) => customer.meters.iter().any(|held| held.meter == *meter),
        Named::Msisdn(msisdn) => *msisdn == customer.sim.msisdn,
        Named::Bill(bill) => desk.books().contract_of(customer.customer)?.bill.as_ref() == Some(bill),
    };
    if !is_his {
        return Err(PhoneError::Contract.into());
    }
    let meter = match named {
        Named::Meter(meter) => Some(*meter),
        Named::Msisdn(_) | Named::Bill(_) => None,
    };
    Ok(customer.with_meter(meter)?.meter)
}

/// The account that is debited: the one that is named, or that of the contract.
///
/// # Errors
/// There is none.
pub fn account_of(desk: &Desk, entered: &Entered, named: Option<&str>) -> Result<BankAccount> {
    let customer = entered.customer.customer;
    match named {
        Some(token) => Ok(token.parse()?),
        None => {
            let token = desk.books().contract_of(customer)?.bank.ok_or(PhoneError::NoAccount(customer))?;
            Ok(token.parse()?)
        }
    }
}

/// What was offered, with what it comes to.
pub struct Priced {
    /// What the person is shown.
    pub offer: Offer,
    /// The account that is debited.
    pub account: BankAccount,
}

/// What a purchase would be. Whether it may be sold is found when it is confirmed.
///
/// # Errors
/// The contract is none of his; there is no account.
pub fn offer(session: &Session, desk: &Desk, entered: &Entered, wanted: &Wanted) -> Result<Priced> {
    let meter = meter_of(desk, entered, &wanted.contract)?;
    let named = wanted.account.as_ref().map(|account| account.token.as_str());
    let account = account_of(desk, entered, named)?;
    let before = bought(session, desk, entered, wanted.purchase)?;
    let offer = Offer {
        purchase: wanted.purchase,
        customer: entered.customer.customer,
        meter,
        amount: wanted.amount,
        way: wanted.way,
        account: shown(account.as_str()),
        state: before.map_or(PurchaseState::Offered, |before| before.purchase.state),
        name: short(entered.customer.name.as_deref()),
        reported: reported(desk.books(), meter)?,
    };
    Ok(Priced { offer, account })
}

/// What a meter said last, with the count of the order it took.
fn reported(books: &dyn Books, meter: MeterNumber) -> Result<Option<Reported>> {
    let Some(last) = books.last_credit(meter)? else { return Ok(None) };
    let Some(order) = last.order else { return Ok(None) };
    let placed = books.order(order)?;
    Ok(placed.map(|placed| Reported { balance: last.balance, count: placed.order.count, at: last.at_meter }))
}

/// The balance of one of his meters, as its last receipt said it.
///
/// # Errors
/// It is none of his; he has several, and none was named.
pub fn balance(desk: &Desk, entered: &Entered, meter: Option<MeterNumber>) -> Result<Said> {
    let meter = match meter {
        Some(meter) => meter_of(desk, entered, &Named::Meter(meter))?,
        None => entered.customer.with_meter(None)?.meter,
    };
    Ok(Said::Balance(meter, reported(desk.books(), meter)?))
}

/// A purchase by the phone's own name for it.
pub struct Bought {
    /// As it is told.
    pub purchase: Purchase,
    /// The order whose record brings it; `None`: there is none.
    pub brings: Option<OrderId>,
    /// The online purchase.
    pub online: Option<SessionId>,
}

/// The id under which the books keep a phone's purchase.
fn request_of(purchase: [u8; 8]) -> String {
    hex::encode(purchase)
}

/// A purchase, as it stands; `None`: the phone never confirmed it.
///
/// # Errors
/// The books cannot be read.
pub fn bought(
    session: &Session,
    desk: &Desk,
    entered: &Entered,
    purchase: [u8; 8],
) -> Result<Option<Bought>> {
    desk.folder(session)?;
    let books = desk.books();
    let Some((id, answer)) = books.asked(&entered.phone.principal, &request_of(purchase))? else {
        return Ok(None);
    };
    let online = books.online(SessionId(id.0))?;
    let order = online.as_ref().map_or(id, |online| online.order);
    let payment = books.payment(order)?.map(|payment| payment.state);
    let mut said = Purchase {
        purchase,
        state: PurchaseState::Asked,
        amount: Fen(0),
        order: None,
        message: None,
        credited: None,
        refusal: None,
    };
    if let Some(payment) = books.payment(order)? {
        said.amount = payment.amount;
    }
    let placed = newest(books, order)?;
    if let Some(found) = &placed {
        (said.amount, said.order) = (found.amount, Some(found.order));
        said.credited = found.credited;
    }
    if let Some(online) = &online {
        said.amount = online.amount;
        said.refusal = online.refusal;
    }
    let failed = answer.is_some_and(|answer| answer.status >= 400);
    said.state = state(payment, placed.as_ref(), online.as_ref(), failed);
    if said.state == PurchaseState::Waits {
        said.message = online.as_ref().and_then(message);
    }
    let brings = placed.filter(|found| found.is_sealed).map(|found| found.order);
    Ok(Some(Bought { purchase: said, brings, online: online.map(|online| online.sid) }))
}

/// What goes to the meter now.
fn message(online: &OnlinePurchase) -> Option<Vec<u8>> {
    online.sealed.clone().or_else(|| online.hello.map(|hello| hello.to_vec()))
}

fn state(
    payment: Option<PaymentState>,
    placed: Option<&Newest>,
    online: Option<&OnlinePurchase>,
    failed: bool,
) -> PurchaseState {
    if placed.is_some_and(|placed| placed.credited.is_some()) {
        return PurchaseState::Settled;
    }
    match payment {
        Some(PaymentState::Asked | PaymentState::Unknown | PaymentState::Paid) => {
            return PurchaseState::Asked;
        }
        Some(PaymentState::Refused | PaymentState::Leaving | PaymentState::Reversed) => {
            return PurchaseState::Ended;
        }
        Some(PaymentState::Spent) | None => {}
    }
    match online.map(|online| online.state) {
        Some(OnlineState::Begun | OnlineState::Asked | OnlineState::Sealed) => return PurchaseState::Waits,
        Some(OnlineState::Settled) => return PurchaseState::Settled,
        Some(OnlineState::Refused) => return PurchaseState::Refused,
        None => {}
    }
    match placed {
        Some(placed) if placed.is_sealed => PurchaseState::Made,
        Some(placed) if placed.is_over => PurchaseState::Ended,
        Some(_) => PurchaseState::Asked,
        None if failed => PurchaseState::Ended,
        None => PurchaseState::Asked,
    }
}

/// The order that stands for a purchase now: another one may have taken the place of the first.
struct Newest {
    order: OrderId,
    amount: Fen,
    is_sealed: bool,
    is_over: bool,
    credited: Option<Fen>,
}

impl Newest {
    fn of(placed: &PlacedOrder, credited: Option<Fen>) -> Self {
        Newest {
            order: placed.order.id,
            amount: placed.order.amount,
            is_sealed: placed.record.is_some()
                && matches!(placed.state, OrderState::Sealed | OrderState::Settled),
            is_over: placed.state == OrderState::Void,
            credited,
        }
    }
}

fn newest(books: &dyn Books, id: OrderId) -> Result<Option<Newest>> {
    let Some(placed) = books.order(id)? else { return Ok(None) };
    if matches!(placed.state, OrderState::Prepared | OrderState::Sealed | OrderState::Void) {
        return Ok(Some(Newest::of(&placed, None)));
    }
    // It was settled, or another order of the same purchase took its place.
    let all = books.purchases_of(placed.customer)?;
    let Some(of) = all.into_iter().find(|bought| bought.orders.iter().any(|one| one.order.id == id)) else {
        return Ok(Some(Newest::of(&placed, None)));
    };
    let credited = of.credited.map(|credited| credited.credited);
    let taken = of.credited.and_then(|credited| credited.order);
    let stands = of.orders.iter().find(|one| Some(one.order.id) == taken).or(of.orders.last());
    Ok(Some(Newest::of(stands.unwrap_or(&placed), credited)))
}

/// What was bought, newest first.
///
/// # Errors
/// The books cannot be read.
pub fn records(desk: &Desk, entered: &Entered, many: u8, before: Option<OrderId>) -> Result<Said> {
    let books = desk.books();
    known(books, entered.phone.customer)?;
    let mut told = Vec::new();
    let mut wait = before;
    for bought in books.purchases_of(entered.phone.customer)?.iter().rev() {
        if let Some(id) = wait {
            if bought.orders.iter().any(|one| one.order.id == id) {
                wait = None;
            }
            continue;
        }
        if told.len() >= usize::from(many) {
            break;
        }
        let credited = bought.credited.map(|credited| credited.credited);
        let Some(last) = bought.orders.last() else { continue };
        let payment = books.payment(last.order.id)?.map(|payment| payment.state);
        let stands = Newest::of(last, credited);
        told.push(Sold {
            order: last.order.id,
            meter: bought.meter,
            amount: last.order.amount,
            state: state(payment, Some(&stands), None, false),
            at: last.order.issued,
            credited,
        });
    }
    Ok(Said::Records(told))
}

/// The record that brings a purchase to its meter.
///
/// # Errors
/// There is none yet.
pub fn fetch(session: &Session, desk: &Desk, bought: &Bought) -> Result<Said> {
    let order = bought.brings.ok_or(server::OrderError::UnknownOrder(OrderId(bought.purchase.purchase)))?;
    let message = crate::bank::look::record(session, desk, order)?;
    let record = message.record.each().concat();
    let SimNote { iccid, binding, imsi, .. } = message.sim;
    let sim = MadeFor { iccid, binding: binding.map(|binding| binding.0), imsi };
    Ok(Said::Order { purchase: bought.purchase.purchase, order, record, sim })
}

/// What a meter credited of the purchase of an order.
///
/// # Errors
/// The books cannot be read.
pub fn credited(desk: &Desk, order: OrderId) -> Result<Fen> {
    Ok(newest(desk.books(), order)?.and_then(|found| found.credited).unwrap_or(Fen(0)))
}
