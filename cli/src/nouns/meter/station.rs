//! `gridcard meter station`: an engineer's station at a meter's port, in test state.

use super::pipe::Protocol;
use super::tariff::Tables;
use crate::prelude::*;
use crate::way::Ahead;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use parties::meters::station::{
    self, DoneReport, Order, ReadBackReport, RechargeReport, StationReport, StationRequest,
};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use serde::Serialize;
use wire::ByteLink;
use wire::dlt645::Identifier;

/// Which meter, where, and of which keys.
#[derive(Debug, Args)]
pub struct At {
    #[command(flatten)]
    pub ahead: Ahead,
    /// Number of the meter.
    #[arg(long, value_name = "NUMBER")]
    pub meter: MeterNumber,
    /// Its city.
    #[arg(long, value_name = "REGION")]
    pub city: RegionCode,
    /// Suite of its keys.
    #[arg(long, default_value = "3des", value_parser = suite)]
    pub suite: Suite,
    /// Version of its keys.
    #[arg(long, default_value_t = 1, value_name = "VERSION", value_parser = clap::value_parser!(u8).range(1..))]
    pub key_version: u8,
    /// Operator's code that the meter is told, 8 hexadecimal digits; nothing proves it.
    #[arg(long, default_value = "00000001", value_name = "HEX", value_parser = operator)]
    pub operator_code: [u8; 4],
    /// What the meter speaks; the station's own frames go inside.
    #[arg(long, value_enum, default_value = "645")]
    pub protocol: Protocol,
}

/// What a station does.
#[derive(Debug, Subcommand)]
pub enum Act {
    /// Authenticate, and show what the ESAM states of its purse.
    Identify(At),
    /// Open the account of a customer with a first amount.
    Open {
        #[command(flatten)]
        at: At,
        /// Amount in yuan.
        amount: Fen,
        /// Number of the customer, 12 digits.
        #[arg(long, value_name = "NUMBER")]
        customer: CustomerNumber,
    },
    /// Recharge the account that is open. The bank knows nothing of it.
    Recharge {
        #[command(flatten)]
        at: At,
        /// Amount in yuan.
        amount: Fen,
        /// Purchase count. Default: the next; the same one a second time brings no money.
        #[arg(long, value_name = "N")]
        count: Option<u32>,
    },
    /// Read a file of the ESAM back, with the ESAM's MAC.
    ReadBack {
        #[command(flatten)]
        at: At,
        /// Short identifier of the file in hexadecimal, 01 (the purse) to 1E.
        #[arg(default_value = "01", value_parser = file)]
        file: u8,
        /// Where to begin.
        #[arg(long, default_value_t = 0)]
        offset: u8,
        /// How many bytes.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=200))]
        length: u8,
    },
    /// Tell the meter what to do with its relay.
    Control {
        #[command(flatten)]
        at: At,
        /// What.
        #[arg(value_parser = orders())]
        order: Order,
        /// How long a relay that is opened for a time stays open, 5 to 1275 minutes.
        #[arg(long, value_name = "MINUTES", required_if_eq("order", "trip-for"), value_parser = clap::value_parser!(u16).range(5..=1275))]
        minutes: Option<u16>,
        /// The meter does not obey after this time. Default: the command is never over.
        #[arg(long, value_name = "TIME")]
        until: Option<Moment>,
    },
    /// Write a parameter: with a MAC (class 1), or enciphered (class 2).
    Parameter {
        #[command(flatten)]
        at: At,
        /// Identifier, 8 hexadecimal digits.
        #[arg(value_name = "IDENTIFIER", value_parser = identifier)]
        about: Identifier,
        /// Value in hexadecimal digits, as the ESAM's file has it.
        #[arg(value_name = "HEX", value_parser = bytes)]
        value: Hex,
        /// Write it in cipher text.
        #[arg(long)]
        enciphered: bool,
    },
    /// Write tables of prices: rates and steps, good from now on or from a time on.
    Tariff {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        tables: Tables,
    },
    /// Move the valve of a meter of gas or water (CJ/T 188), under the seal of the ESAM.
    Valve {
        #[command(flatten)]
        at: At,
        /// Open it when the purse has it so, or close it.
        #[arg(value_parser = ["open", "close"])]
        position: String,
        /// The meter does not obey after this time. Default: the command is never over.
        #[arg(long, value_name = "TIME")]
        until: Option<Moment>,
    },
    /// Set how long an authentication is valid.
    Validity {
        #[command(flatten)]
        at: At,
        /// Minutes.
        #[arg(value_parser = clap::value_parser!(u16).range(1..=9999))]
        minutes: u16,
    },
    /// Prove this reader at the meter's infrared eye, for 30 minutes.
    Infrared(At),
}

/// Bytes of an option.
#[derive(Debug, Clone)]
pub struct Hex(Vec<u8>);

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    hex::decode_to_slice(text, &mut out).ok().map(|()| out)
}

/// The orders by their names.
fn orders() -> impl TypedValueParser<Value = Order> {
    let names = Order::ALL.map(|order| PossibleValue::new(order.name).help(order.about));
    PossibleValuesParser::new(names).try_map(|name| Order::named(&name).ok_or("no such order"))
}

