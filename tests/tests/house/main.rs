//! The rules of the house that no compiler checks: which crate may import which, licences, what the ground must not
//! name, references to specifications, tidiness, and the example file.
#![cfg(test)]

mod arrows;
mod examples;
mod ground;
mod licences;
mod references;
mod spdx;
mod tidiness;
mod tree;
