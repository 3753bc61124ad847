//! The supply fails on request: the page under the cut holds what was asked for, the card is silent, and it mends
//! itself at the next power-on.

use crate::{READ, READS, UPDATE, written};
use cos::{Nvm, PAGE, PowerLoss};
use gridcard_vcard::memory::SlotMemory;
use gridcard_vcard::{SupplyCut, Torn};
use wire::{Channel, ChannelError};

const OLD: u8 = 0x0F;
const NEW: u8 = 0xF0;

#[test]
fn a_torn_page_holds_what_was_asked_for() {
    for (torn, fits) in [
        (Torn::Old, (|page| page == [OLD; PAGE]) as fn(&[u8]) -> bool),
        (Torn::New, |page| page == [NEW; PAGE]),
        (Torn::Prefix(0), |page| page == [OLD; PAGE]),
        (Torn::Prefix(20), |page| page[..20] == [NEW; 20] && page[20..] == [OLD; PAGE - 20]),
        (Torn::Prefix(1000), |page| page == [NEW; PAGE]),
        (Torn::Erased, |page| page == [0xFF; PAGE]),
        (Torn::Noise(4), |page| page != [OLD; PAGE] && page != [NEW; PAGE] && page != [0xFF; PAGE]),
    ] {
        let mut memory = SlotMemory::new(vec![OLD; 4 * PAGE]);
        assert!(!memory.is_dirty());
        memory.cut(SupplyCut { after: 2, torn });
        assert_eq!(memory.program(0, &[NEW; PAGE]), Ok(()));
        assert_eq!(memory.program(1, &[NEW; PAGE]), Ok(()));
        assert_eq!(memory.program(2, &[NEW; PAGE]), Err(PowerLoss), "{torn:?}");
        assert!(fits(&memory.bytes()[2 * PAGE..3 * PAGE]), "{torn:?}: {:02X?}", &memory.bytes()[2 * PAGE..]);
        assert_eq!(memory.bytes()[3 * PAGE..], [OLD; PAGE], "{torn:?}");
        // Once.
        assert_eq!(memory.program(3, &[NEW; PAGE]), Ok(()));
        assert_eq!((memory.writes().iter().sum::<u32>(), memory.is_dirty()), (4, true));
        memory.saved();
        assert!(!memory.is_dirty());
    }
}

#[test]
fn noise_repeats_from_its_seed() {
    let noise = |seed| {
        let mut memory = SlotMemory::new(vec![0; PAGE]);
        memory.cut(SupplyCut { after: 0, torn: Torn::Noise(seed) });
        memory.program(0, &[0xFF; PAGE]).unwrap_err();
        memory.bytes().to_vec()
    };
    assert_eq!(noise(1), noise(1));
    assert_ne!(noise(1), noise(2));
}

#[test]
fn a_page_beyond_the_chip_is_not_written() {
    let mut memory = SlotMemory::new(vec![OLD; PAGE]);
    assert_eq!(memory.program(1, &[NEW; PAGE]), Ok(()));
    assert_eq!((memory.bytes(), memory.is_dirty()), (&[OLD; PAGE][..], false));
}

/// A card whose supply failed is silent, still in its slot, and as before the command or as after it.
#[test]
fn a_card_mends_itself_at_the_next_power_on() {
    let new = [0x11; 4];
    let update = [&UPDATE[..5], &new].concat();
    let (mut before, mut after) = (0, 0);
    for torn in [Torn::Old, Torn::New, Torn::Prefix(7), Torn::Erased, Torn::Noise(1)] {
        for writes in 0.. {
            let mut slot = written();
            slot.reset().unwrap();
            slot.cut(SupplyCut { after: writes, torn });
            match slot.transmit(&update) {
                Ok(_) => {
                    assert!(
                        writes >= 3,
                        "a transaction takes its page, the journal's header and the page again"
                    );
                    break;
                }
                Err(error) => assert_eq!(error, ChannelError::Removed),
            }
            assert!(slot.reset().is_ok(), "it was not pulled, it only lost its supply");
            let read = slot.transmit(READ).unwrap();
            if read == READS {
                before += 1;
            } else {
                assert_eq!(read, [&new[..], &[0x90, 0x00]].concat(), "cut at write {writes}, {torn:?}");
                after += 1;
            }
        }
    }
    assert!(before > 0 && after > 0, "{before} as before, {after} as after");
}

/// The first command after a loss of power powers the card by itself, so a recovery may also fail there.
#[test]
fn a_recovery_that_fails_is_tried_again() {
    let mut slot = written();
    slot.reset().unwrap();
    slot.cut(SupplyCut { after: 2, torn: Torn::Erased });
    let update = [&UPDATE[..5], &[0x22; 4]].concat();
    assert_eq!(slot.transmit(&update), Err(ChannelError::Removed));
    slot.cut(SupplyCut { after: 0, torn: Torn::Noise(5) });
    assert_eq!(
        slot.transmit(READ),
        Err(ChannelError::Removed),
        "the supply failed while the card mended itself"
    );
    assert_eq!(slot.transmit(READ).unwrap(), [0x22, 0x22, 0x22, 0x22, 0x90, 0x00]);
}
