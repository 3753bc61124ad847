//! Batches of cards at a city, and of SIMs at their makers: made, looked at, taken out of the pack.

mod common;
mod course;
mod end;
mod feeders;
mod forecast;
mod in_slot;
mod issuer;
mod look;
mod packed;
mod report;
mod request;
mod result_file;
mod take;

pub use course::{Overseer, plan, run};
pub use end::BatchEnd;
pub use forecast::{Forecast, LineCost, LineShare};
pub use look::{BatchDetail, BatchList, Office, ResultReport, list, result, show};
pub use report::{BatchReport, ChipsReport};
pub use request::BatchRequest;
pub use take::{TakeReport, TakeRequest, take};
