//! IrLMP: the services of a device, side by side on one connection [docs/specs/lines.md 3].

/// The selector of the information service.
pub const IAS: u8 = 0;
const CONTROL: u8 = 0x80;
const SELECTOR: u8 = 0x7F;
const CONNECT: u8 = 0x01;
const DISCONNECT: u8 = 0x02;
const CONFIRM: u8 = 0x80;
/// The reason of an end: a user asked for it.
const ASKED_FOR: u8 = 0x01;

/// What is said between two selectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Connect, with a user's bytes.
    Connect(Vec<u8>),
    /// Connected, with a user's bytes.
    Confirm(Vec<u8>),
    /// Disconnected, or refused.
    Disconnect,
    /// Data.
    Data(Vec<u8>),
}

/// A unit of IrLMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// To which selector, 7 bits.
    pub to: u8,
    /// From which.
    pub from: u8,
    /// What.
    pub what: What,
}

impl Unit {
    /// As it stands in a frame's data.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (to, from) = (self.to & SELECTOR, self.from & SELECTOR);
        let control = |operation, last, user: &[u8]| [&[to | CONTROL, from, operation, last], user].concat();
        match &self.what {
            What::Connect(user) => control(CONNECT, 0, user),
            What::Confirm(user) => control(CONNECT | CONFIRM, 0, user),
            What::Disconnect => control(DISCONNECT, ASKED_FOR, &[]),
            What::Data(user) => [&[to, from], &user[..]].concat(),
        }
    }

    /// Reads it; `None`: cut off, or an operation that is not known here.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let ([to, from], rest) = bytes.split_first_chunk::<2>()?;
        let what = if to & CONTROL == 0 {
            What::Data(rest.to_vec())
        } else {
            let (operation, rest) = rest.split_first()?;
            let user = rest.get(1..).unwrap_or_default().to_vec();
            match *operation {
                CONNECT => What::Connect(user),
                operation if operation == CONNECT | CONFIRM => What::Confirm(user),
                DISCONNECT => What::Disconnect,
                _ => return None,
            }
        };
        Some(Unit { to: to & SELECTOR, from: from & SELECTOR, what })
    }
}
