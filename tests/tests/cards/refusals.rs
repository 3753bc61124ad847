//! What the ESAM refuses, in the order of docs/specs/purchase.md 5, and that a refusal changes nothing.

use crate::bench::{Attempt, Bench, binding, imsi_file, time};
use crate::world::{Province, number, user_area};
use keys::Suite;
use reader::driver::esam::Esam;
use scheme::money::Fen;
use scheme::order::OrderKind;
use scheme::profile::{EF_CARD_INFO, EF_PARAMETERS, EF_RECEIPT};
use scheme::receipt::Receipt;
use wire::packet::ResponsePacket;
use wire::{Command, Sw};

const CEILING: Fen = Fen(1_000_00);

/// A fault of an order, and the status word of the check that finds it.
struct Fault {
    name: &'static str,
    sw: u16,
    /// Row of the table: faults of one row exclude each other.
    row: u8,
    make: fn(&mut Attempt),
}

const fn fault(name: &'static str, row: u8, sw: u16, make: fn(&mut Attempt)) -> Fault {
    Fault { name, sw, row, make }
}

/// Place of CPL, SPI and KIc in the user data: after `02 70 00`.
const CPL: usize = 3;
const SPI: usize = 6;

/// Where the body of an envelope begins.
fn body(envelope: &[u8]) -> usize {
    if envelope[1] == 0x81 { 3 } else { 2 }
}

/// Where the TPDU begins: after the device identities and a short tag and length.
fn tpdu(envelope: &[u8]) -> usize {
    body(envelope) + 4 + 2
}

/// What is wrong before the packet is opened, then what is wrong inside it; the checks of the contents follow.
/// Rows count the order of the checks. The inside can only be seen once the checksum was right.
#[rustfmt::skip]
const ALWAYS: &[Fault] = &[
    fault("envelope: another tag",             0, 0x6A80, |a| a.envelope = Some(|d| d[0] = 0xD2)),
    fault("envelope: from the card",           0, 0x6A80, |a| a.envelope = Some(|d| { let at = body(d); d.swap(at + 2, at + 3); })),
    fault("envelope: cut",                     0, 0x6A80, |a| a.envelope = Some(|d| d.truncate(d.len() - 1))),
    fault("envelope: a byte more",             0, 0x6A80, |a| a.envelope = Some(|d| d.push(0))),
    fault("TPDU: a submit",                    0, 0x6A80, |a| a.envelope = Some(|d| { let at = tpdu(d); d[at] |= 0x01; })),
    fault("TPDU: without a header",            0, 0x6A80, |a| a.envelope = Some(|d| { let at = tpdu(d); d[at] &= !0x40; })),
    fault("TPDU: seven-bit text",              0, 0x6A80, |a| a.envelope = Some(|d| { let at = tpdu(d); d[at + 9] = 0x00; })),
    fault("packet: a response",                0, 0x6A80, |a| a.packet = Some(|d| d[1] = 0x71)),
    fault("packet: CPL one more",              0, 0x6A80, |a| a.packet = Some(|d| d[CPL + 1] += 1)),
    fault("packet: CHL one less",              0, 0x6A80, |a| a.packet = Some(|d| d[CPL + 2] -= 1)),
    fault("packet: cut",                       0, 0x6A80, |a| a.packet = Some(|d| d.truncate(d.len() - 8))),
    fault("SPI: no encipherment of the reply", 1, 0x6A88, |a| a.spi = [0x16, 0x29]),
    fault("SPI: counter not checked",          1, 0x6A88, |a| a.spi = [0x0E, 0x39]),
    fault("SPI: a reserved bit",               1, 0x6A88, |a| a.packet = Some(|d| d[SPI] |= 0x80)),
    fault("SPI: a digital signature",          1, 0x6A88, |a| a.packet = Some(|d| d[SPI] |= 0x03)),
    fault("KIc: another key",                  1, 0x6A88, |a| a.kic ^= 0x30),
    fault("KIc: another cipher",               1, 0x6A88, |a| a.kic ^= 0x04),
    fault("KID: another key",                  1, 0x6A88, |a| a.kid ^= 0x30),
    fault("TAR: another application",          1, 0x6A88, |a| a.tar = *b"GRD"),
    fault("MAC: another KID",                  2, 0x6988, |a| a.keys.kid = a.keys.kic.clone()),
    fault("MAC: another KIC",                  2, 0x6988, |a| a.keys.kic = a.keys.kid.clone()),
    fault("MAC: last bit flipped",             2, 0x6988, |a| a.packet = Some(|d| *d.last_mut().unwrap() ^= 1)),
    fault("CNTR: one ahead of the count",      3, 0x6A80, |a| a.counter_ahead = 1),
    fault("CNTR: in its highest byte",         3, 0x6A80, |a| a.counter_ahead = 1 << 32),
    fault("order: an unknown object",          3, 0x6A80, |a| a.content = Some(|d| { d[1] += 3; d.extend([0x8A, 1, 0]); })),
    fault("order: an object missing",          3, 0x6A80, |a| a.content = Some(|d| { d[1] -= 10; d.truncate(d.len() - 10); })),
    fault("order: a receipt's tag",            3, 0x6A80, |a| a.content = Some(|d| d[0] = 0xE2)),
    fault("order: kind 04",                    3, 0x6A80, |a| a.content = Some(|d| d[51] = 0x04)),
    fault("meter: another number",             4, 0x9E11, |a| a.order.meter.0[5] ^= 0x01),
    fault("serial: another chip",              5, 0x9E14, |a| a.order.serial.0[7] ^= 0x01),
];

