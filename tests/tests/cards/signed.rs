//! Signed orders and receipts: two messages, two records, a signature that anybody can check [docs/specs/signatures.md].

use crate::signing::{ask, authenticate, by_root, days, province, root, serial, target};
use crate::world::{Bank, Province, Site, chance, copy, number, open, sign, signing_psam, take_receipt};
use issue::signing::{equip, set_mode};
use keys::Suite;
use keys::sign::{Curve, SigningKey};
use meter::{InsertionReport, OrderOutcome, Outcome};
use reader::driver::esam::Esam;
use reader::driver::psam::Psam;
use reader::driver::sim::{Sim, SimError};
use scheme::Chance;
use scheme::certificate::{Certificate, KeyUse, Label, Subject};
use scheme::money::Fen;
use scheme::numbers::PROVINCE;
use scheme::order::{OrderId, Serial8};
use scheme::profile::CardKind;
use scheme::receipt::{self, Receipt};
use scheme::refusal::Refusal;
use scheme::signed::Signed;
use scheme::signing::{Mode, SET_MODE};
use server::{Certified, FindingKind, OrderRequest, Settlement};
use vcard::{Pull, Slot};
use wire::sms::record::{RECORD_LEN, RecordStatus};
use wire::{Command, Sw};

const AMOUNT: Fen = Fen(20_00);
const OTHER: Fen = Fen(10_00);

pub fn server_key(suite: Suite) -> SigningKey {
    SigningKey::from_bytes(Curve::of(suite), &[8; 32]).unwrap()
}

/// The server's certificate of an epoch.
pub fn server(suite: Suite, epoch: u16, number: u32) -> Certificate {
    let subject = Subject {
        key_use: KeyUse::Server,
        region: PROVINCE,
        device: [0; 6],
        serial: Serial8([0; 8]),
        epoch,
        validity: days("20260101", "20301231"),
    };
    by_root(suite, subject, number, &server_key(suite))
}

/// Has an ESAM that is certified take these orders.
fn take(province: &mut Province, esam: &mut Slot, n: u32, mode: Mode) -> [Certificate; 2] {
    let to = target(CardKind::Esam, n, serial(esam));
    let server = server(province.suite, 1, 10);
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    set_mode(esam, &mut source, &to, Some(&server), mode).unwrap()
}

/// A meter that takes these orders, and a bank that knows it and signs.
pub fn scene(suite: Suite, mode: Mode) -> (Province, Bank, Site) {
    let mut province = province(suite);
    let mut site = Site::new(&mut province, 0);
    let day = "20260101".parse().unwrap();
    let to = target(CardKind::Esam, 1000, serial(&mut site.esam));
    equip(&mut site.esam, &mut open(&mut province.esam_issuing, CardKind::EsamIssuing), &to, day).unwrap();
    let [issuer, own] = take(&mut province, &mut site.esam, 1000, mode);
    let to = target(CardKind::Psam, 4, serial(&mut province.psam));
    equip(&mut province.psam, &mut open(&mut province.psam_issuing, CardKind::PsamIssuing), &to, day)
        .unwrap();
    let server = server(suite, 1, 10);
    Psam::open(&mut province.psam).unwrap().fmcos().store_certificate(&server).unwrap();
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    bank.signs = Some((server, server_key(suite)));
    tell(&mut bank, mode, Some(Certified { issuer: issuer.to_bytes(), own: own.to_bytes() }));
    site.esam = copy(&site.esam);
    (province, bank, site)
}

/// The city's list: what the meter takes.
fn tell(bank: &mut Bank, mode: Mode, certified: Option<Certified>) {
    let meter = number(1000);
    let now = bank.now;
    let esam = bank.store.read(|view| view.esam_of(meter.to_string().parse().unwrap())).unwrap().unwrap();
    let esam = server::Esam { mode, certified, ..esam };
    bank.store.batch(|act| act.take_meters(&[esam], now)).unwrap();
}

/// What stands in the SIM's records that are in use.
pub fn stored(site: &mut Site) -> Vec<(u8, Vec<u8>)> {
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    sim.sms_list().unwrap().into_iter().map(|message| (message.number, message.bytes)).collect()
}

fn write(site: &mut Site, number: u8, record: &[u8]) {
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    sim.sms_file().unwrap();
    sim.update_record(number, record).unwrap();
}

