//! SMS-DELIVER and SMS-SUBMIT [TS 23.040 9.2.2.1, 9.2.2.2], byte for byte.
//!
//! Parsing never reads past what a length byte may claim, keeps every byte it read (so that
//! `to_bytes` gives the same message back), and returns how many bytes were used: what follows
//! a TPDU in a SIM record is filler and none of its business.

mod address;
mod error;
mod timestamp;
mod user_data;

use alloc::vec::Vec;

pub use address::{Address, MAX_DIGITS, parse_service_centre, service_centre_bytes};
use error::Cursor;
pub use error::{Field, TpduError};
pub use timestamp::{Timestamp, TimestampParts};
pub use user_data::{Alphabet, InformationElement, MAX_SEPTETS, MAX_USER_DATA, UserData};

/// Information element of a command packet; here, an order.
pub const IE_COMMAND_PACKET: u8 = 0x70;
/// Information element of a response packet; here, a receipt.
pub const IE_RESPONSE_PACKET: u8 = 0x71;
/// Data coding of secured packets: 8-bit data, class 2 ("store in the SIM").
pub const DCS_SIM_DATA: u8 = 0xF6;

const MTI_MASK: u8 = 0x03;
const MTI_DELIVER: u8 = 0x00;
const MTI_SUBMIT: u8 = 0x01;
const UDHI: u8 = 0x40;
const VPF_MASK: u8 = 0x18;
/// A number that is not set yet: the reference of a message still to be sent.
const REFERENCE_UNSET: u8 = 0xFF;

/// A message from the network to the card [TS 23.040 9.2.2.1].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    /// First octet without message type and UDHI; see the constants.
    pub flags: u8,
    /// TP-Originating-Address.
    pub originator: Address,
    /// TP-Protocol-Identifier: 00 ordinary, 7F SIM data download.
    pub pid: u8,
    /// TP-Data-Coding-Scheme; must agree with the kind of `user_data`.
    pub dcs: u8,
    /// TP-Service-Centre-Time-Stamp.
    pub timestamp: Timestamp,
    /// TP-User-Data; decides UDHI and UDL.
    pub user_data: UserData,
}

impl Deliver {
    /// TP-MMS set: *no* more messages wait.
    pub const NO_MORE_MESSAGES: u8 = 0x04;
    /// TP-LP: the message was forwarded and must not be again.
    pub const LOOP_PREVENTION: u8 = 0x08;
    /// TP-SRI: the sender is given a status report.
    pub const STATUS_REPORT: u8 = 0x20;
    /// TP-RP: a reply path is set.
    pub const REPLY_PATH: u8 = 0x80;

    /// A secured packet for the card: PID 00, DCS F6, UDHI, no more messages. `user_data`
    /// begins with UDHL (`02 70 00`, then the packet).
    pub fn secured(originator: Address, timestamp: Timestamp, user_data: &[u8]) -> Result<Self, TpduError> {
        Ok(Self {
            flags: Self::NO_MORE_MESSAGES,
            originator,
            pid: 0,
            dcs: DCS_SIM_DATA,
            timestamp,
            user_data: UserData::from_octets(user_data, true)?,
        })
    }

    /// Reads an SMS-DELIVER from the start of `bytes`; also gives the bytes used.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), TpduError> {
        let mut cursor = Cursor { bytes, at: 0 };
        let first = first_octet(&mut cursor, MTI_DELIVER)?;
        let originator = Address::read(&mut cursor)?;
        let pid = cursor.byte(Field::Protocol)?;
        let dcs = cursor.byte(Field::DataCoding)?;
        let timestamp = Timestamp(cursor.array(Field::Timestamp)?);
        let user_data = UserData::read(&mut cursor, dcs, first & UDHI != 0)?;
        let flags = first & !(MTI_MASK | UDHI);
        Ok((Self { flags, originator, pid, dcs, timestamp, user_data }, cursor.at))
    }

    /// The message as on the wire, at most 163 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let flags = self.flags & !(MTI_MASK | UDHI);
        out.push(flags | MTI_DELIVER | header_flag(&self.user_data));
        self.originator.write(&mut out);
        out.extend([self.pid, self.dcs]);
        out.extend(self.timestamp.0);
        self.user_data.write(&mut out);
        out
    }

    /// Whether the network has more messages for this card.
    #[must_use]
    pub fn more_messages_to_send(&self) -> bool {
        self.flags & Self::NO_MORE_MESSAGES == 0
    }

    /// What follows UDL: `02 70 00` and the packet.
    #[must_use]
    pub fn user_data_bytes(&self) -> Vec<u8> {
        self.user_data.to_bytes()
    }
}

/// Validity period of a message to be sent [TS 23.040 9.2.3.12].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Left to the service centre.
    None,
    /// One byte, in the steps of the standard.
    Relative(u8),
    /// A point in time, coded as a time stamp.
    Absolute([u8; 7]),
    /// Seven bytes in the enhanced format.
    Enhanced([u8; 7]),
}

impl Validity {
    fn read(cursor: &mut Cursor<'_>, first: u8) -> Result<Self, TpduError> {
        Ok(match first & VPF_MASK {
            0x10 => Self::Relative(cursor.byte(Field::Validity)?),
            0x18 => Self::Absolute(cursor.array(Field::Validity)?),
            0x08 => Self::Enhanced(cursor.array(Field::Validity)?),
            _ => Self::None,
        })
    }

    fn format(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Relative(_) => 0x10,
            Self::Absolute(_) => 0x18,
            Self::Enhanced(_) => 0x08,
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Relative(step) => out.push(step),
            Self::Absolute(bytes) | Self::Enhanced(bytes) => out.extend(bytes),
        }
    }
}

