//! SMS-STATUS-REPORT [TS 23.040 9.2.2.3]: what became of a message that was sent.

use alloc::vec::Vec;

use super::address::Address;
use super::cursor::Cursor;
use super::error::TpduError;
use super::field::Field;
use super::note::Oddity;
use super::timestamp::Timestamp;
use super::user_data::UserData;

const MTI_REPORT: u8 = 0x02;
const UDHI: u8 = 0x40;
/// TP-PI: another octet of it follows.
const PI_EXTENDED: u8 = 0x80;
/// TP-PI: bits without meaning. Any of them set, as in the filler FF, is no TP-PI.
const PI_RESERVED: u8 = 0x78;
const PI_PID: u8 = 0x01;
const PI_DCS: u8 = 0x02;
const PI_UDL: u8 = 0x04;
/// First status without meaning.
const RESERVED_STATUS: u8 = 0x80;
/// "Service rejected", for which a reserved status stands.
const REJECTED: u8 = 0x63;

/// What became of a message, told by the service centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// First octet, as it came.
    pub first: u8,
    /// TP-Message-Reference of the message that was sent.
    pub reference: u8,
    /// Who was to get it.
    pub recipient: Address,
    /// When the service centre had it.
    pub timestamp: Timestamp,
    /// When it was delivered, or given up.
    pub discharge: Timestamp,
    /// TP-Status, as it came.
    pub status: u8,
    /// TP-PI, with its extensions; empty when the report ends in front of it, as it may.
    pub indicator: Vec<u8>,
    /// TP-PID, when announced.
    pub pid: Option<u8>,
    /// TP-DCS, when announced.
    pub dcs: Option<u8>,
    /// TP-UD, when announced.
    pub user_data: Option<UserData>,
}

impl StatusReport {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, TpduError> {
        let first = cursor.byte(Field::FirstOctet)?;
        let reference = cursor.byte(Field::Reference)?;
        let recipient = Address::read(cursor)?;
        let timestamp = Timestamp::read(cursor, Field::Timestamp)?;
        let discharge = Timestamp::read(cursor, Field::DischargeTime)?;
        let status = cursor.byte(Field::ReportStatus)?;
        if status >= RESERVED_STATUS {
            cursor.note(Field::ReportStatus, cursor.at - 1, Oddity::ReservedStatus(status));
        }
        let mut report = Self {
            first,
            reference,
            recipient,
            timestamp,
            discharge,
            status,
            indicator: Vec::new(),
            pid: None,
            dcs: None,
            user_data: None,
        };
        // What is announced and not there is not there: the report itself is whole without.
        let end = cursor.at;
        if report.read_optional(cursor).is_err() {
            cursor.at = end;
            report = Self { indicator: Vec::new(), pid: None, dcs: None, user_data: None, ..report };
        }
        Ok(report)
    }

    fn read_optional(&mut self, cursor: &mut Cursor<'_>) -> Result<(), TpduError> {
        let Some(present) = cursor.bytes.get(cursor.at).filter(|byte| *byte & PI_RESERVED == 0) else {
            return Ok(());
        };
        loop {
            let octet = cursor.byte(Field::Filler)?;
            self.indicator.push(octet);
            if octet & PI_EXTENDED == 0 {
                break;
            }
        }
        if present & PI_PID != 0 {
            self.pid = Some(cursor.byte(Field::Protocol)?);
        }
        if present & PI_DCS != 0 {
            self.dcs = Some(cursor.byte(Field::DataCoding)?);
        }
        if present & PI_UDL != 0 {
            // Without a coding it is 00 [TS 23.040 9.2.3.27].
            self.user_data = Some(UserData::read(cursor, self.dcs.unwrap_or(0), self.first & UDHI != 0)?);
        }
        Ok(())
    }

    /// The report as on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend([(self.first & !0x03) | MTI_REPORT, self.reference]);
        self.recipient.write(&mut out);
        out.extend(self.timestamp.0);
        out.extend(self.discharge.0);
        out.push(self.status);
        out.extend(&self.indicator);
        out.extend(self.pid);
        out.extend(self.dcs);
        if let Some(user_data) = &self.user_data {
            user_data.write(&mut out);
        }
        out
    }

    /// What became of the message, in words [TS 23.040 9.2.3.15].
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match if self.status >= RESERVED_STATUS { REJECTED } else { self.status } {
            0x00 => "delivered",
            0x01 => "forwarded, whether it was delivered is not known",
            0x02 => "replaced by another message",
            0x03..=0x1F => "done",
            0x20..=0x3F => "not yet delivered, tried again",
            0x40..=0x5F => "not delivered",
            REJECTED => "refused by the service",
            _ => "not delivered, given up",
        }
    }
}
