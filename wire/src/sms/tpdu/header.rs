//! Elements of the user data header [TS 23.040 9.2.3.24].

use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::TpduError;
use super::field::Field;
use super::note::Oddity;

/// Place in a longer text, reference of one octet.
const IE_PART: u8 = 0x00;
/// Place in a longer text, reference of two octets.
const IE_PART_WIDE: u8 = 0x08;
/// Application ports of one octet each.
const IE_PORTS: u8 = 0x04;
/// Application ports of two octets each.
const IE_PORTS_WIDE: u8 = 0x05;
/// Information element of a command packet; here, an order.
pub const IE_COMMAND_PACKET: u8 = 0x70;
/// Information element of a response packet; here, a receipt.
pub const IE_RESPONSE_PACKET: u8 = 0x71;
/// Extension table of a language.
pub(super) const IE_SINGLE_SHIFT: u8 = 0x24;
/// Main table of a language.
pub(super) const IE_LOCKING_SHIFT: u8 = 0x25;

/// One element of a user data header: identifier, then a length octet and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InformationElement {
    /// Identifier: 00/08 concatenation, 70/71 command/response packet.
    pub id: u8,
    /// Data without the length octet.
    pub data: Vec<u8>,
}

/// Place of a message in a longer text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Number all parts of one text share.
    pub reference: u16,
    /// The reference has two octets: another number space.
    pub is_wide: bool,
    /// Parts the text has, at least 1.
    pub total: u8,
    /// This part, 1 to `total`.
    pub sequence: u8,
}

/// Kinds of elements of which one rules: the last that makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Part,
    Ports,
    Packet,
    SingleShift,
    LockingShift,
}

/// What an element of a kind we follow comes to.
enum Sense {
    /// Of no kind we follow.
    None,
    /// Right for its kind.
    Sound(Role),
    /// Wrong length for its kind.
    Length,
    /// Numbers that make no sense.
    Value,
}

impl InformationElement {
    fn sense(&self) -> Sense {
        let (role, len) = match self.id {
            IE_PART => (Role::Part, 3),
            IE_PART_WIDE => (Role::Part, 4),
            IE_PORTS => (Role::Ports, 2),
            IE_PORTS_WIDE => (Role::Ports, 4),
            IE_COMMAND_PACKET | IE_RESPONSE_PACKET => (Role::Packet, 0),
            IE_SINGLE_SHIFT => (Role::SingleShift, 1),
            IE_LOCKING_SHIFT => (Role::LockingShift, 1),
            _ => return Sense::None,
        };
        if self.data.len() != len {
            return Sense::Length;
        }
        match role {
            Role::Part if self.part().is_none() => Sense::Value,
            _ => Sense::Sound(role),
        }
    }

    /// The place it tells; none when it is another element, or its numbers make no sense.
    fn part(&self) -> Option<Part> {
        let (reference, is_wide, total, sequence) = match (self.id, self.data.as_slice()) {
            (IE_PART, &[reference, total, sequence]) => (u16::from(reference), false, total, sequence),
            (IE_PART_WIDE, &[high, low, total, sequence]) => {
                (u16::from_be_bytes([high, low]), true, total, sequence)
            }
            _ => return None,
        };
        (1..=total).contains(&sequence).then_some(Part { reference, is_wide, total, sequence })
    }
}

/// Where a message belongs in a longer text: of several places that make sense the last.
pub(super) fn part(elements: &[InformationElement]) -> Option<Part> {
    elements.iter().rev().find_map(InformationElement::part)
}

/// The element of a secured packet: of several without data the last.
pub(super) fn packet(elements: &[InformationElement]) -> Option<u8> {
    let is_packet = |element: &&InformationElement| matches!(element.sense(), Sense::Sound(Role::Packet));
    elements.iter().rev().find(is_packet).map(|element| element.id)
}

/// The number of a language table, by the element that names it: of several the last.
pub(super) fn language(elements: &[InformationElement], id: u8) -> Option<u8> {
    let named = |element: &InformationElement| match element.data.as_slice() {
        &[number] if element.id == id => Some(number),
        _ => None,
    };
    elements.iter().rev().find_map(named)
}

/// UDHL and its elements, from the first octet on, as a sender must write them; also gives the octets they take.
pub(super) fn whole(octets: &[u8]) -> Result<(Vec<InformationElement>, usize), TpduError> {
    let needed = 1 + usize::from(octets.first().copied().unwrap_or(0));
    let available = octets.len();
    let beyond = TpduError::HeaderBeyond { offset: 0, needed, available };
    Ok((read(octets.get(1..needed).ok_or(beyond)?, 1)?, needed))
}

/// Elements that must fill the octets; `start` is where those stand.
pub(super) fn read(mut rest: &[u8], start: usize) -> Result<Vec<InformationElement>, TpduError> {
    let mut elements = Vec::new();
    let whole = rest.len();
    while !rest.is_empty() {
        let offset = start + whole - rest.len();
        let needed = 2 + rest.get(1).copied().map_or(0, usize::from);
        let (element, after) = rest.split_at_checked(needed).ok_or(TpduError::HeaderBeyond {
            offset,
            needed,
            available: rest.len(),
        })?;
        elements.push(InformationElement { id: element[0], data: element[2..].to_vec() });
        rest = after;
    }
    Ok(elements)
}

/// Notes the elements that are passed over or overruled; `start` is where the first one stands.
pub(super) fn note_odd(elements: &[InformationElement], cursor: &mut Cursor<'_>, start: usize) {
    let mut at = start;
    for (n, element) in elements.iter().enumerate() {
        let later = elements.iter().skip(n + 1);
        let oddity = match element.sense() {
            Sense::None => None,
            Sense::Length => Some(Oddity::ElementLength(element.id)),
            Sense::Value => Some(Oddity::ElementValue(element.id)),
            Sense::Sound(role) => {
                let mut rivals =
                    later.filter(|other| matches!(other.sense(), Sense::Sound(of) if of == role));
                rivals.next().map(|_| Oddity::ElementAgain(element.id))
            }
        };
        if let Some(oddity) = oddity {
            cursor.note(Field::Header, at, oddity);
        }
        at += 2 + element.data.len();
    }
}
