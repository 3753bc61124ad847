//! The paper's online purchase: what the payment server and an ESAM say to each other through a phone that has no key
//! [docs/specs/online.md].
//!
//! Both ends have the meter's `kid`: the ESAM its own, the server's PSAM derives it. From it and from what both drew comes a
//! secret for one purchase, and from that a cipher key and a MAC key for each of the three messages that are sealed.

use crate::moment::Moment;
use crate::money::Fen;
use crate::numbers::{CustomerNumber, MeterNumber};
use crate::order::{FieldError, Fields, NotEightBytes, OrderId, Serial8};
use crate::profile::State;
use alloc::vec::Vec;
use core::fmt;
use keys::hierarchy::{Use, use_key};
use keys::{Key, Suite, Zeroize, Zeroizing, mac};
use sha2::{Digest, Sha256};
use wire::tlv;

/// Version of the messages.
const VERSION: u8 = 1;
/// Bytes of a MAC.
const MAC_LEN: usize = 8;
/// Bytes of S0.
pub const HELLO_LEN: usize = 40;
/// Bytes of S1 before its cipher text.
pub const HEAD_LEN: usize = 47;
/// Tag of a request.
pub const REQUEST: u8 = 0xE4;
/// First byte of an answer that refuses: the refusal's field error follows.
pub const REFUSED: u8 = 0xEF;

/// Purchases that a PSAM keeps at once; the next one takes the place of one of its own meter, else of the meter that has most.
pub const AT_ONCE: usize = 8;

/// Id of one online purchase, drawn by the server and used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 8]);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl From<OrderId> for SessionId {
    /// An order that is made for a purchase has its id.
    fn from(id: OrderId) -> Self {
        SessionId(id.0)
    }
}

impl core::str::FromStr for SessionId {
    type Err = NotEightBytes;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<OrderId>().map(SessionId::from)
    }
}

/// Digits as a request has them: the first in the high nibble of the first byte, F behind the last. What is no digit is left out, and
/// what does not fit.
pub fn digits<const N: usize>(text: &str) -> [u8; N] {
    let mut nibbles =
        text.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').chain(core::iter::repeat(0x0F));
    let mut next = || nibbles.next().unwrap_or(0x0F);
    core::array::from_fn(|_| next() << 4 | next())
}

/// S0, server to ESAM: `A0 version suite1 meter6 sid8 nonce16 time7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The suite of the meter's keys.
    pub suite: Suite,
    /// The meter it is for.
    pub meter: MeterNumber,
    /// The purchase.
    pub sid: SessionId,
    /// Random bytes of the PSAM.
    pub nonce: [u8; 16],
    /// When the server began, for logs alone: nobody checks it.
    pub time: Moment,
}

impl Hello {
    /// As it is sent.
    pub fn to_bytes(&self) -> [u8; HELLO_LEN] {
        let mut out = [0; HELLO_LEN];
        out[..3].copy_from_slice(&[0xA0, VERSION, self.suite.code()]);
        out[3..9].copy_from_slice(&self.meter.0);
        out[9..17].copy_from_slice(&self.sid.0);
        out[17..33].copy_from_slice(&self.nonce);
        out[33..].copy_from_slice(&self.time.0);
        out
    }

    /// Reads one; `None` when it is none.
    pub fn parse(bytes: &[u8; HELLO_LEN]) -> Option<Self> {
        let [0xA0, VERSION, suite, rest @ ..] = bytes else { return None };
        let (meter, rest) = rest.split_first_chunk()?;
        let (sid, rest) = rest.split_first_chunk()?;
        let (nonce, time) = rest.split_first_chunk()?;
        Some(Hello {
            suite: Suite::from_code(*suite)?,
            meter: MeterNumber::new(*meter).ok()?,
            sid: SessionId(*sid),
            nonce: *nonce,
            time: Moment::new(time.try_into().ok()?).ok()?,
        })
    }
}

/// The clear part of S1, ESAM to server: `A1 version suite1 meter6 sid8 nonce16 serial8 count4 state1 key-version1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The suite of its keys.
    pub suite: Suite,
    /// Its meter.
    pub meter: MeterNumber,
    /// The purchase.
    pub sid: SessionId,
    /// Random bytes of the ESAM.
    pub nonce: [u8; 16],
    /// Its serial number.
    pub serial: Serial8,
    /// Purchases it has taken: the next order has the count after, the last one again this count.
    pub count: u32,
    /// State of its keys.
    pub state: State,
    /// Their version.
    pub key_version: u8,
}

