//! The console: pages for the people of the bank's office, made by the server and complete without a script
//! [docs/specs/console.md].
//!
//! A person logs in with name, password and code. What he does is the same act that a program asks over HTTP, at the same counter,
//! under a request id that his form carries.

mod account;
mod approvals;
mod asking;
mod audit;
mod bank;
mod caller;
mod change;
mod closing;
mod customer;
mod deed_views;
mod deeds;
mod drawer;
mod findings;
mod form;
mod frame;
mod gate;
mod hand_over;
mod home;
mod html;
mod limits;
mod matters;
mod menu;
mod meters;
mod money;
mod online;
mod operators;
mod pages;
mod paying;
mod payments;
mod register;
mod right;
mod sell;
mod serve;
mod slip;
mod statistics;
mod suspense;
mod upload;
mod visit;
mod words;

pub use serve::add_to;
pub use words::rows;
