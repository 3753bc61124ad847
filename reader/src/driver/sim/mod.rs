//! The SIM: files, codes, identity and short messages over class A0 [TS 51.011]. A UICC with a GSM application answers it
//! too, from the same files; what only its USIM application has goes over class 00.

mod answer;
mod chv;
mod error;
mod identity;
mod sms;
mod usim;
mod whole;

pub use answer::{CodeState, DirAnswer, FileAnswer, Selected, Structure};
pub use chv::Chv;
pub use error::SimError;
pub use sms::{SmsFile, StoredMessage, second_of};
pub use whole::FileContent;

use super::Link;
use crate::error::CardError;
use crate::exchange::transmit;
use scheme::profile::Fid;
use wire::channel::Channel;
use wire::status::Dialect;
use wire::{Command, Response, Sw};

/// Class of every command here.
const CLA: u8 = 0xA0;

/// A classic SIM.
pub struct Sim<'c> {
    link: Link<'c>,
}

impl<'c> Sim<'c> {
    /// Speaks over a channel; sends nothing yet.
    pub fn new(channel: &'c mut dyn Channel) -> Self {
        Sim { link: Link::new(channel, Dialect::Gsm) }
    }

    /// The channel underneath, for commands that have no method.
    pub fn channel(&mut self) -> &mut dyn Channel {
        self.link.channel()
    }

    /// Resets the SIM and returns its ATR; the MF is selected then.
    pub fn reset(&mut self) -> Result<Vec<u8>, SimError> {
        Ok(self.link.reset()?)
    }

    /// SELECT each file of a path in turn and read the answer of the last.
    ///
    /// ```no_run
    /// # use gridcard_reader::driver::sim::{Selected, Sim};
    /// # use scheme::profile::Fid;
    /// # fn f(sim: &mut Sim) -> Result<(), Box<dyn std::error::Error>> {
    /// let Selected::File(sms) = sim.select(&[Fid::MF, Fid(0x7F10), Fid(0x6F3C)])? else { return Ok(()) };
    /// println!("{} messages", sms.records());
    /// # Ok(())
    /// # }
    /// ```
    pub fn select(&mut self, path: &[Fid]) -> Result<Selected, SimError> {
        let (last, above) =
            path.split_last().ok_or_else(|| CardError::malformed("SELECT", "an empty path"))?;
        for fid in above {
            self.enter(*fid)?;
        }
        let step = "SELECT";
        let answer = self.link.ask(step, &select_command(*last))?;
        match answer.sw {
            Sw::OK => Ok(Selected::parse(step, &answer.data)?),
            sw => Err(select_refused(*last, sw)),
        }
    }

    /// SELECT one file and leave its answer unread, which saves a GET RESPONSE on the line.
    pub fn enter(&mut self, fid: Fid) -> Result<(), SimError> {
        let step = "SELECT";
        let answer = transmit(self.link.channel(), &select_command(fid))
            .map_err(|source| CardError::Channel { step, source })?;
        match answer.sw {
            sw if sw.is_ok() || sw.sw1() == 0x9F => Ok(()),
            sw => Err(select_refused(fid, sw)),
        }
    }

    /// STATUS: the answer of the current directory again.
    pub fn status(&mut self) -> Result<DirAnswer, SimError> {
        let step = "STATUS";
        let data = self.send(step, &Command::new(CLA, 0xF2, 0x00, 0x00).le(22))?;
        match Selected::parse(step, &data)? {
            Selected::Dir(answer) => Ok(answer),
            Selected::File(file) => {
                let what = format!("the answer describes the file {:04X}, not a directory", file.fid.0);
                Err(CardError::malformed(step, what).into())
            }
        }
    }

    /// READ BINARY of the current file, `len` bytes (1 to 255) from `offset`.
    pub fn read_binary(&mut self, offset: u16, len: u8) -> Result<Vec<u8>, SimError> {
        let [hi, lo] = offset.to_be_bytes();
        self.read("READ BINARY", 0xB0, hi, lo, len)
    }

