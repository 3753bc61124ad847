//! Orders from a medium with files: torn at every byte, pulled at every act, copied at will. Every order is credited once, and its
//! receipt is there in the end.

use crate::world::{World, counting, now, order};
use gridcard_meter::storage::MOST_FILES;
use gridcard_meter::{Medium, MediumError, Outcome, Step, StorageReport};
use scheme::money::Fen;
use scheme::order::SimBinding;
use scheme::record_file::{Message, SimNote};
use scheme::refusal::Refusal;
use scheme::subscription::Imsi;
use std::collections::BTreeMap;
use wire::sms::record::Records;

/// A medium in memory, which may be pulled.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: BTreeMap<String, Vec<u8>>,
    /// It takes nothing.
    read_only: bool,
    /// Acts until it is gone; `None`: it stays.
    stays: Option<usize>,
    /// Bytes that a write which it is pulled at leaves under the file's name: no medium should, and some do.
    torn: Option<usize>,
    acts: usize,
}

impl Disk {
    fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        Disk { files, ..Disk::default() }
    }

    fn act(&mut self) -> Result<(), MediumError> {
        self.acts += 1;
        match self.stays {
            Some(stays) if self.acts > stays => Err(MediumError::Gone("gone".to_owned())),
            _ => Ok(()),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|bytes| std::str::from_utf8(bytes).unwrap())
    }
}

impl Medium for Disk {
    fn names(&mut self) -> Result<Vec<String>, MediumError> {
        self.act()?;
        Ok(self.files.keys().cloned().rev().collect())
    }

    fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, MediumError> {
        self.act()?;
        Ok(self.files.get(name).filter(|bytes| bytes.len() <= most).cloned())
    }

