//! Messages in the phone: those of EF_SMS by their record numbers, and the phone's own.

use crate::reply::{as_cms, of_sim};
use crate::settings::Memory;
use reader::driver::sim::{Sim, SimError, SmsFile};
use wire::Channel;
use wire::at::{Cms, Refusal};
use wire::sms::content::Content;
use wire::sms::record::{RECORD_LEN, RecordStatus, SmsRecord, free_record};

/// Messages that the phone's own memory holds.
const OWN: usize = 20;
const FILLER: u8 = 0xFF;

/// A message in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place, from 1.
    pub index: u8,
    /// As it stands in a record of EF_SMS, wherever it is.
    pub record: [u8; RECORD_LEN],
}

impl Stored {
    /// Its state.
    pub fn status(&self) -> RecordStatus {
        RecordStatus::from_byte(self.record[0])
    }

    /// Service centre and TPDU as they stand there, without filler, and how many bytes of them the TPDU has. Of a record that cannot be
    /// read, all up to the filler.
    pub fn pdu(&self) -> (&[u8], usize) {
        let body = &self.record[1..];
        let centre = 1 + usize::from(body[0]).min(body.len() - 1);
        let length = match SmsRecord::parse(&self.record) {
            Ok(Some(record)) => record.tpdu.to_bytes().len(),
            _ => {
                let end = body.iter().rposition(|byte| *byte != FILLER).map_or(0, |last| last + 1);
                end.saturating_sub(centre)
            }
        };
        let end = (centre + length).min(body.len());
        (&body[..end], end.saturating_sub(centre))
    }
}

/// The number of a state on the line: 0 unread, 1 read, 2 unsent, 3 sent.
pub const fn number(status: RecordStatus) -> u8 {
    match status {
        RecordStatus::Unread => 0,
        RecordStatus::Read | RecordStatus::Free => 1,
        RecordStatus::ToBeSent => 2,
        RecordStatus::Sent(_) => 3,
    }
}

/// The state of a number on the line.
pub const fn status(number: u8) -> Option<RecordStatus> {
    Some(match number {
        0 => RecordStatus::Unread,
        1 => RecordStatus::Read,
        2 => RecordStatus::ToBeSent,
        3 => RecordStatus::Sent(0x05),
        _ => return None,
    })
}

/// The phone's own memory: records as a SIM has them.
#[derive(Debug, Clone, Default)]
pub struct Own(Vec<Option<[u8; RECORD_LEN]>>);

/// One memory of messages, opened.
pub enum Messages<'a> {
    /// EF_SMS, selected.
    Sim(Sim<'a>, SmsFile),
    /// The phone's own.
    Own(&'a mut Own),
}

impl<'a> Messages<'a> {
    /// Opens a memory.
    pub fn open(memory: Memory, own: &'a mut Own, card: &'a mut dyn Channel) -> Result<Self, Refusal> {
        match memory {
            Memory::Phone => Ok(Messages::Own(own)),
            Memory::Sim => {
                let mut sim = Sim::new(card);
                let file = sim.sms_file().map_err(sim_said)?;
                Ok(Messages::Sim(sim, file))
            }
        }
    }

    /// Places it has.
    pub fn places(&self) -> u8 {
        match self {
            Messages::Sim(_, file) => file.records,
            Messages::Own(_) => OWN as u8, // 20
        }
    }

    /// The message of a place; `None`: it is free.
    pub fn read(&mut self, index: u8) -> Result<Option<Stored>, Refusal> {
        if index == 0 || index > self.places() {
            return Err(Refusal::Cms(Cms::INDEX));
        }
        let record = match self {
            Messages::Sim(sim, file) => {
                let bytes = sim.read_record(index, file.record_len).map_err(sim_said)?;
                bytes.try_into().map_err(|_| Refusal::Cms(Cms::MEMORY))?
            }
            Messages::Own(own) => match own.0.get(usize::from(index) - 1).copied().flatten() {
                Some(record) => record,
                None => return Ok(None),
            },
        };
        let free = Content::of(&record) == Content::Free;
        Ok((!free).then_some(Stored { index, record }))
    }

    /// All messages in order.
    pub fn all(&mut self) -> Result<Vec<Stored>, Refusal> {
        let mut out = Vec::new();
        for index in 1..=self.places() {
            out.extend(self.read(index)?);
        }
        Ok(out)
    }

    /// Writes the record of a place.
    pub fn write(&mut self, index: u8, record: &[u8; RECORD_LEN]) -> Result<(), Refusal> {
        match self {
            Messages::Sim(sim, _) => sim.update_record(index, record).map_err(sim_said),
            Messages::Own(own) => {
                let places = own.0.len().max(usize::from(index));
                own.0.resize(places, None);
                own.0[usize::from(index) - 1] = Some(*record);
                Ok(())
            }
        }
    }

    /// Frees a place.
    pub fn free(&mut self, index: u8) -> Result<(), Refusal> {
        match self {
            Messages::Sim(..) => self.write(index, &free_record()),
            Messages::Own(own) => {
                if let Some(place) = own.0.get_mut(usize::from(index) - 1) {
                    *place = None;
                }
                Ok(())
            }
        }
    }

    /// Writes into the first free place.
    pub fn add(&mut self, record: &[u8; RECORD_LEN]) -> Result<u8, Refusal> {
        for index in 1..=self.places() {
            if self.read(index)?.is_none() {
                self.write(index, record)?;
                return Ok(index);
            }
        }
        Err(Refusal::Cms(Cms::FULL))
    }
}

/// A record of a state, a service centre with its length, and a TPDU; `None`: it is longer than a record.
pub fn record(status: RecordStatus, pdu: &[u8]) -> Option<[u8; RECORD_LEN]> {
    let mut out = [FILLER; RECORD_LEN];
    out[0] = status.byte();
    out.get_mut(1..=pdu.len())?.copy_from_slice(pdu);
    Some(out)
}

fn sim_said(error: SimError) -> Refusal {
    as_cms(of_sim(&error))
}
