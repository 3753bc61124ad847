//! `bodies::far`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cards::bodies::far(input));
