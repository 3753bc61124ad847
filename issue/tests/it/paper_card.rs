//! A card made of paper: it remembers what it is told and checks cryptograms and MACs, so that a plan can be
//! run and cut off at every command. It knows no rights, no kinds and no applets; real virtual cards come in
//! the suites of the workspace.

use keys::{Key, Suite, seal};
use std::collections::BTreeMap;
use wire::apdu::CommandRef;
use wire::channel::{Channel, ChannelError};

/// When the card is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// The command never reached it.
    Before,
    /// It did the command, and the answer was lost.
    After,
}

pub struct PaperCard {
    suite: Suite,
    serial: [u8; 8],
    pub master: Key,
    pub tries: u8,
    /// Files by directory and identifier; `None` until written.
    pub files: BTreeMap<(u16, u16), Option<Vec<u8>>>,
    /// Keys by directory, type and id: header and key.
    pub keys: BTreeMap<(u16, u8, u8), ([u8; 5], Key)>,
    /// PINs by id.
    pub pins: BTreeMap<u8, Vec<u8>>,
    directory: u16,
    /// The file selected last.
    file: u16,
    challenge: [u8; 8],
    authenticated: bool,
    /// Commands sent, in order.
    pub sent: Vec<Vec<u8>>,
    /// Pulls the card at the n-th command from now (0 is the next).
    pub pull: Option<(usize, Pull)>,
    /// Whether it answers TRIES LEFT, as cards of our make do and chips of others do not.
    pub states: bool,
    /// Whether its own master has taken the transport key's place.
    own: bool,
    /// EXTERNAL AUTHENTICATEs it refused.
    pub refused: u32,
}

const MF: u16 = 0x3F00;

impl PaperCard {
    /// A blank as the factory sends it.
    pub fn blank(transport: Key, serial: [u8; 8]) -> Self {
        PaperCard {
            suite: transport.suite(),
            serial,
            master: transport,
            tries: 3,
            files: BTreeMap::new(),
            keys: BTreeMap::new(),
            pins: BTreeMap::new(),
            directory: MF,
            file: 0,
            challenge: [0; 8],
            authenticated: false,
            sent: Vec::new(),
            pull: None,
            states: false,
            own: false,
            refused: 0,
        }
    }

