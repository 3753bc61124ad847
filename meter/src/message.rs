//! Orders on the SIM and the receipts that take their place [docs/specs/purchase.md 3].

use scheme::profile::{SERVER_NUMBER, SERVICE_CENTRE};
use wire::sms::content::Content;
use wire::sms::parts;
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Submit, Timestamp, Tpdu};

/// An order of ours in a record of EF_SMS, still sealed; or a part of one.
pub(crate) struct OrderMessage {
    number: u8,
    record: SmsRecord,
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
        let message = match Content::of(record) {
            Content::Order(message) => message,
            // It says not by itself whose it is.
            Content::Other(message) if parts::second(&message.record.tpdu).is_some() => message,
            _ => return None,
        };
        Some(OrderMessage { number, record: message.record, origin: *record.get(1..)?.first_chunk()? })
    }

    /// Whether it is an order by itself.
    pub(crate) fn is_whole(&self) -> bool {
        !self.is_first() && !self.is_second()
    }

    /// Whether it is the first of two parts.
    pub(crate) fn is_first(&self) -> bool {
        parts::first(&self.record.tpdu).is_some()
    }

    /// Whether it may be the second of two parts.
    pub(crate) fn is_second(&self) -> bool {
        parts::second(&self.record.tpdu).is_some()
    }

    /// Whether another message may be the second part of this one.
    pub(crate) fn goes_on_in(&self, other: &OrderMessage) -> bool {
        parts::records_belong(&self.record, &other.record)
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
    pub(crate) fn tpdu(&self) -> Vec<u8> {
        self.record.tpdu.to_bytes()
    }

    /// The records with the receipt: SMS-SUBMITs to the order's sender, to be sent, over the service centre that brought the order; one,
    /// or two that have the order's reference. `None` when the ESAM's user data is no packet of ours.
    pub(crate) fn receipt(&self, user_data: &[u8]) -> Option<Vec<[u8; RECORD_LEN]>> {
        let [reference, _] =
            self.record.tpdu.user_data().part().map_or(0, |part| part.reference).to_le_bytes();
        let record = |user_data: Vec<u8>| {
            let submit = Submit::secured(self.record.tpdu.address().clone(), &user_data).ok()?;
            let service_centre = self.record.service_centre.clone();
            SmsRecord { status: RecordStatus::ToBeSent, service_centre, tpdu: Tpdu::Submit(submit) }
                .to_bytes()
                .ok()
        };
        parts::split(user_data, reference)?.into_iter().map(record).collect()
    }
}
