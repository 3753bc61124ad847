//! A secured packet that one message does not hold goes in two [TS 23.040 9.2.3.24.1, TS 31.115 4]. The first has the packet's element
//! beside that of the place; the second has none: it belongs to the first by direction, correspondent and reference.

use alloc::vec::Vec;

use super::content::Ours;
use super::record::{MOST_PARTS, SmsRecord};
use super::text;
use super::tpdu::{Alphabet, MAX_USER_DATA, Part, Tpdu};

/// Bytes of a packet's user data header.
const HEADER: usize = 3;

/// User data of a packet (`02 70 00 ..` or `02 71 00 ..`) as the user data of its messages: as it is where one holds it, else
/// `07 00 03 reference 02 01 70 00 ..` and `05 00 03 reference 02 02 ..`. `None` of what two do not hold, or of no packet.
#[must_use]
pub fn split(user_data: &[u8], reference: u8) -> Option<Vec<Vec<u8>>> {
    if user_data.len() <= MAX_USER_DATA {
        return Some([user_data.to_vec()].into());
    }
    let (&[0x02, element, 0x00], body) = user_data.split_first_chunk::<HEADER>()? else { return None };
    let first = [0x07, 0x00, 0x03, reference, 0x02, 0x01, element, 0x00];
    let second = [0x05, 0x00, 0x03, reference, 0x02, 0x02];
    let (head, tail) = body.split_at_checked(MAX_USER_DATA - first.len())?;
    (second.len() + tail.len() <= MAX_USER_DATA)
        .then(|| [[&first[..], head].concat(), [&second[..], tail].concat()].into())
}

/// The place of a message that is a part of one of ours: the first tells by itself.
#[must_use]
pub fn first(tpdu: &Tpdu) -> Option<(Ours, Part)> {
    let part = part_of_two(tpdu).filter(|part| part.sequence == 1)?;
    Some((Ours::of(tpdu)?, part))
}

/// The place of a message that may be the second part of one of ours.
#[must_use]
pub fn second(tpdu: &Tpdu) -> Option<Part> {
    let is_data = Alphabet::of(tpdu.dcs()) == Alphabet::Octets && tpdu.user_data().packet_element().is_none();
    part_of_two(tpdu).filter(|part| part.sequence == 2 && is_data)
}

fn part_of_two(tpdu: &Tpdu) -> Option<Part> {
    tpdu.user_data().part().filter(|part| part.total == MOST_PARTS)
}

/// Whether a message is the second part of one whose first is ours. Several may be: which one it is, its packet's checksum says.
#[must_use]
pub fn belong(one: &Tpdu, other: &Tpdu) -> bool {
    let (Some((_, head)), Some(tail)) = (first(one), second(other)) else { return false };
    let address = |tpdu: &Tpdu| {
        let address = tpdu.address();
        (address.ton_npi(), text::address(address))
    };
    (head.reference, head.is_wide) == (tail.reference, tail.is_wide)
        && one.direction() == other.direction()
        && address(one) == address(other)
}

/// As [`belong`], of records: they came over the same service centre too.
#[must_use]
pub fn records_belong(one: &SmsRecord, other: &SmsRecord) -> bool {
    let centre = |record: &SmsRecord| record.service_centre.as_ref().map(text::address);
    belong(&one.tpdu, &other.tpdu) && centre(one) == centre(other)
}

/// What stands behind the header of both parts.
#[must_use]
pub fn body(first: &Tpdu, second: &Tpdu) -> Vec<u8> {
    [first.user_data().body(), second.user_data().body()].concat()
}
