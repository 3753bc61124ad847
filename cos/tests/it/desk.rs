//! A desk that personalises a card with every kind of file and key, and speaks every protected form. What it sends is kept
//! as a script, so that other proofs can send it again.

use super::{Random, bare, entropy};
use gridcard_cos::{Card, Chip, Nvm, Protocol, RamNvm};
use keys::{Key, Suite, mac, seal};
use scheme::profile::CardKind;

/// One line of a script.
#[derive(Clone, Debug)]
pub enum Line {
    /// Power off and on.
    Reset,
    /// A command.
    Command(Step),
}

/// A command, the random bytes the card draws for it, and the status word it answers.
#[derive(Clone, Debug)]
pub struct Step {
    pub random: [u8; 8],
    pub bytes: Vec<u8>,
    pub sw: u16,
    /// Of a command that proves a secret: the same with a wrong one.
    pub wrong: Option<Vec<u8>>,
}

/// What a transaction was begun with.
struct Begun {
    session: Key,
    tail: Vec<u8>,
}

/// Terminal of all transactions, and their date and time.
const TERMINAL: [u8; 6] = [0x00, 0x11, 0x22, 0x33, 0x44, 0x55];
const STAMP: [u8; 7] = [0x20, 0x26, 0x11, 0x22, 0x08, 0x00, 0x00];

pub struct Desk {
    card: Card<RamNvm>,
    random: Random,
    suite: Suite,
    draws: u8,
    wrong: bool,
    pub lines: Vec<Line>,
}

pub const fn chip(suite: Suite, protocol: Protocol) -> Chip {
    Chip { kind: CardKind::Fmcos, suite, protocol, serial: [1, 2, 3, 4, 5, 6, 7, 8] }
}

/// Bytes of the card's files.
pub const USER: usize = 4 * 1024;

pub fn manufactured(suite: Suite, protocol: Protocol) -> Vec<u8> {
    let mut nvm = RamNvm::erased(Chip::eeprom_size(USER));
    chip(suite, protocol).manufacture(&mut nvm).unwrap();
    nvm.bytes().to_vec()
}

/// The value of every key: no two alike.
pub fn key(suite: Suite, kind: u8, id: u8) -> Key {
    Key::from_16(
        suite,
        core::array::from_fn(|i| kind.wrapping_mul(5) ^ id.wrapping_mul(29) ^ (i as u8).wrapping_mul(37)),
    )
}

impl Desk {
    /// A blank chip, under power.
    pub fn new(suite: Suite) -> Self {
        let random = Random::default();
        let nvm = RamNvm::from_bytes(manufactured(suite, Protocol::Direct));
        let mut card = Card::new(nvm, entropy(&random), bare).unwrap();
        card.power_on().unwrap();
        Desk { card, random, suite, draws: 0, wrong: false, lines: Vec::new() }
    }

    /// The EEPROM.
    pub fn image(&self) -> Vec<u8> {
        self.card.nvm().bytes().to_vec()
    }

    pub fn reset(&mut self) {
        self.card.power_on().unwrap();
        self.lines.push(Line::Reset);
    }

    /// Sends a command that must be answered so, and gives the answer's data.
    pub fn send(&mut self, bytes: &[u8], sw: u16) -> Vec<u8> {
        self.step(bytes, sw, None)
    }

    /// As [`Desk::send`], from hex digits.
    pub fn hex(&mut self, text: &str, sw: u16) -> Vec<u8> {
        self.send(&unhex(text), sw)
    }

    /// A command that proves a secret, and its twin with a wrong one.
    fn step(&mut self, bytes: &[u8], sw: u16, wrong: Option<Vec<u8>>) -> Vec<u8> {
        self.draws = self.draws.wrapping_add(1);
        let random: [u8; 8] =
            core::array::from_fn(|i| self.draws.wrapping_mul(73) ^ (i as u8).wrapping_mul(31));
        *self.random.lock().unwrap() = random.to_vec();
        let mut answer = self.card.transmit(bytes);
        let found = answer.split_off(answer.len() - 2);
        let found = u16::from_be_bytes([found[0], found[1]]);
        assert_eq!(found, sw, "line {}: {}: {found:04X}", self.lines.len(), hex::encode_upper(bytes));
        self.lines.push(Line::Command(Step { random, bytes: bytes.to_vec(), sw, wrong }));
        answer
    }

