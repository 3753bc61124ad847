//! `gridcard server`: the bank's payment server.

mod card;
mod change;
mod closing;
mod contract;
mod copies;
#[cfg(feature = "service")]
mod far;
mod findings;
mod hand_over;
#[cfg(feature = "service")]
mod key;
#[cfg(feature = "service")]
mod netmeter;
mod office;
mod person;
mod phone;
mod psams;
mod renewal;
mod report;
#[cfg(feature = "service")]
mod run;
mod sell;
mod settle;
mod setup;
mod signing;

use crate::audit;
use crate::call::Call;
#[cfg(feature = "service")]
use crate::far::{Far, Remote, verb_is_far, verb_is_near};
use crate::task::Task;
use clap::{Args, Subcommand};
use parties::trouble::Result;
use parties::{Deed, bank};

/// The server, in the bank's own folder or running somewhere.
#[derive(Debug, Args)]
pub struct Server {
    /// The running server, where one is asked.
    #[cfg(feature = "service")]
    #[command(flatten)]
    pub remote: Remote,
    /// What is done.
    #[command(subcommand)]
    pub verb: Verb,
}

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
    /// Register a customer by his application, and print the agreement he signs.
    Apply(contract::Apply),
    /// All that is known of a customer, who he is among it.
    Customer(contract::Customer),
    /// Authorisation codes of customers' telephones.
    #[command(subcommand)]
    Code(contract::Code),
    /// Customers' phones that are known.
    #[command(subcommand)]
    Phone(phone::Phone),
    /// Meters that called a running server and are on their lines.
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Netmeter(netmeter::NetMeter),
    /// Limits of what is sold in an order, to a customer in a day, in an office in a day.
    #[command(subcommand)]
    Limits(contract::Limits),
    /// Give a customer to an office: keys of another one do not see him.
    Office(office::Office),
    /// Sell: make an order and write its record for the customer's SIM.
    Order(sell::Order),
    /// Customers' classic purchase cards: read what a meter wrote back, settle, sell onto them.
    #[command(subcommand)]
    Card(card::Verb),
    /// Make the outstanding order of a customer of another amount: a second order of the same purchase; two people do.
    Correct(sell::Correct),
    /// Take the outstanding order of a customer back, by a second order of the same purchase and of nothing; two people do.
    Reverse(sell::Reverse),
    /// Give a customer another meter: what is his in the old one goes to it. What is not read from the old one wants two people.
    ChangeMeter(change::ChangeMeter),
    /// Give a meter to another customer, with what stands in its purse; two people do.
    HandOver(hand_over::HandOver),
    /// Meters that changed hands, the oldest first: from whom to whom, and what stood in the purse.
    HandOvers(hand_over::HandOvers),
    /// What was sold and is not settled, by its age, with what to do about it; meters that were changed by estimate.
    Ageing(change::Ageing),
    /// Clerks' drawers.
    #[command(subcommand)]
    Drawer(closing::Drawer),
    /// Close a day: its figures are frozen, and the ledger's head is printed.
    Close(closing::Close),
    /// What was done in which period, office, channel and tariff.
    Statistics(closing::Statistics),
    /// Give a customer another SIM: two people do, or one with the receipt from the old SIM.
    ReplaceSim(setup::ReplaceSim),
    /// Make the outstanding order of a customer anew, for a replaced SIM, after its validity, under other keys.
    Reissue(sell::Reissue),
    /// Finish orders whose sealing was interrupted, or write the record of an outstanding order again.
    Resume(sell::Resume),
    /// Give up the outstanding order of a customer, while no PSAM can have sealed it.
    Void(sell::Void),
    /// Settle a receipt that came back.
    Settle(settle::Settle),
    /// Pay back what a customer paid and no meter will credit; two people do.
    Refund(settle::Refund),
    /// What is not as it should be and waits for somebody: strange clocks, receipts that fit no order, a PSAM past this server.
    Findings(findings::Findings),
    /// Clear a finding; two people do.
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
    /// The server's signing key: orders that anybody can check.
    #[command(subcommand)]
    Signing(signing::Verb),
    /// Keys of programs that ask the server over the network.
    #[cfg(feature = "service")]
    #[command(subcommand)]
    Key(key::Verb),
    /// Serve the bank's acts over HTTP, until a signal ends it.
    #[cfg(feature = "service")]
    Run(run::Run),
    /// Copy the books into a new file while others work with them, and compare the sums.
    Backup(copies::Backup),
    /// Put a copy of the books into the bank's folder; those that were there are laid beside it.
    Restore(copies::Restore),
    /// Move books from a file into new ones in PostgreSQL, every row as it is, and compare the sums.
    #[cfg(feature = "service")]
    Move(copies::Move),
    /// What is known of one customer: written out, or taken out.
    #[command(subcommand)]
    Person(person::Person),
    /// Write a bundle for whoever helps: how the bank stands, without a secret and without anybody's data.
    Support(person::Support),
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
            Verb::Office(_) => Deed::One("server office"),
            Verb::Order(_) => Deed::One("server order"),
            Verb::Card(verb) => verb.deed(),
            Verb::ReplaceSim(_) => Deed::Two("server replace-sim"),
            Verb::ChangeMeter(_) => Deed::Two("server change-meter"),
            Verb::HandOver(_) => Deed::Two("server hand-over"),
            Verb::Apply(_) => Deed::One("server apply"),
            Verb::Backup(_) => Deed::One("server backup"),
            Verb::Restore(_) => Deed::Two("server restore"),
            Verb::Person(verb) => verb.deed(),
            Verb::Signing(verb) => verb.deed(),
            Verb::Support(_) => Deed::One("server support"),
            #[cfg(feature = "service")]
            Verb::Move(_) => Deed::One("server move"),
            Verb::Code(verb) => verb.deed(),
            Verb::Phone(verb) => verb.deed(),
            Verb::Limits(verb) => verb.deed(),
            Verb::Drawer(verb) => verb.deed(),
            Verb::Close(options) => options.deed(),
            Verb::Settings(options) if options.shows() => Deed::Look,
            Verb::Settings(_) => Deed::One("server settings"),
            Verb::Meters(_) => Deed::One("server meters"),
            Verb::Correct(_) => Deed::Two("server correct"),
            Verb::Reverse(_) => Deed::Two("server reverse"),
            Verb::Reissue(sell::Reissue { reason: Some(sell::ReissueReason::ChipReplaced), .. }) => {
                Deed::Two("server reissue")
            }
            Verb::Reissue(_) => Deed::One("server reissue"),
            Verb::Void(_) => Deed::One("server void"),
            Verb::Refund(_) => Deed::Two("server refund"),
            Verb::Clear(_) => Deed::Two("server clear"),
            Verb::Verify(_) => Deed::One("server verify"),
            Verb::Resume(_) => Deed::One("server resume"),
            Verb::Settle(_) => Deed::One("server settle"),
            Verb::Revoked(_) => Deed::One("server revoked"),
            Verb::PsamStatement(_) => Deed::One("server psam-statement"),
            Verb::PsamLimit(_) => Deed::Two("server psam-limit"),
            // What a running server does stands in its own log.
            #[cfg(feature = "service")]
            Verb::Netmeter(_) => Deed::Look,
            Verb::Findings(_)
            | Verb::Customer(_)
            | Verb::Ageing(_)
            | Verb::HandOvers(_)
            | Verb::Statistics(_)
            | Verb::Orders(_)
            | Verb::Report(_)
            | Verb::Statement(_)
            | Verb::Audit(_) => Deed::Look,
        }
    }
}

