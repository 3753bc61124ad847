//! What a ceremony may consist of, and its shape.

/// Where the secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Nowhere: the published test root.
    TestRoot,
    /// So many components.
    Components(u8),
    /// The machine's random source.
    Entropy,
    /// So many shares of a backup.
    Shares(u8),
}

/// Where an agreed transport root comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// There is none: the published one stays.
    Published,
    /// So many components.
    Components(u8),
    /// A file.
    File,
}

/// What kind of ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Where the secret comes from.
    pub from: From,
    /// All steps as in earnest, on the published test root.
    pub rehearsal: bool,
    /// The transport root.
    pub transport: Transport,
    /// Backup shares: needed, made.
    pub shares: Option<(u8, u8)>,
    /// Key store: custodians that open it, custodians.
    pub custodians: Option<(u8, u8)>,
    /// Whether a main control card is made.
    pub main_card: bool,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Who is here.
    People,
    /// Room and machine.
    Room,
    /// The clock.
    Clock,
    /// A custodian types component n.
    Component(u8),
    /// A custodian types a share; the n-th that comes.
    ShareIn(u8),
    /// The machine draws the secret.
    Draw,
    /// The check value of the whole.
    Whole,
    /// The card maker's custodian types component n of the transport root.
    Transport(u8),
    /// The transport root is read from its file.
    TransportFile,
    /// Share n is shown to its custodian.
    ShareOut(u8),
    /// The custodian of share n types it again.
    ShareProof(u8),
    /// Drafts are destroyed.
    Drafts,
    /// Custodian n of the key store sets a passphrase.
    Passphrase(u8),
    /// The operator sets the PIN of the main control card.
    CardPin,
    /// Key store, card and record are written.
    Write,
    /// Check values are read aloud.
    CheckValues,
    /// The protocol is signed.
    Sign,
}
