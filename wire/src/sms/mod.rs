//! Short messages as a SIM stores them: the TPDU, the record of EF_SMS around it, and the text
//! a person would read.
//!
//! Everything here is plain coding and decoding of bytes; what an order or a receipt *says* is
//! in the secured packet inside, which this module carries as it is.

pub mod content;
pub mod gather;
pub mod join;
mod language;
pub mod outside;
pub mod parameters;
pub mod parts;
pub mod port;
pub mod record;
pub mod text;
pub mod tpdu;
