//! The outside of a secured packet, as anyone may read it without keys [TS 102 225 5.1, 5.2]: more forms than
//! [`crate::packet`] seals and opens, since a SIM holds packets of other applications too.

use super::tpdu::{IE_COMMAND_PACKET, Tpdu};

/// What stands in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Command packet.
    Command {
        /// CPL: bytes behind it, over all segments.
        length: u16,
        /// SPI, both bytes.
        spi: [u8; 2],
        /// KIc: key index in the high nibble, algorithm in the low one.
        kic: u8,
        /// KID, likewise.
        kid: u8,
        /// Application addressed.
        tar: [u8; 3],
    },
    /// Response packet.
    Response {
        /// RPL: bytes behind it, over all segments.
        length: u16,
        /// Application that answers.
        tar: [u8; 3],
    },
}

impl Outside {
    /// Reads it from the first (or only) segment; `None` when the message begins no packet.
    #[must_use]
    pub fn of(tpdu: &Tpdu) -> Option<Self> {
        let (element, packet) = tpdu.packet()?;
        if element == IE_COMMAND_PACKET {
            let &[l1, l0, _, s1, s2, kic, kid, t1, t2, t3] = packet.first_chunk()?;
            let length = u16::from_be_bytes([l1, l0]);
            return Some(Outside::Command { length, spi: [s1, s2], kic, kid, tar: [t1, t2, t3] });
        }
        let &[l1, l0, _, t1, t2, t3] = packet.first_chunk()?;
        Some(Outside::Response { length: u16::from_be_bytes([l1, l0]), tar: [t1, t2, t3] })
    }
}
