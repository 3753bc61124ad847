//! One command to one card: the first byte names the card, the rest is the APDU.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((selector, command)) = input.split_first() else { return };
    let mut card = cards::card(*selector);
    cards::send(&mut card, command);
    cards::still_a_card(card);
});
