#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acts;
mod ahead;
mod answers;
mod app;
mod asked;
mod bucket;
mod card_acts;
pub mod client;
mod company_acts;
pub mod config;
mod console;
mod counter;
mod deeds;
mod denied;
mod fields;
mod figures;
mod functions;
mod gate;
mod http;
mod job;
mod key;
mod let_in;
mod lines;
mod listen;
mod mailbox;
mod messages;
mod multimedia;
mod netmeter_acts;
mod netmeters;
mod notify;
mod offices;
mod online_acts;
mod openapi;
mod payments;
mod peer;
mod phones;
mod remembered;
mod reply;
mod rights;
mod room;
mod round;
mod rounds;
mod routes;
mod simulator;
mod teller;
mod tls;
mod tries;
mod visiting;
mod watch;
mod whither;

// whose types stand in what is given away
pub use ::parties;
pub use listen::{BankLine, Config, Ended, Listening, PhoneLines, serve};
pub use messages::MessagesLine;
pub use multimedia::MultimediaFolder;
pub use phones::{Carrier, Said};
pub use simulator::{
    BankConfig, CentreConfig, CentreReport, Faults, NoFaults, NoOpening, NoSlips, Opening, Slips,
    simulate_bank, simulate_centre,
};
pub use tls::{TlsFiles, fingerprint};
pub use watch::Level;
