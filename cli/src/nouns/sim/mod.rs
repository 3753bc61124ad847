//! `gridcard sim`: customers' SIMs, and the phones that carry orders to them and receipts back.

mod carry;
mod erase;
mod export;
mod list;
mod message;
mod new;
mod one;
mod pin;
mod read;

use crate::audit;
use crate::prelude::*;
use one::One;

/// Verbs of SIMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a virtual SIM: a classic one, or a UICC.
    New(new::New),
    /// List the messages on a SIM: ours, and the user's own as text, long ones put together.
    List(One),
    /// Show one message in full: status, addresses, time, text or the outside of a secured packet.
    Read {
        #[command(flatten)]
        sim: One,
        /// Number of a record the message stands in, from 1.
        #[arg(value_parser = clap::value_parser!(u8).range(1..))]
        record: u8,
    },
    /// Write an order's record to the SIM it was made for, as the phone does with the message.
    Write(carry::Write),
    /// Take a receipt off the SIM, as the phone does when it sends it.
    Collect(carry::Carry),
    /// Free message records. The user's own messages and purchases not yet settled only when named so.
    Erase(erase::Erase),
    /// All that a SIM tells: identity, files, messages. Its codes and session keys stay where they are.
    Export(export::Export),
    /// The PINs of a SIM: change, unblock, switch on and off.
    #[command(subcommand)]
    Pin(pin::Verb),
    /// The audit log of the SIMs' makers.
    #[command(subcommand)]
    Audit(audit::Verb),
}

impl Verb {
    /// What each verb is, and what does it. What a customer does with his own SIM, and the phone, is no act of a party.
    pub fn task(self) -> Task {
        match self {
            Verb::New(options) => one("sim new", options, new::run),
            Verb::List(options) => look(options, list::run),
            Verb::Read { sim, record } => look((sim, record), read::run),
            Verb::Write(options) => look(options, carry::write),
            Verb::Collect(options) => look(options, carry::collect),
            Verb::Erase(options) => look(options, erase::run),
            Verb::Export(options) => look(options, export::run),
            Verb::Pin(verb) => look(verb, pin::run),
            Verb::Audit(verb) => look(verb, |call, verb| {
                audit::run(call, verb, || Home::new(call).party(Party::Sims, "reading the audit log"))
            }),
        }
    }
}
