#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acts;
mod app;
mod bank;
mod draw;
mod form;
mod keys_of;
mod pages;
mod seen;
mod text;
mod words;

/// The crate whose types stand in signatures here, for whoever uses this one alone.
pub use ::client;
pub use app::{Act, App, Key, Wish};
pub use bank::{Bank, No, Own, Pay, Slip};
pub use draw::draw;
pub use words::{Tongue, fen, yuan};
