//! The bank's day and ours, compared (docs/specs/bank.md 4): four heaps, and nothing is adjusted by the program. What the bank says of
//! a payment that waits for its word is such a word.

use crate::bank::{AdviceAnswer, Booked, DebitAnswer, GivenBack};
use crate::bank_file::{BankFile, EntryKind, FileEntry};
use crate::engine::params;
use crate::error::StoreError;
use crate::finding::{ClearError, Cleared, FindingKind, Found};
use crate::order_error::OrderError;
use crate::payment::{Moved, Payment, PaymentState};
use crate::rows::{column, time_text};
use crate::store::{Transaction, View};
use crate::transfer::{Account, Code, Standing, Transfer};
use scheme::moment::Moment;
use scheme::order::OrderId;

/// Where an entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heap {
    /// The books say the same.
    Equal,
    /// The books waited for the bank's word, and this is it.
    Decided,
    /// The books have it, the file has it not.
    OursOnly,
    /// The file has it, the books have it not.
    TheirsOnly,
    /// Both have it, with another amount.
    OtherAmount,
}

impl Heap {
    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Heap::Equal => "equal",
            Heap::Decided => "decided",
            Heap::OursOnly => "ours-only",
            Heap::TheirsOnly => "theirs-only",
            Heap::OtherAmount => "other-amount",
        }
    }

    const fn finding(self) -> Option<FindingKind> {
        match self {
            Heap::Equal | Heap::Decided => None,
            Heap::OursOnly => Some(FindingKind::BankOursOnly),
            Heap::TheirsOnly => Some(FindingKind::BankTheirsOnly),
            Heap::OtherAmount => Some(FindingKind::BankOtherAmount),
        }
    }
}

/// A difference between the bank's day and ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The finding that it is.
    pub finding: i64,
    /// Where it lies.
    pub heap: &'static str,
    /// `debit` or `reversal`.
    pub kind: &'static str,
    /// The reference.
    pub reference: String,
    /// What the bank has more than the books, in fen.
    pub fen: i64,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// The same bytes were taken before: nothing was done.
    pub again: bool,
    /// Entries that the books have as well.
    pub equal: u32,
    /// Entries that were the bank's word on a payment that waited for it.
    pub decided: u32,
    /// Entries of an earlier file.
    pub known: u32,
    /// Differences, each a finding.
    pub differences: Vec<Difference>,
}

/// What is asked of one entry.
struct Judged {
    heap: Heap,
    /// What the bank has more than the books.
    fen: i64,
    words: String,
}

impl Judged {
    fn fits(heap: Heap) -> Self {
        Judged { heap, fen: 0, words: String::new() }
    }
}

