//! Where business is done: the office, the channel, and whose drawer the cash goes into.

use core::fmt;

/// How an act came to the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Channel {
    /// A command at the bank's own machine.
    #[default]
    Command,
    /// A clerk's or a supervisor's program at a counter.
    Counter,
    /// A bank that sells for its customers.
    Bank,
    /// A program through which customers buy by telephone: nobody sees who asks.
    Phone,
    /// The power company.
    Company,
    /// Booked before the books kept it.
    Unknown,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 6] = [
        Channel::Command,
        Channel::Counter,
        Channel::Bank,
        Channel::Phone,
        Channel::Company,
        Channel::Unknown,
    ];

    /// The name in the store and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Command => "command",
            Channel::Counter => "counter",
            Channel::Bank => "bank",
            Channel::Phone => "phone",
            Channel::Company => "company",
            Channel::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the acts to come are done. What is booked counts for this office and channel; cash goes into the drawer of the clerk
/// while he has one open, else to the bank's cash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The office, in at most 64 characters; may be empty.
    pub office: String,
    /// How the act came.
    pub channel: Channel,
    /// Who takes and pays cash, by the name his drawer has.
    pub clerk: Option<String>,
}
