//! The customers' bank, as the payment server asks it: what is said to it, and what it may answer (docs/specs/bank.md).
//!
//! An answer is final or says nothing. Whatever is asked, is asked by our own reference, so that asking again is never a second
//! act: a bank that knows the reference answers as before.

use core::fmt;
use core::str::FromStr;
use scheme::moment::Day;
use scheme::money::Fen;
use scheme::order::OrderId;

/// The bank's token of an account: never its number.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount(String);

impl BankAccount {
    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BankAccount {
    /// Its length alone: a token pays.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankAccount({} characters)", self.0.len())
    }
}

/// A text that is no token of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token of a bank account has 1 to 64 letters, digits, dots, dashes and underscores")]
pub struct NoAccount;

impl scheme::Fault for NoAccount {
    fn code(&self) -> &str {
        "bank-account"
    }
}

impl FromStr for BankAccount {
    type Err = NoAccount;

    fn from_str(text: &str) -> Result<Self, NoAccount> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let good = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        if good { Ok(BankAccount(text.to_owned())) } else { Err(NoAccount) }
    }
}

/// A debit that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debit {
    /// Our reference: the id of the order.
    pub reference: OrderId,
    /// Whose money.
    pub account: BankAccount,
    /// How much.
    pub amount: Fen,
}

/// An advice that a debit is not wanted: whatever was debited under the reference is given back, and nothing is debited under it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// The reference of the debit.
    pub reference: OrderId,
    /// 1; 2 for a debit that came to light after the first was confirmed. The same number again is the same advice.
    pub number: u8,
}

/// An entry in the bank's own books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The bank's own number of it, 1 to 64 characters.
    pub entry: String,
    /// The day it counts for, whose file has it.
    pub day: Day,
    /// How much was moved.
    pub amount: Fen,
}

/// What is known of a debit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebitAnswer {
    /// The money was taken. Final.
    Done(Booked),
    /// The bank did not take it and never will under this reference. Final.
    Refused(String),
    /// Nothing: no answer, or that the bank itself does not know yet. In words.
    Unknown(String),
}

/// A debit that was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBack {
    /// The debit.
    pub taken: Booked,
    /// Its return.
    pub back: Booked,
}

/// What is known of an advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdviceAnswer {
    /// The bank has it. What it had taken and gave back; `None`: nothing was debited.
    Taken(Option<GivenBack>),
    /// Nothing, in words: it is sent again.
    Unknown(String),
}

/// A bank that can be asked. No method panics or waits for ever.
pub trait Bank: Send + Sync {
    /// Asks for a debit, for the first time or again.
    fn debit(&self, debit: &Debit) -> DebitAnswer;

    /// Asks what became of a debit.
    fn look(&self, reference: OrderId) -> DebitAnswer;

    /// Gives an advice, for the first time or again.
    fn reverse(&self, advice: &Advice) -> AdviceAnswer;
}

/// What a bank is asked for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankCall {
    /// The debit, for the first time.
    Debit(Debit),
    /// What became of it; and the debit again when the bank has not heard of it.
    Again(Debit),
    /// The advice.
    Reverse(Advice),
}

/// What it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAnswer {
    /// To a debit.
    Debit(DebitAnswer),
    /// To an advice.
    Advice(AdviceAnswer),
}

impl BankCall {
    /// The payment it is about.
    pub const fn reference(&self) -> OrderId {
        match self {
            BankCall::Debit(debit) | BankCall::Again(debit) => debit.reference,
            BankCall::Reverse(advice) => advice.reference,
        }
    }

    /// Asks.
    pub fn ask(&self, bank: &dyn Bank) -> BankAnswer {
        match self {
            BankCall::Debit(debit) => BankAnswer::Debit(bank.debit(debit)),
            BankCall::Again(debit) => BankAnswer::Debit(match bank.look(debit.reference) {
                // Perhaps it is under way still: the same reference cannot be debited twice.
                DebitAnswer::Unknown(_) => bank.debit(debit),
                known => known,
            }),
            BankCall::Reverse(advice) => BankAnswer::Advice(bank.reverse(advice)),
        }
    }
}