#[rustfmt::skip]
const CLOSED: &[Fault] = &[
    fault("binding: another SIM in the meter", 7, 0x9E13, |a| a.imsi = imsi_file(7)),
    fault("binding: an order for another SIM", 7, 0x9E13, |a| a.order.binding = binding(&imsi_file(7))),
    fault("recharge before opening",           8, 0x9E15, |a| a.order.kind = OrderKind::Recharge),
    fault("replacement before opening",        8, 0x9E16, |a| a.order.kind = OrderKind::Replacement),
    fault("count: the second first",           9, 0x9E37, |a| a.order.count = 2),
    fault("count: the last there is",          9, 0x9E37, |a| a.order.count = u32::MAX),
    fault("expired: by a second",             10, 0x9E09, |a| a.now = time("20261222080001")),
    fault("amount: a fen above the ceiling",  11, 0x9E21, |a| a.order.amount = Fen(CEILING.0 + 1)),
    fault("amount: all there is",             11, 0x9E21, |a| a.order.amount = Fen(u32::MAX)),
];

/// Of a meter with two purchases of 100.00 credited.
#[rustfmt::skip]
const OPENED: &[Fault] = &[
    fault("customer: another",                 6, 0x9E12, |a| a.order.customer.0[5] ^= 0x01),
    fault("binding: another SIM in the meter", 7, 0x9E13, |a| a.imsi = imsi_file(7)),
    fault("recharge from a new SIM",           8, 0x9E23, |a| { a.imsi = imsi_file(8); a.order.binding = binding(&imsi_file(8)); }),
    fault("opening an open account",           8, 0x9E27, |a| a.order.kind = OrderKind::Open),
    fault("count: older",                      9, 0x9E17, |a| a.order.count = 1),
    fault("count: before the first",           9, 0x9E17, |a| a.order.count = 0),
    fault("count: one skipped",                9, 0x9E37, |a| a.order.count = 4),
    fault("expired: by a year",               10, 0x9E09, |a| a.now = time("20271222080000")),
    fault("amount: a fen above the ceiling",  11, 0x9E21, |a| a.order.amount = Fen(CEILING.0 - 200_00 + 1)),
    fault("amount: overflows 32 bits",        11, 0x9E21, |a| a.order.amount = Fen(u32::MAX)),
];

