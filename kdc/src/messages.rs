//! All words a user reads, in one place: every error of the crate and the lines of a plan.
//!
//! Errors are typed and say what was wrong and where; [`Hint`] says what to do about it. A translation
//! replaces this folder and nothing else.

mod batch;
mod ceremony;
mod devices;
mod ids;
mod inspect;
mod issue;
mod journal;
pub(crate) mod life;
mod source;
pub(crate) mod steps;
mod stock;
mod store;

pub use batch::{BatchError, LineFault, RequestFault};
pub use ceremony::CeremonyError;
pub use devices::{DeviceFault, DeviceListError};
pub use ids::IdError;
pub use inspect::{InspectError, Refusal};
pub use issue::{IssueError, PlanError, RecordedError, StepFault};
pub use journal::{Claim, JournalError};
pub use life::LifeError;
pub use source::{PairingError, SourceError};
pub use stock::StockError;
pub use store::StoreError;

/// What to do about an error, for the `hint:` line of a command.
pub trait Hint {
    /// One clause without a full stop; `None` when the error says all there is to say.
    fn hint(&self) -> Option<&'static str>;
}

/// `1, 2 and 5`.
fn list(numbers: &[u8]) -> String {
    match numbers {
        [] => String::new(),
        [one] => one.to_string(),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(u8::to_string).collect();
            format!("{} and {last}", rest.join(", "))
        }
    }
}

/// What a recipient of keys is called.
pub(crate) const fn recipient(recipient: wire::profile::Recipient) -> &'static str {
    match recipient {
        wire::profile::Recipient::Card(kind) => kind.name(),
        wire::profile::Recipient::Mcu => "meter MCU",
    }
}

/// What a key of EXPORT KEY is called: the role's name, or `own master` for code 00.
pub(crate) fn role(code: u8) -> String {
    match keys::Role::from_code(code) {
        Some(role) => role.name().to_owned(),
        None if code == 0 => "own master".to_owned(),
        None if code == wire::profile::PREVIOUS_MASTER => "earlier master".to_owned(),
        None => format!("role {code:02X}"),
    }
}
