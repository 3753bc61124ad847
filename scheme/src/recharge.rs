//! A recharge by the field's frames: what a station or the bank's PSAM makes for one random of an ESAM [docs/specs/online.md 11].

use crate::field::{INCREASE, MAC_LEN, Span, recharge_id};
use crate::money::Fen;
use crate::numbers::CustomerNumber;
use crate::order::{OrderDigest, OrderId, Serial8};
use keys::hierarchy::{Use, use_key};
use keys::{Key, mac};

/// First byte of a recharge that the bank keeps.
const KEPT: u8 = 0xA7;

/// What a recharge brings: made for the random of the ESAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recharge {
    /// Money in fen.
    pub amount: [u8; 4],
    /// Purchase count.
    pub count: [u8; 4],
    /// MAC over both.
    pub money_mac: [u8; MAC_LEN],
    /// Customer.
    pub customer: [u8; 6],
    /// MAC over the customer.
    pub customer_mac: [u8; MAC_LEN],
}

impl Recharge {
    /// Bytes of one.
    pub const LEN: usize = 22;

    /// Made by the bank's PSAM: its MACs are those of [`BankMac`], for an order's amount, count and customer.
    pub fn by_bank(mac: &BankMac, amount: Fen, count: u32, customer: CustomerNumber) -> Self {
        let (amount, count) = (amount.0.to_be_bytes(), count.to_be_bytes());
        let cut = |whole: [u8; 8]| core::array::from_fn(|i| whole[i]);
        Recharge {
            amount,
            count,
            money_mac: cut(mac.of(&INCREASE, &[amount, count].concat())),
            customer: customer.0,
            customer_mac: cut(mac.of(&Span::CUSTOMER.write(), &customer.0)),
        }
    }

    /// `amount4 count4 MAC4 customer6 MAC4`: the fields of the frame, in their order.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        out[..4].copy_from_slice(&self.amount);
        out[4..8].copy_from_slice(&self.count);
        out[8..12].copy_from_slice(&self.money_mac);
        out[12..18].copy_from_slice(&self.customer);
        out[18..].copy_from_slice(&self.customer_mac);
        out
    }

    /// Reads these bytes; `None` when there are more or fewer.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (amount, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (money_mac, rest) = rest.split_first_chunk()?;
        let (customer, rest) = rest.split_first_chunk()?;
        Some(Recharge {
            amount: *amount,
            count: *count,
            money_mac: *money_mac,
            customer: *customer,
            customer_mac: rest.try_into().ok()?,
        })
    }
}

/// The MAC of what the bank's PSAM makes for an ESAM: [`mac::bound`] to its random 4 bytes and the last 4 of its serial number, under
/// [`Use::Recharge`] of the meter's `kid`.
///
/// A key of its own: nothing else that has a MAC in the field is under it, so a PSAM that makes these can make no refund, no
/// parameter and no command. With the serial number in it a recharge is one chip's, as an order is.
#[derive(Debug, Clone)]
pub struct BankMac {
    key: Key,
    challenge: [u8; 8],
}

impl BankMac {
    /// Of a meter's `kid`, a random of its ESAM, and its serial number.
    pub fn new(kid: &Key, [a, b, c, d]: [u8; 4], Serial8([.., w, x, y, z]): Serial8) -> Self {
        BankMac { key: use_key(kid, Use::Recharge), challenge: [a, b, c, d, w, x, y, z] }
    }

    /// The MAC of a command; its first 4 bytes go on the line.
    pub fn of(&self, header: &[u8; 5], data: &[u8]) -> [u8; 8] {
        mac::bound(&self.key, &self.challenge, header, data)
    }
}

/// A recharge as the bank keeps it, with the random it was made for: what the meter's receipt will name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Random of the ESAM.
    pub random: [u8; 4],
    /// The recharge.
    pub recharge: Recharge,
}

impl Kept {
    /// Bytes of one.
    pub const LEN: usize = 1 + 4 + Recharge::LEN;

    /// `A7 random4`, then the recharge.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [KEPT; Self::LEN];
        out[1..5].copy_from_slice(&self.random);
        out[5..].copy_from_slice(&self.recharge.to_bytes());
        out
    }

    /// Reads one; `None` of any other message.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (random, rest) = bytes.strip_prefix(&[KEPT])?.split_first_chunk()?;
        Some(Kept { random: *random, recharge: Recharge::parse(rest)? })
    }

    /// What stands in its receipt where an order's id stands, and its digest.
    pub fn id(&self) -> (OrderId, OrderDigest) {
        let Recharge { amount, count, money_mac, .. } = self.recharge;
        recharge_id(Fen(u32::from_be_bytes(amount)), u32::from_be_bytes(count), money_mac, self.random)
    }
}
