//! A purchase with one of the two cards going away at any point: inserting again always ends with exactly one
//! credit, its receipt on the SIM, and the books in order.

use crate::signed::scene;
use crate::world::{Bank, Province, SEED, Site, copy, take_receipt};
use keys::Suite;
use meter::Outcome;
use reader::driver::sim::Sim;
use scheme::money::Fen;
use scheme::refusal::Refusal;
use scheme::signing::Mode;
use server::Settlement;
use vcard::{Pull, SupplyCut, Torn};

const AMOUNT: Fen = Fen(12_34);

const TORN: [Torn; 8] = [
    Torn::Old,
    Torn::New,
    Torn::Prefix(1),
    Torn::Prefix(33),
    Torn::Prefix(63),
    Torn::Erased,
    Torn::Noise(1),
    Torn::Noise(2),
];

/// A bank and one customer before a purchase.
struct Life {
    bank: Bank,
    site: Site,
}

impl Life {
    fn new(suite: Suite) -> Self {
        let mut province = Province::new(suite);
        let site = Site::new(&mut province, 0);
        Life { bank: Bank::new(copy(&province.psam), province.server_key.clone(), 1), site }
    }

    /// The same with a meter that takes signed orders alone.
    fn signed(suite: Suite) -> Self {
        let (_, bank, site) = scene(suite, Mode::Signed);
        Life { bank, site }
    }

    /// Before the first purchase: cheap to copy, for the bank's books are still empty.
    fn copy(&self) -> Self {
        Life { bank: self.bank.afresh(), site: self.site.copy() }
    }

    /// One purchase. The first insertion meets `fault`; then the meter and all cards are powered anew and the SIM
    /// is inserted again. True when the fault came to pass.
    fn purchase(&mut self, what: &str, fault: impl FnOnce(&mut Site)) -> bool {
        let before = self.site.purse();
        let order = self.bank.buy(&self.site, AMOUNT);
        self.site.deliver(&order.record);
        self.bank.now = self.bank.now.add_seconds(60).unwrap();
        fault(&mut self.site);
        let first = self.site.insert(self.bank.now);
        self.site = self.site.copy();
        let again = self.site.insert(self.bank.now.add_seconds(30).unwrap());
        let fine = match (&first.outcome, &again.outcome) {
            // All was done, or all but hearing the answer to the last command.
            (_, Outcome::Refused { refusal: Refusal::NoOrder, .. }) => true,
            (Outcome::Refused { .. }, Outcome::Credited { orders: 1, amount, .. }) => *amount == AMOUNT,
            (Outcome::Refused { .. }, Outcome::ReceiptRepeated { .. }) => true,
            _ => false,
        };
        assert!(fine, "{what}: {:?}, then {:?}", first.outcome, again.outcome);
        assert!(first.credited.0 + again.credited.0 <= AMOUNT.0, "{what}: credited twice");
        let after = self.site.purse();
        assert_eq!(after.count, before.count + 1, "{what}");
        assert_eq!(after.balance.0, before.balance.0 + AMOUNT.0, "{what}");
        assert_eq!(after.total_credited.0, before.total_credited.0 + AMOUNT.0, "{what}");

        let receipt = take_receipt(&mut self.site.sim).unwrap_or_else(|| panic!("{what}: no receipt"));
        let Settlement::Settled(settled) = self.bank.settle(&self.site, &receipt) else {
            panic!("{what}: settled before");
        };
        assert_eq!((settled.order, settled.amount), (order.order.id, AMOUNT), "{what}");
        assert_eq!(settled.receipt.balance, after.balance, "{what}");
        assert_eq!(take_receipt(&mut self.site.sim), None, "{what}: a second receipt");
        self.bank.assert_sound(&mut self.site, what);
        !matches!(first.outcome, Outcome::Credited { .. })
    }
}

