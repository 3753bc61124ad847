//! The rules of the house that no compiler checks: which crate may import which, no circle of files, the roof, licences,
//! what the ground must not name, references to specifications, tidiness, and the example file.
#![cfg(test)]

mod arrows;
mod circles;
mod claims;
mod codes;
mod examples;
mod ground;
mod licences;
mod map;
mod paths;
mod references;
mod roof;
mod spdx;
mod tidiness;
mod tree;
