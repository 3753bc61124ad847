//! The objects of requests and answers, typed.

use super::TalkError;
use alloc::string::String;
use alloc::vec::Vec;
use keys::Zeroizing;
use scheme::moment::Moment;
use scheme::money::Fen;
use scheme::numbers::MeterNumber;
use scheme::order::OrderId;
use wire::tlv;

pub(super) const CUSTOMER: u8 = 0x80;
pub(super) const MSISDN: u8 = 0x81;
pub(super) const IMSI: u8 = 0x82;
pub(super) const IMEI: u8 = 0x83;
pub(super) const USER: u8 = 0x84;
pub(super) const PASSWORD: u8 = 0x85;
pub(super) const METER: u8 = 0x86;
pub(super) const BILL: u8 = 0x87;
pub(super) const ACCOUNT: u8 = 0x88;
pub(super) const AMOUNT: u8 = 0x89;
pub(super) const WAY: u8 = 0x8A;
pub(super) const PURCHASE: u8 = 0x8B;
pub(super) const MOMENT: u8 = 0x8C;
pub(super) const STATE: u8 = 0x8D;
pub(super) const ORDER: u8 = 0x8E;
pub(super) const WHY: u8 = 0x8F;
pub(super) const PSK: u8 = 0x90;
pub(super) const NAME: u8 = 0x91;
pub(super) const MANY: u8 = 0x92;
pub(super) const BALANCE: u8 = 0x93;
pub(super) const COUNT: u8 = 0x94;
pub(super) const RECORD: u8 = 0x95;
pub(super) const MESSAGE: u8 = 0x96;
pub(super) const CUSTOMER_NAME: u8 = 0x97;
pub(super) const CREDITED: u8 = 0x98;
pub(super) const REFUSAL: u8 = 0x99;
pub(super) const ICCID: u8 = 0x9A;
pub(super) const BINDING: u8 = 0x9B;
pub(super) const CONTRACT: u8 = 0xA0;
pub(super) const SOLD: u8 = 0xA1;

/// Objects that are written.
#[derive(Default)]
pub(super) struct Writer(pub Zeroizing<Vec<u8>>);

impl Writer {
    pub fn bytes(&mut self, tag: u8, value: &[u8]) -> &mut Self {
        tlv::push(&mut self.0, tag, value);
        self
    }

    pub fn text(&mut self, tag: u8, value: &str) -> &mut Self {
        self.bytes(tag, value.as_bytes())
    }

    pub fn fen(&mut self, tag: u8, value: Fen) -> &mut Self {
        self.bytes(tag, &value.0.to_be_bytes())
    }

    /// What is there of something that may be missing.
    pub fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        if let Some(value) = value {
            write(self, value);
        }
        self
    }
}

/// Objects that were read; each is taken once, and at the end none may be left.
pub(super) struct Reader(Vec<(u8, Zeroizing<Vec<u8>>)>);

impl Reader {
    /// # Errors
    /// They are no objects.
    pub fn new(bytes: &[u8]) -> Result<Self, TalkError> {
        let objects = tlv::objects(bytes).map_err(|_| TalkError("no data objects"))?;
        Ok(Reader(objects.into_iter().map(|object| (object.tag, Zeroizing::new(object.value))).collect()))
    }

    /// # Errors
    /// Something is left: unknown here, or said twice.
    pub fn end(self) -> Result<(), TalkError> {
        if self.0.is_empty() { Ok(()) } else { Err(TalkError("an object that does not belong here")) }
    }

    /// The next object of a tag.
    pub fn next(&mut self, tag: u8) -> Option<Zeroizing<Vec<u8>>> {
        let place = self.0.iter().position(|(found, _)| *found == tag)?;
        Some(self.0.remove(place).1)
    }

    pub fn array<const N: usize>(&mut self, tag: u8) -> Result<Option<[u8; N]>, TalkError> {
        let Some(value) = self.next(tag) else { return Ok(None) };
        <[u8; N]>::try_from(&value[..]).map(Some).map_err(|_| TalkError("an object of another length"))
    }

    /// Text of 1 to `max` characters, none of them a control character.
    pub fn text(&mut self, tag: u8, max: usize) -> Result<Option<Zeroizing<String>>, TalkError> {
        let Some(value) = self.next(tag) else { return Ok(None) };
        let text = core::str::from_utf8(&value).map_err(|_| TalkError("text that is no UTF-8"))?;
        if !(1..=max).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(TalkError("text that is too long, empty or not to be shown"));
        }
        Ok(Some(Zeroizing::new(String::from(text))))
    }

    /// Text that is parsed.
    pub fn parsed<T: core::str::FromStr>(&mut self, tag: u8, max: usize) -> Result<Option<T>, TalkError> {
        let Some(text) = self.text(tag, max)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| TalkError("text that has not its form"))
    }

    pub fn fen(&mut self, tag: u8) -> Result<Option<Fen>, TalkError> {
        Ok(self.array(tag)?.map(|bytes| Fen(u32::from_be_bytes(bytes))))
    }

    pub fn byte(&mut self, tag: u8) -> Result<Option<u8>, TalkError> {
        Ok(self.array::<1>(tag)?.map(|[byte]| byte))
    }

    pub fn meter(&mut self) -> Result<Option<MeterNumber>, TalkError> {
        let Some(bytes) = self.array(METER)? else { return Ok(None) };
        MeterNumber::new(bytes).map(Some).map_err(|_| TalkError("a number that is none"))
    }

    pub fn order(&mut self, tag: u8) -> Result<Option<OrderId>, TalkError> {
        Ok(self.array(tag)?.map(OrderId))
    }

    pub fn moment(&mut self) -> Result<Option<Moment>, TalkError> {
        let Some(bytes) = self.array(MOMENT)? else { return Ok(None) };
        Moment::new(bytes).map(Some).map_err(|_| TalkError("a time that is none"))
    }
}

/// Something that has to be there.
pub(super) fn must<T>(value: Option<T>) -> Result<T, TalkError> {
    value.ok_or(TalkError("an object is missing"))
}
