//! What a record of EF_SMS is: the one answer for the clerk's list, the writer of SIMs, the phone and the meter
//! [docs/specs/purchase.md 3].

use alloc::vec::Vec;

use super::record::{MOST_PARTS, RecordError, RecordStatus, SmsRecord};
use super::tpdu::{IE_COMMAND_PACKET, IE_RESPONSE_PACKET, Note, Part, Tpdu};
use crate::packet::TAR;

/// Where TAR stands in a command packet: after CPL 2, CHL 1, SPI 2, KIc 1, KID 1.
const TAR_IN_COMMAND: usize = 7;
/// Where TAR stands in a response packet: after RPL 2, RHL 1.
const TAR_IN_RESPONSE: usize = 3;

/// A message of the purchase protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// A command packet: top-up order for a meter.
    Order,
    /// A response packet: a meter's receipt.
    Receipt,
}

impl Ours {
    /// Tells by message type, header element and TAR alone: the packet itself is not opened, so that any message can be
    /// asked without keys. Ours are whole, or the first of two parts ([`super::parts`]); any other part of a longer message is nobody's
    /// by itself.
    #[must_use]
    pub fn of(tpdu: &Tpdu) -> Option<Self> {
        let (element, packet) = tpdu.packet()?;
        let has_tar_at = |at: usize| packet.get(at..at + TAR.len()) == Some(&TAR[..]);
        let found = match tpdu {
            Tpdu::Deliver(_) if element == IE_COMMAND_PACKET && has_tar_at(TAR_IN_COMMAND) => Self::Order,
            Tpdu::Submit(_) if element == IE_RESPONSE_PACKET && has_tar_at(TAR_IN_RESPONSE) => Self::Receipt,
            _ => return None,
        };
        let is_first = |part: Part| part.total == 1 || (part.total, part.sequence) == (MOST_PARTS, 1);
        tpdu.user_data().part().is_none_or(is_first).then_some(found)
    }
}

/// What a record is. Every record of EF_SMS is exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Free, whatever stands behind its status.
    Free,
    /// Ours and waiting: an order that was received.
    Order(Message),
    /// Ours and waiting: a receipt to be sent.
    Receipt(Message),
    /// Ours and used: a receipt that was sent. Its place may be taken.
    SentReceipt(Message),
    /// Somebody else's message.
    Other(Message),
    /// In use, and no message that can be read; somebody else's.
    Damaged(RecordError),
}

/// The message of a record, and what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message, its status and its service centre.
    pub record: SmsRecord,
    /// What should not be there, by its place in the record. It does not change whose the message is.
    pub notes: Vec<Note>,
}

impl Content {
    /// What this record is; never fails.
    #[must_use]
    pub fn of(record: &[u8]) -> Self {
        let (record, notes) = match SmsRecord::read(record) {
            Ok(Some(read)) => read,
            Ok(None) => return Content::Free,
            Err(error) => return Content::Damaged(error),
        };
        let (status, ours) = (record.status, Ours::of(&record.tpdu));
        let message = Message { record, notes };
        match (ours, status) {
            (Some(Ours::Order), RecordStatus::Unread | RecordStatus::Read) => Content::Order(message),
            (Some(Ours::Receipt), RecordStatus::ToBeSent) => Content::Receipt(message),
            (Some(Ours::Receipt), RecordStatus::Sent(_)) => Content::SentReceipt(message),
            _ => Content::Other(message),
        }
    }

    /// What of ours it is.
    #[must_use]
    pub fn ours(&self) -> Option<Ours> {
        match self {
            Content::Order(_) => Some(Ours::Order),
            Content::Receipt(_) | Content::SentReceipt(_) => Some(Ours::Receipt),
            Content::Free | Content::Other(_) | Content::Damaged(_) => None,
        }
    }

    /// Whether a new order may be written here.
    #[must_use]
    pub fn may_be_taken(&self) -> bool {
        matches!(self, Content::Free | Content::SentReceipt(_))
    }

    /// The order a meter is to take.
    #[must_use]
    pub fn into_order(self) -> Option<SmsRecord> {
        match self {
            Content::Order(message) => Some(message.record),
            _ => None,
        }
    }

    /// The message, when there is one that can be read.
    #[must_use]
    pub fn into_message(self) -> Option<Message> {
        match self {
            Content::Order(message)
            | Content::Receipt(message)
            | Content::SentReceipt(message)
            | Content::Other(message) => Some(message),
            Content::Free | Content::Damaged(_) => None,
        }
    }
}
