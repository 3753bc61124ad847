//! What every noun names: the run of the command, its answers, what a verb is, and the types of its options.

pub use crate::call::Call;
pub use crate::fail::{Kind, refused};
pub use crate::output::{answer, reply, reply_if};
pub(crate) use crate::screen::row;
pub use crate::screen::{facts, say, table};
pub use crate::shared::{Allowed, CityCard, Transport, kind, suite};
pub use crate::task::{Task, look, one, two};
pub use clap::{Args, Subcommand};
pub use keys::Suite;
pub use parties::{Context, Failure, Home, Party, Result, Trouble};
pub use scheme::CardRef;
pub use scheme::numbers::{DeviceNumber, MeterNumber, RegionCode};
pub use scheme::profile::{CardKind, State};
pub use serde_json::json;
pub use std::path::{Path, PathBuf};
