#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod anatomy;
pub mod apdu;
pub mod characters;
pub mod explain;
pub mod facts;
pub mod packet;
