//! A PSAM in a thread of its own, as an act sees it: what is in hand it answers, anything else stops the act.

use super::asking::{AskPsam, Besides, InHand, Opened, Question};
use scheme::numbers::{DeviceNumber, MeterNumber};
use scheme::order::{Order, OrderId};
use scheme::signing::Mode;
use server::{Chain, Keys, OrderSealer, SealError};

/// One PSAM for one act.
pub(super) struct Remote<'h> {
    psam: DeviceNumber,
    keys: Option<Keys>,
    chain: Option<Chain>,
    under_way: &'h [OrderId],
    hand: &'h InHand,
    online: Option<Besides>,
    stop: Option<AskPsam>,
}

impl<'h> Remote<'h> {
    /// `chain`: where it stands, when all its answers are in the books; `under_way`: orders that are being sealed by any PSAM;
    /// `online`: what it seals for beside the record.
    pub fn new(
        psam: DeviceNumber,
        keys: Option<Keys>,
        chain: Option<Chain>,
        under_way: &'h [OrderId],
        hand: &'h InHand,
        online: Option<Besides>,
    ) -> Self {
        Remote { psam, keys, chain, under_way, hand, online, stop: None }
    }

    /// What has to be asked before the act can go on.
    pub fn stop(self) -> Option<AskPsam> {
        self.stop
    }

    fn ask(&mut self, stop: AskPsam) -> SealError {
        self.stop.get_or_insert(stop);
        SealError::Waits
    }
}

impl OrderSealer for Remote<'_> {
    fn number(&self) -> String {
        self.psam.to_string()
    }

    fn keys(&mut self) -> Result<Option<Keys>, SealError> {
        Ok(self.keys)
    }

    fn chain(&mut self) -> Result<Option<Chain>, SealError> {
        Ok(self.chain)
    }

    fn seal(&mut self, order: &[u8], mode: Mode) -> Result<Vec<u8>, SealError> {
        let id = Order::parse(order).map_err(|error| SealError::Refused(error.to_string()))?.id;
        let question = Question::Seal { id, order: order.to_vec(), online: self.online, mode };
        Err(if self.under_way.contains(&id) {
            self.ask(AskPsam::Await(id))
        } else {
            self.ask(AskPsam::Ask { psam: self.psam, question })
        })
    }

    fn open(&mut self, meter: MeterNumber, user_data: &[u8]) -> Result<Vec<u8>, SealError> {
        let is_this = |opened: &&Opened| {
            (opened.psam, opened.meter, opened.packet.as_slice()) == (self.psam, meter, user_data)
        };
        match self.hand.opened.iter().find(is_this) {
            Some(opened) => opened.receipt.clone(),
            None => {
                let question = Question::Open { meter, packet: user_data.to_vec() };
                Err(self.ask(AskPsam::Ask { psam: self.psam, question }))
            }
        }
    }
}
