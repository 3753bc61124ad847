//! Messages on the SIM: where they stand, which are ours, where a new order goes
//! [docs/specs/purchase.md 3].

use super::{SeekFrom, Selected, Sim, SimError, Structure};
use crate::error::CardError;
use scheme::profile::Fid;
use scheme::sim::{DF_TELECOM, EF_SMS};
use wire::sms::content::Content;
use wire::sms::record::{RECORD_LEN, RecordStatus, free_record};

/// Shape of EF_SMS on this SIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsFile {
    /// Records in the file.
    pub records: u8,
    /// Bytes of each, 176 on every SIM that follows the standard.
    pub record_len: u8,
}

/// A record that is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Record number, 1-based.
    pub number: u8,
    /// The whole record.
    pub bytes: Vec<u8>,
}

impl Sim<'_> {
    /// Selects EF_SMS from anywhere and tells its shape.
    pub fn sms_file(&mut self) -> Result<SmsFile, SimError> {
        self.enter(Fid::MF)?;
        self.enter(DF_TELECOM)?;
        self.sms_file_here()
    }

    /// As [`Sim::sms_file`] with DF_TELECOM, or a file of it, current.
    pub fn sms_file_here(&mut self) -> Result<SmsFile, SimError> {
        match self.select(&[EF_SMS])? {
            Selected::File(file)
                if file.structure == Structure::LinearFixed && usize::from(file.record_len) == RECORD_LEN =>
            {
                Ok(SmsFile { records: file.records(), record_len: file.record_len })
            }
            _ => Err(CardError::malformed("EF_SMS", "not a file of 176-byte records").into()),
        }
    }

    /// All messages, the user's too, in record order.
    pub fn sms_list(&mut self) -> Result<Vec<StoredMessage>, SimError> {
        let file = self.sms_file()?;
        let mut messages = Vec::new();
        for number in 1..=file.records {
            let bytes = self.read_record(number, file.record_len)?;
            if Content::of(&bytes) != Content::Free {
                messages.push(StoredMessage { number, bytes });
            }
        }
        Ok(messages)
    }

    /// Makes a record free: 00, and FF over what stood there. Reads it back. EF_SMS must be current.
    ///
    /// # Errors
    /// [`SimError::ChvNeeded`]; a record that reads back differently.
    pub fn sms_erase(&mut self, file: SmsFile, number: u8) -> Result<(), SimError> {
        let free = free_record();
        self.update_record(number, &free)?;
        if self.read_record(number, file.record_len)? == free {
            return Ok(());
        }
        let what = format!("record {number} reads back differently");
        Err(CardError::malformed("UPDATE RECORD", what).into())
    }

    /// Record numbers that start with `pattern`, by SEEK; EF_SMS must be current.
    ///
    /// # Errors
    /// A SIM whose hits do not rise or leave the file would be sought for ever; it is named instead.
    pub fn sms_seek(&mut self, file: SmsFile, pattern: &[u8]) -> Result<Vec<u8>, SimError> {
        let mut hits: Vec<u8> = Vec::new();
        let mut from = SeekFrom::Beginning;
        while let Some(number) = self.seek(pattern, from)? {
            if number > file.records || hits.last().is_some_and(|last| number <= *last) || number == 0 {
                let what = format!("found record {number} of {} after {:?}", file.records, hits.last());
                return Err(CardError::malformed("SEEK", what).into());
            }
            hits.push(number);
            from = SeekFrom::Next;
        }
        Ok(hits)
    }

    /// Numbers of the records whose status byte has bits that mean nothing, and that no search by a status finds therefore. Only
    /// as many SEEKs as there are records tell, so it is asked when nothing else was found. EF_SMS must be current.
    ///
    /// # Errors
    /// As [`Sim::sms_seek`].
    pub fn sms_odd(&mut self, file: SmsFile) -> Result<Vec<u8>, SimError> {
        let mut plain = Vec::new();
        for status in RecordStatus::EXACT {
            plain.extend(self.sms_seek(file, &[status])?);
        }
        Ok((1..=file.records).filter(|number| !plain.contains(number)).collect())
    }

    /// Number of the record a new order goes into: the first free one, else the first that holds a receipt
    /// of ours which was sent.
    ///
    /// # Errors
    /// [`SimError::Full`] with the counts when there is neither.
    pub fn find_free(&mut self) -> Result<u8, SimError> {
        let file = self.sms_file()?;
        self.find_free_in(file)
    }

    fn find_free_in(&mut self, file: SmsFile) -> Result<u8, SimError> {
        if let Some(number) = self.seek(&[RecordStatus::Free.byte()], SeekFrom::Beginning)? {
            return Ok(number);
        }
        let (mut users, mut pending, mut settled) = (0, 0, None);
        for number in 1..=file.records {
            let bytes = self.read_record(number, file.record_len)?;
            match Content::of(&bytes) {
                Content::Free => return Ok(number), // free, with bits in its status that SEEK did not match
                Content::SentReceipt(_) => settled = settled.or(Some(number)),
                Content::Order(_) | Content::Receipt(_) => pending += 1,
                Content::Other(_) | Content::Damaged(_) => users += 1,
            }
        }
        settled.ok_or(SimError::Full { records: file.records, users, pending })
    }

    /// Stores an order's record and returns its number. A SIM that holds the very same record already is left
    /// as it is, so an interrupted delivery can be repeated. What was written is read back.
    ///
    /// # Errors
    /// [`SimError::Full`]; [`SimError::ChvNeeded`]; a record that reads back differently.
    pub fn deliver(&mut self, record: &[u8; RECORD_LEN]) -> Result<u8, SimError> {
        let file = self.sms_file()?;
        // The start of the message with its addresses and time; few records begin alike.
        for number in self.sms_seek(file, &record[..SEEK_LEN])? {
            if self.read_record(number, file.record_len)? == record {
                return Ok(number);
            }
        }
        let number = self.find_free_in(file)?;
        self.update_record(number, record)?;
        if self.read_record(number, file.record_len)? != record {
            return Err(CardError::malformed(
                "UPDATE RECORD",
                format!("record {number} reads back differently"),
            )
            .into());
        }
        Ok(number)
    }
}

/// Longest pattern of SEEK.
const SEEK_LEN: usize = 16;
