//! Where the sources of a dialect leave a choice.

/// Where manuals and cards of a dialect differ, and which reading this one takes.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    /// QUIRK(fmcos-fci): the FCI of an ADF with an issuer file has `9F08 02 0102`, as cards read in the field do; the
    /// manual's form has not.
    pub fci_version: bool,
    /// QUIRK(fmcos-log-serial): a log record holds the serial after it was raised, as a real card stored it; the manual
    /// says before.
    pub log_serial_raised: bool,
}
