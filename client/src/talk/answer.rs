//! What the server answers.

use super::TalkError;
use super::objects::{
    ACCOUNT, AMOUNT, BALANCE, BILL, BINDING, CONTRACT, COUNT, CREDITED, CUSTOMER, CUSTOMER_NAME, ICCID, IMSI,
    MESSAGE, METER, MOMENT, MSISDN, NAME, ORDER, PSK, PURCHASE, RECORD, REFUSAL, Reader, SOLD, STATE, WAY,
    WHY, Writer, must,
};
use super::request::{Op, Way, record};
use super::secret::Psk;
use alloc::string::String;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber};
use scheme::order::OrderId;
use scheme::subscription::{Imsi, Msisdn};

/// How a request ended, by its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// It was done.
    Done = 0,
    /// Something does not agree; which is told nobody outside.
    Refused,
    /// It is not known yet.
    UnderWay,
    /// Nobody understands it.
    NotUnderstood,
    /// The offer is not here.
    NoOffer,
    /// The business says no, by the name of an error.
    No,
    /// Not now.
    Later,
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Done,
        Status::Refused,
        Status::UnderWay,
        Status::NotUnderstood,
        Status::NoOffer,
        Status::No,
        Status::Later,
    ];

    /// The status of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        Status::ALL.into_iter().find(|status| *status as u8 == byte)
    }
}

/// Where a purchase stands, by its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PurchaseState {
    /// Offered, not confirmed.
    Offered = 1,
    /// The bank is asked.
    Asked,
    /// Paid; its order is there.
    Made,
    /// Begun; the meter has to ask for it.
    Waits,
    /// Credited by the meter, and settled.
    Settled,
    /// Nothing was bought.
    Ended,
    /// The meter refused.
    Refused,
}

impl PurchaseState {
    const ALL: [PurchaseState; 7] = [
        PurchaseState::Offered,
        PurchaseState::Asked,
        PurchaseState::Made,
        PurchaseState::Waits,
        PurchaseState::Settled,
        PurchaseState::Ended,
        PurchaseState::Refused,
    ];

    /// The state of a byte.
    pub fn of(byte: u8) -> Option<Self> {
        PurchaseState::ALL.into_iter().find(|state| *state as u8 == byte)
    }

    /// Its name, as programs have it.
    pub const fn name(self) -> &'static str {
        match self {
            PurchaseState::Offered => "offered",
            PurchaseState::Asked => "asked",
            PurchaseState::Made => "made",
            PurchaseState::Waits => "waits",
            PurchaseState::Settled => "settled",
            PurchaseState::Ended => "ended",
            PurchaseState::Refused => "refused",
        }
    }
}

/// A phone that is known now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Whose it is.
    pub customer: CustomerNumber,
    /// The key its sessions begin with.
    pub psk: Psk,
    /// The server's name for it.
    pub name: [u8; 8],
}

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its meter.
    pub meter: MeterNumber,
    /// The customer's telephone number.
    pub msisdn: Msisdn,
    /// The number on his bills.
    pub bill: Option<String>,
    /// His name.
    pub name: Option<String>,
    /// What may be shown of his account.
    pub account: Option<String>,
}

/// What the meter said last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Its balance.
    pub balance: Fen,
    /// Its purchase count.
    pub count: u32,
    /// When, by the meter's clock.
    pub at: Moment,
}

/// What a person is shown before he confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The purchase.
    pub purchase: [u8; 8],
    /// Who pays.
    pub customer: CustomerNumber,
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// Which way.
    pub way: Way,
    /// What may be shown of the account.
    pub account: String,
    /// Where the purchase stands: offered, or further when it was confirmed before.
    pub state: PurchaseState,
    /// The customer's name.
    pub name: Option<String>,
    /// What the meter said last.
    pub reported: Option<Reported>,
}

