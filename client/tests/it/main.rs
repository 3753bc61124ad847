//! The client and the server's side of it, from outside.

mod attackers;
mod known_answers;
mod lossy;
mod memory;
mod parts;
mod scene;
