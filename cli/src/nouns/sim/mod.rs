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
use crate::global::Global;
use clap::Subcommand;
use one::One;
use parties::home::{Home, Party};
use parties::{Deed, Result};

/// Verbs of SIMs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a virtual SIM: a classic one, or a UICC.
    New(new::New),
    /// List the messages on a SIM: ours, and the user's own as text, long ones put together.
    List(One),
    /// Show one message in full: status, addresses, time, text or the outside of a secured packet.
    Read(read::Read),
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
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::New(_) => Deed::One("sim new"),
            // A customer does these with his own SIM, and the phone.
            Verb::Write(_) | Verb::Collect(_) | Verb::Erase(_) | Verb::Pin(_) => Deed::Look,
            Verb::List(_) | Verb::Read(_) | Verb::Export(_) | Verb::Audit(_) => Deed::Look,
        }
    }
}

/// Runs a verb.
pub fn run(global: &Global, verb: Verb) -> Result<()> {
    match verb {
        Verb::New(options) => new::run(global, &options),
        Verb::List(options) => list::run(global, &options),
        Verb::Read(options) => read::run(global, &options),
        Verb::Write(options) => carry::write(global, &options),
        Verb::Collect(options) => carry::collect(global, &options),
        Verb::Erase(options) => erase::run(global, &options),
        Verb::Export(options) => export::run(global, &options),
        Verb::Pin(verb) => pin::run(global, &verb),
        Verb::Audit(verb) => {
            audit::run(global, &verb, || Home::new(global).party(Party::Sims, "reading the audit log"))
        }
    }
}