/// Presents an attempt that must be refused; purse, count, parameters and receipt stay, byte for byte.
fn refused(bench: &Bench, attempt: &Attempt, wanted: u16, what: &str) {
    let mut bench = bench.copy();
    bench.authenticate();
    bench.run_info(attempt);
    let before = user_area(&bench.card);
    let writes = bench.card.page_writes().to_vec();
    let answer = bench.envelope(&attempt.envelope());
    assert_eq!(answer.sw, Sw(wanted), "{what}");
    assert!(answer.data.is_empty(), "{what}");
    assert!(user_area(&bench.card) == before, "{what}: the card changed");
    assert_eq!(bench.card.page_writes(), writes, "{what}: the card wrote");
}

/// Each fault alone, and each two of different rows together: the one of the earlier row is named.
fn table(bench: &Bench, base: &Attempt, faults: &[&Fault], what: &str) -> usize {
    let mut tried = 0;
    for (i, first) in faults.iter().enumerate() {
        let mut attempt = base.clone();
        (first.make)(&mut attempt);
        refused(bench, &attempt, first.sw, &format!("{what}: {}", first.name));
        for second in faults[i + 1..].iter().filter(|second| second.row > first.row) {
            let mut attempt = base.clone();
            (second.make)(&mut attempt);
            (first.make)(&mut attempt);
            // Two ways to change the same bytes cannot stand together.
            refused(bench, &attempt, first.sw, &format!("{what}: {} + {}", first.name, second.name));
            tried += 1;
        }
        tried += 1;
    }
    tried
}

#[test]
fn every_check_refuses_in_its_turn_and_changes_nothing() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (esam, _) = province.meter(number(42), Some(CEILING));
        let mut bench = Bench::new(&esam, suite, number(42));
        let attempt = |kind, count| Attempt::new(suite, number(42), kind, count);
        let faults = |of: &'static [Fault]| ALWAYS.iter().chain(of).collect::<Vec<_>>();

        let open = attempt(OrderKind::Open, 1);
        let tried = table(&bench, &open, &faults(CLOSED), &format!("{} closed", suite.name()));
        assert!(tried > 300, "{tried}");
        assert_eq!(bench.present(&open).sw, Sw::OK, "nothing above stood in the way of the right order");
        assert_eq!(bench.present(&attempt(OrderKind::Recharge, 2)).sw, Sw::OK);

        let recharge = attempt(OrderKind::Recharge, 3);
        let tried = table(&bench, &recharge, &faults(OPENED), &format!("{} opened", suite.name()));
        assert!(tried > 300, "{tried}");
        // Up to the ceiling and to the last second.
        let mut last = recharge;
        last.order.amount = Fen(CEILING.0 - 200_00);
        last.now = last.order.valid_until;
        assert_eq!(bench.present(&last).sw, Sw::OK);
        let purse = Esam::new(&mut bench.card).purse().unwrap();
        assert_eq!((purse.balance, purse.total_credited, purse.count), (CEILING, CEILING, 3));
        // A reversal takes its count and no money, at a full purse too; its receipt says which order it was.
        let mut reversal = attempt(OrderKind::Recharge, 4);
        reversal.order.amount = Fen(0);
        let answer = bench.present(&reversal);
        assert_eq!(answer.sw, Sw::OK);
        let security = wire::packet::Spi::parse(reversal.spi).unwrap().response;
        let packet = ResponsePacket::parse(&answer.data, security).unwrap();
        let receipt = Receipt::parse(&packet.open(&reversal.keys).unwrap().1).unwrap();
        let told = (receipt.amount, receipt.digest, receipt.serial, receipt.balance);
        assert_eq!(told, (Fen(0), reversal.order.digest(), reversal.order.serial, CEILING));
        let purse = Esam::new(&mut bench.card).purse().unwrap();
        assert_eq!((purse.balance, purse.total_credited, purse.count), (CEILING, CEILING, 4));
    }
}