impl Server {
    /// What it is, and what does it. What a running server does stands in its own log.
    pub fn task(self) -> Task {
        #[cfg(feature = "service")]
        if self.remote.is_named() {
            return Task::new(Deed::Look, self, |call, server| {
                run_far(|| server.remote.line(call), &server.verb)
            });
        }
        Task::new(self.verb.deed(), self, |call, server| {
            #[cfg(feature = "service")]
            server.remote.must_be_unnamed()?;
            run(call, &server.verb)
        })
    }
}

/// Asks a running server for a verb; `far` opens the line to it, for those that it can be asked for.
#[cfg(feature = "service")]
fn run_far<'c>(far: impl FnOnce() -> Result<Far<'c>>, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Settings(options) => far::setup::settings(&far()?, options),
        Verb::Meters(options) => far::setup::meters(&far()?, options),
        Verb::Register(options) => far::register::register(&far()?, options),
        Verb::Office(options) => far::setup::office(&far()?, options),
        Verb::Order(options) => far::sell::order(&far()?, options),
        Verb::Card(verb) => far::card::run(&far()?, verb),
        Verb::Correct(options) => far::sell::correct(&far()?, options),
        Verb::Reverse(options) => far::sell::reverse(&far()?, options),
        Verb::ReplaceSim(options) => far::setup::replace_sim(&far()?, options),
        Verb::ChangeMeter(options) => far::sell::change_meter(&far()?, options),
        Verb::HandOver(options) => far::sell::hand_over(&far()?, options),
        Verb::HandOvers(options) => far::sell::hand_overs(&far()?, options),
        Verb::Ageing(options) => far::books::ageing(&far()?, options),
        Verb::Drawer(verb) => far::day::drawer(&far()?, verb),
        Verb::Close(options) => far::day::close(&far()?, options),
        Verb::Statistics(options) => far::day::statistics(&far()?, options),
        Verb::Apply(options) => far::contract::apply(&far()?, options),
        Verb::Customer(options) => far::contract::customer(&far()?, options),
        Verb::Code(verb) => far::contract::code(&far()?, verb),
        Verb::Phone(verb) => far::contract::phone(&far()?, verb),
        Verb::Netmeter(verb) => netmeter::run(&far()?, verb),
        Verb::Limits(verb) => far::contract::limits(&far()?, verb),
        Verb::Reissue(options) => far::sell::reissue(&far()?, options),
        Verb::Resume(options) => far::sell::resume(&far()?, options),
        Verb::Void(options) => far::sell::void(&far()?, options),
        Verb::Settle(options) => far::settle::settle(&far()?, options),
        Verb::Refund(options) => far::settle::refund(&far()?, options),
        Verb::Findings(options) => far::books::findings(&far()?, options),
        Verb::Clear(options) => far::books::clear(&far()?, options),
        Verb::Verify(options) => far::books::verify(&far()?, options),
        Verb::Orders(options) => far::books::orders(&far()?, options),
        Verb::Report(options) => far::books::report(&far()?, options),
        Verb::Statement(options) => far::books::statement(&far()?, options),
        Verb::Open(_) => Err(verb_is_near("server open")),
        Verb::Psam(_) => Err(verb_is_near("server psam")),
        Verb::PsamStatement(_) => Err(verb_is_near("server psam-statement")),
        Verb::PsamLimit(_) => Err(verb_is_near("server psam-limit")),
        Verb::Revoked(_) => Err(verb_is_near("server revoked")),
        Verb::Key(_) => Err(verb_is_near("server key")),
        Verb::Signing(_) => Err(verb_is_near("server signing")),
        Verb::Run(_) => Err(verb_is_near("server run")),
        Verb::Backup(_) => Err(verb_is_near("server backup")),
        Verb::Restore(_) => Err(verb_is_near("server restore")),
        Verb::Move(_) => Err(verb_is_near("server move")),
        Verb::Person(_) => Err(verb_is_near("server person")),
        Verb::Support(_) => Err(verb_is_near("server support")),
        Verb::Audit(_) => Err(verb_is_near("server audit")),
    }
}