/// A purchase, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The purchase.
    pub purchase: [u8; 8],
    /// Where it stands.
    pub state: PurchaseState,
    /// How much.
    pub amount: Fen,
    /// Its order.
    pub order: Option<OrderId>,
    /// What goes to the meter now: S0 or S2.
    pub message: Option<Vec<u8>>,
    /// What the meter credited.
    pub credited: Option<Fen>,
    /// Why the meter took no money, by the field's number.
    pub refusal: Option<u8>,
}

/// Something that was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// Its order.
    pub order: OrderId,
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// Where it stands.
    pub state: PurchaseState,
    /// When it was sold.
    pub at: Moment,
    /// What the meter credited.
    pub credited: Option<Fen>,
}

/// The SIM that an order is made for, as far as it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MadeFor {
    /// Number of the card.
    pub iccid: Option<String>,
    /// The order's binding to the subscriber.
    pub binding: Option<[u8; 8]>,
    /// The subscriber.
    pub imsi: Option<Imsi>,
}

/// What a request that was done gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// To [`Op::Enrol`].
    Enrolled(Enrolled),
    /// To [`Op::Contracts`].
    Contracts(Vec<Contract>),
    /// To [`Op::Offer`].
    Offer(Offer),
    /// To [`Op::Confirm`], [`Op::State`] and [`Op::Pipe`].
    Purchase(Purchase),
    /// To [`Op::Records`].
    Records(Vec<Sold>),
    /// To [`Op::Balance`]: the meter, and what it said last.
    Balance(MeterNumber, Option<Reported>),
    /// To [`Op::Fetch`].
    Order {
        /// The purchase.
        purchase: [u8; 8],
        /// Its order.
        order: OrderId,
        /// The record of EF_SMS, or both.
        record: Vec<u8>,
        /// The SIM it is made for.
        sim: MadeFor,
    },
    /// To [`Op::Receipt`]: the order that it settles.
    Receipt {
        /// Where its purchase stands.
        state: PurchaseState,
        /// The order.
        order: OrderId,
        /// What the meter credited.
        amount: Fen,
    },
    /// To [`Op::Forget`].
    Forgotten,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done(Said),
    /// It was not, and why not where that is told.
    Not(Status, Option<String>),
}

impl Answer {
    /// Something does not agree.
    pub const REFUSED: Answer = Answer::Not(Status::Refused, None);

    /// Its plain text, under the number of its request.
    pub fn bytes(&self, number: u32) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::default();
        out.0.extend(number.to_be_bytes());
        match self {
            Answer::Done(said) => {
                out.0.push(Status::Done as u8);
                write(&mut out, said);
            }
            Answer::Not(status, why) => {
                out.0.push(*status as u8);
                out.maybe(why.as_ref(), |out, why| {
                    out.text(WHY, why);
                });
            }
        }
        out.0
    }

    /// The number of the request that a plain text answers.
    ///
    /// # Errors
    /// It is too short.
    pub fn number(plain: &[u8]) -> Result<u32, TalkError> {
        plain.first_chunk::<4>().map(|number| u32::from_be_bytes(*number)).ok_or(TalkError("it is too short"))
    }

    /// Reads the plain text of an answer to a request of a kind.
    ///
    /// # Errors
    /// It is none.
    pub fn read(op: Op, plain: &[u8]) -> Result<Self, TalkError> {
        let ([.., status], objects) = plain.split_first_chunk::<5>().ok_or(TalkError("it is too short"))?;
        let status = Status::of(*status).ok_or(TalkError("a status that is not known"))?;
        let mut said = Reader::new(objects)?;
        let answer = if status == Status::Done {
            Answer::Done(read(op, &mut said)?)
        } else {
            let why = said.text(WHY, 64)?.map(|why| String::from(why.as_str()));
            Answer::Not(status, why)
        };
        said.end()?;
        Ok(answer)
    }
}