    /// The next protected command carries a wrong MAC or cryptogram.
    pub fn wrongly(&mut self) -> &mut Self {
        self.wrong = true;
        self
    }

    /// Sends a command whose last byte proves a secret; after [`Desk::wrongly`] it does not.
    fn prove(&mut self, mut bytes: Vec<u8>, sw: u16) -> Vec<u8> {
        let mut other = bytes.clone();
        *other.last_mut().unwrap() ^= 0x01;
        if core::mem::take(&mut self.wrong) {
            bytes = other.clone();
        }
        self.step(&bytes, sw, Some(other))
    }

    pub fn challenge(&mut self) -> Vec<u8> {
        self.hex("0084000008", 0x9000)
    }

    /// A key of the suite, plain: type, use right, change right, bytes 4 and 5.
    pub fn add_key(&mut self, head: [u8; 5], id: u8) {
        let value = key(self.suite, head[0] & 0x3F, id);
        self.send(&apdu([0x80, 0xD4, 0x01, id], &[&head, value.expose()]), 0x9000);
    }

    /// WRITE KEY as cipher text with MAC under `master`.
    pub fn sealed_key(&mut self, p1: u8, id: u8, plain: &[u8], master: &Key, sw: u16) {
        let field = seal::encipher(master, plain);
        self.maced(master, [0x84, 0xD4, p1, id], &field, sw);
        // a wrong MAC of WRITE KEY spends no try (docs/specs/fmcos.md, keys)
        if let Some(Line::Command(step)) = self.lines.last_mut() {
            step.wrong = None;
        }
    }

    /// A command with a MAC under `key`, its challenge drawn just before.
    pub fn maced(&mut self, key: &Key, header: [u8; 4], body: &[u8], sw: u16) -> Vec<u8> {
        let iv = self.challenge();
        let [cla, ins, p1, p2] = header;
        let lc = (body.len() + 4) as u8;
        let code = mac::session(key, &iv, &[&[cla, ins, p1, p2, lc], body]);
        self.prove(apdu(header, &[body, &code]), sw)
    }

    /// A command to a file under line key 36/00: MAC alone, or cipher text and MAC.
    pub fn line(&mut self, header: [u8; 4], data: &[u8], enciphered: bool, sw: u16) -> Vec<u8> {
        let key = key(self.suite, 0x36, 0);
        let body = if enciphered { seal::encipher(&key, data) } else { data.to_vec() };
        self.maced(&key, header, &body, sw)
    }

    pub fn verify(&mut self, id: u8, pin: &str, sw: u16) {
        let pin = unhex(pin);
        self.prove(apdu([0x00, 0x20, 0x00, id], &[&pin]), sw);
    }

    pub fn external(&mut self, id: u8, sw: u16) {
        let challenge = self.challenge();
        let proof = seal::cryptogram(&key(self.suite, 0x39, id), &challenge);
        self.prove(apdu([0x00, 0x82, 0x00, id], &[&proof]), sw);
    }

    pub fn change_pin(&mut self, id: u8, old: &str, new: &str, sw: u16) {
        let right = apdu([0x80, 0x5E, 0x01, id], &[&unhex(old), &[0xFF], &unhex(new)]);
        let mut wrong = right.clone();
        wrong[5] ^= 0x01;
        let sent = if core::mem::take(&mut self.wrong) { wrong.clone() } else { right };
        self.step(&sent, sw, Some(wrong));
    }

    pub fn reload_pin(&mut self, id: u8, new: &str, sw: u16) {
        let new = unhex(new);
        let code = mac::session(&key(self.suite, 0x38, 0).folded(), &[], &[&new]);
        self.prove(apdu([0x80, 0x5E, 0x00, id], &[&new, &code]), sw);
    }

