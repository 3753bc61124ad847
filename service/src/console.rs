//! The console: pages for the people of the bank's office, made by the server and complete without a script
//! [docs/specs/console.md].
//!
//! A person logs in with name, password and code. What he does is the same act that a program asks over HTTP, at the same counter,
//! under a request id that his form carries.

mod approvals;
mod audit;
mod customer;
mod deeds;
mod findings;
mod form;
mod frame;
mod gate;
mod home;
mod html;
mod matters;
mod operators;
mod pages;
mod register;
mod sell;
mod serve;
mod slip;
mod statistics;
mod visit;
mod words;

pub use serve::add_to;
