//! A ceremony: what it is to be, its script, and the province it founds [docs/specs/ceremony.md].
//!
//! Its people are asked over the session, one after another; what they give stays in memory until all of it is there.

mod hold;
mod parts;
mod request;
mod walk;

pub use hold::{DryRunReport, SheetReport, StepReport, dry_run, hold, sheet};
pub use request::CeremonyRequest;
