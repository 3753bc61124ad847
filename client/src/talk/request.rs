//! What a phone asks for.

use super::TalkError;
use super::objects::{
    ACCOUNT, AMOUNT, BILL, IMEI, IMSI, MANY, MESSAGE, METER, MSISDN, ORDER, PASSWORD, PURCHASE, RECORD,
    Reader, USER, WAY, Writer, must,
};
use super::secret::Password;
use alloc::string::String;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::OrderId;
use scheme::subscription::{Imei, Imsi, Msisdn};

/// The longest password.
const PASSWORD_MAX: usize = 128;
/// The shortest.
const PASSWORD_MIN: usize = 8;
/// Purchases that are told at once, at most.
pub(super) const MANY_MAX: u8 = 20;

/// What a request is, by its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Op {
    /// Make this phone known.
    Enrol = 1,
    /// Which contracts the customer has.
    Contracts,
    /// What a purchase would be.
    Offer,
    /// Buy what was offered.
    Confirm,
    /// Where a purchase stands.
    State,
    /// What was bought.
    Records,
    /// The balance, as the last receipt said it.
    Balance,
    /// The order of a purchase.
    Fetch,
    /// A message of the meter that is online.
    Pipe,
    /// A receipt that a meter left on the SIM.
    Receipt,
    /// Forget this phone.
    Forget,
}

impl Op {
    /// All of them.
    pub const ALL: [Op; 11] = [
        Op::Enrol,
        Op::Contracts,
        Op::Offer,
        Op::Confirm,
        Op::State,
        Op::Records,
        Op::Balance,
        Op::Fetch,
        Op::Pipe,
        Op::Receipt,
        Op::Forget,
    ];

    /// The request of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        Op::ALL.into_iter().find(|op| *op as u8 == byte)
    }
}

/// What a phone says of itself and its user when it enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Its telephone number.
    pub msisdn: Msisdn,
    /// The subscriber of its SIM, where it can read it.
    pub imsi: Option<Imsi>,
    /// Its own identity, where it can read it.
    pub imei: Option<Imei>,
    /// The name its user wants to have.
    pub user: String,
    /// The password he wants to have.
    pub password: Password,
}

/// By what a contract is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The meter's number.
    Meter(MeterNumber),
    /// The telephone number.
    Msisdn(Msisdn),
    /// The number on the bills.
    Bill(String),
}

/// Which way the order goes to the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Way {
    /// On the SIM.
    Sim = 1,
    /// Through the phone into a meter that is online.
    Online,
    /// As a record file.
    File,
}

impl Way {
    /// The way of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        [Way::Sim, Way::Online, Way::File].into_iter().find(|way| *way as u8 == byte)
    }
}

/// An account that is not that of the contract: the bank's token, and the password without which it is not debited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The token.
    pub token: String,
    /// The password.
    pub password: Option<Password>,
}

/// A purchase that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name for ever: drawn by the phone.
    pub purchase: [u8; 8],
    /// For which contract.
    pub contract: Named,
    /// How much.
    pub amount: Fen,
    /// Which way.
    pub way: Way,
    /// From which account; `None`: that of the contract.
    pub account: Option<Account>,
}

/// What a phone asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// [`Op::Enrol`].
    Enrol(Claims),
    /// [`Op::Contracts`].
    Contracts,
    /// [`Op::Offer`].
    Offer(Wanted),
    /// [`Op::Confirm`]: the purchase, and its amount once more.
    Confirm {
        /// The purchase.
        purchase: [u8; 8],
        /// What the person was shown.
        amount: Fen,
    },
    /// [`Op::State`].
    State([u8; 8]),
    /// [`Op::Records`].
    Records {
        /// At most so many.
        many: u8,
        /// Those before this order.
        before: Option<OrderId>,
    },
    /// [`Op::Balance`].
    Balance(Option<MeterNumber>),
    /// [`Op::Fetch`].
    Fetch([u8; 8]),
    /// [`Op::Pipe`].
    Pipe {
        /// The purchase.
        purchase: [u8; 8],
        /// S1 or S3.
        message: Vec<u8>,
    },
    /// [`Op::Receipt`].
    Receipt(Vec<u8>),
    /// [`Op::Forget`].
    Forget,
}

impl Request {
    /// Which it is.
    pub const fn op(&self) -> Op {
        match self {
            Request::Enrol(_) => Op::Enrol,
            Request::Contracts => Op::Contracts,
            Request::Offer(_) => Op::Offer,
            Request::Confirm { .. } => Op::Confirm,
            Request::State(_) => Op::State,
            Request::Records { .. } => Op::Records,
            Request::Balance(_) => Op::Balance,
            Request::Fetch(_) => Op::Fetch,
            Request::Pipe { .. } => Op::Pipe,
            Request::Receipt(_) => Op::Receipt,
            Request::Forget => Op::Forget,
        }
    }

