//! The classic purchase card: the key it shares with its meter, what a bank loads onto it, and the frames of its files
//! [docs/specs/user-card.md].

mod frame;

pub use frame::{FrameError, Information, WriteBack, kind_of_frame};
pub(crate) use frame::{frame, framed, packed};

use crate::field::INCREASE;
use crate::money::Fen;
use crate::numbers::{CustomerNumber, DeviceNumber, MeterNumber};
use crate::order::{OrderDigest, OrderId, OrderKind, Serial8, SimBinding};
use crate::profile::CardKind;
use alloc::vec::Vec;
use keys::hierarchy::{self, Use, use_key};
use keys::{Key, mac, seal};
use sha2::{Digest, Sha256};

/// Header of LOAD PURCHASE, without its length.
pub const LOAD: [u8; 4] = [0x84, 0xC4, 0x00, 0x00];
/// Bytes of the MAC at its end.
pub const LOAD_MAC: usize = 8;
/// Header of SEAL CARD, by which a PSAM makes its data.
pub const SEAL: [u8; 4] = [0x80, 0xC6, 0x00, 0x00];
/// Header by which a meter writes back: file 05 whole, the length counts the MAC.
pub const WRITE: [u8; 5] = [0x04, 0xD6, 0x85, 0x00, WriteBack::LEN as u8 + 4];
/// Header under which an ESAM takes customer and kind of a card, from file 01 into file 02.
pub const TELL: [u8; 5] = [0x04, 0xD6, 0x82, Information::CUSTOMER as u8, 0x0B];

/// What stands for a card where an order has the SIM it is for: first 8 bytes of SHA-256 over `gridcard user card 1|` and the
/// serial number of its chip. No EF_IMSI gives it, so a meter knows one bearer at a time: a SIM or a card.
pub fn binding(Serial8(serial): Serial8) -> SimBinding {
    let hash: [u8; 32] =
        Sha256::new().chain_update(b"gridcard user card 1|").chain_update(serial).finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    SimBinding([a, b, c, d, e, f, g, h])
}

/// What stands in a receipt where an order's id stands, and its digest, when the money came by a card: the header of INCREASE, amount,
/// count and the card's [`binding`]. Two loads of one count, amount and card are one purchase: a meter takes either, and it is the same
/// money.
pub fn purchase_id(amount: Fen, count: u32, card: SimBinding) -> (OrderId, OrderDigest) {
    let all = [&INCREASE[..], &amount.0.to_be_bytes(), &count.to_be_bytes(), b"card", &card.0].concat();
    let digest = OrderDigest::of(&all);
    (OrderId(digest.0), digest)
}

/// The key that a card and its meter share, and what each use of it is.
#[derive(Debug, Clone)]
pub struct MeterKey(Key);

impl MeterKey {
    /// From the meter's `kid` and the serial number of the card's chip: another chip has another key.
    pub fn derive(kid: &Key, Serial8(serial): Serial8) -> Self {
        MeterKey(use_key(kid, Use::Card).diversify(&serial))
    }

    /// The key that a card keeps.
    pub const fn kept(key: Key) -> Self {
        MeterKey(key)
    }

    /// As the card keeps it.
    pub const fn key(&self) -> &Key {
        &self.0
    }

    /// By which the card proves itself to the meter.
    pub fn of_card(&self) -> Key {
        use_key(&self.0, Use::Identity)
    }

    /// By which the meter proves itself to the card. Another key than the card's own, whose answers anybody may ask for.
    pub fn of_meter(&self) -> Key {
        use_key(&self.0, Use::CardProof)
    }

    /// MAC of what the card gives the ESAM.
    pub fn to_esam(&self) -> Key {
        use_key(&self.0, Use::FieldMac)
    }

    /// MAC of what the ESAM gives the card.
    pub fn to_card(&self) -> Key {
        use_key(&self.0, Use::FieldState)
    }
}

/// The bank's key of a card: the city's `kid` by the card's kind and number.
pub fn bank_key(city: &Key, number: DeviceNumber) -> Key {
    hierarchy::device_key(city, CardKind::UserCard.code(), number.0)
}

/// A purchase on its way onto a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// What is to be credited.
    pub amount: Fen,
    /// Purchase count.
    pub count: u32,
    /// The meter.
    pub meter: MeterNumber,
    /// The customer of its account.
    pub customer: CustomerNumber,
    /// What it does to the account: opening, recharge, replacement of the card before.
    pub kind: OrderKind,
    /// Serial number of the chip it is for.
    pub serial: Serial8,
}

impl Load {
    /// Bytes before the cipher text.
    pub const LEN: usize = 29;

    fn to_bytes(&self) -> Vec<u8> {
        let (amount, count) = (self.amount.0.to_be_bytes(), self.count.to_be_bytes());
        [&amount[..], &count, &self.meter.0, &self.customer.0, &[self.kind.code()], &self.serial.0].concat()
    }

    fn parse(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (amount, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (meter, rest) = rest.split_first_chunk()?;
        let (customer, rest) = rest.split_first_chunk()?;
        let (&kind, serial) = rest.split_first()?;
        Some(Load {
            amount: Fen(u32::from_be_bytes(*amount)),
            count: u32::from_be_bytes(*count),
            meter: MeterNumber::new(*meter).ok()?,
            customer: CustomerNumber::new(*customer).ok()?,
            kind: OrderKind::from_code(kind)?,
            serial: Serial8(serial.try_into().ok()?),
        })
    }

    /// Data of LOAD PURCHASE for a challenge of the card: the purchase, the meter's key in cipher text, MAC. `bank` is the card's
    /// [`bank_key`].
    pub fn seal(&self, bank: &Key, challenge: &[u8; 8], key: &MeterKey) -> Vec<u8> {
        let mut body = self.to_bytes();
        body.extend_from_slice(&seal::encipher(&use_key(bank, Use::Wrap), key.0.expose()));
        let code = load_mac(bank, challenge, &body);
        body.extend_from_slice(&code);
        body
    }

    /// Opens these data; `None` unless they are the bank's, for this challenge.
    pub fn open(bank: &Key, challenge: &[u8; 8], data: &[u8]) -> Option<(Self, MeterKey)> {
        let (body, code) = data.split_last_chunk::<LOAD_MAC>()?;
        if !keys::equal(&load_mac(bank, challenge, body), code) {
            return None;
        }
        let (plain, cipher_text) = body.split_first_chunk()?;
        let key = seal::decipher(&use_key(bank, Use::Wrap), cipher_text).ok()?;
        Some((Self::parse(plain)?, MeterKey(Key::new(bank.suite(), &key).ok()?)))
    }
}

fn load_mac(bank: &Key, challenge: &[u8; 8], body: &[u8]) -> [u8; LOAD_MAC] {
    let [cla, ins, p1, p2] = LOAD;
    // Less than one APDU: 29 bytes, three or four blocks, and the MAC.
    let header = [cla, ins, p1, p2, (body.len() + LOAD_MAC) as u8];
    mac::bound(&use_key(bank, Use::Mac), challenge, &header, body)
}
