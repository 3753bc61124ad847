//! Messages on the SIM: where they stand, which are ours, where a new order goes
//! [docs/specs/purchase.md 3].

use super::{SeekFrom, Selected, Sim, SimError, Structure};
use crate::error::CardError;
use scheme::profile::Fid;
use scheme::sim::{DF_TELECOM, EF_SMS};
use wire::sms::content::Content;
use wire::sms::parts;
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord, free_record};

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
        self.free_in(file, &[])
    }

    /// As [`Sim::find_free`], beside records that are spoken for; EF_SMS must be current.
    ///
    /// # Errors
    /// As [`Sim::find_free`].
    pub fn free_in(&mut self, file: SmsFile, taken: &[u8]) -> Result<u8, SimError> {
        let mut from = SeekFrom::Beginning;
        // One more than are spoken for: a SIM that finds the same record again and again ends it too.
        for _ in 0..=taken.len() {
            match self.seek(&[RecordStatus::Free.byte()], from)? {
                Some(number) if !taken.contains(&number) => return Ok(number),
                Some(_) => from = SeekFrom::Next,
                None => break,
            }
        }
        let (mut users, mut pending, mut settled) = (0, 0, Vec::new());
        let mut all = Vec::new();
        for number in 1..=file.records {
            let bytes = self.read_record(number, file.record_len)?;
            match Content::of(&bytes) {
                // Free, with bits in its status that SEEK did not match.
                Content::Free if !taken.contains(&number) => return Ok(number),
                Content::Free => {}
                Content::SentReceipt(_) => settled.push(number),
                Content::Order(_) | Content::Receipt(_) => pending += 1,
                Content::Other(_) | Content::Damaged(_) => users += 1,
            }
            all.push(StoredMessage { number, bytes });
        }
        // The second part of a receipt that was sent says not by itself what it is.
        let parts = all.iter().filter(|message| {
            second_of(&all, message)
                .is_some_and(|first| matches!(Content::of(&first.bytes), Content::SentReceipt(_)))
        });
        settled.extend(parts.map(|message| message.number));
        settled.sort_unstable();
        let number = settled.into_iter().find(|number| !taken.contains(number));
        number.ok_or(SimError::Full { records: file.records, users, pending })
    }

    /// Stores an order's records and returns their numbers. A record that the SIM holds already is left as it is, so an interrupted delivery
    /// can be repeated; nothing is written before there is room for all. What was written is read back.
    ///
    /// # Errors
    /// [`SimError::Full`]; [`SimError::ChvNeeded`]; a record that reads back differently.
    pub fn deliver(&mut self, records: &[[u8; RECORD_LEN]]) -> Result<Vec<u8>, SimError> {
        let file = self.sms_file()?;
        let mut places = Vec::new();
        for record in records {
            places.push(self.stored(file, record)?);
        }
        let mut taken: Vec<u8> = places.iter().flatten().copied().collect();
        let mut to_write = Vec::new();
        for (place, record) in places.iter_mut().zip(records).filter(|(place, _)| place.is_none()) {
            let number = self.free_in(file, &taken)?;
            taken.push(number);
            *place = Some(number);
            to_write.push((number, record));
        }
        for (number, record) in to_write {
            self.update_record(number, record)?;
            if self.read_record(number, file.record_len)? != record {
                let what = format!("record {number} reads back differently");
                return Err(CardError::malformed("UPDATE RECORD", what).into());
            }
        }
        Ok(places.into_iter().flatten().collect())
    }

    /// Where the very same record stands already.
    fn stored(&mut self, file: SmsFile, record: &[u8; RECORD_LEN]) -> Result<Option<u8>, SimError> {
        // The start of the message with its addresses and time; few records begin alike.
        for number in self.sms_seek(file, &record[..SEEK_LEN])? {
            if self.read_record(number, file.record_len)? == record {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }
}

/// The first part of a message of ours of which this one is the second, where it is on the SIM.
pub fn second_of<'s>(all: &'s [StoredMessage], message: &StoredMessage) -> Option<&'s StoredMessage> {
    let parsed = |message: &StoredMessage| SmsRecord::parse(&message.bytes).ok().flatten();
    let second = parsed(message).filter(|record| parts::second(&record.tpdu).is_some())?;
    all.iter().find(|other| parsed(other).is_some_and(|first| parts::records_belong(&first, &second)))
}

/// Longest pattern of SEEK.
const SEEK_LEN: usize = 16;
