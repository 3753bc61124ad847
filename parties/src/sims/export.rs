//! All that a SIM tells over its channel.

use super::access::{SimAccess, with_hint};
use super::messages::{Inbox, ListedMessage};
use crate::session::Session;
use crate::trouble::Result;
use reader::driver::sim::{FileContent, Selected, Sim, SimError, Structure};
use scheme::profile::Fid;
use scheme::sim::{DF_TELECOM, EF_MSISDN, iccid_digits, imsi_digits, msisdn_digits};
use serde::Serialize;

/// A file that a SIM may have.
#[derive(Debug, Clone)]
pub struct SimFile {
    /// Its path from the MF.
    pub path: Vec<Fid>,
    /// Its name.
    pub name: &'static str,
    /// It holds a session key, and is not shown.
    pub hidden: bool,
}

/// Who a SIM is, as far as it tells without a code it was not given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct IdentityReport {
    /// ICCID, as the card has it; none when nothing is written there.
    pub iccid: Option<String>,
    /// IMSI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
    /// Telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Test or formal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// IMSI of the USIM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usim_imsi: Option<String>,
}

/// A file, and what became of reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its path from the MF.
    pub path: String,
    /// Its name.
    pub name: &'static str,
    /// What the SIM says of it.
    #[serde(flatten)]
    pub form: Option<FormReport>,
    /// Bytes of a transparent file, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Records of the others, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<String>>,
    /// Why it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_read: Option<String>,
}

/// The form of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormReport {
    /// `transparent`, `linear fixed` or `cyclic`.
    pub structure: &'static str,
    /// Bytes.
    pub size: u16,
    /// Bytes of a record.
    pub record_length: u8,
    /// Access condition of reading.
    pub read: String,
    /// Access condition of writing.
    pub update: String,
    /// Whether it is not invalidated.
    pub valid: bool,
}

/// All that a SIM tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Who it is.
    pub identity: IdentityReport,
    /// Its files.
    pub files: Vec<FileReport>,
    /// The messages on it.
    pub messages: Vec<ListedMessage>,
}

/// Exports what a SIM tells; `files` are those to be looked for.
///
/// # Errors
/// The SIM is gone, or tells not even its ICCID.
pub fn export(session: &Session, sim: &SimAccess, files: &[SimFile]) -> Result<ExportReport> {
    let mut handle = sim.open(session)?;
    let mut sim = Sim::new(&mut handle);
    let mut identity = identity(session, &mut sim)?;
    let files = read_all(&mut sim, files)?;
    let messages = match sim.sms_list() {
        Ok(stored) => Inbox::of(&stored).listed(),
        Err(error) => {
            session.say(format!("messages not read: {}", with_hint(error)));
            Vec::new()
        }
    };
    // Last, since it is another application's.
    match sim.usim_imsi() {
        Ok(file) => identity.usim_imsi = file.and_then(|file| imsi_digits(&file)),
        Err(error) => session.say(format!("IMSI of the USIM not read: {}", with_hint(error))),
    }
    handle.close()?;
    let not_read = files.iter().filter(|file| file.not_read.is_some()).count();
    if not_read > 0 {
        session.say(format!("{not_read} file(s) not read; some may ask for a PIN (--chv1-file)"));
    }
    Ok(ExportReport { identity, files, messages })
}

fn identity(session: &Session, sim: &mut Sim<'_>) -> Result<IdentityReport> {
    let mut found = IdentityReport { iccid: iccid_digits(&sim.iccid()?), ..Default::default() };
    match sim.imsi() {
        Ok(file) => found.imsi = imsi_digits(&file),
        Err(error) => session.say(format!("IMSI not read: {}", with_hint(error))),
    }
    if let Ok(Selected::File(file)) = sim.select(&[Fid::MF, DF_TELECOM, EF_MSISDN])
        && let Ok(record) = sim.read_record(1, file.record_len)
    {
        found.msisdn = msisdn_digits(&record);
    }
    found.state = sim.grid_state()?.map(|state| state.name());
    Ok(found)
}

/// Those of the files that this SIM has and class A0 sees.
fn read_all(sim: &mut Sim<'_>, files: &[SimFile]) -> Result<Vec<FileReport>> {
    let mut found = Vec::new();
    for file in files {
        let path = file.path.iter().map(|fid| format!("{:04X}", fid.0)).collect::<Vec<_>>().join("/");
        let mut report =
            FileReport { path, name: file.name, form: None, content: None, records: None, not_read: None };
        let answer = match sim.select(&file.path) {
            Ok(Selected::File(answer)) => answer,
            Ok(Selected::Dir(_)) | Err(SimError::NotFound { .. }) => continue,
            Err(error) if error.is_gone() => return Err(error.into()),
            Err(error) => {
                report.not_read = Some(error.to_string());
                found.push(report);
                continue;
            }
        };
        report.form = Some(FormReport {
            structure: match answer.structure {
                Structure::Transparent => "transparent",
                Structure::LinearFixed => "linear fixed",
                Structure::Cyclic => "cyclic",
            },
            size: answer.size,
            record_length: answer.record_len,
            read: format!("{:X}", answer.read),
            update: format!("{:X}", answer.update),
            valid: answer.valid,
        });
        match sim.read_whole(&answer) {
            _ if file.hidden => report.not_read = Some("hidden: a session key".to_owned()),
            Ok(FileContent::Bytes(bytes)) => report.content = Some(hex::encode_upper(bytes)),
            Ok(FileContent::Records(records)) => {
                report.records = Some(records.iter().map(hex::encode_upper).collect());
            }
            Err(error) if error.is_gone() => return Err(error.into()),
            Err(error) => report.not_read = Some(error.to_string()),
        }
        found.push(report);
    }
    Ok(found)
}
