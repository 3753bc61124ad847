//! One message of a SIM in full.

use super::access::{SimAccess, with_hint};
use super::messages::{Inbox, MessageReport, pieces, stamp};
use crate::session::Session;
use crate::trouble::{Result, refused};
use reader::driver::sim::Sim;
use serde::Serialize;
use wire::sms::content::Ours;
use wire::sms::outside::Outside;
use wire::sms::text;
use wire::sms::tpdu::{Direction, InformationElement, Period, Tpdu, UserData};

/// The outside of a secured packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum PacketReport {
    /// A command packet.
    Command {
        /// Its bytes.
        length: usize,
        /// SPI, in hexadecimal digits.
        spi: String,
        /// KIc.
        kic: u8,
        /// KID.
        kid: u8,
        /// TAR, in hexadecimal digits.
        tar: String,
    },
    /// A response packet.
    Response {
        /// Its bytes.
        length: usize,
        /// TAR, in hexadecimal digits.
        tar: String,
    },
}

impl From<&Outside> for PacketReport {
    fn from(outside: &Outside) -> Self {
        match outside {
            Outside::Command { length, spi, kic, kid, tar } => PacketReport::Command {
                length: (*length).into(),
                spi: hex::encode_upper(spi),
                kic: *kic,
                kid: *kid,
                tar: hex::encode_upper(tar),
            },
            Outside::Response { length, tar } => {
                PacketReport::Response { length: (*length).into(), tar: hex::encode_upper(tar) }
            }
        }
    }
}

/// A message in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// The record that was asked for.
    pub record: u8,
    /// The message that stands in it.
    #[serde(flatten)]
    pub message: MessageReport,
    /// What it says; data in hexadecimal digits.
    pub text: String,
    /// The record's status byte.
    pub status_byte: u8,
    /// The service centre.
    pub service_centre: Option<String>,
    /// Data coding scheme.
    pub dcs: u8,
    /// Elements of the user data header, `id data` each.
    pub header: String,
    /// How long a message to be sent is valid; none when that is left to the service centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<String>,
    /// The outside of a secured packet.
    pub packet: Option<PacketReport>,
    /// Protocol identifier.
    #[serde(skip)]
    pub pid: u8,
    /// Which way it goes.
    #[serde(skip)]
    pub direction: Direction,
    /// What it is of ours.
    #[serde(skip)]
    pub ours: Option<Ours>,
    /// What the packet says on its outside.
    #[serde(skip)]
    pub outside: Option<Outside>,
}

/// Reads one message in full: the one that stands in a record, from 1.
///
/// # Errors
/// No such record, a free one, or one that cannot be read.
pub fn read(session: &Session, sim: &SimAccess, number: u8) -> Result<ReadReport> {
    let mut handle = sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    let records = sim.sms_file().map_err(with_hint)?.records;
    let stored = sim.sms_list().map_err(with_hint)?;
    handle.close()?;
    if number > records {
        return Err(refused(format!("the SIM has {records} message records, no record {number}")).into());
    }
    let inbox = Inbox::of(&stored);
    if let Some((_, error)) = inbox.damaged.iter().find(|(found, _)| *found == number) {
        return Err(refused(format!("record {number} holds no message this program can read: {error}"))
            .hint("`gridcard sim export` has its bytes")
            .into());
    }
    let message = inbox.messages.iter().find(|message| message.records.contains(&number));
    let (Some(message), Some(entry)) = (message, inbox.entry(number)) else {
        return Err(refused(format!("record {number} is free"))
            .hint("`gridcard sim list` names the records in use")
            .into());
    };
    let first = inbox.first(message).unwrap_or(entry);
    let outside = Outside::of(&first.message.record.tpdu);
    let record = &entry.message.record;
    let report = inbox.report(entry, message);
    let text = match &record.tpdu {
        Tpdu::Report(_) => report.what.clone(),
        Tpdu::Deliver(_) | Tpdu::Submit(_) => pieces(&message.pieces, message.total),
    };
    Ok(ReadReport {
        record: number,
        message: report,
        text,
        status_byte: entry.status_byte,
        service_centre: record.service_centre.as_ref().map(text::address),
        dcs: record.tpdu.dcs(),
        header: header(record.tpdu.user_data()),
        validity: validity(&record.tpdu),
        packet: outside.as_ref().map(PacketReport::from),
        pid: record.tpdu.pid(),
        direction: record.tpdu.direction(),
        ours: entry.ours,
        outside,
    })
}

/// How long a message to be sent is valid, in words; none when that is left to the service centre.
fn validity(tpdu: &Tpdu) -> Option<String> {
    let Tpdu::Submit(submit) = tpdu else { return None };
    match submit.validity.period() {
        Period::Default => None,
        Period::Seconds(seconds) => Some(lasting(seconds)),
        Period::Until(at) => stamp(&at).map(|at| format!("until {at}")),
    }
}

/// A time in the greatest unit that has it whole.
fn lasting(seconds: u32) -> String {
    let units = [(604_800, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit));
    let (unit, name) = fits.unwrap_or((1, "second"));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

fn header(user_data: &UserData) -> String {
    let element = |element: &InformationElement| {
        format!("{:02X} {}", element.id, hex::encode_upper(&element.data)).trim_end().to_owned()
    };
    user_data.elements().iter().map(element).collect::<Vec<_>>().join(", ")
}
