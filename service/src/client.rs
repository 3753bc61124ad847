//! Asking a running server, as the command does for a clerk: requests made of the table of routes, answers read into the reports that
//! the acts themselves give.

mod fault;
mod link;
mod phone;
mod request;
mod ticket;
mod trust;

pub use fault::{ClientError, Problem};
pub use link::{Access, Link};
pub use phone::frames;
pub use request::Request;
pub use ticket::Ticket;
