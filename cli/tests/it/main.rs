//! What the command line promises of itself.
#![cfg(test)]

mod manual;
