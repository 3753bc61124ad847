//! Messages of a SIM as files: what crosses between bank, phone, meter and bank [docs/specs/books.md 8]. The first line is the EF_SMS
//! record, 352 hexadecimal digits, or the two of a signed order or receipt, 704; lines of `name value` after it say which SIM an order is
//! for, or a receipt came from.

use crate::order::SimBinding;
use crate::subscription::Imsi;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use wire::sms::record::{RECORD_LEN, Records};
use wire::typed;

/// What a file says of a SIM. It is not secret and proves nothing; it saves work and mistakes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimNote {
    /// The SIM's ICCID.
    pub iccid: Option<String>,
    /// The SIM binding of an order [docs/specs/purchase.md 1].
    pub binding: Option<SimBinding>,
    /// The IMSI that the binding is of: a meter that is brought the file and no SIM tells its ESAM.
    pub imsi: Option<Imsi>,
    /// Which copy of an order's record it is: none of what was handed out first.
    pub copy: Option<u32>,
}

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The record, or both.
    pub record: Records,
    /// The SIM it is for or from.
    pub sim: SimNote,
}

/// Why a text is no record file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFileError {
    /// The first line is somebody else's.
    #[error("it is not a line of hexadecimal digits: {0}")]
    NotHex(typed::TypedError),
    /// The first line has another length than a record or two.
    #[error("it holds {found} bytes; a message record of a SIM has {RECORD_LEN}")]
    Length {
        /// Bytes in it.
        found: usize,
    },
    /// A line with a name we know and a value that is none.
    #[error("{value:?} is no {name}: {why}")]
    Value {
        /// What it should be.
        name: &'static str,
        /// What stands there.
        value: String,
        /// Why it is none.
        why: String,
    },
    /// IMSI and binding are of two SIMs: the file was cut or changed on its way.
    #[error("its IMSI is not the one that its order is bound to: the file was cut or changed on its way")]
    TwoSims,
    /// Another message stands behind the first: two files were joined.
    #[error("it holds more than one message: have each in a file of its own")]
    Several,
}

impl Message {
    /// What stands in a record file.
    pub fn to_text(&self) -> String {
        let Message { record, sim } = self;
        let mut text = line(record);
        if let Some(iccid) = &sim.iccid {
            text.push_str(&format!("iccid {iccid}\n"));
        }
        if let Some(binding) = &sim.binding {
            text.push_str(&format!("binding {}\n", hex::encode_upper(binding.0)));
        }
        if let Some(imsi) = &sim.imsi {
            text.push_str(&format!("imsi {imsi}\n"));
        }
        if let Some(copy) = sim.copy {
            text.push_str(&format!("copy {copy}\n"));
        }
        text
    }

    /// Reads what stands in a record file; lines of other names are passed over. A copy's number is for people, and is not read.
    ///
    /// # Errors
    /// It is no such text.
    pub fn from_text(text: &str) -> Result<Self, RecordFileError> {
        let mut lines = typed::unmarked(text).trim().lines();
        let bytes = typed::bytes(lines.next().unwrap_or_default()).map_err(RecordFileError::NotHex)?;
        let record = Records::parse(&bytes).ok_or(RecordFileError::Length { found: bytes.len() })?;
        let mut sim = SimNote::default();
        for line in lines {
            match line.trim().split_once(' ') {
                Some(("iccid", value)) => sim.iccid = Some(value.to_owned()),
                Some(("binding", value)) => sim.binding = Some(binding(value)?),
                Some(("imsi", value)) => sim.imsi = Some(imsi(value)?),
                _ if typed::bytes(line).is_ok_and(|more| more.len() >= RECORD_LEN && more != bytes) => {
                    return Err(RecordFileError::Several);
                }
                _ => {}
            }
        }
        if let (Some(imsi), Some(binding)) = (&sim.imsi, &sim.binding)
            && SimBinding::of(&imsi.file()) != *binding
        {
            return Err(RecordFileError::TwoSims);
        }
        Ok(Message { record, sim })
    }
}

/// What stands in the first line of a record file.
pub fn line(record: &Records) -> String {
    format!("{}\n", hex::encode_upper(record))
}

fn value(name: &'static str, value: &str, why: String) -> RecordFileError {
    RecordFileError::Value { name, value: value.to_owned(), why }
}

fn binding(text: &str) -> Result<SimBinding, RecordFileError> {
    let wrong = |why| value("SIM binding", text, why);
    let bytes = typed::bytes(text).map_err(|error| wrong(error.to_string()))?;
    let eight = <[u8; 8]>::try_from(bytes);
    eight.map(SimBinding).map_err(|other| wrong(format!("{} bytes instead of 8", other.len())))
}

fn imsi(text: &str) -> Result<Imsi, RecordFileError> {
    text.parse().map_err(|error| value("IMSI", text, format!("{error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Message {
        let imsi: Imsi = "460000207447767".parse().unwrap();
        let sim = SimNote {
            iccid: Some("89860021047987991756".to_owned()),
            binding: Some(SimBinding::of(&imsi.file())),
            imsi: Some(imsi),
            copy: None,
        };
        let mut record = [0x5A; RECORD_LEN];
        record[0] = 0x03;
        Message { record: record.into(), sim }
    }

    #[test]
    fn what_was_written_is_read() {
        let order = order();
        assert_eq!(Message::from_text(&order.to_text()), Ok(order.clone()));
        // Of two that were written one behind the other it is still one order.
        assert_eq!(Message::from_text(&order.to_text().repeat(2)), Ok(order));
    }

    #[test]
    fn a_file_that_was_cut_says_no_sim_or_none_but_its_own() {
        let (order, text) = (order(), order().to_text());
        let (mut whole, mut nameless) = (0, 0);
        for end in 0..text.len() {
            match Message::from_text(&text[..end]) {
                Ok(read) if read == order => whole += 1,
                Ok(read) => {
                    assert_eq!((&read.record, &read.sim.imsi), (&order.record, &None), "cut at {end}");
                    nameless += 1;
                }
                Err(_) => {}
            }
        }
        // The last line's end alone may be missing.
        assert_eq!(whole, 1);
        assert!(nameless > 20, "{nameless}");
    }

    #[test]
    fn two_files_in_one_are_refused() {
        let (one, mut other) = (order(), order());
        other.record = [0x5B; RECORD_LEN].into();
        let both = one.to_text() + &other.to_text();
        assert_eq!(Message::from_text(&both), Err(RecordFileError::Several));
    }

    #[test]
    fn the_imsi_of_another_sim_is_found() {
        let text = order().to_text().replace("imsi 460000207447767", "imsi 460000207447768");
        assert_eq!(Message::from_text(&text), Err(RecordFileError::TwoSims));
    }
}
