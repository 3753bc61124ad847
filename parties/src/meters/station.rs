//! A station at a meter's port: what an engineer does to a meter in test state from the other end of its line. The keys are the published
//! ones, so it needs nobody's folder and leaves nothing in one; a formal meter refuses it. The bank sells nothing by it.

mod tariff;
mod valve;

pub use tariff::{TariffRequest, tariff};
pub use valve::move_valve;

use crate::session::Session;
use crate::trouble::{Failure, Result, Trouble, refused, security};
use issue::station::Station;
use issue::{CityKeys, Roots};
use keys::Suite;
use reader::dlt645::{AskError, Line};
use reader::parameter::{self, ENCIPHERED, PLAIN};
use reader::security::{MeterStatus, SecureLine, turned};
use scheme::Kind;
use scheme::field::{Source, Span, relay};
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::{CustomerNumber, MeterNumber, RegionCode, Serial};
use serde::Serialize;
use wire::ByteLink;
use wire::dlt645::{Address, Identifier};

/// Which meter's station, and of which keys.
#[derive(Debug, Clone, Copy)]
pub struct StationRequest {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Its city.
    pub city: RegionCode,
    /// Suite of its keys.
    pub suite: Suite,
    /// Version of its keys.
    pub key_version: u8,
    /// Whom the meter is told of; no MAC covers it.
    pub operator: [u8; 4],
}

impl StationRequest {
    fn keys(&self) -> CityKeys {
        Roots::test(self.suite).city_of_version(self.city, self.key_version)
    }
}

/// A meter that was identified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StationReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Number of its ESAM.
    pub esam: Serial,
    /// Whose it is; none before its account is opened.
    pub customer: Option<CustomerNumber>,
    /// What is in its purse, as its ESAM states it.
    #[serde(with = "scheme::names::fen")]
    pub balance_fen: Fen,
    /// Purchases credited, as its ESAM states it.
    pub count: u32,
    /// Which keys are formal, bit by bit, as the meter says.
    pub formal_keys: u32,
}

/// A recharge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RechargeReport {
    /// The meter afterwards.
    #[serde(flatten)]
    pub after: StationReport,
    /// What was brought.
    #[serde(with = "scheme::names::fen")]
    pub amount_fen: Fen,
    /// What was in the purse before.
    #[serde(with = "scheme::names::fen")]
    pub before_fen: Fen,
}

/// A file of the ESAM that was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadBackReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// Short identifier of the file.
    pub file: u8,
    /// Where the bytes begin.
    pub offset: u8,
    /// The bytes, in hexadecimal.
    pub data: String,
}

/// What was done and has no more to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DoneReport {
    /// Number of the meter.
    pub meter: MeterNumber,
    /// What.
    pub done: String,
}

/// What a meter is to do with its relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its name in the command.
    pub name: &'static str,
    /// What it does, for people.
    pub about: &'static str,
    /// N1 of a control command.
    act: u8,
    /// Whether N2 is for how many times 5 minutes.
    pub lasts: bool,
}

const fn order(name: &'static str, about: &'static str, act: u8) -> Order {
    Order { name, about, act, lasts: false }
}

impl Order {
    /// All of them.
    pub const ALL: [Order; 8] = [
        order("trip", "Open the relay", relay::TRIP),
        Order { lasts: true, ..order("trip-for", "Open the relay for a time", relay::TRIP_FOR_A_TIME[0]) },
        order("allow", "Allow the relay to close", relay::ALLOW),
        order("close", "Close the relay when the purse has it so", relay::CLOSE),
        order("alarm", "Alarm", relay::ALARM),
        order("no-alarm", "No alarm", relay::NO_ALARM),
        order("keep", "Keep power whatever the purse holds", relay::KEEP),
        order("keep-no-more", "Keep power no more", relay::KEEP_NO_MORE),
    ];

    /// The order of a name.
    pub fn named(name: &str) -> Option<Self> {
        Order::ALL.into_iter().find(|order| order.name == name)
    }

    /// N1 and N2; begun 5 minutes count whole.
    fn bytes(self, minutes: Option<u16>) -> [u8; 2] {
        let fives = minutes.filter(|_| self.lasts).map_or(0, |minutes| minutes.div_ceil(5));
        [self.act, u8::try_from(fives).unwrap_or(u8::MAX)]
    }
}

/// A meter, authenticated: its line, its station, and what the MACs are bound to.
struct Identified<'a, 'l> {
    line: SecureLine<'a, 'l>,
    station: Station,
    meter: MeterNumber,
    esam: [u8; 8],
    /// First 4 bytes of the station's random.
    own: [u8; 4],
    /// The ESAM's.
    random: [u8; 4],
}

