//! The paper's online purchase with signatures: the chip signs what it asks for and what it credited, the server its order.

use crate::bench::imsi_file;
use crate::signed::{insert, scene, server, server_key};
use crate::world::{Bank, Site, chance, number, sealer, sign, terms};
use keys::Suite;
use reader::driver::esam::Wish;
use reader::driver::psam::{Answer, Psam};
use scheme::certificate::{Certificate, Label};
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::online::{REQUEST, SessionId};
use scheme::order::{Order, OrderId, OrderKind, Serial8, SimBinding};
use scheme::receipt;
use scheme::refusal::Refusal;
use scheme::signed::Signed;
use scheme::signing::Mode;
use server::{OnlineBegin, OnlineError, command_record};
use wire::Sw;

fn meter() -> MeterNumber {
    MeterNumber(number(1000).0)
}

/// What the customer asks for, as his contract has it.
fn wish() -> Wish {
    Wish {
        amount: Fen(20_00),
        imei: scheme::online::digits("490154200000000"),
        msisdn: scheme::online::digits("+8613800000000"),
    }
}

fn order(bank: &Bank, esam: [u8; 8]) -> Order {
    Order {
        meter: meter(),
        customer: "000000005000".parse().unwrap(),
        amount: Fen(20_00),
        count: 1,
        issued: bank.now,
        id: OrderId([7; 8]),
        kind: OrderKind::Open,
        binding: SimBinding::of(&imsi_file(0)),
        valid_until: bank.now.add_seconds(86_400).unwrap(),
        serial: Serial8(esam),
    }
}

/// S0 and S1; gives the purchase, S1 and what the meter asks for.
fn asked(bank: &mut Bank, site: &mut Site, n: u8) -> (SessionId, Vec<u8>, Vec<u8>, u32) {
    let sid = SessionId([n; 8]);
    let hello = sealer(&mut bank.psam, &bank.server_key).begin_purchase(meter(), sid, bank.now).unwrap();
    let (wish, imsi) = (wish(), imsi_file(0));
    let caller = meter::Caller { hello: &hello, wish: &wish, imsi: &imsi };
    let mut random = chance(&format!("the MCU {n}"));
    let mut fill = |bytes: &mut [u8]| scheme::Chance::fill(&mut random, bytes);
    let asked = site.meter.begin_online(&mut site.esam, caller, bank.now, &mut fill).unwrap();
    let info = Psam::open(&mut crate::world::copy(&bank.psam)).unwrap().info();
    let request = Psam::go_on(&mut bank.psam, info).open_request(&asked.request).unwrap();
    (sid, asked.request, request, asked.count)
}

/// The chip's certificate, as the city's list has it.
fn own(bank: &Bank) -> Certificate {
    let esam = bank.store.read(|view| view.esam_of(meter())).unwrap().unwrap();
    esam.certified.unwrap().own().unwrap()
}

#[test]
fn request_order_and_receipt_are_signed_and_their_bytes_counted() {
    for suite in Suite::ALL {
        for mode in [Mode::Both, Mode::Signed] {
            let (_, mut bank, mut site) = scene(suite, mode);
            let (sid, message, request, count) = asked(&mut bank, &mut site, 1);
            let signed = Signed::parse(&request, REQUEST).unwrap();
            signed.verify(Label::Request, &own(&bank)).unwrap();
            assert!(signed.verify(Label::Receipt, &own(&bank)).is_err(), "and it is no receipt");
            let serial = own(&bank).subject.serial.0;
            let (certificate, key) = bank.signs.clone().unwrap();
            let order = order(&bank, serial).to_bytes();
            let once = sign(&order, &certificate, &key);
            let info = Psam::open(&mut crate::world::copy(&bank.psam)).unwrap().info();
            let mut psam = Psam::go_on(&mut bank.psam, info);
            let sealed = psam.seal_for_purchase(sid, &once).unwrap();
            // The answer was lost: the server signs anew, and the PSAM has the same order and the same message.
            let anew = scheme::signed::sign(
                &order,
                0xE1,
                Label::Order,
                certificate.suite,
                (certificate.number, &key),
                &[9; 32],
            )
            .unwrap();
            assert_ne!(anew, once);
            assert_eq!(psam.seal_for_purchase(sid, &anew).unwrap(), sealed);
            assert_eq!(psam.chain().unwrap().unwrap().count, 1);
            let other = sign(
                &Order { amount: Fen(1), ..Order::parse(&order).unwrap() }.to_bytes(),
                &certificate,
                &key,
            );
            assert_eq!(psam.seal_for_purchase(sid, &other).unwrap_err().sw(), Some(Sw::CONDITIONS));
            let report = site.meter.end_online(&mut site.esam, &sealed, count, bank.now);
            assert_eq!((report.credited, &report.broken), (Fen(20_00), &None));
            let answer = report.answer.unwrap();
            let Answer::Receipt(bytes) = Psam::go_on(&mut bank.psam, info).open_answer(&answer).unwrap()
            else {
                panic!("no receipt")
            };
            Signed::parse(&bytes, receipt::TAG).unwrap().verify(Label::Receipt, &own(&bank)).unwrap();
            let lengths = [message.len(), sealed.len(), answer.len()];
            assert_eq!(lengths, [199, 177, 177]);
        }
    }
}

