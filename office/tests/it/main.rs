//! The crate from outside. One binary, so that it links once.

#![cfg(test)]

mod audit;
mod batch;
mod devices;
mod issuing;
mod journal;
// the card and the requests of the tests of issuing, before a store
#[path = "../../../issue/tests/it/paper_card.rs"]
mod paper_card;
#[path = "../../../issue/tests/it/requests.rs"]
mod requests;
mod stock;
