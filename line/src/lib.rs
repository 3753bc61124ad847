#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod air;
pub mod att;
pub mod ble;
pub mod bluetooth;
pub mod infrared;
pub mod irda;
pub mod kind;
pub mod light;
pub mod nfc;
pub mod pcap;
pub mod port;
pub mod radio;
pub mod served;
pub mod spent;

pub use air::{Cut, FOREVER, Other, Place, Reach, Setting};
pub use kind::{Kind, Phone};
pub use port::Far;
pub use spent::{Line, Spent};
pub use {scheme, wire};
