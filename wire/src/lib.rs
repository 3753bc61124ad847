#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod apdu;
pub mod at;
pub mod atr;
pub mod bcd;
pub mod bytelink;
pub mod channel;
pub mod cjt188;
pub mod dlt645;
pub mod frames;
pub mod line;
pub mod multimedia;
pub mod netmeter;
pub mod packet;
pub mod sms;
pub mod status;
pub mod subboard;
pub mod tlv;
pub mod typed;

pub use apdu::{ApduError, Command, CommandRef, Response};
pub use bytelink::{ByteLink, LinkError};
pub use channel::{Channel, ChannelError};
pub use status::Sw;
