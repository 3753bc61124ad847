//! Why an order fits no message, or a message carries no receipt.

use scheme::subscription::NumberFault;
use wire::sms::record::RecordError;
use wire::sms::tpdu::TpduError;

/// Why an order does not fit a message, or a message carries no receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The server's number in the terms is none.
    #[error("the server's number {number:?} {fault}")]
    ServerNumber {
        /// As given.
        number: String,
        /// What is wrong.
        fault: NumberFault,
    },
    /// The service centre's number in the terms is none.
    #[error("the service centre's number {number:?} {fault}")]
    ServiceCentre {
        /// As given.
        number: String,
        /// What is wrong.
        fault: NumberFault,
    },
    /// The sealed order does not fit one message.
    #[error("the sealed order does not fit a message: {0}")]
    DoesNotFit(TpduError),
    /// The message does not fit a record.
    #[error("the order's message does not fit a record: {0}")]
    Build(RecordError),
    /// What the security module gave is no order packet.
    #[error("the security module gave something else than an order packet")]
    NotAnOrder,
    /// The record cannot be read.
    #[error("not a record with a message: {0}")]
    Record(RecordError),
    /// Of a receipt in two parts the first alone.
    #[error(
        "this is the first part of a signed receipt, and the second is missing: send both records, one behind the other"
    )]
    Half,
    /// The message cannot be read.
    #[error("not a message to be sent: {0}")]
    Tpdu(TpduError),
    /// The record is free.
    #[error("the record is empty")]
    Empty,
    /// The record is of a status that no receipt has.
    #[error("a receipt's record has status 07 (to be sent) or sent; this has {0:02X}")]
    Status(u8),
    /// An order that no meter has answered.
    #[error("the record holds an order, not yet a receipt: insert the SIM into its meter first")]
    StillAnOrder,
    /// Somebody else's message.
    #[error("the message is no receipt of ours")]
    NotAReceipt,
}

impl scheme::Fault for MessageError {
    fn code(&self) -> &str {
        match self {
            MessageError::ServerNumber { .. } => "message-server-number",
            MessageError::ServiceCentre { .. } => "message-service-centre",
            MessageError::DoesNotFit(_) => "message-does-not-fit",
            MessageError::Build(_) => "message-build",
            MessageError::NotAnOrder => "message-not-an-order",
            MessageError::Record(_) => "message-record",
            MessageError::Half => "message-half",
            MessageError::Tpdu(_) => "message-tpdu",
            MessageError::Empty => "message-empty",
            MessageError::Status(_) => "message-status",
            MessageError::StillAnOrder => "message-still-an-order",
            MessageError::NotAReceipt => "message-not-a-receipt",
        }
    }
}