fn write(out: &mut Writer, said: &Said) {
    match said {
        Said::Enrolled(Enrolled { customer, psk, name }) => {
            out.bytes(CUSTOMER, &customer.0).bytes(PSK, &psk.0[..]).bytes(NAME, name);
        }
        Said::Contracts(contracts) => {
            for contract in contracts {
                out.bytes(CONTRACT, &contract.objects());
            }
        }
        Said::Offer(offer) => offer.write(out),
        Said::Purchase(purchase) => purchase.write(out),
        Said::Records(records) => {
            for sold in records {
                out.bytes(SOLD, &sold.objects());
            }
        }
        Said::Balance(meter, reported) => {
            out.bytes(METER, &meter.0);
            write_reported(out, *reported);
        }
        Said::Order { purchase, order, record, sim } => {
            out.bytes(PURCHASE, purchase).bytes(ORDER, &order.0).bytes(RECORD, record);
            out.maybe(sim.iccid.as_ref(), |out, iccid| {
                out.text(ICCID, iccid);
            });
            out.maybe(sim.binding, |out, binding| {
                out.bytes(BINDING, &binding);
            });
            out.maybe(sim.imsi.as_ref(), |out, imsi| {
                out.text(IMSI, imsi.as_str());
            });
        }
        Said::Receipt { state, order, amount } => {
            out.bytes(STATE, &[*state as u8]).bytes(ORDER, &order.0).fen(AMOUNT, *amount);
        }
        Said::Forgotten => {}
    }
}

fn read(op: Op, said: &mut Reader) -> Result<Said, TalkError> {
    Ok(match op {
        Op::Enrol => Said::Enrolled(Enrolled {
            customer: customer(said)?,
            psk: Psk(Zeroizing::new(must(said.array(PSK)?)?)),
            name: must(said.array(NAME)?)?,
        }),
        Op::Contracts => {
            let mut contracts = Vec::new();
            while let Some(objects) = said.next(CONTRACT) {
                contracts.push(Contract::read(&objects)?);
            }
            Said::Contracts(contracts)
        }
        Op::Offer => Said::Offer(Offer::read(said)?),
        Op::Confirm | Op::State | Op::Pipe => Said::Purchase(Purchase::read(said)?),
        Op::Records => {
            let mut records = Vec::new();
            while let Some(objects) = said.next(SOLD) {
                records.push(Sold::read(&objects)?);
            }
            Said::Records(records)
        }
        Op::Balance => Said::Balance(must(said.meter()?)?, reported(said)?),
        Op::Fetch => Said::Order {
            purchase: must(said.array(PURCHASE)?)?,
            order: must(said.order(ORDER)?)?,
            record: record(&must(said.next(RECORD))?)?,
            sim: MadeFor {
                iccid: words(said, ICCID)?,
                binding: said.array(BINDING)?,
                imsi: said.parsed(IMSI, 15)?,
            },
        },
        Op::Receipt => Said::Receipt {
            state: state(said)?,
            order: must(said.order(ORDER)?)?,
            amount: must(said.fen(AMOUNT)?)?,
        },
        Op::Forget => Said::Forgotten,
    })
}

fn customer(said: &mut Reader) -> Result<CustomerNumber, TalkError> {
    CustomerNumber::new(must(said.array(CUSTOMER)?)?).map_err(|_| TalkError("a number that is none"))
}

fn state(said: &mut Reader) -> Result<PurchaseState, TalkError> {
    PurchaseState::of(must(said.byte(STATE)?)?).ok_or(TalkError("a state that is not known"))
}

fn words(said: &mut Reader, tag: u8) -> Result<Option<String>, TalkError> {
    Ok(said.text(tag, 64)?.map(|text| String::from(text.as_str())))
}

fn write_reported(out: &mut Writer, reported: Option<Reported>) {
    if let Some(Reported { balance, count, at }) = reported {
        out.fen(BALANCE, balance).bytes(COUNT, &count.to_be_bytes()).bytes(MOMENT, &at.0);
    }
}

/// All three, or none.
fn reported(said: &mut Reader) -> Result<Option<Reported>, TalkError> {
    match (said.fen(BALANCE)?, said.array(COUNT)?, said.moment()?) {
        (Some(balance), Some(count), Some(at)) => {
            Ok(Some(Reported { balance, count: u32::from_be_bytes(count), at }))
        }
        (None, None, None) => Ok(None),
        _ => Err(TalkError("half of what a meter said")),
    }
}

