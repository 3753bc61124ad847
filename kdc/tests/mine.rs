#![cfg(test)]
#[path = "it/audit.rs"]
mod audit;
#[path = "it/ceremony.rs"]
mod ceremony;
#[path = "it/keystore.rs"]
mod keystore;
#[path = "it/shares.rs"]
mod shares;
#[cfg(feature = "hsm")]
#[path = "it/token.rs"]
mod token;
pub const NUMBER: &str = "000000000042";
pub const REGION: &str = "33020000";
pub const SERIAL: &str = "0102030405060708";