/// Runs a verb in the bank's folder.
fn run(call: &Call, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Open(options) => psams::open(call, options),
        Verb::Psam(verb) => psams::run(call, verb),
        #[cfg(feature = "service")]
        Verb::Key(verb) => key::run(call, verb),
        #[cfg(feature = "service")]
        Verb::Run(options) => run::run(call, options),
        Verb::Settings(options) => setup::settings(call, options),
        Verb::Meters(options) => setup::meters(call, options),
        Verb::Register(options) => setup::register(call, options),
        Verb::Office(options) => office::run(call, options),
        Verb::Order(options) => sell::order(call, options),
        Verb::Card(verb) => card::run(call, verb),
        Verb::Correct(options) => sell::correct(call, options),
        Verb::Reverse(options) => sell::reverse(call, options),
        Verb::ReplaceSim(options) => setup::replace_sim(call, options),
        Verb::ChangeMeter(options) => change::change_meter(call, options),
        Verb::HandOver(options) => hand_over::run(call, options),
        Verb::HandOvers(options) => hand_over::list(call, options),
        Verb::Ageing(options) => change::ageing(call, options),
        Verb::Drawer(verb) => closing::drawer(call, verb),
        Verb::Close(options) => closing::close(call, options),
        Verb::Statistics(options) => closing::statistics(call, options),
        Verb::Apply(options) => contract::apply(call, options),
        Verb::Backup(options) => copies::backup(call, options),
        Verb::Restore(options) => copies::restore(call, options),
        #[cfg(feature = "service")]
        Verb::Move(options) => copies::move_books(call, options),
        Verb::Customer(options) => contract::customer(call, options),
        Verb::Code(verb) => contract::code(call, verb),
        Verb::Phone(verb) => phone::run(call, verb),
        #[cfg(feature = "service")]
        Verb::Netmeter(_) => Err(verb_is_far()),
        Verb::Limits(verb) => contract::limits(call, verb),
        Verb::Reissue(options) => sell::reissue(call, options),
        Verb::Resume(options) => sell::resume(call, options),
        Verb::Void(options) => sell::void(call, options),
        Verb::Settle(options) => settle::settle(call, options),
        Verb::Refund(options) => settle::refund(call, options),
        Verb::Findings(options) => findings::findings(call, options),
        Verb::Clear(options) => findings::clear(call, options),
        Verb::Verify(options) => findings::verify(call, options),
        Verb::Orders(options) => report::orders(call, options),
        Verb::Report(options) => report::report(call, options),
        Verb::Statement(options) => report::statement(call, options),
        Verb::PsamStatement(options) => renewal::statement(call, options),
        Verb::PsamLimit(options) => renewal::limit(call, options),
        Verb::Revoked(options) => setup::revoked(call, options),
        Verb::Signing(verb) => signing::run(call, verb),
        Verb::Person(verb) => person::person(call, verb),
        Verb::Support(options) => person::support(call, options),
        Verb::Audit(verb) => audit::run(call, verb, || bank::folder(call)),
    }
}
