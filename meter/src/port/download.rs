//! Keys through the port, four to a frame.

use super::session::{HEAD, Port, Said};
use super::word::Serr;
use reader::security::turned;
use scheme::field::{self, joined};
use scheme::profile::ESAM_KEYS;

/// Key blocks of 36 bytes.
const BLOCK: usize = 36;

impl Port<'_, '_> {
    /// Keys: each frame is checked as it comes, and they are written when all are there.
    pub fn keys(&mut self, data: &[u8]) -> Said {
        let sent = data.get(HEAD..).unwrap_or_default();
        let (sent, mac) = sent.split_last_chunk::<4>().ok_or(Serr::Other)?;
        let (blocks, rest) = sent.as_chunks::<BLOCK>();
        if blocks.is_empty() || blocks.len() > 4 || !rest.is_empty() {
            return Err(Serr::Other);
        }
        // The new keys have another pairing. Without it this meter could not speak to its ESAM any more.
        if self.meter.expects().is_none() {
            return Err(Serr::Other);
        }
        self.open()?;
        let blocks: Vec<[u8; BLOCK]> = blocks
            .iter()
            .map(|block| {
                let mut block = *block;
                block.reverse();
                block
            })
            .collect();
        let state = self.meter.state.config.state.code();
        let fits = |[sum, _, number, status, ..]: &[u8; BLOCK]| {
            usize::from(*sum) == ESAM_KEYS.len() && number < sum && *status == state
        };
        if !blocks.iter().all(fits) {
            return Err(Serr::Other);
        }
        let covered = [&self.factor()[..], &joined(&blocks)].concat();
        let checked = self.write_with_mac(field::KEY_FRAME, &covered, &turned(mac));
        self.mac(checked)?;
        for block in &blocks {
            let key = core::array::from_fn(|i| block[4 + i]);
            self.guard.keys[usize::from(block[2])] = Some(key);
        }
        let Some(all) = self.guard.keys.iter().copied().collect::<Option<Vec<_>>>() else {
            return Ok(Vec::new());
        };
        for (number, key) in all.iter().enumerate() {
            let written = self.write_with_mac(field::download(number), key, &[]);
            self.mac(written)?;
        }
        // The session was of the old keys.
        self.guard.end();
        Ok(Vec::new())
    }
}
