//! Whoever reaches a meter's port: a station's keys he has not, or those of another use.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{City, Seed, Site, region};
use issue::keyset::Roots;
use issue::station::Station;
use keys::Suite;
use meter::port::{Guard, Way, serve};
use parties::trouble::{Context, Result};
use reader::security::{fields, identifier, request};
use scheme::Chance;
use scheme::field::{INCREASE, MAC_LEN};
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::recharge::Recharge;
use scheme::signing::Mode;
use wire::dlt645::{Address, Frame, Identifier};

const OPERATOR: [u8; 4] = [0, 0, 0, 1];
const RANDOM: [u8; 8] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7];
const CUSTOMER: CustomerNumber = CustomerNumber([0, 0, 0, 0, 0x50, 0]);
/// Wrong frames that are sent: more than any counter of three, fewer than shut the port for a day.
const WRONG: u32 = 30;

/// A meter with its port, and the station of its city.
struct Place {
    site: Site,
    guard: Guard,
    station: Station,
    now: scheme::Moment,
    seed: Seed,
}

impl Place {
    fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let site = city.site(0, Mode::Symmetric)?;
        let number = site.meter.state().config.number;
        let station = Station::new(&Roots::test(suite).city(region()?), number);
        Ok(Place { site, guard: Guard::default(), station, now: crate::bare::BEGIN, seed })
    }

    fn send(&mut self, frame: &Frame) -> Result<Frame> {
        let mut chance = self.seed.chance("the port");
        let Site { meter, esam, .. } = &mut self.site;
        let mut random = |bytes: &mut [u8]| chance.fill(bytes);
        let answer = serve(meter, esam, &mut self.guard, Way::Wires, frame, self.now, &mut random);
        answer.context("a meter answers what is for it")
    }

    fn ask(&mut self, about: Identifier, sent: &[&[u8]]) -> Result<Frame> {
        let address = Address(self.site.meter.state().config.number.0);
        self.send(&request(address, about, OPERATOR, sent))
    }

    /// The random of the ESAM, after an authentication with the right keys.
    fn identify(&mut self) -> Result<[u8; 4]> {
        let (cipher, factor) = (self.station.identity(&RANDOM), self.station.factor());
        let answer = self.ask(identifier::IDENTITY, &[&cipher, &RANDOM, &factor])?;
        let (_, data) = Identifier::split(&answer.data).context("an identifier")?;
        let [random, _] = fields(data, [4, 8]).context("a random and a number")?;
        random.try_into().ok().context("four bytes")
    }

    fn pay(&mut self, paid: &Recharge) -> Result<Frame> {
        let sent: [&[u8]; 5] =
            [&paid.amount, &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
        self.ask(identifier::OPEN, &sent)
    }

    fn money(&mut self) -> Result<Fen> {
        Ok(self.site.purse()?.balance)
    }
}

/// Frames with wrong MACs, many more than three; then the right one is taken.
pub fn frames(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a meter killed by wrong frames on its port");
    let mut place = Place::new(suite, seed)?;
    for n in 0..WRONG {
        let random = place.identify()?;
        let mut paid = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
        paid.money_mac = n.to_be_bytes();
        let answer = place.pay(&paid)?;
        if answer.control.is_refusal() && place.money()? == Fen(0) {
            row.stopped("refused, and the ESAM counts no try");
        } else {
            row.went_through(format!("frame {n} was taken"));
        }
    }
    let random = place.identify()?;
    let paid = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
    let answer = place.pay(&paid)?;
    if !answer.control.is_refusal() && place.money()? == Fen(50_00) {
        row.stopped("the right frame is taken afterwards");
    } else {
        row.went_through(format!("after {WRONG} wrong frames the right one: {:02X?}", answer.data));
    }
    Ok(row)
}

/// MACs of a parameter's key, of the key for control, of another random and of another field, in the place of the purse's.
pub fn parameter_mac(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row = Row::new(PROOF, "a MAC made for something else in the place of the purse's");
    for attack in 0..4 {
        let mut place = Place::new(suite, seed)?;
        let random = place.identify()?;
        let right = place.station.recharge(random, Fen(50_00), 1, CUSTOMER);
        let money = [right.amount, right.count].concat();
        let (what, mac): (_, [u8; MAC_LEN]) = match attack {
            0 => ("a parameter's key", place.station.parameter(random, INCREASE, &money)),
            1 => ("the customer's MAC", right.customer_mac),
            2 => ("a refund", place.station.refund(random, Fen(50_00))),
            _ => {
                let other = place.station.recharge(random.map(|byte| !byte), Fen(50_00), 1, CUSTOMER);
                ("another random", other.money_mac)
            }
        };
        let answer = place.pay(&Recharge { money_mac: mac, ..right })?;
        if answer.control.is_refusal() && place.money()? == Fen(0) {
            row.stopped("one key, one use, one random");
        } else {
            row.went_through(what);
        }
    }
    Ok(row)
}
