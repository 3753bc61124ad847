//! The gridcard command.
fn main() {}
