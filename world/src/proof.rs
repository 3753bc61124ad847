//! What is claimed, tried: the power cut at every write and between every two commands, messages bent and sold again, secrets guessed,
//! and a world that lives for years with all of it. Each attack is a row that says how often it was tried and what stopped it; a
//! violation says how to see it again.

mod board;
mod cuts;
mod guess;
mod lines;
mod picture;
mod protocols;
mod real;
mod tamper;
mod years;

pub use board::{Progress, Row, Scoreboard};
pub use cuts::{Depth, cuts};
pub use guess::guess;
pub use lines::lines;
pub use picture::picture;
pub use protocols::protocols;
pub use real::{CardTrial, OrderTrial, PortTrial, card, orders, port};
pub use tamper::tamper;
pub use years::{Years, YearsReport, years, years_with};