/// Whatever bit of a sealed order changes on its way, a check before its contents finds it.
#[test]
fn every_flipped_bit_of_an_order_is_refused() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (esam, _) = province.meter(number(42), Some(CEILING));
        let mut bench = Bench::new(&esam, suite, number(42));
        let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
        bench.authenticate();
        bench.run_info(&open);
        let before = user_area(&bench.card);
        let envelope = open.envelope();
        // From TP-UD on: what stands before it (sender, service centre time) nobody signs.
        let user_data = envelope.windows(3).position(|bytes| bytes == [0x02, 0x70, 0x00]).unwrap();
        for bit in user_data * 8..envelope.len() * 8 {
            let mut flipped = envelope.clone();
            flipped[bit / 8] ^= 0x80 >> (bit % 8);
            let answer = bench.envelope(&flipped);
            let known = matches!(answer.sw.0, 0x6A80 | 0x6A88 | 0x6988);
            assert!(known && answer.data.is_empty(), "{} bit {bit}: {}", suite.name(), answer.sw);
        }
        assert!(user_area(&bench.card) == before, "the card changed");
        assert_eq!(bench.envelope(&envelope).sw, Sw::OK);
    }
}

/// C = M stands before customer, SIM, kind and time: the receipt as it was, and no money.
#[test]
fn the_same_count_again_gives_the_stored_receipt() {
    let suite = Suite::Sm4;
    let mut province = Province::new(suite);
    let (esam, _) = province.meter(number(42), Some(CEILING));
    let mut bench = Bench::new(&esam, suite, number(42));
    let mut none = Attempt::new(suite, number(42), OrderKind::Open, 0);
    refused(&bench, &none, 0x9E17, "count 0 of a fresh ESAM, which has no receipt");
    none.order.serial.0[0] ^= 0x01;
    refused(&bench, &none, 0x9E14, "and its serial comes first");
    none.order.meter.0[0] = 0x99;
    refused(&bench, &none, 0x9E11, "and its meter number comes before that");

    let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
    let credited = bench.present(&open);
    assert_eq!(credited.sw, Sw::OK);
    let purse = Esam::new(&mut bench.card).purse().unwrap();
    let changes: [fn(&mut Attempt); 6] = [
        |_| {},
        |a| a.order.customer.0[5] ^= 0x01,
        |a| a.imsi = imsi_file(7),
        |a| a.order.kind = OrderKind::Replacement,
        |a| a.now = time("20991231235959"),
        |a| a.order.amount = Fen(u32::MAX),
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut again = open.clone();
        change(&mut again);
        let answer = bench.present(&again);
        assert_eq!((answer.sw, &answer.data), (Sw::OK, &credited.data), "change {i}");
        assert_eq!(Esam::new(&mut bench.card).purse().unwrap(), purse, "change {i}");
    }
    let mut foreign = open.clone();
    foreign.order.meter.0[5] ^= 1;
    refused(&bench, &foreign, 0x9E11, "the same count for another meter");
    let mut forged = open;
    forged.packet = Some(|data| *data.last_mut().unwrap() ^= 1);
    refused(&bench, &forged, 0x6988, "the same count, forged");
}

#[test]
fn a_replacement_moves_the_account_to_the_new_sim() {
    let suite = Suite::Aes128;
    let mut province = Province::new(suite);
    let (esam, _) = province.meter(number(42), Some(CEILING));
    let mut bench = Bench::new(&esam, suite, number(42));
    let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
    assert_eq!(bench.present(&open).sw, Sw::OK);
    let from = |sim: u32, kind, count| {
        let mut attempt = Attempt::new(suite, number(42), kind, count);
        (attempt.imsi, attempt.order.binding) = (imsi_file(sim), binding(&imsi_file(sim)));
        attempt
    };
    refused(
        &bench,
        &from(9, OrderKind::Recharge, 2),
        0x9E23,
        "a recharge from a SIM the meter does not know",
    );
    assert_eq!(bench.present(&from(9, OrderKind::Replacement, 2)).sw, Sw::OK);
    let parameters = Esam::new(&mut bench.card).parameters().unwrap();
    assert_eq!(parameters.binding, binding(&imsi_file(9)));
    assert_eq!((parameters.opened, parameters.customer), (true, open.order.customer));
    refused(&bench, &from(0, OrderKind::Recharge, 3), 0x9E23, "a recharge from the old SIM");
    assert_eq!(bench.present(&from(9, OrderKind::Recharge, 3)).sw, Sw::OK);
    assert_eq!(Esam::new(&mut bench.card).purse().unwrap().total_credited, Fen(300_00));
}

