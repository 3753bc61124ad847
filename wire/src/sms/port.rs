//! Data for an application on a phone, or from one: 8-bit messages with its port in the header, in parts where one does not hold them
//! [TS 23.040 9.2.3.24.1, 9.2.3.24.4].

use alloc::vec::Vec;

use super::tpdu::{InformationElement, MAX_USER_DATA, UserData};

/// Element of two ports of two octets each: the receiver's, then the sender's, big endian.
const IE_PORTS_WIDE: u8 = 0x05;
/// Header of a message that stands alone: UDHL, and the ports.
const ALONE: usize = 7;
/// Header of a part: the same, and its place.
const OF_PART: usize = 12;
/// What one message holds beside its ports.
pub const WHOLE: usize = MAX_USER_DATA - ALONE;
/// What one part holds.
pub const OF_EACH: usize = MAX_USER_DATA - OF_PART;
/// Most parts a message goes in.
pub const MOST: usize = 255;

/// Where data goes and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The application it is for.
    pub to: u16,
    /// The application it is from.
    pub from: u16,
}

impl Ports {
    /// Those of a message; `None` where it names none, or names them in one octet each.
    #[must_use]
    pub fn of(user_data: &UserData) -> Option<Self> {
        let read = |element: &InformationElement| match (element.id, element.data.as_slice()) {
            (IE_PORTS_WIDE, &[t1, t0, f1, f0]) => {
                Some(Ports { to: u16::from_be_bytes([t1, t0]), from: u16::from_be_bytes([f1, f0]) })
            }
            _ => None,
        };
        user_data.elements().iter().rev().find_map(read)
    }

    fn octets(self) -> [u8; 4] {
        let ([t1, t0], [f1, f0]) = (self.to.to_be_bytes(), self.from.to_be_bytes());
        [t1, t0, f1, f0]
    }
}

/// User data of the messages that carry `data`, header first: one where it fits into 133 bytes, else parts of 128 that share `reference`.
/// `None` where 255 parts do not hold it.
#[must_use]
pub fn split(data: &[u8], ports: Ports, reference: u8) -> Option<Vec<Vec<u8>>> {
    let [t1, t0, f1, f0] = ports.octets();
    let ports = [IE_PORTS_WIDE, 4, t1, t0, f1, f0];
    if data.len() <= WHOLE {
        return Some([[&[6], &ports[..], data].concat()].into());
    }
    let total = u8::try_from(data.len().div_ceil(OF_EACH)).ok()?;
    let part = |(sequence, data): (u8, &[u8])| {
        [&[11], &ports[..], &[0x00, 3, reference, total, sequence], data].concat()
    };
    Some((1..=total).zip(data.chunks(OF_EACH)).map(part).collect())
}