impl Head {
    /// As it is sent.
    pub fn to_bytes(&self) -> [u8; HEAD_LEN] {
        let mut out = [0; HEAD_LEN];
        out[..3].copy_from_slice(&[0xA1, VERSION, self.suite.code()]);
        out[3..9].copy_from_slice(&self.meter.0);
        out[9..17].copy_from_slice(&self.sid.0);
        out[17..33].copy_from_slice(&self.nonce);
        out[33..41].copy_from_slice(&self.serial.0);
        out[41..45].copy_from_slice(&self.count.to_be_bytes());
        out[45..].copy_from_slice(&[self.state as u8, self.key_version]);
        out
    }

    /// Reads one; `None` when it is none.
    pub fn parse(bytes: &[u8; HEAD_LEN]) -> Option<Self> {
        let [0xA1, VERSION, suite, rest @ ..] = bytes else { return None };
        let (meter, rest) = rest.split_first_chunk()?;
        let (sid, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (serial, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let &[state, key_version] = rest else { return None };
        Some(Head {
            suite: Suite::from_code(*suite)?,
            meter: MeterNumber::new(*meter).ok()?,
            sid: SessionId(*sid),
            nonce: *nonce,
            serial: Serial8(*serial),
            count: u32::from_be_bytes(*count),
            state: State::from_code(state)?,
            key_version,
        })
    }
}

/// What a meter asks for in the name of who stands before it with a phone: tag E4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// 80: the meter.
    pub meter: MeterNumber,
    /// 81: the customer of its account; zeros before it is opened.
    pub customer: [u8; 6],
    /// 82: the amount that is asked for.
    pub amount: Fen,
    /// 84: the meter's time.
    pub time: Moment,
    /// 90: IMSI as EF_IMSI holds it.
    pub imsi: [u8; 9],
    /// 91: IMEI, 15 digits and a filler, as the phone says it.
    pub imei: [u8; 8],
    /// 92: MSISDN, digits of an address filled with F.
    pub msisdn: [u8; 10],
}

impl Request {
    /// The encoded request: 66 bytes; [`signed`](crate::signed::sign) 139.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(64);
        tlv::push(&mut content, 0x80, &self.meter.0);
        tlv::push(&mut content, 0x81, &self.customer);
        tlv::push(&mut content, 0x82, &self.amount.0.to_be_bytes());
        tlv::push(&mut content, 0x84, &self.time.0);
        tlv::push(&mut content, 0x90, &self.imsi);
        tlv::push(&mut content, 0x91, &self.imei);
        tlv::push(&mut content, 0x92, &self.msisdn);
        let mut out = Vec::with_capacity(66);
        tlv::push(&mut out, REQUEST, &content);
        out
    }

    /// Reads a request; objects of unknown tag are passed over.
    ///
    /// # Errors
    /// [`FieldError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::parse(bytes, REQUEST, false)?;
        let request = Request {
            meter: fields.bcd(0x80, "meter number", MeterNumber::new)?,
            customer: fields.bcd(0x81, "customer number", CustomerNumber::new)?.0,
            amount: Fen(u32::from_be_bytes(fields.take(0x82, "amount")?)),
            time: fields.bcd(0x84, "meter time", Moment::new)?,
            imsi: fields.take(0x90, "IMSI")?,
            imei: fields.take(0x91, "IMEI")?,
            msisdn: fields.take(0x92, "MSISDN")?,
        };
        fields.end()?;
        Ok(request)
    }
}

/// The messages that are sealed, in their order. Each has a cipher key and a MAC key of its own, so none is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Request = 1,
    Order = 2,
    Answer = 3,
}

/// One purchase at one of its two ends. What was said so far is in every MAC, so a message of another purchase, another order of
/// messages or a changed byte of an earlier one is noticed by the next.
#[derive(Clone)]
pub struct Session {
    secret: Zeroizing<[u8; 32]>,
    suite: Suite,
    sid: SessionId,
    hello: [u8; HELLO_LEN],
    head: [u8; HEAD_LEN],
    said: Sha256,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("sid", &self.sid).finish_non_exhaustive()
    }
}