impl Identified<'_, '_> {
    /// What the meter says, when its ESAM says it too.
    fn status(&mut self) -> Result<StationReport> {
        let MeterStatus { money, money_mac, count, count_mac, customer, keys } = self.line.status()?;
        self.stated(Source::MONEY, 0, &money.0.to_be_bytes(), money_mac)?;
        self.stated(Source::COUNT, 0, &count.to_be_bytes(), count_mac)?;
        Ok(StationReport {
            meter: self.meter,
            esam: Serial(self.esam),
            customer: (customer != [0; 6]).then_some(CustomerNumber(customer)),
            balance_fen: money,
            count,
            formal_keys: keys,
        })
    }

    /// MacCheck.
    fn stated(&self, source: Source, offset: u8, data: &[u8], mac: [u8; 4]) -> Result<()> {
        if self.station.states(self.own, source, offset, data, mac) {
            return Ok(());
        }
        Err(security("the meter says what its ESAM did not state: the MAC is wrong")
            .code("station-statement")
            .hint("somebody on the line changes answers, or the key for parameters is another")
            .into())
    }

    /// Writes a parameter plainly, with its MAC.
    fn write(&mut self, about: Identifier, value: &[u8]) -> Result<()> {
        // Turned round item by item it is what stands on the line; turned once more it is what the file has.
        let line = parameter::plain_write(about, value).ok_or_else(|| {
            refused(format!("no parameter {about} has {} byte(s)", value.len()))
                .code("station-parameter")
                .hint("docs/specs/dlt645.md 6 says which there are; with --enciphered any identifier goes")
        })?;
        let mac = self.station.parameter(self.random, line.header(), value);
        Ok(self.line.write(about, PLAIN, &[&line.data[..], &turned(&mac)].concat())?)
    }

    fn done(&self, done: impl Into<String>) -> DoneReport {
        DoneReport { meter: self.meter, done: done.into() }
    }
}

fn address_of(request: &StationRequest) -> Address {
    Address(request.meter.0)
}

/// Identity authentication.
fn authenticate<'a, 'l>(
    session: &Session,
    line: &'a mut Line<'l>,
    request: &StationRequest,
) -> Result<Identified<'a, 'l>> {
    let station = Station::new(&request.keys(), request.meter);
    let mut random = [0; 8];
    session.chance("meter station").fill(&mut random);
    let mut line = SecureLine::new(line, address_of(request), request.operator);
    let (drawn, esam) = line
        .identify(&station.identity(&random), &random, &station.factor())
        .map_err(|error| Trouble::from(error).context("identity authentication"))?;
    let [a, b, c, d, ..] = random;
    Ok(Identified { line, station, meter: request.meter, esam, own: [a, b, c, d], random: drawn })
}

/// The plain text of a control command, good until a time.
fn sealed_until([act, delay]: [u8; 2], until: Option<Moment>) -> [u8; 8] {
    let [_, time @ ..] = until.map_or([0x99; 7], |until| until.0);
    let [year, month, day, hour, minute, second] = time;
    [act, delay, year, month, day, hour, minute, second]
}

/// Identity authentication, what is to be done, and the end of the authentication, after which the meter lets its ESAM go.
fn identified<T>(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    act: impl FnOnce(&mut Identified<'_, '_>) -> Result<T>,
) -> Result<T> {
    let mut line = Line::new(link);
    let mut meter = authenticate(session, &mut line, request)?;
    let done = act(&mut meter);
    // What was done stands; an authentication that nobody ends runs out by itself.
    let _ = meter.line.end();
    done
}

/// Identifies a meter, and reads its purse.
///
/// # Errors
/// The line; the meter's refusal; a statement that is not its ESAM's.
pub fn identify(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
) -> Result<StationReport> {
    identified(session, link, request, |meter| meter.status())
}

/// Recharges a meter. `opens`: the customer whose account is opened; else the account's own. `count`: none takes the next. The same count a
/// second time brings no money.
///
/// # Errors
/// As [`identify`]; whether it was done is not known when the line breaks.
pub fn recharge(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    amount: Fen,
    count: Option<u32>,
    opens: Option<CustomerNumber>,
) -> Result<RechargeReport> {
    identified(session, link, request, |meter| {
        let before = meter.status()?;
        let customer = opens.or(before.customer).ok_or_else(|| {
            refused("the meter has no customer yet").code("station-unopened").hint("open its account first")
        })?;
        let next = before.count.checked_add(1).ok_or_else(|| refused("no count is left"))?;
        let count = count.unwrap_or(next);
        let paid = meter.station.recharge(meter.random, amount, count, customer);
        meter.line.recharge(opens.is_some(), &paid).map_err(|error| unknown(error, amount, count))?;
        let after = meter.status()?;
        Ok(RechargeReport { after, amount_fen: amount, before_fen: before.balance_fen })
    })
}

