//! What `explain` says of orders, receipts and frames that real cards made, where the ESAM's own keys are at hand.

use crate::world::region;
use ::world::bare::{BEGIN, City, Seed, Site};
use issue::keyset::Roots;
use issue::station::Station;
use keys::Suite;
use lens::explain::{self, Hand, Opener, Part, Verdict};
use meter::port::{Guard, Way, serve};
use reader::driver::sim::Sim;
use reader::security::{fields, identifier, request};
use scheme::Chance;
use scheme::money::Fen;
use scheme::numbers::CustomerNumber;
use scheme::signing::Mode;
use wire::dlt645::{Address, Frame, Identifier};
use wire::sms::record::RECORD_LEN;

const SEED: Seed = Seed(9);

fn opener(site: &Site) -> Opener {
    Opener::of_esam("its ESAM", site.esam.image()).unwrap()
}

fn imsi(site: &mut Site) -> [u8; 9] {
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    sim.imsi().unwrap()
}

fn explained(bytes: &[u8], opener: &Opener, imsi: [u8; 9]) -> Vec<Part> {
    let hand = Hand { openers: std::slice::from_ref(opener), now: BEGIN, imsi: Some(imsi) };
    explain::bytes(bytes, &hand)
}

fn check(part: &Part) -> &str {
    part.failing().map_or("", |failing| &failing.check)
}

#[test]
fn signed_and_symmetric_orders_before_and_after_their_credit() {
    for suite in Suite::ALL {
        for mode in [Mode::Symmetric, Mode::Signed] {
            let mut city = City::new(suite, SEED).unwrap();
            let mut site = city.site(0, mode).unwrap();
            let mut bank = city.bank(std::slice::from_ref(&site)).unwrap();
            let order = bank.buy(&site, Fen(20_00)).unwrap();
            let (before, sim) = (opener(&site), imsi(&mut site));
            let parts = explained(&order.record, &before, sim);
            assert!(matches!(parts[0].verdict, Verdict::Passes(_)), "{:?}", parts[0]);
            assert_eq!(parts.len(), if mode == Mode::Signed { 2 } else { 1 });
            // Each byte of what is sealed, changed: never passes.
            for byte in (60..120).chain(RECORD_LEN + 60..order.record.len()).step_by(7) {
                let mut bent = order.record.to_vec();
                let Some(at) = bent.get_mut(byte).filter(|at| **at != 0xFF) else { continue };
                *at ^= 0x10;
                let parts = explained(&bent, &before, sim);
                let passes = matches!(parts[0].verdict, Verdict::Passes(_));
                assert!(!passes, "{} byte {byte}: {:?}", suite.name(), parts[0]);
            }
            if mode == Mode::Signed {
                let half = explained(&order.record[..RECORD_LEN], &before, sim);
                assert_eq!((half.len(), check(&half[0])), (1, "format"));
            }
            let mut other = sim;
            other[8] ^= 0x10;
            assert_eq!(check(&explained(&order.record, &before, other)[0]), "sim-binding");
            site.deliver(&order.record).unwrap();
            site.insert(bank.now);
            let receipt = site.take_receipt().unwrap().unwrap();
            let after = opener(&site);
            // Credited: its ESAM gives the receipt again.
            assert!(matches!(explained(&order.record, &after, sim)[0].verdict, Verdict::Passes(_)));
            let parts = explained(&receipt, &after, sim);
            assert!(matches!(parts[0].verdict, Verdict::Passes(_)), "{:?}", parts[0]);
            let bytes = bank.open_bytes(&site, &receipt).unwrap();
            assert!(matches!(explained(&bytes, &after, sim)[0].verdict, Verdict::Passes(_)));
            let mut bent = bytes.clone();
            let tac = bent.windows(2).position(|two| two == [0x8E, 0x04]).unwrap() + 2;
            bent[tac] ^= 1;
            let parts = explained(&bent, &after, sim);
            assert_eq!(check(&parts[0]), "tac");
            let place = parts[0].failing().and_then(|failing| failing.place.clone()).unwrap();
            assert_eq!((place.from, place.len), (tac - 2, 6));
        }
    }
}

#[test]
fn a_recharge_in_a_capture_is_checked_by_the_random_before_it() {
    let mut city = City::new(Suite::Sm4, SEED).unwrap();
    let mut site = city.site(0, Mode::Symmetric).unwrap();
    let (opener, sim) = (opener(&site), imsi(&mut site));
    let number = site.meter.state().config.number;
    let station = Station::new(&Roots::test(Suite::Sm4).city(region()), number);
    let (own, mut guard) = (Address(number.0), Guard::default());
    let mut send = |frame: &Frame, site: &mut Site| {
        let mut chance = SEED.chance("port");
        serve(&mut site.meter, &mut site.esam, &mut guard, Way::Wires, frame, BEGIN, &mut |bytes| {
            chance.fill(bytes)
        })
        .unwrap()
    };
    let random = [0xA0; 8];
    let ask =
        request(own, identifier::IDENTITY, [0; 4], &[&station.identity(&random), &random, &station.factor()]);
    let answer = send(&ask, &mut site);
    let (_, data) = Identifier::split(&answer.data).unwrap();
    let [given, _] = fields(data, [4, 8]).unwrap();
    let customer = CustomerNumber([0, 0, 0, 0, 0x50, 0]);
    let paid = station.recharge(given.try_into().unwrap(), Fen(50_00), 1, customer);
    for (bend, wanted) in [(0, ""), (1, "mac"), (2, "mac")] {
        let mut paid = paid;
        match bend {
            1 => paid.money_mac[0] ^= 1,
            2 => paid.customer_mac[0] ^= 1,
            _ => {}
        }
        let sent = [&paid.amount[..], &paid.count, &paid.money_mac, &paid.customer, &paid.customer_mac];
        let frame = request(own, identifier::OPEN, [0; 4], &sent);
        let capture = [&ask, &answer, &frame].map(|frame| frame.to_bytes().unwrap()).concat();
        let parts = explained(&capture, &opener, sim);
        assert_eq!((parts.len(), check(&parts[2])), (3, wanted), "{:?}", parts[2]);
        assert_eq!(matches!(parts[2].verdict, Verdict::Passes(_)), bend == 0);
        if let Some(place) = parts[2].failing().and_then(|failing| failing.place.clone()) {
            let digits = hex::encode_upper(if bend == 1 { paid.money_mac } else { paid.customer_mac });
            let turned: String = (0..4).rev().map(|byte| digits[2 * byte..2 * byte + 2].to_owned()).collect();
            assert_eq!(place.hex, turned, "as it stands in DATA");
        }
    }
    // Without the random nobody can tell.
    let alone = request(own, identifier::OPEN, [0; 4], &[&[0; 22]]).to_bytes().unwrap();
    assert!(matches!(explained(&alone, &opener, sim)[0].verdict, Verdict::Open(_)));
}
