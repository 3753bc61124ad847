#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acts;
mod answers;
mod asked;
mod bucket;
mod company_acts;
pub mod config;
mod counter;
mod denied;
mod fields;
mod figures;
mod gate;
mod http;
mod job;
mod key;
mod listen;
mod mailbox;
mod notify;
mod offices;
mod openapi;
mod peer;
mod reply;
mod routes;
mod tls;
mod tries;
mod watch;

// whose types stand in what is given away
pub use ::parties;
pub use listen::{Config, Ended, serve};
pub use tls::{TlsFiles, fingerprint};
pub use watch::Level;