impl Transaction<'_> {
    /// Compares a file of the bank with the books. The same file again changes nothing.
    pub fn take_bank_file(&self, file: &BankFile, now: Moment) -> Result<Compared, OrderError> {
        let seen: Option<i64> =
            self.conn.first("SELECT id FROM bank_file WHERE hash = ?1", params![file.hash], |row| {
                column(row, "id")
            })?;
        if let Some(id) = seen {
            return Ok(self.compared_before(id)?);
        }
        self.whole(|| {
            let day = hex::encode(file.day.bytes());
            let id: i64 = self.conn.one(
                "INSERT INTO bank_file (hash, day, at) VALUES (?1, ?2, ?3) RETURNING id",
                params![file.hash, day, time_text(now)],
            )?;
            let mut compared = Compared::default();
            for entry in &file.entries {
                self.compare(id, entry, now, &mut compared)?;
            }
            for (what, kind) in [("debit", EntryKind::Debit), ("return", EntryKind::Reversal)] {
                for payment in self.payments_of_day(what, file.day)? {
                    self.look_for(id, &payment, kind, now, &mut compared)?;
                }
            }
            Ok(compared)
        })
    }

    /// What came of a file that was taken before.
    fn compared_before(&self, file: i64) -> Result<Compared, StoreError> {
        let mut compared = Compared { again: true, ..Compared::default() };
        let heaps = self.conn.all(
            "SELECT heap, count(*) AS n FROM bank_entry WHERE file = ?1 GROUP BY heap",
            params![file],
            |row| Ok((column::<String>(row, "heap")?, column::<u32>(row, "n")?)),
        )?;
        for (heap, n) in heaps {
            match heap.as_str() {
                "equal" => compared.equal = n,
                "decided" => compared.decided = n,
                _ => {}
            }
        }
        compared.differences = self.differences_of(file)?;
        Ok(compared)
    }

    /// Lays one entry of the file onto its heap.
    fn compare(
        &self,
        file: i64,
        entry: &FileEntry,
        now: Moment,
        compared: &mut Compared,
    ) -> Result<(), OrderError> {
        let booked = &entry.booked;
        let before = self.conn.first(
            "SELECT reference, kind, amount FROM bank_entry WHERE entry = ?1",
            params![booked.entry],
            |row| {
                let said = (column::<String>(row, "reference")?, column::<String>(row, "kind")?);
                Ok((said, column::<u32>(row, "amount")?))
            },
        )?;
        if let Some(((reference, kind), amount)) = before {
            if (reference.as_str(), kind.as_str(), amount)
                == (entry.reference.as_str(), entry.kind.name(), booked.amount.0)
            {
                compared.known += 1;
                return Ok(());
            }
            let words = format!(
                "entry {} of the bank was {kind} {reference} of {amount} fen in an earlier file, and is {} {} of {} fen now",
                booked.entry,
                entry.kind.name(),
                entry.reference,
                booked.amount.0
            );
            let judged =
                Judged { heap: Heap::OtherAmount, fen: signed(entry) - signed_of(&kind, amount), words };
            return self.difference(file, entry, &judged, now, compared);
        }
        let payment = match entry.reference.parse::<OrderId>() {
            Ok(id) => self.payment(id)?,
            Err(_) => None,
        };
        let judged = match payment {
            Some(payment) => self.judge(&payment, entry, now)?,
            None => theirs(entry, "no payment has this reference"),
        };
        self.conn.write(
            "INSERT INTO bank_entry (entry, file, day, reference, kind, amount, heap) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                booked.entry,
                file,
                hex::encode(booked.day.bytes()),
                entry.reference,
                entry.kind.name(),
                booked.amount.0,
                judged.heap.name()
            ],
        )?;
        match judged.heap {
            Heap::Equal => compared.equal += 1,
            Heap::Decided => compared.decided += 1,
            _ => self.difference(file, entry, &judged, now, compared)?,
        }
        Ok(())
    }

    /// What an entry is to the payment that it names.
    fn judge(&self, payment: &Payment, entry: &FileEntry, now: Moment) -> Result<Judged, OrderError> {
        if self.was_matched(&entry.reference, entry.kind)? {
            return Ok(theirs(entry, "an entry before this one is it already: it was done twice"));
        }
        let booked = &entry.booked;
        let ours = match entry.kind {
            EntryKind::Debit => &payment.debited,
            EntryKind::Reversal => &payment.returned,
        };
        if let Some(Moved { fen, .. }) = ours {
            if let Some(before) = self.booked_difference(Heap::OursOnly, entry)? {
                let words = format!("finding {} booked that the bank has it not", before.finding);
                return Ok(theirs(entry, &words));
            }
            let more = i64::from(booked.amount.0) - fen;
            if more == 0 {
                return Ok(Judged::fits(Heap::Equal));
            }
            let words = format!(
                "{} {} is of {} fen in the books, and of {} fen at the bank (entry {})",
                entry.kind.name(),
                entry.reference,
                fen,
                booked.amount.0,
                booked.entry
            );
            let fen = if entry.kind == EntryKind::Debit { more } else { -more };
            return Ok(Judged { heap: Heap::OtherAmount, fen, words });
        }
        match entry.kind {
            EntryKind::Debit => {
                self.debit_answered(payment.order, &DebitAnswer::Done(booked.clone()), now)?;
                Ok(Judged::fits(Heap::Decided))
            }
            EntryKind::Reversal => match (&payment.debited, payment.state) {
                (Some(taken), PaymentState::Leaving) => {
                    let taken = Booked {
                        entry: taken.entry.clone(),
                        day: taken.day,
                        amount: scheme::money::Fen(u32::try_from(taken.fen).unwrap_or(u32::MAX)),
                    };
                    let given = GivenBack { taken, back: booked.clone() };
                    self.advice_answered(payment.order, &AdviceAnswer::Taken(Some(given)), now)?;
                    Ok(Judged::fits(Heap::Decided))
                }
                _ => Ok(theirs(entry, "the books took nothing back")),
            },
        }
    }

    /// Whether an entry before was what the books have under a reference.
    fn was_matched(&self, reference: &str, kind: EntryKind) -> Result<bool, StoreError> {
        self.conn.any(
            "SELECT 1 FROM bank_entry WHERE reference = ?1 AND kind = ?2 AND heap IN ('equal', 'decided', 'other-amount')",
            params![reference, kind.name()],
        )
    }

    /// What the books have of the file's day, and the file has not.
    fn look_for(
        &self,
        file: i64,
        payment: &Payment,
        kind: EntryKind,
        now: Moment,
        compared: &mut Compared,
    ) -> Result<(), OrderError> {
        let ours = match kind {
            EntryKind::Debit => &payment.debited,
            EntryKind::Reversal => &payment.returned,
        };
        let (Some(moved), reference) = (ours, payment.reference()) else { return Ok(()) };
        let told = self.conn.any(
            "SELECT 1 FROM bank_difference WHERE reference = ?1 AND kind = ?2 AND heap = 'ours-only'",
            params![reference, kind.name()],
        )?;
        // An entry that came before the bank's word was theirs only then, and is what the word says now.
        let is_known = self.conn.any(
            "SELECT 1 FROM bank_entry WHERE entry = ?1 AND reference = ?2 AND kind = ?3 AND amount = ?4",
            params![moved.entry, reference, kind.name(), moved.fen],
        )?;
        if told || is_known || self.was_matched(&reference, kind)? {
            return Ok(());
        }
        let amount = scheme::money::Fen(u32::try_from(moved.fen).unwrap_or(u32::MAX));
        let booked = Booked { entry: moved.entry.clone(), day: moved.day, amount };
        let entry = FileEntry { kind, reference, booked };
        let words = format!(
            "{} {} of {} fen (entry {}) is in the books, and not in the bank's file of {}",
            kind.name(),
            entry.reference,
            moved.fen,
            moved.entry,
            moved.day
        );
        let judged = Judged { heap: Heap::OursOnly, fen: -signed(&entry), words };
        self.difference(file, &entry, &judged, now, compared)
    }

    fn difference(
        &self,
        file: i64,
        entry: &FileEntry,
        judged: &Judged,
        now: Moment,
        compared: &mut Compared,
    ) -> Result<(), OrderError> {
        let Some(kind) = judged.heap.finding() else { return Ok(()) };
        let payment = match entry.reference.parse::<OrderId>() {
            Ok(id) => self.payment(id)?,
            Err(_) => None,
        };
        let (meter, order) = (payment.as_ref().map(|p| p.meter), payment.as_ref().map(|p| p.order));
        let found = Found { kind, meter, psam: None, order, at: now, detail: &judged.words, kept: None };
        let finding = self.write_finding(&found)?.id;
        self.conn.write(
            "INSERT INTO bank_difference (finding, file, heap, kind, reference, entry, fen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                finding,
                file,
                judged.heap.name(),
                entry.kind.name(),
                entry.reference,
                entry.booked.entry,
                judged.fen
            ],
        )?;
        compared.differences.push(Difference {
            finding,
            heap: judged.heap.name(),
            kind: entry.kind.name(),
            reference: entry.reference.clone(),
            fen: judged.fen,
        });
        Ok(())
    }

    /// The bank gave money back, as its word says: an entry of that which two people had booked for want of the word is in the books
    /// twice now, and they are told.
    pub(crate) fn told_after_booking(
        &self,
        payment: &Payment,
        back: &Booked,
        now: Moment,
    ) -> Result<(), OrderError> {
        let entry =
            FileEntry { kind: EntryKind::Reversal, reference: payment.reference(), booked: back.clone() };
        let Some(before) = self.booked_difference(Heap::TheirsOnly, &entry)? else { return Ok(()) };
        let words = format!(
            "reversal {} (entry {}) was booked by finding {}, and is the bank's word now: the books have it twice",
            entry.reference, back.entry, before.finding
        );
        let judged = Judged { heap: Heap::OtherAmount, fen: -before.fen, words };
        self.difference(before.file, &entry, &judged, now, &mut Compared::default())
    }

    /// Two people clear a difference. `book`: the books are made to say what the bank has, by an entry that names the finding; what
    /// the bank has more is in suspense then, what it has less is a difference.
    pub fn clear_difference(&self, id: i64, cleared: &Cleared, book: bool) -> Result<i64, ClearError> {
        let finding = self.finding(id)?.ok_or(ClearError::Unknown(id))?;
        if !finding.kind.is_difference() {
            return Err(ClearError::NoDifference(id));
        }
        let fen: i64 = self.conn.one("SELECT fen FROM bank_difference WHERE finding = ?1", params![id])?;
        if book && self.is_in_books(id)? {
            return Err(ClearError::InBooks(id));
        }
        self.whole(|| {
            self.clear(finding, cleared)?;
            if !book || fen == 0 {
                return Ok(0);
            }
            let (debit, credit) = if fen > 0 {
                (Account::BankClearing, Account::Suspense)
            } else {
                (Account::Difference, Account::BankClearing)
            };
            self.book_transfer(&Transfer {
                code: Code::BankDifference,
                at: cleared.at,
                purchase: None,
                debit,
                credit,
                amount: fen.abs(),
                standing: Standing::Posted,
                subject: Some(&format!("finding:{id}")),
            })?;
            Ok(fen)
        })
    }
}

