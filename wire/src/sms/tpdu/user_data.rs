//! User data: length, header elements and body [TS 23.040 9.2.3.16, 9.2.3.24].
//!
//! Building is strict, reading is not: whatever a length or an element says, the octets that are there are kept, and what
//! cannot be followed is noted [docs/specs/sim.md, bytes that should not be there].

use alloc::vec::Vec;

use super::cursor::Cursor;
use super::error::{TpduError, too_long};
use super::field::Field;
use super::header::{self, InformationElement, Part};
use super::note::Oddity;
use super::septets::{ESCAPE, pack, unpack};

/// Most octets of user data, header included [TS 23.040 9.2.3.16].
pub const MAX_USER_DATA: usize = 140;
/// Most septets of user data, header and fill bits included: 140 octets of 8 bits.
pub const MAX_SEPTETS: u8 = 160;

/// How the octets of user data are to be read [TS 23.038 4].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// GSM 7-bit default alphabet, packed; lengths count septets.
    Gsm7,
    /// 8-bit data.
    Octets,
    /// UCS2, big endian.
    Ucs2,
    /// Compressed text of any alphabet [TS 23.042]; lengths count octets.
    Compressed,
}

impl Alphabet {
    /// The alphabet of a data coding scheme; reserved codings count as the default alphabet.
    #[must_use]
    pub fn of(dcs: u8) -> Self {
        match dcs >> 4 {
            0x0..=0x7 if dcs & 0x20 != 0 => Self::Compressed,
            0x0..=0x7 => match dcs & 0x0C {
                0x04 => Self::Octets,
                0x08 => Self::Ucs2,
                _ => Self::Gsm7,
            },
            0xE => Self::Ucs2,
            0xF if dcs & 0x04 != 0 => Self::Octets,
            _ => Self::Gsm7,
        }
    }

    /// Whether a data coding scheme has no meaning of its own.
    #[must_use]
    pub fn is_reserved(dcs: u8) -> bool {
        match dcs >> 4 {
            0x0..=0x7 => dcs & 0x0C == 0x0C,
            0x8..=0xB => true,
            _ => false,
        }
    }
}

/// What stands in front of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Header {
    None,
    /// UDHL and elements, `len` octets with UDHL. Without elements when they do not come out even, or UDHL is 00.
    Octets {
        len: usize,
        elements: Vec<InformationElement>,
    },
    /// UDHL says more than there is: where the body begins nobody knows.
    Beyond,
}

/// User data: header elements and what follows them [TS 23.040 9.2.3.24].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// UDL as it is written.
    stated: u8,
    /// UDL counts septets.
    in_septets: bool,
    /// What is there, header included; may be more than 140 octets, or fewer than stated.
    octets: Vec<u8>,
    header: Header,
}

impl UserData {
    /// None at all.
    pub(super) const EMPTY: UserData =
        UserData { stated: 0, in_septets: false, octets: Vec::new(), header: Header::None };

    /// 8-bit or UCS2 user data as on the wire after UDL; at most 140 octets. With `has_header`
    /// the first octet is UDHL (`02 70 00 ..`), and the header must be whole.
    pub fn from_octets(octets: &[u8], has_header: bool) -> Result<Self, TpduError> {
        if octets.len() > MAX_USER_DATA {
            return Err(too_long(Field::UserDataLength, 0, octets.len(), MAX_USER_DATA));
        }
        let header = if has_header {
            let (elements, len) = header::whole(octets)?;
            Header::Octets { len, elements }
        } else {
            Header::None
        };
        // At most 140.
        let stated = u8::try_from(octets.len()).unwrap_or(u8::MAX);
        Ok(Self { stated, in_septets: false, octets: octets.to_vec(), header })
    }

    /// Text in the 7-bit alphabet without a header, one septet a byte; at most 160.
    pub fn from_septets(septets: &[u8]) -> Result<Self, TpduError> {
        match u8::try_from(septets.len()) {
            Ok(stated @ ..=MAX_SEPTETS) => {
                Ok(Self { stated, in_septets: true, octets: pack(septets), header: Header::None })
            }
            _ => Err(too_long(Field::UserDataLength, 0, septets.len(), MAX_SEPTETS.into())),
        }
    }

    /// Elements of the header, in wire order; empty without one, and when they do not come out even with it.
    #[must_use]
    pub fn elements(&self) -> &[InformationElement] {
        match &self.header {
            Header::Octets { elements, .. } => elements,
            Header::None | Header::Beyond => &[],
        }
    }

    /// The element with this identifier: of several the last [TS 23.040 9.2.3.24].
    #[must_use]
    pub fn element(&self, id: u8) -> Option<&InformationElement> {
        self.elements().iter().rev().find(|element| element.id == id)
    }

