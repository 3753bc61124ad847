//! The purchase order, tag E1 [docs/specs/purchase.md 1].

use crate::moment::Moment;
use crate::money::Fen;
use crate::numbers::{CustomerNumber, MeterNumber, NumberError};
use alloc::vec::Vec;
use core::fmt;
use sha2::{Digest, Sha256};
use wire::tlv::{self, Object, TlvError};

/// Tag of an order.
pub const TAG: u8 = 0xE1;

/// What an order does to the meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OrderKind {
    /// First purchase: the meter learns its customer and SIM.
    Open = 1,
    /// Recharge.
    Recharge = 2,
    /// Recharge from a replacement SIM: the meter learns the new SIM.
    Replacement = 3,
}

impl OrderKind {
    /// The kind byte.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a kind byte.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(OrderKind::Open),
            2 => Some(OrderKind::Recharge),
            3 => Some(OrderKind::Replacement),
            _ => None,
        }
    }

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            OrderKind::Open => "open account",
            OrderKind::Recharge => "recharge",
            OrderKind::Replacement => "replacement SIM",
        }
    }
}

/// Identifies an order; random.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub [u8; 8]);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({self})")
    }
}

impl core::str::FromStr for OrderId {
    type Err = NotEightBytes;

    /// 16 hex digits, in any form of [`wire::typed::bytes`].
    fn from_str(text: &str) -> Result<Self, NotEightBytes> {
        eight(text).map(OrderId)
    }
}

/// First 8 bytes of SHA-256 over the EF_IMSI content: which SIM an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SimBinding(pub [u8; 8]);

impl SimBinding {
    /// The binding of a SIM, from the content of its EF_IMSI.
    pub fn of(imsi_file: &[u8]) -> Self {
        SimBinding(first8(imsi_file))
    }
}

/// Why a text is no number of 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEightBytes {
    /// It is no bytes.
    #[error(transparent)]
    Typed(#[from] wire::typed::TypedError),
    /// It has another number of bytes.
    #[error("it has 16 hex digits, this has {0}")]
    Length(usize),
}

fn eight(text: &str) -> Result<[u8; 8], NotEightBytes> {
    let bytes = wire::typed::bytes(text)?;
    let len = bytes.len();
    bytes.try_into().map_err(|_| NotEightBytes::Length(2 * len))
}

fn first8(data: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(data).into();
    let [a, b, c, d, e, f, g, h, ..] = hash;
    [a, b, c, d, e, f, g, h]
}

/// Serial number of a chip, 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial8(pub [u8; 8]);

impl fmt::Display for Serial8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Serial8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial8({self})")
    }
}

impl core::str::FromStr for Serial8 {
    type Err = NotEightBytes;

    /// 16 hex digits, in any form of [`wire::typed::bytes`].
    fn from_str(text: &str) -> Result<Self, NotEightBytes> {
        eight(text).map(Serial8)
    }
}

/// First 8 bytes of SHA-256 over the encoded order (`E1 ..`): which of several orders of one count a receipt is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderDigest(pub [u8; 8]);

impl OrderDigest {
    /// The digest of an encoded order.
    pub fn of(order: &[u8]) -> Self {
        OrderDigest(first8(order))
    }
}

impl fmt::Display for OrderDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for OrderDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderDigest({self})")
    }
}

/// A purchase order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// 80: meter.
    pub meter: MeterNumber,
    /// 81: customer.
    pub customer: CustomerNumber,
    /// 82: amount; nothing in a reversal, which takes its count and credits nothing.
    pub amount: Fen,
    /// 83: purchase count.
    pub count: u32,
    /// 84: issued at.
    pub issued: Moment,
    /// 85: order id.
    pub id: OrderId,
    /// 86: kind.
    pub kind: OrderKind,
    /// 87: SIM binding.
    pub binding: SimBinding,
    /// 88: valid until.
    pub valid_until: Moment,
    /// 89: serial number of the ESAM it is for.
    pub serial: Serial8,
}

/// Why bytes are not an order, or not a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Not the data object it should be, or data objects inside that are not well formed.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// An object that should be there is not.
    #[error("data object {tag:02X} ({name}) is missing")]
    Missing {
        /// Its tag.
        tag: u8,
        /// Its name.
        name: &'static str,
    },
    /// An object stands twice, or behind one with a higher tag.
    #[error("data object {tag:02X} stands twice or out of order")]
    Order {
        /// Its tag.
        tag: u8,
    },
    /// An object no order has.
    #[error("data object {tag:02X} is unknown")]
    Unknown {
        /// Its tag.
        tag: u8,
    },
    /// An object of the wrong length.
    #[error("data object {tag:02X} ({name}) has {found} byte(s), it should have {wanted}")]
    Length {
        /// Its tag.
        tag: u8,
        /// Its name.
        name: &'static str,
        /// Length wanted.
        wanted: usize,
        /// Length found.
        found: usize,
    },
    /// An object that is no number or time.
    #[error("data object {tag:02X} ({name}): {source}")]
    Bcd {
        /// Its tag.
        tag: u8,
        /// Its name.
        name: &'static str,
        /// Why.
        source: NumberError,
    },
    /// A kind byte that means nothing.
    #[error("data object 86 (kind) is {0:02X}, which is no order kind")]
    Kind(u8),
}

