//! What is shown, and what the person wishes.

use crate::bank::{Bank, No, Own};
use crate::form::Form;
use crate::pages;
use crate::seen::Seen;
use crate::words::Tongue;
use client::talk::{Contract, Offer, Purchase};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Return.
    Enter,
    /// Forward.
    Tab,
    /// Back.
    BackTab,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Takes the last character away.
    Backspace,
    /// Back, or out.
    Escape,
}

/// What a key wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing but another look.
    Look,
    /// The server is to be asked: [`App::perform`].
    Ask(Act),
    /// The program ends.
    Leave,
}

/// What the server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Contracts, balance, purchases.
    Refresh,
    /// The slip is handed in.
    Enrol,
    /// What a purchase would be.
    Offer,
    /// The purchase.
    Confirm,
    /// Where the last purchase stands.
    State,
    /// Its order, into a file.
    Save,
    /// Purchases before those that are shown.
    Earlier,
}

/// A screen.
pub(crate) enum Screen {
    Slip(Form),
    Start,
    Pay(Form),
    Confirm { offer: Offer, yes: bool },
    Bought(Purchase),
    Records { top: usize },
    Meter,
}

/// What is said beside a screen.
pub(crate) enum Told {
    /// Something was not done.
    No(No),
    /// A file was written.
    Saved(String),
}

/// The phone's screens.
pub struct App {
    pub(crate) tongue: Tongue,
    pub(crate) own: Option<Own>,
    pub(crate) screen: Screen,
    pub(crate) seen: Seen,
    pub(crate) open: Option<[u8; 8]>,
    pub(crate) told: Option<Told>,
    pub(crate) busy: bool,
}

impl App {
    /// The first screen: of a phone that is enrolled its balance, else the one that takes a slip.
    pub fn new(tongue: Tongue, bank: &dyn Bank) -> Self {
        let own = bank.own();
        let screen = if own.is_some() {
            Screen::Start
        } else {
            Screen::Slip(pages::slip(&bank.server().unwrap_or_default()))
        };
        App { tongue, own, screen, seen: Seen::default(), open: bank.open(), told: None, busy: false }
    }

    /// What is asked before any key was pressed.
    pub const fn first(&self) -> Option<Act> {
        if self.own.is_some() { Some(Act::Refresh) } else { None }
    }

    /// Shows that the server is asked.
    pub const fn wait(&mut self) {
        self.busy = true;
    }

    pub(crate) fn contract(&self) -> Option<&Contract> {
        self.seen.contracts.get(self.seen.chosen)
    }
}
