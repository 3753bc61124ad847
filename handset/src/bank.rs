//! What asks the server for the screens.

use client::talk::{Offer, Purchase, Request, Said};
use keys::Zeroizing;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;

/// Whose phone it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The customer's number.
    pub customer: String,
    /// The telephone number.
    pub msisdn: String,
    /// The user name.
    pub user: String,
}

/// A slip, as it was typed in, and what its user says of himself.
#[derive(Clone)]
pub struct Slip {
    /// Where the server is.
    pub server: String,
    /// Its static key.
    pub key: String,
    /// The slip's number.
    pub number: String,
    /// The code.
    pub code: Zeroizing<String>,
    /// The telephone number.
    pub msisdn: String,
    /// The user name he wants.
    pub user: String,
    /// The password he wants.
    pub password: Zeroizing<String>,
}

/// What somebody wants to buy.
#[derive(Clone)]
pub struct Pay {
    /// For which meter.
    pub meter: MeterNumber,
    /// How much.
    pub amount: Fen,
    /// From another account than the contract's: its token, and the password.
    pub account: Option<(String, Zeroizing<String>)>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct No {
    /// The stable name of the error, by which the catalogue may have words of its own.
    pub code: String,
    /// What was wrong, in English.
    pub words: String,
}

impl No {
    /// Of its name and its words.
    pub fn new(code: &str, words: impl Into<String>) -> Self {
        No { code: code.to_owned(), words: words.into() }
    }
}

/// What asks the server, and keeps the phone's file.
pub trait Bank {
    /// Whose phone it is; `None`: nobody is enrolled here.
    fn own(&self) -> Option<Own>;

    /// Where the server is, as far as that was said before the slip is typed in.
    fn server(&self) -> Option<String>;

    /// Enrols with a slip.
    ///
    /// # Errors
    /// The server says nothing, or no; something typed has not its form.
    fn enrol(&mut self, slip: &Slip) -> Result<(), No>;

    /// Asks what changes nothing.
    ///
    /// # Errors
    /// The server says nothing, or no.
    fn ask(&mut self, request: &Request) -> Result<Said, No>;

    /// Asks what a purchase would be. Its name is kept before it is sent; the same wish goes on with the same purchase while it is open.
    ///
    /// # Errors
    /// The server says nothing, or no.
    fn offer(&mut self, wanted: &Pay) -> Result<Offer, No>;

    /// Buys what was offered.
    ///
    /// # Errors
    /// The server says nothing, or no.
    fn confirm(&mut self, offer: &Offer) -> Result<Purchase, No>;

    /// The purchase of which this phone does not know the end.
    fn open(&self) -> Option<[u8; 8]>;

    /// Writes the order of a purchase as a record file; gives its path.
    ///
    /// # Errors
    /// There is none; the file cannot be written.
    fn save(&mut self, purchase: [u8; 8]) -> Result<String, No>;
}
