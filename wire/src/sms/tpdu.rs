//! SMS-DELIVER, SMS-SUBMIT and SMS-STATUS-REPORT [TS 23.040 9.2.2.1 to 9.2.2.3], byte for byte.
//!
//! Parsing never reads past what a length byte may claim, keeps every byte it read (so that
//! `to_bytes` gives the same message back), and returns how many bytes were used: what follows
//! a TPDU in a SIM record is filler and none of its business. What should not be there is read as the standard says and
//! noted [docs/specs/sim.md, bytes that should not be there].

mod address;
mod cursor;
mod error;
mod field;
mod header;
mod note;
mod report;
mod septets;
mod timestamp;
mod user_data;
mod validity;

use alloc::vec::Vec;

pub use address::{Address, MAX_DIGITS, parse_service_centre, read_service_centre, service_centre_bytes};
use cursor::Cursor;
pub use error::TpduError;
pub use field::Field;
pub use header::{IE_COMMAND_PACKET, IE_RESPONSE_PACKET, InformationElement, Part};
pub use note::{Note, Oddity};
pub use report::StatusReport;
pub(super) use septets::ESCAPE;
pub use timestamp::{Timestamp, TimestampParts};
pub use user_data::{Alphabet, MAX_SEPTETS, MAX_USER_DATA, UserData};
use validity::VPF_MASK;
pub use validity::{Period, Validity, relative_seconds};

/// Data coding of secured packets: 8-bit data, class 2 ("store in the SIM").
pub const DCS_SIM_DATA: u8 = 0xF6;

const MTI_MASK: u8 = 0x03;
const MTI_DELIVER: u8 = 0x00;
const MTI_SUBMIT: u8 = 0x01;
const MTI_REPORT: u8 = 0x02;
const MTI_RESERVED: u8 = 0x03;
const UDHI: u8 = 0x40;
/// Bit 5 of a DELIVER means nothing.
const RESERVED_IN_DELIVER: u8 = 0x10;
/// A number that is not set yet: the reference of a message still to be sent.
const REFERENCE_UNSET: u8 = 0xFF;

/// A message from the network to the card [TS 23.040 9.2.2.1].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliver {
    /// First octet without message type and UDHI; see the constants. Both type bits set: the message came with type 3,
    /// which is reserved and read as a DELIVER [TS 23.040 9.2.3.1].
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
        let mut cursor = Cursor::new(bytes);
        Ok((Self::read(&mut cursor)?, cursor.at))
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, TpduError> {
        let first = cursor.byte(Field::FirstOctet)?;
        let found = first & MTI_MASK;
        match found {
            MTI_DELIVER => {}
            MTI_RESERVED => cursor.note(Field::FirstOctet, cursor.at - 1, Oddity::ReservedType),
            _ => return Err(TpduError::MessageType { found, expected: MTI_DELIVER }),
        }
        if first & RESERVED_IN_DELIVER != 0 {
            cursor.note(Field::FirstOctet, cursor.at - 1, Oddity::ReservedBits(first));
        }
        let originator = Address::read(cursor)?;
        let pid = cursor.byte(Field::Protocol)?;
        let dcs = data_coding(cursor)?;
        let timestamp = Timestamp::read(cursor, Field::Timestamp)?;
        let user_data = UserData::read(cursor, dcs, first & UDHI != 0)?;
        let mut flags = first & !UDHI;
        if found != MTI_RESERVED {
            flags &= !MTI_MASK;
        }
        Ok(Self { flags, originator, pid, dcs, timestamp, user_data })
    }

    /// The message as on the wire, at most 163 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut flags = self.flags & !UDHI;
        if flags & MTI_MASK != MTI_RESERVED {
            flags &= !MTI_MASK;
        }
        out.push(flags | header_flag(&self.user_data));
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
        let mut cursor = Cursor::new(bytes);
        Ok((Self::read(&mut cursor)?, cursor.at))
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, TpduError> {
        let first = cursor.byte(Field::FirstOctet)?;
        let found = first & MTI_MASK;
        if found != MTI_SUBMIT {
            return Err(TpduError::MessageType { found, expected: MTI_SUBMIT });
        }
        let reference = cursor.byte(Field::Reference)?;
        let destination = Address::read(cursor)?;
        let pid = cursor.byte(Field::Protocol)?;
        let dcs = data_coding(cursor)?;
        let validity = Validity::read(cursor, first)?;
        let user_data = UserData::read(cursor, dcs, first & UDHI != 0)?;
        let flags = first & !(MTI_MASK | UDHI | VPF_MASK);
        Ok(Self { flags, reference, destination, pid, dcs, validity, user_data })
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

fn data_coding(cursor: &mut Cursor<'_>) -> Result<u8, TpduError> {
    let dcs = cursor.byte(Field::DataCoding)?;
    if Alphabet::is_reserved(dcs) {
        cursor.note(Field::DataCoding, cursor.at - 1, Oddity::ReservedCoding(dcs));
    }
    Ok(dcs)
}

fn header_flag(user_data: &UserData) -> u8 {
    if user_data.has_header() { UDHI } else { 0 }
}

/// Which way a message travels; the message type bits alone do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received: type 0 is SMS-DELIVER, type 2 SMS-STATUS-REPORT.
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
    /// What became of a message that was sent.
    Report(StatusReport),
}