fn operator(text: &str) -> Result<[u8; 4], String> {
    array(text).ok_or_else(|| "an operator has 8 hexadecimal digits".into())
}

fn identifier(text: &str) -> Result<Identifier, String> {
    array(text)
        .map(|bytes| Identifier(u32::from_be_bytes(bytes)))
        .ok_or_else(|| "an identifier has 8 hexadecimal digits, as in 04001001".into())
}

fn file(text: &str) -> Result<u8, String> {
    let file = array(text).map(|[file]| file).filter(|file| (0x01..=0x1E).contains(file));
    file.ok_or_else(|| "a file has 2 hexadecimal digits, 01 to 1E".into())
}

/// Most bytes of a parameter: identifier, padding and MAC have to fit into a frame beside them.
const MOST: usize = 150;

fn bytes(text: &str) -> Result<Hex, String> {
    let bytes = hex::decode(text).ok().filter(|bytes| (1..=MOST).contains(&bytes.len()));
    bytes.map(Hex).ok_or_else(|| format!("a value has 1 to {MOST} bytes in hexadecimal digits"))
}

/// Does it.
pub fn run(call: &Call, act: &Act) -> Result<()> {
    match act {
        Act::Identify(at) => at.act(call, state, |link, request| station::identify(call, link, request)),
        Act::Open { at, amount, customer } => recharge(call, at, *amount, Some(1), Some(*customer)),
        Act::Recharge { at, amount, count } => recharge(call, at, *amount, *count, None),
        Act::ReadBack { at, file, offset, length } => at.act(
            call,
            |report: &ReadBackReport| format!("{}  (its ESAM states it)", report.data),
            |link, request| station::read_back(call, link, request, *file, *offset, *length),
        ),
        Act::Control { at, order, minutes, until } => at.act(call, done, |link, request| {
            station::control(call, link, request, (*order, *minutes), *until)
        }),
        Act::Parameter { at, about, value, enciphered } => at.act(call, done, |link, request| {
            station::parameter(call, link, request, *about, &value.0, *enciphered)
        }),
        Act::Tariff { at, tables } => {
            at.act(call, done, |link, request| station::tariff(call, link, request, &tables.get()))
        }
        Act::Valve { at, position, until } => {
            let opens = position == "open";
            // It speaks the meter's own protocol too.
            let moved = at.ahead.reach(call, |link| {
                if at.ahead.is_near() {
                    Protocol::Cjt188.speak(link, |link| station::infrared(call, link, &at.request()))?;
                }
                station::move_valve(call, link, &at.request(), opens, *until)
            })?;
            moved.tell(call, &done(&moved.report));
            Ok(())
        }
        Act::Validity { at, minutes } => {
            at.act(call, done, |link, request| station::validity(call, link, request, *minutes))
        }
        Act::Infrared(at) => {
            let proved = at.ahead.reach(call, |link| {
                at.protocol.speak(link, |link| station::infrared(call, link, &at.request()))
            })?;
            proved.tell(call, &done(&proved.report));
            Ok(())
        }
    }
}

fn recharge(
    call: &Call,
    at: &At,
    amount: Fen,
    count: Option<u32>,
    opens: Option<CustomerNumber>,
) -> Result<()> {
    at.act(call, recharged, |link, request| station::recharge(call, link, request, amount, count, opens))
}

impl At {
    const fn request(&self) -> StationRequest {
        StationRequest {
            meter: self.meter,
            city: self.city,
            suite: self.suite,
            key_version: self.key_version,
            operator: self.operator_code,
        }
    }

    /// An act of a station, and its words. In front of a meter's eye it proves itself first: what it proved there before is over.
    fn act<R: Serialize>(
        &self,
        call: &Call,
        words: impl FnOnce(&R) -> String,
        act: impl FnOnce(&mut dyn ByteLink, &StationRequest) -> Result<R>,
    ) -> Result<()> {
        let request = self.request();
        let act = |link: &mut dyn ByteLink| {
            if self.ahead.is_near() {
                station::infrared(call, link, &request)?;
            }
            act(link, &request)
        };
        let done = self.ahead.reach(call, |link| self.protocol.speak(link, act))?;
        done.tell(call, &words(&done.report));
        Ok(())
    }
}

fn state(report: &StationReport) -> String {
    facts(&[
        ("meter", report.meter.to_string()),
        ("ESAM", report.esam.to_string()),
        ("customer", report.customer.map_or_else(|| "nobody yet".into(), |number| number.to_string())),
        ("purse", report.balance_fen.to_string()),
        ("purchase count", report.count.to_string()),
        ("formal keys", format!("{:08X}", report.formal_keys)),
    ])
}

fn recharged(report: &RechargeReport) -> String {
    let RechargeReport { after, amount_fen, before_fen } = report;
    format!("{amount_fen} came in: {before_fen} before\n\n{}", state(after))
}

fn done(report: &DoneReport) -> String {
    format!("meter {}: {}", report.meter, report.done)
}
