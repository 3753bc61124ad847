//! The text of a file, whatever form of Unicode it has.

use super::error::TableError;
use std::collections::VecDeque;
use std::io::{self, Chain, Cursor, Read};

const MARK_8: &[u8] = b"\xEF\xBB\xBF";
/// How files begin that spreadsheets keep for themselves: a ZIP archive, an OLE container.
const WORKBOOKS: [&[u8]; 2] = [b"PK\x03\x04", b"\xD0\xCF\x11\xE0"];

enum Form {
    /// UTF-8, or bytes that are no text, which whoever reads lines finds out.
    Bytes,
    /// UTF-16 of this order.
    Units(fn([u8; 2]) -> u16),
}

/// The bytes of a file as UTF-8, without a byte order mark.
pub(super) struct Decoded<R: Read> {
    input: Chain<Cursor<Vec<u8>>, R>,
    form: Form,
    /// First half of a unit.
    odd: Option<u8>,
    /// First half of a pair.
    high: Option<u16>,
    ready: VecDeque<u8>,
}

impl<R: Read> Decoded<R> {
    /// Looks at the beginning of a file.
    pub(super) fn new(mut input: R) -> Result<Self, TableError> {
        let mut head = Vec::new();
        input.by_ref().take(4).read_to_end(&mut head)?;
        if WORKBOOKS.iter().any(|magic| head.starts_with(magic)) {
            return Err(TableError::Workbook);
        }
        let (form, skipped) = match head[..] {
            [0xFF, 0xFE, ..] => (Form::Units(u16::from_le_bytes), 2),
            [0xFE, 0xFF, ..] => (Form::Units(u16::from_be_bytes), 2),
            // Without a mark: names of columns are letters, of which UTF-16 has one byte zero.
            [a, 0, b, 0] if a != 0 && b != 0 => (Form::Units(u16::from_le_bytes), 0),
            [0, a, 0, b] if a != 0 && b != 0 => (Form::Units(u16::from_be_bytes), 0),
            _ if head.starts_with(MARK_8) => (Form::Bytes, MARK_8.len()),
            _ => (Form::Bytes, 0),
        };
        let head = Cursor::new(head.split_off(skipped));
        Ok(Decoded { input: head.chain(input), form, odd: None, high: None, ready: VecDeque::new() })
    }

    fn put(&mut self, c: char) {
        self.ready.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Takes a unit; halves of pairs that stand alone are no character.
    fn unit(&mut self, unit: u16) {
        let high = self.high.take();
        match (high, unit) {
            (_, 0xD800..=0xDBFF) => {
                if high.is_some() {
                    self.put(char::REPLACEMENT_CHARACTER);
                }
                self.high = Some(unit);
            }
            (high, unit) => {
                let units = high.into_iter().chain([unit]);
                char::decode_utf16(units).for_each(|c| self.put(c.unwrap_or(char::REPLACEMENT_CHARACTER)));
            }
        }
    }

    /// Decodes some more; false at the end.
    fn fill(&mut self, order: fn([u8; 2]) -> u16) -> io::Result<bool> {
        let mut chunk = [0; 4096];
        let read = self.input.read(&mut chunk)?;
        for byte in &chunk[..read] {
            match self.odd.take() {
                None => self.odd = Some(*byte),
                Some(first) => self.unit(order([first, *byte])),
            }
        }
        if read == 0 && (self.odd.take().is_some() | self.high.take().is_some()) {
            self.put(char::REPLACEMENT_CHARACTER);
        }
        Ok(read > 0)
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Form::Units(order) = self.form else { return self.input.read(buf) };
        while self.ready.is_empty() && self.fill(order)? {}
        self.ready.read(buf)
    }
}
