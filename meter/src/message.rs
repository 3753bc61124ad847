//! Orders on the SIM and the receipts that take their place [docs/specs/purchase.md 3].

use wire::sms::record::{Ours, RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Submit, Tpdu};

/// An order of ours in a record of EF_SMS, still sealed.
pub(crate) struct OrderMessage {
    number: u8,
    tpdu: Vec<u8>,
    service_centre: Option<Address>,
    originator: Address,
}

impl OrderMessage {
    /// The order in a record; `None` for anything else, which is the user's and none of our business.
    pub(crate) fn read(number: u8, record: &[u8]) -> Option<Self> {
        let message = SmsRecord::parse(record).ok()??;
        if message.ours() != Some(Ours::Order) {
            return None;
        }
        match &message.tpdu {
            Tpdu::Deliver(deliver) => Some(OrderMessage {
                number,
                tpdu: message.tpdu.to_bytes(),
                originator: deliver.originator.clone(),
                service_centre: message.service_centre.clone(),
            }),
            Tpdu::Submit(_) => None,
        }
    }

    /// Record number, 1-based.
    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// The SMS-DELIVER as it stands in the record.
    pub(crate) fn tpdu(&self) -> &[u8] {
        &self.tpdu
    }

    /// The record with the receipt: an SMS-SUBMIT to the order's sender, to be sent, over the service centre
    /// that brought the order. `None` when the ESAM's user data is no message's.
    pub(crate) fn receipt(&self, user_data: &[u8]) -> Option<[u8; RECORD_LEN]> {
        let submit = Submit::secured(self.originator.clone(), user_data).ok()?;
        let service_centre = self.service_centre.clone();
        SmsRecord { status: RecordStatus::ToBeSent, service_centre, tpdu: Tpdu::Submit(submit) }
            .to_bytes()
            .ok()
    }
}
