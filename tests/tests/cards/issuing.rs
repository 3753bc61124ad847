//! Issuing real cards, broken off at every command and at every page write: another run finishes the card.

use crate::world::{blank, copy, number, pin, plan, region, serial, with_pins};
use issue::keyset::Roots;
use issue::plan::{Master, Plan};
use issue::source::{CardSource, KeySource, SoftSource};
use keys::{Key, Role, Suite, seal};
use office::journal::{Journal, Subject};
use office::recorded::{self, Recorded, RecordedError, WorkOrder};
use office::store::Store;
use reader::driver::fmcos::Fmcos;
use reader::driver::issuing::IssuingCard;
use scheme::numbers::{DeviceNumber, Serial};
use scheme::profile::{CardKind, DF_PURCHASE, Recipient};
use vcard::{Pull, Slot, SupplyCut, Torn};
use wire::{Channel, Sw};

const AT: &str = "2026-01-05 09:00:00";

fn device() -> DeviceNumber {
    number(42)
}

/// A kind, a suite, a blank of it and all that issues it.
struct Bench {
    plan: Plan,
    source: SoftSource,
    blank: Slot,
    serial: Serial,
}

impl Bench {
    fn new(kind: CardKind, suite: Suite) -> Self {
        let roots = Roots::test(suite);
        let source = match kind {
            CardKind::Psam
            | CardKind::TestCard
            | CardKind::Esam
            | CardKind::UserCard
            | CardKind::ProductionCard => SoftSource::city(roots.city(region())),
            _ => SoftSource::province(roots),
        };
        let label = format!("broken {}", kind.name());
        Bench {
            plan: plan(kind, suite, device(), None),
            source,
            blank: blank(kind, suite, &label),
            serial: serial(&label),
        }
    }

    /// A journal of its own for one card.
    fn journal(&self) -> Journal {
        Journal::of(Store::in_memory().unwrap())
    }

    fn run(&mut self, card: &mut Slot, journal: &mut Journal) -> Result<Recorded, RecordedError> {
        run(&self.plan, self.serial, card, &mut self.source, journal)
    }

    /// The same run again after a broken one finishes the card. What the journal kept of the first: all of it, or the
    /// intent alone, as when the program died with the card.
    fn finish(&mut self, card: &Slot, journal: &mut Journal, what: &str) {
        let mut intent = self.journal();
        if journal.awaits(&self.subject()).unwrap() {
            intent.intend(AT, &self.subject()).unwrap();
        }
        for (kept, journal) in [("all kept", journal), ("intent kept", &mut intent)] {
            let mut card = copy(card);
            let what = format!("{what}, {kept}");
            let done = self.run(&mut card, journal).unwrap_or_else(|error| panic!("{what}: {error}"));
            let (Recorded::Issued(issued) | Recorded::Found(issued)) = done;
            assert_eq!(
                (issued.serial, issued.number, issued.kind),
                (self.serial, device(), self.plan.kind()),
                "{what}"
            );
            self.assert_finished(&card, journal, &what);
        }
    }

    fn subject(&self) -> Subject {
        Subject {
            serial: self.serial,
            kind: self.plan.kind(),
            number: self.plan.number(),
            region: self.plan.region(),
            suite: self.plan.suite(),
            state: self.plan.state(),
        }
    }

