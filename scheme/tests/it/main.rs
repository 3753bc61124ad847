//! What the parties agreed, from outside: known answers, strictness of every parser, properties.
//!
//! proptest prints the failing input and its seed.

#![cfg(test)]

mod certificate;
mod ids;
mod numbers;
mod online;
mod profile;
mod purchase;
mod shown;
mod signed;
mod subscription;
mod tariff;
mod user_card;
mod zone;

/// Bytes of a hexadecimal text; spaces are for reading only.
fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode(&digits).unwrap_or_else(|e| panic!("{text}: {e}"))
}
