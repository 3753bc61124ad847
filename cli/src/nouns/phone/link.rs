//! A phone's session as the server of an online purchase: what the meter says goes through it.

use crate::prelude::*;
use client::talk::{Offer, Purchase, PurchaseState};
use parties::bank::ReceiptLine;
use parties::bank::bring::PurchaseReport;
use parties::bank::online::{MessageReport, ResultReport};
use parties::customer::{Conversation, CustomerError};
use parties::pipe::{OnlineServer, Wanted};
use scheme::moment::Moment;
use scheme::order::OrderId;

/// A purchase that was confirmed, in the session in which it was.
pub struct Through<'t, 'f> {
    talk: &'t mut Conversation<'f>,
    offer: &'t Offer,
    begun: &'t Purchase,
    at: Moment,
}

impl<'t, 'f> Through<'t, 'f> {
    /// Of what was confirmed, and when.
    pub fn new(talk: &'t mut Conversation<'f>, offer: &'t Offer, begun: &'t Purchase, at: Moment) -> Self {
        Through { talk, offer, begun, at }
    }

    fn report(&self, said: &Purchase) -> Result<PurchaseReport> {
        let id = OrderId(said.purchase);
        Ok(PurchaseReport {
            purchase: id,
            customer: self.offer.customer,
            meter: self.offer.meter,
            amount_fen: said.amount,
            order: said.order.unwrap_or(id),
            state: said.state.name().into(),
            begun: self.at,
            refusal: said.refusal,
        })
    }

    fn message(&self, said: &Purchase) -> Result<MessageReport> {
        let message = said
            .message
            .as_ref()
            .ok_or_else(|| Trouble::new(CustomerError::Foreign("no message for the meter".to_owned())))?;
        Ok(MessageReport { purchase: self.report(said)?, message: hex::encode_upper(message) })
    }
}

impl OnlineServer for Through<'_, '_> {
    fn begin(&mut self, _: &Wanted) -> Result<MessageReport> {
        self.message(self.begun)
    }

    fn request(&mut self, _: OrderId, message: &str) -> Result<MessageReport> {
        let said = self.talk.pipe(self.begun.purchase, bytes(message)?)?;
        self.message(&said)
    }

    fn result(&mut self, _: OrderId, message: &str) -> Result<ResultReport> {
        let said = self.talk.pipe(self.begun.purchase, bytes(message)?)?;
        let settled = said.state == PurchaseState::Settled;
        let detail = match said.refusal {
            Some(number) => format!("the meter took no money (error {number})"),
            None => format!("{} of {}", said.state.name(), said.amount),
        };
        let receipt = ReceiptLine {
            file: String::new(),
            result: if settled { "settled" } else { "refused" }.into(),
            order: said.order.map(|order| order.to_string()),
            detail,
            code: None,
            hint: None,
            facts: None,
        };
        Ok(ResultReport { purchase: self.report(&said)?, receipt })
    }
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    hex::decode(text)
        .map_err(|_| Trouble::new(CustomerError::Foreign("the meter's message is none".to_owned())))
}
