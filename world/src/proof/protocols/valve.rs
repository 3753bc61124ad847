//! A gas meter on a line: commands to its valve that nobody proved, and proved ones against what locks it.

use super::super::board::{PROTOCOLS as PROOF, Row};
use crate::bare::{BEGIN, City, Eye, LineFault, Seed, Site, region};
use issue::keyset::Roots;
use issue::station::Station;
use keys::Suite;
use meter::port::Way;
use meter::{Profile, Sensed};
use parties::trouble::{Context, Result};
use reader::cjt188::{Carried, Line, PipeError};
use reader::dlt645;
use reader::security::SecureLine;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::signing::Mode;
use wire::cjt188::{Address, Identifier, Status, function, valve};

const OPERATOR: [u8; 4] = [0, 0, 0, 1];
const RANDOM: [u8; 8] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7];
const CUSTOMER: CustomerNumber = CustomerNumber([0, 0, 0, 0, 0x50, 0]);
/// A command that is never over.
const NEVER: [u8; 6] = [0x99; 6];
/// One that is over.
const OVER: [u8; 6] = [0x20, 0x01, 0x01, 0, 0, 0];

/// A gas meter with money in its purse, and the stations of its city and of another's.
struct Place {
    site: Site,
    own: Station,
    other: Station,
}

impl Place {
    fn new(suite: Suite, seed: Seed) -> Result<Self> {
        let mut city = City::new(suite, seed)?;
        let site = city.site(0, Mode::Symmetric)?.with_profile(Profile::Gas)?;
        let number = site.meter.state().config.number;
        let roots = Roots::test(suite).city(region()?);
        let own = Station::new(&roots, number);
        // Another meter's keys in the name of this one.
        let other = Station::new(&roots, city.site(1, Mode::Symmetric)?.meter.state().config.number);
        let mut place = Place { site, own, other };
        let mut eye = place.eye();
        let mut carried = Carried::new(&mut eye);
        let mut line = dlt645::Line::new(&mut carried);
        let mut line = SecureLine::new(&mut line, wire::dlt645::Address(number.0), OPERATOR);
        let station = Station::new(&roots, number);
        let (random, _) = line.identify(&station.identity(&RANDOM), &RANDOM, &station.factor())?;
        line.recharge(true, &station.recharge(random, Fen(50_00), 1, CUSTOMER))?;
        drop(eye);
        Ok(place)
    }

    fn eye(&mut self) -> Eye<'_> {
        Eye::new(&mut self.site, Way::Wires, BEGIN, LineFault::default())
    }

    fn is_open(&self) -> bool {
        !self.site.meter.state().relay_open
    }

    /// Identifies itself, and sends what is made for the random; the state that the meter says, or its refusal.
    fn command(
        &mut self,
        make: impl FnOnce(&Station, &Station, [u8; 4]) -> Vec<u8>,
    ) -> Result<core::result::Result<Status, PipeError>> {
        let number = self.site.meter.state().config.number;
        let (cipher, factor) = (self.own.identity(&RANDOM), self.own.factor());
        let Place { site, own, other } = self;
        let mut eye = Eye::new(site, Way::Wires, BEGIN, LineFault::default());
        let random = {
            let mut carried = Carried::new(&mut eye);
            let mut line = dlt645::Line::new(&mut carried);
            let mut line = SecureLine::new(&mut line, wire::dlt645::Address(number.0), OPERATOR);
            line.identify(&cipher, &RANDOM, &factor).context("a station identifies itself")?.0
        };
        let sent = make(own, other, random);
        let said = Line::new(&mut eye).ask(
            Address::of(number.0),
            function::WRITE,
            Identifier::VALVE,
            &reader::parameter::turned(&sent),
        );
        Ok(said.and_then(|(_, state)| match state.try_into() {
            Ok(state) => Ok(Status::of(state)),
            Err(_) => Err(PipeError::Other("a state has 2 bytes")),
        }))
    }
}

