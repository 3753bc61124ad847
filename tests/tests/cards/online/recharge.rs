//! A recharge by the field's frames between a real PSAM and a real ESAM: whoever carries it has no key, and whoever asks the PSAM gets
//! MACs of the order that was proved and of nothing else [docs/specs/online.md 11].

use super::{Pair, meter};
use crate::bench::MeterKeys;
use crate::world::{copy, number, user_area};
use keys::Suite;
use reader::driver::psam::Psam;
use scheme::field::{INCREASE, REFUND, SET_PURSE, Span};
use scheme::money::Fen;
use scheme::order::{Order, OrderKind, Serial8};
use scheme::receipt::Receipt;
use scheme::recharge::{BankMac, Kept, Recharge};
use vcard::{SupplyCut, Torn};
use wire::{Command, Sw};

impl Pair {
    /// A session of the field: 4 random bytes of the ESAM.
    fn drawn(&mut self) -> [u8; 4] {
        self.esam().fmcos().challenge4().unwrap()
    }

    fn with_mac(&mut self, header: [u8; 5], data: &[u8], mac: &[u8]) -> Sw {
        let [cla, ins, p1, p2, _] = header;
        let command = Command::new(cla, ins, p1, p2).data(&[data, mac].concat());
        self.esam().fmcos().ask("a command with a MAC", &command).unwrap().sw
    }

    /// As a meter of the field sends it: the customer, then count and money.
    fn recharge(&mut self, made: &Recharge) -> [Sw; 2] {
        let Recharge { amount, count, money_mac, customer, customer_mac } = made;
        [
            self.with_mac(Span::CUSTOMER.write(), customer, customer_mac),
            self.with_mac(INCREASE, &[*amount, *count].concat(), money_mac),
        ]
    }

    fn receipt(&mut self) -> Receipt {
        self.meet();
        let packet = self.esam().last_receipt().unwrap();
        Receipt::parse(&self.server().open_receipt(meter(), &packet).unwrap()).unwrap()
    }
}

#[test]
fn a_recharge_from_end_to_end() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let random = pair.drawn();
        let order = pair.order(2);
        let made = pair.server().seal_recharge(random, &order.to_bytes()).unwrap();
        assert_eq!((made.amount, made.count), (order.amount.0.to_be_bytes(), [0, 0, 0, 2]));
        assert_eq!(Recharge::parse(&made.to_bytes()), Some(made));
        assert_eq!(pair.recharge(&made), [Sw::OK; 2]);
        assert_eq!((pair.purse().balance, pair.purse().count), (Fen(200_00), 2));
        // Not twice in this session, and in no other.
        assert_eq!(pair.recharge(&made)[1], Sw::CONDITIONS);
        pair.drawn();
        assert_eq!(pair.recharge(&made), [Sw::SM_WRONG; 2]);
        let receipt = pair.receipt();
        let kept = Kept { random, recharge: made };
        assert_eq!((receipt.order, receipt.digest), kept.id());
        assert_eq!(Kept::parse(&kept.to_bytes()), Some(kept));
        assert_eq!((receipt.amount, receipt.count, receipt.balance), (order.amount, 2, Fen(200_00)));
        // Asked again, for the same random or for another: one order, counted once.
        let before = pair.server().chain().unwrap().unwrap();
        assert_eq!((before.count, before.value), (1, 100_00));
        assert_eq!(pair.server().seal_recharge(random, &order.to_bytes()).unwrap(), made);
        let other = pair.server().seal_recharge([9; 4], &order.to_bytes()).unwrap();
        assert_ne!((other.money_mac, other.customer_mac), (made.money_mac, made.customer_mac));
        assert_eq!(pair.server().chain().unwrap(), Some(before));
        // The same order on a SIM comes too late, and gets the same receipt.
        let same = pair.attempt(OrderKind::Recharge, 2);
        let late = pair.bench.present(&same);
        assert_eq!(late.sw, Sw::OK);
        assert_eq!(Receipt::parse(&pair.server().open_receipt(meter(), &late.data).unwrap()), Ok(receipt));
        assert_eq!(pair.purse().total_credited, Fen(200_00));
    }
}

#[test]
fn no_bit_of_a_recharge_can_be_changed() {
    let mut pair = Pair::opened(Suite::Sm4);
    let order = pair.order(2);
    let before = user_area(&pair.bench.card);
    for bit in 0..Recharge::LEN * 8 {
        let random = pair.drawn();
        let mut bytes = pair.server().seal_recharge(random, &order.to_bytes()).unwrap().to_bytes();
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        let Recharge { amount, count, money_mac, customer, customer_mac } = Recharge::parse(&bytes).unwrap();
        // Each of the two commands has its own part: amount, count and MAC; customer and MAC. A meter sends the customer's first.
        let sw = if bit < 12 * 8 {
            pair.with_mac(INCREASE, &[amount, count].concat(), &money_mac)
        } else {
            pair.with_mac(Span::CUSTOMER.write(), &customer, &customer_mac)
        };
        assert_eq!(sw, Sw::SM_WRONG, "bit {bit}");
    }
    assert!(user_area(&pair.bench.card) == before, "nothing was written");
}