/// The receipt carries what the MCU wrote, under the keys and the TAC of this meter.
#[test]
fn the_receipt_says_what_happened() {
    for suite in Suite::ALL {
        let mut province = Province::new(suite);
        let (esam, _) = province.meter(number(42), None);
        let mut bench = Bench::new(&esam, suite, number(42));
        let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
        let user_data = bench.present(&open).data;
        let security = wire::packet::Spi::parse(open.spi).unwrap().response;
        let (header, content) =
            ResponsePacket::parse(&user_data, security).unwrap().open(&open.keys).unwrap();
        assert_eq!((header.tar, header.counter, header.status.0), (*b"GRC", 1, 0));
        let receipt = scheme::receipt::Receipt::parse(&content).unwrap();
        let tac =
            issue::keyset::Roots::test(suite).city(crate::world::region()).meter(keys::Role::Tac, number(42));
        assert_eq!(receipt.tac, keys::mac::tac(&tac, &receipt.signed_part()));
        assert_eq!((receipt.meter, receipt.order, receipt.count), (open.order.meter, open.order.id, 1));
        assert_eq!((receipt.balance, receipt.register, receipt.time), (Fen(100_00), 12_345, open.now));
    }
}

/// ENVELOPE, DEBIT and run information want the MCU's rights, which die at reset.
#[test]
fn nothing_moves_money_without_the_meter() {
    let suite = Suite::TripleDes;
    let mut province = Province::new(suite);
    let (esam, _) = province.meter(number(42), None);
    let mut bench = Bench::new(&esam, suite, number(42));
    let open = Attempt::new(suite, number(42), OrderKind::Open, 1);
    assert_eq!(bench.present(&open).sw, Sw::OK);
    let before = user_area(&bench.card);
    let envelope = Attempt::new(suite, number(42), OrderKind::Recharge, 2).envelope();
    Esam::new(&mut bench.card).reset().unwrap();
    assert_eq!(bench.envelope(&envelope).sw, Sw::NOT_ALLOWED);
    let mut esam = Esam::new(&mut bench.card);
    assert_eq!(esam.debit(Fen(1)).unwrap_err().sw(), Some(Sw::NOT_ALLOWED));
    let refused = esam.write_run_info(0, open.now, &open.imsi).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED));
    // Files nobody writes from outside, whatever he proved.
    bench.authenticate();
    let mut esam = Esam::new(&mut bench.card);
    for (p2, what) in [(0x0C, "balance"), (0x14, "another short id")] {
        let command = Command::new(0x00, 0xDC, 0x01, p2).data(&[0xFF; 4]);
        assert_ne!(esam.fmcos().ask("UPDATE RECORD", &command).unwrap().sw, Sw::OK, "{what}");
    }
    for fid in [EF_PARAMETERS, EF_RECEIPT, EF_CARD_INFO] {
        let refused = esam.fmcos().update_binary(fid, 0, &[0x00]).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED), "file {:04X}", fid.0);
    }
    assert_eq!(esam.debit(Fen(100_01)).unwrap_err().sw(), Some(Sw::NOT_ENOUGH));
    let counters = |area: &[u8]| area.iter().filter(|byte| **byte != 0).count();
    assert_eq!(user_area(&bench.card), before, "{} bytes set", counters(&before));
    let mut esam = Esam::new(&mut bench.card);
    esam.debit(Fen(100_00)).unwrap();
    assert_eq!((esam.balance().unwrap(), esam.purse().unwrap().total_credited), (Fen(0), Fen(100_00)));
}
