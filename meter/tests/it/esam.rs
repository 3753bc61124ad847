//! A stand-in for the ESAM: purse, count rule and pairing keys. Its orders are in clear; what sealing does is
//! the card's own test.

use keys::{Key, Suite, seal};
use scheme::profile::{CardInfo, CardKind, Make, State};
use wire::channel::{Channel, ChannelError};

/// Where count and amount stand in a test order's TPDU, counted from its `02 70 00`.
pub const COUNT_AT: usize = 14;
pub const AMOUNT_AT: usize = 27;

#[derive(Clone)]
pub struct FakeEsam {
    pub info: CardInfo,
    pub balance: u32,
    pub count: u32,
    pub int_auth: Key,
    pub ext_auth: Key,
    /// Status word for every envelope, to play the refusals the count rule does not make.
    pub refuse: Option<u16>,
    /// Debits done.
    pub debits: Vec<u32>,
    /// Run information as the MCU wrote it last.
    pub run_info: Vec<u8>,
    receipt: Vec<u8>,
    challenge: Option<[u8; 8]>,
    next_challenge: u8,
    authenticated: bool,
    waiting: Vec<u8>,
}

impl FakeEsam {
    pub fn new(number: [u8; 6], suite: Suite, int_auth: Key, ext_auth: Key) -> Self {
        FakeEsam {
            info: CardInfo {
                make: Make::Current,
                region: [0x33, 0x02, 0, 0],
                kind: CardKind::Esam,
                number,
                valid_from: [0x20, 0x26, 0x01, 0x01],
                valid_to: [0x20, 0x36, 0x12, 0x31],
                state: State::Test,
                suite: suite.code(),
            },
            balance: 0,
            count: 0,
            int_auth,
            ext_auth,
            refuse: None,
            debits: Vec::new(),
            run_info: Vec::new(),
            receipt: Vec::new(),
            challenge: None,
            next_challenge: 0,
            authenticated: false,
            waiting: Vec::new(),
        }
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let (header, body) = command.split_first_chunk::<4>().unwrap();
        match (*header, body) {
            ([0x00, 0xC0, 0, 0], _) => [std::mem::take(&mut self.waiting), vec![0x90, 0x00]].concat(),
            ([0x00, 0xB0, 0x95, 0], [30]) => [&self.info.to_bytes()[..], &[0x90, 0x00]].concat(),
            ([0x00, 0xB2, 1, 0x0C], [4]) => [&self.balance.to_be_bytes()[..], &[0x90, 0x00]].concat(),
            ([0x00, 0x84, 0, 0], [8]) => {
                self.next_challenge += 1;
                let challenge = [self.next_challenge; 8];
                self.challenge = Some(challenge);
                [&challenge[..], &[0x90, 0x00]].concat()
            }
            ([0x00, 0x88, 0, 2], [_, block @ ..]) => {
                let mut block = block.to_vec();
                self.int_auth.cipher().encrypt_block(&mut block);
                self.wait(block)
            }
            ([0x00, 0x82, 0, 3], [_, cryptogram @ ..]) => {
                let expected =
                    self.challenge.take().map(|challenge| seal::cryptogram(&self.ext_auth, &challenge));
                self.authenticated = expected.as_deref() == Some(cryptogram);
                if self.authenticated { vec![0x90, 0x00] } else { vec![0x63, 0xCE] }
            }
            _ if !self.authenticated => vec![0x69, 0x82],
            ([0x00, 0xA4, 0, 0], [2, 0x50, 0x07]) => vec![0x90, 0x00],
            ([0x00, 0xD6, 0x00, 0], [20, info @ ..]) => {
                self.run_info = info.to_vec();
                vec![0x90, 0x00]
            }
            ([0x80, 0x30, 0, 0x0C], [4, amount @ ..]) => {
                self.debit(u32::from_be_bytes(amount.try_into().unwrap()))
            }
            ([0x80, 0xC2, 0, 0], [_, envelope @ ..]) => self.envelope(envelope),
            _ => vec![0x6D, 0x00],
        }
    }

    fn debit(&mut self, amount: u32) -> Vec<u8> {
        match self.balance.checked_sub(amount) {
            Some(rest) => {
                self.balance = rest;
                self.debits.push(amount);
                vec![0x90, 0x00]
            }
            None => vec![0x94, 0x01],
        }
    }

    /// The count rule [docs/specs/purchase.md 4].
    fn envelope(&mut self, envelope: &[u8]) -> Vec<u8> {
        if let Some(sw) = self.refuse {
            return sw.to_be_bytes().to_vec();
        }
        assert_eq!(self.run_info.len(), 20, "the run information comes before the order");
        let packet = envelope.windows(3).position(|window| window == [0x02, 0x70, 0x00]).unwrap();
        let number =
            |at: usize| u32::from_be_bytes(envelope[packet + at..packet + at + 4].try_into().unwrap());
        let (count, amount) = (number(COUNT_AT), number(AMOUNT_AT));
        if count == self.count + 1 {
            self.balance += amount;
            self.count = count;
            self.receipt =
                [&[0x02, 0x71, 0x00, 0x00, 0x10, 0x0F][..], b"GRC", &count.to_be_bytes(), &[0; 9]].concat();
        } else if count != self.count {
            return if count < self.count { vec![0x9E, 0x17] } else { vec![0x9E, 0x37] };
        }
        self.wait(self.receipt.clone())
    }

    fn wait(&mut self, data: Vec<u8>) -> Vec<u8> {
        let sw = vec![0x61, data.len() as u8];
        self.waiting = data;
        sw
    }
}

impl Channel for FakeEsam {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.answer(command))
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        (self.authenticated, self.challenge) = (false, None);
        Ok(hex::decode("3B690000431122334455667788").unwrap())
    }
}