impl Session {
    /// Both have drawn: S0 and the head of S1 are there. `kid` is the meter's. `None` when the two are not of one purchase, meter and
    /// suite.
    pub fn begin(kid: &Key, hello: &[u8; HELLO_LEN], head: &[u8; HEAD_LEN]) -> Option<Self> {
        let (asked, answered) = (Hello::parse(hello)?, Head::parse(head)?);
        let fits = asked.sid == answered.sid
            && asked.meter == answered.meter
            && asked.suite == answered.suite
            && asked.suite == kid.suite();
        if !fits {
            return None;
        }
        let online = use_key(kid, Use::Online);
        let secret = mac::hmac256(&online, &[b"gridcard online 1", &[0], hello, head]);
        let (suite, sid) = (asked.suite, asked.sid);
        Some(Session {
            secret,
            suite,
            sid,
            hello: *hello,
            head: *head,
            said: Sha256::new().chain_update(hello),
        })
    }

    /// The purchase.
    pub const fn sid(&self) -> SessionId {
        self.sid
    }

    fn key(&self, what: &[u8], message: Message) -> Key {
        let mut hash = Sha256::new()
            .chain_update(what)
            .chain_update([message as u8])
            .chain_update(&self.secret[..])
            .finalize();
        let mut bytes = Zeroizing::new([0; 16]);
        bytes.copy_from_slice(&hash[..16]);
        hash[..].zeroize();
        Key::from_16(self.suite, *bytes)
    }

    fn code(&self, message: Message, own: &[u8]) -> [u8; MAC_LEN] {
        let key = self.key(b"mac", message);
        match message {
            Message::Request => mac::cmac8(&key, &[&self.hello, own]),
            Message::Order | Message::Answer => mac::cmac8(&key, &[&self.said.clone().finalize(), own]),
        }
    }

    fn head_of(&self, message: Message) -> Vec<u8> {
        match message {
            Message::Request => self.head.to_vec(),
            Message::Order => [&[0xA2][..], &self.sid.0].concat(),
            Message::Answer => [&[0xA3][..], &self.sid.0].concat(),
        }
    }

    fn seal(&mut self, message: Message, plain: &[u8]) -> Vec<u8> {
        let mut out = self.head_of(message);
        let begins = out.len();
        out.extend_from_slice(plain);
        out.push(0x80);
        let whole = (out.len() - begins).next_multiple_of(self.suite.block());
        out.resize(begins + whole, 0);
        self.key(b"enc", message).cipher().encrypt_cbc(&mut out[begins..]);
        let code = self.code(message, &out);
        out.extend_from_slice(&code);
        self.said.update(&out);
        out
    }

    /// `None` for whatever is wrong with it.
    fn open(&mut self, message: Message, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (own, code) = bytes.split_last_chunk::<MAC_LEN>()?;
        if !keys::equal(&self.code(message, own), code) {
            return None;
        }
        let head = self.head_of(message);
        let sealed = own.strip_prefix(head.as_slice())?;
        if sealed.is_empty() || !sealed.len().is_multiple_of(self.suite.block()) {
            return None;
        }
        let mut plain = Zeroizing::new(sealed.to_vec());
        self.key(b"enc", message).cipher().decrypt_cbc(&mut plain);
        let end = plain.iter().rposition(|byte| *byte != 0).filter(|end| plain[*end] == 0x80)?;
        plain.truncate(end);
        self.said.update(bytes);
        Some(plain)
    }

    /// S1, at the ESAM: the head that began the session, then the encoded request, signed or not.
    pub fn seal_request(&mut self, request: &[u8]) -> Vec<u8> {
        self.seal(Message::Request, request)
    }

    /// S1, at the PSAM: the encoded request.
    pub fn open_request(&mut self, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.open(Message::Request, bytes)
    }

    /// S2, at the PSAM: an encoded order.
    pub fn seal_order(&mut self, order: &[u8]) -> Vec<u8> {
        self.seal(Message::Order, order)
    }

    /// S2, at the ESAM.
    pub fn open_order(&mut self, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.open(Message::Order, bytes)
    }

    /// S3, at the ESAM: an encoded receipt, or [`REFUSED`] and a field error.
    pub fn seal_answer(&mut self, answer: &[u8]) -> Vec<u8> {
        self.seal(Message::Answer, answer)
    }

    /// S3, at the PSAM.
    pub fn open_answer(&mut self, bytes: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.open(Message::Answer, bytes)
    }
}
