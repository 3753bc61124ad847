#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod air;
pub mod infrared;
pub mod irda;
pub mod light;
pub mod pcap;
pub mod port;
pub mod spent;

pub use air::{Cut, FOREVER, Place, Setting};
pub use port::Far;
pub use spent::{Line, Spent};
pub use {scheme, wire};
