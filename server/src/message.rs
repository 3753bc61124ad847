//! The short messages that carry orders and receipts (`docs/specs/purchase.md` section 3).

use crate::incoming::Incoming;
use crate::message_error::MessageError;
use crate::terms::Terms;
use scheme::moment::Moment;
use scheme::order::{Order, SimBinding};
use scheme::subscription::{Imsi, PhoneNumber};
use wire::packet::RESPONSE_UDH;
use wire::sms::content::{Content, Message, Ours};
use wire::sms::parts;
use wire::sms::record::{RECORD_LEN, RecordStatus, Records, SmsRecord};
use wire::sms::tpdu::{Address, Deliver, Submit, Timestamp, Tpdu};

/// First 8 bytes of SHA-256 over the EF_IMSI content (`docs/specs/purchase.md` section 1, tag 87).
pub(crate) fn binding(imsi: &Imsi) -> SimBinding {
    SimBinding::of(&imsi.file())
}

/// The EF_SMS record of an order, from the user data the security module gave: an SMS-DELIVER from the server, sent when the order was
/// issued, not yet read. What one does not hold goes in two, whose reference is the first byte of the order's id.
pub(crate) fn order_record(user_data: &[u8], order: &Order, terms: &Terms) -> Result<Records, MessageError> {
    command_record(user_data, order.id.0[0], order.issued, terms)
}

/// The records of a packet for a meter: an order's, or of one that brings the server's certificate.
///
/// # Errors
/// It is no packet for a meter.
pub fn command_record(
    user_data: &[u8],
    reference: u8,
    at: Moment,
    terms: &Terms,
) -> Result<Records, MessageError> {
    let address =
        |number: &PhoneNumber| Address::international(number.as_str()).map_err(MessageError::DoesNotFit);
    let (originator, service_centre) = (address(&terms.server_number)?, address(&terms.service_centre)?);
    let timestamp = Timestamp::china(at.0).map_err(MessageError::DoesNotFit)?;
    let mut records = Vec::new();
    for user_data in parts::split(user_data, reference).ok_or(MessageError::NotAnOrder)? {
        let deliver = Deliver::secured(originator.clone(), timestamp, &user_data);
        let tpdu = Tpdu::Deliver(deliver.map_err(MessageError::DoesNotFit)?);
        let service_centre = Some(service_centre.clone());
        records.push(SmsRecord { status: RecordStatus::Unread, service_centre, tpdu });
    }
    // A packet a meter would pass over must not be sold.
    let is_order = match records.as_slice() {
        [whole] => Ours::of(&whole.tpdu) == Some(Ours::Order),
        [first, second] => parts::records_belong(first, second),
        _ => false,
    };
    if !is_order {
        return Err(MessageError::NotAnOrder);
    }
    let bytes: Result<Vec<_>, _> = records.iter().map(SmsRecord::to_bytes).collect();
    Records::parse(&bytes.map_err(MessageError::Build)?.concat()).ok_or(MessageError::NotAnOrder)
}

/// The user data of a receipt, `02 71 00 ..`, out of what came in. Header elements that a network added stay behind: what the
/// meter's checksum covers is the one of the packet and what follows the header.
///
/// # Errors
/// It is no receipt of ours, or half of one.
pub fn receipt_user_data(incoming: Incoming<'_>) -> Result<Vec<u8>, MessageError> {
    let tpdu = match incoming {
        Incoming::Record(bytes) if bytes.len() > RECORD_LEN => return joined(bytes),
        Incoming::Record(bytes) => tpdu_of_record(bytes)?,
        Incoming::Tpdu(bytes) => Tpdu::Submit(Submit::parse(bytes).map_err(MessageError::Tpdu)?.0),
        Incoming::UserData(bytes) => {
            // As it left the meter; whom it went to is not known any more.
            let nobody = Address::from_wire(Address::INTERNATIONAL, 0, &[]).map_err(MessageError::Tpdu)?;
            Tpdu::Submit(Submit::secured(nobody, bytes).map_err(MessageError::Tpdu)?)
        }
    };
    if parts::first(&tpdu).is_some() {
        return Err(MessageError::Half);
    }
    if Ours::of(&tpdu) != Some(Ours::Receipt) {
        return Err(MessageError::NotAReceipt);
    }
    Ok([&RESPONSE_UDH, tpdu.user_data().body()].concat())
}

/// Of a receipt in two records.
fn joined(bytes: &[u8]) -> Result<Vec<u8>, MessageError> {
    let (first, second) = bytes.split_at(RECORD_LEN);
    let first = tpdu_of_record(first)?;
    let second = SmsRecord::parse(second).map_err(MessageError::Record)?.ok_or(MessageError::Empty)?.tpdu;
    if Ours::of(&first) != Some(Ours::Receipt) || !parts::belong(&first, &second) {
        return Err(MessageError::NotAReceipt);
    }
    Ok([&RESPONSE_UDH[..], &parts::body(&first, &second)].concat())
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