/// What an entry adds to our account at the bank, in fen.
fn signed(entry: &FileEntry) -> i64 {
    signed_of(entry.kind.name(), entry.booked.amount.0)
}

fn signed_of(kind: &str, amount: u32) -> i64 {
    if kind == EntryKind::Debit.name() { amount.into() } else { -i64::from(amount) }
}

/// The bank has what the books have not.
fn theirs(entry: &FileEntry, why: &str) -> Judged {
    let words = format!(
        "{} {} of {} fen (entry {}) is in the bank's file of {}, and not in the books: {why}",
        entry.kind.name(),
        entry.reference,
        entry.booked.amount.0,
        entry.booked.entry,
        entry.booked.day
    );
    Judged { heap: Heap::TheirsOnly, fen: signed(entry), words }
}

/// A difference that two people booked.
struct BookedDifference {
    finding: i64,
    file: i64,
    /// What was booked: what the bank had more than the books.
    fen: i64,
}

impl View<'_> {
    /// The difference on a heap that was booked for an entry. What the books alone have has no entry of the file: its reference names it.
    fn booked_difference(
        &self,
        heap: Heap,
        entry: &FileEntry,
    ) -> Result<Option<BookedDifference>, StoreError> {
        self.conn.first(
            "SELECT d.finding, d.file, d.fen FROM bank_difference d JOIN transfer t ON t.subject = 'finding:' || d.finding \
             WHERE d.heap = ?1 AND d.kind = ?2 AND d.reference = ?3 AND (d.entry = ?4 OR d.heap = 'ours-only')",
            params![heap.name(), entry.kind.name(), entry.reference, entry.booked.entry],
            |row| {
                Ok(BookedDifference {
                    finding: column(row, "finding")?,
                    file: column(row, "file")?,
                    fen: column(row, "fen")?,
                })
            },
        )
    }

    /// Whether a difference is none any more, since the bank's word or its entry has come.
    fn is_in_books(&self, finding: i64) -> Result<bool, StoreError> {
        self.conn.any(
            "SELECT 1 FROM bank_difference d WHERE d.finding = ?1 AND ( \
               (d.heap = 'ours-only' AND EXISTS (SELECT 1 FROM bank_entry e WHERE e.reference = d.reference \
                 AND e.kind = d.kind AND e.heap IN ('equal', 'decided', 'other-amount'))) \
               OR (d.heap = 'theirs-only' \
                 AND EXISTS (SELECT 1 FROM payment p WHERE (d.kind = 'debit' AND p.debit_entry = d.entry) \
                   OR (d.kind = 'reversal' AND p.return_entry = d.entry)) \
                 AND NOT EXISTS (SELECT 1 FROM bank_difference o JOIN transfer t ON t.subject = 'finding:' || o.finding \
                   WHERE o.reference = d.reference AND o.kind = d.kind AND o.heap = 'ours-only')))",
            params![finding],
        )
    }

    /// The differences that a file showed.
    pub(crate) fn differences_of(&self, file: i64) -> Result<Vec<Difference>, StoreError> {
        let heaps = [Heap::OursOnly, Heap::TheirsOnly, Heap::OtherAmount];
        self.conn.all(
            "SELECT finding, heap, kind, reference, fen FROM bank_difference WHERE file = ?1 ORDER BY finding",
            params![file],
            |row| {
                let (heap, kind): (String, String) = (column(row, "heap")?, column(row, "kind")?);
                let known = heaps.into_iter().find(|known| known.name() == heap);
                Ok(Difference {
                    finding: column(row, "finding")?,
                    heap: known.map_or("other-amount", Heap::name),
                    kind: if kind == EntryKind::Debit.name() { "debit" } else { "reversal" },
                    reference: column(row, "reference")?,
                    fen: column(row, "fen")?,
                })
            },
        )
    }
}
