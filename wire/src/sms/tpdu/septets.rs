//! Packed septets [TS 23.038 6.1.2.1].

use alloc::vec;
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

/// Packs septets, least significant bit first; bits that are left over are 0.
pub(crate) fn pack(septets: &[u8]) -> Vec<u8> {
    let mut out = vec![0; (septets.len() * 7).div_ceil(8)];
    for (index, septet) in septets.iter().enumerate() {
        let (byte, shift) = (index * 7 / 8, index * 7 % 8);
        let [low, high] = (u16::from(septet & 0x7F) << shift).to_le_bytes();
        out[byte] |= low;
        if let Some(next) = out.get_mut(byte + 1) {
            *next |= high;
        }
    }
    out
}
