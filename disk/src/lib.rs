#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod folder;
mod in_place;
mod lock;
mod open;
mod replace;
mod wait;

pub use folder::{create_folder, keep_folder_private, sync_folder};
pub use in_place::InPlace;
pub use lock::{Holder, Lock, LockError, patiently};
pub use open::{open_to_append, prepare_database};
pub use replace::{Durability, create, remove_leftovers, replace, replace_with};
pub use wait::{wait_for_nothing, waits};