/// Goes through `fault(0)`, `fault(1)` and so on until one does not come to pass: first opening the account, each
/// time on fresh cards, then recharging, each time on the cards as the life so far left them. Gives how many came
/// to pass.
fn every<F: FnOnce(&mut Site)>(fresh: &Life, what: &str, fault: impl Fn(u32) -> F) -> u32 {
    let mut faults = 0;
    for n in 0.. {
        if !fresh.copy().purchase(&format!("{what} {n}, opening (seed {SEED:X})"), fault(n)) {
            break;
        }
        faults += 1;
    }
    let mut life = fresh.copy();
    life.purchase("opening", |_| {});
    for n in 0.. {
        if !life.purchase(&format!("{what} {n}, recharging (seed {SEED:X})"), fault(n)) {
            break;
        }
        faults += 1;
    }
    faults
}

fn pull_sim(pull: fn(u32) -> Pull) -> impl Fn(u32) -> Box<dyn FnOnce(&mut Site)> {
    move |n| Box::new(move |site| site.sim.pull(pull(n)))
}

fn pull_esam(pull: fn(u32) -> Pull) -> impl Fn(u32) -> Box<dyn FnOnce(&mut Site)> {
    move |n| Box::new(move |site| site.esam.pull(pull(n)))
}

fn cut_esam(torn: Torn) -> impl Fn(u32) -> Box<dyn FnOnce(&mut Site)> {
    move |after| Box::new(move |site| site.esam.cut(SupplyCut { after, torn }))
}

#[test]
fn a_sim_pulled_between_any_two_commands() {
    for suite in Suite::ALL {
        let fresh = Life::new(suite);
        for (pull, name) in [(Pull::Before as fn(u32) -> Pull, "before"), (Pull::AfterAnswering, "after")] {
            let faults = every(&fresh, &format!("{}: SIM pulled {name}", suite.name()), pull_sim(pull));
            assert!(faults > 2 * 12, "{faults} commands");
        }
    }
}

/// The same of an order in two messages, and of its receipt.
#[test]
fn a_signed_purchase_interrupted_between_any_two_commands_and_writes() {
    let fresh = Life::signed(Suite::Sm4);
    let sim = every(&fresh, "signed: SIM pulled before", pull_sim(Pull::Before));
    let after = every(&fresh, "signed: SIM pulled after", pull_sim(Pull::AfterAnswering));
    let esam = every(&fresh, "signed: ESAM gone", pull_esam(Pull::AfterAnswering));
    assert!(sim > 2 * 15 && after > 2 * 15 && esam > 2 * 10, "{sim}, {after}, {esam} commands");
    for torn in [Torn::Old, Torn::New, Torn::Noise(1)] {
        let cuts = every(&fresh, &format!("signed: supply lost, {torn:?}"), cut_esam(torn));
        assert!(cuts > 20, "{cuts} writes");
    }
}

#[test]
fn an_esam_that_loses_contact_between_any_two_commands() {
    for suite in Suite::ALL {
        let fresh = Life::new(suite);
        for (pull, name) in [(Pull::Before as fn(u32) -> Pull, "before"), (Pull::AfterAnswering, "after")] {
            let faults = every(&fresh, &format!("{}: ESAM pulled {name}", suite.name()), pull_esam(pull));
            assert!(faults >= 2 * 10, "{faults} commands");
        }
    }
}

/// All page writes of an insertion, ENVELOPE's among them, with everything a torn page may hold.
#[test]
fn an_esam_whose_supply_fails_at_any_page_write() {
    for suite in Suite::ALL {
        let fresh = Life::new(suite);
        let sample = if suite == Suite::Sm4 { &TORN[..] } else { &TORN[6..7] };
        for torn in sample {
            let faults = every(&fresh, &format!("{}: supply cut, {torn:?}", suite.name()), cut_esam(*torn));
            // Twice three pages and more for the authentication, three for the run information, and ENVELOPE.
            assert!(faults > 2 * 15, "{faults} page writes");
        }
    }
}

