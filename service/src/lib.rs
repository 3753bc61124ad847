#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acts;
mod asked;
mod bucket;
mod console;
mod counter;
mod denied;
mod fields;
mod figures;
mod http;
mod key;
mod listen;
mod mailbox;
mod openapi;
mod reply;
mod routes;

// whose types stand in what is given away
pub use ::parties;
pub use listen::{Config, Ended, serve};
