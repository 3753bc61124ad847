//! `bodies::frame`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cards::bodies::frame(input));
