//! Virtual cards that stand in the slots of pcscd's vpcd driver, and the socket by which other commands reach them.

mod card;
pub mod control;
mod rack;

pub use rack::Rack;
