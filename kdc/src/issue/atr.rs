//! The serial of a chip, from its ATR.

use crate::ids::Serial;

/// The last 8 historical bytes [docs/specs/cards.md 1]; `None` when the ATR is cut short or has fewer.
///
/// T0 says how many historical bytes there are and which interface bytes stand before them; each TDi says the
/// same of the next four.
pub(super) fn serial(atr: &[u8]) -> Option<Serial> {
    let (&[_ts, t0], mut rest) = atr.split_first_chunk::<2>()?;
    let mut present = t0 >> 4;
    while present != 0 {
        let has_next = present & 0x8 != 0;
        let (interface, after) = rest.split_at_checked(present.count_ones() as usize)?;
        present = if has_next { interface.last()? >> 4 } else { 0 };
        rest = after;
    }
    let historical = rest.get(..usize::from(t0 & 0x0F))?;
    historical.last_chunk::<8>().copied().map(Serial)
}

#[cfg(test)]
mod tests {
    use super::serial;
    use crate::ids::Serial;

    const SERIAL: Serial = Serial([0x00, 0x00, 0x00, 0x00, 0x66, 0x79, 0x9D, 0x24]);

    #[test]
    fn both_forms_of_our_cards() {
        let contactless = hex::decode("3B8B80012090000000000066799D241C").unwrap();
        let contact = hex::decode("3B690000430000000066799D24").unwrap();
        assert_eq!(serial(&contactless), Some(SERIAL));
        assert_eq!(serial(&contact), Some(SERIAL));
    }

    #[test]
    fn anything_short_has_none() {
        let contactless = hex::decode("3B8B80012090000000000066799D241C").unwrap();
        for cut in 0..15 {
            assert_eq!(serial(&contactless[..cut]), None, "cut after {cut}");
        }
        assert_eq!(serial(&[0x3B, 0x02, 0x14, 0x50]), None, "two historical bytes");
        assert_eq!(serial(&[0x3B, 0xF0, 0xFF]), None, "interface bytes missing");
    }
}
