#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod folder;
mod in_place;
#[cfg(unix)]
pub mod line;
mod lock;
mod medium;
mod open;
mod replace;
pub mod table;
mod wait;

pub use folder::{create_folder, keep_folder_private, sync_folder};
pub use in_place::InPlace;
pub use lock::{Holder, Lock, LockError, patiently};
pub use medium::{file_names, is_gone, read_at_most};
pub use open::{Access, how_readable, is_private, is_read_only, open_to_append, prepare_database};
pub use replace::{Durability, create, publish, remove_leftovers, replace, replace_with};
pub use wait::{wait_for_nothing, waits};