    pub fn unblock_pin(&mut self, id: u8, new: &str, sw: u16) {
        let unblocker = key(self.suite, 0x37, 0);
        let body = seal::encipher(&unblocker, &unhex(new));
        self.maced(&unblocker, [0x84, 0x24, id, 0x00], &body, sw);
    }

    /// INITIALIZE: the session key of its second step. `offline` says where a purchase takes its serial's tail from.
    fn begin(&mut self, p1p2: [u8; 2], kind: u8, amount: Option<u32>, offline: Option<[u8; 4]>) -> Begun {
        let mut data = vec![1];
        data.extend(amount.iter().flat_map(|amount| amount.to_be_bytes()));
        data.extend(TERMINAL);
        let answer = self.send(&apdu([0x80, 0x50, p1p2[0], p1p2[1]], &[&data]), 0x9000);
        let Some(Line::Command(step)) = self.lines.last() else { unreachable!("just sent") };
        let mut block = [0; 16];
        block[..4].copy_from_slice(&step.random[..4]);
        block[4..6].copy_from_slice(&answer[4..6]);
        block[6..8].copy_from_slice(offline.as_ref().map_or(&[0x80, 0x00], |serial| &serial[2..]));
        let master = key(self.suite, kind, 1);
        let size = self.suite.block();
        master.cipher().encrypt_block(&mut block[..size]);
        let mut tail = Vec::new();
        tail.extend(offline.iter().flatten());
        Begun { session: Key::new(self.suite, &block[..size]).unwrap(), tail }
    }

    /// The second step: terminal serial if any, `first` (a new limit), date, time and MAC.
    fn finish(&mut self, begun: &Begun, header: [u8; 4], first: &[u8], said: &[&[u8]], sw: u16) {
        let mut parts = said.to_vec();
        parts.extend([&TERMINAL[..], &STAMP[..]]);
        let code = mac::session(&begun.session, &[], &parts);
        let mut bytes = apdu(header, &[&begun.tail, first, &STAMP, &code]);
        if core::mem::take(&mut self.wrong) {
            *bytes.last_mut().unwrap() ^= 0x01;
        }
        // a wrong MAC of a terminal spends no try
        self.step(&bytes, sw, None);
    }

    /// Loads the passbook (1) or the wallet (2).
    pub fn load(&mut self, which: u8, amount: u32, sw: u16) {
        let wrong = core::mem::take(&mut self.wrong);
        let begun = self.begin([0x00, which], 0x3F, Some(amount), None);
        self.wrong = wrong;
        self.finish(&begun, [0x80, 0x52, 0x00, 0x00], &[], &[&amount.to_be_bytes(), &[which]], sw);
    }

    pub fn unload(&mut self, amount: u32) {
        let begun = self.begin([0x05, 0x01], 0x3D, Some(amount), None);
        self.finish(&begun, [0x80, 0x54, 0x03, 0x00], &[], &[&amount.to_be_bytes(), &[0x03]], 0x9000);
    }

    pub fn limit(&mut self, limit: [u8; 3]) {
        let begun = self.begin([0x04, 0x01], 0x3C, None, None);
        self.finish(&begun, [0x80, 0x58, 0x00, 0x00], &limit, &[&limit, &[0x07]], 0x9000);
    }

    /// Purchase (`p1p2` 01 01, 01 02), cash (02 01), composite purchase (03 02) with the records it writes.
    pub fn debit(&mut self, p1p2: [u8; 2], transaction: u8, amount: u32, records: &[(u8, u8, &[u8])]) {
        let begun = self.begin(p1p2, 0x3E, Some(amount), Some([0, 0, 0, transaction]));
        for &(p1, p2, record) in records {
            self.send(&apdu([0x80, 0xDC, p1, p2], &[record]), 0x9000);
        }
        self.finish(&begun, [0x80, 0x54, 0x01, 0x00], &[], &[&amount.to_be_bytes(), &[transaction]], 0x9000);
    }
}

/// A command with data and no Le.
pub fn apdu(header: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let mut bytes = header.to_vec();
    bytes.push(u8::try_from(data.len()).unwrap());
    bytes.extend(data);
    bytes
}

pub fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}
