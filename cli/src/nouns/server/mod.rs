//! `gridcard server`: the bank's payment server.

mod findings;
#[cfg(feature = "service")]
mod key;
mod psams;
mod renewal;
mod report;
#[cfg(feature = "service")]
mod run;
mod sell;
mod settle;
mod setup;

use crate::audit;
use crate::call::Call;
use clap::Subcommand;
use parties::trouble::Result;
use parties::{Deed, bank};

/// Verbs of the server.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take the bank's PSAM into use: a card file moves into the bank's folder, of a card in a reader a link is kept there.
    Open(psams::Add),
    /// The bank's PSAMs: one for each key version that is out there.
    #[command(subcommand)]
    Psam(psams::Verb),
    /// The bank's own numbers and times: who sends its orders, how long they last.
    Settings(setup::Settings),
    /// Take a city's delivery list: which ESAM is in which meter, its keys, its ceiling.
    Meters(setup::Meters),
    /// Register customers from a CSV.
    Register(setup::Register),
    /// Sell: make an order and write its record for the customer's SIM.
    Order(sell::Order),
    /// Make the outstanding order of a customer of another amount: a second order of the same purchase.
    Correct(sell::Correct),
    /// Take the outstanding order of a customer back, by a second order of the same purchase and of nothing.
    Reverse(sell::Reverse),
    /// Give a customer another SIM.
    ReplaceSim(setup::ReplaceSim),
    /// Make the outstanding order of a customer anew, for a replaced SIM, after its validity, under other keys.
    Reissue(sell::Reissue),
    /// Finish orders whose sealing was interrupted, or write the record of an outstanding order again.
    Resume(sell::Resume),
    /// Give up the outstanding order of a customer, while no PSAM can have sealed it.
    Void(sell::Void),
    /// Settle a receipt that came back.
    Settle(settle::Settle),
    /// Pay back what a customer paid and no meter will credit.
    Refund(settle::Refund),
    /// What is not as it should be and waits for somebody: strange clocks, receipts that fit no order, a PSAM past this server.
    Findings(findings::Findings),
    /// Clear a finding; one that stops sales wants two people.
    Clear(findings::Clear),
    /// Recompute the order chain from the books and compare it with the PSAM.
    Verify(findings::Verify),
    /// List orders.
    Orders(report::Orders),
    /// Totals, trial balance, and a check of the books.
    Report(report::Report),
    /// What a customer paid, what was confirmed, what was paid back.
    Statement(report::Statement),
    /// Answer a city's request for a statement of the PSAM, with the orders it sealed: the way to another limit without the card.
    PsamStatement(renewal::PsamStatement),
    /// Put a limit into the PSAM that its city sealed for it.
    PsamLimit(renewal::PsamLimit),
    /// Take the city's list of revoked cards; the bank's PSAM checks it.
    Revoked(setup::RevokedList),
    /// Keys of programs that ask the server over the network.
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Key(key::Verb),
    /// Serve the bank's acts over HTTP, until a signal ends it.
    #[cfg(feature = "service")]
    Run(run::Run),
    /// The bank's audit log.
    #[command(subcommand)]
    Audit(audit::Verb),
}

impl Verb {
    /// What it is, for its party's log.
    pub const fn deed(&self) -> Deed {
        match self {
            Verb::Open(_) => Deed::One("server open"),
            Verb::Psam(verb) => verb.deed(),
            #[cfg(feature = "service")]
            Verb::Key(verb) => verb.deed(),
            #[cfg(feature = "service")]
            Verb::Run(_) => Deed::One("server run"),
            Verb::Register(_) => Deed::One("server register"),
            Verb::Order(_) => Deed::One("server order"),
            Verb::ReplaceSim(_) => Deed::One("server replace-sim"),
            Verb::Settings(options) if options.shows() => Deed::Look,
            Verb::Settings(_) => Deed::One("server settings"),
            Verb::Meters(_) => Deed::One("server meters"),
            Verb::Correct(_) => Deed::One("server correct"),
            Verb::Reverse(_) => Deed::One("server reverse"),
            Verb::Reissue(sell::Reissue { reason: Some(sell::ReissueReason::ChipReplaced), .. }) => {
                Deed::Two("server reissue")
            }
            Verb::Reissue(_) => Deed::One("server reissue"),
            Verb::Void(_) => Deed::One("server void"),
            Verb::Refund(_) => Deed::One("server refund"),
            Verb::Clear(_) => Deed::Two("server clear"),
            Verb::Verify(_) => Deed::One("server verify"),
            Verb::Resume(_) => Deed::One("server resume"),
            Verb::Settle(_) => Deed::One("server settle"),
            Verb::Revoked(_) => Deed::One("server revoked"),
            Verb::PsamStatement(_) => Deed::One("server psam-statement"),
            Verb::PsamLimit(_) => Deed::One("server psam-limit"),
            Verb::Findings(_) | Verb::Orders(_) | Verb::Report(_) | Verb::Statement(_) | Verb::Audit(_) => {
                Deed::Look
            }
        }
    }
}

/// Runs a verb.
pub fn run(call: &Call, verb: Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => psams::open(call, &options),
        Verb::Psam(verb) => psams::run(call, &verb),
        #[cfg(feature = "service")]
        Verb::Key(verb) => key::run(call, &verb),
        #[cfg(feature = "service")]
        Verb::Run(options) => run::run(call, &options),
        Verb::Settings(options) => setup::settings(call, &options),
        Verb::Meters(options) => setup::meters(call, &options),
        Verb::Register(options) => setup::register(call, &options),
        Verb::Order(options) => sell::order(call, &options),
        Verb::Correct(options) => sell::correct(call, &options),
        Verb::Reverse(options) => sell::reverse(call, &options),
        Verb::ReplaceSim(options) => setup::replace_sim(call, &options),
        Verb::Reissue(options) => sell::reissue(call, &options),
        Verb::Resume(options) => sell::resume(call, &options),
        Verb::Void(options) => sell::void(call, &options),
        Verb::Settle(options) => settle::settle(call, &options),
        Verb::Refund(options) => settle::refund(call, &options),
        Verb::Findings(options) => findings::findings(call, &options),
        Verb::Clear(options) => findings::clear(call, &options),
        Verb::Verify(options) => findings::verify(call, &options),
        Verb::Orders(options) => report::orders(call, &options),
        Verb::Report(options) => report::report(call, &options),
        Verb::Statement(options) => report::statement(call, &options),
        Verb::PsamStatement(options) => renewal::statement(call, &options),
        Verb::PsamLimit(options) => renewal::limit(call, &options),
        Verb::Revoked(options) => setup::revoked(call, &options),
        Verb::Audit(verb) => audit::run(call, &verb, || bank::folder(call)),
    }
}
