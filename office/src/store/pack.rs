//! The pack: virtual cards that a batch made, and the papers that go with them, inside the store until somebody
//! takes them out.
//!
//! The store does not know what an image is. The caller packs and unpacks the bytes ([`squeeze`], [`expand`]): of a
//! chip's memory most is one byte over and over.

use super::base::Store;
use super::error::StoreError;
use super::items::{self, ItemKind};
use super::query;
use rusqlite::params;

/// A card taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The image as [`expand`] gives it; `None` for a card of plastic, of which only the paper is here.
    pub image: Option<Vec<u8>>,
    /// The pairing file of an ESAM.
    pub pairing: Option<String>,
}

/// Bytes of a run that is looked at as one.
const PAGE: usize = 64;

/// Packs bytes: their length, then page by page (64 bytes, the last one shorter) a mark: 00 and the one byte the page
/// is full of, or 01 and its bytes; equal pages of one byte in a row share a mark `02 byte count`.
pub fn squeeze(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 4);
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes()); // images are kilobytes
    let mut run: Option<(u8, u8)> = None;
    let flush = |run: &mut Option<(u8, u8)>, out: &mut Vec<u8>| {
        if let Some((byte, count)) = run.take() {
            out.extend_from_slice(&[2, byte, count]);
        }
    };
    for page in bytes.chunks(PAGE) {
        let uniform = page.iter().all(|byte| *byte == page[0]).then_some(page[0]);
        match (uniform, &mut run) {
            (Some(byte), Some((same, count))) if *same == byte && *count < u8::MAX => *count += 1,
            (Some(byte), _) => {
                flush(&mut run, &mut out);
                run = Some((byte, 1));
            }
            (None, _) => {
                flush(&mut run, &mut out);
                out.push(1);
                out.extend_from_slice(page);
            }
        }
    }
    flush(&mut run, &mut out);
    out
}

/// What [`squeeze`] packed; `None` when the bytes are damaged.
pub fn expand(packed: &[u8]) -> Option<Vec<u8>> {
    let (len, mut rest) = packed.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_be_bytes(*len)).ok()?;
    // A card's memory is far smaller; a damaged length must not take the machine's.
    if len > 1 << 24 {
        return None;
    }
    let mut out = Vec::with_capacity(len);
    while out.len() < len {
        match rest {
            [1, more @ ..] => {
                let page = PAGE.min(len - out.len());
                out.extend_from_slice(more.get(..page)?);
                rest = &more[page..];
            }
            [2, byte, count, more @ ..] => {
                let pages = PAGE * usize::from(*count);
                if pages == 0 {
                    return None;
                }
                out.resize(len.min(out.len() + pages), *byte);
                rest = more;
            }
            _ => return None,
        }
    }
    rest.is_empty().then_some(out)
}

impl Store {
    /// A card of the pack; `None` when it is not there (taken out before, or never packed).
    pub fn packed(&self, kind: ItemKind, number: &str) -> Result<Option<Packed>, StoreError> {
        let found: Option<(Option<Vec<u8>>, Option<String>)> = self.first(
            "SELECT pack.image, pack.paper FROM pack JOIN item ON item.id = pack.item \
             WHERE item.kind = ?1 AND item.number = ?2",
            params![kind, number],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((packed, pairing)) = found else { return Ok(None) };
        let damaged = || items::impossible("pack.image", format!("card {number}"));
        let image = packed.map(|packed| expand(&packed).ok_or_else(damaged)).transpose()?;
        Ok(Some(Packed { image, pairing }))
    }

    /// Notes that a card of the pack stands in a file now and is gone from the pack. Called when the file is on the
    /// disk: between the two there are two images of one card, and the file is the card.
    pub fn taken_out(&mut self, kind: ItemKind, number: &str, to: &str, at: &str) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        self.act(|tx| {
            let item = items::by_number(tx, kind, number).map_err(|error| StoreError::of(&path, error))?;
            let Some(item) = item else { return Ok(()) };
            query::change(tx, "DELETE FROM pack WHERE item = ?1", [item.id])
                .and_then(|_| items::note(tx, item.id, at, "taken-out", item.number.as_deref(), to))
                .map_err(|error| StoreError::of(&path, error))
        })
    }

    /// Numbers of a kind that are in the pack, in order, after `after`; at most `most`.
    pub fn packed_numbers(
        &self,
        kind: ItemKind,
        batch: Option<i64>,
        after: &str,
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.rows(
            "SELECT item.number FROM item JOIN pack ON pack.item = item.id \
             WHERE item.kind = ?1 AND item.number > ?2 AND (?3 IS NULL OR EXISTS \
             (SELECT 1 FROM request WHERE request.batch = ?3 AND request.number = item.number)) \
             ORDER BY item.number LIMIT ?4",
            params![kind, after, batch, most as i64],
            |row| row.get(0),
        )
    }
}