    /// Card information, each key and the PIN, as another reader finds them; the journal tells of one issue.
    fn assert_finished(&mut self, card: &Slot, journal: &mut Journal, what: &str) {
        let kind = self.plan.kind();
        let mut card = copy(card);
        let mut fmcos = Fmcos::new(&mut card);
        fmcos.reset().unwrap();
        assert_eq!(fmcos.card_info().unwrap(), *self.plan.card_info(), "{what}");
        assert_eq!(fmcos.tries_left(0x39, 0x00).unwrap(), Some(3), "{what}: tries of the master key");
        let challenge = fmcos.challenge8().unwrap();
        let cryptogram = seal::cryptogram(&self.own_master(), &challenge);
        fmcos.external_authenticate(0, &cryptogram).unwrap_or_else(|error| panic!("{what}: {error}"));
        if kind.has_application() {
            fmcos.select_fid(DF_PURCHASE).unwrap();
        }
        let target = self.plan.target(self.serial, Master::Own);
        for row in Recipient::Card(kind).keys().iter().filter(|row| !matches!(row.role, 0 | 0x0A)) {
            let seen = fmcos.key_information(row.kind, row.id).unwrap();
            let wanted = self.source.expected(&target, row.role).unwrap().check_value.unwrap();
            assert_eq!((seen.kind, seen.kcv), (row.kind, wanted.0), "{what}: {row:?}");
        }
        if self.plan.needs_pin() {
            for row in scheme::profile::pins(kind) {
                assert_eq!(
                    fmcos.tries_left(0x3A, row.id).unwrap(),
                    Some(3),
                    "{what}: tries of PIN {}",
                    row.id
                );
            }
            fmcos.verify_pin(0, pin().expose()).unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        let entries = journal.store().happenings().unwrap();
        let done = |what: &str| matches!(what, "issued" | "found");
        assert_eq!(entries.iter().filter(|entry| done(&entry.what)).count(), 1, "{what}");
        assert!(done(&entries.last().unwrap().what), "{what}: {entries:?}");
    }

    fn own_master(&self) -> Key {
        let roots = Roots::test(self.plan.suite());
        match self.plan.kind() {
            kind @ (CardKind::Psam
            | CardKind::TestCard
            | CardKind::Esam
            | CardKind::UserCard
            | CardKind::ProductionCard) => {
                roots.city(region()).device(Recipient::Card(kind), Role::Master, device())
            }
            kind => roots.own_master(kind, device()),
        }
    }
}

fn run(
    plan: &Plan,
    serial: Serial,
    card: &mut Slot,
    source: &mut dyn KeySource,
    journal: &mut Journal,
) -> Result<Recorded, RecordedError> {
    with_pins(plan.kind(), |pins| {
        let order =
            WorkOrder { plan, wanted: Some(serial), pins, if_open: None, spend_last_try: false, at: AT };
        recorded::issue(&order, card, source, journal, &mut ())
    })
}

/// A blank tells its tries itself: its last one is not spent, whatever the journal knows of the chip.
#[test]
fn the_last_try_of_a_blank_is_kept() {
    for kind in CardKind::ISSUED {
        let mut bench = Bench::new(kind, Suite::TripleDes);
        let mut journal = bench.journal();
        let mut card = copy(&bench.blank);
        card.reset().unwrap();
        for _ in 0..2 {
            let mut fmcos = Fmcos::new(&mut card);
            fmcos.select_mf().unwrap();
            fmcos.challenge8().unwrap();
            fmcos.external_authenticate(0x00, &[0; 8]).unwrap_err();
        }
        let mut as_it_was = copy(&card);
        let error = bench.run(&mut card, &mut journal).map(drop).unwrap_err();
        assert!(matches!(error, RecordedError::LastTry { tries: 1, .. }), "{}: {error}", kind.name());
        assert!(crate::world::user_area(&card) == crate::world::user_area(&as_it_was), "{}", kind.name());
        assert_eq!(journal.store().happenings().unwrap().len(), 0, "{}: nothing was begun", kind.name());
        // The right key would have been taken.
        as_it_was.reset().unwrap();
        with_pins(kind, |pins| {
            let (plan, wanted) = (&bench.plan, Some(bench.serial));
            let order = WorkOrder { plan, wanted, pins, if_open: None, spend_last_try: true, at: AT };
            recorded::issue(&order, &mut as_it_was, &mut bench.source, &mut journal, &mut ()).unwrap();
        });
    }
}

#[test]
fn a_card_pulled_at_any_command_is_finished_by_another_run() {
    for kind in CardKind::ISSUED {
        let mut bench = Bench::new(kind, Suite::TripleDes);
        for (pull, name) in [(Pull::Before as fn(u32) -> Pull, "before"), (Pull::AfterAnswering, "after")] {
            for n in 0.. {
                let what = format!("{} pulled {name} command {n}", kind.name());
                let mut journal = bench.journal();
                let mut card = copy(&bench.blank);
                card.pull(pull(n));
                match bench.run(&mut card, &mut journal) {
                    Ok(_) => {
                        assert!(n > 25, "{what}: {n} commands");
                        break;
                    }
                    Err(error) => assert!(error.to_string().contains("was removed"), "{what}: {error}"),
                }
                card.insert();
                bench.finish(&card, &mut journal, &what);
            }
        }
    }
}

#[test]
fn a_card_whose_supply_fails_at_any_page_write_is_finished_by_another_run() {
    for (kind, suite) in
        CardKind::ISSUED.into_iter().zip([Suite::Sm4, Suite::Aes128, Suite::TripleDes].into_iter().cycle())
    {
        let mut bench = Bench::new(kind, suite);
        for torn in [Torn::Erased, Torn::Noise(9)] {
            for after in 0.. {
                let what = format!("{} cut at page write {after}, {torn:?}", kind.name());
                let mut journal = bench.journal();
                let mut card = copy(&bench.blank);
                card.cut(SupplyCut { after, torn });
                if bench.run(&mut card, &mut journal).is_ok() {
                    assert!(after > 60, "{what}: {after} page writes");
                    break;
                }
                bench.finish(&card, &mut journal, &what);
            }
        }
    }
}

/// The issuing card leaves its slot at any command; put back, it goes on with the same target.
#[test]
fn an_issuing_card_pulled_at_any_command_costs_nothing() {
    let suite = Suite::Aes128;
    let province = crate::world::Province::new(suite);
    let mut bench = Bench::new(CardKind::Esam, suite);
    for (pull, name) in [(Pull::Before as fn(u32) -> Pull, "before"), (Pull::AfterAnswering, "after")] {
        for n in 0.. {
            let what = format!("issuing card pulled {name} command {n}");
            let mut issuing = copy(&province.esam_issuing);
            let mut card = copy(&bench.blank);
            let mut journal = bench.journal();
            let (plan, serial) = (bench.plan.clone(), bench.serial);
            issuing.pull(pull(n));
            let broken = match CardSource::open(IssuingCard::new(&mut issuing), &pin()) {
                Err(error) => {
                    assert!(error.to_string().contains("was removed"), "{what}: {error}");
                    true
                }
                Ok(mut source) => run(&plan, serial, &mut card, &mut source, &mut journal).is_err(),
            };
            if !broken {
                assert!(n > 12, "{n} commands");
                break;
            }
            issuing.insert();
            let mut source = CardSource::open(IssuingCard::new(&mut issuing), &pin()).unwrap();
            run(&plan, serial, &mut card, &mut source, &mut journal)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            bench.assert_finished(&card, &mut journal, &what);
        }
    }
}

/// A finished card takes no second issue, and its transport key is gone.
#[test]
fn a_finished_card_is_closed() {
    for suite in Suite::ALL {
        for kind in CardKind::ISSUED {
            let mut bench = Bench::new(kind, suite);
            let mut card = copy(&bench.blank);
            let mut journal = bench.journal();
            bench.run(&mut card, &mut journal).unwrap();
            bench.assert_finished(&card, &mut journal, kind.name());
            let error = bench.run(&mut card, &mut bench.journal()).unwrap_err();
            assert!(error.to_string().contains("is issued already"), "{error}");
            let mut fmcos = Fmcos::new(&mut card);
            fmcos.reset().unwrap();
            let transport = Roots::test(suite).transport(bench.serial);
            let challenge = fmcos.challenge8().unwrap();
            let refused =
                fmcos.external_authenticate(0, &seal::cryptogram(&transport, &challenge)).unwrap_err();
            assert_eq!(refused.tries_left(), Some(2));
            // Nothing is created, erased or keyed, whoever asks; the card information wants the master key first.
            for (command, sw) in [
                (
                    &[0x80, 0xE0, 0x00, 0x1A, 0x07, 0x28, 0x00, 0x10, 0xF0, 0xF0, 0xFF, 0xFF][..],
                    Sw::CONDITIONS,
                ),
                (&[0x80, 0x0E, 0x00, 0x00], Sw::CONDITIONS),
                (&[0x00, 0xD6, 0x95, 0x00, 0x01, 0xFF], Sw::NOT_ALLOWED),
                (&[0x80, 0xD4, 0x01, 0x01, 0x07, 0x3A, 0xF0, 0xF0, 0xFF, 0x33, 0x00, 0x00], Sw::CONDITIONS),
            ] {
                let answer = wire::Channel::transmit(fmcos.channel(), command).unwrap();
                assert_eq!(answer, sw.bytes(), "{} {command:02X?}", kind.name());
            }
        }
    }
}
