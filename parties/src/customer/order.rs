//! Buying: an offer, what a person says to it, and the same again where an answer was lost.

use super::conversation::Conversation;
use super::error::CustomerError;
use super::file::{OpenPurchase, PhoneFile};
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use client::talk::{Account, Named, Offer, Purchase, PurchaseState, Request, Said, Wanted, Way};
use scheme::chance::random;
use scheme::money::Fen;
use scheme::order::SimBinding;
use scheme::record_file::{Message, SimNote};
use sha2::{Digest, Sha256};
use wire::sms::record::Records;

/// What somebody wants to buy.
#[derive(Debug, Clone)]
pub struct PayRequest {
    /// For which contract.
    pub contract: Named,
    /// How much.
    pub amount: Fen,
    /// Which way.
    pub way: Way,
    /// From which account; `None`: that of the contract.
    pub account: Option<Account>,
}

impl PayRequest {
    /// What tells it from another one; the password is not in it.
    fn mark(&self) -> String {
        let account = self.account.as_ref().map(|account| account.token.as_str());
        let whole = format!("{:?} {} {:?} {account:?}", self.contract, self.amount.0, self.way);
        hex::encode(Sha256::digest(whole))
    }
}

fn foreign() -> Trouble {
    Trouble::new(CustomerError::Foreign("another answer than asked for".to_owned()))
}

/// The name of a purchase: that of one which was begun with the same words and is not at its end, else a new one, kept before it is sent.
///
/// # Errors
/// The phone's file cannot be written.
pub fn named_before(session: &Session, file: &mut PhoneFile, wanted: &PayRequest) -> Result<[u8; 8]> {
    let asked = wanted.mark();
    let mut purchase = [0; 8];
    let known = file.open.as_ref().filter(|open| open.asked == asked);
    if known.is_some_and(|open| hex::decode_to_slice(&open.purchase, &mut purchase).is_ok()) {
        return Ok(purchase);
    }
    purchase = random(&mut *session.chance(&format!("purchase {}", session.now()?)));
    file.open = Some(OpenPurchase { purchase: hex::encode(purchase), asked });
    file.keep()?;
    Ok(purchase)
}

impl Conversation<'_> {
    /// Has something offered.
    ///
    /// # Errors
    /// The server says nothing, or no.
    pub fn offer(&mut self, purchase: [u8; 8], wanted: &PayRequest) -> Result<Offer> {
        let PayRequest { contract, amount, way, account } = wanted.clone();
        let asked = Request::Offer(Wanted { purchase, contract, amount, way, account });
        match self.ask(&asked)? {
            // What is shown to the person has to be what he asked for.
            Said::Offer(offer)
                if offer.purchase == purchase && offer.amount == amount && offer.way == way =>
            {
                Ok(offer)
            }
            _ => Err(foreign()),
        }
    }

    /// Buys what was offered.
    ///
    /// # Errors
    /// As [`Conversation::offer`]; whether it was bought may not be known.
    pub fn confirm(&mut self, offer: &Offer) -> Result<Purchase> {
        let Offer { purchase, amount, .. } = *offer;
        match self.ask(&Request::Confirm { purchase, amount })? {
            Said::Purchase(said) if said.purchase == purchase => Ok(said),
            _ => Err(foreign()),
        }
    }

    /// Brings a message of the meter.
    ///
    /// # Errors
    /// As [`Conversation::offer`].
    pub fn pipe(&mut self, purchase: [u8; 8], message: Vec<u8>) -> Result<Purchase> {
        match self.ask(&Request::Pipe { purchase, message })? {
            Said::Purchase(said) if said.purchase == purchase => Ok(said),
            _ => Err(foreign()),
        }
    }

    /// A purchase as it stands.
    ///
    /// # Errors
    /// As [`Conversation::offer`].
    pub fn state(&mut self, purchase: [u8; 8]) -> Result<Purchase> {
        match self.ask(&Request::State(purchase))? {
            Said::Purchase(said) if said.purchase == purchase => Ok(said),
            _ => Err(foreign()),
        }
    }

    /// The order of a purchase, as a record file has it.
    ///
    /// # Errors
    /// As [`Conversation::offer`].
    pub fn fetch(&mut self, purchase: [u8; 8]) -> Result<Message> {
        match self.ask(&Request::Fetch(purchase))? {
            Said::Order { purchase: of, record, sim, .. } if of == purchase => {
                let record = Records::parse(&record).ok_or_else(foreign)?;
                let binding = sim.binding.map(SimBinding);
                let sim = SimNote { iccid: sim.iccid, binding, imsi: sim.imsi, copy: None };
                Ok(Message { record, sim })
            }
            _ => Err(foreign()),
        }
    }
}

/// A purchase that is at its end as far as the phone has to do with it: the same words buy anew.
///
/// # Errors
/// The phone's file cannot be written.
pub fn ended(file: &mut PhoneFile, state: PurchaseState) -> Result<()> {
    let goes_on = matches!(state, PurchaseState::Offered | PurchaseState::Asked | PurchaseState::Waits);
    if !goes_on && file.open.take().is_some() {
        file.keep()?;
    }
    Ok(())
}
