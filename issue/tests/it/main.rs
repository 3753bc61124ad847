//! The crate from outside. One binary, so that it links once.

#![cfg(test)]

// as whoever depends on it names it: office's tests share the requests
extern crate gridcard_issue as issue;

mod card_source;
mod fits;
mod pairing;
mod paper_card;
mod paper_issuer;
mod passages;
mod plan;
mod primitives;
mod requests;
mod soft;