/// A message from the card's side to the network [TS 23.040 9.2.2.2].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// First octet without message type, UDHI and validity format; see the constants.
    pub flags: u8,
    /// TP-Message-Reference; FF while the message waits to be sent.
    pub reference: u8,
    /// TP-Destination-Address.
    pub destination: Address,
    /// TP-Protocol-Identifier.
    pub pid: u8,
    /// TP-Data-Coding-Scheme; must agree with the kind of `user_data`.
    pub dcs: u8,
    /// TP-Validity-Period; decides its format bits.
    pub validity: Validity,
    /// TP-User-Data; decides UDHI and UDL.
    pub user_data: UserData,
}

impl Submit {
    /// TP-RD: the service centre refuses a duplicate.
    pub const REJECT_DUPLICATES: u8 = 0x04;
    /// TP-SRR: a status report is wanted.
    pub const STATUS_REPORT: u8 = 0x20;
    /// TP-RP: a reply path is set.
    pub const REPLY_PATH: u8 = 0x80;

    /// A secured packet to send: PID 00, DCS F6, UDHI, no validity period, reference FF (the
    /// modem sets it). `user_data` begins with UDHL (`02 71 00`, then the packet).
    pub fn secured(destination: Address, user_data: &[u8]) -> Result<Self, TpduError> {
        Ok(Self {
            flags: 0,
            reference: REFERENCE_UNSET,
            destination,
            pid: 0,
            dcs: DCS_SIM_DATA,
            validity: Validity::None,
            user_data: UserData::from_octets(user_data, true)?,
        })
    }

    /// Reads an SMS-SUBMIT from the start of `bytes`; also gives the bytes used.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), TpduError> {
        let mut cursor = Cursor { bytes, at: 0 };
        let first = first_octet(&mut cursor, MTI_SUBMIT)?;
        let reference = cursor.byte(Field::Reference)?;
        let destination = Address::read(&mut cursor)?;
        let pid = cursor.byte(Field::Protocol)?;
        let dcs = cursor.byte(Field::DataCoding)?;
        let validity = Validity::read(&mut cursor, first)?;
        let user_data = UserData::read(&mut cursor, dcs, first & UDHI != 0)?;
        let flags = first & !(MTI_MASK | UDHI | VPF_MASK);
        let submit = Self { flags, reference, destination, pid, dcs, validity, user_data };
        Ok((submit, cursor.at))
    }

    /// The message as on the wire, at most 164 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let flags = self.flags & !(MTI_MASK | UDHI | VPF_MASK);
        out.push(flags | MTI_SUBMIT | self.validity.format() | header_flag(&self.user_data));
        out.push(self.reference);
        self.destination.write(&mut out);
        out.extend([self.pid, self.dcs]);
        self.validity.write(&mut out);
        self.user_data.write(&mut out);
        out
    }

    /// What follows UDL: `02 71 00` and the packet.
    #[must_use]
    pub fn user_data_bytes(&self) -> Vec<u8> {
        self.user_data.to_bytes()
    }
}

fn first_octet(cursor: &mut Cursor<'_>, expected: u8) -> Result<u8, TpduError> {
    let first = cursor.byte(Field::FirstOctet)?;
    let found = first & MTI_MASK;
    if found == expected { Ok(first) } else { Err(TpduError::MessageType { found, expected }) }
}

fn header_flag(user_data: &UserData) -> u8 {
    if user_data.has_header() { UDHI } else { 0 }
}

/// Which way a message travels; the message type bits alone do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received: type 0 is SMS-DELIVER.
    FromNetwork,
    /// To be sent, or sent: type 1 is SMS-SUBMIT.
    ToNetwork,
}

/// A message of either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tpdu {
    /// Received.
    Deliver(Deliver),
    /// To be sent, or sent.
    Submit(Submit),
}

impl Tpdu {
    /// Reads the message this direction carries; also gives the bytes used.
    pub fn parse(bytes: &[u8], direction: Direction) -> Result<(Self, usize), TpduError> {
        match direction {
            Direction::FromNetwork => Deliver::parse(bytes).map(|(m, n)| (Self::Deliver(m), n)),
            Direction::ToNetwork => Submit::parse(bytes).map(|(m, n)| (Self::Submit(m), n)),
        }
    }

    /// The message as on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Deliver(deliver) => deliver.to_bytes(),
            Self::Submit(submit) => submit.to_bytes(),
        }
    }

    /// The way it travels.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Deliver(_) => Direction::FromNetwork,
            Self::Submit(_) => Direction::ToNetwork,
        }
    }

    /// Its user data.
    #[must_use]
    pub fn user_data(&self) -> &UserData {
        match self {
            Self::Deliver(deliver) => &deliver.user_data,
            Self::Submit(submit) => &submit.user_data,
        }
    }

    /// Its data coding scheme.
    #[must_use]
    pub fn dcs(&self) -> u8 {
        match self {
            Self::Deliver(deliver) => deliver.dcs,
            Self::Submit(submit) => submit.dcs,
        }
    }

    /// Whom it comes from or goes to.
    #[must_use]
    pub fn address(&self) -> &Address {
        match self {
            Self::Deliver(deliver) => &deliver.originator,
            Self::Submit(submit) => &submit.destination,
        }
    }

    /// What follows UDL as on the wire.
    #[must_use]
    pub fn user_data_bytes(&self) -> Vec<u8> {
        self.user_data().to_bytes()
    }
}
