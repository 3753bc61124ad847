//! The meter against an ESAM and a SIM that play their part of the protocol and nothing else.

mod consumption;
mod esam;
mod flash;
mod insertion;
mod pairing;
mod pull;
mod register;
mod sim;
mod world;
