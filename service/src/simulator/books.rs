//! The bank's own books: accounts, debits, reversals, entries. What changes them is an [`Event`], and nothing else does.

use scheme::moment::Day;
use serde::{Deserialize, Serialize};
use server::BankAccount;
use std::collections::BTreeMap;

/// An account that is opened, with what is on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its token.
    pub account: BankAccount,
    /// What is on it, in fen.
    pub fen: i64,
}

/// What was booked, as the file of the day has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub entry: String,
    /// The day it counts for.
    pub day: Day,
    /// `debit` or `reversal`.
    pub kind: String,
    /// The other side's reference.
    pub reference: String,
    /// How much.
    pub fen: u32,
}

/// What changes the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// An account is opened.
    Opened { account: String, fen: i64 },
    /// A debit was asked for, in these words.
    Asked { reference: String, account: String, fen: u32 },
    /// It is refused for ever.
    Refused { reference: String, reason: String },
    /// It waits to be booked; `even_after`: a reversal does not keep it from that.
    Queued { reference: String, even_after: bool },
    /// A request named it while it waited.
    Named { reference: String },
    /// Money went from its account to ours. `told`: what the other side hears; `None`: it was booked once more.
    Debited { entry: Entry, told: Option<u32> },
    /// An advice was taken, and what it gave back.
    Reversed { reference: String, number: u8, entry: Option<Entry> },
}

/// Where a debit stands.
#[derive(Debug, Clone, Default)]
struct Debit {
    account: String,
    fen: u32,
    refused: Option<String>,
    /// It waits to be booked: requests that named it since, and whether a reversal does not keep it from that.
    queued: Option<(u32, bool)>,
    /// Its entry, and how much of it is told.
    done: Option<(Entry, u32)>,
    /// Advices by number, with what each gave back.
    advices: BTreeMap<u8, Option<Entry>>,
}

/// The books.
#[derive(Debug, Clone, Default)]
pub struct Books {
    accounts: BTreeMap<String, i64>,
    ours: i64,
    debits: BTreeMap<String, Debit>,
    entries: Vec<Entry>,
}

/// What is said of a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It was booked, of so much.
    Done(Entry, u32),
    /// It is refused.
    Refused(String),
    /// It waits.
    Pending,
    /// Nobody asked for it.
    NotKnown,
    /// The reference is of another debit.
    Reused,
}

impl Books {
    /// Books an event.
    pub fn book(&mut self, event: &Event) {
        match event {
            Event::Opened { account, fen } => {
                self.accounts.insert(account.clone(), *fen);
            }
            Event::Asked { reference, account, fen } => {
                let debit = self.debits.entry(reference.clone()).or_default();
                (debit.account, debit.fen) = (account.clone(), *fen);
            }
            Event::Refused { reference, reason } => {
                self.debits.entry(reference.clone()).or_default().refused = Some(reason.clone());
            }
            Event::Queued { reference, even_after } => {
                self.debits.entry(reference.clone()).or_default().queued = Some((0, *even_after));
            }
            Event::Named { reference } => {
                if let Some((times, _)) = self.debits.entry(reference.clone()).or_default().queued.as_mut() {
                    *times += 1;
                }
            }
            Event::Debited { entry, told } => {
                let debit = self.debits.entry(entry.reference.clone()).or_default();
                *self.accounts.entry(debit.account.clone()).or_default() -= i64::from(entry.fen);
                self.ours += i64::from(entry.fen);
                if let Some(told) = told {
                    (debit.done, debit.queued) = (Some((entry.clone(), *told)), None);
                }
                self.entries.push(entry.clone());
            }
            Event::Reversed { reference, number, entry } => {
                let debit = self.debits.entry(reference.clone()).or_default();
                if let Some(entry) = entry {
                    *self.accounts.entry(debit.account.clone()).or_default() += i64::from(entry.fen);
                    self.ours -= i64::from(entry.fen);
                    self.entries.push(entry.clone());
                }
                debit.queued = debit.queued.filter(|(_, even_after)| *even_after);
                debit.advices.insert(*number, entry.clone());
            }
        }
    }

    /// What is on an account, in fen.
    pub fn balance(&self, account: &str) -> Option<i64> {
        self.accounts.get(account).copied()
    }

    /// What was collected for the other side, in fen.
    pub const fn ours(&self) -> i64 {
        self.ours
    }

    /// The entries of a day.
    pub fn of_day(&self, day: Day) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.day == day)
    }

    /// The number of the next entry, and of the one after it.
    pub fn number(&self, more: usize) -> String {
        format!("B{:08}", self.entries.len() + 1 + more)
    }

    /// What is known of a debit.
    pub fn said(&self, reference: &str) -> Said {
        let Some(debit) = self.debits.get(reference) else { return Said::NotKnown };
        match debit {
            Debit { done: Some((entry, told)), .. } => Said::Done(entry.clone(), *told),
            Debit { refused: Some(reason), .. } => Said::Refused(reason.clone()),
            Debit { queued: Some(_), advices, .. } if advices.is_empty() => Said::Pending,
            Debit { advices, .. } if !advices.is_empty() => Said::Refused("reversed".into()),
            _ => Said::NotKnown,
        }
    }

    /// What is said to a debit that is asked for; `None`: it is new, and may be booked.
    pub fn asked(&self, reference: &str, account: &str, fen: u32) -> Option<Said> {
        let debit = self.debits.get(reference);
        if debit
            .is_some_and(|debit| !debit.account.is_empty() && (debit.account != account || debit.fen != fen))
        {
            return Some(Said::Reused);
        }
        match self.said(reference) {
            Said::NotKnown => None,
            known => Some(known),
        }
    }

    /// Why a new debit cannot be booked.
    pub fn obstacle(&self, account: &str, fen: u32) -> Option<&'static str> {
        match self.balance(account) {
            None => Some("no-such-account"),
            Some(balance) if balance < i64::from(fen) => Some("insufficient-funds"),
            Some(_) => None,
        }
    }

    /// Debits that were put aside and are to be booked now, with their amount: those that were named often enough, and those that a
    /// reversal came for and could not stop.
    pub fn ripe(&self) -> Vec<(String, u32)> {
        let ripe = |debit: &Debit| match debit.queued {
            Some((times, false)) => times >= 2,
            Some((_, true)) => !debit.advices.is_empty(),
            None => false,
        };
        let waiting = self.debits.iter().filter(|(_, debit)| debit.done.is_none() && ripe(debit));
        waiting.map(|(reference, debit)| (reference.clone(), debit.fen)).collect()
    }

    /// What an advice gave back before; `None`: it is new.
    pub fn advised(&self, reference: &str, number: u8) -> Option<&Option<Entry>> {
        self.debits.get(reference)?.advices.get(&number)
    }

    /// The entry of a debit, and that of its return.
    pub fn debit_and_return(&self, reference: &str) -> (Option<&Entry>, Option<&Entry>) {
        let Some(debit) = self.debits.get(reference) else { return (None, None) };
        (debit.done.as_ref().map(|(entry, _)| entry), debit.advices.values().flatten().next())
    }
}