pub fn insert(bank: &mut Bank, site: &mut Site) -> InsertionReport {
    bank.now = bank.now.add_seconds(60).unwrap();
    site.insert(bank.now)
}

fn settled(settlement: Settlement) -> (Receipt, Vec<FindingKind>) {
    let Settlement::Settled(settled) = settlement else { panic!("{settlement:?}") };
    (settled.receipt, settled.findings.into_iter().map(|finding| finding.kind).collect())
}

/// The receipt of the purchase of a count, as the books keep it.
fn kept(bank: &Bank, count: u32) -> Vec<u8> {
    let orders = bank.store.read(|view| view.orders()).unwrap();
    let order = orders.iter().find(|placed| placed.order.count == count).unwrap().order.id;
    bank.store.read(|view| view.receipt_of(order)).unwrap().unwrap()
}

#[test]
fn a_signed_order_is_two_records_and_so_is_its_receipt() {
    for suite in Suite::ALL {
        for mode in [Mode::Both, Mode::Signed] {
            let (_, mut bank, mut site) = scene(suite, mode);
            for count in 1..=2 {
                let order = bank.buy(&site, AMOUNT);
                assert_eq!(order.record.len(), 2 * RECORD_LEN);
                site.deliver(&order.record);
                let report = insert(&mut bank, &mut site);
                let credited = matches!(report.outcome, Outcome::Credited { orders: 1, amount: AMOUNT, .. });
                assert!(credited, "{}: {:?}", suite.name(), report.outcome);
                let orders = |(_, record): &(u8, Vec<u8>)| record[0] == RecordStatus::Unread.byte();
                let receipts = |(_, record): &(u8, Vec<u8>)| record[0] == RecordStatus::ToBeSent.byte();
                let used = stored(&mut site);
                assert!(!used.iter().any(orders), "the receipt stands where the order stood");
                assert_eq!(used.iter().filter(|record| receipts(record)).count(), 2);
                let receipt = take_receipt(&mut site.sim).unwrap();
                assert_eq!(receipt.len(), 2 * RECORD_LEN);
                let (said, findings) = settled(bank.settle(&site, &receipt));
                assert_eq!((said.count, said.amount, findings), (count, AMOUNT, vec![]));
                assert!(matches!(bank.settle(&site, &receipt), Settlement::AlreadySettled(Some(_))));
                assert_eq!(said.digest, order.order.digest(), "what names an order is what it says");

                // Whoever has the root's certificate needs nothing else.
                let signed = Signed::parse(&kept(&bank, count), receipt::TAG).unwrap();
                let chain = issue::signing::chain(&mut site.esam, KeyUse::Esam).unwrap().unwrap();
                assert_eq!(chain[0].to_bytes(), root(suite).to_bytes());
                chain[1].verify(&chain[0]).unwrap();
                chain[2].verify(&chain[1]).unwrap();
                signed.verify(Label::Receipt, &chain[2]).unwrap();
                assert!(signed.verify(Label::Order, &chain[2]).is_err(), "an ESAM writes no orders");
            }
            bank.assert_sound(&mut site, suite.name());
        }
    }
}