    /// Where this message belongs in a longer text; none when it stands alone, or when its numbers make no sense. Of two
    /// places the last counts, whichever width their references have [TS 23.040 9.2.3.24].
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        header::part(self.elements())
    }

    /// The element of a command or response packet, 70 or 71; of both the last counts, and one with data for nothing.
    #[must_use]
    pub fn packet_element(&self) -> Option<u8> {
        header::packet(self.elements())
    }

    /// Numbers of the language's main and extension table [TS 23.038 6.2.1.2]; 0 where none is named.
    pub(crate) fn language(&self) -> (u8, u8) {
        let named = |id| header::language(self.elements(), id).unwrap_or(0);
        (named(header::IE_LOCKING_SHIFT), named(header::IE_SINGLE_SHIFT))
    }

    /// Whether a header is announced, even an empty one.
    #[must_use]
    pub fn has_header(&self) -> bool {
        self.header != Header::None
    }

    /// Whether it is known where the body begins: false when the header claims more than there is.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.header != Header::Beyond
    }

    /// Octets after the header, as far as a message may have them; in the 7-bit alphabet the packed septets with the
    /// fill bits that align them, as on the wire. All octets when the header claims more than there is.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        let lawful = self.octets.get(..MAX_USER_DATA).unwrap_or(&self.octets);
        lawful.get(self.header_len()..).unwrap_or_default()
    }

    /// UDL when it counts septets, header and fill included; none when it counts octets.
    #[must_use]
    pub fn septets(&self) -> Option<u8> {
        self.in_septets.then_some(self.stated)
    }

    /// The septets behind the header, one a byte; none when UDL counts octets.
    #[must_use]
    pub fn text_septets(&self) -> Vec<u8> {
        if !self.in_septets || !self.is_whole() {
            return Vec::new();
        }
        let header_bits = self.header_len() * 8;
        // The text begins on a septet border counted from the start of the user data.
        let header_septets = header_bits.div_ceil(7);
        let fill = header_septets * 7 - header_bits;
        let count = usize::from(self.stated.min(MAX_SEPTETS)).saturating_sub(header_septets);
        unpack(self.body(), fill, count)
    }

    /// Octets the header takes, with UDHL; 0 without a header.
    #[must_use]
    pub fn header_len(&self) -> usize {
        match &self.header {
            Header::Octets { len, .. } => *len,
            Header::None | Header::Beyond => 0,
        }
    }

    /// Everything after UDL as on the wire, as far as it is there: UDHL, elements, body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.octets.clone()
    }

    pub(super) fn read(cursor: &mut Cursor<'_>, dcs: u8, has_header: bool) -> Result<Self, TpduError> {
        let offset = cursor.at;
        let stated = cursor.byte(Field::UserDataLength)?;
        let alphabet = Alphabet::of(dcs);
        let in_septets = alphabet == Alphabet::Gsm7;
        let (wanted, limit) = if in_septets {
            ((usize::from(stated) * 7).div_ceil(8), usize::from(MAX_SEPTETS))
        } else {
            (usize::from(stated), MAX_USER_DATA)
        };
        if usize::from(stated) > limit {
            cursor.note(Field::UserDataLength, offset, Oddity::TooMuch { stated: stated.into(), limit });
        }
        let start = cursor.at;
        let octets = cursor.take_up_to(wanted).to_vec();
        if octets.len() < wanted {
            let there = octets.len();
            cursor.note(Field::UserData, start, Oddity::Cut { stated: wanted, there });
        }
        let mut data = Self { stated, in_septets, octets, header: Header::None };
        if has_header {
            data.header = data.split(cursor, start);
        }
        data.note_text(cursor, alphabet, start);
        Ok(data)
    }

    /// Takes the header off; `start` is where the user data begin in the message.
    fn split(&self, cursor: &mut Cursor<'_>, start: usize) -> Header {
        let needed = 1 + usize::from(self.octets.first().copied().unwrap_or(0));
        let available = self.octets.len();
        // In septets the header ends on a septet border, which may lie past its last octet.
        let is_past = self.in_septets && (needed * 8).div_ceil(7) > usize::from(self.stated);
        let Some(elements) = self.octets.get(1..needed).filter(|_| !is_past) else {
            cursor.note(Field::Header, start, Oddity::HeaderBeyond { needed, available });
            return Header::Beyond;
        };
        let elements = header::read(elements, start + 1).unwrap_or_else(|_| {
            cursor.note(Field::Header, start, Oddity::HeaderIgnored);
            Vec::new()
        });
        header::note_odd(&elements, cursor, start + 1);
        Header::Octets { len: needed, elements }
    }

    /// What is odd about the text itself.
    fn note_text(&self, cursor: &mut Cursor<'_>, alphabet: Alphabet, start: usize) {
        let body = self.body();
        let at = start + self.header_len();
        match alphabet {
            Alphabet::Compressed => cursor.note(Field::UserData, at, Oddity::Compressed),
            Alphabet::Ucs2 if self.is_whole() => {
                if body.starts_with(&[0xFF, 0xFE]) {
                    cursor.note(Field::UserData, at, Oddity::OtherByteOrder);
                }
                if body.len() % 2 == 1 {
                    cursor.note(Field::UserData, at + body.len() - 1, Oddity::HalfCharacter);
                }
            }
            Alphabet::Gsm7 if self.text_septets().last() == Some(&ESCAPE) => {
                cursor.note(Field::UserData, at, Oddity::HalfCharacter);
            }
            Alphabet::Gsm7 | Alphabet::Octets | Alphabet::Ucs2 => {}
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.stated);
        out.extend(&self.octets);
    }
}