/// The SIM's memory is of the same make: the receipt is written whole or not at all.
#[test]
fn a_sim_whose_supply_fails_at_any_page_write() {
    let fresh = Life::new(Suite::TripleDes);
    for torn in TORN {
        let fault = |after| move |site: &mut Site| site.sim.cut(SupplyCut { after, torn });
        let faults = every(&fresh, &format!("SIM supply cut, {torn:?}"), fault);
        assert!(faults > 2 * 6, "{faults} page writes");
    }
}

/// The supply fails in ENVELOPE, and fails again while the card mends itself at the next power-on.
#[test]
fn a_second_cut_while_the_card_recovers() {
    let fresh = Life::new(Suite::Aes128);
    let mut mended = 0;
    for after in 0.. {
        let mut first = fresh.copy();
        let came = std::cell::Cell::new(false);
        let again = first.purchase(
            &format!("cut at write {after}, then at the first write of the recovery"),
            |site| {
                let mut probe = site.copy();
                probe.esam.cut(SupplyCut { after, torn: Torn::Noise(3) });
                probe.insert("20261122100000".parse().unwrap());
                let torn = probe.esam.image();
                site.esam = crate::world::slot(torn, "torn esam");
                let writes: u32 = site.esam.page_writes().iter().sum();
                site.esam.cut(SupplyCut { after: 0, torn: Torn::Erased });
                let recovers = wire::Channel::reset(&mut site.esam).is_err();
                came.set(recovers && site.esam.page_writes().iter().sum::<u32>() == writes + 1);
                site.esam.remove();
            },
        );
        mended += u32::from(came.get());
        assert!(again, "an absent ESAM credits nothing");
        if !came.get() && after > 40 {
            break;
        }
    }
    assert!(mended >= 5, "{mended} recoveries were cut");
}

/// A slot without a card, and one whose card comes back.
#[test]
fn an_absent_card_is_named_and_harms_nothing() {
    let mut life = Life::new(Suite::Sm4);
    let order = life.bank.buy(&life.site, AMOUNT);
    life.site.deliver(&order.record);
    life.site.sim.remove();
    let outcome = life.site.insert(life.bank.now).outcome;
    assert!(matches!(outcome, Outcome::Refused { refusal: Refusal::SimPulled, .. }), "{outcome:?}");
    life.site.sim.insert();
    life.site.esam.remove();
    let outcome = life.site.insert(life.bank.now).outcome;
    assert!(matches!(outcome, Outcome::Refused { refusal: Refusal::EsamReset, .. }), "{outcome:?}");
    life.site.esam.insert();
    let outcome = life.site.insert(life.bank.now).outcome;
    assert!(matches!(outcome, Outcome::Credited { orders: 1, .. }), "{outcome:?}");
}

/// The phone is switched off while it stores the order; it stores it again, and the SIM holds it once.
#[test]
fn a_delivery_broken_off_anywhere_stores_the_order_once() {
    let mut life = Life::new(Suite::TripleDes);
    let order = life.bank.buy(&life.site, AMOUNT);
    for pull in [Pull::Before as fn(u32) -> Pull, Pull::AfterAnswering] {
        for n in 0.. {
            let mut card = copy(&life.site.sim);
            card.pull(pull(n));
            let mut sim = Sim::new(&mut card);
            sim.reset().unwrap();
            let broken = sim.deliver(order.record.each()).is_err();
            let mut card = copy(&card);
            let mut sim = Sim::new(&mut card);
            sim.reset().unwrap();
            sim.deliver(order.record.each()).unwrap();
            let messages = sim.sms_list().unwrap();
            assert_eq!(messages.len(), 1, "pulled at command {n}");
            assert_eq!(messages[0].bytes, order.record.to_vec(), "pulled at command {n}");
            if !broken {
                assert!(n > 5, "{n} commands");
                break;
            }
        }
    }
}
