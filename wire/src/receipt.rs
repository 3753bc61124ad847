//! The receipt, tag E2 [docs/specs/purchase.md 1].

use crate::bcd::{BcdTime, MeterNumber};
use crate::money::Fen;
use crate::order::{FieldError, Fields, OrderId};
use crate::tlv;
use alloc::vec::Vec;

/// Tag of a receipt.
pub const TAG: u8 = 0xE2;
/// Result: the amount was credited.
pub const CREDITED: u8 = 0x00;

/// What the ESAM says of an order it has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// 80: meter.
    pub meter: MeterNumber,
    /// 83: purchase count.
    pub count: u32,
    /// 85: id of the order.
    pub order: OrderId,
    /// 8A: result, [`CREDITED`].
    pub result: u8,
    /// 8B: balance after.
    pub balance: Fen,
    /// 8C: register in 0.01 kWh.
    pub register: u32,
    /// 8D: meter time.
    pub time: BcdTime,
    /// 8E: TAC over the objects before it.
    pub tac: [u8; 4],
}

impl Receipt {
    /// The data objects 80 to 8D as encoded: what the TAC is made over.
    pub fn signed_part(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(56);
        tlv::push(&mut content, 0x80, &self.meter.0);
        tlv::push(&mut content, 0x83, &self.count.to_be_bytes());
        tlv::push(&mut content, 0x85, &self.order.0);
        tlv::push(&mut content, 0x8A, &[self.result]);
        tlv::push(&mut content, 0x8B, &self.balance.0.to_be_bytes());
        tlv::push(&mut content, 0x8C, &self.register.to_be_bytes());
        tlv::push(&mut content, 0x8D, &self.time.0);
        content
    }

    /// The encoded receipt: 56 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = self.signed_part();
        tlv::push(&mut content, 0x8E, &self.tac);
        let mut out = Vec::with_capacity(content.len() + 2);
        tlv::push(&mut out, TAG, &content);
        out
    }

    /// Reads a receipt; objects of unknown tag are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::parse(bytes, TAG, false)?;
        let receipt = Receipt {
            meter: fields.bcd(0x80, "meter number", MeterNumber::new)?,
            count: u32::from_be_bytes(fields.take(0x83, "purchase count")?),
            order: OrderId(fields.take(0x85, "order id")?),
            result: u8::from_be_bytes(fields.take(0x8A, "result")?),
            balance: Fen(u32::from_be_bytes(fields.take(0x8B, "balance")?)),
            register: u32::from_be_bytes(fields.take(0x8C, "register")?),
            time: fields.bcd(0x8D, "meter time", BcdTime::new)?,
            tac: fields.take(0x8E, "TAC")?,
        };
        fields.end()?;
        Ok(receipt)
    }
}