/// A chip of mode signed signs; a request without a signature, or with another chip's, is not heard, and nothing is sold.
#[test]
fn the_books_hear_no_signed_meter_that_does_not_sign() {
    let (_, mut bank, mut site) = scene(Suite::Sm4, Mode::Signed);
    let (sid, message, request, _) = asked(&mut bank, &mut site, 1);
    let begin = OnlineBegin {
        sid,
        customer: "000000005000".parse().unwrap(),
        meter: meter(),
        amount: Some(Fen(20_00)),
        account: None,
        psam: "000000000004".into(),
        at: bank.now,
    };
    use server::OnlinePurchases;
    bank.store.begin_online(&begin).unwrap();
    let plain = Signed::parse(&request, REQUEST).unwrap().plain;
    let strange = scheme::signed::sign(
        &plain,
        REQUEST,
        Label::Request,
        Suite::Sm4,
        (own(&bank).number, &server_key(Suite::Sm4)),
        &[1; 32],
    )
    .unwrap();
    for bad in [&plain, &strange] {
        let told = bank.store.hear_online(sid, &message, bad, bank.now);
        assert!(matches!(told, Err(OnlineError::Signature { .. })), "{told:?}");
    }
    bank.store.hear_online(sid, &message, &request, bank.now).unwrap();
}

/// A server whose certificate is renewed: the meter learns it from two messages on the SIM, whichever record they stand in, and takes the
/// order of the new key in the same insertion.
#[test]
fn a_certificate_comes_by_two_messages() {
    for before_the_order in [true, false] {
        let suite = Suite::Sm4;
        let (_, mut bank, mut site) = scene(suite, Mode::Signed);
        let renewed = server(suite, 2, 12);
        Psam::open(&mut bank.psam).unwrap().fmcos().store_certificate(&renewed).unwrap();
        bank.signs = Some((renewed.clone(), server_key(suite)));
        let user_data = sealer(&mut bank.psam, &bank.server_key).seal_certificate(meter()).unwrap();
        let certificate = command_record(&user_data, 12, bank.now, &terms()).unwrap();
        assert_eq!(certificate.len(), 2 * wire::sms::record::RECORD_LEN);
        let order = bank.buy(&site, Fen(20_00));
        let messages: [&[u8]; 2] =
            if before_the_order { [&certificate, &order.record] } else { [&order.record, &certificate] };
        messages.into_iter().for_each(|message| site.deliver(message));
        let report = insert(&mut bank, &mut site);
        assert_eq!(report.credited, Fen(20_00), "{:?}", report.orders);
        assert!(report.orders.iter().any(|order| order.outcome == meter::OrderOutcome::Certified));
        let stored = crate::signed::stored(&mut site);
        assert_eq!(stored.len(), 2, "the receipt's two records, and the certificate's are free");
        // Again: it is the one it has. An older one is refused, and one for another meter.
        site.deliver(&certificate);
        assert!(matches!(insert(&mut bank, &mut site).outcome, meter::Outcome::Certified { .. }));
        site.deliver(&older(&mut bank, suite));
        let report = insert(&mut bank, &mut site);
        assert_eq!(report.orders[0].outcome, meter::OrderOutcome::Refused(Refusal::Signature));
        let strange =
            sealer(&mut bank.psam, &bank.server_key).seal_certificate(MeterNumber(number(77).0)).unwrap();
        let (now, terms) = (bank.now, terms());
        let mut site = site.copy();
        site.sim = crate::world::sim_card(&crate::world::imsi(0, 0));
        site.deliver(&command_record(&strange, 12, now, &terms).unwrap());
        let report = insert(&mut bank, &mut site);
        assert_eq!(report.orders[0].outcome, meter::OrderOutcome::Refused(Refusal::Mac));
    }
}

/// The messages with an older certificate of a server, from a PSAM that never met the newer one.
fn older(bank: &mut Bank, suite: Suite) -> Vec<u8> {
    let (_, mut other, _) = scene(suite, Mode::Signed);
    let user_data = sealer(&mut other.psam, &other.server_key).seal_certificate(meter()).unwrap();
    command_record(&user_data, 10, bank.now, &terms()).unwrap().to_vec()
}

/// Any bit of its two messages: it is the same, or it is refused.
#[test]
fn no_bit_of_a_certificate_on_its_way_can_be_changed() {
    let suite = Suite::Sm4;
    let (_, mut bank, mut site) = scene(suite, Mode::Signed);
    let renewed = server(suite, 2, 12);
    Psam::open(&mut bank.psam).unwrap().fmcos().store_certificate(&renewed).unwrap();
    let user_data = sealer(&mut bank.psam, &bank.server_key).seal_certificate(meter()).unwrap();
    let whole = command_record(&user_data, 12, bank.now, &terms()).unwrap().to_vec();
    // Behind the header of each message: what the packet has.
    for bit in (60 * 8..176 * 8).step_by(3).chain((240 * 8..300 * 8).step_by(3)) {
        let mut bent = whole.clone();
        bent[bit / 8] ^= 0x80 >> (bit % 8);
        let mut site = site.copy();
        if wire::sms::record::Records::parse(&bent).is_none() {
            continue;
        }
        site.deliver(&bent);
        let report = insert(&mut bank, &mut site);
        let taken = report.orders.iter().any(|order| order.outcome == meter::OrderOutcome::Certified);
        let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut site.esam);
        fmcos.reset().unwrap();
        fmcos.select_mf().unwrap();
        let kept = fmcos.certificate(scheme::certificate::KeyUse::Server).unwrap().unwrap();
        assert_eq!(kept.number == renewed.number, taken, "bit {bit}");
        assert!(!taken || kept.to_bytes() == renewed.to_bytes(), "bit {bit}");
    }
    site.deliver(&whole);
    assert!(matches!(insert(&mut bank, &mut site).outcome, meter::Outcome::Certified { .. }));
}
