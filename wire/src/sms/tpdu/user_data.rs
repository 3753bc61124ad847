//! User data: length, header elements and body [TS 23.040 9.2.3.16, 9.2.3.24].

use alloc::vec::Vec;

use super::error::{Cursor, Field, TpduError, too_long};

/// Most octets of user data, header included [TS 23.040 9.2.3.16].
pub const MAX_USER_DATA: usize = 140;
/// Most septets of user data, header and fill bits included: 140 octets of 8 bits.
pub const MAX_SEPTETS: u8 = 160;

/// How the octets of user data are to be read [TS 23.038 4].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// GSM 7-bit default alphabet, packed; lengths count septets.
    Gsm7,
    /// 8-bit data, or anything compressed.
    Octets,
    /// UCS2, big endian.
    Ucs2,
}

impl Alphabet {
    /// The alphabet of a data coding scheme; reserved codings count as the default alphabet.
    #[must_use]
    pub fn of(dcs: u8) -> Self {
        match dcs >> 4 {
            0x0..=0x7 if dcs & 0x20 != 0 => Self::Octets,
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
}

/// One element of a user data header: identifier, then a length octet and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InformationElement {
    /// Identifier: 00/08 concatenation, 70/71 command/response packet.
    pub id: u8,
    /// Data without the length octet.
    pub data: Vec<u8>,
}

/// User data: header elements and what follows them [TS 23.040 9.2.3.24].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// `None`: no header; an empty header (UDHL 00) is possible and kept.
    header: Option<Vec<InformationElement>>,
    body: Vec<u8>,
    septets: Option<u8>,
}

impl UserData {
    /// 8-bit or UCS2 user data as on the wire after UDL; at most 140 octets. With `has_header`
    /// the first octet is UDHL (`02 70 00 ..`).
    pub fn from_octets(octets: &[u8], has_header: bool) -> Result<Self, TpduError> {
        if octets.len() > MAX_USER_DATA {
            return Err(too_long(Field::UserDataLength, 0, octets.len(), MAX_USER_DATA));
        }
        Self::split(octets, has_header, None, 0)
    }

    /// Elements of the header, in wire order; empty without one.
    #[must_use]
    pub fn elements(&self) -> &[InformationElement] {
        self.header.as_deref().unwrap_or_default()
    }

    /// The first element with this identifier.
    #[must_use]
    pub fn element(&self, id: u8) -> Option<&InformationElement> {
        self.elements().iter().find(|element| element.id == id)
    }

    /// Whether there is a header, even an empty one.
    #[must_use]
    pub fn has_header(&self) -> bool {
        self.header.is_some()
    }

    /// Octets after the header; in the 7-bit alphabet the packed septets with the fill bits
    /// that align them, as on the wire.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// UDL when it counts septets, header and fill included; none when it counts octets.
    #[must_use]
    pub fn septets(&self) -> Option<u8> {
        self.septets
    }

    /// Octets the header takes, with UDHL; 0 without a header.
    #[must_use]
    pub fn header_len(&self) -> usize {
        self.header
            .as_ref()
            .map_or(0, |elements| 1 + elements.iter().map(|element| 2 + element.data.len()).sum::<usize>())
    }

    /// Everything after UDL as on the wire: UDHL, elements, body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_USER_DATA);
        if let Some(elements) = &self.header {
            out.push(octet_count(self.header_len().saturating_sub(1)));
            for element in elements {
                out.extend([element.id, octet_count(element.data.len())]);
                out.extend(&element.data);
            }
        }
        out.extend(&self.body);
        out
    }

    pub(super) fn read(cursor: &mut Cursor<'_>, dcs: u8, has_header: bool) -> Result<Self, TpduError> {
        let offset = cursor.at;
        let length = cursor.byte(Field::UserDataLength)?;
        let (octets, limit, septets) = match Alphabet::of(dcs) {
            Alphabet::Gsm7 => ((usize::from(length) * 7).div_ceil(8), usize::from(MAX_SEPTETS), Some(length)),
            Alphabet::Octets | Alphabet::Ucs2 => (usize::from(length), MAX_USER_DATA, None),
        };
        if usize::from(length) > limit {
            return Err(too_long(Field::UserDataLength, offset, usize::from(length), limit));
        }
        let start = cursor.at;
        Self::split(cursor.take(Field::UserData, octets)?, has_header, septets, start)
    }

    /// Splits user data that begin at `start` of the message into header and body.
    fn split(octets: &[u8], has_header: bool, septets: Option<u8>, start: usize) -> Result<Self, TpduError> {
        if !has_header {
            return Ok(Self { header: None, body: octets.to_vec(), septets });
        }
        let missing = TpduError::HeaderBeyond { offset: start, needed: 1, available: 0 };
        let (length, rest) = octets.split_first().ok_or(missing)?;
        let needed = 1 + usize::from(*length);
        let beyond = TpduError::HeaderBeyond { offset: start, needed, available: octets.len() };
        // In septets the header ends on a septet border, which may lie past its last octet.
        if septets.is_some_and(|count| (needed * 8).div_ceil(7) > usize::from(count)) {
            return Err(beyond);
        }
        let (header, body) = rest.split_at_checked(usize::from(*length)).ok_or(beyond)?;
        let elements = read_elements(header, start + 1)?;
        Ok(Self { header: Some(elements), body: body.to_vec(), septets })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let octets = self.to_bytes();
        out.push(self.septets.unwrap_or(octet_count(octets.len())));
        out.extend(octets);
    }
}

/// A length that construction keeps within 140 octets.
fn octet_count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn read_elements(mut rest: &[u8], start: usize) -> Result<Vec<InformationElement>, TpduError> {
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