fn sealed(station: &Station, random: [u8; 4], act: u8, until: [u8; 6]) -> [u8; 20] {
    let [a, b, c, d, e, f] = until;
    station.control(random, &[act, 0, a, b, c, d, e, f])
}

/// Commands in the clear, bent, of another meter, of another random, repeated, too late; and to open what is locked.
pub fn row(suite: Suite, seed: Seed) -> Result<Row> {
    let mut row =
        Row::new(PROOF, "a gas meter's valve moved without its ESAM's seal, or against what locks it");
    let mut place = Place::new(suite, seed)?;
    let close = valve::CLOSE;
    for attack in 0..64_u8 {
        let said = place.command(|own, other, random| match attack {
            0 => vec![valve::OPEN],
            1 => vec![close],
            2 => sealed(other, random, close, NEVER).to_vec(),
            3 => sealed(own, random.map(|byte| !byte), close, NEVER).to_vec(),
            4 => sealed(own, random, close, OVER).to_vec(),
            5 => own.recharge(random, Fen(50_00), 2, CUSTOMER).money_mac.repeat(5),
            // A bit of each byte, and some more.
            bit => {
                let mut bent = sealed(own, random, close, NEVER);
                if let Some(byte) = bent.get_mut(usize::from(bit) % 20) {
                    *byte ^= 1 << (bit % 8);
                }
                bent.to_vec()
            }
        })?;
        if said.is_err() && place.is_open() {
            row.stopped("refused, and the valve stays where it is");
        } else {
            row.went_through(format!("attack {attack}: {said:?}"));
        }
    }
    // The genuine one closes it, once: what somebody heard of it opens and closes nothing.
    let mut heard = Vec::new();
    let said = place.command(|own, _, random| {
        heard = sealed(own, random, close, NEVER).to_vec();
        heard.clone()
    })?;
    if said.is_ok_and(|said| said.valve == 1) && !place.is_open() {
        row.stopped("the genuine one is taken");
    } else {
        row.went_through("the genuine one is not taken");
    }
    let opened = place.command(|own, _, random| sealed(own, random, valve::OPEN, NEVER).to_vec())?;
    let again = place.command(|_, _, _| heard)?;
    if opened.is_ok() && again.is_err() && place.is_open() {
        row.stopped("refused, and the valve stays where it is");
    } else {
        row.went_through("a command that was heard is taken again");
    }
    locks(&mut row, &mut place)?;
    Ok(row)
}

/// What locks a valve holds against money, against a genuine command, and over a loss of power.
fn locks(row: &mut Row, place: &mut Place) -> Result<()> {
    let sound = Sensed::default();
    let causes = [
        ("a magnet", Sensed { magnet: Some(true), ..sound }),
        ("a low battery", Sensed { battery_mv: Some(2900), ..sound }),
    ];
    for (what, sensed) in causes {
        place.site.meter.sense(sensed, BEGIN);
        for act in [valve::OPEN, scheme::field::relay::KEEP] {
            let kept = place.site.flash()?;
            place.site.restart(&kept)?;
            let said = place.command(|own, _, random| sealed(own, random, act, NEVER).to_vec())?;
            if place.is_open() || said.is_ok_and(|said| said.valve != 1) {
                row.went_through(format!("{what}: {act:02X} opened it"));
            } else {
                row.stopped("locked: closed, whoever asks");
            }
        }
        place.command(|own, _, random| {
            sealed(own, random, scheme::field::relay::KEEP_NO_MORE, NEVER).to_vec()
        })??;
        place.site.meter.sense(Sensed { magnet: Some(false), battery_mv: Some(3600), ..sound }, BEGIN);
        // A magnet that is gone is forgiven by a station alone, a battery by a new one.
        if what == "a magnet" && place.is_open() {
            row.went_through("a magnet that was taken away is forgotten");
        }
        place.command(|own, _, random| sealed(own, random, valve::OPEN, NEVER).to_vec())??;
        if place.is_open() {
            row.stopped("and open again, when its cause is gone and a station says so");
        } else {
            row.went_through(format!("{what} is gone, and its valve stays closed"));
        }
    }
    Ok(())
}
