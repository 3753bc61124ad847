//! Books that are told what waits act as if they had not been.

use super::{Bank, Engine, InMemory};
use crate::house::{customer, meter, sim, terms};
use gridcard_server::{
    Ahead, Incoming, OrderError, OrderSealer, Origin, PlacedOrder, SealError, SimKey, receipt_user_data,
};
use scheme::order::OrderId;
use scheme::signing::Mode;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What is under way at a bank.
#[derive(Default)]
struct Course {
    /// Orders the module was asked for.
    asked: Vec<PlacedOrder>,
    /// Receipts that came, and whose.
    receipts: Vec<(u32, [u8; 176], OrderId)>,
}

/// One thing that is done, as a step of a round.
fn step(bank: &mut Bank, course: &mut Course, dice: &mut Dice) {
    let n = u32::try_from(dice.below(3)).unwrap();
    match dice.below(6) {
        // Bought; the module answers later.
        0 | 1 => {
            bank.psam.faults = vec![SealError::Waits];
            match bank.buy(n, 100 + n) {
                Err(OrderError::Seal { order, .. }) => course.asked.extend(bank.books.order(order).unwrap()),
                Err(OrderError::Outstanding { .. } | OrderError::Unasked(_)) => bank.psam.faults.clear(),
                other => panic!("{other:?}"),
            }
        }
        // The module answers, in its sequence.
        2 | 3 if !course.asked.is_empty() => {
            let placed = course.asked.remove(0);
            let data = bank.psam.seal(&placed.order.to_bytes(), Mode::Symmetric).unwrap();
            let psam = bank.psam.number();
            bank.books.keep_answer(&psam, placed.order.id, &data, &terms()).unwrap();
            let sealed = bank.books.sealed(placed.order.id).unwrap();
            if let Some(sealed) = sealed {
                let of = (0..3).find(|n| meter(*n) == placed.order.meter).unwrap();
                let receipt = bank.insert(of, &sealed.record);
                course.receipts.push((of, receipt, placed.order.id));
            }
        }
        // A receipt comes, once or twice.
        4 if !course.receipts.is_empty() => {
            let (of, receipt, _) = course.receipts[0];
            bank.settle(of, &receipt).unwrap();
            if dice.below(4) > 0 {
                course.receipts.remove(0);
            }
        }
        // Something is begun and comes to nothing.
        _ => {
            bank.books.begin_together().unwrap();
            bank.psam.faults = vec![SealError::Waits];
            let _ = bank.buy(n, 500);
            bank.psam.faults.clear();
            bank.books.forget_together();
        }
    }
}

/// What the books are told: of all who wait, and of some who do not.
fn ahead(bank: &Bank, course: &Course, dice: &mut Dice) -> Vec<Ahead> {
    let mut ahead = vec![
        Ahead::Asker("nobody".into()),
        Ahead::Request("00000001".into(), "a".into()),
        Ahead::Order(customer(7), None, OrderId([9; 8])),
        Ahead::Sealed("999999999999".into(), OrderId([8; 8])),
        Ahead::Opened(OrderId([7; 8])),
    ];
    ahead.extend((0..3).filter(|_| dice.below(4) > 0).flat_map(|n| {
        (1..8).map(move |more| Ahead::Order(customer(n), None, OrderId((bank.drawn + more).to_be_bytes())))
    }));
    let psam = bank.psam.number();
    ahead.extend(course.asked.iter().map(|placed| Ahead::Sealed(psam.clone(), placed.order.id)));
    for (of, receipt, order) in &course.receipts {
        let packet = receipt_user_data(Incoming::Record(receipt)).unwrap();
        let origin = match dice.below(2) {
            0 => Origin::Sim(SimKey::Iccid(sim(*of, 0).iccid)),
            _ => Origin::Meter(meter(*of)),
        };
        ahead.extend([Ahead::Receipt(packet, origin), Ahead::Opened(*order)]);
    }
    ahead
}

/// What is in the books, however their rows are numbered.
fn contents(bank: &Bank) -> String {
    let statements: Vec<_> = (0..3).map(|n| bank.books.statement(customer(n)).unwrap()).collect();
    let orders: Vec<_> =
        bank.orders().into_iter().map(|placed| (placed.order, placed.state, placed.record)).collect();
    format!("{:?} {statements:?} {orders:?}", bank.books.figures().unwrap())
}

fn lived(engine: &dyn Engine, seed: u64, is_told: bool) -> (String, usize) {
    let mut bank = Bank::over(engine.open());
    let (mut dice, mut course, mut settled) = (Dice(seed), Course::default(), 0);
    bank.reconcile();
    for _ in 0..24 {
        bank.books.begin_together().unwrap();
        let told = ahead(&bank, &course, &mut dice);
        if is_told {
            bank.books.look_ahead(&told).unwrap();
        }
        for _ in 0..8 {
            bank.books.begin_together().unwrap();
            step(&mut bank, &mut course, &mut dice);
            bank.books.keep_together().unwrap();
        }
        bank.books.keep_together().unwrap();
        settled = bank.books.figures().unwrap().totals.settled;
    }
    let origin = Origin::Meter(meter(0));
    assert!(bank.books.openers(Incoming::Record(&[0; 176]), &origin).is_err());
    bank.end();
    (contents(&bank), usize::try_from(settled).unwrap())
}

/// An engine that remembers fails an act itself where what it remembers is not what stands there: tests are built like that.
pub fn what_was_looked_up_is_what_there_is(engine: &dyn Engine) {
    let seed = 20_261_128;
    let (told, settled) = lived(engine, seed, true);
    let (plain, _) = lived(&InMemory, seed, false);
    let again =
        format!("seed {seed}: cargo test -p gridcard-server --test it what_was_looked_up_is_what_there_is");
    assert_eq!(told, plain, "{again}");
    assert!(settled > 3, "{settled}, {again}");
}