    fn write(&mut self, name: &str, bytes: &[u8], over: bool) -> Result<(), MediumError> {
        if let Err(gone) = self.act() {
            if let Some(torn) = self.torn.filter(|_| Some(self.acts) == self.stays.map(|stays| stays + 1)) {
                self.files.insert(name.to_owned(), bytes[..torn].to_vec());
            }
            return Err(gone);
        }
        if self.read_only || (self.files.contains_key(name) && !over) {
            return Err(MediumError::Refused("it takes nothing".to_owned()));
        }
        self.files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

const IMSI: &str = "460000207447767";

/// The file of an order.
fn file_of(count: u32, amount: u32, imsi: &str) -> String {
    let imsi: Imsi = imsi.parse().unwrap();
    let (iccid, binding) = (Some("89860021047987991756".to_owned()), Some(SimBinding::of(&imsi.file())));
    let sim = SimNote { iccid, binding, imsi: Some(imsi), copy: None };
    Message { record: order(count, amount).into(), sim }.to_text()
}

fn file(count: u32, amount: u32) -> String {
    file_of(count, amount, IMSI)
}

fn insert(world: &mut World, disk: &mut Disk, only: Option<&str>) -> StorageReport {
    world.meter.insert_storage(&mut world.esam, disk, only, now(), &mut counting)
}

/// The count in a receipt, which must be whole and say whose it is.
fn count_in(text: &str) -> u32 {
    let message = Message::from_text(text).unwrap();
    assert_eq!(message.sim.iccid.as_deref(), Some("89860021047987991756"));
    assert_eq!(message.record[0], 0x07, "to be sent");
    let at = message.record.windows(3).position(|window| window == [0x02, 0x71, 0x00]).unwrap();
    u32::from_be_bytes(message.record[at + 9..at + 13].try_into().unwrap())
}

const fn refused(refusal: Refusal, step: Step) -> Outcome {
    Outcome::Refused { refusal, step }
}

#[test]
fn a_file_is_credited_once_wherever_it_is_copied() {
    let mut world = World::new();
    let mut disk = Disk::with(&[("a.sms", &file(1, 500))]);
    let report = insert(&mut world, &mut disk, Some("a.sms"));
    assert_eq!(
        report.insertion.outcome,
        Outcome::Credited { orders: 1, amount: Fen(500), balance: Fen(500) }
    );
    assert_eq!(report.files[0].receipt.as_deref(), Some("a.receipt"));
    assert_eq!(report.insertion.display.hint, "take the receipt, which stands beside the order, to the bank");
    assert_eq!(world.esam.run_info[11..], IMSI.parse::<Imsi>().unwrap().file());
    assert_eq!(disk.text("a.sms"), Some(&*file(1, 500)), "the order's file stays as it is");
    let receipt = disk.text("a.receipt").unwrap().to_owned();
    assert_eq!(count_in(&receipt), 1);
    let again = insert(&mut world, &mut disk, Some("a.sms"));
    assert_eq!(again.insertion.outcome, Outcome::ReceiptRepeated { balance: Fen(500) });
    assert_eq!((disk.text("a.receipt"), disk.files.len()), (Some(&*receipt), 2));
    let mut other = Disk::with(&[("copy of a", &file(1, 500))]);
    let copied = insert(&mut world, &mut other, None);
    assert_eq!(copied.insertion.outcome, Outcome::ReceiptRepeated { balance: Fen(500) });
    assert_eq!(other.text("copy of a.receipt"), Some(&*receipt));
    assert_eq!((world.esam.balance, world.esam.count), (500, 1));
}

#[test]
fn a_file_that_is_cut_at_any_byte_brings_nothing_or_all() {
    let whole = file(1, 500);
    let mut credited = 0;
    for end in 0..=whole.len() {
        let mut world = World::new();
        let mut disk = Disk::with(&[("a.sms", &whole[..end])]);
        let report = insert(&mut world, &mut disk, None);
        match report.insertion.outcome {
            Outcome::Credited { amount, .. } => {
                assert_eq!((amount, world.esam.balance), (Fen(500), 500));
                credited += 1;
            }
            outcome => {
                assert_eq!(world.esam.balance, 0, "cut at {end}");
                assert_eq!(outcome, refused(Refusal::StorageFile, Step::StorageFiles), "cut at {end}");
            }
        }
        world.meter.insert_storage(
            &mut world.esam,
            &mut Disk::with(&[("a.sms", &whole)]),
            None,
            now(),
            &mut counting,
        );
        assert_eq!((world.esam.balance, world.esam.count), (500, 1), "the whole file after it, cut at {end}");
    }
    // The end of the last line alone may be missing.
    assert_eq!(credited, 2);
}

/// Two orders and a photo; one receipt was torn at an earlier time.
fn start() -> (World, Disk) {
    let world = World::opened(1000);
    let disk = Disk::with(&[
        ("b.sms", &file(2, 200)),
        ("c.sms", &file(3, 300)),
        ("photo.jpg", "\u{1}\u{2}\u{3}"),
        ("b.receipt", "0711"),
    ]);
    (world, disk)
}

fn assert_cured(world: &World, disk: &Disk, what: &str) {
    assert_eq!((world.esam.count, world.esam.balance), (3, 1500), "{what}");
    let last = disk.text("c.receipt").unwrap_or_else(|| panic!("{what}: no receipt"));
    assert_eq!(count_in(last), 3, "{what}");
    assert_eq!(world.meter.state().pending_order, None, "{what}");
    assert_eq!(disk.text("photo.jpg"), Some("\u{1}\u{2}\u{3}"), "{what}");
}

#[test]
fn a_medium_that_is_pulled_anywhere_is_cured_by_the_next_insertion() {
    let (mut world, mut disk) = start();
    let report = insert(&mut world, &mut disk, None);
    assert!(matches!(report.insertion.outcome, Outcome::Credited { orders: 2, .. }), "{report:?}");
    assert_cured(&world, &disk, "whole");
    let (acts, longest) = (disk.acts, disk.files["b.receipt"].len());
    assert!(acts >= 8, "{acts}");
    let mut pulled = 0;
    for stays in 0..acts {
        for torn in std::iter::once(None).chain((0..=longest).map(Some)) {
            let (mut world, mut disk) = start();
            (disk.stays, disk.torn) = (Some(stays), torn);
            let what = format!("pulled after {stays} acts, torn {torn:?}");
            let before = disk.files.clone();
            let report = insert(&mut world, &mut disk, None);
            let Outcome::Refused { refusal, .. } = report.insertion.outcome else {
                panic!("{what}: {report:?}")
            };
            assert_eq!(refusal, Refusal::StoragePulled, "{what}");
            world.power_cycle();
            (disk.stays, disk.torn) = (None, None);
            let torn_now = disk.files != before;
            let again = insert(&mut world, &mut disk, None);
            assert!(!matches!(again.insertion.outcome, Outcome::Refused { .. }), "{what}: {again:?}");
            assert_cured(&world, &disk, &what);
            assert_eq!(count_in(disk.text("b.receipt").unwrap()), 2, "{what}");
            pulled += 1;
            // Where nothing is written there is nothing to be torn.
            if torn.is_some() && !torn_now {
                break;
            }
        }
    }
    assert!(pulled > longest, "{pulled}");
}

#[test]
fn a_medium_that_takes_no_receipt_credits_and_says_so_and_another_gets_it() {
    let mut world = World::opened(1000);
    let mut disk = Disk { read_only: true, ..Disk::with(&[("b.sms", &file(2, 200))]) };
    let report = insert(&mut world, &mut disk, None);
    assert_eq!(report.insertion.outcome, refused(Refusal::StorageWrite, Step::WriteBack));
    assert_eq!((report.insertion.credited, world.esam.balance), (Fen(200), 1200));
    let mut other = Disk::with(&[("b.sms", &file(2, 200))]);
    assert_eq!(
        insert(&mut world, &mut other, None).insertion.outcome,
        Outcome::ReceiptRepeated { balance: Fen(1200) }
    );
    assert_eq!(count_in(other.text("b.receipt").unwrap()), 2);
}

#[test]
fn the_receipt_of_another_order_stays() {
    let mut world = World::new();
    let mut disk = Disk::with(&[("a.sms", &file(1, 500))]);
    insert(&mut world, &mut disk, None);
    let first = disk.files["a.receipt"].clone();
    // The next order under the same name, before the first one's receipt was brought anywhere.
    for count in 2..=9 {
        disk.files.insert("a.sms".to_owned(), file(count, 10).into_bytes());
        let report = insert(&mut world, &mut disk, None);
        assert_eq!(report.files[0].receipt, Some(format!("a.{count}.receipt")));
    }
    assert_eq!(disk.files["a.receipt"], first);
    disk.files.insert("a.sms".to_owned(), file(10, 10).into_bytes());
    let report = insert(&mut world, &mut disk, None);
    assert_eq!(report.insertion.outcome, refused(Refusal::StorageWrite, Step::WriteBack));
    assert!(report.insertion.cause.unwrap().contains("take them to the bank"));
    disk.files.retain(|name, _| name == "a.sms");
    insert(&mut world, &mut disk, None);
    assert_eq!(count_in(disk.text("a.receipt").unwrap()), 10);
}

#[test]
fn a_folder_holds_orders_of_several_sims_and_what_is_damaged_hinders_none() {
    let mut world = World::new();
    let other = "460000207447768";
    let mut disk = Disk::with(&[
        ("a.sms", "07"),
        ("b.sms", &file(1, 500)),
        ("c.sms", &file_of(2, 70, other)),
        ("d.sms", &file(2, 70)),
        ("e.txt", "a letter"),
    ]);
    let report = insert(&mut world, &mut disk, None);
    assert_eq!(
        report.insertion.outcome,
        Outcome::Credited { orders: 2, amount: Fen(570), balance: Fen(570) }
    );
    let names: Vec<_> = report.files.iter().map(|file| (&*file.name, file.damage.is_some())).collect();
    assert_eq!(names, [("a.sms", true), ("b.sms", false), ("c.sms", false), ("d.sms", false)]);
    let told = report.insertion.steps.iter().filter(|step| **step == Step::RunInfo).count();
    assert_eq!(told, 3, "one after the other, each with its own SIM");
    assert_eq!(world.esam.run_info[11..], IMSI.parse::<Imsi>().unwrap().file());
    // The same order in another copy has the same receipt.
    assert_eq!(disk.files["c.receipt"], disk.files["d.receipt"]);
}

#[test]
fn a_medium_without_an_order_says_so() {
    let mut world = World::opened(1000);
    let receipt = {
        let mut disk = Disk::with(&[("a.sms", &file(1, 500))]);
        insert(&mut World::new(), &mut disk, None);
        disk.text("a.receipt").unwrap().to_owned()
    };
    let nameless = Message { record: order(2, 5).into(), sim: SimNote::default() }.to_text();
    let greeting = Message { record: crate::world::greeting().into(), sim: SimNote::default() }.to_text();
    let long = "0".repeat(5000);
    let empty = (Refusal::StorageEmpty, None);
    let damaged = |words| (Refusal::StorageFile, Some(words));
    for (text, (refusal, words)) in [
        ("", damaged("holds 0 bytes")),
        (&*receipt, empty),
        (&*long, empty),
        ("a letter", empty),
        (&*nameless, damaged("does not say the IMSI")),
        (&*greeting, damaged("no order for electricity")),
    ] {
        let mut disk = Disk::with(&[("a.sms", text)]);
        for only in [None, Some("a.sms")] {
            let report = insert(&mut world, &mut disk, only).insertion;
            assert_eq!(report.outcome, refused(refusal, Step::StorageFiles), "{text}");
            assert_eq!(
                report.cause.as_deref().map(|cause| words.is_some_and(|words| cause.contains(words))),
                words.map(|_| true)
            );
        }
    }
    let mut disk = Disk::default();
    disk.files.extend((0..=MOST_FILES).map(|n| (format!("{n}.sms"), b"07".to_vec())));
    let report = insert(&mut world, &mut disk, None).insertion;
    assert_eq!(report.outcome, refused(Refusal::StorageFile, Step::StorageFiles));
    assert!(report.cause.unwrap().contains("more than 200 files"));
    assert_eq!(world.esam.balance, 1000);
}

#[test]
fn half_of_an_order_in_two_messages_is_none() {
    // The record of the fake's order as the first of two parts.
    let mut half = order(1, 5);
    let at = half.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap();
    let packet = half[at + 3..at + 100].to_vec();
    half[at..at + 8].copy_from_slice(&[0x07, 0x00, 0x03, 0x11, 0x02, 0x01, 0x70, 0x00]);
    half[at + 8..at + 105].copy_from_slice(&packet);
    half[at - 1] += 5;
    let sim = SimNote { imsi: Some(IMSI.parse().unwrap()), ..SimNote::default() };
    for record in [Records::from(half), Records::parse(&[half, half].concat()).unwrap()] {
        let text = Message { record, sim: sim.clone() }.to_text();
        let report = insert(&mut World::new(), &mut Disk::with(&[("a.sms", &text)]), None).insertion;
        assert_eq!(report.outcome, refused(Refusal::StorageFile, Step::StorageFiles));
        assert!(report.cause.unwrap().contains("a part of an order alone"));
    }
}
