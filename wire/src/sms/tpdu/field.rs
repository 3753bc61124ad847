//! The fields of a message, by name.

use core::fmt;

/// The field of a message an error or a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Status byte of a record of EF_SMS.
    Status,
    /// First octet: message type and flags.
    FirstOctet,
    /// TP-Message-Reference of a SUBMIT.
    Reference,
    /// TP-Originating-Address or TP-Destination-Address.
    Address,
    /// TS-Service-Centre-Address in front of a TPDU in EF_SMS.
    ServiceCentre,
    /// TP-Protocol-Identifier.
    Protocol,
    /// TP-Data-Coding-Scheme.
    DataCoding,
    /// TP-Service-Centre-Time-Stamp.
    Timestamp,
    /// TP-Validity-Period.
    Validity,
    /// TP-User-Data-Length.
    UserDataLength,
    /// TP-User-Data.
    UserData,
    /// User data header: its length octet and its elements.
    Header,
    /// TP-Discharge-Time of a STATUS-REPORT.
    DischargeTime,
    /// TP-Status of a STATUS-REPORT.
    ReportStatus,
    /// What follows a message in its record.
    Filler,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "status",
            Self::FirstOctet => "first octet",
            Self::Reference => "message reference",
            Self::Address => "address",
            Self::ServiceCentre => "service centre address",
            Self::Protocol => "protocol identifier",
            Self::DataCoding => "data coding scheme",
            Self::Timestamp => "time stamp",
            Self::Validity => "validity period",
            Self::UserDataLength => "user data length",
            Self::UserData => "user data",
            Self::Header => "user data header",
            Self::DischargeTime => "discharge time",
            Self::ReportStatus => "status of the report",
            Self::Filler => "filler",
        })
    }
}