    /// Its plain text, under a number.
    pub fn bytes(&self, number: u32) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::default();
        out.0.extend(number.to_be_bytes());
        out.0.push(self.op() as u8);
        match self {
            Request::Enrol(claims) => {
                out.text(MSISDN, claims.msisdn.as_str());
                out.maybe(claims.imsi.as_ref(), |out, imsi| {
                    out.text(IMSI, imsi.as_str());
                });
                out.maybe(claims.imei.as_ref(), |out, imei| {
                    out.text(IMEI, imei.as_str());
                });
                out.text(USER, &claims.user).text(PASSWORD, &claims.password.0);
            }
            Request::Offer(wanted) => offer(&mut out, wanted),
            Request::Confirm { purchase, amount } => {
                out.bytes(PURCHASE, purchase).fen(AMOUNT, *amount);
            }
            Request::State(purchase) | Request::Fetch(purchase) => {
                out.bytes(PURCHASE, purchase);
            }
            Request::Records { many, before } => {
                out.bytes(MANY, &[*many]).maybe(*before, |out, order| {
                    out.bytes(ORDER, &order.0);
                });
            }
            Request::Balance(meter) => {
                out.maybe(*meter, |out, meter| {
                    out.bytes(METER, &meter.0);
                });
            }
            Request::Pipe { purchase, message } => {
                out.bytes(PURCHASE, purchase).bytes(MESSAGE, message);
            }
            Request::Receipt(record) => {
                out.bytes(RECORD, record);
            }
            Request::Contracts | Request::Forget => {}
        }
        out.0
    }

    /// Reads a plain text: the number, and what is asked. The number is told where only the rest is not understood.
    ///
    /// # Errors
    /// It has no number and no byte that says what it is.
    pub fn read(plain: &[u8]) -> Result<(u32, Result<Self, TalkError>), TalkError> {
        let ([a, b, c, d, op], objects) =
            plain.split_first_chunk::<5>().ok_or(TalkError("it is too short"))?;
        let number = u32::from_be_bytes([*a, *b, *c, *d]);
        Ok((number, Request::read_objects(*op, objects)))
    }

    fn read_objects(op: u8, objects: &[u8]) -> Result<Self, TalkError> {
        let op = Op::of(op).ok_or(TalkError("a request that is not known"))?;
        let mut said = Reader::new(objects)?;
        let request = match op {
            Op::Enrol => Request::Enrol(Claims {
                msisdn: must(said.parsed(MSISDN, 16)?)?,
                imsi: said.parsed(IMSI, 15)?,
                imei: said.parsed(IMEI, 15)?,
                user: String::from(must(said.text(USER, 64)?)?.as_str()),
                password: must(password(&mut said)?)?,
            }),
            Op::Contracts => Request::Contracts,
            Op::Offer => Request::Offer(wanted(&mut said)?),
            Op::Confirm => {
                Request::Confirm { purchase: must(said.array(PURCHASE)?)?, amount: must(said.fen(AMOUNT)?)? }
            }
            Op::State => Request::State(must(said.array(PURCHASE)?)?),
            Op::Records => {
                let many = must(said.byte(MANY)?)?;
                if !(1..=MANY_MAX).contains(&many) {
                    return Err(TalkError("so many are not told at once"));
                }
                Request::Records { many, before: said.order(ORDER)? }
            }
            Op::Balance => Request::Balance(said.meter()?),
            Op::Fetch => Request::Fetch(must(said.array(PURCHASE)?)?),
            Op::Pipe => {
                let purchase = must(said.array(PURCHASE)?)?;
                let message = must(said.next(MESSAGE))?;
                if !(1..=255).contains(&message.len()) {
                    return Err(TalkError("a message of another length"));
                }
                Request::Pipe { purchase, message: message.to_vec() }
            }
            Op::Receipt => Request::Receipt(record(&must(said.next(RECORD))?)?),
            Op::Forget => Request::Forget,
        };
        said.end()?;
        Ok(request)
    }
}

/// One record of EF_SMS, or two.
pub(super) fn record(bytes: &[u8]) -> Result<Vec<u8>, TalkError> {
    if matches!(bytes.len(), 176 | 352) {
        Ok(bytes.to_vec())
    } else {
        Err(TalkError("a record of another length"))
    }
}

fn password(said: &mut Reader) -> Result<Option<Password>, TalkError> {
    let Some(text) = said.text(PASSWORD, PASSWORD_MAX)? else { return Ok(None) };
    if text.len() < PASSWORD_MIN {
        return Err(TalkError("a password that is too short"));
    }
    Ok(Some(Password(text)))
}

fn offer(out: &mut Writer, wanted: &Wanted) {
    out.bytes(PURCHASE, &wanted.purchase);
    match &wanted.contract {
        Named::Meter(meter) => out.bytes(METER, &meter.0),
        Named::Msisdn(msisdn) => out.text(MSISDN, msisdn.as_str()),
        Named::Bill(bill) => out.text(BILL, bill),
    };
    out.fen(AMOUNT, wanted.amount).bytes(WAY, &[wanted.way as u8]);
    if let Some(account) = &wanted.account {
        out.text(ACCOUNT, &account.token).maybe(account.password.as_ref(), |out, password| {
            out.text(PASSWORD, &password.0);
        });
    }
}

fn wanted(said: &mut Reader) -> Result<Wanted, TalkError> {
    let purchase = must(said.array(PURCHASE)?)?;
    let meter = said.meter()?.map(Named::Meter);
    let msisdn = said.parsed(MSISDN, 16)?.map(Named::Msisdn);
    let bill = said.text(BILL, 32)?.map(|bill| Named::Bill(String::from(bill.as_str())));
    let mut named = [meter, msisdn, bill].into_iter().flatten();
    let contract = match (named.next(), named.next()) {
        (Some(contract), None) => contract,
        _ => return Err(TalkError("one contract has to be named")),
    };
    let amount = must(said.fen(AMOUNT)?)?;
    let way = Way::of(must(said.byte(WAY)?)?).ok_or(TalkError("a way that is not known"))?;
    let token = said.text(ACCOUNT, 64)?.map(|token| String::from(token.as_str()));
    let password = password(said)?;
    let account = match (token, password) {
        (Some(token), password) => Some(Account { token, password }),
        (None, None) => None,
        (None, Some(_)) => return Err(TalkError("a password without an account")),
    };
    Ok(Wanted { purchase, contract, amount, way, account })
}