impl Tpdu {
    /// Reads the message that stands in a record of this direction; also gives the bytes used.
    ///
    /// Types 0 and 1 are read for what they are, whatever the direction: phones store messages under the wrong status.
    ///
    /// # Errors
    /// [`TpduError::NoMessage`] for types 2 and 3 to the network; bytes that end inside a field in front of the user data.
    pub fn parse(bytes: &[u8], direction: Direction) -> Result<(Self, usize), TpduError> {
        Self::read(bytes, direction).map(|(tpdu, used, _)| (tpdu, used))
    }

    /// As [`Tpdu::parse`]; also gives what is odd about the message.
    pub fn read(bytes: &[u8], direction: Direction) -> Result<(Self, usize, Vec<Note>), TpduError> {
        let mut cursor = Cursor::new(bytes);
        let found = bytes.first().map(|first| first & MTI_MASK);
        let tpdu = match (found, direction) {
            (Some(kind @ (MTI_REPORT | MTI_RESERVED)), Direction::ToNetwork) => {
                return Err(TpduError::NoMessage(kind));
            }
            (Some(MTI_SUBMIT), _) => Self::Submit(Submit::read(&mut cursor)?),
            (Some(MTI_REPORT), _) => Self::Report(StatusReport::read(&mut cursor)?),
            _ => Self::Deliver(Deliver::read(&mut cursor)?),
        };
        if tpdu.direction() != direction {
            cursor.note(Field::FirstOctet, 0, Oddity::OtherWay);
        }
        Ok((tpdu, cursor.at, cursor.notes))
    }

    /// The message as on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Deliver(deliver) => deliver.to_bytes(),
            Self::Submit(submit) => submit.to_bytes(),
            Self::Report(report) => report.to_bytes(),
        }
    }

    /// The way it travels.
    #[must_use]
    pub fn direction(&self) -> Direction {
        match self {
            Self::Deliver(_) | Self::Report(_) => Direction::FromNetwork,
            Self::Submit(_) => Direction::ToNetwork,
        }
    }

    /// Its user data; empty when a report has none.
    #[must_use]
    pub fn user_data(&self) -> &UserData {
        static NONE: UserData = UserData::EMPTY;
        match self {
            Self::Deliver(deliver) => &deliver.user_data,
            Self::Submit(submit) => &submit.user_data,
            Self::Report(report) => report.user_data.as_ref().unwrap_or(&NONE),
        }
    }

    /// Its protocol identifier; 00 when a report has none.
    #[must_use]
    pub fn pid(&self) -> u8 {
        match self {
            Self::Deliver(deliver) => deliver.pid,
            Self::Submit(submit) => submit.pid,
            Self::Report(report) => report.pid.unwrap_or(0),
        }
    }

    /// Its data coding scheme; 00 when a report has none.
    #[must_use]
    pub fn dcs(&self) -> u8 {
        match self {
            Self::Deliver(deliver) => deliver.dcs,
            Self::Submit(submit) => submit.dcs,
            Self::Report(report) => report.dcs.unwrap_or(0),
        }
    }

    /// Whom it comes from or goes to; of a report, who was to get the message.
    #[must_use]
    pub fn address(&self) -> &Address {
        match self {
            Self::Deliver(deliver) => &deliver.originator,
            Self::Submit(submit) => &submit.destination,
            Self::Report(report) => &report.recipient,
        }
    }

    /// The service centre's time; a message to be sent has none.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Deliver(deliver) => Some(deliver.timestamp),
            Self::Submit(_) => None,
            Self::Report(report) => Some(report.timestamp),
        }
    }

    /// The secured packet it carries, with the element that announces it, 70 or 71: 8-bit data behind a whole header.
    #[must_use]
    pub fn packet(&self) -> Option<(u8, &[u8])> {
        let user_data = self.user_data();
        let element = user_data.packet_element()?;
        (Alphabet::of(self.dcs()) == Alphabet::Octets).then_some((element, user_data.body()))
    }

    /// What follows UDL as on the wire.
    #[must_use]
    pub fn user_data_bytes(&self) -> Vec<u8> {
        self.user_data().to_bytes()
    }
}
