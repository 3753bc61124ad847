//! What the server is asked, and what the screens become of it.

use crate::app::{Act, App, Screen, Told};
use crate::bank::{Bank, No};
use crate::pages;
use crate::seen::Seen;
use client::talk::{PurchaseState, Request, Said};

/// Purchases that are asked for at once.
const MANY: u8 = 20;
/// The server does not know a purchase: it was offered and not confirmed.
const NO_OFFER: &str = "phone-no-offer";

impl App {
    /// Does what a key wished.
    pub fn perform(&mut self, act: Act, bank: &mut dyn Bank) {
        self.busy = false;
        let done = match act {
            Act::Refresh => self.refresh(bank),
            Act::Enrol => self.enrol(bank),
            Act::Offer => self.offer(bank),
            Act::Confirm => self.confirm(bank),
            Act::State => self.state(bank),
            Act::Save => self.save(bank),
            Act::Earlier => self.earlier(bank),
        };
        self.open = bank.open();
        if let Err(no) = done {
            self.told = Some(Told::No(no));
        }
    }

    fn refresh(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let Said::Contracts(contracts) = bank.ask(&Request::Contracts)? else { return Err(strange()) };
        let chosen = self.seen.chosen.min(contracts.len().saturating_sub(1));
        let mut seen = Seen { contracts, chosen, ..Seen::default() };
        if let Some(contract) = seen.contracts.get(chosen) {
            let Said::Balance(_, reported) = bank.ask(&Request::Balance(Some(contract.meter)))? else {
                return Err(strange());
            };
            seen.reported = reported;
        }
        let Said::Records(records) = bank.ask(&Request::Records { many: MANY, before: None })? else {
            return Err(strange());
        };
        seen.more = records.len() == usize::from(MANY);
        seen.records = records;
        self.seen = seen;
        // What was begun before is found out now; that it was never confirmed is an answer as well.
        match bank.open().map(|name| bank.ask(&Request::State(name))) {
            Some(Err(no)) if no.code != NO_OFFER => Err(no),
            _ => Ok(()),
        }
    }

    fn earlier(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let before = self.seen.records.last().map(|sold| sold.order);
        let Said::Records(records) = bank.ask(&Request::Records { many: MANY, before })? else {
            return Err(strange());
        };
        self.seen.more = records.len() == usize::from(MANY);
        self.seen.records.extend(records);
        Ok(())
    }

    fn enrol(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let Screen::Slip(form) = &self.screen else { return Ok(()) };
        bank.enrol(&pages::read_slip(form))?;
        self.own = bank.own();
        self.screen = Screen::Start;
        self.refresh(bank)
    }

    fn offer(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let Screen::Pay(form) = &self.screen else { return Ok(()) };
        let Some(wanted) = pages::read_pay(form, &self.seen) else { return Ok(()) };
        let offer = bank.offer(&wanted)?;
        // What a person confirms is what the server says; it has to be what he asked for.
        if offer.meter != wanted.meter || offer.amount != wanted.amount {
            return Err(strange());
        }
        self.screen = Screen::Confirm { offer, yes: false };
        Ok(())
    }

    fn confirm(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let Screen::Confirm { offer, .. } = &self.screen else { return Ok(()) };
        let purchase = bank.confirm(offer)?;
        self.screen = Screen::Bought(purchase);
        Ok(())
    }

    fn state(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let shown = match &self.screen {
            Screen::Bought(purchase) => Some(purchase.purchase),
            _ => self.open,
        };
        let Some(name) = shown else { return Ok(()) };
        let Said::Purchase(purchase) = bank.ask(&Request::State(name))? else { return Err(strange()) };
        self.screen = Screen::Bought(purchase);
        Ok(())
    }

    fn save(&mut self, bank: &mut dyn Bank) -> Result<(), No> {
        let Screen::Bought(purchase) = &self.screen else { return Ok(()) };
        if purchase.state == PurchaseState::Made {
            let path = bank.save(purchase.purchase)?;
            self.told = Some(Told::Saved(path));
        }
        Ok(())
    }
}

fn strange() -> No {
    No::new("phone-foreign", "the server answered something else than was asked")
}
