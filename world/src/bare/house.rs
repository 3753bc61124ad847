//! The customers' bank, with books of its own and whims: what it is asked by one reference it does once, and it may not say so.

use scheme::moment::Day;
use scheme::money::Fen;
use scheme::order::OrderId;
use server::bank::{Advice, Booked, Debit, GivenBack};
use server::{AdviceAnswer, Bank, DebitAnswer};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the bank does with what it is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whim {
    /// A debit is refused.
    Refuses,
    /// It is done, and no answer comes.
    SaysNothing,
    /// It is not heard, and not done.
    HearsNothing,
    /// A debit is put aside and done in the evening, unless it was taken back by then; no answer comes.
    Late,
    /// The same, and it is done though it was taken back.
    LateAfterAll,
}

/// What the bank has under a reference.
#[derive(Debug, Clone, Default)]
struct Entry {
    amount: Fen,
    taken: Vec<Booked>,
    back: Vec<Booked>,
    refused: bool,
    /// No debit is taken any more.
    ended: bool,
    /// It is to be done in the evening; and whether it is though it was taken back.
    late: Option<bool>,
}

#[derive(Debug, Default)]
struct Inside {
    entries: BTreeMap<[u8; 8], Entry>,
    whim: Option<Whim>,
    day: Option<Day>,
    booked: u64,
}

impl Inside {
    fn book(&mut self, amount: Fen) -> Booked {
        self.booked += 1;
        Booked {
            entry: format!("E{}", self.booked),
            day: self.day.unwrap_or(super::seed::BEGIN.day()),
            amount,
        }
    }

    fn take(&mut self, reference: OrderId) -> Booked {
        let amount = self.entries.get(&reference.0).map_or(Fen(0), |entry| entry.amount);
        let booked = self.book(amount);
        self.entries.entry(reference.0).or_default().taken.push(booked.clone());
        booked
    }
}

/// The bank.
#[derive(Debug, Default)]
pub struct House(Mutex<Inside>);

impl House {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it does with what it is asked next.
    pub fn plan(&self, whim: Option<Whim>) {
        self.inside().whim = whim;
    }

    /// The day is over: what was put aside is done, and it is told of which references that is. `day`: the next one.
    pub fn evening(&self, day: Day) -> Vec<(OrderId, Booked)> {
        let mut inside = self.inside();
        inside.day = Some(day);
        let late: Vec<OrderId> = inside
            .entries
            .iter_mut()
            .filter_map(|(reference, entry)| {
                let anyway = entry.late.take()?;
                (anyway || !entry.ended).then_some(OrderId(*reference))
            })
            .collect();
        late.into_iter().map(|reference| (reference, inside.take(reference))).collect()
    }

    /// What it took under a reference and has not given back, in fen.
    pub fn has(&self, reference: OrderId) -> i64 {
        self.inside().entries.get(&reference.0).map_or(0, net)
    }

    /// What it took and has not given back, under all references, in fen.
    pub fn net(&self) -> i64 {
        self.inside().entries.values().map(net).sum()
    }
}

fn net(entry: &Entry) -> i64 {
    let sum = |booked: &[Booked]| booked.iter().map(|booked| i64::from(booked.amount.0)).sum::<i64>();
    sum(&entry.taken) - sum(&entry.back)
}

/// What is known of an entry.
fn told(entry: Option<&Entry>) -> DebitAnswer {
    match entry {
        Some(Entry { refused: true, .. }) => DebitAnswer::Refused("no cover".to_owned()),
        Some(Entry { taken, .. }) if !taken.is_empty() => DebitAnswer::Done(taken[0].clone()),
        _ => DebitAnswer::Unknown("not known yet".to_owned()),
    }
}

impl Bank for House {
    fn debit(&self, debit: &Debit) -> DebitAnswer {
        let mut inside = self.inside();
        let whim = inside.whim.take();
        let silence = || DebitAnswer::Unknown("no answer".to_owned());
        if whim == Some(Whim::HearsNothing) {
            return silence();
        }
        let entry = inside.entries.entry(debit.reference.0).or_default();
        let known = entry.refused || entry.ended || entry.late.is_some() || !entry.taken.is_empty();
        if !known {
            entry.amount = debit.amount;
            match whim {
                Some(Whim::Refuses) => entry.refused = true,
                Some(Whim::Late) => entry.late = Some(false),
                Some(Whim::LateAfterAll) => entry.late = Some(true),
                Some(Whim::SaysNothing | Whim::HearsNothing) | None => drop(inside.take(debit.reference)),
            }
        }
        if whim == Some(Whim::SaysNothing) { silence() } else { told(inside.entries.get(&debit.reference.0)) }
    }

    fn look(&self, reference: OrderId) -> DebitAnswer {
        told(self.inside().entries.get(&reference.0))
    }

    fn reverse(&self, advice: &Advice) -> AdviceAnswer {
        let mut inside = self.inside();
        let whim = inside.whim.take();
        let silence = AdviceAnswer::Unknown("no answer".to_owned());
        if whim == Some(Whim::HearsNothing) {
            return silence;
        }
        let entry = inside.entries.entry(advice.reference.0).or_default();
        entry.ended = true;
        let place = usize::from(advice.number.saturating_sub(1));
        let taken = entry.taken.get(place.min(entry.taken.len().saturating_sub(1))).cloned();
        if let (Some(taken), true) = (&taken, entry.back.len() < entry.taken.len()) {
            let back = inside.book(taken.amount);
            inside.entries.entry(advice.reference.0).or_default().back.push(back);
        }
        if whim == Some(Whim::SaysNothing) {
            return silence;
        }
        let back = inside.entries.get(&advice.reference.0).and_then(|entry| entry.back.last().cloned());
        AdviceAnswer::Taken(taken.zip(back).map(|(taken, back)| GivenBack { taken, back }))
    }
}
