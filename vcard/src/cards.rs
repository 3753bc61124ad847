//! Virtual cards behind [`Cards`](scheme::Cards): in files, or in memory.

mod files;
mod memory;
mod open;

pub use files::CardFiles;
pub use memory::CardsInMemory;
pub use open::{CardFileError, OpenSlot};