/// A lost half is a missing order, not a refusal; which parts belong together their packet's checksum says.
#[test]
fn parts_come_in_any_order_doubled_overwritten_or_not_at_all() {
    let (_, mut bank, site) = scene(Suite::Sm4, Mode::Signed);
    let order = bank.buy(&site, AMOUNT).record;
    let [first, second] = order.each() else { panic!("two records") };
    let alone = |records: &[(u8, &[u8])]| {
        let mut site = site.copy();
        records.iter().for_each(|(number, record)| write(&mut site, *number, record));
        let report = site.insert(bank.now.add_seconds(60).unwrap());
        (report, site)
    };
    let credited = |(report, mut site): (InsertionReport, Site), places: [u8; 2], what: &str| {
        let outcome = &report.outcome;
        assert!(matches!(outcome, Outcome::Credited { amount: AMOUNT, .. }), "{what}: {outcome:?}");
        let receipts: Vec<u8> = stored(&mut site)
            .into_iter()
            .filter(|(_, record)| record[0] == RecordStatus::ToBeSent.byte())
            .map(|(number, _)| number)
            .collect();
        let mut places = places.to_vec();
        places.sort_unstable();
        assert_eq!(receipts, places, "{what}");
    };
    let missing = |(report, mut site): (InsertionReport, Site), before: usize, what: &str| {
        let none = matches!(report.outcome, Outcome::Refused { refusal: Refusal::NoOrder, .. });
        assert!(none, "{what}: {:?}", report.outcome);
        assert_eq!((stored(&mut site).len(), site.purse().count), (before, 0), "{what}: nothing is written");
    };
    credited(alone(&[(3, first), (7, second)]), [3, 7], "far apart");
    credited(alone(&[(9, first), (2, second)]), [9, 2], "the second part first");
    missing(alone(&[(3, first)]), 1, "the second part lost");
    missing(alone(&[(3, second)]), 1, "the first part lost");
    missing(alone(&[(3, first), (4, first)]), 2, "the first part twice");
    // Another message of the same sender with the same reference, before and behind.
    let mut strange = *second;
    let end = strange.iter().rposition(|byte| *byte != 0xFF).unwrap();
    strange[end] ^= 0x40;
    credited(alone(&[(1, &strange), (3, first), (4, second)]), [3, 4], "a strange second part before");
    credited(alone(&[(3, first), (4, second), (5, &strange)]), [3, 4], "a strange second part behind");
    credited(alone(&[(3, first), (4, second), (5, second)]), [3, 4], "the second part twice");
    credited(alone(&[(3, first), (4, second), (5, first)]), [3, 4], "the first part twice");
    // The user's own messages between the parts stay as they are.
    let mut read = *second;
    read[0] = RecordStatus::Read.byte();
    credited(alone(&[(3, first), (4, &read)]), [3, 4], "one part read by its user");
    // What only looks alike comes from somebody else.
    let mut elsewhere = *second;
    elsewhere[13] ^= 0x10;
    missing(alone(&[(3, first), (4, &elsewhere)]), 2, "the second part of another sender");

    // Two orders of one count and one reference: of all pairs of their parts two are orders, and one of these is credited.
    let other = {
        let request = OrderRequest {
            meter: site.meter.state().config.number,
            amount: OTHER,
            now: bank.now,
            id: OrderId([0, 9, 9, 9, 9, 9, 9, 9]),
        };
        let mut psam = signing_psam(&mut bank.psam, &bank.server_key, &bank.signs);
        bank.store.correct(&mut psam, &request, &crate::world::terms()).unwrap().record
    };
    let [third, fourth] = other.each() else { panic!("two records") };
    let records: [(u8, &[u8]); 4] = [(1, fourth), (2, first), (3, second), (4, third)];
    let mut site = site.copy();
    records.iter().for_each(|(number, record)| write(&mut site, *number, record));
    let report = insert(&mut bank, &mut site);
    assert!(
        matches!(report.outcome, Outcome::Credited { orders: 1, amount: AMOUNT, .. }),
        "{:?}",
        report.outcome
    );
    assert_eq!(site.purse().count, 1);
    let receipt = take_receipt(&mut site.sim).unwrap();
    assert_eq!(settled(bank.settle(&site, &receipt)).0.amount, AMOUNT);
}

/// The SIM pulled between any two commands, the second time too: the receipt is whole in the end, and one.
#[test]
fn a_sim_pulled_twice_has_one_whole_receipt() {
    let (_, mut bank, site) = scene(Suite::Sm4, Mode::Signed);
    let order = bank.buy(&site, AMOUNT);
    let mut torn = 0;
    let at = |seconds: i64| bank.now.add_seconds(60 + seconds).unwrap();
    for first in 0.. {
        let mut once = site.copy();
        once.deliver(&order.record);
        once.sim.pull(Pull::AfterAnswering(first));
        if matches!(once.insert(at(0)).outcome, Outcome::Credited { .. }) {
            break;
        }
        // Before the money came in there is nothing to be torn; each single cut has its test.
        if once.purse().count == 0 {
            continue;
        }
        for second in 0.. {
            let mut twice = once.copy();
            twice.sim.pull(Pull::AfterAnswering(second));
            // The whole receipt may be there already, and no order.
            let ended = match twice.insert(at(30)).outcome {
                Outcome::Refused { refusal, .. } => refusal == Refusal::NoOrder,
                _ => true,
            };
            let mut twice = twice.copy();
            twice.insert(at(60));
            let what = format!("pulled at {first} and {second}");
            let receipt = take_receipt(&mut twice.sim).unwrap_or_else(|| panic!("{what}: no receipt"));
            assert_eq!(receipt.len(), 2 * RECORD_LEN, "{what}");
            assert_eq!(take_receipt(&mut twice.sim), None, "{what}: a second receipt");
            assert_eq!((twice.purse().count, twice.purse().balance), (1, AMOUNT), "{what}");
            let parts = stored(&mut twice);
            assert_eq!(parts.len(), 2, "{what}: {parts:02X?}");
            torn += 1;
            if ended {
                break;
            }
        }
    }
    assert!(torn > 30, "{torn} pairs");
}

