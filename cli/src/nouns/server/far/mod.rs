//! The verbs of `gridcard server`, asked of a running server: the requests, and what follows from their answers. What is told of them is
//! told by the verbs' own files.

pub mod books;
pub mod card;
pub mod contract;
pub mod day;
mod record;
pub mod register;
pub mod sell;
pub mod settle;
pub mod setup;
