//! The command from end to end: whole lives and bad input, through the `gridcard` program alone.
//!
//! Nothing here calls a library to do what a user does with the command; libraries only look at what it left
//! behind, or make what no command makes (a SIM with the user's own messages on it).
#![cfg(test)]

mod audit;
#[cfg(unix)]
mod bank;
mod batch;
mod books;
mod card;
mod ceremony;
mod clerks;
mod command;
mod demo;
mod disk;
mod explained;
mod explains;
mod formal;
mod functions;
#[cfg(unix)]
mod home;
mod images;
mod insertion;
mod json;
#[cfg(target_os = "linux")]
mod large;
mod life;
mod limits;
#[cfg(unix)]
mod line;
mod lines;
mod lists;
#[cfg(target_os = "linux")]
mod media;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(unix)]
mod messages;
mod meter_port;
mod meter_station;
#[cfg(unix)]
mod modes;
mod numbers;
mod odd_messages;
mod operators;
#[cfg(target_os = "linux")]
mod pages;
mod phone_screens;
mod phones;
mod pins;
mod pipes;
mod production;
mod proves;
mod province;
mod psams;
mod readers;
mod records;
mod renewal;
mod repeated;
mod revocation;
mod roles;
mod screens;
mod script;
mod secrets;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod service;
mod shell;
mod signed;
mod signing;
mod sim_life;
mod sims;
mod states;
#[cfg(target_os = "linux")]
mod steps;
mod stock;
mod storage;
mod tables;
mod traces;
#[cfg(unix)]
mod typed;
#[cfg(unix)]
mod url;
mod user_card;
mod wire_time;
mod world;
mod zone;
