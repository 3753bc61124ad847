//! The plain text of answers: written by the server, read by the phone.

use super::TalkError;
use super::objects::{
    ACCOUNT, AMOUNT, BALANCE, BILL, BINDING, CONTRACT, COUNT, CREDITED, CUSTOMER, CUSTOMER_NAME, ICCID, IMSI,
    MESSAGE, METER, MOMENT, MSISDN, NAME, ORDER, PSK, PURCHASE, RECORD, REFUSAL, Reader, SOLD, STATE, WAY,
    WHY, Writer, must,
};
use super::request::{Op, Way, record};
use super::said::{
    Answer, Contract, Enrolled, MadeFor, Offer, Purchase, PurchaseState, Reported, Said, Sold, Status,
};
use super::secret::Psk;
use alloc::string::String;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::numbers::CustomerNumber;

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
