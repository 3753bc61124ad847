//! The receipt, tag E2 [docs/specs/purchase.md 1].

use crate::moment::Moment;
use crate::money::Fen;
use crate::numbers::MeterNumber;
use crate::order::{FieldError, Fields, OrderDigest, OrderId, Serial8};
use alloc::vec::Vec;
use wire::tlv;

/// Tag of a receipt.
pub const TAG: u8 = 0xE2;
/// Result: the amount was credited (nothing, of an order of amount 0).
pub const CREDITED: u8 = 0x00;

/// What the ESAM says of an order it has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// 80: meter.
    pub meter: MeterNumber,
    /// 82: amount credited.
    pub amount: Fen,
    /// 83: purchase count.
    pub count: u32,
    /// 85: id of the order.
    pub order: OrderId,
    /// 89: serial number of the ESAM.
    pub serial: Serial8,
    /// 8A: result, [`CREDITED`].
    pub result: u8,
    /// 8B: balance after.
    pub balance: Fen,
    /// 8C: register in 0.01 kWh.
    pub register: u32,
    /// 8D: meter time.
    pub time: Moment,
    /// 8E: TAC over all other objects.
    pub tac: [u8; 4],
    /// 8F: digest of the order as it was credited.
    pub digest: OrderDigest,
}

impl Receipt {
    /// The data objects 80 to 8D and 8F as encoded: what the TAC is made over.
    pub fn signed_part(&self) -> Vec<u8> {
        let mut content = self.before_tac();
        tlv::push(&mut content, 0x8F, &self.digest.0);
        content
    }

    fn before_tac(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(80);
        tlv::push(&mut content, 0x80, &self.meter.0);
        tlv::push(&mut content, 0x82, &self.amount.0.to_be_bytes());
        tlv::push(&mut content, 0x83, &self.count.to_be_bytes());
        tlv::push(&mut content, 0x85, &self.order.0);
        tlv::push(&mut content, 0x89, &self.serial.0);
        tlv::push(&mut content, 0x8A, &[self.result]);
        tlv::push(&mut content, 0x8B, &self.balance.0.to_be_bytes());
        tlv::push(&mut content, 0x8C, &self.register.to_be_bytes());
        tlv::push(&mut content, 0x8D, &self.time.0);
        content
    }

    /// The encoded receipt: 82 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = self.before_tac();
        tlv::push(&mut content, 0x8E, &self.tac);
        tlv::push(&mut content, 0x8F, &self.digest.0);
        let mut out = Vec::with_capacity(content.len() + 2);
        tlv::push(&mut out, TAG, &content);
        out
    }

    /// Reads a receipt; objects of unknown tag are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::parse(bytes, TAG, false)?;
        let receipt = Receipt {
            meter: fields.bcd(0x80, "meter number", MeterNumber::new)?,
            amount: Fen(u32::from_be_bytes(fields.take(0x82, "amount credited")?)),
            count: u32::from_be_bytes(fields.take(0x83, "purchase count")?),
            order: OrderId(fields.take(0x85, "order id")?),
            serial: Serial8(fields.take(0x89, "ESAM serial")?),
            result: u8::from_be_bytes(fields.take(0x8A, "result")?),
            balance: Fen(u32::from_be_bytes(fields.take(0x8B, "balance")?)),
            register: u32::from_be_bytes(fields.take(0x8C, "register")?),
            time: fields.bcd(0x8D, "meter time", Moment::new)?,
            tac: fields.take(0x8E, "TAC")?,
            digest: OrderDigest(fields.take(0x8F, "order digest")?),
        };
        fields.end()?;
        Ok(receipt)
    }
}