/// A recharge whose answer was lost may have been done.
fn unknown(error: AskError, amount: Fen, count: u32) -> Trouble {
    match error {
        AskError::Link(_) | AskError::Silent(_) | AskError::Noise { .. } => {
            Failure::new(Kind::Absent, format!("whether {amount} came in is not known: {error}"))
                .code("station-unknown")
                .hint(format!("identify the meter: it was credited when the count is {count}; with --count {count} it is paid once, however often it is sent"))
                .into()
        }
        error => error.into(),
    }
}

/// Reads bytes of a file of the ESAM back, and checks that the ESAM states them.
///
/// # Errors
/// As [`identify`].
pub fn read_back(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    file: u8,
    offset: u8,
    length: u8,
) -> Result<ReadBackReport> {
    identified(session, link, request, |meter| {
        let data = if file == Source::MONEY.file {
            let (money, money_mac, count, count_mac) = meter.line.read_back_purse()?;
            meter.stated(Source::MONEY, 0, &money, money_mac)?;
            meter.stated(Source::COUNT, 0, &count, count_mac)?;
            [money, count].concat()
        } else {
            let (data, mac) = meter.line.read_back(file, offset, length)?;
            meter.stated(Source::file(file), offset, &data, mac)?;
            data
        };
        Ok(ReadBackReport { meter: request.meter, file, offset, data: hex::encode_upper(data) })
    })
}

/// Tells the meter what to do with its relay, for so many minutes where the order lasts; `until`: after that time, by its own clock, it does not obey any more.
///
/// # Errors
/// As [`identify`]; relay or valve do not obey.
pub fn control(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    (order, minutes): (Order, Option<u16>),
    until: Option<Moment>,
) -> Result<DoneReport> {
    identified(session, link, request, |meter| {
        let [act, delay] = order.bytes(minutes);
        let plain = sealed_until([act, delay], until);
        meter.line.control(&meter.station.control(meter.random, &plain))?;
        if meter.line.obeys()? == Some(false) {
            return Err(refused("the meter took the command, and its relay or valve does not stand where it was told to")
                .code("relay-stuck")
                .hint("current flows through a relay whose contacts are welded; the meter goes on trying: send somebody")
                .into());
        }
        Ok(meter.done(format!("the meter obeys {act:02X}")))
    })
}

/// Writes a parameter: plainly with a MAC (class 1), or in cipher text (class 2). `value` as the ESAM's file has it, the most
/// significant byte of each item first.
///
/// # Errors
/// As [`identify`]; there is no such place, or it has another length.
pub fn parameter(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    about: Identifier,
    value: &[u8],
    enciphered: bool,
) -> Result<DoneReport> {
    identified(session, link, request, |meter| {
        if enciphered {
            let file = parameter::file_of(about);
            let plain = [&about.0.to_be_bytes()[..], value].concat();
            let sealed = meter.station.enciphered(meter.random, file, &plain);
            meter.line.write(about, ENCIPHERED, &turned(&sealed))?;
        } else {
            meter.write(about, value)?;
        }
        Ok(meter.done(format!("parameter {about} is written")))
    })
}

/// Sets how many minutes an authentication is valid.
///
/// # Errors
/// As [`identify`].
pub fn validity(
    session: &Session,
    link: &mut dyn ByteLink,
    request: &StationRequest,
    minutes: u16,
) -> Result<DoneReport> {
    identified(session, link, request, |meter| {
        let digits = |n: u16| (((n / 10) << 4) | (n % 10)) as u8; // n below 100
        let bytes = [digits(minutes / 100 % 100), digits(minutes % 100)];
        let mac = meter.station.parameter(meter.random, Span::VALIDITY.write(), &bytes);
        meter.line.validity(bytes, mac)?;
        Ok(meter.done(format!("an authentication is valid for {minutes} minutes")))
    })
}

/// Proves a reader in front of the meter, at its infrared eye; the proof holds for 30 minutes.
///
/// # Errors
/// The line; the meter's refusal; the meter's cipher is not of its keys.
pub fn infrared(session: &Session, link: &mut dyn ByteLink, request: &StationRequest) -> Result<DoneReport> {
    let station = Station::new(&request.keys(), request.meter);
    let mut random = [0; 8];
    session.chance("meter station").fill(&mut random);
    let mut line = Line::new(link);
    let mut line = SecureLine::new(&mut line, Address(request.meter.0), request.operator);
    let asked = line.infrared_request(&random)?;
    let proof = station.infrared(&random, &asked.cipher, &asked.random).ok_or_else(|| {
        security("the meter has other keys than this station")
            .code("station-keys")
            .hint("look at --city, --suite and --key-version; a formal meter has no published keys")
    })?;
    line.infrared(&proof)?;
    Ok(DoneReport { meter: request.meter, done: "the reader is proved for 30 minutes".into() })
}
