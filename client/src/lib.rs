#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod board;
pub mod code;
pub mod first;
pub mod frame;
mod hash;
mod line;
pub mod link;
pub mod marks;
pub mod noise;
pub mod opening;
mod paper;
pub mod phone;
pub mod stamp;
pub mod talk;
mod window;

pub use board::{Asked, Board, Heard, Place};
pub use code::{Code, CodeError};
pub use first::{Admitted, First, Unfit, Who};
pub use frame::FRAME_MAX;
pub use hash::hkdf;
pub use marks::{Identifier, Mark, Marks};
pub use noise::Keypair;
pub use opening::{Known, Mode, Opening, Slip};
pub use phone::{HeardError, PhoneSession};
pub use stamp::Stamp;
pub use window::Window;