/// Who has a meter's kic and kid, as every PSAM of the city has, can write packets. A meter that takes signed orders alone takes none of
/// them without the server's signature.
#[test]
fn a_signed_meter_takes_nothing_unsigned() {
    for suite in [Suite::TripleDes, Suite::Sm4] {
        let (_, mut bank, mut site) = scene(suite, Mode::Signed);
        let certified = bank.store.read(|view| view.esam_of(number(1000).to_string().parse().unwrap()));
        let certified = certified.unwrap().unwrap().certified;
        // The bank does not know yet.
        tell(&mut bank, Mode::Symmetric, None);
        let order = bank.buy(&site, AMOUNT);
        assert_eq!(order.record.len(), RECORD_LEN);
        site.deliver(&order.record);
        let before = (stored(&mut site), site.purse());
        let report = insert(&mut bank, &mut site);
        assert_eq!(report.orders[0].outcome, OrderOutcome::Refused(Refusal::Unsigned));
        assert_eq!((stored(&mut site), site.purse()), before, "a refusal writes nothing");

        // Then the order is made anew, signed, and its receipt settles.
        tell(&mut bank, Mode::Signed, certified);
        let mut psam = signing_psam(&mut bank.psam, &bank.server_key, &bank.signs);
        let (id, terms) = (OrderId([0xEE; 8]), crate::world::terms());
        let meter = site.meter.state().config.number;
        let anew = bank.store.reissue(&mut psam, meter, bank.now, id, server::Anew::Needed, &terms).unwrap();
        assert_eq!(anew.record.len(), 2 * RECORD_LEN);
        site.deliver(&anew.record);
        let report = insert(&mut bank, &mut site);
        assert!(matches!(report.outcome, Outcome::Credited { amount: AMOUNT, .. }), "{:?}", report.outcome);
        let receipt = take_receipt(&mut site.sim).unwrap();
        assert_eq!(settled(bank.settle(&site, &receipt)).1, []);
        bank.assert_sound(&mut site, suite.name());
    }
}

/// The signature of somebody else: the PSAM does not seal it, and the ESAM, were it sealed all the same, does not take it.
#[test]
fn only_the_servers_signature_counts() {
    let suite = Suite::Aes128;
    let (mut province, mut bank, mut site) = scene(suite, Mode::Both);
    let mine = SigningKey::from_bytes(Curve::of(suite), &[9; 32]).unwrap();
    let meter = site.meter.state().config.number;
    let request = OrderRequest { meter, amount: AMOUNT, now: bank.now, id: OrderId([7; 8]) };
    let terms = crate::world::terms();
    let forged = |certificate: &Certificate, key: &SigningKey| {
        let (certificate, key) = (certificate.clone(), key.clone());
        move |order: &[u8]| sign(order, &certificate, &key)
    };
    let server = server(suite, 1, 10);
    let later = self::server(suite, 1, 11);
    for (n, (certificate, key)) in [(&server, &mine), (&later, &server_key(suite))].into_iter().enumerate() {
        let request = OrderRequest { id: OrderId([n as u8; 8]), ..request };
        let signer = forged(certificate, key);
        let mut psam = crate::world::sealer(&mut bank.psam, &bank.server_key);
        let chain = psam.chain().unwrap();
        psam.sign_with(Box::new(move |order| Ok(signer(order))));
        let error = bank.store.purchase(&mut psam, &request, &terms).unwrap_err();
        assert!(error.to_string().contains("6982"), "{error}");
        assert_eq!(psam.chain().unwrap(), chain, "nothing was sealed");
        bank.store.batch(|act| act.void_order(request.id, request.now)).unwrap();
    }
    // A test card asks for no proof: what it seals, anybody could.
    let mut card = crate::testing::test_card(&mut province);
    let signer = forged(&server, &mine);
    let mut psam = Psam::open_test_card(&mut card).unwrap();
    psam.verify_pin(crate::world::pin().expose()).unwrap();
    psam.sign_with(Box::new(move |order| Ok(signer(order))));
    let request = OrderRequest { id: OrderId([8; 8]), ..request };
    let sealed = bank.store.purchase(&mut psam, &request, &terms).unwrap();
    site.deliver(&sealed.record);
    let report = insert(&mut bank, &mut site);
    assert_eq!(report.orders[0].outcome, OrderOutcome::Refused(Refusal::Signature));
    assert_eq!(site.purse().count, 0);
}

