//! `bodies::pipe`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| cards::bodies::pipe(input));
