//! Customers' phones: every carrier brings its frames to one entry, [`Phones::hear`], and takes away what it answers [docs/specs/client.md].

mod answers;
mod ask;
mod carriers;
mod entry;
mod errands;
mod state;

pub use carriers::{add_to, listen};
pub use entry::{Carrier, Phones, Said};
