//! IrDA as a phone of the time has it: serial infrared, IrLAP, IrLMP, the information service, IrCOMM [docs/specs/lines.md 3].
//!
//! Both ends are machines without time or air; [`Irda`] is what carries their frames.

pub mod flow;
pub mod frame;
pub mod ias;
pub mod ircomm;
mod link;
pub mod lmp;
pub mod meter;
pub mod offer;
pub mod phone;
pub mod primary;
pub mod secondary;
pub mod sir;

pub use ircomm::Service;
pub use link::{BEAM_DEG, Irda, RANGE_CM};
