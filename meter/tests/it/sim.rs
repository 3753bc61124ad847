//! A stand-in for the SIM: the few files a meter touches, with their class A0 manners.

use wire::channel::{Channel, ChannelError};

pub const IMSI: [u8; 9] = [0x08, 0x29, 0x26, 0x10, 0x11, 0x60, 0x84, 0x57, 0x40];
const RECORD: usize = 176;

#[derive(Clone)]
pub struct FakeSim {
    /// Records of EF_SMS.
    pub records: Vec<Vec<u8>>,
    /// EF_GRID; an operator's SIM has none.
    pub grid: Option<[u8; 2]>,
    /// CHV1 stands before EF_IMSI and EF_SMS.
    pub chv1: bool,
    /// EF_SMS refuses to be written.
    pub write_fails: bool,
    /// EF_SMS exists.
    pub has_sms: bool,
    /// Numbers of the records read, and of those written.
    pub read: Vec<u8>,
    pub written: Vec<u8>,
    /// SEEK answers this record for ever.
    pub circles: Option<u8>,
    file: u16,
    found: usize,
    waiting: Vec<u8>,
}

impl FakeSim {
    pub fn new(records: usize) -> Self {
        let mut free = vec![0xFF; RECORD];
        free[0] = 0x00;
        FakeSim {
            records: vec![free; records],
            grid: Some([0x00, 0x01]),
            chv1: false,
            write_fails: false,
            has_sms: true,
            read: Vec::new(),
            written: Vec::new(),
            circles: None,
            file: 0x3F00,
            found: 0,
            waiting: Vec::new(),
        }
    }

    pub fn put(&mut self, number: usize, record: &[u8]) {
        self.records[number - 1] = record.to_vec();
        self.records[number - 1].resize(RECORD, 0xFF);
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (header, body) = command.split_first_chunk::<4>().unwrap();
        match (*header, body) {
            ([0xA0, 0xA4, 0, 0], [2, hi, lo]) => self.select(u16::from_be_bytes([*hi, *lo])),
            ([0xA0, 0xC0, 0, 0], _) => [std::mem::take(&mut self.waiting), vec![0x90, 0x00]].concat(),
            _ if self.chv1 && matches!(self.file, 0x6F07 | 0x6F3C) => vec![0x98, 0x04],
            ([0xA0, 0xB0, 0, 0], [9]) if self.file == 0x6F07 => [&IMSI[..], &[0x90, 0x00]].concat(),
            ([0xA0, 0xB0, 0, 0], [2]) if self.file == 0x6FE0 => {
                [&self.grid.unwrap()[..], &[0x90, 0x00]].concat()
            }
            ([0xA0, 0xA2, 0, mode], [_, pattern @ ..]) if self.file == 0x6F3C => self.seek(mode, pattern),
            ([0xA0, 0xB2, number, 4], [176]) if self.file == 0x6F3C => {
                self.read.push(number);
                [&self.records[usize::from(number) - 1][..], &[0x90, 0x00]].concat()
            }
            ([0xA0, 0xDC, ..], _) if self.write_fails => vec![0x92, 0x40],
            ([0xA0, 0xDC, number, 4], [176, record @ ..]) if self.file == 0x6F3C => {
                self.written.push(number);
                self.records[usize::from(number) - 1] = record.to_vec();
                vec![0x90, 0x00]
            }
            _ => vec![0x6D, 0x00],
        }
    }

    fn select(&mut self, fid: u16) -> Vec<u8> {
        let missing = (fid == 0x6FE0 && self.grid.is_none()) || (fid == 0x6F3C && !self.has_sms);
        // DF_GSM and DF_TELECOM are sisters; their files are reached from them alone.
        let reachable = matches!(
            (self.file, fid),
            (_, 0x3F00 | 0x7F20 | 0x7F10) | (0x7F20, 0x6F07) | (0x7F10 | 0x6FE0 | 0x6F3C, 0x6FE0 | 0x6F3C)
        );
        if missing || !reachable {
            return vec![0x94, 0x04];
        }
        (self.file, self.found) = (fid, 0);
        let [hi, lo] = ((self.records.len() * RECORD) as u16).to_be_bytes();
        self.waiting = vec![0, 0, hi, lo, 0x6F, 0x3C, 4, 0, 0x11, 0xFF, 0x44, 1, 2, 1, RECORD as u8];
        vec![0x9F, self.waiting.len() as u8]
    }

    fn seek(&mut self, mode: u8, pattern: &[u8]) -> Vec<u8> {
        let from = if mode == 0x12 { self.found } else { 0 };
        let hit = (from..self.records.len())
            .find(|at| self.records[*at].starts_with(pattern))
            .map(|at| at as u8 + 1);
        match self.circles.or(hit) {
            Some(number) => {
                self.found = usize::from(number);
                self.waiting = vec![number];
                vec![0x9F, 0x01]
            }
            None => vec![0x94, 0x04],
        }
    }
}

impl Channel for FakeSim {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.answer(command))
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        (self.file, self.found) = (0x3F00, 0);
        Ok(vec![0x3B, 0x00])
    }
}
