//! Meters that call the server and keep the line [docs/specs/netmeter.md]: who is on which line, what is asked of a meter over it, and what is
//! bought for one. A login proves nothing; what proves a meter is its ESAM, in each act.

mod asking;
mod counter;
mod gates;
mod listen;
mod talk;

pub use listen::{NetMeters, listen};
