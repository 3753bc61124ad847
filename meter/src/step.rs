//! The steps of an insertion, in the order they are gone through [docs/specs/purchase.md 6].

/// A step of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Take consumption not yet paid off the purse; left out when nothing is due.
    Settle,
    /// Reset the ESAM.
    EsamReset,
    /// Read its card information and its balance; compare number, suite and state.
    EsamInfo,
    /// Reset the SIM.
    SimReset,
    /// Read EF_IMSI.
    SimIdentity,
    /// Read EF_GRID, if the SIM has one; compare the state.
    SimState,
    /// Select EF_SMS and seek orders.
    SimMessages,
    /// List a medium's files and read the orders among them.
    StorageFiles,
    /// Look at the supply, before a user card is touched.
    Supply,
    /// Reset the user card.
    CardReset,
    /// Read its card information and its files.
    CardFiles,
    /// The card proves itself.
    CardIdentity,
    /// The meter proves itself to the card.
    CardBelieves,
    /// For whom the card is, and its money, from the card into the ESAM.
    Transfer,
    /// The ESAM proves itself.
    InternalAuthentication,
    /// The MCU proves itself.
    ExternalAuthentication,
    /// Write the run information.
    RunInfo,
    /// Give an order to the ESAM.
    Envelope,
    /// Write the receipt over the order.
    WriteBack,
    /// Read the balance after a credit, and take off it what is still due.
    Balance,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Step; 20] = [
        Step::Settle,
        Step::EsamReset,
        Step::EsamInfo,
        Step::SimReset,
        Step::SimIdentity,
        Step::SimState,
        Step::SimMessages,
        Step::StorageFiles,
        Step::Supply,
        Step::CardReset,
        Step::CardFiles,
        Step::CardIdentity,
        Step::CardBelieves,
        Step::Transfer,
        Step::InternalAuthentication,
        Step::ExternalAuthentication,
        Step::RunInfo,
        Step::Envelope,
        Step::WriteBack,
        Step::Balance,
    ];

    /// The name in reports and in the event log.
    pub const fn name(self) -> &'static str {
        match self {
            Step::Settle => "settle",
            Step::EsamReset => "esam-reset",
            Step::EsamInfo => "esam-info",
            Step::SimReset => "sim-reset",
            Step::SimIdentity => "sim-identity",
            Step::SimState => "sim-state",
            Step::SimMessages => "sim-messages",
            Step::StorageFiles => "storage-files",
            Step::Supply => "supply",
            Step::CardReset => "card-reset",
            Step::CardFiles => "card-files",
            Step::CardIdentity => "card-identity",
            Step::CardBelieves => "card-believes",
            Step::Transfer => "transfer",
            Step::InternalAuthentication => "internal-authentication",
            Step::ExternalAuthentication => "external-authentication",
            Step::RunInfo => "run-info",
            Step::Envelope => "envelope",
            Step::WriteBack => "write-back",
            Step::Balance => "balance",
        }
    }
}
