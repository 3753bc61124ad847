//! A whole session: the first byte names the card; then each command with its length before it. Length 00 is a reset; FF and
//! three bytes, an address and a value, change a byte of memory.

#![no_main]

use cos::{Card, Nvm, PAGE, RamNvm};
use libfuzzer_sys::fuzz_target;

/// Commands of one session; more would only slow the search.
const MOST: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some((selector, mut rest)) = input.split_first() else { return };
    let mut card = cards::card(*selector);
    for _ in 0..MOST {
        let Some((length, after)) = rest.split_first() else { break };
        rest = after;
        match *length {
            0x00 => {
                card.power_on().expect("RAM does not lose its supply");
            }
            0xFF => {
                let Some((&[high, low, value], after)) = rest.split_first_chunk::<3>() else { break };
                rest = after;
                damage(&mut card, usize::from(high) << 8 | usize::from(low), value);
            }
            length => {
                let (command, after) = rest.split_at(rest.len().min(usize::from(length)));
                rest = after;
                cards::send(&mut card, command);
            }
        }
    }
    cards::still_a_card(card);
});

/// Changes a byte of the user area.
fn damage(card: &mut Card<RamNvm>, at: usize, value: u8) {
    let first = 31 * PAGE;
    let at = first + at % (card.nvm().bytes().len() - first);
    let mut page = [0; PAGE];
    page.copy_from_slice(&card.nvm().bytes()[at / PAGE * PAGE..][..PAGE]);
    page[at % PAGE] = value;
    card.nvm_mut().program(at / PAGE, &page).expect("RAM does not lose its supply");
}
