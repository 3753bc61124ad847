//! Packed septets [TS 23.038 6.1.2.1].

use alloc::vec::Vec;

/// The septet that leads to the extension table.
pub(crate) const ESCAPE: u8 = 0x1B;

/// Takes up to `count` septets that begin `skip` bits into `bytes`, least significant bit first.
pub(crate) fn unpack(bytes: &[u8], skip: usize, count: usize) -> Vec<u8> {
    let septet = |index: usize| {
        let bit = skip + index * 7;
        let (byte, shift) = (bit / 8, bit % 8);
        let low = u16::from(*bytes.get(byte)?);
        let high = match bytes.get(byte + 1) {
            Some(high) => u16::from(*high),
            // Seven bits from bit 0 or 1 need no second byte.
            None if shift <= 1 => 0,
            None => return None,
        };
        Some((((high << 8 | low) >> shift) & 0x7F) as u8)
    };
    (0..count).map_while(septet).collect()
}
