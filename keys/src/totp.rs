//! One-time codes that a person's telephone makes of a shared secret and the time: TOTP with HMAC-SHA-1, steps of 30 seconds, 6
//! digits [RFC 6238 4].

use alloc::string::String;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// Seconds of a step.
pub const STEP_S: u64 = 30;
/// Digits of a code.
pub const DIGITS: u32 = 6;
/// Steps before and after its own in which a code is good: clocks differ, and people type slowly [RFC 6238 5.2].
const DRIFT: u64 = 1;

/// The step of a time in seconds since 1970, UTC.
pub const fn step(unix_s: u64) -> u64 {
    unix_s / STEP_S
}

/// Bytes that a secret has at least [RFC 4226 4 R6].
const SECRET: usize = 16;

/// The code of a step: a number below 1 000 000, to be written with six digits [RFC 4226 5.3]. Of a secret that anybody could guess
/// there is none.
pub fn code(secret: &[u8], step: u64) -> Option<u32> {
    Some(truncated(secret, step)? % 10_u32.pow(DIGITS))
}

/// What the digits of a code are taken from: 31 bits [RFC 4226 5.3].
fn truncated(secret: &[u8], step: u64) -> Option<u32> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok().filter(|_| secret.len() >= SECRET)?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0F);
    let mut word = [0; 4];
    word.copy_from_slice(&hash[at..at + 4]);
    Some(u32::from_be_bytes(word) & 0x7FFF_FFFF)
}

/// The step that a typed code is of, if it is of one near `now` and later than `last`; every step is looked at, so that the time it
/// takes does not tell which. `typed` is what a person typed: six digits, spaces among them or not.
pub fn check(secret: &[u8], typed: &str, now: u64, last: u64) -> Option<u64> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = None;
    for step in now.saturating_sub(DRIFT)..=now.saturating_add(DRIFT) {
        let good = code(secret, step).map(|code| alloc::format!("{code:06}"));
        if good.is_some_and(|good| crate::equal(good.as_bytes(), digits.as_bytes())) && step > last {
            found = Some(step);
        }
    }
    found.filter(|_| is_code)
}

/// A secret as people and telephones write it: base32 without padding [RFC 4648 6].
pub fn base32(secret: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::new();
    for chunk in secret.chunks(5) {
        let mut bits = [0_u8; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let word = u64::from_be_bytes(bits);
        for place in 0..(chunk.len() * 8).div_ceil(5) {
            let five = (word >> (35 - 5 * place)) & 0x1F;
            out.push(char::from(LETTERS[five as usize]));
        }
    }
    out
}