    /// UPDATE BINARY of the current file from `offset`.
    pub fn update_binary(&mut self, offset: u16, data: &[u8]) -> Result<(), SimError> {
        let [hi, lo] = offset.to_be_bytes();
        self.write("UPDATE BINARY", 0xD6, hi, lo, data)
    }

    /// READ RECORD `number` (1-based) of the current file; `len` is its record length.
    pub fn read_record(&mut self, number: u8, len: u8) -> Result<Vec<u8>, SimError> {
        self.read("READ RECORD", 0xB2, number, ABSOLUTE, len)
    }

    /// UPDATE RECORD `number` (1-based) of the current file; `data` is the whole record.
    pub fn update_record(&mut self, number: u8, data: &[u8]) -> Result<(), SimError> {
        self.write("UPDATE RECORD", 0xDC, number, ABSOLUTE, data)
    }

    /// SEEK type 2, from the beginning or from behind the record found last: the number of the record that
    /// starts with `pattern` (1 to 16 bytes), `None` when there is none.
    pub fn seek(&mut self, pattern: &[u8], from: SeekFrom) -> Result<Option<u8>, SimError> {
        let step = "SEEK";
        let command = Command::new(CLA, 0xA2, 0x00, from as u8).data(within(step, pattern, 16)?);
        let answer = self.link.ask(step, &command)?;
        match (answer.sw, answer.data.as_slice()) {
            (Sw::OK, &[number]) => Ok(Some(number)),
            (Sw::OK, data) => {
                let what = format!("the answer is one record number, not {} byte(s)", data.len());
                Err(CardError::malformed(step, what).into())
            }
            (Sw(0x9404), _) => Ok(None),
            (sw, _) => Err(SimError::refused(step, sw)),
        }
    }

    fn read(&mut self, step: &'static str, ins: u8, p1: u8, p2: u8, len: u8) -> Result<Vec<u8>, SimError> {
        let data = self.send(step, &Command::new(CLA, ins, p1, p2).le(u16::from(len)))?;
        if data.len() == usize::from(len) {
            return Ok(data);
        }
        Err(CardError::malformed(step, format!("{len} byte(s) asked for, {} answered", data.len())).into())
    }

    fn write(&mut self, step: &'static str, ins: u8, p1: u8, p2: u8, data: &[u8]) -> Result<(), SimError> {
        self.send(step, &Command::new(CLA, ins, p1, p2).data(within(step, data, 255)?)).map(drop)
    }

    /// The data of an answer that ends in 9000, or in one of the words that mean the same.
    fn send(&mut self, step: &'static str, command: &Command) -> Result<Vec<u8>, SimError> {
        let Response { data, sw } = self.link.ask(step, command)?;
        // 91xx: done, and the SIM would like to show something; 920x: done after x internal retries.
        if sw.is_ok() || sw.sw1() == 0x91 || sw.0 & 0xFFF0 == 0x9200 {
            return Ok(data);
        }
        Err(SimError::refused(step, sw))
    }
}

/// Mode of the record commands: the number in P1.
const ABSOLUTE: u8 = 0x04;

/// Where SEEK begins; the value is its P2 for type 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SeekFrom {
    /// At the first record, forward.
    Beginning = 0x10,
    /// Behind the current record, forward.
    Next = 0x12,
}

fn select_command(fid: Fid) -> Command {
    Command::new(CLA, 0xA4, 0x00, 0x00).data(&fid.bytes())
}

fn select_refused(fid: Fid, sw: Sw) -> SimError {
    match sw {
        Sw(0x9404) => SimError::NotFound { step: "SELECT", fid },
        sw => SimError::refused("SELECT", sw),
    }
}

/// Data that fits the command, 1 to `most` bytes.
fn within<'d>(step: &'static str, data: &'d [u8], most: usize) -> Result<&'d [u8], CardError> {
    if (1..=most).contains(&data.len()) {
        return Ok(data);
    }
    Err(CardError::malformed(step, format!("1 to {most} byte(s) fit, not {}", data.len())))
}
