//! Messages put together from the records of EF_SMS: a long text travels in parts, and each part has a record of its own
//! [TS 23.040 9.2.3.24].

use alloc::string::String;
use alloc::vec::Vec;
use core::borrow::Borrow;

use super::record::SmsRecord;
use super::text::{self, Language};
use super::tpdu::{Alphabet, Direction, Part, Tpdu};

/// A stretch of what a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text for a person.
    Text(String),
    /// 8-bit data that is no text: a secured packet, a picture, a setting.
    Data(Vec<u8>),
    /// Part of this number (1-based) is in no record.
    Missing(u8),
}

/// A message: in one record, or in several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Numbers of its records, in the order of the parts that are there.
    pub records: Vec<u8>,
    /// Parts it should have; 1 when it stands alone.
    pub total: u8,
    /// What it says, in order.
    pub pieces: Vec<Piece>,
}

impl Joined {
    /// Numbers of the parts that are in no record.
    pub fn missing(&self) -> impl Iterator<Item = u8> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Missing(part) => Some(*part),
            Piece::Text(_) | Piece::Data(_) => None,
        })
    }
}

/// What a record alone says.
#[must_use]
pub fn alone(record: &SmsRecord) -> Piece {
    Units::of(&record.tpdu).piece()
}

/// Puts the records of a SIM together, by record number. Parts belong together when direction, correspondent, reference and
/// number of parts agree; a part that is there already begins another message. A message stands where its first record
/// stands.
#[must_use]
pub fn join<R: Borrow<SmsRecord>>(records: &[(u8, R)]) -> Vec<Joined> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (number, record) in records {
        let record = record.borrow();
        let part = record.tpdu.user_data().part().filter(|part| part.total > 1);
        let key = part.map(|part| Key::of(record, part));
        let sequence = part.map_or(1, |part| part.sequence);
        let open = groups.iter_mut().find(|group| {
            key.is_some() && group.key == key && group.parts.iter().all(|(taken, ..)| *taken != sequence)
        });
        match open {
            Some(group) => group.parts.push((sequence, *number, record)),
            None => groups.push(Group { key, parts: [(sequence, *number, record)].into() }),
        }
    }
    groups.into_iter().map(Group::joined).collect()
}

/// What all parts of a message have in common.
#[derive(PartialEq, Eq)]
struct Key {
    direction: Direction,
    /// Type and number: octets that are no part of the number may differ.
    address: (u8, String),
    reference: u16,
    is_wide: bool,
    total: u8,
}

impl Key {
    fn of(record: &SmsRecord, part: Part) -> Self {
        let address = record.tpdu.address();
        Key {
            direction: record.tpdu.direction(),
            address: (address.ton_npi(), text::address(address)),
            reference: part.reference,
            is_wide: part.is_wide,
            total: part.total,
        }
    }
}

/// Parts that belong together: sequence, record number, record.
struct Group<'r> {
    key: Option<Key>,
    parts: Vec<(u8, u8, &'r SmsRecord)>,
}

impl Group<'_> {
    fn joined(mut self) -> Joined {
        self.parts.sort_by_key(|(sequence, ..)| *sequence);
        let total = self.key.as_ref().map_or(1, |key| key.total);
        let mut pieces = Vec::new();
        let mut run: Option<Units> = None;
        let mut parts = self.parts.iter().peekable();
        for sequence in 1..=total {
            let Some((.., record)) = parts.next_if(|(found, ..)| *found == sequence) else {
                pieces.extend(run.take().map(Units::piece));
                pieces.push(Piece::Missing(sequence));
                continue;
            };
            let next = Units::of(&record.tpdu);
            // A character may begin in one part and end in the next, so parts are joined before they are read.
            match run.as_mut().map(|run| run.append(&next)) {
                Some(true) => {}
                _ => pieces.extend(run.replace(next).map(Units::piece)),
            }
        }
        pieces.extend(run.map(Units::piece));
        Joined { records: self.parts.iter().map(|(_, number, _)| *number).collect(), total, pieces }
    }
}

/// User data behind the header, before it is read.
enum Units {
    Septets { septets: Vec<u8>, language: Language },
    Ucs2(Vec<u8>),
    Octets { bytes: Vec<u8>, is_text: bool },
}

impl Units {
    fn of(tpdu: &Tpdu) -> Self {
        let user_data = tpdu.user_data();
        let bytes = user_data.body().to_vec();
        if !user_data.is_whole() {
            return Units::Octets { bytes, is_text: false };
        }
        match Alphabet::of(tpdu.dcs()) {
            Alphabet::Gsm7 => {
                Units::Septets { septets: user_data.text_septets(), language: Language::of(user_data) }
            }
            Alphabet::Ucs2 => Units::Ucs2(bytes),
            Alphabet::Octets => Units::Octets { bytes, is_text: user_data.packet_element().is_none() },
            Alphabet::Compressed => Units::Octets { bytes, is_text: false },
        }
    }

    /// Appends units of the same kind; false when they are of another.
    fn append(&mut self, next: &Units) -> bool {
        match (self, next) {
            (
                Units::Septets { septets: all, language },
                Units::Septets { septets: more, language: other },
            ) if language == other => all.extend_from_slice(more),
            (Units::Ucs2(all), Units::Ucs2(more)) => all.extend_from_slice(more),
            (Units::Octets { bytes: all, is_text }, Units::Octets { bytes: more, is_text: other }) => {
                all.extend_from_slice(more);
                *is_text &= other;
            }
            _ => return false,
        }
        true
    }

    fn piece(self) -> Piece {
        match self {
            Units::Septets { septets, language } => Piece::Text(text::septets_to_text(&septets, language)),
            Units::Ucs2(bytes) => Piece::Text(text::ucs2(&bytes)),
            Units::Octets { bytes, is_text } => match text_of(&bytes).filter(|_| is_text) {
                Some(text) => Piece::Text(text),
                None => Piece::Data(bytes),
            },
        }
    }
}

/// 8-bit data that is printable ASCII throughout reads as text.
fn text_of(bytes: &[u8]) -> Option<String> {
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7E);
    (!bytes.is_empty() && bytes.iter().all(printable))
        .then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
}
