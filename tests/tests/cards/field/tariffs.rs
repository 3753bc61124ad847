//! Tables of prices from a station into the ESAM's files, and what the meter bills by them.

use super::faults::Dying;
use super::{OPERATOR, Place, now};
use meter::port::{Guard, serve};
use meter::{Consumption, Meter};
use reader::driver::esam::Esam;
use reader::driver::field::FieldEsam;
use reader::parameter::{PLAIN, plain_write, turned};
use scheme::field::Span;
use scheme::moment::Moment;
use scheme::tariff::{Price, Steps, rates_of, switch_bytes};
use wire::dlt645::{Frame, Identifier, function};

const RATES: u32 = 0x0405_01FF;
const SPARE_RATES: u32 = 0x0405_02FF;
const RATES_TIME: u32 = 0x0400_0108;
const STEPS: u32 = 0x0406_04FF;
const SPARE_STEPS: u32 = 0x0406_05FF;
const STEPS_TIME: u32 = 0x0400_0109;

/// A write of class 1, as a station of this session makes it.
fn frame(place: &Place, random: [u8; 4], about: u32, value: &[u8]) -> Frame {
    let about = Identifier(about);
    let line = plain_write(about, value).unwrap();
    let mac = place.station.parameter(random, line.header(), value);
    let sent =
        [&about.bytes()[..], &[PLAIN, 0, 0, 0], &turned(&OPERATOR), &line.data, &turned(&mac)].concat();
    Frame::request(Place::address(), function::WRITE, sent)
}

fn write(place: &mut Place, about: u32, value: &[u8]) -> Result<(), u8> {
    let random = place.identify();
    let frame = frame(place, random, about, value);
    let answer = place.send(&frame).unwrap();
    if answer.control.is_refusal() { Err(answer.data[0]) } else { Ok(()) }
}

fn steps(amounts: &[u32], prices: &[u64]) -> [u8; 64] {
    let prices = prices.iter().copied().map(Price).collect();
    Steps { amounts: amounts.to_vec(), prices, days: Vec::new() }.to_file().unwrap()
}

fn later(hours: i64) -> Moment {
    now().add_seconds(hours * 3600).unwrap()
}

#[test]
fn a_station_sets_rates_and_steps_and_the_meter_bills_by_them() {
    let mut place = Place::opened();
    // The production line's price: 0.52.
    place.meter.consume(&mut place.esam, Consumption::Energy(1_00), now());
    assert_eq!(place.purse().balance.0, 50_00 - 52);
    write(&mut place, RATES, &rates_of(Price(1000))).unwrap();
    write(&mut place, STEPS, &steps(&[1_00, 2_00], &[5000, 6000, 9000])).unwrap();
    place.meter.consume(&mut place.esam, Consumption::Energy(4_00), now());
    assert_eq!(place.purse().balance.0, 50_00 - 52 - 60 - 70 - 2 * 100);
    assert_eq!(place.meter.state().price(now()), Price(10_000));
    // The next month begins below.
    assert_eq!(place.meter.state().price(later(24 * 3)), Price(6000));
}

#[test]
fn tables_that_wait_bill_from_their_time_on() {
    let mut place = Place::opened();
    write(&mut place, RATES, &rates_of(Price(5000))).unwrap();
    write(&mut place, SPARE_RATES, &rates_of(Price(7000))).unwrap();
    write(&mut place, RATES_TIME, &switch_bytes(Some(later(2)))).unwrap();
    write(&mut place, SPARE_STEPS, &steps(&[1_00], &[1000, 2000])).unwrap();
    write(&mut place, STEPS_TIME, &switch_bytes(Some(later(3)))).unwrap();
    place.meter.consume(&mut place.esam, Consumption::Seconds(5 * 3600), later(5));
    // Two hours at 0.50, one at 0.70, one at 0.70 + 0.10, one at 0.70 + 0.20.
    assert_eq!(place.purse().balance.0, 50_00 - 100 - 70 - 80 - 90);
    // The next table is written while the old time still stands beside it: it waits for another one.
    place.now = later(6);
    write(&mut place, SPARE_RATES, &rates_of(Price(9000))).unwrap();
    assert_eq!(place.meter.state().price(later(60)), Price(9000), "0.70 and the second step");
    write(&mut place, RATES_TIME, &switch_bytes(Some(later(7)))).unwrap();
    assert_eq!(place.meter.state().price(later(8)), Price(11_000));
    // One in use is changed at once.
    write(&mut place, RATES, &rates_of(Price(1000))).unwrap();
    assert_eq!(place.meter.state().price(later(6)), Price(3000));
}

