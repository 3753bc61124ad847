//! The host's drivers against scripted cards.

mod count;
mod esam;
mod exchange;
mod fmcos;
mod issuing;
mod psam;
mod script;
mod sim;
mod sms;
mod trace;