    fn answer(&mut self, command: &CommandRef<'_>) -> (Vec<u8>, u16) {
        let p1p2 = command.p1p2();
        match (command.cla, command.ins) {
            (0x00, 0xA4) => self.select(u16::from_be_bytes([command.data[0], command.data[1]])),
            (0x00, 0x84) => {
                // Not random: the tests are repeatable. Every command counts, so no challenge comes twice.
                self.challenge = (self.sent.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
                (self.challenge.to_vec(), 0x9000)
            }
            (0x00, 0x82) => self.authenticate(command.data),
            (0x00, 0x20) => self.verify(command.p2, command.data),
            (0x00, 0xB0) => match self.files.get(&(self.directory, self.meant(p1p2))) {
                None => (vec![], 0x6A82),
                Some(None) => (vec![], 0x6281),
                Some(Some(bytes)) => (bytes.clone(), 0x9000),
            },
            (0x80, 0x48) => match self.keys.get(&(self.directory, command.p1 & 0x3F, command.p2)) {
                None => (vec![], 0x6A88),
                Some(([kind, _, _, b4, b5], key)) => ([&[*kind, *b4, *b5][..], &key.kcv()].concat(), 0x9000),
            },
            // TRIES LEFT of the master key: an own master has protection bits.
            (0x80, 0x3C) if self.states => {
                (vec![0x30 | self.tries, if self.own { 0xF9 } else { 0x39 }], 0x9000)
            }
            (0x80, 0x3C) => (vec![], 0x6D00),
            _ if !self.authenticated => (vec![], 0x6982),
            (0x80, 0xE0) if self.files.contains_key(&(self.directory, p1p2)) => (vec![], 0x6A86),
            (0x80, 0xE0) => {
                self.files.insert((self.directory, p1p2), None);
                (vec![], 0x9000)
            }
            (0x00, 0xD6) => match self.files.get_mut(&(self.directory, self.meant(p1p2))) {
                None => (vec![], 0x6A82),
                Some(file) => {
                    *file = Some(command.data.to_vec());
                    (vec![], 0x9000)
                }
            },
            (0x84, 0xD4) => self.write_key(command),
            (0x80, 0xD4) if self.pins.contains_key(&command.p2) => (vec![], 0x6A86),
            (0x80, 0xD4) => {
                let head = if command.p2 == 0 {
                    [0x3A, 0xF0, 0xEF, 0x11, 0x33]
                } else {
                    [0x3A, 0xF1, 0xEF, 0x22, 0x33]
                };
                assert_eq!(command.data[..5], head);
                self.pins.insert(command.p2, command.data[5..].to_vec());
                (vec![], 0x9000)
            }
            _ => (vec![], 0x6D00),
        }
    }

    /// The file of a binary command: by its short id, or the one selected.
    fn meant(&self, p1p2: u16) -> u16 {
        if p1p2 & 0x8000 == 0 { self.file } else { p1p2 >> 8 & 0x1F }
    }

    fn select(&mut self, fid: u16) -> (Vec<u8>, u16) {
        if fid == MF || (fid >> 8 == 0xDF && self.files.contains_key(&(MF, fid))) {
            self.directory = fid;
            return (vec![], 0x9000);
        }
        self.file = fid;
        (vec![], if self.files.contains_key(&(self.directory, fid)) { 0x9000 } else { 0x6A82 })
    }

    fn authenticate(&mut self, cryptogram: &[u8]) -> (Vec<u8>, u16) {
        if self.tries == 0 {
            return (vec![], 0x6983);
        }
        self.authenticated = cryptogram == seal::cryptogram(&self.master, &self.challenge);
        self.refused += u32::from(!self.authenticated);
        self.tries = if self.authenticated { 3 } else { self.tries - 1 };
        (vec![], if self.authenticated { 0x9000 } else { 0x63C0 | u16::from(self.tries) })
    }

    fn verify(&mut self, id: u8, pin: &[u8]) -> (Vec<u8>, u16) {
        // As on the real card: the PIN puts the directory into state 1, so state A is gone.
        self.authenticated = false;
        (vec![], if self.pins.get(&id).map(Vec::as_slice) == Some(pin) { 0x9000 } else { 0x63C2 })
    }

    fn write_key(&mut self, command: &CommandRef<'_>) -> (Vec<u8>, u16) {
        let header = [0x84, 0xD4, command.p1, command.p2, command.data.len() as u8];
        let Ok((head, key)) = seal::unwrap(&self.master, &self.challenge, &header, command.data) else {
            return (vec![], 0x9302);
        };
        assert_eq!(key.suite(), self.suite);
        let place = (self.directory, head[0] & 0x3F, command.p2);
        if (command.p1, command.p2) == (0x39, 0x00) {
            self.master = key;
            self.own = true;
        } else if (command.p1 == 0x01) == self.keys.contains_key(&place) {
            return (vec![], if command.p1 == 0x01 { 0x6A86 } else { 0x6A88 });
        } else {
            self.keys.insert(place, (head, key));
        }
        (vec![], 0x9000)
    }
}

impl Channel for PaperCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let pull = match &mut self.pull {
            Some((0, pull)) => Some(*pull),
            Some((n, _)) => {
                *n -= 1;
                None
            }
            None => None,
        };
        if pull == Some(Pull::Before) {
            return Err(ChannelError::Removed);
        }
        self.sent.push(command.to_vec());
        let (mut data, sw) = self.answer(&CommandRef::parse(command).unwrap());
        if pull == Some(Pull::After) {
            return Err(ChannelError::Removed);
        }
        data.extend_from_slice(&sw.to_be_bytes());
        Ok(data)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ChannelError> {
        self.directory = MF;
        self.authenticated = false;
        Ok([&[0x3B, 0x69, 0x00, 0x00, 0x43][..], &self.serial].concat())
    }
}