/// The key of the bank's MACs opens nothing else, and no other key of the field makes one of these.
#[test]
fn a_macs_key_is_for_recharges_alone() {
    for suite in Suite::ALL {
        let mut pair = Pair::opened(suite);
        let keys = MeterKeys::new(suite, number(42));
        let serial = pair.order(2).serial;
        let random = pair.drawn();
        let bank = BankMac::new(&keys.kid, random, serial);
        let amount = 1_00_u32.to_be_bytes();
        for (header, data) in [
            (Span::VALIDITY.write(), &[0x00, 0x30][..]),
            (REFUND, &amount),
            (SET_PURSE[0], &amount),
            (SET_PURSE[1], &[0; 4]),
            (scheme::field::CONTROL, &[0; 16]),
        ] {
            assert_eq!(
                pair.with_mac(header, data, &bank.of(&header, data)[..4]),
                Sw::SM_WRONG,
                "{header:02X?}"
            );
        }
        // Another chip of the same number: the same keys, another serial number.
        let other = Order { serial: Serial8([9; 8]), ..pair.order(2) };
        let made = pair.server().seal_recharge(random, &other.to_bytes()).unwrap();
        assert_eq!(pair.recharge(&made), [Sw::SM_WRONG; 2]);
        assert_eq!(pair.purse().balance, Fen(100_00));
    }
}

#[test]
fn a_recharge_wants_its_proof_its_kind_and_its_limit() {
    let mut pair = Pair::opened(Suite::TripleDes);
    let order = pair.order(2);
    let before = user_area(&pair.psam);
    let unproved = [&[1, 2, 3, 4][..], &order.to_bytes()].concat();
    let command = Command::new(0x80, 0x4E, 0x04, 0x00).data(&unproved);
    assert_eq!(pair.server().fmcos().ask("unproved", &command).unwrap().sw, Sw::NOT_ALLOWED);
    for kind in [OrderKind::Open, OrderKind::Replacement] {
        let teaches = Order { kind, ..order.clone() };
        let refused = pair.server().seal_recharge([1; 4], &teaches.to_bytes()).unwrap_err();
        assert_eq!(refused.sw(), Some(Sw::WRONG_KIND), "{kind:?}");
    }
    let much = Order { amount: Fen(u32::MAX), ..order.clone() };
    let refused = pair.server().seal_recharge([1; 4], &much.to_bytes()).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::COUNTER_END));
    assert!(user_area(&pair.psam) == before, "refusals left the card as it was");
    pair.server().fmcos().select_mf().unwrap();
    let refused = Psam::open(&mut pair.psam).unwrap().seal_recharge([1; 4], &order.to_bytes()).unwrap_err();
    assert_eq!(refused.sw(), Some(Sw::NOT_ALLOWED), "without its PIN");
}

/// An order of nothing takes its count at a full purse too, as it does on a SIM.
#[test]
fn a_reversal_takes_its_count() {
    let mut pair = Pair::opened(Suite::Aes128);
    let reversal = Order { amount: Fen(0), ..pair.order(2) };
    let random = pair.drawn();
    let made = pair.server().seal_recharge(random, &reversal.to_bytes()).unwrap();
    assert_eq!(pair.recharge(&made), [Sw::OK; 2]);
    assert_eq!((pair.purse().balance, pair.purse().count), (Fen(100_00), 2));
    assert_eq!(pair.receipt().amount, Fen(0));
}

/// The supply fails at every page write: no money, or all of it with its receipt.
#[test]
fn the_supply_fails_at_every_write() {
    let mut pair = Pair::opened(Suite::Sm4);
    let order = pair.order(2);
    let fresh = copy(&pair.bench.card);
    for torn in [Torn::Old, Torn::Prefix(20), Torn::Erased, Torn::Noise(4)] {
        let (mut before, mut credited) = (0, 0);
        for after in 0.. {
            pair.bench.card = copy(&fresh);
            pair.meet();
            let random = pair.drawn();
            let made = pair.server().seal_recharge(random, &order.to_bytes()).unwrap();
            pair.bench.card.cut(SupplyCut { after, torn });
            let Recharge { amount, count, money_mac, .. } = made;
            let data = [&amount[..], &count, &money_mac].concat();
            let command = Command::new(0x84, 0x32, 0x01, 0x0C).data(&data);
            let said = pair.esam().fmcos().ask("recharge", &command);
            pair.bench.card = copy(&pair.bench.card);
            pair.meet();
            match (pair.purse().count, pair.purse().balance) {
                (1, Fen(100_00)) => before += 1,
                (2, Fen(200_00)) => {
                    credited += 1;
                    assert_eq!(
                        (pair.receipt().order, pair.receipt().count),
                        (Kept { random, recharge: made }.id().0, 2)
                    );
                }
                other => panic!("write {after}: {other:?}"),
            }
            if said.is_ok() {
                break;
            }
        }
        assert!(before > 0 && credited > 0, "{before} before, {credited} after");
    }
}
