//! The short messages that carry orders and receipts (`docs/specs/purchase.md` section 3).

use crate::incoming::Incoming;
use crate::message_error::MessageError;
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::order::SimBinding;
use scheme::subscription::{Imsi, PhoneNumber};
use wire::packet::RESPONSE_UDH;
use wire::sms::content::{Content, Message, Ours};
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Submit, Timestamp, Tpdu};

/// Bytes of an EF_SMS record.
pub const RECORD: usize = RECORD_LEN;

/// First 8 bytes of SHA-256 over the EF_IMSI content (`docs/specs/purchase.md` section 1, tag 87).
pub(crate) fn binding(imsi: &Imsi) -> SimBinding {
    SimBinding::of(&imsi.file())
}

/// The EF_SMS record of an order, from the user data the security module gave: an SMS-DELIVER from the
/// server, sent when the order was issued, not yet read.
pub(crate) fn order_record(
    user_data: &[u8],
    issued: Moment,
    terms: &Terms,
) -> Result<[u8; RECORD], MessageError> {
    let address =
        |number: &PhoneNumber| Address::international(number.as_str()).map_err(MessageError::DoesNotFit);
    let (originator, service_centre) = (address(&terms.server_number)?, address(&terms.service_centre)?);
    let timestamp = Timestamp::china(issued.0).map_err(MessageError::DoesNotFit)?;
    let deliver = Deliver::secured(originator, timestamp, user_data).map_err(MessageError::DoesNotFit)?;
    let record = SmsRecord {
        status: RecordStatus::Unread,
        service_centre: Some(service_centre),
        tpdu: Tpdu::Deliver(deliver),
    };
    // A packet a meter would pass over must not be sold.
    if Ours::of(&record.tpdu) != Some(Ours::Order) {
        return Err(MessageError::NotAnOrder);
    }
    record.to_bytes().map_err(MessageError::Build)
}

/// The user data of a receipt, `02 71 00 ..`, out of what came in. Header elements that a network added stay behind: what the
/// meter's checksum covers is the one of the packet and what follows the header.
pub(crate) fn receipt_user_data(incoming: Incoming<'_>) -> Result<Vec<u8>, MessageError> {
    let tpdu = match incoming {
        Incoming::Record(bytes) => tpdu_of_record(bytes)?,
        Incoming::Tpdu(bytes) => Tpdu::Submit(Submit::parse(bytes).map_err(MessageError::Tpdu)?.0),
        Incoming::UserData(bytes) => {
            // As it left the meter; whom it went to is not known any more.
            let nobody = Address::from_wire(Address::INTERNATIONAL, 0, &[]).map_err(MessageError::Tpdu)?;
            Tpdu::Submit(Submit::secured(nobody, bytes).map_err(MessageError::Tpdu)?)
        }
    };
    if Ours::of(&tpdu) != Some(Ours::Receipt) {
        return Err(MessageError::NotAReceipt);
    }
    Ok([&RESPONSE_UDH, tpdu.user_data().body()].concat())
}

fn tpdu_of_record(bytes: &[u8]) -> Result<Tpdu, MessageError> {
    match Content::of(bytes) {
        Content::Free => Err(MessageError::Empty),
        Content::Damaged(error) => Err(MessageError::Record(error)),
        Content::Order(_) => Err(MessageError::StillAnOrder),
        Content::Receipt(Message { record, .. }) | Content::SentReceipt(Message { record, .. }) => {
            Ok(record.tpdu)
        }
        Content::Other(Message { record, .. }) => match record.status {
            RecordStatus::ToBeSent | RecordStatus::Sent(_) => Err(MessageError::NotAReceipt),
            status => Err(MessageError::Status(status.byte())),
        },
    }
}