/// What is signed anew is the same order: the PSAM counts it once, and so do the books.
#[test]
fn an_order_signed_anew_is_the_same_order() {
    let (_, mut bank, site) = scene(Suite::Sm4, Mode::Signed);
    let order = bank.buy(&site, AMOUNT).order.to_bytes();
    let (certificate, key) = bank.signs.clone().unwrap();
    let mut psam = crate::world::sealer(&mut bank.psam, &bank.server_key);
    let chain = psam.chain().unwrap().unwrap();
    assert_eq!(chain.count, 1);
    let label = (Label::Order, certificate.suite, (certificate.number, &key));
    let again = |n: u8| scheme::signed::sign(&order, 0xE1, label.0, label.1, label.2, &[n; 32]).unwrap();
    let (one, other) = (again(1), again(2));
    assert_ne!(one, other, "another nonce, another signature");
    let (one, other) = (psam.seal_order(&one).unwrap(), psam.seal_order(&other).unwrap());
    assert_ne!(one, other);
    assert_eq!(psam.chain().unwrap().unwrap(), chain, "counted once");
}

/// A mode only rises, and no card takes one that it could not keep to.
#[test]
fn a_mode_only_rises() {
    let suite = Suite::Sm4;
    let mut province = province(suite);
    let mut site = Site::new(&mut province, 0);
    let to = target(CardKind::Esam, 1000, serial(&mut site.esam));
    let command = |mode: u8| Command::new(SET_MODE[0], SET_MODE[1], SET_MODE[2], mode);
    assert_eq!(ask(&mut site.esam, &command(1)).1, Sw::NOT_ALLOWED, "not without the city");
    let mut try_mode = |province: &mut Province, mode: u8| {
        let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
        authenticate(&mut site.esam, &mut source, &to);
        let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut site.esam);
        fmcos.ask("SET MODE", &command(mode)).unwrap().sw
    };
    assert_eq!(try_mode(&mut province, 3), Sw::WRONG_P1P2);
    assert_eq!(try_mode(&mut province, 0), Sw::OK, "what it has");
    assert_eq!(try_mode(&mut province, 1), Sw::KEY_NOT_FOUND, "no key of its own");
    let day = "20260101".parse().unwrap();
    equip(&mut site.esam, &mut open(&mut province.esam_issuing, CardKind::EsamIssuing), &to, day).unwrap();
    let try_mode = |province: &mut Province, site: &mut Site, mode: u8| {
        let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
        authenticate(&mut site.esam, &mut source, &to);
        let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut site.esam);
        fmcos.ask("SET MODE", &command(mode)).unwrap().sw
    };
    assert_eq!(try_mode(&mut province, &mut site, 2), Sw::KEY_NOT_FOUND, "no server's certificate");
    take(&mut province, &mut site.esam, 1000, Mode::Both);
    assert_eq!(try_mode(&mut province, &mut site, 0), Sw::CONDITIONS);
    assert_eq!(try_mode(&mut province, &mut site, 2), Sw::OK);
    assert_eq!(try_mode(&mut province, &mut site, 1), Sw::CONDITIONS);
    let mut esam = Esam::new(&mut site.esam);
    esam.reset().unwrap();
    assert_eq!(esam.parameters().unwrap().mode, Mode::Signed);
    // Another key would leave it able to answer nothing.
    let mut source = open(&mut province.esam_issuing, CardKind::EsamIssuing);
    assert!(equip(&mut site.esam, &mut source, &to, day).is_err());
}

