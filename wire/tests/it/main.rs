//! The wire from outside: known answers, strictness of every parser, properties.
//!
//! proptest prints the failing input and its seed.

#![cfg(test)]

mod apdu;
mod at;
mod atr;
mod cjt188;
mod dlt645;
mod join;
mod multimedia;
mod netmeter;
mod packet;
mod port;
mod sms;
mod status;
mod subboard;
mod tolerance;
mod typed;

/// Bytes of a hexadecimal text; spaces are for reading only.
fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode(&digits).unwrap_or_else(|e| panic!("{text}: {e}"))
}