/// The fields of an order or receipt, taken one after another in ascending tag order.
pub(crate) struct Fields {
    objects: Vec<Object>,
    strict: bool,
    at: usize,
}

impl Fields {
    /// `strict`: an unknown object is an error; else it is passed over.
    pub(crate) fn parse(bytes: &[u8], tag: u8, strict: bool) -> Result<Self, FieldError> {
        let objects = tlv::objects(&tlv::only(bytes, tag)?)?;
        if let Some(pair) = objects.windows(2).find(|pair| pair[1].tag <= pair[0].tag) {
            return Err(FieldError::Order { tag: pair[1].tag });
        }
        Ok(Fields { objects, strict, at: 0 })
    }

    pub(crate) fn take<const N: usize>(
        &mut self,
        tag: u8,
        name: &'static str,
    ) -> Result<[u8; N], FieldError> {
        while let Some(object) = self.objects.get(self.at) {
            if object.tag > tag {
                break;
            }
            self.at += 1;
            if object.tag == tag {
                let found = object.value.len();
                let length = |_| FieldError::Length { tag, name, wanted: N, found };
                return object.value.as_slice().try_into().map_err(length);
            }
            if self.strict {
                return Err(FieldError::Unknown { tag: object.tag });
            }
        }
        Err(FieldError::Missing { tag, name })
    }

    pub(crate) fn bcd<T, const N: usize>(
        &mut self,
        tag: u8,
        name: &'static str,
        new: fn([u8; N]) -> Result<T, NumberError>,
    ) -> Result<T, FieldError> {
        new(self.take(tag, name)?).map_err(|source| FieldError::Bcd { tag, name, source })
    }

    pub(crate) fn end(self) -> Result<(), FieldError> {
        match self.objects.get(self.at) {
            Some(object) if self.strict => Err(FieldError::Unknown { tag: object.tag }),
            _ => Ok(()),
        }
    }
}

impl Order {
    /// The encoded order: 81 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut content = Vec::with_capacity(79);
        tlv::push(&mut content, 0x80, &self.meter.0);
        tlv::push(&mut content, 0x81, &self.customer.0);
        tlv::push(&mut content, 0x82, &self.amount.0.to_be_bytes());
        tlv::push(&mut content, 0x83, &self.count.to_be_bytes());
        tlv::push(&mut content, 0x84, &self.issued.0);
        tlv::push(&mut content, 0x85, &self.id.0);
        tlv::push(&mut content, 0x86, &[self.kind.code()]);
        tlv::push(&mut content, 0x87, &self.binding.0);
        tlv::push(&mut content, 0x88, &self.valid_until.0);
        tlv::push(&mut content, 0x89, &self.serial.0);
        let mut out = Vec::with_capacity(81);
        tlv::push(&mut out, TAG, &content);
        out
    }

    /// The digest a receipt names it by.
    pub fn digest(&self) -> OrderDigest {
        OrderDigest::of(&self.to_bytes())
    }

    /// Reads an order, strictly: every object once, in order, nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let mut fields = Fields::parse(bytes, TAG, true)?;
        let order = Order {
            meter: fields.bcd(0x80, "meter number", MeterNumber::new)?,
            customer: fields.bcd(0x81, "customer number", CustomerNumber::new)?,
            amount: Fen(u32::from_be_bytes(fields.take(0x82, "amount")?)),
            count: u32::from_be_bytes(fields.take(0x83, "purchase count")?),
            issued: fields.bcd(0x84, "issued at", Moment::new)?,
            id: OrderId(fields.take(0x85, "order id")?),
            kind: {
                let [code] = fields.take(0x86, "kind")?;
                OrderKind::from_code(code).ok_or(FieldError::Kind(code))?
            },
            binding: SimBinding(fields.take(0x87, "SIM binding")?),
            valid_until: fields.bcd(0x88, "valid until", Moment::new)?,
            serial: Serial8(fields.take(0x89, "ESAM serial")?),
        };
        fields.end()?;
        Ok(order)
    }
}

impl crate::Fault for FieldError {
    fn code(&self) -> &str {
        match self {
            FieldError::Tlv(_) => "field-tlv",
            FieldError::Missing { .. } => "field-missing",
            FieldError::Order { .. } => "field-order",
            FieldError::Unknown { .. } => "field-unknown",
            FieldError::Length { .. } => "field-length",
            FieldError::Bcd { .. } => "field-bcd",
            FieldError::Kind(_) => "field-kind",
        }
    }
}
