//! The short messages that carry orders and receipts (`docs/specs/purchase.md` section 3).

use crate::incoming::Incoming;
use crate::message_error::MessageError;
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::order::SimBinding;
use scheme::subscription::{Imsi, PhoneNumber};
use wire::packet::TAR;
use wire::sms::record::{Ours, RECORD_LEN, RecordStatus, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, IE_RESPONSE_PACKET, Submit, Timestamp, Tpdu, UserData};

/// Bytes of an EF_SMS record.
pub const RECORD: usize = RECORD_LEN;

/// Where TAR stands in a response packet: after RPL 2, RHL 1.
const TAR_PLACE: core::ops::Range<usize> = 3..6;

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
    if record.ours() != Some(Ours::Order) {
        return Err(MessageError::NotAnOrder);
    }
    record.to_bytes().map_err(MessageError::Build)
}

/// The user data of a receipt, `02 71 00 ..`, out of what came in.
pub(crate) fn receipt_user_data(incoming: Incoming<'_>) -> Result<Vec<u8>, MessageError> {
    let user_data = match incoming {
        Incoming::Record(bytes) => user_data_of_record(bytes)?,
        Incoming::Tpdu(bytes) => Submit::parse(bytes).map_err(MessageError::Tpdu)?.0.user_data,
        Incoming::UserData(bytes) => UserData::from_octets(bytes, true).map_err(MessageError::Tpdu)?,
    };
    let is_receipt = user_data.septets().is_none()
        && user_data.element(IE_RESPONSE_PACKET).is_some()
        && user_data.body().get(TAR_PLACE) == Some(&TAR[..]);
    if is_receipt { Ok(user_data.to_bytes()) } else { Err(MessageError::NotAReceipt) }
}

fn user_data_of_record(bytes: &[u8]) -> Result<UserData, MessageError> {
    let record = SmsRecord::parse(bytes).map_err(MessageError::Record)?.ok_or(MessageError::Empty)?;
    if record.ours() == Some(Ours::Order) {
        return Err(MessageError::StillAnOrder);
    }
    match (record.status, record.tpdu) {
        (RecordStatus::ToBeSent | RecordStatus::Sent(_), Tpdu::Submit(submit)) => Ok(submit.user_data),
        (status, _) => Err(MessageError::Status(status.byte())),
    }
}
