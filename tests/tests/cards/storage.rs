//! The bank's files in the place of the SIM, with real cards: whatever is cut or changed in a file, an order is credited once or not at
//! all, and the file as the bank wrote it still brings it [docs/specs/meter.md 4].

use crate::world::{Bank, Province, Site, chance, copy};
use keys::Suite;
use meter::{Medium, MediumError, OrderOutcome, Outcome, StorageReport};
use scheme::Chance;
use scheme::money::Fen;
use scheme::record_file::{Message, SimNote};
use scheme::signing::Mode;
use server::{SealedOrder, Settlement};
use std::collections::BTreeMap;

const AMOUNT: Fen = Fen(50_00);

/// Files in memory.
#[derive(Default)]
struct Disk(BTreeMap<String, Vec<u8>>);

impl Medium for Disk {
    fn names(&mut self) -> Result<Vec<String>, MediumError> {
        Ok(self.0.keys().cloned().collect())
    }

    fn read(&mut self, name: &str, most: usize) -> Result<Option<Vec<u8>>, MediumError> {
        Ok(self.0.get(name).filter(|bytes| bytes.len() <= most).cloned())
    }

    fn write(&mut self, name: &str, bytes: &[u8], _: bool) -> Result<(), MediumError> {
        self.0.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// The file of an order, as a bank writes it.
fn file_of(sealed: &SealedOrder) -> Vec<u8> {
    let made_for = sealed.sim.clone();
    let sim = SimNote {
        iccid: Some(made_for.iccid),
        binding: Some(sealed.order.binding),
        imsi: made_for.imsi,
        copy: None,
    };
    Message { record: sealed.record.clone(), sim }.to_text().into_bytes()
}

fn insert(bank: &Bank, site: &mut Site, disk: &mut Disk) -> StorageReport {
    let mut random = chance("storage");
    site.meter.insert_storage(&mut site.esam, disk, None, bank.now, &mut |bytes| random.fill(bytes))
}

fn disk(file: &[u8]) -> Disk {
    Disk([("a.sms".to_owned(), file.to_vec())].into())
}

/// Inserts a spoilt file and then the whole one. Gives whether the spoilt one brought the money.
fn spoilt_then_whole(bank: &Bank, site: &Site, spoilt: &[u8], whole: &[u8], what: &str) -> bool {
    let mut site = site.copy();
    let before = site.purse();
    let first = insert(bank, &mut site, &mut disk(spoilt)).insertion;
    let purse = site.purse();
    let credited = matches!(first.outcome, Outcome::Credited { .. });
    let money = if credited { AMOUNT } else { Fen(0) };
    assert_eq!(
        (first.credited, purse.total_credited.0 - before.total_credited.0),
        (money, money.0),
        "{what}"
    );
    assert_eq!(purse.count - before.count, u32::from(credited), "{what}");
    let mut whole = disk(whole);
    let then = insert(bank, &mut site, &mut whole).insertion;
    let outcomes: Vec<_> = then.orders.iter().map(|order| order.outcome).collect();
    let expected = if credited { OrderOutcome::ReceiptRepeated } else { OrderOutcome::Credited(AMOUNT) };
    assert_eq!(outcomes, [expected], "{what}");
    let purse = site.purse();
    assert_eq!(
        (purse.total_credited.0 - before.total_credited.0, purse.count - before.count),
        (AMOUNT.0, 1),
        "{what}"
    );
    assert!(whole.0.contains_key("a.receipt"), "{what}");
    credited
}

/// A meter and an order for it that is not yet inserted.
fn scene() -> (Bank, Site, Vec<u8>) {
    let mut province = Province::new(Suite::TripleDes);
    let site = Site::new(&mut province, 0);
    let mut bank = Bank::new(copy(&province.psam), province.server_key.clone(), 1);
    let sealed = bank.buy(&site, AMOUNT);
    (bank, site, file_of(&sealed))
}

#[test]
fn a_file_cut_at_any_byte_brings_all_or_nothing() {
    let (bank, site, whole) = scene();
    let cut = |end: &usize| spoilt_then_whole(&bank, &site, &whole[..*end], &whole, &format!("cut at {end}"));
    let credited = (0..whole.len()).filter(cut).count();
    assert_eq!(credited, 1, "only the end of the last line may be missing");
}

#[test]
fn a_file_changed_at_any_byte_brings_all_or_nothing() {
    let (bank, site, whole) = scene();
    let changed = |at: &usize| {
        let mut file = whole.clone();
        file[*at] = if file[*at] == b'1' { b'2' } else { b'1' };
        spoilt_then_whole(&bank, &site, &file, &whole, &format!("changed at {at}"))
    };
    let credited = (0..whole.len()).filter(changed).count();
    // The filler, the time of the centre, the ICCID: none of them says anything of the money.
    assert!((20..300).contains(&credited), "{credited}");
}

#[test]
fn a_file_settles_as_a_sim_does_and_the_two_change_over() {
    for mode in [None, Some(Mode::Both), Some(Mode::Signed)] {
        let (mut bank, mut site) = match mode {
            None => {
                let mut province = Province::new(Suite::Sm4);
                let site = Site::new(&mut province, 0);
                (Bank::new(copy(&province.psam), province.server_key.clone(), 1), site)
            }
            Some(mode) => {
                let (_, bank, site) = crate::signed::scene(Suite::Sm4, mode);
                (bank, site)
            }
        };
        for round in 0..4 {
            let sealed = bank.buy(&site, AMOUNT);
            let what = format!("{mode:?}, purchase {round}");
            // By file, by SIM, by both: the money is the same, and comes once.
            let mut stored = disk(&file_of(&sealed));
            if round % 2 == 1 {
                site.deliver(&sealed.record);
                assert!(matches!(site.insert(bank.now).outcome, Outcome::Credited { .. }), "{what}");
            }
            let report = insert(&bank, &mut site, &mut stored);
            let outcomes: Vec<_> = report.insertion.orders.iter().map(|order| order.outcome).collect();
            let expected =
                if round % 2 == 1 { OrderOutcome::ReceiptRepeated } else { OrderOutcome::Credited(AMOUNT) };
            assert_eq!(outcomes, [expected], "{what}");
            let receipt = std::str::from_utf8(&stored.0["a.receipt"]).unwrap();
            let receipt = Message::from_text(receipt).unwrap();
            assert_eq!(receipt.record.each().len(), sealed.record.each().len(), "{what}");
            let Settlement::Settled(settled) = bank.settle(&site, &receipt.record) else { panic!("{what}") };
            assert_eq!((settled.amount, settled.findings.len()), (AMOUNT, 0), "{what}");
            if round % 2 == 1 {
                let on_sim = crate::world::take_receipt(&mut site.sim).unwrap();
                assert!(matches!(bank.settle(&site, &on_sim), Settlement::AlreadySettled(_)), "{what}");
            }
        }
        bank.assert_sound(&mut site, &format!("{mode:?}"));
    }
}
