//! Orders on the SIM and the receipts that take their place [docs/specs/purchase.md 3].

use scheme::profile::{SERVER_NUMBER, SERVICE_CENTRE};
use wire::sms::content::Content;
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Submit, Timestamp, Tpdu};

/// An order of ours in a record of EF_SMS, still sealed.
pub(crate) struct OrderMessage {
    number: u8,
    tpdu: Vec<u8>,
    service_centre: Option<Address>,
    originator: Address,
    origin: [u8; ORIGIN_LEN],
}

/// Bytes behind the status by which orders of one origin are known: service centre, first octet, and the beginning of
/// the sender's address. With the status they are the longest pattern of SEEK.
pub(crate) const ORIGIN_LEN: usize = 15;

/// How an order begins that comes from the operator's usual numbers; what a meter looks for before it has seen one.
pub(crate) fn usual_origin() -> Option<Vec<u8>> {
    let originator = Address::international(SERVER_NUMBER).ok()?;
    // Only what stands in front of the time counts here.
    let deliver = Deliver::secured(originator, Timestamp([0; 7]), &[0x02, 0x70, 0x00]).ok()?;
    let record = SmsRecord {
        status: RecordStatus::Unread,
        service_centre: Some(Address::international(SERVICE_CENTRE).ok()?),
        tpdu: Tpdu::Deliver(deliver),
    };
    Some(record.to_bytes().ok()?.get(1..=ORIGIN_LEN)?.to_vec())
}

impl OrderMessage {
    /// The order in a record; `None` for anything else, which is the user's and none of our business.
    pub(crate) fn read(number: u8, record: &[u8]) -> Option<Self> {
        let message = Content::of(record).into_order()?;
        Some(OrderMessage {
            number,
            tpdu: message.tpdu.to_bytes(),
            originator: message.tpdu.address().clone(),
            service_centre: message.service_centre,
            origin: *record.get(1..)?.first_chunk()?,
        })
    }

    /// Record number, 1-based.
    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// How the record begins behind its status.
    pub(crate) fn origin(&self) -> &[u8; ORIGIN_LEN] {
        &self.origin
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
