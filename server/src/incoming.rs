//! Receipts as they come in.

/// A receipt as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// The EF_SMS record, 176 bytes, of status 07 or sent; or the two of a signed one, one behind the other.
    Record(&'a [u8]),
    /// The SMS-SUBMIT alone.
    Tpdu(&'a [u8]),
    /// The user data alone, `02 71 00 ..`, as a network hands it over.
    UserData(&'a [u8]),
}
