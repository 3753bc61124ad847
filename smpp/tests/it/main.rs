//! SMPP from outside: octets as other programs send them, both ends against each other, what comes of noise.

#![cfg(test)]

mod line;
mod octets;

use core::time::Duration;
use gridcard_smpp::{Account, Letter, Number};

/// Octets of a hexadecimal text; blanks are for reading only.
fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn number(text: &str) -> Number {
    Number::international(text).unwrap()
}

fn account() -> Account {
    Account::new("u", "secret", number("+8613800250500")).unwrap()
}

/// A secured packet of class 2 in one message.
fn order() -> Letter {
    Letter {
        from: number("8613800250500"),
        to: number("31641600986"),
        has_header: true,
        pid: 0x7F,
        dcs: 0xF6,
        data: unhex("02 70 00 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E FF"),
        wants_receipt: true,
    }
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