impl Contract {
    fn objects(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::default();
        out.bytes(METER, &self.meter.0).text(MSISDN, self.msisdn.as_str());
        for (tag, text) in [(BILL, &self.bill), (CUSTOMER_NAME, &self.name), (ACCOUNT, &self.account)] {
            out.maybe(text.as_ref(), |out, text| {
                out.text(tag, text);
            });
        }
        out.0
    }

    fn read(objects: &[u8]) -> Result<Self, TalkError> {
        let mut said = Reader::new(objects)?;
        let contract = Contract {
            meter: must(said.meter()?)?,
            msisdn: must(said.parsed(MSISDN, 16)?)?,
            bill: words(&mut said, BILL)?,
            name: words(&mut said, CUSTOMER_NAME)?,
            account: words(&mut said, ACCOUNT)?,
        };
        said.end()?;
        Ok(contract)
    }
}

impl Offer {
    fn write(&self, out: &mut Writer) {
        out.bytes(PURCHASE, &self.purchase).bytes(CUSTOMER, &self.customer.0).bytes(METER, &self.meter.0);
        out.fen(AMOUNT, self.amount).bytes(WAY, &[self.way as u8]).text(ACCOUNT, &self.account);
        out.bytes(STATE, &[self.state as u8]);
        out.maybe(self.name.as_ref(), |out, name| {
            out.text(CUSTOMER_NAME, name);
        });
        write_reported(out, self.reported);
    }

    fn read(said: &mut Reader) -> Result<Self, TalkError> {
        Ok(Offer {
            purchase: must(said.array(PURCHASE)?)?,
            customer: customer(said)?,
            meter: must(said.meter()?)?,
            amount: must(said.fen(AMOUNT)?)?,
            way: Way::of(must(said.byte(WAY)?)?).ok_or(TalkError("a way that is not known"))?,
            account: must(words(said, ACCOUNT)?)?,
            state: state(said)?,
            name: words(said, CUSTOMER_NAME)?,
            reported: reported(said)?,
        })
    }
}

impl Purchase {
    fn write(&self, out: &mut Writer) {
        out.bytes(PURCHASE, &self.purchase).bytes(STATE, &[self.state as u8]).fen(AMOUNT, self.amount);
        out.maybe(self.order, |out, order| {
            out.bytes(ORDER, &order.0);
        });
        out.maybe(self.message.as_ref(), |out, message| {
            out.bytes(MESSAGE, message);
        });
        out.maybe(self.credited, |out, fen| {
            out.fen(CREDITED, fen);
        });
        out.maybe(self.refusal, |out, number| {
            out.bytes(REFUSAL, &[number]);
        });
    }

    fn read(said: &mut Reader) -> Result<Self, TalkError> {
        Ok(Purchase {
            purchase: must(said.array(PURCHASE)?)?,
            state: state(said)?,
            amount: must(said.fen(AMOUNT)?)?,
            order: said.order(ORDER)?,
            message: said.next(MESSAGE).map(|message| message.to_vec()),
            credited: said.fen(CREDITED)?,
            refusal: said.byte(REFUSAL)?,
        })
    }
}

impl Sold {
    fn objects(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::default();
        out.bytes(ORDER, &self.order.0).bytes(METER, &self.meter.0).fen(AMOUNT, self.amount);
        out.bytes(STATE, &[self.state as u8]).bytes(MOMENT, &self.at.0).maybe(self.credited, |out, fen| {
            out.fen(CREDITED, fen);
        });
        out.0
    }

    fn read(objects: &[u8]) -> Result<Self, TalkError> {
        let mut said = Reader::new(objects)?;
        let sold = Sold {
            order: must(said.order(ORDER)?)?,
            meter: must(said.meter()?)?,
            amount: must(said.fen(AMOUNT)?)?,
            state: state(&mut said)?,
            at: must(said.moment()?)?,
            credited: said.fen(CREDITED)?,
        };
        said.end()?;
        Ok(sold)
    }
}