/// Any bit of either record changed: refused, or no order; and nothing is written anywhere.
#[test]
fn a_bent_part_is_credited_as_it_was_or_not_at_all() {
    let (_, mut bank, site) = scene(Suite::Sm4, Mode::Signed);
    let order = bank.buy(&site, AMOUNT).record;
    let whole = order.to_vec();
    let used = |record: &[u8]| record.iter().rposition(|byte| *byte != 0xFF).unwrap() + 1;
    let ends = [used(&whole[..RECORD_LEN]), used(&whole[RECORD_LEN..])];
    let mut chance = chance("bits of a signed order");
    let mut refused = 0;
    for (part, end) in ends.into_iter().enumerate() {
        for byte in 0..end {
            let mut draw = [0];
            chance.fill(&mut draw);
            let mut bent = whole.clone();
            bent[part * RECORD_LEN + byte] ^= 1 << (draw[0] & 7);
            let mut site = site.copy();
            let [first, second] = [0, 1].map(|n| bent[n * RECORD_LEN..(n + 1) * RECORD_LEN].to_vec());
            write(&mut site, 1, &first);
            write(&mut site, 2, &second);
            let report = site.insert(bank.now.add_seconds(60).unwrap());
            let purse = site.purse();
            match report.outcome {
                Outcome::Credited { amount, .. } => assert_eq!((amount, purse.count), (AMOUNT, 1)),
                _ => {
                    assert_eq!((purse.count, purse.balance), (0, Fen(0)), "part {part}, byte {byte}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 200, "{refused} refused");
}

/// Another server's certificate, of a later epoch: orders of before are refused, made anew they are taken.
#[test]
fn an_older_certificate_ends_with_the_next() {
    let suite = Suite::Sm4;
    let (_, mut bank, mut site) = scene(suite, Mode::Signed);
    let order = bank.buy(&site, AMOUNT);
    site.deliver(&order.record);
    let renewed = server(suite, 2, 12);
    let mut fmcos = reader::driver::fmcos::Fmcos::new(&mut site.esam);
    fmcos.reset().unwrap();
    fmcos.select_mf().unwrap();
    fmcos.store_certificate(&renewed).unwrap();
    let report = insert(&mut bank, &mut site);
    assert_eq!(report.orders[0].outcome, OrderOutcome::Refused(Refusal::Signature));
    assert_eq!(site.purse().count, 0);
}

/// A receipt whose MAC is right and whose signature is not: the money follows the MAC, and somebody is to look.
#[test]
fn a_receipt_that_its_meter_did_not_sign_is_a_finding() {
    let suite = Suite::Sm4;
    let (_, mut bank, mut site) = scene(suite, Mode::Signed);
    let esam = bank.store.read(|view| view.esam_of(number(1000).to_string().parse().unwrap()));
    let certified = esam.unwrap().unwrap().certified.unwrap();
    // The list names the key of another chip under the same number.
    let mut other = Certificate::parse(&certified.own).unwrap();
    other.key = server_key(suite).public().unwrap();
    tell(&mut bank, Mode::Signed, Some(Certified { own: other.to_bytes(), ..certified }));
    let order = bank.buy(&site, AMOUNT);
    site.deliver(&order.record);
    insert(&mut bank, &mut site);
    let receipt = take_receipt(&mut site.sim).unwrap();
    assert_eq!(settled(bank.settle(&site, &receipt)).1, [FindingKind::Signature]);
}

/// A SIM with one free record takes nothing of an order in two.
#[test]
fn a_sim_without_room_for_both_takes_neither() {
    let (_, mut bank, mut site) = scene(Suite::Sm4, Mode::Signed);
    let order = bank.buy(&site, AMOUNT);
    let mut text = [0xFF; RECORD_LEN];
    text[0] = RecordStatus::Read.byte();
    for number in 1..=9 {
        write(&mut site, number, &text);
    }
    let before = stored(&mut site);
    let mut sim = Sim::new(&mut site.sim);
    sim.reset().unwrap();
    let full = sim.deliver(order.record.each()).unwrap_err();
    assert!(matches!(full, SimError::Full { records: 10, users: 9, pending: 0 }), "{full}");
    assert_eq!(stored(&mut site), before);
}