#[test]
fn what_no_meter_could_bill_by_does_not_reach_the_esam() {
    let mut place = Place::opened();
    write(&mut place, STEPS, &steps(&[1_00], &[5000, 6000])).unwrap();
    let before = file(&mut place, Span { file: 3, offset: 0x84, len: 64 });
    let mut falls = steps(&[5_00, 9_00], &[1, 2, 3]);
    falls[..4].copy_from_slice(&[0, 0, 0x99, 0]);
    assert_eq!(write(&mut place, STEPS, &falls), Err(1));
    let mut letters = rates_of(Price(1));
    letters[40] = 0xA0;
    assert_eq!(write(&mut place, RATES, &letters), Err(1));
    assert_eq!(write(&mut place, RATES_TIME, &[0x26, 0x02, 0x30, 0, 0]), Err(1), "no day");
    assert_eq!(file(&mut place, Span { file: 3, offset: 0x84, len: 64 }), before);
    assert_eq!(place.meter.state().tariff.unread, None);
    // Another's MAC: the table in use stays.
    let random = place.identify();
    let mut bent = frame(&place, random, STEPS, &steps(&[1_00], &[1, 1]));
    *bent.data.last_mut().unwrap() ^= 1;
    assert_eq!(place.send(&bent).unwrap().data, [4]);
    assert_eq!(place.meter.state().price(now()), Price(5000));
    assert_eq!(place.meter.state().tariff.unread, None);
}

fn file(place: &mut Place, span: Span) -> Vec<u8> {
    let mut esam = Esam::new(&mut place.esam);
    FieldEsam::new(&mut esam).read(span).unwrap()
}

/// The power of meter and ESAM goes at any command of a write, and the flash is what was written down last: what the ESAM has is what the
/// meter bills by, and a table that took another's place before does not lose it again.
#[test]
fn a_table_that_loses_its_power_anywhere_is_billed_by_as_the_esam_has_it() {
    let (mut at, mut behind, mut written) = (1, false, [0, 0]);
    loop {
        let what = format!("at command {at}, behind it: {behind}");
        let mut place = Place::opened();
        write(&mut place, RATES, &rates_of(Price(4000))).unwrap();
        write(&mut place, SPARE_RATES, &rates_of(Price(5000))).unwrap();
        write(&mut place, RATES_TIME, &switch_bytes(Some(now()))).unwrap();
        place.meter.consume(&mut place.esam, Consumption::Seconds(0), now());
        assert_eq!(place.meter.state().price(now()), Price(5000));
        let flash = |meter: &Meter| meter.to_flash(meter::FormalKeys::Allow).unwrap().to_string();
        let kept = std::rc::Rc::new(std::cell::RefCell::new(flash(&place.meter)));
        let keeper = kept.clone();
        place.meter.keep_with(Box::new(move |meter| {
            *keeper.borrow_mut() = flash(meter);
            Ok(())
        }));
        let random = place.identify();
        let frame = frame(&place, random, RATES, &rates_of(Price(8000)));
        let mut dying = Dying { esam: &mut place.esam, left: at, behind };
        serve(&mut place.meter, &mut dying, &mut place.guard, place.way, &frame, place.now, &mut |_| {});
        let is_whole = dying.left > 0;
        // Power returns.
        wire::Channel::reset(&mut place.esam).unwrap();
        place.meter = Meter::from_flash(&kept.borrow()).unwrap();
        place.guard = Guard::default();
        place.meter.consume(&mut place.esam, Consumption::Seconds(0), now());
        let has = file(&mut place, Span { file: 3, offset: 4, len: 4 });
        let is_new = has == [0, 0, 0x80, 0];
        assert!(is_new || has == [0, 0, 0x40, 0], "{what}: {has:02X?}");
        let wanted = Price(if is_new { 8000 } else { 5000 });
        assert_eq!(place.meter.state().price(now()), wanted, "{what}");
        assert_eq!(place.meter.state().tariff.unread, None, "{what}");
        written[usize::from(is_new)] += 1;
        if is_whole {
            break;
        }
        (at, behind) = if behind { (at + 1, false) } else { (at, true) };
    }
    assert!(
        written.iter().all(|times| *times > 0),
        "the power went before and behind the writing: {written:?}"
    );
}
